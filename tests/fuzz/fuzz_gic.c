/* SPDX-License-Identifier: MIT */
/* Fuzzes the virtual GIC: any accesses, lines, SGIs, guests that end what they like, list registers with any content. */
#include "fuzz_device.h"

#define GIC_SIM_VM f
#include <gic_sim.h>

#define CPUS_MAX 4
#define LINES 288

/* How the first operation chooses a machine. */
struct machine {
	u8 version; /* of the host: 0 lends nothing, which makes the guest's 2 */
	u8 lrs;
	u8 count;     /* vCPUs */
	bool garbage; /* list registers may hold anything */
};

static struct machine machine;
static u64 seen_highest; /* addresses that exist */

static struct machine machine_of(const u8 *first)
{
	static const u8 lrs[] = { 1, 2, 4, 16 };

	return (struct machine){
		.version = first[0] % 3 ? (u8)(first[0] % 3 + 1) : 0,
		.lrs = lrs[first[1] % 4],
		.count = (u8)(first[2] % CPUS_MAX + 1),
		.garbage = first[3] & 1,
	};
}

static unsigned guest_version(void)
{
	return machine.version == 3 ? 3 : 2;
}

static void make_machine(const struct machine *m)
{
	static bool made;

	if (made)
		fake_vm_destroy(&f);
	made = true;
	machine = *m;
	gic_sim_host(m->version, m->lrs);
	gic_sim_make(m->count, guest_version());
	sim.hostile = m->garbage;
	seen_highest = guest_version() == 3 ? GICR + m->count * GICR_FRAMES_SIZE : GICC + 0x10000;
}

static void fuzz_begin(const u8 *first)
{
	struct machine m = machine_of(first);

	if (memcmp(&m, &machine, sizeof(m)) || !sim.gic)
		make_machine(&m);
	for (u32 intid = 32; intid < LINES; intid++)
		gic_sim_chip()->ops->set(gic_sim_chip(), intid, false);
	for (unsigned vcpu = 0; vcpu < m.count; vcpu++)
		for (u32 intid = 16; intid < 32; intid++)
			gic_set_ppi(sim.gic, vcpu, intid, false);
	memset(sim.cpu, 0, sizeof(sim.cpu));
	vdev_reset_all(&f.vm);
	memset(sim.cpu, 0, sizeof(sim.cpu));
	for (unsigned vcpu = 0; vcpu < m.count; vcpu++) {
		f.vcpus[vcpu].requests = 0;
		gic_sim_load(vcpu);
	}
}

/* ---- operations ---- */

static int accessor(u8 how)
{
	unsigned vcpu = how % machine.count;

	return sim.cpu[vcpu].loaded ? (int)vcpu : -1;
}

static void any_access(const u8 *op)
{
	u64 span = seen_highest - GICD + 0x100, value;
	u64 addr = GICD + ((u64)op[0] >> 4 << 18 ^ (u64)op[1] << 8 ^ op[2]) % span;

	gic_sim_enter(accessor(op[3] >> 3));
	(void)fuzz_access(addr, op[3], op[3] * 0x0101010101010101ull, &value);
	sim.here = -1;
	must((op[3] & 3) == 3 || value >> (8 << (op[3] & 3)) == 0);
}

/* Registers that matter, with values of few bits. */
static void named_access(const u8 *op)
{
	static const u16 words[] = { GICD_IGROUPR,   GICD_ISENABLER,  GICD_ICENABLER,
				     GICD_ISPENDR,   GICD_ICPENDR,    GICD_ISACTIVER,
				     GICD_ICACTIVER, GICD_IPRIORITYR, GICD_ITARGETSR,
				     GICD_ICFGR,     GICD_SGIR,       GICD_SPENDSGIR };
	u32 offset = words[op[1] % ARRAY_SIZE(words)] + op[2] % 16 * 4, value = op[3] * 0x01010101u;
	unsigned vcpu = op[0] >> 4 & 3;
	u64 base = GICD;

	if (guest_version() == 3 && op[0] & 0x80)
		base = GICR + vcpu % machine.count * GICR_FRAMES_SIZE + GICR_SGI_FRAME;
	gic_sim_write(accessor((u8)vcpu), base + offset, 4, value);
	(void)gic_sim_read(accessor((u8)vcpu), base + offset, 4);
}

static void interface_access(const u8 *op)
{
	static const u16 registers[] = { GICC_CTLR,  GICC_PMR,   GICC_BPR,  GICC_IAR,
					 GICC_EOIR,  GICC_RPR,   GICC_ABPR, GICC_AIAR,
					 GICC_AEOIR, GICC_HPPIR, GICC_APR,  GICC_DIR };
	u64 at = GICC + registers[op[1] % ARRAY_SIZE(registers)];

	if (machine.version)
		return;
	gic_sim_write(accessor(op[2]), at, 4, op[3] * 0x00010101u);
	(void)gic_sim_read(accessor(op[2]), at, 4);
}

