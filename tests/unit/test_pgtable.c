/* SPDX-License-Identifier: MIT */
/* The page-table walker against an array of pages, with random operations and with too little memory. */
#include <test.h>

#include <core/errno.h>
#include <core/page.h>
#include <core/pgtable.h>
#include <fake.h>

#define RAM_SIZE MIB(16)
#define WINDOW_PAGES 4096ull /* 16 MiB of address space, around a 1 GiB boundary */
#define WINDOW_BASE (GIB(1) - MIB(8))

/* Entries of our own: address, and below it attributes, a bit for groups, a table bit and a valid bit. */
#define PTE_VALID BIT(0)
#define PTE_IS_TABLE BIT(1)
#define PTE_IN_GROUP BIT(2)
#define GROUP_BITS 4 /* at levels 0 and 1 */
#define ATTR_SHIFT 4

static u64 make_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	assert_true(is_aligned(pa.v, PAGE_SIZE << (9 * level)));
	return pa.v | ((u64)attr << ATTR_SHIFT) | PTE_VALID;
}

static u64 make_table(hpa_t table)
{
	return table.v | PTE_VALID | PTE_IS_TABLE;
}

static enum pte_kind kind_of(u64 pte, unsigned level)
{
	if (!(pte & PTE_VALID))
		return PTE_EMPTY;
	assert_true(level > 0 || !(pte & PTE_IS_TABLE));
	return pte & PTE_IS_TABLE ? PTE_TABLE : PTE_LEAF;
}

static hpa_t address_of(u64 pte, unsigned level)
{
	(void)level;
	return hpa(pte & ~PAGE_MASK);
}

static unsigned attr_of(u64 pte, unsigned level)
{
	(void)level;
	return (pte >> ATTR_SHIFT) & 0xff;
}

static u64 make_contiguous(u64 leaf, unsigned level)
{
	assert_true(level <= 1);
	return leaf | PTE_IN_GROUP;
}

/* As RISC-V has it: low bits of the address say how large the group is, and no longer which leaf this is. */
static u64 make_contiguous_napot(u64 leaf, unsigned level)
{
	u64 half = PAGE_SIZE << (9 * level) << (GROUP_BITS - 1);

	return ((leaf & ~(2 * half - PAGE_SIZE)) | half) | PTE_IN_GROUP;
}

static bool is_contiguous(u64 leaf, unsigned level)
{
	(void)level;
	return leaf & PTE_IN_GROUP;
}

/* What a TLB saw: how often it was flushed, and whether the entry was gone then. */
static struct {
	struct pgtable *pt;
	u64 va;
	unsigned flushes;
	bool was_empty;
} tlb;

static void flush(void *ctx, u64 va, u64 size)
{
	struct pt_leaf leaf;

	assert_ptr_equal(ctx, &tlb);
	assert_true(size > 0);
	tlb.flushes++;
	if (tlb.pt && tlb.va >= va && tlb.va - va < size && pgtable_lookup(tlb.pt, tlb.va, &leaf))
		tlb.was_empty = true;
}

#define FORMAT_OPS                                                                                \
	.make_leaf = make_leaf, .make_table = make_table, .kind = kind_of, .address = address_of, \
	.attr = attr_of, .flush = flush, .leaf_level_max = 2

static const struct pt_format formats[] = {
	{ .name = "three levels", .levels = 3, .index_bits = { 9, 9, 9 }, FORMAT_OPS },
	{ .name = "wide root", .levels = 3, .index_bits = { 9, 9, 11 }, FORMAT_OPS },
	{ .name = "break before make",
	  .levels = 4,
	  .index_bits = { 9, 9, 9, 9 },
	  .break_before_make = true,
	  FORMAT_OPS },
	{ .name = "groups, break before make",
	  .levels = 3,
	  .index_bits = { 9, 9, 13 },
	  .break_before_make = true,
	  .contiguous_bits = { GROUP_BITS, GROUP_BITS },
	  .make_contiguous = make_contiguous,
	  .is_contiguous = is_contiguous,
	  FORMAT_OPS },
	{ .name = "groups of another kind",
	  .levels = 3,
	  .index_bits = { 9, 9, 9 },
	  .contiguous_bits = { GROUP_BITS },
	  .make_contiguous = make_contiguous_napot,
	  .is_contiguous = is_contiguous,
	  FORMAT_OPS },
};
#define GROUPS (&formats[3])

static void start(struct pgtable *pt, struct mem_owner *owner, const struct pt_format *format)
{
	fake_boot(RAM_SIZE);
	*owner = (struct mem_owner){ .name = "test" };
	memset(&tlb, 0, sizeof(tlb));
	assert_int_equal(pgtable_init(pt, format, owner, &tlb), 0);
}

