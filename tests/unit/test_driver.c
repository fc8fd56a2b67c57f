/* SPDX-License-Identifier: MIT */
/* Matching drivers with nodes: order of classes, the console first, disabled and failing devices, interrupts. */
#include <test.h>

#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <fake.h>
#include <fdt_image.h>
#include <libs/fdt.h>

static struct fdt_image tree;
static char probed[400];

static int note(const struct host_device *dev, const char *driver)
{
	char path[64];
	size_t len = strlen(probed);

	snprintf(probed + len, sizeof(probed) - len, "%s:%s(%s) ", driver,
		 fdt_path(dev->fdt, dev->node, path, sizeof(path)), dev->compatible);
	return host_device_u32(dev, "fails", 0) ? -EIO : 0;
}

static int probe_uart(const struct host_device *dev)
{
	return note(dev, "uart");
}

static int probe_pic(const struct host_device *dev)
{
	return note(dev, "pic");
}

DEFINE_DRIVER(test_uart) = {
	.name = "uart",
	.class = DRIVER_SERIAL,
	.compatible = (const char *const[]){ "test,uart", "test,uart2", NULL },
	.probe = probe_uart,
};

DEFINE_DRIVER(test_pic) = {
	.name = "pic",
	.class = DRIVER_IRQCHIP,
	.compatible = (const char *const[]){ "test,pic", NULL },
	.probe = probe_pic,
};

static void add_uart(const char *name, const char *compatible, int size)
{
	fdt_image_node(&tree, name);
	fdt_image_bytes(&tree, "compatible", compatible, size);
}

static void build(void)
{
	fdt_image_begin(&tree);
	fdt_image_cells(&tree, "#address-cells", 1);
	fdt_image_cells(&tree, "#size-cells", 1);
	fdt_image_cells(&tree, "interrupt-parent", 1);
	fdt_image_node(&tree, "chosen");
	fdt_image_text(&tree, "stdout-path", "/uart@3");
	fdt_image_up(&tree);
	add_uart("uart@1", "vendor,x\0test,uart", sizeof("vendor,x\0test,uart"));
	fdt_image_cells(&tree, "reg", 0x1000, 0x100, 0x2000, 0x80);
	fdt_image_cells(&tree, "interrupts", 5, 0, 6, 1);
	fdt_image_up(&tree);
	add_uart("uart@2", "test,uart", sizeof("test,uart"));
	fdt_image_text(&tree, "status", "disabled");
	fdt_image_up(&tree);
	add_uart("uart@3", "test,uart2\0test,uart", sizeof("test,uart2\0test,uart"));
	fdt_image_cells(&tree, "interrupts-extended", 2, 9, 1, 8, 0);
	fdt_image_up(&tree);
	add_uart("uart@4", "test,uart", sizeof("test,uart"));
	fdt_image_cells(&tree, "fails", 1);
	fdt_image_cells(&tree, "interrupts-extended", 77, 1);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "other");
	fdt_image_text(&tree, "compatible", "nobody,knows");
	fdt_image_up(&tree);
	fdt_image_node(&tree, "pic");
	fdt_image_text(&tree, "compatible", "test,pic");
	fdt_image_cells(&tree, "phandle", 1);
	fdt_image_cells(&tree, "#interrupt-cells", 2);
	fdt_image_up(&tree);
	fdt_image_node(&tree, "pic2");
	fdt_image_cells(&tree, "phandle", 2);
	fdt_image_cells(&tree, "#interrupt-cells", 1);
	fdt_image_up(&tree);
	fdt_image_end(&tree);
}

static void collect_bound(void *ctx, const char *driver, const char *node)
{
	(void)driver;
	strcat(ctx, node);
	strcat(ctx, " ");
}

static void test_probe(void **state)
{
	char bound[200] = "";

	(void)state;
	fake_reset(1);
	driver_probe_all(tree.bytes);
	assert_string_equal(probed,
			    "pic:/pic(test,pic) uart:/uart@3(test,uart2) uart:/uart@1(test,uart) "
			    "uart:/uart@4(test,uart) ");
	driver_for_each_bound(collect_bound, bound);
	assert_string_equal(bound, "/uart@1 /uart@3 /pic ");
	assert_non_null(strstr(fake_output, "driver uart cannot drive /uart@4: the hardware"));
}

static void test_no_tree(void **state)
{
	(void)state;
	probed[0] = '\0';
	driver_probe_all(NULL);
	assert_string_equal(probed, "");
}

static int translate(const u32 *cells, unsigned count, u32 *irq)
{
	*irq = count == 2 ? cells[0] * 10 + cells[1] : cells[0] + 1000;
	return 0;
}

static void test_resources(void **state)
{
	static const struct irq_controller chip = { .name = "pic",
						    .irq_count = 64,
						    .translate = translate };
	struct host_device dev = { tree.bytes, fdt_image_find(&tree, "/uart@1"), "test,uart" };
	hpa_t base;
	u64 size;
	u32 irq;

	(void)state;
	fake_boot(MIB(2));
	assert_int_equal(host_device_irq(&dev, 0, &irq), -EINVAL); /* no controller yet */
	assert_int_equal(irq_bind_controller(&chip), 0);
	assert_int_equal(host_device_reg(&dev, 1, &base, &size), 0);
	assert_int_equal(base.v, 0x2000);
	assert_int_equal(size, 0x80);
	assert_int_equal(host_device_reg(&dev, 2, &base, &size), -ENOENT);
	assert_int_equal(host_device_irq(&dev, 0, &irq), 0);
	assert_int_equal(irq, 50);
	assert_int_equal(host_device_irq(&dev, 1, &irq), 0);
	assert_int_equal(irq, 61);
	assert_int_equal(host_device_irq(&dev, 2, &irq), -ENOENT);
	dev.node = fdt_image_find(&tree, "/uart@3");
	assert_int_equal(host_device_irq(&dev, 0, &irq), 0);
	assert_int_equal(irq, 1009);
	assert_int_equal(host_device_irq(&dev, 1, &irq), 0);
	assert_int_equal(irq, 80);
	assert_int_equal(host_device_irq(&dev, 2, &irq), -ENOENT);
	dev.node = fdt_image_find(&tree, "/uart@4");
	assert_int_equal(host_device_irq(&dev, 0, &irq), -EINVAL);
	dev.node = fdt_image_find(&tree, "/uart@2");
	assert_int_equal(host_device_irq(&dev, 0, &irq), -ENOENT);
	assert_int_equal(host_device_u32(&dev, "reg-shift", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_no_tree),
		cmocka_unit_test(test_resources),
	};

	build();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
