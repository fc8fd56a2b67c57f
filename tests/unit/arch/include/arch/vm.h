/* SPDX-License-Identifier: MIT */
/* Fake architecture of host tests: what it keeps of a VM. */
#ifndef ARCH_VM_H
#define ARCH_VM_H

#include <core/types.h>

struct arch_vm {
	u64 flush_count;
};

#endif
