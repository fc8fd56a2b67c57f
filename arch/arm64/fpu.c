/* SPDX-License-Identifier: MIT */
/* Float, SIMD and SVE registers of guests: loaded at first use, kept in the hardware until another vCPU needs it. */
#include <arch/guest.h>
#include <arch/host.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/vm.h>
#include <string.h>

/*
 * Where a vCPU's registers are:
 *
 *   memory               always valid after fpu_put(), which saves them if the guest could reach them
 *   hardware of one CPU  valid too when that CPU's owner is the vCPU and the vCPU's fp_cpu is that CPU
 *
 * While the hardware does not hold them, CPTR_EL2 traps their use. With SVE, Z registers hold those of SIMD, and all
 * are moved together: 32 of `vl` bytes, then 16 predicates and FFR of an eighth of that.
 */

#define ZCR_LEN_MAX 15 /* in units of 16 bytes, less one */
#define PFR0_SVE_SHIFT 32

static u32 sve_vl; /* bytes that all CPUs have; 0: no SVE */

/* Which a CPU has is told by the greatest that it accepts (D24.2.205). */
void fpu_cpu_init(void)
{
	u64 cptr = sysreg_read(CPTR_EL2);
	u32 vl;

	if (!arm64_features.sve)
		return;
	sysreg_write(CPTR_EL2, cptr & ~(CPTR_TZ | CPTR_TFP));
	isb();
	sysreg_write(ZCR_EL2, ZCR_LEN_MAX);
	isb();
	vl = (u32)fpu_sve_vl();
	sysreg_write(CPTR_EL2, cptr);
	sve_vl = sve_vl ? MIN(sve_vl, vl) : vl;
}

static bool is_live(const struct vcpu *vcpu)
{
	return this_cpu()->arch.fp_owner == vcpu && vcpu->arch.fp_cpu == this_cpu()->id + 1;
}

void fpu_load(struct vcpu *vcpu)
{
	sysreg_write(CPTR_EL2, vcpu->arch.cptr | (is_live(vcpu) ? 0 : CPTR_TFP | CPTR_TZ));
}

void fpu_put(struct vcpu *vcpu)
{
	struct arm64_fp *fp = &vcpu->arch.fp;
	struct arm64_sve *sve = vcpu->arch.sve;

	if (sysreg_read(CPTR_EL2) & CPTR_TFP)
		return;
	fp->fpcr = sysreg_read(FPCR);
	fp->fpsr = sysreg_read(FPSR);
	if (sve) {
		sve->zcr = sysreg_read(ZCR_EL1);
		fpu_save_sve(sve->registers);
	} else {
		fpu_save_simd(fp->v);
	}
}

/* The barriers: CPTR_EL2 traps the hypervisor's own use too, and ZCR_EL2 says how long the registers are. */
bool fpu_trap(struct vcpu *vcpu, u64 esr)
{
	const struct arm64_fp *fp = &vcpu->arch.fp;
	const struct arm64_sve *sve = vcpu->arch.sve;
	bool wants_sve = (u32)esr >> ESR_EC_SHIFT == ESR_EC_SVE;

	if (!(sysreg_read(CPTR_EL2) & CPTR_TFP) || (wants_sve && !sve))
		return false;
	sysreg_write(CPTR_EL2, vcpu->arch.cptr);
	isb();
	if (sve) {
		sysreg_write(ZCR_EL2, sve->vl / 16 - 1);
		isb();
		sysreg_write(ZCR_EL1, sve->zcr);
		fpu_load_sve(sve->registers);
	} else {
		fpu_load_simd(fp->v);
	}
	sysreg_write(FPCR, fp->fpcr);
	sysreg_write(FPSR, fp->fpsr);
	this_cpu()->arch.fp_owner = vcpu;
	vcpu->arch.fp_cpu = this_cpu()->id + 1;
	return true;
}

static size_t sve_size(u32 vl)
{
	return 32 * (size_t)vl + 17 * (size_t)vl / 8;
}

void fpu_reset(struct vcpu *vcpu)
{
	struct arm64_sve *sve = vcpu->arch.sve;

	memset(&vcpu->arch.fp, 0, sizeof(vcpu->arch.fp));
	vcpu->arch.fp_cpu = 0;
	if (sve) {
		sve->zcr = 0;
		memset(sve->registers, 0, sve_size(sve->vl));
	}
}

int fpu_create(struct vcpu *vcpu)
{
	struct arm64_sve *sve;

	if (!sve_vl || !sysreg_field(sysreg_id(vcpu->vm, SYS_ID_AA64PFR0_EL1), PFR0_SVE_SHIFT))
		return 0;
	sve = heap_alloc(&vcpu->vm->heap_owner, sizeof(*sve) + sve_size(sve_vl));
	if (!sve)
		return -ENOMEM;
	sve->vl = sve_vl;
	vcpu->arch.sve = sve;
	return 0;
}

void fpu_destroy(struct vcpu *vcpu)
{
	heap_free(vcpu->arch.sve);
	vcpu->arch.sve = NULL;
}
