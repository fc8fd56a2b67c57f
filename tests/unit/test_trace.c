/* SPDX-License-Identifier: MIT */
/* Tracing: rings that wrap, merging of CPUs by time, histograms, reading while others write. */
#include <test.h>

#include <core/errno.h>
#include <core/heap.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <fake.h>
#include <pthread.h>
#include <unistd.h>

#define CPUS 4

static struct task task; /* trace_start() is for tasks */
static struct trace_event seen[CPUS * TRACE_EVENTS];
static unsigned seen_count;

static void note(void *ctx, const struct trace_event *event)
{
	(void)ctx;
	assert_true(seen_count < ARRAY_SIZE(seen));
	seen[seen_count++] = *event;
}

static void show(unsigned max)
{
	seen_count = 0;
	assert_int_equal(trace_for_each(max, note, NULL), 0);
}

static void be_cpu(unsigned cpu)
{
	fake_cpu = cpus[cpu];
	fake_cpu->task = &task;
}

static int boot(void **state)
{
	(void)state;
	fake_boot(MIB(64));
	return 0;
}

/* Other CPUs are offline, so that nobody waits for them; the test plays them. */
static int setup(void **state)
{
	(void)state;
	trace_stop();
	fake_reset(CPUS);
	for (unsigned i = 1; i < CPUS; i++)
		cpus[i]->online = false;
	sched_entity_init(&task.se, SCHED_TASK, "test");
	be_cpu(0);
	return 0;
}

static void test_off(void **state)
{
	(void)state;
	trace(TRACE_IRQ, 1, 2); /* no ring: nothing happens */
	show(100);
	assert_int_equal(seen_count, 0);
	assert_int_equal(trace_start(), 0);
	trace_stop();
	trace(TRACE_IRQ, 1, 2);
	show(100);
	assert_int_equal(seen_count, 0);
}

static void test_merge(void **state)
{
	(void)state;
	assert_int_equal(trace_start(), 0);
	for (unsigned i = 0; i < 100; i++) {
		be_cpu((i * 7) % CPUS);
		fake_time = 1000 + i;
		trace(TRACE_IRQ, i, 3 * i);
	}
	show(1000);
	assert_int_equal(seen_count, 100);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(seen[i].time, 1000 + i);
		assert_int_equal(seen[i].kind, TRACE_IRQ);
		assert_int_equal(seen[i].cpu, (i * 7) % CPUS);
		assert_int_equal(seen[i].a, i);
		assert_int_equal(seen[i].b, 3 * i);
	}
	/* The newest ones, oldest first. */
	show(10);
	assert_int_equal(seen_count, 10);
	assert_int_equal(seen[0].a, 90);
	assert_int_equal(seen[9].a, 99);
	show(0);
	assert_int_equal(seen_count, 0);
	/* Starting again forgets. */
	be_cpu(0);
	for (unsigned i = 0; i < CPUS; i++)
		cpus[i]->online = i == 0;
	assert_int_equal(trace_start(), 0);
	show(1000);
	for (unsigned i = 0; i < seen_count; i++)
		assert_int_not_equal(seen[i].cpu, 0);
}

static void test_wrap(void **state)
{
	(void)state;
	assert_int_equal(trace_start(), 0);
	for (unsigned i = 0; i < 3 * TRACE_EVENTS + 5; i++) {
		fake_time++;
		trace(TRACE_WAKE,
		      (u64)(uintptr_t) "a name that is far longer than an event can hold", i);
	}
	show(~0u);
	assert_int_equal(seen_count, TRACE_EVENTS - 1);
	for (unsigned i = 0; i < seen_count; i++) {
		assert_int_equal(seen[i].b, 2 * TRACE_EVENTS + 6 + i);
		assert_string_equal(seen[i].name, "a name that is far longer than ");
	}
	trace(TRACE_SWITCH, 0, SCHED_BLOCK); /* idle has no name */
	show(1);
	assert_string_equal(seen[0].name, "");
}

