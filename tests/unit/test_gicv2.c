/* SPDX-License-Identifier: MIT */
/* Virtual GICv2: distributor registers, SGIs, routing, what can be wrong with its node. */
#include <test.h>

#include <core/errno.h>
#include <gicv2_sim.h>

/* ---- the distributor ---- */

static void test_identity(void **state)
{
	static const u32 ids[] = { 4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 5, 0xb1 };

	(void)state;
	start(CPUS);
	assert_int_equal(get(0, GICD_TYPER), (LINES / 32 - 1) | (CPUS - 1) << 5);
	assert_int_equal(get(0, GICD_IIDR) & 0xfff, 0x43b);
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(get(0, 0xfd0 + 4 * i), ids[i]);
	assert_int_equal(get(0, GICD_V2_ICPIDR2) >> 4, 2);
	set(0, GICD_TYPER, ~0u);
	set(0, GICD_IIDR, 0);
	assert_int_equal(get(0, GICD_TYPER), (LINES / 32 - 1) | (CPUS - 1) << 5);
	for (unsigned value = 0; value < 4; value++) {
		set(0, GICD_CTLR, ~3u | value);
		assert_int_equal(get(1, GICD_CTLR), value);
	}
	stop();
}

/* Registers of one bit that are set and cleared by writing ones. */
static void test_bits(void **state)
{
	static const struct {
		u32 set, clear;
		u32 fixed[2]; /* ones, zeros among interrupts 0 to 31 */
	} rows[] = {
		{ GICD_ISENABLER, GICD_ICENABLER, { 0xffff, 0 } },
		{ GICD_ISPENDR, GICD_ICPENDR, { 0, 0xffff } },
		{ GICD_ISACTIVER, GICD_ICACTIVER, { 0, 0 } },
	};

	(void)state;
	start(CPUS);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (u32 word = 0; word < 32; word++) {
			u64 at = rows[i].set + 4 * word, clear = rows[i].clear + 4 * word;
			u32 there = word < LINES / 32 ? ~0u : 0;
			u32 ones = word ? 0 : rows[i].fixed[0], zeros = word ? 0 : rows[i].fixed[1];

			assert_int_equal(get(1, at), ones);
			set(1, at, 0x5a5a5a5a);
			assert_int_equal(get(1, at), ((0x5a5a5a5a & ~zeros) | ones) & there);
			assert_int_equal(get(1, clear), get(1, at));
			assert_int_equal(get(0, at), word ? get(1, at) : ones);
			set(1, clear, 0x12345678);
			assert_int_equal(get(1, at),
					 ((0x5a5a5a5a & ~0x12345678 & ~zeros) | ones) & there);
			set(1, clear, ~0u);
			assert_int_equal(get(1, at), ones);
		}
	stop();
}

static void test_plain_registers(void **state)
{
	(void)state;
	start(CPUS);
	for (u32 word = 0; word < 32; word++) {
		set(1, GICD_IGROUPR + 4 * word, 0xa5a5a5a5);
		assert_int_equal(get(1, GICD_IGROUPR + 4 * word),
				 word < LINES / 32 ? 0xa5a5a5a5 : 0);
		assert_int_equal(get(0, GICD_IGROUPR + 4 * word),
				 word && word < LINES / 32 ? 0xa5a5a5a5 : 0);
	}
	for (u32 i = 0; i < 1020; i += 4) {
		set(1, GICD_IPRIORITYR + i, 0xff08a7f3);
		assert_int_equal(get(1, GICD_IPRIORITYR + i), i < LINES ? 0xf808a0f0 : 0);
		assert_int_equal(get(0, GICD_IPRIORITYR + i),
				 i >= 32 && i < LINES ? 0xf808a0f0 : 0);
	}
	for (u32 i = 0; i < 1020; i += 16) {
		set(1, GICD_ICFGR + i / 4, 0xffffffff);
		assert_int_equal(get(1, GICD_ICFGR + i / 4), i < 32    ? (i ? 0 : 0xaaaaaaaa) :
							     i < LINES ? 0xaaaaaaaa :
									 0);
		set(1, GICD_ICFGR + i / 4, 0x55555555);
		assert_int_equal(get(1, GICD_ICFGR + i / 4), i ? 0 : 0xaaaaaaaa);
	}
	stop();
}

