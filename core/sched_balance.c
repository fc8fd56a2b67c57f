/* SPDX-License-Identifier: MIT */
/* Which CPU an entity runs on: at wake-up, when a CPU runs dry, and when queues drift apart. */
#include <core/panic.h>
#include <core/sched_queue.h>

/*
 * Virtual times of all queues are comparable: an entity keeps its own when it moves. A queue with few
 * or light entities gets ahead of one with many; when it is ahead of an entity that waits elsewhere by
 * `spread`, that entity moves there, is owed the difference, and catches up:
 *
 *      CPU 0   A ▒▒▒▒▒▒          A alone, catches up with C            three equal entities on two
 *              B ▒▒▒▒▒▒ ──┐                                            CPUs: each gets two thirds
 *      CPU 1   C ▒▒▒▒▒▒▒▒▒▒▒▒   B gets more until it has what C has
 *                         └──►
 *
 * What affinity forbids to even out is forgiven beyond `window`, so that old debts do not decide later.
 */

/* CPUs where somebody waits although the CPU runs; atomic words. */
static struct cpumask crowded;

static bool is_idle(const struct cpu *cpu)
{
	return !__atomic_load_n(&cpu->rq.current, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&cpu->rq.ready_count, __ATOMIC_RELAXED);
}

bool sched_balance_allows(const struct sched_entity *se, const struct cpu *cpu)
{
	return cpu->online && cpumask_has(&se->affinity, cpu->id);
}

