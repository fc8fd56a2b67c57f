/* SPDX-License-Identifier: MIT */
/* Physical memory: a buddy allocator of naturally aligned blocks from 4 KiB to 1 GiB. */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include <core/addr.h>
#include <core/mem_owner.h>

#define PAGE_ORDER_MAX 18 /* 1 GiB */

/* What firmware and boot loader told us: filled by arch code, consumed by page_init(). */
#define BOOT_RANGES_MAX 64
struct boot_memory {
	struct hpa_range ram[BOOT_RANGES_MAX];
	unsigned ram_count;
	struct hpa_range reserved[BOOT_RANGES_MAX]; /* may overlap each other and RAM in any way */
	unsigned reserved_count;
};

/*
 * Takes over all RAM that is in no reserved range. The allocator's own map (a byte a page) is
 * carved out of the largest free range. -ENOMEM when no range is large enough.
 */
int page_init(const struct boot_memory *mem) __must_check;

/*
 * A block of 2^order pages, aligned to its size, contents undefined; NULL when there is none or
 * @owner would exceed its limit. Any context.
 */
void *page_alloc(struct mem_owner *owner, unsigned order) __must_check;
/* The same, filled with zeros. */
void *page_alloc_zero(struct mem_owner *owner, unsigned order) __must_check;
/* @owner and @order are those of the allocation. */
void page_free(struct mem_owner *owner, void *block, unsigned order);
/* The largest order that page_alloc() could serve now, or -1. A hint: others allocate meanwhile. */
int page_largest_order(void);

struct page_stats {
	u64 total_pages; /* managed at all */
	u64 free_pages;
	u64 free_blocks[PAGE_ORDER_MAX + 1];
};
void page_stats(struct page_stats *stats);
/* True if every byte of the page at @pa is RAM that page_init() was told of (free, used or reserved). */
bool page_is_ram(hpa_t pa);
/* The RAM range number @index, whole pages, ascending, none touching another; false when there are fewer. */
bool page_ram_range(unsigned index, struct hpa_range *range);

#endif
