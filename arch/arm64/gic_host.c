/* SPDX-License-Identifier: MIT */
/* arm64: the host's GIC, whatever its version: who drives it, and what both drivers do alike. */
#include <arch/gic_host.h>
#include <arch/vgic.h>
#include <core/errno.h>
#include <core/lock.h>
#include <libs/fdt.h>
#include <libs/gic.h>

/* Of everything that we take; below the mask of every CPU interface, in the non-secure half. */
#define PRIORITY 0xa0a0a0a0u
#define CELLS 3
/* Of a specifier (bindings of arm,gic and arm,gic-v3): kind, number, trigger in bits 3:0. */
enum { CELL_SPI, CELL_PPI };
#define CELL_EDGES 3u
#define ICFGR_EDGE 2u

static const struct gic_host *bound;
static struct spinlock config_lock = SPINLOCK(LOCK_LEAF, "gic config"); /* guards GICD_ICFGR */
static u32 edges[GIC_SPI_END / 32 + 1]; /* written during boot only, as nodes are read */

int arm64_gic_bind(const struct gic_host *gic, const struct irq_controller *controller,
		   void (*interrupt)(void))
{
	int err;

	if (bound)
		return -EBUSY;
	bound = gic;
	vgic_init();
	err = irq_bind_controller(controller);
	if (err) {
		bound = NULL;
		return err;
	}
	irq_set_root_handler(interrupt);
	vgic_take_maintenance();
	return 0;
}

const struct gic_host *arm64_gic(void)
{
	return bound;
}

int gic_host_translate(const u32 *cells, unsigned count, u32 *intid)
{
	static const struct {
		u32 first, end;
	} kinds[] = {
		[CELL_SPI] = { GIC_PRIVATE_COUNT, GIC_SPI_END },
		[CELL_PPI] = { GIC_SGI_COUNT, GIC_PRIVATE_COUNT },
	};
	u32 bit;

	/* A fourth cell names the CPUs that share a PPI's number; ours have the same everywhere. */
	if (count < CELLS || (count > CELLS && cells[CELLS]) || cells[0] >= ARRAY_SIZE(kinds))
		return -EINVAL;
	if (cells[1] >= kinds[cells[0]].end - kinds[cells[0]].first)
		return -ERANGE;
	*intid = kinds[cells[0]].first + cells[1];
	bit = 1u << *intid % 32;
	edges[*intid / 32] &= ~bit;
	if (cells[2] & CELL_EDGES)
		edges[*intid / 32] |= bit;
	return 0;
}

u32 gic_host_maintenance(const struct host_device *dev)
{
	u32 cells[CELLS], intid;

	for (unsigned i = 0; i < CELLS; i++)
		if (!fdt_cell(dev->fdt, dev->node, "interrupts", i, &cells[i]))
			return 0;
	return gic_host_translate(cells, CELLS, &intid) || intid >= GIC_PRIVATE_COUNT ? 0 : intid;
}

void gic_host_reset(volatile u8 *frame, u32 first, u32 end)
{
	for (u32 intid = first; intid < end; intid += 32) {
		gic_host_write(frame, GICD_ICENABLER + intid / 8, ~0u);
		gic_host_write(frame, GICD_ICACTIVER + intid / 8, ~0u);
		gic_host_write(frame, GICD_ICPENDR + intid / 8, ~0u);
	}
	for (u32 intid = first; intid < end; intid += 4)
		gic_host_write(frame, GICD_IPRIORITYR + intid, PRIORITY);
}

/* Two bits each, of which the upper one counts; SGIs' are fixed (IHI 0069, 12.9.9). */
static void set_trigger(volatile u8 *frame, u32 intid)
{
	u32 offset = GICD_ICFGR + intid / 16 * 4;
	u32 field = ICFGR_EDGE << intid % 16 * 2;
	bool edge = edges[intid / 32] >> intid % 32 & 1;
	irqflags_t flags = spin_lock(&config_lock);
	u32 word = gic_host_read(frame, offset);

	if (!(word & field) == edge)
		gic_host_write(frame, offset, word ^ field);
	spin_unlock(&config_lock, flags);
}

void gic_host_enable(volatile u8 *frame, u32 intid)
{
	if (intid >= GIC_SGI_COUNT)
		set_trigger(frame, intid);
	gic_host_write(frame, GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_host_disable(volatile u8 *frame, u32 intid)
{
	gic_host_write(frame, GICD_ICENABLER + intid / 32 * 4, 1u << intid % 32);
}
