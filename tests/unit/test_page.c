/* SPDX-License-Identifier: MIT */
/* The buddy allocator against a reference of who holds which page, with random operations and maps. */
#include <test.h>

#include <core/errno.h>
#include <core/page.h>
#include <core/panic.h>
#include <fake.h>

#define RAM_SIZE MIB(16)
#define RAM_PAGES (RAM_SIZE / PAGE_SIZE)
#define BLOCKS_MAX 512

struct block {
	u8 *at;
	unsigned order;
	u8 tag;
};

/* The reference: which pages are in some block that we hold. */
static bool held[RAM_PAGES];
static u64 ram_base;

static void mark(const struct block *b, bool value)
{
	u64 first = ((uintptr_t)b->at - ram_base) / PAGE_SIZE;

	assert_true((uintptr_t)b->at >= ram_base && first + BIT(b->order) <= RAM_PAGES);
	assert_true(is_aligned((uintptr_t)b->at, PAGE_SIZE << b->order));
	for (u64 i = first; i < first + BIT(b->order); i++) {
		assert_true(held[i] != value);
		held[i] = value;
	}
}

/* The tag in the first and last byte of each page shows that nobody else writes there. */
static void stamp(const struct block *b)
{
	for (u64 i = 0; i < BIT(b->order); i++)
		b->at[i * PAGE_SIZE] = b->at[(i + 1) * PAGE_SIZE - 1] = b->tag;
}

static void check_stamp(const struct block *b)
{
	for (u64 i = 0; i < BIT(b->order); i++) {
		assert_int_equal(b->at[i * PAGE_SIZE], b->tag);
		assert_int_equal(b->at[(i + 1) * PAGE_SIZE - 1], b->tag);
	}
}

static u64 free_pages_by_blocks(const struct page_stats *s)
{
	u64 pages = 0;

	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		pages += s->free_blocks[order] << order;
	return pages;
}

static void test_random_operations(void **state)
{
	struct mem_owner owner = { .name = "test" };
	static struct block blocks[BLOCKS_MAX];
	struct page_stats before, now;
	unsigned count = 0;
	u64 seed = 1, pages = 0;

	(void)state;
	fake_boot(RAM_SIZE);
	memset(held, 0, sizeof(held));
	page_stats(&before);
	struct hpa_range ram;
	assert_true(page_ram_range(0, &ram));
	ram_base = ram.base;
	for (unsigned round = 0; round < 50000; round++) {
		bool alloc = count == 0 || (count < BLOCKS_MAX && test_random_below(&seed, 2));
		struct block *b = &blocks[alloc ? count : test_random_below(&seed, count)];

		if (alloc) {
			b->order = (unsigned)test_random_below(&seed,
							       test_random_below(&seed, 12) + 1);
			b->at = page_alloc(&owner, b->order);
			b->tag = (u8)round;
			if (!b->at) {
				assert_true(page_largest_order() < (int)b->order);
				continue;
			}
			mark(b, true);
			stamp(b);
			pages += BIT(b->order);
			count++;
		} else {
			check_stamp(b);
			mark(b, false);
			page_free(&owner, b->at, b->order);
			pages -= BIT(b->order);
			*b = blocks[--count];
		}
		assert_int_equal(owner.page_count, pages);
		if (round % 100)
			continue;
		page_stats(&now);
		assert_int_equal(now.free_pages, before.free_pages - pages);
		assert_int_equal(free_pages_by_blocks(&now), now.free_pages);
	}
	while (count--)
		page_free(&owner, blocks[count].at, blocks[count].order);
	page_stats(&now);
	assert_memory_equal(&now, &before, sizeof(now)); /* all has merged back */
	assert_true(mem_owner_is_empty(&owner));
}

