/* SPDX-License-Identifier: MIT */
/* Scheduler: life of an entity, and the main loop of each CPU. */
#include <core/arch.h>
#include <core/console.h>
#include <core/errno.h>
#include <core/panic.h>
#include <core/sched_queue.h>
#include <core/task.h>
#include <core/trace.h>
#include <core/vcpu.h>

#define SLICE_US 4000
#define SLICE_MIN_US 500
#define SLICE_MAX_US 10000
#define PREEMPT_US 500
#define CREDIT_US 2000
#define SPREAD_US 10000
#define CATCH_UP_US 200000
#define WINDOW_US 200000
#define BALANCE_US 10000
#define CAP_PERIOD_US 10000

struct sched_scale sched_scale;

static s64 virtual_us(u64 us)
{
	return (s64)sched_virtual(time_from_us(us), SCHED_WEIGHT_DEFAULT);
}

static void scale_init(void)
{
	sched_scale = (struct sched_scale){
		.slice_min = time_from_us(SLICE_MIN_US),
		.slice_max = time_from_us(SLICE_MAX_US),
		.cap_period = time_from_us(CAP_PERIOD_US),
		.balance_interval = time_from_us(BALANCE_US),
		.slice = virtual_us(SLICE_US),
		.preempt = virtual_us(PREEMPT_US),
		.credit = virtual_us(CREDIT_US),
		.spread = virtual_us(SPREAD_US),
		.catch_up = virtual_us(CATCH_UP_US),
		.window = virtual_us(WINDOW_US),
	};
}

/* On the CPU itself, whose way back from the interrupt leads past cpu->resched. */
static void slice_ended(struct timer *timer)
{
	(void)timer;
	this_cpu()->resched = true;
}

void sched_cpu_init(struct cpu *cpu)
{
	struct runqueue *rq = &cpu->rq;

	scale_init();
	spinlock_init(&rq->lock, LOCK_RUNQUEUE, "run queue");
	list_init(&rq->ready);
	timer_init(&rq->slice, slice_ended);
	rq->idle_since = time_now();
}

void sched_resched(struct cpu *cpu)
{
	/* Who set it before us has told the CPU, which has not looked at its queue since. */
	if (cpu->resched)
		return;
	cpu->resched = true;
	if (cpu != this_cpu() || cpu->task)
		smp_kick(cpu->id);
}

/* Locks the queue of the entity's CPU, which may change until the lock is held. */
static struct runqueue *entity_lock(const struct sched_entity *se, irqflags_t *flags)
{
	for (;;) {
		u32 cpu = __atomic_load_n(&se->cpu, __ATOMIC_RELAXED);
		struct runqueue *rq = &cpus[cpu]->rq;

		*flags = spin_lock(&rq->lock);
		if (likely(__atomic_load_n(&se->cpu, __ATOMIC_RELAXED) == cpu))
			return rq;
		spin_unlock(&rq->lock, *flags);
	}
}

/* ---- becoming ready ---- */

/*
 * Makes it ready on CPU @to if it is still in the state @was. False: its affinity has changed
 * meanwhile.
 */
static bool place_on(struct sched_entity *se, enum sched_state was, unsigned to)
{
	struct sched_pair pair;
	bool look = false, allowed;

	sched_balance_lock(&pair, se, to);
	allowed = sched_balance_allows(se, cpus[to]);
	/*
	 * The time is read under the lock: who runs there may have started after any earlier
	 * reading.
	 */
	if (se->state == was && allowed)
		look = sched_queue_add(pair.to, se, sched_scale.credit, time_now());
	sched_balance_unlock(&pair);
	if (look)
		sched_resched(cpus[to]);
	return allowed;
}

/*
 * An entity that is neither running nor ready becomes ready, if it has budget. Releases its queue's
 * lock.
 */
