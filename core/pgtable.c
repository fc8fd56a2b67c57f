/* SPDX-License-Identifier: MIT */
/* The page-table walker of all formats: second-stage tables and the host's own. */
#include <core/errno.h>
#include <core/page.h>
#include <core/panic.h>
#include <core/pgtable.h>

#define PRUNE_BATCH 16

static u64 level_size(const struct pt_format *f, unsigned level)
{
	return BIT(pt_level_shift(f, level));
}

static unsigned level_index(const struct pt_format *f, u64 va, unsigned level)
{
	return (va >> pt_level_shift(f, level)) & (BIT(f->index_bits[level]) - 1);
}

static u64 *pte_table(const struct pt_format *f, u64 pte, unsigned level)
{
	return hpa_to_ptr(f->address(pte, level));
}

/* One store: a hardware walker sees the old value or the new one, and the table it points to is complete. */
static void pte_write(u64 *slot, u64 pte)
{
	__atomic_store_n(slot, pte, __ATOMIC_RELEASE);
}

static void flush(const struct pgtable *pt, u64 va, u64 size)
{
	if (pt->format->flush)
		pt->format->flush(pt->flush_ctx, va, size);
}

static unsigned root_order(const struct pt_format *f)
{
	unsigned bits = f->index_bits[f->levels - 1];

	return bits > 9 ? bits - 9 : 0;
}

u64 pgtable_limit(const struct pt_format *f)
{
	return BIT(pt_level_shift(f, f->levels - 1) + f->index_bits[f->levels - 1]);
}

int pgtable_init(struct pgtable *pt, const struct pt_format *format, struct mem_owner *owner,
		 void *flush_ctx)
{
	pt->format = format;
	pt->owner = owner;
	pt->flush_ctx = flush_ctx;
	pt->root = page_alloc_zero(owner, root_order(format));
	return pt->root ? 0 : -ENOMEM;
}

/* Frees the tables below @table; the depth is bounded by the format's levels. */
static void free_tables(struct pgtable *pt, u64 *table, unsigned level)
{
	const struct pt_format *f = pt->format;

	for (unsigned i = 0; level > 0 && i < BIT(f->index_bits[level]); i++) {
		if (f->kind(table[i], level) != PTE_TABLE)
			continue;
		u64 *child = pte_table(f, table[i], level);

		free_tables(pt, child, level - 1);
		page_free(pt->owner, child, 0);
	}
}

void pgtable_destroy(struct pgtable *pt)
{
	if (!pt->root)
		return;
	free_tables(pt, pt->root, pt->format->levels - 1);
	page_free(pt->owner, pt->root, root_order(pt->format));
	pt->root = NULL;
}

/* The entry for @va at the deepest level that exists, down to @stop; *level tells which. */
static u64 *find_slot(const struct pgtable *pt, u64 va, unsigned stop, unsigned *level)
{
	const struct pt_format *f = pt->format;
	u64 *table = pt->root;
	unsigned l = f->levels - 1;

	for (;; l--) {
		u64 *slot = &table[level_index(f, va, l)];

		if (l == stop || f->kind(*slot, l) != PTE_TABLE) {
			*level = l;
			return slot;
		}
		table = pte_table(f, *slot, l);
	}
}

int pgtable_lookup(const struct pgtable *pt, u64 va, struct pt_leaf *leaf)
{
	const struct pt_format *f = pt->format;
	unsigned level;

	if (va >= pgtable_limit(f))
		return -ENOENT;
	u64 pte = *find_slot(pt, va, 0, &level);

	if (f->kind(pte, level) != PTE_LEAF)
		return -ENOENT;
	leaf->size = level_size(f, level);
	leaf->pa = hpa(f->address(pte, level).v + (va & (leaf->size - 1)));
	leaf->attr = f->attr(pte, level);
	leaf->level = level;
	return 0;
}

/* Replaces what stands in @slot by @pte, by way of an empty entry where the architecture wants it. */
static void replace(struct pgtable *pt, u64 *slot, u64 pte, u64 va, u64 size)
{
	if (pt->format->break_before_make) {
		pte_write(slot, 0);
		flush(pt, va, size);
	}
	pte_write(slot, pte);
}

/* Turns a leaf into a table of leaves one level down that map the same. */
static int split(struct pgtable *pt, u64 *slot, u64 va, unsigned level)
{
	const struct pt_format *f = pt->format;
	u64 base = f->address(*slot, level).v;
	unsigned attr = f->attr(*slot, level);
	u64 *table = page_alloc(pt->owner, 0);

	if (!table)
		return -ENOMEM;
	for (unsigned i = 0; i < BIT(f->index_bits[level - 1]); i++)
		table[i] = f->make_leaf(hpa(base + i * level_size(f, level - 1)), attr, level - 1);
	replace(pt, slot, f->make_table(ptr_to_hpa(table)), align_down(va, level_size(f, level)),
		level_size(f, level));
	return 0;
}

/* The entry of @va at @level, with tables made and leaves split on the way. NULL: out of memory. */
static u64 *make_slot(struct pgtable *pt, u64 va, unsigned level)
{
	const struct pt_format *f = pt->format;
	unsigned l;
	u64 *slot = find_slot(pt, va, level, &l);

	while (l > level) {
		if (f->kind(*slot, l) == PTE_LEAF) {
			if (split(pt, slot, va, l))
				return NULL;
		} else {
			u64 *table = page_alloc_zero(pt->owner, 0);

			if (!table)
				return NULL;
			pte_write(slot, f->make_table(ptr_to_hpa(table)));
		}
		slot = find_slot(pt, va, level, &l);
	}
	return slot;
}

