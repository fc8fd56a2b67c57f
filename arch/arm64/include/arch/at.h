/* SPDX-License-Identifier: MIT */
/* arm64: address translation by the CPU, through the guest's stage 1 only (C5.5). */
#ifndef ARCH_AT_H
#define ARCH_AT_H

#include <arch/sysreg.h>

/* PAR_EL1 (D24.2.143) */
#define PAR_F BIT(0) /* it failed */
#define PAR_PA 0x000ffffffffff000ull
#define PAR_ATTR_NORMAL (0xfull << 60) /* the upper half of MAIR's byte; 0: Device memory */

/*
 * PAR_EL1 for a read of @va at EL1 or EL0 of the vCPU that is loaded; overwrites PAR_EL1. The barrier: AT is not done
 * before it.
 */
#ifdef __aarch64__
static inline u64 at_s1e1r(u64 va)
{
	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(va) : "memory");
	return sysreg_read(PAR_EL1);
}

static inline u64 at_s1e0r(u64 va)
{
	__asm__ volatile("at s1e0r, %0\n\tisb" : : "r"(va) : "memory");
	return sysreg_read(PAR_EL1);
}
#else
u64 at_s1e1r(u64 va);
u64 at_s1e0r(u64 va);
#endif

#endif
