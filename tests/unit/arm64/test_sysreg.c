/* SPDX-License-Identifier: MIT */
/* Trapped system registers: every row, the fault for everything else, and what is switched when. */
#include <test.h>

#include <arch/sysreg_rows.h>
#include <fake_cache.h>

#define ENCODINGS 65536
#define MDCR_HPMN_HERE 6

static struct vcpu *vcpu;
static u64 *x;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(2);
	vcpu = fake->vcpus[0];
	x = vcpu->arch.x;
	arm64_features.tcr2 = arm64_features.s1pie = arm64_features.el1_32 = true;
	arm64_features.el0_32 = true;
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		fake_arm64_use_cpu(i);
		sysreg_write(MDCR_EL2, MDCR_HPMN_HERE);
		/* 6 breakpoints, 4 watchpoints */
		sysreg_write(ID_AA64DFR0_EL1, 5u << 12 | 3u << 20 | 8);
		sysreg_write(DBGBCR2_EL1, ~0ull);
		sysreg_cpu_init();
	}
	fake_arm64_use_cpu(0);
	guest_timer_create(vcpu);
	sysreg_reset(vcpu);
	sysreg_load(vcpu);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

/* True if it was answered; then the guest has stepped over it. */
static bool access(u32 encoding, bool read, unsigned rt)
{
	u64 pc = sysreg_read(ELR_EL2);
	bool done = sysreg_trap(vcpu, fake_arm64_sys_esr(encoding, read, rt));

	assert_int_equal(sysreg_read(ELR_EL2), done && !fake->unfinished ? pc + 4 : pc);
	return done;
}

static u64 mrs(u32 encoding)
{
	x[7] = 0x5555;
	assert_true(access(encoding, true, 7));
	return x[7];
}

static void msr(u32 encoding, u64 value)
{
	x[9] = value;
	assert_true(access(encoding, false, 9));
	assert_int_equal(x[9], value);
}

static void assert_undefined(u32 encoding, bool read)
{
	u64 before[31];

	memcpy(before, x, sizeof(before));
	assert_false(access(encoding, read, 5));
	assert_memory_equal(before, x, sizeof(before));
}

/* ---- the table ---- */

static void test_sorted(void **state)
{
	(void)state;
	for (unsigned i = 1; i < sysreg_row_count; i++)
		if (sysreg_rows[i - 1].encoding >= sysreg_rows[i].encoding)
			fail_msg("%s stands before %s", sysreg_rows[i - 1].name,
				 sysreg_rows[i].name);
}

static bool is_id(u32 encoding)
{
	return encoding >= SYSREG(3, 0, 0, 1, 0) && encoding <= SYSREG(3, 0, 0, 7, 7);
}

static const struct sysreg_row *row_of(u32 encoding)
{
	for (unsigned i = 0; i < sysreg_row_count; i++)
		if (sysreg_rows[i].encoding == encoding)
			return &sysreg_rows[i];
	return NULL;
}

/* Every encoding that there is, both ways: those without a row are undefined, and touch nothing. */
static void test_all_encodings(void **state)
{
	(void)state;
	for (u32 e = 0; e < ENCODINGS; e++) {
		const struct sysreg_row *row = row_of(e);

		if (!is_id(e) && !(row && row->read))
			assert_undefined(e, true);
		if (!(row && row->write))
			assert_undefined(e, false);
	}
	assert_int_equal(fake->exit_count + fake->sgi_count + fake->set_way_count, 0);
}

static void test_absent(void **state)
{
	static const u32 absent[] = {
		SYSREG(3, 3, 9, 12, 0),                          /* PMCR_EL0 */
		SYSREG(3, 3, 9, 13, 0),                          /* PMCCNTR_EL0 */
		SYSREG(3, 3, 14, 15, 7),                         /* PMCCFILTR_EL0 */
		SYSREG(3, 0, 9, 14, 1),                          /* PMINTENSET_EL1 */
		SYSREG(3, 0, 9, 9, 0),                           /* PMSCR_EL1 */
		SYSREG(3, 0, 9, 11, 0),                          /* TRBLIMITR_EL1 */
		SYSREG(2, 1, 0, 1, 0),                           /* TRCPRGCTLR */
		SYSREG(3, 0, 1, 2, 1),                           /* TRFCR_EL1 */
		SYSREG(3, 3, 13, 2, 0),                          /* AMCR_EL0 */
		SYSREG(3, 0, 5, 3, 0),                           /* ERRIDR_EL1 */
		SYSREG(3, 0, 10, 4, 7),                          /* LORID_EL1 */
		SYSREG(3, 0, 10, 4, 4),                          /* MPAMIDR_EL1 */
		SYSREG(3, 0, 1, 0, 5),                           /* RGSR_EL1 */
		SYSREG(3, 0, 1, 0, 6),                           /* GCR_EL1 */
		SYSREG(3, 0, 1, 2, 6),                           /* SMCR_EL1 */
		SYSREG(3, 0, 13, 0, 7),                          /* SCXTNUM_EL1 */
		SYSREG(3, 0, 15, 0, 0),                          /* implementation defined */
		SYSREG(3, 1, 15, 2, 1),                          /* CPUECTLR of Cortex-A57 */
		SYSREG(3, 0, 11, 0, 0),  SYSREG(1, 0, 7, 14, 6), /* DC CIGDSW */
		SYSREG(3, 4, 1, 1, 0),                           /* HCR_EL2 */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) {
		assert_undefined(absent[i], true);
		assert_undefined(absent[i], false);
	}
}

