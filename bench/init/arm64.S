/* SPDX-License-Identifier: MIT */
/* arm64: what init.c cannot say in C. The stack is the kernel's. */
	.globl	_start
_start:
	bl	start
	b	_start

	/* long system_call(long number, long a, long b, long c, long d) */
	.globl	system_call
system_call:
	mov	x8, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	svc	#0
	ret

	/* unsigned long now(void) */
	.globl	now
now:
	isb
	mrs	x0, cntvct_el0
	ret
