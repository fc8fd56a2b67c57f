/* SPDX-License-Identifier: MIT */
/* The scheduler in simulated time: several CPUs, driven step by step, without running anybody. */
#ifndef TESTS_SCHED_SIM_H
#define TESTS_SCHED_SIM_H

#include <test.h>

#include <core/errno.h>
#include <core/sched_queue.h>
#include <fake.h>

#define US 1000ull /* a tick is a nanosecond */
#define MS (1000 * US)
#define SEC (1000 * MS)

#define SIM_MAX 24

/*
 * What an entity does: runs for `burst`, sleeps for `sleep`, again; burst TIME_NEVER: runs for
 * ever.
 */
struct sim_entity {
	struct sched_entity se;
	char name[8];
	u64 burst;
	u64 sleep;
	u64 left; /* of the burst */
	u64 wake_at;
	u64 ran;      /* counted here, not by the scheduler */
	u64 woken_at; /* 0: has run since */
	u64 latency_max;
	u64 latency_sum;
	u64 wakes;
};

static struct sim_entity entities[SIM_MAX];
static unsigned entity_count;
static u64 max_wait;   /* of an entity that was ready */
static u64 idle_waste; /* time in which a CPU was idle although somebody waited who may run there */
static u64 migrations;
static u64 stalled_until[FAKE_CPUS]; /* the CPU takes no interrupts: firmware has it */

static inline void sim_start(unsigned cpu_total)
{
	fake_reset(cpu_total);
	memset(entities, 0, sizeof(entities));
	memset(stalled_until, 0, sizeof(stalled_until));
	entity_count = 0;
	idle_waste = 0;
	migrations = 0;
	max_wait = 0;
}

static inline struct sim_entity *sim_add(u32 weight, u64 burst, u64 sleep)
{
	struct sim_entity *e = &entities[entity_count];

	snprintf(e->name, sizeof(e->name), "e%u", entity_count++);
	sched_entity_init(&e->se, SCHED_VCPU, e->name);
	assert_int_equal(sched_set_weight(&e->se, weight), 0);
	e->burst = burst;
	e->sleep = sleep;
	e->left = burst;
	e->wake_at = fake_time;
	return e;
}

static inline struct sim_entity *sim_hog(u32 weight)
{
	return sim_add(weight, TIME_NEVER, 0);
}

static inline struct sim_entity *running_on(unsigned cpu)
{
	struct sched_entity *se = cpus[cpu]->rq.current;

	return se ? container_of(se, struct sim_entity, se) : NULL;
}

/* ---- what has to hold at any time ---- */

static inline void check_queue(unsigned cpu)
{
	struct runqueue *rq = &cpus[cpu]->rq;
	struct sched_entity *se;
	u64 least = rq->clock - (u64)sched_scale.credit, before = least;
	unsigned count = 0;

	list_for_each(se, &rq->ready, link) {
		assert_int_equal(se->state, SCHED_READY);
		assert_int_equal(se->cpu, cpu);
		assert_true(cpumask_has(&se->affinity, cpu));
		assert_true((s64)(se->vruntime - before) >= 0);
		before = se->vruntime;
		count++;
	}
	assert_int_equal(count, rq->ready_count);
	se = rq->current;
	assert_true(!se || (se->state == SCHED_RUNNING && se->cpu == cpu));
	assert_true(!se || (s64)(se->vruntime - least) >= 0);
	/* One that may not be here any more is on its way out. */
	assert_true(!se || cpumask_has(&se->affinity, cpu) || cpus[cpu]->resched);
	/* Whoever waits, waits for an event that will come. */
	assert_true(!count || !se || timer_is_armed(&rq->slice) || cpus[cpu]->resched);
	assert_true(!count || se || cpus[cpu]->resched);
}

static inline void check_all(void)
{
	unsigned active = 0, found = 0;

	for (unsigned i = 0; i < cpu_count; i++) {
		check_queue(i);
		found += cpus[i]->rq.ready_count + (cpus[i]->rq.current != NULL);
	}
	for (unsigned i = 0; i < entity_count; i++)
		active += entities[i].se.state == SCHED_READY ||
			  entities[i].se.state == SCHED_RUNNING;
	assert_int_equal(found, active);
}

/* ---- the machine ---- */

static inline void note_start(struct sim_entity *e)
{
	if (!e->woken_at)
		return;
	e->latency_max = MAX(e->latency_max, fake_time - e->woken_at);
	e->latency_sum += fake_time - e->woken_at;
	e->wakes++;
	e->woken_at = 0;
}

