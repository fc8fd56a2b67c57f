/* SPDX-License-Identifier: MIT */
/* What a decoded guest exit asks for, and the one place that answers. */
#ifndef CORE_EXIT_H
#define CORE_EXIT_H

#include <core/addr.h>

struct vcpu;

enum exit_kind {
	EXIT_MMIO,     /* an access to guest-physical memory that stage 2 did not serve */
	EXIT_PIO,      /* port I/O */
	EXIT_HALT,     /* the vCPU waits for an interrupt */
	EXIT_POWER,    /* the guest wants the machine off or reset */
	EXIT_FATAL,    /* the guest did something that no architectural fault answers */
	EXIT_KIND_COUNT
};

enum exit_power { EXIT_POWER_OFF, EXIT_POWER_RESET, EXIT_POWER_CRASHED };

struct vcpu_exit {
	enum exit_kind kind;
	union {
		struct {
			u64 addr;   /* guest-physical or port */
			u64 data;   /* in: what to write; out: what was read, zero-extended */
			u8 size;    /* 1, 2, 4, 8 */
			bool write;
		} io;
		enum exit_power power;
		const char *fatal; /* one phrase for people, a constant */
	};
};

/*
 * Answers an exit. Arch code decodes, calls this, and finishes the instruction.
 *   0        done: write back io.data where it was a read, step over the instruction
 *   -EFAULT  inject the architecture's access fault for io.addr
 *   -EAGAIN  stage 2 serves the address by now: run the instruction again
 * HALT, POWER and FATAL return 0 and have set the vCPU's requests so that it leaves the guest.
 * Interrupts are disabled, runs to completion.
 */
int exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit) __must_check;

#endif
