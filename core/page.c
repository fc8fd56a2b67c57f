/* SPDX-License-Identifier: MIT */
/* The buddy allocator: all physical memory, in naturally aligned blocks of 2^order pages. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/lock.h>
#include <core/page.h>
#include <core/panic.h>
#include <string.h>

/*
 * One byte of state a page. Only the first page of a block says anything; a block's buddy is the
 * block whose address differs in the one bit of its size, and two free buddies always merge:
 *
 *     page    0    1    2    3    4    5    6    7
 *     state  FREE  .  USED USED FREE  .    .    .        FREE and USED carry the order
 *            └─1──┘   0    0    └───────2───────┘
 *
 * Free blocks are chained through their own first bytes, so the map is all there is.
 */
enum page_state {
	STATE_INSIDE = 0x00, /* not the first page of a block */
	STATE_FREE = 0x40,   /* | order */
	STATE_USED = 0x80,   /* | order */
	STATE_RESERVED = 0xff,
};

/* RAM without a hole in it, in page numbers. */
struct region {
	u64 first;
	u64 end;
	u8 *state; /* one byte a page */
};

static struct {
	struct spinlock
		lock; /* guards all below and the state bytes; regions do not change after page_init() */
	struct region regions[BOOT_RANGES_MAX];
	unsigned region_count;
	u32 free_orders; /* bit n: free[n] is not empty */
	struct list_node free[PAGE_ORDER_MAX + 1];
	struct page_stats stats;
} pages = { .lock = SPINLOCK(LOCK_PAGE, "page") };

static u64 page_number(const void *block)
{
	return ptr_to_hpa(block).v >> PAGE_SHIFT;
}

static void *page_pointer(u64 page)
{
	return hpa_to_ptr(hpa(page << PAGE_SHIFT));
}

static struct region *find_region(u64 page)
{
	for (struct region *r = pages.regions; r < pages.regions + pages.region_count; r++)
		if (page >= r->first && page < r->end)
			return r;
	return NULL;
}

static void free_list_add(struct region *r, u64 page, unsigned order)
{
	r->state[page - r->first] = STATE_FREE | order;
	list_push_front(&pages.free[order], page_pointer(page));
	pages.free_orders |= 1u << order;
	pages.stats.free_blocks[order]++;
}

static void free_list_remove(struct region *r, u64 page, unsigned order)
{
	r->state[page - r->first] = STATE_INSIDE;
	list_remove(page_pointer(page));
	if (list_is_empty(&pages.free[order]))
		pages.free_orders &= ~(1u << order);
	pages.stats.free_blocks[order]--;
}

static bool is_free_block(const struct region *r, u64 page, unsigned order)
{
	return page >= r->first && page < r->end &&
	       r->state[page - r->first] == (STATE_FREE | order);
}

/* Puts a block back and merges it with its buddies as far as they are free. */
static void free_locked(struct region *r, u64 page, unsigned order)
{
	lock_assert_held(&pages.lock);
	pages.stats.free_pages += 1ull << order;
	for (; order < PAGE_ORDER_MAX && is_free_block(r, page ^ BIT(order), order); order++) {
		free_list_remove(r, page ^ BIT(order), order);
		page &= ~BIT(order);
	}
	free_list_add(r, page, order);
}

/* The smallest block that is large enough, split down to @order; 0 (never a managed page) when none. */
static u64 alloc_locked(unsigned order)
{
	u32 fitting = pages.free_orders & ~0u << order;
	struct region *r;
	unsigned found;
	u64 page;

	lock_assert_held(&pages.lock);
	if (!fitting)
		return 0;
	found = (unsigned)__builtin_ctz(fitting);
	page = page_number(pages.free[found].next);
	r = find_region(page);
	free_list_remove(r, page, found);
	while (found > order) {
		found--;
		free_list_add(r, page + BIT(found), found);
	}
	r->state[page - r->first] = STATE_USED | order;
	pages.stats.free_pages -= 1ull << order;
	return page;
}

void *page_alloc(struct mem_owner *owner, unsigned order)
{
	irqflags_t flags;
	u64 page;

	if (order > PAGE_ORDER_MAX || !mem_owner_charge_pages(owner, BIT(order)))
		return NULL;
	flags = spin_lock(&pages.lock);
	page = alloc_locked(order);
	spin_unlock(&pages.lock, flags);
	if (page)
		return page_pointer(page);
	mem_owner_uncharge_pages(owner, BIT(order));
	return NULL;
}

void *page_alloc_zero(struct mem_owner *owner, unsigned order)
{
	void *block = page_alloc(owner, order);

	if (block)
		arch_zero_pages(block, PAGE_SIZE << order);
	return block;
}

void page_free(struct mem_owner *owner, void *block, unsigned order)
{
	u64 page = page_number(block);
	struct region *r = find_region(page);
	irqflags_t flags;
	u8 state;

	if (!r || !is_aligned(ptr_to_hpa(block).v, PAGE_SIZE))
		panic("page_free(%p): not a page of RAM", block);
	flags = spin_lock(&pages.lock);
	state = r->state[page - r->first];
	if (state == (STATE_USED | order))
		free_locked(r, page, order);
	spin_unlock(&pages.lock, flags);
	if (state != (STATE_USED | order))
		panic("page_free(%p, order %u) by %s: the page's state is 0x%02x, double free or "
		      "wrong order",
		      block, order, owner->name, state);
	mem_owner_uncharge_pages(owner, BIT(order));
}

