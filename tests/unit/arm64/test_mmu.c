/* SPDX-License-Identifier: MIT */
/* Page tables of arm64, made by the walker and read by another one that knows the Arm ARM's rules only (D8.2, D8.3). */
#include <test.h>

#include <fake_arm64.h>

#include <core/errno.h>
#include <core/panic.h>

#include "../../../arch/arm64/mmu.c"
#include "../../../core/pgtable.c"

/* ---- what core and the hardware are asked for ---- */

static long pages_used;

void *page_alloc(struct mem_owner *owner, unsigned order)
{
	(void)owner;
	pages_used += 1l << order;
	return aligned_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
}

void *page_alloc_zero(struct mem_owner *owner, unsigned order)
{
	void *p = page_alloc(owner, order);

	return p ? memset(p, 0, PAGE_SIZE << order) : NULL;
}

void page_free(struct mem_owner *owner, void *block, unsigned order)
{
	(void)owner;
	pages_used -= 1l << order;
	free(block);
}

unsigned vmid_bits(void)
{
	return 8;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	abort();
}

void arch_stage2_flush(struct vm *vm, u64 base, u64 size)
{
	(void)vm;
	(void)base;
	(void)size;
}

void arm64_tlb_flush_host(u64 va, u64 size)
{
	(void)va;
	(void)size;
}

void arm64_cache_clean(const void *p, u64 size)
{
	(void)p;
	(void)size;
}

static u64 loaded_ttbr, loaded_tcr, loaded_sctlr;

void arm64_mmu_switch(u64 ttbr, u64 tcr, u64 mair, u64 sctlr)
{
	assert_int_equal(mair & 0xff, 0xff);      /* AttrIndx 0: normal, write-back */
	assert_int_equal(mair >> 8 & 0xff, 0x04); /* 1: Device-nGnRE */
	loaded_ttbr = ttbr;
	loaded_tcr = tcr;
	loaded_sctlr = sctlr;
}

/* ---- a walk as the hardware does it ---- */

struct walk {
	bool ds;
	unsigned bits; /* of input address */
	int level;     /* where it starts: -1..3 */
	u64 root;
};

struct result {
	u64 pa;
	u64 pte;
	int level;
};

static u64 output_address(const struct walk *w, u64 pte)
{
	if (w->ds)
		return (pte & 0x0003fffffffff000) | (pte >> 8 & 3) << 50;
	return pte & 0x0000fffffffff000;
}

static unsigned shift_of(int level)
{
	return 12 + 9 * (unsigned)(3 - level);
}

/* All entries of a group are alike and map one range: what the architecture calls misprogrammed otherwise. */
static void check_contiguous(const struct walk *w, const u64 *entry, u64 index, int level)
{
	const u64 *first = entry - (index & 15);
	u64 size = BIT(shift_of(level));

	assert_true(level >= 1);
	assert_true(is_aligned(output_address(w, *first), 16 * size));
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(output_address(w, first[i]), output_address(w, *first) + i * size);
		assert_int_equal(first[i] & ~0x0003fffffffff000, *first & ~0x0003fffffffff000);
	}
}

/* False: a translation fault. */
static bool translate(const struct walk *w, u64 va, struct result *r)
{
	u64 table = w->root;
	unsigned top = w->bits;

	if (va >> w->bits)
		return false;
	for (int level = w->level; level <= 3; level++) {
		unsigned shift = shift_of(level);
		u64 index = (va & (BIT(top) - 1)) >> shift;
		const u64 *entry = (const u64 *)(uintptr_t)table + index;

		if (!(*entry & 1))
			return false;
		if (level == 3)
			assert_int_equal(*entry & 2, 2); /* a block is reserved there */
		if (level == 3 || !(*entry & 2)) {
			assert_true(level >= 1);       /* blocks of 512 GiB are not for everybody */
			assert_true(*entry & BIT(10)); /* accessed: nobody takes the fault */
			if (*entry & BIT(52))
				check_contiguous(w, entry, index, level);
			*r = (struct result){ output_address(w, *entry) | (va & (BIT(shift) - 1)),
					      *entry, level };
			assert_true(is_aligned(output_address(w, *entry), BIT(shift)));
			return true;
		}
		table = output_address(w, *entry);
		top = shift;
	}
	return false;
}

