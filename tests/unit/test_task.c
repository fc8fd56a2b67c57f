/* SPDX-License-Identifier: MIT */
/* Tests of tasks, wait queues, sleeping locks and work, on two CPUs that take turns. */
#include <test.h>

#include <core/errno.h>
#include <core/hostmap.h>
#include <core/mem_owner.h>
#include <core/task.h>
#include <fake.h>

#define US 1000ull /* a tick is a nanosecond */
#define MS (1000 * US)

/* One world for all tests: tasks and heap are global. */
static int boot(void **state)
{
	struct boot_memory mem = { .ram_count = 1 };

	(void)state;
	fake_reset(2);
	mem.ram[0] = fake_ram(MIB(32));
	assert_int_equal(page_init(&mem), 0);
	assert_int_equal(hostmap_init((struct hpa_range){ 0, 0 }), 0);
	assert_int_equal(task_init(), 0);
	return 0;
}

static u64 next_timer(void)
{
	return MIN(fake_timers[0], fake_timers[1]);
}

/* Lets the CPUs run in turns until nothing happens before @end. */
static void run_until(u64 end)
{
	for (;;) {
		for (unsigned i = 0; i < cpu_count; i++) {
			fake_cpu = cpus[i];
			fake_run_loop();
		}
		if (fake_ipis || cpus[0]->rq.current || cpus[1]->rq.current)
			continue;
		if (next_timer() > end)
			break;
		fake_time = MAX(fake_time, next_timer());
	}
	fake_time = MAX(fake_time, end);
	fake_cpu = cpus[0];
	fake_irqs_on = true;
}

static void run(void)
{
	run_until(fake_time);
}

/* A task that computes: time passes for its CPU, interrupts come, the other CPU runs too. */
static void spend(u64 ticks)
{
	u64 step = 50 * US;

	for (u64 spent = 0; spent < ticks; spent += step) {
		if (fake_cpu->id == 0)
			fake_time += step;
		fake_interrupts();
		fake_pause();
	}
}

static struct task *start(const char *name, void (*fn)(void *arg), void *arg)
{
	struct task *task = task_create(name, fn, arg);

	assert_non_null(task);
	return task;
}

/* ---- life ---- */

static void note_self(void *arg)
{
	assert_true(fake_irqs_on);
	*(struct task **)arg = task_current();
}

static void test_runs_and_ends(void **state)
{
	u64 objects, pages;
	struct task *seen[40] = { NULL }, *made[40];

	(void)state;
	run();
	objects = owner_system.heap_objects;
	pages = owner_system.page_count;
	assert_null(task_current());
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 40; i++)
			made[i] = start("short", note_self, &seen[i]);
		run();
		for (unsigned i = 0; i < 40; i++)
			assert_ptr_equal(seen[i], made[i]);
	}
	/* All memory came back. */
	assert_int_equal(owner_system.heap_objects, objects);
	assert_int_equal(owner_system.page_count, pages);
}

static void sleep_long(void *arg)
{
	task_sleep_ms(*(u64 *)arg);
}

static void test_stats(void **state)
{
	struct task_stats rows[4];
	u64 ms = 5;

	(void)state;
	assert_int_equal(task_stats(rows, 4), 1);
	assert_string_equal(rows[0].name, "worker");
	assert_int_equal(rows[0].state, SCHED_BLOCKED);
	start("a task with quite a long name", sleep_long, &ms);
	run();
	memset(rows, 0, sizeof(rows));
	assert_int_equal(task_stats(rows, 1), 2);
	assert_int_equal(task_stats(rows, 4), 2);
	assert_string_equal(rows[1].name, "a task with quite a lon");
	run_until(fake_time + 10 * MS);
	assert_int_equal(task_stats(rows, 4), 1);
}

static void test_out_of_memory(void **state)
{
	u64 objects = owner_system.heap_objects, pages = owner_system.page_count,
	    limit = owner_system.page_limit;

	(void)state;
	owner_system.page_limit = pages;
	assert_null(task_create("too much", note_self, NULL));
	owner_system.page_limit = limit;
	assert_int_equal(owner_system.heap_objects, objects);
	assert_int_equal(owner_system.page_count, pages);
}

/* ---- waiting ---- */

static struct waitqueue wq = WAITQUEUE(wq);

struct waiter {
	u64 deadline;
	bool flag;
	int result;
	u64 done_at;
	unsigned looks;
};

static bool flag_is_set(void *arg)
{
	struct waiter *w = arg;

	w->looks++;
	return w->flag;
}

static void wait_for_flag(void *arg)
{
	struct waiter *w = arg;

	w->result = waitqueue_wait(&wq, flag_is_set, w, w->deadline);
	w->done_at = fake_time;
}

