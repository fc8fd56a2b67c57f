/* SPDX-License-Identifier: MIT */
/* SBI HSM: starts, stops and suspends the guest's harts (SBI 2.0, chapter 9). */
#include <arch/sbi_guest.h>
#include <core/exit.h>
#include <core/vm.h>

/* A hart can begin at @entry: aligned, and memory. */
static bool is_entry(const struct vm *vm, u64 entry)
{
	u64 len = 2;

	return (entry & 1) == 0 && gpa_to_ptr(vm, gpa(entry), &len, GPA_READ);
}

static long hsm_start(struct vcpu *vcpu, u64 hart, u64 entry, u64 opaque)
{
	const struct vm *vm = vcpu->vm;

	if (hart >= vm->vcpu_count)
		return SBI_ERR_INVALID_PARAM;
	if (!is_entry(vm, entry))
		return SBI_ERR_INVALID_ADDRESS;
	return vcpu_power_on(vm->vcpus[hart], entry, opaque) ? SBI_ERR_ALREADY_AVAILABLE :
							       SBI_SUCCESS;
}

static long hsm_status(struct vcpu *vcpu, u64 hart, u64 *value)
{
	struct vcpu *of;
	irqflags_t flags;

	if (hart >= vcpu->vm->vcpu_count)
		return SBI_ERR_INVALID_PARAM;
	of = vcpu->vm->vcpus[hart];
	flags = spin_lock(&of->lock);
	if (of->power == VCPU_OFF)
		*value = SBI_HSM_STOPPED;
	else if (of->start_pending)
		*value = SBI_HSM_START_PENDING;
	else
		*value = of->waiting && of->arch.suspended ? SBI_HSM_SUSPENDED : SBI_HSM_STARTED;
	spin_unlock(&of->lock, flags);
	return SBI_SUCCESS;
}

static long wait_suspended(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };

	vcpu->arch.suspended = true;
	exit_handle(vcpu, &exit);
	return SBI_SUCCESS;
}

/*
 * A non-retentive suspend resumes at @entry with translation and interrupts off, and undefined
 * registers otherwise (table 22): that state is set at once, and then it waits as WFI does.
 */
static long hsm_suspend(struct vcpu *vcpu, u64 type, u64 entry, u64 opaque, u64 *value)
{
	long err;

	if (type == SBI_HSM_SUSPEND_RETENTIVE)
		return wait_suspended(vcpu);
	if (type != SBI_HSM_SUSPEND_NON_RETENTIVE)
		return SBI_ERR_INVALID_PARAM;
	if (!is_entry(vcpu->vm, entry))
		return SBI_ERR_INVALID_ADDRESS;
	err = wait_suspended(vcpu);
	if (err)
		return err;
	csr_write(CSR_VSATP, 0);
	csr_clear(CSR_VSSTATUS, SSTATUS_SIE);
	csr_write(sepc, entry);
	*value = opaque;
	return vcpu->index;
}

static long hsm_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	const u64 *x = vcpu->arch.x;

	switch (fid) {
	case SBI_HSM_START:
		return hsm_start(vcpu, x[10], x[11], x[12]);
	case SBI_HSM_STOP:
		vcpu_power_off(vcpu);
		return SBI_SUCCESS;
	case SBI_HSM_STATUS:
		return hsm_status(vcpu, x[10], value);
	case SBI_HSM_SUSPEND:
		return hsm_suspend(vcpu, (u32)x[10], x[11], x[12], value);
	}
	return SBI_ERR_NOT_SUPPORTED;
}

DEFINE_SBI_EXTENSION(sbi_hsm) = {
	.first = SBI_EXT_HSM,
	.last = SBI_EXT_HSM,
	.name = "HSM",
	.handle = hsm_handle,
};
