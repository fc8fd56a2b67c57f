/* SPDX-License-Identifier: MIT */
/* List registers of the virtual GIC: each thing that they are for, one by one. */
#include <test.h>

#include <gicv3_sim.h>

static void test_level(void **state)
{
	const u64 fields = GIC_LR_GROUP1 | 0x80ull << 48 | 60;
	unsigned written;

	(void)state;
	start_ready(LRS);
	line(60, true);
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_PENDING | GIC_LR_EOI | fields);
	line(60, false); /* taken back */
	settle();
	assert_int_equal(lr(0, 0), 0);
	line(60, true);
	settle();
	assert_int_equal(acknowledge(0), 60);
	line(60, false); /* nothing is to be told of its end now */
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_ACTIVE | fields);
	line(60, true);
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_ACTIVE | GIC_LR_EOI | fields);
	written = sim.cpu[0].notices;
	line(60, false);
	line(60, true);
	assert_int_equal(sim.cpu[0].notices,
			 written + 1); /* of the fall; the end will tell of the rise */
	settle();
	end(0, 60);
	assert_int_equal(lr_of(0, 60), GIC_LR_PENDING | GIC_LR_EOI | fields);
	/* It falls unnoticed while it is taken: then it is spurious, and does not come again. */
	line(60, false);
	assert_int_equal(gic_sim_intid(gic_sim_ack(0)), 60);
	settle();
	end(0, 60);
	assert_int_equal(lr_of(0, 60), 0);
	stop();
}

static void test_edge(void **state)
{
	const u64 fields = GIC_LR_GROUP1 | 0x80ull << 48 | 40;

	(void)state;
	start_ready(LRS);
	pulse(40);
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_PENDING | fields);
	pulse(40); /* one with the first */
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_PENDING | fields);
	assert_int_equal(get(GICD_ISPENDR + 4), 1 << 8);
	assert_int_equal(acknowledge(0), 40);
	assert_int_equal(get(GICD_ISPENDR + 4), 0);
	pulse(40);
	pulse(40);
	settle();
	assert_int_equal(lr(0, 0), GIC_LR_PENDING | GIC_LR_ACTIVE | fields);
	assert_int_equal(get(GICD_ISPENDR + 4), 1 << 8);
	set(GICD_ICENABLER + 4, 1 << 8); /* stays active, does not come again */
	settle();
	assert_int_equal(lr_of(0, 40) & GIC_LR_STATE, GIC_LR_ACTIVE);
	end(0, 40);
	assert_int_equal(lr_of(0, 40), 0);
	set(GICD_ISENABLER + 4, 1 << 8);
	settle();
	assert_int_equal(lr_of(0, 40), GIC_LR_PENDING | fields);
	set(GICD_ICPENDR + 4, 1 << 8);
	settle();
	assert_int_equal(lr_of(0, 40), 0);
	stop();
}

static void test_forwarded(void **state)
{
	const u64 fields =
		GIC_LR_GROUP1 | 0x80ull << 48 | GIC_LR_HW | 26ull << GIC_LR_HOST_INTID_SHIFT | 27;

	(void)state;
	start_ready(LRS);
	gic_forward_ppi(sim.gic, 27, 26);
	for (unsigned i = 0; i < 3; i++) {
		sim.cpu[1].host_active = 1u << 26;
		gic_set_ppi(sim.gic, 1, 27, true);
		settle();
		assert_int_equal(lr(1, 0), GIC_LR_PENDING | fields);
		assert_int_equal(acknowledge(1), 27);
		end(1, 27);
		assert_int_equal(sim.cpu[1].host_active, 0);
	}
	gic_set_ppi(sim.gic, 1, 27, false); /* levels have no meaning */
	settle();
	assert_int_equal(lr_of(1, 27), 0);
	/* Made inactive by a register. */
	sim.cpu[1].host_active = 1u << 26;
	gic_set_ppi(sim.gic, 1, 27, true);
	settle();
	assert_int_equal(acknowledge(1), 27);
	set_own(1, GICD_ICACTIVER, 1u << 27);
	assert_int_equal(sim.cpu[1].host_active, 0);
	settle();
	assert_int_equal(lr_of(1, 27), 0);
	stop();
}