static void test_wait_and_wake(void **state)
{
	struct waiter a = { .deadline = TIME_NEVER, .result = 1 }, b = a;

	(void)state;
	start("a", wait_for_flag, &a);
	start("b", wait_for_flag, &b);
	run_until(fake_time + MS);
	assert_int_equal(a.done_at, 0);
	a.flag = true;
	/* Nobody told them. */
	run_until(fake_time + MS);
	assert_int_equal(a.done_at, 0);
	waitqueue_wake(&wq);
	run();
	assert_int_equal(a.result, 0);
	assert_int_equal(a.done_at, fake_time);
	assert_int_equal(b.done_at, 0);
	b.flag = true;
	waitqueue_wake(&wq);
	run();
	assert_int_equal(b.result, 0);
	assert_true(list_is_empty(&wq.waiters));
	/* One that need not wait looks once. */
	a.looks = 0;
	start("a", wait_for_flag, &a);
	run();
	assert_int_equal(a.looks, 1);
}

static void test_wait_times_out(void **state)
{
	struct waiter late = { .deadline = fake_time + 7 * MS },
		      intime = { .deadline = fake_time + 7 * MS };
	u64 began = fake_time;

	(void)state;
	start("late", wait_for_flag, &late);
	start("in time", wait_for_flag, &intime);
	run_until(began + 3 * MS);
	intime.flag = true;
	waitqueue_wake(&wq);
	run_until(began + 20 * MS);
	assert_int_equal(late.result, -ETIMEDOUT);
	assert_int_equal(late.done_at, began + 7 * MS);
	assert_int_equal(intime.result, 0);
	assert_int_equal(intime.done_at, began + 3 * MS);
	assert_int_equal(next_timer(), TIME_NEVER);
	/* A deadline that has passed: the condition still counts first. */
	late = (struct waiter){ .deadline = 1, .result = 1 };
	start("past", wait_for_flag, &late);
	run();
	assert_int_equal(late.result, -ETIMEDOUT);
}

struct alarm_clock {
	struct timer timer;
	struct waiter *waiter;
	struct task *current;
};

static void set_flag_and_wake(struct timer *timer)
{
	struct alarm_clock *clock = container_of(timer, struct alarm_clock, timer);

	clock->current = task_current();
	clock->waiter->flag = true;
	waitqueue_wake(&wq);
}

static void spend_40_ms(void *arg)
{
	(void)arg;
	spend(40 * MS);
}

/* The waker is an interrupt that comes while another task runs on the same CPU. */
static void test_wake_from_interrupt(void **state)
{
	struct waiter w = { .deadline = TIME_NEVER, .result = 1 };
	struct alarm_clock clock = { .waiter = &w, .current = (void *)1 };

	(void)state;
	start("waiter", wait_for_flag, &w);
	run();
	timer_init(&clock.timer, set_flag_and_wake);
	timer_set(&clock.timer, fake_time + 20 * MS);
	for (unsigned i = 0; i < 2; i++)
		start("hog", spend_40_ms, NULL);
	run_until(fake_time + 100 * MS);
	assert_int_equal(w.result, 0);
	assert_null(clock.current);
	/* It ran at once, ahead of what computed. */
	assert_in_range(w.done_at, clock.timer.deadline, clock.timer.deadline + 100 * US);
}

static void sleeper(void *arg)
{
	u64 *at = arg;

	task_sleep_ms(3);
	at[0] = fake_time;
	task_sleep_ms(0);
	at[1] = fake_time;
	task_sleep_ms(4);
	at[2] = fake_time;
}

static void test_sleep(void **state)
{
	u64 at[3] = { 0 }, began = fake_time;

	(void)state;
	start("sleeper", sleeper, at);
	run_until(began + 100 * MS);
	assert_int_equal(at[0], began + 3 * MS);
	assert_int_equal(at[1], began + 3 * MS);
	assert_int_equal(at[2], began + 7 * MS);
}

/* ---- sleeping locks ---- */

static struct mutex mutex = MUTEX(mutex);
static unsigned holders, holders_max, order[8], order_count;

struct locker {
	unsigned id;
	u64 start_ms;
};

static void lock_and_work(void *arg)
{
	struct locker *l = arg;

	task_sleep_ms(l->start_ms);
	mutex_lock(&mutex);
	holders_max = MAX(holders_max, ++holders);
	order[order_count++] = l->id;
	spend(3 * MS);
	task_sleep_ms(5);
	holders--;
	mutex_unlock(&mutex);
}

static void test_mutex(void **state)
{
	struct locker lockers[6];

	(void)state;
	holders = holders_max = order_count = 0;
	for (unsigned i = 0; i < 6; i++) {
		/* They come in the order 5, 4, ... while the first still has it. */
		lockers[i] = (struct locker){ i, 1 + (5 - i) };
		start("locker", lock_and_work, &lockers[i]);
	}
	run_until(fake_time + 200 * MS);
	assert_int_equal(order_count, 6);
	assert_int_equal(holders_max, 1);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(order[i], 5 - i);
	assert_null(mutex.owner);
	assert_true(list_is_empty(&mutex.wq.waiters));
}

/* ---- work ---- */

static unsigned work_runs;
static struct task *work_task;

static void count_work(struct work *work)
{
	assert_false(work->queued);
	work_task = task_current();
	if (++work_runs == 3)
		work_queue(work);
}

