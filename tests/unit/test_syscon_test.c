/* SPDX-License-Identifier: MIT */
/* SiFive test finisher: power-off, reset, failure, and everything else that is written to it. */
#include <test.h>

#include <core/errno.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x100000ull

static struct fake_vm f;

static void start(void)
{
	fake_vm_init(&f, 2);
	fake_node_begin(&f, "test@100000", "sifive,test1");
	fake_reg(&f, BASE, 0x1000);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void assert_reason(const char *want)
{
	char reason[VM_REASON_MAX];

	vm_get_reason(&f.vm, reason, sizeof(reason));
	assert_string_equal(reason, want);
}

static void test_values(void **state)
{
	(void)state;
	start();
	for (u32 value = 0; value < 0x10000; value++) {
		int want = value == 0x5555 ? EXIT_POWER_OFF :
			   value == 0x7777 ? EXIT_POWER_RESET :
			   value == 0x3333 ? EXIT_POWER_CRASHED :
					     -1;

		fake_write(&f, BASE, 4, value);
		assert_int_equal(fake_take_power(&f), want);
		fake_write(&f, BASE, 2, value);
		assert_int_equal(fake_take_power(&f), want);
	}
	fake_vm_destroy(&f);
}

static void test_reasons(void **state)
{
	(void)state;
	start();
	fake_write(&f, BASE, 4, 0xffff5555); /* the upper half belongs to FAIL */
	assert_int_equal(fake_take_power(&f), EXIT_POWER_OFF);
	assert_reason("the guest powered off");
	fake_write(&f, BASE, 4, 0x7777);
	assert_int_equal(fake_take_power(&f), EXIT_POWER_RESET);
	assert_reason("the guest asked for a reset");
	fake_write(&f, BASE, 4, 0x002a3333);
	assert_int_equal(fake_take_power(&f), EXIT_POWER_CRASHED);
	assert_reason("the guest reported a failure, code 42");
	/* All vCPUs are told to leave. */
	assert_true(f.vcpus[0].requests & VCPU_REQ_LEAVE);
	assert_true(f.vcpus[1].requests & VCPU_REQ_LEAVE);
	fake_vm_destroy(&f);
}

static void test_rest(void **state)
{
	u64 value;

	(void)state;
	start();
	for (u64 offset = 0; offset < 0x1000; offset += 2) {
		if (offset)
			fake_write(&f, BASE + offset, 2, 0x5555);
		assert_int_equal(fake_read(&f, BASE + offset, 2), 0);
	}
	assert_int_equal(bus_write(&f.vm.mmio, BASE, 1, 0x55, NULL), -EFAULT);
	assert_int_equal(bus_write(&f.vm.mmio, BASE, 8, 0x5555, NULL), -EFAULT);
	assert_int_equal(bus_write(&f.vm.mmio, BASE + 2, 4, 0x5555, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 0xffe, 4, &value, NULL), -EFAULT);
	assert_int_equal(fake_take_power(&f), -1);
	fake_vm_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
