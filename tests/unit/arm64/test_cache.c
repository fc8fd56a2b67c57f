/* SPDX-License-Identifier: MIT */
/* Guests with caches off: what is cleaned, when, and in which pieces. */
#include <test.h>

#include <fake_arm64.h>
#include <fake_fault.h>

#define ON 5ull /* SCTLR_EL1.M and C */
#define HOST 0x100000000ull

static struct vcpu *vcpu;

static struct gpa_region regions[] = {
	{ .base = 0x0, .size = MIB(1) + KIB(64), .kind = GPA_ROM, .pa = { HOST } },
	{ .base = 0x9000000, .size = MIB(4), .kind = GPA_EMULATED },
	{ .base = 0xa000000, .size = MIB(4), .kind = GPA_DEVICE, .pa = { HOST + MIB(64) } },
	{ .base = 0x40000000, .size = MIB(2), .kind = GPA_RAM, .pa = { HOST + MIB(8) } },
	{ .base = 0x40200000, .size = KIB(4), .kind = GPA_SHARED, .pa = { HOST + MIB(2) } },
	{ .base = 0x50000000, .size = MIB(2), .kind = GPA_ALIAS, .pa = { HOST + MIB(8) } },
};

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	fake_fault_start();
	vcpu = fake->vcpus[0];
	fake->vm.map = (struct gpa_map){ regions, ARRAY_SIZE(regions), ARRAY_SIZE(regions) };
	sysreg_write(HCR_EL2, HCR_RW | HCR_TVM);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

/* Each byte of memory once, in order. */
static void assert_all_cleaned(void)
{
	static const struct hpa_range memory[] = {
		{ HOST, MIB(1) + KIB(64) },
		{ HOST + MIB(8), MIB(2) },
		{ HOST + MIB(2), KIB(4) },
	};
	unsigned at = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		for (u64 done = 0; done < memory[i].size; done += fake_fault.cleaned[at++].size) {
			assert_true(at < fake_fault.cleaned_count);
			assert_int_equal(fake_fault.cleaned[at].base, memory[i].base + done);
			assert_in_range(fake_fault.cleaned[at].size, 1, MIB(1));
		}
	assert_int_equal(at, fake_fault.cleaned_count);
	fake_fault.cleaned_count = 0;
}

/* How often the guest executes it until it is done. */
static unsigned write_sctlr(u64 value)
{
	unsigned count = 1;

	for (; !cache_write_sctlr(vcpu, value); count++)
		assert_int_not_equal(sysreg_read(SCTLR_EL1), value);
	assert_int_equal(sysreg_read(SCTLR_EL1), value);
	return count;
}

static bool is_trapped(void)
{
	return sysreg_read(HCR_EL2) & HCR_TVM;
}

static void test_switch_on(void **state)
{
	(void)state;
	/* One of the two bits does nothing. */
	assert_int_equal(write_sctlr(1), 1);
	assert_int_equal(write_sctlr(4), 1);
	assert_int_equal(fake_fault.cleaned_count, 0);
	assert_true(is_trapped());
	assert_in_range(write_sctlr(ON), 4, 5);
	assert_all_cleaned();
	assert_false(is_trapped());
}

static void test_set_way(void **state)
{
	unsigned count = 1;

	(void)state;
	write_sctlr(ON);
	fake_fault.cleaned_count = 0;
	while (!cache_set_way(vcpu))
		count++;
	assert_in_range(count, 4, 5);
	assert_all_cleaned();
	assert_true(is_trapped());
	/* The loop goes on over all sets and ways. */
	for (unsigned i = 0; i < 1000; i++)
		assert_true(cache_set_way(vcpu));
	assert_int_equal(fake_fault.cleaned_count, 0);
	/* Off: cleaned once more; then it means something again. */
	write_sctlr(0);
	assert_all_cleaned();
	assert_true(is_trapped());
	assert_false(cache_set_way(vcpu));
	while (!cache_set_way(vcpu))
		;
	assert_all_cleaned();
}

/* Exactly as much as fits the pieces. */
static void test_whole_pieces(void **state)
{
	struct gpa_region ram = { .size = MIB(2), .kind = GPA_RAM, .pa = { HOST } };

	(void)state;
	fake->vm.map = (struct gpa_map){ &ram, 1, 1 };
	write_sctlr(ON);
	assert_int_equal(fake_fault.cleaned_count, 2);
	fake->vm.map.count = 0;
	assert_true(cache_set_way(vcpu));
}

/* FEAT_S2FWB: guests have their caches even when they are off. */
static void test_forced(void **state)
{
	(void)state;
	assert_int_equal(cache_hcr(), HCR_TVM);
	arm64_features.fwb = true;
	assert_int_equal(cache_hcr(), HCR_FWB);
	assert_true(cache_set_way(vcpu));
	assert_int_equal(fake_fault.cleaned_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_switch_on),
		TEST(test_set_way),
		TEST(test_whole_pieces),
		TEST(test_forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