/* VTCR_EL2 (D24.2.204) */
static struct walk stage2_walk(u64 vtcr, const void *root)
{
	struct walk w = { .ds = vtcr >> 32 & 1,
			  .bits = 64 - (unsigned)(vtcr & 63),
			  .level = 2 - (int)(vtcr >> 6 & 3),
			  .root = (uintptr_t)root };
	unsigned tables;

	assert_true(vtcr & BIT(31));
	assert_int_equal(vtcr >> 14 & 3, 0); /* 4 KiB */
	assert_int_equal(vtcr >> 12 & 3, 3); /* inner shareable, as with DS all leaves are */
	assert_int_equal(vtcr >> 8 & 15, 5); /* walks through write-back caches */
	/* The first look-up needs 1 to 16 tables in a row (D8.2.2). */
	assert_true(w.bits > shift_of(w.level));
	tables = w.bits > shift_of(w.level) + 9 ? 1u << (w.bits - shift_of(w.level) - 9) : 1;
	assert_true(tables <= 16);
	assert_true(is_aligned(w.root, tables * PAGE_SIZE));
	return w;
}

/* ---- tests ---- */

static void use_cpu(unsigned pa, bool lpa2)
{
	static const u8 ranges[] = { 32, 36, 40, 42, 44, 48, 52 };
	u64 range = 0;

	while (ranges[range] != pa)
		range++;
	arm64_features.pa_bits = (u8)pa;
	arm64_features.lpa2 = lpa2;
	arm64_features.vmid_bits = lpa2 ? 16 : 8;
	sysreg_write(ID_AA64MMFR0_EL1, range | (lpa2 ? 1ull << 28 : 0));
}

static void test_stage2_choice(void **state)
{
	static const u8 pa_bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	static const u8 least_levels[] = {
		[32] = 2, [33] = 2, [34] = 2, [35] = 3, [43] = 3, [44] = 4, [52] = 4
	};
	u64 vtcr;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(pa_bits); i++) {
		unsigned pa = pa_bits[i];

		use_cpu(pa, pa == 52);
		for (unsigned bits = 32; bits <= 53; bits++) {
			const struct pt_format *f = arm64_stage2_format(BIT(bits), &vtcr);
			struct walk w;

			if (bits > pa) {
				assert_null(f);
				continue;
			}
			assert_non_null(f);
			assert_true(pgtable_limit(f) >= BIT(bits));
			w = stage2_walk(vtcr, NULL);
			assert_int_equal(BIT(w.bits), pgtable_limit(f));
			assert_int_equal(4 - w.level, f->levels);
			assert_true(w.bits <= pa); /* more is a fault of its own */
			assert_true((vtcr >> 16 & 7) <= (w.ds ? 6 : 5));
			assert_int_equal(w.ds, w.bits > 48);
			assert_int_equal(vtcr >> 19 & 1, arm64_features.vmid_bits == 16);
			if (bits < ARRAY_SIZE(least_levels) && least_levels[bits])
				assert_int_equal(f->levels, least_levels[bits]);
		}
	}
	use_cpu(40, false);
	assert_non_null(arm64_stage2_format(GIB(16), &vtcr));
	assert_null(arm64_stage2_format(BIT(40) + 1, &vtcr));
}

/* Second-stage attributes (D8.6.3..5). */
static unsigned stage2_attr(u64 pte)
{
	unsigned attr = 0, memory = pte >> 2 & 15;

	attr |= pte >> 6 & 1 ? PT_READ : 0;
	attr |= pte >> 7 & 1 ? PT_WRITE : 0;
	attr |= (pte >> 53 & 3) == 0 ? PT_EXEC : 0;
	assert_true(memory == 15 || memory == 1);
	return attr | (memory == 1 ? PT_DEVICE : 0);
}

#define PAGES 8192ull /* 32 MiB and more, at a boundary of the level above */

struct model {
	u64 pa;
	unsigned attr;
};
static struct model model[PAGES];

static void compare(const struct walk *w, u64 base, u64 step)
{
	struct result r;

	for (u64 i = 0; i < PAGES; i += step) {
		u64 va = base + i * PAGE_SIZE + 0x128;

		if (!model[i].attr) {
			assert_false(translate(w, va, &r));
			continue;
		}
		assert_true(translate(w, va, &r));
		assert_int_equal(r.pa, model[i].pa + 0x128);
		assert_int_equal(stage2_attr(r.pte), model[i].attr);
		if (!w->ds)
			assert_int_equal(r.pte >> 8 & 3, 3); /* inner shareable */
	}
}

