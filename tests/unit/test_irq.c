/* SPDX-License-Identifier: MIT */
/* Host interrupts: request, dispatch, strays, specifiers. */
#include <test.h>

#include <core/errno.h>
#include <core/host_irq.h>
#include <fake.h>

static u64 enabled; /* bit n: interrupt n is unmasked */
static int enable_error;
static unsigned disable_count;

static int chip_enable(u32 irq, unsigned cpu)
{
	assert_int_equal(cpu, 0);
	if (!enable_error)
		enabled |= BIT(irq);
	return enable_error;
}

static void chip_disable(u32 irq)
{
	disable_count++;
	if (irq < 64)
		enabled &= ~BIT(irq);
}

static int chip_translate(const u32 *cells, unsigned count, u32 *irq)
{
	if (count != 2)
		return -EINVAL;
	*irq = cells[0] + 32 * cells[1];
	return 0;
}

static unsigned cpu_inits, ipi_to = ~0u;

static void chip_cpu_init(void)
{
	cpu_inits++;
}

static void chip_send_ipi(unsigned cpu)
{
	ipi_to = cpu;
}

static const struct irq_controller chip = {
	.name = "chip",
	.irq_count = 40,
	.enable = chip_enable,
	.disable = chip_disable,
	.translate = chip_translate,
	.cpu_init = chip_cpu_init,
	.send_ipi = chip_send_ipi,
	.private_end = 8,
};

static unsigned calls;

static void handler(void *ctx)
{
	assert_ptr_equal(ctx, &calls);
	calls++;
}

static void test_without_controller(void **state)
{
	u32 irq, cell = 3;

	(void)state;
	fake_boot(MIB(2));
	assert_int_equal(irq_request(3, "early", handler, NULL), -ERANGE);
	assert_int_equal(irq_translate(&cell, 1, &irq), -EINVAL);
	irq_release(3);
}

static void test_bind(void **state)
{
	u32 irq, cells[2] = { 5, 1 };

	(void)state;
	assert_int_equal(irq_bind_controller(&chip), 0);
	assert_int_equal(irq_bind_controller(&chip), -EBUSY);
	assert_int_equal(cpu_inits, 1);
	assert_int_equal(irq_translate(cells, 2, &irq), 0);
	assert_int_equal(irq, 37);
	assert_int_equal(irq_translate(cells, 1, &irq), -EINVAL);
}

static void test_request(void **state)
{
	struct irq_stats stats[4];

	(void)state;
	assert_int_equal(irq_request(40, "x", handler, &calls), -ERANGE);
	assert_int_equal(irq_request(7, "uart", handler, &calls), 0);
	assert_int_equal(enabled, BIT(7));
	assert_int_equal(irq_request(7, "other", handler, &calls), -EBUSY);
	irq_dispatch(7);
	irq_dispatch(7);
	assert_int_equal(calls, 2);
	enable_error = -EIO;
	assert_int_equal(irq_request(9, "broken", handler, &calls), -EIO);
	enable_error = 0;
	assert_int_equal(irq_request(9, "disk", handler, &calls), 0);
	assert_int_equal(irq_stats(stats, 4), 2);
	assert_int_equal(stats[0].irq, 7);
	assert_int_equal(stats[0].count, 2);
	assert_string_equal(stats[1].name, "disk");
	assert_int_equal(irq_stats(stats, 1), 2);
	irq_release(7);
	assert_int_equal(enabled, BIT(9));
	assert_int_equal(irq_stats(stats, 4), 1);
	irq_release(9);
}

static void test_stray(void **state)
{
	(void)state;
	disable_count = 0;
	fake_output_clear();
	irq_dispatch(12);
	irq_dispatch(12);
	assert_int_equal(disable_count, 2);
	assert_non_null(strstr(fake_output, "interrupt 12 of chip has no handler"));
	assert_null(strstr(strstr(fake_output, "interrupt 12") + 1, "interrupt 12"));
	irq_dispatch(4000000);
	assert_int_equal(disable_count, 3);
}

/* What another CPU does when it starts: its own lines that somebody wants, and no others. */
static void test_private_lines(void **state)
{
	(void)state;
	assert_int_equal(irq_request(3, "timer", handler, &calls), 0);
	assert_int_equal(irq_request(8, "disk", handler, &calls), 0);
	enabled = 0;
	irq_cpu_init();
	assert_int_equal(cpu_inits, 2);
	assert_int_equal(enabled, BIT(3));
	enable_error = -EIO;
	fake_output_clear();
	irq_cpu_init();
	enable_error = 0;
	assert_non_null(
		strstr(fake_output, "CPU 0: an interrupt line of its own cannot be enabled"));
	irq_release(3);
	irq_release(8);
}

static void test_ipi(void **state)
{
	(void)state;
	irq_send_ipi(5);
	assert_int_equal(ipi_to, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_controller),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_private_lines),
		cmocka_unit_test(test_ipi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
