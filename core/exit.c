/* SPDX-License-Identifier: MIT */
/* What to do about a decoded exit. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>

static bool is_served(struct vcpu *vcpu, u64 addr, unsigned needed)
{
	const struct gpa_region *region = gpa_find(vcpu->vm, gpa(addr));
	struct pt_leaf leaf;

	return region && region->kind != GPA_EMULATED &&
	       !stage2_lookup(vcpu->vm, gpa(addr), &leaf) && (leaf.attr & needed);
}

/*
 * Memory is mapped before the guest runs: an access that comes here is a stale miss, a write to ROM, or to
 * nothing, with its first byte or its last. To run it again is right only if all of it is served.
 */
static int exit_memory(struct vcpu *vcpu, u64 addr, unsigned size, unsigned needed)
{
	bool served = is_served(vcpu, addr, needed) && is_served(vcpu, addr + (size - 1), needed);

	return served ? -EAGAIN : -EFAULT;
}

static int read_elsewhere(struct vcpu *vcpu, u64 addr, unsigned size, u64 *value)
{
	int err = bus_read(&vcpu->vm->mmio, addr, size, value, &vcpu->mmio_hint);

	return err == -ENODEV ? exit_memory(vcpu, addr, size, PT_READ) : err;
}

static int write_elsewhere(struct vcpu *vcpu, u64 addr, unsigned size, u64 value)
{
	int err = bus_write(&vcpu->vm->mmio, addr, size, value, &vcpu->mmio_hint);

	return err == -ENODEV ? exit_memory(vcpu, addr, size, PT_WRITE) : err;
}

int exit_mmio_read(struct vcpu *vcpu, u64 addr, unsigned size, u64 *value)
{
	const struct bus_region *region = bus_hit(&vcpu->vm->mmio, addr, size, vcpu->mmio_hint);

	vcpu->stats.mmio++;
	if (unlikely(!region))
		return read_elsewhere(vcpu, addr, size, value);
	*value = bus_cut(region->ops->read(region->dev, addr - region->base, size), size);
	return 0;
}

int exit_mmio_write(struct vcpu *vcpu, u64 addr, unsigned size, u64 value)
{
	const struct bus_region *region = bus_hit(&vcpu->vm->mmio, addr, size, vcpu->mmio_hint);

	vcpu->stats.mmio++;
	if (unlikely(!region))
		return write_elsewhere(vcpu, addr, size, value);
	region->ops->write(region->dev, addr - region->base, size, bus_cut(value, size));
	return 0;
}

static void exit_pio(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct bus *bus = &vcpu->vm->pio;
	u32 *hint = &vcpu->pio_hint;
	int err;

	vcpu->stats.mmio++;
	if (exit->io.write) {
		err = bus_write(bus, exit->io.addr, exit->io.size, exit->io.data, hint);
		(void)err; /* an empty bus swallows it */
	} else if (bus_read(bus, exit->io.addr, exit->io.size, &exit->io.data, hint)) {
		exit->io.data = ~0ull; /* and floats high */
	}
}

static void exit_halt(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)exit;
	vcpu->stats.halts++;
	vcpu->waiting = true;
}

static void exit_power(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	static const char *const reasons[] = {
		[EXIT_POWER_OFF] = "the guest powered off",
		[EXIT_POWER_RESET] = "the guest asked for a reset",
		[EXIT_POWER_CRASHED] = "the guest reported a failure",
	};

	vm_request_power(vcpu->vm, exit->power, reasons[exit->power]);
}

static void exit_fatal(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	vcpu_dump_to_log(vcpu, exit->fatal);
	vm_request_power(vcpu->vm, EXIT_POWER_CRASHED, exit->fatal);
}

void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	static void (*const handlers[EXIT_KIND_COUNT])(struct vcpu *, struct vcpu_exit *) = {
		[EXIT_PIO] = exit_pio,
		[EXIT_HALT] = exit_halt,
		[EXIT_POWER] = exit_power,
		[EXIT_FATAL] = exit_fatal,
	};

	handlers[exit->kind](vcpu, exit);
}
