/* SPDX-License-Identifier: MIT */
/* Virtual GIC: which interrupts are in a vCPU's list registers, and what the guest did with them there. */
#include "gic_private.h"
#include <core/vm.h>

/*
 * A list register is written here, then belongs to the hardware. What it holds is read back only when that can
 * matter: it was asked to tell of its end (EOI), its interrupt came again or was changed (attention), its room is
 * needed, or the vCPU leaves the CPU.
 *
 *   pending         taken back when the interrupt may not be pending any more, or not for this vCPU
 *   active          a new edge makes it pending too; what cannot be said so (a level that is high, an SGI of
 *                   another sender) is looked at again at the end: EOI
 *   empty           ended; a level that is still high, or a latch, makes it pending again, in the same place
 *
 * Too many interrupts: the best of those that wait are exchanged for the worst pending ones, and a maintenance
 * interrupt comes when the last pending one was acknowledged (NONE_PENDING). Active ones give way to pending
 * ones only when nothing pending is left in list registers: the guest's end of one that has none is counted by
 * the hardware (NO_ENTRY). Interrupts end in reverse order of their beginning, so it was the stranded one with
 * the highest priority. A guest that ends them in another order (EOImode 1) needs as many list registers.
 */

/* Everything here is about one vCPU, whose registers are in this CPU. */
struct lr_cpu {
	struct gic *g;
	struct gic_cpu *cpu;
	struct vcpu *vcpu;
};

static inline u64 read_lr(const struct lr_cpu *l, u32 slot)
{
	return l->g->hardware->read_lr(l->vcpu, slot);
}

static inline void write_lr(const struct lr_cpu *l, u32 slot, u64 lr)
{
	l->g->hardware->write_lr(l->vcpu, slot, lr);
}

static inline struct gic_bank *bank_in(const struct lr_cpu *l, u32 slot)
{
	return gic_bank_of(l->g, l->cpu, l->cpu->lr_intid[slot]);
}

/* ---- what a list register says ---- */

/* Fields that few interrupts have. */
static u64 compose_special(const struct lr_cpu *l, const struct gic_bank *b, u32 n)
{
	if (b->forwarded >> n & 1)
		return GIC_LR_HW | (u64)l->g->host_intid[n - GIC_SGI_COUNT]
					   << GIC_LR_HOST_INTID_SHIFT;
	return (u64)l->cpu->sgi_source[n] << GIC_LR_SOURCE_SHIFT;
}

static inline bool is_listened(const struct gic *g, u32 intid)
{
	return unlikely(g->chip.listener_count) && gic_has_listener(g, intid);
}

/* gic_show() has moved what the list register itself says: what is pending now has to wait for its end. */
static inline void put_in(const struct lr_cpu *l, u32 slot, struct gic_bank *b, u32 n, u64 state)
{
	u32 bit = 1u << n, slot_bit = 1u << slot;
	u64 lr = state | (u64)(b->group1 >> n & 1) << GIC_LR_GROUP1_SHIFT |
		 (u64)b->priority[n] << GIC_LR_PRIORITY_SHIFT | (b->first + n);

	if (unlikely((b->forwarded | b->sourced) & bit))
		lr |= compose_special(l, b, n);
	l->cpu->eoi &= ~slot_bit;
	l->cpu->plain &= ~slot_bit;
	if (!(b->forwarded & bit) && (gic_pending(b) & bit || is_listened(l->g, b->first + n))) {
		lr |= GIC_LR_EOI;
		l->cpu->eoi |= slot_bit;
	} else if (state == GIC_LR_PENDING && (b->edge | b->forwarded) & ~b->sourced & bit) {
		l->cpu->plain |= slot_bit;
	}
	l->cpu->lr[slot] = lr;
	write_lr(l, slot, lr);
}

/* A list register that is not used gets interrupt @n, which waits or is stranded. */
static void place(const struct lr_cpu *l, u32 slot, struct gic_bank *b, u32 n)
{
	u32 intid = b->first + n;

	if (b->active >> n & 1)
		gic_set_remove(&l->cpu->stranded, intid);
	else
		gic_take(l->cpu, b, n);
	l->cpu->used |= 1u << slot;
	l->cpu->lr_intid[slot] = (u16)intid;
	b->held |= 1u << n;
	b->slot[n] = (u8)slot;
	b->owner[n] = (u16)l->cpu->index;
	put_in(l, slot, b, n, b->active >> n & 1 ? GIC_LR_ACTIVE : GIC_LR_PENDING);
}

