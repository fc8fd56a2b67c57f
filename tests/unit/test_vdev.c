/* SPDX-License-Identifier: MIT */
/* Emulated devices from a tree: matching, order, interrupts, and failures that leave nothing behind. */
#include <test.h>

#include <core/errno.h>
#include <core/heap.h>
#include <core/wall_clock.h>
#include <fake.h>
#include <fake_vm.h>
#include <libfdt.h>

/* A device that writes down what happens to it, and fails where the test wants. */
struct probe {
	struct virq_line line[2];
	void *memory;
};

static char journal[512];
static const char *failing; /* name of the device whose create() fails last */

static void note(const char *what, const struct vdev *dev)
{
	size_t len = strlen(journal);

	snprintf(journal + len, sizeof(journal) - len, "%s %s\n", what, dev->name);
}

static u64 probe_read(struct vdev *dev, u64 offset, unsigned size)
{
	(void)dev;
	return offset + size;
}

static void probe_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct probe *p = dev->state;

	(void)size;
	virq_set(&p->line[offset & 1], value);
}

static const struct bus_ops probe_ops = { probe_read, probe_write, 1 | 2 | 4 | 8, false };

static int probe_create(struct vdev *dev)
{
	struct probe *p = dev->state;
	int err;

	note("create", dev);
	p->memory = vdev_alloc(dev, 100);
	if (!p->memory)
		return -ENOMEM;
	for (unsigned i = 0; i < 2; i++) {
		err = vdev_irq(dev, i, &p->line[i]);
		if (err && err != -ENOENT)
			return err;
	}
	err = vdev_map_reg(dev, 0, 0x10, &probe_ops);
	if (!err && failing && strcmp(dev->name, failing) == 0) {
		vdev_error(dev, "fails as it was told");
		err = -EIO;
	}
	return err;
}

static void probe_destroy(struct vdev *dev)
{
	note("destroy", dev);
	heap_free(((struct probe *)dev->state)->memory);
}

static void probe_reset(struct vdev *dev)
{
	note("reset", dev);
}

static const char *const probe_compatible[] = { "test,probe", "test,probe-2", NULL };

DEFINE_EMULATOR(probe_emulator) = {
	.name = "probe",
	.class = EMULATOR_DEVICE,
	.compatible = probe_compatible,
	.state_size = sizeof(struct probe),
	.create = probe_create,
	.destroy = probe_destroy,
	.reset = probe_reset,
};

static struct fake_vm f;

static void start(void)
{
	journal[0] = 0;
	failing = NULL;
	fake_vm_init(&f, 2);
}

static void probe_node(const char *name, u64 base)
{
	fake_node_begin(&f, name, "test,probe");
	fake_reg(&f, base, 0x100);
}

static void plain(const char *name, u64 base)
{
	probe_node(name, base);
	fake_node_end(&f);
}

static struct probe *probe(const char *name)
{
	return fake_vdev(&f, name)->state;
}

static void test_life(void **state)
{
	(void)state;
	start();
	plain("b@2000", 0x2000);
	plain("a@1000", 0x1000);
	assert_int_equal(fake_vm_create(&f), 0);
	assert_string_equal(journal, "create b@2000\ncreate a@1000\nreset a@1000\nreset b@2000\n");
	assert_int_equal(fake_read(&f, 0x1008, 8), 16);
	assert_int_equal(gpa_find(&f.vm, gpa(0x20ff))->kind, GPA_EMULATED);
	assert_string_equal(gpa_find(&f.vm, gpa(0x20ff))->name, "b@2000");
	journal[0] = 0;
	fake_vm_destroy(&f);
	assert_string_equal(journal, "destroy a@1000\ndestroy b@2000\n");
	assert_int_equal(f.vm.mmio.count, 0);
}

/* The first compatible string that anybody knows decides; disabled nodes and strangers are left alone. */
static void test_matching(void **state)
{
	(void)state;
	start();
	fake_node_begin(&f, "known@1000", NULL);
	assert_int_equal(fdt_property(f.tree, "compatible", "acme,x\0test,probe-2\0ns16550a", 29),
			 0);
	fake_reg(&f, 0x1000, 0x100);
	fake_node_end(&f);
	fake_node_begin(&f, "stranger@2000", "acme,y");
	fake_reg(&f, 0x2000, 0x100);
	fake_node_end(&f);
	probe_node("off@3000", 0x3000);
	fake_property_text(&f, "status", "disabled");
	fake_node_end(&f);
	probe_node("on@4000", 0x4000);
	fake_property_text(&f, "status", "okay");
	fake_node_end(&f);
	fake_node_begin(&f, "broken@5000", NULL);
	assert_int_equal(fdt_property(f.tree, "compatible", "test,prob", 5),
			 0); /* not terminated */
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	assert_non_null(strstr(journal, "create known@1000\ncreate on@4000\nreset"));
	fake_vm_destroy(&f);
}

