/* SPDX-License-Identifier: MIT */
/* Virtual GIC, versions 2 and 3: the state of all interrupts of a VM, and where each of them waits. */
#include "gic_private.h"
#include <core/vm.h>
#include <string.h>

static const struct gic_hardware no_hardware;
const struct gic_hardware *gic_hardware = &no_hardware;

void gic_set_hardware(const struct gic_hardware *hardware)
{
	gic_hardware = hardware ? hardware : &no_hardware;
}

/* ---- who is told ---- */

static inline void tell_vcpu(struct gic *g, struct gic_cpu *cpu)
{
	if (!g->lr_mask)
		gic_cpu_update(g, cpu);
	else if (cpu != g->busy)
		vdev_notify_vcpu(g->dev, cpu->index);
}

bool gic_has_listener(const struct gic *g, u32 intid)
{
	for (u32 i = 0; i < g->chip.listener_count; i++)
		if (g->chip.listeners[i].irq == intid)
			return true;
	return false;
}

/*
 * Listeners lower the wire when the device that they pass through is served: the interrupt is not
 * offered again before they are through.
 */
irqflags_t gic_tell_listeners(struct gic *g, irqflags_t flags)
{
	u16 ends[ARRAY_SIZE(g->ends)];
	u32 count = g->end_count;

	memcpy(ends, g->ends, count * sizeof(ends[0]));
	g->end_count = 0;
	spin_unlock(&g->dev->lock, flags);
	for (u32 i = 0; i < count; i++)
		virq_notify_eoi(&g->chip, ends[i]);
	flags = spin_lock(&g->dev->lock);
	for (u32 i = 0; i < count; i++) {
		struct gic_bank *b = gic_bank_of(g, g->cpus, ends[i]);

		b->ended &= ~gic_bit(ends[i]);
		gic_update(g, b, gic_bit(ends[i]));
	}
	return flags;
}

/* ---- routing ---- */

static u16 target_v3(const struct gic *g, u64 route)
{
	u32 aff0 = route & 0xff, aff1 = route >> 8 & 0xff, index = aff1 * GIC_AFF0_COUNT + aff0;

	if (route & GICD_IROUTER_ANY)
		return GIC_ANY;
	if (route >> 16 || aff0 >= GIC_AFF0_COUNT || index >= g->cpu_count)
		return GIC_NOWHERE;
	return (u16)index;
}

static u16 target_v2(const struct gic *g, u64 route)
{
	if (g->cpu_count == 1)
		return 0;
	if (!route)
		return GIC_NOWHERE;
	return route & (route - 1) ? GIC_ANY : (u16)__builtin_ctzll(route);
}

u16 gic_route_target(const struct gic *g, u64 route)
{
	return g->version == 2 ? target_v2(g, route) : target_v3(g, route);
}

static bool is_on(const struct gic *g, u32 index)
{
	return __atomic_load_n(&g->dev->vm->vcpus[index]->power, __ATOMIC_RELAXED) == VCPU_ON;
}

/* Those that are allowed take turns; one that is switched off gets the interrupt only if all are. */
static u32 pick_any(struct gic *g, u32 intid)
{
	u64 allowed = g->version == 2 ? g->route[intid - GIC_PRIVATE_COUNT] : ~0ull;
	u32 fallback = GIC_NOWHERE;

	for (u32 i = 0; i < g->cpu_count; i++) {
		u32 index = (g->next_any + i) % g->cpu_count;

		if (!(allowed >> (index % 64) & 1))
			continue;
		if (is_on(g, index)) {
			g->next_any = index + 1;
			return index;
		}
		if (fallback == GIC_NOWHERE)
			fallback = index;
	}
	return fallback;
}

/* ---- waiting ---- */

static void enqueue(struct gic *g, struct gic_bank *b, u32 n)
{
	u32 intid = b->first + n, to = b->target[n];
	struct gic_cpu *cpu;

	if (unlikely(to == GIC_ANY))
		to = pick_any(g, intid);
	if (unlikely(to >= g->cpu_count))
		return; /* pending, until it is routed somewhere */
	cpu = &g->cpus[to];
	b->owner[n] = (u16)to;
	b->queued |= 1u << n;
	gic_set_add(&cpu->waiting, intid);
	tell_vcpu(g, cpu);
}

