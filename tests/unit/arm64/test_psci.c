/* SPDX-License-Identifier: MIT */
/* PSCI as guests see it: every function and error, and what it does to other vCPUs. */
#include <test.h>

#include <fake_arm64.h>

#define RAM FAKE_RAM_BASE
#define ON64 (PSCI_CPU_ON | SMCCC_64)
#define INFO64 (PSCI_AFFINITY_INFO | SMCCC_64)
#define SUSPEND64 (PSCI_CPU_SUSPEND | SMCCC_64)
#define VCPUS 35

static long call(u64 function, u64 a1, u64 a2, u64 a3)
{
	return fake_arm64_call(function, a1, a2, a3);
}

static int start(void **state)
{
	(void)state;
	fake_arm64_start(VCPUS);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static void test_version(void **state)
{
	u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	assert_int_equal(call(PSCI_VERSION, 0, 0, 0), 0x10001);
	/* The short way answers the same, and only that and the convention's version. */
	x[0] = PSCI_VERSION;
	assert_true(smccc_answer_constant(fake->vcpus[0]));
	assert_int_equal(x[0], 0x10001);
	x[0] = SMCCC_VERSION;
	assert_true(smccc_answer_constant(fake->vcpus[0]));
	assert_int_equal(x[0], 0x10002);
	for (u64 id = 0; id < 64; id++) {
		x[0] = SMCCC_VERSION | 1ull << id;
		if (id == 26 || id == 31)
			continue;
		assert_false(smccc_answer_constant(fake->vcpus[0]));
		assert_int_equal(x[0], SMCCC_VERSION | 1ull << id);
	}
}

static void test_features(void **state)
{
	static const u32 there[] = {
		PSCI_VERSION,
		PSCI_CPU_SUSPEND,
		SUSPEND64,
		PSCI_CPU_OFF,
		PSCI_CPU_ON,
		ON64,
		PSCI_AFFINITY_INFO,
		INFO64,
		PSCI_MIGRATE_INFO_TYPE,
		PSCI_SYSTEM_OFF,
		PSCI_SYSTEM_RESET,
		PSCI_FEATURES,
		PSCI_SYSTEM_RESET2,
		PSCI_SYSTEM_RESET2 | SMCCC_64,
		SMCCC_VERSION,
	};
	u64 found = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
		assert_int_equal(call(PSCI_FEATURES, there[i], 0, 0), 0);
	for (u32 id = PSCI_FIRST; id <= PSCI_LAST; id++) {
		found += call(PSCI_FEATURES, id, 0, 0) == 0;
		found += call(PSCI_FEATURES, id | SMCCC_64, 0, 0) == 0;
	}
	assert_int_equal(found, ARRAY_SIZE(there) - 1);
	/* Calls of 64 bits where the convention has 32, and the other services. */
	assert_int_equal(call(PSCI_FEATURES, PSCI_VERSION | SMCCC_64, 0, 0), PSCI_NOT_SUPPORTED);
	assert_int_equal(call(PSCI_FEATURES, PSCI_CPU_OFF | SMCCC_64, 0, 0), PSCI_NOT_SUPPORTED);
	assert_int_equal(call(PSCI_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), PSCI_NOT_SUPPORTED);
	assert_int_equal(call(PSCI_FEATURES, 0, 0, 0), PSCI_NOT_SUPPORTED);
	/* A 32-bit call has 32-bit arguments. */
	assert_int_equal(call(PSCI_FEATURES, 0xffffffff00000000ull | PSCI_CPU_OFF, 0, 0), 0);
}

static void test_unknown(void **state)
{
	static const u64 functions[] = {
		0,
		1,
		PSCI_VERSION | SMCCC_64,
		PSCI_CPU_OFF | SMCCC_64,
		PSCI_MIGRATE,
		PSCI_MIGRATE | SMCCC_64,
		PSCI_MIGRATE_INFO_UP_CPU,
		PSCI_SYSTEM_SUSPEND,
		PSCI_SYSTEM_SUSPEND | SMCCC_64,
		PSCI_LAST,
		PSCI_LAST + 1,
		PSCI_VERSION & ~SMCCC_FAST,
		PSCI_CPU_OFF & ~SMCCC_FAST,
		0x83000000,
		0x85000000,
		0x86000000,
		0xc6000000,
		0x87000000,
		0x8f000000,
		0xffffffff,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
		assert_int_equal(call(functions[i], 1, RAM, 0), -1);
	assert_int_equal(fake->exit_count, 0);
	assert_int_equal(fake->vcpus[0]->requests, 0);
	assert_int_equal(fake->vcpus[1]->power, VCPU_OFF);
}

/* Registers that a call does not answer in stay as they are (SMCCC 1.2, 2.6). */
static void test_registers(void **state)
{
	u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	for (unsigned i = 4; i < 31; i++)
		x[i] = 0x1111 * i;
	call(PSCI_VERSION, 7, 8, 9);
	call(0x8400ffff, 7, 8, 9);
	call(ON64, 1, RAM, 9);
	assert_int_equal(x[1], 1);
	for (unsigned i = 4; i < 31; i++)
		assert_int_equal(x[i], 0x1111 * i);
}

static void test_cpu_on(void **state)
{
	struct vcpu *other = fake->vcpus[1];

	(void)state;
	assert_int_equal(call(ON64, 1, RAM + 0x1000, 0x123456789abcdefull), PSCI_SUCCESS);
	assert_int_equal(other->power, VCPU_ON);
	assert_int_equal(other->start_entry, RAM + 0x1000);
	assert_int_equal(other->start_arg, 0x123456789abcdefull);
	/* It is on its way, and then it is there. */
	assert_int_equal(call(ON64, 1, RAM, 0), PSCI_ON_PENDING);
	assert_int_equal(call(INFO64, 1, 0, 0), PSCI_AFFINITY_ON_PENDING);
	other->start_pending = false;
	assert_int_equal(call(ON64, 1, RAM, 0), PSCI_ALREADY_ON);
	assert_int_equal(call(INFO64, 1, 0, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(ON64, 0, RAM, 0), PSCI_ALREADY_ON);
	assert_int_equal(call(ON64, 0, 1, 0), PSCI_ALREADY_ON);
	assert_int_equal(other->start_entry, RAM + 0x1000);
	/* The 32-bit call has only the lower halves. */
	assert_int_equal(call(PSCI_CPU_ON, 0x700000002, 0xf00000000 | RAM, ~0ull), PSCI_SUCCESS);
	assert_int_equal(fake->vcpus[2]->start_entry, RAM);
	assert_int_equal(fake->vcpus[2]->start_arg, 0xffffffff);
	/* One that wakes from a suspend was never off. */
	other->start_pending = true;
	other->arch.resuming = true;
	assert_int_equal(call(ON64, 1, RAM, 0), PSCI_ALREADY_ON);
	assert_int_equal(call(INFO64, 1, 0, 0), PSCI_AFFINITY_ON);
}

static void test_cpu_on_target(void **state)
{
	/* Affinity 0 has 16 values; 35 vCPUs end at 2.2. */
	static const u64 wrong[] = {
		0x10,       0x1f,           0x203,      0x20f,          0x300,      0x10000,
		0x10001,    0x1000001,      0x80000001, 1ull << 32 | 1, 0xff << 16, 0xff00000000ull,
		1ull << 40, 1ull << 63 | 1, ~0ull,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(call(ON64, wrong[i], RAM, 0), PSCI_INVALID_PARAMETERS);
	for (unsigned i = 1; i < VCPUS; i++)
		assert_int_equal(fake->vcpus[i]->power, VCPU_OFF);
	for (unsigned i = 1; i < VCPUS; i++) {
		assert_int_equal(call(ON64, (i & 15) | i >> 4 << 8, RAM + 4 * i, i), PSCI_SUCCESS);
		assert_int_equal(fake->vcpus[i]->start_arg, i);
		assert_ptr_equal(arm64_vcpu_of_mpidr(&fake->vm, arm64_vcpu_mpidr(i)),
				 fake->vcpus[i]);
	}
	fake->vcpus[VCPUS] = fake->vcpus[0]; /* beyond the array's end, were it one */
	assert_null(arm64_vcpu_of_mpidr(&fake->vm, arm64_vcpu_mpidr(VCPUS)));
}

static void test_cpu_on_entry(void **state)
{
	static const u64 wrong[] = { 0,       RAM + 1, RAM + 2,
				     RAM + 3, RAM - 4, RAM + FAKE_RAM_SIZE,
				     ~0ull,   ~3ull,   1ull << 63 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(call(ON64, 1, wrong[i], 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(fake->vcpus[1]->power, VCPU_OFF);
	assert_int_equal(call(ON64, 1, RAM + FAKE_RAM_SIZE - 4, 0), PSCI_SUCCESS);
	/* In AArch32 bit 0 says T32; bit 1 alone is no A32 address. */
	sysreg_write(SPSR_EL2, PSTATE_A32 | 0x13);
	assert_int_equal(call(PSCI_CPU_ON, 2, RAM + 2, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(call(PSCI_CPU_ON, 2, RAM + 3, 0), PSCI_SUCCESS);
	assert_int_equal(call(PSCI_CPU_ON, 3, RAM + 1, 0), PSCI_SUCCESS);
	assert_int_equal(fake->vcpus[2]->start_entry, RAM + 3);
	/* And there are no 64-bit calls. */
	assert_int_equal(call(ON64, 4, RAM, 0), -1);
	assert_int_equal(call(PSCI_FEATURES, ON64, 0, 0), -1);
	assert_int_equal(fake->vcpus[4]->power, VCPU_OFF);
}

static void test_affinity_info(void **state)
{
	(void)state;
	assert_int_equal(call(INFO64, 0, 0, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(INFO64, 1, 0, 0), PSCI_AFFINITY_OFF);
	assert_int_equal(call(PSCI_AFFINITY_INFO, 0x202, 0, 0), PSCI_AFFINITY_OFF);
	assert_int_equal(call(INFO64, 0x203, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(INFO64, 0x10, 0, 0), PSCI_INVALID_PARAMETERS);
	/* Groups: cores 0 to 15 have one that is on, 16 to 31 none, then one on its way. */
	assert_int_equal(call(INFO64, 7, 1, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(INFO64, 0x1ff, 1, 0), PSCI_AFFINITY_OFF);
	assert_int_equal(call(ON64, 0x103, RAM, 0), PSCI_SUCCESS);
	assert_int_equal(call(INFO64, 0x100, 1, 0), PSCI_AFFINITY_ON_PENDING);
	assert_int_equal(call(INFO64, 0x300, 1, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(INFO64, 0xffff, 2, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(INFO64, 0x10000, 2, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(INFO64, 0xffffff, 3, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(INFO64, 0x100000000, 3, 0), PSCI_INVALID_PARAMETERS);
	for (u64 level = 4; level; level <<= 1)
		assert_int_equal(call(INFO64, 0, level, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(INFO64, 1 << 24, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(INFO64, 1ull << 40, 3, 0), PSCI_INVALID_PARAMETERS);
}

static void test_cpu_off(void **state)
{
	(void)state;
	call(PSCI_CPU_OFF, 0, 0, 0);
	assert_int_equal(fake->vcpus[0]->power, VCPU_OFF);
	assert_int_equal(fake->vcpus[0]->requests, VCPU_REQ_LEAVE);
}

static void test_suspend_standby(void **state)
{
	struct vcpu *vcpu = fake->vcpus[0];

	(void)state;
	assert_int_equal(call(SUSPEND64, 0, 1, 2), PSCI_SUCCESS); /* the entry is not looked at */
	assert_true(vcpu->waiting);
	assert_true(vcpu->arch.suspended);
	assert_int_equal(fake->exit.kind, EXIT_HALT);
	assert_int_equal(vcpu->requests, 0);
	assert_int_equal(call(INFO64, 0, 0, 0), PSCI_AFFINITY_ON);
	assert_int_equal(call(PSCI_CPU_SUSPEND, 0xffff, 0, 0), PSCI_SUCCESS);
	assert_int_equal(fake->exit_count, 2);
}

static void test_suspend_down(void **state)
{
	struct vcpu *vcpu = fake->vcpus[0];

	(void)state;
	assert_int_equal(call(SUSPEND64, PSCI_POWER_STATE_DOWN | 5, RAM + 0x40, 77), PSCI_SUCCESS);
	assert_true(vcpu->waiting);
	assert_int_equal(vcpu->requests, VCPU_REQ_RESUME);
	assert_false(vcpu->start_pending);
	/* It waits, with its registers; the request stands. */
	vcpu->requests = 0;
	assert_false(psci_resume(vcpu));
	assert_int_equal(vcpu->requests, VCPU_REQ_RESUME);
	assert_false(vcpu->start_pending);
	/* It wakes, and comes back by a reset. */
	vcpu->waiting = false;
	vcpu->requests = 0;
	assert_true(psci_resume(vcpu));
	assert_true(vcpu->start_pending);
	assert_int_equal(vcpu->start_entry, RAM + 0x40);
	assert_int_equal(vcpu->start_arg, 77);
	assert_int_equal(vcpu->requests, 0);
	assert_int_equal(call(INFO64, 0, 0, 0), PSCI_AFFINITY_ON);
	sysreg_reset(vcpu);
	assert_false(vcpu->arch.resuming);
	assert_false(vcpu->arch.suspended);
	/* A machine that was switched off meanwhile begins anew. */
	vcpu->requests = VCPU_REQ_RESUME | VCPU_REQ_IRQ;
	sysreg_reset(vcpu);
	assert_int_equal(vcpu->requests, VCPU_REQ_IRQ);
}

static void test_suspend_wrong(void **state)
{
	(void)state;
	for (unsigned bit = 17; bit < 32; bit++)
		assert_int_equal(call(SUSPEND64, 1u << bit, RAM, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(SUSPEND64, PSCI_POWER_STATE_DOWN, RAM + 2, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(call(SUSPEND64, PSCI_POWER_STATE_DOWN, 0, 0), PSCI_INVALID_ADDRESS);
	assert_int_equal(fake->exit_count, 0);
	assert_int_equal(fake->vcpus[0]->requests, 0);
	assert_false(fake->vcpus[0]->waiting);
}

static void test_system(void **state)
{
	(void)state;
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
	assert_int_equal(fake->exit.kind, EXIT_POWER);
	assert_int_equal(fake->exit.power, EXIT_POWER_OFF);
	call(PSCI_SYSTEM_RESET, 0, 0, 0);
	assert_int_equal(fake->exit.power, EXIT_POWER_RESET);
	assert_int_equal(fake->exit_count, 2);
	fake->exit.power = EXIT_POWER_OFF;
	call(PSCI_SYSTEM_RESET2 | SMCCC_64, 0, 5, 0);
	assert_int_equal(fake->exit.power, EXIT_POWER_RESET);
	call(PSCI_SYSTEM_RESET2, 0, 0, 0);
	assert_int_equal(fake->exit_count, 4);
	assert_int_equal(call(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(call(PSCI_SYSTEM_RESET2, 0x80000000, 0, 0), PSCI_INVALID_PARAMETERS);
	assert_int_equal(fake->exit_count, 4);
}

static void test_migrate(void **state)
{
	(void)state;
	assert_int_equal(call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_version),         TEST(test_features),      TEST(test_unknown),
		TEST(test_registers),       TEST(test_cpu_on),        TEST(test_cpu_on_target),
		TEST(test_cpu_on_entry),    TEST(test_affinity_info), TEST(test_cpu_off),
		TEST(test_suspend_standby), TEST(test_suspend_down),  TEST(test_suspend_wrong),
		TEST(test_system),          TEST(test_migrate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
