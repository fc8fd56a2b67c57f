/* SPDX-License-Identifier: MIT */
/* The GICv2 driver over registers that are memory. */
#include <fake_gic.h>

#include "../../../drivers/irqchip/gicv2.c"

#define NODE "gic { reg = <0 0 0 0>; #interrupt-cells = <3>; interrupts = <1 9 0xf04>; }; };"
#define LINES 96 /* GICD_TYPER says */

static u8 distributor[0x1000] __aligned(4096);
static u8 interface[0x20000] __aligned(4096);
static u8 control[0x2000] __aligned(4096);
static u8 guests[0x20000] __aligned(4096);

static void fill(u64 interface_size)
{
	const struct {
		u8 *base;
		u64 size;
	} regs[] = { { distributor, sizeof(distributor) },
		     { interface, interface_size },
		     { control, sizeof(control) },
		     { guests, interface_size } };

	machine.reg_count = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
		memset(regs[i].base, 0xff, regs[i].size);
		fake_gic_add_reg(regs[i].base, regs[i].size);
	}
	fake_gic_set(distributor, GICD_TYPER, 0xfc00 | (LINES / 32 - 1));
	fake_gic_set(distributor, GICD_ITARGETSR, 0x01010101);
	fake_gic_set(interface, GICC_IIDR, 0x0202143b);
	fake_gic_set(guests, GICC_IIDR, 0x0202143b);
}

static int start(void **state)
{
	(void)state;
	fake_gic_reset(NODE);
	memset(&gic, 0, sizeof(gic));
	host.maintenance = 0;
	host.gich = host.gicv = hpa(0);
	host.gicv_size = 0;
	fill(0x2000);
	return 0;
}

static int probe(void)
{
	struct host_device node = fake_gic_node();

	return gicv2_probe(&node);
}

static void test_probe(void **state)
{
	(void)state;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.controller->irq_count, LINES);
	assert_int_equal(machine.controller->private_end, 32);
	assert_ptr_equal(machine.root, gicv2_interrupt);
	assert_int_equal(machine.vgic_inits, 1);
	assert_int_equal(machine.vgic_cpu_inits, 1);
	assert_int_equal(machine.maintenance_taken, 1);
	assert_int_equal(fake_gic_get(distributor, GICD_CTLR), 1);
	for (u32 intid = 0; intid < LINES; intid += 4)
		assert_int_equal(fake_gic_get(distributor, GICD_IPRIORITYR + intid), 0xa0a0a0a0);
	assert_int_equal(fake_gic_get(distributor, GICD_IPRIORITYR + LINES), 0xffffffff);
	assert_int_equal(fake_gic_get(distributor, GICD_IGROUPR), 0xffffffff); /* firmware's */
	assert_int_equal(fake_gic_get(distributor, GICD_ISENABLER), 1);
	/* Priority drop and deactivation apart; what bypasses the GIC stays. */
	assert_int_equal(fake_gic_get(interface, GICC_CTLR), 0x3e1);
	assert_int_equal(fake_gic_get(interface, GICC_PMR), 0xf0);
	assert_int_equal(fake_gic_get(interface, GICC_APR), 0);
	assert_int_equal(arm64_gic()->version, 2);
	assert_int_equal(arm64_gic()->maintenance, 25);
	assert_ptr_equal(hpa_to_ptr(arm64_gic()->gich), control);
	assert_ptr_equal(hpa_to_ptr(arm64_gic()->gicv), guests);
	assert_int_equal(arm64_gic()->gicv_size, 0x2000);
	assert_int_equal(probe(), -EBUSY);
}

/* Each page is there 16 times: two that follow each other are the last of the first and the first of the second. */
static void test_aliases(void **state)
{
	(void)state;
	fill(0x20000);
	fake_gic_set(interface, 0xf000 + GICC_IIDR, 0x0202143b);
	fake_gic_set(guests, 0xf000 + GICC_IIDR, 0x0202143b);
	assert_int_equal(probe(), 0);
	assert_ptr_equal(gic.gicc, interface + 0xf000);
	assert_int_equal(fake_gic_get(interface, 0xf000 + GICC_PMR), 0xf0);
	assert_ptr_equal(hpa_to_ptr(arm64_gic()->gicv), guests + 0xf000);
	assert_int_equal(arm64_gic()->gicv_size, 0x2000);
}

