/* SPDX-License-Identifier: MIT */
/* The GICv3 driver over registers that are memory. */
#include <fake_gic.h>

#include "../../../drivers/irqchip/gicv3.c"

#define NODE(more)                                                                  \
	"gic { reg = <0 0 0 0>; #interrupt-cells = <3>; interrupts = <1 9 4>;" more \
	" #address-cells = <2>; #size-cells = <2>; ranges;"                         \
	" its { compatible = \"arm,gic-v3-its\"; reg = <0 0 0 0>; }; }; };"
#define LINES 128
#define FRAMES GICR_FRAMES_SIZE

static u8 distributor[0x10000] __aligned(4096);
static u8 redistributors[2][8 * FRAMES] __aligned(4096);

/* The redistributor at @base is that of the CPU with @affinity. */
static u8 *put_redistributor(u8 *base, u32 affinity_, u64 flags)
{
	*(u64 *)(base + GICR_TYPER) = (u64)affinity_ << 32 | flags;
	fake_gic_set(base, GICR_WAKER, GICR_WAKER_SLEEP);
	fake_gic_set(base, GICR_CTLR, 0);
	return base;
}

static void fill(const char *node)
{
	fake_gic_reset(node);
	memset(&gic, 0, sizeof(gic));
	host.maintenance = 0;
	host.has_its = false;
	memset(distributor, 0xff, sizeof(distributor));
	memset(redistributors, 0xff, sizeof(redistributors));
	fake_gic_set(distributor, GICD_TYPER, LINES / 32 - 1);
	fake_gic_set(distributor, GICD_CTLR, 0);
	fake_gic_add_reg(distributor, sizeof(distributor));
	arm64_features.gic_sysregs = true;
}

static int start(void **state)
{
	(void)state;
	fill(NODE(""));
	fake_gic_add_reg(redistributors[0], sizeof(redistributors[0]));
	for (u32 i = 0; i < 8; i++)
		put_redistributor(redistributors[0] + i * FRAMES, i, i == 7 ? GICR_TYPER_LAST : 0);
	return 0;
}

static int probe(void)
{
	struct host_device node = fake_gic_node();

	return gicv3_probe(&node);
}

static u64 *reg(u32 encoding)
{
	return &machine.sysregs[encoding];
}

static void test_probe(void **state)
{
	u8 *own = redistributors[0] + GICR_SGI_FRAME;

	(void)state;
	*reg(SYS_ICC_SRE_EL2) = 0xe;
	*reg(SYS_ICC_CTLR_EL1) = 4 << 8;
	*reg(SYS_ICC_AP1R0_EL1) = *reg(SYS_ICC_AP1R1_EL1) = 5;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.errors, 0);
	assert_int_equal(machine.controller->irq_count, LINES);
	assert_ptr_equal(machine.root, gicv3_interrupt);
	assert_int_equal(machine.vgic_inits, 1);
	assert_int_equal(machine.vgic_cpu_inits, 1);
	assert_int_equal(machine.maintenance_taken, 1);
	assert_int_equal(arm64_gic()->version, 3);
	assert_int_equal(arm64_gic()->maintenance, 25);
	assert_int_equal(arm64_gic()->gicv_size, 0);
	assert_true(arm64_gic()->has_its);
	assert_int_equal(fake_gic_get(distributor, GICD_CTLR), 0x13);
	assert_int_equal(fake_gic_get(distributor, GICD_IGROUPR + 12), 0xffffffff);
	assert_int_equal(fake_gic_get(distributor, GICD_IGRPMODR + 12), 0);
	for (u32 intid = 32; intid < LINES; intid += 4)
		assert_int_equal(fake_gic_get(distributor, GICD_IPRIORITYR + intid), 0xa0a0a0a0);
	assert_int_equal(fake_gic_get(redistributors[0], GICR_WAKER), 0);
	assert_int_equal(fake_gic_get(own, GICD_IPRIORITYR), 0xa0a0a0a0);
	assert_int_equal(fake_gic_get(own, GICD_IGROUPR), 0xffffffff);
	assert_int_equal(fake_gic_get(own, GICD_ISENABLER), 1);
	assert_int_equal(*reg(SYS_ICC_SRE_EL2), 7); /* guests' ICC_SRE_EL1 traps */
	assert_int_equal(*reg(SYS_ICC_CTLR_EL1), 2);
	assert_int_equal(*reg(SYS_ICC_PMR_EL1), 0xf0);
	assert_int_equal(*reg(SYS_ICC_IGRPEN1_EL1), 1);
	assert_int_equal(*reg(SYS_ICC_AP1R0_EL1), 0);
	assert_int_equal(*reg(SYS_ICC_AP1R1_EL1), 5); /* there is none with 5 bits of priority */
	assert_int_equal(probe(), -EBUSY);
}

static void test_no_system_registers(void **state)
{
	(void)state;
	arm64_features.gic_sysregs = false;
	assert_int_equal(probe(), -ENODEV);
	assert_int_equal(machine.errors, 1);
	assert_null(arm64_gic());
}

