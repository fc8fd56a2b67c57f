/* SPDX-License-Identifier: MIT */
/* Virtual GICv3: registers, routing, SGIs, what can be wrong with its node, the template. */
#include <test.h>

#include <core/errno.h>
#include <gicv3_sim.h>
#include <libfdt.h>

/* ---- registers ---- */

static void test_identity(void **state)
{
	static const u32 ids[] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 5, 0xb1 };

	(void)state;
	start(LRS);
	assert_int_equal(get(GICD_TYPER), (LINES / 32 - 1) | 9 << 19);
	assert_int_equal(get(GICD_IIDR) & 0xfff, 0x43b);
	assert_int_equal(get(GICD_TYPER2), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(get(0xffd0 + 4 * i), ids[i]);
	for (u32 value = 0; value < 4; value++) {
		set(GICD_CTLR, ~3u | value);
		assert_int_equal(get(GICD_CTLR), value | GICD_CTLR_ARE | GICD_CTLR_DS);
	}
	assert_int_equal(get(GICD_SGIR) | get(GICD_SPENDSGIR), 0);
	stop();
}

static void test_redistributors(void **state)
{
	(void)state;
	start(LRS);
	for (unsigned i = 0; i < CPUS; i++) {
		u64 base = GICR + i * (u64)GICR_FRAMES_SIZE, typer = (u64)i << 32 | i << 8;

		typer |= i == CPUS - 1 ? GICR_TYPER_LAST : 0;
		assert_int_equal(gic_sim_read(0, base + GICR_TYPER, 8), typer);
		assert_int_equal(gic_sim_read(0, base + GICR_TYPER, 4), typer & 0xffffffff);
		assert_int_equal(gic_sim_read(0, base + GICR_TYPER + 4, 4), typer >> 32);
		assert_int_equal(gic_sim_read(0, base + GICR_IIDR, 4) & 0xfff, 0x43b);
		assert_int_equal(gic_sim_read(0, base + GICR_PIDR2, 4), 0x3b);
		assert_int_equal(gic_sim_read(0, base + GICR_WAKER, 4), 0);
		gic_sim_write(0, base + GICR_WAKER, 4, ~0u);
		assert_int_equal(gic_sim_read(0, base + GICR_WAKER, 4),
				 GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP);
		gic_sim_write(0, base + GICR_WAKER, 4, 0);
		assert_int_equal(gic_sim_read(0, base + GICR_WAKER, 4), 0);
		for (u64 offset = 0; offset < 0x10000; offset += 4) {
			if (offset == GICR_TYPER || offset == GICR_TYPER + 4 ||
			    offset == GICR_IIDR || offset >= 0xffd0)
				continue;
			if (offset != GICR_WAKER)
				gic_sim_write(0, base + offset, 4, ~0u);
			assert_int_equal(gic_sim_read(0, base + offset, 4), 0);
		}
		gic_sim_write(0, base + GICR_PROPBASER, 8, ~0ull);
		assert_int_equal(gic_sim_read(0, base + GICR_PROPBASER, 8), 0);
	}
	stop();
}

