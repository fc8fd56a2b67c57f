/* SPDX-License-Identifier: MIT */
/* The software walk of a guest's tables: all modes and page sizes, and every kind of broken entry. */
#include <test.h>

#include <core/arch.h>
#include <core/errno.h>
#include <fake_riscv.h>

#define V 0x01ull
#define R 0x02ull
#define W 0x04ull
#define X 0x08ull
#define RWX (V | R | W | X)
#define N (1ull << 63)

static int start(void **state)
{
	(void)state;
	fake_riscv_start(2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_riscv_stop();
	return 0;
}

/* Table number @table of fake RAM. */
static void set_entry(unsigned table, u64 index, u64 pte)
{
	memcpy(&fake->ram[table * PAGE_SIZE + index * 8], &pte, sizeof(pte));
}

static u64 pte_of(u64 address, u64 bits)
{
	return address >> 12 << 10 | bits;
}

static u64 table_at(unsigned table)
{
	return pte_of(FAKE_RAM_BASE + table * PAGE_SIZE, V);
}

static void use_mode(u64 mode)
{
	csr_write(CSR_VSATP, mode << 60 | 0xffffull << 44 | FAKE_RAM_BASE >> 12);
}

static int translate(u64 va, u64 *at)
{
	gpa_t out = gpa(~0ull);
	int err = arch_vcpu_translate(fake->vcpus[0], va, &out);

	*at = out.v;
	return err;
}

static void assert_maps(u64 va, u64 expected)
{
	u64 at;

	assert_int_equal(translate(va, &at), 0);
	assert_int_equal(at, expected);
}

static void assert_faults(u64 va)
{
	u64 at;

	assert_int_equal(translate(va, &at), -EFAULT);
}

static void test_bare(void **state)
{
	(void)state;
	use_mode(0);
	assert_maps(0x123456789abcdef0, 0x123456789abcdef0);
	for (u64 mode = 1; mode < 16; mode++) {
		use_mode(mode);
		if (mode < 8 || mode > 10)
			assert_faults(0);
	}
}

/* The same leaf at the end of a chain of 3, 4 and 5 tables, and as a larger page at each step. */
static void test_modes(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++) {
		u64 va = 0x123ull;

		use_mode(levels + 5);
		for (unsigned i = 0; i < levels; i++)
			va |= (u64)(i + 3) << (12 + 9 * i);
		for (unsigned i = levels - 1; i > 0;
		     i--) /* table number levels-1-i is at level i */
			set_entry(levels - 1 - i, i + 3, table_at(levels - i));
		set_entry(levels - 1, 3, pte_of(0x40005000, RWX));
		assert_maps(va, 0x40005123);
		assert_faults(va + 0x1000);
		for (unsigned i = 1; i < levels; i++) {
			u64 size = 1ull << (12 + 9 * i);

			set_entry(levels - 1 - i, i + 3, pte_of(size * 5, V | X));
			assert_maps(va, size * 5 + (va & (size - 1)));
			set_entry(levels - 1 - i, i + 3, pte_of(size * 5 + 0x1000, V | R));
			assert_faults(va); /* misaligned */
			set_entry(levels - 1 - i, i + 3, table_at(levels - i));
		}
	}
}

static void test_canonical(void **state)
{
	(void)state;
	use_mode(8);
	set_entry(0, 511, pte_of(0x80000000, RWX));
	assert_maps(0xffffffffc0000010, 0x80000010);
	assert_faults(0x0000007fc0000010);
	assert_faults(0x00ffffffc0000010);
	set_entry(0, 255, pte_of(0xc0000000, RWX));
	assert_maps(0x3fffffffff, 0xffffffff);
	assert_faults(0xffffff3fffffffffull);
}

static void test_bad_entries(void **state)
{
	static const u64 bad[] = {
		0, R | W | X, V | W, V | W | X, V | R | N, V | R | 1ull << 54, V | R | 1ull << 60
	};

	(void)state;
	use_mode(8);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		set_entry(0, 0, bad[i]);
		assert_faults(0);
	}
	/* A table that is no memory, a chain without end, a pointer with bits of a leaf. */
	set_entry(0, 0, pte_of(0x10000000, V));
	assert_faults(0);
	set_entry(0, 0, table_at(0));
	assert_faults(0);
	set_entry(0, 0, table_at(1) | N);
	assert_faults(0);
	csr_write(CSR_VSATP, 8ull << 60 | 0x10000);
	assert_faults(0);
}

static void test_napot(void **state)
{
	(void)state;
	use_mode(8);
	set_entry(0, 0, table_at(1));
	set_entry(1, 0, table_at(2));
	for (unsigned i = 0; i < 16; i++)
		set_entry(2, i, pte_of(0x40008000, RWX) | N | 2ull << 61); /* with a memory type */
	assert_maps(0x5678, 0x40005678);
	assert_maps(0xf000, 0x4000f000);
	set_entry(2, 0, pte_of(0x40004000, RWX) | N);
	assert_faults(0);
}

/* One that is not loaded is looked up by its saved vsatp. */
static void test_saved(void **state)
{
	gpa_t at;

	(void)state;
	use_mode(0);
	set_entry(0, 0, pte_of(0, RWX));
	fake->vcpus[1]->arch.vsatp = 8ull << 60 | FAKE_RAM_BASE >> 12;
	assert_int_equal(arch_vcpu_translate(fake->vcpus[1], 0x3fffffff, &at), 0);
	assert_int_equal(at.v, 0x3fffffff);
	assert_int_equal(arch_vcpu_translate(fake->vcpus[1], 0x40000000, &at), -EFAULT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_bare),        TEST(test_modes), TEST(test_canonical),
		TEST(test_bad_entries), TEST(test_napot), TEST(test_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
