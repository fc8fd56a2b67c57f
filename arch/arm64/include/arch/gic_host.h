/* SPDX-License-Identifier: MIT */
/* arm64: what the host's GIC driver (drivers/irqchip/gicv2.c or gicv3.c) offers beyond struct irq_controller. */
#ifndef ARCH_GIC_HOST_H
#define ARCH_GIC_HOST_H

#include <core/addr.h>
#include <core/driver.h>
#include <core/host_irq.h>

/*
 * Interrupts are ended in two steps (EOImode 1): the priority drops when we have taken one, its state is
 * inactive again after our handler, but for a forwarded PPI, which stays active until the guest ends it.
 */
struct gic_host {
	u8 version; /* 2 or 3 (also for 4) */
	u32 maintenance; /* INTID of the maintenance interrupt's PPI; 0: there is none, nor list registers */
	hpa_t gich; /* version 2: hypervisor control registers, mapped; and the page(s) for guests */
	hpa_t gicv;
	u64 gicv_size; /* 0: guests cannot have a GICv2's CPU interface */
	bool has_its;  /* found, not driven yet */
	/* This PPI is ended by guests. Before it is requested. */
	void (*forward_ppi)(u32 intid);
	/* Active state of a PPI of this CPU. */
	bool (*ppi_is_active)(u32 intid);
	void (*set_ppi_active)(u32 intid, bool active);
};

/*
 * At the end of the driver's probe(): offers @controller to core, with @interrupt as what irq_root_interrupt()
 * calls, and list registers to guests (vgic.c). Both stay the driver's. Errors of irq_bind_controller().
 */
int arm64_gic_bind(const struct gic_host *gic, const struct irq_controller *controller,
		   void (*interrupt)(void)) __must_check;
/* NULL before arm64_gic_bind(). */
const struct gic_host *arm64_gic(void);

/* ---- what drivers of both versions share; registers by the offsets that both have (libs/gic.h) ---- */

/* struct irq_controller's translate(): <type number flags>. Remembers the trigger for gic_host_enable(). -EINVAL, -ERANGE. */
int gic_host_translate(const u32 *cells, unsigned count, u32 *intid) __must_check;
/* The `interrupts` entry of the GIC's own node: the maintenance PPI; 0 when there is none. */
u32 gic_host_maintenance(const struct host_device *dev);
/* Nothing in [first, end), multiples of 32, is enabled, pending or active, and all have the one priority that we use. */
void gic_host_reset(volatile u8 *frame, u32 first, u32 end);
/* @frame: the distributor, or this CPU's redistributor for its own interrupts. Sets the trigger and enables. Any context. */
void gic_host_enable(volatile u8 *frame, u32 intid);
void gic_host_disable(volatile u8 *frame, u32 intid);

static inline u32 gic_host_read(const volatile u8 *frame, u32 offset)
{
	return *(const volatile u32 *)(frame + offset);
}

static inline void gic_host_write(volatile u8 *frame, u32 offset, u32 value)
{
	*(volatile u32 *)(frame + offset) = value;
}

#endif