static void dequeue(struct gic *g, struct gic_bank *b, u32 n)
{
	struct gic_cpu *cpu = &g->cpus[b->owner[n]];

	b->queued &= ~(1u << n);
	gic_set_remove(&cpu->waiting, b->first + n);
	if (!g->lr_mask)
		gic_cpu_update(g, cpu);
}

void gic_update(struct gic *g, struct gic_bank *b, u32 bits)
{
	u32 ready = gic_pending(b) & gic_passed(g, b) & ~(b->active | b->held | b->ended);

	for (u32 changed = (ready ^ b->queued) & bits; changed; changed &= changed - 1) {
		u32 n = (u32)__builtin_ctz(changed);

		if (ready >> n & 1)
			enqueue(g, b, n);
		else
			dequeue(g, b, n);
	}
}

/* For held ones. @plain: it has come again, and nothing else has changed. */
static inline void call_attention(struct gic *g, struct gic_bank *b, u32 n, bool plain)
{
	struct gic_cpu *cpu = &g->cpus[b->owner[n]];
	u32 slot_bit = 1u << b->slot[n];

	cpu->attention |= slot_bit;
	if (!plain)
		cpu->plain &= ~slot_bit;
	tell_vcpu(g, cpu);
}

void gic_changed(struct gic *g, struct gic_bank *b, u32 bits)
{
	u32 waiting = b->queued & bits;

	gic_update(g, b, bits);
	for (u32 held = b->held & bits; held; held &= held - 1)
		call_attention(g, b, (u32)__builtin_ctz(held), false);
	for (waiting &= b->queued; waiting; waiting &= waiting - 1)
		tell_vcpu(g, &g->cpus[b->owner[__builtin_ctz(waiting)]]);
}

void gic_reroute(struct gic *g, struct gic_bank *b, u32 n, u16 target)
{
	if (b->queued >> n & 1)
		dequeue(g, b, n);
	b->target[n] = target;
	gic_update(g, b, 1u << n);
}

u32 gic_best(struct gic *g, struct gic_cpu *cpu, const struct gic_set *set, u32 groups)
{
	u32 best = GIC_SPURIOUS, best_priority = 0x100;

	for (u32 banks = set->banks; banks; banks &= banks - 1) {
		u32 bank = (u32)__builtin_ctz(banks);
		const struct gic_bank *b = gic_bank_of(g, cpu, bank * 32);
		u32 bits = set->word[bank] &
			   ((groups & 1 ? ~b->group1 : 0) | (groups & 2 ? b->group1 : 0));

		for (; bits; bits &= bits - 1) {
			u32 n = (u32)__builtin_ctz(bits);

			if (b->priority[n] < best_priority) {
				best_priority = b->priority[n];
				best = bank * 32 + n;
			}
		}
	}
	return best;
}

/* ---- acknowledge and end ---- */

void gic_end(struct gic *g, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n, intid = b->first + n;

	b->active &= ~bit;
	if (unlikely(g->chip.listener_count) && !(b->ended & bit) && gic_has_listener(g, intid)) {
		b->ended |= bit;
		g->ends[g->end_count++] = (u16)intid;
	}
	gic_update(g, b, bit);
}

void gic_activate(struct gic *g, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n, to = b->target[n];

	b->active |= bit;
	gic_update(g, b, bit);
	if (!g->lr_mask)
		return;
	b->owner[n] = to < g->cpu_count ? (u16)to : 0;
	gic_set_add(&g->cpus[b->owner[n]].stranded, b->first + n);
	tell_vcpu(g, &g->cpus[b->owner[n]]);
}

void gic_end_forwarded(struct gic *g, struct gic_bank *b, u32 n)
{
	struct vcpu *vcpu = vdev_vcpu_here(g->dev);

	if (vcpu && vcpu->index == b->owner[n] && g->hardware->end_forwarded)
		g->hardware->end_forwarded(vcpu, g->host_intid[n - GIC_SGI_COUNT]);
}

