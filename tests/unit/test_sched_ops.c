/* SPDX-License-Identifier: MIT */
/* Caps, affinity, random operations, and the steps of an entity's life. */
#include "sched_sim.h"

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
	assert_int_equal(entities[0].se.state == SCHED_READY || entities[1].se.state == SCHED_READY,
			 1);
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
			sim_add(1u << random_below(17),
				random_below(2) ? TIME_NEVER : (1 + random_below(5000)) * US,
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

/* Who is handed the CPU is next there, from whatever queue, and nobody else's turn is lost. */
static void test_hand_over(void **state)
{
	(void)state;
	sim_start(2);
	for (int i = 0; i < 6; i++)
		sim_hog(256);
	sim_run(100 * MS);
	fake_cpu = cpus[0];
	for (int i = 0; i < 6; i++) {
		struct sched_entity *se = &entities[i].se;
		bool waits = se->state == SCHED_READY;

		cpus[0]->resched = false;
		assert_int_equal(sched_hand_over(se), waits);
		assert_int_equal(cpus[0]->resched, waits);
		if (waits)
			assert_ptr_equal(sched_switch(cpus[0], SCHED_PREEMPTED), se);
	}
	for (int i = 0; i < 6; i++)
		assert_int_not_equal(entities[i].se.state, SCHED_BLOCKED);
}

/* A favourite that leaves the queue before its turn is no longer one. */
static void test_hand_over_gone(void **state)
{
	struct sched_entity *se = NULL;
	struct sched_entity *next;

	(void)state;
	sim_start(1);
	for (int i = 0; i < 3; i++)
		sim_hog(256);
	sim_run(100 * MS);
	fake_cpu = cpus[0];
	for (int i = 0; i < 3; i++)
		if (entities[i].se.state == SCHED_READY)
			se = &entities[i].se;
	assert_true(sched_hand_over(se));
	sched_retire(se);
	next = sched_switch(cpus[0], SCHED_PREEMPTED);
	assert_non_null(next);
	assert_ptr_not_equal(next, se);
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

/*
 * Another CPU's clock reading may be older than the start of who runs now: that is no time at all.
 */
static void test_stale_time(void **state)
{
	struct sched_entity before;

	(void)state;
	sim_start(2);
	sim_hog(256);
	sim_run(10 * MS);
	before = entities[0].se;
	fake_cpu = cpus[1];
	sched_queue_charge(&cpus[0]->rq, before.started - 5 * US);
	assert_int_equal(entities[0].se.vruntime, before.vruntime);
	assert_int_equal(entities[0].se.total_ticks, before.total_ticks);
	assert_int_equal(entities[0].se.started, before.started);
	sim_run(10 * MS);
	assert_int_equal(sched_runtime(&entities[0].se), 20 * MS);
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
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_in_company),
		cmocka_unit_test(test_cap_changes),
		cmocka_unit_test(test_affinity),
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_wake_while_running),
		cmocka_unit_test(test_kick),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_hand_over_gone),
		cmocka_unit_test(test_retire),
		cmocka_unit_test(test_retire_running),
		cmocka_unit_test(test_stale_time),
		cmocka_unit_test(test_cpu_stats),
		cmocka_unit_test(test_lone_wake_is_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
