/* SPDX-License-Identifier: MIT */
/* riscv64: what the files of the guest-facing SBI share. Exit path: interrupts disabled, the caller's vCPU loaded. */
#ifndef ARCH_SBI_GUEST_H
#define ARCH_SBI_GUEST_H

#include <arch/guest.h>
#include <arch/sbi.h>

/* Harts of one VM, from hart_mask and hart_mask_base: `first` + i for each bit i, or all of first..end-1. */
struct sbi_harts {
	u32 first;
	u32 end;
	u64 mask; /* ~0 with more than 64 harts from first to end means all of them */
};

/* SBI_ERR_INVALID_PARAM if a hart does not exist (chapter 3.1); SBI_ALL_HARTS as @base takes all. */
long sbi_harts(const struct vcpu *vcpu, u64 mask, u64 base, struct sbi_harts *out) __must_check;

static inline bool sbi_harts_has(const struct sbi_harts *harts, u32 hart)
{
	u32 bit = hart - harts->first;

	return bit >= 64 ? harts->mask == ~0ull : harts->mask >> bit & 1;
}

/* The row that answers extension @ext for @vcpu, or NULL. */
const struct sbi_extension *sbi_find(const struct vcpu *vcpu, u64 ext);

/* BASE calls 0 to 2, whose answers are constants. */
extern const u64 sbi_base_constants[SBI_BASE_IMPL_VERSION + 1];

/* The shortest call: answers those, steps over the ecall, and changes nothing else. */
static inline bool sbi_answer_constant(struct vcpu *vcpu)
{
	u64 *x = vcpu->arch.x;

	if (x[17] != SBI_EXT_BASE || x[16] > SBI_BASE_IMPL_VERSION)
		return false;
	x[11] = sbi_base_constants[x[16]];
	x[10] = SBI_SUCCESS;
	riscv_advance(4);
	return true;
}

/* Raises VSSIP of the harts. */
void sbi_send_ipi(struct vcpu *vcpu, const struct sbi_harts *harts);

enum sbi_fence { SBI_FENCE_I, SBI_FENCE_VMA, SBI_FENCE_VMA_ASID };
/* Done on all the harts when it returns (chapter 8). Size 0 with start 0, or size ~0: the whole address space. */
void sbi_remote_fence(struct vcpu *vcpu, const struct sbi_harts *harts, enum sbi_fence kind,
		      u64 start, u64 size, u64 asid);

#endif
