/* SPDX-License-Identifier: MIT */
/* Fake architecture of host tests: what it keeps of a vCPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <core/types.h>

struct arch_vcpu {
	u64 pc;
	u64 arg;
	u32 pins;  /* bit n: level of enum vcpu_pin n */
	u64 steps; /* what the played guest did since its reset; see world.h */
	/* In the CPU while loaded, and garbage here: */
	u64 sysreg;   /* for tests that count in it */
	u64 deadline; /* host ticks at which the guest's timer interrupts; 0: never */
};

#endif