/* The list register's state goes to the bank; the interrupt stays there. */
static void look(struct gic_bank *b, u32 bit, u64 lr)
{
	b->active = lr & GIC_LR_ACTIVE ? b->active | bit : b->active & ~bit;
	if (!(lr & GIC_LR_PENDING))
		b->shown &= ~bit;
}

/* May it be pending here? */
static inline bool is_wanted(const struct lr_cpu *l, const struct gic_bank *b, u32 n)
{
	u32 target = b->target[n];

	return ((gic_pending(b) | b->shown) & gic_passed(l->g, b)) >> n & 1 &&
	       (target == l->cpu->index || target == GIC_ANY);
}

/* ---- out of a list register ---- */

static void release(const struct lr_cpu *l, u32 slot, struct gic_bank *b, u32 bit)
{
	u32 keep = ~(1u << slot);

	if (l->cpu->eoi & ~keep)
		write_lr(l, slot, 0); /* else it would go on telling */
	l->cpu->used &= keep;
	l->cpu->eoi &= keep;
	l->cpu->plain &= keep;
	l->cpu->attention &= keep;
	b->held &= ~bit;
	b->shown &= ~bit;
}

/* Its list register is empty: the guest is through with it. What came again meanwhile stays where it is. */
static void ended(const struct lr_cpu *l, u32 slot)
{
	u32 intid = l->cpu->lr_intid[slot], n = intid % 32, bit = 1u << n;
	struct gic_bank *b = gic_bank_of(l->g, l->cpu, intid);

	b->active &= ~bit;
	b->shown &= ~bit;
	if (is_wanted(l, b, n) && !is_listened(l->g, intid)) {
		l->cpu->attention &= ~(1u << slot);
		gic_show(l->cpu, b, n);
		put_in(l, slot, b, n, GIC_LR_PENDING);
		return;
	}
	release(l, slot, b, bit);
	gic_end(l->g, b, n);
}

/* The same, shorter, for what is hot: an edge, an SGI or the host's timer has come again, and nothing else happened. */
static inline void show_again(const struct lr_cpu *l, u32 slot)
{
	u32 intid = l->cpu->lr_intid[slot], bit = gic_bit(intid);
	struct gic_bank *b = gic_bank_of(l->g, l->cpu, intid);

	l->cpu->attention &= ~(1u << slot);
	b->latch &= ~bit;
	b->shown |= bit;
	write_lr(l, slot, l->cpu->lr[slot]);
}

/* Takes it back, as it is; gic_update() has to follow. */
static void take_back(const struct lr_cpu *l, u32 slot, u64 lr)
{
	u32 intid = l->cpu->lr_intid[slot], bit = gic_bit(intid);
	struct gic_bank *b = gic_bank_of(l->g, l->cpu, intid);

	look(b, bit, lr);
	b->latch |= b->shown & bit;
	if (b->shown & b->sourced & bit)
		l->cpu->sgi_sources[intid] |= 1u << l->cpu->sgi_source[intid];
	if (b->active & bit)
		gic_set_add(&l->cpu->stranded, intid);
	write_lr(l, slot, 0);
	release(l, slot, b, bit);
}

static void withdraw(const struct lr_cpu *l, u32 slot)
{
	u64 lr = read_lr(l, slot);
	u32 intid = l->cpu->lr_intid[slot], bit = gic_bit(intid);
	struct gic_bank *b = gic_bank_of(l->g, l->cpu, intid);

	if (lr & GIC_LR_STATE) {
		take_back(l, slot, lr);
		gic_update(l->g, b, bit);
	} else {
		release(l, slot, b, bit);
		gic_end(l->g, b, intid % 32);
	}
}