static void place(struct sched_entity *se, struct runqueue *rq, irqflags_t flags)
{
	enum sched_state was = se->state;
	u64 now = time_now();
	unsigned to;

	if (se->cap_percent && sched_queue_cap_reached(se, now)) {
		sched_queue_throttle(se);
		spin_unlock(&rq->lock, flags);
		return;
	}
	/* The short way first: where it was, as that CPU sleeps. */
	if (likely(!rq->current && !rq->ready_count && cpumask_has(&se->affinity, se->cpu)))
		to = se->cpu;
	else
		to = sched_balance_choose(se);
	trace(TRACE_WAKE, (u64)(uintptr_t)se->name, to);
	if (likely(rq == &cpus[to]->rq)) {
		bool look = sched_queue_add(rq, se, sched_scale.credit, now);

		spin_unlock(&rq->lock, flags);
		if (look)
			sched_resched(cpus[to]);
		return;
	}
	spin_unlock(&rq->lock, flags);
	while (!place_on(se, was, to))
		to = sched_balance_choose(se);
}

void sched_wake(struct sched_entity *se)
{
	irqflags_t flags;
	struct runqueue *rq = entity_lock(se, &flags);

	if (se->state == SCHED_BLOCKED) {
		place(se, rq, flags);
		return;
	}
	/* Also when it is ready or throttled: it may have been preempted on its way to block. */
	__atomic_store_n(&se->wake_pending, true, __ATOMIC_RELAXED);
	spin_unlock(&rq->lock, flags);
}

/* A new period of its cap has begun. */
static void unthrottle(struct timer *timer)
{
	struct sched_entity *se = container_of(timer, struct sched_entity, unthrottle);
	irqflags_t flags;
	struct runqueue *rq = entity_lock(se, &flags);

	/*
	 * Its cap may have changed, and the timer been set again, while this callback waited for
	 * the lock.
	 */
	if (se->state == SCHED_THROTTLED)
		place(se, rq, flags);
	else
		spin_unlock(&rq->lock, flags);
}

void sched_block_prepare(struct sched_entity *se)
{
	__atomic_store_n(&se->wake_pending, false, __ATOMIC_RELAXED);
	/*
	 * The caller's look at its condition comes after this, and a waker's change of it before
	 * its wake.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void sched_kick(struct sched_entity *se)
{
	/*
	 * The caller's request, then this look at the state; the other side stores the state, then
	 * looks at requests (sched_switch()): one of the two sees the other.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&se->state, __ATOMIC_RELAXED) == SCHED_RUNNING)
		smp_kick(__atomic_load_n(&se->cpu, __ATOMIC_RELAXED));
}

bool sched_hand_over(struct sched_entity *se)
{
	struct cpu *cpu = this_cpu();

	if (__atomic_load_n(&se->state, __ATOMIC_RELAXED) != SCHED_READY ||
	    !sched_balance_take(cpu, se))
		return false;
	cpu->resched = true;
	return true;
}

/* ---- properties ---- */

void sched_entity_init(struct sched_entity *se, enum sched_kind kind, const char *name)
{
	*se = (struct sched_entity){
		.name = name,
		.kind = kind,
		.state = SCHED_BLOCKED,
		.cpu = this_cpu()->id,
		.weight = SCHED_WEIGHT_DEFAULT,
		.affinity = cpumask_all(),
	};
	list_init(&se->link);
	timer_init(&se->unthrottle, unthrottle);
}

static bool has_online_cpu(const struct cpumask *mask)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (cpumask_has(mask, i) && cpus[i]->online)
			return true;
	return false;
}

int sched_set_affinity(struct sched_entity *se, const struct cpumask *mask)
{
	irqflags_t flags;
	struct runqueue *rq;
	struct cpu *leave = NULL;
	bool misplaced;

	if (!has_online_cpu(mask))
		return -EINVAL;
	rq = entity_lock(se, &flags);
	se->affinity = *mask;
	misplaced = !cpumask_has(mask, se->cpu);
	if (misplaced && se->state == SCHED_RUNNING) {
		leave = cpus[se->cpu];
	} else if (misplaced && se->state == SCHED_READY) {
		sched_queue_remove(rq, se);
		se->state = SCHED_BLOCKED;
		place(se, rq, flags);
		return 0;
	}
	spin_unlock(&rq->lock, flags);
	if (leave)
		sched_resched(leave);
	return 0;
}

