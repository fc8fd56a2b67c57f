/* SPDX-License-Identifier: MIT */
/* AArch32's coprocessor registers: halves of AArch64's, pairs of registers, and the fault for all others. */
#include <test.h>

#include <arch/sysreg_rows.h>
#include <fake_cache.h>

#define PC (FAKE_RAM_BASE + 0x100)

static struct vcpu *vcpu;
static u64 *x;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	vcpu = fake->vcpus[0];
	x = vcpu->arch.x;
	arm64_features.el0_32 = arm64_features.el1_32 = true;
	for (u32 e = SYSREG(3, 0, 0, 1, 0); e <= SYSREG(3, 0, 0, 7, 7); e++)
		*fake_sysreg(e) = 0x1111111111111111ull;
	sysreg_write(ID_AA64DFR0_EL1, 5u << 12 | 3u << 20 | 1u << 28 | 8);
	sysreg_cpu_init();
	sysreg_reset(vcpu);
	guest_timer_create(vcpu);
	sysreg_write(SPSR_EL2, PSTATE_A32 | 0x13);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static bool trap(u64 esr)
{
	bool done;

	sysreg_write(ELR_EL2, PC);
	done = sysreg_trap_32(vcpu, esr | ESR_IL);
	assert_int_equal(sysreg_read(ELR_EL2), done ? PC + 4 : PC);
	return done;
}

static u64 esr_32(unsigned cp, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2, bool read,
		  unsigned rt)
{
	u64 class = cp == 15 ? ESR_EC_CP15_32 : ESR_EC_CP14_32;

	return class << ESR_EC_SHIFT | 0x1eull << 20 | (u64)opc2 << 17 | (u64)opc1 << 14 |
	       (u64)crn << 10 | (u64)rt << 5 | (u64)crm << 1 | read;
}

static u64 mrc(unsigned cp, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2)
{
	x[3] = ~0ull;
	assert_true(trap(esr_32(cp, opc1, crn, crm, opc2, true, 3)));
	assert_int_equal(x[3] >> 32, 0);
	return x[3];
}

static void mcr(unsigned cp, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2, u32 value)
{
	x[4] = 0xdeadbeef00000000ull | value; /* the upper half is not the guest's */
	assert_true(trap(esr_32(cp, opc1, crn, crm, opc2, false, 4)));
}

static u64 esr_64(unsigned opc1, unsigned crm, bool read, unsigned rt, unsigned rt2)
{
	return (u64)ESR_EC_CP15_64 << ESR_EC_SHIFT | 0x1eull << 20 | (u64)opc1 << 16 |
	       (u64)rt2 << 10 | (u64)rt << 5 | (u64)crm << 1 | read;
}

static void assert_undefined(u64 esr)
{
	u64 before[31];

	memcpy(before, x, sizeof(before));
	assert_false(trap(esr));
	assert_memory_equal(before, x, sizeof(before));
}