void gic_deactivate(struct gic *g, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n;

	if (!(b->active & bit))
		return;
	gic_set_remove(&g->cpus[b->owner[n]].stranded, b->first + n);
	if (b->forwarded & bit)
		gic_end_forwarded(g, b, n);
	gic_end(g, b, n);
}

/* ---- sources ---- */

/* Something that was not latched is now. */
static inline void latch(struct gic *g, struct gic_bank *b, u32 n)
{
	b->latch |= 1u << n;
	if (b->held >> n & 1)
		call_attention(g, b, n, true);
	else
		gic_update(g, b, 1u << n);
}

void gic_latch_sgi(struct gic *g, u32 from, struct gic_cpu *to, u32 n)
{
	bool is_news = !(to->own.latch >> n & 1);

	if (to->own.sourced) {
		to->sgi_sources[n] |= 1u << from;
		/* The list register may still show an earlier one of this sender: they are one. */
		is_news |= to->own.held >> n & 1 && to->sgi_source[n] == from;
	}
	if (is_news)
		latch(g, &to->own, n);
}

/* A list register that tells of the end looks at the wire then, and need not know that it rose. */
static bool will_look(const struct gic *g, const struct gic_bank *b, u32 n)
{
	return g->cpus[b->owner[n]].eoi >> b->slot[n] & 1;
}

void gic_set_line(struct gic *g, struct gic_bank *b, u32 n, bool level)
{
	u32 bit = 1u << n;

	if (!(b->line & bit) == !level)
		return;
	b->line ^= bit;
	if (b->edge & bit) {
		if (level && !(b->latch & bit))
			latch(g, b, n);
	} else if (!(b->held & bit)) {
		gic_update(g, b, bit);
	} else if (!level || !will_look(g, b, n)) {
		call_attention(g, b, n, false);
	}
}

void gic_set_ppi(struct gic *g, unsigned vcpu, u32 intid, bool level)
{
	struct gic_bank *b = &g->cpus[vcpu].own;
	u32 bit = gic_bit(intid);
	irqflags_t flags;

	/* The caller is the only one who moves this wire. */
	if (!(b->forwarded & bit) && !(__atomic_load_n(&b->line, __ATOMIC_RELAXED) & bit) == !level)
		return;
	flags = gic_lock(g);
	if (!(b->forwarded & bit))
		gic_set_line(g, b, intid, level);
	else if (level)
		latch(g, b, intid);
	gic_unlock(g, flags);
}

void gic_forward_ppi(struct gic *g, u32 intid, u32 host_intid)
{
	irqflags_t flags = gic_lock(g);

	g->host_intid[intid - GIC_SGI_COUNT] = (u16)host_intid;
	for (u32 i = 0; i < g->cpu_count; i++) {
		g->cpus[i].own.forwarded |= gic_bit(intid);
		g->cpus[i].own.line &= ~gic_bit(intid);
		gic_changed(g, &g->cpus[i].own, gic_bit(intid));
	}
	gic_unlock(g, flags);
}

/* ICC_SGI1R_EL1 and its like (IHI 0069, 12.2.26). */
#define SGI_AFFINITIES_2_3 0xff00ff00000000ull
#define SGI_IRM BIT(40)
#define SGI_RS(value) ((value) >> 44 & 15)

static void send_sgi(struct gic *g, u32 from, u32 to, u32 n, unsigned group)
{
	struct gic_cpu *cpu = &g->cpus[to];

	if (group == 1 || !(cpu->own.group1 >> n & 1))
		gic_latch_sgi(g, from, cpu, n);
}

void gic_send_sgi(struct gic *g, unsigned from, u64 value, unsigned group)
{
	u32 n = value >> 24 & 15, first = (value >> 16 & 0xff) * GIC_AFF0_COUNT;
	irqflags_t flags;

	if (g->version == 2)
		return;
	flags = gic_lock(g);
	if (value & SGI_IRM) {
		for (u32 to = 0; to < g->cpu_count; to++)
			if (to != from)
				send_sgi(g, from, to, n, group);
	} else if (!(value & SGI_AFFINITIES_2_3) && !SGI_RS(value)) {
		for (u32 list = value & 0xffff; list; list &= list - 1) {
			u32 to = first + (u32)__builtin_ctz(list);

			if (to < g->cpu_count)
				send_sgi(g, from, to, n, group);
		}
	}
	gic_unlock(g, flags);
}

