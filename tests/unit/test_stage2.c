/* SPDX-License-Identifier: MIT */
/* Second-stage tables of a VM: charged to it, bounded, flushed while they still exist, and gone with it. */
#include <test.h>

#include <core/errno.h>
#include <core/stage2.h>
#include <core/vm.h>
#include <fake.h>

#define AT 0x80000000ull

static struct vm vm;

/* In the place of the fake architecture's. */
static struct {
	unsigned count;
	u64 base;
	u64 size;
	u64 tables; /* that there were */
} flush;

void arch_stage2_flush(struct vm *of, u64 base, u64 size)
{
	flush.count++;
	flush.base = base;
	flush.size = size;
	flush.tables = of->table_owner.page_count;
}

static int setup(void **state)
{
	(void)state;
	fake_boot(MIB(16));
	memset(&vm, 0, sizeof(vm));
	memset(&flush, 0, sizeof(flush));
	vm.table_owner.name = "tables";
	return stage2_init(&vm, arch_host_format);
}

static int teardown(void **state)
{
	(void)state;
	stage2_destroy(&vm);
	return mem_owner_is_empty(&vm.table_owner) ? 0 : -1;
}

/* What comes back from here holds no lock: the next call would panic. */
static void test_map_and_unmap(void **state)
{
	struct pt_leaf leaf;

	(void)state;
	assert_int_equal(stage2_lookup(&vm, gpa(AT), &leaf), -ENOENT);
	assert_int_equal(stage2_map(&vm, gpa(AT), hpa(0x40000000), 0x3000, PT_READ), 0);
	assert_int_equal(stage2_lookup(&vm, gpa(AT + 0x2abc), &leaf), 0);
	assert_int_equal(leaf.pa.v, 0x40002abc);
	assert_int_equal(leaf.attr, PT_READ);
	assert_int_equal(stage2_map(&vm, gpa(AT + 0x2000), hpa(0x50000000), 0x2000, PT_READ),
			 -EEXIST);
	assert_int_equal(stage2_lookup(&vm, gpa(AT + 0x3000), &leaf), -ENOENT);
	assert_int_equal(stage2_unmap(&vm, gpa(AT + 0x1000), 0x1000), 0);
	assert_int_equal(stage2_lookup(&vm, gpa(AT + 0x1000), &leaf), -ENOENT);
	assert_int_equal(stage2_lookup(&vm, gpa(AT + 0x2000), &leaf), 0);
	assert_true(fake_irqs_on);
	lock_assert_none_held();
}

static void test_bounded(void **state)
{
	struct pt_leaf leaf;

	(void)state;
	vm.table_owner.page_limit = vm.table_owner.page_count + 2;
	assert_int_equal(stage2_map(&vm, gpa(AT), hpa(0x40000000), 0x1000, PT_READ), -ENOMEM);
	assert_int_equal(stage2_lookup(&vm, gpa(AT), &leaf), -ENOENT);
	assert_int_equal(vm.table_owner.page_count, 1);
	vm.table_owner.page_limit++;
	assert_int_equal(stage2_map(&vm, gpa(AT), hpa(0x40000000), 0x1000, PT_READ), 0);
	lock_assert_none_held();
}

static void test_destroy(void **state)
{
	u64 tables;

	(void)state;
	assert_int_equal(stage2_map(&vm, gpa(AT), hpa(0x40000000), 0x5000, PT_READ), 0);
	tables = vm.table_owner.page_count;
	assert_true(tables > 1);
	stage2_destroy(&vm);
	/* All of it, before any table can be another's memory. */
	assert_int_equal(flush.count, 1);
	assert_int_equal(flush.base, 0);
	assert_int_equal(flush.size, pgtable_limit(arch_host_format));
	assert_int_equal(flush.tables, tables);
	assert_int_equal(vm.table_owner.page_count, 0);
	/* Once is enough, and what was never made needs it not at all. */
	stage2_destroy(&vm);
	assert_int_equal(flush.count, 1);
	memset(&vm, 0, sizeof(vm));
	stage2_destroy(&vm);
	assert_int_equal(flush.count, 1);
}

static void test_no_memory_for_root(void **state)
{
	(void)state;
	stage2_destroy(&vm);
	vm.table_owner.page_limit = 1;
	assert_int_equal(stage2_init(&vm, arch_host_format), 0);
	stage2_destroy(&vm);
	flush.count = 0;
	while (page_alloc(&owner_system, 0))
		;
	assert_int_equal(stage2_init(&vm, arch_host_format), -ENOMEM);
	stage2_destroy(&vm);
	assert_int_equal(flush.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_map_and_unmap),
		TEST(test_bounded),
		TEST(test_destroy),
		TEST(test_no_memory_for_root),
	};

	return cmocka_run_group_tests_name("stage2", tests, NULL, NULL);
}
