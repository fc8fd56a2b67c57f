/* SPDX-License-Identifier: MIT */
/* Interrupt lines: levels, pulses, unconnected lines, and listeners of the interrupt's end. */
#include <test.h>

#include <core/errno.h>
#include <core/virq.h>

static struct {
	unsigned calls, rises;
	bool level;
	u32 irq;
} wire;

static void spy_set(struct virq_chip *chip, u32 irq, bool level)
{
	(void)chip;
	wire.calls++;
	wire.rises += level && !wire.level;
	wire.level = level;
	wire.irq = irq;
}

static const struct virq_chip_ops ops = { .set = spy_set };

static void test_level(void **state)
{
	struct virq_chip chip = { .ops = &ops, .irq_count = 64 };
	struct virq_line line = { .chip = &chip, .irq = 33 };

	(void)state;
	memset(&wire, 0, sizeof(wire));
	virq_set(&line, false);
	assert_int_equal(wire.calls, 0);
	virq_set(&line, true);
	virq_set(&line, true);
	assert_int_equal(wire.calls, 1);
	assert_true(wire.level && line.asserted);
	assert_int_equal(wire.irq, 33);
	virq_set(&line, false);
	assert_int_equal(wire.calls, 2);
	assert_false(wire.level || line.asserted);
}

static void test_pulse(void **state)
{
	struct virq_chip chip = { .ops = &ops, .irq_count = 64 };
	struct virq_line line = { .chip = &chip, .irq = 1 };

	(void)state;
	memset(&wire, 0, sizeof(wire));
	virq_pulse(&line);
	assert_int_equal(wire.rises, 1);
	assert_false(wire.level);
	/* Also an event while the wire is held high. */
	virq_set(&line, true);
	virq_pulse(&line);
	assert_int_equal(wire.rises, 3);
	assert_false(wire.level);
}

static void count_end(void *ctx, u32 irq)
{
	*(unsigned *)ctx += irq;
}

static void test_unconnected(void **state)
{
	struct virq_line line = { 0 };
	unsigned sum = 0;

	(void)state;
	memset(&wire, 0, sizeof(wire));
	virq_set(&line, true);
	virq_pulse(&line);
	assert_int_equal(virq_listen_eoi(&line, count_end, &sum), 0);
	assert_int_equal(wire.calls, 0);
}

static void test_listeners(void **state)
{
	struct virq_chip chip = { .ops = &ops, .irq_count = 64 };
	struct virq_line line = { .chip = &chip };
	unsigned sums[ARRAY_SIZE(chip.listeners) + 1] = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(chip.listeners); i++) {
		line.irq = 1 + i / 2; /* two for each */
		assert_int_equal(virq_listen_eoi(&line, count_end, &sums[i]), 0);
	}
	assert_int_equal(virq_listen_eoi(&line, count_end, &sums[8]), -ENOSPC);
	virq_notify_eoi(&chip, 2);
	virq_notify_eoi(&chip, 4);
	virq_notify_eoi(&chip, 4);
	virq_notify_eoi(&chip, 9);
	for (unsigned i = 0; i < ARRAY_SIZE(sums); i++) {
		static const unsigned want[] = { 0, 0, 2, 2, 0, 0, 8, 8, 0 };

		assert_int_equal(sums[i], want[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_pulse),
		cmocka_unit_test(test_unconnected),
		cmocka_unit_test(test_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
