/* SPDX-License-Identifier: MIT */
/* arm64: exceptions that the hypervisor itself takes. */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <core/types.h>

/* Pushed by the vectors of the current exception level in entry.S; offsets in asm.h. TPIDR_EL2 is not in it. */
struct arch_trap_frame {
	u64 x[31];
	u64 sp; /* before the exception */
	u64 elr;
	u64 spsr;
	u64 esr; /* as far as the exception has one */
	u64 far;
};

/* What arch_context_switch() (entry.S) pushes and pops, lowest address first: x19..x28, x29, x30. */
struct arm64_switch_frame {
	u64 x[10]; /* of a new context: x19 = fn, x20 = arg */
	u64 fp;
	u64 lr; /* of a new context: arm64_context_start */
};

/* entry.S: the vectors of EL2, 2 KiB aligned; and where a new context arrives by `ret`, interrupts disabled. */
extern char arm64_vectors[];
extern char arm64_context_start[];

/* From entry.S, interrupts disabled: a synchronous exception or SError taken while the hypervisor itself ran; does not return unless fixed up. */
void arm64_host_sync(struct arch_trap_frame *frame);
void arm64_host_serror(struct arch_trap_frame *frame);
/* From entry.S: an interrupt while the hypervisor (a task, the idle loop) ran. */
void arm64_host_irq(struct arch_trap_frame *frame);
/* From entry.S, on the emergency stack: the trap frame itself could not be pushed. */
void arm64_stack_overflow(struct arch_trap_frame *frame) __noreturn;
/* A host interrupt, from the guest-exit path or arm64_host_irq(): accounting and irq_root_interrupt(). */
void arm64_interrupt(void);

#endif
