/* SPDX-License-Identifier: MIT */
/* riscv64: moves float and vector registers between hardware and memory. Callers have set sstatus.FS or VS. */
#include <arch/csr.h>

	.attribute arch, "rv64gcv"

	.macro for_float op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	f\n, 8 * \n(a0)
	.endr
	.endm

	.text
	/* void fpu_save_float(u64 f[32], u64 *fcsr) */
	.globl	fpu_save_float
fpu_save_float:
	for_float fsd
	csrr	t0, fcsr
	sd	t0, 0(a1)
	ret

	/* void fpu_load_float(const u64 f[32], const u64 *fcsr) */
	.globl	fpu_load_float
fpu_load_float:
	for_float fld
	ld	t0, 0(a1)
	csrw	fcsr, t0
	ret

	/* Moves all vector registers, eight at a time; independent of vtype and vl, but not of vstart. */
	.macro for_vector op8
	csrr	t0, CSR_VLENB
	slli	t0, t0, 3
	\op8	v0, (a0)
	add	a0, a0, t0
	\op8	v8, (a0)
	add	a0, a0, t0
	\op8	v16, (a0)
	add	a0, a0, t0
	\op8	v24, (a0)
	.endm

	/* void fpu_save_vector(void *registers, u64 control[4]): control is vstart, vl, vtype, vcsr */
	.globl	fpu_save_vector
fpu_save_vector:
	csrr	t0, CSR_VSTART
	sd	t0, 0(a1)
	csrr	t0, CSR_VL
	sd	t0, 8(a1)
	csrr	t0, CSR_VTYPE
	sd	t0, 16(a1)
	csrr	t0, CSR_VCSR
	sd	t0, 24(a1)
	csrw	CSR_VSTART, zero
	for_vector vs8r.v
	ret

	/* void fpu_load_vector(const void *registers, const u64 control[4]) */
	.globl	fpu_load_vector
fpu_load_vector:
	csrw	CSR_VSTART, zero
	for_vector vl8re8.v
	ld	t0, 8(a1)
	ld	t1, 16(a1)
	vsetvl	zero, t0, t1		/* an illegal vtype sets vill again */
	ld	t0, 24(a1)
	csrw	CSR_VCSR, t0
	ld	t0, 0(a1)
	csrw	CSR_VSTART, t0		/* last: every vector instruction clears it */
	ret

	/* u64 fpu_vlenb(void) */
	.globl	fpu_vlenb
fpu_vlenb:
	csrr	a0, CSR_VLENB
	ret
