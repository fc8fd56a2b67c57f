/* SPDX-License-Identifier: MIT */
/* Float and vector registers of guests: loaded at first use, kept in the hardware until another vCPU needs it. */
#include <arch/guest.h>
#include <arch/isa.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/vm.h>
#include <string.h>

#define VTYPE_VILL BIT(63)

/*
 * Where a vCPU's registers are:
 *
 *   memory               always valid after fpu_put(), which saves what the guest has dirtied
 *   hardware of one CPU  valid too when that CPU's owner is the vCPU and the vCPU's fp_cpu is that CPU
 *
 * While the hardware does not hold them, sstatus.FS (or VS) is Off, which a guest that has switched its
 * own vsstatus.FS on finds out by an illegal-instruction trap. That exception must come to us then,
 * and goes to the guest directly as soon as nothing is lazy any more.
 */

static bool has_float(void)
{
	return isa_guest_has(EXT_D);
}

static bool is_live(const struct vcpu *owner, const struct vcpu *vcpu, u32 place)
{
	return owner == vcpu && place == this_cpu()->id + 1;
}

static bool float_is_live(const struct vcpu *vcpu)
{
	return is_live(this_cpu()->arch.fp_owner, vcpu, vcpu->arch.fp_cpu);
}

static bool vector_is_live(const struct vcpu *vcpu)
{
	return is_live(this_cpu()->arch.vector_owner, vcpu, vcpu->arch.vector_cpu);
}

/* Nothing is lazy: illegal instructions are the guest's own. */
static void delegate_illegal(const struct vcpu *vcpu)
{
	bool float_done = !has_float() || float_is_live(vcpu);
	bool vector_done = !vcpu->arch.vector || vector_is_live(vcpu);

	if (float_done && vector_done)
		csr_set(CSR_HEDELEG, BIT(EXC_INST_ILLEGAL));
	else
		csr_clear(CSR_HEDELEG, BIT(EXC_INST_ILLEGAL));
}

/* vcpu->arch.sstatus, not the CSR, is what the guest is entered with. */
void fpu_load(struct vcpu *vcpu)
{
	u64 status = vcpu->arch.sstatus & ~(SSTATUS_FS | SSTATUS_VS);

	if (has_float() && float_is_live(vcpu))
		status |= SSTATUS_FS_CLEAN;
	if (vcpu->arch.vector && vector_is_live(vcpu))
		status |= SSTATUS_VS_CLEAN;
	vcpu->arch.sstatus = status;
	delegate_illegal(vcpu);
}

/*
 * A write by the guest makes @field Dirty in both sstatus and vsstatus. QEMU (10.0) does so in vsstatus
 * alone when it is a CSR that is written (fcsr, vcsr and their like), so that one counts too.
 */
static bool is_dirty(const struct arch_vcpu *arch, u64 field)
{
	return (arch->sstatus & field) == field ||
	       ((arch->sstatus & field) && (csr_read(CSR_VSSTATUS) & field) == field);
}

void fpu_put(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	struct riscv_vector *v = arch->vector;

	if (is_dirty(arch, SSTATUS_FS)) {
		csr_set(sstatus, SSTATUS_FS);
		fpu_save_float(arch->f, &arch->fcsr);
		csr_clear(sstatus, SSTATUS_FS);
	}
	if (v && is_dirty(arch, SSTATUS_VS)) {
		csr_set(sstatus, SSTATUS_VS);
		fpu_save_vector(v->registers, v->control);
		csr_clear(sstatus, SSTATUS_VS);
	}
	arch->sstatus &= ~(SSTATUS_FS | SSTATUS_VS);
}

/*
 * In an exit sstatus is the guest's: what is set Clean here stays so on the way back. Loading leaves
 * the field Dirty, which is corrected, so that only the guest's own writes cost a save.
 */
static bool load_float(struct vcpu *vcpu)
{
	if (!has_float() || (csr_read(sstatus) & SSTATUS_FS) ||
	    !(csr_read(CSR_VSSTATUS) & SSTATUS_FS))
		return false;
	csr_set(sstatus, SSTATUS_FS);
	fpu_load_float(vcpu->arch.f, &vcpu->arch.fcsr);
	csr_clear(sstatus, SSTATUS_FS & ~SSTATUS_FS_CLEAN);
	this_cpu()->arch.fp_owner = vcpu;
	vcpu->arch.fp_cpu = this_cpu()->id + 1;
	return true;
}

static bool load_vector(struct vcpu *vcpu)
{
	if (!vcpu->arch.vector || (csr_read(sstatus) & SSTATUS_VS) ||
	    !(csr_read(CSR_VSSTATUS) & SSTATUS_VS))
		return false;
	csr_set(sstatus, SSTATUS_VS);
	fpu_load_vector(vcpu->arch.vector->registers, vcpu->arch.vector->control);
	csr_clear(sstatus, SSTATUS_VS & ~SSTATUS_VS_CLEAN);
	this_cpu()->arch.vector_owner = vcpu;
	vcpu->arch.vector_cpu = this_cpu()->id + 1;
	return true;
}

bool fpu_trap(struct vcpu *vcpu)
{
	bool float_loaded = load_float(vcpu);
	bool vector_loaded = load_vector(vcpu);

	if (!float_loaded && !vector_loaded)
		return false;
	delegate_illegal(vcpu);
	return true;
}

void fpu_reset(struct vcpu *vcpu)
{
	struct riscv_vector *v = vcpu->arch.vector;

	memset(vcpu->arch.f, 0, sizeof(vcpu->arch.f));
	vcpu->arch.fcsr = 0;
	vcpu->arch.fp_cpu = 0;
	vcpu->arch.vector_cpu = 0;
	if (v) {
		memset(v->registers, 0, 32 * v->vlenb);
		memset(v->control, 0, sizeof(v->control));
		v->control[RISCV_VTYPE] = VTYPE_VILL;
	}
}

int fpu_create(struct vcpu *vcpu)
{
	struct riscv_vector *v;
	unsigned long flags;
	u64 vlenb;

	if (!isa_guest_has(EXT_V))
		return 0;
	flags = arch_irq_save();
	csr_set(sstatus, SSTATUS_VS);
	vlenb = fpu_vlenb();
	csr_clear(sstatus, SSTATUS_VS);
	arch_irq_restore(flags);
	v = heap_alloc(&vcpu->vm->heap_owner, sizeof(*v) + 32 * vlenb);
	if (!v)
		return -ENOMEM;
	v->vlenb = vlenb;
	vcpu->arch.vector = v;
	fpu_reset(vcpu);
	return 0;
}

void fpu_destroy(struct vcpu *vcpu)
{
	heap_free(vcpu->arch.vector);
	vcpu->arch.vector = NULL;
}
