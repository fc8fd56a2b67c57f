/* SPDX-License-Identifier: MIT */
/* Host timers: a list a CPU, sorted by deadline; the hardware is armed for the first one. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/timer.h>

void timer_cpu_init(struct cpu *cpu)
{
	spinlock_init(&cpu->timers.lock, LOCK_TIMER, "timers");
	list_init(&cpu->timers.timers);
	cpu->timers.armed = TIME_NEVER;
	cpu->timers.running = NULL;
}

void timer_init(struct timer *timer, timer_fn fn)
{
	list_init(&timer->link);
	timer->deadline = TIME_NEVER;
	timer->fn = fn;
	timer->cpu = 0;
}

static u64 first_deadline(const struct timer_queue *q)
{
	return list_is_empty(&q->timers) ? TIME_NEVER :
					   list_first(&q->timers, struct timer, link)->deadline;
}

/* Locks the queue that the timer belongs to, which may change until the lock is held. */
static struct timer_queue *timer_lock(struct timer *timer, irqflags_t *flags)
{
	for (;;) {
		u32 cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);
		struct timer_queue *q = &cpus[cpu]->timers;

		*flags = spin_lock(&q->lock);
		if (likely(timer->cpu == cpu))
			return q;
		spin_unlock(&q->lock, *flags);
	}
}

/*
 * Tells the hardware when the first deadline has changed. Another CPU's hardware cannot be reached:
 * it keeps its earlier setting and finds nothing due. While callbacks run, timer_interrupt() does
 * it at its end.
 */
static void queue_arm(struct timer_queue *q)
{
	u64 first = first_deadline(q);

	if (q != &this_cpu()->timers || q->running || first == q->armed)
		return;
	q->armed = first;
	arch_timer_arm(first);
}

static void queue_insert(struct timer_queue *q, struct timer *timer)
{
	struct list_node *at = q->timers.next;

	while (at != &q->timers && list_entry(at, struct timer, link)->deadline <= timer->deadline)
		at = at->next;
	list_insert_before(at, &timer->link);
}

void timer_set(struct timer *timer, u64 deadline)
{
	struct timer_queue *q;
	irqflags_t flags;

	for (;;) {
		q = timer_lock(timer, &flags);
		list_remove(&timer->link);
		/* With interrupts off this CPU stays the same one until the lock is released. */
		if (deadline == TIME_NEVER || q == &this_cpu()->timers || q->running == timer)
			break;
		__atomic_store_n(&timer->cpu, this_cpu()->id, __ATOMIC_RELAXED);
		spin_unlock(&q->lock, flags);
	}
	timer->deadline = deadline;
	if (deadline != TIME_NEVER)
		queue_insert(q, timer);
	queue_arm(q);
	spin_unlock(&q->lock, flags);
}

void timer_cancel(struct timer *timer)
{
	timer_set(timer, TIME_NEVER);
}

void timer_cancel_sync(struct timer *timer)
{
	for (;;) {
		irqflags_t flags;
		struct timer_queue *q = timer_lock(timer, &flags);
		bool running = q->running == timer;

		list_remove(&timer->link);
		queue_arm(q);
		spin_unlock(&q->lock, flags);
		if (!running)
			return;
		arch_cpu_relax();
	}
}

void timer_interrupt(void)
{
	struct timer_queue *q = &this_cpu()->timers;
	irqflags_t flags = spin_lock(&q->lock);
	/* Read once: a callback that re-arms itself in the past comes with the next interrupt. */
	u64 now = time_now();

	irq_enter();
	while (first_deadline(q) <= now) {
		struct timer *timer = list_first(&q->timers, struct timer, link);

		list_remove(&timer->link);
		q->running = timer;
		spin_unlock(&q->lock, flags);
		timer->fn(timer);
		flags = spin_lock(&q->lock);
		q->running = NULL;
	}
	irq_leave();
	/* The hardware's request stands until it is set anew, whatever it was set to. */
	q->armed = first_deadline(q);
	arch_timer_arm(q->armed);
	spin_unlock(&q->lock, flags);
}

u64 timer_next_deadline(void)
{
	struct timer_queue *q = &this_cpu()->timers;
	irqflags_t flags = spin_lock(&q->lock);
	u64 first = first_deadline(q);

	spin_unlock(&q->lock, flags);
	return first;
}
