/* SPDX-License-Identifier: MIT */
/* Time in host ticks (the architecture's constant-rate counter), and conversions. */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include <arch/cpu.h>
#include <core/types.h>

#define TIME_NEVER (~0ull)

/* Ticks since some moment before boot; the same on all CPUs; never goes back. */
static inline u64 time_now(void)
{
	return arch_time_now();
}
/*
 * Called once from main.c with the counter's rate, before the first conversion; boot begins here.
 */
void time_init(u64 hz);
u64 time_hz(void);
/* Conversions round up, and saturate to TIME_NEVER. */
u64 time_from_ns(u64 ns);
u64 time_from_us(u64 us);
u64 time_from_ms(u64 ms);
u64 time_to_ns(u64 ticks);
/* Ticks since boot, for people. */
u64 time_since_boot(void);

#endif
