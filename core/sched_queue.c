/* SPDX-License-Identifier: MIT */
/* One CPU's run queue: virtual time, slices, caps. Decides who runs next and for how long. */
#include <core/panic.h>
#include <core/sched_queue.h>
#include <core/trace.h>

/*
 *            behind the clock            ahead of the clock
 *                    ◄────────── clock ──────────►              virtual time
 *   ────────┬──────────────┬───────┬────────┬───────────┬─────►
 *        clock - credit    │     first    second     preempted
 *        put here at best: └ current runs until it is `slice`
 *        woken after a       ahead of the first
 *        long sleep
 *
 * The clock is the least virtual time of all that run or wait here and never goes back.
 */

/* Ready or running entities are ahead of the clock by no more than their longest slice and this. */
static s64 lead_max(const struct sched_entity *se)
{
	return sched_scale.window + 2 * (s64)sched_virtual(sched_scale.slice_max, se->weight);
}

static struct sched_entity *first_of(const struct runqueue *rq)
{
	return list_is_empty(&rq->ready) ? NULL : list_first(&rq->ready, struct sched_entity, link);
}

static bool is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* ---- caps ---- */

static bool is_capped(const struct sched_entity *se)
{
	return se->cap_percent > 0 && se->cap_percent < 100;
}

static u64 cap_budget(const struct sched_entity *se)
{
	return sched_scale.cap_period * se->cap_percent / 100;
}

/*
 * Goes to the period that holds @now. What was used beyond the budget counts against later periods.
 */
static void cap_advance(struct sched_entity *se, u64 now)
{
	u64 passed, refill;

	if (now < se->period_end)
		return;
	passed = 1 + (now - se->period_end) / sched_scale.cap_period;
	refill = passed * cap_budget(se);
	se->period_used -= MIN(se->period_used, refill);
	se->period_end += passed * sched_scale.cap_period;
}

/* It ran from @from to @now. */
static void cap_charge(struct sched_entity *se, u64 from, u64 now)
{
	if (now >= se->period_end) {
		if (from < se->period_end)
			se->period_used += se->period_end - from;
		cap_advance(se, now);
		from = MAX(from, se->period_end - sched_scale.cap_period);
	}
	se->period_used += now - from;
}

bool sched_queue_cap_reached(struct sched_entity *se, u64 now)
{
	if (!is_capped(se))
		return false;
	cap_advance(se, now);
	return se->period_used >= cap_budget(se);
}

/*
 * When the budget runs out if it runs from @now on; the next period's budget may add to this one's.
 */
static u64 cap_deadline(const struct sched_entity *se, u64 now)
{
	u64 budget = cap_budget(se);
	u64 end = now + (budget > se->period_used ? budget - se->period_used : 0);

	return end < se->period_end ? end : se->period_end + budget;
}

void sched_queue_throttle(struct sched_entity *se)
{
	se->state = SCHED_THROTTLED;
	timer_set(&se->unthrottle, se->period_end);
}

/* ---- virtual time ---- */

static void clock_advance(struct runqueue *rq, u64 now)
{
	const struct sched_entity *first = first_of(rq), *least = rq->current;

	if (!least || (first && is_before(first->vruntime, least->vruntime)))
		least = first;
	if (least && is_before(rq->clock, least->vruntime))
		__atomic_store_n(&rq->clock, least->vruntime, __ATOMIC_RELAXED);
	__atomic_store_n(&rq->clock_time, now, __ATOMIC_RELAXED);
}

/* What is owed to an entity is paid while it runs: it ages at a quarter of the pace. */
static u64 without_owed(struct sched_entity *se, u64 ticks)
{
	u64 paid = MIN(se->owed, ticks - ticks / 4);

	se->owed -= paid;
	return ticks - paid;
}

void sched_queue_charge(struct runqueue *rq, u64 now)
{
	struct sched_entity *se = rq->current;

	/* Another CPU may have read the time before this one picked. */
	if (se && is_before(se->started, now)) {
		u64 ran = now - se->started;

		se->vruntime += without_owed(se, sched_virtual(ran, se->weight));
		se->total_ticks += ran;
		if (is_capped(se))
			cap_charge(se, se->started, now);
		se->started = now;
	}
	clock_advance(rq, now);
}

void sched_queue_shift(struct runqueue *rq, u64 by)
{
	struct sched_entity *se;

	list_for_each(se, &rq->ready, link)
		se->vruntime += by;
	if (rq->current)
		rq->current->vruntime += by;
	rq->clock += by;
}

/* ---- slices ---- */

static void slice_arm(struct runqueue *rq, u64 now)
{
	const struct sched_entity *se = rq->current, *first = first_of(rq);
	u64 end = TIME_NEVER;

	if (likely(!first && !is_capped(se) && !timer_is_armed(&rq->slice)))
		return;
	if (first) {
		s64 lead = (s64)(first->vruntime - se->vruntime) + sched_scale.slice;
		u64 ticks = lead > 0 ? (u64)MIN(lead, 2 * sched_scale.window) * se->weight /
					       SCHED_WEIGHT_MAX :
				       0;

		end = now + MIN(MAX(ticks, sched_scale.slice_min), sched_scale.slice_max);
	}
	if (is_capped(se))
		end = MIN(end, cap_deadline(se, now));
	if (end != TIME_NEVER || timer_is_armed(&rq->slice))
		timer_set(&rq->slice, end);
}

