/* SPDX-License-Identifier: MIT */
/* Conversions between host ticks and units of time. */
#include <core/panic.h>
#include <core/time.h>

#define NS_PER_SEC 1000000000ull

static u64 ticks_per_second;
static u64 boot_ticks;

void time_init(u64 hz)
{
	/* The products below hold 64 bits up to this rate. */
	ASSERT(hz > 0 && hz <= 18 * NS_PER_SEC);
	ticks_per_second = hz;
	boot_ticks = time_now();
}

u64 time_hz(void)
{
	return ticks_per_second;
}

/* value * to / from, rounded up; neither rate is over 18e9. */
static u64 convert(u64 value, u64 from, u64 to)
{
	u64 whole, rest = ((value % from) * to + from - 1) / from;

	if (value == TIME_NEVER || __builtin_mul_overflow(value / from, to, &whole) ||
	    __builtin_add_overflow(whole, rest, &whole))
		return TIME_NEVER;
	return whole;
}

u64 time_from_ns(u64 ns)
{
	return convert(ns, NS_PER_SEC, ticks_per_second);
}

u64 time_from_us(u64 us)
{
	return convert(us, 1000000, ticks_per_second);
}

u64 time_from_ms(u64 ms)
{
	return convert(ms, 1000, ticks_per_second);
}

u64 time_to_ns(u64 ticks)
{
	return convert(ticks, ticks_per_second, NS_PER_SEC);
}

u64 time_since_boot(void)
{
	return time_now() - boot_ticks;
}
