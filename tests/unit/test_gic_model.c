/* SPDX-License-Identifier: MIT */
/* The virtual GIC's state machine in long random use, against a model that knows no list registers. */
#include <test.h>

#include <gic_model.h>

/*
 * The model says what every interrupt is: pending, active, enabled, routed. The GIC says it through registers, and
 * through what the played CPU interfaces offer to their guests.
 *
 * Prompt runs: each notice reaches its vCPU at once, so model and GIC agree after each step.
 * Lazy runs: a vCPU notices later. Then nothing may be lost, given twice or given to two, and when all have
 * noticed, model and GIC agree again.
 *
 * A run that fails is made as short as possible and printed.
 */
#define RUNS 600
#define STEPS 400

/* ---- steps ---- */

struct step {
	u8 kind, cpu, irq, value;
};

static u32 bit_of(unsigned k)
{
	return 1u << intids[k] % 32;
}

/* Address of the @size bytes of interrupt @k in the register that begins at @offset and has @bits for each. */
static u64 reg_of(unsigned cpu, unsigned k, u64 offset, unsigned bits)
{
	u64 at = offset + (bits < 8 ? intids[k] * bits / 32 * 4ull : intids[k] * (bits / 8));

	if (k >= PRIVATE || model.version == 2)
		return GICD + at;
	return GICR + cpu * GICR_FRAMES_SIZE + GICR_SGI_FRAME + at;
}

/* Who accesses registers: version 2 has private ones for their own vCPU only. -2: nobody can. */
static int accessor(const struct step *s)
{
	if (model.version == 3 && s->value & 0x80)
		return sim.cpu[s->value % model.cpus].loaded ? (int)(s->value % model.cpus) : -1;
	if (sim.cpu[s->cpu].loaded)
		return s->cpu;
	return s->irq < PRIVATE && model.version == 2 ? -2 : -1;
}

static void set_bit(const struct step *s, u64 offset)
{
	gic_sim_write(accessor(s), reg_of(s->cpu, s->irq, offset, 1), 4, bit_of(s->irq));
}

static void event(struct irq *q)
{
	q->latch = true;
	q->events++;
	q->fresh = 1;
}

static void move_line(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);
	bool level = s->value & 1;

	if (s->irq == FORWARDED || s->irq < SGIS)
		return;
	if (level && !q->line && q->edge)
		event(q);
	q->line = level;
	if (s->irq < PRIVATE)
		gic_set_ppi(sim.gic, s->cpu, intids[s->irq], level);
	else
		gic_sim_chip()->ops->set(gic_sim_chip(), intids[s->irq], level);
}

static void sgi_arrives(unsigned to, unsigned k, unsigned from)
{
	struct irq *q = &model.own[to][k];

	event(q);
	if (!has_sources(k))
		return;
	q->latch = false;
	q->sources |= (u8)(1u << from);
	q->fresh = q->sources;
}

static void send_sgi(const struct step *s)
{
	unsigned k = s->irq % SGIS, list = s->value & ((1u << model.cpus) - 1);
	bool others = s->value & 0x40;

	if (!sim.cpu[s->cpu].loaded)
		return;
	for (unsigned to = 0; to < model.cpus; to++)
		if (others ? to != s->cpu : list >> to & 1)
			sgi_arrives(to, k, s->cpu);
	if (model.version == 2) {
		gic_sim_write(s->cpu, GICD + GICD_SGIR, 4,
			      (others ? 1u << 24 : list << 16) | intids[k]);
		return;
	} else
		gic_send_sgi(sim.gic, s->cpu, (u64)intids[k] << 24 | (others ? BIT(40) : (u64)list),
			     1);
}

static void fire_forwarded(const struct step *s)
{
	struct gic_sim_cpu *cpu = &sim.cpu[s->cpu];

	if (!cpu->loaded || cpu->host_active)
		return;
	cpu->host_active = 1u << PPI_OF_HOST;
	event(&model.own[s->cpu][FORWARDED]);
	gic_sim_enter(s->cpu);
	gic_set_ppi(sim.gic, s->cpu, intids[FORWARDED], true);
	sim.here = -1;
}

static unsigned index_of(u32 intid)
{
	for (unsigned k = 0; k < IRQS; k++)
		if (intids[k] == intid)
			return k;
	return IRQS;
}