struct work_timer {
	struct timer timer;
	struct work work;
};

static void queue_from_timer(struct timer *timer)
{
	work_queue(&container_of(timer, struct work_timer, timer)->work);
}

static void test_work(void **state)
{
	struct work work;
	struct work_timer timed;

	(void)state;
	work_runs = 0;
	work_init(&work, count_work);
	work_queue(&work);
	work_queue(&work);
	assert_true(work.queued);
	run();
	assert_int_equal(work_runs, 1);
	assert_string_equal(work_task->name, "worker");
	work_queue(&work);
	run();
	assert_int_equal(work_runs, 2);
	/* From its own function: once more. */
	work_queue(&work);
	run();
	assert_int_equal(work_runs, 4);
	/* From an interrupt. */
	timer_init(&timed.timer, queue_from_timer);
	work_init(&timed.work, count_work);
	timer_set(&timed.timer, fake_time + MS);
	run_until(fake_time + 2 * MS);
	assert_int_equal(work_runs, 5);
}

/* ---- sharing and moving ---- */

struct worker {
	u64 duration;
	u64 began;
	u64 ended;
	u32 cpu_seen; /* bits */
};

static void compute(void *arg)
{
	struct worker *w = arg;

	w->began = fake_time;
	for (u64 done = 0; done < w->duration; done += MS) {
		spend(MS);
		w->cpu_seen |= 1u << fake_cpu->id;
	}
	w->ended = fake_time;
}

static void test_tasks_share(void **state)
{
	struct worker w[4];
	u64 began = fake_time;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		w[i] = (struct worker){ .duration = 100 * MS };
		start("worker", compute, &w[i]);
	}
	run_until(fake_time + 500 * MS);
	for (unsigned i = 0; i < 4; i++) {
		/*
		 * Four on two CPUs: all began early, and none ended before its share of the time
		 * was over.
		 */
		assert_in_range(w[i].began, began, began + 30 * MS);
		assert_in_range(w[i].ended, began + 170 * MS, began + 215 * MS);
	}
}

static void migrate(void *arg)
{
	u32 *seen = arg;

	for (unsigned i = 0; i < 6; i++) {
		struct cpumask mask = cpumask_of(i % 2);

		assert_int_equal(sched_set_affinity(&task_current()->se, &mask), 0);
		fake_interrupts();
		*seen = *seen * 2 + fake_cpu->id;
		assert_true(fake_irqs_on);
	}
}

static void test_task_moves_itself(void **state)
{
	u32 seen = 0;

	(void)state;
	start("migrant", migrate, &seen);
	run();
	/* Once the affinity changes, the task goes on elsewhere as soon as interrupts are on. */
	assert_int_equal(seen, 0x15);
}

static void yield_thrice(void *arg)
{
	for (unsigned i = 0; i < 3; i++) {
		order[order_count++] = *(unsigned *)arg;
		task_yield();
	}
}

static void test_yield(void **state)
{
	struct cpumask first = cpumask_of(0);
	unsigned ids[2] = { 0, 1 };

	(void)state;
	order_count = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct task *task = start("polite", yield_thrice, &ids[i]);

		assert_int_equal(sched_set_affinity(&task->se, &first), 0);
	}
	run();
	assert_int_equal(order_count, 6);
	for (unsigned i = 1; i < 6; i++)
		assert_int_not_equal(order[i], order[i - 1]);
}

static struct task *victim;

static void spin(void *arg)
{
	for (;;) {
		spend(MS);
		++*(unsigned *)arg;
	}
}

static void retire_victim(void *arg)
{
	sched_retire(&victim->se);
	*(enum sched_state *)arg = victim->se.state;
}

/* Retired while it runs on the other CPU: that CPU is interrupted and waited for. */
static void test_retire_running(void **state)
{
	struct cpumask first = cpumask_of(0), second = cpumask_of(1);
	enum sched_state seen = SCHED_READY;
	unsigned spins = 0, before;
	struct task *retirer;

	(void)state;
	victim = start("victim", spin, &spins);
	assert_int_equal(sched_set_affinity(&victim->se, &second), 0);
	for (unsigned i = 0; i < 100; i++) {
		fake_cpu = cpus[i % 2];
		fake_run_loop();
	}
	assert_true(spins > 0);
	assert_int_equal(victim->se.state, SCHED_RUNNING);
	fake_cpu = cpus[0];
	retirer = start("retirer", retire_victim, &seen);
	assert_int_equal(sched_set_affinity(&retirer->se, &first), 0);
	fake_relax_hook = fake_pause;
	run();
	fake_relax_hook = NULL;
	assert_int_equal(seen, SCHED_DEAD);
	before = spins;
	run_until(fake_time + 10 * MS);
	assert_int_equal(spins, before);
	task_bury(victim);
	run();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_and_ends),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_wait_and_wake),
		cmocka_unit_test(test_wait_times_out),
		cmocka_unit_test(test_wake_from_interrupt),
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_mutex),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_tasks_share),
		cmocka_unit_test(test_task_moves_itself),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_retire_running),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
