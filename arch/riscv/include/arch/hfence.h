/* SPDX-License-Identifier: MIT */
/* riscv64: fences of two-stage translation on this hart (Privileged Architecture 1.13, section 19.3.2), by number. */
#ifndef ARCH_HFENCE_H
#define ARCH_HFENCE_H

#include <core/types.h>

#ifdef __riscv

/* VS-stage translations of the VMID in hgatp: all, of one ASID, of one page, of one page in one ASID. */
static inline void hfence_vvma_all(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x11, x0, x0, x0" ::: "memory");
}

static inline void hfence_vvma_asid(u64 asid)
{
	__asm__ volatile(".insn r 0x73, 0, 0x11, x0, x0, %0" : : "r"(asid) : "memory");
}

static inline void hfence_vvma_page(u64 va)
{
	__asm__ volatile(".insn r 0x73, 0, 0x11, x0, %0, x0" : : "r"(va) : "memory");
}

static inline void hfence_vvma_page_asid(u64 va, u64 asid)
{
	__asm__ volatile(".insn r 0x73, 0, 0x11, x0, %0, %1" : : "r"(va), "r"(asid) : "memory");
}

/* G-stage translations: all, or of one VMID. */
static inline void hfence_gvma_all(void)
{
	__asm__ volatile(".insn r 0x73, 0, 0x31, x0, x0, x0" ::: "memory");
}

static inline void hfence_gvma_vmid(u64 vmid)
{
	__asm__ volatile(".insn r 0x73, 0, 0x31, x0, x0, %0" : : "r"(vmid) : "memory");
}

static inline void fence_i(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}

#else
/* Host tests record them. */
void hfence_vvma_all(void);
void hfence_vvma_asid(u64 asid);
void hfence_vvma_page(u64 va);
void hfence_vvma_page_asid(u64 va, u64 asid);
void hfence_gvma_all(void);
void hfence_gvma_vmid(u64 vmid);
void fence_i(void);
#endif

#endif
