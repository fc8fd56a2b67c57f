/* SPDX-License-Identifier: MIT */
/* Virtual GIC: the CPU interface of version 2 in software, for hosts that have none to lend. */
#include "gic_private.h"

/*
 * Arm IHI 0048B, 4.4, as the virtual CPU interface (5.5) shows it to a guest that has that one instead:
 *  - 32 levels of priority; the binary points begin at 2, and at 3 for group 1.
 *  - An interrupt whose group is off in GICC_CTLR is passed over, it does not stand in the way of others.
 *  - GICC_IAR and GICC_HPPIR read as 1022 for an interrupt of group 1 while AckCtl is 0.
 *  - GICC_EOIR drops the highest active priority, whichever interrupt it names; so it does with EOImode 0 for an
 *    interrupt that is not active. GICC_DIR is ignored with EOImode 0.
 *  - All registers have 32 bits: other sizes and misaligned accesses fault. The gaps read as 0.
 *
 *   best of the waiting set ──► below GICC_PMR, above the running priority? ──► IRQ, or FIQ (group 0 with FIQEn)
 */
#define CTLR_GROUPS 3
#define CTLR_ACK (1u << 2)
#define CTLR_FIQ (1u << 3)
#define CTLR_CBPR (1u << 4)
#define CTLR_BITS (CTLR_GROUPS | CTLR_ACK | CTLR_FIQ | CTLR_CBPR | GICC_CTLR_EOIMODE)

#define BPR_MIN 2
#define ABPR_MIN 3
#define PRIORITY_SHIFT 3 /* of 8 bits the upper 5 are there */
#define PRIORITY_MASK 0xf8
#define PRIORITY_IDLE 0xff
#define INTID_OTHER_GROUP 1022
#define INTID_MASK 0x3ff
#define SOURCE_SHIFT 10
#define CPU_IIDR 0x0562043b /* product "V", architecture version 2, as GICD_IIDR */

/* ---- the choice ---- */

/* Those bits of a priority that preempt (3.3.3). */
static u32 group_priority(const struct gic_interface *i, u32 priority, bool group1)
{
	u32 drop = group1 && !(i->ctlr & CTLR_CBPR) ? i->abpr : i->bpr + 1u;

	return priority & 0xffu << drop;
}

static u32 running_priority(const struct gic_interface *i)
{
	if (!i->active_priorities)
		return PRIORITY_IDLE;
	return (u32)__builtin_ctz(i->active_priorities) << PRIORITY_SHIFT;
}

static bool is_group1(struct gic *g, struct gic_cpu *cpu, u32 intid)
{
	return gic_bank_of(g, cpu, intid)->group1 & gic_bit(intid);
}

/* The best pending interrupt of the groups that are on; GIC_SPURIOUS. */
static u32 highest_pending(struct gic *g, struct gic_cpu *cpu)
{
	return gic_best(g, cpu, &cpu->waiting, cpu->interface.ctlr & CTLR_GROUPS);
}

/* May it interrupt what runs? */
static bool is_sufficient(struct gic *g, struct gic_cpu *cpu, u32 intid)
{
	const struct gic_interface *i = &cpu->interface;
	u32 priority;

	if (intid == GIC_SPURIOUS)
		return false;
	priority = gic_bank_of(g, cpu, intid)->priority[intid % 32];
	return priority < i->pmr &&
	       group_priority(i, priority, is_group1(g, cpu, intid)) < running_priority(i);
}

static void set_output(struct gic *g, u32 vcpu, enum vcpu_pin pin, bool *output, bool level)
{
	if (*output == level)
		return;
	*output = level;
	vdev_set_pin(g->dev, vcpu, pin, level);
}

void gic_cpu_update(struct gic *g, struct gic_cpu *cpu)
{
	struct gic_interface *i = &cpu->interface;
	u32 intid = highest_pending(g, cpu);
	bool signal = is_sufficient(g, cpu, intid);
	bool fast = signal && i->ctlr & CTLR_FIQ && !is_group1(g, cpu, intid);

	set_output(g, cpu->index, VCPU_PIN_EXTERNAL, &i->irq, signal && !fast);
	set_output(g, cpu->index, VCPU_PIN_FAST, &i->fiq, fast);
}

void gic_cpu_reset(struct gic *g, struct gic_cpu *cpu)
{
	struct gic_interface *i = &cpu->interface;

	i->ctlr = i->active_priorities = i->pmr = 0;
	i->bpr = BPR_MIN;
	i->abpr = ABPR_MIN;
	if (!g->lr_mask)
		gic_cpu_update(g, cpu);
}

/* ---- acknowledge, drop, deactivate ---- */

/* As GICC_IAR names it: with the sender of an SGI. */
static u32 with_source(u32 intid, u32 source)
{
	return intid < GIC_SGI_COUNT ? intid | source << SOURCE_SHIFT : intid;
}