static void test_histogram(void **state)
{
	static const struct {
		u64 ticks;
		unsigned bucket;
	} cases[] = { { 0, 0 },
		      { 3, 0 },
		      { 4, 1 },
		      { 7, 1 },
		      { 8, 2 },
		      { 1023, 8 },
		      { 1024, 9 },
		      { 1ull << 40, TRACE_BUCKETS - 1 },
		      { (1ull << (TRACE_BUCKETS + TRACE_BUCKET_SHIFT - 2)) - 1,
			TRACE_BUCKETS - 2 } };
	struct vm vm = { .id = 5 };
	struct vcpu vcpu = { .vm = &vm, .index = 3 };
	u64 sum = 0;

	(void)state;
	assert_int_equal(trace_start(), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 before = vcpu.histogram ? vcpu.histogram[1].bucket[cases[i].bucket] : 0;

		trace_exit(&vcpu, 1);
		fake_time += cases[i].ticks;
		trace_enter(&vcpu);
		sum += cases[i].ticks;
		assert_int_equal(vcpu.histogram[1].bucket[cases[i].bucket], before + 1);
	}
	assert_int_equal(vcpu.histogram[1].count, ARRAY_SIZE(cases));
	assert_int_equal(vcpu.histogram[1].returned, ARRAY_SIZE(cases));
	assert_int_equal(vcpu.histogram[1].ticks, sum);
	assert_int_equal(vcpu.histogram[1].max, 1ull << 40);
	assert_int_equal(vcpu.histogram[0].count, 0);
	assert_int_equal(vcpu.stats.last_exit_cause, 1);
	/* An exit that gave up the CPU is counted, and its time is not. */
	trace_exit(&vcpu, 0);
	trace_exit(&vcpu, 1);
	trace_enter(&vcpu);
	trace_enter(&vcpu);
	assert_int_equal(vcpu.histogram[0].count, 1);
	assert_int_equal(vcpu.histogram[0].returned, 0);
	assert_int_equal(vcpu.histogram[1].returned, ARRAY_SIZE(cases) + 1);
	/* A cause that does not exist is an event and nothing else. */
	trace_exit(&vcpu, 1000000);
	trace_enter(&vcpu);
	show(2);
	assert_int_equal(seen[0].kind, TRACE_EXIT);
	assert_int_equal(seen[0].a, 5 << 16 | 3);
	assert_int_equal(seen[0].b, 1000000);
	heap_free(vcpu.histogram);
	assert_true(mem_owner_is_empty(&vm.heap_owner));
}

/* Without memory for a histogram the guest runs on. */
static void test_no_memory(void **state)
{
	struct vm vm = { .heap_owner = { .heap_limit = 16 } };
	struct vcpu vcpu = { .vm = &vm };

	(void)state;
	assert_int_equal(trace_start(), 0);
	trace_exit(&vcpu, 1);
	trace_enter(&vcpu);
	assert_null(vcpu.histogram);
}

static bool stop_writing;

static void *write_events(void *arg)
{
	(void)arg;
	be_cpu(1);
	for (u64 i = 1; !__atomic_load_n(&stop_writing, __ATOMIC_RELAXED); i++) {
		trace(TRACE_IRQ, i, ~i);
		if (i % 300 == 0)
			usleep(10); /* or else the reader never catches one */
	}
	return NULL;
}

static void test_concurrent(void **state)
{
	pthread_t writer;
	unsigned torn = 0, total = 0;

	(void)state;
	assert_int_equal(trace_start(), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_events, NULL), 0);
	for (unsigned round = 0; round < 300 || total < 10000; round++) {
		show(CPUS * TRACE_EVENTS);
		total += seen_count;
		for (unsigned i = 0; i < seen_count; i++)
			torn += seen[i].a != ~seen[i].b || (i && seen[i].a <= seen[i - 1].a);
	}
	__atomic_store_n(&stop_writing, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(torn, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_off, setup),
		cmocka_unit_test_setup(test_merge, setup),
		cmocka_unit_test_setup(test_wrap, setup),
		cmocka_unit_test_setup(test_histogram, setup),
		cmocka_unit_test_setup(test_no_memory, setup),
		cmocka_unit_test_setup(test_concurrent, setup),
	};

	return cmocka_run_group_tests_name("trace", tests, boot, NULL);
}