static void finish(struct pgtable *pt, struct mem_owner *owner)
{
	pgtable_destroy(pt);
	assert_true(mem_owner_is_empty(owner));
}

/* ---- the reference ---- */

struct model_page {
	u64 pa;
	unsigned attr; /* 0: not mapped */
};

static struct model_page model[WINDOW_PAGES];

static void check_page(const struct pgtable *pt, u64 page)
{
	struct pt_leaf leaf;
	u64 va = WINDOW_BASE + page * PAGE_SIZE;
	int err = pgtable_lookup(pt, va + 8, &leaf);

	if (!model[page].attr) {
		assert_int_equal(err, -ENOENT);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(leaf.pa.v, model[page].pa + 8);
	assert_int_equal(leaf.attr, model[page].attr);
	if (leaf.size == PAGE_SIZE << (9 * leaf.level))
		return;
	assert_true(pt->format->contiguous_bits[leaf.level] > 0);
	assert_int_equal(leaf.size, PAGE_SIZE << (9 * leaf.level) << GROUP_BITS);
}

/* All leaves of a group are in it, and map a range in one piece: each of them tells the same of the same address. */
static void check_groups(const struct pgtable *pt)
{
	struct pt_leaf leaf, other;

	for (u64 page = 0; page < WINDOW_PAGES; page++) {
		u64 va = WINDOW_BASE + page * PAGE_SIZE;
		u64 one = PAGE_SIZE;

		if (pgtable_lookup(pt, va, &leaf))
			continue;
		one <<= 9 * leaf.level;
		if (leaf.size == one || !is_aligned(va, leaf.size))
			continue;
		for (u64 at = 0; at < leaf.size; at += one) {
			assert_int_equal(pgtable_lookup(pt, va + at, &other), 0);
			assert_int_equal(other.size, leaf.size);
			assert_int_equal(other.level, leaf.level);
			assert_int_equal(other.attr, leaf.attr);
			assert_int_equal(other.pa.v, leaf.pa.v + at);
		}
	}
}

static bool model_is_empty(u64 page, u64 count)
{
	for (u64 i = page; i < page + count; i++)
		if (model[i].attr)
			return false;
	return true;
}

/* Half of the ranges are whole 2 MiB blocks, so that large leaves come and are split. */
static void random_range(u64 *seed, u64 *page, u64 *count)
{
	if (test_random_below(seed, 2)) {
		*page = test_random_below(seed, WINDOW_PAGES / 512) * 512;
		*count = 512 * (1 + test_random_below(seed, (WINDOW_PAGES - *page) / 512));
	} else {
		*page = test_random_below(seed, WINDOW_PAGES);
		*count = 1 + test_random_below(seed, MIN(WINDOW_PAGES - *page, 700ull));
	}
}

static void do_map(struct pgtable *pt, u64 *seed, u64 page, u64 count)
{
	bool free_range = model_is_empty(page, count);
	/* Aligned like the address or not: large leaves are possible or not. */
	u64 pa = GIB(64) + (page + (test_random_below(seed, 3) ? 0 : 1)) * PAGE_SIZE;
	unsigned attr = 1 + (unsigned)test_random_below(seed, 15);
	int err = pgtable_map(pt, WINDOW_BASE + page * PAGE_SIZE, hpa(pa), count * PAGE_SIZE, attr);

	assert_int_equal(err, free_range ? 0 : -EEXIST);
	for (u64 i = 0; !err && i < count; i++)
		model[page + i] = (struct model_page){ pa + i * PAGE_SIZE, attr };
}

static void do_unmap(struct pgtable *pt, u64 page, u64 count)
{
	assert_int_equal(pgtable_unmap(pt, WINDOW_BASE + page * PAGE_SIZE, count * PAGE_SIZE), 0);
	memset(&model[page], 0, count * sizeof(model[0]));
}

static void do_protect(struct pgtable *pt, u64 *seed, u64 page, u64 count)
{
	unsigned attr = 1 + (unsigned)test_random_below(seed, 15);

	assert_int_equal(
		pgtable_protect(pt, WINDOW_BASE + page * PAGE_SIZE, count * PAGE_SIZE, attr), 0);
	for (u64 i = page; i < page + count; i++)
		if (model[i].attr)
			model[i].attr = attr;
}

static void run_random(const struct pt_format *format)
{
	struct mem_owner owner;
	struct pgtable pt;
	u64 seed = 7, page, count, root_pages;

	start(&pt, &owner, format);
	root_pages = owner.page_count;
	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 600; round++) {
		random_range(&seed, &page, &count);
		switch (test_random_below(&seed, 3)) {
		case 0:
			do_map(&pt, &seed, page, count);
			break;
		case 1:
			do_unmap(&pt, page, count);
			break;
		default:
			do_protect(&pt, &seed, page, count);
		}
		for (u64 i = round % 7; i < WINDOW_PAGES; i += 7)
			check_page(&pt, i);
		if (format->make_contiguous && round % 8 == 0)
			check_groups(&pt);
	}
	do_unmap(&pt, 0, WINDOW_PAGES);
	assert_int_equal(owner.page_count, root_pages); /* empty tables are gone */
	finish(&pt, &owner);
}

