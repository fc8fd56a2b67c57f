/* SPDX-License-Identifier: MIT */
/* Virtual GIC: registers of the distributor and of redistributors, one table row each. */
#include "gic_private.h"

/*
 * Arm IHI 0048B, 4.3, and IHI 0069H, 12.9 to 12.11, with one security state (DS) and, in version 3, with affinity
 * routing for ever (ARE). Both groups, no LPIs, no extended ranges.
 *
 *   registers of interrupts 0..31:   version 2: in the distributor, each vCPU its own
 *                                    version 3: in the redistributor's second frame; 0 in the distributor
 *
 * What no row names, and a row accessed with a size that it does not have, reads as 0 and ignores writes; so do
 * interrupts that do not exist. Misaligned accesses fault. GICD_CTLR.RWP is always 0: what a write takes away
 * has been taken out of list registers before the access ends, but for a group that is switched off.
 */
#define IIDR_VALUE 0x5600043b /* product "V"; the programmer's model is Arm's */
#define IDS_OFFSET_V2 0xfd0
#define IDS_OFFSET_V3 0xffd0
#define TYPER_CPUS_SHIFT 5
#define TYPER_ID_BITS (9u << 19) /* 10 bits */
#define CTLR_FIXED_V3 (GICD_CTLR_ARE | GICD_CTLR_DS)
#define ICFGR_EDGE 2

struct row;

struct access {
	struct gic *g;
	struct gic_cpu *
		cpu; /* whose private registers: the accessing vCPU, or the one of the redistributor */
	const struct row *row;
	u32 offset; /* from the row's first byte */
	u8 size;
	bool private; /* interrupts 0..31 are here */
	bool shared;  /* the others are */
};

struct row {
	u16 offset;
	u16 length;
	u8 sizes;  /* sum of access sizes in bytes */
	u8 bits;   /* of one interrupt; 0: not by interrupt */
	u16 field; /* word of struct gic_bank, for read_word() */
	u64 (*read)(const struct access *a);
	void (*write)(const struct access *a, u64 value);
};

/* ---- interrupts of an access ---- */

static inline u32 first_intid(const struct access *a)
{
	return a->offset * 8 / a->row->bits;
}

/* NULL: these interrupts are not here. */
static inline struct gic_bank *bank_at(const struct access *a, u32 intid)
{
	if (intid < GIC_PRIVATE_COUNT)
		return a->private ? &a->cpu->own : NULL;
	return a->shared && intid < a->g->bank_count * 32 ? &a->g->spis[intid / 32 - 1] : NULL;
}

static inline struct gic_bank *bank_of(const struct access *a)
{
	return bank_at(a, first_intid(a));
}

/* ---- one bit an interrupt ---- */

static u64 read_word(const struct access *a)
{
	const struct gic_bank *b = bank_of(a);

	if (!b)
		return 0;
	return __atomic_load_n((const u32 *)((const char *)b + a->row->field), __ATOMIC_RELAXED);
}

static void write_group(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);
	irqflags_t flags;

	if (!b)
		return;
	flags = gic_lock(a->g);
	value = (value ^ b->group1) & b->exists;
	b->group1 ^= (u32)value;
	gic_changed(a->g, b, (u32)value);
	gic_unlock(a->g, flags);
}

static void enable(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);
	irqflags_t flags;

	if (!b)
		return;
	flags = gic_lock(a->g);
	value &= b->exists & ~b->enabled;
	b->enabled |= (u32)value;
	gic_update(a->g, b, (u32)value);
	gic_unlock(a->g, flags);
}

static void apply_disable(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	(void)value;
	b->enabled &= ~bits;
	gic_update(g, b, bits);
}

static void disable(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);

	if (b)
		gic_lr_apply(a->g, b, (u32)value & b->enabled & ~b->always, apply_disable, 0);
}

/* SGIs of version 2 become pending, or not, by their senders only (GICD_SPENDSGIR). */
static u32 writable_pending(const struct gic_bank *b, u64 value)
{
	return (u32)value & b->exists & ~b->sourced;
}

static u64 read_pending(const struct access *a)
{
	struct gic_bank *b = bank_of(a);
	irqflags_t flags;
	u32 value;

	if (!b)
		return 0;
	gic_lr_apply(a->g, b, b->held, NULL, 0);
	flags = gic_lock(a->g);
	value = gic_pending(b) | b->shown;
	gic_unlock(a->g, flags);
	return value;
}

