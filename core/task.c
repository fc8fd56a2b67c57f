/* SPDX-License-Identifier: MIT */
/* Tasks: their life, waiting, sleeping locks, and work for the worker task. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/hostmap.h>
#include <core/panic.h>
#include <core/task.h>
#include <libs/format.h>
#include <string.h>

#define TASK_STACK_ORDER 2
#define TASK_STACK_SIZE (PAGE_SIZE << TASK_STACK_ORDER)

static struct spinlock tasks_lock = SPINLOCK(LOCK_WAIT, "tasks"); /* guards tasks */
static LIST_HEAD(tasks);

/* ---- life ---- */

struct task *task_current(void)
{
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	struct task *task = cpu->irq_depth ? NULL : cpu->task;

	arch_irq_restore(flags);
	return task;
}

/* Gives the CPU back; the running task goes on from here, maybe on another CPU. */
static void task_leave(enum sched_leave why)
{
	unsigned long flags = arch_irq_save();

	sched_leave(why);
	arch_irq_restore(flags);
}

static void task_main(void *arg)
{
	struct task *task = arg;

	task->fn(task->arg);
	task_leave(SCHED_EXIT);
	panic("task %s goes on after its end", task->name);
}

struct task *task_create(const char *name, void (*fn)(void *arg), void *arg)
{
	struct task *task = heap_alloc(&owner_system, sizeof(*task));
	irqflags_t flags;

	if (!task)
		return NULL;
	task->stack = hostmap_stack_alloc(TASK_STACK_ORDER);
	if (!task->stack) {
		heap_free(task);
		return NULL;
	}
	format_to(task->name, sizeof(task->name), "%s", name);
	task->fn = fn;
	task->arg = arg;
	list_init(&task->wait_link);
	sched_entity_init(&task->se, SCHED_TASK, task->name);
	arch_context_init(&task->context, (char *)task->stack + TASK_STACK_SIZE, task_main, task);
	flags = spin_lock(&tasks_lock);
	list_push_back(&tasks, &task->link);
	spin_unlock(&tasks_lock, flags);
	sched_wake(&task->se);
	return task;
}

enum sched_leave task_run(struct task *task)
{
	struct cpu *cpu = this_cpu();
	struct arch_context loop;

	cpu->task = task;
	cpu->loop = &loop;
	arch_context_switch(&loop, &task->context);
	/* This stack belongs to one CPU, so it is the same one as before. */
	cpu->task = NULL;
	return cpu->rq.leave;
}

unsigned task_stats(struct task_stats *rows, unsigned max)
{
	irqflags_t flags = spin_lock(&tasks_lock);
	struct task *task;
	unsigned count = 0;

	list_for_each(task, &tasks, link) {
		if (count < max) {
			struct task_stats *row = &rows[count];

			memcpy(row->name, task->name, sizeof(row->name));
			row->ticks = sched_runtime(&task->se);
			row->state = task->se.state;
			row->cpu = task->se.cpu;
		}
		count++;
	}
	spin_unlock(&tasks_lock, flags);
	return count;
}

/* ---- waiting ---- */

void waitqueue_init(struct waitqueue *wq)
{
	spinlock_init(&wq->lock, LOCK_WAIT, "waitqueue");
	list_init(&wq->waiters);
}

/* Waiters take themselves out, so none goes away while the lock is held. */
static void wake_all_locked(struct waitqueue *wq)
{
	struct task *task;

	list_for_each(task, &wq->waiters, wait_link)
		sched_wake(&task->se);
}

void waitqueue_wake(struct waitqueue *wq)
{
	irqflags_t flags = spin_lock(&wq->lock);

	wake_all_locked(wq);
	spin_unlock(&wq->lock, flags);
}

/* Wakes a task at a moment. On the task's stack. */
struct alarm {
	struct timer timer;
	struct task *task;
};

static void alarm_fired(struct timer *timer)
{
	sched_wake(&container_of(timer, struct alarm, timer)->task->se);
}

static void alarm_start(struct alarm *alarm, struct task *task, u64 deadline)
{
	timer_init(&alarm->timer, alarm_fired);
	alarm->task = task;
	timer_set(&alarm->timer, deadline);
}

static void enter_queue(struct waitqueue *wq, struct task *task, bool in)
{
	irqflags_t flags = spin_lock(&wq->lock);

	list_remove(&task->wait_link);
	if (in)
		list_push_back(&wq->waiters, &task->wait_link);
	spin_unlock(&wq->lock, flags);
}

int waitqueue_wait(struct waitqueue *wq, bool (*cond)(void *arg), void *arg, u64 deadline)
{
	struct task *self = task_current();
	struct alarm alarm;
	int err = 0;

	lock_assert_none_held();
	if (cond(arg))
		return 0;
	ASSERT(self);
	alarm_start(&alarm, self, deadline);
	enter_queue(wq, self, true);
	/*
	 * Prepared first: a wake-up that comes after the condition was found false keeps it from
	 * blocking.
	 */
	while (sched_block_prepare(&self->se), !cond(arg)) {
		if (time_now() >= deadline) {
			err = -ETIMEDOUT;
			break;
		}
		task_leave(SCHED_BLOCK);
	}
	enter_queue(wq, self, false);
	timer_cancel_sync(&alarm.timer);
	return err;
}

