/* SPDX-License-Identifier: MIT */
/* The time of day, as far as the host knows it: guests' real-time clocks start from it. */
#ifndef CORE_WALL_CLOCK_H
#define CORE_WALL_CLOCK_H

#include <core/types.h>

/* Nanoseconds since 1970-01-01 UTC. Counts from 0 at boot until somebody has set it. Any context. */
u64 wall_clock_now(void);
/* What a host real-time clock's driver, or a user, says the time is now. */
void wall_clock_set(u64 ns);

#endif