/* Shorter, for list registers @slots, which are empty and had nothing to tell. */
static void withdraw_ended(const struct lr_cpu *l, u32 slots)
{
	struct gic_cpu *cpu = l->cpu;

	cpu->used &= ~slots;
	cpu->plain &= ~slots;
	cpu->attention &= ~slots;
	for (; slots; slots &= slots - 1) {
		u32 intid = cpu->lr_intid[__builtin_ctz(slots)], bit = gic_bit(intid);
		struct gic_bank *b = gic_bank_of(l->g, cpu, intid);

		b->held &= ~bit;
		b->shown &= ~bit;
		b->active &= ~bit;
		if (gic_pending(b) & bit)
			gic_update(l->g, b, bit);
	}
}

/* Two edges before the acknowledgement are one interrupt; so are two SGIs of one sender. */
static void merge(const struct lr_cpu *l, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n;

	if (b->sourced & bit) {
		l->cpu->sgi_sources[n] &= (u8) ~(1u << l->cpu->sgi_source[n]);
		if (l->cpu->sgi_sources[n])
			return;
	} else {
		b->shown |= b->latch & bit;
	}
	b->latch &= ~bit;
}

/*
 * What is pending beside an active interrupt goes in, if the list register can say it, or comes out. While others wait it
 * comes out too: it may be worse than they, and at its end something would be pending, so that none of them is asked for.
 */
static u64 state_of_active(const struct lr_cpu *l, struct gic_bank *b, u32 n)
{
	u32 bit = 1u << n;
	bool fits = b->edge & bit & ~(b->forwarded | b->sourced) && !l->cpu->waiting.banks;

	b->latch |= b->shown & bit;
	b->shown &= ~bit;
	if (!fits || !is_wanted(l, b, n))
		return GIC_LR_ACTIVE;
	b->latch &= ~bit;
	b->shown |= bit;
	return GIC_LR_ACTIVE | GIC_LR_PENDING;
}

static void refresh(const struct lr_cpu *l, u32 slot)
{
	u64 lr = read_lr(l, slot), state = lr & GIC_LR_STATE;
	u32 n = l->cpu->lr_intid[slot] % 32, bit = 1u << n;
	struct gic_bank *b = bank_in(l, slot);

	l->cpu->attention &= ~(1u << slot);
	if (!state) {
		ended(l, slot);
		return;
	}
	look(b, bit, lr);
	if (state & GIC_LR_ACTIVE) {
		state = state_of_active(l, b, n);
	} else if (!is_wanted(l, b, n)) {
		take_back(l, slot, lr);
		gic_update(l->g, b, bit);
		return;
	} else {
		merge(l, b, n);
	}
	put_in(l, slot, b, n, state);
}

/* Ends that the hardware counted because no list register had the interrupt. */
static void end_stranded(const struct lr_cpu *l)
{
	u32 count = l->g->hardware->take_eoi_count(l->vcpu);

	for (; count && l->cpu->stranded.banks; count--) {
		u32 intid = gic_best(l->g, l->cpu, &l->cpu->stranded, 3);

		gic_deactivate(l->g, gic_bank_of(l->g, l->cpu, intid), intid % 32);
	}
}

/* List registers of interrupts that have ended become free. */
static void reclaim(const struct lr_cpu *l)
{
	u32 empty = l->g->hardware->empty_lrs(l->vcpu) & l->cpu->used;

	for (; empty; empty &= empty - 1)
		ended(l, (u32)__builtin_ctz(empty));
}

/* ---- offering what waits ---- */

static void offer_member(const struct lr_cpu *l, u32 intid)
{
	u32 slot = (u32)__builtin_ctz(l->g->lr_mask & ~l->cpu->used);

	place(l, slot, gic_bank_of(l->g, l->cpu, intid), intid % 32);
}

static inline bool has_free(const struct lr_cpu *l)
{
	return l->g->lr_mask & ~l->cpu->used;
}

static inline bool make_free(const struct lr_cpu *l)
{
	if (unlikely(!has_free(l)))
		reclaim(l);
	return has_free(l);
}

/*
 * The list register that has to give way to an interrupt of priority @best: the pending one of the lowest priority;
 * if none is pending, the active one of the lowest. GIC_LRS_MAX: none.
 */
