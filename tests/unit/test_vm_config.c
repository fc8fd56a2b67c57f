/* SPDX-License-Identifier: MIT */
/* Guest configuration: every message about a wrong tree, the expanded tree, and the final one. */
#include <test.h>

#include <core/bundle.h>
#include <core/control.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/hostmap.h>
#include <core/vm_config.h>
#include <cpio_image.h>
#include <fake.h>
#include <libfdt.h>
#include <tree.h>

#define MESSAGES_MAX 64

static struct tree tree;
static char messages[MESSAGES_MAX][256];
static unsigned message_count;

extern struct mem_owner vm_config_owner;

static void note(void *ctx, const char *message)
{
	(void)ctx;
	if (message_count < MESSAGES_MAX)
		snprintf(messages[message_count], sizeof(messages[0]), "%s", message);
	message_count++;
}

static int setup(void **state)
{
	static struct cpio_image bundle;

	(void)state;
	fake_boot(MIB(64));
	fake_reset(4);
	if (hostmap_init((struct hpa_range){ 0, 0 }) || !hostmap_device(hpa(0x54000000), PAGE_SIZE))
		return -1;
	bundle.size = 0;
	cpio_image_add(&bundle, "vmlinuz", 0100644, "kernel", 6);
	cpio_image_add(&bundle, "initramfs.cpio", 0100644, "initrd", 6);
	cpio_image_add(&bundle, "u-boot.bin", 0100644, "uboot", 5);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	return bundle_init(bundle.bytes, bundle.size);
}

/* A sound guest; cases add to it, or take away. */
static const char base[] = "/dts-v1/;\n"
			   "/include/ \"virt-riscv.dtsi\"\n"
			   "/ {\n"
			   "	model = \"guest\";\n"
			   "	ram: memory@80000000 { device_type = \"memory\"; reg = <0 "
			   "0x80000000 0 0x10000000>; };\n"
			   "	chosen { verdigris,kernel = \"vmlinuz\"; };\n"
			   "};\n";

static int parse(struct vm_config **config)
{
	message_count = 0;
	return vm_config_parse(tree.bytes, tree.size, "guest.dtb", note, NULL, config);
}

static struct vm_config *parse_good(const char *more)
{
	struct vm_config *config = NULL;
	int err;

	tree_compile(&tree, base, more);
	err = parse(&config);
	for (unsigned i = 0; i < message_count && i < MESSAGES_MAX; i++)
		print_error("%s\n", messages[i]);
	assert_int_equal(err, 0);
	assert_int_equal(message_count, 0);
	assert_non_null(config);
	return config;
}

/* ---- what is wrong is said ---- */

struct wrong {
	const char *more;
	const char *messages[8]; /* all of them, in order, without "guest.dtb: " */
};

static const struct wrong wrongs[] = {
#include "test_vm_config_cases.h"
};

static void test_messages(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct vm_config *config = NULL;
		unsigned count = 0;
		int err;

		tree_compile(&tree, base, wrongs[i].more);
		err = parse(&config);
		while (wrongs[i].messages[count])
			count++;
		for (unsigned m = 0; m < message_count && m < MESSAGES_MAX; m++) {
			const char *text = messages[m] + sizeof("guest.dtb: ") - 1;

			if (m >= count || strcmp(text, wrongs[i].messages[m]))
				fail_msg("%s\n    said:   %s\n    not:    %s", wrongs[i].more, text,
					 m < count ? wrongs[i].messages[m] : "(nothing)");
		}
		if (err != -EINVAL || message_count != count)
			fail_msg("%s\n    gave %d and %u messages instead of %u", wrongs[i].more,
				 err, message_count, count);
		assert_null(config);
		assert_true(mem_owner_is_empty(&vm_config_owner));
	}
}

/* dtc refuses to write these. */
static void test_patched(void **state)
{
	struct vm_config *config = NULL;
	int node;

	(void)state;
	tree_compile(&tree, base,
		     "/ { soc { uart0: serial@10000000 { }; }; uses { a = <&uart0 &syscon>; }; };");
	node = fdt_path_offset(tree.bytes, "/soc/serial@10000000");
	assert_int_equal(fdt_setprop_inplace_u32(
				 tree.bytes, node, "phandle",
				 fdt_get_phandle(tree.bytes,
						 fdt_path_offset(tree.bytes, "/soc/test@100000"))),
			 0);
	assert_int_equal(parse(&config), -EINVAL);
	assert_int_equal(message_count, 1);
	assert_non_null(strstr(messages[0], "guest.dtb: /soc/serial@10000000: phandle 0x"));
	assert_non_null(strstr(messages[0], " is that of test@100000 too; give each node its own"));
}

