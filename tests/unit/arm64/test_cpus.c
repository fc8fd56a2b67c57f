/* SPDX-License-Identifier: MIT */
/* The CPUs of a machine's device tree. */
#include <test.h>

#include <core/errno.h>
#include <tree.h>

#include "../../../arch/arm64/cpus.c"
#include "../../../libs/fdt.c"

#define HEAD "/dts-v1/; / { cpus { #size-cells = <0>; "
#define CPU(name, reg, more) "cpu@" name " { device_type = \"cpu\"; reg = <" reg ">; " more " }; "

static struct tree tree;
static unsigned count;

static int find(const char *cpus, u64 boot_mpidr)
{
	memset(arm64_cpu_mpidr, 0, sizeof(arm64_cpu_mpidr));
	memset(cpu_nodes, 0, sizeof(cpu_nodes));
	tree_compile(&tree, HEAD, cpus);
	return arm64_find_cpus(tree.bytes, boot_mpidr, &count);
}

/* The CPU that booted is number 0, wherever its node stands. */
static void test_boot_cpu_is_first(void **state)
{
	(void)state;
	assert_int_equal(find("#address-cells = <1>; " CPU("0", "0x0", "") CPU("1", "0x1", "")
				      CPU("100", "0x100", "") "};};",
			      0x80000100),
			 0);
	assert_int_equal(count, 3);
	assert_int_equal(arch_cpu_hardware_id(0), 0x100);
	assert_int_equal(arch_cpu_hardware_id(1), 0);
	assert_int_equal(arch_cpu_hardware_id(2), 1);
	assert_string_equal(fdt_get_name(tree.bytes, arm64_cpu_node(0), NULL), "cpu@100");
	assert_string_equal(fdt_get_name(tree.bytes, arm64_cpu_node(2), NULL), "cpu@1");
}

/* Aff3 is in the first of two cells; bits of MPIDR_EL1 that are no affinity do not count. */
static void test_two_cells(void **state)
{
	(void)state;
	assert_int_equal(find("#address-cells = <2>; " CPU("0", "0x0 0x0", "")
				      CPU("100000000", "0x1 0x20300", "") "};};",
			      0x0000000181020300),
			 0);
	assert_int_equal(count, 2);
	assert_int_equal(arch_cpu_hardware_id(0), 0x100020300);
	assert_int_equal(arch_cpu_hardware_id(1), 0);
}

static void test_what_is_left_out(void **state)
{
	(void)state;
	assert_int_equal(
		find("#address-cells = <1>; " CPU("0", "0x0", "")
			     CPU("1", "0x1", "status = \"disabled\";") CPU("2", "0x2",
									   "status = \"fail\";")
				     CPU("3", "0x3", "") "idle-states { }; cpu@4 { reg = <4>; }; "
							 "cpu@5 { device_type = \"cpu\"; }; };};",
		     0x80000000),
		0);
	assert_int_equal(count, 2);
	assert_int_equal(arch_cpu_hardware_id(1), 3);
}

static void test_no_boot_cpu(void **state)
{
	(void)state;
	assert_int_equal(find("#address-cells = <1>; " CPU("0", "0x0", "") "};};", 1), -EINVAL);
	assert_int_equal(find("};};", 0), -EINVAL);
	tree_compile(&tree, "/dts-v1/; / { };", "");
	assert_int_equal(arm64_find_cpus(tree.bytes, 0, &count), -EINVAL);
}

static void test_too_many(void **state)
{
	static char text[16384] = "#address-cells = <1>; ";
	char *at = text + strlen(text);

	(void)state;
	for (unsigned i = 0; i < CONFIG_NR_CPUS + 8; i++)
		at += sprintf(at, CPU("%x", "0x%x", ""), i, i);
	strcpy(at, "};};");
	assert_int_equal(find(text, CONFIG_NR_CPUS + 7), 0); /* it counts even if it comes last */
	assert_int_equal(count, CONFIG_NR_CPUS);
	assert_int_equal(arch_cpu_hardware_id(0), CONFIG_NR_CPUS + 7);
	assert_int_equal(arch_cpu_hardware_id(CONFIG_NR_CPUS - 1), CONFIG_NR_CPUS - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot_cpu_is_first), cmocka_unit_test(test_two_cells),
		cmocka_unit_test(test_what_is_left_out),  cmocka_unit_test(test_no_boot_cpu),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
