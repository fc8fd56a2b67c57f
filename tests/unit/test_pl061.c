/* SPDX-License-Identifier: MIT */
/* PL061: data and its mask, edges and levels, the power key and how long it is pressed, identification. */
#include <test.h>

#include <core/errno.h>
#include <core/time.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x9030000ull
#define IRQ 39
#define PHANDLE 77
#define MS 1000000ull
#define KEY 3
#define BIT_KEY (1u << KEY)
#define ALL_DATA 0x3fc

enum {
	DIR = 0x400,
	IS = 0x404,
	IBE = 0x408,
	IEV = 0x40c,
	IE = 0x410,
	RIS = 0x414,
	MIS = 0x418,
	IC = 0x41c,
	AFSEL = 0x420,
};

static struct fake_vm f;

static void add_gpio(void)
{
	fake_node_begin(&f, "pl061@9030000", "arm,pl061");
	fake_reg(&f, BASE, 0x1000);
	fake_cells(&f, "interrupts", IRQ);
	fake_cells(&f, "phandle", PHANDLE);
	fake_node_end(&f);
}

static void add_key(u32 code, u32 phandle, u32 line, u32 flags)
{
	fake_node_begin(&f, "gpio-keys", "gpio-keys");
	fake_node_begin(&f, "poweroff", NULL);
	fake_cells(&f, "linux,code", code);
	fake_cells(&f, "gpios", phandle, line, flags);
	fake_node_end(&f);
	fake_node_end(&f);
}

static void start_with(u32 code, u32 phandle, u32 flags)
{
	fake_vm_init(&f, 1);
	add_key(code, phandle, KEY, flags);
	add_gpio();
	assert_int_equal(fake_vm_create(&f), 0);
}

static void start(void)
{
	start_with(116, PHANDLE, 0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
}

static u8 in(unsigned reg)
{
	u64 value = fake_read(&f, BASE + reg, 4);

	assert_true(value <= 0xff);
	return (u8)value;
}

static void out(unsigned reg, u32 value)
{
	fake_write(&f, BASE + reg, 4, value);
}

static bool irq(void)
{
	return fake_irq_level(&f, IRQ);
}

static int press(void)
{
	struct vdev *dev = fake_vdev(&f, "pl061@9030000");

	return dev->emulator->request_shutdown(dev);
}

static void test_registers(void **state)
{
	static const unsigned kept[] = { DIR, IS, IBE, IEV, IE, AFSEL };

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++) {
		for (unsigned value = 0; value < 256; value++) {
			out(kept[i], 0xffffff00 | value);
			assert_int_equal(in(kept[i]), value);
		}
	}
	vdev_reset_all(&f.vm);
	for (unsigned reg = 0; reg <= AFSEL; reg += 4)
		assert_int_equal(in(reg), 0);
	out(RIS, 0xff);
	out(MIS, 0xff);
	assert_int_equal(in(RIS), 0);
	stop();
}

/* Bits 9:2 of the address choose bits of DATA; only outputs take them. */
static void test_data(void **state)
{
	u64 random = 1;
	u8 want = 0;

	(void)state;
	start();
	out(ALL_DATA, 0xff);
	assert_int_equal(in(ALL_DATA), 0);
	out(DIR, 0xf0);
	assert_int_equal(in(ALL_DATA), 0); /* what was written to inputs is gone */
	for (unsigned i = 0; i < 1000; i++) {
		u8 mask = (u8)test_random_below(&random, 256);
		u8 value = (u8)test_random_below(&random, 256);

		out(mask * 4u, value);
		want = (want & ~(mask & 0xf0)) | (value & mask & 0xf0);
		assert_int_equal(in(ALL_DATA), want);
		assert_int_equal(in(mask * 4u), want & mask);
	}
	out(ALL_DATA, 0xff);
	out(DIR, 0x30);
	assert_int_equal(in(ALL_DATA), 0x30);
	out(DIR, 0xf0); /* it has kept what it will drive */
	assert_int_equal(in(ALL_DATA), 0xf0);
	assert_int_equal(in(RIS), 0);
	vdev_reset_all(&f.vm);
	out(DIR, 0xff);
	assert_int_equal(in(ALL_DATA), 0);
	stop();
}

