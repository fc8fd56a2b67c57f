/* SPDX-License-Identifier: MIT */
/* ID registers as guests see them: nothing that is not moved with a vCPU, nothing that one CPU lacks. */
#include <test.h>

#include <fake_arm64.h>

#define FIRST SYSREG(3, 0, 0, 1, 0)
#define LAST SYSREG(3, 0, 0, 7, 7)

static u64 seen(u32 encoding)
{
	return sysreg_id(&fake->vm, encoding);
}

static unsigned field(u32 encoding, unsigned shift)
{
	return sysreg_field(seen(encoding), shift);
}

/* All CPUs have @value in all registers; those that are signed: see below. */
static void set_cpus(u64 value)
{
	for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++) {
		fake_arm64_use_cpu(cpu);
		for (u32 e = FIRST; e <= LAST; e++)
			*fake_sysreg(e) = value;
		sysreg_cpu_init();
	}
	fake_arm64_use_cpu(0);
}

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	memset(&arm64_features, 1, sizeof(arm64_features)); /* all of them */
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

/* Whatever the CPU has, a guest has not: we do not move it, or EL2 forbids it. */
static const struct {
	u32 encoding;
	unsigned shift;
	const char *name;
} hidden[] = {
	{ SYS_ID_AA64PFR0_EL1, 8, "EL2" },
	{ SYS_ID_AA64PFR0_EL1, 12, "EL3" },
	{ SYS_ID_AA64PFR0_EL1, 28, "RAS" },
	{ SYS_ID_AA64PFR0_EL1, 36, "SEL2" },
	{ SYS_ID_AA64PFR0_EL1, 40, "MPAM" },
	{ SYS_ID_AA64PFR0_EL1, 44, "AMU" },
	{ SYS_ID_AA64PFR0_EL1, 52, "RME" },
	{ SYS_ID_AA64PFR1_EL1, 8, "MTE" },
	{ SYS_ID_AA64PFR1_EL1, 12, "RAS_frac" },
	{ SYS_ID_AA64PFR1_EL1, 16, "MPAM_frac" },
	{ SYS_ID_AA64PFR1_EL1, 24, "SME" },
	{ SYS_ID_AA64PFR1_EL1, 28, "RNDR_trap" },
	{ SYS_ID_AA64PFR1_EL1, 36, "NMI" },
	{ SYS_ID_AA64PFR1_EL1, 44, "GCS" },
	{ SYS_ID_AA64PFR1_EL1, 48, "THE" },
	{ SYS_ID_AA64PFR1_EL1, 56, "DF2" },
	{ SYS_ID_AA64DFR0_EL1, 4, "TraceVer" },
	{ SYS_ID_AA64DFR0_EL1, 8, "PMUVer" },
	{ SYS_ID_AA64DFR0_EL1, 32, "PMSVer" },
	{ SYS_ID_AA64DFR0_EL1, 40, "TraceFilt" },
	{ SYS_ID_AA64DFR0_EL1, 44, "TraceBuffer" },
	{ SYS_ID_AA64DFR0_EL1, 48, "MTPMU" },
	{ SYS_ID_AA64DFR0_EL1, 52, "BRBE" },
	{ SYS_ID_AA64ISAR0_EL1, 24, "TME" },
	{ SYS_ID_AA64ISAR1_EL1, 56, "XS" },
	{ SYS_ID_AA64ISAR1_EL1, 60, "LS64" },
	{ SYS_ID_AA64ISAR2_EL1, 0, "WFxT" },
	{ SYS_ID_AA64ISAR2_EL1, 16, "MOPS" },
	{ SYS_ID_AA64ISAR2_EL1, 32, "SYSREG_128" },
	{ SYS_ID_AA64ISAR2_EL1, 36, "SYSINSTR_128" },
	{ SYS_ID_AA64MMFR0_EL1, 56, "FGT" },
	{ SYS_ID_AA64MMFR0_EL1, 60, "ECV" },
	{ SYS_ID_AA64MMFR1_EL1, 4, "VMIDBits" },
	{ SYS_ID_AA64MMFR1_EL1, 8, "VH" },
	{ SYS_ID_AA64MMFR1_EL1, 16, "LO" },
	{ SYS_ID_AA64MMFR1_EL1, 28, "XNX" },
	{ SYS_ID_AA64MMFR1_EL1, 40, "HCX" },
	{ SYS_ID_AA64MMFR1_EL1, 52, "TIDCP1" },
	{ SYS_ID_AA64MMFR2_EL1, 12, "IESB" },
	{ SYS_ID_AA64MMFR2_EL1, 16, "VARange" },
	{ SYS_ID_AA64MMFR2_EL1, 24, "NV" },
	{ SYS_ID_AA64MMFR2_EL1, 40, "FWB" },
	{ SYS_ID_AA64MMFR2_EL1, 56, "EVT" },
	{ SYS_ID_AA64MMFR3_EL1, 4, "SCTLRX" },
	{ SYS_ID_AA64MMFR3_EL1, 12, "S2PIE" },
	{ SYS_ID_AA64MMFR3_EL1, 16, "S1POE" },
	{ SYS_ID_PFR0_EL1, 20, "AMU" },
	{ SYS_ID_PFR0_EL1, 28, "RAS" },
	{ SYS_ID_PFR1_EL1, 4, "Security" },
	{ SYS_ID_PFR1_EL1, 12, "Virtualization" },
	{ SYS_ID_DFR0_EL1, 12, "CopTrc" },
	{ SYS_ID_DFR0_EL1, 24, "PerfMon" },
	{ SYS_ID_DFR0_EL1, 28, "TraceFilt" },
	{ SYS_ID_MMFR4_EL1, 28, "EVT" },
};

