/* SPDX-License-Identifier: MIT */
/* arm64: list registers of GICv2, in memory (IHI 0048, 5.3). */
#include <arch/gic_host.h>
#include <arch/vgic.h>
#include <core/vcpu.h>
#include <libs/gic.h>

/*
 *   GICH_LR   31 HW   30 group 1   29:28 state   27:23 priority   19:10 host INTID, or EOI and sender   9:0 INTID
 *
 * All that GICv3's registers have lies in the same order there, further apart.
 */
#define LR_STATE_SHIFT 28
#define LR_HW BIT(31)
#define LR_GROUP1 BIT(30)
#define LR_PRIORITY_SHIFT 23
#define LR_PRIORITY 0x1f
#define LR_HOST_SHIFT 10
#define LR_INTID 0x3ff

#define STATE_SHIFT 62
/* A priority has 5 bits here: the upper ones of 8. */
#define PRIORITY_SHIFT (GIC_LR_PRIORITY_SHIFT + 3)
#define PRIORITY_BITS 5

static volatile u8 *gich;

static u32 to_hardware(u64 lr)
{
	return (u32)((lr >> STATE_SHIFT << LR_STATE_SHIFT) | (lr & GIC_LR_HW ? LR_HW : 0) |
		     (lr & GIC_LR_GROUP1 ? LR_GROUP1 : 0) |
		     (lr >> PRIORITY_SHIFT & LR_PRIORITY) << LR_PRIORITY_SHIFT |
		     (lr >> GIC_LR_HOST_INTID_SHIFT & LR_INTID) << LR_HOST_SHIFT | (lr & LR_INTID));
}

static u64 from_hardware(u64 lr)
{
	return (lr >> LR_STATE_SHIFT & 3) << STATE_SHIFT | (lr & LR_HW ? GIC_LR_HW : 0) |
	       (lr & LR_GROUP1 ? GIC_LR_GROUP1 : 0) |
	       (lr >> LR_PRIORITY_SHIFT & LR_PRIORITY) << PRIORITY_SHIFT |
	       (lr >> LR_HOST_SHIFT & LR_INTID) << GIC_LR_HOST_INTID_SHIFT | (lr & LR_INTID);
}

/* ---- the emulator's ---- */

static u64 vgic_v2_read_lr(struct vcpu *vcpu, unsigned index)
{
	(void)vcpu;
	return from_hardware(gic_host_read(gich, GICH_LR + 4 * index));
}

static void vgic_v2_write_lr(struct vcpu *vcpu, unsigned index, u64 lr)
{
	u32 bit = 1u << index;

	vcpu->arch.vgic.used = (vcpu->arch.vgic.used & ~bit) | (lr ? bit : 0);
	gic_host_write(gich, GICH_LR + 4 * index, to_hardware(lr));
}

static unsigned lr_count;

static u32 vgic_v2_empty_lrs(struct vcpu *vcpu)
{
	(void)vcpu;
	return gic_host_read(gich, GICH_ELRSR) & ((u32)BIT(lr_count) - 1);
}

static void vgic_v2_set_maintenance(struct vcpu *vcpu, u32 reasons)
{
	u64 changed = (vcpu->arch.vgic.hcr ^ reasons) & VGIC_HCR_REASONS;

	if (!changed)
		return;
	vcpu->arch.vgic.hcr ^= changed;
	gic_host_write(gich, GICH_HCR, gic_host_read(gich, GICH_HCR) ^ (u32)changed);
}

static unsigned vgic_v2_take_eoi_count(struct vcpu *vcpu)
{
	u32 hcr = gic_host_read(gich, GICH_HCR);

	(void)vcpu;
	if (hcr & VGIC_HCR_EOI_COUNT)
		gic_host_write(gich, GICH_HCR, hcr & ~(u32)VGIC_HCR_EOI_COUNT);
	return hcr >> VGIC_HCR_EOI_COUNT_SHIFT;
}

static struct gic_hardware lent = {
	.priority_bits = PRIORITY_BITS,
	.read_lr = vgic_v2_read_lr,
	.write_lr = vgic_v2_write_lr,
	.empty_lrs = vgic_v2_empty_lrs,
	.set_maintenance = vgic_v2_set_maintenance,
	.take_eoi_count = vgic_v2_take_eoi_count,
};

/* ---- vgic.c's ---- */

static void vgic_v2_init(const struct gic_host *host)
{
	gich = hpa_to_ptr(host->gich);
	lr_count = vgic_vtr_lr_count(gic_host_read(gich, GICH_VTR));
	lent.v2 = host->maintenance && host->gicv_size;
	lent.lr_count = lent.v2 ? (u8)lr_count : 0;
}

static void vgic_v2_cpu_init(void)
{
	gic_host_write(gich, GICH_HCR, 0);
	for (unsigned i = 0; i < lr_count; i++)
		gic_host_write(gich, GICH_LR + 4 * i, 0);
}

static void vgic_v2_load(struct vcpu *vcpu)
{
	const struct arm64_vgic_cpu *v = &vcpu->arch.vgic;

	gic_host_write(gich, GICH_VMCR, (u32)v->vmcr);
	gic_host_write(gich, GICH_APR, (u32)v->apr[0][0]);
	gic_host_write(gich, GICH_HCR, (u32)v->hcr);
}

static void vgic_v2_put(struct vcpu *vcpu)
{
	struct arm64_vgic_cpu *v = &vcpu->arch.vgic;

	for (; v->used; v->used &= v->used - 1)
		gic_host_write(gich, GICH_LR + 4u * (unsigned)__builtin_ctz(v->used), 0);
	v->hcr = gic_host_read(gich, GICH_HCR);
	v->vmcr = gic_host_read(gich, GICH_VMCR);
	v->apr[0][0] = gic_host_read(gich, GICH_APR);
	gic_host_write(gich, GICH_HCR, 0);
}

static u32 vgic_v2_vmcr(void)
{
	return gic_host_read(gich, GICH_VMCR);
}

static u32 vgic_v2_misr(void)
{
	return gic_host_read(gich, GICH_MISR);
}

const struct vgic_hardware vgic_v2 = {
	.lent = &lent,
	.init = vgic_v2_init,
	.cpu_init = vgic_v2_cpu_init,
	.load = vgic_v2_load,
	.put = vgic_v2_put,
	.vmcr = vgic_v2_vmcr,
	.misr = vgic_v2_misr,
};
