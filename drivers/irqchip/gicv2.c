/* SPDX-License-Identifier: MIT */
/* Host interrupt controller: Arm GICv2 (IHI 0048B) with its virtualization extensions. */
#include <arch/gic_host.h>
#include <arch/sysreg.h>
#include <arch/vgic.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <libs/gic.h>

/*
 * Nothing here touches groups: without security extensions all is group 0, with them firmware has given us
 * group 1, which bit 0 of both control registers then means.
 */
enum { REG_DISTRIBUTOR, REG_CPU, REG_GICH, REG_GICV };

#define GICD_MIN_SIZE 0x1000
#define GICH_MIN_SIZE 0x200
/* A page of registers, and one with the register for deactivation. */
#define INTERFACE_SIZE 0x2000
#define TYPER_LINES 0x1fu
#define INTID 0x3ffu
#define PMR_ALL 0xf0u
#define CTLR_BYPASS 0x1e0u /* what the board wired around the GIC: not ours */
#define IPI_SGI 0u
/* Handled in a row before others get their turn; what is left interrupts again. */
#define CLAIMS_MAX 32

static struct {
	volatile u8 *gicd;
	volatile u8 *gicc;
	u32 forwarded;             /* PPIs, by INTID */
	u8 target[CONFIG_NR_CPUS]; /* of each CPU that has started, as GICD_ITARGETSR has it */
} gic;

/* ---- struct irq_controller ---- */

static struct irq_controller controller;

static int gicv2_enable(u32 irq, unsigned cpu)
{
	if (irq >= controller.irq_count || (irq >= GIC_PRIVATE_COUNT && !gic.target[cpu]))
		return -ERANGE;
	if (irq >= GIC_PRIVATE_COUNT)
		gic.gicd[GICD_ITARGETSR + irq] = gic.target[cpu];
	gic_host_enable(gic.gicd, irq);
	return 0;
}

static void gicv2_disable(u32 irq)
{
	gic_host_disable(gic.gicd, irq);
}

static void gicv2_send_ipi(unsigned cpu)
{
	dsb_ish();
	gic_host_write(gic.gicd, GICD_SGIR, (u32)gic.target[cpu] << 16 | IPI_SGI);
}

/* The distributor names a CPU its own bit as the target of each interrupt that is its own (4.3.12). */
static u8 own_target(void)
{
	u32 word = 0;

	for (u32 intid = 0; intid < GIC_PRIVATE_COUNT && !word; intid += 4)
		word = gic_host_read(gic.gicd, GICD_ITARGETSR + intid);
	word |= word >> 16;
	word |= word >> 8;
	return (u8)word ? (u8)word : 1; /* it reads as zero where there is one CPU */
}

static void gicv2_cpu_init(void)
{
	u32 bypass = gic_host_read(gic.gicc, GICC_CTLR) & CTLR_BYPASS;

	gic.target[this_cpu()->id] = own_target();
	gic_host_reset(gic.gicd, 0, GIC_PRIVATE_COUNT);
	gic_host_enable(gic.gicd, IPI_SGI);
	for (u32 offset = GICC_APR; offset < GICC_APR + 16; offset += 4)
		gic_host_write(gic.gicc, offset, 0);
	gic_host_write(gic.gicc, GICC_PMR, PMR_ALL);
	gic_host_write(gic.gicc, GICC_BPR, 0);
	gic_host_write(gic.gicc, GICC_CTLR, bypass | GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
	vgic_cpu_init();
}

/* An SGI is ended as it was acknowledged, with the number of its sender. */
static void gicv2_interrupt(void)
{
	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		u32 ack = gic_host_read(gic.gicc, GICC_IAR);
		u32 intid = ack & INTID;

		if (intid >= GIC_SPI_END)
			return;
		gic_host_write(gic.gicc, GICC_EOIR, ack);
		if (intid < GIC_SGI_COUNT) {
			gic_host_write(gic.gicc, GICC_DIR, ack);
			smp_ipi_interrupt();
			continue;
		}
		irq_dispatch(intid);
		if (intid >= GIC_PRIVATE_COUNT || !(gic.forwarded >> intid & 1))
			gic_host_write(gic.gicc, GICC_DIR, ack);
	}
}

static struct irq_controller controller = {
	.name = "gicv2",
	.enable = gicv2_enable,
	.disable = gicv2_disable,
	.translate = gic_host_translate,
	.cpu_init = gicv2_cpu_init,
	.send_ipi = gicv2_send_ipi,
	.private_end = GIC_PRIVATE_COUNT,
};

