/* SPDX-License-Identifier: MIT */
/* Tracing: a ring of events a CPU that nobody locks, and histograms of exits by cause. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <string.h>

/*
 * Only its own CPU writes a ring, with interrupts disabled. A reader on another CPU copies an event
 * and then looks whether `head` has come so far that the copy may be torn:
 *
 *        tail = head - (TRACE_EVENTS - 1)           head
 *          ▼                                          ▼
 *     ...──[ oldest that is safe ]── ... ──[ newest ]──[ being written ]
 */
struct trace_ring {
	u64 head;                   /* events ever recorded; atomic */
	struct trace_event *events; /* TRACE_EVENTS of them, in pages */
};

bool trace_on;

static struct mutex trace_mutex = MUTEX(trace_mutex); /* guards allocation of rings, and starting */

const char *trace_kind_name(enum trace_kind kind)
{
	static const char *const names[] = {
		[TRACE_EXIT] = "exit", [TRACE_ENTER] = "enter", [TRACE_SWITCH] = "switch",
		[TRACE_WAKE] = "wake", [TRACE_IRQ] = "irq",     [TRACE_VIRQ] = "virq",
		[TRACE_VM] = "vm",
	};

	return (unsigned)kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

u64 trace_vcpu_id(const struct vcpu *vcpu)
{
	return (u64)vcpu->vm->id << 16 | vcpu->index;
}

/* ---------------------------------------------------------------- recording */

static void copy_name(char *to, size_t size, u64 name)
{
	const char *from = name ? (const char *)(uintptr_t)name : "";
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

void trace_record(enum trace_kind kind, u64 a, u64 b)
{
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();
	struct trace_ring *ring = __atomic_load_n(&cpu->trace, __ATOMIC_ACQUIRE);
	struct trace_event *event;

	if (ring) {
		event = &ring->events[ring->head % TRACE_EVENTS];
		/* Who sees the new bytes sees the head of before them too. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		event->time = time_now();
		event->kind = kind;
		event->cpu = cpu->id;
		event->a = a;
		event->b = b;
		event->name[0] = '\0';
		if (kind == TRACE_SWITCH || kind == TRACE_WAKE)
			copy_name(event->name, sizeof(event->name), a);
		__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
	}
	arch_irq_restore(flags);
}

/* The row of @cause; only this vCPU's own CPU allocates, so there is no race. */
static struct exit_histogram *histogram_row(struct vcpu *vcpu, u64 cause)
{
	if (cause >= arch_exit_name_count)
		return NULL;
	if (!vcpu->histogram)
		vcpu->histogram = heap_alloc(&vcpu->vm->heap_owner,
					     arch_exit_name_count * sizeof(*vcpu->histogram));
	return vcpu->histogram ? &vcpu->histogram[cause] : NULL;
}

void trace_exit(struct vcpu *vcpu, unsigned cause)
{
	struct exit_histogram *row = histogram_row(vcpu, cause);

	vcpu->stats.last_exit_cause = cause;
	if (row) {
		row->count++;
		row->since = time_now();
	}
	trace(TRACE_EXIT, trace_vcpu_id(vcpu), cause);
}

static unsigned bucket_of(u64 ticks)
{
	unsigned bits = ticks ? 64u - (unsigned)__builtin_clzll(ticks) : 0;
	unsigned bucket = bits > TRACE_BUCKET_SHIFT ? bits - TRACE_BUCKET_SHIFT : 0;

	return MIN(bucket, TRACE_BUCKETS - 1u);
}

void trace_enter(struct vcpu *vcpu)
{
	struct exit_histogram *row = histogram_row(vcpu, vcpu->stats.last_exit_cause);
	u64 ticks = 0;

	if (row && row->since) {
		ticks = time_now() - row->since;
		row->since = 0;
		row->returned++;
		row->ticks += ticks;
		row->max = MAX(row->max, ticks);
		row->bucket[bucket_of(ticks)]++;
	}
	trace(TRACE_ENTER, trace_vcpu_id(vcpu), ticks);
}

/* ---------------------------------------------------------------- starting */

#define EVENTS_ORDER 4
_Static_assert(TRACE_EVENTS * sizeof(struct trace_event) == PAGE_SIZE << EVENTS_ORDER,
	       "a ring fills its pages");

static struct trace_ring *allocate_ring(void)
{
	struct trace_ring *ring = heap_alloc(&owner_system, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->events = page_alloc_zero(&owner_system, EVENTS_ORDER);
	if (ring->events)
		return ring;
	heap_free(ring);
	return NULL;
}

static int allocate_rings(void)
{
	struct trace_ring *ring;

	for (unsigned i = 0; i < cpu_count; i++) {
		if (cpus[i]->trace)
			continue;
		ring = allocate_ring();
		if (!ring)
			return -ENOMEM;
		__atomic_store_n(&cpus[i]->trace, ring, __ATOMIC_RELEASE);
	}
	return 0;
}

/* On each CPU, so that no writer is disturbed. */
static void clear_ring(void *arg)
{
	struct trace_ring *ring = this_cpu()->trace;

	(void)arg;
	if (ring)
		__atomic_store_n(&ring->head, 0, __ATOMIC_RELEASE);
}

/* A vCPU that runs meanwhile may keep one count of before; that is all. */
static void clear_histograms(void)
{
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm))
		for (u32 i = 0; i < vm->vcpu_count; i++)
			if (vm->vcpus[i]->histogram)
				memset(vm->vcpus[i]->histogram, 0,
				       arch_exit_name_count * sizeof(struct exit_histogram));
}

int trace_start(void)
{
	int e;

	if (!CONFIG_TRACE)
		return -ENOSYS;
	mutex_lock(&trace_mutex);
	e = allocate_rings();
	if (!e) {
		__atomic_store_n(&trace_on, false, __ATOMIC_RELAXED);
		smp_call_all(clear_ring, NULL);
		clear_histograms();
		__atomic_store_n(&trace_on, true, __ATOMIC_RELEASE);
	}
	mutex_unlock(&trace_mutex);
	return e;
}

void trace_stop(void)
{
	__atomic_store_n(&trace_on, false, __ATOMIC_RELAXED);
}

/* ---------------------------------------------------------------- reading */

/* Events [next, end) of a ring are still to be shown. */
struct cursor {
	const struct trace_ring *ring;
	u64 begin;
	u64 next;
	u64 end;
};

/* Copies event @index; false when it was overwritten before or meanwhile. */
static bool read_event(const struct trace_ring *ring, u64 index, struct trace_event *event)
{
	*event = *(const volatile struct trace_event *)&ring->events[index % TRACE_EVENTS];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&ring->head, __ATOMIC_RELAXED) - index < TRACE_EVENTS;
}

static unsigned open_cursors(struct cursor *cursors)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cpu_count; i++) {
		struct cursor *c = &cursors[count];

		c->ring = __atomic_load_n(&cpus[i]->trace, __ATOMIC_ACQUIRE);
		if (!c->ring)
			continue;
		c->end = __atomic_load_n(&c->ring->head, __ATOMIC_ACQUIRE);
		c->begin = c->end >= TRACE_EVENTS ? c->end - (TRACE_EVENTS - 1) : 0;
		c->next = c->end;
		count++;
	}
	return count;
}

