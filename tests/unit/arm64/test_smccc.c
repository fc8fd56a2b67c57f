/* SPDX-License-Identifier: MIT */
/* SMCCC: version, the firmware's workarounds as guests see them, who the hypervisor is, and entropy. */
#include <test.h>

#include <fake_arm64.h>

#define MODERN                                                                                 \
	{ PSCI_VERSION, ~0ull, { { 0x10001 } } }, { PSCI_FEATURES, SMCCC_VERSION, { { 0 } } }, \
	{                                                                                      \
		SMCCC_VERSION, ~0ull,                                                          \
		{                                                                              \
			{                                                                      \
				0x10001                                                        \
			}                                                                      \
		}                                                                              \
	}
#define FEATURE(function, result)                  \
	{                                          \
		SMCCC_ARCH_FEATURES, function,     \
		{                                  \
			{                          \
				(u64)(s64)(result) \
			}                          \
		}                                  \
	}

static long call(u64 function, u64 a1)
{
	return fake_arm64_call(function, a1, 0x22, 0x33);
}

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	fake->has_psci = true;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

/* CPU after CPU starts; @odd: one of them has other firmware answers. */
static void start_cpus(const struct fake_firmware *firmware, const struct fake_firmware *odd)
{
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		fake_arm64_use_cpu(i);
		fake->firmware = odd && i == 2 ? odd : firmware;
		sysreg_cpu_init();
	}
	fake_arm64_use_cpu(0);
	fake->firmware = firmware;
	fake->call_count = 0;
}

static void test_features(void **state)
{
	static const u32 there[] = { SMCCC_VERSION, SMCCC_ARCH_FEATURES };
	unsigned found = 0;

	(void)state;
	start_cpus(NULL, NULL);
	assert_int_equal(call(SMCCC_VERSION, 0), 0x10002);
	for (unsigned i = 0; i < ARRAY_SIZE(there); i++)
		assert_int_equal(call(SMCCC_ARCH_FEATURES, there[i]), 0);
	for (u32 id = SMCCC_ARCH_FIRST; id <= SMCCC_ARCH_LAST; id++)
		found += call(SMCCC_ARCH_FEATURES, id) >= 0;
	assert_int_equal(found, ARRAY_SIZE(there));
	assert_int_equal(call(SMCCC_ARCH_SOC_ID, 0), -1);
	assert_int_equal(call(SMCCC_ARCH_FEATURES | SMCCC_64, SMCCC_VERSION),
			 -1); /* 32 bits only */
}

/* What the firmware says of this CPU, and of one other. */
static void assert_workaround(u32 function, long here, long other, long seen)
{
	const struct fake_firmware all[] = { MODERN, FEATURE(function, here), { 0 } };
	const struct fake_firmware odd[] = { MODERN, FEATURE(function, other), { 0 } };
	u64 *x = fake->vcpus[0]->arch.x;

	start_cpus(all, odd);
	assert_int_equal(call(SMCCC_ARCH_FEATURES, function), seen);
	assert_int_equal(fake->call_count, 0);
	assert_int_equal(call(function, 0x11), seen < 0 ? -1 : (long)function);
	assert_int_equal(fake->call_count, seen == 0);
	if (seen == 0)
		assert_int_equal(fake->called[0][0], function);
	assert_int_equal(x[1], 0x11);
	assert_int_equal(x[3], 0x33);
}

static void test_workarounds(void **state)
{
	static const u32 plain[] = { SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_3 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(plain); i++) {
		assert_workaround(plain[i], 0, 0, 0);
		assert_workaround(plain[i], 1, 1, 1);
		assert_workaround(plain[i], -1, -1, -1);
		assert_workaround(plain[i], -2, -2, -1);
		/* The CPU in the worst place counts. */
		assert_workaround(plain[i], 1, 0, 0);
		assert_workaround(plain[i], 0, 1, 0);
		assert_workaround(plain[i], 1, -1, -1);
		assert_workaround(plain[i], -1, 1, -1);
		assert_workaround(plain[i], -1, 0, 0);
	}
	/* The mitigation is never off: it need not be asked for. */
	assert_workaround(SMCCC_ARCH_WORKAROUND_2, 0, 0, 1);
	assert_workaround(SMCCC_ARCH_WORKAROUND_2, 1, 0, 1);
	assert_workaround(SMCCC_ARCH_WORKAROUND_2, 1, 1, 1);
	assert_workaround(SMCCC_ARCH_WORKAROUND_2, -1, 1, -1);
}

