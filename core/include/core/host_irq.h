/* SPDX-License-Identifier: MIT */
/* Interrupts of host devices: registration by number, dispatch, statistics. */
#ifndef CORE_HOST_IRQ_H
#define CORE_HOST_IRQ_H

#include <core/types.h>

typedef void (*irq_fn)(void *ctx);

/* A host interrupt controller; bound by its driver. @irq is the controller's own numbering. */
struct irq_controller {
	const char *name;
	u32 irq_count;
	int (*enable)(u32 irq, unsigned cpu); /* routes to @cpu and unmasks */
	void (*disable)(u32 irq);
	/* An interrupt specifier of the device tree, in CPU byte order, to a number; NULL: its first cell. */
	int (*translate)(const u32 *cells, unsigned count, u32 *irq);
	/* Both NULL where CPUs have interfaces of their own. */
	void (*cpu_init)(void);         /* this CPU's part, once on each, interrupts disabled */
	void (*send_ipi)(unsigned cpu); /* what the CPU wrote before is visible to @cpu then */
	/* Lines that each CPU has one of are below this number; enable() and disable() mean this CPU's. 0: none. */
	u32 private_end;
};

#define HOST_IRQ_MAX 1024

int irq_bind_controller(const struct irq_controller *controller) __must_check;
/* -EINVAL without a controller, or what its translate() says. */
int irq_translate(const u32 *cells, unsigned count, u32 *irq) __must_check;
/* Each CPU calls it when it starts; irq_bind_controller() does for the boot CPU. */
void irq_cpu_init(void);
/* Interrupts @cpu through the controller, if it can. */
void irq_send_ipi(unsigned cpu);
/*
 * fn(ctx) runs with interrupts disabled, on the boot CPU; for a private line on every CPU whose own line it is,
 * if it is asked for before the other CPUs start. -EBUSY when @irq has a handler, -ERANGE.
 */
int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx) __must_check;
void irq_release(u32 irq);
/* The controller driver calls this between claim and completion. An unclaimed one is masked and logged once. */
void irq_dispatch(u32 irq);

/*
 * The controller that the CPUs' external interrupt comes from says what to do when it arrives: claim,
 * irq_dispatch(), complete, until nothing is pending. Arch code calls irq_root_interrupt() then.
 */
void irq_set_root_handler(void (*fn)(void));
void irq_root_interrupt(void);

struct irq_stats {
	u32 irq;
	const char *name;
	u64 count;
};
/* Fills at most @max rows with the requested interrupts and returns how many there are. */
unsigned irq_stats(struct irq_stats *rows, unsigned max);

#endif
