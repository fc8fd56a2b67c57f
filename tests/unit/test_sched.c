/* SPDX-License-Identifier: MIT */
/* Who gets how much of the CPUs, and how soon. */
#include "sched_sim.h"

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

/*
 * CPUs that firmware, or a host below us, takes away for long: who ran there pays, and all get
 * their share.
 */
static void test_stalls(void **state)
{
	u64 seed = 5;

	(void)state;
	sim_start(2);
	for (int i = 0; i < 6; i++)
		sim_hog(256);
	for (int i = 0; i < 2000; i++) {
		stalled_until[test_random_below(&seed, 2)] =
			fake_time + test_random_below(&seed, 60) * MS;
		sim_run(test_random_below(&seed, 60) * MS);
	}
	print_shares("6 equal on 2 CPUs that stall", fake_time);
	for (int i = 0; i < 6; i++)
		assert_share(&entities[i], fake_time, 333, 10);
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

/* Hogs that come from another CPU far behind do not keep it waiting either. */
static void test_sleeper_beside_moving_hogs(void **state)
{
	struct sim_entity *sleeper;

	(void)state;
	sim_start(2);
	for (int i = 0; i < 5; i++)
		sim_hog(256);
	sleeper = sim_add(256, 100 * US, 3 * MS);
	sim_run(100 * MS);
	sim_reset_counts();
	sim_run(30 * SEC);
	print_shares("sleeper beside 5 hogs, 2 CPUs", 30 * SEC);
	printf("             its wake-up latency: %llu us at most\n",
	       (unsigned long long)(sleeper->latency_max / US));
	assert_true(migrations > 100);
	assert_true(sleeper->wakes > 9000);
	assert_true(sleeper->latency_max <= 500 * US);
	for (int i = 0; i < 5; i++)
		assert_share(&entities[i], 30 * SEC, 393, 15);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weights_1_2_4),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_three_on_two),
		cmocka_unit_test(test_five_on_four),
		cmocka_unit_test(test_thirteen_on_eight),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_weights_on_two),
		cmocka_unit_test(test_more_than_a_cpu),
		cmocka_unit_test(test_drift_is_forgiven),
		cmocka_unit_test(test_weight_change),
		cmocka_unit_test(test_nobody_starves),
		cmocka_unit_test(test_sleeper_beside_hogs),
		cmocka_unit_test(test_sleeper_beside_moving_hogs),
		cmocka_unit_test(test_sleeping_is_no_trick),
		cmocka_unit_test(test_long_sleep_gives_no_hoard),
		cmocka_unit_test(test_wake_prefers_idle),
		cmocka_unit_test(test_no_timer_without_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
