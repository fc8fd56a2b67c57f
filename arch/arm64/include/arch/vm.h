/* SPDX-License-Identifier: MIT */
/* arm64: the architecture's part of a VM. */
#ifndef ARCH_VM_H
#define ARCH_VM_H

#include <core/types.h>

struct gic;

/* PPIs of the guest's timers, from its tree's timer node. */
struct arm64_guest_timers {
	u32 physical; /* INTID 16..31; 0: the tree has no timer node */
	u32 virtual;
};

struct arch_vm {
	u64 vtcr;
	u64 vttbr;       /* root; the VMID is or'ed in when a CPU loads a vCPU */
	u64 time_offset; /* CNTVOFF_EL2: guest time = host time - offset, so that guests start at 0 */
	struct arm64_guest_timers timers;
	struct gic *gic; /* the emulator's; NULL: the machine has none */
};

#endif
