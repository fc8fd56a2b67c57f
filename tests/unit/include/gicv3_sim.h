/* SPDX-License-Identifier: MIT */
/* A machine with a GICv3, and short ways to its registers and to what its guests do. */
#ifndef TESTS_GICV3_SIM_H
#define TESTS_GICV3_SIM_H

#include <gic_sim.h>

#define CPUS 3
#define LINES 288
#define LRS 4
#define SGI_BASE(vcpu) (GICR + (vcpu) * (u64)GICR_FRAMES_SIZE + GICR_SGI_FRAME)

static inline u32 get(u64 offset)
{
	return (u32)gic_sim_read(-1, GICD + offset, 4);
}

static inline void set(u64 offset, u32 value)
{
	gic_sim_write(-1, GICD + offset, 4, value);
}

/* By the vCPU itself. */
static inline u32 get_own(unsigned vcpu, u64 offset)
{
	return (u32)gic_sim_read((int)vcpu, SGI_BASE(vcpu) + offset, 4);
}

static inline void set_own(unsigned vcpu, u64 offset, u32 value)
{
	gic_sim_write((int)vcpu, SGI_BASE(vcpu) + offset, 4, value);
}

static inline void set_priority(u32 intid, u8 priority)
{
	gic_sim_write(-1, GICD + GICD_IPRIORITYR + intid, 1, priority);
}

static inline void route(u32 intid, u64 where)
{
	gic_sim_write(-1, GICD + GICD_IROUTER + 8 * intid, 8, where);
}

static inline void line(u32 intid, bool level)
{
	gic_sim_chip()->ops->set(gic_sim_chip(), intid, level);
}

static inline void pulse(u32 intid)
{
	line(intid, true);
	line(intid, false);
}

static inline u64 lr(unsigned vcpu, unsigned index)
{
	return sim.cpu[vcpu].lr[index];
}

/* The list register of the vCPU that holds the interrupt, 0 if there is none. */
static inline u64 lr_of(unsigned vcpu, u32 intid)
{
	for (unsigned i = 0; i < sim.hardware.lr_count; i++)
		if ((lr(vcpu, i) & GIC_LR_STATE) && gic_sim_intid(lr(vcpu, i)) == intid)
			return lr(vcpu, i);
	return 0;
}

static inline void settle(void)
{
	assert_true(gic_sim_settle());
}

/* The guest takes the best interrupt; 0 is none, as SGI 0 is not used. */
static inline u32 acknowledge(unsigned vcpu)
{
	u32 intid = gic_sim_intid(gic_sim_ack(vcpu));

	settle();
	return intid;
}

static inline void end(unsigned vcpu, u32 intid)
{
	gic_sim_drop(vcpu);
	gic_sim_deactivate(vcpu, intid);
	settle();
}

static inline void stop(void)
{
	fake_vm_destroy(&GIC_SIM_VM);
}

static inline void start(unsigned lrs)
{
	gic_sim_host(3, lrs);
	gic_sim_make(CPUS, 3);
	assert_true(gic_uses_lrs(sim.gic));
	assert_int_equal(gic_version(sim.gic), 3);
	for (unsigned i = 0; i < CPUS; i++)
		gic_sim_load(i);
}

/* Everything is enabled, in group 1, with priority 0x80; 40 to 47 are edges; SPIs go to vCPU 0. */
static inline void start_ready(unsigned lrs)
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

#endif