/* ---- the whole ---- */

void gic_set_ctlr(struct gic *g, u32 value)
{
	g->ctlr = value & (GICD_CTLR_GRP0 | GICD_CTLR_GRP1);
	g->group_on[0] = value & GICD_CTLR_GRP0 ? ~0u : 0;
	g->group_on[1] = value & GICD_CTLR_GRP1 ? ~0u : 0;
	for (u32 i = 0; i < g->cpu_count; i++)
		gic_changed(g, &g->cpus[i].own, ~0u);
	for (u32 i = 0; i + 1 < g->bank_count; i++)
		gic_changed(g, &g->spis[i], ~0u);
}

unsigned gic_version(const struct gic *g)
{
	return g->version;
}

bool gic_uses_lrs(const struct gic *g)
{
	return g->lr_mask != 0;
}

/* A changed interrupt may be new although a list register has its last one still, which the guest has ended. */
bool gic_has_waiting(struct gic *g, unsigned vcpu)
{
	const struct gic_cpu *cpu = &g->cpus[vcpu];

	return __atomic_load_n(&cpu->waiting.banks, __ATOMIC_RELAXED) |
	       __atomic_load_n(&cpu->attention, __ATOMIC_RELAXED);
}

static void reset_bank(struct gic *g, struct gic_bank *b)
{
	b->enabled = b->always;
	b->edge = b->edge_tree;
	b->group1 = b->latch = b->active = b->queued = b->held = b->shown = 0;
	memset(b->priority, 0, sizeof(b->priority));
	if (b->first == 0)
		return;
	for (u32 n = 0; n < 32; n++) {
		g->route[b->first + n - GIC_PRIVATE_COUNT] = 0;
		b->target[n] = gic_route_target(g, 0);
	}
}

/* What the list registers held waits again. @cpu's are empty. */
static void forget_lrs(struct gic *g, struct gic_cpu *cpu)
{
	for (u32 used = cpu->used; used; used &= used - 1) {
		u32 intid = cpu->lr_intid[__builtin_ctz(used)], bit = gic_bit(intid);
		struct gic_bank *b = gic_bank_of(g, cpu, intid);

		if (b->active & bit)
			gic_set_add(&cpu->stranded, intid);
		if (b->shown & b->sourced & bit)
			cpu->sgi_sources[intid] |= 1u << cpu->sgi_source[intid];
		b->latch |= b->shown & bit;
		b->shown &= ~bit;
		b->held &= ~bit;
		gic_update(g, b, bit);
	}
	cpu->used = cpu->eoi = cpu->plain = cpu->attention = cpu->reasons = 0;
}

void gic_reset_cpu(struct gic *g, unsigned vcpu)
{
	struct gic_cpu *cpu = &g->cpus[vcpu];
	irqflags_t flags = gic_lock(g);

	forget_lrs(g, cpu);
	gic_cpu_reset(g, cpu);
	gic_unlock(g, flags);
}

static void reset_cpu(struct gic *g, struct gic_cpu *cpu)
{
	cpu->used = cpu->eoi = cpu->plain = cpu->attention = cpu->reasons = cpu->waker = 0;
	memset(cpu->sgi_sources, 0, sizeof(cpu->sgi_sources));
	memset(&cpu->waiting, 0, sizeof(cpu->waiting));
	memset(&cpu->stranded, 0, sizeof(cpu->stranded));
	reset_bank(g, &cpu->own);
	gic_cpu_reset(g, cpu);
}

void gic_reset(struct gic *g)
{
	g->ctlr = g->group_on[0] = g->group_on[1] = g->next_any = 0;
	for (u32 i = 0; i + 1 < g->bank_count; i++)
		reset_bank(g, &g->spis[i]);
	for (u32 i = 0; i < g->cpu_count; i++)
		reset_cpu(g, &g->cpus[i]);
}
