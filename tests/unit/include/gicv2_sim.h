/* SPDX-License-Identifier: MIT */
/* A machine with a GICv2 whose CPU interface is emulated, and short ways to its registers. */
#ifndef TESTS_GICV2_SIM_H
#define TESTS_GICV2_SIM_H

#include <gic_sim.h>

#define CPUS 3
#define LINES 288

#define CTLR_GRP0 1
#define CTLR_GRP1 2
#define CTLR_ACK 4
#define CTLR_FIQ 8
#define CTLR_CBPR 0x10
#define CTLR_EOIMODE 0x200

static inline u32 get(unsigned vcpu, u64 offset)
{
	return (u32)gic_sim_read((int)vcpu, GICD + offset, 4);
}

static inline void set(unsigned vcpu, u64 offset, u32 value)
{
	gic_sim_write((int)vcpu, GICD + offset, 4, value);
}

static inline u32 cpu_get(unsigned vcpu, u64 offset)
{
	return (u32)gic_sim_read((int)vcpu, GICC + offset, 4);
}

static inline void cpu_set(unsigned vcpu, u64 offset, u32 value)
{
	gic_sim_write((int)vcpu, GICC + offset, 4, value);
}

static inline void set_byte(unsigned vcpu, u64 offset, u8 value)
{
	gic_sim_write((int)vcpu, GICD + offset, 1, value);
}

static inline bool irq_pin(unsigned vcpu)
{
	return fake_pin(&GIC_SIM_VM, vcpu, VCPU_PIN_EXTERNAL);
}

static inline bool fiq_pin(unsigned vcpu)
{
	return fake_pin(&GIC_SIM_VM, vcpu, VCPU_PIN_FAST);
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

static inline void stop(void)
{
	fake_vm_destroy(&GIC_SIM_VM);
}

/* Without hardware for the CPU interface. */
static inline void start(unsigned count)
{
	gic_sim_host(0, 0);
	gic_sim_make(count, 2);
	assert_false(gic_uses_lrs(sim.gic));
	assert_int_equal(gic_version(sim.gic), 2);
	for (unsigned i = 0; i < count; i++)
		sim.cpu[i].loaded = true;
}

/* Distributor and CPU interfaces are on, as Linux has them; all SPIs are enabled for vCPU 0, priority 0xa0. */
static inline void start_ready(unsigned count)
{
	start(count);
	set(0, GICD_CTLR, 3);
	for (u32 i = 32; i < LINES; i += 32)
		set(0, GICD_ISENABLER + i / 8, ~0u);
	for (u32 i = 32; i < LINES; i += 4) {
		set(0, GICD_IPRIORITYR + i, 0xa0a0a0a0);
		set(0, GICD_ITARGETSR + i, 0x01010101);
	}
	for (unsigned i = 0; i < count; i++) {
		cpu_set(i, GICC_PMR, 0xf0);
		cpu_set(i, GICC_CTLR, CTLR_GRP0 | CTLR_GRP1);
	}
}

#endif