static void test_failure_in_the_middle(void **state)
{
	(void)state;
	start();
	plain("a@1000", 0x1000);
	plain("b@2000", 0x2000);
	plain("c@3000", 0x3000);
	failing = "b@2000";
	assert_int_equal(fake_vm_create(&f), -EIO);
	assert_string_equal(journal,
			    "create a@1000\ncreate b@2000\ndestroy b@2000\ndestroy a@1000\n");
	assert_non_null(strstr(fake_output, "VM test, /soc/b@2000: fails as it was told"));
	assert_null(gpa_find(&f.vm, gpa(0x1000)));
	assert_int_equal(f.vm.mmio.count, 0);
	fake_vm_destroy(&f);
}

/* Every amount of memory that is too little: an error, and all of it comes back. */
static void test_out_of_memory(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (u64 limit = 1;; limit += 40) {
		int err;

		start();
		plain("a@1000", 0x1000);
		plain("b@2000", 0x2000);
		f.vm.heap_owner.heap_limit = f.vm.heap_owner.heap_bytes + limit;
		err = fake_vm_create(&f);
		fake_vm_destroy(&f);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		failures++;
	}
	assert_in_range(failures, 10, 1000);
}

static void test_bad_registers(void **state)
{
	static const struct {
		u64 base, size;
		const char *message;
	} rows[] = {
		{ 0x1080, 0x100, "overlap a@1000" },
		{ 0x0f80, 0x100, "overlap" },
		{ 0x2000, 0x0f, "needs 0x10" },
		{ ~0ull - 0xff, 0x200, "size" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		start();
		plain("a@1000", 0x1000);
		fake_node_begin(&f, "b", "test,probe");
		fake_reg(&f, rows[i].base, rows[i].size);
		fake_node_end(&f);
		assert_true(fake_vm_create(&f) < 0);
		assert_non_null(strstr(fake_output, "VM test, /soc/b: "));
		assert_non_null(strstr(fake_output, rows[i].message));
		fake_vm_destroy(&f);
	}
	start();
	fake_node_begin(&f, "c", "test,probe");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "no reg entry 0"));
	fake_vm_destroy(&f);
	start();
	fake_node_begin(&f, "c", "test,probe");
	fake_cells(&f, "reg", 1, 2, 3);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "#address-cells"));
	fake_vm_destroy(&f);
}

/* Both ways to name an interrupt, second entries, triggers, and none at all. */
static void test_interrupts(void **state)
{
	(void)state;
	start();
	probe_node("plain@1000", 0x1000);
	fake_cells(&f, "interrupts", 5, 0x106);
	fake_node_end(&f);
	probe_node("extended@2000", 0x2000);
	fake_cells(&f, "interrupts", 1);
	fake_cells(&f, "interrupts-extended", FAKE_CHIP_PHANDLE, 7, FAKE_CHIP_PHANDLE, 0x108);
	fake_node_end(&f);
	plain("none@3000", 0x3000);
	assert_int_equal(fake_vm_create(&f), 0);
	assert_int_equal(probe("plain@1000")->line[0].irq, 5);
	assert_int_equal(probe("plain@1000")->line[1].irq, 6);
	assert_int_equal(probe("extended@2000")->line[0].irq, 7);
	assert_int_equal(probe("extended@2000")->line[1].irq, 8);
	assert_null(probe("none@3000")->line[0].chip);
	assert_int_equal(fake_irq_trigger(&f, 5), VIRQ_LEVEL);
	assert_int_equal(fake_irq_trigger(&f, 6), VIRQ_EDGE);
	assert_int_equal(fake_irq_trigger(&f, 7), VIRQ_LEVEL);
	assert_int_equal(fake_irq_trigger(&f, 8), VIRQ_EDGE);
	fake_write(&f, 0x2001, 1, 1);
	assert_true(fake_irq_level(&f, 8));
	assert_false(fake_irq_level(&f, 7));
	fake_write(&f, 0x3000, 1, 1);
	fake_vm_destroy(&f);
}