static void make_pending(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);
	irqflags_t flags;

	if (!b)
		return;
	flags = gic_lock(a->g);
	value = writable_pending(b, value) & ~b->latch;
	b->latch |= (u32)value;
	gic_changed(a->g, b, (u32)value);
	gic_unlock(a->g, flags);
}

static void apply_unlatch(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	(void)value;
	for (u32 host = bits & b->latch & b->forwarded; host; host &= host - 1)
		gic_end_forwarded(g, b, (u32)__builtin_ctz(host));
	b->latch &= ~bits;
	gic_update(g, b, bits);
}

static void clear_pending(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);

	if (b)
		gic_lr_apply(a->g, b, writable_pending(b, value), apply_unlatch, 0);
}

static u64 read_active(const struct access *a)
{
	struct gic_bank *b = bank_of(a);

	if (!b)
		return 0;
	gic_lr_apply(a->g, b, b->held, NULL, 0);
	return __atomic_load_n(&b->active, __ATOMIC_RELAXED);
}

static void apply_activate(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	(void)value;
	for (bits &= ~b->active; bits; bits &= bits - 1)
		gic_activate(g, b, (u32)__builtin_ctz(bits));
}

static void make_active(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);

	if (b)
		gic_lr_apply(a->g, b, (u32)value & b->exists, apply_activate, 0);
}

static void apply_deactivate(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	(void)value;
	for (; bits; bits &= bits - 1)
		gic_deactivate(g, b, (u32)__builtin_ctz(bits));
}

static void clear_active(const struct access *a, u64 value)
{
	struct gic_bank *b = bank_of(a);

	if (b)
		gic_lr_apply(a->g, b, (u32)value & b->exists, apply_deactivate, 0);
}

/* ---- two and eight bits an interrupt ---- */

static u64 read_config(const struct access *a)
{
	u32 intid = first_intid(a), value = 0;
	const struct gic_bank *b = bank_at(a, intid);

	for (u32 n = 0; b && n < 16; n++)
		value |= (b->edge >> (intid % 32 + n) & 1 ? ICFGR_EDGE : 0u) << (2 * n);
	return value;
}

/* That of private interrupts is fixed: PPIs are levels (12.9.9). */
static void write_config(const struct access *a, u64 value)
{
	u32 intid = first_intid(a), edge = 0, bits = 0xffffu << (intid % 32);
	struct gic_bank *b = bank_at(a, intid);
	irqflags_t flags;

	if (!b || intid < GIC_PRIVATE_COUNT)
		return;
	for (u32 n = 0; n < 16; n++)
		edge |= (value >> (2 * n) & ICFGR_EDGE ? 1u : 0) << (intid % 32 + n);
	flags = gic_lock(a->g);
	b->edge = (b->edge & ~bits) | (edge & b->exists);
	gic_changed(a->g, b, bits);
	gic_unlock(a->g, flags);
}

static u64 read_priority(const struct access *a)
{
	u32 intid = first_intid(a), value = 0;
	const struct gic_bank *b = bank_at(a, intid);

	for (u32 i = 0; b && i < a->size; i++)
		value |= (u32)b->priority[intid % 32 + i] << (8 * i);
	return value;
}

static void write_priority(const struct access *a, u64 value)
{
	u32 intid = first_intid(a), bits = ((1u << a->size) - 1) << (intid % 32);
	struct gic_bank *b = bank_at(a, intid);
	irqflags_t flags;

	if (!b)
		return;
	flags = gic_lock(a->g);
	for (u32 i = 0; i < a->size; i++)
		b->priority[intid % 32 + i] = value >> (8 * i) & a->g->priority_mask;
	gic_changed(a->g, b, bits & b->exists);
	gic_unlock(a->g, flags);
}

/* ---- routing ---- */

static void apply_route(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	u32 n;

	if (!bits)
		return;
	n = (u32)__builtin_ctz(bits);
	g->route[b->first + n - GIC_PRIVATE_COUNT] = value;
	gic_reroute(g, b, n, gic_route_target(g, value));
}

static void set_route(struct gic *g, struct gic_bank *b, u32 intid, u64 value)
{
	gic_lr_apply(g, b, gic_bit(intid), apply_route, value);
}

/* Those of private interrupts are read-only and name the reader. */
static u64 read_targets(const struct access *a)
{
	u32 intid = first_intid(a), value = 0;
	const struct gic_bank *b = bank_at(a, intid);

	if (!b || a->g->cpu_count == 1)
		return 0;
	for (u32 i = 0; i < a->size; i++)
		value |= (intid < GIC_PRIVATE_COUNT ?
				  1u << a->cpu->index :
				  (u32)a->g->route[intid + i - GIC_PRIVATE_COUNT])
			 << (8 * i);
	return value;
}

