/* SPDX-License-Identifier: MIT */
/* Host interrupt controller: Arm GICv3 and GICv4 (IHI 0069H) without LPIs. */
#include <arch/gic_host.h>
#include <arch/host.h>
#include <arch/vgic.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/time.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <libs/gic.h>

/*
 * reg:  distributor   redistributors, one or several regions   and for GICv2 guests, where the CPU has it:
 *       CPU interface   virtual interface control   virtual CPU interface
 */
#define REGIONS_MAX 64
#define GICD_SIZE 0x10000
#define TYPER_LINES 0x1fu
enum { REG_DISTRIBUTOR, REG_REGIONS };
#define REG_GICV(regions) (REG_REGIONS + (regions) + 2)

/* GICD_CTLR as software without security sees it, and with one security state (12.9.4). */
#define CTLR_GROUPS 3u
/* GICR_CTLR */
#define GICR_CTLR_RWP BIT(3)

#define INTID 0xffffffu
#define SGI_LIST 16u /* CPUs, by affinity 0, that one write of ICC_SGI1R_EL1 reaches */
#define IPI_SGI 0ull
#define PMR_ALL 0xf0
#define SRE_SRE BIT(0)
#define SRE_ENABLE BIT(3)
#define CTLR_EOIMODE BIT(1)
#define CTLR_PRIORITY_BITS(ctlr) (((ctlr) >> 8 & 7) + 1)
#define CTLR_RSS BIT(18)
/* Handled in a row before others get their turn; what is left interrupts again. */
#define CLAIMS_MAX 32
/* A write that the hardware takes longer than this for never ends. */
#define SETTLE_MS 100

struct region {
	volatile u8 *base;
	u64 size;
};

static struct {
	volatile u8 *gicd;
	struct region regions[REGIONS_MAX];
	u32 region_count;
	u64 stride;                          /* of redistributors; 0: as GICR_TYPER says */
	u32 forwarded;                       /* PPIs, by INTID */
	volatile u8 *redist[CONFIG_NR_CPUS]; /* of each CPU that has started */
	u64 sgi[CONFIG_NR_CPUS];             /* ICC_SGI1R_EL1 that interrupts it */
} gic;

static struct irq_controller controller;

/* Waits until @bits of a register are clear; says so when they stay. */
static void settle(const volatile u8 *frame, u32 offset, u32 bits, const char *what)
{
	u64 deadline = 0;

	while (gic_host_read(frame, offset) & bits) {
		if (!deadline)
			deadline = time_now() + time_from_ms(SETTLE_MS);
		if (time_now() > deadline) {
			log_error("GICv3: CPU %u: %s hangs", this_cpu()->id, what);
			return;
		}
		arch_cpu_relax();
	}
}

static void settle_distributor(void)
{
	settle(gic.gicd, GICD_CTLR, GICD_CTLR_RWP, "a write to the distributor");
}

/* The registers of this CPU's own SGIs and PPIs. */
static volatile u8 *own_frame(void)
{
	return gic.redist[this_cpu()->id] + GICR_SGI_FRAME;
}

/* ---- struct irq_controller ---- */

/* As GICD_IROUTER has it (12.9.22): the layout of MPIDR_EL1. */
static u64 affinity(unsigned cpu)
{
	return arch_cpu_hardware_id(cpu) & MPIDR_AFFINITY;
}

static int gicv3_enable(u32 irq, unsigned cpu)
{
	if (irq >= controller.irq_count)
		return -ERANGE;
	if (irq < GIC_PRIVATE_COUNT) {
		if (!gic.redist[this_cpu()->id])
			return -ENODEV;
		gic_host_enable(own_frame(), irq);
		return 0;
	}
	*(volatile u64 *)(gic.gicd + GICD_IROUTER + 8 * irq) = affinity(cpu);
	gic_host_enable(gic.gicd, irq);
	return 0;
}

static void gicv3_disable(u32 irq)
{
	if (irq >= GIC_PRIVATE_COUNT) {
		gic_host_disable(gic.gicd, irq);
		settle_distributor();
	} else if (gic.redist[this_cpu()->id]) {
		gic_host_disable(own_frame(), irq);
		settle(gic.redist[this_cpu()->id], GICR_CTLR, GICR_CTLR_RWP,
		       "a write to the redistributor");
	}
}

static void gicv3_send_ipi(unsigned cpu)
{
	dsb_ish();
	sysreg_write(ICC_SGI1R_EL1, gic.sgi[cpu]);
	isb();
}

/* The barrier: what others wrote before they sent an SGI is read after it has been acknowledged. */
static void gicv3_interrupt(void)
{
	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		u32 intid = sysreg_read(ICC_IAR1_EL1) & INTID;

		if (intid >= GIC_SPI_END)
			return;
		dsb_ish();
		sysreg_write(ICC_EOIR1_EL1, intid);
		if (intid < GIC_SGI_COUNT) {
			sysreg_write(ICC_DIR_EL1, intid);
			smp_ipi_interrupt();
			continue;
		}
		irq_dispatch(intid);
		if (intid >= GIC_PRIVATE_COUNT || !(gic.forwarded >> intid & 1))
			sysreg_write(ICC_DIR_EL1, intid);
	}
}

