/* SPDX-License-Identifier: MIT */
/* The PL031's driver sets the wall clock. */
#include <fake_device.h>

#include "../../drivers/rtc/pl031.c"

static u64 told;

void wall_clock_set(u64 ns)
{
	told = ns;
}

static void test_time(void **state)
{
	(void)state;
	fake_device_reset();
	fake_registers[REG_DR] = 1790000000;
	assert_int_equal(pl031_probe(NULL), 0);
	assert_int_equal(told, 1790000000000000000ull);
	fake_registers[REG_DR] = 0xffffffff;
	assert_int_equal(pl031_probe(NULL), 0);
	assert_int_equal(told, 4294967295000000000ull);
}

static void test_too_small(void **state)
{
	(void)state;
	fake_device_reset();
	fake_device_size = 0x1c;
	told = 0;
	assert_int_equal(pl031_probe(NULL), -EINVAL);
	assert_int_equal(told, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
