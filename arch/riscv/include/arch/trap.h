/* SPDX-License-Identifier: MIT */
/* riscv64: traps that the hypervisor itself takes. */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <core/types.h>

/* Pushed by host_trap in entry.S; offsets in asm.h. */
struct arch_trap_frame {
	u64 x[32]; /* x[0] unused; x[2] is the stack pointer before the trap */
	u64 sepc;
	u64 sstatus;
	u64 scause;
	u64 stval;
};

/* From entry.S: any trap taken while the hypervisor itself ran. */
void riscv_host_trap(struct arch_trap_frame *frame);
/* From entry.S: the trap frame itself could not be pushed. */
void riscv_stack_overflow(struct arch_trap_frame *frame) __noreturn;
/* A host interrupt, from the guest-exit path or riscv_host_trap(). @cause is scause. */
void riscv_interrupt(u64 cause);

#endif