/* Interrupts 0 to 31 are in the redistributor only, the others in the distributor only. */
static void test_private_registers(void **state)
{
	static const u32 words[] = { GICD_IGROUPR, GICD_ISENABLER, GICD_ISPENDR, GICD_ISACTIVER };

	(void)state;
	start(LRS);
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
		set(words[i], ~0u);
		assert_int_equal(get(words[i]), 0);
		assert_int_equal(get_own(1, words[i]), 0);
		set_own(1, words[i], 0xff00ff0f);
		assert_int_equal(get_own(1, words[i]), 0xff00ff0f);
		assert_int_equal(get_own(0, words[i]), 0);
		assert_int_equal(gic_sim_read(-1, SGI_BASE(1) + words[i], 4), 0xff00ff0f);
		set_own(1, words[i] + 4, ~0u);
		assert_int_equal(get_own(1, words[i] + 4), 0);
		if (words[i] == GICD_IGROUPR)
			continue;
		assert_int_equal(get_own(1, words[i] + 0x80), 0xff00ff0f);
		set_own(1, words[i] + 0x80, 0x0f000000);
		assert_int_equal(get_own(1, words[i]), 0xf000ff0f);
	}
	set(GICD_IPRIORITYR + 4, ~0u);
	assert_int_equal(get(GICD_IPRIORITYR + 4), 0);
	set_own(1, GICD_IPRIORITYR + 4, 0xffc07f07);
	assert_int_equal(get_own(1, GICD_IPRIORITYR + 4), 0xf8c07800);
	set_own(1, GICD_IPRIORITYR + 32, ~0u);
	assert_int_equal(get_own(1, GICD_IPRIORITYR + 32), 0);
	assert_int_equal(get_own(1, GICD_ICFGR), 0xaaaaaaaa);
	set_own(1, GICD_ICFGR, 0);
	set_own(1, GICD_ICFGR + 4, ~0u);
	assert_int_equal(get_own(1, GICD_ICFGR), 0xaaaaaaaa);
	assert_int_equal(get_own(1, GICD_ICFGR + 4), 0);
	assert_int_equal(get(GICD_ICFGR), 0);
	for (u64 offset = 0; offset < 0x80; offset += 4)
		assert_int_equal(get_own(0, offset), 0);
	for (u64 offset = 0xd00; offset < 0x10000; offset += 4)
		assert_int_equal(get_own(0, offset), 0);
	assert_int_equal(get(GICD_ITARGETSR + 40), 0);
	stop();
}

static void test_routers(void **state)
{
	u64 at = GICD + GICD_IROUTER + 8 * 40;

	(void)state;
	start(LRS);
	gic_sim_write(0, at, 8, ~0ull);
	assert_int_equal(gic_sim_read(0, at, 8), 0xff80ffffffull);
	gic_sim_write(0, at, 4, 0x00030201);
	assert_int_equal(gic_sim_read(0, at, 8), 0xff00030201ull);
	gic_sim_write(0, at + 4, 4, 0x104);
	assert_int_equal(gic_sim_read(0, at + 4, 4), 4);
	assert_int_equal(gic_sim_read(0, at, 8), 0x0400030201ull);
	assert_int_equal(gic_sim_read(0, at, 2), 0);
	gic_sim_write(0, at, 2, 0);
	assert_int_equal(gic_sim_read(0, at, 4), 0x00030201);
	for (u32 intid = 0; intid < 1020; intid++) {
		at = GICD + GICD_IROUTER + 8ull * intid;
		gic_sim_write(0, at, 8, 2);
		assert_int_equal(gic_sim_read(0, at, 8), intid >= 32 && intid < LINES ? 2 : 0);
	}
	stop();
}

/* ---- routing ---- */

static void test_routing(void **state)
{
	static const u64 nowhere[] = { 3, 16, 0x100, 0x10000, 1ull << 32 };

	(void)state;
	start_ready(LRS);
	line(60, true);
	settle();
	assert_true(lr_of(0, 60) & GIC_LR_PENDING);
	route(60, 2); /* out of the list register of a vCPU that runs */
	settle();
	assert_true(!lr_of(0, 60) && lr_of(2, 60) & GIC_LR_PENDING);
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++) {
		route(60, nowhere[i]);
		settle();
		assert_false(lr_of(0, 60) || lr_of(1, 60) || lr_of(2, 60));
		assert_int_equal(get(GICD_ISPENDR + 4), 1u << 28);
	}
	/* Anybody who is switched on. */
	GIC_SIM_VM.vcpus[0].power = GIC_SIM_VM.vcpus[2].power = VCPU_OFF;
	route(60, GICD_IROUTER_ANY);
	settle();
	assert_true(lr_of(1, 60));
	line(60, false);
	settle();
	GIC_SIM_VM.vcpus[1].power = VCPU_OFF;
	GIC_SIM_VM.vcpus[2].power = VCPU_ON;
	line(60, true);
	settle();
	assert_true(!lr_of(1, 60) && lr_of(2, 60));
	/* An active one stays where it is until its end. */
	assert_int_equal(acknowledge(2), 60);
	route(60, 0);
	settle();
	assert_true(lr_of(2, 60) & GIC_LR_ACTIVE);
	end(2, 60);
	assert_true(!lr_of(2, 60) && lr_of(0, 60) & GIC_LR_PENDING);
	stop();
}

