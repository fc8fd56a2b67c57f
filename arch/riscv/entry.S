/* SPDX-License-Identifier: MIT */
/* riscv64: the world switch, and traps of the hypervisor itself. */
#include <arch/asm.h>
#include <arch/csr.h>

/*
 *  riscv_enter ──sret──► guest ──trap──► trap_vector (sscratch = vCPU)
 *       ▲                  ▲                │ caller-saved registers to memory
 *       │ ret              │ sret           ▼
 *       │                  ├──────── riscv_exit_sbi, riscv_exit_interrupt
 *       │                  │ sret           │ all others: the rest of the registers to memory
 *       │                  │                ▼
 *       │                  ├──────── riscv_exit_slow, riscv_exit_serve
 *       └────────── host's callee-saved ────┘
 *
 * Each handler answers with the vCPU to resume, or NULL. Callee-saved registers of the guest stay in the
 * CPU on the fast path: C code preserves them. gp is never used by the hypervisor.
 */

	.macro for_caller_saved op, base
	\op	x1, VCPU_X(1)(\base)
	\op	x2, VCPU_X(2)(\base)
	\op	x4, VCPU_X(4)(\base)
	\op	x5, VCPU_X(5)(\base)
	\op	x6, VCPU_X(6)(\base)
	\op	x7, VCPU_X(7)(\base)
	\op	x11, VCPU_X(11)(\base)
	\op	x12, VCPU_X(12)(\base)
	\op	x13, VCPU_X(13)(\base)
	\op	x14, VCPU_X(14)(\base)
	\op	x15, VCPU_X(15)(\base)
	\op	x16, VCPU_X(16)(\base)
	\op	x17, VCPU_X(17)(\base)
	\op	x28, VCPU_X(28)(\base)
	\op	x29, VCPU_X(29)(\base)
	\op	x30, VCPU_X(30)(\base)
	\op	x31, VCPU_X(31)(\base)
	.endm

	.macro for_callee_saved op, base
	\op	x3, VCPU_X(3)(\base)
	\op	x8, VCPU_X(8)(\base)
	\op	x9, VCPU_X(9)(\base)
	\op	x18, VCPU_X(18)(\base)
	\op	x19, VCPU_X(19)(\base)
	\op	x20, VCPU_X(20)(\base)
	\op	x21, VCPU_X(21)(\base)
	\op	x22, VCPU_X(22)(\base)
	\op	x23, VCPU_X(23)(\base)
	\op	x24, VCPU_X(24)(\base)
	\op	x25, VCPU_X(25)(\base)
	\op	x26, VCPU_X(26)(\base)
	\op	x27, VCPU_X(27)(\base)
	.endm

	.macro for_host_saved op
	\op	ra, 0(sp)
	\op	s0, 8(sp)
	\op	s1, 16(sp)
	\op	s2, 24(sp)
	\op	s3, 32(sp)
	\op	s4, 40(sp)
	\op	s5, 48(sp)
	\op	s6, 56(sp)
	\op	s7, 64(sp)
	\op	s8, 72(sp)
	\op	s9, 80(sp)
	\op	s10, 88(sp)
	\op	s11, 96(sp)
	.endm

	.section .text.entry, "ax"
	.option norelax

	/* void riscv_enter(struct vcpu *vcpu): returns when an exit says leave. */
	.globl riscv_enter
riscv_enter:
	addi	sp, sp, -112
	for_host_saved sd
	sd	sp, CPU_HOST_SP(tp)
	sd	tp, VCPU_HOST_TP(a0)
resume_all:
	for_callee_saved ld, a0
resume:
	csrw	sscratch, a0
	for_caller_saved ld, a0
	ld	a0, VCPU_X(10)(a0)
	sret

	/* All traps. sscratch: the vCPU while a guest runs, 0 while the hypervisor does. */
	.balign 4
	.globl trap_vector
trap_vector:
	csrrw	a0, sscratch, a0
	beqz	a0, host_trap
	for_caller_saved sd, a0
	csrrw	t0, sscratch, zero
	csrr	a1, scause
	sd	t0, VCPU_X(10)(a0)
	ld	tp, VCPU_HOST_TP(a0)
	addi	t1, a1, -EXC_ECALL_VS
	ld	sp, CPU_HOST_SP(tp)
	bnez	t1, 1f
	call	riscv_exit_sbi
	bnez	a0, resume
	/* The cause is dealt with, but something else wants attention. */
serve:
	ld	a0, CPU_VCPU(tp)
	for_callee_saved sd, a0
	call	riscv_exit_serve
	bnez	a0, resume_all
leave:
	for_host_saved ld
	addi	sp, sp, 112
	ret
1:	bltz	a1, 2f
	for_callee_saved sd, a0
	call	riscv_exit_slow
	bnez	a0, resume_all
	j	leave