/* Firmware of before SMCCC 1.1 is not asked what it cannot know. */
static void test_old_firmware(void **state)
{
	static const struct fake_firmware kinds[][4] = {
		{ { 0 } },
		{ { PSCI_VERSION, ~0ull, { { 2 } } }, FEATURE(~0ull, 0), { 0 } },
		{ { PSCI_VERSION, ~0ull, { { 0x10000 } } },
		  { SMCCC_VERSION, ~0ull, { { 0x10001 } } },
		  FEATURE(~0ull, 0),
		  { 0 } },
		{ { PSCI_VERSION, ~0ull, { { 0x10000 } } },
		  { PSCI_FEATURES, SMCCC_VERSION, { { 0 } } },
		  FEATURE(~0ull, 0),
		  { 0 } },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		start_cpus(kinds[i], NULL);
		for (unsigned k = 0; k < FAKE_CALLS; k++)
			assert_int_not_equal(fake->called[k][0], SMCCC_ARCH_FEATURES);
		assert_int_equal(call(SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1), -1);
	}
	/* Without firmware no call is made at all: it would go to nowhere. */
	memset(fake->called, 0, sizeof(fake->called));
	fake->has_psci = false;
	start_cpus(kinds[1], NULL);
	assert_int_equal(fake->called[0][0], 0);
}

static void test_hypervisor(void **state)
{
	u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	start_cpus(NULL, NULL);
	assert_int_not_equal((u32)call(SMCCC_HYP_UID, 0), 0xffffffff);
	assert_int_equal(x[0], 0x2e6f0f5d);
	assert_int_equal(x[3], 0xa9c5641f);
	assert_int_equal(call(SMCCC_HYP_CALL_COUNT, 0), 3);
	assert_int_equal(call(SMCCC_HYP_REVISION, 0), 1);
	assert_int_equal(x[1], 0);
	assert_int_equal(call(SMCCC_HYP_FIRST, 0), -1);
	assert_int_equal(call(SMCCC_HYP_LAST, 0), -1);
}

/* ---- entropy ---- */

#define RND64 (TRNG_RND | SMCCC_64)

static void test_trng_absent(void **state)
{
	(void)state;
	start_cpus(NULL, NULL);
	for (u32 id = TRNG_FIRST; id <= TRNG_LAST; id++) {
		assert_int_equal(call(id, TRNG_VERSION), -1);
		assert_int_equal(call(id | SMCCC_64, TRNG_VERSION), -1);
	}
}

static void start_with_rndr(void)
{
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		fake_arm64_use_cpu(i);
		sysreg_write(ID_AA64ISAR0_EL1, 1ull << 60);
	}
	start_cpus(NULL, NULL);
	fake->random = ~0ull / 3;
}

