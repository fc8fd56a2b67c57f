/* SPDX-License-Identifier: MIT */
/* Plays the CPUs around the virtual GIC: list registers as the hardware keeps them, and guests that take interrupts. */
#ifndef TESTS_GIC_SIM_H
#define TESTS_GIC_SIM_H

#include <fake.h>
#include <fake_vm.h>

#include <emulators/gic.h>
#include <libs/gic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GICD 0x8000000ull
#define GICR 0x80a0000ull
#define GICC 0x8010000ull
#define GIC_NODE "intc@8000000"
#define GIC_PHANDLE 60
#define GIC_SIM_CPUS FAKE_VCPUS_MAX
#define GIC_SIM_IDLE 0x100 /* running priority when nothing is active */

struct gic_sim_cpu {
	u64 lr[16];
	bool loaded;   /* its registers are in a CPU */
	bool notified; /* VCPU_REQ_IRQ */
	u32 reasons;
	unsigned eoi_count;
	unsigned depth;  /* interrupts that run, one within the other */
	u16 running[64]; /* their priorities */
	u32 host_active; /* forwarded PPIs that the host has not seen ended */
	unsigned synced, notices, written;
};

/* A file that has a VM already says which. */
#ifndef GIC_SIM_VM
static struct fake_vm gic_sim_vm;
#define GIC_SIM_VM gic_sim_vm
#endif

static struct gic_sim {
	struct gic *gic;
	struct gic_hardware hardware;
	struct gic_sim_cpu cpu[GIC_SIM_CPUS];
	int here;   /* the vCPU that is loaded on the CPU that this code runs on, -1: none */
	u32 exited; /* bitmap: vCPUs whose CPU was in the hypervisor since gic_sim_return() */
	gpa_t mapped_at;
	u64 mapped_size;
	int map_result;
	bool hostile; /* list registers may hold what no hardware says */
} sim;

/* Works under fuzzers too. */
#define gic_must(cond)                                                             \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

/* From here on this is the CPU that vCPU @vcpu is loaded on; -1: none is. */
static inline void gic_sim_enter(int vcpu)
{
	sim.here = vcpu;
	if (vcpu >= 0)
		sim.exited |= 1u << vcpu;
}

/* ---- instead of core's: several CPUs on one ---- */

void vdev_notify_vcpu(struct vdev *dev, u32 vcpu)
{
	(void)dev;
	if (vcpu >= GIC_SIM_CPUS)
		return; /* of a machine that is made to be large only */
	sim.cpu[vcpu].notified = true;
	sim.cpu[vcpu].notices++;
}

struct vcpu *vdev_vcpu_here(const struct vdev *dev)
{
	(void)dev;
	return sim.here < 0 ? NULL : &GIC_SIM_VM.vcpus[sim.here];
}

bool vdev_call_vcpu(struct vdev *dev, u32 vcpu, void (*fn)(void *arg), void *arg)
{
	int before = sim.here;

	(void)dev;
	gic_must(this_cpu()->lock_depth == 0);
	if (!sim.cpu[vcpu].loaded)
		return false;
	gic_sim_enter((int)vcpu);
	fn(arg);
	sim.here = before;
	return true;
}

/* ---- list registers ---- */

static inline struct gic_sim_cpu *gic_sim_of(struct vcpu *vcpu)
{
	gic_must((int)vcpu->index == sim.here && sim.cpu[vcpu->index].loaded);
	return &sim.cpu[vcpu->index];
}

static inline u64 gic_sim_read_lr(struct vcpu *vcpu, unsigned index)
{
	gic_must(index < sim.hardware.lr_count);
	return gic_sim_of(vcpu)->lr[index];
}

static inline u32 gic_sim_intid(u64 lr)
{
	return (u32)(lr & GIC_LR_INTID_MASK);
}