static void test_random_operations(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		run_random(&formats[i]);
}

static void test_largest_leaves(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;
	struct pt_leaf leaf;
	u64 root_pages;

	(void)state;
	start(&pt, &owner, &formats[1]);
	root_pages = owner.page_count;
	assert_int_equal(root_pages, 4);
	assert_int_equal(pgtable_map(&pt, GIB(2), hpa(GIB(5)), GIB(2), 7), 0);
	assert_int_equal(pgtable_lookup(&pt, GIB(3) + 5, &leaf), 0);
	assert_int_equal(leaf.size, GIB(1));
	assert_int_equal(leaf.pa.v, GIB(6) + 5);
	assert_int_equal(owner.page_count, root_pages);
	/* A hole of one page splits 1 GiB to 2 MiB, and one of those to pages. */
	assert_int_equal(pgtable_unmap(&pt, GIB(2) + MIB(4), PAGE_SIZE), 0);
	assert_int_equal(owner.page_count, root_pages + 2);
	assert_int_equal(pgtable_lookup(&pt, GIB(2) + MIB(4), &leaf), -ENOENT);
	assert_int_equal(pgtable_lookup(&pt, GIB(2) + MIB(4) + PAGE_SIZE, &leaf), 0);
	assert_int_equal(leaf.size, PAGE_SIZE);
	assert_int_equal(pgtable_lookup(&pt, GIB(2) + MIB(2), &leaf), 0);
	assert_int_equal(leaf.size, MIB(2));
	finish(&pt, &owner);
}

static u64 size_at(const struct pgtable *pt, u64 va)
{
	struct pt_leaf leaf;

	return pgtable_lookup(pt, va, &leaf) ? 0 : leaf.size;
}

static void test_groups(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;

	(void)state;
	start(&pt, &owner, GROUPS);
	/* Of pages before 2 MiB, of 2 MiB leaves before 1 GiB, and back. */
	assert_int_equal(pgtable_map(&pt, GIB(1) - MIB(34) - KIB(68),
				     hpa(GIB(3) - MIB(34) - KIB(68)), MIB(70) + KIB(136), 3),
			 0);
	assert_int_equal(size_at(&pt, GIB(1) - MIB(34) - KIB(68)), KIB(4));
	assert_int_equal(size_at(&pt, GIB(1) - MIB(34) - KIB(64)), KIB(64));
	assert_int_equal(size_at(&pt, GIB(1) - MIB(34)), MIB(2));
	assert_int_equal(size_at(&pt, GIB(1) - MIB(32)), MIB(32));
	assert_int_equal(size_at(&pt, GIB(1) + MIB(31)), MIB(32));
	assert_int_equal(size_at(&pt, GIB(1) + MIB(32)), MIB(2));
	assert_int_equal(size_at(&pt, GIB(1) + MIB(36)), KIB(64));
	assert_int_equal(size_at(&pt, GIB(1) + MIB(36) + KIB(64)), KIB(4));
	/* Another page of physical memory is in between: no group. */
	assert_int_equal(pgtable_map(&pt, GIB(4), hpa(GIB(4) + KIB(4)), KIB(64), 3), 0);
	assert_int_equal(size_at(&pt, GIB(4)), KIB(4));
	/* A page that goes takes its groups apart, and no others. */
	assert_int_equal(pgtable_unmap(&pt, GIB(1) + KIB(4), KIB(4)), 0);
	assert_int_equal(size_at(&pt, GIB(1)), KIB(4));
	assert_int_equal(size_at(&pt, GIB(1) + KIB(4)), 0);
	assert_int_equal(size_at(&pt, GIB(1) + KIB(8)), KIB(4));
	assert_int_equal(size_at(&pt, GIB(1) + KIB(64)), KIB(64));
	assert_int_equal(size_at(&pt, GIB(1) + MIB(2)), MIB(2));
	assert_int_equal(size_at(&pt, GIB(1) - MIB(1)), MIB(32));
	finish(&pt, &owner);
}

