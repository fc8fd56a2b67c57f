/* SPDX-License-Identifier: MIT */
/* Tests of host timers and of time conversions. */
#include <test.h>

#include <core/timer.h>
#include <fake.h>
#include <pthread.h>

static u64 fired_at[16];
static unsigned fired_count;
static unsigned fired_id[16];

struct probe {
	struct timer timer;
	unsigned id;
	u64 again; /* re-arm from the callback by so much */
};

static void fired(struct timer *timer)
{
	struct probe *p = container_of(timer, struct probe, timer);

	assert_false(fake_irqs_on);
	assert_true(fired_count < ARRAY_SIZE(fired_at));
	fired_id[fired_count] = p->id;
	fired_at[fired_count++] = fake_time;
	if (p->again)
		timer_set(timer, fake_time + p->again);
}

static int setup(void **state)
{
	(void)state;
	fake_reset(4);
	fired_count = 0;
	return 0;
}

static void probe_init(struct probe *p, unsigned id)
{
	timer_init(&p->timer, fired);
	p->id = id;
	p->again = 0;
}

static void advance_to(u64 now)
{
	fake_time = now;
	fake_interrupts();
}

static void test_order(void **state)
{
	static const u64 deadlines[] = { 500, 100, 300, 100, 900 };
	static const unsigned order[] = { 1, 3, 2, 0, 4 };
	struct probe p[5];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		probe_init(&p[i], i);
		timer_set(&p[i].timer, deadlines[i]);
		assert_true(timer_is_armed(&p[i].timer));
	}
	assert_int_equal(fake_timers[0], 100);
	/* Only an earlier first deadline is told to the hardware: 500, 100. */
	assert_int_equal(fake_timer_arms, 2);
	advance_to(99);
	assert_int_equal(fired_count, 0);
	advance_to(100);
	assert_int_equal(fired_count, 2);
	assert_int_equal(timer_next_deadline(), 300);
	advance_to(1000);
	assert_int_equal(fired_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(fired_id[i], order[i]);
		assert_false(timer_is_armed(&p[i].timer));
	}
	assert_int_equal(fake_timers[0], TIME_NEVER);
	assert_int_equal(timer_next_deadline(), TIME_NEVER);
}

static void test_cancel(void **state)
{
	struct probe a, b;

	(void)state;
	probe_init(&a, 0);
	probe_init(&b, 1);
	timer_cancel(&a.timer);
	timer_set(&a.timer, 100);
	timer_set(&b.timer, 200);
	timer_cancel(&a.timer);
	assert_int_equal(fake_timers[0], 200);
	timer_set(&b.timer, TIME_NEVER);
	assert_int_equal(fake_timers[0], TIME_NEVER);
	timer_cancel_sync(&b.timer);
	advance_to(1000);
	assert_int_equal(fired_count, 0);
}

static void test_rearm(void **state)
{
	struct probe p;

	(void)state;
	probe_init(&p, 0);
	timer_set(&p.timer, 100);
	timer_set(&p.timer, 50);
	timer_set(&p.timer, 70);
	assert_int_equal(fake_timers[0], 70);
	p.again = 10;
	advance_to(70);
	assert_int_equal(fired_count, 1);
	/* Late by several periods: one call an interrupt, no endless loop. */
	advance_to(200);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fake_timers[0], 210);
	p.again = 0;
	advance_to(210);
	assert_int_equal(fired_count, 3);
	advance_to(1000);
	assert_int_equal(fired_count, 3);
}

/* A deadline that has passed fires with the next interrupt, which the hardware gives at once. */
static void test_past_deadline(void **state)
{
	struct probe p;

	(void)state;
	fake_time = 1000;
	probe_init(&p, 0);
	timer_set(&p.timer, 10);
	assert_int_equal(fake_timers[0], 10);
	fake_interrupts();
	assert_int_equal(fired_count, 1);
}

static void test_moves_between_cpus(void **state)
{
	struct probe p;

	(void)state;
	probe_init(&p, 0);
	timer_set(&p.timer, 100);
	fake_cpu = cpus[2];
	timer_set(&p.timer, 200);
	assert_int_equal(fake_timers[2], 200);
	/* The old CPU's hardware fires for nothing. */
	fake_cpu = cpus[0];
	advance_to(100);
	assert_int_equal(fired_count, 0);
	assert_int_equal(fake_timers[0], TIME_NEVER);
	fake_cpu = cpus[2];
	advance_to(200);
	assert_int_equal(fired_count, 1);
	/* Cancelled from afar. */
	timer_set(&p.timer, 300);
	fake_cpu = cpus[1];
	timer_cancel(&p.timer);
	fake_cpu = cpus[2];
	advance_to(300);
	assert_int_equal(fired_count, 1);
	assert_int_equal(fake_timers[2], TIME_NEVER);
}

/* ---- with real threads: a callback that runs while another CPU cancels or sets ---- */

static bool inside, release;

static void slow(struct timer *timer)
{
	(void)timer;
	__atomic_store_n(&inside, true, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&release, __ATOMIC_SEQ_CST))
		;
	__atomic_fetch_add(&fired_count, 1, __ATOMIC_SEQ_CST);
}

static void *fire_on_cpu_1(void *arg)
{
	(void)arg;
	fake_cpu = cpus[1];
	fake_irqs_on = false;
	timer_interrupt();
	return NULL;
}