static void test_trng_cpu(void **state)
{
	const u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	start_with_rndr();
	assert_int_equal(call(TRNG_VERSION, 0), 0x10000);
	assert_int_equal(call(TRNG_FEATURES, RND64), 0);
	assert_int_equal(call(TRNG_FEATURES, TRNG_RND), 0);
	assert_int_equal(call(TRNG_FEATURES, TRNG_LAST), -1);
	assert_int_equal(call(TRNG_FEATURES, PSCI_VERSION), -1);
	assert_int_not_equal((u32)call(TRNG_GET_UUID, 0), 0xffffffff);
	assert_int_equal(call(TRNG_LAST, 0), -1);
	/* All bits, low ones in x3. */
	fake->random = 0xfedcba9876543210ull;
	assert_int_equal(call(RND64, 192), 0);
	assert_int_equal(x[3], 0xfedcba9876543210ull);
	assert_int_equal(x[2], 0xfedcba9876543210ull * 3 + 1);
	assert_int_equal(x[1], (0xfedcba9876543210ull * 3 + 1) * 3 + 1);
	/* As many as were asked for. */
	fake->random = ~0ull;
	assert_int_equal(call(RND64, 1), 0);
	assert_int_equal(x[3], 1);
	assert_int_equal(x[2] | x[1], 0);
	fake->random = ~0ull;
	assert_int_equal(call(RND64, 65), 0);
	assert_int_equal(x[3], ~0ull);
	assert_true(x[2] <= 1);
	assert_int_equal(x[1], 0);
	fake->random = ~0ull;
	assert_int_equal(call(TRNG_RND, 40), 0);
	assert_int_equal(x[3], 0xffffffff);
	assert_true(x[2] <= 0xff);
	assert_int_equal(x[1], 0);
}

static void test_trng_errors(void **state)
{
	static const u64 wrong[] = { 0, 193, 256, 1ull << 32, ~0ull };
	const u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	start_with_rndr();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(call(RND64, wrong[i]), TRNG_INVALID_PARAMETERS);
		assert_int_equal(x[1] | x[2] | x[3], 0);
	}
	assert_int_equal(call(TRNG_RND, 97), TRNG_INVALID_PARAMETERS);
	assert_int_equal(call(TRNG_RND, 96), 0);
	/* It runs dry: some tries, then an end; nothing of what was found leaks. */
	fake->random_failures = 5;
	assert_int_equal(call(RND64, 64), 0);
	fake->random_left = 2;
	assert_int_equal(call(RND64, 192), TRNG_NO_ENTROPY);
	assert_int_equal(x[1] | x[2] | x[3], 0);
	fake->random_failures = 1000;
	assert_int_equal(call(RND64, 64), TRNG_NO_ENTROPY);
	assert_int_equal(x[1] | x[2] | x[3], 0);
	assert_true(fake->random_failures > 900);
}

static void test_trng_one_cpu_has_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FAKE_CPUS - 1; i++) {
		fake_arm64_use_cpu(i);
		sysreg_write(ID_AA64ISAR0_EL1, 1ull << 60);
	}
	start_cpus(NULL, NULL);
	assert_int_equal(call(TRNG_VERSION, 0), -1);
}

static void test_trng_firmware(void **state)
{
	static const struct fake_firmware firmware[] = {
		{ TRNG_VERSION, ~0ull, { { 0x10000 } } },
		{ TRNG_FEATURES, RND64, { { 0 } } },
		{ TRNG_GET_UUID, ~0ull, { { 1, 2, 3, 4 } } },
		{ RND64, 64, { { 0, 7, 8, 0xabcdef } } },
		{ 0 },
	};
	static const struct fake_firmware empty[] = {
		{ RND64, 64, { { (u64)TRNG_NO_ENTROPY } } },
		{ 0 },
	};
	const u64 *x = fake->vcpus[0]->arch.x;

	(void)state;
	start_cpus(firmware, NULL);
	assert_int_equal(call(TRNG_VERSION, 0), 0x10000);
	assert_int_equal(call(TRNG_GET_UUID, 0), 1);
	assert_int_equal(x[3], 4);
	assert_int_equal(call(RND64, 80), 0);
	assert_int_equal(x[3], 0xabcdef);
	assert_int_equal(x[2], 0xcdef);
	fake->firmware = empty;
	assert_int_equal(call(RND64, 80), TRNG_NO_ENTROPY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_features),    TEST(test_workarounds),           TEST(test_old_firmware),
		TEST(test_hypervisor),  TEST(test_trng_absent),           TEST(test_trng_cpu),
		TEST(test_trng_errors), TEST(test_trng_one_cpu_has_none), TEST(test_trng_firmware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
