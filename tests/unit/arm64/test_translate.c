/* SPDX-License-Identifier: MIT */
/* The software walk of a guest's tables: all granules and sizes, blocks, both halves, and every kind of broken entry. */
#include <test.h>

#include <core/arch.h>
#include <core/errno.h>
#include <fake_arm64.h>

#define SCTLR_M BIT(0)
#define VALID 1ull
#define TABLE 3ull /* at the last level: a page */
#define BLOCK 1ull
#define ATTRIBUTES 0x00600000000007fcull /* all that is none of the walk's business */

static int start(void **state)
{
	(void)state;
	fake_arm64_start(2);
	sysreg_write(SCTLR_EL1, SCTLR_M);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static u64 at(u64 offset)
{
	return FAKE_RAM_BASE + offset;
}

static void set_entry(u64 table, u64 index, u64 descriptor)
{
	memcpy(&fake->ram[table + index * 8], &descriptor, sizeof(descriptor));
}

/* TCR_EL1 for both halves of @bits and granule @g (log2); TG0 and TG1 have other codes. */
static u64 tcr(unsigned bits, unsigned g)
{
	u64 size = 64 - bits,
	    tg0 = g == 12 ? 0 :
		  g == 16 ? 1 :
			    2,
	    tg1 = g == 12 ? 2 :
		  g == 16 ? 3 :
			    1;

	return size | size << 16 | tg0 << 14 | tg1 << 30 | 5ull << 32;
}

static int translate(u64 va, u64 *out)
{
	gpa_t to = gpa(~0ull);
	int err = arch_vcpu_translate(fake->vcpus[0], va, &to);

	*out = to.v;
	return err;
}

static void assert_maps(u64 va, u64 expected)
{
	u64 to;

	assert_int_equal(translate(va, &to), 0);
	assert_int_equal(to, expected);
}

static void assert_faults(u64 va)
{
	u64 to;

	assert_int_equal(translate(va, &to), -EFAULT);
}

static void test_off(void **state)
{
	(void)state;
	sysreg_write(SCTLR_EL1, 0);
	assert_maps(0x123456789abcdef0, 0x123456789abcdef0);
}

/*
 * A chain of tables to one page, for a size and a granule; then a block in place of each table. Entry 1 of each table
 * but the first, whose index has what bits are left.
 */
static void walk_chain(unsigned bits, unsigned g, bool upper)
{
	unsigned stride = g - 3, levels = (bits - g + stride - 1) / stride;
	u64 table_size = BIT(g), va = 0x123, chain[5];
	u64 high = upper ? ~0ull << bits : 0;

	if (levels * table_size > FAKE_RAM_SIZE)
		return;
	for (unsigned i = 0; i < levels; i++) {
		chain[i] = i * table_size;
		va |= BIT(g + (levels - 1 - i) * stride);
		memset(&fake->ram[chain[i]], 0, table_size);
	}
	for (unsigned i = 0; i + 1 < levels; i++)
		set_entry(chain[i], 1, at(chain[i + 1]) | TABLE | 0x0400000000000000ull);
	set_entry(chain[levels - 1], 1, 0x7f0000 | TABLE | ATTRIBUTES);
	sysreg_write(TCR_EL1, tcr(bits, g));
	sysreg_write(TTBR0_EL1, at(0) | 0xabull << 48 | 1);
	sysreg_write(TTBR1_EL1, at(0) | 0xabull << 48 | 1);
	assert_maps(high | va, 0x7f0000 | (va & (table_size - 1)));
	assert_faults(high | (va ^ BIT(g))); /* entry 0 */
	/* Level 3 is the last: a block has to be at 1 or 2, with larger granules at 2. */
	for (unsigned i = 0; i + 1 < levels; i++) {
		unsigned level = 4 - levels + i, shift = g + (levels - 1 - i) * stride;
		u64 size = BIT(shift);

		set_entry(chain[i], 1, size * 3 | BLOCK | ATTRIBUTES);
		if (level == 2 || (level == 1 && g == 12))
			assert_maps(high | va, size * 3 + (va & (size - 1)));
		else
			assert_faults(high | va);
		set_entry(chain[i], 1, at(chain[i + 1]) | TABLE);
	}
}

static void test_sizes(void **state)
{
	static const u8 granules[] = { 12, 14 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(granules); i++)
		for (unsigned bits = 25; bits <= 48; bits++) {
			/* With one bit of index only there is no entry 1 that differs from the half's end. */
			walk_chain(bits, granules[i], false);
			walk_chain(bits, granules[i], true);
		}
}

/* 64 KiB: two tables are all of the fake's memory. */
static void test_64k(void **state)
{
	(void)state;
	for (unsigned bits = 30; bits <= 42; bits++) {
		walk_chain(bits, 16, false);
		walk_chain(bits, 16, true);
	}
}

/* An address is in a half if all its bits above repeat bit 55, or 56 and above count for nothing. */
static void test_halves(void **state)
{
	(void)state;
	sysreg_write(TTBR0_EL1, at(0));
	sysreg_write(TTBR1_EL1, at(0x1000));
	set_entry(0, 0, 0x40000000 | BLOCK);
	set_entry(0x1000, 511, 0x80000000 | BLOCK);
	sysreg_write(TCR_EL1, tcr(39, 12));
	assert_maps(0x1234, 0x40001234);
	assert_maps(0xffffffffc0001234, 0x80001234);
	assert_faults(0x0000008000001234); /* bit 39 */
	assert_faults(0xffffff7fc0001234);
	assert_faults(0x0080000000001234);
	assert_faults(0x5a00000000001234);
	assert_faults(0xa5ffffffc0001234);
	sysreg_write(TCR_EL1, tcr(39, 12) | BIT(37)); /* TBI0 */
	assert_maps(0x5a00000000001234, 0x40001234);
	assert_faults(0x5a40000000001234);
	assert_faults(0xa5ffffffc0001234);
	sysreg_write(TCR_EL1, tcr(39, 12) | BIT(38)); /* TBI1 */
	assert_maps(0xa5ffffffc0001234, 0x80001234);
	sysreg_write(TCR_EL1, tcr(39, 12) | BIT(7)); /* EPD0 */
	assert_faults(0x1234);
	assert_maps(0xffffffffc0001234, 0x80001234);
	sysreg_write(TCR_EL1, tcr(39, 12) | BIT(23)); /* EPD1 */
	assert_faults(0xffffffffc0001234);
	/* Reserved granules: TG0 3, TG1 0. */
	sysreg_write(TCR_EL1, tcr(39, 12) | 3 << 14);
	assert_faults(0x1234);
	sysreg_write(TCR_EL1, tcr(39, 12) & ~(3ull << 30));
	assert_faults(0xffffffffc0001234);
}

static void test_bad_entries(void **state)
{
	(void)state;
	sysreg_write(TCR_EL1, tcr(39, 12));
	sysreg_write(TTBR0_EL1, at(0));
	/* Valid is bit 0; bit 1 alone means nothing. */
	set_entry(0, 0, 0x40000000 | 2);
	assert_faults(0);
	/* A table that is no memory, and one that points to itself until the last level takes it for a page. */
	set_entry(0, 0, 0x10000000 | TABLE);
	assert_faults(0);
	set_entry(0, 0, at(0) | TABLE);
	assert_maps(0x10, at(0x10));
	/* At the last level 01 is reserved. */
	set_entry(0, 0, at(0x1000) | TABLE);
	set_entry(0x1000, 0, at(0x2000) | TABLE);
	set_entry(0x2000, 0, 0x5000 | BLOCK);
	assert_faults(0);
	set_entry(0x2000, 0, 0x5000 | TABLE);
	assert_maps(0xfff, 0x5fff);
	sysreg_write(TTBR0_EL1, 0x10000000);
	assert_faults(0);
	/* A block of a size that this level has none of. */
	sysreg_write(TTBR0_EL1, at(0));
	sysreg_write(TCR_EL1, tcr(48, 12));
	set_entry(0, 0, 0x40000000 | BLOCK);
	assert_faults(0);
}

/* FEAT_LPA2 (DS): blocks of 512 GiB, 52 bits of output, five levels; FEAT_LPA with 64 KiB. */
static void test_52_bits(void **state)
{
	(void)state;
	sysreg_write(TCR_EL1, tcr(48, 12) | BIT(59));
	sysreg_write(TTBR0_EL1, at(0));
	set_entry(0, 0, 0x0003008000000000ull | 3ull << 8 | BLOCK);
	assert_maps(0x123456, 0x000f008000123456ull);
	sysreg_write(TCR_EL1, tcr(52, 12) | BIT(59));
	set_entry(0, 0, at(0x1000) | TABLE);
	set_entry(0x1000, 1, 0x0000010000000000ull | BLOCK);
	assert_maps(0x8000000123, 0x0000010000000123ull);
	sysreg_write(TCR_EL1, tcr(52, 12));
	assert_faults(0x8000000123);
	/* 64 KiB: bits 51:48 are in 15:12, if TCR_EL1.IPS says 52 bits. */
	set_entry(0, 1, 0x20000000 | 0xa000 | BLOCK);
	sysreg_write(TCR_EL1, (tcr(42, 16) & ~(7ull << 32)) | 6ull << 32);
	assert_maps(0x20000123, 0x000a000020000123ull);
	sysreg_write(TCR_EL1, tcr(42, 16));
	assert_maps(0x20000123, 0x20000123);
}

static void test_big_endian(void **state)
{
	(void)state;
	sysreg_write(SCTLR_EL1, SCTLR_M | SCTLR_EE);
	sysreg_write(TCR_EL1, tcr(39, 12));
	sysreg_write(TTBR0_EL1, at(0));
	set_entry(0, 0, __builtin_bswap64(0x40000000 | BLOCK));
	assert_maps(0x1234, 0x40001234);
}

/* One that is not loaded is looked up by what has been saved. */
static void test_saved(void **state)
{
	struct arm64_context *c = &fake->vcpus[1]->arch.context;
	gpa_t to;

	(void)state;
	sysreg_write(SCTLR_EL1, 0);
	c->SCTLR_EL1 = SCTLR_M;
	c->TCR_EL1 = tcr(39, 12);
	c->TTBR0_EL1 = at(0);
	c->TTBR1_EL1 = at(0x1000);
	set_entry(0, 0, 0x40000000 | BLOCK);
	set_entry(0x1000, 0, 0x80000000 | BLOCK);
	assert_int_equal(arch_vcpu_translate(fake->vcpus[1], 0x1234, &to), 0);
	assert_int_equal(to.v, 0x40001234);
	assert_int_equal(arch_vcpu_translate(fake->vcpus[1], 0xffffff8000000000, &to), 0);
	assert_int_equal(to.v, 0x80000000);
	assert_int_equal(arch_vcpu_translate(fake->vcpus[1], 0x40000000, &to), -EFAULT);
}

static void test_walk_level(void **state)
{
	(void)state;
	sysreg_write(TCR_EL1, tcr(48, 12));
	sysreg_write(TTBR0_EL1, 0x10000000);
	assert_int_equal(arm64_walk_level(fake->vcpus[0], 0), 0);
	sysreg_write(TTBR0_EL1, at(0));
	set_entry(0, 0, 0x10000000 | TABLE);
	assert_int_equal(arm64_walk_level(fake->vcpus[0], 0), 1);
	set_entry(0, 0, at(0x1000) | TABLE);
	set_entry(0x1000, 0, at(0x2000) | TABLE);
	set_entry(0x2000, 0, 0x10000000 | TABLE);
	assert_int_equal(arm64_walk_level(fake->vcpus[0], 0), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_off),        TEST(test_sizes),       TEST(test_64k),
		TEST(test_halves),     TEST(test_bad_entries), TEST(test_52_bits),
		TEST(test_big_endian), TEST(test_saved),       TEST(test_walk_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
