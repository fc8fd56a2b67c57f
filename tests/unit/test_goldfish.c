/* SPDX-License-Identifier: MIT */
/* Goldfish clock: reading and setting the time, the alarm, its interrupt, in played time. */
#include <test.h>

#include <core/errno.h>
#include <core/time.h>
#include <core/wall_clock.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x101000ull
#define IRQ 11
#define SECOND 1000000000ull
#define TODAY (1790000000ull * SECOND + 123456789)

enum {
	TIME_LOW = 0x00,
	TIME_HIGH = 0x04,
	ALARM_LOW = 0x08,
	ALARM_HIGH = 0x0c,
	IRQ_ENABLED = 0x10,
	CLEAR_ALARM = 0x14,
	ALARM_STATUS = 0x18,
	CLEAR_INTERRUPT = 0x1c,
};

static struct fake_vm f;

static void start(void)
{
	fake_vm_init(&f, 1);
	fake_node_begin(&f, "rtc@101000", "google,goldfish-rtc");
	fake_reg(&f, BASE, 0x1000);
	fake_cells(&f, "interrupts", IRQ);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	wall_clock_set(TODAY);
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

static u64 get_time(void)
{
	u64 low = in(TIME_LOW);

	return low | (u64)in(TIME_HIGH) << 32;
}

/* The order of Linux' driver. */
static void set_time(u64 ns)
{
	out(TIME_HIGH, (u32)(ns >> 32));
	out(TIME_LOW, (u32)ns);
}

static void set_alarm(u64 ns)
{
	out(ALARM_HIGH, (u32)(ns >> 32));
	out(ALARM_LOW, (u32)ns);
}

static bool irq(void)
{
	return fake_irq_level(&f, IRQ);
}

static void test_time(void **state)
{
	u32 high;

	(void)state;
	start();
	assert_int_equal(get_time(), TODAY);
	fake_advance(5 * SECOND);
	assert_int_equal(get_time(), TODAY + 5 * SECOND);
	/* The high half is that of the moment when the low one was read. */
	set_time(0x1ffffffffull);
	assert_int_equal(in(TIME_LOW), 0xffffffff);
	high = in(TIME_HIGH);
	fake_advance(1);
	assert_int_equal(in(TIME_HIGH), high);
	assert_int_equal(high, 1);
	assert_int_equal(get_time(), 0x200000000ull);
	stop();
}

/* A guest's own time goes on through a reset, and is no other guest's. */
static void test_set_time(void **state)
{
	(void)state;
	start();
	set_time(1000 * SECOND);
	fake_advance(SECOND);
	assert_int_equal(get_time(), 1001 * SECOND);
	assert_int_equal(wall_clock_now(), TODAY + SECOND);
	vdev_reset_all(&f.vm);
	assert_int_equal(get_time(), 1001 * SECOND);
	stop();
}

static void test_alarm(void **state)
{
	(void)state;
	start();
	out(IRQ_ENABLED, 1);
	set_alarm(TODAY + 10 * SECOND);
	assert_int_equal(in(ALARM_STATUS), 1);
	assert_int_equal(in(ALARM_LOW), (u32)(TODAY + 10 * SECOND));
	assert_int_equal(in(ALARM_HIGH), (TODAY + 10 * SECOND) >> 32);
	fake_advance(10 * SECOND - 1);
	assert_false(irq());
	fake_advance(1);
	assert_true(irq());
	assert_int_equal(in(ALARM_STATUS), 0);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
	out(CLEAR_ALARM, 1);
	assert_true(irq());
	out(CLEAR_INTERRUPT, 1);
	assert_false(irq());
	fake_advance(100 * SECOND);
	assert_false(irq());
	assert_int_equal(fake_irq_rises(&f, IRQ), 1);
	stop();
}

static void test_alarm_in_the_past(void **state)
{
	(void)state;
	start();
	set_alarm(TODAY);
	assert_false(irq()); /* not enabled, but kept */
	out(IRQ_ENABLED, 0xffffffff);
	assert_true(irq());
	assert_int_equal(in(IRQ_ENABLED), 1);
	out(IRQ_ENABLED, 2);
	assert_int_equal(in(IRQ_ENABLED), 0);
	assert_false(irq());
	stop();
}

static void test_alarm_cleared_and_moved(void **state)
{
	(void)state;
	start();
	out(IRQ_ENABLED, 1);
	set_alarm(TODAY + SECOND);
	out(CLEAR_ALARM, 0);
	assert_int_equal(in(ALARM_STATUS), 0);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
	fake_advance(2 * SECOND);
	assert_false(irq());
	set_alarm(TODAY + 5 * SECOND);
	set_alarm(TODAY + 9 * SECOND);
	fake_advance(4 * SECOND);
	assert_false(irq());
	fake_advance(3 * SECOND);
	assert_true(irq());
	stop();
}

/* Setting the clock moves the moment of the alarm. */
static void test_time_set_under_alarm(void **state)
{
	(void)state;
	start();
	out(IRQ_ENABLED, 1);
	set_time(100 * SECOND);
	set_alarm(200 * SECOND);
	set_time(150 * SECOND);
	fake_advance(49 * SECOND);
	assert_false(irq());
	set_time(100 * SECOND);
	fake_advance(50 * SECOND);
	assert_false(irq());
	set_time(200 * SECOND);
	assert_true(irq());
	/* An alarm beyond all time. */
	out(CLEAR_INTERRUPT, 0);
	set_alarm(~0ull);
	assert_int_equal(in(ALARM_STATUS), 1);
	fake_advance(SECOND);
	assert_false(irq());
	stop();
}

static void test_reset(void **state)
{
	(void)state;
	start();
	out(IRQ_ENABLED, 1);
	set_alarm(0);
	assert_true(irq());
	set_alarm(TODAY + SECOND);
	vdev_reset_all(&f.vm);
	assert_false(irq());
	fake_advance(2 * SECOND);
	for (unsigned reg = TIME_HIGH; reg < 0x1000; reg += 4)
		assert_int_equal(in(reg), 0);
	stop();
}

/* An alarm that is armed when the VM goes away. */
static void test_destroy_armed(void **state)
{
	(void)state;
	start();
	set_alarm(TODAY + SECOND);
	assert_int_not_equal(timer_next_deadline(), TIME_NEVER);
	stop();
	fake_advance(2 * SECOND);
}

static void test_undefined(void **state)
{
	u64 value;

	(void)state;
	start();
	for (unsigned reg = 0x20; reg < 0x1000; reg += 4) {
		out(reg, 0xffffffff);
		assert_int_equal(in(reg), 0);
	}
	out(ALARM_STATUS, 1);
	assert_int_equal(in(ALARM_STATUS), 0);
	assert_int_equal(in(CLEAR_ALARM), 0);
	assert_int_equal(in(CLEAR_INTERRUPT), 0);
	assert_int_equal(bus_read(&f.vm.mmio, BASE, 1, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE, 8, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 2, 4, &value, NULL), -EFAULT);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_set_time),
		cmocka_unit_test(test_alarm),
		cmocka_unit_test(test_alarm_in_the_past),
		cmocka_unit_test(test_alarm_cleared_and_moved),
		cmocka_unit_test(test_time_set_under_alarm),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_destroy_armed),
		cmocka_unit_test(test_undefined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