2:	call	riscv_exit_interrupt
	bnez	a0, resume
	j	serve

	/*
	 * The hypervisor itself trapped. The frame goes below its stack pointer. tp is not in it: the task
	 * may go on at another CPU, whose tp is another.
	 */
	.macro for_frame op
	\op	x1, FRAME_X(1)(sp)
	\op	x3, FRAME_X(3)(sp)
	\op	x5, FRAME_X(5)(sp)
	\op	x6, FRAME_X(6)(sp)
	\op	x7, FRAME_X(7)(sp)
	\op	x8, FRAME_X(8)(sp)
	\op	x9, FRAME_X(9)(sp)
	\op	x10, FRAME_X(10)(sp)
	\op	x11, FRAME_X(11)(sp)
	\op	x12, FRAME_X(12)(sp)
	\op	x13, FRAME_X(13)(sp)
	\op	x14, FRAME_X(14)(sp)
	\op	x15, FRAME_X(15)(sp)
	\op	x16, FRAME_X(16)(sp)
	\op	x17, FRAME_X(17)(sp)
	\op	x18, FRAME_X(18)(sp)
	\op	x19, FRAME_X(19)(sp)
	\op	x20, FRAME_X(20)(sp)
	\op	x21, FRAME_X(21)(sp)
	\op	x22, FRAME_X(22)(sp)
	\op	x23, FRAME_X(23)(sp)
	\op	x24, FRAME_X(24)(sp)
	\op	x25, FRAME_X(25)(sp)
	\op	x26, FRAME_X(26)(sp)
	\op	x27, FRAME_X(27)(sp)
	\op	x28, FRAME_X(28)(sp)
	\op	x29, FRAME_X(29)(sp)
	\op	x30, FRAME_X(30)(sp)
	\op	x31, FRAME_X(31)(sp)
	.endm

	.macro push_frame
	for_frame sd
	sd	tp, FRAME_X(4)(sp)	/* for dumps */
	addi	t0, sp, FRAME_SIZE
	sd	t0, FRAME_X(2)(sp)
	csrr	t0, sepc
	sd	t0, FRAME_SEPC(sp)
	csrr	t1, sstatus
	sd	t1, FRAME_SSTATUS(sp)
	csrr	t2, scause
	sd	t2, FRAME_SCAUSE(sp)
	csrr	t3, stval
	sd	t3, FRAME_STVAL(sp)
	.endm

host_trap:
	csrrw	a0, sscratch, zero
	beqz	tp, 1f
	/* A fault at an address where the frame would be means that the stack is used up. */
	sd	t0, CPU_SPILL(tp)
	csrr	t0, stval
	sub	t0, sp, t0
	addi	t0, t0, -1
	sltiu	t0, t0, FRAME_SIZE
	bnez	t0, stack_overflow
	ld	t0, CPU_SPILL(tp)
1:	addi	sp, sp, -FRAME_SIZE
	push_frame
	mv	a0, sp
	call	riscv_host_trap
	ld	t0, FRAME_SEPC(sp)
	csrw	sepc, t0
	ld	t0, FRAME_SSTATUS(sp)
	csrw	sstatus, t0
	beqz	tp, 3f			/* no CPU area yet: perhaps no H extension either */
	li	t0, HSTATUS_SPV
	csrc	CSR_HSTATUS, t0		/* a guest may have run since: sret must stay in HS-mode */
3:	for_frame ld
	addi	sp, sp, FRAME_SIZE
	sret

	/* Reached for interrupts too, when stval is left over: only a store page fault is an overflow. */
stack_overflow:
	csrr	t0, scause
	addi	t0, t0, -15
	beqz	t0, 2f
	ld	t0, CPU_SPILL(tp)
	j	1b
2:	ld	t0, CPU_SPILL(tp)
	sd	sp, CPU_SPILL(tp)
	ld	sp, CPU_EMERGENCY_SP(tp)
	addi	sp, sp, -FRAME_SIZE
	push_frame
	ld	t0, CPU_SPILL(tp)
	sd	t0, FRAME_X(2)(sp)
	mv	a0, sp
	call	riscv_stack_overflow

	/* void arch_context_switch(struct arch_context *from, struct arch_context *to) */
	.globl arch_context_switch
arch_context_switch:
	addi	sp, sp, -112
	for_host_saved sd
	sd	sp, 0(a0)
	ld	sp, 0(a1)
	for_host_saved ld
	addi	sp, sp, 112
	ret

	/* Where a new context arrives: s1 = fn, s2 = arg, interrupts off. */
	.globl riscv_context_start
riscv_context_start:
	csrsi	sstatus, 2
	mv	a0, s2
	jalr	s1
	unimp
