/* SPDX-License-Identifier: MIT */
/* The hypervisor's own address space: identity map of RAM and devices, W^X, guard pages. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/lock.h>
#include <core/log.h>
#include <core/panic.h>

/*
 *   RAM      | rw- large pages | image: r-x | r-- | rw- | rw- large pages ...  guard pages: nothing
 *   devices    rw-, uncached, as drivers ask for them
 */
#define ATTR_DATA (PT_READ | PT_WRITE | PT_GLOBAL)
#define ATTR_RODATA (PT_READ | PT_GLOBAL)
#define ATTR_TEXT (PT_READ | PT_EXEC | PT_GLOBAL)
#define ATTR_DEVICE (PT_READ | PT_WRITE | PT_DEVICE | PT_GLOBAL)

static struct spinlock map_lock =
	SPINLOCK(LOCK_HOSTMAP, "hostmap"); /* guards host_table, free_stacks */
static struct pgtable host_table;

static int map_same(u64 base, u64 end, unsigned attr)
{
	return end > base ? pgtable_map(&host_table, base, hpa(base), end - base, attr) : 0;
}

struct section {
	const char *start;
	const char *end;
	unsigned attr;
};

static int map_image(void)
{
	const struct section sections[] = {
		{ image_start, text_end, ATTR_TEXT },
		{ text_end, rodata_end, ATTR_RODATA },
		{ rodata_end, image_end, ATTR_DATA },
	};
	int e = 0;

	for (unsigned i = 0; !e && i < ARRAY_SIZE(sections); i++)
		e = map_same(ptr_to_hpa(sections[i].start).v, ptr_to_hpa(sections[i].end).v,
			     sections[i].attr);
	return e;
}

/* All of the range but what the image takes of it. */
static int map_ram(const struct hpa_range *ram)
{
	u64 image = ptr_to_hpa(image_start).v;
	u64 after_image = ptr_to_hpa(image_end).v;
	u64 end = ram->base + ram->size;
	int e;

	if (after_image <= ram->base || image >= end)
		return map_same(ram->base, end, ATTR_DATA);
	e = map_same(ram->base, image, ATTR_DATA);
	return e ? e : map_same(after_image, end, ATTR_DATA);
}

/* Page by page, because some of it may be mapped for another device already. */
static int map_device_locked(u64 base, u64 end)
{
	struct pt_leaf leaf;
	int e;

	lock_assert_held(&map_lock);
	e = map_same(base, end, ATTR_DEVICE);
	if (e != -EEXIST)
		return e;
	for (u64 page = base; page < end; page += PAGE_SIZE) {
		if (pgtable_lookup(&host_table, page, &leaf) != 0)
			e = map_same(page, page + PAGE_SIZE, ATTR_DEVICE);
		else
			e = leaf.attr & PT_DEVICE ? 0 : -EEXIST;
		if (e)
			return e;
	}
	return 0;
}

volatile void *hostmap_device(hpa_t base, u64 size)
{
	u64 start = align_down(base.v, PAGE_SIZE);
	irqflags_t flags;
	u64 last;
	int e = -ERANGE;

	if (size && !__builtin_add_overflow(base.v, size - 1, &last) && last < ~PAGE_MASK) {
		flags = spin_lock(&map_lock);
		e = map_device_locked(start, align_down(last, PAGE_SIZE) + PAGE_SIZE);
		spin_unlock(&map_lock, flags);
	}
	if (e)
		log_error("device registers at 0x%llx+0x%llx cannot be mapped: %s",
			  (unsigned long long)base.v, (unsigned long long)size, error_text(e));
	return e ? NULL : hpa_to_ptr(base);
}

bool hostmap_has(hpa_t pa)
{
	irqflags_t flags = spin_lock(&map_lock);
	struct pt_leaf leaf;
	bool mapped = host_table.root && pgtable_lookup(&host_table, pa.v, &leaf) == 0;

	spin_unlock(&map_lock, flags);
	return mapped;
}

int hostmap_guard(void *page)
{
	irqflags_t flags = spin_lock(&map_lock);
	int e = pgtable_unmap(&host_table, ptr_to_hpa(page).v, PAGE_SIZE);

	spin_unlock(&map_lock, flags);
	return e;
}

void hostmap_unguard(void *page)
{
	u64 base = ptr_to_hpa(page).v;
	irqflags_t flags = spin_lock(&map_lock);
	int e = map_same(base, base + PAGE_SIZE, ATTR_DATA);

	spin_unlock(&map_lock, flags);
	/* The tables are there since the guard page was cut out: nothing is left that could fail. */
	ASSERT(e == 0);
}