static void write_targets(const struct access *a, u64 value)
{
	u32 intid = first_intid(a), there = (1u << a->g->cpu_count) - 1;
	struct gic_bank *b = bank_at(a, intid);

	if (!b || intid < GIC_PRIVATE_COUNT || a->g->cpu_count == 1)
		return;
	for (u32 i = 0; i < a->size; i++)
		set_route(a->g, b, intid + i, value >> (8 * i) & there);
}

#define ROUTER_BITS 0xff80ffffffull

static u64 *router_at(const struct access *a)
{
	u32 intid = a->offset / 8;

	if (intid < GIC_PRIVATE_COUNT || !bank_at(a, intid))
		return NULL;
	return &a->g->route[intid - GIC_PRIVATE_COUNT];
}

static u64 read_router(const struct access *a)
{
	const u64 *route = router_at(a);

	return route ? *route >> (8 * (a->offset % 8)) : 0;
}

static void write_router(const struct access *a, u64 value)
{
	const u64 *route = router_at(a);
	u32 shift = 8 * (a->offset % 8), intid = a->offset / 8;
	u64 mask = (a->size == 8 ? ~0ull : 0xffffffffull) << shift;

	if (!route)
		return;
	value = ((*route & ~mask) | (value << shift & mask)) & ROUTER_BITS;
	set_route(a->g, bank_at(a, intid), intid, value);
}

/* ---- SGIs of version 2 ---- */

#define SGIR_FILTER(value) ((value) >> 24 & 3)
enum { SGIR_LIST, SGIR_OTHERS, SGIR_SELF };

static void write_sgir(const struct access *a, u64 value)
{
	u32 self = 1u << a->cpu->index, all = (1u << a->g->cpu_count) - 1;
	const u32 targets[4] = {
		[SGIR_LIST] = value >> 16 & 0xff & all,
		[SGIR_OTHERS] = all & ~self,
		[SGIR_SELF] = self,
	};
	irqflags_t flags = gic_lock(a->g);

	for (u32 to = targets[SGIR_FILTER(value)]; to; to &= to - 1)
		gic_latch_sgi(a->g, a->cpu->index, &a->g->cpus[__builtin_ctz(to)], value & 15);
	gic_unlock(a->g, flags);
}

static u64 read_sgi_pending(const struct access *a)
{
	struct gic_bank *own = &a->cpu->own;
	u32 value = 0;

	gic_lr_apply(a->g, own, own->held, NULL, 0);
	for (u32 i = 0; i < a->size; i++) {
		u32 n = a->offset + i, sources = a->cpu->sgi_sources[n];

		if (own->shown >> n & 1)
			sources |= 1u << a->cpu->sgi_source[n];
		value |= sources << (8 * i);
	}
	return value;
}

static void make_sgi_pending(const struct access *a, u64 value)
{
	irqflags_t flags = gic_lock(a->g);

	for (u32 i = 0; i < a->size; i++) {
		u32 sources = value >> (8 * i) & ((1u << a->g->cpu_count) - 1);

		for (; sources; sources &= sources - 1)
			gic_latch_sgi(a->g, (u32)__builtin_ctz(sources), a->cpu, a->offset + i);
	}
	gic_unlock(a->g, flags);
}

static void apply_clear_sources(struct gic *g, struct gic_bank *b, u32 bits, u64 value)
{
	struct gic_cpu *cpu = container_of(b, struct gic_cpu, own);

	for (; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		cpu->sgi_sources[n] &= (u8)~value;
		if (!cpu->sgi_sources[n])
			b->latch &= ~(1u << n);
		gic_update(g, b, 1u << n);
	}
}

static void clear_sgi_pending(const struct access *a, u64 value)
{
	for (u32 i = 0; i < a->size; i++)
		gic_lr_apply(a->g, &a->cpu->own, 1u << (a->offset + i), apply_clear_sources,
			     value >> (8 * i) & 0xff);
}

/* ---- the distributor as a whole ---- */

static u64 read_ctlr(const struct access *a)
{
	return a->g->version == 2 ? a->g->ctlr : a->g->ctlr | CTLR_FIXED_V3;
}

