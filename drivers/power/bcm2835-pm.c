/* SPDX-License-Identifier: MIT */
/* Power management of Raspberry Pi's chips: the watchdog ends the machine, and firmware reads what comes then. */
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_power.h>
#include <core/hostmap.h>

/*
 * Registers, in words; a write counts only with the password. There is no manual; names and values are those of the
 * Raspberry Pi Foundation's device trees and of what its firmware looks at.
 */
enum { REG_RSTC = 0x1c / 4, REG_RSTS = 0x20 / 4, REG_WDOG = 0x24 / 4, REG_COUNT };

#define PASSWORD 0x5a000000u
#define VALUE_MASK 0x00ffffffu
#define RSTC_MODE 0x30u
#define RSTC_FULL_RESET 0x20u
/* The partition that firmware boots next, in every other bit; 63 of them says: halt. */
#define RSTS_PARTITION 0x555u
#define RSTS_HALT 0x555u
#define WDOG_TICKS 10 /* of 1/65536 s */

static volatile u32 *regs;

static void reg_write(unsigned reg, u32 value)
{
	regs[reg] = PASSWORD | (value & VALUE_MASK);
}

/* Returns before the watchdog barks. */
static void pm_off(bool reboot)
{
	u32 rsts = regs[REG_RSTS] & ~RSTS_PARTITION;

	reg_write(REG_RSTS, reboot ? rsts : rsts | RSTS_HALT);
	reg_write(REG_WDOG, WDOG_TICKS);
	reg_write(REG_RSTC, (regs[REG_RSTC] & ~RSTC_MODE) | RSTC_FULL_RESET);
}

static int pm_probe(const struct host_device *dev)
{
	hpa_t base;
	u64 size;
	int err = host_device_reg(dev, 0, &base, &size);

	if (err)
		return err;
	if (size < REG_COUNT * sizeof(u32))
		return -EINVAL;
	regs = hostmap_device(base, size);
	if (!regs)
		return -ENOMEM;
	return host_power_bind("bcm2835-pm", pm_off);
}

static const char *const compatible[] = { "brcm,bcm2711-pm", "brcm,bcm2835-pm",
					  "brcm,bcm2835-pm-wdt", NULL };

DEFINE_DRIVER(bcm2835_pm) = {
	.name = "bcm2835-pm",
	.class = DRIVER_POWER,
	.compatible = compatible,
	.probe = pm_probe,
};