/* ---- struct gic_host ---- */

static void gicv2_forward_ppi(u32 intid)
{
	gic.forwarded |= 1u << intid;
}

static bool gicv2_ppi_is_active(u32 intid)
{
	return gic_host_read(gic.gicd, GICD_ISACTIVER) >> intid & 1;
}

static void gicv2_set_ppi_active(u32 intid, bool active)
{
	gic_host_write(gic.gicd, active ? GICD_ISACTIVER : GICD_ICACTIVER, 1u << intid);
}

static struct gic_host host = {
	.version = 2,
	.forward_ppi = gicv2_forward_ppi,
	.ppi_is_active = gicv2_ppi_is_active,
	.set_ppi_active = gicv2_set_ppi_active,
};

/* ---- start ---- */

/*
 * A CPU interface, ours or the guests': two pages. Boards made for pages of 64 KiB show each of them 16 times: there
 * the last copy of the first page is what the second one follows.
 */
static int map_interface(const struct host_device *dev, unsigned index, hpa_t *base, u64 *size)
{
	const u64 aliases = KIB(64);
	volatile u8 *regs;
	int err = host_device_reg(dev, index, base, size);

	if (err)
		return err;
	regs = hostmap_device(*base, *size);
	if (!regs)
		return -ENOMEM;
	if (*size == 2 * aliases &&
	    gic_host_read(regs, GICC_IIDR) ==
		    gic_host_read(regs, (u32)(aliases - PAGE_SIZE) + GICC_IIDR))
		base->v += aliases - PAGE_SIZE;
	*size = MIN(*size, (u64)INTERFACE_SIZE);
	return 0;
}

static int find_cpu_interface(const struct host_device *dev)
{
	hpa_t at;
	u64 size;
	int err = map_interface(dev, REG_CPU, &at, &size);

	if (err)
		return err;
	if (size < INTERFACE_SIZE) {
		log_error("GICv2: reg entry 1, the CPU interface, is 0x%llx bytes; 0x%x are needed",
			  (unsigned long long)size, INTERFACE_SIZE);
		return -EINVAL;
	}
	gic.gicc = hpa_to_ptr(at);
	return 0;
}

/* Without virtualization registers, or when they cannot be mapped, guests' CPU interfaces are emulated. */
static void find_virtual_interface(const struct host_device *dev)
{
	u64 size;

	if (host_device_reg(dev, REG_GICH, &host.gich, &size) || size < GICH_MIN_SIZE ||
	    !hostmap_device(host.gich, size))
		return;
	host.maintenance = gic_host_maintenance(dev);
	if (map_interface(dev, REG_GICV, &host.gicv, &host.gicv_size) ||
	    !is_aligned(host.gicv.v | host.gicv_size, PAGE_SIZE))
		host.gicv_size = 0;
}

static int find_distributor(const struct host_device *dev)
{
	hpa_t at;
	u64 size;
	int err = host_device_reg(dev, REG_DISTRIBUTOR, &at, &size);

	if (err || size < GICD_MIN_SIZE)
		return err ? err : -EINVAL;
	gic.gicd = hostmap_device(at, size);
	return gic.gicd ? 0 : -ENOMEM;
}

static int gicv2_probe(const struct host_device *dev)
{
	u32 lines;
	int err;

	if (arm64_gic())
		return -EBUSY;
	err = find_distributor(dev);
	if (!err)
		err = find_cpu_interface(dev);
	if (err)
		return err;
	find_virtual_interface(dev);
	lines = 32 * ((gic_host_read(gic.gicd, GICD_TYPER) & TYPER_LINES) + 1);
	controller.irq_count = MIN(lines, (u32)GIC_SPI_END);
	gic_host_write(gic.gicd, GICD_CTLR, 0);
	gic_host_reset(gic.gicd, GIC_PRIVATE_COUNT, lines);
	gic_host_write(gic.gicd, GICD_CTLR, GICD_CTLR_GRP0);
	return arm64_gic_bind(&host, &controller, gicv2_interrupt);
}

static const char *const compatible[] = { "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic",
					  "arm,cortex-a7-gic", NULL };

DEFINE_DRIVER(gicv2_driver) = {
	.name = "gicv2",
	.class = DRIVER_IRQCHIP,
	.compatible = compatible,
	.probe = gicv2_probe,
};
