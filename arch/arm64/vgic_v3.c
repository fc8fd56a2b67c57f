/* SPDX-License-Identifier: MIT */
/* arm64: list registers of GICv3 and later, in system registers (IHI 0069, 12.4). */
#include <arch/gic_host.h>
#include <arch/vgic.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <libs/gic.h>

#define SRE_SRE BIT(0)
/* While a GICv2 guest runs (SRE is 0), the hardware has the sender of an SGI above its number (12.4.9). */
#define V2_SOURCE_SHIFT 10
#define SOURCE_MASK 7ull

static unsigned lr_count;
static unsigned apr_count;     /* of each group */
static bool sre_is_changeable; /* guests may have a GICv2, by ICC_SRE_EL1.SRE = 0 */

/* clang-format off */
#define EACH_LR(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
/* clang-format on */

/* Most guests have no more than one interrupt at a time, in the first: that is worth a branch before the table. */
static inline u64 lr_get(unsigned index)
{
#define GET(n)  \
	case n: \
		return sysreg_read(ICH_LR##n##_EL2);
	if (likely(index == 0))
		return sysreg_read(ICH_LR0_EL2);
	switch (index) {
		EACH_LR(GET)
	}
#undef GET
	return 0;
}

static inline void lr_set(unsigned index, u64 lr)
{
#define SET(n)                                     \
	case n:                                    \
		sysreg_write(ICH_LR##n##_EL2, lr); \
		return;
	if (likely(index == 0)) {
		sysreg_write(ICH_LR0_EL2, lr);
		return;
	}
	switch (index) {
		EACH_LR(SET)
	}
#undef SET
}

/* ---- the emulator's ---- */

static u64 vgic_v3_read_lr(struct vcpu *vcpu, unsigned index)
{
	(void)vcpu;
	return lr_get(index);
}

static void vgic_v3_write_lr(struct vcpu *vcpu, unsigned index, u64 lr)
{
	u32 bit = 1u << index;

	vcpu->arch.vgic.used = (vcpu->arch.vgic.used & ~bit) | (lr ? bit : 0);
	lr_set(index, lr);
}

static bool has_v2_guest(const struct vcpu *vcpu)
{
	return vcpu->vm->arch.gic && gic_version(vcpu->vm->arch.gic) == 2;
}

/* The same on a host where guests may have either version. */
static u64 read_lr_of_either(struct vcpu *vcpu, unsigned index)
{
	u64 lr = lr_get(index), source = lr >> V2_SOURCE_SHIFT & SOURCE_MASK;

	if (!has_v2_guest(vcpu) || (lr & GIC_LR_HW))
		return lr;
	return (lr ^ source << V2_SOURCE_SHIFT) | source << GIC_LR_SOURCE_SHIFT;
}

static void write_lr_of_either(struct vcpu *vcpu, unsigned index, u64 lr)
{
	u64 source = lr >> GIC_LR_SOURCE_SHIFT & SOURCE_MASK;

	if (has_v2_guest(vcpu) && !(lr & GIC_LR_HW))
		lr = (lr ^ source << GIC_LR_SOURCE_SHIFT) | source << V2_SOURCE_SHIFT;
	vgic_v3_write_lr(vcpu, index, lr);
}

/* The barrier makes what write_lr() wrote since the guest ran count. */
static u32 vgic_v3_empty_lrs(struct vcpu *vcpu)
{
	(void)vcpu;
	isb();
	return (u32)sysreg_read(ICH_ELRSR_EL2) & (BIT(lr_count) - 1);
}

static void vgic_v3_set_maintenance(struct vcpu *vcpu, u32 reasons)
{
	u64 changed = (vcpu->arch.vgic.hcr ^ reasons) & VGIC_HCR_REASONS;

	if (!changed)
		return;
	vcpu->arch.vgic.hcr ^= changed;
	sysreg_write(ICH_HCR_EL2, sysreg_read(ICH_HCR_EL2) ^ changed);
}

static unsigned vgic_v3_take_eoi_count(struct vcpu *vcpu)
{
	u64 hcr = sysreg_read(ICH_HCR_EL2);

	(void)vcpu;
	if (hcr & VGIC_HCR_EOI_COUNT)
		sysreg_write(ICH_HCR_EL2, hcr & ~VGIC_HCR_EOI_COUNT);
	return (unsigned)((hcr & VGIC_HCR_EOI_COUNT) >> VGIC_HCR_EOI_COUNT_SHIFT);
}

static struct gic_hardware lent = {
	.empty_lrs = vgic_v3_empty_lrs,
	.set_maintenance = vgic_v3_set_maintenance,
	.take_eoi_count = vgic_v3_take_eoi_count,
};

/* ---- vgic.c's ---- */

/* ICC_SRE_EL1.SRE is fixed where the CPU interface has no registers in memory. */
static bool try_sre(void)
{
	bool changed;

	sysreg_write(ICC_SRE_EL1, 0);
	isb();
	changed = !(sysreg_read(ICC_SRE_EL1) & SRE_SRE);
	sysreg_write(ICC_SRE_EL1, SRE_SRE);
	isb();
	return changed;
}

static void vgic_v3_init(const struct gic_host *host)
{
	u64 vtr = sysreg_read(ICH_VTR_EL2);

	lr_count = vgic_vtr_lr_count(vtr);
	apr_count = 1u << (vgic_vtr_preemption_bits(vtr) - 5);
	sre_is_changeable = host->gicv_size && try_sre();
	lent.priority_bits = (u8)vgic_vtr_priority_bits(vtr);
	lent.lr_count = host->maintenance ? (u8)lr_count : 0;
	lent.read_lr = sre_is_changeable ? read_lr_of_either : vgic_v3_read_lr;
	lent.write_lr = sre_is_changeable ? write_lr_of_either : vgic_v3_write_lr;
	lent.v3 = lent.lr_count;
	lent.v2 = lent.lr_count && sre_is_changeable;
}

static void vgic_v3_cpu_init(void)
{
	sysreg_write(ICH_HCR_EL2, 0);
	sysreg_write(ICH_VMCR_EL2, 0);
	for (unsigned i = 0; i < lr_count; i++)
		lr_set(i, 0);
}

/* In the order of arch.vgic.apr: how many there are depends on the levels of preemption (12.4.2). */
static void load_aprs(const struct arm64_vgic_cpu *v)
{
	sysreg_write(ICH_AP0R0_EL2, v->apr[0][0]);
	sysreg_write(ICH_AP1R0_EL2, v->apr[1][0]);
	if (likely(apr_count < 2))
		return;
	sysreg_write(ICH_AP0R1_EL2, v->apr[0][1]);
	sysreg_write(ICH_AP1R1_EL2, v->apr[1][1]);
	if (apr_count < 4)
		return;
	sysreg_write(ICH_AP0R2_EL2, v->apr[0][2]);
	sysreg_write(ICH_AP1R2_EL2, v->apr[1][2]);
	sysreg_write(ICH_AP0R3_EL2, v->apr[0][3]);
	sysreg_write(ICH_AP1R3_EL2, v->apr[1][3]);
}

static void put_aprs(struct arm64_vgic_cpu *v)
{
	v->apr[0][0] = sysreg_read(ICH_AP0R0_EL2);
	v->apr[1][0] = sysreg_read(ICH_AP1R0_EL2);
	if (likely(apr_count < 2))
		return;
	v->apr[0][1] = sysreg_read(ICH_AP0R1_EL2);
	v->apr[1][1] = sysreg_read(ICH_AP1R1_EL2);
	if (apr_count < 4)
		return;
	v->apr[0][2] = sysreg_read(ICH_AP0R2_EL2);
	v->apr[1][2] = sysreg_read(ICH_AP1R2_EL2);
	v->apr[0][3] = sysreg_read(ICH_AP0R3_EL2);
	v->apr[1][3] = sysreg_read(ICH_AP1R3_EL2);
}

/* SRE first: it decides what VMCR's bits for group 0 mean (12.4.10). */
static void vgic_v3_load(struct vcpu *vcpu)
{
	const struct arm64_vgic_cpu *v = &vcpu->arch.vgic;

	if (unlikely(sre_is_changeable)) {
		sysreg_write(ICC_SRE_EL1, has_v2_guest(vcpu) ? 0 : SRE_SRE);
		isb();
	}
	sysreg_write(ICH_VMCR_EL2, v->vmcr);
	load_aprs(v);
	sysreg_write(ICH_HCR_EL2, v->hcr);
}

static void vgic_v3_put(struct vcpu *vcpu)
{
	struct arm64_vgic_cpu *v = &vcpu->arch.vgic;

	for (; v->used; v->used &= v->used - 1)
		lr_set((unsigned)__builtin_ctz(v->used), 0);
	v->hcr = sysreg_read(ICH_HCR_EL2);
	v->vmcr = sysreg_read(ICH_VMCR_EL2);
	put_aprs(v);
	sysreg_write(ICH_HCR_EL2, 0);
}

static u32 vgic_v3_vmcr(void)
{
	return (u32)sysreg_read(ICH_VMCR_EL2);
}

static u32 vgic_v3_misr(void)
{
	return (u32)sysreg_read(ICH_MISR_EL2);
}

const struct vgic_hardware vgic_v3 = {
	.lent = &lent,
	.locked_hcr = VGIC_HCR_TC | VGIC_HCR_TALL0 | VGIC_HCR_TALL1,
	.init = vgic_v3_init,
	.cpu_init = vgic_v3_cpu_init,
	.load = vgic_v3_load,
	.put = vgic_v3_put,
	.vmcr = vgic_v3_vmcr,
	.misr = vgic_v3_misr,
};
