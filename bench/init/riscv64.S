/* SPDX-License-Identifier: MIT */
/* riscv64: what init.c cannot say in C. The stack is the kernel's. */
	.globl	_start
_start:
	call	start
	j	_start

	/* long system_call(long number, long a, long b, long c, long d) */
	.globl	system_call
system_call:
	mv	a7, a0
	mv	a0, a1
	mv	a1, a2
	mv	a2, a3
	mv	a3, a4
	ecall
	ret

	/* unsigned long now(void) */
	.globl	now
now:
	rdtime	a0
	ret