/* ---- a file that is no tree ---- */

static void test_no_tree(void **state)
{
	struct vm_config *config = NULL;

	(void)state;
	tree_compile(&tree, base, "");
	tree.bytes[0] = 0;
	assert_int_equal(parse(&config), -EINVAL);
	assert_int_equal(message_count, 1);
	assert_string_equal(messages[0], "guest.dtb: this is no sound device tree "
					 "(FDT_ERR_BADMAGIC); compile it anew with dtc -O dtb");
	tree_compile(&tree, base, "");
	for (size_t size = 0; size < tree.size; size += 7) {
		message_count = 0;
		assert_int_equal(vm_config_parse(tree.bytes, size, "cut.dtb", note, NULL, &config),
				 -EINVAL);
		assert_int_equal(message_count, 1);
	}
	assert_int_equal(vm_config_parse(tree.bytes, VM_CONFIG_DTB_MAX + 1, "large.dtb", note, NULL,
					 &config),
			 -EINVAL);
	assert_string_equal(messages[1],
			    "large.dtb: the file has 65537 bytes; a guest tree has at most 65536");
	assert_true(mem_owner_is_empty(&vm_config_owner));
}

/* Any byte may be anything: it is refused or accepted, never more. */
static void test_corrupted(void **state)
{
	u64 seed = 42;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct vm_config *config = NULL;

		if (round % 100 == 0)
			tree_compile(&tree, base, "/ { cpus { verdigris,count = <3>; }; };");
		tree.bytes[test_random_below(&seed, tree.size)] = (u8)test_random(&seed);
		if (parse(&config) == 0)
			vm_config_free(config);
		assert_true(mem_owner_is_empty(&vm_config_owner));
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	tree_compile(&tree, base, "/ { cpus { verdigris,count = <100>; }; };");
	for (u64 limit = 1000; limit < 100000; limit += 500) {
		struct vm_config *config = NULL;
		int err;

		vm_config_owner.heap_limit = limit;
		err = parse(&config);
		vm_config_owner.heap_limit = 0;
		assert_true(err == 0 || err == -ENOMEM);
		vm_config_free(config);
		assert_true(mem_owner_is_empty(&vm_config_owner));
	}
}

/* ---- what is right is stored ---- */

static void test_defaults(void **state)
{
	struct vm_config *config = parse_good("");

	(void)state;
	assert_string_equal(config->name, "guest");
	assert_string_equal(config->source, "guest.dtb");
	assert_false(config->autostart);
	assert_false(config->entry_given);
	assert_int_equal(config->vcpu_count, 1);
	assert_int_equal(config->weight, SCHED_WEIGHT_DEFAULT);
	assert_int_equal(config->cap_percent, 0);
	assert_int_equal(config->capabilities, 0);
	assert_int_equal(config->table_limit, 0);
	assert_true(cpumask_has(&config->affinity, 3));
	assert_int_equal(config->memory_count, 1);
	assert_int_equal(config->memory[0].kind, VM_MEMORY_RAM);
	assert_int_equal(config->memory[0].base, 0x80000000);
	assert_int_equal(config->memory[0].size, 0x10000000);
	assert_string_equal(config->memory[0].name, "memory@80000000");
	assert_string_equal(config->kernel, "vmlinuz");
	assert_string_equal(config->initrd, "");
	vm_config_free(config);
}