static void test_targets(void **state)
{
	(void)state;
	start(CPUS);
	for (unsigned vcpu = 0; vcpu < CPUS; vcpu++)
		for (u32 i = 0; i < 32; i += 4) {
			set(vcpu, GICD_ITARGETSR + i, 0x04040404);
			assert_int_equal(get(vcpu, GICD_ITARGETSR + i), 0x01010101u << vcpu);
		}
	for (u32 i = 32; i < 1020; i += 4) {
		assert_int_equal(get(0, GICD_ITARGETSR + i), 0);
		set(0, GICD_ITARGETSR + i, 0xff010602);
		assert_int_equal(get(0, GICD_ITARGETSR + i), i < LINES ? 0x07010602 : 0);
	}
	stop();
	start(1); /* there is no choice */
	set(0, GICD_ITARGETSR + 32, 0xffffffff);
	assert_int_equal(get(0, GICD_ITARGETSR + 32), 0);
	assert_int_equal(get(0, GICD_ITARGETSR), 0);
	stop();
}

/* Sizes that a register does not have do nothing; misaligned accesses fault. */
static void test_widths(void **state)
{
	u64 value;

	(void)state;
	start(CPUS);
	set(0, GICD_IPRIORITYR + 40, 0x80604020);
	assert_int_equal(gic_sim_read(0, GICD + GICD_IPRIORITYR + 41, 1), 0x40);
	assert_int_equal(gic_sim_read(0, GICD + GICD_IPRIORITYR + 42, 2), 0x8060);
	set_byte(0, GICD_IPRIORITYR + 43, 0xf8);
	gic_sim_write(0, GICD + GICD_IPRIORITYR + 40, 2, 0x1008);
	assert_int_equal(get(0, GICD_IPRIORITYR + 40), 0xf8601008);
	set_byte(0, GICD_ITARGETSR + 50, 2);
	assert_int_equal(get(0, GICD_ITARGETSR + 48), 0x00020000);
	set(0, GICD_ISENABLER + 4, 0xff);
	assert_int_equal(gic_sim_read(0, GICD + GICD_ISENABLER + 4, 1), 0);
	assert_int_equal(gic_sim_read(0, GICD + GICD_ISENABLER + 4, 2), 0);
	assert_int_equal(gic_sim_read(0, GICD + GICD_ISENABLER, 8), 0);
	gic_sim_write(0, GICD + GICD_ICENABLER + 4, 1, 0xff);
	gic_sim_write(0, GICD + GICD_ICENABLER, 8, ~0ull);
	gic_sim_write(0, GICD + GICD_IPRIORITYR + 40, 8, 0);
	assert_int_equal(get(0, GICD_ISENABLER + 4), 0xff);
	assert_int_equal(get(0, GICD_IPRIORITYR + 40), 0xf8601008);
	assert_int_equal(bus_read(&GIC_SIM_VM.vm.mmio, GICD + 2, 4, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&GIC_SIM_VM.vm.mmio, GICC + 2, 2, &value, NULL), -EFAULT);
	assert_int_equal(bus_write(&GIC_SIM_VM.vm.mmio, GICC + 4, 1, 0, NULL), -EFAULT);
	for (u64 offset = 0x10; offset < 0x80; offset += 4) {
		set(0, offset, ~0u);
		assert_int_equal(get(0, offset), 0);
	}
	for (u64 offset = 0xd00; offset < 0xf10; offset += 4)
		assert_int_equal(get(0, offset), 0);
	for (u64 offset = 0x1000; offset < 0x10000; offset += 0x404) {
		set(0, offset, ~0u);
		assert_int_equal(get(0, offset), 0);
	}
	stop();
}

/* ---- SGIs ---- */

static void send(unsigned from, u32 filter, u32 list, u32 n)
{
	set(from, GICD_SGIR, filter << 24 | list << 16 | n);
}

