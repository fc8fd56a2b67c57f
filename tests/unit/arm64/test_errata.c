/* SPDX-License-Identifier: MIT */
/* Which CPU models have which errata. */
#include <test.h>

#include <fake_arm64.h>

#include "../../../arch/arm64/errata.c"

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	arm64_errata = 0;
	seen = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static u32 errata_on(u32 midr)
{
	arm64_errata = 0;
	sysreg_write(MIDR_EL1, midr);
	arm64_errata_init();
	return arm64_errata;
}

static void test_errata(void **state)
{
	static const struct {
		u32 midr;
		u32 errata;
	} cases[] = {
		{ 0x410fd030, BIT(ERRATUM_CLEAN_CACHE) | BIT(ERRATUM_LINKER) }, /* A53 r0p0 */
		{ 0x410fd032, BIT(ERRATUM_CLEAN_CACHE) | BIT(ERRATUM_LINKER) },
		{ 0x410fd034, BIT(ERRATUM_LINKER) }, /* r0p4, ZynqMP */
		{ 0x411fd030, 0 },
		{ 0x411fd070, BIT(ERRATUM_SPECULATIVE_AT) }, /* A57 r1p0 */
		{ 0x410fd083, BIT(ERRATUM_SPECULATIVE_AT) }, /* A72 r0p3, Raspberry Pi 4 */
		{ 0x410fd0b0,
		  BIT(ERRATUM_SPECULATIVE_AT) | BIT(ERRATUM_REPEAT_TLBI) }, /* A76 r0p0 */
		{ 0x412fd0b1, BIT(ERRATUM_REPEAT_TLBI) },                   /* r2p1 */
		{ 0x413fd0b0, BIT(ERRATUM_REPEAT_TLBI) },
		{ 0x414fd0b1, 0 }, /* r4p1 */
		{ 0x510fd030, 0 }, /* somebody else's 0xd03 */
		{ 0x000f0510, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(errata_on(cases[i].midr), cases[i].errata);
}

/* On a machine with two kinds of CPU both kinds count. */
static void test_errata_accumulate(void **state)
{
	(void)state;
	sysreg_write(MIDR_EL1, 0x410fd034);
	arm64_errata_init();
	sysreg_write(MIDR_EL1, 0x410fd083);
	arm64_errata_init();
	assert_int_equal(arm64_errata, BIT(ERRATUM_LINKER) | BIT(ERRATUM_SPECULATIVE_AT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_errata, start, stop),
		cmocka_unit_test_setup_teardown(test_errata_accumulate, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
