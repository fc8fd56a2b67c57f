/* SPDX-License-Identifier: MIT */
/* riscv64: reads the guest's code through the guest's own translation; a fault lands here, not in panic(). */
#include <arch/csr.h>
#include <arch/fixup.h>

	/*
	 * u64 riscv_guest_fetch(u64 va, u32 *insn, u64 *tval)
	 *
	 * Two halfwords, because an instruction is aligned to two bytes only and may cross into a page
	 * that is not there. A trap of ours replaces the CSRs that hold the guest's state of this exit,
	 * so they are kept in registers and put back when one came.
	 */
	.text
	.globl	riscv_guest_fetch
riscv_guest_fetch:
	csrr	t2, sepc
	csrr	t3, sstatus
	csrr	t4, CSR_HSTATUS
1:	.insn	r 0x73, 4, 0x32, t5, a0, x3	/* hlvx.hu t5, (a0) */
	andi	t6, t5, 3
	addi	t6, t6, -3
	bnez	t6, 3f				/* 16 bits long */
	addi	a0, a0, 2
2:	.insn	r 0x73, 4, 0x32, t6, a0, x3	/* hlvx.hu t6, (a0) */
	slli	t6, t6, 16
	or	t5, t5, t6
3:	sw	t5, 0(a1)
	li	a0, 0
	ret

	/* t0 = scause, t1 = stval */
fault:
	csrw	sepc, t2
	csrw	sstatus, t3
	csrw	CSR_HSTATUS, t4
	sd	t1, 0(a2)
	mv	a0, t0
	ret

	FIXUP	1b, fault
	FIXUP	2b, fault