static void test_groups_break_before_make(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;

	(void)state;
	start(&pt, &owner, GROUPS);
	assert_int_equal(pgtable_map(&pt, GIB(1), hpa(GIB(1)), KIB(64), 3), 0);
	tlb.pt = &pt;
	for (tlb.va = GIB(1); tlb.va < GIB(1) + KIB(64); tlb.va += KIB(4)) {
		tlb.was_empty = false;
		assert_int_equal(pgtable_protect(&pt, GIB(1), KIB(64), 1 + (tlb.va >> 12 & 1)), 0);
		assert_true(tlb.was_empty);
		assert_int_equal(size_at(&pt, tlb.va), KIB(64));
	}
	/* All of the group, though one page changes. */
	tlb.va = GIB(1) + KIB(60);
	tlb.was_empty = false;
	assert_int_equal(pgtable_protect(&pt, GIB(1), KIB(4), 1), 0);
	assert_true(tlb.was_empty);
	assert_int_equal(size_at(&pt, tlb.va), KIB(4));
	finish(&pt, &owner);
}

static void test_limits(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;
	struct pt_leaf leaf;
	u64 limit = pgtable_limit(&formats[0]);

	(void)state;
	start(&pt, &owner, &formats[0]);
	assert_int_equal(limit, GIB(512));
	assert_int_equal(pgtable_map(&pt, limit, hpa(0), PAGE_SIZE, 1), -ERANGE);
	assert_int_equal(pgtable_map(&pt, limit - PAGE_SIZE, hpa(0), 2 * PAGE_SIZE, 1), -ERANGE);
	assert_int_equal(pgtable_map(&pt, ~PAGE_MASK, hpa(0), 2 * PAGE_SIZE, 1), -ERANGE);
	assert_int_equal(pgtable_lookup(&pt, limit, &leaf), -ENOENT);
	assert_int_equal(pgtable_lookup(&pt, ~0ull, &leaf), -ENOENT);
	assert_int_equal(pgtable_map(&pt, limit - PAGE_SIZE, hpa(0), PAGE_SIZE, 1), 0);
	assert_int_equal(pgtable_unmap(&pt, limit - PAGE_SIZE, PAGE_SIZE), 0);
	finish(&pt, &owner);
}

/* With every amount of memory from none to enough: all or nothing is mapped. */
static void test_out_of_memory(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;
	int err = -ENOMEM;

	(void)state;
	for (u64 allowed = 1; err; allowed++) {
		start(&pt, &owner, &formats[2]);
		owner.page_limit = allowed;
		err = pgtable_map(&pt, WINDOW_BASE + PAGE_SIZE, hpa(GIB(64) + PAGE_SIZE), MIB(14),
				  3);
		memset(model, 0, sizeof(model));
		for (u64 i = 1; !err && i <= MIB(14) / PAGE_SIZE; i++)
			model[i] = (struct model_page){ GIB(64) + i * PAGE_SIZE, 3 };
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(owner.page_count, 1);
		}
		for (u64 i = 0; i < WINDOW_PAGES; i++)
			check_page(&pt, i);
		finish(&pt, &owner);
		assert_true(allowed < 32);
	}
}

static void test_break_before_make(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;

	(void)state;
	start(&pt, &owner, &formats[2]);
	assert_int_equal(pgtable_map(&pt, GIB(1), hpa(GIB(1)), MIB(2), 3), 0);
	tlb.pt = &pt;
	tlb.va = GIB(1) + MIB(1);
	assert_int_equal(pgtable_protect(&pt, GIB(1), MIB(2), 1), 0);
	assert_true(tlb.was_empty);
	tlb.was_empty = false;
	/* The split of the leaf, though the page we watch keeps its mapping. */
	assert_int_equal(pgtable_unmap(&pt, GIB(1), PAGE_SIZE), 0);
	assert_true(tlb.was_empty);
	finish(&pt, &owner);
}

static void test_unmap_flushes(void **state)
{
	struct mem_owner owner;
	struct pgtable pt;
	unsigned before;

	(void)state;
	start(&pt, &owner, &formats[0]);
	assert_int_equal(pgtable_map(&pt, GIB(1), hpa(0), PAGE_SIZE, 3), 0);
	before = tlb.flushes;
	assert_int_equal(pgtable_unmap(&pt, GIB(1), PAGE_SIZE), 0);
	assert_true(tlb.flushes >= before + 2); /* the leaf, and the tables before they are freed */
	finish(&pt, &owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_largest_leaves),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_groups_break_before_make),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_break_before_make),
		cmocka_unit_test(test_unmap_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