int page_largest_order(void)
{
	u32 orders = __atomic_load_n(&pages.free_orders, __ATOMIC_RELAXED);

	return orders ? 31 - __builtin_clz(orders) : -1;
}

void page_stats(struct page_stats *stats)
{
	irqflags_t flags = spin_lock(&pages.lock);

	*stats = pages.stats;
	spin_unlock(&pages.lock, flags);
}

bool page_is_ram(hpa_t pa)
{
	return find_region(pa.v >> PAGE_SHIFT) != NULL;
}

bool page_ram_range(unsigned index, struct hpa_range *range)
{
	const struct region *r = &pages.regions[index];

	if (index >= pages.region_count)
		return false;
	*range = (struct hpa_range){ r->first << PAGE_SHIFT, (r->end - r->first) << PAGE_SHIFT };
	return true;
}

/* The end of @range in bytes; what would wrap ends at the last page. */
static u64 range_end(const struct hpa_range *range)
{
	u64 end;

	return __builtin_add_overflow(range->base, range->size, &end) ? ~PAGE_MASK :
									MIN(end, ~PAGE_MASK);
}

/* Whole pages only. Page 0 is left out: its address is the null pointer. */
static struct region region_of(const struct hpa_range *ram)
{
	u64 first = align_up(MIN(ram->base, ~PAGE_MASK), PAGE_SIZE) >> PAGE_SHIFT;

	return (struct region){ .first = MAX(first, 1ull), .end = range_end(ram) >> PAGE_SHIFT };
}

/* Keeps the regions sorted and merges what touches or overlaps. */
static void add_region(struct region add)
{
	struct region *r = pages.regions;
	struct region *end = pages.regions + pages.region_count;
	struct region *rest;

	if (add.first >= add.end)
		return;
	while (r < end && r->end < add.first)
		r++;
	for (rest = r; rest < end && rest->first <= add.end; rest++) {
		add.first = MIN(add.first, rest->first);
		add.end = MAX(add.end, rest->end);
	}
	memmove(r + 1, rest, (size_t)((u8 *)end - (u8 *)rest));
	*r = add;
	pages.region_count += 1 - (unsigned)(rest - r);
}

/*
 * The first run of pages at or after @page of region @r that no reserved range touches, as [@page, @end).
 * False when there is none.
 */
static bool next_free_run(const struct boot_memory *mem, const struct region *r, u64 *page,
			  u64 *end)
{
	const struct hpa_range *res = mem->reserved;

	*end = r->end;
	for (unsigned i = 0; i < mem->reserved_count; i++) {
		u64 res_first = res[i].base >> PAGE_SHIFT;
		u64 res_end = (range_end(&res[i]) + PAGE_MASK) >> PAGE_SHIFT;

		if (!res[i].size || res_end <= *page)
			continue;
		if (res_first > *page) {
			*end = MIN(*end, res_first);
			continue;
		}
		/* It covers @page: start over behind it. */
		*page = res_end;
		*end = r->end;
		i = -1u;
	}
	return *page < r->end;
}

struct run {
	u64 first;
	u64 end;
};

static struct run largest_run(const struct boot_memory *mem)
{
	struct run best = { 0, 0 };

	for (unsigned i = 0; i < pages.region_count; i++) {
		struct region *r = &pages.regions[i];

		for (u64 end, page = r->first; next_free_run(mem, r, &page, &end); page = end)
			if (end - page > best.end - best.first)
				best = (struct run){ page, end };
	}
	return best;
}

static void free_run_locked(struct region *r, u64 page, u64 end)
{
	while (page < end) {
		unsigned order = MIN((unsigned)__builtin_ctzll(page), (unsigned)PAGE_ORDER_MAX);

		while (BIT(order) > end - page)
			order--;
		memset(r->state + (page - r->first), STATE_INSIDE, BIT(order));
		free_locked(r, page, order);
		page += BIT(order);
	}
}

/* Hands every free page to the lists, those of @map excepted, which hold the state bytes. */
static void free_all_locked(const struct boot_memory *mem, struct run map)
{
	for (unsigned i = 0; i < pages.region_count; i++) {
		struct region *r = &pages.regions[i];

		for (u64 end, page = r->first; next_free_run(mem, r, &page, &end); page = end)
			free_run_locked(r, page == map.first ? map.end : page, end);
	}
}

int page_init(const struct boot_memory *mem)
{
	struct run largest, map;
	irqflags_t flags;
	u64 total = 0;
	u8 *state;

	pages.region_count = 0;
	pages.free_orders = 0;
	pages.stats = (struct page_stats){ 0 };
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		list_init(&pages.free[order]);
	for (unsigned i = 0; i < mem->ram_count; i++)
		add_region(region_of(&mem->ram[i]));
	for (unsigned i = 0; i < pages.region_count; i++)
		total += pages.regions[i].end - pages.regions[i].first;

	largest = largest_run(mem);
	map = (struct run){ largest.first, largest.first + ((total + PAGE_MASK) >> PAGE_SHIFT) };
	if (!total || map.end > largest.end)
		return -ENOMEM;
	state = page_pointer(map.first);
	memset(state, STATE_RESERVED, total);
	for (unsigned i = 0; i < pages.region_count; i++) {
		pages.regions[i].state = state;
		state += pages.regions[i].end - pages.regions[i].first;
	}
	flags = spin_lock(&pages.lock);
	pages.stats.total_pages = total;
	free_all_locked(mem, map);
	spin_unlock(&pages.lock, flags);
	return 0;
}
