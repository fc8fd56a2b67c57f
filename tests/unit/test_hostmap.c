/* SPDX-License-Identifier: MIT */
/* The host's own map: everything where it is, nothing both writable and executable, guard pages. */
#include <test.h>

#include <core/arch.h>
#include <core/hostmap.h>
#include <core/pgtable.h>
#include <fake.h>

static struct hpa_range ram;

/* Reads the tables that were activated, as a CPU would. */
static int look(u64 va, struct pt_leaf *leaf)
{
	struct pgtable view = { .format = arch_host_format, .root = hpa_to_ptr(fake_host_root) };

	return pgtable_lookup(&view, va, leaf);
}

static unsigned attr_at(const void *p)
{
	struct pt_leaf leaf;

	if (look((uintptr_t)p, &leaf))
		return 0;
	assert_int_equal(leaf.pa.v, (uintptr_t)p);
	return leaf.attr;
}

static void test_image_and_ram(void **state)
{
	struct pt_leaf leaf;

	(void)state;
	fake_boot(MIB(8));
	assert_true(page_ram_range(0, &ram));
	assert_int_equal(hostmap_init((struct hpa_range){ 0, 0 }), 0);
	assert_int_equal(attr_at(image_start), PT_READ | PT_EXEC | PT_GLOBAL);
	assert_int_equal(attr_at(text_end), PT_READ | PT_GLOBAL);
	assert_int_equal(attr_at(rodata_end), PT_READ | PT_WRITE | PT_GLOBAL);
	assert_int_equal(attr_at(image_end), 0);
	for (u64 at = ram.base; at < ram.base + ram.size; at += leaf.size) {
		assert_int_equal(look(at, &leaf), 0);
		assert_int_equal(leaf.attr, PT_READ | PT_WRITE | PT_GLOBAL);
		assert_int_equal(leaf.pa.v, at);
		assert_true(leaf.size >= MIB(2)); /* the test's RAM is aligned so */
	}
	assert_int_not_equal(look(ram.base + ram.size, &leaf), 0);
	assert_int_not_equal(look(0, &leaf), 0);
}

static void test_stack(void **state)
{
	struct page_stats before, after;
	u8 *stack, *again;

	(void)state;
	stack = hostmap_stack_alloc(2); /* splits the large page for good */
	assert_non_null(stack);
	hostmap_stack_free(stack, 2);
	page_stats(&before);
	for (unsigned i = 0; i < 100; i++) {
		stack = hostmap_stack_alloc(2);
		again = hostmap_stack_alloc(3);
		assert_int_equal(attr_at(stack), 0);
		assert_int_equal(attr_at(stack + PAGE_SIZE), PT_READ | PT_WRITE | PT_GLOBAL);
		assert_int_equal(attr_at(again), 0);
		hostmap_stack_free(stack, 2);
		assert_int_equal(attr_at(stack), PT_READ | PT_WRITE | PT_GLOBAL);
		hostmap_stack_free(again, 3);
	}
	page_stats(&after);
	assert_memory_equal(&after, &before, sizeof(after));
}

static void test_device(void **state)
{
	u64 device = 0x10000000;

	(void)state;
	assert_ptr_equal(hostmap_device(hpa(device + 0x10), 0x100), (void *)(device + 0x10));
	assert_int_equal(attr_at((void *)device), PT_READ | PT_WRITE | PT_DEVICE | PT_GLOBAL);
	assert_true(hostmap_has(hpa(device + 0x800)));
	assert_false(hostmap_has(hpa(device + PAGE_SIZE)));
	assert_int_equal(attr_at((void *)(device + PAGE_SIZE)), 0);
	/* Over and beyond what is mapped; twice; across a page. */
	assert_non_null(hostmap_device(hpa(device - 8), PAGE_SIZE * 3));
	assert_non_null(hostmap_device(hpa(device - 8), PAGE_SIZE * 3));
	assert_int_not_equal(attr_at((void *)(device - PAGE_SIZE)), 0);
	assert_int_not_equal(attr_at((void *)(device + PAGE_SIZE * 2)), 0);
	assert_int_equal(attr_at((void *)(device + PAGE_SIZE * 3)), 0);
}

static void test_device_refused(void **state)
{
	(void)state;
	assert_null(hostmap_device(hpa(ram.base), PAGE_SIZE)); /* RAM is cached */
	assert_null(hostmap_device(hpa(0x20000000), 0));
	assert_null(hostmap_device(hpa(0x20000000), UINT64_MAX));
	assert_null(hostmap_device(hpa(UINT64_MAX - 10), 8));
	assert_null(hostmap_device(hpa(1ull << 60), 8));
}

/* ---- a format whose entries have to be empty before they change ---- */

static struct pt_format careful;
static void *used[4]; /* what somebody uses, so that it has to stay mapped all the time */
static unsigned live_flushes;

static void watching_flush(void *ctx, u64 va, u64 size)
{
	(void)ctx;
	(void)va;
	(void)size;
	if (!fake_host_root.v)
		return;
	live_flushes++;
	for (unsigned i = 0; i < ARRAY_SIZE(used); i++)
		if (used[i])
			assert_int_equal(attr_at(used[i]), PT_READ | PT_WRITE | PT_GLOBAL);
}

static void boot_carefully(void)
{
	careful = *arch_host_format;
	careful.break_before_make = true;
	careful.leaf_level_max = 1;
	careful.flush = watching_flush;
	arch_host_format = &careful;
	fake_host_root = hpa(0);
	fake_boot(MIB(16));
	assert_true(page_ram_range(0, &ram));
	assert_int_equal(hostmap_init((struct hpa_range){ 0, 0 }), 0);
}

static void test_stacks_are_never_cut_out_of_what_is_used(void **state)
{
	enum { COUNT = 16 + 128 + 1 }; /* the first chunk, the next, and one more */
	static u8 *stacks[COUNT];
	struct page_stats before, after;

	(void)state;
	boot_carefully();
	for (unsigned i = 0; i < ARRAY_SIZE(used); i++)
		used[i] = page_alloc(&owner_system, i);
	for (unsigned i = 0; i < COUNT; i++) {
		stacks[i] = hostmap_stack_alloc(2);
		assert_non_null(stacks[i]);
		assert_true(is_aligned((uintptr_t)stacks[i], PAGE_SIZE * 4));
		assert_int_equal(attr_at(stacks[i]), 0);
		for (unsigned page = 1; page < 4; page++)
			assert_int_equal(attr_at(stacks[i] + page * PAGE_SIZE),
					 PT_READ | PT_WRITE | PT_GLOBAL);
		memset(stacks[i] + PAGE_SIZE, 0x5a, PAGE_SIZE * 3);
		used[i % ARRAY_SIZE(used)] = stacks[i] + PAGE_SIZE * 3;
	}
	assert_true(live_flushes > 0);
	page_stats(&before);
	for (unsigned i = 0; i < COUNT; i++)
		hostmap_stack_free(stacks[i], 2);
	for (unsigned i = 0; i < COUNT; i++)
		assert_non_null(hostmap_stack_alloc(2));
	page_stats(&after);
	assert_memory_equal(&after, &before, sizeof(after));
}

static void test_stacks_without_memory(void **state)
{
	unsigned count = 0;
	void *block;

	(void)state;
	while ((block = page_alloc(&owner_system, 9)))
		count++;
	assert_true(count > 0);
	while (hostmap_stack_alloc(2))
		assert_true(++count < 10000);
	assert_null(hostmap_stack_alloc(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_and_ram),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_refused),
		cmocka_unit_test(test_stacks_are_never_cut_out_of_what_is_used),
		cmocka_unit_test(test_stacks_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
