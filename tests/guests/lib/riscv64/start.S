/* SPDX-License-Identifier: MIT */
/* riscv64 test guests: Image header, start of the harts, trap entry, and code that needs all registers. */
#include <riscv.h>

	.section .head, "ax"
	.globl _start
_start:				/* Linux RISC-V Image header */
	.option push
	.option norvc
	j 1f
	nop
	.option pop
	.dword 0x200000		/* text_offset */
	.dword image_end - _start
	.dword 0
	.word 2
	.word 0
	.dword 0
	.ascii "RISCV\0\0\0"
	.ascii "RSC\x05"
	.word 0
1:	csrw sie, zero
	csrw satp, zero
	la t0, bss_start
	la t1, image_end
2:	sd zero, 0(t0)
	addi t0, t0, 8
	bltu t0, t1, 2b
	mv s1, a1
	la t0, boot_hart
	sd a0, 0(t0)
	call hart_setup
	mv a0, s1
	call guest_entry
3:	wfi
	j 3b

	.text
	/* a0: hart id -> tp, sscratch: its struct hart; sp: its stack; stvec */
hart_setup:
	la tp, harts
	li t0, HART_SIZE
	mul t0, t0, a0
	add tp, tp, t0
	csrw sscratch, tp
	la sp, stacks
	addi t1, a0, 1
	li t0, 2 * STACK_SIZE
	mul t0, t0, t1
	add sp, sp, t0		/* upper half: traps; lower half: the program */
	sd sp, HART_STACK(tp)
	li t0, STACK_SIZE
	sub sp, sp, t0
	la t0, trap_entry
	csrw stvec, t0
	ret

	/* From HSM start: a0 hart id, a1 opaque */
	.globl secondary_start
	.balign 4
secondary_start:
	csrr s2, satp
	csrr s3, sstatus
	csrw sie, zero
	csrw satp, zero
	call hart_setup
	mv a2, s2
	mv a3, s3
	call secondary_entry
4:	wfi
	j 4b

	.macro each_register op, base, offset
	.irp n, 1,2,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	\op x\n, \offset + 8 * \n(\base)
	.endr
	.endm

	.globl trap_entry
	.balign 4
trap_entry:
	csrrw tp, sscratch, tp
	each_register sd, tp, HART_X
	sd x31, HART_X + 8 * 31(tp)
	csrr t0, sscratch
	sd t0, HART_X + 8 * 4(tp)
	csrw sscratch, tp
	csrr t0, sepc
	csrr t1, sstatus
	csrr t2, scause
	csrr t3, stval
	sd t0, HART_EPC(tp)
	sd t1, HART_STATUS(tp)
	sd t2, HART_CAUSE(tp)
	sd t3, HART_TVAL(tp)
	ld sp, HART_STACK(tp)
	mv a0, tp
	call trap_handle
	ld t0, HART_EPC(tp)
	ld t1, HART_STATUS(tp)
	csrw sepc, t0
	csrw sstatus, t1
	each_register ld, tp, HART_X
	ld x31, HART_X + 8 * 31(tp)
	ld tp, HART_X + 8 * 4(tp)
	sret

	/* Vectored mode: notes the vector and goes on as above. */
	.globl trap_vectors
	.balign 256
trap_vectors:
	.option push
	.option norvc
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	j vector_\n
	.endr
	.option pop
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
vector_\n:
	csrrw tp, sscratch, tp
	sd t0, HART_X + 8 * 5(tp)
	li t0, \n
	sd t0, HART_VECTOR(tp)
	ld t0, HART_X + 8 * 5(tp)
	csrrw tp, sscratch, tp
	j trap_entry
	.endr

	.macro callee_saved op
	\op ra, HART_SAVE + 0(tp)
	\op sp, HART_SAVE + 8(tp)
	\op gp, HART_SAVE + 16(tp)
	\op s0, HART_SAVE + 24(tp)
	\op s1, HART_SAVE + 32(tp)
	\op s2, HART_SAVE + 40(tp)
	\op s3, HART_SAVE + 48(tp)
	\op s4, HART_SAVE + 56(tp)
	\op s5, HART_SAVE + 64(tp)
	\op s6, HART_SAVE + 72(tp)
	\op s7, HART_SAVE + 80(tp)
	\op s8, HART_SAVE + 88(tp)
	\op s9, HART_SAVE + 96(tp)
	\op s10, HART_SAVE + 104(tp)
	\op s11, HART_SAVE + 112(tp)
	.endm

	/* hart->in -> x1..x31, one instruction, x1..x31 -> hart->out. Writable: run_instruction() fills the slot. */
	.globl run_slot_code, run_slot
	.balign 8
run_slot_code:
	callee_saved sd
	each_register ld, tp, HART_IN
	ld x31, HART_IN + 8 * 31(tp)
	ld tp, HART_IN + 8 * 4(tp)
	.balign 4
run_slot:
	.option push
	.option norvc
	nop
	.option pop
	csrrw x31, sscratch, x31
	sd x4, HART_OUT + 8 * 4(x31)
	each_register sd, x31, HART_OUT
	csrr x30, sscratch
	sd x30, HART_OUT + 8 * 31(x31)
	csrw sscratch, x31
	mv tp, x31
	callee_saved ld
	ret

	/* a0: user code, a1: user stack. Comes back by trap_handle() at user_return. */
	.globl user_enter, user_return
user_enter:
	callee_saved sd
	csrw sepc, a0
	mv sp, a1
	la ra, user_end
	sret
	.balign 4
user_return:
	callee_saved ld
	ret
user_end:			/* what user code returns to */
	ecall
	j user_end

	.section .bss
	.balign 4096
stacks:
	.space 32 * 2 * STACK_SIZE
	.globl boot_hart
boot_hart:
	.dword 0