/* Keeps its distance to the clock in terms of time, and its place in the queue in order. */
static void change_weight(struct runqueue *rq, struct sched_entity *se, u32 weight, u64 now)
{
	/* One that has been blocked for long may be any distance away. */
	s64 limit = (s64)1 << 46;
	s64 distance = MAX(MIN((s64)(se->vruntime - rq->clock), limit), -limit);

	se->vruntime = rq->clock + (u64)(distance * (s64)se->weight / (s64)weight);
	se->weight = weight;
	sched_queue_limit(rq, se, sched_scale.catch_up);
	if (se->state == SCHED_READY) {
		sched_queue_remove(rq, se);
		(void)!sched_queue_add(rq, se, sched_scale.catch_up, now);
	}
}

int sched_set_weight(struct sched_entity *se, u32 weight)
{
	irqflags_t flags;
	struct runqueue *rq;
	struct cpu *cpu;
	bool queued;

	if (weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX)
		return -EINVAL;
	rq = entity_lock(se, &flags);
	cpu = sched_cpu_of(rq);
	sched_queue_charge(rq, time_now());
	change_weight(rq, se, weight, time_now());
	queued = se->state == SCHED_READY || se->state == SCHED_RUNNING;
	spin_unlock(&rq->lock, flags);
	if (queued)
		sched_resched(cpu);
	return 0;
}

int sched_set_cap(struct sched_entity *se, u32 percent)
{
	irqflags_t flags;
	struct runqueue *rq;
	struct cpu *cpu;
	bool running;
	u64 now;

	if (percent > 100)
		return -EINVAL;
	rq = entity_lock(se, &flags);
	cpu = sched_cpu_of(rq);
	now = time_now();
	sched_queue_charge(rq, now);
	se->cap_percent = percent;
	se->period_used = 0;
	se->period_end = now + sched_scale.cap_period;
	if (se->state == SCHED_THROTTLED) {
		timer_cancel(&se->unthrottle);
		place(se, rq, flags);
		return 0;
	}
	running = se->state == SCHED_RUNNING;
	spin_unlock(&rq->lock, flags);
	if (running)
		sched_resched(cpu);
	return 0;
}

void sched_retire(struct sched_entity *se)
{
	for (;;) {
		irqflags_t flags;
		struct runqueue *rq = entity_lock(se, &flags);
		struct cpu *cpu = sched_cpu_of(rq);
		bool running = se->state == SCHED_RUNNING;

		se->retiring = true;
		if (se->state == SCHED_READY)
			sched_queue_remove(rq, se);
		if (!running)
			se->state = SCHED_DEAD;
		spin_unlock(&rq->lock, flags);
		if (!running)
			break;
		sched_resched(cpu);
		arch_cpu_relax();
		task_yield();
	}
	timer_cancel_sync(&se->unthrottle);
}

u64 sched_runtime(const struct sched_entity *se)
{
	irqflags_t flags;
	struct runqueue *rq = entity_lock(se, &flags);
	u64 ticks = se->total_ticks;

	if (se->state == SCHED_RUNNING)
		ticks += time_now() - se->started;
	spin_unlock(&rq->lock, flags);
	return ticks;
}

void sched_cpu_stats(unsigned cpu, struct sched_cpu_stats *stats)
{
	struct runqueue *rq = &cpus[cpu]->rq;
	irqflags_t flags = spin_lock(&rq->lock);
	const char *name = rq->current ? rq->current->name : "";
	size_t len = 0;

	for (; name[len] && len + 1 < sizeof(stats->running); len++)
		stats->running[len] = name[len];
	stats->running[len] = '\0';
	stats->idle_ticks = rq->idle_ticks + (rq->run_weight ? 0 : time_now() - rq->idle_since);
	stats->switches = rq->switches;
	stats->ready_count = rq->ready_count;
	spin_unlock(&rq->lock, flags);
}

/* ---- the main loop ---- */

/* The running entity wants to go on and may not do so here. */
static bool is_misplaced(const struct cpu *cpu, enum sched_leave why)
{
	const struct sched_entity *se = cpu->rq.current;

	return se && unlikely(!cpumask_has(&se->affinity, cpu->id)) && !se->retiring &&
	       why != SCHED_EXIT && (why != SCHED_BLOCK || se->wake_pending);
}

/*
 * Hands the running entity to a CPU where it may run. It stays RUNNING until it is in the other
 * queue, so that sched_retire() waits for it.
 */