/* Register 31 is no register. */
static void test_zero_register(void **state)
{
	u64 before[31];

	(void)state;
	memcpy(before, x, sizeof(before));
	assert_true(access(SYS_CNTPCT_EL0, true, 31));
	assert_memory_equal(before, x, sizeof(before));
	sysreg_write(TTBR0_EL1, 77);
	assert_true(access(SYS_TTBR0_EL1, false, 31));
	assert_int_equal(sysreg_read(TTBR0_EL1), 0);
	assert_true(access(SYS_ICC_SGI1R_EL1, false, 31));
	assert_int_equal(fake->sgi.value, 0);
	assert_int_equal(vcpu->arch.host_sp, 0);
}

static void test_ids(void **state)
{
	(void)state;
	for (u32 e = SYSREG(3, 0, 0, 1, 0); e <= SYSREG(3, 0, 0, 7, 7); e++)
		assert_int_equal(mrs(e), sysreg_id(&fake->vm, e));
	assert_int_equal(mrs(SYS_ID_AA64DFR0_EL1), 15ull << 36 | 5u << 12 | 3u << 20 | 8);
}

/* ---- GIC ---- */

static void test_sgi(void **state)
{
	(void)state;
	msr(SYS_ICC_SGI1R_EL1, 0x123456789ull);
	assert_int_equal(fake->sgi.from, 0);
	assert_int_equal(fake->sgi.value, 0x123456789ull);
	assert_int_equal(fake->sgi.group, 1);
	msr(SYS_ICC_SGI0R_EL1, 1);
	assert_int_equal(fake->sgi.group, 0);
	msr(SYS_ICC_ASGI1R_EL1, 2);
	assert_int_equal(fake->sgi.group, 0);
	assert_int_equal(fake->sgi_count, 3);
	assert_undefined(SYS_ICC_SGI1R_EL1, true);
	assert_int_equal(mrs(SYS_ICC_SRE_EL1), 7);
	msr(SYS_ICC_SRE_EL1, 0);
	assert_int_equal(mrs(SYS_ICC_SRE_EL1), 7);
	/* A guest with another GIC has none of them. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(fake->sgi_count, 3);
		fake->gic_version = 2;
		fake->vm.arch.gic = i ? NULL : fake->vm.arch.gic;
		assert_undefined(SYS_ICC_SGI1R_EL1, false);
		assert_undefined(SYS_ICC_SGI0R_EL1, false);
		assert_undefined(SYS_ICC_SRE_EL1, true);
		assert_undefined(SYS_ICC_SRE_EL1, false);
	}
}

/* ---- timers ---- */

static void test_timers(void **state)
{
	(void)state;
	fake->now = 5000;
	guest_timer_vm_start(&fake->vm);
	fake->now = 5100;
	assert_int_equal(mrs(SYS_CNTPCT_EL0), 100);
	msr(SYS_CNTP_CVAL_EL0, 300);
	assert_int_equal(mrs(SYS_CNTP_CVAL_EL0), 300);
	assert_int_equal(mrs(SYS_CNTP_TVAL_EL0), 200);
	msr(SYS_CNTP_TVAL_EL0, 10);
	assert_int_equal(mrs(SYS_CNTP_CVAL_EL0), 110);
	msr(SYS_CNTP_CTL_EL0, CNT_ENABLE);
	assert_int_equal(mrs(SYS_CNTP_CTL_EL0), CNT_ENABLE);
	assert_int_equal(vcpu->arch.timers.cntp.deadline, 5110);
	assert_undefined(SYS_CNTPCT_EL0, false);
}

/* ---- translation and caches ---- */

static void test_translation(void **state)
{
	static const u32 registers[] = {
		SYS_TTBR0_EL1, SYS_TTBR1_EL1, SYS_TCR_EL1,        SYS_TCR2_EL1, SYS_AFSR0_EL1,
		SYS_AFSR1_EL1, SYS_ESR_EL1,   SYS_FAR_EL1,        SYS_MAIR_EL1, SYS_PIRE0_EL1,
		SYS_PIR_EL1,   SYS_AMAIR_EL1, SYS_CONTEXTIDR_EL1,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		msr(registers[i], 0x1234567800000000ull + i);
		assert_int_equal(*fake_sysreg(registers[i]), 0x1234567800000000ull + i);
		assert_int_equal(mrs(registers[i]), 0x1234567800000000ull + i);
	}
	arm64_features.tcr2 = arm64_features.s1pie = false;
	assert_undefined(SYS_TCR2_EL1, false);
	assert_undefined(SYS_PIR_EL1, false);
	assert_undefined(SYS_PIRE0_EL1, true);
	/* It exists, but does nothing. */
	msr(SYS_ACTLR_EL1, ~0ull);
	assert_int_equal(mrs(SYS_ACTLR_EL1), 0);
	assert_int_equal(*fake_sysreg(SYS_ACTLR_EL1), 0);
}

/* What is not finished runs again, with nothing changed. */
static void test_caches(void **state)
{
	static const u32 set_way[] = { SYSREG(1, 0, 7, 6, 2), SYSREG(1, 0, 7, 10, 2),
				       SYSREG(1, 0, 7, 14, 2) };
	u64 pc;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(set_way); i++) {
		msr(set_way[i], i);
		assert_int_equal(fake->set_way_count, i + 1);
	}
	msr(SYS_SCTLR_EL1, 0x1005);
	assert_int_equal(sysreg_read(SCTLR_EL1), 0x1005);
	pc = sysreg_read(ELR_EL2);
	fake->unfinished = 1;
	x[9] = 5;
	assert_true(sysreg_trap(vcpu, fake_arm64_sys_esr(SYS_SCTLR_EL1, false, 9)));
	assert_int_equal(sysreg_read(ELR_EL2), pc);
	assert_int_equal(sysreg_read(SCTLR_EL1), 0x1005);
	fake->unfinished = 1;
	assert_true(sysreg_trap(vcpu, fake_arm64_sys_esr(set_way[0], false, 9)));
	assert_int_equal(sysreg_read(ELR_EL2), pc);
	msr(set_way[0], 0);
}

