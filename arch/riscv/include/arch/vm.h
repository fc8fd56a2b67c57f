/* SPDX-License-Identifier: MIT */
/* riscv64: the architecture's part of a VM. */
#ifndef ARCH_VM_H
#define ARCH_VM_H

#include <core/types.h>

struct vcpu;

struct arch_vm {
	u64 hgatp;           /* mode and root; the VMID is or'ed in when a CPU loads a vCPU */
	u64 time_delta; /* htimedelta: guest time = host time + delta, so that guests start at 0 */
};

#endif
