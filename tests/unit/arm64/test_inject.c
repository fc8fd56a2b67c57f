/* SPDX-License-Identifier: MIT */
/* Exceptions that guests are given: where they arrive, with which PSTATE and syndrome; and stepping over instructions. */
#include <test.h>

#include <fake_arm64.h>

#define PC 0x40001230ull
#define VECTORS 0xffff800000010800ull
#define FAR 0xffff000012345678ull
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)
#define MODE_A32_USR 0x10
#define MODE_A32_SVC 0x13
#define FLAGS 0xa0000000ull /* N and C */

static struct vcpu *vcpu;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	vcpu = fake->vcpus[0];
	sysreg_write(ELR_EL2, PC);
	sysreg_write(VBAR_EL1, VECTORS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static u64 syndrome(unsigned class, u64 rest)
{
	return (u64) class << ESR_EC_SHIFT | rest;
}

static struct arm64_trap trap_of(unsigned class, u64 iss)
{
	return (struct arm64_trap){ .esr = syndrome(class, ESR_IL | iss), .far = FAR };
}

static void assert_taken(u64 spsr, u64 offset, u64 esr)
{
	assert_int_equal(sysreg_read(ELR_EL2), VECTORS + offset);
	assert_int_equal(sysreg_read(ELR_EL1), PC);
	assert_int_equal(sysreg_read(SPSR_EL1), spsr);
	assert_int_equal(sysreg_read(ESR_EL1), esr);
}

/* ---- AArch64 ---- */

static void test_vectors(void **state)
{
	static const struct {
		u64 spsr, offset;
	} rows[] = {
		{ PSTATE_EL1T, 0x000 },
		{ PSTATE_EL1H, 0x200 },
		{ PSTATE_EL0T, 0x400 },
		{ MODE_A32_USR, 0x600 },
		{ MODE_A32_USR | PSTATE_T | 0x0c00, 0x600 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 spsr = rows[i].spsr | FLAGS;

		sysreg_write(ELR_EL2, PC);
		sysreg_write(SPSR_EL2, spsr);
		arm64_inject_undefined(vcpu, ESR_IL);
		assert_taken(spsr, rows[i].offset, ESR_IL);
		assert_int_equal(sysreg_read(SPSR_EL2), PSTATE_EL1H | PSTATE_DAIF | FLAGS);
	}
	/* Of 16 bits: T32 at EL0. */
	sysreg_write(ELR_EL2, PC);
	arm64_inject_undefined(vcpu, 0);
	assert_int_equal(sysreg_read(ESR_EL1), 0);
}

static u64 state_after(u64 spsr, u64 sctlr)
{
	sysreg_write(SPSR_EL2, spsr);
	sysreg_write(SCTLR_EL1, sctlr);
	arm64_inject_undefined(vcpu, ESR_IL);
	return sysreg_read(SPSR_EL2);
}

/* What survives, what is cleared, what SCTLR_EL1 decides (D1.3.1.4). */
static void test_state(void **state)
{
	const u64 entry = PSTATE_EL1H | PSTATE_DAIF;

	(void)state;
	assert_int_equal(state_after(PSTATE_EL0T | PSTATE_SS | PSTATE_IL | PSTATE_BTYPE |
					     PSTATE_UAO | PSTATE_SSBS | PSTATE_TCO,
				     SCTLR_SPAN),
			 entry);
	assert_int_equal(state_after(PSTATE_EL1H | PSTATE_DIT | FLAGS, SCTLR_SPAN),
			 entry | PSTATE_DIT | FLAGS);
	assert_int_equal(state_after(PSTATE_EL1H, SCTLR_SPAN | SCTLR_DSSBS), entry | PSTATE_SSBS);
	/* From AArch32 DIT comes from where it is there. */
	assert_int_equal(state_after(MODE_A32_USR | BIT(21) | PSTATE_T | PSTATE_E, SCTLR_SPAN),
			 entry | PSTATE_DIT);
	/* PAN: kept, or set where there is FEAT_PAN and SPAN is 0. */
	assert_int_equal(state_after(PSTATE_EL1H | PSTATE_PAN, SCTLR_SPAN), entry | PSTATE_PAN);
	assert_int_equal(state_after(PSTATE_EL0T, 0), entry);
	arm64_features.pan = true;
	assert_int_equal(state_after(PSTATE_EL0T, 0), entry | PSTATE_PAN);
	assert_int_equal(state_after(PSTATE_EL0T, SCTLR_SPAN), entry);
	arm64_features.mte = true;
	assert_int_equal(state_after(PSTATE_EL0T, SCTLR_SPAN), entry | PSTATE_TCO);
}

static void test_aborts(void **state)
{
	static const struct {
		unsigned class;
		u64 iss, spsr;
		u64 esr; /* without FSC_EXTERNAL */
	} rows[] = {
		{ ESR_EC_DABT_LOW, 0x06, PSTATE_EL1H, 0x96000000 },
		{ ESR_EC_DABT_LOW, 0x06, PSTATE_EL0T, 0x92000000 },
		{ ESR_EC_DABT_LOW, ISS_WNR | 0x07, PSTATE_EL1T, 0x96000000 | ISS_WNR },
		{ ESR_EC_DABT_LOW, ISS_WNR | ISS_CM | 0x07, PSTATE_EL1H,
		  0x96000000 | ISS_WNR | ISS_CM },
		/* What describes the access is for EL2 only. */
		{ ESR_EC_DABT_LOW, ISS_ISV | 3u << 22 | ISS_SSE | 5u << 16 | ISS_SF | 0x07,
		  PSTATE_EL1H, 0x96000000 },
		{ ESR_EC_DABT_LOW, ISS_S1PTW | 0x06, PSTATE_EL1H, 0x96000000 },
		{ ESR_EC_IABT_LOW, 0x06, PSTATE_EL1H, 0x86000000 },
		{ ESR_EC_IABT_LOW, ISS_S1PTW | 0x06, PSTATE_EL0T, 0x82000000 },
		{ ESR_EC_DABT_LOW, 0x06, MODE_A32_USR, 0x92000000 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arm64_trap trap = trap_of(rows[i].class, rows[i].iss);

		sysreg_write(ELR_EL2, PC);
		sysreg_write(SPSR_EL2, rows[i].spsr);
		sysreg_write(FAR_EL1, 0);
		arm64_inject_external_abort(vcpu, &trap);
		assert_int_equal(sysreg_read(ESR_EL1), rows[i].esr | FSC_EXTERNAL);
		assert_int_equal(sysreg_read(FAR_EL1), FAR);
		assert_int_equal(sysreg_read(ELR_EL1), PC);
	}
}

static void test_abort_kinds(void **state)
{
	struct arm64_trap trap = trap_of(ESR_EC_DABT_LOW, ISS_S1PTW | 0x05);

	(void)state;
	arm64_inject_walk_abort(vcpu, &trap, 2);
	assert_int_equal(sysreg_read(ESR_EL1), 0x96000016);
	sysreg_write(ELR_EL2, PC);
	sysreg_write(SPSR_EL2, PSTATE_EL0T);
	arm64_inject_data_abort(vcpu, &trap, FSC_ALIGNMENT);
	assert_int_equal(sysreg_read(ESR_EL1), 0x92000021);
	/* The length of a T32 load that ESR_EL2 describes. */
	trap.esr = syndrome(ESR_EC_DABT_LOW, ISS_ISV | 0x06);
	sysreg_write(SPSR_EL2, MODE_A32_USR | PSTATE_T);
	arm64_inject_external_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ESR_EL1), 0x90000010);
}

static void test_sync(void **state)
{
	(void)state;
	/* A watchpoint: its class tells where it came from. */
	sysreg_write(SPSR_EL2, PSTATE_EL0T);
	arm64_inject_sync(vcpu, syndrome(ESR_EC_WATCH_LOW, ESR_IL | 0x122));
	assert_taken(PSTATE_EL0T, 0x400, syndrome(ESR_EC_WATCH_LOW, ESR_IL | 0x122));
	sysreg_write(ELR_EL2, PC);
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	arm64_inject_sync(vcpu, syndrome(ESR_EC_WATCH_LOW, ESR_IL | 0x122));
	assert_taken(PSTATE_EL1H, 0x200, syndrome(ESR_EC_WATCH_LOW + 1, ESR_IL | 0x122));
	/* BRK: does not. */
	sysreg_write(ELR_EL2, PC);
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	arm64_inject_sync(vcpu, syndrome(ESR_EC_BRK64, ESR_IL | 7));
	assert_taken(PSTATE_EL1H, 0x200, syndrome(ESR_EC_BRK64, ESR_IL | 7));
	arm64_inject_serror(vcpu);
	assert_int_equal(sysreg_read(HCR_EL2), HCR_RW | HCR_VSE);
}

/* ---- AArch32 at EL1 ---- */

#define SVC32 (MODE_A32_SVC | FLAGS)

static void start_32(u64 spsr, u64 sctlr)
{
	sysreg_write(HCR_EL2, 0);
	sysreg_write(ELR_EL2, 0x8000);
	sysreg_write(SPSR_EL2, spsr);
	sysreg_write(SCTLR_EL1, sctlr);
	sysreg_write(VBAR_EL1, 0x20000);
}

static void test_undefined_32(void **state)
{
	(void)state;
	start_32(SVC32, SCTLR_SPAN);
	arm64_inject_undefined(vcpu, ESR_IL);
	assert_int_equal(vcpu->arch.x[22], 0x8004); /* LR_und */
	assert_int_equal(sysreg_read(SPSR_und), SVC32);
	assert_int_equal(sysreg_read(ELR_EL2), 0x20004);
	assert_int_equal(sysreg_read(SPSR_EL2), 0x1b | PSTATE_I | FLAGS);
	/* T32, an IT block; the handler in T32 too, big-endian, at the high vectors. */
	start_32(SVC32 | PSTATE_T | PSTATE_F | 0x0c00 | 3u << 25, BIT(30) | SCTLR_EE | BIT(13));
	arm64_inject_undefined(vcpu, ESR_IL);
	assert_int_equal(vcpu->arch.x[22], 0x8002);
	assert_int_equal(sysreg_read(ELR_EL2), 0xffff0004);
	assert_int_equal(sysreg_read(SPSR_EL2),
			 0x1b | PSTATE_I | PSTATE_F | PSTATE_T | PSTATE_E | FLAGS);
}

static void test_aborts_32(void **state)
{
	struct arm64_trap data = trap_of(ESR_EC_DABT_LOW, ISS_WNR | 0x06);
	struct arm64_trap fetch = trap_of(ESR_EC_IABT_LOW, 0x06);

	(void)state;
	data.far = 0x1000;
	fetch.far = 0x2000;
	start_32(SVC32, SCTLR_SPAN);
	arm64_inject_external_abort(vcpu, &data);
	assert_int_equal(vcpu->arch.x[20], 0x8008); /* LR_abt */
	assert_int_equal(sysreg_read(SPSR_abt), SVC32);
	assert_int_equal(sysreg_read(ELR_EL2), 0x20010);
	assert_int_equal(sysreg_read(SPSR_EL2), 0x17 | PSTATE_I | PSTATE_A | FLAGS);
	assert_int_equal(sysreg_read(ESR_EL1), 0x808); /* DFSR: short descriptors, a write */
	assert_int_equal((u32)sysreg_read(FAR_EL1), 0x1000);
	start_32(SVC32, SCTLR_SPAN);
	sysreg_write(TCR_EL1, BIT(31)); /* TTBCR.EAE */
	arm64_inject_external_abort(vcpu, &fetch);
	assert_int_equal(vcpu->arch.x[20], 0x8004);
	assert_int_equal(sysreg_read(ELR_EL2), 0x2000c);
	assert_int_equal(sysreg_read(IFSR32_EL2), 0x210);
	assert_int_equal(sysreg_read(FAR_EL1), 0x200000001000); /* IFAR above DFAR */
	arm64_inject_data_abort(vcpu, &data, FSC_ALIGNMENT);
	assert_int_equal(sysreg_read(ESR_EL1), 0xa21);
}

/* ---- stepping over ---- */

static void test_advance(void **state)
{
	(void)state;
	sysreg_write(SPSR_EL2, PSTATE_EL1H | PSTATE_SS | PSTATE_BTYPE | FLAGS);
	arm64_advance(ESR_IL);
	assert_int_equal(sysreg_read(ELR_EL2), PC + 4);
	assert_int_equal(sysreg_read(SPSR_EL2), PSTATE_EL1H | FLAGS);
	arm64_go_back(ESR_IL);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	sysreg_write(SPSR_EL2, MODE_A32_USR | PSTATE_T);
	arm64_advance(0);
	assert_int_equal(sysreg_read(ELR_EL2), PC + 2);
}

static u64 with_it(unsigned it)
{
	return MODE_A32_USR | PSTATE_T | (u64)(it & 0xfc) << 8 | (u64)(it & 3) << 25;
}

/* ITSTATE of each instruction of all blocks, against the pseudocode's words (G1.8.2.1). */
static void test_it_blocks(void **state)
{
	(void)state;
	for (unsigned it = 0; it < 256; it++) {
		unsigned next = (it & 7) == 0 ? 0 : (it & 0xe0) | ((it & 0x1f) * 2 & 0x1f);

		sysreg_write(SPSR_EL2, with_it(it) | FLAGS | PSTATE_SS);
		arm64_advance(0);
		assert_int_equal(sysreg_read(SPSR_EL2), with_it(next) | FLAGS);
	}
}

/* Conditions by name and the flags NZCV with which they hold. */
static bool holds(unsigned condition, unsigned nzcv)
{
	bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1;

	switch (condition) {
	case 0: /* EQ */
		return z;
	case 1: /* NE */
		return !z;
	case 2: /* CS */
		return c;
	case 3: /* CC */
		return !c;
	case 4: /* MI */
		return n;
	case 5: /* PL */
		return !n;
	case 6: /* VS */
		return v;
	case 7: /* VC */
		return !v;
	case 8: /* HI */
		return c && !z;
	case 9: /* LS */
		return !c || z;
	case 10: /* GE */
		return n == v;
	case 11: /* LT */
		return n != v;
	case 12: /* GT */
		return !z && n == v;
	case 13: /* LE */
		return z || n != v;
	}
	return true;
}

static void test_conditions(void **state)
{
	u64 wfi = syndrome(ESR_EC_WFX, ESR_IL), smc = syndrome(ESR_EC_SMC32, ESR_IL);

	(void)state;
	for (unsigned condition = 0; condition < 16; condition++)
		for (unsigned nzcv = 0; nzcv < 16; nzcv++) {
			u64 field = BIT(24) | (u64)condition << 20, flags = (u64)nzcv << 28;

			sysreg_write(SPSR_EL2, MODE_A32_USR | flags);
			assert_int_equal(arm64_condition_holds(wfi | field),
					 holds(condition, nzcv));
			/* Without CV it is that of the IT block. */
			if (condition < 15) {
				sysreg_write(SPSR_EL2, with_it(condition << 4 | 8) | flags);
				assert_int_equal(arm64_condition_holds(wfi),
						 holds(condition, nzcv));
			}
			/* An SMC that has passed says so. */
			sysreg_write(SPSR_EL2, MODE_A32_SVC | flags);
			assert_true(arm64_condition_holds(smc | field));
			assert_int_equal(arm64_condition_holds(smc | field | BIT(19)),
					 holds(condition, nzcv));
			/* AArch64 has no conditional ones. */
			sysreg_write(SPSR_EL2, PSTATE_EL1H | flags);
			assert_true(arm64_condition_holds(wfi | field));
		}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_vectors),     TEST(test_state),   TEST(test_aborts),
		TEST(test_abort_kinds), TEST(test_sync),    TEST(test_undefined_32),
		TEST(test_aborts_32),   TEST(test_advance), TEST(test_it_blocks),
		TEST(test_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
