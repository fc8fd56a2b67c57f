/* SPDX-License-Identifier: MIT */
/* Arm PL031 real-time clock (DDI 0224): tells the wall clock, once, what time it is. */
#include <core/driver.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/wall_clock.h>

#define REG_DR 0 /* seconds since 1970 */
#define REGS_SIZE 0x20

static int pl031_probe(const struct host_device *dev)
{
	volatile u32 *regs;
	hpa_t base;
	u64 size;
	int err = host_device_reg(dev, 0, &base, &size);

	if (err)
		return err;
	if (size < REGS_SIZE)
		return -EINVAL;
	regs = hostmap_device(base, size);
	if (!regs)
		return -ENOMEM;
	wall_clock_set(regs[REG_DR] * 1000000000ull);
	return 0;
}

static const char *const pl031_compatible[] = { "arm,pl031", NULL };

DEFINE_DRIVER(pl031) = {
	.name = "pl031",
	.class = DRIVER_TIMER,
	.compatible = pl031_compatible,
	.probe = pl031_probe,
};
