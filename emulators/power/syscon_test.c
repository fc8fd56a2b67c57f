/* SPDX-License-Identifier: MIT */
/* SiFive test finisher: a register that ends or resets the machine; syscon-poweroff and -reboot refer to it. */
#include <core/emulator.h>
#include <core/errno.h>
#include <libs/format.h>

/*
 * One register at offset 0, 16 or 32 bits wide. Bits 15..0 say what to do, bits 31..16 are the exit
 * code of FAIL. Other values do nothing, it reads as 0, and so does the rest of the region, where
 * writes are ignored. Accesses of 1 or 8 bytes and misaligned ones fault.
 */
enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

#define FINISHER_SIZE 4

static u64 syscon_read(struct vdev *dev, u64 offset, unsigned size)
{
	(void)dev;
	(void)offset;
	(void)size;
	return 0;
}

static void syscon_fail(struct vdev *dev, unsigned code)
{
	char reason[64];

	format_to(reason, sizeof(reason), "the guest reported a failure, code %u", code);
	vdev_request_power(dev, EXIT_POWER_CRASHED, reason);
}

static void syscon_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	(void)size;
	if (offset != 0)
		return;
	switch (value & 0xffff) {
	case FINISHER_PASS:
		vdev_request_power(dev, EXIT_POWER_OFF, "the guest powered off");
		break;
	case FINISHER_RESET:
		vdev_request_power(dev, EXIT_POWER_RESET, "the guest asked for a reset");
		break;
	case FINISHER_FAIL:
		syscon_fail(dev, (unsigned)(value >> 16));
		break;
	}
}

static const struct bus_ops syscon_ops = {
	.read = syscon_read,
	.write = syscon_write,
	.sizes = 2 | 4,
};

static int syscon_create(struct vdev *dev)
{
	return vdev_map_reg(dev, 0, FINISHER_SIZE, &syscon_ops);
}

static void syscon_reset(struct vdev *dev)
{
	(void)dev; /* it keeps nothing */
}

static void syscon_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			    void *ctx)
{
	(void)dev;
	print(ctx, "power-off, reset and failure by one register\n");
}

static const char *const syscon_compatible[] = { "sifive,test1", "sifive,test0", NULL };

DEFINE_EMULATOR(syscon_test) = {
	.name = "syscon_test",
	.class = EMULATOR_DEVICE,
	.compatible = syscon_compatible,
	.create = syscon_create,
	.reset = syscon_reset,
	.describe = syscon_describe,
};
