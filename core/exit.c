/* SPDX-License-Identifier: MIT */
/* What to do about a decoded exit. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>

static int exit_io(struct vcpu *vcpu, const struct bus *bus, struct vcpu_exit *exit, u32 *hint)
{
	int err;

	if (exit->io.write)
		err = bus_write(bus, exit->io.addr, exit->io.size, exit->io.data, hint);
	else
		err = bus_read(bus, exit->io.addr, exit->io.size, &exit->io.data, hint);
	vcpu->stats.mmio++;
	return err;
}

/* Memory is mapped before the guest runs: an access that comes here is a stale miss, a write to ROM, or to nothing. */
static int exit_memory(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	const struct gpa_region *region = gpa_find(vcpu->vm, gpa(exit->io.addr));
	struct pt_leaf leaf;

	if (!region || region->kind == GPA_EMULATED)
		return -EFAULT;
	if (stage2_lookup(vcpu->vm, gpa(align_down(exit->io.addr, PAGE_SIZE)), &leaf))
		return -EFAULT;
	return (leaf.attr & (exit->io.write ? PT_WRITE : PT_READ)) ? -EAGAIN : -EFAULT;
}

static int exit_mmio(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	int err = exit_io(vcpu, &vcpu->vm->mmio, exit, &vcpu->mmio_hint);

	if (likely(err != -ENODEV))
		return err;
	return exit_memory(vcpu, exit);
}

static int exit_pio(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	int err = exit_io(vcpu, &vcpu->vm->pio, exit, &vcpu->pio_hint);

	if (err && !exit->io.write)
		exit->io.data = ~0ull; /* an empty bus floats high */
	return 0; /* and swallows writes */
}

static int exit_halt(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	(void)exit;
	vcpu->stats.halts++;
	vcpu->waiting = true;
	return 0;
}

static int exit_power(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	static const char *const reasons[] = {
		[EXIT_POWER_OFF] = "the guest powered off",
		[EXIT_POWER_RESET] = "the guest asked for a reset",
		[EXIT_POWER_CRASHED] = "the guest reported a failure",
	};

	vm_request_power(vcpu->vm, exit->power, reasons[exit->power]);
	return 0;
}

static int exit_fatal(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	vcpu_dump_to_log(vcpu, exit->fatal);
	vm_request_power(vcpu->vm, EXIT_POWER_CRASHED, exit->fatal);
	return 0;
}

int exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	static int (*const handlers[EXIT_KIND_COUNT])(struct vcpu *, struct vcpu_exit *) = {
		[EXIT_MMIO] = exit_mmio,   [EXIT_PIO] = exit_pio,     [EXIT_HALT] = exit_halt,
		[EXIT_POWER] = exit_power, [EXIT_FATAL] = exit_fatal,
	};

	return handlers[exit->kind](vcpu, exit);
}