/* ---- each CPU ---- */

/* Affinities as GICR_TYPER's upper half has them. */
static u32 packed_affinity(unsigned cpu)
{
	u64 mpidr = affinity(cpu);

	return (u32)(mpidr >> 32 << 24 | (mpidr & 0xffffff));
}

static volatile u8 *find_redistributor(u32 wanted)
{
	for (const struct region *r = gic.regions; r < gic.regions + gic.region_count; r++) {
		u64 typer = 0, step;

		for (u64 at = 0; at + GICR_FRAMES_SIZE <= r->size && !(typer & GICR_TYPER_LAST);
		     at += step) {
			typer = *(volatile u64 *)(r->base + at + GICR_TYPER);
			if (typer >> 32 == wanted)
				return r->base + at;
			step = typer & GICR_TYPER_VLPIS ? 2 * GICR_FRAMES_SIZE : GICR_FRAMES_SIZE;
			step = gic.stride ? gic.stride : step;
		}
	}
	return NULL;
}

static void start_redistributor(volatile u8 *redist)
{
	volatile u8 *frame = redist + GICR_SGI_FRAME;

	gic_host_write(redist, GICR_WAKER, gic_host_read(redist, GICR_WAKER) & ~GICR_WAKER_SLEEP);
	settle(redist, GICR_WAKER, GICR_WAKER_ASLEEP, "the redistributor's wake-up");
	gic_host_reset(frame, 0, GIC_PRIVATE_COUNT);
	gic_host_write(frame, GICD_IGROUPR, ~0u);
	gic_host_write(frame, GICD_IGRPMODR, 0);
	settle(redist, GICR_CTLR, GICR_CTLR_RWP, "a write to the redistributor");
	gic_host_enable(frame, IPI_SGI);
}

/* Without Enable, which would let guests see ICC_SRE_EL1: it is not theirs to change. */
static bool enable_system_registers(void)
{
	sysreg_write(ICC_SRE_EL2, (sysreg_read(ICC_SRE_EL2) | SRE_SRE) & ~SRE_ENABLE);
	isb();
	return sysreg_read(ICC_SRE_EL2) & SRE_SRE;
}

/* What firmware left active would hold back everything that follows. */
static void clear_active_priorities(void)
{
	unsigned bits = CTLR_PRIORITY_BITS(sysreg_read(ICC_CTLR_EL1));

	sysreg_write(ICC_AP1R0_EL1, 0);
	if (bits < 6)
		return;
	sysreg_write(ICC_AP1R1_EL1, 0);
	if (bits < 7)
		return;
	sysreg_write(ICC_AP1R2_EL1, 0);
	sysreg_write(ICC_AP1R3_EL1, 0);
}

static void start_cpu_interface(void)
{
	clear_active_priorities();
	sysreg_write(ICC_PMR_EL1, PMR_ALL);
	sysreg_write(ICC_BPR1_EL1, 0);
	sysreg_write(ICC_CTLR_EL1, CTLR_EOIMODE);
	sysreg_write(ICC_IGRPEN1_EL1, 1);
	isb();
}

/* A CPU that cannot be interrupted is no use: it does not come up, and smp_start() says so. */
static void gicv3_cpu_init(void)
{
	unsigned cpu = this_cpu()->id;

	gic.redist[cpu] = find_redistributor(packed_affinity(cpu));
	if (!gic.redist[cpu] || !enable_system_registers()) {
		log_error("GICv3: CPU %u (affinity 0x%llx) has no %s", cpu,
			  (unsigned long long)affinity(cpu),
			  gic.redist[cpu] ? "system registers" : "redistributor in any region");
		for (;;)
			arch_cpu_idle();
	}
	start_redistributor(gic.redist[cpu]);
	start_cpu_interface();
	vgic_cpu_init();
}

static struct irq_controller controller = {
	.name = "gicv3",
	.enable = gicv3_enable,
	.disable = gicv3_disable,
	.translate = gic_host_translate,
	.cpu_init = gicv3_cpu_init,
	.send_ipi = gicv3_send_ipi,
	.private_end = GIC_PRIVATE_COUNT,
};

/* ---- struct gic_host ---- */

static void gicv3_forward_ppi(u32 intid)
{
	gic.forwarded |= 1u << intid;
}

static bool gicv3_ppi_is_active(u32 intid)
{
	return gic_host_read(own_frame(), GICD_ISACTIVER) >> intid & 1;
}

static void gicv3_set_ppi_active(u32 intid, bool active)
{
	gic_host_write(own_frame(), active ? GICD_ISACTIVER : GICD_ICACTIVER, 1u << intid);
}

static struct gic_host host = {
	.version = 3,
	.forward_ppi = gicv3_forward_ppi,
	.ppi_is_active = gicv3_ppi_is_active,
	.set_ppi_active = gicv3_set_ppi_active,
};

/* ---- start ---- */