/* ---- stacks ---- */

/*
 * With break-before-make a leaf that is split maps nothing for a moment. So it must be one that nobody uses: stacks
 * come in chunks, each of which is mapped page by page when it is taken, the first one before the tables are in
 * use, each further one as large as the largest leaf, so that it is a leaf of its own. Chunks are kept.
 */
#define STACK_ORDER 2
#define STACK_SIZE (PAGE_SIZE << STACK_ORDER)
#define FIRST_CHUNK_ORDER 6

struct free_stack {
	struct free_stack *next;
};
static struct free_stack *free_stacks; /* at the top of each; map_lock guards it */

static struct free_stack *free_stack_of(u8 *stack)
{
	return (struct free_stack *)(stack + STACK_SIZE) - 1;
}

static int map_chunk_locked(u8 *chunk, u64 size)
{
	u64 base = ptr_to_hpa(chunk).v;
	int e = pgtable_unmap(&host_table, base, size);

	for (u64 at = base; !e && at < base + size; at += STACK_SIZE) {
		e = map_same(at + PAGE_SIZE, at + STACK_SIZE, ATTR_DATA);
		/* The first one makes the table, if one has to be made; without it all is as before. */
		if (e && at == base)
			ASSERT(map_same(base, base + size, ATTR_DATA) == 0);
	}
	return e;
}

static int add_stacks_locked(unsigned order)
{
	u8 *chunk = page_alloc(&owner_system, order);
	int e = chunk ? map_chunk_locked(chunk, PAGE_SIZE << order) : -ENOMEM;

	if (e && chunk)
		page_free(&owner_system, chunk, order);
	for (u64 at = 0; !e && at < PAGE_SIZE << order; at += STACK_SIZE) {
		struct free_stack *row = free_stack_of(chunk + at);

		row->next = free_stacks;
		free_stacks = row;
	}
	return e;
}

static unsigned chunk_order(void)
{
	return pt_level_shift(host_table.format, host_table.format->leaf_level_max) - PAGE_SHIFT;
}

static void *chunk_stack_alloc(void)
{
	irqflags_t flags = spin_lock(&map_lock);
	u8 *stack = NULL;

	if (free_stacks || add_stacks_locked(chunk_order()) == 0) {
		stack = (u8 *)(free_stacks + 1) - STACK_SIZE;
		free_stacks = free_stacks->next;
	}
	spin_unlock(&map_lock, flags);
	return stack;
}

static void chunk_stack_free(u8 *stack)
{
	irqflags_t flags = spin_lock(&map_lock);
	struct free_stack *row = free_stack_of(stack);

	row->next = free_stacks;
	free_stacks = row;
	spin_unlock(&map_lock, flags);
}

static bool has_chunks(void)
{
	return host_table.format->break_before_make;
}

void *hostmap_stack_alloc(unsigned order)
{
	void *stack;

	if (has_chunks()) {
		ASSERT(order == STACK_ORDER);
		return chunk_stack_alloc();
	}
	stack = page_alloc(&owner_system, order);
	if (stack && hostmap_guard(stack) != 0) {
		page_free(&owner_system, stack, order);
		return NULL;
	}
	return stack;
}

void hostmap_stack_free(void *stack, unsigned order)
{
	if (has_chunks()) {
		chunk_stack_free(stack);
		return;
	}
	hostmap_unguard(stack);
	page_free(&owner_system, stack, order);
}

/* ---- start ---- */

static int build_tables(struct hpa_range console)
{
	struct hpa_range ram;
	irqflags_t flags;
	int e = map_image();

	for (unsigned i = 0; !e && page_ram_range(i, &ram); i++)
		e = map_ram(&ram);
	if (!e)
		e = map_same(align_down(console.base, PAGE_SIZE),
			     align_up(console.base + console.size, PAGE_SIZE), ATTR_DEVICE);
	if (e || !has_chunks())
		return e;
	flags = spin_lock(&map_lock);
	e = add_stacks_locked(FIRST_CHUNK_ORDER);
	spin_unlock(&map_lock, flags);
	return e;
}

int hostmap_init(struct hpa_range console)
{
	int e = pgtable_init(&host_table, arch_host_format, &owner_system, NULL);

	if (!e)
		e = build_tables(console);
	if (e)
		log_error("host page tables: %s", error_text(e));
	else
		hostmap_activate();
	return e;
}

void hostmap_activate(void)
{
	arch_host_map_activate(ptr_to_hpa(host_table.root));
}