static void test_sgis(void **state)
{
	(void)state;
	start_ready(CPUS);
	for (unsigned vcpu = 0; vcpu < CPUS; vcpu++) {
		send(vcpu, 0, 0xfe, 3); /* to 1, 2 and some that are not there */
		assert_false(irq_pin(0));
		assert_true(irq_pin(1) && irq_pin(2));
		for (unsigned to = 1; to < CPUS; to++) {
			assert_int_equal(cpu_get(to, GICC_HPPIR), 3 | vcpu << 10);
			assert_int_equal(cpu_get(to, GICC_IAR), 3 | vcpu << 10);
			cpu_set(to, GICC_EOIR, 3 | vcpu << 10);
			assert_false(irq_pin(to));
		}
	}
	send(1, 1, 0xff, 15); /* all others */
	assert_true(irq_pin(0) && !irq_pin(1) && irq_pin(2));
	assert_int_equal(cpu_get(0, GICC_IAR), 15 | 1 << 10);
	assert_int_equal(cpu_get(2, GICC_IAR), 15 | 1 << 10);
	send(1, 2, 0, 0); /* itself */
	assert_int_equal(cpu_get(1, GICC_IAR), 0 | 1 << 10);
	send(1, 3, 0xff, 1); /* reserved */
	assert_false(irq_pin(0) || irq_pin(1) || irq_pin(2));
	assert_int_equal(get(0, GICD_SGIR), 0);
	stop();
}

/* Each sender's is one interrupt. */
static void test_sgi_sources(void **state)
{
	(void)state;
	start_ready(CPUS);
	send(2, 0, 1, 5);
	send(0, 0, 1, 5);
	send(2, 0, 1, 5);
	assert_int_equal(gic_sim_read(0, GICD + GICD_SPENDSGIR + 5, 1), 5);
	assert_int_equal(gic_sim_read(1, GICD + GICD_SPENDSGIR + 5, 1), 0);
	assert_int_equal(get(0, GICD_CPENDSGIR + 4), 5 << 8);
	assert_int_equal(get(0, GICD_ISPENDR), 1 << 5);
	assert_int_equal(cpu_get(0, GICC_IAR), 5);
	send(0, 0, 1, 5);
	cpu_set(0, GICC_EOIR, 5);
	assert_int_equal(cpu_get(0, GICC_IAR), 5);
	cpu_set(0, GICC_EOIR, 5);
	assert_int_equal(cpu_get(0, GICC_IAR), 5 | 2 << 10);
	cpu_set(0, GICC_EOIR, 5 | 2 << 10);
	assert_int_equal(cpu_get(0, GICC_IAR), 1023);
	gic_sim_write(0, GICD + GICD_SPENDSGIR + 4, 4, 0xff070000);
	assert_int_equal(get(0, GICD_SPENDSGIR + 4), 0x07070000);
	gic_sim_write(0, GICD + GICD_CPENDSGIR + 6, 1, 5);
	gic_sim_write(0, GICD + GICD_CPENDSGIR + 7, 1, 0xff);
	assert_int_equal(get(0, GICD_SPENDSGIR + 4), 0x00020000);
	set(0, GICD_ICPENDR, ~0u); /* not for SGIs */
	assert_int_equal(cpu_get(0, GICC_IAR), 6 | 1 << 10);
	assert_int_equal(get(0, GICD_ISPENDR), 0);
	stop();
}

/* ---- routing, PPIs, ends ---- */

static void test_routing(void **state)
{
	(void)state;
	start_ready(CPUS);
	line(40, true);
	assert_true(irq_pin(0));
	set_byte(0, GICD_ITARGETSR + 40, 4);
	assert_true(!irq_pin(0) && irq_pin(2));
	set_byte(0, GICD_ITARGETSR + 40, 0);
	assert_false(irq_pin(0) || irq_pin(1) || irq_pin(2));
	assert_int_equal(get(0, GICD_ISPENDR + 4), 1 << 8);
	/* Of several it goes to one, who is switched on. */
	GIC_SIM_VM.vcpus[1].power = VCPU_OFF;
	set_byte(0, GICD_ITARGETSR + 40, 6);
	assert_true(!irq_pin(0) && !irq_pin(1) && irq_pin(2));
	line(40, false);
	GIC_SIM_VM.vcpus[1].power = VCPU_ON;
	GIC_SIM_VM.vcpus[2].power = VCPU_OFF;
	line(40, true);
	assert_true(!irq_pin(0) && irq_pin(1) && !irq_pin(2));
	line(40, false);
	GIC_SIM_VM.vcpus[1].power = VCPU_OFF;
	line(40, true); /* all are off: it waits with one of them */
	assert_int_equal(irq_pin(1) + irq_pin(2), 1);
	assert_false(irq_pin(0));
	stop();
}