/* Allocates single pages until there are none, and returns how many; each must satisfy is_allowed(). */
static u64 drain(struct mem_owner *owner, bool (*is_allowed)(const struct boot_memory *mem, u64 pa),
		 const struct boot_memory *mem)
{
	u64 count = 0;
	void *page;

	while ((page = page_alloc(owner, 0))) {
		assert_true(is_allowed(mem, (uintptr_t)page));
		*(u64 *)page = count++;
	}
	return count;
}

static bool in_range(const struct hpa_range *r, u64 pa)
{
	return pa >= r->base && pa - r->base < r->size;
}

static bool page_is_allowed(const struct boot_memory *mem, u64 pa)
{
	bool ram_start = false, ram_end = false;

	for (unsigned i = 0; i < mem->ram_count; i++) {
		ram_start |= in_range(&mem->ram[i], pa);
		ram_end |= in_range(&mem->ram[i], pa + PAGE_SIZE - 1);
	}
	for (u64 at = pa; at < pa + PAGE_SIZE; at += 64)
		for (unsigned i = 0; i < mem->reserved_count; i++)
			if (in_range(&mem->reserved[i], at))
				return false;
	return ram_start && ram_end;
}

/* How many whole pages are RAM and not reserved, one by one. */
static u64 count_allowed(const struct boot_memory *mem, struct hpa_range all)
{
	u64 count = 0;

	for (u64 pa = align_down(all.base, PAGE_SIZE); pa < all.base + all.size; pa += PAGE_SIZE)
		count += page_is_allowed(mem, pa);
	return count;
}

/* Random maps: several RAM ranges that may touch, with reserved ranges anywhere. All in multiples of 64 bytes. */
static void test_random_maps(void **state)
{
	struct hpa_range all = fake_ram(MIB(8));
	u64 seed = 99;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct boot_memory mem = { .ram_count = 1 + round % 4,
					   .reserved_count = round % 7 };
		struct mem_owner owner = { .name = "test" };
		struct page_stats stats, after;
		u64 at = 0;

		fake_reset(1);
		for (unsigned i = 0; i < mem.ram_count; i++) {
			u64 size = align_down(test_random_below(&seed, MIB(2)), 64);

			mem.ram[mem.ram_count - 1 - i] = (struct hpa_range){ all.base + at, size };
			at += size + (test_random_below(&seed, 2) ?
					      align_down(test_random_below(&seed, 9000), 64) :
					      0);
		}
		for (unsigned i = 0; i < mem.reserved_count; i++)
			mem.reserved[i] = (struct hpa_range){
				all.base + align_down(test_random_below(&seed, MIB(8)), 64) - 4096,
				align_down(test_random_below(&seed, KIB(600)), 64),
			};
		if (page_init(&mem)) {
			assert_true(count_allowed(&mem, all) < 64);
			continue;
		}
		page_stats(&stats);
		u64 map_pages = (stats.total_pages + PAGE_SIZE - 1) / PAGE_SIZE;
		u64 pages = drain(&owner, page_is_allowed, &mem);

		/* A page of which two RAM ranges have a part each is left alone. */
		assert_int_equal(pages, stats.free_pages);
		assert_true(pages + map_pages <= count_allowed(&mem, all));
		assert_true(pages + map_pages + mem.ram_count > count_allowed(&mem, all));
		page_stats(&after);
		assert_int_equal(after.free_pages, 0);
		assert_int_equal(page_largest_order(), -1);
	}
}

