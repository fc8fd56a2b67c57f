/* SPDX-License-Identifier: MIT */
/* VMIDs: who gets which, what a new generation flushes, and whose first-stage translations a CPU may hold. */
#include <test.h>

#include <core/cpu.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vmid.h>
#include <fake.h>

static unsigned flushes;

static void flush(void)
{
	flushes++;
}

static struct vm vms[5];
static struct vcpu vcpus[2];

static void start(unsigned bits)
{
	fake_boot(MIB(4));
	memset(vms, 0, sizeof(vms));
	memset(vcpus, 0, sizeof(vcpus));
	memset(&this_cpu()->vmid, 0, sizeof(this_cpu()->vmid));
	vmid_init(bits, flush);
	flushes = 0;
}

/* Two bits: the numbers 1, 2 and 3. What earlier tests used up starts with a generation of its own. */
static void test_generations(void **state)
{
	u64 generation;

	(void)state;
	start(2);
	while (vms[0].vmid.value != 1) {
		vms[0].vmid.generation = 0;
		vmid_update(&vms[0]);
	}
	generation = vms[0].vmid.generation;
	flushes = 0;
	vmid_update(&vms[1]);
	vmid_update(&vms[2]);
	assert_int_equal(vms[1].vmid.value, 2);
	assert_int_equal(vms[2].vmid.value, 3);
	assert_int_equal(flushes, 0);
	assert_true(vmid_is_current(&vms[0]));
	vmid_update(&vms[3]);
	assert_int_equal(vms[3].vmid.value, 1);
	assert_int_equal(vms[3].vmid.generation, generation + 1);
	assert_int_equal(flushes, 1);
	assert_false(vmid_is_current(&vms[0]));
	vmid_update(&vms[0]);
	assert_int_equal(vms[0].vmid.value, 2);
	assert_int_equal(flushes, 1);
	assert_true(vmid_is_current(&vms[0]));
}

static void test_without_vmids(void **state)
{
	(void)state;
	start(0);
	vmid_update(&vms[0]);
	assert_int_equal(flushes, 1);
	vmid_update(&vms[0]);
	assert_int_equal(flushes, 1);
	vmid_update(&vms[1]);
	assert_int_equal(flushes, 2);
	vmid_update(&vms[0]);
	assert_int_equal(flushes, 3);
	vmid_forget_vm(&vms[0]);
	vmid_update(&vms[0]);
	assert_int_equal(flushes, 4);
}

static void test_claim(void **state)
{
	(void)state;
	start(8);
	vcpus[0].vm = vcpus[1].vm = &vms[0];
	vmid_update(&vms[0]);
	assert_true(vmid_claim(&vcpus[0]));
	assert_false(vmid_claim(&vcpus[0]));
	assert_true(vmid_claim(&vcpus[1]));
	assert_true(vmid_claim(&vcpus[0]));
	vcpus[0].tlb_cpu = 7; /* it was elsewhere meanwhile */
	assert_true(vmid_claim(&vcpus[0]));
	vmid_forget_vcpu(&vcpus[0]);
	assert_null(vms[0].vmid.last_vcpu[this_cpu()->id]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_vmids),
		cmocka_unit_test(test_claim),
		cmocka_unit_test(test_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