static void test_ppis(void **state)
{
	(void)state;
	start_ready(CPUS);
	for (unsigned vcpu = 0; vcpu < CPUS; vcpu++)
		set(vcpu, GICD_ISENABLER, 1u << 27 | 1u << 30);
	gic_set_ppi(sim.gic, 1, 30, true);
	assert_true(!irq_pin(0) && irq_pin(1) && !irq_pin(2));
	assert_int_equal(cpu_get(0, GICC_IAR), 1023);
	assert_int_equal(cpu_get(1, GICC_IAR), 30);
	gic_set_ppi(sim.gic, 1, 30, false);
	cpu_set(1, GICC_EOIR, 30);
	assert_false(irq_pin(1));
	/* The host's: it stays active there until the guest's end. */
	gic_forward_ppi(sim.gic, 27, 26);
	sim.cpu[2].host_active = 1u << 26;
	gic_set_ppi(sim.gic, 2, 27, true);
	assert_int_equal(cpu_get(2, GICC_IAR), 27);
	assert_int_equal(sim.cpu[2].host_active, 1u << 26);
	cpu_set(2, GICC_EOIR, 27);
	assert_int_equal(sim.cpu[2].host_active, 0);
	assert_false(irq_pin(2)); /* one rise, one interrupt */
	sim.cpu[2].host_active = 1u << 26;
	gic_set_ppi(sim.gic, 2, 27, true);
	set(2, GICD_ICPENDR, 1u << 27);
	assert_int_equal(sim.cpu[2].host_active, 0);
	assert_false(irq_pin(2));
	stop();
}

static struct {
	unsigned calls;
	bool lower;
} listener;

static void heard(void *ctx, u32 irq)
{
	assert_ptr_equal(ctx, &listener);
	assert_int_equal(irq, 40);
	assert_int_equal(this_cpu()->lock_depth, 0);
	assert_false(irq_pin(0)); /* not before the listener had its say */
	listener.calls++;
	if (listener.lower)
		line(40, false);
}

static void test_listener(void **state)
{
	struct virq_line wire = { .chip = NULL, .irq = 40 };

	(void)state;
	start_ready(1);
	memset(&listener, 0, sizeof(listener));
	wire.chip = gic_sim_chip();
	assert_int_equal(virq_listen_eoi(&wire, heard, &listener), 0);
	line(41, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 41);
	line(41, false);
	cpu_set(0, GICC_EOIR, 41);
	assert_int_equal(listener.calls, 0);
	line(40, true);
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	cpu_set(0, GICC_EOIR, 40);
	assert_int_equal(listener.calls, 1);
	assert_true(irq_pin(0)); /* it was not lowered */
	listener.lower = true;
	assert_int_equal(cpu_get(0, GICC_IAR), 40);
	cpu_set(0, GICC_EOIR, 40);
	assert_int_equal(listener.calls, 2);
	assert_false(irq_pin(0));
	cpu_set(0, GICC_EOIR, 40); /* it has ended already */
	assert_int_equal(listener.calls, 2);
	stop();
}

/* ICENABLER, ISACTIVER, reset: what they take away and what not. */
static void test_states(void **state)
{
	(void)state;
	start_ready(2);
	line(40, true);
	set(0, GICD_ICENABLER + 4, 1 << 8);
	assert_false(irq_pin(0));
	set(0, GICD_ISENABLER + 4, 1 << 8);
	set(0, GICD_ISACTIVER + 4, 1 << 8);
	assert_false(irq_pin(0));
	set(0, GICD_ICACTIVER + 4, 1 << 8);
	assert_true(irq_pin(0));
	send(0, 0, 2, 1);
	assert_int_equal(cpu_get(1, GICC_IAR), 1);
	vdev_reset_all(&GIC_SIM_VM.vm);
	assert_false(irq_pin(0) || irq_pin(1));
	assert_int_equal(get(0, GICD_CTLR) | get(0, GICD_ISENABLER + 4), 0);
	assert_int_equal(get(1, GICD_ISACTIVER) | get(0, GICD_IPRIORITYR + 40), 0);
	assert_int_equal(cpu_get(1, GICC_CTLR), 0);
	assert_int_equal(get(0, GICD_ISPENDR + 4), 1 << 8); /* the wire is as it was */
	set(0, GICD_ISENABLER + 4, 1 << 8);
	set_byte(0, GICD_ITARGETSR + 40, 2);
	set(0, GICD_CTLR, 1);
	cpu_set(1, GICC_PMR, 0xff);
	assert_false(irq_pin(1));
	cpu_set(1, GICC_CTLR, 1);
	assert_true(irq_pin(1));
	stop();
}

