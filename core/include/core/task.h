/* SPDX-License-Identifier: MIT */
/* Hypervisor threads: for what has to wait (shell, VM operations, image loading). */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include <core/sched.h>

/* Saved stack pointer of a context that is not running; the rest is on its stack. */
struct arch_context {
	uintptr_t sp;
};

struct task {
	struct sched_entity se;
	struct list_node link;      /* all tasks */
	struct list_node wait_link; /* in one wait queue or mutex at most */
	struct arch_context context;
	void *stack; /* guard page at its low end */
	void (*fn)(void *arg);
	void *arg;
	char name[24];
};

/*
 * Starts a task that runs fn(arg) and ends when it returns; its memory is given back by itself.
 * NULL when out of memory. Tasks are preemptible wherever they hold no spinlock.
 */
struct task *task_create(const char *name, void (*fn)(void *arg), void *arg) __must_check;
/* For sched_loop(): on the task's stack until it leaves. Interrupts disabled before and after. */
enum sched_leave task_run(struct task *task);
/* For sched_loop(), after an ended task has left its stack for good: the worker frees it. */
void task_bury(struct task *task);
/* The running task; NULL in an interrupt, an exit handler or the idle loop. */
struct task *task_current(void);
void task_sleep_ms(u64 ms);
/* Lets others run that wait for this CPU. */
void task_yield(void);

/* For `top`. */
struct task_stats {
	char name[24];
	u64 ticks; /* run in all */
	enum sched_state state;
	u32 cpu;
};
/* Fills at most @max rows, oldest task first, and returns how many there are. Tasks only. */
unsigned task_stats(struct task_stats *rows, unsigned max);

/* A place to wait for a condition that others change. */
struct waitqueue {
	struct spinlock lock;
	struct list_node waiters;
};
#define WAITQUEUE(wq)                                \
	{                                            \
		SPINLOCK(LOCK_WAIT, #wq),            \
		{                                    \
			&(wq).waiters, &(wq).waiters \
		}                                    \
	}
void waitqueue_init(struct waitqueue *wq);
/* Wakes all waiters; any context that holds no lock of rank WAIT or later. */
void waitqueue_wake(struct waitqueue *wq);
/*
 * Sleeps until cond(arg) holds; evaluated without locks. -ETIMEDOUT at @deadline (host ticks or
 * TIME_NEVER).
 */
int waitqueue_wait(struct waitqueue *wq, bool (*cond)(void *arg), void *arg, u64 deadline);

/* Sleeping lock: tasks only, not while a spinlock is held. Fair. */
struct mutex {
	struct waitqueue wq;
	struct task *owner;
};
#define MUTEX(m)                        \
	{                               \
		WAITQUEUE((m).wq), NULL \
	}
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Work that any context may hand to the `worker` task; a work item is queued once at a time. */
struct work {
	struct list_node link;
	void (*fn)(struct work *work);
	bool queued;
};
void work_init(struct work *work, void (*fn)(struct work *work));
void work_queue(struct work *work);
/* Starts the worker; called once from main.c. */
int task_init(void) __must_check;

#endif