void sched_balance_set_crowded(struct cpu *cpu, bool is_crowded)
{
	u64 *word = &crowded.word[cpu->id / 64];

	cpu->rq.crowded = is_crowded;
	if (is_crowded)
		__atomic_fetch_or(word, BIT(cpu->id % 64), __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(word, ~BIT(cpu->id % 64), __ATOMIC_RELAXED);
}

/* ---- where to put an entity that becomes ready ---- */

static unsigned least_loaded(const struct sched_entity *se)
{
	u32 least = ~0u;
	unsigned best = se->cpu;

	for (unsigned i = 0; i < cpu_count; i++) {
		u32 load = __atomic_load_n(&cpus[i]->rq.ready_count, __ATOMIC_RELAXED);

		if (load < least && sched_balance_allows(se, cpus[i])) {
			least = load;
			best = i;
		}
	}
	return best;
}

unsigned sched_balance_choose(const struct sched_entity *se)
{
	const struct cpu *last = cpus[se->cpu];
	bool last_allowed = cpumask_has(&se->affinity, last->id);

	if (likely(last_allowed && is_idle(last)))
		return last->id;
	for (unsigned i = 1, id = last->id; i < cpu_count; i++) {
		id = id + 1 < cpu_count ? id + 1 : 0;
		if (is_idle(cpus[id]) && sched_balance_allows(se, cpus[id]))
			return id;
	}
	return last_allowed ? last->id : least_loaded(se);
}

/* ---- moving ---- */

/* In the order of CPU numbers. */
static void pair_lock(struct sched_pair *pair, unsigned from, unsigned to)
{
	pair->from = &cpus[from]->rq;
	pair->to = &cpus[to]->rq;
	pair->outer = spin_lock(&cpus[MIN(from, to)]->rq.lock);
	if (from != to)
		pair->inner = spin_lock(&cpus[MAX(from, to)]->rq.lock);
}

void sched_balance_unlock(const struct sched_pair *pair)
{
	bool ascending = sched_cpu_of(pair->from)->id < sched_cpu_of(pair->to)->id;

	if (pair->from != pair->to)
		spin_unlock(ascending ? &pair->to->lock : &pair->from->lock, pair->inner);
	spin_unlock(ascending ? &pair->from->lock : &pair->to->lock, pair->outer);
}

void sched_balance_lock(struct sched_pair *pair, const struct sched_entity *se, unsigned to)
{
	for (;;) {
		unsigned from = __atomic_load_n(&se->cpu, __ATOMIC_RELAXED);

		pair_lock(pair, from, to);
		if (likely(__atomic_load_n(&se->cpu, __ATOMIC_RELAXED) == from))
			return;
		sched_balance_unlock(pair);
	}
}

/*
 * Both queues are locked and @se waits in @from. Returns what sched_queue_add() says. The time is
 * read here: who runs on @to may have started after the caller's last reading.
 */
static bool move_ready(struct runqueue *from, struct runqueue *to, struct sched_entity *se)
{
	u64 since = se->ready_since;
	bool look;

	sched_queue_remove(from, se);
	look = sched_queue_add(to, se, sched_scale.catch_up, time_now());
	se->ready_since = since;
	return look;
}

/* The first in @rq's queue that may run on @cpu. */
static struct sched_entity *first_for(struct runqueue *rq, const struct cpu *cpu)
{
	struct sched_entity *se;

	list_for_each(se, &rq->ready, link)
		if (sched_balance_allows(se, cpu))
			return se;
	return NULL;
}

/* ---- a CPU that has nothing to do ---- */

/* The crowded CPU of @mask with most waiting, -1: none. */
static int busiest(const struct cpumask *mask)
{
	u32 most = 0;
	int best = -1;

	for (unsigned i = 0; i < cpu_count; i++) {
		u32 load = __atomic_load_n(&cpus[i]->rq.ready_count, __ATOMIC_RELAXED);

		if (cpumask_has(mask, i) && load > most) {
			most = load;
			best = (int)i;
		}
	}
	return best;
}

static bool pull_from(struct cpu *cpu, unsigned other)
{
	struct sched_pair pair;
	struct sched_entity *se;

	pair_lock(&pair, other, cpu->id);
	se = pair.from->current ? first_for(pair.from, cpu) : NULL;
	/* This CPU is on its way to its queue in any case. */
	if (se)
		(void)!move_ready(pair.from, pair.to, se);
	sched_balance_unlock(&pair);
	return se;
}

bool sched_balance_pull(struct cpu *cpu)
{
	struct cpumask left;
	u64 any = 0;
	int other;

	for (unsigned i = 0; i < CPUMASK_WORDS; i++)
		any |= left.word[i] = __atomic_load_n(&crowded.word[i], __ATOMIC_RELAXED);
	if (likely(!any))
		return false;
	cpumask_clear(&left, cpu->id);
	while ((other = busiest(&left)) >= 0) {
		if (pull_from(cpu, (unsigned)other))
			return true;
		cpumask_clear(&left, (unsigned)other);
	}
	return false;
}

bool sched_balance_take(struct cpu *cpu, struct sched_entity *se)
{
	struct sched_pair pair;
	bool waits;

	sched_balance_lock(&pair, se, cpu->id);
	waits = se->state == SCHED_READY && sched_balance_allows(se, cpu);
	if (waits && pair.from != pair.to)
		(void)!move_ready(pair.from, pair.to, se);
	if (waits)
		pair.to->favourite = se;
	sched_balance_unlock(&pair);
	return waits;
}

/* ---- queues that drift apart ---- */

/* How far another queue is ahead of @clock, about: read without its lock. */
static s64 ahead_of(const struct cpu *other, u64 clock, u64 now)
{
	const struct runqueue *rq = &other->rq;
	u32 weight = __atomic_load_n(&rq->run_weight, __ATOMIC_RELAXED);
	s64 since = (s64)(now - __atomic_load_n(&rq->clock_time, __ATOMIC_RELAXED));
	u64 its = __atomic_load_n(&rq->clock, __ATOMIC_RELAXED);

	if (is_idle(other))
		return INT64_MAX;
	/* A lone entity runs without a tick: its clock is as old as its last exit from the CPU. */
	if (weight && since > 0 && !__atomic_load_n(&rq->ready_count, __ATOMIC_RELAXED))
		its += sched_virtual((u64)since, weight);
	return (s64)(its - clock);
}

/*
 * A waiter of @cpu and the queue that is furthest ahead of it, -1: none by `spread`. @cpu's queue
 * is locked.
 */
static int find_move(struct cpu *cpu, u64 now, struct sched_entity **which)
{
	struct sched_entity *se;
	s64 furthest = sched_scale.spread;
	int best = -1;

	list_for_each(se, &cpu->rq.ready, link) {
		for (unsigned i = 0; i < cpu_count; i++) {
			s64 ahead;

			if (i == cpu->id || !sched_balance_allows(se, cpus[i]))
				continue;
			ahead = ahead_of(cpus[i], se->vruntime - se->owed, now);
			if (ahead > furthest) {
				furthest = ahead;
				best = (int)i;
				*which = se;
			}
		}
	}
	return best;
}

/* @se may have gone anywhere, even away, since @cpu's queue was unlocked. */
static bool still_waits(struct runqueue *rq, const struct sched_entity *se)
{
	const struct sched_entity *waiter;

	list_for_each(waiter, &rq->ready, link)
		if (waiter == se)
			return true;
	return false;
}

static void move_waiter(struct cpu *cpu, struct cpu *to, struct sched_entity *se)
{
	struct sched_pair pair;
	bool look = false;

	pair_lock(&pair, cpu->id, to->id);
	if (still_waits(pair.from, se) && sched_balance_allows(se, to))
		look = move_ready(pair.from, pair.to, se);
	sched_balance_unlock(&pair);
	if (look)
		sched_resched(to);
}

/* Moves the queue of @cpu up when it is more than `window` behind @clock. */
static void limit_lag(struct cpu *cpu, u64 clock, u64 now)
{
	s64 lag;
	irqflags_t flags;

	if (!cpu->online || is_idle(cpu) || -ahead_of(cpu, clock, now) <= sched_scale.window)
		return;
	flags = spin_lock(&cpu->rq.lock);
	lag = is_idle(cpu) ? 0 : -ahead_of(cpu, clock, now) - sched_scale.window;
	if (lag > 0)
		sched_queue_shift(&cpu->rq, (u64)lag);
	spin_unlock(&cpu->rq.lock, flags);
}

/* Others where nobody waits never look themselves, and are as far as ahead_of() says. */
static void limit_lone_queues(const struct cpu *cpu, u64 now)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (cpus[i] != cpu && !__atomic_load_n(&cpus[i]->rq.ready_count, __ATOMIC_RELAXED))
			limit_lag(cpus[i], cpu->rq.clock, now);
}

/* Affinity keeps the waiters of @cpu from going where they would be due earlier. */
static void limit_own_queue(struct cpu *cpu, u64 now)
{
	s64 furthest = 0;

	for (unsigned i = 0; i < cpu_count; i++) {
		s64 ahead = ahead_of(cpus[i], cpu->rq.clock, now);

		if (cpus[i] != cpu && ahead < INT64_MAX)
			furthest = MAX(furthest, ahead);
	}
	limit_lag(cpu, cpu->rq.clock + (u64)furthest, now);
}

void sched_balance_spread(struct cpu *cpu, u64 now)
{
	struct sched_entity *se = NULL;
	irqflags_t flags;
	int to;

	if (cpu_count == 1)
		return;
	flags = spin_lock(&cpu->rq.lock);
	to = find_move(cpu, now, &se);
	spin_unlock(&cpu->rq.lock, flags);
	if (to >= 0)
		move_waiter(cpu, cpus[to], se);
	else
		limit_own_queue(cpu, now);
	limit_lone_queues(cpu, now);
}
