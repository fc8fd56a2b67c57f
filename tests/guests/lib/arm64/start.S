/* SPDX-License-Identifier: MIT */
/* arm64 test guests: Image header, start of the CPUs, exception entry, and code that needs all registers. */
#include <arm64.h>

	.macro adr_l reg, symbol
	adrp \reg, \symbol
	add \reg, \reg, :lo12:\symbol
	.endm

	.section .head, "ax"
	.globl _start
_start:				/* Linux arm64 Image header */
	b 1f
	.long 0
	.quad 0x200000		/* text_offset */
	.quad image_end - _start
	.quad 0xa		/* little-endian, 4 KiB pages, anywhere */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long 0
1:	mov x20, x0
	adr_l x0, bss_start
	adr_l x1, image_end
2:	str xzr, [x0], #8
	cmp x0, x1
	b.lo 2b
	adr_l x0, cpus
	str x20, [x0, #CPU_START]
	bl cpu_setup
	mov x0, x20
	bl guest_entry
3:	wfi
	b 3b

	.text
	/* From CPU_ON: x0 is the context id, its struct cpu */
	.globl secondary_start
	.balign 4
secondary_start:
	str x0, [x0, #CPU_START]
	bl cpu_setup
	bl mmu_on
	bl secondary_entry
4:	wfi
	b 4b

	/* x0: struct cpu. Notes how it starts; sets both stacks and the vectors; goes on with SP_EL0. */
cpu_setup:
	mrs x1, sctlr_el1
	mrs x2, currentel
	str x1, [x0, #CPU_START + 8]
	str x2, [x0, #CPU_START + 16]
	mrs x1, daif
	mrs x2, spsel
	str x1, [x0, #CPU_START + 24]
	str x2, [x0, #CPU_START + 32]
	mrs x1, mpidr_el1
	str x1, [x0, #CPU_START + 40]
	msr daifset, #15
	msr tpidr_el1, x0
	adr_l x1, cpus
	sub x1, x0, x1
	mov x2, #CPU_SIZE
	udiv x1, x1, x2
	add x1, x1, #1
	mov x2, #(2 * STACK_SIZE)
	adr_l x3, stacks
	madd x1, x1, x2, x3	/* upper half: exceptions; lower half: the program */
	str x1, [x0, #CPU_STACK]
	msr spsel, #1
	mov sp, x1
	msr spsel, #0
	sub x1, x1, #STACK_SIZE
	mov sp, x1
	adr_l x1, vectors
	msr vbar_el1, x1
	mov x1, #SCTLR_OFF & 0xffff
	movk x1, #SCTLR_OFF >> 16, lsl #16
	msr sctlr_el1, x1
	mov x1, #MAIR_VALUE & 0xffff
	movk x1, #MAIR_VALUE >> 16, lsl #16
	msr mair_el1, x1
	isb
	msr daifclr, #4		/* an SError is not to be missed */
	ret

	.globl mmu_on, mmu_off
mmu_on:
	adr_l x1, tcr_value
	ldr x1, [x1]
	msr tcr_el1, x1
	adr_l x1, identity
	msr ttbr0_el1, x1
	msr ttbr1_el1, xzr
	isb
	tlbi vmalle1
	dsb nsh
	isb
	mov x1, #SCTLR_ON & 0xffff
	movk x1, #SCTLR_ON >> 16, lsl #16
	msr sctlr_el1, x1
	isb
	ret
mmu_off:
	mov x1, #SCTLR_OFF & 0xffff
	movk x1, #SCTLR_OFF >> 16, lsl #16
	msr sctlr_el1, x1
	isb
	tlbi vmalle1
	dsb nsh
	isb
	ret

	/* All but x0 and x1. */
	.macro each_register op, base, offset
	.irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	\op x\n, [\base, #\offset + 8 * \n]
	.endr
	.endm

	.macro vector n
	.balign 128
	stp x0, x1, [sp, #-16]!
	mrs x0, tpidr_el1
	mov x1, #\n
	b trap_entry
	.endm

	.balign 2048
	.globl vectors
vectors:
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	vector \n
	.endr

	.balign 128
trap_entry:
	each_register str, x0, CPU_X
	ldp x2, x3, [sp], #16
	stp x2, x3, [x0, #CPU_X]
	str x1, [x0, #CPU_VECTOR]
	mrs x2, sp_el0
	mrs x3, elr_el1
	mrs x4, spsr_el1
	mrs x5, esr_el1
	mrs x6, far_el1
	mrs x7, daif
	mrs x8, spsel
	orr x7, x7, x8
	str x2, [x0, #CPU_SP]
	stp x3, x4, [x0, #CPU_ELR]
	stp x5, x6, [x0, #CPU_ESR]
	str x7, [x0, #CPU_STATE]
	mov x19, x0
	bl trap_handle
	mov x0, x19
	ldr x2, [x0, #CPU_SP]
	ldp x3, x4, [x0, #CPU_ELR]
	msr sp_el0, x2
	msr elr_el1, x3
	msr spsr_el1, x4
	each_register ldr, x0, CPU_X
	ldp x0, x1, [x0, #CPU_X]
	eret

	.macro callee_saved op, base
	\op x19, [\base, #CPU_SAVE + 0]
	\op x20, [\base, #CPU_SAVE + 8]
	\op x21, [\base, #CPU_SAVE + 16]
	\op x22, [\base, #CPU_SAVE + 24]
	\op x23, [\base, #CPU_SAVE + 32]
	\op x24, [\base, #CPU_SAVE + 40]
	\op x25, [\base, #CPU_SAVE + 48]
	\op x26, [\base, #CPU_SAVE + 56]
	\op x27, [\base, #CPU_SAVE + 64]
	\op x28, [\base, #CPU_SAVE + 72]
	\op x29, [\base, #CPU_SAVE + 80]
	\op x30, [\base, #CPU_SAVE + 88]
	.endm
	.macro leave_c
	mrs x9, tpidr_el1
	callee_saved str, x9
	mov x10, sp
	str x10, [x9, #CPU_SAVE + 96]
	.endm
	.macro back_to_c base
	ldr x10, [\base, #CPU_SAVE + 96]
	mov sp, x10
	callee_saved ldr, \base
	.endm
	.macro registers_in
	mrs x0, tpidr_el1
	each_register ldr, x0, CPU_IN
	ldr x1, [x0, #CPU_IN + 8]
	ldr x0, [x0, #CPU_IN]
	.endm

	/* cpu->in -> x0..x30 and SP, one instruction, all -> cpu->out. Writable: run_instruction() fills the slot. */
	.globl run_slot_code, run_slot
	.balign 64
run_slot_code:
	leave_c
	ldr x10, [x9, #CPU_IN + 248]
	mov sp, x10
	registers_in
run_slot:
	nop
	msr tpidrro_el0, x0
	mrs x0, tpidr_el1
	each_register str, x0, CPU_OUT
	str x1, [x0, #CPU_OUT + 8]
	mrs x1, tpidrro_el0
	str x1, [x0, #CPU_OUT]
	mov x1, sp
	str x1, [x0, #CPU_OUT + 248]
	back_to_c x0
	ret

	/* x0: EL0 code, x1: its SPSR. Comes back by trap_handle() at user_return. */
	.globl user_enter, user_return, user_end
user_enter:
	leave_c
	ldr x10, [x9, #CPU_IN + 248]
	mov sp, x10
	msr elr_el1, x0
	msr spsr_el1, x1
	registers_in
	eret
user_return:
	mrs x0, tpidr_el1
	back_to_c x0
	ret
user_end:			/* what EL0 code returns to */
	svc #USER_RETURNED
	b user_end

	/* void smccc_call(u64 regs[18], bool smc): x18..x30 and SP have to come back as they were. */
	.macro arguments op, base
	.irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17
	\op x\n, [\base, #8 * \n]
	.endr
	.endm
	.globl smccc_call
smccc_call:
	mrs x9, tpidr_el1
	callee_saved str, x9
	str x0, [sp, #-16]!
	mov x19, x0
	mov x20, x1
	arguments ldr, x19
	ldp x0, x1, [x19]
	cbnz x20, 1f
	hvc #0
	b 2f
1:	smc #0
2:	stp x0, x1, [x19]	/* x19 is the call's to keep */
	arguments str, x19
	ldr x0, [sp], #16
	cmp x0, x19
	b.ne smccc_lost
	mrs x0, tpidr_el1
	.irp n, 21,22,23,24,25,26,27,28,29
	ldr x1, [x0, #CPU_SAVE + 8 * (\n - 19)]
	cmp x1, x\n
	b.ne smccc_lost
	.endr
	callee_saved ldr, x0
	ret

	.section .bss
	.balign 4096
stacks:
	.space 32 * 2 * STACK_SIZE