static unsigned heard_count;
static bool heard_lowers, heard_meddles;

static void heard(void *ctx, u32 irq)
{
	assert_null(ctx);
	assert_int_equal(irq, 41);
	assert_int_equal(this_cpu()->lock_depth, 0);
	assert_false(lr_of(0, 41) & GIC_LR_PENDING);
	heard_count++;
	if (heard_meddles) { /* no end of its own: the listener is just being told */
		set(GICD_ISACTIVER + 4, 1 << 9);
		set(GICD_ICACTIVER + 4, 1 << 9);
	}
	if (heard_lowers)
		line(41, false);
}

/* Who listens hears of each end, also of an edge's; the wire is looked at after that. */
static void test_listener(void **state)
{
	struct virq_line wire = { .chip = NULL, .irq = 41 };

	(void)state;
	start_ready(LRS);
	heard_count = 0;
	heard_lowers = heard_meddles = false;
	wire.chip = gic_sim_chip();
	assert_int_equal(virq_listen_eoi(&wire, heard, NULL), 0);
	pulse(41);
	settle();
	assert_true(lr_of(0, 41) & GIC_LR_EOI);
	assert_int_equal(acknowledge(0), 41);
	assert_int_equal(heard_count, 0);
	end(0, 41);
	assert_int_equal(heard_count, 1);
	set(GICD_ICFGR + 8, 0);
	for (unsigned i = 0; i < 2; i++) {
		line(41, true);
		settle();
		assert_int_equal(acknowledge(0), 41);
		end(0, 41);
		assert_int_equal(heard_count, 2 + i);
		assert_true(lr_of(0, 41) & GIC_LR_PENDING);
	}
	heard_lowers = true;
	assert_int_equal(acknowledge(0), 41);
	end(0, 41);
	assert_int_equal(heard_count, 4);
	assert_int_equal(lr_of(0, 41), 0);
	heard_lowers = false;
	heard_meddles = true;
	pulse(41);
	line(41, true);
	settle();
	assert_int_equal(acknowledge(0), 41);
	end(0, 41);
	assert_int_equal(heard_count, 5);
	heard_meddles = false;
	line(41, false);
	line(41, true); /* it ends while the vCPU is put */
	settle();
	assert_int_equal(acknowledge(0), 41);
	gic_sim_drop(0);
	gic_sim_deactivate(0, 41);
	gic_sim_put(0);
	assert_int_equal(heard_count, 6);
	stop();
}

/* More than fit: the best are in, the rest follows when these are taken. */
static void test_overflow(void **state)
{
	(void)state;
	start_ready(LRS);
	for (u32 i = 0; i < 8; i++) {
		set_priority(40 + i, (u8)(0xf0 - 16 * i));
		pulse(40 + i);
		settle();
	}
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(!lr_of(0, 40 + i), i < 4); /* 44..47 are the better ones */
	assert_int_equal(sim.cpu[0].reasons, GIC_MAINTAIN_NONE_PENDING);
	assert_true(gic_has_waiting(sim.gic, 0));
	set_priority(41, 0); /* changes while it waits */
	settle();
	assert_true(lr_of(0, 41) && !lr_of(0, 44));
	assert_int_equal(acknowledge(0), 41);
	end(0, 41);
	for (u32 i = 8; i-- > 0;) {
		if (i == 1)
			continue;
		assert_int_equal(acknowledge(0), 40 + i);
		end(0, 40 + i);
	}
	assert_int_equal(acknowledge(0), 0);
	assert_int_equal(sim.cpu[0].reasons, 0);
	assert_false(gic_has_waiting(sim.gic, 0));
	stop();
}

/* More are active, one within the other, than there are list registers. */
static void test_stranded(void **state)
{
	(void)state;
	start_ready(2);
	gic_sim_deactivate(0,
			   50); /* an end that means nothing, and must not be one of those below */
	for (u32 i = 0; i < 6; i++) {
		set_priority(40 + i, (u8)(0xc0 - 16 * i));
		pulse(40 + i);
		settle();
		assert_int_equal(acknowledge(0), 40 + i);
	}
	assert_int_equal(get(GICD_ISACTIVER + 4), 0x3f << 8);
	assert_int_equal(sim.cpu[0].reasons, GIC_MAINTAIN_NO_ENTRY);
	pulse(40); /* again, while it is active and in no list register */
	settle();
	for (u32 i = 6; i-- > 0;) {
		end(0, 40 + i);
		assert_int_equal(get(GICD_ISACTIVER + 4), ((1u << i) - 1) << 8);
	}
	assert_int_equal(acknowledge(0), 40);
	end(0, 40);
	assert_int_equal(acknowledge(0), 0);
	assert_int_equal(sim.cpu[0].reasons, 0);
	stop();
}

