/* SPDX-License-Identifier: MIT */
/* The decoder against the manual's tables: all 16-bit encodings, encoded and random 32-bit ones, and traps. */
#include <test.h>

#include <core/errno.h>
#include <fake_riscv.h>

/*
 * Bits 15 to 0 as chapters "C" and "Zcb" print them. r: register, b: base (3 letters: x8 to x15),
 * A to I: bits 0 to 8 of the offset.
 */
static const struct {
	const char *bits;
	u8 size;
	bool store;
	bool sign_extend;
	bool stack;
} manual[] = {
	{ "010FEDbbbCGrrr00", 4, false, true, false },  /* c.lw */
	{ "011FEDbbbHGrrr00", 8, false, false, false }, /* c.ld */
	{ "110FEDbbbCGrrr00", 4, true, false, false },  /* c.sw */
	{ "111FEDbbbHGrrr00", 8, true, false, false },  /* c.sd */
	{ "010FrrrrrEDCHG10", 4, false, true, true },   /* c.lwsp */
	{ "011FrrrrrEDIHG10", 8, false, false, true },  /* c.ldsp */
	{ "110FEDCHGrrrrr10", 4, true, false, true },   /* c.swsp */
	{ "111FEDIHGrrrrr10", 8, true, false, true },   /* c.sdsp */
	{ "100000bbbABrrr00", 1, false, false, false }, /* c.lbu */
	{ "100001bbb0Brrr00", 2, false, false, false }, /* c.lhu */
	{ "100001bbb1Brrr00", 2, false, true, false },  /* c.lh */
	{ "100010bbbABrrr00", 1, true, false, false },  /* c.sb */
	{ "100011bbb0Brrr00", 2, true, false, false },  /* c.sh */
};

/* The fields of @insn by one row's letters; false when a constant bit differs. */
static bool read_fields(const char *bits, u32 insn, struct riscv_access *access, unsigned *reg_bits)
{
	unsigned reg = 0, base = 0, offset = 0;

	*reg_bits = 0;
	for (unsigned i = 0; i < 16; i++) {
		unsigned bit = insn >> (15 - i) & 1;

		if (bits[i] == '0' || bits[i] == '1') {
			if (bit != (unsigned)(bits[i] - '0'))
				return false;
		} else if (bits[i] == 'r') {
			reg = reg << 1 | bit;
			++*reg_bits;
		} else if (bits[i] == 'b') {
			base = base << 1 | bit;
		} else {
			offset |= bit << (bits[i] - 'A');
		}
	}
	access->reg = *reg_bits == 3 ? reg + 8 : reg;
	access->base = base + 8;
	access->offset = (s16)offset;
	return true;
}

static int reference(u32 insn, struct riscv_access *access)
{
	unsigned reg_bits;

	for (unsigned i = 0; i < ARRAY_SIZE(manual); i++) {
		*access = (struct riscv_access){ .size = manual[i].size,
						 .length = 2,
						 .store = manual[i].store,
						 .sign_extend = manual[i].sign_extend };
		if (!read_fields(manual[i].bits, insn, access, &reg_bits))
			continue;
		if (manual[i].stack)
			access->base = 2;
		return manual[i].stack && !manual[i].store && access->reg == 0 ? -ENOSYS : 0;
	}
	return -ENOSYS;
}

static void assert_same(const struct riscv_access *a, const struct riscv_access *b)
{
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->reg, b->reg);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->store, b->store);
	assert_int_equal(a->sign_extend, b->sign_extend);
	assert_int_equal(a->base, b->base);
	assert_int_equal(a->offset, b->offset);
}

static void test_all_compressed(void **state)
{
	unsigned accesses = 0;

	(void)state;
	for (u32 insn = 0; insn <= 0xffff; insn++) {
		struct riscv_access got, expected;
		int err;

		if ((insn & 3) == 3)
			continue;
		err = reference(insn, &expected);
		/* What follows in memory must not matter. */
		assert_int_equal(riscv_decode_access(insn | 0xa5c30000, &got), err);
		if (err)
			continue;
		assert_same(&got, &expected);
		accesses++;
	}
	assert_int_equal(accesses, 8 * 2048 - 2 * 64 + 2 * 256 + 3 * 128);
}

static void test_loads(void **state)
{
	static const struct {
		u8 size;
		bool sign_extend;
	} kinds[8] = {
		{ 1, true },  { 2, true },  { 4, true },  { 8, false },
		{ 1, false }, { 2, false }, { 4, false },
	};
	u64 seed = 1;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned funct3 = test_random_below(&seed, 8), rd = test_random_below(&seed, 32);
		unsigned rs1 = test_random_below(&seed, 32);
		s32 imm = (s32)test_random_below(&seed, 4096) - 2048;
		u32 insn = (u32)imm << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x03;
		struct riscv_access got, expected = { .size = kinds[funct3].size,
						      .reg = rd,
						      .length = 4,
						      .sign_extend = kinds[funct3].sign_extend,
						      .base = rs1,
						      .offset = (s16)imm };

		assert_int_equal(riscv_decode_access(insn, &got), funct3 == 7 ? -ENOSYS : 0);
		if (funct3 != 7)
			assert_same(&got, &expected);
	}
}