static void test_all_set(void **state)
{
	struct vm_config *config = parse_good(
		"/ { verdigris,autostart; verdigris,table-limit = <0x200000>;\n"
		"verdigris,capabilities = \"vm-list\", \"vm-create\";\n"
		"cpus { verdigris,count = <3>; verdigris,weight = <1024>; verdigris,cap-percent = "
		"<50>;\n"
		"       verdigris,affinity = <1 3>; };\n"
		"chosen { /delete-property/ verdigris,kernel; verdigris,firmware = "
		"\"u-boot.bin\";\n"
		"         verdigris,entry = <0x80200000>; };\n"
		"soc { serial@10000000 { verdigris,shutdown = \"sysrq\"; }; };\n"
		"view@1000 { reg = <0 0x1000 0 0x2000>; verdigris,alias-of = <0x20001000>; };\n"
		"rom@20000000 { reg = <0 0x20000000 0 0x4000>; verdigris,rom = \"vmlinuz\"; };\n"
		"mail@30000000 { reg = <0 0x30000000 0 0x1000>; verdigris,shared = \"mail-box\"; "
		"};\n"
		"hw@40000000 { reg = <0 0x40000000 0 0x1000>; verdigris,passthrough = <0 "
		"0x54321000>; }; };");
	const struct vm_memory *m = config->memory;

	(void)state;
	assert_true(config->autostart);
	assert_int_equal(config->table_limit, 0x200000);
	assert_int_equal(config->capabilities, CONTROL_VM_LIST | CONTROL_VM_CREATE);
	assert_int_equal(config->vcpu_count, 3);
	assert_int_equal(config->weight, 1024);
	assert_int_equal(config->cap_percent, 50);
	assert_false(cpumask_has(&config->affinity, 0));
	assert_true(cpumask_has(&config->affinity, 1));
	assert_true(cpumask_has(&config->affinity, 3));
	assert_string_equal(config->firmware, "u-boot.bin");
	assert_true(config->entry_given);
	assert_int_equal(config->entry, 0x80200000);
	assert_int_equal(config->memory_count, 5);
	assert_int_equal(m[0].kind, VM_MEMORY_RAM);
	assert_int_equal(m[1].kind, VM_MEMORY_ROM);
	assert_string_equal(m[1].image, "vmlinuz");
	assert_int_equal(m[2].kind, VM_MEMORY_SHARED);
	assert_string_equal(m[2].name, "mail-box");
	assert_int_equal(m[3].kind, VM_MEMORY_DEVICE);
	assert_int_equal(m[3].target, 0x54321000);
	assert_int_equal(m[4].kind, VM_MEMORY_ALIAS); /* last: its target has to be there first */
	assert_int_equal(m[4].base, 0x1000);
	assert_int_equal(m[4].target, 0x20001000);
	vm_config_free(config);
}

static void test_ranges(void **state)
{
	struct vm_config *config = parse_good(
		"/ { bus { #address-cells = <1>; #size-cells = <1>; compatible = \"simple-bus\";\n"
		"ranges = <0x100 0 0x50000100 0x100>, <0x10000 0 0x60000000 0x10000>;\n"
		"rom@11000 { reg = <0x11000 0x1000>; verdigris,rom; }; }; };");

	(void)state;
	assert_int_equal(config->memory_count, 2);
	assert_int_equal(config->memory[1].base, 0x60001000);
	vm_config_free(config);
}

/* ---- the expanded tree ---- */

static u32 cell(const void *fdt, const char *path, const char *name, unsigned index)
{
	int len, node = fdt_path_offset(fdt, path);
	const fdt32_t *value = fdt_getprop(fdt, node, name, &len);

	if (!value || len < (int)(index + 1) * 4)
		fail_msg("%s: %s has no cell %u", path, name, index);
	return fdt32_ld(value + index);
}

static int length(const void *fdt, const char *path, const char *name)
{
	int len;

	return fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &len) ? len : -1;
}

static u32 controller(const void *fdt, unsigned cpu)
{
	char path[64];

	snprintf(path, sizeof(path), "/cpus/cpu@%x/interrupt-controller", cpu);
	return fdt_get_phandle(fdt, fdt_path_offset(fdt, path));
}

