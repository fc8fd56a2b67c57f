/* SPDX-License-Identifier: MIT */
/* What a decoded guest exit asks for, and the one place that answers. */
#ifndef CORE_EXIT_H
#define CORE_EXIT_H

#include <core/addr.h>

struct vcpu;

enum exit_kind {
	EXIT_PIO,   /* port I/O */
	EXIT_HALT,  /* the vCPU waits for an interrupt */
	EXIT_POWER, /* the guest wants the machine off or reset */
	EXIT_FATAL, /* the guest did something that no architectural fault answers */
	EXIT_KIND_COUNT
};

enum exit_power { EXIT_POWER_OFF, EXIT_POWER_RESET, EXIT_POWER_CRASHED };

struct vcpu_exit {
	enum exit_kind kind;
	union {
		struct {
			u64 addr; /* port */
			u64 data; /* in: what to write; out: what was read, zero-extended */
			u8 size;  /* 1, 2, 4, 8 */
			bool write;
		} io;
		enum exit_power power;
		const char *fatal; /* one phrase for people, a constant */
	};
};

/*
 * An access of 1, 2, 4 or 8 bytes to guest-physical memory that stage 2 did not serve. Arch code decodes,
 * calls this, and finishes the instruction.
 *   0        done: write back the zero-extended value of a read, step over the instruction
 *   -EFAULT  inject the architecture's access fault
 *   -EAGAIN  stage 2 serves all of it by now: run the instruction again
 * Interrupts are disabled, runs to completion. These two have a path of their own since they are hot.
 */
int exit_mmio_read(struct vcpu *vcpu, u64 addr, unsigned size, u64 *value) __must_check;
int exit_mmio_write(struct vcpu *vcpu, u64 addr, unsigned size, u64 value) __must_check;

/*
 * All other exits. PIO: io.data is what was read; ports that nobody has read as ones. HALT, POWER and FATAL
 * have set what makes the vCPU leave the guest.
 */
void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit);

#endif
