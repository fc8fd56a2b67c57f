/* SPDX-License-Identifier: MIT */
/* The three kinds of addresses, told apart by the compiler: guest-physical, host-physical, pointer. */
#ifndef CORE_ADDR_H
#define CORE_ADDR_H

#include <core/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)

/* An address in a guest's physical address space. Meaningless without the VM it belongs to. */
typedef struct {
	u64 v;
} gpa_t;

/* An address in the machine's physical address space. */
typedef struct {
	u64 v;
} hpa_t;

/* A half-open range of host-physical addresses, in bytes. */
struct hpa_range {
	u64 base;
	u64 size;
};

static inline gpa_t gpa(u64 v)
{
	return (gpa_t){ v };
}

static inline hpa_t hpa(u64 v)
{
	return (hpa_t){ v };
}

/*
 * The hypervisor maps all RAM at its physical address (see docs/architecture.md), so both
 * conversions are free. They are valid for RAM and for what hostmap_device() has mapped.
 */
static inline void *hpa_to_ptr(hpa_t pa)
{
	return (void *)(uintptr_t)pa.v;
}

static inline hpa_t ptr_to_hpa(const void *p)
{
	return (hpa_t){ (uintptr_t)p };
}

#endif
