/* SPDX-License-Identifier: MIT */
/* Power management of Raspberry Pi over registers that are memory: restart and halt, and their password. */
#include <fake_device.h>

#include "../../drivers/power/bcm2835-pm.c"

static void (*off)(bool reboot);
static int bind_error;

int host_power_bind(const char *name, void (*fn)(bool reboot))
{
	(void)name;
	off = fn;
	return bind_error;
}

static int start(void **state)
{
	(void)state;
	fake_device_reset();
	bind_error = 0;
	assert_int_equal(pm_probe(NULL), 0);
	assert_non_null(off);
	return 0;
}

static void test_reboot(void **state)
{
	(void)state;
	fake_registers[REG_RSTS] = 0x00001fff;
	fake_registers[REG_RSTC] = 0x00000112;
	off(true);
	assert_int_equal(fake_registers[REG_RSTS], 0x5a001aaa); /* partition 0 */
	assert_int_equal(fake_registers[REG_WDOG], 0x5a00000a);
	assert_int_equal(fake_registers[REG_RSTC], 0x5a000122);
}

static void test_halt(void **state)
{
	(void)state;
	fake_registers[REG_RSTS] = 0x00001000;
	fake_registers[REG_RSTC] = 0xff000132;
	off(false);
	assert_int_equal(fake_registers[REG_RSTS], 0x5a001555);
	assert_int_equal(fake_registers[REG_WDOG], 0x5a00000a);
	assert_int_equal(fake_registers[REG_RSTC], 0x5a000122);
}

static void test_probe_fails(void **state)
{
	(void)state;
	bind_error = -EBUSY;
	assert_int_equal(pm_probe(NULL), -EBUSY);
	off = NULL;
	fake_device_size = 0x24;
	assert_int_equal(pm_probe(NULL), -EINVAL);
	assert_null(off);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reboot, start),
		cmocka_unit_test_setup(test_halt, start),
		cmocka_unit_test_setup(test_probe_fails, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