static u32 acknowledge(struct gic *g, struct gic_cpu *cpu, u32 intid)
{
	struct gic_bank *b = gic_bank_of(g, cpu, intid);
	struct gic_interface *i = &cpu->interface;
	u32 n = intid % 32, bit = 1u << n;

	i->active_priorities |=
		1u << (group_priority(i, b->priority[n], b->group1 & bit) >> PRIORITY_SHIFT);
	gic_take(cpu, b, n);
	b->shown &= ~bit;
	b->active |= bit;
	gic_cpu_update(g, cpu);
	return with_source(intid, cpu->sgi_source[intid % GIC_SGI_COUNT]);
}

/* GICC_IAR, or with @alias GICC_AIAR, which is for group 1 only. */
static u32 read_iar(struct gic *g, struct gic_cpu *cpu, bool alias)
{
	u32 intid = highest_pending(g, cpu);

	if (!is_sufficient(g, cpu, intid))
		return GIC_SPURIOUS;
	if (is_group1(g, cpu, intid) == alias || (!alias && cpu->interface.ctlr & CTLR_ACK))
		return acknowledge(g, cpu, intid);
	return alias ? GIC_SPURIOUS : INTID_OTHER_GROUP;
}

static u32 read_hppir(struct gic *g, struct gic_cpu *cpu, bool alias)
{
	u32 intid = highest_pending(g, cpu), sources = 0;

	if (intid == GIC_SPURIOUS)
		return intid;
	if (is_group1(g, cpu, intid) != alias && (alias || !(cpu->interface.ctlr & CTLR_ACK)))
		return alias ? GIC_SPURIOUS : INTID_OTHER_GROUP;
	if (intid < GIC_SGI_COUNT)
		sources = cpu->sgi_sources[intid];
	return with_source(intid, sources ? (u32)__builtin_ctz(sources) : 0);
}

static void deactivate(struct gic *g, struct gic_cpu *cpu, u32 value)
{
	u32 intid = value & INTID_MASK;

	if (intid < g->bank_count * 32)
		gic_deactivate(g, gic_bank_of(g, cpu, intid), intid % 32);
}

static void write_eoir(struct gic *g, struct gic_cpu *cpu, u32 value)
{
	struct gic_interface *i = &cpu->interface;

	if ((value & INTID_MASK) >= GIC_SPI_END)
		return;
	i->active_priorities &= i->active_priorities - 1;
	if (!(i->ctlr & GICC_CTLR_EOIMODE))
		deactivate(g, cpu, value);
	gic_cpu_update(g, cpu);
}

/* ---- registers ---- */

static u32 read_locked(struct gic *g, struct gic_cpu *cpu, u64 offset)
{
	const struct gic_interface *i = &cpu->interface;

	switch (offset) {
	case GICC_CTLR:
		return i->ctlr;
	case GICC_PMR:
		return i->pmr;
	case GICC_BPR:
		return i->bpr;
	case GICC_ABPR:
		return i->abpr;
	case GICC_IAR:
	case GICC_AIAR:
		return read_iar(g, cpu, offset == GICC_AIAR);
	case GICC_HPPIR:
	case GICC_AHPPIR:
		return read_hppir(g, cpu, offset == GICC_AHPPIR);
	case GICC_RPR:
		return running_priority(i);
	case GICC_APR:
		return i->active_priorities;
	case GICC_IIDR:
		return CPU_IIDR;
	}
	return 0;
}

static void write_locked(struct gic *g, struct gic_cpu *cpu, u64 offset, u32 value)
{
	struct gic_interface *i = &cpu->interface;

	switch (offset) {
	case GICC_EOIR:
	case GICC_AEOIR:
		write_eoir(g, cpu, value);
		return;
	case GICC_DIR:
		if (i->ctlr & GICC_CTLR_EOIMODE)
			deactivate(g, cpu, value);
		return;
	case GICC_CTLR:
		i->ctlr = value & CTLR_BITS;
		break;
	case GICC_PMR:
		i->pmr = value & PRIORITY_MASK;
		break;
	case GICC_BPR:
		i->bpr = (u8)MAX(value & 7, (u32)BPR_MIN);
		break;
	case GICC_ABPR:
		i->abpr = (u8)MAX(value & 7, (u32)ABPR_MIN);
		break;
	case GICC_APR:
		i->active_priorities = value;
		break;
	}
	gic_cpu_update(g, cpu);
}

static u64 cpu_read(struct vdev *dev, u64 offset, unsigned size)
{
	struct gic *g = dev->state;
	irqflags_t flags = gic_lock(g);
	u32 value = read_locked(g, gic_accessor(g), offset);

	(void)size;
	gic_unlock(g, flags);
	return value;
}

static void cpu_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct gic *g = dev->state;
	irqflags_t flags = gic_lock(g);

	(void)size;
	write_locked(g, gic_accessor(g), offset, (u32)value);
	gic_unlock(g, flags);
}

const struct bus_ops gic_cpu_ops = { .read = cpu_read, .write = cpu_write, .sizes = 4 };
