/* SPDX-License-Identifier: MIT */
/* arm64: the world switch, and exceptions of the hypervisor itself. */
#include <arch/asm.h>

/*
 *  arm64_enter ──eret──► guest ──exception──► vectors of lower levels (SP_EL2 = vCPU)
 *       ▲                  ▲                   │ caller-saved registers to memory, SP to the host's stack
 *       │ ret              │ eret              ▼
 *       │                  ├──────── arm64_exit_call (hvc #0, smc #0), arm64_exit_irq
 *       │                  │ eret              │ all others: the rest of the registers to memory
 *       │                  │                   ▼
 *       │                  ├──────── arm64_exit_sync, arm64_exit_serror, arm64_exit_serve
 *       └────────── host's callee-saved ───────┘
 *
 * Each handler answers with the vCPU to resume, or NULL. Callee-saved registers of the guest stay in the
 * CPU on the fast path: C code preserves them. x18 is never used by the hypervisor (-ffixed-x18).
 *
 * No barrier is needed anywhere here: the exception and ERET synchronise the context (D1.3.4; SCTLR_EL2.EIS and
 * EOS are 1), so system registers that handlers have written hold when the guest goes on.
 */

	.macro save_caller_saved
	stp	x0, x1, [sp, #VCPU_X(0)]
	stp	x2, x3, [sp, #VCPU_X(2)]
	stp	x4, x5, [sp, #VCPU_X(4)]
	stp	x6, x7, [sp, #VCPU_X(6)]
	stp	x8, x9, [sp, #VCPU_X(8)]
	stp	x10, x11, [sp, #VCPU_X(10)]
	stp	x12, x13, [sp, #VCPU_X(12)]
	stp	x14, x15, [sp, #VCPU_X(14)]
	stp	x16, x17, [sp, #VCPU_X(16)]
	str	x30, [sp, #VCPU_X(30)]
	.endm

	.macro for_callee_saved op, base
	\op	x18, x19, [\base, #VCPU_X(18)]
	\op	x20, x21, [\base, #VCPU_X(20)]
	\op	x22, x23, [\base, #VCPU_X(22)]
	\op	x24, x25, [\base, #VCPU_X(24)]
	\op	x26, x27, [\base, #VCPU_X(26)]
	\op	x28, x29, [\base, #VCPU_X(28)]
	.endm

	.macro for_host_saved op
	\op	x19, x20, [sp, #0]
	\op	x21, x22, [sp, #16]
	\op	x23, x24, [sp, #32]
	\op	x25, x26, [sp, #48]
	\op	x27, x28, [sp, #64]
	\op	x29, x30, [sp, #80]
	.endm

	/* x0 = the vCPU, SP = the stack that it was entered from */
	.macro to_host
	mov	x0, sp
	ldr	x2, [sp, #VCPU_HOST_SP]
	mov	sp, x2
	.endm

	.section .text.entry, "ax"

	/* void arm64_enter(struct vcpu *vcpu): returns when an exit says leave. */
	.globl arm64_enter
arm64_enter:
	sub	sp, sp, #96
	for_host_saved stp
	mov	x1, sp
	str	x1, [x0, #VCPU_HOST_SP]
resume_all:
	for_callee_saved ldp, x0
resume:
	mov	sp, x0
	ldp	x2, x3, [sp, #VCPU_X(2)]
	ldp	x4, x5, [sp, #VCPU_X(4)]
	ldp	x6, x7, [sp, #VCPU_X(6)]
	ldp	x8, x9, [sp, #VCPU_X(8)]
	ldp	x10, x11, [sp, #VCPU_X(10)]
	ldp	x12, x13, [sp, #VCPU_X(12)]
	ldp	x14, x15, [sp, #VCPU_X(14)]
	ldp	x16, x17, [sp, #VCPU_X(16)]
	ldr	x30, [sp, #VCPU_X(30)]
	ldp	x0, x1, [sp, #VCPU_X(0)]
	eret
	dsb	nsh		/* never executed: stops speculation behind the ERET */
	isb

	/* The guest left by something that needs all its registers in memory. x0 = vCPU, x1 = ESR_EL2 */
exit_sync:
	for_callee_saved stp, x0
	bl	arm64_exit_sync
	cbnz	x0, resume_all
	b	leave
exit_serror:
	for_callee_saved stp, x0
	bl	arm64_exit_serror
	cbnz	x0, resume_all
	b	leave

	/* The exit itself is dealt with, but something else wants attention; what the vCPU has in the CPU stays there. */
serve:
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #CPU_VCPU]
	bl	arm64_exit_serve
	cbnz	x0, resume
	mrs	x0, tpidr_el2
	ldr	x0, [x0, #CPU_VCPU]
	for_callee_saved stp, x0
leave:
	for_host_saved ldp
	add	sp, sp, #96
	ret

	/* ---- exceptions of guests; SP: the vCPU ---- */

	.macro guest_sync
	.balign	128
	save_caller_saved
	mrs	x1, esr_el2
	to_host
	and	w2, w1, #~ESR_SMC_BIT
	mov	w3, #ESR_HVC_0
	cmp	w2, w3
	b.ne	exit_sync
	bl	arm64_exit_call
	cbnz	x0, resume
	b	serve
	.endm

	.macro guest_irq
	.balign	128
	save_caller_saved
	to_host
	bl	arm64_exit_irq
	cbnz	x0, resume
	b	serve
	.endm

	.macro guest_serror
	.balign	128
	save_caller_saved
	mrs	x1, esr_el2
	to_host
	b	exit_serror
	.endm

	/* ---- exceptions of the hypervisor itself: a frame below its stack pointer ---- */

	/*
	 * Is there room for it? Until the frame stands no register is free: SP and x0 are told apart by sum and
	 * difference. The flags are in SPSR_EL2.
	 */
	.macro host_vector handler
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	add	sp, sp, x0
	sub	x0, sp, x0
	tst	x0, #STACK_IN_USE
	b.eq	stack_overflow
	sub	x0, sp, x0
	sub	sp, sp, x0
	b	\handler
	.endm

	.macro for_frame op
	\op	x2, x3, [sp, #FRAME_X(2)]
	\op	x4, x5, [sp, #FRAME_X(4)]
	\op	x6, x7, [sp, #FRAME_X(6)]
	\op	x8, x9, [sp, #FRAME_X(8)]
	\op	x10, x11, [sp, #FRAME_X(10)]
	\op	x12, x13, [sp, #FRAME_X(12)]
	\op	x14, x15, [sp, #FRAME_X(14)]
	\op	x16, x17, [sp, #FRAME_X(16)]
	\op	x18, x19, [sp, #FRAME_X(18)]
	\op	x20, x21, [sp, #FRAME_X(20)]
	\op	x22, x23, [sp, #FRAME_X(22)]
	\op	x24, x25, [sp, #FRAME_X(24)]
	\op	x26, x27, [sp, #FRAME_X(26)]
	\op	x28, x29, [sp, #FRAME_X(28)]
	.endm

	.macro push_frame
	stp	x0, x1, [sp, #FRAME_X(0)]
	for_frame stp
	add	x0, sp, #FRAME_SIZE
	stp	x30, x0, [sp, #FRAME_X(30)]
	mrs	x0, elr_el2
	mrs	x1, spsr_el2
	stp	x0, x1, [sp, #FRAME_ELR]
	mrs	x0, esr_el2
	mrs	x1, far_el2
	stp	x0, x1, [sp, #FRAME_ESR]
	mov	x0, sp
	.endm

	.macro host_handler name, function
\name:
	push_frame
	bl	\function
	b	host_return
	.endm

	host_handler host_sync, arm64_host_sync
	host_handler host_irq, arm64_host_irq
	host_handler host_serror, arm64_host_serror

	/* TPIDR_EL2 is not in the frame: the task may go on at another CPU. */
host_return:
	ldp	x0, x1, [sp, #FRAME_ELR]
	msr	elr_el2, x0
	msr	spsr_el2, x1
	for_frame ldp
	ldr	x30, [sp, #FRAME_X(30)]
	ldp	x0, x1, [sp, #FRAME_X(0)]
	add	sp, sp, #FRAME_SIZE
	eret
	dsb	nsh
	isb

	/* x0 = where the frame would be, SP = the sum of that and the true x0. Ends in a panic: SP_EL0 may go. */
stack_overflow:
	sub	x0, sp, x0
	sub	sp, sp, x0
	msr	sp_el0, x0
	mrs	x0, tpidr_el2
	cbz	x0, 1f			/* no CPU area yet: no other stack either */
	str	x1, [x0, #CPU_SPILL]
	add	x1, sp, #FRAME_SIZE
	str	x1, [x0, #CPU_SPILL + 8]
	ldr	x1, [x0, #CPU_EMERGENCY_SP]
	sub	sp, x1, #FRAME_SIZE
	ldr	x1, [x0, #CPU_SPILL]
	mrs	x0, sp_el0
	push_frame
	mrs	x1, tpidr_el2
	ldr	x1, [x1, #CPU_SPILL + 8]
	str	x1, [sp, #FRAME_SP]
	bl	arm64_stack_overflow
1:	mrs	x0, sp_el0
	b	host_sync

	/* ---- the table (D1.3.1.5): by where an exception comes from, then synchronous, IRQ, FIQ, SError ---- */

	.balign	2048
	.globl arm64_vectors
arm64_vectors:
	.rept	2			/* EL2 with SP_EL0 (never), EL2 with SP_EL2 */
	host_vector host_sync
	host_vector host_irq
	host_vector host_irq
	host_vector host_serror
	.endr
	.rept	2			/* guests: AArch64, AArch32 */
	guest_sync
	guest_irq
	guest_irq
	guest_serror
	.endr

	/* ---- contexts of the hypervisor ---- */

	/* void arch_context_switch(struct arch_context *from, struct arch_context *to) */
	.globl arch_context_switch
arch_context_switch:
	sub	sp, sp, #96
	for_host_saved stp
	mov	x2, sp
	str	x2, [x0]
	ldr	x2, [x1]
	mov	sp, x2
	for_host_saved ldp
	add	sp, sp, #96
	ret

	/* Where a new context arrives: x19 = fn, x20 = arg, interrupts off. */
	.globl arm64_context_start
arm64_context_start:
	msr	daifclr, #2
	mov	x0, x20
	blr	x19
	brk	#0
