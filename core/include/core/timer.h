/* SPDX-License-Identifier: MIT */
/* One-shot host timers: a queue a CPU, the hardware timer armed for the earliest only. */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <core/time.h>
#include <libs/list.h>

struct timer;
typedef void (*timer_fn)(struct timer *timer);

/*
 * Owned by the caller, who keeps it alive until timer_cancel_sync() or the callback has returned.
 */
struct timer {
	struct list_node link;
	u64 deadline; /* host ticks */
	timer_fn
		fn; /* runs with interrupts disabled, no lock held; must be short and not call smp_call() */
	u32 cpu; /* whose queue it is in or was in last; that queue's lock guards all fields */
};

void timer_init(struct timer *timer, timer_fn fn);
/*
 * Arms on this CPU; a timer that is armed anywhere is moved. TIME_NEVER cancels. While the callback
 * runs, the timer stays with the CPU that runs it, so that a callback never runs twice at a time.
 * Any context that holds no lock of rank TIMER or later.
 */
void timer_set(struct timer *timer, u64 deadline);
/*
 * Takes it out of its queue. The callback may still be running on another CPU. Contexts as above.
 */
void timer_cancel(struct timer *timer);
/*
 * Like timer_cancel(), and waits for a running callback. Not from the callback, nor with a lock
 * that it takes.
 */
void timer_cancel_sync(struct timer *timer);
/* A moment's truth unless the caller keeps others from arming and cancelling. */
static inline bool timer_is_armed(const struct timer *timer)
{
	return !list_is_empty(&timer->link);
}

struct cpu;
void timer_cpu_init(struct cpu *cpu);
/* Called by arch code when this CPU's hardware timer fires: runs what is due and re-arms. */
void timer_interrupt(void);
/* The earliest deadline of this CPU's queue. */
u64 timer_next_deadline(void);

#endif
