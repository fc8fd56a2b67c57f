/* SPDX-License-Identifier: MIT */
/* SBI legacy calls, one extension id each (SBI 2.0, chapter 5). */
#include <arch/sbi_guest.h>
#include <core/arch.h>
#include <core/exit.h>
#include <core/vm.h>

/*
 * Harts @first to @first + 63 of a legacy hart mask: a bit vector in the caller's virtual memory, or all
 * harts when the pointer is 0. Bits beyond the last hart do not count.
 */
static long legacy_harts(struct vcpu *vcpu, u64 mask_va, u32 first, struct sbi_harts *harts)
{
	u32 room = MIN(vcpu->vm->vcpu_count - first, 64u);
	u64 mask = ~0ull;
	gpa_t at;

	if (mask_va) {
		if (mask_va % sizeof(mask) || arch_vcpu_translate(vcpu, mask_va + first / 8, &at) ||
		    gpa_read(vcpu->vm, at, &mask, sizeof(mask)))
			return SBI_ERR_INVALID_ADDRESS;
	}
	if (room < 64)
		mask &= BIT(room) - 1;
	*harts = (struct sbi_harts){ .first = first, .end = first + room, .mask = mask };
	return SBI_SUCCESS;
}

static void legacy_on_harts(struct vcpu *vcpu, u32 call, const struct sbi_harts *harts)
{
	const u64 *x = vcpu->arch.x;

	switch (call) {
	case SBI_EXT_LEGACY_SEND_IPI:
		sbi_send_ipi(vcpu, harts);
		break;
	case SBI_EXT_LEGACY_FENCE_I:
		sbi_remote_fence(vcpu, harts, SBI_FENCE_I, 0, 0, 0);
		break;
	case SBI_EXT_LEGACY_SFENCE_VMA:
		sbi_remote_fence(vcpu, harts, SBI_FENCE_VMA, x[11], x[12], 0);
		break;
	case SBI_EXT_LEGACY_SFENCE_VMA_ASID:
		sbi_remote_fence(vcpu, harts, SBI_FENCE_VMA_ASID, x[11], x[12], x[13]);
		break;
	}
}

static long legacy_masked(struct vcpu *vcpu, u32 call)
{
	u64 mask_va = vcpu->arch.x[10];

	for (u32 first = 0; first < vcpu->vm->vcpu_count; first += 64) {
		struct sbi_harts harts;
		long err = legacy_harts(vcpu, mask_va, first, &harts);

		if (err)
			return err;
		legacy_on_harts(vcpu, call, &harts);
	}
	return SBI_SUCCESS;
}

static long legacy_shutdown(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_POWER, .power = EXIT_POWER_OFF };

	exit_handle(vcpu, &exit);
	return SBI_SUCCESS;
}

static long legacy_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	u64 arg = vcpu->arch.x[10];
	u32 call = (u32)vcpu->arch.x[17];

	(void)fid;
	(void)value;
	switch (call) {
	case SBI_EXT_LEGACY_SET_TIMER:
		riscv_timer_set(vcpu, arg);
		return SBI_SUCCESS;
	case SBI_EXT_LEGACY_PUTCHAR:
		vconsole_put(&vcpu->vm->console, (u8)arg);
		return SBI_SUCCESS;
	case SBI_EXT_LEGACY_GETCHAR:
		return vconsole_get(&vcpu->vm->console);
	case SBI_EXT_LEGACY_CLEAR_IPI:
		csr_clear(CSR_HVIP, BIT(IRQ_VS_SOFT));
		return SBI_SUCCESS;
	case SBI_EXT_LEGACY_SHUTDOWN:
		return legacy_shutdown(vcpu);
	}
	return legacy_masked(vcpu, call);
}

DEFINE_SBI_EXTENSION(sbi_legacy) = {
	.first = SBI_EXT_LEGACY_SET_TIMER,
	.last = SBI_EXT_LEGACY_SHUTDOWN,
	.name = "legacy",
	.handle = legacy_handle,
	.legacy = true,
};