void task_sleep_ms(u64 ms)
{
	u64 deadline = time_now() + time_from_ms(ms);
	struct task *self = task_current();
	struct alarm alarm;

	lock_assert_none_held();
	alarm_start(&alarm, self, deadline);
	while (sched_block_prepare(&self->se), time_now() < deadline)
		task_leave(SCHED_BLOCK);
	timer_cancel_sync(&alarm.timer);
}

void task_yield(void)
{
	task_leave(SCHED_YIELD);
}

/* ---- sleeping locks ---- */

void mutex_init(struct mutex *m)
{
	waitqueue_init(&m->wq);
	m->owner = NULL;
}

static bool owns(const struct mutex *m, const struct task *task)
{
	return __atomic_load_n(&m->owner, __ATOMIC_ACQUIRE) == task;
}

void mutex_lock(struct mutex *m)
{
	struct task *self = task_current();
	irqflags_t flags;

	lock_assert_none_held();
	ASSERT(self && !owns(m, self));
	flags = spin_lock(&m->wq.lock);
	if (!m->owner)
		m->owner = self;
	else
		list_push_back(&m->wq.waiters, &self->wait_link);
	spin_unlock(&m->wq.lock, flags);
	while (sched_block_prepare(&self->se), !owns(m, self))
		task_leave(SCHED_BLOCK);
}

/* Hands it to the one that has waited longest. */
void mutex_unlock(struct mutex *m)
{
	struct task *next = NULL;
	irqflags_t flags;

	ASSERT(owns(m, task_current()));
	flags = spin_lock(&m->wq.lock);
	if (!list_is_empty(&m->wq.waiters)) {
		next = list_first(&m->wq.waiters, struct task, wait_link);
		list_remove(&next->wait_link);
	}
	__atomic_store_n(&m->owner, next, __ATOMIC_RELEASE);
	/* Under the lock: a new owner could end, and be freed, before it is woken. */
	if (next)
		sched_wake(&next->se);
	spin_unlock(&m->wq.lock, flags);
}

/* ---- work ---- */

static struct waitqueue worker_wq =
	WAITQUEUE(worker_wq); /* its lock guards worker_queue and `queued` */
static LIST_HEAD(worker_queue);

void work_init(struct work *work, void (*fn)(struct work *work))
{
	list_init(&work->link);
	work->fn = fn;
	work->queued = false;
}

void work_queue(struct work *work)
{
	irqflags_t flags = spin_lock(&worker_wq.lock);

	if (!work->queued) {
		work->queued = true;
		list_push_back(&worker_queue, &work->link);
		wake_all_locked(&worker_wq);
	}
	spin_unlock(&worker_wq.lock, flags);
}

static struct work *work_take(void)
{
	irqflags_t flags = spin_lock(&worker_wq.lock);
	struct work *work = NULL;

	if (!list_is_empty(&worker_queue)) {
		work = list_first(&worker_queue, struct work, link);
		list_remove(&work->link);
		/* From here on it may be queued again, and its function may free it. */
		work->queued = false;
	}
	spin_unlock(&worker_wq.lock, flags);
	return work;
}

static bool has_work(void *arg)
{
	(void)arg;
	return !list_is_empty(&worker_queue);
}

static void worker_main(void *arg)
{
	(void)arg;
	for (;;) {
		struct work *work;

		(void)waitqueue_wait(&worker_wq, has_work, NULL, TIME_NEVER);
		while ((work = work_take()))
			work->fn(work);
	}
}

int task_init(void)
{
	return task_create("worker", worker_main, NULL) ? 0 : -ENOMEM;
}

/* ---- the end ---- */

static LIST_HEAD(buried); /* by wait_link; guarded by tasks_lock */

static struct task *buried_take(void)
{
	irqflags_t flags = spin_lock(&tasks_lock);
	struct task *task = NULL;

	if (!list_is_empty(&buried)) {
		task = list_first(&buried, struct task, wait_link);
		list_remove(&task->wait_link);
		list_remove(&task->link);
	}
	spin_unlock(&tasks_lock, flags);
	return task;
}

static void free_buried(struct work *work)
{
	struct task *task;

	(void)work;
	while ((task = buried_take())) {
		/* Waits for a timer callback that still looks at it. */
		sched_retire(&task->se);
		hostmap_stack_free(task->stack, TASK_STACK_ORDER);
		heap_free(task);
	}
}

void task_bury(struct task *task)
{
	static struct work work = { { &work.link, &work.link }, free_buried, false };
	irqflags_t flags = spin_lock(&tasks_lock);

	list_push_back(&buried, &task->wait_link);
	spin_unlock(&tasks_lock, flags);
	work_queue(&work);
}
