/* SPDX-License-Identifier: MIT */
/* The emulated CPU interface of the virtual GICv2: acknowledge, priorities, groups, ends. */
#include <test.h>

#include <gicv2_sim.h>

static void test_interface_registers(void **state)
{
	(void)state;
	start(CPUS);
	assert_int_equal(cpu_get(1, GICC_IIDR) & 0xf0fff, 0x2043b);
	cpu_set(1, GICC_CTLR, ~0u);
	assert_int_equal(cpu_get(1, GICC_CTLR), 0x21f);
	assert_int_equal(cpu_get(0, GICC_CTLR), 0);
	cpu_set(1, GICC_PMR, ~0u);
	assert_int_equal(cpu_get(1, GICC_PMR), 0xf8);
	for (u32 i = 0; i < 8; i++) {
		cpu_set(1, GICC_BPR, 0xf8 | i);
		cpu_set(1, GICC_ABPR, 0xf8 | i);
		assert_int_equal(cpu_get(1, GICC_BPR), MAX(i, 2u));
		assert_int_equal(cpu_get(1, GICC_ABPR), MAX(i, 3u));
	}
	assert_int_equal(cpu_get(1, GICC_RPR), 0xff);
	cpu_set(1, GICC_APR, 0x00800010);
	assert_int_equal(cpu_get(1, GICC_APR), 0x00800010);
	assert_int_equal(cpu_get(1, GICC_RPR), 4 * 8);
	assert_int_equal(cpu_get(1, GICC_IAR), 1023);
	assert_int_equal(cpu_get(1, GICC_HPPIR), 1023);
	assert_int_equal(cpu_get(1, GICC_AIAR), 1023);
	assert_int_equal(cpu_get(1, GICC_NSAPR), 0);
	cpu_set(1, GICC_EOIR, 1023); /* no interrupt: nothing happens */
	assert_int_equal(cpu_get(1, GICC_RPR), 4 * 8);
	gic_reset_cpu(sim.gic, 1);
	assert_int_equal(cpu_get(1, GICC_CTLR), 0);
	assert_int_equal(cpu_get(1, GICC_PMR), 0);
	assert_int_equal(cpu_get(1, GICC_BPR), 2);
	assert_int_equal(cpu_get(1, GICC_ABPR), 3);
	assert_int_equal(cpu_get(1, GICC_APR), 0);
	stop();
}

static void test_level(void **state)
{
	(void)state;
	start_ready(1);
	line(40, true);
	assert_true(irq_pin(0) && !fiq_pin(0));
	line(40, false);
	assert_false(irq_pin(0));
	line(40, true);
	assert_int_equal(cpu_get(0, GICC_HPPIR), 40);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	assert_false(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_RPR), 0xa0);
	assert_int_equal(get(0, GICD_ISPENDR + 4), 1 << 8);
	assert_int_equal(get(0, GICD_ISACTIVER + 4), 1 << 8);
	assert_int_equal(cpu_get(0, GICC_IAR), 1023);
	cpu_set(0, GICC_EOIR, 40);
	assert_true(irq_pin(0)); /* still high */
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	line(40, false);
	cpu_set(0, GICC_EOIR, 40);
	assert_false(irq_pin(0));
	assert_int_equal(get(0, GICD_ISPENDR + 4) | get(0, GICD_ISACTIVER + 4), 0);
	/* Made pending by software: one acknowledgement takes that back. */
	set(0, GICD_ISPENDR + 4, 1 << 8);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	assert_int_equal(get(0, GICD_ISPENDR + 4), 0);
	cpu_set(0, GICC_EOIR, 40);
	/* Clearing what a line holds up does nothing. */
	line(40, true);
	set(0, GICD_ICPENDR + 4, 1 << 8);
	assert_true(irq_pin(0));
	stop();
}

