/* SPDX-License-Identifier: MIT */
/* The hypervisor's own address space: RAM at its physical address, W^X, guard pages. */
#ifndef CORE_HOSTMAP_H
#define CORE_HOSTMAP_H

#include <core/page.h>

/*
 * Builds the tables (text r-x, rodata r--, all else rw-) for the RAM that page_init() took and the registers of
 * @console (size 0: none), and switches this CPU to them.
 */
int hostmap_init(struct hpa_range console) __must_check;
/* Switches another CPU to the same tables. */
void hostmap_activate(void);
/* Maps device registers, uncached, at their physical address; ranges already mapped so are fine. NULL: out of memory. */
volatile void *hostmap_device(hpa_t base, u64 size) __must_check;
/* True if @pa is in the map: RAM, or registers of a device that the hypervisor drives itself. Tasks. */
bool hostmap_has(hpa_t pa);
/* Takes the first page of a stack out of the map and puts it back. */
int hostmap_guard(void *page) __must_check;
void hostmap_unguard(void *page);
/* Allocates a stack of 2^order pages whose lowest page is a guard page, and frees it. */
void *hostmap_stack_alloc(unsigned order) __must_check;
void hostmap_stack_free(void *stack, unsigned order);

#endif