/* What the architecture leaves open must not be written (12.4.9). */
static inline void gic_sim_write_lr(struct vcpu *vcpu, unsigned index, u64 lr)
{
	struct gic_sim_cpu *cpu = gic_sim_of(vcpu);

	gic_must(index < sim.hardware.lr_count);
	gic_must(!(lr & GIC_LR_HW) || (lr & GIC_LR_STATE) != GIC_LR_STATE);
	gic_must(gic_sim_intid(lr) < GIC_SPI_END);
	for (unsigned i = 0; (lr & GIC_LR_STATE) && i < sim.hardware.lr_count && !sim.hostile; i++)
		gic_must(i == index || !(cpu->lr[i] & GIC_LR_STATE) ||
			 gic_sim_intid(cpu->lr[i]) != gic_sim_intid(lr));
	cpu->lr[index] = lr;
	cpu->written++;
}

static inline bool gic_sim_tells_end(u64 lr)
{
	return !(lr & (GIC_LR_STATE | GIC_LR_HW)) && lr & GIC_LR_EOI;
}

static inline u32 gic_sim_empty_lrs(struct vcpu *vcpu)
{
	const struct gic_sim_cpu *cpu = gic_sim_of(vcpu);
	u32 empty = 0;

	for (unsigned i = 0; i < sim.hardware.lr_count; i++)
		if (!(cpu->lr[i] & GIC_LR_STATE) && !gic_sim_tells_end(cpu->lr[i]))
			empty |= 1u << i;
	return empty;
}

static inline void gic_sim_set_maintenance(struct vcpu *vcpu, u32 reasons)
{
	gic_sim_of(vcpu)->reasons = reasons;
}

static inline unsigned gic_sim_take_eoi_count(struct vcpu *vcpu)
{
	struct gic_sim_cpu *cpu = gic_sim_of(vcpu);
	unsigned count = cpu->eoi_count;

	cpu->eoi_count = 0;
	return count;
}

static inline void gic_sim_end_forwarded(struct vcpu *vcpu, u32 host_intid)
{
	gic_must((int)vcpu->index == sim.here && host_intid >= 16 && host_intid < 32);
	sim.cpu[vcpu->index].host_active &= ~(1u << host_intid);
}

static inline void gic_sim_attach(struct vm *vm, struct gic *gic)
{
	gic_must(vm == &GIC_SIM_VM.vm && !sim.gic != !gic);
	sim.gic = gic;
}

static inline int gic_sim_map(struct vm *vm, gpa_t at, u64 size)
{
	gic_must(vm == &GIC_SIM_VM.vm);
	sim.mapped_at = at;
	sim.mapped_size = size;
	return sim.map_result;
}

/* What the host lends from now on; @version 0: nothing. Forgets all CPUs. */
static inline void gic_sim_host(unsigned version, unsigned lr_count)
{
	memset(&sim, 0, sizeof(sim));
	sim.here = -1;
	sim.hardware = (struct gic_hardware){
		.lr_count = version ? (u8)lr_count : 0,
		.priority_bits = 5,
		.v3 = version == 3,
		.v2 = version == 2,
		.attach = gic_sim_attach,
		.map_cpu_interface = gic_sim_map,
		.read_lr = gic_sim_read_lr,
		.write_lr = gic_sim_write_lr,
		.empty_lrs = gic_sim_empty_lrs,
		.set_maintenance = gic_sim_set_maintenance,
		.take_eoi_count = gic_sim_take_eoi_count,
		.end_forwarded = gic_sim_end_forwarded,
	};
	gic_set_hardware(&sim.hardware);
}

/* ---- the machine ---- */

/* The tree of a VM with a node @compatible whose reg has @reg_count of: distributor, @second, CPU interface. */
static inline void gic_sim_begin(unsigned vcpu_count, const char *compatible, u32 cells)
{
	fake_vm_init(&GIC_SIM_VM, vcpu_count);
	for (unsigned i = 0; i < vcpu_count; i++)
		GIC_SIM_VM.vcpus[i].power = VCPU_ON;
	fake_node_begin(&GIC_SIM_VM, GIC_NODE, compatible);
	fake_cells(&GIC_SIM_VM, "#interrupt-cells", cells);
	fake_cells(&GIC_SIM_VM, "phandle", GIC_PHANDLE);
}