static void assert_hidden(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hidden); i++)
		if (field(hidden[i].encoding, hidden[i].shift))
			fail_msg("%s is visible", hidden[i].name);
}

static void test_hidden(void **state)
{
	(void)state;
	for (unsigned digit = 1; digit < 16; digit++) {
		set_cpus(0x1111111111111111ull * digit);
		assert_hidden();
	}
}

/* Registers without a row are those that the architecture reserves, or that say nothing for us. */
static void test_empty(void **state)
{
	static const u32 empty[] = {
		SYS_ID_AFR0_EL1,       SYS_ID_DFR1_EL1,       SYSREG(3, 0, 0, 3, 3),
		SYSREG(3, 0, 0, 3, 7), SYS_ID_AA64PFR2_EL1,   SYSREG(3, 0, 0, 4, 3),
		SYS_ID_AA64SMFR0_EL1,  SYSREG(3, 0, 0, 4, 6), SYSREG(3, 0, 0, 4, 7),
		SYS_ID_AA64DFR1_EL1,   SYSREG(3, 0, 0, 5, 2), SYS_ID_AA64AFR0_EL1,
		SYS_ID_AA64AFR1_EL1,   SYS_ID_AA64ISAR3_EL1,  SYSREG(3, 0, 0, 6, 4),
		SYSREG(3, 0, 0, 6, 7), SYS_ID_AA64MMFR4_EL1,  SYSREG(3, 0, 0, 7, 5),
		SYSREG(3, 0, 0, 7, 7),
	};

	(void)state;
	set_cpus(~0ull);
	for (unsigned i = 0; i < ARRAY_SIZE(empty); i++)
		assert_int_equal(seen(empty[i]), 0);
	/* Beyond the space there is nothing, on either side. */
	assert_int_equal(seen(SYS_MIDR_EL1), 0);
	assert_int_equal(seen(FIRST - 1), 0);
	assert_int_equal(seen(LAST + 1), 0);
	assert_int_equal(seen(0), 0);
	assert_int_equal(seen(0xffff), 0);
}