static void test_incomplete(void **state)
{
	(void)state;
	machine.reg_count = 1;
	assert_int_equal(probe(), -ENOENT);
	machine.reg_count = 2;
	machine.reg[0].size = 0x1000;
	assert_int_equal(probe(), -EINVAL);
	machine.reg[0].size = 0x10000;
	machine.affinity[0] = 0x100;
	assert_int_equal(probe(), -ENODEV);
	fill(NODE("#redistributor-regions = <65>;"));
	assert_int_equal(probe(), -EINVAL);
	fill(NODE("redistributor-stride = <0 0x1000>;"));
	assert_int_equal(probe(), -EINVAL);
	assert_null(arm64_gic());
}

/* Two regions; in the second one, redistributors of version 4, which are twice as large. */
static void test_regions(void **state)
{
	static const struct {
		u64 affinity;
		u32 packed;
		unsigned region;
		u32 at;
		u64 flags;
	} rows[] = {
		{ 0x0000000001, 0x00000001, 0, FRAMES, GICR_TYPER_LAST },
		{ 0x0000000000, 0x00000000, 0, 0, 0 },
		{ 0x0000000100, 0x00000100, 1, 0, GICR_TYPER_VLPIS },
		{ 0x01000000ff, 0x010000ff, 1, 2 * FRAMES, GICR_TYPER_VLPIS },
		{ 0x8000020305, 0x80020305, 1, 4 * FRAMES, GICR_TYPER_LAST },
	};
	unsigned last = ARRAY_SIZE(rows);

	(void)state;
	fill(NODE("#redistributor-regions = <2>;"));
	for (unsigned i = 0; i < 2; i++)
		fake_gic_add_reg(redistributors[i], sizeof(redistributors[i]));
	for (unsigned i = 0; i < last; i++) {
		machine.affinity[i] = rows[i].affinity;
		put_redistributor(redistributors[rows[i].region] + rows[i].at, rows[i].packed,
				  rows[i].flags);
	}
	/* Behind the last one of its region. */
	machine.affinity[last] = 0x7;
	put_redistributor(redistributors[0] + 2 * FRAMES, 0x7, 0);
	*reg(SYS_ICC_CTLR_EL1) = CTLR_RSS;
	assert_int_equal(probe(), 0);
	for (unsigned i = 0; i < last; i++) {
		machine.current = i;
		gicv3_cpu_init();
		assert_ptr_equal(gic.redist[i], redistributors[rows[i].region] + rows[i].at);
	}
	assert_int_equal(machine.errors, 0);
	machine.current = last;
	if (!setjmp(machine.idle)) {
		gicv3_cpu_init();
		fail();
	}
	assert_int_equal(machine.errors, 1);
}

/* What the tree says of the distance between redistributors goes before what they say. */
static void test_stride(void **state)
{
	(void)state;
	fill(NODE("redistributor-stride = <0 0x60000>;"));
	fake_gic_add_reg(redistributors[0], sizeof(redistributors[0]));
	put_redistributor(redistributors[0], 0, 0);
	put_redistributor(redistributors[0] + 3 * FRAMES, 1, GICR_TYPER_LAST);
	assert_int_equal(probe(), 0);
	machine.current = 1;
	gicv3_cpu_init();
	assert_ptr_equal(gic.redist[1], redistributors[0] + 3 * FRAMES);
}

/* Does ICC_SGI1R_EL1 = @value interrupt a CPU (12.2.26)? */
static bool is_target(u64 value, u64 mpidr)
{
	return !(value >> 40 & 1) && (value >> 48 & 0xff) == (mpidr >> 32 & 0xff) &&
	       (value >> 32 & 0xff) == (mpidr >> 16 & 0xff) &&
	       (value >> 16 & 0xff) == (mpidr >> 8 & 0xff) &&
	       (value >> 44 & 15) == (mpidr >> 4 & 15) && (value >> (mpidr & 15) & 1);
}

static void test_ipi(void **state)
{
	static const u64 affinities[FAKE_CPUS] = {
		0x0, 0x1, 0x100, 0x10000, 0x100000000, 0x10, 0xff000000ff, 0x010203000f,
	};

	(void)state;
	memcpy(machine.affinity, affinities, sizeof(affinities));
	*reg(SYS_ICC_CTLR_EL1) = CTLR_RSS;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.errors, 0);
	for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++) {
		machine.controller->send_ipi(cpu);
		assert_int_equal(*reg(SYS_ICC_SGI1R_EL1) >> 24 & 15, 0);
		for (unsigned other = 0; other < FAKE_CPUS; other++)
			assert_int_equal(
				is_target(*reg(SYS_ICC_SGI1R_EL1), machine.affinity[other]),
				other == cpu);
	}
}

static void test_ipi_out_of_range(void **state)
{
	(void)state;
	machine.affinity[3] = 16;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.errors, 1);
}

