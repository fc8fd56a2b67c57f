/* SPDX-License-Identifier: MIT */
/* Device-tree helpers: properties by type, reg through ranges, ancestors, paths. */
#include <test.h>

#include <core/errno.h>
#include <fdt_image.h>
#include <libs/fdt.h>

static struct fdt_image tree;

static void build(void)
{
	fdt_image_begin(&tree);
	fdt_image_cells(&tree, "#address-cells", 2);
	fdt_image_cells(&tree, "#size-cells", 2);
	fdt_image_cells(&tree, "interrupt-parent", 7);
	fdt_image_node(&tree, "pic");
	fdt_image_cells(&tree, "phandle", 7);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "cpus");
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 0);
	fdt_image_node(&tree, "cpu@3");
	fdt_image_cells(&tree, "reg", 3);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "soc");
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 1);
	fdt_image_cells(&tree, "ranges", 0x0, 0x1, 0x0, 0x10000, 0x20000, 0x2, 0x40000, 0x1000);
	fdt_image_node(&tree, "bus@100");
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 1);
	fdt_image_bytes(&tree, "ranges", "", 0);
	fdt_image_node(&tree, "dev@100");
	fdt_image_cells(&tree, "reg", 0x100, 0x10, 0x20800, 0x800, 0x20800, 0x801, 0x90000, 1);
	fdt_image_bytes(&tree, "names", "one\0two\0three", sizeof("one\0two\0three"));
	fdt_image_bytes(&tree, "cut", "one\0tw", 6);
	fdt_image_bytes(&tree, "empty", "", 0);
	fdt_image_bytes(&tree, "odd", "abcde", 5);
	fdt_image_cells(&tree, "wide", 1, 2);
	fdt_image_text(&tree, "status", "disabled");
	fdt_image_up(&tree);
	fdt_image_node(&tree, "bad@0");
	fdt_image_cells(&tree, "reg", 1, 2, 3);
	fdt_image_text(&tree, "status", "okay");
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "island");
	fdt_image_node(&tree, "dev@0");
	fdt_image_cells(&tree, "reg", 0, 0, 1);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "huge");
	fdt_image_cells(&tree, "#address-cells", 1000000);
	fdt_image_bytes(&tree, "ranges", "", 0);
	fdt_image_node(&tree, "dev@0");
	fdt_image_cells(&tree, "reg", 0, 0, 1);
	fdt_image_up(&tree);
	fdt_image_up(&tree);
	fdt_image_end(&tree);
}

static int node_at(const char *path)
{
	return fdt_image_find(&tree, path);
}

static void test_properties(void **state)
{
	int dev = node_at("/soc/bus@100/dev@100");
	u32 cell = 99;
	u64 number = 99;

	(void)state;
	assert_true(fdt_cell(tree.bytes, dev, "reg", 1, &cell));
	assert_int_equal(cell, 0x10);
	assert_false(fdt_cell(tree.bytes, dev, "reg", 8, &cell));
	assert_false(fdt_cell(tree.bytes, dev, "odd", 1, &cell));
	assert_false(fdt_cell(tree.bytes, dev, "none", 0, &cell));
	assert_int_equal(cell, 0x10);
	assert_true(fdt_number(tree.bytes, dev, "wide", &number));
	assert_true(number == (1ull << 32 | 2));
	assert_false(fdt_number(tree.bytes, dev, "odd", &number));
	assert_false(fdt_number(tree.bytes, dev, "reg", &number));
	assert_true(fdt_number(tree.bytes, node_at("/pic"), "phandle", &number));
	assert_int_equal(number, 7);
}