/* Does the arrival of @se change what this CPU does? */
static bool has_to_look(struct runqueue *rq, const struct sched_entity *se, u64 now)
{
	const struct sched_entity *current = rq->current;

	if (!current)
		return true;
	if (is_before(se->vruntime + (u64)sched_scale.preempt, current->vruntime))
		return true;
	/* Nobody waited until now, so no slice ends; only the CPU itself can arm its timer. */
	if (rq->ready_count > 1)
		return false;
	if (sched_cpu_of(rq) != this_cpu())
		return true;
	slice_arm(rq, now);
	return false;
}

/* ---- in and out ---- */

static void set_ready_count(struct runqueue *rq, u32 count)
{
	__atomic_store_n(&rq->ready_count, count, __ATOMIC_RELAXED);
}

/* Not while the CPU changes from one entity to the next: all CPUs read the set. */
static void update_crowded(struct runqueue *rq)
{
	bool crowded = rq->current && rq->ready_count > 0;

	if (rq->crowded != crowded)
		sched_balance_set_crowded(sched_cpu_of(rq), crowded);
}

static void enqueue(struct runqueue *rq, struct sched_entity *se, u64 now)
{
	struct list_node *at = rq->ready.prev;

	while (at != &rq->ready &&
	       is_before(se->vruntime, list_entry(at, struct sched_entity, link)->vruntime))
		at = at->prev;
	list_insert_before(at->next, &se->link);
	se->state = SCHED_READY;
	se->ready_since = now;
	set_ready_count(rq, rq->ready_count + 1);
}

void sched_queue_remove(struct runqueue *rq, struct sched_entity *se)
{
	ASSERT(se->state == SCHED_READY && rq->ready_count > 0);
	if (rq->favourite == se)
		rq->favourite = NULL;
	list_remove(&se->link);
	set_ready_count(rq, rq->ready_count - 1);
	update_crowded(rq);
}

void sched_queue_limit(const struct runqueue *rq, struct sched_entity *se, s64 behind)
{
	s64 lead = (s64)(se->vruntime - se->owed - rq->clock);

	se->owed = 0;
	if (lead < 0 && behind > sched_scale.credit) {
		se->owed = (u64)MIN(-lead, behind);
		lead = 0;
	} else if (lead < -behind) {
		lead = -behind;
	} else if (unlikely(lead > lead_max(se))) {
		lead = lead_max(se);
	}
	se->vruntime = rq->clock + (u64)lead;
}

/* What most wake-ups are: the CPU sleeps, so nobody is charged, preempted or in the way. */
static void add_to_empty(struct runqueue *rq, struct sched_entity *se, s64 behind)
{
	/* The clock of a queue that stood empty is of no account. */
	if (is_before(rq->clock, se->vruntime))
		__atomic_store_n(&rq->clock, se->vruntime, __ATOMIC_RELAXED);
	else if (is_before(se->vruntime, rq->clock))
		sched_queue_limit(rq, se, behind);
}

bool sched_queue_add(struct runqueue *rq, struct sched_entity *se, s64 behind, u64 now)
{
	__atomic_store_n(&se->cpu, sched_cpu_of(rq)->id, __ATOMIC_RELAXED);
	if (likely(!rq->current && !rq->ready_count)) {
		add_to_empty(rq, se, behind);
		enqueue(rq, se, now);
		return true;
	}
	sched_queue_charge(rq, now);
	sched_queue_limit(rq, se, behind);
	enqueue(rq, se, now);
	update_crowded(rq);
	return has_to_look(rq, se, now);
}

void sched_queue_put(struct runqueue *rq, enum sched_leave why, u64 now)
{
	struct sched_entity *se = rq->current;
	const struct sched_entity *first = first_of(rq);

	sched_queue_charge(rq, now);
	__atomic_store_n(&rq->current, NULL, __ATOMIC_RELAXED);
	if (why == SCHED_EXIT || se->retiring) {
		se->state = SCHED_DEAD;
	} else if (why == SCHED_BLOCK && !se->wake_pending) {
		se->state = SCHED_BLOCKED;
	} else if (sched_queue_cap_reached(se, now)) {
		sched_queue_throttle(se);
	} else {
		if (why == SCHED_YIELD && first && !is_before(first->vruntime, se->vruntime))
			se->vruntime = first->vruntime + 1;
		enqueue(rq, se, now);
	}
	/* Only a block uses it up: one that is preempted on its way to block must still find it. */
	if (why == SCHED_BLOCK)
		se->wake_pending = false;
}

static void idle_begin(struct runqueue *rq, u64 now)
{
	__atomic_store_n(&rq->run_weight, 0, __ATOMIC_RELAXED);
	rq->idle_since = now;
	if (timer_is_armed(&rq->slice))
		timer_cancel(&rq->slice);
}

struct sched_entity *sched_queue_pick(struct runqueue *rq, u64 now)
{
	struct sched_entity *se = rq->favourite ? rq->favourite : first_of(rq);

	if (rq->run_weight == 0)
		rq->idle_ticks += now - rq->idle_since;
	if (!se) {
		idle_begin(rq, now);
		update_crowded(rq);
		return NULL;
	}
	list_remove(&se->link);
	rq->favourite = NULL;
	__atomic_store_n(&rq->current, se, __ATOMIC_RELAXED);
	__atomic_store_n(&rq->run_weight, se->weight, __ATOMIC_RELAXED);
	set_ready_count(rq, rq->ready_count - 1);
	se->started = now;
	if (is_before(se->ready_since + se->wait_max, now))
		se->wait_max = now - se->ready_since;
	__atomic_store_n(&se->state, SCHED_RUNNING, __ATOMIC_RELAXED);
	clock_advance(rq, now);
	update_crowded(rq);
	slice_arm(rq, now);
	return se;
}