static void test_lines(void **state)
{
	const u32 edge[] = { 0, 34, 1 };
	u8 *own = redistributors[0] + 2 * FRAMES + GICR_SGI_FRAME;
	u32 irq;

	(void)state;
	machine.affinity[1] = 0x8100020304;
	assert_int_equal(probe(), 0);
	assert_int_equal(machine.controller->translate(edge, 3, &irq), 0);
	fake_gic_set(distributor, GICD_ICFGR + 16, 0);
	assert_int_equal(machine.controller->enable(irq, 1), 0);
	assert_true(*(u64 *)(distributor + GICD_IROUTER + 8 * 66) == 0x8100020304);
	assert_int_equal(fake_gic_get(distributor, GICD_ISENABLER + 8), 4);
	assert_int_equal(fake_gic_get(distributor, GICD_ICFGR + 16), 0x20);
	machine.controller->disable(irq);
	assert_int_equal(fake_gic_get(distributor, GICD_ICENABLER + 8), 4);
	machine.current = 2;
	assert_int_equal(machine.controller->enable(26, 2), -ENODEV);
	gicv3_cpu_init();
	assert_int_equal(machine.controller->enable(26, 2), 0);
	assert_int_equal(fake_gic_get(own, GICD_ISENABLER), BIT(26));
	machine.controller->disable(26);
	assert_int_equal(fake_gic_get(own, GICD_ICENABLER), BIT(26));
	assert_int_equal(machine.controller->enable(LINES, 0), -ERANGE);
	fake_gic_set(own, GICD_ISACTIVER, BIT(27));
	assert_true(arm64_gic()->ppi_is_active(27));
	arm64_gic()->set_ppi_active(26, true);
	assert_int_equal(fake_gic_get(own, GICD_ISACTIVER), BIT(26));
	arm64_gic()->set_ppi_active(27, false);
	assert_int_equal(fake_gic_get(own, GICD_ICACTIVER), BIT(27));
}

/* A write that never ends is said, and does not take us with it. */
static void test_hang(void **state)
{
	(void)state;
	assert_int_equal(probe(), 0);
	fake_gic_set(redistributors[0], GICR_CTLR, GICR_CTLR_RWP);
	machine.controller->disable(20);
	assert_int_equal(machine.errors, 1);
}

static void test_gicv(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		fake_gic_add_reg(redistributors[1] + i * 0x2000, 0x2000);
	assert_int_equal(probe(), 0);
	assert_ptr_equal(hpa_to_ptr(arm64_gic()->gicv), redistributors[1] + 0x4000);
	assert_int_equal(arm64_gic()->gicv_size, 0x2000);
}

/* ---- interrupts ---- */

static const u32 *script; /* what ICC_IAR1_EL1 reads, one after the other */

static void next(void)
{
	*reg(SYS_ICC_IAR1_EL1) = *script++;
}

/* Runs inside of the handler: the priority has dropped, the interrupt is still active. */
static void dispatched(u32 irq)
{
	assert_int_equal(*reg(SYS_ICC_EOIR1_EL1), irq);
	assert_int_not_equal(*reg(SYS_ICC_DIR_EL1), irq);
	next();
}

static void called(void)
{
	assert_int_equal(*reg(SYS_ICC_EOIR1_EL1), 0);
	assert_int_equal(*reg(SYS_ICC_DIR_EL1), 0);
	next();
}

static void test_interrupts(void **state)
{
	static const u32 acks[] = { 0, 65, 27, 0, 26, 1023 };

	(void)state;
	assert_int_equal(probe(), 0);
	machine.dispatched = dispatched;
	machine.called = called;
	script = acks;
	next();
	machine.root();
	assert_int_equal(machine.dispatch_count, 3);
	assert_int_equal(machine.ipi_count, 2);
	assert_ptr_equal(script, acks + ARRAY_SIZE(acks));
	assert_int_equal(*reg(SYS_ICC_DIR_EL1), 26);
}

static void test_forwarded(void **state)
{
	static const u32 acks[] = { 26, 27, 1023 };

	(void)state;
	assert_int_equal(probe(), 0);
	machine.dispatched = dispatched;
	arm64_gic()->forward_ppi(27);
	script = acks;
	next();
	machine.root();
	assert_int_equal(machine.dispatch_count, 2);
	assert_int_equal(*reg(SYS_ICC_EOIR1_EL1), 27);
	assert_int_equal(*reg(SYS_ICC_DIR_EL1), 26);
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
	*reg(SYS_ICC_IAR1_EL1) = 40;
	machine.root();
	assert_int_equal(machine.dispatch_count, CLAIMS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	static const struct CMUnitTest tests[] = {
		TEST(test_probe),
		TEST(test_no_system_registers),
		TEST(test_incomplete),
		TEST(test_regions),
		TEST(test_stride),
		TEST(test_ipi),
		TEST(test_ipi_out_of_range),
		TEST(test_lines),
		TEST(test_hang),
		TEST(test_gicv),
		TEST(test_interrupts),
		TEST(test_forwarded),
		TEST(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
