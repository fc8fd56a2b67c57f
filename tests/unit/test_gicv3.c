/* SPDX-License-Identifier: MIT */
/* Virtual GICv3: registers, routing, SGIs, each thing that list registers are for, what can be wrong with its node. */
#include <test.h>

#include <core/errno.h>
#include <gic_sim.h>
#include <libfdt.h>

#define CPUS 3
#define LINES 288
#define LRS 4
#define SGI_BASE(vcpu) (GICR + (vcpu) * (u64)GICR_FRAMES_SIZE + GICR_SGI_FRAME)

static u32 get(u64 offset)
{
	return (u32)gic_sim_read(-1, GICD + offset, 4);
}

static void set(u64 offset, u32 value)
{
	gic_sim_write(-1, GICD + offset, 4, value);
}

/* By the vCPU itself. */
static u32 get_own(unsigned vcpu, u64 offset)
{
	return (u32)gic_sim_read((int)vcpu, SGI_BASE(vcpu) + offset, 4);
}

static void set_own(unsigned vcpu, u64 offset, u32 value)
{
	gic_sim_write((int)vcpu, SGI_BASE(vcpu) + offset, 4, value);
}

static void set_priority(u32 intid, u8 priority)
{
	gic_sim_write(-1, GICD + GICD_IPRIORITYR + intid, 1, priority);
}

static void route(u32 intid, u64 where)
{
	gic_sim_write(-1, GICD + GICD_IROUTER + 8 * intid, 8, where);
}

static void line(u32 intid, bool level)
{
	gic_sim_chip()->ops->set(gic_sim_chip(), intid, level);
}

static void pulse(u32 intid)
{
	line(intid, true);
	line(intid, false);
}

static u64 lr(unsigned vcpu, unsigned index)
{
	return sim.cpu[vcpu].lr[index];
}

/* The list register of the vCPU that holds the interrupt, 0 if there is none. */
static u64 lr_of(unsigned vcpu, u32 intid)
{
	for (unsigned i = 0; i < sim.hardware.lr_count; i++)
		if ((lr(vcpu, i) & GIC_LR_STATE) && gic_sim_intid(lr(vcpu, i)) == intid)
			return lr(vcpu, i);
	return 0;
}

static void settle(void)
{
	assert_true(gic_sim_settle());
}

/* The guest takes the best interrupt; 0 is none, as SGI 0 is not used. */
static u32 acknowledge(unsigned vcpu)
{
	u32 intid = gic_sim_intid(gic_sim_ack(vcpu));

	settle();
	return intid;
}

static void end(unsigned vcpu, u32 intid)
{
	gic_sim_drop(vcpu);
	gic_sim_deactivate(vcpu, intid);
	settle();
}

static void stop(void)
{
	fake_vm_destroy(&GIC_SIM_VM);
}

static void start(unsigned lrs)
{
	gic_sim_host(3, lrs);
	gic_sim_make(CPUS, 3);
	assert_true(gic_uses_lrs(sim.gic));
	assert_int_equal(gic_version(sim.gic), 3);
	for (unsigned i = 0; i < CPUS; i++)
		gic_sim_load(i);
}

/* Everything is enabled, in group 1, with priority 0x80; 40 to 47 are edges; SPIs go to vCPU 0. */
static void start_ready(unsigned lrs)
{
	start(lrs);
	set(GICD_CTLR, 3);
	for (u32 i = 32; i < LINES; i += 32) {
		set(GICD_IGROUPR + i / 8, ~0u);
		set(GICD_ISENABLER + i / 8, ~0u);
	}
	for (u32 i = 32; i < LINES; i++)
		set_priority(i, 0x80);
	set(GICD_ICFGR + 8, 0xaaaa0000);
	for (unsigned i = 0; i < CPUS; i++) {
		set_own(i, GICD_IGROUPR, ~0u);
		set_own(i, GICD_ISENABLER, ~0u);
		for (u32 n = 0; n < 32; n += 4)
			set_own(i, GICD_IPRIORITYR + n, 0x80808080);
	}
}

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

/* ---- list registers ---- */

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
static bool heard_lowers;

static void heard(void *ctx, u32 irq)
{
	assert_null(ctx);
	assert_int_equal(irq, 41);
	assert_int_equal(this_cpu()->lock_depth, 0);
	assert_false(lr_of(0, 41) & GIC_LR_PENDING);
	heard_count++;
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
	heard_lowers = false;
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
	line(41, true); /* it ends while the vCPU is put */
	settle();
	assert_int_equal(acknowledge(0), 41);
	gic_sim_drop(0);
	gic_sim_deactivate(0, 41);
	gic_sim_put(0);
	assert_int_equal(heard_count, 5);
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
	check_template(2, "arm,gic-400", GICC);
	check_template(0, "arm,gic-400", GICC);
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
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_forwarded),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_stranded),
		cmocka_unit_test(test_late_ends),
		cmocka_unit_test(test_again_while_full),
		cmocka_unit_test(test_from_another),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_reset_cpu),
		cmocka_unit_test(test_idle_sync),
		cmocka_unit_test(test_bad_nodes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
