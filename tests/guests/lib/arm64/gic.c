/* SPDX-License-Identifier: MIT */
/* arm64 test guests: GICv2 (IHI 0048B) and GICv3 (IHI 0069) behind the functions of gic.h. */
#include <gic.h>

unsigned gic_version;
u64 gicd, gicc, gicr[CPUS_MAX];
u32 gic_lines;

/* Of version 2 the CPU interfaces are numbered; a CPU reads its own mask in the first target register. */
static u8 interface_mask[CPUS_MAX];

static const char *const v2_names[] = { "arm,cortex-a15-gic", "arm,gic-400" };

/* What was written takes effect (v3: 8.9.4, RWP). */
static void wait_written(u64 ctlr, u32 bit)
{
	while (gic_version == 3 && (read32(ctlr) & bit))
		;
	dsb();
}

/* GICR_TYPER has the affinity in its upper half; frames lie one after another up to Last. */
static u64 find_redistributor(u64 base, u64 size, u64 mpidr)
{
	u32 affinity = (u32)(mpidr & 0xffffff) | (u32)(mpidr >> 32) << 24;

	for (u64 at = base; at < base + size; at += 0x20000) {
		u64 typer = read64(at + GICR_TYPER);

		if (typer >> 32 == affinity)
			return at;
		if (typer & 2) /* virtual LPIs: two frames more */
			at += 0x20000;
		if (typer & 16)
			break;
	}
	die("no redistributor of this affinity (MPIDR base size)", mpidr, base, size);
}

static void find_registers(int node)
{
	u64 base, size;

	if (!fdt_reg(node, 0, &gicd, &size) || !fdt_reg(node, 1, &base, &size))
		die("the GIC's reg in the tree", (u64)node, 0, 0);
	if (gic_version == 2)
		gicc = base;
	else
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			gicr[cpu] = find_redistributor(base, size, cpu_mpidr(cpu));
}

static int find_node(void)
{
	int node = fdt_find_compatible("arm,gic-v3");

	gic_version = 3;
	for (unsigned i = 0; node < 0 && i < ARRAY_SIZE(v2_names); i++) {
		node = fdt_find_compatible(v2_names[i]);
		gic_version = 2;
	}
	if (node < 0)
		die("no interrupt controller in the tree", 0, 0, 0);
	return node;
}

static void each_word(u32 reg, u32 first, u32 end, unsigned bits, u32 value)
{
	for (u32 intid = first; intid < end; intid += 32 / bits)
		write32(gic_word(reg, intid, bits), value);
}

void gic_init(void)
{
	find_registers(find_node());
	write32(gicd + GICD_CTLR, 0);
	wait_written(gicd + GICD_CTLR, GICD_CTLR_RWP);
	gic_lines = 32 * ((read32(gicd + GICD_TYPER) & 31) + 1);
	if (gic_lines > 1020)
		gic_lines = 1020;
	each_word(GICD_ICENABLER, 32, gic_lines, 1, ~0u);
	wait_written(gicd + GICD_CTLR, GICD_CTLR_RWP);
	each_word(GICD_ICPENDR, 32, gic_lines, 1, ~0u);
	each_word(GICD_ICACTIVER, 32, gic_lines, 1, ~0u);
	each_word(GICD_IPRIORITYR, 32, gic_lines, 8, 0x80808080);
	if (gic_version == 3) {
		each_word(GICD_IGROUPR, 32, gic_lines, 1, ~0u);
		write32(gicd + GICD_CTLR, 0x10); /* affinity routing before anything else */
		wait_written(gicd + GICD_CTLR, GICD_CTLR_RWP);
		write32(gicd + GICD_CTLR, 0x12);
	} else {
		write32(gicd + GICD_CTLR, 1);
	}
	wait_written(gicd + GICD_CTLR, GICD_CTLR_RWP);
	for (u32 intid = 32; intid < gic_lines; intid++)
		gic_route(intid, cpu_boot());
}

static void wake_redistributor(u64 at)
{
	write32(at + GICR_WAKER, read32(at + GICR_WAKER) & ~2u);
	while (read32(at + GICR_WAKER) & 4)
		;
	write32(at + GICR_SGI + GICD_IGROUPR, ~0u);
}

void gic_cpu_init(void)
{
	if (gic_version == 3)
		wake_redistributor(gicr[cpu_this()]);
	each_word(GICD_ICENABLER, 0, 32, 1, ~0u);
	each_word(GICD_ICACTIVER, 0, 32, 1, ~0u);
	each_word(GICD_IPRIORITYR, 0, 32, 8, 0x80808080);
	if (gic_version == 3) {
		icc_write(ICC_SRE, icc_read(ICC_SRE) | 1);
		icc_write(ICC_CTLR, 0);
		icc_write(ICC_BPR1, 0);
		icc_write(ICC_IGRPEN1, 1);
	} else {
		interface_mask[cpu_this()] = (u8)read32(gicd + GICD_ITARGETSR);
		write32(gicc + GICC_BPR, 0);
		write32(gicc + GICC_CTLR, 1);
	}
	gic_mask(0xff);
}

void gic_cpu_off(void)
{
	if (gic_version == 3)
		icc_write(ICC_IGRPEN1, 0);
	else
		write32(gicc + GICC_CTLR, 0);
}

