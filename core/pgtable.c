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

/* ---- leaves, and groups of leaves that are contiguous ---- */

/* One leaf, or all of the group that it belongs to. */
struct leaves {
	u64 *slot; /* of the first */
	u64 va;
	u64 pa;
	unsigned level;
	unsigned count;
	unsigned attr;
};

static u64 leaves_size(const struct pt_format *f, const struct leaves *l)
{
	return level_size(f, l->level) * l->count;
}

/* @slot is the entry of @va and holds a leaf. */
static struct leaves leaves_at(const struct pt_format *f, u64 *slot, u64 va, unsigned level)
{
	bool grouped = f->contiguous_bits[level] && f->is_contiguous(*slot, level);
	struct leaves l = { .level = level, .count = 1, .attr = f->attr(*slot, level) };

	if (grouped)
		l.count <<= f->contiguous_bits[level];
	l.slot = slot - (level_index(f, va, level) & (l.count - 1));
	l.va = align_down(va, leaves_size(f, &l));
	l.pa = align_down(f->address(*slot, level).v, leaves_size(f, &l));
	return l;
}

static void leaves_write(const struct pt_format *f, const struct leaves *l, bool grouped)
{
	for (unsigned i = 0; i < l->count; i++) {
		u64 pte = f->make_leaf(hpa(l->pa + i * level_size(f, l->level)), l->attr, l->level);

		pte_write(&l->slot[i], grouped ? f->make_contiguous(pte, l->level) : pte);
	}
}

static void leaves_clear(const struct leaves *l)
{
	for (unsigned i = 0; i < l->count; i++)
		pte_write(&l->slot[i], 0);
}

/* Empties them for a moment before something else is written, where the architecture wants that. */
static void leaves_break(struct pgtable *pt, const struct leaves *l)
{
	if (!pt->format->break_before_make)
		return;
	leaves_clear(l);
	flush(pt, l->va, leaves_size(pt->format, l));
}

/* Makes single leaves of a group, which map the same. */
static void ungroup(struct pgtable *pt, const struct leaves *l)
{
	leaves_break(pt, l);
	leaves_write(pt->format, l, false);
}

int pgtable_lookup(const struct pgtable *pt, u64 va, struct pt_leaf *leaf)
{
	const struct pt_format *f = pt->format;
	unsigned level;

	if (va >= pgtable_limit(f))
		return -ENOENT;
	u64 *slot = find_slot(pt, va, 0, &level);

	if (f->kind(*slot, level) != PTE_LEAF)
		return -ENOENT;
	struct leaves l = leaves_at(f, slot, va, level);

	leaf->size = leaves_size(f, &l);
	leaf->pa = hpa(l.pa + (va - l.va));
	leaf->attr = l.attr;
	leaf->level = level;
	return 0;
}

/* Turns a leaf into a table of leaves one level down that map the same. */
static int split(struct pgtable *pt, u64 *slot, u64 va, unsigned level)
{
	const struct pt_format *f = pt->format;
	struct leaves old = leaves_at(f, slot, va, level), below;
	u64 *table = page_alloc(pt->owner, 0);

	if (!table)
		return -ENOMEM;
	if (old.count > 1) {
		ungroup(pt, &old);
		old = leaves_at(f, slot, va, level);
	}
	below = old;
	below.slot = table;
	below.level = level - 1;
	below.count = 1u << f->index_bits[level - 1];
	leaves_write(f, &below, f->contiguous_bits[level - 1] != 0);
	leaves_break(pt, &old);
	pte_write(slot, f->make_table(ptr_to_hpa(table)));
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

	for (; va < end; va = next_entry(pt->format, va, level, end)) {
		u64 pte = *find_slot(pt, va, 0, &level);

		if (pt->format->kind(pte, level) == PTE_LEAF)
			return false;
	}
	return true;
}

/* What the first leaves of a mapping are: the largest, or the most together, that alignment and size allow. */
static struct leaves largest_leaves(const struct pt_format *f, u64 va, u64 pa, u64 size)
{
	struct leaves l = { .va = va, .pa = pa, .level = f->leaf_level_max };

	for (;; l.level--) {
		for (unsigned bits = f->contiguous_bits[l.level];; bits = 0) {
			l.count = 1u << bits;
			if (is_aligned(va | pa, leaves_size(f, &l)) && size >= leaves_size(f, &l))
				return l;
			if (bits == 0)
				break;
		}
		ASSERT(l.level > 0); /* all is page-aligned */
	}
}

int pgtable_map(struct pgtable *pt, u64 va, hpa_t pa, u64 size, unsigned attr)
{
	const struct pt_format *f = pt->format;

	if (!range_is_valid(pt, va, size))
		return -ERANGE;
	if (!range_is_empty(pt, va, va + size))
		return -EEXIST;
	for (u64 done = 0; done < size;) {
		struct leaves l = largest_leaves(f, va + done, pa.v + done, size - done);

		l.attr = attr;
		l.slot = make_slot(pt, l.va, l.level);
		if (!l.slot) {
			if (pgtable_unmap(pt, va, size)) /* the new tables too */
				panic("pgtable: cannot take back a mapping that needs no split");
			return -ENOMEM;
		}
		ASSERT(f->kind(*l.slot, l.level) == PTE_EMPTY); /* there are no empty tables */
		leaves_write(f, &l, l.count > 1);
		done += leaves_size(f, &l);
	}
	flush(pt, va, size); /* walkers may cache that an entry was empty */
	return 0;
}

/* Splits what is mapped over @edge, until leaf and group end there. */
static int cut(struct pgtable *pt, u64 edge)
{
	const struct pt_format *f = pt->format;

	for (;;) {
		unsigned level;
		u64 *slot = find_slot(pt, edge, 0, &level);
		struct leaves l;
		int err;

		if (f->kind(*slot, level) != PTE_LEAF)
			return 0;
		l = leaves_at(f, slot, edge, level);
		if (is_aligned(edge, leaves_size(f, &l)))
			return 0;
		if (is_aligned(edge, level_size(f, level))) {
			ungroup(pt, &l);
			continue;
		}
		err = split(pt, slot, edge, level);
		if (err)
			return err;
	}
}

/* Makes [va, end) consist of whole leaves and groups. */
static int isolate(struct pgtable *pt, u64 va, u64 end)
{
	int err = cut(pt, va);

	return err || end >= pgtable_limit(pt->format) ? err : cut(pt, end);
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

static void change_leaves(struct pgtable *pt, struct leaves *l, unsigned attr)
{
	if (!attr) {
		leaves_clear(l);
		return;
	}
	leaves_break(pt, l);
	l->attr = attr;
	leaves_write(pt->format, l, l->count > 1);
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
	for (u64 at = va, next; at < end; at = next) {
		u64 *slot = find_slot(pt, at, 0, &level);
		struct leaves l;

		next = next_entry(f, at, level, end);
		if (f->kind(*slot, level) != PTE_LEAF)
			continue;
		l = leaves_at(f, slot, at, level);
		next = l.va + leaves_size(f, &l);
		change_leaves(pt, &l, attr);
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