/* ---- lines of the tree ---- */

static void test_translate(void **state)
{
	struct virq_chip *chip;
	enum virq_trigger trigger;
	u32 irq;

	(void)state;
	start(1);
	chip = gic_sim_chip();
	assert_int_equal(chip->irq_count, LINES);
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 0, 8, 4 }, 3, &irq, &trigger), 0);
	assert_true(irq == 40 && trigger == VIRQ_LEVEL);
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 0, 255, 1 }, 3, &irq, &trigger), 0);
	assert_true(irq == 287 && trigger == VIRQ_EDGE);
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 0, 256, 1 }, 3, &irq, &trigger),
			 -ERANGE);
	assert_non_null(strstr(fake_output, "no shared interrupt 256; it has 0 to 255"));
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 0, ~0u, 1 }, 3, &irq, &trigger),
			 -ERANGE);
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 1, 11, 4 }, 3, &irq, &trigger),
			 -EINVAL);
	assert_non_null(strstr(fake_output, "<1 11 4> is no shared interrupt; those of devices "
					    "have type 0"));
	assert_int_equal(chip->ops->translate(chip, (u32[]){ 0, 8 }, 2, &irq, &trigger), -EINVAL);
	/* What the tree says is the configuration after reset. */
	chip->ops->configure(chip, 40, VIRQ_EDGE);
	assert_int_equal(get(0, GICD_ICFGR + 8), 2 << 16);
	set(0, GICD_ICFGR + 8, 0);
	vdev_reset_all(&GIC_SIM_VM.vm);
	assert_int_equal(get(0, GICD_ICFGR + 8), 2 << 16);
	chip->ops->configure(chip, 40, VIRQ_LEVEL);
	assert_int_equal(get(0, GICD_ICFGR + 8), 0);
	stop();
}

/* ---- nodes ---- */

static void begin_node(unsigned vcpus, u32 cells)
{
	gic_sim_begin(vcpus, "arm,cortex-a15-gic", cells);
}

static void must_fail(int err, const char *message)
{
	fake_node_end(&GIC_SIM_VM);
	assert_int_equal(fake_vm_create(&GIC_SIM_VM), err);
	if (!strstr(fake_output, message))
		fail_msg("not \"%s\" but: %s", message, fake_output);
	assert_null(sim.gic);
	stop();
}

static void test_bad_nodes(void **state)
{
	(void)state;
	gic_sim_host(0, 0);
	begin_node(1, 1);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICC, 0, 0x2000);
	must_fail(-EINVAL, "#interrupt-cells is 1; it has to be 3");
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0xfff, 0, GICC, 0, 0x2000);
	must_fail(-EINVAL, "it needs 0x1000");
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICC, 0, 0x1000);
	must_fail(-EINVAL, "it needs 0x2000");
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000);
	must_fail(-EINVAL, "has no reg entry 1");
	begin_node(1, 3);
	must_fail(-EINVAL, "has no reg entry 0");
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICD, 0, 0x2000);
	must_fail(-EEXIST, "overlap");
	begin_node(8, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICC, 0, 0x2000);
	GIC_SIM_VM.vm.vcpu_count = 9;
	must_fail(-EINVAL,
		  "version 2 has room for 8 vCPUs, and the VM has 9; lower verdigris,count");
}

/* Hardware lends the CPU interface. */
static void test_hardware(void **state)
{
	u64 value;

	(void)state;
	gic_sim_host(2, 4);
	gic_sim_make(2, 2);
	assert_true(gic_uses_lrs(sim.gic));
	assert_int_equal(sim.mapped_at.v, GICC);
	assert_int_equal(sim.mapped_size, 0x10000);
	assert_int_equal(bus_read(&GIC_SIM_VM.vm.mmio, GICC, 4, &value, NULL), -ENODEV);
	fake_vm_destroy(&GIC_SIM_VM);
	assert_null(sim.gic);

	gic_sim_host(2, 4);
	sim.map_result = -EEXIST;
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICC, 0, 0x2000);
	must_fail(-EEXIST, "");
	gic_sim_host(2, 4);
	begin_node(1, 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICC, 0, 0x1000);
	must_fail(-EINVAL, "reg entry 1 is missing or too small; the CPU interface needs 0x2000");
	/* A host with list registers for version 3 only. */
	gic_sim_host(3, 4);
	gic_sim_make(1, 2);
	assert_false(gic_uses_lrs(sim.gic));
	fake_vm_destroy(&GIC_SIM_VM);
}

