/* SPDX-License-Identifier: MIT */
/* Spinlocks: mutual exclusion between threads, interrupts, and the checks of the debug mode. */
#include <test.h>

#include <core/lock.h>
#include <core/panic.h>
#include <fake.h>
#include <pthread.h>

#define THREADS 4
#define ROUNDS 3000

static struct spinlock shared = SPINLOCK(LOCK_VM, "shared");
static u64 counter; /* not atomic: only the lock keeps it right */

/* Where there are fewer CPUs than threads, the one whose turn it is has to get one. */
static void give_way(void)
{
	sched_yield();
}

static void *count_up(void *arg)
{
	fake_cpu = arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		irqflags_t flags;
		u64 seen;

		if (i % 3 || !spin_trylock(&shared, &flags))
			flags = spin_lock(&shared);
		lock_assert_held(&shared);
		seen = counter;
		if (i % 8 == 0)
			give_way(); /* invites the others in */
		counter = seen + 1;
		spin_unlock(&shared, flags);
	}
	return NULL;
}

static void test_exclusion(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	fake_reset(THREADS);
	fake_relax_hook = give_way;
	counter = 0;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, cpus[i]), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, THREADS * ROUNDS);
}

static void test_interrupts(void **state)
{
	struct spinlock lock = SPINLOCK(LOCK_VM, "a");
	irqflags_t outer, inner, flags;
	struct spinlock second = SPINLOCK(LOCK_VCPU, "b");

	(void)state;
	fake_reset(1);
	outer = spin_lock(&lock);
	assert_false(fake_irqs_on);
	assert_false(spin_trylock(&lock, &flags));
	inner = spin_lock(&second);
	spin_unlock(&second, inner);
	assert_false(fake_irqs_on);
	spin_unlock(&lock, outer);
	assert_true(fake_irqs_on);
	assert_true(spin_trylock(&lock, &flags));
	assert_false(fake_irqs_on);
	spin_unlock(&lock, flags);
	assert_true(fake_irqs_on);
	lock_assert_none_held();
}

/* Locks work before there are per-CPU areas; one may be taken before and released after. */
static void test_early(void **state)
{
	struct spinlock lock = SPINLOCK(LOCK_VM, "early");
	irqflags_t flags;

	(void)state;
	fake_reset(1);
	fake_cpu = NULL;
	flags = spin_lock(&lock);
	lock_assert_held(&lock);
	fake_cpu = cpus[0];
	spin_unlock(&lock, flags);
	flags = spin_lock(&lock);
	spin_unlock(&lock, flags);
}

static void test_wrong_order(void **state)
{
	struct spinlock heap = SPINLOCK(LOCK_HEAP, "heap");
	struct spinlock page = SPINLOCK(LOCK_PAGE, "page");
	struct spinlock page2 = SPINLOCK(LOCK_PAGE, "page2");

	(void)state;
	fake_reset(1);
	(void)spin_lock(&page);
	assert_panics(spin_lock(&heap), "lock heap (rank 12) is taken while page");
	fake_reset(1);
	page = (struct spinlock)SPINLOCK(LOCK_PAGE, "page");
	(void)spin_lock(&page);
	assert_panics(spin_lock(&page2), "lock page2");
	fake_reset(1);
	page = (struct spinlock)SPINLOCK(LOCK_PAGE, "page");
	(void)spin_lock(&page);
	assert_panics(spin_lock(&page), "lock page is taken twice");
}

static void test_run_queues(void **state)
{
	irqflags_t first, second;

	(void)state;
	fake_reset(2);
	first = spin_lock(&cpus[0]->rq.lock);
	second = spin_lock(&cpus[1]->rq.lock);
	spin_unlock(&cpus[0]->rq.lock, second); /* in any order */
	spin_unlock(&cpus[1]->rq.lock, first);
	assert_true(fake_irqs_on);
	lock_assert_none_held();
}

static void test_wrong_release(void **state)
{
	struct spinlock lock = SPINLOCK(LOCK_VM, "vm");
	irqflags_t flags;

	(void)state;
	fake_reset(2);
	assert_panics(spin_unlock(&lock, 0), "was not held");
	assert_panics(lock_assert_held(&lock), "has to be held");
	flags = spin_lock(&lock);
	assert_panics(lock_assert_none_held(), "lock vm is held");
	fake_cpu = cpus[1];
	assert_panics(lock_assert_held(&lock), "has to be held");
	assert_panics(spin_unlock(&lock, flags), "released by CPU 1 and held by CPU 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exclusion),  cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_early),      cmocka_unit_test(test_wrong_order),
		cmocka_unit_test(test_run_queues), cmocka_unit_test(test_wrong_release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
