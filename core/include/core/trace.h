/* SPDX-License-Identifier: MIT */
/* Tracing: a ring of events a CPU, latency histograms a vCPU and exit cause; off unless asked for. */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <core/time.h>

struct vcpu;

enum trace_kind {
	TRACE_EXIT,   /* a: trace_vcpu_id(), b: cause */
	TRACE_ENTER,  /* a: trace_vcpu_id(), b: ticks since the exit */
	TRACE_SWITCH, /* a: entity's name pointer, b: how the one before left */
	TRACE_WAKE,   /* a: entity's name pointer, b: CPU */
	TRACE_IRQ,    /* a: host interrupt */
	TRACE_VIRQ,   /* a: trace_vcpu_id(), b: pin << 1 | level */
	TRACE_VM,     /* a: VM id, b: new state */
	TRACE_KIND_COUNT
};

#define TRACE_EVENTS 1024 /* a CPU; a power of two */

struct trace_event {
	u64 time; /* host ticks */
	u32 kind;
	u32 cpu;
	u64 a;
	u64 b;
	char name[32]; /* SWITCH, WAKE: what `a` pointed to then */
};

/* Read on hot paths: one load and one branch that is predicted not taken. */
extern bool trace_on;

void trace_record(enum trace_kind kind, u64 a, u64 b);
/* VM id << 16 | vCPU index. */
u64 trace_vcpu_id(const struct vcpu *vcpu);
static inline void trace(enum trace_kind kind, u64 a, u64 b)
{
	if (CONFIG_TRACE && unlikely(trace_on))
		trace_record(kind, a, b);
}

/* Buckets: powers of two of ticks. */
#define TRACE_BUCKETS 24
#define TRACE_BUCKET_SHIFT 2
struct exit_histogram {
	u64 count; /* exits */
	u64 returned; /* of these, that went back to the guest without giving up the CPU; the rest is about them */
	u64 ticks;
	u64 max;
	u64 since; /* an exit began then and has not ended; 0: none */
	u32 bucket
		[TRACE_BUCKETS]; /* bucket n: less than 2^(n + TRACE_BUCKET_SHIFT) ticks, the last one: more */
};

/*
 * From arch code around an exit, when trace_on, interrupts disabled. trace_enter() only when the same run
 * goes back to the guest: the time between the two goes to the row of @cause in vcpu->histogram, which the
 * first exit allocates.
 */
void trace_exit(struct vcpu *vcpu, unsigned cause);
void trace_enter(struct vcpu *vcpu);

/* Allocates rings as needed, forgets all events and histograms. Tasks. -ENOMEM; -ENOSYS without CONFIG_TRACE. */
int trace_start(void) __must_check;
void trace_stop(void);
/* Merged by time, oldest first, at most @max of the newest. Tasks. -ENOMEM. */
int trace_for_each(unsigned max, void (*fn)(void *ctx, const struct trace_event *event),
		   void *ctx) __must_check;
const char *trace_kind_name(enum trace_kind kind);

#endif