u32 gic_acknowledge(void)
{
	u32 iar = gic_version == 3 ? (u32)icc_read(ICC_IAR1) : read32(gicc + GICC_IAR);

	dsb();
	return iar;
}

u32 gic_intid(u32 iar)
{
	return gic_version == 3 ? iar & 0xffffff : iar & 0x3ff;
}

void gic_end(u32 iar)
{
	if (gic_version == 3)
		icc_write(ICC_EOIR1, iar);
	else
		write32(gicc + GICC_EOIR, iar);
	dsb();
}

void gic_deactivate(u32 iar)
{
	if (gic_version == 3)
		icc_write(ICC_DIR, iar);
	else
		write32(gicc + GICC_DIR, iar);
	dsb();
}

void gic_split_end(bool on)
{
	if (gic_version == 3)
		icc_write(ICC_CTLR, on ? 2 : 0);
	else
		write32(gicc + GICC_CTLR, on ? 1 << 9 | 1 : 1);
}

void gic_mask(u8 priority)
{
	if (gic_version == 3)
		icc_write(ICC_PMR, priority);
	else
		write32(gicc + GICC_PMR, priority);
	dsb();
}

void gic_coarse(bool on)
{
	if (gic_version == 3)
		icc_write(ICC_BPR1, on ? 7 : 0);
	else
		write32(gicc + GICC_BPR, on ? 6 : 0);
	dsb();
}

u32 gic_running(void)
{
	return gic_version == 3 ? (u32)icc_read(ICC_RPR) : read32(gicc + GICC_RPR);
}

u32 gic_highest_pending(void)
{
	return gic_version == 3 ? (u32)icc_read(ICC_HPPIR1) : read32(gicc + GICC_HPPIR);
}

u64 gic_word(u32 reg, u32 intid, unsigned bits)
{
	u64 base = gic_version == 3 && intid < 32 ? gicr[cpu_this()] + GICR_SGI : gicd;

	return base + reg + intid * bits / 32 * 4;
}

static void set_bit(u32 reg, u32 intid)
{
	write32(gic_word(reg, intid, 1), 1u << intid % 32);
	dsb();
}

static bool get_bit(u32 reg, u32 intid)
{
	return read32(gic_word(reg, intid, 1)) >> intid % 32 & 1;
}

void gic_enable(u32 intid, bool on)
{
	set_bit(on ? GICD_ISENABLER : GICD_ICENABLER, intid);
	if (intid < 32)
		wait_written(gic_version == 3 ? gicr[cpu_this()] + GICR_CTLR : 0, 8);
	else
		wait_written(gicd + GICD_CTLR, GICD_CTLR_RWP);
}

bool gic_enabled(u32 intid)
{
	return get_bit(GICD_ISENABLER, intid);
}

/* Version 2 has registers of their own for software-generated interrupts, one bit a sender. */
void gic_pend(u32 intid, bool on)
{
	if (gic_version == 2 && intid < 16) {
		write8(gicd + (on ? GICD_SPENDSGIR : GICD_CPENDSGIR) + intid, on ? 1 : 0xff);
		dsb();
	} else {
		set_bit(on ? GICD_ISPENDR : GICD_ICPENDR, intid);
	}
}

bool gic_pending(u32 intid)
{
	return get_bit(GICD_ISPENDR, intid);
}

void gic_activate(u32 intid, bool on)
{
	set_bit(on ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

bool gic_active(u32 intid)
{
	return get_bit(GICD_ISACTIVER, intid);
}

void gic_priority(u32 intid, u8 priority)
{
	write8(gic_word(GICD_IPRIORITYR, intid, 8) + intid % 4, priority);
	dsb();
}

u8 gic_priority_of(u32 intid)
{
	return read8(gic_word(GICD_IPRIORITYR, intid, 8) + intid % 4);
}

void gic_edge(u32 intid, bool edge)
{
	u64 at = gic_word(GICD_ICFGR, intid, 2);
	u32 bit = 2u << intid % 16 * 2;

	write32(at, edge ? read32(at) | bit : read32(at) & ~bit);
	dsb();
}

bool gic_is_edge(u32 intid)
{
	return read32(gic_word(GICD_ICFGR, intid, 2)) >> intid % 16 * 2 & 2;
}

void gic_route(u32 intid, unsigned cpu)
{
	if (gic_version == 3) {
		write64(gicd + GICD_IROUTER + 8 * intid, cpu_mpidr(cpu));
	} else {
		write8(gicd + GICD_ITARGETSR + intid, interface_mask[cpu] ?: (u8)(1 << cpu));
	}
	dsb();
}

void gic_send(unsigned cpu, u32 intid)
{
	u64 mpidr = cpu_mpidr(cpu);

	__asm__ volatile("dsb ish" ::: "memory");
	if (gic_version == 3)
		icc_write(ICC_SGI1R, (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
					     (u64)intid << 24 | (mpidr >> 8 & 0xff) << 16 |
					     (mpidr >> 4 & 0xf) << 44 | 1ul << (mpidr & 0xf));
	else
		write32(gicd + GICD_SGIR, (u32)(interface_mask[cpu] ?: 1 << cpu) << 16 | intid);
}

void gic_send_others(u32 intid)
{
	__asm__ volatile("dsb ish" ::: "memory");
	if (gic_version == 3)
		icc_write(ICC_SGI1R, 1ul << 40 | (u64)intid << 24);
	else
		write32(gicd + GICD_SGIR, 1u << 24 | intid);
}