/* One with room for all; version 2 gets @compatible "arm,gic-400". */
static inline void gic_sim_make(unsigned vcpu_count, unsigned version)
{
	gic_sim_begin(vcpu_count, version == 3 ? "arm,gic-v3" : "arm,gic-400", 3);
	if (version == 3)
		fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICR, 0,
			   vcpu_count * GICR_FRAMES_SIZE);
	else
		fake_cells(&GIC_SIM_VM, "reg", 0, GICD, 0, 0x10000, 0, GICC, 0, 0x10000);
	fake_node_end(&GIC_SIM_VM);
	gic_must(fake_vm_create(&GIC_SIM_VM) == 0);
}

static inline struct virq_chip *gic_sim_chip(void)
{
	return fake_vdev(&GIC_SIM_VM, GIC_NODE)->chip;
}

/* ---- what a vCPU's CPU does ---- */

static inline void gic_sim_sync(unsigned vcpu)
{
	gic_sim_enter((int)vcpu);
	sim.cpu[vcpu].notified = false;
	sim.cpu[vcpu].synced++;
	gic_sync(sim.gic, &GIC_SIM_VM.vcpus[vcpu]);
	sim.here = -1;
}

/* Requests are served before the guest is entered. */
static inline void gic_sim_load(unsigned vcpu)
{
	struct gic_sim_cpu *cpu = &sim.cpu[vcpu];

	if (cpu->loaded)
		return;
	cpu->loaded = true;
	cpu->notified |= GIC_SIM_VM.vcpus[vcpu].requests & VCPU_REQ_IRQ;
	GIC_SIM_VM.vcpus[vcpu].requests = 0;
	if (cpu->notified)
		gic_sim_sync(vcpu);
}

static inline void gic_sim_put(unsigned vcpu)
{
	struct gic_sim_cpu *cpu = &sim.cpu[vcpu];

	if (!cpu->loaded)
		return;
	sim.here = (int)vcpu;
	gic_put(sim.gic, &GIC_SIM_VM.vcpus[vcpu]);
	sim.here = -1;
	cpu->loaded = false;
	gic_must(cpu->reasons == 0);
	for (unsigned i = 0; i < sim.hardware.lr_count; i++)
		gic_must(sim.hostile ||
			 (!(cpu->lr[i] & GIC_LR_STATE) && !gic_sim_tells_end(cpu->lr[i])));
}

/* Does the hardware ask for the hypervisor? */
static inline bool gic_sim_wants_maintenance(unsigned vcpu)
{
	const struct gic_sim_cpu *cpu = &sim.cpu[vcpu];
	bool pending = false;

	for (unsigned i = 0; i < sim.hardware.lr_count; i++) {
		if (gic_sim_tells_end(cpu->lr[i]))
			return true;
		pending |= (cpu->lr[i] & GIC_LR_STATE) == GIC_LR_PENDING;
	}
	if (cpu->reasons & GIC_MAINTAIN_NONE_PENDING && !pending)
		return true;
	return cpu->reasons & GIC_MAINTAIN_NO_ENTRY && cpu->eoi_count;
}

/* The CPU comes to the hypervisor until nothing calls it there any more. False: it does not end. */
static inline bool gic_sim_settle_cpu(unsigned vcpu)
{
	for (unsigned turns = 0; turns < 40; turns++) {
		if (!sim.cpu[vcpu].loaded ||
		    (!sim.cpu[vcpu].notified && !gic_sim_wants_maintenance(vcpu)))
			return true;
		gic_sim_sync(vcpu);
	}
	return false;
}