static void test_expand(void **state)
{
	struct vm_config *config = parse_good("/ { cpus { verdigris,count = <17>; l2: cache { }; "
					      "cpu@0 { next-level-cache = <&l2>; }; };\n"
					      "pic: pic { #interrupt-cells = <2>; };\n"
					      "mix { interrupts-extended = <&pic 1 2>, <&intc 11>, "
					      "<&intc 9>, <&pic 3 4>, <&intc 7>; }; };");
	const void *fdt = config->fdt;
	unsigned at = 0;

	(void)state;
	assert_int_equal(fdt_check_full(fdt, config->fdt_size), 0);
	assert_int_equal(cell(fdt, "/cpus/cpu@0", "reg", 0), 0);
	assert_int_equal(cell(fdt, "/cpus/cpu@10", "reg", 0), 16);
	assert_int_equal(cell(fdt, "/cpus/cpu@10", "next-level-cache", 0),
			 fdt_get_phandle(fdt, fdt_path_offset(fdt, "/cpus/cache")));
	assert_true(fdt_path_offset(fdt, "/cpus/cpu@11") < 0);
	assert_int_equal(length(fdt, "/soc/plic@c000000", "interrupts-extended"), 17 * 8);
	assert_int_equal(length(fdt, "/soc/clint@2000000", "interrupts-extended"), 17 * 16);
	for (unsigned cpu = 0; cpu < 17; cpu++) {
		u32 handle = controller(fdt, cpu), index;

		assert_int_equal(cell(fdt, "/soc/plic@c000000", "interrupts-extended", 2 * cpu),
				 handle);
		assert_int_equal(cell(fdt, "/soc/plic@c000000", "interrupts-extended", 2 * cpu + 1),
				 9);
		assert_int_equal(cell(fdt, "/soc/clint@2000000", "interrupts-extended", 4 * cpu),
				 handle);
		assert_int_equal(
			cell(fdt, "/soc/clint@2000000", "interrupts-extended", 4 * cpu + 1), 3);
		assert_int_equal(
			cell(fdt, "/soc/clint@2000000", "interrupts-extended", 4 * cpu + 2),
			handle);
		assert_int_equal(
			cell(fdt, "/soc/clint@2000000", "interrupts-extended", 4 * cpu + 3), 7);
		assert_int_equal(vm_config_vcpu_of_phandle(fdt, handle, &index), 0);
		assert_int_equal(index, cpu);
		for (unsigned other = 0; other < cpu; other++)
			assert_int_not_equal(controller(fdt, other), handle);
	}
	/* pic 1 2, then 17 times (11, 9), pic 3 4, then 17 times 7 */
	assert_int_equal(length(fdt, "/mix", "interrupts-extended"), (3 + 17 * 4 + 3 + 17 * 2) * 4);
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", 1), 1);
	at = 3 + 16 * 4;
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", at), controller(fdt, 16));
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", at + 1), 11);
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", at + 3), 9);
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", at + 5), 3);
	assert_int_equal(cell(fdt, "/mix", "interrupts-extended", at + 7 + 2 * 16),
			 controller(fdt, 16));
	vm_config_free(config);
}

static void test_expand_most(void **state)
{
	struct vm_config *config = parse_good("/ { cpus { verdigris,count = <512>; }; };");
	u32 index;

	(void)state;
	assert_int_equal(cell(config->fdt, "/cpus/cpu@1ff", "reg", 0), 511);
	assert_int_equal(
		vm_config_vcpu_of_phandle(config->fdt, controller(config->fdt, 511), &index), 0);
	assert_int_equal(index, 511);
	assert_int_equal(vm_config_vcpu_of_phandle(config->fdt, 0x12345, &index), -ENOENT);
	vm_config_free(config);
}

/* Machines whose CPUs have no interrupt controller of their own. */
static void test_expand_no_controller(void **state)
{
	static const char text[] =
		"/dts-v1/;\n"
		"/ { compatible = \"verdigris,vm\"; model = \"a\"; #address-cells = <2>; "
		"#size-cells = <2>;\n"
		"cpus { #address-cells = <2>; #size-cells = <0>; verdigris,count = <2>;\n"
		"       cpu@0 { device_type = \"cpu\"; reg = <0 0>; }; };\n"
		"memory@0 { reg = <0 0 0 0x100000>; };\n"
		"chosen { verdigris,kernel = \"vmlinuz\"; };\n"
		"gic: gic { #interrupt-cells = <3>; };\n"
		"timer { interrupts-extended = <&gic 1 13 4>; }; };";
	struct vm_config *config = NULL;
	u32 index;

	(void)state;
	tree_compile(&tree, text, "");
	assert_int_equal(parse(&config), 0);
	assert_int_equal(cell(config->fdt, "/cpus/cpu@1", "reg", 1), 1);
	assert_int_equal(cell(config->fdt, "/cpus/cpu@1", "reg", 0), 0);
	assert_int_equal(length(config->fdt, "/timer", "interrupts-extended"), 16);
	assert_int_equal(vm_config_vcpu_of_phandle(config->fdt, 1, &index), -ENOENT);
	vm_config_free(config);
}

/* ---- the final tree ---- */

static bool has_ours(const void *fdt)
{
	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		int prop;

		fdt_for_each_property_offset(prop, fdt, node) {
			const char *name;

			fdt_getprop_by_offset(fdt, prop, &name, NULL);
			if (strstr(name, "verdigris,"))
				return true;
		}
	}
	return false;
}

