/* SPDX-License-Identifier: MIT */
/* What ID registers tell of a CPU, and whether another one is as good. */
#include <test.h>

#include <fake_arm64.h>

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static void test_features_of_old_and_new(void **state)
{
	(void)state;
	/* Cortex-A57 */
	sysreg_write(ID_AA64PFR0_EL1, 0x2222);
	sysreg_write(ID_AA64MMFR0_EL1, 0x1124);
	arm64_features_init();
	assert_int_equal(arm64_features.pa_bits, 44);
	assert_int_equal(arm64_features.vmid_bits, 8);
	assert_true(arm64_features.granule_4k && arm64_features.el0_32 && arm64_features.el1_32);
	assert_false(arm64_features.vhe || arm64_features.pan || arm64_features.bti ||
		     arm64_features.pauth || arm64_features.lpa2 || arm64_features.sve);
	/* Armv9 with 52 bits of address, as QEMU's `max` tells */
	sysreg_write(ID_AA64PFR0_EL1, 0x1301000111110011);
	sysreg_write(ID_AA64MMFR0_EL1, 0x2100032300201126);
	sysreg_write(ID_AA64MMFR1_EL1, 0x0110112010312122);
	sysreg_write(ID_AA64ISAR1_EL1, 0x50);
	arm64_features_init();
	assert_int_equal(arm64_features.pa_bits,
			 48); /* no 52 bits with pages of 4 KiB: TGran4 is 0 */
	sysreg_write(ID_AA64MMFR0_EL1, 0x2100032310201126);
	arm64_features_init();
	assert_int_equal(arm64_features.pa_bits, 52);
	assert_int_equal(arm64_features.vmid_bits, 16);
	assert_true(arm64_features.vhe && arm64_features.pan && arm64_features.pauth &&
		    arm64_features.ecv_poff && arm64_features.fgt && arm64_features.xnx &&
		    arm64_features.hcrx);
	assert_false(arm64_features.el1_32);
}

static void test_lpa2_needs_both_stages(void **state)
{
	static const struct {
		u64 tgran4, tgran4_2;
		bool lpa2, granule;
	} cases[] = {
		{ 0, 0, false, true },   { 1, 0, true, true },   { 1, 3, true, true },
		{ 1, 2, false, true },   { 0, 3, false, true },  { 15, 0, false, false },
		{ 15, 1, false, false }, { 0, 1, false, false },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		sysreg_write(ID_AA64MMFR0_EL1, cases[i].tgran4 << 28 | cases[i].tgran4_2 << 40 | 6);
		arm64_features_init();
		assert_int_equal(arm64_features.lpa2, cases[i].lpa2);
		assert_int_equal(arm64_features.granule_4k, cases[i].granule);
		assert_int_equal(arm64_features.pa_bits, cases[i].lpa2 ? 52 : 48);
	}
}

static void test_less_is_noticed(void **state)
{
	(void)state;
	sysreg_write(ID_AA64PFR0_EL1, 0x2222);
	sysreg_write(ID_AA64MMFR0_EL1, 0x1124);
	sysreg_write(ID_AA64ISAR1_EL1, 0x10);
	arm64_features_init();
	assert_true(arm64_features_suffice());
	sysreg_write(ID_AA64PFR1_EL1, 1); /* more does no harm */
	assert_true(arm64_features_suffice());
	sysreg_write(ID_AA64MMFR0_EL1, 0x1122);
	assert_false(arm64_features_suffice());
	sysreg_write(ID_AA64MMFR0_EL1, 0x1124);
	sysreg_write(ID_AA64ISAR1_EL1, 0);
	assert_false(arm64_features_suffice());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_features_of_old_and_new, start, stop),
		cmocka_unit_test_setup_teardown(test_lpa2_needs_both_stages, start, stop),
		cmocka_unit_test_setup_teardown(test_less_is_noticed, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