static inline void step_cpu(unsigned cpu, enum sched_leave why)
{
	struct sim_entity *before = running_on(cpu), *next;
	u32 last[SIM_MAX];

	for (unsigned i = 0; i < entity_count; i++)
		last[i] = entities[i].se.cpu;
	fake_cpu = cpus[cpu];
	sched_switch(cpus[cpu], why);
	next = running_on(cpu);
	if (next && next != before)
		note_start(next);
	for (unsigned i = 0; i < entity_count; i++)
		migrations += last[i] != entities[i].se.cpu;
}

/* Interrupts and scheduling without the clock moving, until nothing changes any more. */
static inline void settle(void)
{
	bool busy = true;

	for (unsigned round = 0; busy; round++) {
		assert_true(round < 1000);
		busy = false;
		for (unsigned i = 0; i < cpu_count; i++) {
			bool interrupted;

			if (stalled_until[i] > fake_time)
				continue;
			fake_cpu = cpus[i];
			fake_irqs_on = false;
			interrupted = fake_interrupts();
			if (cpus[i]->resched || (interrupted && !running_on(i))) {
				step_cpu(i, SCHED_PREEMPTED);
				busy = true;
			}
			busy |= interrupted;
		}
	}
	check_all();
}

static inline void finish_bursts(void)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		struct sim_entity *e = running_on(i);

		if (!e || e->left > 0)
			continue;
		e->wake_at = fake_time + e->sleep;
		step_cpu(i, SCHED_BLOCK);
		/* Woken before it slept: goes on with the next burst. */
		if (e->se.state != SCHED_BLOCKED) {
			e->wake_at = TIME_NEVER;
			e->left = e->burst;
		}
	}
}

static inline void wake_sleepers(void)
{
	for (unsigned i = 0; i < entity_count; i++) {
		struct sim_entity *e = &entities[i];

		if (e->wake_at > fake_time)
			continue;
		/* As by the timer interrupt of the CPU where it went to sleep. */
		fake_cpu = cpus[e->se.cpu];
		fake_irqs_on = false;
		e->wake_at = TIME_NEVER;
		e->left = e->burst;
		e->woken_at = fake_time;
		sched_wake(&e->se);
	}
}

static inline u64 next_event(u64 end)
{
	u64 next = end;

	for (unsigned i = 0; i < cpu_count; i++) {
		struct sim_entity *e = running_on(i);

		next = MIN(next, MAX(fake_timers[i], stalled_until[i]));
		if (e && e->left != TIME_NEVER)
			next = MIN(next, fake_time + e->left);
	}
	for (unsigned i = 0; i < entity_count; i++)
		next = MIN(next, entities[i].wake_at);
	return next;
}

static inline void account(u64 ticks)
{
	for (unsigned i = 0; i < cpu_count; i++) {
		struct sim_entity *e = running_on(i);

		if (e) {
			e->ran += ticks;
			if (e->left != TIME_NEVER)
				e->left -= ticks;
			continue;
		}
		for (unsigned j = 0; j < entity_count; j++) {
			struct sched_entity *se = &entities[j].se;

			if (se->state == SCHED_READY && cpumask_has(&se->affinity, i))
				idle_waste += ticks;
		}
	}
	for (unsigned j = 0; j < entity_count; j++)
		if (entities[j].se.state == SCHED_READY)
			max_wait = MAX(max_wait, fake_time + ticks - entities[j].se.ready_since);
}

static inline void sim_run(u64 duration)
{
	u64 end = fake_time + duration;

	for (;;) {
		u64 next;

		finish_bursts();
		wake_sleepers();
		settle();
		if (fake_time == end)
			return;
		next = next_event(end);
		assert_true(next > fake_time);
		account(next - fake_time);
		fake_time = next;
	}
}

/* The counts begin now: what came before was the start. */
static inline void sim_reset_counts(void)
{
	for (unsigned i = 0; i < entity_count; i++) {
		entities[i].ran = 0;
		entities[i].latency_max = 0;
		entities[i].latency_sum = 0;
		entities[i].wakes = 0;
	}
	max_wait = 0;
	idle_waste = 0;
	migrations = 0;
}

static inline void print_shares(const char *what, u64 duration)
{
	printf("             %s:", what);
	for (unsigned i = 0; i < entity_count; i++)
		printf(" %.2f", 100.0 * (double)entities[i].ran / (double)duration);
	printf(" %% of a CPU; longest wait %.1f ms, %llu migrations, %llu us wasted\n",
	       (double)max_wait / 1e6, (unsigned long long)migrations,
	       (unsigned long long)(idle_waste / US));
}

/* @permille of the duration, give or take @tolerance permille of that. */
static inline void assert_share(const struct sim_entity *e, u64 duration, u64 permille,
				u64 tolerance)
{
	u64 want = duration * permille / 1000;

	assert_in_range(e->ran, want - want * tolerance / 1000, want + want * tolerance / 1000);
}

#endif