static void test_build(void **state)
{
	struct vm vm = { .config = parse_good(
				 "/ { verdigris,autostart; cpus { verdigris,count = <4>; };\n"
				 "chosen { bootargs = \"quiet\"; }; };") };
	const char *args;

	(void)state;
	assert_true(has_ours(vm.config->fdt));
	assert_int_equal(vm_config_build_tree(&vm, 0x8f000000, 0x1234), 0);
	assert_int_equal(fdt_check_full(vm.fdt, vm.fdt_size), 0);
	assert_int_equal(fdt_totalsize(vm.fdt), vm.fdt_size);
	assert_false(has_ours(vm.fdt));
	assert_int_equal(cell(vm.fdt, "/chosen", "linux,initrd-start", 0), 0);
	assert_int_equal(cell(vm.fdt, "/chosen", "linux,initrd-start", 1), 0x8f000000);
	assert_int_equal(cell(vm.fdt, "/chosen", "linux,initrd-end", 1), 0x8f001234);
	args = fdt_getprop(vm.fdt, fdt_path_offset(vm.fdt, "/chosen"), "bootargs", NULL);
	assert_string_equal(args, "quiet");
	assert_true(length(vm.fdt, "/chosen", "stdout-path") > 0);
	assert_int_equal(cell(vm.fdt, "/memory@80000000", "reg", 1), 0x80000000);
	assert_int_equal(cell(vm.fdt, "/cpus/cpu@3", "reg", 0), 3);
	/* Built anew for the next start, without an initrd. */
	assert_int_equal(vm_config_build_tree(&vm, 0, 0), 0);
	assert_int_equal(length(vm.fdt, "/chosen", "linux,initrd-start"), -1);
	heap_free(vm.fdt);
	assert_true(mem_owner_is_empty(&vm.heap_owner));
	vm_config_free(vm.config);
	assert_true(mem_owner_is_empty(&vm_config_owner));
}

static void test_build_no_memory(void **state)
{
	struct vm vm = { .config = parse_good("/ { cpus { verdigris,count = <4>; }; };") };

	(void)state;
	vm.heap_owner.heap_limit = 100;
	assert_int_equal(vm_config_build_tree(&vm, 0, 0), -ENOMEM);
	assert_null(vm.fdt);
	assert_true(mem_owner_is_empty(&vm.heap_owner));
	vm_config_free(vm.config);
}

/* ---- the trees that come with the product ---- */

static void test_shipped(void **state)
{
	static const char *const names[] = { "linux", "linux2", "uboot" };
	static const char *const machines[] = { "riscv64", "arm64" };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(machines); i++) {
		const char *name = names[i / ARRAY_SIZE(machines)];
		struct vm_config *config = NULL;
		char path[64];

		snprintf(path, sizeof(path), "configs/guests/%s-%s.dts", name,
			 machines[i % ARRAY_SIZE(machines)]);
		tree_compile_file(&tree, path);
		if (parse(&config))
			fail_msg("%s: %s", path, messages[0]);
		assert_string_equal(config->name, name);
		vm_config_free(config);
	}
}

/* The messages that tests/system/configs/ten-errors.txt promises. */
static void test_ten_errors(void **state)
{
	struct vm_config *config = NULL;
	FILE *file = fopen("tests/system/configs/ten-errors.txt", "r");
	char line[256];
	unsigned count = 0;

	(void)state;
	assert_non_null(file);
	tree_compile_file(&tree, "tests/system/configs/ten-errors.dts");
	message_count = 0;
	assert_int_equal(
		vm_config_parse(tree.bytes, tree.size, "ten-errors.dtb", note, NULL, &config),
		-EINVAL);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		assert_true(count < message_count);
		/* A line may leave out the end, where it lists what is in the bundle. */
		if (strncmp(messages[count], line, strlen(line)))
			fail_msg("%s\n    instead of %s", messages[count], line);
		count++;
	}
	for (unsigned i = count; i < message_count; i++)
		print_error("%s\n", messages[i]);
	fclose(file);
	assert_int_equal(count, 10);
	assert_int_equal(message_count, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_messages, setup),
		cmocka_unit_test_setup(test_patched, setup),
		cmocka_unit_test_setup(test_no_tree, setup),
		cmocka_unit_test_setup(test_corrupted, setup),
		cmocka_unit_test_setup(test_no_memory, setup),
		cmocka_unit_test_setup(test_defaults, setup),
		cmocka_unit_test_setup(test_all_set, setup),
		cmocka_unit_test_setup(test_ranges, setup),
		cmocka_unit_test_setup(test_expand, setup),
		cmocka_unit_test_setup(test_expand_most, setup),
		cmocka_unit_test_setup(test_expand_no_controller, setup),
		cmocka_unit_test_setup(test_build, setup),
		cmocka_unit_test_setup(test_build_no_memory, setup),
		cmocka_unit_test_setup(test_shipped, setup),
		cmocka_unit_test_setup(test_ten_errors, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