/* The hypervisor comes after several ends, or to put the vCPU, before the maintenance interrupt did. */
static void test_late_ends(void **state)
{
	(void)state;
	start_ready(1);
	for (u32 i = 0; i < 6; i++) {
		set_priority(40 + i, (u8)(0xc0 - 16 * i));
		pulse(40 + i);
		settle();
		assert_int_equal(acknowledge(0), 40 + i);
	}
	for (u32 i = 6; i-- > 3;) {
		gic_sim_drop(0);
		gic_sim_deactivate(0, 40 + i);
	}
	settle();
	assert_int_equal(get(GICD_ISACTIVER + 4), 7 << 8);
	set_priority(50, 0x10); /* takes the only list register */
	pulse(50);
	set(GICD_ICFGR + 12, 0);
	line(50, true);
	settle();
	assert_true(lr_of(0, 50));
	gic_sim_drop(0);
	gic_sim_deactivate(0, 42);
	gic_sim_put(0);
	assert_int_equal(get(GICD_ISACTIVER + 4), 3 << 8);
	stop();
}

/* Its interrupt comes again while it is active: it must not be in the way of those that wait. */
static void test_again_while_full(void **state)
{
	(void)state;
	start_ready(2);
	set_priority(40, 0x40);
	pulse(40);
	settle();
	assert_int_equal(acknowledge(0), 40);
	pulse(40);
	settle();
	assert_int_equal(lr_of(0, 40) & GIC_LR_STATE, GIC_LR_STATE);
	set_priority(42, 0x90);
	pulse(41);
	pulse(42); /* waits */
	settle();
	assert_true(lr_of(0, 41) && !lr_of(0, 42));
	assert_int_equal(lr_of(0, 40) & (GIC_LR_STATE | GIC_LR_EOI), GIC_LR_ACTIVE | GIC_LR_EOI);
	pulse(40);
	settle();
	assert_int_equal(lr_of(0, 40) & (GIC_LR_STATE | GIC_LR_EOI), GIC_LR_ACTIVE | GIC_LR_EOI);
	gic_sim_drop(0);
	gic_sim_deactivate(0, 40);
	set_priority(40, 0xc0);
	settle();
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(acknowledge(0), 41 + i == 43 ? 40 : 41 + i);
		end(0, 41 + i == 43 ? 40 : 41 + i);
	}
	assert_int_equal(acknowledge(0), 0);
	stop();
}

/* ---- changes from other vCPUs, and while it is not loaded ---- */

static void test_from_another(void **state)
{
	(void)state;
	start_ready(LRS);
	line(60, true);
	settle();
	gic_sim_write(1, GICD + GICD_ICENABLER + 4, 4, 1u << 28);
	assert_int_equal(lr_of(0, 60), 0); /* when the write has ended */
	gic_sim_write(1, GICD + GICD_ISENABLER + 4, 4, 1u << 28);
	settle();
	assert_int_equal(gic_sim_intid(gic_sim_ack(0)), 60);
	assert_int_equal(gic_sim_read(1, GICD + GICD_ISACTIVER + 4, 4), 1u << 28);
	gic_sim_write(1, GICD + GICD_ICACTIVER + 4, 4, 1u << 28);
	assert_int_equal(lr_of(0, 60) & GIC_LR_ACTIVE, 0);
	gic_sim_drop(0);
	settle();
	assert_true(lr_of(0, 60) & GIC_LR_PENDING);
	gic_sim_write(1, GICD + GICD_ISACTIVER + 4, 4, 1u << 28);
	settle();
	assert_true((lr_of(0, 60) & GIC_LR_STATE) == GIC_LR_ACTIVE && lr_of(0, 60) & GIC_LR_EOI);
	gic_sim_write(1, GICD + GICD_ICACTIVER + 4, 4, 1u << 28);
	set(GICD_CTLR, 1);
	settle();
	assert_int_equal(lr_of(0, 60), 0);
	stop();
}

