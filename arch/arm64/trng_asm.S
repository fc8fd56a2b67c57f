/* SPDX-License-Identifier: MIT */
/* arm64: the CPU's entropy source (FEAT_RNG), which answers in the flags that C cannot see. */
	.text

/* bool trng_rndrrs(u64 *word): reseeded first (C5.2.15 RNDRRS); Z is set when there was none. */
	.global trng_rndrrs
	.type trng_rndrrs, %function
trng_rndrrs:
	hint	#34			/* bti c */
	mrs	x1, S3_3_C2_C4_1
	str	x1, [x0]
	cset	w0, ne
	ret
	.size trng_rndrrs, . - trng_rndrrs
