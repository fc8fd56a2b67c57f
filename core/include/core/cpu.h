/* SPDX-License-Identifier: MIT */
/* Per-CPU areas of the host, CPU start-up and cross-calls. */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <arch/cpu.h>
#include <core/addr.h>
#include <core/cpumask.h>
#include <core/lock.h>
#include <core/sched.h>
#include <core/vmid.h>

struct vcpu;
struct task;

/* The run queue of one CPU; sched.c owns it. */
struct runqueue {
	struct spinlock lock;
	struct list_node ready; /* by vruntime; `current` is not in it */
	struct sched_entity
		*favourite;           /* in `ready`, and first whatever its vruntime; NULL: none */
	u32 ready_count;              /* changed under the lock; other CPUs read it without */
	u32 run_weight;               /* weight of `current`, 0: idle; read like ready_count */
	struct sched_entity *current; /* NULL: idle; read like ready_count */
	u64 clock;      /* least vruntime of all here; never goes back; read like ready_count */
	u64 clock_time; /* when `clock` was brought up to date */
	u64 balance_at; /* no balancing before */
	bool crowded;   /* in the set of CPUs where somebody waits although the CPU runs */
	enum sched_leave leave; /* what a task said to sched_leave() */
	struct timer slice;     /* preemption or end of a cap's budget */
	u64 idle_since;         /* meaningful while idle */
	u64 idle_ticks;
	u64 switches;
};

/* The timers armed on one CPU; timer.c owns it. */
struct timer_queue {
	struct spinlock lock;
	struct list_node timers; /* by deadline */
	u64 armed;               /* what the hardware is set to */
	struct timer *running;   /* whose callback runs now; compared only, it may be gone */
};

/* Functions to call on one CPU; smp.c owns it. */
struct call_queue {
	struct spinlock lock;
	struct list_node calls;
};

struct trace_ring;

/*
 * One a CPU, reachable by this_cpu(). `arch` comes first: assembly knows its offsets. A field is
 * touched by its own CPU only, unless it says otherwise.
 */
struct cpu {
	struct arch_cpu arch;
	struct vcpu *vcpu;         /* the vCPU whose exits come to this CPU; NULL when none runs */
	struct vcpu *loaded;       /* the vCPU whose system registers are live in this CPU */
	volatile bool resched;     /* back to the scheduler at the next chance; set by any CPU */
	volatile bool online;      /* runs: may be given entities and calls; read by any CPU */
	bool idle;                 /* in arch_cpu_idle(); read by any CPU */
	u32 id;                    /* 0..CONFIG_NR_CPUS-1, dense */
	u32 irq_depth;             /* interrupts and cross-calls being served */
	struct task *task;         /* running task */
	struct arch_context *loop; /* saved context of sched_loop() while a task runs */
	void *stack; /* of sched_loop() and of exit handlers; guard page at its low end */
	struct runqueue rq;
	struct timer_queue timers;
	struct call_queue calls;
	struct vmid_cpu vmid;
	struct trace_ring *trace;
	u64 irq_count;
	u32 lock_depth; /* CONFIG_LOCK_DEBUG: spinlocks held */
	struct spinlock *lock_held[16];
};

/* Dense array of all CPUs that the machine has and CONFIG_NR_CPUS allows; [0] is the boot CPU. */
extern struct cpu *cpus[CONFIG_NR_CPUS];
extern unsigned cpu_count;

static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

/*
 * Marks an interrupt: task_current() is NULL until irq_leave(). timer_interrupt(),
 * smp_ipi_interrupt() and irq_dispatch() do this themselves.
 */
static inline void irq_enter(void)
{
	this_cpu()->irq_depth++;
}

static inline void irq_leave(void)
{
	this_cpu()->irq_depth--;
}

/* Of sched_loop() and exit handlers: 2^CPU_STACK_ORDER pages, the lowest one a guard page. */
#define CPU_STACK_ORDER 2
#define CPU_STACK_SIZE (PAGE_SIZE << CPU_STACK_ORDER)

/*
 * Allocates the areas of @count CPUs, and the stacks of all but the boot CPU, which stays on the
 * one it has. After time_init() and hostmap_init(), before arch_cpu_init(). -ENOMEM: only when not
 * even the boot CPU's area fits; with less memory than all need, the last CPUs are left out.
 */
int cpu_init(unsigned count) __must_check;
/* Starts all other CPUs and waits for them; one that does not come is reported and left out. */
void smp_start(void);
/*
 * Where a started CPU arrives from arch code: on its own stack, this_cpu() right, MMU on,
 * interrupts off.
 */
void smp_secondary_main(void) __noreturn;
unsigned smp_online_count(void);

/*
 * Runs fn(arg) on @cpu with interrupts disabled and waits for it. Any context that holds no
 * spinlock; while it waits it serves calls that others send to this CPU, so two CPUs may call
 * each other. On the own CPU it is a plain call.
 */
void smp_call(unsigned cpu, void (*fn)(void *arg), void *arg);
/* On all online CPUs, this one included; waits for all. */
void smp_call_all(void (*fn)(void *arg), void *arg);
/*
 * Arch code calls this when an inter-processor interrupt arrives: serves calls, notices
 * cpu->resched.
 */
void smp_ipi_interrupt(void);
/*
 * Makes @cpu look at cpu->resched and its vCPU's requests. Any context. On the own CPU an exit
 * handler or an interrupt looks by itself on the way back; a task is interrupted as soon as it
 * enables interrupts.
 */
void smp_kick(unsigned cpu);

#endif