static bool range_is_valid(const struct pgtable *pt, u64 va, u64 size)
{
	u64 limit = pgtable_limit(pt->format);

	ASSERT(is_aligned(va | size, PAGE_SIZE));
	return va < limit && size <= limit - va;
}

/* The next address after @va at which another entry of @level begins, at most @end. */
static u64 next_entry(const struct pt_format *f, u64 va, unsigned level, u64 end)
{
	u64 next = align_down(va, level_size(f, level)) + level_size(f, level);

	return MIN(next, end);
}

static bool range_is_empty(const struct pgtable *pt, u64 va, u64 end)
{
	unsigned level;

	for (; va < end; va = next_entry(pt->format, va, level, end))
		if (pt->format->kind(*find_slot(pt, va, 0, &level), level) == PTE_LEAF)
			return false;
	return true;
}

static unsigned largest_level(const struct pt_format *f, u64 va, u64 pa, u64 size)
{
	unsigned level = f->leaf_level_max;

	while (level > 0 &&
	       (!is_aligned(va | pa, level_size(f, level)) || size < level_size(f, level)))
		level--;
	return level;
}

int pgtable_map(struct pgtable *pt, u64 va, hpa_t pa, u64 size, unsigned attr)
{
	const struct pt_format *f = pt->format;

	if (!range_is_valid(pt, va, size))
		return -ERANGE;
	if (!range_is_empty(pt, va, va + size))
		return -EEXIST;
	for (u64 done = 0; done < size;) {
		unsigned level = largest_level(f, va + done, pa.v + done, size - done);
		u64 *slot = make_slot(pt, va + done, level);

		if (!slot) {
			if (pgtable_unmap(pt, va, size)) /* the new tables too */
				panic("pgtable: cannot take back a mapping that needs no split");
			return -ENOMEM;
		}
		ASSERT(f->kind(*slot, level) == PTE_EMPTY); /* there are no empty tables */
		pte_write(slot, f->make_leaf(hpa(pa.v + done), attr, level));
		done += level_size(f, level);
	}
	flush(pt, va, size); /* walkers may cache that an entry was empty */
	return 0;
}

/* Splits leaves that stick out of [va, end), so that the range consists of whole entries. */
static int isolate(struct pgtable *pt, u64 va, u64 end)
{
	const struct pt_format *f = pt->format;
	const u64 edges[] = { va, end };

	for (unsigned i = 0; i < ARRAY_SIZE(edges); i++) {
		unsigned level;
		u64 *slot;

		if (edges[i] >= pgtable_limit(f))
			continue;
		for (slot = find_slot(pt, edges[i], 0, &level);
		     f->kind(*slot, level) == PTE_LEAF &&
		     !is_aligned(edges[i], level_size(f, level));
		     slot = find_slot(pt, edges[i], 0, &level)) {
			int err = split(pt, slot, edges[i], level);

			if (err)
				return err;
		}
	}
	return 0;
}

static bool table_is_empty(const struct pt_format *f, const u64 *table, unsigned level)
{
	for (unsigned i = 0; i < BIT(f->index_bits[level]); i++)
		if (f->kind(table[i], level) != PTE_EMPTY)
			return false;
	return true;
}

struct prune {
	u64 *table[PRUNE_BATCH];
	unsigned count;
};

/* Unlinks empty tables below @table that cover a part of [va, end), deepest first. */
static void unlink_empty(struct pgtable *pt, u64 *table, unsigned level, u64 va, u64 end,
			 struct prune *prune)
{
	const struct pt_format *f = pt->format;

	for (; va < end && prune->count < PRUNE_BATCH; va = next_entry(f, va, level, end)) {
		u64 *slot = &table[level_index(f, va, level)];

		if (level == 0 || f->kind(*slot, level) != PTE_TABLE)
			continue;
		u64 *child = pte_table(f, *slot, level);

		unlink_empty(pt, child, level - 1, va, next_entry(f, va, level, end), prune);
		if (prune->count < PRUNE_BATCH && table_is_empty(f, child, level - 1)) {
			pte_write(slot, 0);
			prune->table[prune->count++] = child;
		}
	}
}

/* Frees empty tables. Their memory goes back after the flush only: until then a walker may read it. */
static void free_empty(struct pgtable *pt, u64 va, u64 size)
{
	struct prune prune;

	do {
		prune.count = 0;
		unlink_empty(pt, pt->root, pt->format->levels - 1, va, va + size, &prune);
		if (prune.count)
			flush(pt, va, size);
		for (unsigned i = 0; i < prune.count; i++)
			page_free(pt->owner, prune.table[i], 0);
	} while (prune.count == PRUNE_BATCH);
}

/* Gives all leaves of the range the attributes @attr, or takes them out when there are none. */
static int change(struct pgtable *pt, u64 va, u64 size, unsigned attr)
{
	const struct pt_format *f = pt->format;
	u64 end = va + size;
	unsigned level;
	int err;

	if (!range_is_valid(pt, va, size))
		return -ERANGE;
	err = isolate(pt, va, end);
	if (err)
		return err;
	for (u64 at = va; at < end; at = next_entry(f, at, level, end)) {
		u64 *slot = find_slot(pt, at, 0, &level);

		if (f->kind(*slot, level) != PTE_LEAF)
			continue;
		if (attr)
			replace(pt, slot, f->make_leaf(f->address(*slot, level), attr, level), at,
				level_size(f, level));
		else
			pte_write(slot, 0);
	}
	flush(pt, va, size);
	return 0;
}

int pgtable_unmap(struct pgtable *pt, u64 va, u64 size)
{
	int err = change(pt, va, size, 0);

	if (!err)
		free_empty(pt, va, size);
	return err;
}

int pgtable_protect(struct pgtable *pt, u64 va, u64 size, unsigned attr)
{
	ASSERT(attr);
	return change(pt, va, size, attr);
}