static void route(const u8 *op)
{
	u32 intid = 32 + op[1] % 40;

	if (guest_version() == 3)
		gic_sim_write(accessor(op[2]), GICD + GICD_IROUTER + 8 * intid, 8,
			      op[3] & 0x80 ? GICD_IROUTER_ANY : op[3] & 7);
	else
		gic_sim_write(accessor(op[2]), GICD + GICD_ITARGETSR + intid, 1, op[3]);
	f.vcpus[op[2] % machine.count].power = op[2] & 0x80 ? VCPU_OFF : VCPU_ON;
}

static void wire(const u8 *op)
{
	unsigned vcpu = op[2] % machine.count;

	if (op[0] & 0x80)
		gic_set_ppi(sim.gic, vcpu, 16 + op[1] % 16, op[3] & 1);
	else
		gic_sim_chip()->ops->set(gic_sim_chip(), 32 + op[1] % (LINES - 32), op[3] & 1);
	if ((op[0] & 0xf0) == 0xf0)
		gic_forward_ppi(sim.gic, 16 + op[1] % 16, 16 + op[2] % 16);
}

static void send_sgi(const u8 *op)
{
	u64 value;

	memcpy(&value,
	       (const u8[]){ op[1], 0, op[2] >> 6, op[2] & 15, op[3] >> 7, op[3] >> 4, 0, 0 }, 8);
	gic_sim_enter(accessor(op[0] >> 4));
	gic_send_sgi(sim.gic, (unsigned)(op[0] >> 4) % machine.count, value, op[3] & 1);
	sim.here = -1;
}

/* A guest that knows no rules: ends what is not active, in any order. */
static void guest(const u8 *op)
{
	unsigned vcpu = op[1] % machine.count;

	if (!machine.version || !sim.cpu[vcpu].loaded)
		return;
	switch (op[2] % 4) {
	case 0:
	case 1:
		(void)gic_sim_ack(vcpu);
		break;
	case 2:
		if (sim.cpu[vcpu].depth)
			gic_sim_drop(vcpu);
		gic_sim_deactivate(vcpu, gic_sim_intid(sim.cpu[vcpu].lr[op[3] % 16]));
		break;
	case 3:
		gic_sim_deactivate(vcpu, op[3]);
		break;
	}
}

static void garbage(const u8 *op)
{
	struct gic_sim_cpu *cpu = &sim.cpu[op[1] % machine.count];
	u64 lr;

	if (!machine.garbage || !machine.version || !cpu->loaded)
		return;
	memcpy(&lr, (const u8[]){ op[2], op[3], 0, op[2], op[3], op[2], op[3], op[2] ^ op[3] }, 8);
	cpu->lr[op[0] >> 4] = lr;
	cpu->eoi_count += op[3] & 31;
}

static void move(const u8 *op)
{
	unsigned vcpu = op[1] % machine.count;

	switch (op[2] % 4) {
	case 0:
		gic_sim_put(vcpu);
		break;
	case 1:
		if (!sim.cpu[vcpu].loaded)
			gic_reset_cpu(sim.gic, vcpu);
		break;
	case 2:
		if (sim.cpu[vcpu].loaded)
			gic_sim_sync(vcpu);
		break;
	case 3:
		gic_sim_load(vcpu);
		break;
	}
}

static void fuzz_step(const u8 *op)
{
	static void (*const operations[])(const u8 *op) = {
		any_access, named_access, named_access, interface_access, route, wire, wire,
		send_sgi,   guest,        guest,        garbage,          move,
	};
	bool done;

	operations[op[0] % 16 % ARRAY_SIZE(operations)](op);
	done = gic_sim_return();
	must(done || machine.garbage);
}

/* ---- the end ---- */

/* After a reset it is as new. */
static void fuzz_end(void)
{
	memset(sim.cpu, 0, sizeof(sim.cpu));
	vdev_reset_all(&f.vm);
	memset(sim.cpu, 0, sizeof(sim.cpu));
	gic_sim_load(0);
	gic_sim_write(0, GICD + GICD_CTLR, 4, 3);
	for (u32 intid = 32; intid < LINES; intid += 15) {
		struct virq_chip *chip = gic_sim_chip();

		chip->ops->set(chip, intid, false);
		gic_sim_write(0, GICD + GICD_ISENABLER + intid / 32 * 4, 4, 1u << intid % 32);
		if (guest_version() == 2)
			gic_sim_write(0, GICD + GICD_ITARGETSR + intid, 1, 1);
		must(!gic_has_waiting(sim.gic, 0));
		chip->ops->set(chip, intid, true);
		must(gic_has_waiting(sim.gic, 0));
		if (machine.version) {
			must(gic_sim_settle());
			must(gic_sim_intid(gic_sim_ack(0)) == intid);
			gic_sim_drop(0);
		}
		chip->ops->set(chip, intid, false);
		if (machine.version) {
			must(gic_sim_settle());
			gic_sim_deactivate(0, intid);
		}
	}
}
