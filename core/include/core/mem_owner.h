/* SPDX-License-Identifier: MIT */
/* Who holds memory: the account that page.c and heap.c charge, with a limit and a name for leaks. */
#ifndef CORE_MEM_OWNER_H
#define CORE_MEM_OWNER_H

#include <libs/list.h>

/* Charged atomically, without a lock. An owner must hold nothing when it goes away. */
struct mem_owner {
	const char *name;
	u64 page_limit; /* in pages; 0: none */
	u64 page_count; /* pages held now, those of the heap not included */
	u64 heap_bytes; /* bytes of small objects held now */
	u64 heap_objects;
	u64 heap_limit; /* in bytes; 0: none */
};

extern struct mem_owner owner_system; /* the hypervisor itself */

/* For page.c and heap.c. False, and nothing is charged, when a limit does not allow it. */
bool mem_owner_charge_pages(struct mem_owner *owner, u64 pages) __must_check;
void mem_owner_uncharge_pages(struct mem_owner *owner, u64 pages);
/* One object of @bytes. */
bool mem_owner_charge_object(struct mem_owner *owner, u64 bytes) __must_check;
void mem_owner_uncharge_object(struct mem_owner *owner, u64 bytes);

static inline bool mem_owner_is_empty(const struct mem_owner *o)
{
	return o->page_count == 0 && o->heap_bytes == 0 && o->heap_objects == 0;
}

#endif