static void *cancel_sync(void *arg)
{
	fake_cpu = cpus[2];
	timer_cancel_sync(arg);
	return (void *)(uintptr_t)__atomic_load_n(&fired_count, __ATOMIC_SEQ_CST);
}

static pthread_t start_slow(struct timer *timer)
{
	pthread_t thread;

	inside = release = false;
	timer_init(timer, slow);
	fake_cpu = cpus[1];
	timer_set(timer, 100);
	fake_cpu = cpus[0];
	fake_time = 100;
	pthread_create(&thread, NULL, fire_on_cpu_1, NULL);
	while (!__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
		;
	return thread;
}

static void test_cancel_sync_waits(void **state)
{
	struct timer timer;
	pthread_t firing, cancelling;
	void *seen;

	(void)state;
	firing = start_slow(&timer);
	/* The plain one does not wait. */
	timer_cancel(&timer);
	pthread_create(&cancelling, NULL, cancel_sync, &timer);
	for (volatile int i = 0; i < 1000000; i++)
		;
	__atomic_store_n(&release, true, __ATOMIC_SEQ_CST);
	pthread_join(cancelling, &seen);
	pthread_join(firing, NULL);
	assert_int_equal((uintptr_t)seen, 1);
}

/* Set elsewhere while its callback runs: it stays, so that it cannot run on two CPUs at once. */
static void test_set_while_running(void **state)
{
	struct timer timer;
	pthread_t firing;

	(void)state;
	firing = start_slow(&timer);
	timer_set(&timer, 500);
	assert_int_equal(timer.cpu, 1);
	assert_int_equal(fake_timers[0], TIME_NEVER);
	__atomic_store_n(&release, true, __ATOMIC_SEQ_CST);
	pthread_join(firing, NULL);
	/* The interrupt's end has armed the hardware for it. */
	assert_int_equal(fake_timers[1], 500);
	timer_set(&timer, 600);
	assert_int_equal(timer.cpu, 0);
	assert_int_equal(fake_timers[0], 600);
}

static void test_random_operations(void **state)
{
	struct probe p[8];
	u64 expected[8], seed = 11;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		probe_init(&p[i], i);
		expected[i] = TIME_NEVER;
	}
	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)test_random_below(&seed, 8);
		u64 least[4] = { TIME_NEVER, TIME_NEVER, TIME_NEVER, TIME_NEVER };

		fake_cpu = cpus[test_random_below(&seed, 4)];
		fired_count = 0;
		if (test_random_below(&seed, 3)) {
			expected[i] = fake_time + 1 + test_random_below(&seed, 1000);
			timer_set(&p[i].timer, expected[i]);
		} else {
			expected[i] = TIME_NEVER;
			timer_cancel(&p[i].timer);
		}
		fake_time += test_random_below(&seed, 100);
		for (unsigned c = 0; c < 4; c++) {
			fake_cpu = cpus[c];
			fake_interrupts();
		}
		for (unsigned k = 0; k < fired_count; k++) {
			assert_true(expected[fired_id[k]] <= fake_time);
			expected[fired_id[k]] = TIME_NEVER;
		}
		for (unsigned k = 0; k < 8; k++) {
			assert_true(expected[k] > fake_time);
			assert_int_equal(timer_is_armed(&p[k].timer), expected[k] != TIME_NEVER);
			if (expected[k] != TIME_NEVER)
				least[p[k].timer.cpu] = MIN(least[p[k].timer.cpu], expected[k]);
		}
		/* The hardware is never set later than what is due. */
		for (unsigned c = 0; c < 4; c++)
			assert_true(fake_timers[c] <= least[c]);
	}
}

static void test_conversions(void **state)
{
	(void)state;
	time_init(10000000);
	assert_int_equal(time_hz(), 10000000);
	assert_int_equal(time_from_ms(1), 10000);
	assert_int_equal(time_from_us(1), 10);
	/* Rounded up: never too early. */
	assert_int_equal(time_from_ns(1), 1);
	assert_int_equal(time_from_ns(100), 1);
	assert_int_equal(time_from_ns(101), 2);
	assert_int_equal(time_to_ns(1), 100);
	assert_int_equal(time_from_ns(0), 0);
	assert_int_equal(time_from_ms(TIME_NEVER), TIME_NEVER);
	assert_int_equal(time_from_ms(TIME_NEVER - 1), TIME_NEVER);
	assert_int_equal(time_to_ns(TIME_NEVER), TIME_NEVER);
	assert_int_equal(time_to_ns(TIME_NEVER / 2), TIME_NEVER);
	time_init(3);
	assert_int_equal(time_from_ns(1000000001), 4);
	assert_int_equal(time_to_ns(1), 333333334);
	time_init(17999999999ull);
	assert_int_equal(time_from_ns(999999999), 17999999982ull);
	assert_int_equal(time_to_ns(17999999998ull), 1000000000);
	fake_time += 42;
	assert_int_equal(time_since_boot(), 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_cancel, setup),
		cmocka_unit_test_setup(test_rearm, setup),
		cmocka_unit_test_setup(test_past_deadline, setup),
		cmocka_unit_test_setup(test_moves_between_cpus, setup),
		cmocka_unit_test_setup(test_cancel_sync_waits, setup),
		cmocka_unit_test_setup(test_set_while_running, setup),
		cmocka_unit_test_setup(test_random_operations, setup),
		cmocka_unit_test_setup(test_conversions, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