static int find_distributor(const struct host_device *dev)
{
	hpa_t at;
	u64 size;
	int err = host_device_reg(dev, REG_DISTRIBUTOR, &at, &size);

	if (err || size < GICD_SIZE)
		return err ? err : -EINVAL;
	gic.gicd = hostmap_device(at, size);
	return gic.gicd ? 0 : -ENOMEM;
}

static int find_regions(const struct host_device *dev)
{
	u32 count = host_device_u32(dev, "#redistributor-regions", 1);
	hpa_t at;

	if (!fdt_number(dev->fdt, dev->node, "redistributor-stride", &gic.stride))
		gic.stride = 0;
	if (count > REGIONS_MAX || gic.stride % GICD_SIZE) {
		log_error(
			"GICv3: %u redistributor regions, stride 0x%llx; up to %u and multiples of "
			"64 KiB can be used",
			count, (unsigned long long)gic.stride, REGIONS_MAX);
		return -EINVAL;
	}
	for (gic.region_count = 0; gic.region_count < count; gic.region_count++) {
		struct region *r = &gic.regions[gic.region_count];
		int err = host_device_reg(dev, REG_REGIONS + gic.region_count, &at, &r->size);

		if (err)
			return err;
		r->base = hostmap_device(at, r->size);
		if (!r->base)
			return -ENOMEM;
	}
	return find_redistributor(packed_affinity(0)) ? 0 : -ENODEV;
}

static void find_sgi_targets(void)
{
	bool ranges = sysreg_read(ICC_CTLR_EL1) & CTLR_RSS;

	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		u64 mpidr = affinity(cpu), aff0 = mpidr & 0xff;

		gic.sgi[cpu] = (mpidr >> 32 & 0xff) << 48 | aff0 / SGI_LIST << 44 |
			       (mpidr >> 16 & 0xff) << 32 | IPI_SGI << 24 |
			       (mpidr >> 8 & 0xff) << 16 | BIT(aff0 % SGI_LIST);
		if (aff0 >= SGI_LIST && !ranges)
			log_error("GICv3: CPU %u (affinity 0x%llx) cannot be interrupted by others",
				  cpu, (unsigned long long)mpidr);
	}
}

/* All is of group 1, which is the only one for software without security, and the one we use if there is no other. */
static void start_distributor(u32 lines)
{
	gic_host_write(gic.gicd, GICD_CTLR, gic_host_read(gic.gicd, GICD_CTLR) & GICD_CTLR_ARE);
	settle_distributor();
	gic_host_write(gic.gicd, GICD_CTLR, GICD_CTLR_ARE);
	settle_distributor();
	for (u32 intid = GIC_PRIVATE_COUNT; intid < lines; intid += 32) {
		gic_host_write(gic.gicd, GICD_IGROUPR + intid / 8, ~0u);
		gic_host_write(gic.gicd, GICD_IGRPMODR + intid / 8, 0);
	}
	gic_host_reset(gic.gicd, GIC_PRIVATE_COUNT, lines);
	settle_distributor();
	gic_host_write(gic.gicd, GICD_CTLR, GICD_CTLR_ARE | CTLR_GROUPS);
	settle_distributor();
}

static bool find_its(const struct host_device *dev)
{
	int node;

	fdt_for_each_subnode(node, dev->fdt, dev->node)
		if (fdt_text_listed(dev->fdt, node, "compatible", "arm,gic-v3-its") &&
		    fdt_is_enabled(dev->fdt, node))
			return true;
	return false;
}

static void find_gicv(const struct host_device *dev)
{
	if (host_device_reg(dev, REG_GICV(gic.region_count), &host.gicv, &host.gicv_size) ||
	    !is_aligned(host.gicv.v | host.gicv_size, PAGE_SIZE))
		host.gicv_size = 0;
}

static int gicv3_probe(const struct host_device *dev)
{
	u32 lines;
	int err;

	if (arm64_gic())
		return -EBUSY;
	err = find_distributor(dev);
	if (!err)
		err = find_regions(dev);
	if (err)
		return err;
	if (!arm64_features.gic_sysregs || !enable_system_registers()) {
		log_error("GICv3: the CPU interface has no system registers, or firmware keeps "
			  "them to "
			  "itself (ICC_SRE_EL3)");
		return -ENODEV;
	}
	lines = 32 * ((gic_host_read(gic.gicd, GICD_TYPER) & TYPER_LINES) + 1);
	controller.irq_count = MIN(lines, (u32)GIC_SPI_END);
	start_distributor(lines);
	find_sgi_targets();
	host.maintenance = gic_host_maintenance(dev);
	host.has_its = find_its(dev);
	find_gicv(dev);
	if (host.has_its)
		log_info("GICv3: its ITS is left alone: no driver uses message interrupts");
	return arm64_gic_bind(&host, &controller, gicv3_interrupt);
}

static const char *const compatible[] = { "arm,gic-v3", NULL };

DEFINE_DRIVER(gicv3_driver) = {
	.name = "gicv3",
	.class = DRIVER_IRQCHIP,
	.compatible = compatible,
	.probe = gicv3_probe,
};
