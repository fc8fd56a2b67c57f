/* SPDX-License-Identifier: MIT */
/* The host's device tree: memory, every kind of reservation, boot arguments, broken trees. */
#include <test.h>

#include <core/errno.h>
#include <core/host_fdt.h>
#include <fake.h>
#include <fdt_image.h>
#include <libs/fdt.h>

static struct fdt_image tree;

static void begin(void)
{
	fake_reset(1);
	fdt_must(fdt_create(tree.bytes, FDT_IMAGE_SIZE));
	fdt_must(fdt_add_reservemap_entry(tree.bytes, 0x1000, 0x2000));
	fdt_must(fdt_add_reservemap_entry(tree.bytes, 0x80000000, 0x40000));
	fdt_must(fdt_finish_reservemap(tree.bytes));
	fdt_must(fdt_begin_node(tree.bytes, ""));
	fdt_image_cells(&tree, "#address-cells", 2);
	fdt_image_cells(&tree, "#size-cells", 2);
}

static void add_memory(const char *name, u32 base, u32 size)
{
	fdt_image_node(&tree, name);
	fdt_image_text(&tree, "device_type", "memory");
	fdt_image_cells(&tree, "reg", 0, base, 0, size);
	fdt_image_up(&tree);
}

static void build(void)
{
	begin();
	fdt_image_node(&tree, "aliases");
	fdt_image_text(&tree, "serial0", "/soc/uart@0");
	fdt_image_up(&tree);
	fdt_image_node(&tree, "chosen");
	fdt_image_text(&tree, "bootargs", "quiet xvmid-bits=7 vmid-bits=0x12");
	fdt_image_text(&tree, "stdout-path", "serial0:115200n8");
	fdt_image_cells(&tree, "linux,initrd-start", 0, 0x88000000);
	fdt_image_cells(&tree, "linux,initrd-end", 0x88100000);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "memory@80000000");
	fdt_image_text(&tree, "device_type", "memory");
	fdt_image_cells(&tree, "reg", 0, 0x80000000, 0, 0x10000000, 2, 0, 1, 0);
	fdt_image_up(&tree);
	add_memory("memory@f0000000", 0xf0000000, 0x1000);
	fdt_image_node(&tree, "memory@1");
	fdt_image_text(&tree, "device_type", "memory");
	fdt_image_text(&tree, "status", "disabled");
	fdt_image_cells(&tree, "reg", 0, 0x1, 0, 0x1);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "reserved-memory");
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 1);
	fdt_image_node(&tree, "firmware");
	fdt_image_cells(&tree, "reg", 0x80000000, 0x80000, 0x81000000, 0x1000);
	fdt_image_bytes(&tree, "no-map", "", 0);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "pool");
	fdt_image_cells(&tree, "size", 0x100000);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "log");
	fdt_image_cells(&tree, "reg", 0x82000000, 0x3000);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "soc");
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 1);
	fdt_image_cells(&tree, "ranges", 0, 0, 0x10000000, 0x1000);
	fdt_image_node(&tree, "uart@0");
	fdt_image_cells(&tree, "reg", 0x100, 8);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_end(&tree);
}

static bool has(const struct hpa_range *ranges, unsigned count, u64 base, u64 size)
{
	for (unsigned i = 0; i < count; i++)
		if (ranges[i].base == base && ranges[i].size == size)
			return true;
	return false;
}

static void test_memory(void **state)
{
	struct boot_memory mem = { 0 };

	(void)state;
	build();
	assert_int_equal(host_fdt_check(tree.bytes), 0);
	assert_int_equal(host_fdt_memory(tree.bytes, &mem), 0);
	/* The firmware's regions with no-map are no RAM for us. */
	assert_int_equal(mem.ram_count, 4);
	assert_true(has(mem.ram, 4, 0x80080000, 0xf80000));
	assert_true(has(mem.ram, 4, 0x81001000, 0xefff000));
	assert_true(has(mem.ram, 4, 0x200000000, 0x100000000));
	assert_true(has(mem.ram, 4, 0xf0000000, 0x1000));
	assert_int_equal(mem.reserved_count, 5);
	assert_true(has(mem.reserved, 5, 0x1000, 0x2000));
	assert_true(has(mem.reserved, 5, 0x80000000, 0x40000));
	assert_true(has(mem.reserved, 5, 0x82000000, 0x3000));
	assert_true(has(mem.reserved, 5, (uintptr_t)tree.bytes, fdt_totalsize(tree.bytes)));
	assert_true(has(mem.reserved, 5, 0x88000000, 0x100000));
}

