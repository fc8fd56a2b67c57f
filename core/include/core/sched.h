/* SPDX-License-Identifier: MIT */
/* Scheduler: weighted fair share between vCPUs and tasks, with caps, affinity and quick wake-up. */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <core/cpumask.h>
#include <core/lock.h>
#include <core/timer.h>
#include <libs/list.h>

/*
 * Each CPU runs sched_loop() on its own stack. It picks the entity with the least virtual run time
 * and hands the CPU to it:
 *
 *     sched_loop() ──► entity is a vCPU ──► vcpu_run()  returns when the vCPU has to leave
 *         ▲       ──► entity is a task ──► task's own stack, until it blocks or is preempted
 *         └────────── nothing to run   ──► arch_cpu_idle() until an interrupt
 *
 * Virtual run time is time run divided by weight. An entity that wakes is put no further back than
 * a credit (2 ms) before the queue's clock, so that one that sleeps a lot runs at once and one
 * that slept long gets no hoard. Preemption is a flag: cpu->resched is looked at on the way back to
 * the guest or the task. A timer is armed only when somebody else waits for the CPU or a cap may run out.
 *
 * Caps: an entity with cap_percent = N (of one CPU) may run N % of each period of 10 ms; then it is
 * throttled until the next period begins.
 */
enum sched_kind { SCHED_TASK, SCHED_VCPU };

enum sched_state {
	SCHED_BLOCKED,   /* waits for sched_wake() */
	SCHED_READY,     /* in the run queue of `cpu` */
	SCHED_RUNNING,   /* on `cpu` */
	SCHED_THROTTLED, /* out of budget until its period ends */
	SCHED_DEAD,      /* never runs again */
};

/* Why an entity gave the CPU back. */
enum sched_leave {
	SCHED_PREEMPTED, /* wants to go on */
	SCHED_YIELD,     /* wants to go on after the others that wait */
	SCHED_BLOCK,     /* has nothing to do until sched_wake() */
	SCHED_EXIT,      /* ends */
};

#define SCHED_WEIGHT_DEFAULT 256
#define SCHED_WEIGHT_MIN 1
#define SCHED_WEIGHT_MAX 65536

struct sched_entity {
	const char *name; /* borrowed */
	enum sched_kind kind;
	enum sched_state state; /* guarded, like all below, by the run-queue lock of `cpu` */
	bool wake_pending; /* woken while running: the next block does not block; see sched_block_prepare() */
	bool retiring;   /* sched_retire() waits for it */
	u32 cpu;         /* where it runs or ran last */
	u32 weight;      /* SCHED_WEIGHT_MIN..MAX */
	u32 cap_percent; /* 1..100, 0: none */
	struct cpumask affinity;
	struct list_node link;
	u64 vruntime;     /* ticks * SCHED_WEIGHT_MAX / weight; wraps: compare differences */
	u64 owed;         /* virtual: what it was behind when it moved here, not yet caught up */
	u64 started;      /* when it got the CPU or was charged last */
	u64 period_end;   /* of the cap */
	u64 period_used;  /* ticks run in the period */
	u64 total_ticks;  /* run in all */
	u64 switch_count; /* times it got the CPU */
	u64 ready_since;  /* when it became ready */
	u64 wait_max;     /* longest wait from ready to running, ticks */
	struct timer unthrottle;
};

/* Starts BLOCKED, may run on all CPUs, weight SCHED_WEIGHT_DEFAULT, no cap. */
void sched_entity_init(struct sched_entity *se, enum sched_kind kind, const char *name);

/*
 * Makes it ready, or keeps it from blocking when it runs. Any context, any CPU; spurious calls are
 * harmless.
 */
void sched_wake(struct sched_entity *se);
/*
 * Asks the CPU on which @se runs to come back to the scheduler or to look at its requests. No-op
 * when it does not run.
 */
void sched_kick(struct sched_entity *se);

/*
 * The running entity cannot go on before @se has: if @se waits for a CPU it gets this one, whatever its virtual time,
 * as soon as the caller comes back to the scheduler, which is asked for. False: it does not wait.
 */
bool sched_hand_over(struct sched_entity *se);

/*
 * Said by the running entity before it looks at what it may wait for: it then either finds it or
 * leaves with SCHED_BLOCK, and a sched_wake() from here on keeps it from blocking.
 */
void sched_block_prepare(struct sched_entity *se);

/*
 * Each takes effect at once; a running entity moves at its next exit. -EINVAL: no online CPU in
 * @mask, or out of range.
 */
int sched_set_affinity(struct sched_entity *se, const struct cpumask *mask) __must_check;
int sched_set_weight(struct sched_entity *se, u32 weight) __must_check;
int sched_set_cap(struct sched_entity *se, u32 percent) __must_check;

/*
 * A BLOCKED or READY entity never runs again after this; a RUNNING one is kicked and waited for.
 * Tasks only.
 */
void sched_retire(struct sched_entity *se);

/* Ticks run in all, the current run included. */
u64 sched_runtime(const struct sched_entity *se);

/* Never returns: the main loop of each CPU. */
void sched_loop(void) __noreturn;
/*
 * Called by the running task (through task.c) with interrupts disabled: back to sched_loop(). It
 * may return on another CPU.
 */
void sched_leave(enum sched_leave why);
/* For arch code on the way out of a host interrupt that came while a task ran. */
void sched_preempt_task(void);

struct cpu;
void sched_cpu_init(struct cpu *cpu);
/* For `cpu` and `top`: what @cpu runs now (NULL: idle) and how long it was idle, in ticks. */
struct sched_cpu_stats {
	char running[32];
	u64 idle_ticks;
	u64 switches;
	u32 ready_count;
};
void sched_cpu_stats(unsigned cpu, struct sched_cpu_stats *stats);

#endif