/* A large region alone says nothing. */
static void test_no_aliases(void **state)
{
	(void)state;
	fill(0x20000);
	assert_int_equal(probe(), 0);
	assert_ptr_equal(gic.gicc, interface);
	assert_ptr_equal(hpa_to_ptr(arm64_gic()->gicv), guests);
}

static void test_incomplete(void **state)
{
	(void)state;
	machine.reg[1].size = 0x1000; /* without GICC_DIR */
	assert_int_equal(probe(), -EINVAL);
	assert_int_equal(machine.errors, 1);
	machine.reg[1].size = 0x2000;
	machine.reg[0].size = 0x800;
	assert_int_equal(probe(), -EINVAL);
	machine.reg[0].size = 0x1000;
	assert_null(arm64_gic());
	machine.reg_count = 1;
	assert_int_equal(probe(), -ENOENT);
	machine.reg_count = 2;
	assert_int_equal(probe(), 0);
	assert_int_equal(arm64_gic()->maintenance, 0);
	assert_int_equal(arm64_gic()->gich.v, 0);
}

/* Guests are given whole pages: nothing else may lie in them. */
static void test_gicv_in_no_page(void **state)
{
	(void)state;
	machine.reg[3].base += 0x800;
	assert_int_equal(probe(), 0);
	assert_int_equal(arm64_gic()->gicv_size, 0);
	start(state);
	machine.reg[3].size = 0x800;
	assert_int_equal(probe(), 0);
	assert_int_equal(arm64_gic()->gicv_size, 0);
	start(state);
	machine.reg[3].size = 0x1000;
	assert_int_equal(probe(), 0);
	assert_int_equal(arm64_gic()->gicv_size, 0x1000);
}

static void test_ipi(void **state)
{
	(void)state;
	assert_int_equal(probe(), 0);
	for (machine.current = 1; machine.current < FAKE_CPUS; machine.current++) {
		/* In any of the bytes that are this CPU's own. */
		fake_gic_set(distributor, GICD_ITARGETSR, 0);
		fake_gic_set(distributor, GICD_ITARGETSR + 4,
			     1u << machine.current << machine.current % 4 * 8);
		gicv2_cpu_init();
	}
	for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++) {
		machine.controller->send_ipi(cpu);
		assert_int_equal(fake_gic_get(distributor, GICD_SGIR), 1u << cpu << 16);
	}
}

static void test_lines(void **state)
{
	const u32 uart[] = { 0, 33, 4 }, edge[] = { 0, 34, 1 }, timer[] = { 1, 10, 0xf08 };
	u32 irq;

	(void)state;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.controller->translate(uart, 3, &irq), 0);
	assert_int_equal(irq, 65);
	fake_gic_set(distributor, GICD_ISENABLER + 8, 0);
	assert_int_equal(machine.controller->enable(irq, 0), 0);
	assert_int_equal(distributor[GICD_ITARGETSR + 65], 1);
	assert_int_equal(fake_gic_get(distributor, GICD_ISENABLER + 8), 2);
	assert_int_equal(fake_gic_get(distributor, GICD_ICFGR + 16), 0xfffffff7); /* level */
	fake_gic_set(distributor, GICD_ICENABLER + 8, 0);
	machine.controller->disable(irq);
	assert_int_equal(fake_gic_get(distributor, GICD_ICENABLER + 8), 2);
	assert_int_equal(machine.controller->translate(edge, 3, &irq), 0);
	assert_int_equal(irq, 66);
	fake_gic_set(distributor, GICD_ICFGR + 16, 0);
	assert_int_equal(machine.controller->enable(irq, 0), 0);
	assert_int_equal(fake_gic_get(distributor, GICD_ICFGR + 16), 0x20);
	assert_int_equal(machine.controller->translate(timer, 3, &irq), 0);
	assert_int_equal(irq, 26);
	assert_int_equal(machine.controller->enable(irq, 0), 0);
	assert_int_equal(machine.controller->enable(LINES, 0), -ERANGE);
	assert_int_equal(machine.controller->enable(40, 3), -ERANGE); /* has not started */
}

