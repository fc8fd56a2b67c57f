/* SPDX-License-Identifier: MIT */
/* Interrupt lines of a guest: from a device's output through a virtual interrupt controller to vCPUs. */
#ifndef CORE_VIRQ_H
#define CORE_VIRQ_H

#include <core/types.h>

struct vdev;
struct vcpu;
struct virq_chip;

/*
 *   emulator ── virq_set(line) ──► virq_chip (an emulator too) ── vcpu_set_pin(vcpu, pin) ──► arch
 *            ◄─ eoi notification ──          ◄── register accesses of the guest
 */

/* How a source signals; given by the guest tree. */
enum virq_trigger { VIRQ_LEVEL, VIRQ_EDGE };

/* A device's output. `asserted` is the level of the wire; changed under the device's lock. */
struct virq_line {
	struct virq_chip *chip; /* NULL: not connected, all calls are no-ops */
	u32 irq;
	bool asserted;
};

typedef void (*virq_eoi_fn)(void *ctx, u32 irq);

/* What an interrupt-controller emulator offers. Calls come with the calling device's lock held. */
struct virq_chip_ops {
	/* One interrupt specifier (@cells, big endian decoded) to an interrupt number. -EINVAL, -ERANGE. */
	int (*translate)(struct virq_chip *chip, const u32 *cells, unsigned cell_count, u32 *irq,
			 enum virq_trigger *trigger);
	void (*configure)(struct virq_chip *chip, u32 irq, enum virq_trigger trigger);
	/* The wire's level. For an edge-triggered source a rise is the event. */
	void (*set)(struct virq_chip *chip, u32 irq, bool level);
};

struct virq_chip {
	const struct virq_chip_ops *ops;
	struct vdev *dev;
	u32 irq_count;
	u32 phandle; /* of its node in the guest tree */
	u32 interrupt_cells;
	/* Called by the chip, its lock released, when the guest ends an interrupt that has a listener. */
	struct virq_eoi_listener {
		u32 irq;
		virq_eoi_fn fn;
		void *ctx;
	} listeners[8];
	u32 listener_count;
};

void virq_set(struct virq_line *line, bool level);
/* One event on an edge-triggered line. */
void virq_pulse(struct virq_line *line);
/* fn(ctx, irq) runs when the guest ends the interrupt: passed-through devices unmask then. -ENOSPC. */
int virq_listen_eoi(struct virq_line *line, virq_eoi_fn fn, void *ctx) __must_check;
/* For chips. */
void virq_notify_eoi(struct virq_chip *chip, u32 irq);

/* Inputs of a vCPU that a virtual interrupt controller drives; level-sensitive. */
enum vcpu_pin {
	VCPU_PIN_EXTERNAL, /* VSEIP, IRQ, INTR */
	VCPU_PIN_SOFTWARE, /* VSSIP; not on all architectures */
	VCPU_PIN_TIMER,    /* VSTIP */
	VCPU_PIN_FAST,     /* FIQ, NMI */
};
void vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level);

#endif