/* ---- debug ---- */

#define BVR(n) SYSREG(2, 0, 0, n, 4)
#define BCR(n) SYSREG(2, 0, 0, n, 5)
#define WVR(n) SYSREG(2, 0, 0, n, 6)
#define WCR(n) SYSREG(2, 0, 0, n, 7)

static bool traps(void)
{
	return sysreg_read(MDCR_EL2) & MDCR_TDA;
}

static void put(void)
{
	sysreg_put(vcpu);
	arch_this_cpu()->loaded = NULL;
}

static void load(unsigned cpu)
{
	fake_arm64_use_cpu(cpu);
	arch_this_cpu()->loaded = vcpu;
	sysreg_load(vcpu);
}

static void assert_hardware_empty(void)
{
	for (unsigned n = 0; n < 6; n++)
		assert_int_equal(*fake_sysreg(BCR(n)) | *fake_sysreg(BVR(n)), 0);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(*fake_sysreg(WCR(n)) | *fake_sysreg(WVR(n)), 0);
}

static void test_debug_in_memory(void **state)
{
	(void)state;
	assert_hardware_empty(); /* what was there after power-on is gone */
	assert_int_equal(sysreg_read(MDCR_EL2) & 0x1f, MDCR_HPMN_HERE);
	assert_true(sysreg_read(MDCR_EL2) & MDCR_TPM);
	for (unsigned n = 0; n < 16; n++) {
		if (n < 6) {
			msr(BVR(n), 0x1000 + n);
			msr(BCR(n), 0xffffffff & ~1u);
			assert_int_equal(mrs(BVR(n)), 0x1000 + n);
			assert_int_equal(mrs(BCR(n)), 0x00ffe1e6);
		} else {
			assert_undefined(BVR(n), true);
			assert_undefined(BCR(n), false);
		}
		if (n < 4) {
			msr(WVR(n), 0x2003 + 4 * n);
			msr(WCR(n), ~1ull);
			assert_int_equal(mrs(WVR(n)), 0x2000 + 4 * n);
			assert_int_equal(mrs(WCR(n)), 0x1f1ffffe);
		} else {
			assert_undefined(WVR(n), true);
			assert_undefined(WCR(n), false);
		}
	}
	assert_true(traps());
	assert_hardware_empty();
}