static void test_chosen(void **state)
{
	struct hpa_range range;

	(void)state;
	build();
	assert_string_equal(host_fdt_bootargs(tree.bytes), "quiet xvmid-bits=7 vmid-bits=0x12");
	assert_int_equal(host_fdt_bootarg(tree.bytes, "vmid-bits", 3), 0x12);
	assert_int_equal(host_fdt_bootarg(tree.bytes, "vmid", 3), 3);
	assert_int_equal(host_fdt_stdout(tree.bytes), fdt_image_find(&tree, "/soc/uart@0"));
	range = host_fdt_initrd(tree.bytes);
	assert_int_equal(range.base, 0x88000000);
	assert_int_equal(range.size, 0x100000);
	assert_int_equal(host_fdt_reg(tree.bytes, fdt_image_find(&tree, "/soc/uart@0"), 0, &range),
			 0);
	assert_int_equal(range.base, 0x10000100);
	assert_int_equal(range.size, 8);
}

/* Nothing optional is there. */
static void test_bare(void **state)
{
	struct boot_memory mem = { 0 };

	(void)state;
	begin();
	fdt_image_end(&tree);
	assert_int_equal(host_fdt_check(tree.bytes), 0);
	assert_string_equal(host_fdt_bootargs(tree.bytes), "");
	assert_int_equal(host_fdt_initrd(tree.bytes).size, 0);
	assert_true(host_fdt_stdout(tree.bytes) < 0);
	assert_int_equal(host_fdt_memory(tree.bytes, &mem), -EINVAL);
	assert_non_null(strstr(fake_output, "device_type"));
}

static void test_bad_initrd(void **state)
{
	(void)state;
	begin();
	fdt_image_node(&tree, "chosen");
	fdt_image_cells(&tree, "linux,initrd-start", 0x2000);
	fdt_image_cells(&tree, "linux,initrd-end", 0x1000);
	fdt_image_text(&tree, "stdout-path", "nowhere");
	fdt_image_up(&tree);
	fdt_image_end(&tree);
	assert_int_equal(host_fdt_initrd(tree.bytes).size, 0);
	assert_true(host_fdt_stdout(tree.bytes) < 0);
}

/* RAM that does not fit the table is lost; a reservation that does not fit must not be. */
static void test_too_many(void **state)
{
	struct boot_memory mem = { 0 };
	char name[32];

	(void)state;
	begin();
	for (unsigned i = 0; i < BOOT_RANGES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "memory@%x", i * 0x100000);
		add_memory(name, i * 0x100000, 0x1000);
	}
	fdt_image_end(&tree);
	assert_int_equal(host_fdt_memory(tree.bytes, &mem), 0);
	assert_int_equal(mem.ram_count, BOOT_RANGES_MAX);
	assert_non_null(strstr(fake_output, "is ignored"));

	begin();
	add_memory("memory@0", 0, 0x10000000);
	fdt_image_node(&tree, "reserved-memory");
	fdt_image_cells(&tree, "#address-cells", 2);
	fdt_image_cells(&tree, "#size-cells", 2);
	for (unsigned i = 0; i < BOOT_RANGES_MAX; i++) {
		snprintf(name, sizeof(name), "r@%x", i * 0x100000);
		add_memory(name, i * 0x100000, 0x1000);
	}
	fdt_image_up(&tree);
	fdt_image_end(&tree);
	mem = (struct boot_memory){ 0 };
	assert_int_equal(host_fdt_memory(tree.bytes, &mem), -ENOSPC);
}

/* Every byte of a good tree, wrong: either it is refused or all readers survive it. */
static void test_corrupt(void **state)
{
	static struct fdt_image good;
	struct boot_memory mem;
	struct hpa_range range;
	u64 seed = 5;
	unsigned accepted = 0;

	(void)state;
	build();
	good = tree;
	for (unsigned round = 0; round < 20000; round++) {
		u32 size = fdt_totalsize(good.bytes);
		u8 *exact = malloc(size);

		memcpy(exact, good.bytes, size);
		for (unsigned i = 0; i <= round % 4; i++)
			exact[test_random_below(&seed, size)] ^=
				(u8)BIT(test_random_below(&seed, 8));
		if (fdt_is_sound(exact, size) && host_fdt_check(exact) == 0) {
			accepted++;
			mem = (struct boot_memory){ 0 };
			fake_output_clear();
			(void)!host_fdt_memory(exact, &mem);
			(void)host_fdt_bootargs(exact);
			int node = host_fdt_stdout(exact);
			if (node >= 0)
				(void)!host_fdt_reg(exact, node, 0, &range);
		}
		free(exact);
	}
	assert_in_range(accepted, 1000, 20000);
	assert_int_equal(host_fdt_check(NULL), -EINVAL);
	assert_int_equal(host_fdt_check(tree.bytes + 4), -EINVAL);
	memset(tree.bytes, 0, 100);
	assert_int_equal(host_fdt_check(tree.bytes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),   cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_bare),     cmocka_unit_test(test_bad_initrd),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