/* Moves every `next` back, newest event first, until @max events lie behind them. */
static void rewind_cursors(struct cursor *cursors, unsigned count, unsigned max)
{
	for (; max; max--) {
		struct cursor *newest = NULL;
		u64 newest_time = 0;

		for (struct cursor *c = cursors; c < cursors + count; c++) {
			u64 time = c->next > c->begin ?
					   c->ring->events[(c->next - 1) % TRACE_EVENTS].time :
					   0;

			if (c->next > c->begin && (!newest || time > newest_time)) {
				newest = c;
				newest_time = time;
			}
		}
		if (!newest)
			return;
		newest->next--;
	}
}

/* The oldest event behind the cursors; false when there is none. */
static bool next_event(struct cursor *cursors, unsigned count, struct trace_event *event)
{
	struct cursor *oldest = NULL;
	struct trace_event candidate;

	for (struct cursor *c = cursors; c < cursors + count; c++) {
		while (c->next < c->end && !read_event(c->ring, c->next, &candidate))
			c->next++;
		if (c->next < c->end && (!oldest || candidate.time < event->time)) {
			oldest = c;
			*event = candidate;
		}
	}
	if (oldest)
		oldest->next++;
	return oldest != NULL;
}

int trace_for_each(unsigned max, void (*fn)(void *ctx, const struct trace_event *event), void *ctx)
{
	struct cursor *cursors = heap_alloc(&owner_system, cpu_count * sizeof(*cursors));
	struct trace_event event;
	unsigned count;

	if (!cursors)
		return -ENOMEM;
	count = open_cursors(cursors);
	rewind_cursors(cursors, count, MIN(max, cpu_count * TRACE_EVENTS));
	while (next_event(cursors, count, &event))
		fn(ctx, &event);
	heap_free(cursors);
	return 0;
}