/* ---- SGIs ---- */

static void send(unsigned from, u32 n, u64 targets, unsigned group)
{
	gic_send_sgi(sim.gic, from, (u64)n << 24 | targets, group);
	settle();
}

/* Which vCPUs have SGI @n pending, as a bitmap; they take and end it. */
static u32 takers(u32 n)
{
	u32 found = 0;

	for (unsigned i = 0; i < CPUS; i++)
		if (lr_of(i, n) & GIC_LR_PENDING) {
			assert_int_equal(acknowledge(i), n);
			end(i, n);
			found |= 1u << i;
		}
	return found;
}

static void test_sgis(void **state)
{
	(void)state;
	start_ready(LRS);
	send(0, 3, 5, 1);
	assert_int_equal(takers(3), 5);
	send(1, 15, 0xffff, 1); /* also those that are not there */
	assert_int_equal(takers(15), 7);
	send(1, 4, BIT(40), 1); /* all but the sender */
	assert_int_equal(takers(4), 5);
	send(0, 5, 7 | 1ull << 16, 1); /* affinity 1 is 1 */
	send(0, 5, 7 | 1ull << 32, 1); /* affinity 2 */
	send(0, 5, 7 | 1ull << 48, 1); /* affinity 3 */
	send(0, 5, 7 | 1ull << 44, 1); /* 16 and more of affinity 0 */
	assert_int_equal(takers(5), 0);
	send(0, 3, 7, 0); /* of group 0: these are in group 1 */
	assert_int_equal(takers(3), 0);
	set_own(1, GICD_IGROUPR, ~(1u << 3));
	send(0, 3, 7, 0);
	assert_int_equal(takers(3), 2);
	send(0, 3, 7, 1);
	assert_int_equal(takers(3), 7);
	stop();
}

/* The same SGI again and again costs one write to a list register each. */
static void test_sgi_again(void **state)
{
	(void)state;
	start_ready(LRS);
	for (unsigned i = 0; i < 10; i++) {
		unsigned written = sim.cpu[1].written, synced = sim.cpu[1].synced;

		send(0, 2, 2, 1);
		assert_int_equal(sim.cpu[1].written, written + 1);
		assert_int_equal(sim.cpu[1].synced, synced + 1);
		assert_int_equal(lr(1, 0), GIC_LR_PENDING | GIC_LR_GROUP1 | 0x80ull << 48 | 2);
		assert_int_equal(takers(2), 2);
		assert_int_equal(sim.cpu[1].synced, synced + 1);
	}
	assert_int_equal(sim.cpu[0].written, 0);
	stop();
}

/* ---- nodes ---- */

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
	gic_sim_host(2, 4);
	gic_sim_begin(1, "arm,gic-v3", 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 0x20000);
	must_fail(-ENOSYS, "this host cannot lend version 3 to guests; use \"arm,gic-400\" with a "
			   "CPU interface in reg, or \"verdigris,gic\"");
	gic_sim_host(3, 4);
	gic_sim_begin(3, "arm,gic-v3", 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 0x5ffff);
	must_fail(-EINVAL, "reg entry 1 gives redistributors 0x5ffff bytes, enough for 2 vCPUs; 3 "
			   "vCPUs need 0x60000");
	gic_sim_host(3, 4);
	gic_sim_begin(1, "arm,gic-v3", 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000);
	must_fail(-EINVAL, "has no reg entry 1; add the address and size of the redistributors");
	gic_sim_host(3, 4);
	gic_sim_begin(1, "arm,gic-v3", 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x1000, 0, GICR, 0, 0x20000);
	must_fail(-EINVAL, "it needs 0x10000");
	gic_sim_host(3, 4);
	gic_sim_begin(1, "arm,gic-v3", 4);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 0x20000);
	must_fail(-EINVAL, "#interrupt-cells is 4");
	gic_sim_host(3, 4);
	gic_sim_begin(1, "arm,gic-v3", 3);
	GIC_SIM_VM.vm.vcpu_count = 513;
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 513 * 0x20000);
	must_fail(-EINVAL, "version 3 has room for 512 vCPUs, and the VM has 513");
}