/* What Linux and others rely on comes through. */
static void test_kept(void **state)
{
	static const struct {
		u32 encoding;
		unsigned shift;
		unsigned value;
	} kept[] = {
		{ SYS_ID_AA64PFR0_EL1, 0, 2 },   { SYS_ID_AA64PFR0_EL1, 4, 2 },
		{ SYS_ID_AA64PFR0_EL1, 16, 1 },  { SYS_ID_AA64PFR0_EL1, 20, 1 },
		{ SYS_ID_AA64PFR0_EL1, 32, 1 },  { SYS_ID_AA64PFR0_EL1, 48, 1 },
		{ SYS_ID_AA64PFR1_EL1, 0, 1 },   { SYS_ID_AA64PFR1_EL1, 4, 2 },
		{ SYS_ID_AA64DFR0_EL1, 12, 5 },  { SYS_ID_AA64DFR0_EL1, 20, 3 },
		{ SYS_ID_AA64ISAR0_EL1, 4, 2 },  { SYS_ID_AA64ISAR0_EL1, 20, 2 },
		{ SYS_ID_AA64ISAR0_EL1, 60, 1 }, { SYS_ID_AA64ISAR1_EL1, 0, 2 },
		{ SYS_ID_AA64ISAR1_EL1, 8, 5 },  { SYS_ID_AA64MMFR0_EL1, 0, 4 },
		{ SYS_ID_AA64MMFR0_EL1, 4, 2 },  { SYS_ID_AA64MMFR1_EL1, 0, 2 },
		{ SYS_ID_AA64MMFR1_EL1, 20, 3 }, { SYS_ID_AA64MMFR2_EL1, 4, 1 },
		{ SYS_ID_AA64MMFR2_EL1, 20, 1 }, { SYS_ID_AA64ZFR0_EL1, 0, 1 },
		{ SYS_ID_ISAR0_EL1, 24, 2 },     { SYS_MVFR0_EL1, 4, 2 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		set_cpus((u64)kept[i].value << kept[i].shift);
		assert_int_equal(seen(kept[i].encoding) & ~(15ull << 36),
				 (u64)kept[i].value << kept[i].shift);
	}
}

static void test_limits(void **state)
{
	(void)state;
	set_cpus(0x6666666666666666ull);
	assert_int_equal(field(SYS_ID_AA64MMFR0_EL1, 0), 5);  /* 48 bits of address */
	assert_int_equal(field(SYS_ID_AA64MMFR0_EL1, 20), 1); /* 16 KiB, no LPA2 */
	assert_int_equal(field(SYS_ID_AA64PFR1_EL1, 4), 2);   /* SSBS */
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 56), 2);  /* CSV2 with SCXTNUM */
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 32), 1);
	set_cpus(0x9999999999999999ull);
	assert_int_equal(field(SYS_ID_AA64DFR0_EL1, 0), 8);
	/* There is no double lock, which is what 15 says. */
	assert_int_equal(field(SYS_ID_AA64DFR0_EL1, 36), 15);
	set_cpus(0);
	assert_int_equal(field(SYS_ID_AA64DFR0_EL1, 36), 15);
}