static void test_stores(void **state)
{
	u64 seed = 2;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		unsigned funct3 = test_random_below(&seed, 8), rs2 = test_random_below(&seed, 32);
		unsigned rs1 = test_random_below(&seed, 32);
		s32 imm = (s32)test_random_below(&seed, 4096) - 2048;
		u32 insn = ((u32)imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 |
			   ((u32)imm & 31) << 7 | 0x23;
		struct riscv_access got, expected = { .size = 1u << (funct3 & 3),
						      .reg = rs2,
						      .length = 4,
						      .store = true,
						      .base = rs1,
						      .offset = (s16)imm };

		assert_int_equal(riscv_decode_access(insn, &got), funct3 > 3 ? -ENOSYS : 0);
		if (funct3 <= 3)
			assert_same(&got, &expected);
	}
}

/* Float loads (0x07), atomics (0x2f) and all the rest are nothing that a device answers. */
static void test_others(void **state)
{
	struct riscv_access access;
	u64 seed = 3;

	(void)state;
	for (unsigned i = 0; i < 1000000; i++) {
		u32 insn = (u32)test_random(&seed) | 3;

		if ((insn & 0x7f) != 0x03 && (insn & 0x7f) != 0x23)
			assert_int_equal(riscv_decode_access(insn, &access), -ENOSYS);
	}
}

static int decode(u64 htinst, u64 tval, struct riscv_access *access)
{
	struct riscv_trap trap = { .cause = EXC_LOAD_GUEST_FAULT, .tval = tval, .htinst = htinst };

	return riscv_decode_trap(fake->vcpus[0], &trap, access);
}

static void test_transformed(void **state)
{
	struct riscv_access access;

	(void)state;
	fake_riscv_start(1);
	fake->fetch_cause = EXC_LOAD_PAGE_FAULT; /* must not be needed */
	/* lhu x11: a full instruction, then the same from 16 bits. */
	assert_int_equal(decode(11 << 7 | 5 << 12 | 0x03, 0x1000, &access), 0);
	assert_int_equal(access.size, 2);
	assert_int_equal(access.reg, 11);
	assert_int_equal(access.length, 4);
	assert_false(access.sign_extend || access.store);
	assert_int_equal(decode(11 << 7 | 5 << 12 | 0x01, 0x1000, &access), 0);
	assert_int_equal(access.length, 2);
	/* sd x9 */
	assert_int_equal(decode(9 << 20 | 3 << 12 | 0x23, 0x1000, &access), 0);
	assert_true(access.store);
	assert_int_equal(access.reg, 9);
	/* The fault hit the second byte: it began on another page. */
	assert_int_equal(decode(9 << 20 | 1 << 15 | 3 << 12 | 0x23, 0x1000, &access), -ENOSYS);
	/* A page table in a device; float load; atomic. */
	assert_int_equal(decode(0x3000, 0x1000, &access), -ENOSYS);
	assert_int_equal(decode(3 << 12 | 0x07, 0x1000, &access), -ENOSYS);
	assert_int_equal(decode(2 << 12 | 0x2f, 0x1000, &access), -ENOSYS);
	fake_riscv_stop();
}

static void test_fetched(void **state)
{
	struct riscv_access access;

	(void)state;
	fake_riscv_start(1);
	fake->code = 0x0045a503; /* lw a0, 4(a1) */
	fake->vcpus[0]->arch.x[11] = 0x10000000;
	assert_int_equal(decode(0, 0x10000004, &access), 0);
	assert_int_equal(access.reg, 10);
	assert_true(access.sign_extend);
	/* It began before the address that faulted. */
	assert_int_equal(decode(0, 0x10000005, &access), -ENOSYS);
	fake->code = 0x00002503;          /* lw a0, 0(zero) */
	fake->vcpus[0]->arch.x[0] = 0x55; /* x[0] is no register */
	assert_int_equal(decode(0, 0, &access), 0);
	fake->fetch_cause = EXC_LOAD_PAGE_FAULT;
	assert_int_equal(decode(0, 0x10000004, &access), -EAGAIN);
	fake_riscv_stop();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_compressed), cmocka_unit_test(test_loads),
		cmocka_unit_test(test_stores),         cmocka_unit_test(test_others),
		cmocka_unit_test(test_transformed),    cmocka_unit_test(test_fetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