/* The most that there can be: affinity in two levels. */
static void test_many(void **state)
{
	static struct vcpu *all[512];
	u64 typer;

	(void)state;
	gic_sim_host(3, 4);
	gic_sim_begin(1, "arm,gic-v3", 3);
	for (unsigned i = 0; i < 512; i++)
		all[i] = &GIC_SIM_VM.vcpus[0];
	GIC_SIM_VM.vm.vcpus = all;
	GIC_SIM_VM.vm.vcpu_count = 512;
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 512 * 0x20000);
	fake_node_end(&GIC_SIM_VM);
	assert_int_equal(fake_vm_create(&GIC_SIM_VM), 0);
	for (u64 i = 0; i < 512; i++) {
		typer = gic_sim_read(-1, GICR + i * GICR_FRAMES_SIZE + GICR_TYPER, 8);
		assert_int_equal(typer, ((i / 16) << 8 | i % 16) << 32 | i << 8 |
						(i == 511 ? GICR_TYPER_LAST : 0));
		set_own(0, i * GICR_FRAMES_SIZE + GICD_ISENABLER, 0xffff);
		set_own(0, i * GICR_FRAMES_SIZE + GICD_IGROUPR, 0xffff);
	}
	set(GICD_CTLR, 3);
	gic_send_sgi(sim.gic, 0, 31ull << 16 | 0x8001, 1);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(gic_has_waiting(sim.gic, i), i == 496 || i == 511);
	gic_send_sgi(sim.gic, 17, BIT(40) | 1 << 24, 1);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(gic_has_waiting(sim.gic, i), i != 17);
	set(GICD_ISENABLER + 4, 1);
	route(32, 1 << 8 | 1);
	line(32, true);
	assert_true(gic_has_waiting(sim.gic, 17));
	GIC_SIM_VM.vm.vcpu_count = 1;
	stop();
}

/* The template becomes what the host lends. */
static void check_template(unsigned host, const char *compatible, u32 second)
{
	static u8 tree[sizeof(GIC_SIM_VM.tree)];
	const fdt32_t *reg;
	struct vdev *dev;
	int node, len;

	gic_sim_host(host, 4);
	gic_sim_begin(1, "verdigris,gic", 3);
	fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0, 0xf60000, 0, GICC, 0,
		   0x10000);
	fake_node_end(&GIC_SIM_VM);
	assert_int_equal(fake_vm_create(&GIC_SIM_VM), 0);
	assert_int_equal(gic_version(sim.gic), host == 3 ? 3 : 2);
	assert_int_equal(sim.mapped_at.v, host == 2 ? GICC : 0);
	assert_int_equal(fdt_open_into(GIC_SIM_VM.tree, tree, sizeof(tree)), 0);
	node = fdt_path_offset(tree, "/soc/" GIC_NODE);
	dev = fake_vdev(&GIC_SIM_VM, GIC_NODE);
	assert_int_equal(dev->emulator->complete(dev, tree, node), 0);
	assert_string_equal(fdt_getprop(tree, node, "compatible", NULL), compatible);
	assert_non_null(fdt_getprop(tree, node, "interrupt-controller", NULL));
	reg = fdt_getprop(tree, node, "reg", &len);
	assert_int_equal(len, 32);
	assert_int_equal(fdt32_to_cpu(reg[1]), GICD);
	assert_int_equal(fdt32_to_cpu(reg[5]), second);
	assert_int_equal(fdt32_to_cpu(reg[7]), second == GICR ? 0xf60000 : 0x10000);
	stop();
}

static void test_template(void **state)
{
	(void)state;
	check_template(3, "arm,gic-v3", GICR);
	check_template(2, "arm,cortex-a15-gic", GICC);
	check_template(0, "arm,cortex-a15-gic", GICC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_redistributors),
		cmocka_unit_test(test_private_registers),
		cmocka_unit_test(test_routers),
		cmocka_unit_test(test_routing),
		cmocka_unit_test(test_sgis),
		cmocka_unit_test(test_sgi_again),
		cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
