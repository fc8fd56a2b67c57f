/* SPDX-License-Identifier: MIT */
/* Small objects (up to a page and beyond), zeroed, charged to an owner. */
#ifndef CORE_HEAP_H
#define CORE_HEAP_H

#include <core/mem_owner.h>

/*
 * @size bytes of zeros, aligned to 16; NULL when memory or @owner's limit is exhausted. Sizes above
 * half a page go to the page allocator, at most HEAP_SIZE_MAX. Any context.
 */
#define HEAP_SIZE_MAX (4ul << 20)
void *heap_alloc(struct mem_owner *owner, size_t size) __must_check;
/* NULL is allowed. A double free or an overrun of the object's end panics when it is seen. */
void heap_free(void *object);
char *heap_strdup(struct mem_owner *owner, const char *s) __must_check;

/* One row a size class, for `mem`. */
struct heap_class_stats {
	u32 object_size;
	u32 slab_pages;
	u64 used;
	u64 free;
};
/* Fills at most @max rows and returns how many there are. */
unsigned heap_stats(struct heap_class_stats *rows, unsigned max);

#endif