static void test_ram_ranges(void **state)
{
	struct hpa_range all = fake_ram(MIB(4));
	struct boot_memory mem = { .ram_count = 3 };
	struct hpa_range range;

	(void)state;
	fake_reset(1);
	mem.ram[0] = (struct hpa_range){ all.base + MIB(2), MIB(1) };
	mem.ram[1] = (struct hpa_range){ all.base + 100, KIB(64) };
	mem.ram[2] = (struct hpa_range){ all.base + MIB(3), KIB(4) + 1 };
	assert_int_equal(page_init(&mem), 0);
	assert_true(page_ram_range(0, &range));
	assert_int_equal(range.base, all.base + PAGE_SIZE);
	assert_int_equal(range.size, KIB(60));
	assert_true(page_ram_range(1, &range));
	assert_int_equal(range.base, all.base + MIB(2));
	assert_int_equal(range.size, MIB(1) + KIB(4));
	assert_false(page_ram_range(2, &range));
	assert_true(page_is_ram(hpa(all.base + PAGE_SIZE)));
	assert_true(page_is_ram(hpa(all.base + MIB(3) + 17)));
	assert_false(page_is_ram(hpa(all.base)));
	assert_false(page_is_ram(hpa(all.base + MIB(1))));
	assert_false(page_is_ram(hpa(all.base + MIB(3) + KIB(4))));
	assert_false(page_is_ram(hpa(UINT64_MAX)));
}

/* Page 0 is nobody's: its address means "none". */
static void test_page_zero(void **state)
{
	struct boot_memory mem = { .ram = { { 0, PAGE_SIZE }, fake_ram(MIB(2)) }, .ram_count = 2 };
	struct page_stats stats;

	(void)state;
	fake_reset(1);
	assert_int_equal(page_init(&mem), 0);
	assert_false(page_is_ram(hpa(0)));
	page_stats(&stats);
	assert_int_equal(stats.total_pages, MIB(2) / PAGE_SIZE);
}

static void test_no_memory(void **state)
{
	struct boot_memory mem = { .ram_count = 1 };
	struct hpa_range all = fake_ram(MIB(4));

	(void)state;
	fake_reset(1);
	mem.ram[0] = (struct hpa_range){ 0, 0 };
	assert_int_equal(page_init(&mem), -ENOMEM);
	mem.ram[0] = all;
	mem.reserved[0] = (struct hpa_range){ 0, UINT64_MAX };
	mem.reserved_count = 1;
	assert_int_equal(page_init(&mem), -ENOMEM);
	mem.reserved[0] = (struct hpa_range){ all.base, UINT64_MAX };
	assert_int_equal(page_init(&mem), -ENOMEM);
	assert_null(page_alloc(&owner_system, 0));
}

static void test_limit(void **state)
{
	struct mem_owner owner = { .name = "test", .page_limit = 5 };
	void *a, *b;

	(void)state;
	fake_boot(MIB(4));
	a = page_alloc(&owner, 2);
	assert_non_null(a);
	assert_null(page_alloc(&owner, 1));
	b = page_alloc_zero(&owner, 0);
	assert_non_null(b);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((u8 *)b)[i], 0);
	assert_null(page_alloc(&owner, 0));
	assert_int_equal(owner.page_count, 5);
	page_free(&owner, a, 2);
	page_free(&owner, b, 0);
	assert_true(mem_owner_is_empty(&owner));
	/* What cannot be had is not charged either. */
	owner.page_limit = 0;
	assert_null(page_alloc(&owner, PAGE_ORDER_MAX));
	assert_null(page_alloc(&owner, PAGE_ORDER_MAX + 1));
	assert_true(mem_owner_is_empty(&owner));
}

static void test_misuse(void **state)
{
	struct mem_owner owner = { .name = "test" };
	u8 *block;
	u64 elsewhere;

	(void)state;
	fake_boot(MIB(4));
	block = page_alloc(&owner, 3);
	assert_panics(page_free(&owner, block, 2), "wrong order");
	assert_panics(page_free(&owner, block + PAGE_SIZE, 0), "wrong order");
	assert_panics(page_free(&owner, block + 8, 3), "not a page");
	assert_panics(page_free(&owner, &elsewhere, 0), "not a page");
	page_free(&owner, block, 3);
	assert_panics(page_free(&owner, block, 3), "double free");
	block = page_alloc(&owner, 0);
	owner.page_count = 0;
	assert_panics(page_free(&owner, block, 0), "more memory than it holds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_random_maps),
		cmocka_unit_test(test_ram_ranges),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_page_zero),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