/* The guest was given @k: was it right? */
static void check_given(unsigned cpu, unsigned k, u64 lr)
{
	const struct irq *q = irq_of(cpu, k);

	if (q->active)
		complain("vCPU %u is given %u, which is active", cpu, intids[k]);
	if (q->edge && q->acks >= q->events)
		complain("vCPU %u is given %u more often than it came", cpu, intids[k]);
	if (model.lazy)
		return;
	if (!is_offered(q) || !is_for(cpu, k))
		complain("vCPU %u is given %u, which is not for it now", cpu, intids[k]);
	if ((lr >> 48 & 0xff) != q->priority)
		complain("%u comes with priority 0x%02x, it has 0x%02x", intids[k],
			 (unsigned)(lr >> 48 & 0xff), q->priority);
	if (!(lr & GIC_LR_GROUP1) == q->group1)
		complain("%u comes with the wrong group", intids[k]);
	if (has_sources(k) && !(q->sources >> (lr >> GIC_LR_SOURCE_SHIFT & 7) & 1))
		complain("SGI %u comes from %u, which did not send it", intids[k],
			 (unsigned)(lr >> GIC_LR_SOURCE_SHIFT & 7));
}

static unsigned active_count(unsigned cpu)
{
	unsigned count = 0;

	for (unsigned k = 0; k < IRQS; k++)
		count += irq_of(cpu, k)->active && irq_of(cpu, k)->owner == cpu;
	return count;
}

static void acknowledge(const struct step *s)
{
	unsigned cpu = s->cpu, k;
	struct irq *q;
	u64 lr;

	/* Who ends them in any order has no more than there are list registers. */
	if (!sim.cpu[cpu].loaded || (model.split && active_count(cpu) >= model.lrs))
		return;
	lr = gic_sim_ack(cpu);
	if (!lr)
		return;
	k = index_of(gic_sim_intid(lr));
	if (k == IRQS) {
		complain("vCPU %u is given %u, which nobody uses", cpu, gic_sim_intid(lr));
		return;
	}
	check_given(cpu, k, lr);
	q = irq_of(cpu, k);
	q->late |= q->fresh;
	q->late_sources |= q->fresh;
	q->fresh = 0;
	q->latch = false;
	q->sources &= (u8) ~(1u << (lr >> GIC_LR_SOURCE_SHIFT & 7));
	q->active = true;
	q->owner = (u8)cpu;
	q->acks++;
	model.stack[cpu][model.depth[cpu]++] = k;
}

static void end(const struct step *s)
{
	unsigned cpu = s->cpu, k;

	if (!sim.cpu[cpu].loaded || !model.depth[cpu])
		return;
	k = model.stack[cpu][--model.depth[cpu]];
	gic_sim_drop(cpu);
	if (model.split)
		return;
	irq_of(cpu, k)->active = false;
	gic_sim_deactivate(cpu, intids[k]);
}

static bool runs(unsigned cpu, unsigned k)
{
	for (unsigned i = 0; i < model.depth[cpu]; i++)
		if (model.stack[cpu][i] == k)
			return true;
	return false;
}

/* EOImode 1: after the priority was dropped, in any order. */
static void deactivate(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);

	if (!model.split || !sim.cpu[s->cpu].loaded || !q->active || q->by_register ||
	    q->owner != s->cpu || runs(s->cpu, s->irq))
		return;
	q->active = false;
	gic_sim_deactivate(s->cpu, intids[s->irq]);
}

/* ---- steps: registers ---- */

static void switch_enable(const struct step *s, bool on)
{
	if (accessor(s) == -2)
		return;
	irq_of(s->cpu, s->irq)->enabled = on || has_sources(s->irq);
	set_bit(s, on ? GICD_ISENABLER : GICD_ICENABLER);
}

static void enable(const struct step *s)
{
	switch_enable(s, true);
}

static void disable(const struct step *s)
{
	switch_enable(s, false);
}

static void pend(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);
	unsigned from = s->value % model.cpus;

	/* A forwarded one is pending at the host, or it is not. */
	if (accessor(s) == -2 || s->irq == FORWARDED)
		return;
	if (!has_sources(s->irq)) {
		event(q);
		set_bit(s, GICD_ISPENDR);
		return;
	}
	sgi_arrives(s->cpu, s->irq, from);
	set_bit(s, GICD_ISPENDR); /* ignored */
	gic_sim_write(s->cpu, GICD + GICD_SPENDSGIR + intids[s->irq], 1, 1u << from);
}