static void random_step(struct pgtable *pt, u64 base, u64 pa_base, u64 *seed)
{
	static const unsigned attrs[] = { PT_READ, PT_READ | PT_WRITE, PT_READ | PT_WRITE | PT_EXEC,
					  PT_READ | PT_EXEC, PT_READ | PT_WRITE | PT_DEVICE };
	u64 unit = 1ull << (test_random_below(seed, 3) * 4 + test_random_below(seed, 2));
	u64 page = test_random_below(seed, PAGES / unit) * unit;
	u64 count = MIN(PAGES - page, unit * (1 + test_random_below(seed, 40)));
	unsigned attr = attrs[test_random_below(seed, ARRAY_SIZE(attrs))];
	u64 pa = pa_base + page * PAGE_SIZE + (test_random_below(seed, 4) ? 0 : PAGE_SIZE);
	u64 at = base + page * PAGE_SIZE, size = count * PAGE_SIZE;
	unsigned what = (unsigned)test_random_below(seed, 3);
	int e = what == 0 ? pgtable_map(pt, at, hpa(pa), size, attr) :
		what == 1 ? pgtable_unmap(pt, at, size) :
			    pgtable_protect(pt, at, size, attr);

	if (what == 0 && e == -EEXIST)
		return;
	assert_int_equal(e, 0);
	for (u64 i = page; i < page + count; i++) {
		if (what == 0)
			model[i] = (struct model){ pa + (i - page) * PAGE_SIZE, attr };
		else if (what == 1)
			model[i].attr = 0;
		else if (model[i].attr)
			model[i].attr = attr;
	}
}

static void check_format(u64 limit, u64 pa_base)
{
	struct mem_owner owner = { .name = "test" };
	struct pgtable pt;
	struct walk w;
	u64 vtcr, seed = limit | 1, base = limit - PAGES * PAGE_SIZE;
	const struct pt_format *f = arm64_stage2_format(limit, &vtcr);

	assert_int_equal(pgtable_init(&pt, f, &owner, NULL), 0);
	w = stage2_walk(vtcr, pt.root);
	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 400; round++) {
		random_step(&pt, base, pa_base, &seed);
		compare(&w, base, 1 + round % 13);
	}
	compare(&w, base, 1);
	pgtable_destroy(&pt);
	assert_int_equal(pages_used, 0);
}

static void test_stage2_tables(void **state)
{
	(void)state;
	use_cpu(52, true);
	for (unsigned i = 0; i < ARRAY_SIZE(stage2_formats); i++)
		check_format(pgtable_limit(&stage2_formats[i]), GIB(4));
	check_format(BIT(52), BIT(51) + BIT(50) + GIB(3)); /* address bits that have moved */
}

static void test_blocks_and_groups(void **state)
{
	struct mem_owner owner = { .name = "test" };
	struct pgtable pt;
	struct result r;
	struct walk w;
	u64 vtcr;

	(void)state;
	use_cpu(48, false);
	assert_int_equal(pgtable_init(&pt, arm64_stage2_format(BIT(39), &vtcr), &owner, NULL), 0);
	w = stage2_walk(vtcr, pt.root);
	assert_int_equal(w.level, 1);
	assert_int_equal(pgtable_map(&pt, GIB(2), hpa(GIB(4)), GIB(1) + MIB(34) + KIB(68), PT_READ),
			 0);
	assert_true(translate(&w, GIB(2), &r) && r.level == 1);
	assert_true(translate(&w, GIB(3), &r) && r.level == 2 && r.pte >> 52 & 1);
	assert_true(translate(&w, GIB(3) + MIB(32), &r) && r.level == 2 && !(r.pte >> 52 & 1));
	assert_true(translate(&w, GIB(3) + MIB(34), &r) && r.level == 3 && r.pte >> 52 & 1);
	assert_true(translate(&w, GIB(3) + MIB(34) + KIB(64), &r) && !(r.pte >> 52 & 1));
	pgtable_destroy(&pt);
}

/* ---- EL2's own ---- */

static struct walk host_walk(void)
{
	struct walk w = { .ds = loaded_tcr >> 32 & 1, .bits = 64 - (unsigned)(loaded_tcr & 63) };

	assert_true((loaded_tcr & (BIT(31) | BIT(23))) == (BIT(31) | BIT(23))); /* RES1 */
	assert_int_equal(loaded_tcr >> 12 & 3, 3);
	/* Stage 1 starts at the lowest level that has all bits in one table (D8.2.1). */
	for (w.level = 3; w.bits > shift_of(w.level) + 9; w.level--)
		;
	w.root = w.ds ? (loaded_ttbr & 0x0000ffffffffffc0) | (loaded_ttbr >> 2 & 15) << 48 :
			loaded_ttbr & 0x0000fffffffff000;
	return w;
}