static void test_translate(void **state)
{
	static const struct {
		u32 cells[4];
		unsigned count;
		int err;
		u32 irq;
	} cases[] = {
		{ { 0, 0, 4 }, 3, 0, 32 },
		{ { 0, 987, 4 }, 3, 0, 1019 },
		{ { 0, 988, 4 }, 3, -ERANGE, 0 },
		{ { 0, ~0u, 4 }, 3, -ERANGE, 0 },
		{ { 1, 15, 4 }, 3, 0, 31 },
		{ { 1, 16, 4 }, 3, -ERANGE, 0 },
		{ { 2, 0, 4 }, 3, -EINVAL, 0 },
		{ { ~0u, 0, 4 }, 3, -EINVAL, 0 },
		{ { 0, 0 }, 2, -EINVAL, 0 },
		{ { 0, 5, 4, 0 }, 4, 0, 37 },
		{ { 1, 7, 4, 0x10 }, 4, -EINVAL, 0 },
	};
	u32 irq;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(gic_host_translate(cases[i].cells, cases[i].count, &irq),
				 cases[i].err);
		if (!cases[i].err)
			assert_int_equal(irq, cases[i].irq);
	}
}

/* ---- interrupts ---- */

static const u32 *script; /* what GICC_IAR reads, one after the other */

static void next(void)
{
	fake_gic_set(interface, GICC_IAR, *script++);
	fake_gic_set(interface, GICC_EOIR, 0xffff);
	fake_gic_set(interface, GICC_DIR, 0xffff);
}

/* Runs inside of the handler: the priority has dropped, the interrupt is still active. */
static void dispatched(u32 irq)
{
	assert_int_equal(fake_gic_get(interface, GICC_EOIR), irq);
	assert_int_not_equal(fake_gic_get(interface, GICC_DIR), irq);
	next();
}

/* What was acknowledged, with its sender, has been ended in both steps. */
static void called(void)
{
	assert_int_equal(fake_gic_get(interface, GICC_EOIR), script[-1]);
	assert_int_equal(fake_gic_get(interface, GICC_DIR), script[-1]);
	next();
}

static void test_interrupts(void **state)
{
	static const u32 acks[] = { 0xc00, 65, 27, 26, 0x400, 1023 };

	(void)state;
	assert_int_equal(probe(), 0);
	machine.dispatched = dispatched;
	machine.called = called;
	arm64_gic()->forward_ppi(27);
	script = acks;
	next();
	machine.root();
	assert_int_equal(machine.dispatch_count, 3);
	assert_int_equal(machine.ipi_count, 2);
	assert_ptr_equal(script, acks + ARRAY_SIZE(acks));
}

static u32 ended;

static void ends_later(u32 irq)
{
	ended = irq;
	fake_gic_set(interface, GICC_IAR, 1023);
}

static void test_forwarded(void **state)
{
	(void)state;
	assert_int_equal(probe(), 0);
	machine.dispatched = ends_later;
	arm64_gic()->forward_ppi(27);
	for (u32 irq = 26; irq <= 27; irq++) {
		fake_gic_set(interface, GICC_IAR, irq);
		fake_gic_set(interface, GICC_DIR, 0);
		machine.root();
		assert_int_equal(ended, irq);
		assert_int_equal(fake_gic_get(interface, GICC_DIR), irq == 27 ? 0 : irq);
	}
	fake_gic_set(distributor, GICD_ISACTIVER, BIT(27));
	assert_true(arm64_gic()->ppi_is_active(27));
	assert_false(arm64_gic()->ppi_is_active(26));
	arm64_gic()->set_ppi_active(26, true);
	assert_int_equal(fake_gic_get(distributor, GICD_ISACTIVER), BIT(26));
	arm64_gic()->set_ppi_active(27, false);
	assert_int_equal(fake_gic_get(distributor, GICD_ICACTIVER), BIT(27));
}

static void ignored(u32 irq)
{
	(void)irq;
}

/* One that comes again at once does not keep the CPU for ever. */
static void test_bounded(void **state)
{
	(void)state;
	assert_int_equal(probe(), 0);
	machine.dispatched = ignored;
	fake_gic_set(interface, GICC_IAR, 40);
	machine.root();
	assert_int_equal(machine.dispatch_count, CLAIMS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	static const struct CMUnitTest tests[] = {
		TEST(test_probe),      TEST(test_aliases),         TEST(test_no_aliases),
		TEST(test_incomplete), TEST(test_gicv_in_no_page), TEST(test_ipi),
		TEST(test_lines),      TEST(test_translate),       TEST(test_interrupts),
		TEST(test_forwarded),  TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
