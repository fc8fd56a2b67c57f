/* SPDX-License-Identifier: MIT */
/* PL031: reading and setting the time, the match and its interrupt, identification, in played time. */
#include <test.h>

#include <core/errno.h>
#include <core/time.h>
#include <core/wall_clock.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x9010000ull
#define IRQ 34
#define SECOND 1000000000ull
#define TODAY 1790000000ull
#define FRACTION 123456789ull

enum {
	DR = 0x00,
	MR = 0x04,
	LR = 0x08,
	CR = 0x0c,
	IMSC = 0x10,
	RIS = 0x14,
	MIS = 0x18,
	ICR = 0x1c
};

static struct fake_vm f;

static void start(void)
{
	fake_vm_init(&f, 1);
	wall_clock_set(TODAY * SECOND + FRACTION);
	fake_node_begin(&f, "pl031@9010000", "arm,pl031");
	fake_reg(&f, BASE, 0x1000);
	fake_cells(&f, "interrupts", IRQ);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
}

static u32 in(unsigned reg)
{
	return (u32)fake_read(&f, BASE + reg, 4);
}

static void out(unsigned reg, u32 value)
{
	fake_write(&f, BASE + reg, 4, value);
}

static bool irq(void)
{
	return fake_irq_level(&f, IRQ);
}

static void test_time(void **state)
{
	(void)state;
	start();
	assert_int_equal(in(DR), TODAY);
	fake_advance(SECOND - FRACTION - 1);
	assert_int_equal(in(DR), TODAY);
	fake_advance(1);
	assert_int_equal(in(DR), TODAY + 1);
	out(DR, 5); /* read-only */
	out(CR, 0); /* it does not stop */
	fake_advance(5 * SECOND);
	assert_int_equal(in(DR), TODAY + 6);
	assert_int_equal(in(CR), 1);
	stop();
}

/* A guest's own time goes on through a reset, and is no other guest's. */
static void test_set_time(void **state)
{
	(void)state;
	start();
	out(LR, 1000);
	assert_int_equal(in(DR), 1000);
	fake_advance(SECOND - 1);
	assert_int_equal(in(DR), 1000); /* a second began with the write */
	fake_advance(1);
	assert_int_equal(in(DR), 1001);
	assert_int_equal(in(LR), 1000);
	assert_int_equal(wall_clock_now(), (TODAY + 1) * SECOND + FRACTION);
	vdev_reset_all(&f.vm);
	assert_int_equal(in(DR), 1001);
	assert_int_equal(in(LR), 0);
	out(LR, 0);
	assert_int_equal(in(DR), 0);
	out(LR, 0xffffffff);
	assert_int_equal(in(DR), 0xffffffff);
	fake_advance(SECOND);
	assert_int_equal(in(DR), 0);
	stop();
}

static void test_match(void **state)
{
	(void)state;
	start();
	out(IMSC, 1);
	out(MR, TODAY + 10);
	assert_int_equal(in(MR), TODAY + 10);
	fake_advance(10 * SECOND - FRACTION - 1);
	assert_false(irq());
	assert_int_equal(in(RIS), 0);
	fake_advance(1);
	assert_true(irq());
	assert_int_equal(in(RIS), 1);
	assert_int_equal(in(MIS), 1);
	fake_advance(SECOND);
	out(ICR, 2); /* not the bit */
	assert_true(irq());
	out(ICR, 1);
	assert_false(irq());
	assert_int_equal(in(RIS), 0);
	fake_advance(100 * SECOND);
	assert_false(irq());
	assert_int_equal(fake_irq_rises(&f, IRQ), 1);
	stop();
}

static void test_masked(void **state)
{
	(void)state;
	start();
	out(MR, TODAY); /* it is there already */
	assert_int_equal(in(RIS), 1);
	assert_int_equal(in(MIS), 0);
	assert_false(irq());
	out(IMSC, 0xffffffff);
	assert_int_equal(in(IMSC), 1);
	assert_true(irq());
	out(IMSC, 2);
	assert_int_equal(in(IMSC), 0);
	assert_false(irq());
	stop();
}

