/* SPDX-License-Identifier: MIT */
/* arm64: between vgic.c and the two kinds of hardware with list registers, vgic_v2.c and vgic_v3.c. */
#ifndef ARCH_VGIC_H
#define ARCH_VGIC_H

#include <emulators/gic.h>

struct gic_host;

/* ---- vgic.c, for the host's GIC ---- */

/* Once arm64_gic() is known: chooses the hardware below and lends it to the emulator. */
void vgic_init(void);
/* On each CPU, from the driver's cpu_init(). */
void vgic_cpu_init(void);
/* Once interrupts can be requested. */
void vgic_take_maintenance(void);

/*
 * Chosen once, by what the host has. List registers are in the format of emulators/gic.h in memory
 * (vcpu->arch.vgic.lr) and through this interface; VMCR and HCR have the same layout in both kinds.
 */
struct vgic_hardware {
	/* What is lent to the emulator; filled in by init(). */
	struct gic_hardware *lent;
	/* HCR of a vCPU that has no list registers: what keeps it from the registers that go with them. */
	u64 locked_hcr;
	/* Finds the number of list registers and so on. On the boot CPU, before cpu_init(). */
	void (*init)(const struct gic_host *host);
	/* Each CPU: the virtual interface is off and empty. */
	void (*cpu_init)(void);
	/* vcpu->arch.vgic to and from this CPU, where nothing is left behind. */
	void (*load)(struct vcpu *vcpu);
	void (*put)(struct vcpu *vcpu);
	/* Of this CPU: VMCR; and MISR, the reasons for which the maintenance interrupt comes now. */
	u32 (*vmcr)(void);
	u32 (*misr)(void);
};

extern const struct vgic_hardware vgic_v2, vgic_v3;

/* ICH_HCR_EL2, GICH_HCR (12.4.7) */
#define VGIC_HCR_EN BIT(0)
#define VGIC_HCR_REASONS \
	(GIC_MAINTAIN_UNDERFLOW | GIC_MAINTAIN_NO_ENTRY | GIC_MAINTAIN_NONE_PENDING)
#define VGIC_HCR_TC BIT(10)
#define VGIC_HCR_TALL0 BIT(11)
#define VGIC_HCR_TALL1 BIT(12)
#define VGIC_HCR_EOI_COUNT_SHIFT 27
#define VGIC_HCR_EOI_COUNT (0x1full << VGIC_HCR_EOI_COUNT_SHIFT)

/* ICH_VTR_EL2 (12.4.11), GICH_VTR (IHI 0048, 5.3.2) */
static inline unsigned vgic_vtr_lr_count(u64 vtr)
{
	return MIN((unsigned)(vtr & 63) + 1, 16u);
}

static inline unsigned vgic_vtr_preemption_bits(u64 vtr)
{
	return (vtr >> 26 & 7) + 1;
}

static inline unsigned vgic_vtr_priority_bits(u64 vtr)
{
	return (vtr >> 29 & 7) + 1;
}

/* ICH_VMCR_EL2 (12.4.10), GICH_VMCR (IHI 0048, 5.3.3) */
#define VGIC_VMCR_GROUP0 BIT(0)
#define VGIC_VMCR_GROUP1 BIT(1)
#define VGIC_VMCR_PMR_SHIFT 24

#endif