static void unpend(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);

	if (accessor(s) == -2 || (s->irq == FORWARDED && accessor(s) != s->cpu))
		return;
	q->latch = false;
	set_bit(s, GICD_ICPENDR);
	if (!has_sources(s->irq))
		return;
	q->sources &= (u8)~s->value;
	gic_sim_write(s->cpu, GICD + GICD_CPENDSGIR + intids[s->irq], 1, s->value);
}

/* Active ones that no guest runs may be counted as ended instead of others: only where none is stranded for long. */
static void activate(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);

	if (accessor(s) == -2 || q->active || s->irq == FORWARDED || model.lrs < 16)
		return;
	q->active = q->by_register = true;
	q->owner = NOWHERE;
	set_bit(s, GICD_ISACTIVER);
}

static void inactivate(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);

	if (accessor(s) == -2 || !q->by_register)
		return;
	q->active = q->by_register = false;
	set_bit(s, GICD_ICACTIVER);
}

static void set_priority(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);

	if (accessor(s) == -2 || q->active)
		return;
	q->priority = s->value & 0xf8;
	gic_sim_write(accessor(s), reg_of(s->cpu, s->irq, GICD_IPRIORITYR, 8), 1, s->value);
}

static void set_route(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);
	u8 route = s->value % (model.cpus + 2);

	if (s->irq < PRIVATE)
		return;
	q->route = route < model.cpus ? route : route == model.cpus ? ANYBODY : NOWHERE;
	if (model.version == 3) {
		gic_sim_write(accessor(s), reg_of(0, s->irq, GICD_IROUTER, 64), 8,
			      q->route == ANYBODY ? BIT(31) :
			      q->route == NOWHERE ? 0x50 :
						    route);
		return;
	}
	gic_sim_write(accessor(s), reg_of(0, s->irq, GICD_ITARGETSR, 8), 1,
		      q->route == ANYBODY ? 0xff :
		      q->route == NOWHERE ? 0 :
					    1u << route);
	if (model.cpus == 1)
		q->route = 0;
}

/* The whole word of 16 is written: all of them. */
static void configure(const struct step *s)
{
	unsigned first = intids[s->irq] / 16 * 16;
	struct irq *q = irq_of(0, s->irq);
	u32 value = 0;

	if (s->irq < PRIVATE)
		return;
	q->edge = s->value & 1;
	q->events = q->acks + 1 + q->latch; /* the level may have been taken already */
	for (unsigned k = PRIVATE; k < IRQS; k++)
		if (intids[k] >= first && intids[k] < first + 16 && irq_of(0, k)->edge)
			value |= 2u << 2 * (intids[k] - first);
	gic_sim_write(accessor(s), reg_of(0, s->irq, GICD_ICFGR, 2), 4, value);
}

static void set_group(const struct step *s)
{
	struct irq *q = irq_of(s->cpu, s->irq);
	u64 reg = reg_of(s->cpu, s->irq, GICD_IGROUPR, 1);
	u32 value;

	if (accessor(s) == -2)
		return;
	q->group1 = s->value & 1;
	value = (u32)gic_sim_read(accessor(s), reg, 4) & ~bit_of(s->irq);
	gic_sim_write(accessor(s), reg, 4, value | (q->group1 ? bit_of(s->irq) : 0));
}

static void set_distributor(const struct step *s)
{
	u32 value = s->value & 4 ? 3 : s->value & 3;

	model.group_on[0] = value & 1;
	model.group_on[1] = value & 2;
	gic_sim_write(-1, GICD + GICD_CTLR, 4, value);
}

static void notice(const struct step *s)
{
	if (sim.cpu[s->cpu].loaded)
		gic_sim_sync(s->cpu);
}

static void load(const struct step *s)
{
	gic_sim_load(s->cpu);
}

static void put(const struct step *s)
{
	gic_sim_put(s->cpu);
}

static void reset_cpu(const struct step *s)
{
	if (!sim.cpu[s->cpu].loaded)
		gic_reset_cpu(sim.gic, s->cpu);
}

static void switch_power(const struct step *s)
{
	GIC_SIM_VM.vcpus[s->cpu].power = s->value & 1 ? VCPU_ON : VCPU_OFF;
}

