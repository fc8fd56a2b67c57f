/* SPDX-License-Identifier: MIT */
/* The virtual GIC between its emulator (emulators/irqchip/gic*.c) and the architecture that lends it list registers. */
#ifndef EMULATORS_GIC_H
#define EMULATORS_GIC_H

#include <core/addr.h>

struct gic; /* one a VM; the emulator's */
struct vm;
struct vcpu;

/*
 *   device line, SGI ──► gic: state of every interrupt ──gic_sync()──► list registers ──► guest
 *                         ▲                                              │ (hardware acknowledges and ends)
 *                         └────────────── gic_sync() folds back ─────────┘
 *
 * A list register is given in the format of ICH_LR<n>_EL2 (Arm IHI 0069, 12.4.9; constants in libs/gic.h)
 * whatever the hardware has; for an SGI of a GICv2 guest bits 34:32 name the vCPU that sent it.
 */

/* Reasons for a maintenance interrupt: bits of ICH_HCR_EL2 (12.4.7). */
enum {
	GIC_MAINTAIN_UNDERFLOW = 1 << 1, /* UIE: at most one list register is in use */
	GIC_MAINTAIN_NO_ENTRY = 1 << 2,  /* LRENPIE: an end of interrupt found no list register */
	GIC_MAINTAIN_NONE_PENDING = 1 << 3, /* NPIE: no list register is pending */
};

/* What the host lends. Registered before any VM is made; NULL in host tests that play it themselves. */
struct gic_hardware {
	u8 lr_count;      /* 1..16; 0: there are none, every CPU interface is emulated */
	u8 priority_bits; /* of the virtual CPU interface, 5 to 8 */
	bool v3;          /* guests may have a GICv3 (system registers in hardware) */
	bool v2;          /* guests may have a GICv2 whose CPU interface is hardware */
	/* Tells arch code about the VM's GIC; NULL when it goes. From create() and destroy(). */
	void (*attach)(struct vm *vm, struct gic *gic);
	/* v2: maps the hardware's virtual CPU interface at @at. Explained by log_error(). */
	int (*map_cpu_interface)(struct vm *vm, gpa_t at, u64 size);
	/* The rest is called with interrupts disabled on the CPU where @vcpu is loaded. */
	u64 (*read_lr)(struct vcpu *vcpu, unsigned index);
	void (*write_lr)(struct vcpu *vcpu, unsigned index, u64 lr);
	/* Bitmap of list registers that hold nothing (state invalid and no EOI that waits to be seen). */
	u32 (*empty_lrs)(struct vcpu *vcpu);
	/* Which maintenance interrupts shall come (GIC_MAINTAIN_*), and EOIcount since it was asked last. */
	void (*set_maintenance)(struct vcpu *vcpu, u32 reasons);
	unsigned (*take_eoi_count)(struct vcpu *vcpu);
	/* The guest has ended a forwarded interrupt of its own in another way than by a list register. */
	void (*end_forwarded)(struct vcpu *vcpu, u32 host_intid);
};

/* From arch code at start. */
void gic_set_hardware(const struct gic_hardware *hardware);

/* ---- arch code to the emulator; interrupts disabled, no lock held; each takes the GIC's lock ---- */

/* 2 or 3: as the guest sees it. */
unsigned gic_version(const struct gic *gic);
/* True if the guest's CPU interface is hardware with list registers. */
bool gic_uses_lrs(const struct gic *gic);
/* VCPU_REQ_IRQ, or a maintenance interrupt: @vcpu is loaded here. Reads back what the guest did, offers what waits. */
void gic_sync(struct gic *gic, struct vcpu *vcpu);
/*
 * From arch_vcpu_put(), while the hardware is still @vcpu's: takes back all that its list registers hold, so that no
 * interrupt sticks to a vCPU that does not run. They are empty then and need not be saved; VCPU_REQ_IRQ is set if
 * there is something to offer again, so that gic_sync() follows on the next way into the guest. Also when the guest has
 * switched the vCPU off: interrupts for any vCPU then go to others.
 */
void gic_put(struct gic *gic, struct vcpu *vcpu);
/* True if an enabled interrupt waits for the vCPU outside of the list registers. Any CPU. */
bool gic_has_waiting(struct gic *gic, unsigned vcpu);
/* Level of a private line (16..31) of a vCPU. Any CPU, any vCPU. */
void gic_set_ppi(struct gic *gic, unsigned vcpu, u32 intid, bool level);
/*
 * From now on PPI @intid is that of the host: a rise by gic_set_ppi() makes it pending once, its list registers carry
 * @host_intid with the HW bit, so that the guest's deactivation reaches the host's distributor, and its level
 * is not looked at again. At start of the VM.
 */
void gic_forward_ppi(struct gic *gic, u32 intid, u32 host_intid);
/*
 * The guest wrote ICC_SGI0R, ICC_SGI1R or ICC_ASGI1R (12.2.26..) on @from. @group 1 for ICC_SGI1R, which with one security
 * state reaches SGIs of both groups; 0 for the others, which reach those of group 0 (table 8-14).
 */
void gic_send_sgi(struct gic *gic, unsigned from, u64 value, unsigned group);
/* The vCPU's CPU interface is reset (power-on), not loaded: list registers are empty again, their interrupts wait. */
void gic_reset_cpu(struct gic *gic, unsigned vcpu);

#endif
