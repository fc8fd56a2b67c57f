/* SPDX-License-Identifier: MIT */
/* Host tests: SIMD and SVE registers of each CPU. */
#ifndef TESTS_FAKE_FPU_H
#define TESTS_FAKE_FPU_H

#include <fake_arm64.h>

struct fake_fpu_cpu {
	u64 v[64];
	u8 sve[32 * 256 + 17 * 32];
	unsigned vl; /* bytes that the hardware has */
};

struct fake_fpu {
	struct fake_fpu_cpu cpu[FAKE_CPUS];
	unsigned moves; /* of all registers, either way */
};

extern struct fake_fpu fake_fpu;

#endif