static const struct kind {
	const char *name;
	void (*act)(const struct step *s); /* NULL: all notice, and model and GIC are compared */
	unsigned weight;
} kinds[] = {
	{ "line", move_line, 30 },
	{ "SGI", send_sgi, 10 },
	{ "host's PPI", fire_forwarded, 5 },
	{ "acknowledge", acknowledge, 30 },
	{ "end", end, 30 },
	{ "deactivate", deactivate, 10 },
	{ "notice", notice, 15 },
	{ "load", load, 6 },
	{ "put", put, 3 },
	{ "enable", enable, 6 },
	{ "disable", disable, 3 },
	{ "pend", pend, 4 },
	{ "unpend", unpend, 3 },
	{ "activate", activate, 1 },
	{ "inactivate", inactivate, 2 },
	{ "priority", set_priority, 3 },
	{ "route", set_route, 4 },
	{ "configure", configure, 2 },
	{ "group", set_group, 1 },
	{ "distributor", set_distributor, 1 },
	{ "reset CPU", reset_cpu, 1 },
	{ "power", switch_power, 1 },
	{ "agree", NULL, 4 },
};

/* ---- do model and GIC agree? ---- */

static void settle(void)
{
	if (!gic_sim_settle())
		complain("vCPUs do not get out of the hypervisor");
}

/* Best priority that the model knows for @cpu; @strict: only of those that it must have got, and no other vCPU can. */
static unsigned best_for(unsigned cpu, bool strict)
{
	unsigned best = GIC_SIM_IDLE;

	for (unsigned k = 0; k < IRQS; k++) {
		const struct irq *q = irq_of(cpu, k);
		bool may = is_offered(q) || q->late || q->late_sources;

		if (is_for(cpu, k) && (strict ? is_offered(q) && q->route != ANYBODY : may))
			best = MIN(best, (unsigned)q->priority);
	}
	return best;
}

static void check_offer(unsigned cpu)
{
	int slot = gic_sim_best(cpu);
	u64 lr = slot < 0 ? 0 : sim.cpu[cpu].lr[slot];
	unsigned k = slot < 0 ? IRQS : index_of(gic_sim_intid(lr));
	unsigned offered = slot < 0 ? GIC_SIM_IDLE : lr >> 48 & 0xff;
	unsigned least = best_for(cpu, true);

	if (slot >= 0 && (k == IRQS || !is_offered(irq_of(cpu, k)) || !is_for(cpu, k)))
		complain("vCPU %u is offered %u, which is not for it now", cpu, gic_sim_intid(lr));
	if (offered > least)
		complain("vCPU %u is offered priority 0x%x; 0x%x waits", cpu, offered, least);
}

static void check_waits(unsigned cpu)
{
	bool waits = gic_has_waiting(sim.gic, cpu);

	if (!waits && best_for(cpu, true) != GIC_SIM_IDLE)
		complain("nothing waits for vCPU %u, it is said", cpu);
	if (waits && best_for(cpu, false) == GIC_SIM_IDLE)
		complain("something waits for vCPU %u, it is said", cpu);
}

/* ANYBODY's interrupts are somebody's. */
static void check_shared(unsigned k)
{
	const struct irq *q = irq_of(0, k);
	unsigned holders = 0, waiting = 0;

	if (q->route != ANYBODY || !is_offered(q))
		return;
	for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
		waiting += gic_has_waiting(sim.gic, cpu);
		for (unsigned i = 0; i < model.lrs; i++)
			holders += (sim.cpu[cpu].lr[i] & GIC_LR_STATE) &&
				   gic_sim_intid(sim.cpu[cpu].lr[i]) == intids[k];
	}
	if (holders > 1 || (!holders && !waiting))
		complain("%u, for any vCPU, is with %u", intids[k], holders);
}

static void check_register(unsigned cpu, unsigned k, u64 offset, bool expected, const char *name)
{
	u32 value;
	int reader = sim.cpu[cpu].loaded ? (int)cpu : -1;

	if (model.version == 2 && k < PRIVATE && reader < 0)
		return;
	value = (u32)gic_sim_read(reader, reg_of(cpu, k, offset, 1), 4);
	if (!(value & bit_of(k)) == expected)
		complain("%s says that %u of vCPU %u is %d", name, intids[k], cpu, !expected);
}

/* A vCPU that took an interrupt before it noticed another event may be given it again. */
static void allow_late(unsigned cpu, unsigned k)
{
	struct irq *q = irq_of(cpu, k);
	int reader = sim.cpu[cpu].loaded ? (int)cpu : -1;

	if (!model.lazy || (model.version == 2 && k < PRIVATE && reader < 0))
		return;
	if (!q->edge && q->line) /* which hides what is latched */
		return;
	if (has_sources(k))
		q->sources |= q->late_sources &
			      gic_sim_read(reader, GICD + GICD_SPENDSGIR + intids[k], 1);
	else if (q->late)
		q->latch |=
			!!(gic_sim_read(reader, reg_of(cpu, k, GICD_ISPENDR, 1), 4) & bit_of(k));
	q->late = false;
	q->late_sources = 0;
}

