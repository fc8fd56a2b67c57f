/* SPDX-License-Identifier: MIT */
/* Inside the scheduler: a run queue (sched_queue.c), the choice among CPUs (sched_balance.c). */
#ifndef CORE_SCHED_QUEUE_H
#define CORE_SCHED_QUEUE_H

#include <core/cpu.h>

/* Constants in host ticks, and as virtual time of an entity of default weight. */
struct sched_scale {
	u64 slice_min;
	u64 slice_max;
	u64 cap_period;
	u64 balance_interval;
	s64 slice; /* virtual: how far an entity may get ahead of the first that waits */
	s64 preempt; /* virtual: what a woken entity must be behind the running one to take its place */
	s64 credit;   /* virtual: how far behind the clock an entity may be that wakes */
	s64 spread;   /* virtual: a waiter moves to a queue that is this far ahead of it */
	s64 catch_up; /* virtual: how much an entity that moves is owed at most */
	s64 window;   /* virtual: queues do not drift apart further than this */
};
extern struct sched_scale sched_scale;

static inline u64 sched_virtual(u64 ticks, u32 weight)
{
	return ticks * SCHED_WEIGHT_MAX / weight;
}

static inline struct cpu *sched_cpu_of(struct runqueue *rq)
{
	return container_of(rq, struct cpu, rq);
}

/* ---- sched_queue.c: @rq is locked in all of them ---- */

/* Charges the running entity, if any, for its time up to @now and moves the clock. */
void sched_queue_charge(struct runqueue *rq, u64 now);
/*
 * Puts @se, which may run here and has budget, into the queue; it is at most @behind (virtual)
 * behind the clock then. Returns true when the CPU has to come to the scheduler for it.
 */
bool sched_queue_add(struct runqueue *rq, struct sched_entity *se, s64 behind,
		     u64 now) __must_check;
/*
 * Keeps the entity's virtual time within its longest lead after the clock and @behind before it.
 * More than `credit` behind, it is put at the clock and owed the rest: it catches up in company, so
 * that it does not keep the CPU from those that wake meanwhile.
 */
void sched_queue_limit(const struct runqueue *rq, struct sched_entity *se, s64 behind);
/* Takes a READY entity out. */
void sched_queue_remove(struct runqueue *rq, struct sched_entity *se);
/* The running entity leaves the CPU; @why as it says. */
void sched_queue_put(struct runqueue *rq, enum sched_leave why, u64 now);
/*
 * Makes the first of the queue the running entity, NULL when there is none. Arms the slice timer.
 */
struct sched_entity *sched_queue_pick(struct runqueue *rq, u64 now);
/* Moves all virtual times of the queue up. */
void sched_queue_shift(struct runqueue *rq, u64 by);
/* True if the entity has used up its cap in the period of @now. */
bool sched_queue_cap_reached(struct sched_entity *se, u64 now);
/* Out of budget: it waits for the end of its period. It is neither running nor in a queue. */
void sched_queue_throttle(struct sched_entity *se);

/* ---- sched_balance.c ---- */

/* The CPU on which an entity that becomes ready is best put. A hint: read without locks. */
unsigned sched_balance_choose(const struct sched_entity *se);
/* Two locked queues, which may be the same. */
struct sched_pair {
	struct runqueue *from;
	struct runqueue *to;
	irqflags_t outer; /* flags of the lock that was taken first */
	irqflags_t inner;
};
/* Locks the queue of @se as `from`, and that of CPU @to. */
void sched_balance_lock(struct sched_pair *pair, const struct sched_entity *se, unsigned to);
void sched_balance_unlock(const struct sched_pair *pair);
/* True if @se may run on @cpu. The queue of @se is locked. */
bool sched_balance_allows(const struct sched_entity *se, const struct cpu *cpu);
/* For a CPU that has nothing to do: takes over an entity that waits elsewhere. No locks held. */
bool sched_balance_pull(struct cpu *cpu);
/* Lets @se, if it waits on any CPU and may run on @cpu, be the next there. @cpu is this one. No locks held. */
bool sched_balance_take(struct cpu *cpu, struct sched_entity *se);
/* For a CPU where somebody waits: moves a waiter to where it is due earlier. No locks held. */
void sched_balance_spread(struct cpu *cpu, u64 now);
/* Tells all CPUs whether somebody waits on @cpu although it runs. Its queue is locked. */
void sched_balance_set_crowded(struct cpu *cpu, bool crowded);

/* ---- sched.c: one step of sched_loop(), without running anybody ---- */

/*
 * Ends the run of the current entity, if any, and returns the next one, NULL: idle. On @cpu itself,
 * interrupts disabled.
 */
struct sched_entity *sched_switch(struct cpu *cpu, enum sched_leave why);
/* Makes @cpu come to sched_switch(). */
void sched_resched(struct cpu *cpu);

#endif