static u32 find_victim(const struct lr_cpu *l, u32 best)
{
	u32 victim = GIC_LRS_MAX, worst = 0;
	bool pending_seen = false;

	for (u32 used = l->cpu->used; used; used &= used - 1) {
		u32 slot = (u32)__builtin_ctz(used);
		bool pending = (read_lr(l, slot) & GIC_LR_STATE) == GIC_LR_PENDING;
		u32 priority = bank_in(l, slot)->priority[l->cpu->lr_intid[slot] % 32];

		if (pending_seen && !pending)
			continue;
		if (victim == GIC_LRS_MAX || priority > worst || pending != pending_seen) {
			victim = slot;
			worst = priority;
		}
		pending_seen = pending;
	}
	return pending_seen && worst <= best ? GIC_LRS_MAX : victim;
}

/* More interrupts wait than fit. Each turn puts a better one in, so there are few. */
static void exchange(const struct lr_cpu *l)
{
	for (u32 turns = 0; turns < GIC_LRS_MAX && l->cpu->waiting.banks; turns++) {
		u32 intid = gic_best(l->g, l->cpu, &l->cpu->waiting, 3);
		const struct gic_bank *b = gic_bank_of(l->g, l->cpu, intid);
		u32 victim = find_victim(l, b->priority[intid % 32]);

		if (victim == GIC_LRS_MAX)
			break;
		withdraw(l, victim);
		offer_member(l, intid);
	}
	for (u32 used = l->cpu->used; used; used &= used - 1) {
		u32 slot = (u32)__builtin_ctz(used);

		if ((read_lr(l, slot) & GIC_LR_STATE) == GIC_LR_STATE)
			refresh(l, slot);
	}
}

static void offer(const struct lr_cpu *l)
{
	struct gic_cpu *cpu = l->cpu;

	while (unlikely(cpu->stranded.banks) && make_free(l))
		offer_member(l, gic_best(l->g, cpu, &cpu->stranded, 3));
	while (cpu->waiting.banks && make_free(l))
		offer_member(l, gic_set_first(&cpu->waiting));
	if (unlikely(cpu->waiting.banks))
		exchange(l);
}

static void set_maintenance(const struct lr_cpu *l)
{
	struct gic_cpu *cpu = l->cpu;
	u32 reasons = (cpu->waiting.banks ? GIC_MAINTAIN_NONE_PENDING : 0) |
		      (cpu->stranded.banks ? GIC_MAINTAIN_NO_ENTRY : 0);

	if (!(reasons | cpu->reasons))
		return;
	if (reasons & ~cpu->reasons & GIC_MAINTAIN_NO_ENTRY)
		(void)l->g->hardware->take_eoi_count(l->vcpu); /* of ends that meant nothing */
	cpu->reasons = reasons;
	l->g->hardware->set_maintenance(l->vcpu, reasons);
}

/* ---- entries ---- */

static inline u32 has_waiting(const struct gic_cpu *cpu)
{
	return __atomic_load_n(&cpu->waiting.banks, __ATOMIC_RELAXED) |
	       __atomic_load_n(&cpu->stranded.banks, __ATOMIC_RELAXED) | cpu->reasons;
}

static void sync_locked(const struct lr_cpu *l)
{
	struct gic_cpu *cpu = l->cpu;

	if (cpu->reasons & GIC_MAINTAIN_NO_ENTRY)
		end_stranded(l);
	for (u32 news = cpu->attention | cpu->eoi; news; news &= news - 1)
		refresh(l, (u32)__builtin_ctz(news));
	offer(l);
	set_maintenance(l);
}

/* True if nothing else was to be done. */
static inline bool show_all_again(const struct lr_cpu *l)
{
	struct gic_cpu *cpu = l->cpu;
	u32 news = cpu->attention;

	if (unlikely(cpu->eoi | has_waiting(cpu)))
		return false;
	if (news & ~(cpu->plain & l->g->hardware->empty_lrs(l->vcpu)))
		return false;
	for (; news; news &= news - 1)
		show_again(l, (u32)__builtin_ctz(news));
	return true;
}

void gic_sync(struct gic *g, struct vcpu *vcpu)
{
	struct lr_cpu l = { g, &g->cpus[vcpu->index], vcpu };
	irqflags_t flags;

	/* What comes later is followed by a request of its own. */
	if (!g->lr_mask || !(l.cpu->used | has_waiting(l.cpu)))
		return;
	flags = gic_lock(g);
	g->busy = l.cpu;
	if (unlikely(!show_all_again(&l)))
		sync_locked(&l);
	g->busy = NULL;
	gic_unlock(g, flags);
}