static void check_host(u64 base)
{
	static const unsigned attrs[] = { PT_READ | PT_EXEC, PT_READ, PT_READ | PT_WRITE,
					  PT_READ | PT_WRITE | PT_DEVICE };
	struct mem_owner owner = { .name = "test" };
	struct pgtable pt;
	struct pt_leaf leaf;
	struct result r;
	struct walk w;

	assert_int_equal(pgtable_init(&pt, arch_host_format, &owner, NULL), 0);
	arch_host_map_activate(ptr_to_hpa(pt.root));
	w = host_walk();
	assert_int_equal(BIT(w.bits), pgtable_limit(arch_host_format));
	for (unsigned i = 0; i < ARRAY_SIZE(attrs); i++) {
		u64 at = base + i * MIB(4);

		assert_int_equal(
			pgtable_map(&pt, at, hpa(at), MIB(2) + PAGE_SIZE, attrs[i] | PT_GLOBAL), 0);
		for (unsigned page = 0; page < 2; page++, at += MIB(2)) {
			assert_true(translate(&w, at + 4, &r));
			assert_int_equal(r.pa, at + 4);
			assert_int_equal(r.level, 2 + page);
			assert_int_equal(r.pte >> 6 & 1, 1); /* AP[1] is RES1 */
			assert_int_equal(r.pte >> 7 & 1, !(attrs[i] & PT_WRITE));
			assert_int_equal(r.pte >> 54 & 1, !(attrs[i] & PT_EXEC));
			assert_int_equal(r.pte >> 50 & 1, arm64_features.bti && attrs[i] & PT_EXEC);
			assert_int_equal(r.pte >> 2 & 7, attrs[i] & PT_DEVICE ? 1 : 0);
			assert_false(r.pte >> 52 & 1);
			assert_int_equal(pgtable_lookup(&pt, at, &leaf), 0);
			assert_int_equal(leaf.attr, attrs[i] | PT_GLOBAL);
		}
	}
	pgtable_destroy(&pt);
}

static void test_host_tables(void **state)
{
	struct boot_memory low = { .ram = { { GIB(1), GIB(4) } }, .ram_count = 1 };
	u64 vtcr;
	struct boot_memory high = { .ram = { { GIB(1), GIB(4) }, { BIT(50), GIB(1) } },
				    .ram_count = 2 };

	(void)state;
	use_cpu(48, false);
	arm64_choose_host_format(&high); /* no CPU like that: what cannot be reached is left out */
	assert_ptr_equal(arch_host_format, arm64_host_format_48);
	use_cpu(52, true);
	arm64_choose_host_format(&low);
	assert_ptr_equal(arch_host_format, arm64_host_format_48);
	check_host(GIB(5));
	arm64_features.bti = arm64_features.iesb = true;
	check_host(BIT(47) + GIB(1));
	assert_int_equal(loaded_sctlr & 0x30c50830, 0x30c50830);
	assert_int_equal(loaded_sctlr & (BIT(25) | BIT(1)),
			 0);                             /* little endian, unaligned is fine */
	assert_int_equal(loaded_sctlr >> 19 & 1, 1);     /* WXN */
	assert_int_equal(loaded_sctlr & 0x1005, 0x1005); /* I, C, M */
	assert_int_equal(loaded_sctlr >> 21 & 1, 1);     /* IESB */
	arm64_choose_host_format(&high);
	assert_ptr_not_equal(arch_host_format, arm64_host_format_48);
	check_host(BIT(51) + BIT(48) + GIB(1));
	assert_true(stage2_walk((arm64_stage2_format(GIB(4), &vtcr), vtcr), NULL).ds);
	arm64_load_map(hpa(BIT(51) + BIT(49) + PAGE_SIZE), true);
	assert_int_equal(host_walk().root, BIT(51) + BIT(49) + PAGE_SIZE);
	assert_int_equal(loaded_sctlr >> 19 & 1, 0);
}

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	arch_host_format = arm64_host_format_48;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stage2_choice, start, stop),
		cmocka_unit_test_setup_teardown(test_stage2_tables, start, stop),
		cmocka_unit_test_setup_teardown(test_blocks_and_groups, start, stop),
		cmocka_unit_test_setup_teardown(test_host_tables, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