static void write_ctlr(const struct access *a, u64 value)
{
	irqflags_t flags = gic_lock(a->g);

	if ((value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1)) != a->g->ctlr)
		gic_set_ctlr(a->g, (u32)value);
	gic_unlock(a->g, flags);
}

static u64 read_typer(const struct access *a)
{
	u32 lines = a->g->bank_count - 1;

	if (a->g->version == 2)
		return lines | (a->g->cpu_count - 1) << TYPER_CPUS_SHIFT;
	return lines | TYPER_ID_BITS;
}

static u64 read_iidr(const struct access *a)
{
	(void)a;
	return IIDR_VALUE;
}

/* PIDR4..7, PIDR0..3, CIDR0..3 of a GICv2 (Arm's GIC-400) and of a GICv3 (GIC-500). */
static u64 read_ids(const struct access *a)
{
	static const u8 ids[2][12] = {
		{ 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 },
		{ 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 },
	};

	return ids[a->g->version - 2][a->offset / 4];
}

/* ---- a redistributor's own ---- */

static u64 read_redistributor_typer(const struct access *a)
{
	u64 index = a->cpu->index, last = index == a->g->cpu_count - 1 ? GICR_TYPER_LAST : 0;
	u64 value =
		(index % GIC_AFF0_COUNT | index / GIC_AFF0_COUNT << 8) << 32 | index << 8 | last;

	return value >> (8 * a->offset);
}

/* Asleep, it keeps what it has, as awake: firmware has woken it before the guest starts. */
static u64 read_waker(const struct access *a)
{
	return a->cpu->waker ? GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP : 0;
}

static void write_waker(const struct access *a, u64 value)
{
	a->cpu->waker = value & GICR_WAKER_SLEEP;
}

/* ---- the tables ---- */

#define WORD(name) .length = 0x80, .sizes = 4, .bits = 1, .field = offsetof(struct gic_bank, name)
#define BYTES .length = 0x400, .sizes = 1 | 2 | 4, .bits = 8
#define ONE .length = 4, .sizes = 4

/* Rows by interrupt: each 0x80 bytes have one. */
#define INTERRUPT_ROWS_END 0xd00
static const struct row interrupt_rows[INTERRUPT_ROWS_END / 0x80] = {
	[GICD_IGROUPR / 0x80] = { GICD_IGROUPR, WORD(group1), .read = read_word,
				  .write = write_group },
	[GICD_ISENABLER / 0x80] = { GICD_ISENABLER, WORD(enabled), .read = read_word,
				    .write = enable },
	[GICD_ICENABLER / 0x80] = { GICD_ICENABLER, WORD(enabled), .read = read_word,
				    .write = disable },
	[GICD_ISPENDR / 0x80] = { GICD_ISPENDR, WORD(latch), .read = read_pending,
				  .write = make_pending },
	[GICD_ICPENDR / 0x80] = { GICD_ICPENDR, WORD(latch), .read = read_pending,
				  .write = clear_pending },
	[GICD_ISACTIVER / 0x80] = { GICD_ISACTIVER, WORD(active), .read = read_active,
				    .write = make_active },
	[GICD_ICACTIVER / 0x80] = { GICD_ICACTIVER, WORD(active), .read = read_active,
				    .write = clear_active },
	[GICD_IPRIORITYR / 0x80 ... GICD_ITARGETSR / 0x80 -
		1] = { GICD_IPRIORITYR, BYTES, .read = read_priority, .write = write_priority },
	[GICD_ICFGR / 0x80 ... INTERRUPT_ROWS_END / 0x80 -
		1] = { GICD_ICFGR, .length = 0x100, .sizes = 4, .bits = 2, .read = read_config,
		       .write = write_config },
};

/* The first words of each of these tables have a row each, in order; the last row is empty. */
#define FIRST_ROWS 3

static const struct row v2_rows[] = {
	{ GICD_CTLR, ONE, .read = read_ctlr, .write = write_ctlr },
	{ GICD_TYPER, ONE, .read = read_typer },
	{ GICD_IIDR, ONE, .read = read_iidr },
	{ GICD_ITARGETSR, BYTES, .read = read_targets, .write = write_targets },
	{ GICD_SGIR, ONE, .write = write_sgir },
	{ GICD_CPENDSGIR, .length = 16, .sizes = 1 | 2 | 4, .read = read_sgi_pending,
	  .write = clear_sgi_pending },
	{ GICD_SPENDSGIR, .length = 16, .sizes = 1 | 2 | 4, .read = read_sgi_pending,
	  .write = make_sgi_pending },
	{ IDS_OFFSET_V2, .length = 0x30, .sizes = 4, .read = read_ids },
	{ .length = 0 },
};