static void test_widths(void **state)
{
	static const u8 id[] = { 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	u64 value;

	(void)state;
	start();
	fake_write(&f, BASE + DIR, 1, 0xff);
	fake_write(&f, BASE + ALL_DATA, 1, 0x5a);
	assert_int_equal(fake_read(&f, BASE + ALL_DATA, 1), 0x5a);
	assert_int_equal(fake_read(&f, BASE + ALL_DATA, 2), 0x5a);
	for (unsigned gap = 1; gap < 4; gap++) {
		fake_write(&f, BASE + ALL_DATA + gap, 1, 0xff);
		fake_write(&f, BASE + DIR + gap, 1, 0);
		assert_int_equal(fake_read(&f, BASE + ALL_DATA + gap, 1), 0);
		assert_int_equal(fake_read(&f, BASE + DIR + gap, 1), 0);
	}
	assert_int_equal(in(ALL_DATA), 0x5a);
	assert_int_equal(in(DIR), 0xff);
	for (unsigned reg = AFSEL + 4; reg < 0x1000; reg += 4) {
		out(reg, 0xffffffff);
		assert_int_equal(in(reg), reg < 0xfe0 ? 0 : id[(reg - 0xfe0) / 4]);
	}
	assert_int_equal(bus_read(&f.vm.mmio, BASE, 8, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 2, 4, &value, NULL), -EFAULT);
	stop();
}

/* Which edges of the key are kept, by IBE and IEV. */
static void test_edges(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		bool both = how & 1, rising = how & 2;

		start();
		out(IBE, both ? 0xff : 0);
		out(IEV, rising ? 0xff : 0);
		out(IE, 0xff);
		assert_false(irq());
		assert_int_equal(press(), 0);
		assert_int_equal(in(MIS), both || rising ? BIT_KEY : 0);
		assert_int_equal(irq(), both || rising);
		out(IC, ~BIT_KEY);
		assert_int_equal(irq(), both || rising);
		out(IC, BIT_KEY);
		assert_false(irq());
		assert_int_equal(in(ALL_DATA), BIT_KEY);
		fake_advance(100 * MS);
		assert_int_equal(in(ALL_DATA), 0);
		assert_int_equal(in(RIS), both || !rising ? BIT_KEY : 0);
		assert_int_equal(irq(), both || !rising);
		out(IE, 0);
		assert_false(irq());
		assert_int_equal(in(RIS), both || !rising ? BIT_KEY : 0);
		assert_int_equal(in(MIS), 0);
		stop();
	}
}

/* What happens outside of an output is no edge. */
static void test_output_edges(void **state)
{
	(void)state;
	start();
	out(IE, BIT_KEY);
	out(IBE, BIT_KEY);
	out(DIR, BIT_KEY);
	assert_int_equal(press(), 0);
	assert_int_equal(in(RIS), 0);
	assert_int_equal(in(ALL_DATA), 0);
	out(DIR, 0);
	assert_int_equal(in(RIS), 0);
	assert_int_equal(in(ALL_DATA), BIT_KEY);
	stop();
}

/* A level is there as long as it lasts, whatever is cleared; outputs have none. */
static void test_levels(void **state)
{
	(void)state;
	start();
	out(IBE, 0xff); /* means nothing then */
	out(IE, BIT_KEY);
	out(IS, 0xff);
	assert_int_equal(in(RIS), 0xff); /* all are low, and low is what it looks for */
	assert_true(irq());
	out(DIR, 0xf0);
	assert_int_equal(in(RIS), 0x0f);
	out(IC, 0xff);
	assert_true(irq());
	out(IEV, 0xff);
	assert_int_equal(in(RIS), 0);
	assert_false(irq());
	assert_int_equal(press(), 0);
	assert_true(irq());
	assert_int_equal(in(RIS), BIT_KEY);
	(void)in(ALL_DATA);
	fake_advance(100 * MS);
	assert_false(irq());
	/* Edges that were seen do not come back from behind a level. */
	out(IS, 0);
	assert_int_equal(in(RIS), 0);
	assert_int_equal(press(), 0);
	assert_int_equal(in(RIS), BIT_KEY);
	out(IS, 0xff);
	out(IS, 0);
	assert_int_equal(in(RIS), 0);
	stop();
}