/* SGIs in list registers: sender, one sender after the other. */
static void test_sgi_list_registers(void **state)
{
	(void)state;
	gic_sim_host(2, 4);
	gic_sim_make(CPUS, 2);
	set(0, GICD_CTLR, 1);
	gic_sim_load(0);
	send(1, 0, 1, 5);
	send(2, 0, 1, 5);
	assert_true(gic_sim_settle_cpu(0));
	assert_int_equal(sim.cpu[0].lr[0],
			 GIC_LR_PENDING | GIC_LR_EOI | 1ull << GIC_LR_SOURCE_SHIFT | 5);
	assert_int_equal(gic_sim_read(0, GICD + GICD_SPENDSGIR + 5, 1), 6);
	assert_int_equal(gic_sim_intid(gic_sim_ack(0)), 5);
	assert_int_equal(gic_sim_read(0, GICD + GICD_SPENDSGIR + 5, 1), 4);
	gic_sim_drop(0);
	gic_sim_deactivate(0, 5);
	assert_true(gic_sim_settle_cpu(0));
	assert_int_equal(sim.cpu[0].lr[0], GIC_LR_PENDING | 2ull << GIC_LR_SOURCE_SHIFT | 5);
	gic_sim_write(0, GICD + GICD_CPENDSGIR + 5, 1, 4); /* taken back */
	assert_true(gic_sim_settle_cpu(0));
	assert_int_equal(gic_sim_best(0), -1);
	assert_int_equal(gic_sim_read(0, GICD + GICD_SPENDSGIR + 5, 1), 0);
	stop();
}

static char described[2048];

static void print(void *ctx, const char *fmt, ...)
{
	va_list args;
	size_t used = strlen(described);

	assert_null(ctx);
	va_start(args, fmt);
	vsnprintf(described + used, sizeof(described) - used, fmt, args);
	va_end(args);
}

static void test_describe(void **state)
{
	struct vdev *dev;

	(void)state;
	start_ready(2);
	line(40, true);
	set(0, GICD_ICENABLER + 4, 1 << 9);
	set(0, GICD_ISPENDR + 4, 1 << 9);
	send(0, 2, 0, 3);
	assert_int_equal(cpu_get(0, GICC_IAR), 3);
	dev = fake_vdev(&GIC_SIM_VM, GIC_NODE);
	described[0] = 0;
	dev->emulator->describe(dev, print, NULL);
	assert_string_equal(described, "version 2, 2 vCPUs, 256 SPIs, CPU interface emulated\n"
				       "interrupt 3 of vCPU 0: priority 0x00, active\n"
				       "interrupt 40: priority 0xa0, line high, pending\n"
				       "interrupt 41: priority 0xa0, disabled, pending\n");
	stop();

	gic_sim_host(2, 4);
	gic_sim_make(1, 2);
	set(0, GICD_CTLR, 1);
	gic_sim_load(0);
	send(0, 2, 0, 3);
	assert_true(gic_sim_settle());
	dev = fake_vdev(&GIC_SIM_VM, GIC_NODE);
	described[0] = 0;
	dev->emulator->describe(dev, print, NULL);
	assert_string_equal(described,
			    "version 2, 1 vCPUs, 256 SPIs, CPU interface of the host with 4 "
			    "list registers\n"
			    "interrupt 3 of vCPU 0: priority 0x00, in list register 0 of "
			    "vCPU 0\n");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_plain_registers),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_sgis),
		cmocka_unit_test(test_sgi_sources),
		cmocka_unit_test(test_routing),
		cmocka_unit_test(test_ppis),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_translate),
		cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_hardware),
		cmocka_unit_test(test_sgi_list_registers),
		cmocka_unit_test(test_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