static void check_registers(unsigned cpu, unsigned k)
{
	const struct irq *q = irq_of(cpu, k);

	check_register(cpu, k, GICD_ISPENDR, is_pending(q), "ISPENDR");
	check_register(cpu, k, GICD_ICACTIVER, q->active, "ICACTIVER");
	check_register(cpu, k, GICD_ISENABLER, q->enabled, "ISENABLER");
	check_register(cpu, k, GICD_IGROUPR, q->group1, "IGROUPR");
	if (has_sources(k) && sim.cpu[cpu].loaded &&
	    gic_sim_read(cpu, GICD + GICD_SPENDSGIR + intids[k], 1) != q->sources)
		complain("SPENDSGIR is wrong about SGI %u of vCPU %u", intids[k], cpu);
}

static void check_host(unsigned cpu)
{
	const struct irq *q = &model.own[cpu][FORWARDED];
	bool busy = is_pending(q) || q->active;

	if (!sim.cpu[cpu].host_active == busy)
		complain("the host's PPI of vCPU %u is %s", cpu,
			 busy ? "ended, the guest's is not" : "active, the guest's has ended");
}

static void check_all(unsigned turn)
{
	for (unsigned cpu = 0; cpu < model.cpus; cpu++)
		for (unsigned k = 0; k < (cpu ? PRIVATE : IRQS); k++)
			allow_late(cpu, k);
	for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
		check_registers(cpu, turn % PRIVATE);
		if (sim.cpu[cpu].loaded)
			check_offer(cpu);
		else
			check_waits(cpu);
		check_host(cpu);
	}
	check_registers(turn % model.cpus, PRIVATE + turn % (IRQS - PRIVATE));
	for (unsigned k = PRIVATE; k < IRQS; k++)
		check_shared(k);
}

/* ---- runs ---- */

static void start(u64 seed)
{
	static const u8 lr_counts[] = { 1, 2, 4, 16 };

	memset(&model, 0, sizeof(model));
	model.version = seed & 1 ? 3 : 2;
	model.split = seed >> 1 & 1;
	model.lazy = seed >> 2 & 1;
	model.lrs = lr_counts[seed >> 3 & 3];
	model.cpus = 1 + (seed >> 5) % CPUS_MAX;
	model.group_on[0] = model.group_on[1] = true;
	gic_sim_host(model.version, model.lrs);
	gic_sim_make(model.cpus, model.version);
	gic_forward_ppi(sim.gic, intids[FORWARDED], PPI_OF_HOST);
	gic_sim_write(-1, GICD + GICD_CTLR, 4, 3);
	for (unsigned k = 0; k < SGIS; k++)
		for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
			model.own[cpu][k].edge = true;
			model.own[cpu][k].enabled = model.version == 2;
		}
	for (unsigned cpu = 0; cpu < model.cpus; cpu++)
		model.own[cpu][FORWARDED].edge = true;
	for (unsigned k = PRIVATE; k < IRQS; k++)
		model.spi[k].route = model.version == 2 && model.cpus > 1 ? NOWHERE : 0;
}

/* All are enabled, with priorities and routes of their own: a place from which much happens. */
static void begin(void)
{
	for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
		gic_sim_load(cpu);
		for (unsigned k = 0; k < IRQS; k++) {
			struct step s = { 0, (u8)cpu, (u8)k, 0 };

			enable(&s);
			s.value = (u8)(k * 40 + cpu);
			set_priority(&s);
			set_route(&s);
			s.value = (u8)k;
			configure(&s);
		}
	}
}

/* A guest that takes and ends all that comes gets to the end of it when the lines are low. */
static void drain(void)
{
	for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
		for (unsigned k = 0; k < IRQS; k++) {
			struct step s = { 0, (u8)cpu, (u8)k, 0 };

			gic_sim_load(cpu);
			move_line(&s);
			inactivate(&s);
			enable(&s);
			set_route(&s);
			set_distributor(&(struct step){ .value = 3 });
		}
	}
	for (unsigned turns = 0; turns < 40 * IRQS; turns++) {
		struct step s = { 0, (u8)(turns % model.cpus), 0, 0 };

		settle();
		acknowledge(&s);
		settle();
		end(&s);
		for (s.irq = 0; s.irq < IRQS; s.irq++)
			deactivate(&s);
	}
	settle();
	for (unsigned cpu = 0; cpu < model.cpus; cpu++)
		for (unsigned k = 0; k < IRQS; k++)
			if (is_pending(irq_of(cpu, k)) || irq_of(cpu, k)->active)
				complain("%u of vCPU %u is still %s", intids[k], cpu,
					 irq_of(cpu, k)->active ? "active" : "pending");
	for (unsigned turn = 0; turn < IRQS * PRIVATE; turn++)
		check_all(turn);
}