static void test_bad_interrupts(void **state)
{
	static const struct {
		const char *property;
		u32 cells[3];
		unsigned count;
		int err;
		const char *message;
	} rows[] = {
		{ "interrupts-extended", { FAKE_CHIP_PHANDLE, 64 }, 2, -ERANGE, "interrupt 64" },
		{ "interrupts-extended", { 77, 1 }, 2, -EINVAL, "does not exist" },
		{ "interrupts-extended", { 1, 1 }, 2, -ENODEV, "no emulated" }, /* a CPU's */
		{ "interrupts-extended",
		  { FAKE_CHIP_PHANDLE },
		  1,
		  -EINVAL,
		  "#interrupt-cells wants 1" },
		{ "interrupt-parent", { 77 }, 1, -EINVAL, "does not exist" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		start();
		probe_node("a@1000", 0x1000);
		fake_cells(&f, "interrupts", 1);
		fake_property_cells(&f, rows[i].property, rows[i].cells, rows[i].count);
		fake_node_end(&f);
		assert_int_equal(fake_vm_create(&f), rows[i].err);
		assert_non_null(strstr(fake_output, "/soc/a@1000"));
		assert_non_null(strstr(fake_output, rows[i].message));
		fake_vm_destroy(&f);
	}
}

/* Nothing is left after any number of VMs. */
static void test_many_times(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		start();
		plain("a@1000", 0x1000);
		fake_node_begin(&f, "serial@2000", "ns16550a");
		fake_reg(&f, 0x2000, 0x100);
		fake_cells(&f, "interrupts", 3);
		fake_node_end(&f);
		assert_int_equal(fake_vm_create(&f), 0);
		assert_non_null(fake_vdev(&f, "serial@2000")->console);
		fake_vm_destroy(&f);
	}
}

static void collect(void *ctx, const char *fmt, ...) __printf(2, 3);

static void collect(void *ctx, const char *fmt, ...)
{
	size_t len = strlen(ctx);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf((char *)ctx + len, 512 - len, fmt, ap);
	va_end(ap);
}

/* What the shell's `dev` shows of each emulator: whole lines that tell the state. */
static void test_descriptions(void **state)
{
	static const struct {
		const char *compatible, *want;
	} rows[] = {
		{ "ns16550a",
		  "IER 02 FCR 00 LCR 00 MCR 00, divisor 12, 0 received, interrupt on\n" },
		{ "google,goldfish-rtc", "alarm off at 0 ns\n" },
		{ "sifive,test0", "by one register\n" },
		{ "riscv,plic0", "source 3: priority 1, line high, pending\n" },
	};
	char text[512] = "";
	struct vdev *dev;

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_node_begin(&f, rows[i].compatible, rows[i].compatible);
		fake_reg(&f, 0x10000000ull * (i + 1), 0x600000);
		fake_cells(&f, "#interrupt-cells", 1);
		fake_cells(&f, "phandle", 50 + i);
		fake_cells(&f, "riscv,ndev", 10);
		if (i == 0)
			fake_cells(&f, "interrupts-extended", 53, 3);
		if (i == 3)
			fake_cells(&f, "interrupts-extended", 1, 9, 2, 9);
		fake_node_end(&f);
	}
	assert_int_equal(fake_vm_create(&f), 0);
	fake_write(&f, 0x10000001, 1, 2);
	fake_write(&f, 0x4000000c, 4, 1);
	list_for_each(dev, &f.vm.devices, link) {
		if (dev->emulator->describe)
			dev->emulator->describe(dev, collect, text);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		assert_non_null(strstr(text, rows[i].want));
	fake_vm_destroy(&f);
}

static void test_wall_clock(void **state)
{
	(void)state;
	fake_boot(MIB(4));
	wall_clock_set(1000);
	fake_time += 500;
	assert_int_equal(wall_clock_now(), 1500);
	assert_int_equal(vdev_wall_clock_ns(NULL), 1500);
	wall_clock_set(3);
	assert_int_equal(wall_clock_now(), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_failure_in_the_middle),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_bad_registers),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_bad_interrupts),
		cmocka_unit_test(test_many_times),
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_wall_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
