/* SPDX-License-Identifier: MIT */
/* Fake architecture of host tests: what it keeps of a vCPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <core/types.h>

struct arch_vcpu {
	u64 pc;
	u64 arg;
	u32 pins; /* bit n: level of enum vcpu_pin n */
};

#endif
