/* SPDX-License-Identifier: MIT */
/* Goldfish real-time clock: tells the wall clock, once, what time it is. */
#include <core/driver.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/wall_clock.h>

/* Indices of 32-bit registers: nanoseconds since 1970. Reading the low half keeps the high one. */
enum { TIME_LOW, TIME_HIGH };

#define REGS_SIZE 0x20

static int goldfish_probe(const struct host_device *dev)
{
	volatile u32 *regs;
	u64 size, low;
	hpa_t base;
	int err = host_device_reg(dev, 0, &base, &size);

	if (err)
		return err;
	if (size < REGS_SIZE)
		return -EINVAL;
	regs = hostmap_device(base, size);
	if (!regs)
		return -ENOMEM;
	low = regs[TIME_LOW];
	wall_clock_set((u64)regs[TIME_HIGH] << 32 | low);
	return 0;
}

static const char *const goldfish_compatible[] = { "google,goldfish-rtc", NULL };

DEFINE_DRIVER(goldfish_rtc) = {
	.name = "goldfish-rtc",
	.class = DRIVER_TIMER,
	.compatible = goldfish_compatible,
	.probe = goldfish_probe,
};