static void test_put(void **state)
{
	(void)state;
	start_ready(LRS);
	pulse(40);
	settle();
	assert_int_equal(acknowledge(0), 40);
	set_priority(41, 0x40);
	pulse(41);
	settle();
	assert_true((lr_of(0, 40) & GIC_LR_ACTIVE) && (lr_of(0, 41) & GIC_LR_PENDING));
	gic_sim_put(0); /* checks that they are empty */
	assert_true(GIC_SIM_VM.vcpus[0].requests & VCPU_REQ_IRQ);
	assert_true(gic_has_waiting(sim.gic, 0));
	assert_int_equal(get(GICD_ISACTIVER + 4), 1 << 8);
	assert_int_equal(get(GICD_ISPENDR + 4), 1 << 9);
	line(60, true);
	line(60, false);
	gic_sim_load(0);
	assert_true((lr_of(0, 40) & GIC_LR_ACTIVE) && (lr_of(0, 41) & GIC_LR_PENDING));
	assert_int_equal(lr_of(0, 60), 0);
	assert_int_equal(acknowledge(0), 41);
	end(0, 41);
	end(0, 40);
	gic_sim_put(0);
	assert_false(gic_has_waiting(sim.gic, 0));
	assert_int_equal(GIC_SIM_VM.vcpus[0].requests, 0);
	gic_reset_cpu(sim.gic, 0);
	gic_sim_load(0);
	pulse(40);
	settle();
	assert_true(lr_of(0, 40) & GIC_LR_PENDING);
	vdev_reset_all(&GIC_SIM_VM.vm);
	assert_int_equal(get(GICD_ISENABLER + 4) | get(GICD_ISPENDR + 4), 0);
	stop();
}

/* List registers are lost by a reset: what was pending waits, what was active is. */
static void test_reset_cpu(void **state)
{
	(void)state;
	start_ready(LRS);
	pulse(40);
	settle();
	assert_int_equal(acknowledge(0), 40);
	assert_int_equal(get(GICD_ISACTIVER + 4), 1 << 8);
	set_priority(41, 0x40);
	pulse(41);
	line(60, true);
	settle();
	memset(sim.cpu[0].lr, 0, sizeof(sim.cpu[0].lr));
	sim.cpu[0].loaded = false;
	gic_reset_cpu(sim.gic, 0);
	assert_true(gic_has_waiting(sim.gic, 0));
	assert_int_equal(get(GICD_ISACTIVER + 4), 1 << 8);
	assert_int_equal(get(GICD_ISPENDR + 4), 1 << 9 | 1 << 28);
	gic_sim_load(0);
	gic_sim_sync(0);
	assert_int_equal(lr_of(0, 40) & GIC_LR_STATE, GIC_LR_ACTIVE);
	assert_int_equal(lr_of(0, 41) & GIC_LR_STATE, GIC_LR_PENDING);
	assert_int_equal(lr_of(0, 60) & GIC_LR_STATE, GIC_LR_PENDING);
	stop();
}

/* Nothing to do is nothing done. */
static void test_idle_sync(void **state)
{
	(void)state;
	start_ready(LRS);
	for (unsigned i = 0; i < CPUS; i++)
		gic_sim_sync(i);
	line(100, true);
	settle();
	assert_int_equal(acknowledge(0), 100);
	line(100, false);
	settle();
	end(0, 100);
	sim.cpu[0].written = 0;
	gic_sim_sync(0);
	assert_int_equal(sim.cpu[0].written, 0);
	assert_int_equal(sim.cpu[1].written + sim.cpu[2].written, 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level),        cmocka_unit_test(test_edge),
		cmocka_unit_test(test_forwarded),    cmocka_unit_test(test_listener),
		cmocka_unit_test(test_overflow),     cmocka_unit_test(test_stranded),
		cmocka_unit_test(test_late_ends),    cmocka_unit_test(test_again_while_full),
		cmocka_unit_test(test_from_another), cmocka_unit_test(test_put),
		cmocka_unit_test(test_reset_cpu),    cmocka_unit_test(test_idle_sync),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