static bool tracing;

/* The step, and what is then in list registers. */
static void print_step(const struct step *s)
{
	print_error("  %-12s vCPU %u, interrupt %3u, value 0x%02x ", kinds[s->kind].name, s->cpu,
		    intids[s->irq], s->value);
	for (unsigned cpu = 0; cpu < model.cpus; cpu++) {
		print_error(sim.cpu[cpu].loaded ? " |%s" : " -%s",
			    sim.cpu[cpu].notified ? "!" : "");
		for (unsigned i = 0; i < model.lrs; i++) {
			u64 lr = sim.cpu[cpu].lr[i];

			if (lr & GIC_LR_STATE)
				print_error(" %u%s%s", gic_sim_intid(lr),
					    lr & GIC_LR_PENDING ? "p" : "",
					    lr & GIC_LR_ACTIVE ? "a" : "");
		}
	}
	print_error("\n");
}

/* True if model and GIC agree to the end; else *failed is the step after which they did not. */
static bool run(u64 seed, const struct step *steps, unsigned count, unsigned *failed)
{
	unsigned i;

	start(seed);
	begin();
	settle();
	for (i = 0; i < count && !model.complaint[0]; i++) {
		struct step s = steps[i];

		s.cpu %= model.cpus;
		if (kinds[s.kind].act)
			kinds[s.kind].act(&s);
		if (!gic_sim_return())
			complain("a vCPU does not get out of the hypervisor");
		if (tracing)
			print_step(&s);
		if (model.lazy && kinds[s.kind].act)
			continue;
		settle();
		check_all(s.irq + s.value);
	}
	if (!model.complaint[0])
		drain();
	fake_vm_destroy(&GIC_SIM_VM);
	*failed = i;
	return !model.complaint[0];
}

/* Takes out what the failure does not need, the longest pieces first. */
static void shrink_and_print(u64 seed, struct step *steps, unsigned count)
{
	struct step fewer[STEPS];
	unsigned failed;

	for (unsigned piece = count / 2; piece; piece /= 2) {
		for (unsigned at = 0; at + piece <= count;) {
			memcpy(fewer, steps, at * sizeof(*steps));
			memcpy(fewer + at, steps + at + piece,
			       (count - at - piece) * sizeof(*steps));
			if (run(seed, fewer, count - piece, &failed)) {
				at += piece;
				continue;
			}
			count = MIN(failed, count - piece);
			memcpy(steps, fewer, count * sizeof(*steps));
		}
	}
	start(seed);
	print_error("seed %llu: version %u, %u vCPUs, %u list registers%s%s; p pending, a active, "
		    "! not noticed\n",
		    (unsigned long long)seed, model.version, model.cpus, model.lrs,
		    model.split ? ", EOImode 1" : "", model.lazy ? ", lazy" : "");
	fake_vm_destroy(&GIC_SIM_VM);
	tracing = true;
	run(seed, steps, count, &failed);
	fail_msg("%s", model.complaint);
}

static u8 pick_kind(u64 *random)
{
	unsigned sum = 0, at;

	for (unsigned kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		sum += kinds[kind].weight;
	at = (unsigned)test_random_below(random, sum);
	for (unsigned kind = 0;; at -= kinds[kind++].weight)
		if (at < kinds[kind].weight)
			return (u8)kind;
}

static void test_random_use(void **state)
{
	static struct step steps[STEPS];

	(void)state;
	for (u64 seed = 0; seed < RUNS; seed++) {
		u64 random = seed * 0x9e3779b97f4a7c15ull + 1;
		unsigned failed;

		for (unsigned i = 0; i < STEPS; i++)
			steps[i] =
				(struct step){ pick_kind(&random), (u8)(test_random(&random) >> 20),
					       (u8)test_random_below(&random, IRQS),
					       (u8)(test_random(&random) >> 20) };
		if (!run(seed, steps, STEPS, &failed))
			shrink_and_print(seed, steps, MIN(failed, (unsigned)STEPS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