/* A moment that has passed comes again when the counter has gone round. */
static void test_wrap(void **state)
{
	(void)state;
	start();
	out(IMSC, 1);
	out(LR, 0xfffffff0);
	out(MR, 4);
	fake_advance(20 * SECOND - 1);
	assert_false(irq());
	fake_advance(1);
	assert_true(irq());
	assert_int_equal(in(DR), 4);
	out(ICR, 1);
	out(MR, 3);
	fake_advance(((1ull << 32) - 1) * SECOND - 1);
	assert_false(irq());
	fake_advance(1);
	assert_true(irq());
	assert_int_equal(in(DR), 3);
	/* And again, without being told. */
	out(ICR, 1);
	fake_advance((1ull << 32) * SECOND - 1);
	assert_false(irq());
	fake_advance(1);
	assert_true(irq());
	stop();
}

/* Setting the clock moves the moment of the match. */
static void test_time_set_under_match(void **state)
{
	(void)state;
	start();
	out(IMSC, 1);
	out(LR, 100);
	out(MR, 200);
	out(LR, 150);
	fake_advance(49 * SECOND);
	assert_false(irq());
	out(LR, 100);
	fake_advance(50 * SECOND);
	assert_false(irq());
	out(MR, 300);
	fake_advance(100 * SECOND);
	assert_false(irq());
	out(LR, 300);
	assert_true(irq());
	stop();
}

/* A host whose clock is set back meanwhile is waited for. */
static void test_host_clock_set(void **state)
{
	(void)state;
	start();
	out(IMSC, 1);
	out(MR, TODAY + 10);
	wall_clock_set((TODAY - 5) * SECOND);
	fake_advance(10 * SECOND);
	assert_false(irq());
	fake_advance(5 * SECOND);
	assert_true(irq());
	stop();
}

static void test_reset(void **state)
{
	(void)state;
	start();
	out(IMSC, 1);
	out(MR, TODAY);
	assert_true(irq());
	out(MR, TODAY + 1);
	vdev_reset_all(&f.vm);
	assert_false(irq());
	fake_advance(2 * SECOND);
	for (unsigned reg = MR; reg < 0x20; reg += 4)
		assert_int_equal(in(reg), reg == CR);
	out(IMSC, 1);
	assert_false(irq());
	stop();
}

static void test_undefined(void **state)
{
	static const u8 id[] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	u64 value;

	(void)state;
	start();
	for (unsigned reg = 0x20; reg < 0x1000; reg += 4) {
		out(reg, 0xffffffff);
		assert_int_equal(in(reg), reg < 0xfe0 ? 0 : id[(reg - 0xfe0) / 4]);
		assert_int_equal(fake_read(&f, BASE + reg, 1), in(reg));
	}
	/* Narrow accesses, at the registers' own offsets only. */
	out(MR, 0x12345678);
	assert_int_equal(fake_read(&f, BASE + MR, 1), 0x78);
	assert_int_equal(fake_read(&f, BASE + MR, 2), 0x5678);
	assert_int_equal(fake_read(&f, BASE + MR + 1, 1), 0);
	fake_write(&f, BASE + MR + 2, 2, 0xffff);
	assert_int_equal(in(MR), 0x12345678);
	fake_write(&f, BASE + MR, 2, 0x9abc);
	assert_int_equal(in(MR), 0x9abc);
	out(RIS, 1);
	out(MIS, 1);
	assert_int_equal(in(RIS), 0);
	assert_int_equal(in(ICR), 0);
	assert_int_equal(bus_read(&f.vm.mmio, BASE, 8, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 2, 4, &value, NULL), -EFAULT);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),           cmocka_unit_test(test_set_time),
		cmocka_unit_test(test_match),          cmocka_unit_test(test_masked),
		cmocka_unit_test(test_wrap),           cmocka_unit_test(test_time_set_under_match),
		cmocka_unit_test(test_host_clock_set), cmocka_unit_test(test_reset),
		cmocka_unit_test(test_undefined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
