/* SPDX-License-Identifier: MIT */
/* The page-table walker: one algorithm for second-stage tables of all formats and for the host's own. */
#ifndef CORE_PGTABLE_H
#define CORE_PGTABLE_H

#include <core/addr.h>
#include <core/mem_owner.h>

/* Attributes of a mapping; a format turns them into bits. */
enum {
	PT_READ = 1 << 0,
	PT_WRITE = 1 << 1,
	PT_EXEC = 1 << 2,
	PT_DEVICE = 1 << 3, /* uncached, strongly ordered */
	PT_GLOBAL = 1 << 4, /* host tables only */
};

enum pte_kind { PTE_EMPTY, PTE_TABLE, PTE_LEAF };

#define PT_LEVELS_MAX 5

/*
 * Geometry is data, entries are made and read by a format's small functions. Level 0 is the level
 * of 4 KiB pages; the root is level `levels - 1`.
 *
 *   address:  | root index | ... | level 1 index | level 0 index | offset |
 *             └ index_bits[levels-1]             └ index_bits[0]  12 bits
 */
struct pt_format {
	const char *name;
	u8 levels;
	u8 index_bits[PT_LEVELS_MAX]; /* 9 but for a root that is wider or concatenated */
	u8 leaf_level_max;            /* largest level at which a leaf may stand */
	bool break_before_make; /* an entry must be empty and flushed before it gets another value */
	/*
	 * By level: aligned groups of 2^contiguous_bits leaves that map a range in one piece may say so, and one entry of
	 * a TLB holds all of them. 0: there is no such thing, nor the two functions. A group changes as a whole.
	 */
	u8 contiguous_bits[PT_LEVELS_MAX];
	u64 (*make_contiguous)(u64 leaf, unsigned level);
	bool (*is_contiguous)(u64 leaf, unsigned level);
	u64 (*make_leaf)(hpa_t pa, unsigned attr, unsigned level);
	u64 (*make_table)(hpa_t table);
	enum pte_kind (*kind)(u64 pte, unsigned level);
	hpa_t (*address)(u64 pte, unsigned level);
	unsigned (*attr)(u64 pte, unsigned level);
	/* Makes the change visible to walkers and drops what TLBs hold of [va, va + size) of @ctx. */
	void (*flush)(void *ctx, u64 va, u64 size);
};

/* The caller serialises all calls on one table (a lock, or the time before anybody else sees it). */
struct pgtable {
	const struct pt_format *format;
	u64 *root;
	struct mem_owner *owner; /* charged for tables; its limit bounds them */
	void *flush_ctx;
};

/* Allocates an empty root. */
int pgtable_init(struct pgtable *pt, const struct pt_format *format, struct mem_owner *owner,
		 void *flush_ctx) __must_check;
/* Frees all tables. The pages that leaves point to are not touched. Nobody may walk it any more. */
void pgtable_destroy(struct pgtable *pt);

/* First address that does not fit the format. */
u64 pgtable_limit(const struct pt_format *format);

/*
 * Maps [va, va + size) to [pa, pa + size) with the largest leaves and groups that alignment allows. All page-aligned.
 * -ERANGE outside the format's range, -EEXIST if any of it is mapped, -ENOMEM; then nothing is mapped.
 */
int pgtable_map(struct pgtable *pt, u64 va, hpa_t pa, u64 size, unsigned attr) __must_check;
/* Removes what is mapped in [va, va + size), splitting larger leaves; frees tables that get empty; flushes. */
int pgtable_unmap(struct pgtable *pt, u64 va, u64 size) __must_check;
/* Changes the attributes of what is mapped in the range, splitting larger leaves. -ENOMEM: nothing changed beyond splits. */
int pgtable_protect(struct pgtable *pt, u64 va, u64 size, unsigned attr) __must_check;

struct pt_leaf {
	hpa_t pa; /* of @va itself */
	u64 size; /* of the leaf or group of leaves */
	unsigned attr;
	unsigned level;
};
/* -ENOENT when nothing is mapped at @va. */
int pgtable_lookup(const struct pgtable *pt, u64 va, struct pt_leaf *leaf) __must_check;

static inline unsigned pt_level_shift(const struct pt_format *f, unsigned level)
{
	unsigned shift = PAGE_SHIFT;

	for (unsigned i = 0; i < level; i++)
		shift += f->index_bits[i];
	return shift;
}

#endif
