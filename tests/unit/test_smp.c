/* SPDX-License-Identifier: MIT */
/* Tests of CPU start-up, cross-calls and kicks; cross-calls with a thread for each CPU. */
#include <test.h>

#include <core/errno.h>
#include <core/hostmap.h>
#include <core/task.h>
#include <fake.h>
#include <pthread.h>
#include <sched.h>

#define THREADS 4
#define ROUNDS 2000

static int setup(void **state)
{
	(void)state;
	fake_reset(THREADS);
	fake_relax_hook = (void (*)(void))sched_yield;
	return 0;
}

/* ---- cross-calls ---- */

static u64 called[THREADS][THREADS]; /* [by][on] */
static u64 calls_running[THREADS];
static unsigned threads_done;

struct call {
	unsigned by;
	unsigned on;
};

static void count_call(void *arg)
{
	struct call *call = arg;
	unsigned on = this_cpu()->id;

	assert_int_equal(on, call->on);
	assert_false(fake_irqs_on);
	calls_running[on]++;
	called[call->by][on]++;
	calls_running[on]--;
}

static void count_call_all(void *arg)
{
	__atomic_fetch_add((u64 *)arg, 1, __ATOMIC_RELAXED);
}

static void *cpu_thread(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	u64 seed = self + 1;

	fake_cpu = cpus[self];
	fake_irqs_on = true;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct call call = { self, (unsigned)test_random_below(&seed, THREADS) };
		u64 all = 0;

		smp_call(call.on, count_call, &call);
		fake_interrupts();
		if (round % 50 == 0) {
			smp_call_all(count_call_all, &all);
			if (all != THREADS)
				abort();
		}
		if (!fake_irqs_on)
			abort();
	}
	__atomic_fetch_add(&threads_done, 1, __ATOMIC_SEQ_CST);
	/* Others may still call. */
	while (__atomic_load_n(&threads_done, __ATOMIC_SEQ_CST) < THREADS) {
		fake_interrupts();
		sched_yield();
	}
	return NULL;
}

/*
 * All CPUs call each other all the time, with interrupts off while they wait: no deadlock, none
 * lost.
 */
static void test_all_call_all(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	memset(called, 0, sizeof(called));
	threads_done = 0;
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, cpu_thread, (void *)i);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned by = 0; by < THREADS; by++) {
		u64 sum = 0;

		for (unsigned on = 0; on < THREADS; on++)
			sum += called[by][on];
		assert_int_equal(sum, ROUNDS);
		assert_true(list_is_empty(&cpus[by]->calls.calls));
		assert_int_equal(cpus[by]->irq_depth, 0);
	}
}

static void note_context(void *arg)
{
	*(struct task **)arg = task_current();
}

/* On the own CPU: a plain call, even where nobody would take an IPI. */
static void test_call_self(void **state)
{
	u64 all = 0;
	struct call call = { 0, 0 };

	(void)state;
	called[0][0] = 0;
	smp_call(0, count_call, &call);
	assert_int_equal(called[0][0], 1);
	assert_true(fake_irqs_on);
	for (unsigned i = 1; i < THREADS; i++)
		cpus[i]->online = false;
	smp_call_all(count_call_all, &all);
	assert_int_equal(all, 1);
	assert_int_equal(fake_ipis, 0);
}

static void *serve_once(void *arg)
{
	static struct task task;

	(void)arg;
	fake_cpu = cpus[1];
	/* As if it came while this task ran. */
	fake_cpu->task = &task;
	while (!(__atomic_load_n(&fake_ipis, __ATOMIC_SEQ_CST) & BIT(1)))
		sched_yield();
	fake_irqs_on = false;
	smp_ipi_interrupt();
	return task_current() == &task ? NULL : arg;
}

static void test_call_is_an_interrupt(void **state)
{
	struct task *seen = (void *)1;
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, serve_once, state);
	smp_call(1, note_context, &seen);
	pthread_join(thread, &result);
	assert_null(seen);
	assert_null(result);
}

static void test_call_with_lock_held(void **state)
{
	struct call call = { 0, 1 };
	irqflags_t flags = spin_lock(&cpus[0]->calls.lock);

	(void)state;
	(void)flags;
	if (CONFIG_LOCK_DEBUG)
		assert_panics(smp_call(1, count_call, &call), "where none may be");
}

/* ---- kicks ---- */

static void test_kick(void **state)
{
	static struct task task;

	(void)state;
	smp_kick(2);
	assert_int_equal(fake_ipis, BIT(2));
	/* The own CPU needs none in an exit handler or in the idle loop ... */
	fake_ipis = 0;
	smp_kick(0);
	assert_int_equal(fake_ipis, 0);
	/* ... a task does, as soon as interrupts are on; an interrupt over a task does not. */
	fake_cpu->task = &task;
	smp_kick(0);
	assert_int_equal(fake_ipis, BIT(0));
	fake_ipis = 0;
	irq_enter();
	smp_kick(0);
	irq_leave();
	assert_int_equal(fake_ipis, 0);
}

/* ---- start-up ---- */

static void boot(void)
{
	struct boot_memory mem = { .ram_count = 1 };

	fake_reset(1);
	mem.ram[0] = fake_ram(MIB(32));
	assert_int_equal(page_init(&mem), 0);
	assert_int_equal(hostmap_init((struct hpa_range){ 0, 0 }), 0);
}

static int start_some(struct cpu *cpu)
{
	if (cpu->id == 2)
		return -EIO;
	assert_non_null(cpu->stack);
	if (cpu->id != 3)
		cpu->online = true; /* what smp_secondary_main() does */
	return 0;
}

static void pass_time(void)
{
	fake_time += 1000000;
}

static void test_start_without_memory(void **state)
{
	u64 limit = owner_system.page_limit;

	(void)state;
	boot();
	/* Stacks for two of the five others. */
	owner_system.page_limit = owner_system.page_count + 12;
	fake_output_clear();
	assert_int_equal(cpu_init(6), 0);
	owner_system.page_limit = limit;
	assert_in_range(cpu_count, 2, 4);
	assert_non_null(strstr(fake_output, "of 6 CPUs are left out"));
}

/* In the world of the test above: the heap starts once. */
static void test_start(void **state)
{
	(void)state;
	assert_int_equal(cpu_init(5), 0);
	fake_cpu = cpus[0];
	assert_int_equal(cpu_count, 5);
	assert_true(cpus[0]->online);
	assert_int_equal(smp_online_count(), 1);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(cpus[i]->id, i);
	fake_start_hook = start_some;
	fake_relax_hook = pass_time;
	fake_output_clear();
	smp_start();
	assert_int_equal(smp_online_count(), 3);
	assert_non_null(strstr(fake_output, "CPU 2 (hardware id 2): firmware does not start it"));
	assert_non_null(strstr(fake_output, "CPU 3 (hardware id 3) did not come up in 1000 ms"));
	/* Those that are not there get nothing to do. */
	for (unsigned i = 0; i < 8; i++) {
		static struct sched_entity se[8];

		sched_entity_init(&se[i], SCHED_VCPU, "entity");
		sched_wake(&se[i]);
		assert_true(cpus[se[i].cpu]->online);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all_call_all, setup),
		cmocka_unit_test_setup(test_call_self, setup),
		cmocka_unit_test_setup(test_call_is_an_interrupt, setup),
		cmocka_unit_test_setup(test_call_with_lock_held, setup),
		cmocka_unit_test_setup(test_kick, setup),
		cmocka_unit_test(test_start_without_memory),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
