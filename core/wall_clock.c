/* SPDX-License-Identifier: MIT */
/* The time of day: an offset to the time since boot. */
#include <core/time.h>
#include <core/wall_clock.h>

static u64 offset_ns; /* atomic */

u64 wall_clock_now(void)
{
	return time_to_ns(time_since_boot()) + __atomic_load_n(&offset_ns, __ATOMIC_RELAXED);
}

void wall_clock_set(u64 ns)
{
	__atomic_store_n(&offset_ns, ns - time_to_ns(time_since_boot()), __ATOMIC_RELAXED);
}