static void test_texts(void **state)
{
	int dev = node_at("/soc/bus@100/dev@100");

	(void)state;
	assert_string_equal(fdt_text(tree.bytes, dev, "names"), "one");
	assert_string_equal(fdt_text_at(tree.bytes, dev, "names", 2), "three");
	assert_null(fdt_text_at(tree.bytes, dev, "names", 3));
	assert_string_equal(fdt_text_at(tree.bytes, dev, "cut", 0), "one");
	assert_null(fdt_text_at(tree.bytes, dev, "cut", 1));
	assert_null(fdt_text(tree.bytes, dev, "empty"));
	assert_null(fdt_text(tree.bytes, dev, "odd"));
	assert_null(fdt_text(tree.bytes, dev, "none"));
	assert_true(fdt_text_listed(tree.bytes, dev, "names", "two"));
	assert_false(fdt_text_listed(tree.bytes, dev, "names", "tw"));
	assert_false(fdt_is_enabled(tree.bytes, dev));
	assert_true(fdt_is_enabled(tree.bytes, node_at("/soc/bus@100/bad@0")));
	assert_true(fdt_is_enabled(tree.bytes, node_at("/soc")));
}

static void test_reg(void **state)
{
	int dev = node_at("/soc/bus@100/dev@100");
	struct fdt_reg reg;

	(void)state;
	assert_int_equal(
		fdt_reg_entry(tree.bytes, node_at("/cpus"), node_at("/cpus/cpu@3"), 0, &reg), 0);
	assert_int_equal(reg.base, 3);
	assert_int_equal(reg.size, 0);
	assert_int_equal(
		fdt_reg_entry(tree.bytes, node_at("/cpus"), node_at("/cpus/cpu@3"), 1, &reg),
		-ENOENT);
	assert_int_equal(fdt_reg_translated(tree.bytes, dev, 0, &reg), 0);
	assert_true(reg.base == 0x100000100ull);
	assert_int_equal(reg.size, 0x10);
	assert_int_equal(fdt_reg_translated(tree.bytes, dev, 1, &reg), 0);
	assert_true(reg.base == 0x200040800ull);
	assert_int_equal(fdt_reg_translated(tree.bytes, dev, 2, &reg),
			 -EINVAL); /* a byte too long */
	assert_int_equal(fdt_reg_translated(tree.bytes, dev, 3, &reg), -EINVAL); /* in no range */
	assert_int_equal(fdt_reg_translated(tree.bytes, dev, 4, &reg), -ENOENT);
	assert_int_equal(fdt_reg_translated(tree.bytes, node_at("/pic"), 0, &reg), -ENOENT);
	assert_int_equal(fdt_reg_translated(tree.bytes, node_at("/soc/bus@100/bad@0"), 0, &reg),
			 -EINVAL);
	assert_int_equal(fdt_reg_translated(tree.bytes, node_at("/island/dev@0"), 0, &reg),
			 -EINVAL);
	assert_int_equal(fdt_reg_translated(tree.bytes, node_at("/huge/dev@0"), 0, &reg), -EINVAL);
	assert_int_equal(fdt_reg_translated(tree.bytes, 0, 0, &reg), -EINVAL);
}

static void test_ancestors(void **state)
{
	int dev = node_at("/soc/bus@100/dev@100");
	int chain[8];

	(void)state;
	assert_int_equal(fdt_ancestors(tree.bytes, dev, chain, 8), 4);
	assert_int_equal(chain[0], 0);
	assert_int_equal(chain[1], node_at("/soc"));
	assert_int_equal(chain[2], node_at("/soc/bus@100"));
	assert_int_equal(chain[3], dev);
	assert_int_equal(fdt_ancestors(tree.bytes, dev, chain, 4), 4);
	assert_int_equal(fdt_ancestors(tree.bytes, dev, chain, 3), -EINVAL);
	assert_int_equal(fdt_ancestors(tree.bytes, 0, chain, 8), 1);
	assert_int_equal(fdt_ancestors(tree.bytes, dev + 1, chain, 8), -EINVAL);
	assert_int_equal(fdt_interrupt_parent(tree.bytes, dev), node_at("/pic"));
}

static void test_path(void **state)
{
	int dev = node_at("/soc/bus@100/dev@100");
	char buf[32];

	(void)state;
	assert_string_equal(fdt_path(tree.bytes, dev, buf, sizeof(buf)), "/soc/bus@100/dev@100");
	assert_string_equal(fdt_path(tree.bytes, dev, buf, 14), ".../dev@100");
	assert_string_equal(fdt_path(tree.bytes, 0, buf, sizeof(buf)), "/");
	assert_string_equal(fdt_path(tree.bytes, dev, buf, 6), ".../d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_reg),        cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_path),
	};

	build();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