static void test_edge(void **state)
{
	(void)state;
	start_ready(1);
	set(0, GICD_ICFGR + 8, 2 << 16);
	pulse(40);
	pulse(40);
	assert_true(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	assert_false(irq_pin(0));
	pulse(40);
	pulse(40);
	assert_int_equal(get(0, GICD_ISPENDR + 4), 1 << 8);
	assert_false(irq_pin(0)); /* active */
	cpu_set(0, GICC_EOIR, 40);
	assert_true(irq_pin(0));
	set(0, GICD_ICPENDR + 4, 1 << 8);
	assert_false(irq_pin(0));
	line(40, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	cpu_set(0, GICC_EOIR, 40);
	assert_false(irq_pin(0)); /* the level has no meaning */
	stop();
}

/* Priorities, the mask, preemption by the binary point. */
static void test_priorities(void **state)
{
	(void)state;
	start_ready(1);
	set(0, GICD_IPRIORITYR + 40, 0xf0504060);
	for (u32 i = 40; i < 44; i++)
		line(i, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 41);
	assert_int_equal(cpu_get(0, GICC_RPR), 0x40);
	assert_false(irq_pin(0));
	set_byte(0, GICD_IPRIORITYR + 40, 0x38); /* preempts now */
	assert_true(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	assert_int_equal(cpu_get(0, GICC_APR), 1u << 7 | 1u << 8);
	cpu_set(0, GICC_EOIR, 40);
	assert_int_equal(cpu_get(0, GICC_RPR), 0x40);
	assert_int_equal(cpu_get(0, GICC_IAR), 40); /* high still */
	line(40, false);
	cpu_set(0, GICC_EOIR, 40);
	line(41, false);
	cpu_set(0, GICC_EOIR, 41);
	assert_int_equal(cpu_get(0, GICC_HPPIR), 42);
	cpu_set(0, GICC_PMR, 0x50); /* not lower */
	assert_false(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 1023);
	assert_int_equal(cpu_get(0, GICC_HPPIR), 42);
	cpu_set(0, GICC_PMR, 0x58);
	assert_true(irq_pin(0));
	line(42, false);
	cpu_set(0, GICC_PMR, 0xf0);
	assert_false(irq_pin(0)); /* 43 has 0xf0 */
	cpu_set(0, GICC_PMR, 0xf8);
	assert_int_equal(cpu_get(0, GICC_IAR), 43);
	stop();
}

static void test_equal_priorities(void **state)
{
	(void)state;
	start_ready(1);
	for (u32 i = 287; i > 31; i -= 15)
		line(i, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 32); /* 287 - 17 * 15 */
	assert_false(irq_pin(0));                   /* the others do not preempt it */
	cpu_set(0, GICC_EOIR, 32);
	assert_int_equal(cpu_get(0, GICC_IAR), 32);
	stop();
}

/* EOImode 1: the end has two halves. */
static void test_split_end(void **state)
{
	(void)state;
	start_ready(1);
	line(40, true);
	cpu_set(0, GICC_DIR, 40); /* ignored with EOImode 0 */
	cpu_set(0, GICC_CTLR, CTLR_GRP0 | CTLR_EOIMODE);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	cpu_set(0, GICC_EOIR, 40);
	assert_int_equal(cpu_get(0, GICC_RPR), 0xff);
	assert_int_equal(get(0, GICD_ISACTIVER + 4), 1 << 8);
	assert_false(irq_pin(0)); /* high, but active */
	line(41, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 41);
	cpu_set(0, GICC_EOIR, 41);
	cpu_set(0, GICC_DIR, 40);
	assert_true(irq_pin(0));
	assert_int_equal(get(0, GICD_ISACTIVER + 4), 1 << 9);
	cpu_set(0, GICC_DIR, 1019); /* exists nowhere */
	cpu_set(0, GICC_DIR, 41);
	cpu_set(0, GICC_CTLR, CTLR_GRP0);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	cpu_set(0, GICC_DIR, 40);
	assert_int_equal(get(0, GICD_ISACTIVER + 4), 1 << 8);
	stop();
}

static void test_groups(void **state)
{
	(void)state;
	start_ready(1);
	set(0, GICD_IGROUPR + 4, 1 << 8); /* 40: group 1 */
	set_byte(0, GICD_IPRIORITYR + 41, 0x80);
	line(40, true);
	assert_true(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 1022); /* AckCtl is 0 */
	assert_int_equal(cpu_get(0, GICC_HPPIR), 1022);
	assert_int_equal(cpu_get(0, GICC_AHPPIR), 40);
	assert_int_equal(cpu_get(0, GICC_AIAR), 40);
	cpu_set(0, GICC_AEOIR, 40);
	cpu_set(0, GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_ACK);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	line(41, true); /* group 0, preempts */
	assert_int_equal(cpu_get(0, GICC_AIAR), 1023);
	assert_int_equal(cpu_get(0, GICC_AHPPIR), 1023);
	cpu_set(0, GICC_CTLR, CTLR_GRP0 | CTLR_GRP1 | CTLR_FIQ);
	assert_true(fiq_pin(0) && !irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 41);
	assert_false(fiq_pin(0) || irq_pin(0));
	line(41, false);
	cpu_set(0, GICC_EOIR, 41);
	cpu_set(0, GICC_AEOIR, 40);
	assert_true(irq_pin(0) && !fiq_pin(0));
	line(41, true);
	cpu_set(0, GICC_CTLR, CTLR_GRP1); /* group 0 is passed over */
	assert_true(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_AHPPIR), 40);
	set(0, GICD_CTLR, 1); /* the distributor keeps group 1 back */
	assert_false(irq_pin(0));
	assert_int_equal(get(0, GICD_ISPENDR + 4), 3 << 8);
	cpu_set(0, GICC_CTLR, CTLR_GRP0);
	assert_true(irq_pin(0));
	set(0, GICD_CTLR, 2);
	assert_false(irq_pin(0));
	stop();
}

/* Only what differs above the binary point preempts. */
static void test_preemption(void **state)
{
	(void)state;
	start_ready(1);
	cpu_set(0, GICC_BPR, 5);
	set_byte(0, GICD_IPRIORITYR + 40, 0x70);
	line(40, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	assert_int_equal(cpu_get(0, GICC_RPR), 0x40);
	set_byte(0, GICD_IPRIORITYR + 41, 0x48);
	line(41, true);
	assert_false(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 1023);
	set_byte(0, GICD_IPRIORITYR + 41, 0x38);
	assert_true(irq_pin(0));
	assert_int_equal(cpu_get(0, GICC_IAR), 41);
	assert_int_equal(cpu_get(0, GICC_APR), 1 | 1u << 8);
	stop();
}

/* Group 1 preempts by ABPR, or by BPR with CBPR. */
static void test_binary_points(void **state)
{
	(void)state;
	start_ready(1);
	set(0, GICD_IGROUPR + 4, ~0u);
	cpu_set(0, GICC_CTLR, CTLR_GRP1);
	line(40, true);
	assert_int_equal(cpu_get(0, GICC_AIAR), 40);
	set_byte(0, GICD_IPRIORITYR + 41, 0x98);
	line(41, true);
	assert_true(irq_pin(0));
	cpu_set(0, GICC_AEOIR, 40);
	cpu_set(0, GICC_ABPR, 6); /* 0x80 for both */
	line(41, false);
	assert_int_equal(cpu_get(0, GICC_AIAR), 40);
	line(41, true);
	assert_false(irq_pin(0));
	cpu_set(0, GICC_AEOIR, 40);
	cpu_set(0, GICC_CTLR, CTLR_GRP1 | CTLR_CBPR);
	line(41, false);
	assert_int_equal(cpu_get(0, GICC_AIAR), 40);
	assert_int_equal(cpu_get(0, GICC_RPR), 0xa0); /* by BPR */
	line(41, true);
	assert_true(irq_pin(0));
	cpu_set(0, GICC_BPR, 5);
	assert_true(irq_pin(0)); /* 0x80 */
	cpu_set(0, GICC_AEOIR, 40);
	line(41, false);
	assert_int_equal(cpu_get(0, GICC_AIAR), 40);
	line(41, true);
	assert_false(irq_pin(0));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interface_registers),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_equal_priorities),
		cmocka_unit_test(test_split_end),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_preemption),
		cmocka_unit_test(test_binary_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