static void evict(struct cpu *cpu, enum sched_leave why)
{
	struct sched_entity *se = cpu->rq.current;
	unsigned to = sched_balance_choose(se);
	struct sched_pair pair;
	bool look = false;
	u64 now;

	sched_balance_lock(&pair, se, to);
	now = time_now();
	if (is_misplaced(cpu, why) && sched_balance_allows(se, cpus[to])) {
		sched_queue_charge(pair.from, now);
		__atomic_store_n(&pair.from->current, NULL, __ATOMIC_RELAXED);
		if (why == SCHED_BLOCK)
			se->wake_pending = false;
		if (sched_queue_cap_reached(se, now))
			sched_queue_throttle(se);
		else
			look = sched_queue_add(pair.to, se, sched_scale.catch_up, now);
	}
	sched_balance_unlock(&pair);
	if (look)
		sched_resched(cpus[to]);
}

/* Returns with the queue locked. */
static irqflags_t lock_for_switch(struct cpu *cpu, enum sched_leave why)
{
	irqflags_t flags = spin_lock(&cpu->rq.lock);

	while (is_misplaced(cpu, why)) {
		spin_unlock(&cpu->rq.lock, flags);
		evict(cpu, why);
		flags = spin_lock(&cpu->rq.lock);
	}
	return flags;
}

static void count_switch(struct runqueue *rq, const struct sched_entity *prev, enum sched_leave why)
{
	if (rq->current == prev)
		return;
	rq->switches++;
	if (rq->current)
		rq->current->switch_count++;
	trace(TRACE_SWITCH, rq->current ? (u64)(uintptr_t)rq->current->name : 0, why);
}

/* What a CPU does for the others before it goes on: called without locks after it has picked. */
static struct sched_entity *balance(struct cpu *cpu, u64 now)
{
	struct runqueue *rq = &cpu->rq;
	struct sched_entity *next = rq->current;
	irqflags_t flags;

	if (!next && sched_balance_pull(cpu)) {
		flags = spin_lock(&rq->lock);
		next = sched_queue_pick(rq, time_now());
		spin_unlock(&rq->lock, flags);
	} else if (rq->crowded && now >= rq->balance_at) {
		rq->balance_at = now + sched_scale.balance_interval;
		sched_balance_spread(cpu, now);
	}
	return next;
}

struct sched_entity *sched_switch(struct cpu *cpu, enum sched_leave why)
{
	struct runqueue *rq = &cpu->rq;
	struct sched_entity *prev = rq->current, *next;
	irqflags_t flags = lock_for_switch(cpu, why);
	u64 now = time_now();

	cpu->resched = false;
	if (rq->current)
		sched_queue_put(rq, why, now);
	next = sched_queue_pick(rq, now);
	spin_unlock(&rq->lock, flags);
	if (!next || unlikely(rq->crowded))
		next = balance(cpu, now);
	count_switch(rq, prev, why);
	/* Pairs with sched_kick(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return next;
}

static enum sched_leave run(struct sched_entity *se)
{
	if (se->kind == SCHED_VCPU)
		return vcpu_run(container_of(se, struct vcpu, se));
	return task_run(container_of(se, struct task, se));
}

static void idle(struct cpu *cpu)
{
	console_poll();
	/* console_poll() may have woken a task. Other CPUs send an interrupt when they set it. */
	if (cpu->resched)
		return;
	cpu->idle = true;
	arch_cpu_idle();
	cpu->idle = false;
	arch_irq_serve();
}

void sched_loop(void)
{
	struct cpu *cpu = this_cpu();
	enum sched_leave why = SCHED_PREEMPTED;
	struct sched_entity *se = NULL;

	for (;;) {
		struct sched_entity *next = sched_switch(cpu, why);

		if (se && why == SCHED_EXIT && se->kind == SCHED_TASK)
			task_bury(container_of(se, struct task, se));
		se = next;
		if (se)
			why = run(se);
		else
			idle(cpu);
	}
}

void sched_leave(enum sched_leave why)
{
	struct cpu *cpu = this_cpu();

	lock_assert_none_held();
	cpu->rq.leave = why;
	arch_context_switch(&cpu->task->context, cpu->loop);
}

void sched_preempt_task(void)
{
	struct cpu *cpu = this_cpu();

	if (cpu->resched && cpu->task)
		sched_leave(SCHED_PREEMPTED);
}