void gic_put(struct gic *g, struct vcpu *vcpu)
{
	struct lr_cpu l = { g, &g->cpus[vcpu->index], vcpu };
	irqflags_t flags;

	if (!(l.cpu->used | l.cpu->reasons))
		return;
	flags = gic_lock(g);
	g->busy = l.cpu;
	if (l.cpu->reasons & GIC_MAINTAIN_NO_ENTRY)
		end_stranded(&l);
	withdraw_ended(&l, g->hardware->empty_lrs(vcpu) & l.cpu->used & ~l.cpu->eoi);
	for (u32 used = l.cpu->used; used; used &= used - 1)
		withdraw(&l, (u32)__builtin_ctz(used));
	if (l.cpu->reasons)
		g->hardware->set_maintenance(vcpu, 0);
	l.cpu->reasons = 0;
	g->busy = NULL;
	gic_unlock(g, flags);
	if (l.cpu->waiting.banks | l.cpu->stranded.banks)
		__atomic_fetch_or(&vcpu->requests, VCPU_REQ_IRQ, __ATOMIC_SEQ_CST);
}

/* ---- changes from outside ---- */

#define APPLY_TRIES \
	40 /* one a vCPU that holds some of 32 interrupts, and more for those that move meanwhile */

struct change {
	struct gic *g;
	struct gic_bank *b;
	u32 bits;
	u32 holder; /* vCPU to be asked for the rest of them */
	gic_apply_fn apply;
	u64 value;
};

/* Those of @bits that are in list registers of this vCPU. */
static u32 held_here(const struct lr_cpu *l, const struct gic_bank *b, u32 bits)
{
	u32 here = 0;

	for (bits &= b->held; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		if (b->owner[n] == l->cpu->index)
			here |= 1u << n;
	}
	return here;
}

/* Looks at those that are held here, and takes them back if they are to be changed. They are returned. */
static u32 serve_held(const struct lr_cpu *l, const struct change *c)
{
	u32 here = held_here(l, c->b, c->bits);

	for (u32 held = here; held; held &= held - 1) {
		u32 n = (u32)__builtin_ctz(held);

		if (c->apply)
			withdraw(l, c->b->slot[n]);
		else
			look(c->b, 1u << n, read_lr(l, c->b->slot[n]));
	}
	if (here && l->cpu->stranded.banks)
		vdev_notify_vcpu(l->g->dev,
				 l->cpu->index); /* its guest must not end them before gic_sync() */
	return here;
}

/* Serves what is in no list register, or in one of the vCPU that is loaded on this CPU. */
static void change_here(struct change *c)
{
	struct vcpu *vcpu = vdev_vcpu_here(c->g->dev);
	irqflags_t flags = gic_lock(c->g);
	u32 here = c->bits & ~c->b->held;

	if (vcpu) {
		struct lr_cpu l = { c->g, &c->g->cpus[vcpu->index], vcpu };

		here |= serve_held(&l, c);
	}
	if (c->apply)
		c->apply(c->g, c->b, here, c->value);
	c->bits &= ~here;
	if (c->bits)
		c->holder = c->b->owner[__builtin_ctz(c->bits)];
	gic_unlock(c->g, flags);
}

static void change_there(void *change)
{
	change_here(change);
}

/* Their vCPU has been put with them still in its list registers: it will look at them first thing. */
static void change_blindly(struct change *c)
{
	irqflags_t flags = gic_lock(c->g);

	if (c->apply) {
		c->apply(c->g, c->b, c->bits, c->value);
		gic_changed(c->g, c->b, c->bits);
	}
	gic_unlock(c->g, flags);
}

void gic_lr_apply(struct gic *g, struct gic_bank *b, u32 bits, gic_apply_fn apply, u64 value)
{
	struct change c = { .g = g, .b = b, .bits = bits, .apply = apply, .value = value };

	if (bits)
		change_here(&c);
	for (u32 tries = 0; c.bits && tries < APPLY_TRIES; tries++) {
		if (!vdev_call_vcpu(g->dev, c.holder, change_there, &c))
			change_here(&c); /* it gave them back when it was put */
	}
	if (c.bits)
		change_blindly(&c);
}