/* Nobody waits for the key: somebody else has to ask. */
static void test_nobody_listens(void **state)
{
	(void)state;
	start();
	assert_int_equal(press(), -ENOSYS);
	out(IE, (u8)~BIT_KEY);
	assert_int_equal(press(), -ENOSYS);
	assert_int_equal(in(ALL_DATA), 0);
	out(IE, BIT_KEY);
	assert_int_equal(press(), 0);
	assert_int_equal(in(ALL_DATA), BIT_KEY);
	stop();
}

/* Not before 100 ms, not before the guest has looked, not later than 5 s. */
static void test_press(void **state)
{
	(void)state;
	start();
	out(IE, BIT_KEY);
	assert_int_equal(press(), 0);
	assert_int_equal(in(BIT_KEY * 4), BIT_KEY);
	fake_advance(100 * MS - 1);
	assert_int_equal(in(BIT_KEY * 4), BIT_KEY);
	fake_advance(1);
	assert_int_equal(in(BIT_KEY * 4), 0);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
	/* Looked at late; other lines do not count. */
	assert_int_equal(press(), 0);
	for (unsigned i = 0; i < 10; i++) {
		fake_advance(100 * MS);
		(void)in((u8)~BIT_KEY * 4u);
	}
	assert_int_equal(in(BIT_KEY * 4), BIT_KEY);
	assert_int_equal(press(), 0); /* it is pressed */
	fake_advance(100 * MS);
	assert_int_equal(in(BIT_KEY * 4), 0);
	/* Never looked at. */
	assert_int_equal(press(), 0);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_not_equal(timer_next_deadline(), TIME_NEVER);
		fake_advance(100 * MS);
	}
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
	assert_int_equal(in(BIT_KEY * 4), 0);
	stop();
}

static void test_active_low(void **state)
{
	(void)state;
	start_with(116, PHANDLE, 1);
	assert_int_equal(in(ALL_DATA), BIT_KEY);
	out(IE, BIT_KEY);
	assert_int_equal(press(), 0);
	assert_true(irq()); /* a falling edge */
	assert_int_equal(in(ALL_DATA), 0);
	fake_advance(100 * MS);
	assert_int_equal(in(ALL_DATA), BIT_KEY);
	stop();
}

static void test_reset(void **state)
{
	(void)state;
	start();
	out(IE, BIT_KEY);
	out(IEV, BIT_KEY);
	assert_int_equal(press(), 0);
	assert_true(irq());
	vdev_reset_all(&f.vm);
	assert_false(irq());
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
	assert_int_equal(in(ALL_DATA), 0);
	assert_int_equal(in(RIS), 0);
	assert_int_equal(press(), -ENOSYS);
	stop();
}

/* Pressed when the VM goes away. */
static void test_destroy_pressed(void **state)
{
	(void)state;
	start();
	out(IE, BIT_KEY);
	assert_int_equal(press(), 0);
	stop();
	fake_advance(1000 * MS);
}

/* Another key, or one of another controller, is not the power key. */
static void test_other_keys(void **state)
{
	(void)state;
	start_with(30, PHANDLE, 0);
	out(IE, 0xff);
	assert_int_equal(press(), -ENOSYS);
	stop();
	start_with(116, PHANDLE + 1, 0);
	out(IE, 0xff);
	assert_int_equal(press(), -ENOSYS);
	stop();
	fake_vm_init(&f, 1);
	add_gpio();
	assert_int_equal(fake_vm_create(&f), 0);
	out(IE, 0xff);
	assert_int_equal(press(), -ENOSYS);
	stop();
}

static void test_bad_key(void **state)
{
	(void)state;
	fake_vm_init(&f, 1);
	add_key(116, PHANDLE, 8, 0);
	add_gpio();
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(
		strstr(fake_output, "/soc/pl061@9030000: the gpios of poweroff name line 8"));
	fake_vm_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registers),       cmocka_unit_test(test_data),
		cmocka_unit_test(test_widths),          cmocka_unit_test(test_edges),
		cmocka_unit_test(test_output_edges),    cmocka_unit_test(test_levels),
		cmocka_unit_test(test_nobody_listens),  cmocka_unit_test(test_press),
		cmocka_unit_test(test_active_low),      cmocka_unit_test(test_reset),
		cmocka_unit_test(test_destroy_pressed), cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_bad_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