/* All CPUs do, also when they call one another. */
static inline bool gic_sim_settle(void)
{
	bool done = false;

	for (unsigned turns = 0; !done && turns < 2 * GIC_SIM_CPUS; turns++) {
		done = true;
		for (unsigned vcpu = 0; vcpu < GIC_SIM_VM.vm.vcpu_count; vcpu++)
			if (!gic_sim_settle_cpu(vcpu))
				return false;
		for (unsigned vcpu = 0; vcpu < GIC_SIM_VM.vm.vcpu_count; vcpu++)
			done &= !sim.cpu[vcpu].loaded || !sim.cpu[vcpu].notified;
	}
	return done;
}

/*
 * Before guests go on: CPUs that were in the hypervisor serve requests on the way out, maintenance interrupts come at once.
 * Notices to other CPUs take a while.
 */
static inline bool gic_sim_return(void)
{
	bool done = true;

	for (unsigned vcpu = 0; vcpu < GIC_SIM_VM.vm.vcpu_count; vcpu++)
		if (sim.cpu[vcpu].loaded &&
		    (sim.exited >> vcpu & 1 || gic_sim_wants_maintenance(vcpu)))
			done &= gic_sim_settle_cpu(vcpu);
	sim.exited = 0;
	return done;
}

/* ---- what a guest does there ---- */

/* List register of the best pending interrupt, -1: none. */
static inline int gic_sim_best(unsigned vcpu)
{
	const struct gic_sim_cpu *cpu = &sim.cpu[vcpu];
	int best = -1;

	for (int i = 0; i < sim.hardware.lr_count; i++)
		if ((cpu->lr[i] & GIC_LR_STATE) == GIC_LR_PENDING &&
		    (best < 0 || (cpu->lr[i] >> 48 & 0xff) < (cpu->lr[best] >> 48 & 0xff)))
			best = i;
	return best;
}

static inline unsigned gic_sim_running(unsigned vcpu)
{
	const struct gic_sim_cpu *cpu = &sim.cpu[vcpu];

	return cpu->depth ? cpu->running[cpu->depth - 1] : GIC_SIM_IDLE;
}

/* Acknowledges; the list register, or 0 when there is nothing that may interrupt what runs. */
static inline u64 gic_sim_ack(unsigned vcpu)
{
	struct gic_sim_cpu *cpu = &sim.cpu[vcpu];
	int best = gic_sim_best(vcpu);
	u64 lr;

	if (best < 0 || cpu->depth == ARRAY_SIZE(cpu->running))
		return 0;
	lr = cpu->lr[best];
	if ((lr >> 48 & 0xff) >= gic_sim_running(vcpu))
		return 0;
	cpu->lr[best] = (lr & ~GIC_LR_STATE) | GIC_LR_ACTIVE;
	cpu->running[cpu->depth++] = lr >> 48 & 0xff;
	return lr;
}

static inline void gic_sim_drop(unsigned vcpu)
{
	gic_must(sim.cpu[vcpu].depth);
	sim.cpu[vcpu].depth--;
}

static inline void gic_sim_deactivate(unsigned vcpu, u32 intid)
{
	struct gic_sim_cpu *cpu = &sim.cpu[vcpu];

	for (unsigned i = 0; i < sim.hardware.lr_count; i++) {
		u64 lr = cpu->lr[i];

		if (!(lr & GIC_LR_ACTIVE) || gic_sim_intid(lr) != intid)
			continue;
		if (lr & GIC_LR_HW)
			cpu->host_active &= ~(1u << (lr >> GIC_LR_HOST_INTID_SHIFT & 31));
		cpu->lr[i] = lr & ~GIC_LR_ACTIVE;
		return;
	}
	cpu->eoi_count++;
}

/* ---- registers ---- */

/* By vCPU @vcpu, or with -1 by nobody in particular. */
static inline u64 gic_sim_read(int vcpu, u64 addr, unsigned size)
{
	u64 value;

	gic_sim_enter(vcpu);
	value = fake_read(&GIC_SIM_VM, addr, size);
	sim.here = -1;
	return value;
}

static inline void gic_sim_write(int vcpu, u64 addr, unsigned size, u64 value)
{
	gic_sim_enter(vcpu);
	fake_write(&GIC_SIM_VM, addr, size, value);
	sim.here = -1;
}

#endif
