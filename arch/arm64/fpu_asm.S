/* SPDX-License-Identifier: MIT */
/* arm64: moves SIMD and SVE registers between hardware and memory. Callers have cleared CPTR_EL2.TFP and TZ. */

	.arch	armv8.2-a+sve

	.macro simd op
	\op	q0, q1, [x0, #0]
	\op	q2, q3, [x0, #32]
	\op	q4, q5, [x0, #64]
	\op	q6, q7, [x0, #96]
	\op	q8, q9, [x0, #128]
	\op	q10, q11, [x0, #160]
	\op	q12, q13, [x0, #192]
	\op	q14, q15, [x0, #224]
	\op	q16, q17, [x0, #256]
	\op	q18, q19, [x0, #288]
	\op	q20, q21, [x0, #320]
	\op	q22, q23, [x0, #352]
	\op	q24, q25, [x0, #384]
	\op	q26, q27, [x0, #416]
	\op	q28, q29, [x0, #448]
	\op	q30, q31, [x0, #480]
	.endm

	.text
	/* void fpu_save_simd(u64 v[64]) */
	.globl	fpu_save_simd
fpu_save_simd:
	simd stp
	ret

	/* void fpu_load_simd(const u64 v[64]) */
	.globl	fpu_load_simd
fpu_load_simd:
	simd ldp
	ret

	/* u64 fpu_sve_vl(void): bytes of a Z register, by ZCR_EL2 */
	.globl	fpu_sve_vl
fpu_sve_vl:
	rdvl	x0, #1
	ret

	.macro sve_vectors op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\op	z\n, [x0, #\n, mul vl]
	.endr
	.endm

	.macro sve_predicates op
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\op	p\n, [x1, #\n, mul vl]
	.endr
	.endm

	/* x1 = predicates, which are counted in eighths of a vector */
	.macro predicates_at
	addvl	x1, x0, #31
	addvl	x1, x1, #1
	.endm

	/* void fpu_save_sve(void *registers): Z0..31, P0..15, FFR */
	.globl	fpu_save_sve
fpu_save_sve:
	predicates_at
	sve_vectors str
	sve_predicates str
	rdffr	p0.b
	str	p0, [x1, #16, mul vl]
	ldr	p0, [x1, #0, mul vl]	/* the hardware still holds what memory does */
	ret

	/* void fpu_load_sve(const void *registers) */
	.globl	fpu_load_sve
fpu_load_sve:
	predicates_at
	ldr	p0, [x1, #16, mul vl]
	wrffr	p0.b
	sve_predicates ldr
	sve_vectors ldr
	ret