static void test_debug_in_hardware(void **state)
{
	(void)state;
	msr(BVR(1), 0x4000);
	msr(WVR(3), 0x8000);
	msr(WCR(3), 0x1ff1);
	assert_false(traps());
	assert_int_equal(sysreg_read(DBGBVR1_EL1), 0x4000);
	assert_int_equal(sysreg_read(DBGWVR3_EL1), 0x8000);
	assert_int_equal(sysreg_read(DBGWCR3_EL1), 0x1ff1);
	/* From now on the guest writes them itself, and they go with it. */
	sysreg_write(DBGBVR5_EL1, 0x5000);
	sysreg_write(DBGBCR5_EL1, 0x1e5);
	put();
	assert_hardware_empty();
	load(2);
	assert_false(traps());
	assert_int_equal(sysreg_read(DBGBVR5_EL1), 0x5000);
	assert_int_equal(sysreg_read(DBGWCR3_EL1), 0x1ff1);
	/* All off: the next time they trap again, and are what they were. */
	sysreg_write(DBGBCR5_EL1, 0x1e4);
	sysreg_write(DBGWCR3_EL1, 0);
	put();
	load(3);
	assert_true(traps());
	assert_hardware_empty();
	assert_int_equal(mrs(BVR(5)), 0x5000);
	assert_int_equal(mrs(BCR(5)), 0x1e4);
	/* A reset forgets them. */
	msr(BCR(0), 1);
	put();
	sysreg_reset(vcpu);
	load(0);
	assert_true(traps());
	assert_hardware_empty();
	assert_int_equal(mrs(BVR(5)), 0);
}

static void test_debug_control(void **state)
{
	(void)state;
	/* The lock is set after reset, and real. */
	assert_int_equal(mrs(SYS_OSLSR_EL1), 8 | 2);
	assert_int_equal(sysreg_read(OSLAR_EL1), 1);
	msr(SYS_OSLAR_EL1, 0);
	assert_int_equal(mrs(SYS_OSLSR_EL1), 8);
	assert_int_equal(sysreg_read(OSLAR_EL1), 0);
	put();
	sysreg_write(OSLAR_EL1, 1); /* another vCPU's */
	load(0);
	assert_int_equal(sysreg_read(OSLAR_EL1), 0);
	msr(SYS_OSLAR_EL1, 0xfffffffe);
	assert_int_equal(mrs(SYS_OSLSR_EL1), 8);
	assert_undefined(SYS_OSLAR_EL1, true);
	assert_undefined(SYS_OSLSR_EL1, false);
	/* MDSCR_EL1 is the hardware's; of it what a guest may have. */
	msr(SYS_MDSCR_EL1, ~0ull);
	assert_int_equal(sysreg_read(MDSCR_EL1), 0xb001);
	assert_int_equal(mrs(SYS_MDSCR_EL1), 0xb001);
	/* Claim tags. */
	assert_int_equal(mrs(SYS_DBGCLAIMSET_EL1), 0xff);
	msr(SYS_DBGCLAIMSET_EL1, 0xf05);
	assert_int_equal(mrs(SYS_DBGCLAIMCLR_EL1), 0x05);
	msr(SYS_DBGCLAIMCLR_EL1, 0x04);
	assert_int_equal(mrs(SYS_DBGCLAIMCLR_EL1), 0x01);
	/* The rest is there and empty. */
	for (unsigned i = 0; i < sysreg_row_count; i++) {
		const struct sysreg_row *row = &sysreg_rows[i];

		if (row->encoding >> 14 != 2 || row->read == sysreg_read_debug || !row->read)
			continue;
		if (row->write)
			msr(row->encoding, ~0ull);
		assert_int_equal(mrs(row->encoding), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_sorted),
		TEST(test_all_encodings),
		TEST(test_absent),
		TEST(test_zero_register),
		TEST(test_ids),
		TEST(test_sgi),
		TEST(test_timers),
		TEST(test_translation),
		TEST(test_caches),
		TEST(test_debug_in_memory),
		TEST(test_debug_in_hardware),
		TEST(test_debug_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
