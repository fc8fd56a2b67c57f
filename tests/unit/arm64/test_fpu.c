/* SPDX-License-Identifier: MIT */
/* The lazy switch of float and SVE registers: who sees which values, what is moved and when use traps. */
#include <test.h>

#include <core/errno.h>
#include <fake_arm64.h>
#include <fake_fpu.h>

#define FP_TRAP ((u64)ESR_EC_FP << ESR_EC_SHIFT)
#define SVE_TRAP ((u64)ESR_EC_SVE << ESR_EC_SHIFT)
#define CPTR CPTR_RES1

/* What guests see of ID_AA64PFR0_EL1; replaces id_regs.c's. */
static u64 pfr0;

u64 sysreg_id(const struct vm *vm, u32 encoding)
{
	(void)vm;
	return encoding == SYS_ID_AA64PFR0_EL1 ? pfr0 : 0;
}

static int start(void **state)
{
	(void)state;
	fake_arm64_start(3);
	memset(&fake_fpu, 0, sizeof(fake_fpu));
	for (unsigned i = 0; i < FAKE_CPUS; i++)
		fake_fpu.cpu[i].vl = 32;
	for (unsigned i = 0; i < 3; i++)
		fake->vcpus[i]->arch.cptr = CPTR | CPTR_TZ;
	pfr0 = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static void load(unsigned cpu, unsigned vcpu)
{
	fake_arm64_use_cpu(cpu);
	fpu_load(fake->vcpus[vcpu]);
}

static bool traps(void)
{
	return sysreg_read(CPTR_EL2) & CPTR_TFP;
}

/* The guest of @vcpu, loaded on this CPU, uses a register: traps first if it has to. */
static u64 *use(unsigned vcpu)
{
	if (traps())
		assert_true(fpu_trap(fake->vcpus[vcpu], FP_TRAP));
	assert_false(traps());
	return fake_fpu.cpu[arch_this_cpu()->id].v;
}

static void put(unsigned vcpu)
{
	fpu_put(fake->vcpus[vcpu]);
}

static void test_unused(void **state)
{
	(void)state;
	load(0, 0);
	assert_true(traps());
	put(0);
	load(0, 1);
	put(1);
	assert_int_equal(fake_fpu.moves, 0);
}

static void test_own_values(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = 0; i < 3; i++) {
			unsigned cpu = (round + i) % 2;

			load(cpu, i);
			assert_int_equal(use(i)[5], round ? 1000 * i + round - 1 : 0);
			assert_int_equal(sysreg_read(FPCR), round ? i + 1 : 0);
			use(i)[5] = 1000 * i + round;
			sysreg_write(FPCR, i + 1);
			sysreg_write(FPSR, i + 7);
			put(i);
		}
	assert_int_equal(fake->vcpus[2]->arch.fp.fpsr, 9);
}

/* Nobody else was there: nothing is loaded, and there is no trap. */
static void test_stays(void **state)
{
	(void)state;
	load(0, 0);
	use(0)[0] = 1;
	put(0);
	assert_int_equal(fake_fpu.moves, 2);
	load(0, 1); /* does not use any */
	put(1);
	load(0, 0);
	assert_false(traps());
	use(0)[0] = 2;
	put(0);
	assert_int_equal(fake_fpu.moves, 3);
	/* Elsewhere meanwhile: what is here is old. */
	load(1, 0);
	assert_int_equal(use(0)[0], 2);
	use(0)[0] = 3;
	put(0);
	load(0, 0);
	assert_true(traps());
	assert_int_equal(use(0)[0], 3);
	put(0);
	/* A reset too. */
	fpu_reset(fake->vcpus[0]);
	load(0, 0);
	assert_true(traps());
	assert_int_equal(use(0)[0], 0);
}

/* A trap that has another reason than the lazy switch is the guest's. */
static void test_not_ours(void **state)
{
	(void)state;
	load(0, 0);
	assert_false(fpu_trap(fake->vcpus[0], SVE_TRAP)); /* it has no SVE */
	use(0);
	assert_false(fpu_trap(fake->vcpus[0], FP_TRAP));
}

/* ---- SVE ---- */

static void create_sve(unsigned vcpu)
{
	assert_int_equal(fpu_create(fake->vcpus[vcpu]), 0);
	assert_non_null(fake->vcpus[vcpu]->arch.sve);
	fake->vcpus[vcpu]->arch.cptr = CPTR;
	fpu_reset(fake->vcpus[vcpu]);
}

static void start_sve(void)
{
	arm64_features.sve = true;
	pfr0 = 1ull << 32;
	sysreg_write(CPTR_EL2, CPTR | CPTR_TZ | CPTR_TFP);
	for (unsigned i = 0; i < 2; i++) {
		fake_arm64_use_cpu(i);
		sysreg_write(CPTR_EL2, CPTR | CPTR_TZ | CPTR_TFP);
		fpu_cpu_init();
		assert_true(traps());
	}
	fake_arm64_use_cpu(0);
	create_sve(0);
	create_sve(1);
}

static void stop_sve(void)
{
	for (unsigned i = 0; i < 2; i++) {
		fpu_destroy(fake->vcpus[i]);
		assert_null(fake->vcpus[i]->arch.sve);
	}
}

/* The length that all CPUs have, which this one is limited to; first as Z registers, then as others. */
static void test_sve(void **state)
{
	(void)state;
	fake_fpu.cpu[1].vl = 16; /* the boot CPU has more */
	start_sve();
	assert_int_equal(fake->vcpus[0]->arch.sve->vl, 16);
	load(0, 0);
	assert_true(sysreg_read(CPTR_EL2) & CPTR_TZ);
	assert_true(fpu_trap(fake->vcpus[0], SVE_TRAP));
	assert_int_equal(sysreg_read(ZCR_EL2), 0);
	fake_fpu.cpu[0].sve[32 * 16 + 17 * 2 - 1] = 0x99; /* the end of FFR */
	sysreg_write(ZCR_EL1, 15);
	put(0);
	load(0, 1);
	assert_true(fpu_trap(fake->vcpus[1], FP_TRAP));
	assert_int_equal(fake_fpu.cpu[0].sve[32 * 16 + 17 * 2 - 1], 0);
	assert_int_equal(sysreg_read(ZCR_EL1), 0);
	put(1);
	load(1, 0);
	assert_true(fpu_trap(fake->vcpus[0], SVE_TRAP));
	assert_int_equal(fake_fpu.cpu[1].sve[32 * 16 + 17 * 2 - 1], 0x99);
	assert_int_equal(sysreg_read(ZCR_EL1), 15);
	stop_sve();
}

static void test_no_sve(void **state)
{
	(void)state;
	/* Guests see none, or there is none. */
	arm64_features.sve = true;
	assert_int_equal(fpu_create(fake->vcpus[0]), 0);
	assert_null(fake->vcpus[0]->arch.sve);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_unused),   TEST(test_own_values), TEST(test_stays),
		TEST(test_not_ours), TEST(test_sve),        TEST(test_no_sve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