static const struct row v3_rows[] = {
	{ GICD_CTLR, ONE, .read = read_ctlr, .write = write_ctlr },
	{ GICD_TYPER, ONE, .read = read_typer },
	{ GICD_IIDR, ONE, .read = read_iidr },
	{ GICD_IROUTER, .length = 8 * GIC_SPI_END, .sizes = 4 | 8, .bits = 64, .read = read_router,
	  .write = write_router },
	{ IDS_OFFSET_V3, .length = 0x30, .sizes = 4, .read = read_ids },
	{ .length = 0 },
};

/* GICR_CTLR, GICR_PROPBASER and GICR_PENDBASER are 0 while there are no LPIs. */
static const struct row redistributor_rows[] = {
	{ GICR_CTLR, ONE },
	{ GICR_IIDR, ONE, .read = read_iidr },
	{ GICR_TYPER, .length = 8, .sizes = 4 | 8, .read = read_redistributor_typer },
	{ GICR_WAKER, ONE, .read = read_waker, .write = write_waker },
	{ IDS_OFFSET_V3, .length = 0x30, .sizes = 4, .read = read_ids },
	{ .length = 0 },
};

/* Registers of the distributor are the same for interrupts 0 to 31; there is nothing else in this frame. */
static const struct row sgi_frame_rows[FIRST_ROWS + 1];

/* The row at @offset; one without accesses where there is none. */
static inline const struct row *find_row(const struct row *rows, u64 offset)
{
	if (offset / 4 < FIRST_ROWS)
		return &rows[offset / 4];
	if (offset < INTERRUPT_ROWS_END && interrupt_rows[offset / 0x80].length)
		return &interrupt_rows[offset / 0x80];
	while (rows->length && offset - rows->offset >= rows->length)
		rows++;
	return rows;
}

static inline u64 read_row(struct access *a, const struct row *rows, u64 offset)
{
	a->row = find_row(rows, offset);
	a->offset = (u32)(offset - a->row->offset);
	return a->row->sizes & a->size && a->row->read ? a->row->read(a) : 0;
}

static inline void write_row(struct access *a, const struct row *rows, u64 offset, u64 value)
{
	a->row = find_row(rows, offset);
	a->offset = (u32)(offset - a->row->offset);
	if (a->row->sizes & a->size && a->row->write)
		a->row->write(a, value);
}

/* ---- the bus ---- */

static u64 distributor_read(struct vdev *dev, u64 offset, unsigned size)
{
	struct gic *g = dev->state;
	struct access a = { .g = g, .size = (u8)size, .shared = true };

	if (g->version == 3)
		return read_row(&a, v3_rows, offset);
	a.private = true;
	a.cpu = gic_accessor(g);
	return read_row(&a, v2_rows, offset);
}

static void distributor_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct gic *g = dev->state;
	struct access a = { .g = g, .size = (u8)size, .shared = true };

	if (g->version == 3) {
		write_row(&a, v3_rows, offset, value);
		return;
	}
	a.private = true;
	a.cpu = gic_accessor(g);
	write_row(&a, v2_rows, offset, value);
}

const struct bus_ops gic_distributor_ops = {
	.read = distributor_read,
	.write = distributor_write,
	.sizes = 1 | 2 | 4 | 8,
};

/* Two frames a vCPU: its own registers, then those of its SGIs and PPIs. */
static struct access redistributor_access(struct gic *g, u64 offset, unsigned size)
{
	return (struct access){
		.g = g,
		.cpu = &g->cpus[offset / GICR_FRAMES_SIZE],
		.size = (u8)size,
		.private = offset & GICR_SGI_FRAME,
	};
}

static u64 redistributor_read(struct vdev *dev, u64 offset, unsigned size)
{
	struct access a = redistributor_access(dev->state, offset, size);

	return read_row(&a, a.private ? sgi_frame_rows : redistributor_rows,
			offset % GICR_SGI_FRAME);
}

static void redistributor_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct access a = redistributor_access(dev->state, offset, size);

	write_row(&a, a.private ? sgi_frame_rows : redistributor_rows, offset % GICR_SGI_FRAME,
		  value);
}

const struct bus_ops gic_redistributor_ops = {
	.read = redistributor_read,
	.write = redistributor_write,
	.sizes = 1 | 2 | 4 | 8,
};