/* Signed fields: 15 is -1, absent, and the least of all values. */
static void test_signed(void **state)
{
	static const struct {
		u32 encoding;
		unsigned shift;
		unsigned at_1; /* what is seen of value 1 */
	} fields[] = {
		{ SYS_ID_AA64PFR0_EL1, 16, 1 },  { SYS_ID_AA64PFR0_EL1, 20, 1 },
		{ SYS_ID_AA64MMFR0_EL1, 24, 0 }, { SYS_ID_AA64MMFR0_EL1, 28, 0 }, /* LPA2 */
		{ SYS_ID_MMFR3_EL1, 28, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		set_cpus(0);
		assert_int_equal(field(fields[i].encoding, fields[i].shift), 0);
		set_cpus(15ull << fields[i].shift);
		assert_int_equal(field(fields[i].encoding, fields[i].shift), 15);
		set_cpus(1ull << fields[i].shift);
		assert_int_equal(field(fields[i].encoding, fields[i].shift), fields[i].at_1);
		/* One CPU without it. */
		set_cpus(0);
		fake_arm64_use_cpu(2);
		*fake_sysreg(fields[i].encoding) = 15ull << fields[i].shift;
		sysreg_cpu_init();
		fake_arm64_use_cpu(3);
		sysreg_cpu_init();
		assert_int_equal(field(fields[i].encoding, fields[i].shift), 15);
	}
}

static void test_least_of_all_cpus(void **state)
{
	u64 random = 4711;

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++) {
			fake_arm64_use_cpu(cpu);
			for (u32 e = FIRST; e <= LAST; e++)
				*fake_sysreg(e) = test_random(&random) & 0x7777777777777777ull;
			sysreg_cpu_init();
		}
		for (u32 e = FIRST; e <= LAST; e++) {
			u64 value = seen(e) & ~(e == SYS_ID_AA64DFR0_EL1 ? 15ull << 36 : 0);

			for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++) {
				fake_arm64_use_cpu(cpu);
				for (unsigned s = 0; s < 64; s += 4)
					assert_true(sysreg_field(value, s) <=
						    sysreg_field(*fake_sysreg(e), s));
			}
		}
		assert_hidden();
	}
}

/* Fields whose registers vcpu.c moves only if features.c says so. */
static void test_conditions(void **state)
{
	static const struct {
		u32 encoding;
		unsigned shift;
		size_t feature;
	} fields[] = {
#define ROW(reg, shift, name) { SYS_##reg, shift, offsetof(struct arm64_features, name) }
		ROW(ID_AA64PFR0_EL1, 32, sve),    ROW(ID_AA64ZFR0_EL1, 0, sve),
		ROW(ID_AA64ZFR0_EL1, 56, sve),    ROW(ID_AA64PFR1_EL1, 0, bti),
		ROW(ID_AA64ISAR1_EL1, 4, pauth),  ROW(ID_AA64ISAR1_EL1, 8, pauth),
		ROW(ID_AA64ISAR1_EL1, 24, pauth), ROW(ID_AA64ISAR1_EL1, 28, pauth),
		ROW(ID_AA64ISAR2_EL1, 8, pauth),  ROW(ID_AA64ISAR2_EL1, 12, pauth),
		ROW(ID_AA64MMFR3_EL1, 0, tcr2),   ROW(ID_AA64MMFR3_EL1, 8, s1pie),
		ROW(ID_ISAR0_EL1, 24, el0_32),    ROW(MVFR1_EL1, 0, el0_32),
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		bool *feature = (bool *)((char *)&arm64_features + fields[i].feature);

		set_cpus(0x1111111111111111ull);
		assert_int_equal(field(fields[i].encoding, fields[i].shift), 1);
		*feature = false;
		set_cpus(0x1111111111111111ull);
		assert_int_equal(field(fields[i].encoding, fields[i].shift), 0);
		*feature = true;
	}
}

static void test_gic(void **state)
{
	(void)state;
	set_cpus(0x3333333333333333ull);
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 24), 1); /* of GICv4.1, v3 is shown */
	assert_int_equal(field(SYS_ID_PFR1_EL1, 28), 1);
	fake->gic_version = 2;
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 24), 0);
	assert_int_equal(field(SYS_ID_PFR1_EL1, 28), 0);
	fake->gic_version = 3;
	fake->vm.arch.gic = NULL;
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 24), 0);
	/* No guest's interface without the host's. */
	fake->vm.arch.gic = (struct gic *)fake;
	set_cpus(0);
	assert_int_equal(field(SYS_ID_AA64PFR0_EL1, 24), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_hidden),     TEST(test_empty),  TEST(test_kept),
		TEST(test_limits),     TEST(test_signed), TEST(test_least_of_all_cpus),
		TEST(test_conditions), TEST(test_gic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