static void test_halves(void **state)
{
	static const struct {
		unsigned crn, crm, opc2;
		u32 encoding;
		bool high;
	} rows[] = {
		{ 2, 0, 0, SYS_TTBR0_EL1, false },  { 2, 0, 1, SYS_TTBR1_EL1, false },
		{ 2, 0, 2, SYS_TCR_EL1, false },    { 2, 0, 3, SYS_TCR_EL1, true },
		{ 3, 0, 0, SYS_DACR32_EL2, false }, { 5, 0, 0, SYS_ESR_EL1, false },
		{ 5, 0, 1, SYS_IFSR32_EL2, false }, { 5, 1, 0, SYS_AFSR0_EL1, false },
		{ 5, 1, 1, SYS_AFSR1_EL1, false },  { 6, 0, 0, SYS_FAR_EL1, false },
		{ 6, 0, 2, SYS_FAR_EL1, true },     { 10, 2, 0, SYS_MAIR_EL1, false },
		{ 10, 2, 1, SYS_MAIR_EL1, true },   { 10, 3, 0, SYS_AMAIR_EL1, false },
		{ 10, 3, 1, SYS_AMAIR_EL1, true },  { 13, 0, 1, SYS_CONTEXTIDR_EL1, false },
		{ 1, 0, 0, SYS_SCTLR_EL1, false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 *reg = fake_sysreg(rows[i].encoding);
		u64 mine = 0x12345678, other = 0x9abcdef0;

		*reg = other << 32 | other;
		mcr(15, 0, rows[i].crn, rows[i].crm, rows[i].opc2, (u32)mine);
		assert_int_equal(*reg, rows[i].high ? mine << 32 | other : other << 32 | mine);
		assert_int_equal(mrc(15, 0, rows[i].crn, rows[i].crm, rows[i].opc2), mine);
	}
	mcr(15, 0, 1, 0, 1, 0xffffffff); /* ACTLR */
	assert_int_equal(mrc(15, 0, 1, 0, 1), 0);
}

static void test_pairs(void **state)
{
	(void)state;
	x[1] = 0xffffffff89abcdefull;
	x[2] = 0xffffffff01234567ull;
	assert_true(trap(esr_64(0, 2, false, 1, 2)));
	assert_int_equal(sysreg_read(TTBR0_EL1), 0x0123456789abcdefull);
	assert_true(trap(esr_64(0, 2, true, 5, 6)));
	assert_int_equal(x[5], 0x89abcdef);
	assert_int_equal(x[6], 0x01234567);
	/* SGIs and the timer. */
	assert_true(trap(esr_64(0, 12, false, 1, 2)));
	assert_int_equal(fake->sgi.value, 0x0123456789abcdefull);
	assert_int_equal(fake->sgi.group, 1);
	assert_true(trap(esr_64(2, 12, false, 31, 2)));
	assert_int_equal(fake->sgi.value, 0x0123456700000000ull);
	assert_int_equal(fake->sgi.group, 0);
	fake->now = 0x500000007ull;
	assert_true(trap(esr_64(0, 14, true, 5, 6)));
	assert_int_equal(x[5], 7);
	assert_int_equal(x[6], 5);
	assert_true(trap(esr_64(2, 14, false, 1, 2)));
	assert_int_equal(vcpu->arch.timers.cntp_cval, 0x0123456789abcdefull);
	mcr(15, 0, 14, 2, 1, 1);
	assert_int_equal(mrc(15, 0, 14, 2, 1), 1);
	mcr(15, 0, 14, 2, 0, 0x10);
	assert_int_equal(vcpu->arch.timers.cntp_cval, 0x500000017ull);
	assert_int_equal(mrc(15, 0, 14, 2, 0), 0x10);
	assert_undefined(esr_64(0, 14, false, 1, 2));
	assert_undefined(esr_64(3, 2, true, 1, 2));
	assert_undefined(esr_64(7, 14, true, 1, 2));
}

static void test_caches(void **state)
{
	(void)state;
	mcr(15, 0, 7, 6, 2, 0);
	mcr(15, 0, 7, 10, 2, 0);
	mcr(15, 0, 7, 14, 2, 0);
	assert_int_equal(fake->set_way_count, 3);
	assert_undefined(esr_32(15, 0, 7, 14, 2, true, 0));
}

static void test_ids(void **state)
{
	(void)state;
	for (unsigned opc2 = 0; opc2 < 8; opc2++) {
		for (unsigned crm = 1; crm < 3; crm++)
			assert_int_equal(mrc(15, 0, 0, crm, opc2),
					 sysreg_id(&fake->vm, SYSREG(3u, 0u, 0u, crm, opc2)));
		/* AArch64's are not to be had from here. */
		for (unsigned crm = 4; crm < 8; crm++)
			assert_int_equal(mrc(15, 0, 0, crm, opc2), 0);
		assert_int_equal(mrc(15, 0, 0, 3, opc2) != 0, opc2 == 4 || opc2 == 6);
	}
	assert_int_equal(mrc(15, 0, 0, 1, 0), 0x01011111);
	assert_undefined(esr_32(15, 0, 0, 1, 0, false, 0));
	/* VMRS: MVFR0 is number 7. */
	for (unsigned reg = 0; reg < 16; reg++) {
		u64 esr = (u64)ESR_EC_CP10_ID << ESR_EC_SHIFT | 7u << 14 | reg << 10 | 9u << 5 | 1;

		x[9] = 0;
		if (reg < 5 || reg > 7)
			assert_undefined(esr);
		else
			assert_true(trap(esr));
		if (reg >= 6 && reg <= 7)
			assert_int_equal(x[9], 0x11111111);
	}
}

static void test_debug(void **state)
{
	(void)state;
	assert_int_equal(mrc(14, 0, 0, 0, 0), 0x35168000); /* DBGDIDR */
	mcr(14, 0, 0, 2, 4, 0x1000);                       /* DBGBVR2 */
	mcr(14, 0, 1, 2, 1, 0xabc);                        /* DBGBXVR2 */
	assert_int_equal(vcpu->arch.debug.bvr[2], 0xabc00001000ull);
	assert_int_equal(mrc(14, 0, 1, 2, 1), 0xabc);
	mcr(14, 0, 0, 3, 7, 0x1e);
	assert_int_equal(vcpu->arch.debug.wcr[3], 0x1e);
	assert_undefined(esr_32(14, 0, 0, 4, 7, false, 0)); /* DBGWCR4 */
	assert_undefined(esr_32(14, 0, 0, 6, 4, true, 0));
	mcr(14, 0, 1, 0, 4, 0xc5acce54 & ~1u); /* DBGOSLAR */
	assert_int_equal(mrc(14, 0, 1, 1, 4), 8);
	mcr(14, 0, 0, 2, 2, 1 << 15); /* DBGDSCRext */
	assert_int_equal(sysreg_read(MDSCR_EL1), 1 << 15);
	mcr(14, 0, 0, 7, 0, 0xff);
	assert_int_equal(mrc(14, 0, 0, 7, 0), 0);
	assert_int_equal(mrc(14, 0, 0, 1, 0), 0);
	/* No trace, no Jazelle; no stores from memory to a debugger. */
	assert_undefined(esr_32(14, 1, 0, 1, 0, true, 0));
	assert_undefined(esr_32(14, 7, 0, 0, 0, true, 0));
	assert_undefined((u64)ESR_EC_CP14_LS << ESR_EC_SHIFT | 1);
	assert_undefined((u64)ESR_EC_CP14_64 << ESR_EC_SHIFT | 1);
}

/* All 32-bit encodings of coprocessor 15: what is not in the table above is undefined. */
static void test_all_encodings(void **state)
{
	unsigned reads = 0, writes = 0;

	(void)state;
	for (unsigned n = 0; n < 1 << 14; n++) {
		unsigned opc1 = n >> 11, crn = n >> 7 & 15, crm = n >> 3 & 15, opc2 = n & 7;

		if (crn == 0 && opc1 == 0 && crm >= 1 && crm < 8)
			continue; /* ID */
		reads += trap(esr_32(15, opc1, crn, crm, opc2, true, 0));
		writes += trap(esr_32(15, opc1, crn, crm, opc2, false, 0));
	}
	assert_int_equal(reads, 21);
	assert_int_equal(writes, 24);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_halves), TEST(test_pairs), TEST(test_caches),
		TEST(test_ids),    TEST(test_debug), TEST(test_all_encodings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
