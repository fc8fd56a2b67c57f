/* SPDX-License-Identifier: MIT */
/* Tests of the scheduler in simulated time: several CPUs, driven step by step, without running anybody. */
#include <test.h>

#include <core/errno.h>
#include <core/sched_queue.h>
#include <fake.h>

#define US 1000ull /* a tick is a nanosecond */
#define MS (1000 * US)
#define SEC (1000 * MS)

#define SIM_MAX 24

/* What an entity does: runs for `burst`, sleeps for `sleep`, again; burst TIME_NEVER: runs for ever. */
struct sim_entity {
	struct sched_entity se;
	char name[8];
	u64 burst;
	u64 sleep;
	u64 left;     /* of the burst */
	u64 wake_at;
	u64 ran;      /* counted here, not by the scheduler */
	u64 woken_at; /* 0: has run since */
	u64 latency_max;
	u64 latency_sum;
	u64 wakes;
};

static struct sim_entity entities[SIM_MAX];
static unsigned entity_count;
static u64 max_wait;      /* of an entity that was ready */
static u64 idle_waste;    /* time in which a CPU was idle although somebody waited who may run there */
static u64 migrations;

static void sim_start(unsigned cpu_total)
{
	fake_reset(cpu_total);
	memset(entities, 0, sizeof(entities));
	entity_count = 0;
	idle_waste = 0;
	migrations = 0;
	max_wait = 0;
}

static struct sim_entity *sim_add(u32 weight, u64 burst, u64 sleep)
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

static struct sim_entity *sim_hog(u32 weight)
{
	return sim_add(weight, TIME_NEVER, 0);
}

static struct sim_entity *running_on(unsigned cpu)
{
	struct sched_entity *se = cpus[cpu]->rq.current;

	return se ? container_of(se, struct sim_entity, se) : NULL;
}

/* ---- what has to hold at any time ---- */

static void check_queue(unsigned cpu)
{
	struct runqueue *rq = &cpus[cpu]->rq;
	struct sched_entity *se;
	u64 before = rq->clock - (u64)sched_scale.window;
	unsigned count = 0;

	list_for_each (se, &rq->ready, link) {
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
	assert_true(!se || (s64)(se->vruntime - rq->clock) >= -sched_scale.window);
	/* One that may not be here any more is on its way out. */
	assert_true(!se || cpumask_has(&se->affinity, cpu) || cpus[cpu]->resched);
	/* Whoever waits, waits for an event that will come. */
	assert_true(!count || !se || timer_is_armed(&rq->slice) || cpus[cpu]->resched);
	assert_true(!count || se || cpus[cpu]->resched);
}

static void check_all(void)
{
	unsigned active = 0, found = 0;

	for (unsigned i = 0; i < cpu_count; i++) {
		check_queue(i);
		found += cpus[i]->rq.ready_count + (cpus[i]->rq.current != NULL);
	}
	for (unsigned i = 0; i < entity_count; i++)
		active += entities[i].se.state == SCHED_READY || entities[i].se.state == SCHED_RUNNING;
	assert_int_equal(found, active);
}

/* ---- the machine ---- */

static void note_start(struct sim_entity *e)
{
	if (!e->woken_at)
		return;
	e->latency_max = MAX(e->latency_max, fake_time - e->woken_at);
	e->latency_sum += fake_time - e->woken_at;
	e->wakes++;
	e->woken_at = 0;
}

static void step_cpu(unsigned cpu, enum sched_leave why)
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
static void settle(void)
{
	bool busy = true;

	for (unsigned round = 0; busy; round++) {
		assert_true(round < 1000);
		busy = false;
		for (unsigned i = 0; i < cpu_count; i++) {
			bool interrupted;

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

static void finish_bursts(void)
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

static void wake_sleepers(void)
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

static u64 next_event(u64 end)
{
	u64 next = end;

	for (unsigned i = 0; i < cpu_count; i++) {
		struct sim_entity *e = running_on(i);

		next = MIN(next, fake_timers[i]);
		if (e && e->left != TIME_NEVER)
			next = MIN(next, fake_time + e->left);
	}
	for (unsigned i = 0; i < entity_count; i++)
		next = MIN(next, entities[i].wake_at);
	return next;
}

static void account(u64 ticks)
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

static void sim_run(u64 duration)
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
static void sim_reset_counts(void)
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

static void print_shares(const char *what, u64 duration)
{
	printf("             %s:", what);
	for (unsigned i = 0; i < entity_count; i++)
		printf(" %.2f", 100.0 * (double)entities[i].ran / (double)duration);
	printf(" %% of a CPU; longest wait %.1f ms, %llu migrations, %llu us wasted\n", (double)max_wait / 1e6,
	       (unsigned long long)migrations, (unsigned long long)(idle_waste / US));
}

/* @permille of the duration, give or take @tolerance permille of that. */
static void assert_share(const struct sim_entity *e, u64 duration, u64 permille, u64 tolerance)
{
	u64 want = duration * permille / 1000;

	assert_in_range(e->ran, want - want * tolerance / 1000, want + want * tolerance / 1000);
}

/* ---- fairness ---- */

static void test_weights_1_2_4(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_hog(512);
	sim_hog(1024);
	sim_run(10 * SEC);
	print_shares("weights 1:2:4", 10 * SEC);
	assert_share(&entities[0], 10 * SEC, 143, 10);
	assert_share(&entities[1], 10 * SEC, 286, 10);
	assert_share(&entities[2], 10 * SEC, 571, 10);
	assert_int_equal(sched_runtime(&entities[0].se), entities[0].ran);
	assert_int_equal(idle_waste, 0);
}

static void test_extreme_weights(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(SCHED_WEIGHT_MIN);
	sim_hog(SCHED_WEIGHT_MAX);
	sim_run(200 * SEC);
	print_shares("weights 1:65536", 200 * SEC);
	/* 200 s / 65537 are 3 ms: it does run, and not much more often than its share. */
	assert_in_range(entities[0].ran, 1, 6 * MS);
}

static void test_three_on_two(void **state)
{
	(void)state;
	sim_start(2);
	for (int i = 0; i < 3; i++)
		sim_hog(256);
	sim_run(30 * SEC);
	print_shares("3 equal on 2 CPUs", 30 * SEC);
	for (int i = 0; i < 3; i++)
		assert_share(&entities[i], 30 * SEC, 667, 10);
	assert_int_equal(idle_waste, 0);
	assert_true(max_wait < 100 * MS);
}

static void test_five_on_four(void **state)
{
	(void)state;
	sim_start(4);
	for (int i = 0; i < 5; i++)
		sim_hog(256);
	sim_run(60 * SEC);
	print_shares("5 equal on 4 CPUs", 60 * SEC);
	for (int i = 0; i < 5; i++)
		assert_share(&entities[i], 60 * SEC, 800, 10);
	assert_int_equal(idle_waste, 0);
}

static void test_thirteen_on_eight(void **state)
{
	(void)state;
	sim_start(8);
	for (int i = 0; i < 13; i++)
		sim_hog(256);
	sim_run(60 * SEC);
	print_shares("13 equal on 8 CPUs", 60 * SEC);
	for (int i = 0; i < 13; i++)
		assert_share(&entities[i], 60 * SEC, 615, 20);
}

static void test_weights_on_two(void **state)
{
	(void)state;
	sim_start(2);
	sim_hog(1024);
	sim_hog(1024);
	sim_hog(256);
	sim_hog(256);
	sim_run(60 * SEC);
	print_shares("4:4:1:1 on 2 CPUs", 60 * SEC);
	assert_share(&entities[0], 60 * SEC, 800, 15);
	assert_share(&entities[1], 60 * SEC, 800, 15);
	assert_share(&entities[2], 60 * SEC, 200, 50);
	assert_share(&entities[3], 60 * SEC, 200, 50);
}

/* One that deserves more than a CPU gets one, and the others share the rest. */
static void test_more_than_a_cpu(void **state)
{
	(void)state;
	sim_start(2);
	sim_hog(4096);
	sim_hog(256);
	sim_hog(256);
	sim_run(30 * SEC);
	print_shares("16:1:1 on 2 CPUs", 30 * SEC);
	assert_true(entities[0].ran > 30 * SEC * 97 / 100);
	assert_share(&entities[1], 30 * SEC, 500, 30);
	assert_share(&entities[2], 30 * SEC, 500, 30);
}

/* A queue that affinity kept behind for long owes nothing afterwards. */
static void test_drift_is_forgiven(void **state)
{
	struct cpumask one = cpumask_of(0), all = cpumask_all();

	(void)state;
	sim_start(2);
	for (int i = 0; i < 4; i++) {
		sim_hog(256);
		if (i < 3)
			assert_int_equal(sched_set_affinity(&entities[i].se, &one), 0);
	}
	sim_run(20 * SEC);
	print_shares("3 bound to CPU 0, 1 free", 20 * SEC);
	assert_share(&entities[3], 20 * SEC, 1000, 20);
	assert_share(&entities[0], 20 * SEC, 333, 20);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sched_set_affinity(&entities[i].se, &all), 0);
	sim_reset_counts();
	sim_run(20 * SEC);
	print_shares("the same, set free", 20 * SEC);
	for (int i = 0; i < 4; i++)
		assert_share(&entities[i], 20 * SEC, 500, 20);
}

static void test_weight_change(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_hog(256);
	sim_run(SEC);
	assert_int_equal(sched_set_weight(&entities[0].se, 768), 0);
	assert_int_equal(sched_set_weight(&entities[0].se, 0), -EINVAL);
	assert_int_equal(sched_set_weight(&entities[0].se, SCHED_WEIGHT_MAX + 1), -EINVAL);
	sim_reset_counts();
	sim_run(10 * SEC);
	assert_share(&entities[0], 10 * SEC, 750, 10);
	assert_share(&entities[1], 10 * SEC, 250, 10);
}

static void test_nobody_starves(void **state)
{
	(void)state;
	sim_start(2);
	for (int i = 0; i < 8; i++)
		sim_hog(1024);
	sim_hog(16);
	for (int i = 0; i < 8; i++)
		sim_add(512, 300 * US + (u64)i * 70 * US, 900 * US);
	sim_run(30 * SEC);
	print_shares("a weak one in a crowd", 30 * SEC);
	for (unsigned i = 0; i < entity_count; i++)
		assert_true(entities[i].ran > 0);
	/* 16 of 12304 shares of two CPUs are 0.26 %. */
	assert_in_range(entities[8].ran, 30 * SEC * 18 / 10000, 30 * SEC * 36 / 10000);
}

/* ---- latency ---- */

static void test_sleeper_beside_hogs(void **state)
{
	(void)state;
	sim_start(1);
	for (int i = 0; i < 4; i++)
		sim_hog(256);
	sim_add(256, 100 * US, 3 * MS);
	sim_run(100 * MS);
	sim_reset_counts();
	sim_run(10 * SEC);
	print_shares("sleeper beside 4 hogs", 10 * SEC);
	printf("             its wake-up latency: %llu us at most, %llu us on average\n",
	       (unsigned long long)(entities[4].latency_max / US),
	       (unsigned long long)(entities[4].latency_sum / entities[4].wakes / US));
	/* It uses less than its share, so it never waits: it takes the CPU when it wakes. */
	assert_int_equal(entities[4].latency_max, 0);
	assert_true(entities[4].wakes > 3000);
}

/* One that sleeps now and then gets its share and no more. */
static void test_sleeping_is_no_trick(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_add(256, 9 * MS, 100 * US);
	sim_run(20 * SEC);
	print_shares("hog beside one that naps", 20 * SEC);
	assert_in_range(entities[0].ran, 10 * SEC, 20 * SEC * 52 / 100);
}

static void test_long_sleep_gives_no_hoard(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_add(256, 10 * SEC, 10 * SEC);
	entities[1].wake_at = fake_time + 10 * SEC;
	sim_run(10 * SEC);
	sim_reset_counts();
	sim_run(100 * MS);
	assert_in_range(entities[0].ran, 44 * MS, 50 * MS);
}

static void test_wake_prefers_idle(void **state)
{
	(void)state;
	sim_start(4);
	for (int i = 0; i < 3; i++)
		sim_hog(256);
	sim_add(256, 50 * US, 200 * US);
	sim_run(SEC);
	sim_reset_counts();
	sim_run(10 * SEC);
	print_shares("3 hogs, 1 sleeper, 4 CPUs", 10 * SEC);
	assert_int_equal(migrations, 0);
	assert_int_equal(entities[3].latency_max, 0);
	assert_share(&entities[0], 10 * SEC, 1000, 0);
}

static void test_no_timer_without_need(void **state)
{
	(void)state;
	sim_start(4);
	for (int i = 0; i < 3; i++)
		sim_hog(256);
	sim_add(256, 50 * US, 200 * US);
	sim_run(SEC);
	assert_int_equal(fake_timer_arms, 0);
	/* A fifth makes one CPU's timer necessary, and no other's. */
	sim_hog(256);
	sim_hog(256);
	sim_run(SEC);
	assert_true(fake_timer_arms > 0);
	for (unsigned i = 0; i < cpu_count; i++)
		assert_true(!timer_is_armed(&cpus[i]->rq.slice) || cpus[i]->rq.ready_count > 0 ||
			    fake_timers[i] <= fake_time + sched_scale.slice_max);
}

/* ---- caps ---- */

static void test_cap(void **state)
{
	static const u32 percents[] = { 1, 5, 25, 50, 99 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(percents); i++) {
		sim_start(1);
		sim_hog(256);
		assert_int_equal(sched_set_cap(&entities[0].se, percents[i]), 0);
		sim_run(10 * SEC);
		assert_share(&entities[0], 10 * SEC, percents[i] * 10, 5);
		/* Within its period, not in long stretches. */
		assert_true(cpus[0]->rq.switches > 900);
	}
}

static void test_cap_in_company(void **state)
{
	(void)state;
	sim_start(2);
	for (int i = 0; i < 3; i++)
		sim_hog(256);
	sim_add(256, 700 * US, 100 * US);
	assert_int_equal(sched_set_cap(&entities[0].se, 20), 0);
	assert_int_equal(sched_set_cap(&entities[3].se, 30), 0);
	sim_run(20 * SEC);
	print_shares("caps 20, -, -, 30 on 2 CPUs", 20 * SEC);
	assert_share(&entities[0], 20 * SEC, 200, 20);
	assert_share(&entities[3], 20 * SEC, 300, 20);
	assert_share(&entities[1], 20 * SEC, 750, 20);
	assert_share(&entities[2], 20 * SEC, 750, 20);
}

static void test_cap_changes(void **state)
{
	(void)state;
	sim_start(1);
	sim_hog(256);
	assert_int_equal(sched_set_cap(&entities[0].se, 101), -EINVAL);
	assert_int_equal(sched_set_cap(&entities[0].se, 10), 0);
	sim_run(SEC + 5 * MS);
	assert_int_equal(entities[0].se.state, SCHED_THROTTLED);
	/* A new cap acts at once, on a throttled one too. */
	fake_cpu = cpus[0];
	assert_int_equal(sched_set_cap(&entities[0].se, 0), 0);
	sim_reset_counts();
	sim_run(SEC);
	assert_int_equal(entities[0].ran, SEC);
	fake_cpu = cpus[0];
	assert_int_equal(sched_set_cap(&entities[0].se, 40), 0);
	sim_reset_counts();
	sim_run(SEC);
	assert_share(&entities[0], SEC, 400, 10);
	/* All of a CPU is no cap and needs no timer. */
	assert_int_equal(sched_set_cap(&entities[0].se, 100), 0);
	sim_run(20 * MS);
	fake_timer_arms = 0;
	sim_run(SEC);
	assert_int_equal(fake_timer_arms, 0);
}

/* ---- affinity and random operations ---- */

static void test_affinity(void **state)
{
	struct cpumask none = { { 0 } }, absent = cpumask_of(5), second = cpumask_of(1);

	(void)state;
	sim_start(2);
	sim_hog(256);
	assert_int_equal(sched_set_affinity(&entities[0].se, &none), -EINVAL);
	assert_int_equal(sched_set_affinity(&entities[0].se, &absent), -EINVAL);
	sim_run(MS);
	assert_int_equal(entities[0].se.cpu, 0);
	/* A running one moves at once. */
	assert_int_equal(sched_set_affinity(&entities[0].se, &second), 0);
	sim_run(MS);
	assert_int_equal(entities[0].se.cpu, 1);
	assert_ptr_equal(running_on(1), &entities[0]);
	/* A sleeping one when it wakes. */
	sim_add(256, MS, 5 * MS);
	sim_run(2 * MS);
	assert_int_equal(entities[1].se.state, SCHED_BLOCKED);
	assert_int_equal(sched_set_affinity(&entities[1].se, &second), 0);
	sim_run(4 * MS + 500 * US);
	assert_int_equal(entities[1].se.cpu, 1);
	/* A waiting one at once. */
	assert_int_equal(entities[0].se.state == SCHED_READY || entities[1].se.state == SCHED_READY, 1);
	for (int i = 0; i < 2; i++) {
		struct cpumask first = cpumask_of(0);

		if (entities[i].se.state != SCHED_READY)
			continue;
		assert_int_equal(sched_set_affinity(&entities[i].se, &first), 0);
		assert_int_equal(entities[i].se.cpu, 0);
		break;
	}
	sim_run(MS);
}

static u64 random_state;

static u32 random_below(u32 limit)
{
	return (u32)test_random_below(&random_state, limit);
}

static void random_affinity(struct sim_entity *e)
{
	struct cpumask mask = { { 0 } };

	cpumask_set(&mask, random_below(cpu_count));
	cpumask_set(&mask, random_below(cpu_count));
	assert_int_equal(sched_set_affinity(&e->se, &mask), 0);
}

static void random_step(void)
{
	struct sim_entity *e = &entities[random_below(entity_count)];

	fake_cpu = cpus[random_below(cpu_count)];
	fake_irqs_on = false;
	switch (random_below(8)) {
	case 0:
		random_affinity(e);
		break;
	case 1:
		assert_int_equal(sched_set_weight(&e->se, 1u << random_below(17)), 0);
		break;
	case 2:
		assert_int_equal(sched_set_cap(&e->se, random_below(3) ? 0 : random_below(101)), 0);
		break;
	case 3:
		if (e->wake_at == TIME_NEVER || e->se.state == SCHED_BLOCKED) {
			e->wake_at = TIME_NEVER;
			e->left = e->burst;
		}
		sched_wake(&e->se);
		break;
	case 4:
		sched_kick(&e->se);
		break;
	default:
		break;
	}
	sim_run(random_below(3) * 700 * US + random_below(1000) * US);
}

static void test_random_operations(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		random_state = seed;
		sim_start(1 + seed % FAKE_CPUS);
		for (unsigned i = 0; i < 3 + seed % 14; i++)
			sim_add(1u << random_below(17), random_below(2) ? TIME_NEVER : (1 + random_below(5000)) * US,
				random_below(5000) * US);
		for (unsigned i = 0; i < 500; i++)
			random_step();
		/* With all free again it keeps no CPU idle and gives everyone something. */
		for (unsigned i = 0; i < entity_count; i++) {
			struct cpumask all = cpumask_all();

			fake_cpu = cpus[0];
			assert_int_equal(sched_set_affinity(&entities[i].se, &all), 0);
			assert_int_equal(sched_set_weight(&entities[i].se, 256), 0);
			assert_int_equal(sched_set_cap(&entities[i].se, 0), 0);
		}
		sim_run(SEC);
		sim_reset_counts();
		sim_run(2 * SEC);
		for (unsigned i = 0; i < entity_count; i++)
			assert_true(entities[i].ran > 0);
		assert_true(idle_waste < 20 * MS);
	}
}

/* ---- wake-ups, kicks, the end ---- */

static void test_wake_while_running(void **state)
{
	struct sched_entity *se;

	(void)state;
	sim_start(1);
	se = &sim_add(256, 10 * SEC, SEC)->se;
	sim_run(MS);
	sched_wake(se);
	assert_ptr_equal(sched_switch(cpus[0], SCHED_BLOCK), se);
	/* That used it up. */
	assert_null(sched_switch(cpus[0], SCHED_BLOCK));
	assert_int_equal(se->state, SCHED_BLOCKED);
	/* A preemption does not use it up. */
	sched_wake(se);
	assert_ptr_equal(sched_switch(cpus[0], SCHED_PREEMPTED), se);
	sched_wake(se);
	assert_ptr_equal(sched_switch(cpus[0], SCHED_PREEMPTED), se);
	assert_ptr_equal(sched_switch(cpus[0], SCHED_BLOCK), se);
	/* Said before the condition is looked at. */
	sched_wake(se);
	sched_block_prepare(se);
	assert_null(sched_switch(cpus[0], SCHED_BLOCK));
}

static void test_kick(void **state)
{
	struct sched_entity *se;

	(void)state;
	sim_start(2);
	se = &sim_hog(256)->se;
	sched_kick(se);
	assert_int_equal(fake_ipis, 0);
	sim_run(MS);
	assert_int_equal(se->cpu, 0);
	fake_cpu = cpus[1];
	sched_kick(se);
	assert_int_equal(fake_ipis, BIT(0));
	/* On its own CPU it looks by itself on the way out. */
	fake_ipis = 0;
	fake_cpu = cpus[0];
	sched_kick(se);
	assert_int_equal(fake_ipis, 0);
}

static void test_yield(void **state)
{
	struct sched_entity *first;

	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_hog(256);
	sim_hog(256);
	sim_run(100 * MS);
	first = &running_on(0)->se;
	for (int i = 0; i < 6; i++) {
		struct sched_entity *before = &running_on(0)->se;

		assert_ptr_not_equal(sched_switch(cpus[0], SCHED_YIELD), before);
	}
	assert_non_null(first);
}

static void test_retire(void **state)
{
	struct sched_entity *ready, *throttled, *blocked;

	(void)state;
	sim_start(1);
	sim_hog(256);
	sim_hog(256);
	sim_add(256, MS, 10 * SEC);
	sim_hog(256);
	assert_int_equal(sched_set_cap(&entities[3].se, 1), 0);
	sim_run(95 * MS);
	ready = entities[0].se.state == SCHED_READY ? &entities[0].se : &entities[1].se;
	blocked = &entities[2].se;
	throttled = &entities[3].se;
	assert_int_equal(ready->state, SCHED_READY);
	assert_int_equal(blocked->state, SCHED_BLOCKED);
	assert_int_equal(throttled->state, SCHED_THROTTLED);
	sched_retire(ready);
	sched_retire(blocked);
	sched_retire(throttled);
	assert_false(timer_is_armed(&throttled->unthrottle));
	sched_wake(blocked);
	assert_int_equal(blocked->state, SCHED_DEAD);
	entities[2].wake_at = TIME_NEVER;
	sim_reset_counts();
	sim_run(SEC);
	assert_int_equal(ready->state, SCHED_DEAD);
	assert_int_equal(entities[0].ran + entities[1].ran, SEC);
}

/* A running one that is being retired ends at its next exit, whatever it says. */
static void test_retire_running(void **state)
{
	struct sched_entity *se;

	(void)state;
	sim_start(1);
	se = &sim_hog(256)->se;
	sim_run(MS);
	se->retiring = true;
	assert_null(sched_switch(cpus[0], SCHED_PREEMPTED));
	assert_int_equal(se->state, SCHED_DEAD);
}

static void test_cpu_stats(void **state)
{
	struct sched_cpu_stats stats;

	(void)state;
	sim_start(1);
	sim_add(256, 3 * MS, 7 * MS);
	sim_run(SEC);
	sched_cpu_stats(0, &stats);
	assert_in_range(stats.idle_ticks, 695 * MS, 705 * MS);
	assert_in_range(stats.switches, 198, 202);
	sim_run(2 * MS);
	sched_cpu_stats(0, &stats);
	assert_string_equal(stats.running, "e0");
	assert_int_equal(stats.ready_count, 0);
}

/* A lone vCPU that halts and wakes: what the scheduler touches. */
static void test_lone_wake_is_quiet(void **state)
{
	struct sched_entity *se;

	(void)state;
	sim_start(4);
	se = &sim_add(256, TIME_NEVER, 0)->se;
	sim_run(MS);
	fake_ipis = 0;
	fake_timer_arms = 0;
	fake_cpu = cpus[0];
	fake_irqs_on = false;
	for (int i = 0; i < 10; i++) {
		fake_time += 10 * US;
		assert_null(sched_switch(cpus[0], SCHED_BLOCK));
		fake_time += 10 * US;
		sched_wake(se);
		assert_ptr_equal(sched_switch(cpus[0], SCHED_PREEMPTED), se);
	}
	assert_int_equal(fake_ipis, 0);
	assert_int_equal(fake_timer_arms, 0);
	assert_int_equal(se->cpu, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights_1_2_4),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_three_on_two),
		cmocka_unit_test(test_five_on_four),
		cmocka_unit_test(test_thirteen_on_eight),
		cmocka_unit_test(test_weights_on_two),
		cmocka_unit_test(test_more_than_a_cpu),
		cmocka_unit_test(test_drift_is_forgiven),
		cmocka_unit_test(test_weight_change),
		cmocka_unit_test(test_nobody_starves),
		cmocka_unit_test(test_sleeper_beside_hogs),
		cmocka_unit_test(test_sleeping_is_no_trick),
		cmocka_unit_test(test_long_sleep_gives_no_hoard),
		cmocka_unit_test(test_wake_prefers_idle),
		cmocka_unit_test(test_no_timer_without_need),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_in_company),
		cmocka_unit_test(test_cap_changes),
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_wake_while_running),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_retire),
		cmocka_unit_test(test_retire_running),
		cmocka_unit_test(test_cpu_stats),
		cmocka_unit_test(test_lone_wake_is_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
