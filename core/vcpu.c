/* SPDX-License-Identifier: MIT */
/* A virtual CPU: power, holds, requests, and what it does when the scheduler gives it a CPU. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/panic.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vm_config.h>
#include <libs/format.h>
#include <string.h>

static void wake_timer_fired(struct timer *timer)
{
	vcpu_wake(container_of(timer, struct vcpu, wake_timer));
}

static int apply_schedule(struct vcpu *vcpu, const struct vm_config *config)
{
	int err = sched_set_weight(&vcpu->se, config->weight);

	if (!err && config->cap_percent)
		err = sched_set_cap(&vcpu->se, config->cap_percent);
	return err ? err : sched_set_affinity(&vcpu->se, &config->affinity);
}

int vcpu_create(struct vm *vm, unsigned index, struct vcpu **out)
{
	struct vcpu *vcpu = heap_alloc(&vm->heap_owner, sizeof(*vcpu));
	int err;

	if (!vcpu)
		return -ENOMEM;
	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->hold = 1; /* until the VM runs */
	vcpu->parked = true;
	vcpu->loaded_cpu = -1;
	format_to(vcpu->name, sizeof(vcpu->name), "%s/%u", vm->name, index);
	spinlock_init(&vcpu->lock, LOCK_VCPU, "vcpu");
	timer_init(&vcpu->wake_timer, wake_timer_fired);
	sched_entity_init(&vcpu->se, SCHED_VCPU, vcpu->name);
	err = apply_schedule(vcpu, vm->config);
	if (!err)
		err = arch_vcpu_create(vcpu);
	if (err) {
		sched_retire(&vcpu->se);
		heap_free(vcpu);
		return err;
	}
	*out = vcpu;
	return 0;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	ASSERT(vcpu->hold > 0);
	vcpu_wait_parked(vcpu);
	sched_retire(&vcpu->se);
	timer_cancel_sync(&vcpu->wake_timer);
	arch_vcpu_destroy(vcpu);
	vmid_forget_vcpu(vcpu);
	heap_free(vcpu->histogram);
	heap_free(vcpu);
}

struct vcpu *vcpu_current(void)
{
	struct cpu *cpu = this_cpu();

	return cpu ? cpu->vcpu : NULL;
}

/* ---- which CPU holds the system registers ---- */

static void unload_here(void *arg)
{
	struct vcpu *vcpu = arg;
	struct cpu *cpu = this_cpu();

	if (cpu->loaded != vcpu)
		return;
	arch_vcpu_put(vcpu);
	cpu->loaded = NULL;
	__atomic_store_n(&vcpu->loaded_cpu, -1, __ATOMIC_SEQ_CST);
}

void vcpu_unload(struct vcpu *vcpu)
{
	s32 cpu = __atomic_load_n(&vcpu->loaded_cpu, __ATOMIC_ACQUIRE);

	if (cpu >= 0)
		smp_call(cpu, unload_here, vcpu);
}

static void load_here(struct vcpu *vcpu)
{
	struct cpu *cpu = this_cpu();

	vcpu_unload(vcpu);
	if (cpu->loaded)
		unload_here(cpu->loaded);
	cpu->loaded = vcpu;
	/* Before the requests are read: who sets one looks here afterwards (TLB maintenance relies on it). */
	__atomic_store_n(&vcpu->loaded_cpu, (s32)cpu->id, __ATOMIC_SEQ_CST);
	arch_vcpu_load(vcpu);
}

/* ---- running ---- */

static void park(struct vcpu *vcpu)
{
	vcpu_unload(vcpu);
	__atomic_store_n(&vcpu->parked, true, __ATOMIC_SEQ_CST);
	waitqueue_wake(&vcpu->vm->changed);
}

/* vcpu_hold() raises hold and then reads parked; here it is the other way round, so one sees the other. */
static bool is_held(struct vcpu *vcpu)
{
	__atomic_store_n(&vcpu->parked, false, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&vcpu->hold, __ATOMIC_SEQ_CST) > 0;
}

static void take_start(struct vcpu *vcpu)
{
	irqflags_t flags;
	u64 entry, arg;

	vcpu_unload(vcpu);
	flags = spin_lock(&vcpu->lock);
	vcpu->start_pending = false;
	entry = vcpu->start_entry;
	arg = vcpu->start_arg;
	spin_unlock(&vcpu->lock, flags);
	vcpu->waiting = false;
	arch_vcpu_reset(vcpu, entry, arg);
}

static bool is_still_waiting(struct vcpu *vcpu)
{
	u64 deadline = TIME_NEVER;

	/* Another CPU may hold its registers still: what memory says of interrupts and timer is old then. */
	if (vcpu->loaded_cpu != (s32)this_cpu()->id)
		vcpu_unload(vcpu);
	if (arch_vcpu_has_interrupt(vcpu, &deadline)) {
		vcpu->waiting = false;
		if (timer_is_armed(&vcpu->wake_timer))
			timer_cancel(&vcpu->wake_timer);
		return false;
	}
	if (deadline != TIME_NEVER || timer_is_armed(&vcpu->wake_timer))
		timer_set(&vcpu->wake_timer, deadline);
	return true;
}

/* Everything that keeps it from running leads to a later vcpu_wake(), so nothing is lost by blocking. */
static bool may_run(struct vcpu *vcpu)
{
	/* What is looked at below is current: a wake-up from before this is not a reason to look again. */
	sched_block_prepare(&vcpu->se);
	if (unlikely(is_held(vcpu))) {
		park(vcpu);
		return false;
	}
	/* Acquired: who switched it on has set start_pending before. */
	if (unlikely(__atomic_load_n(&vcpu->power, __ATOMIC_ACQUIRE) == VCPU_OFF ||
		     __atomic_load_n(&vcpu->vm->power_pending, __ATOMIC_RELAXED)))
		return false;
	if (unlikely(vcpu->start_pending))
		take_start(vcpu);
	return !vcpu->waiting || !is_still_waiting(vcpu);
}

enum sched_leave vcpu_run(struct vcpu *vcpu)
{
	struct cpu *cpu = this_cpu();

	__atomic_fetch_and(&vcpu->requests, ~(u32)VCPU_REQ_LEAVE, __ATOMIC_SEQ_CST);
	if (!may_run(vcpu))
		return SCHED_BLOCK;
	if (cpu->loaded != vcpu)
		load_here(vcpu);
	cpu->vcpu = vcpu;
	arch_vcpu_enter(vcpu);
	cpu->vcpu = NULL;
	if (cpu->resched)
		return SCHED_PREEMPTED;
	return may_run(vcpu) ? SCHED_PREEMPTED : SCHED_BLOCK;
}

/* So many are looked at; who spins on asks again. */
#define SPIN_LOOK_MAX 16

void vcpu_spins(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	u32 count = MIN(vm->vcpu_count, (u32)SPIN_LOOK_MAX);
	u32 at = __atomic_load_n(&vm->spin_next, __ATOMIC_RELAXED);

	for (bool found = false; count && !found; count--) {
		at = at + 1 < vm->vcpu_count ? at + 1 : 0;
		found = vm->vcpus[at] != vcpu && sched_hand_over(&vm->vcpus[at]->se);
	}
	__atomic_store_n(&vm->spin_next, at, __ATOMIC_RELAXED);
}

/* ---- events ---- */

void vcpu_wake(struct vcpu *vcpu)
{
	sched_wake(&vcpu->se);
}

void vcpu_request(struct vcpu *vcpu, u32 requests)
{
	__atomic_fetch_or(&vcpu->requests, requests, __ATOMIC_SEQ_CST);
	if (vcpu_current() == vcpu)
		return; /* looked at on the way out of this exit */
	sched_wake(&vcpu->se);
	sched_kick(&vcpu->se);
}

void vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level)
{
	if (unlikely(trace_on))
		trace_record(TRACE_VIRQ, trace_vcpu_id(vcpu), ((u64)pin << 1) | level);
	if (arch_vcpu_set_pin(vcpu, pin, level))
		vcpu_request(vcpu, VCPU_REQ_IRQ);
}

void vcpu_hold(struct vcpu *vcpu)
{
	__atomic_fetch_add(&vcpu->hold, 1, __ATOMIC_SEQ_CST);
	vcpu_request(vcpu, VCPU_REQ_LEAVE);
}

void vcpu_release(struct vcpu *vcpu)
{
	u32 before = __atomic_fetch_sub(&vcpu->hold, 1, __ATOMIC_SEQ_CST);

	ASSERT(before > 0);
	vcpu_wake(vcpu);
}

static bool is_parked(void *arg)
{
	return __atomic_load_n(&((struct vcpu *)arg)->parked, __ATOMIC_SEQ_CST);
}

void vcpu_wait_parked(struct vcpu *vcpu)
{
	int err = waitqueue_wait(&vcpu->vm->changed, is_parked, vcpu, TIME_NEVER);

	ASSERT(!err);
}

int vcpu_power_on(struct vcpu *vcpu, u64 entry, u64 arg)
{
	irqflags_t flags = spin_lock(&vcpu->lock);
	int err = vcpu->power == VCPU_ON ? -EBUSY : 0;

	if (!err) {
		vcpu->start_entry = entry;
		vcpu->start_arg = arg;
		vcpu->start_pending = true;
		__atomic_store_n(&vcpu->power, VCPU_ON, __ATOMIC_RELEASE);
	}
	spin_unlock(&vcpu->lock, flags);
	if (!err)
		vcpu_wake(vcpu);
	return err;
}

void vcpu_power_off(struct vcpu *vcpu)
{
	irqflags_t flags = spin_lock(&vcpu->lock);

	__atomic_store_n(&vcpu->power, VCPU_OFF, __ATOMIC_RELAXED);
	spin_unlock(&vcpu->lock, flags);
	vcpu_request(vcpu, VCPU_REQ_LEAVE);
}

/* ---- dumps ---- */

struct log_sink {
	char line[160];
	size_t used;
};

static void flush_line(struct log_sink *sink)
{
	if (sink->used)
		log_warn("%.*s", (int)sink->used, sink->line);
	sink->used = 0;
}

static void print_to_log(void *ctx, const char *fmt, ...) __printf(2, 3);

/* Makes lines of pieces: "a=1 b=2\n" may come in several calls, and several lines in one. */
static void print_to_log(void *ctx, const char *fmt, ...)
{
	struct log_sink *sink = ctx;
	char piece[256];
	va_list args;

	va_start(args, fmt);
	format_to_va(piece, sizeof(piece), fmt, args);
	va_end(args);
	for (const char *c = piece; *c; c++) {
		if (*c == '\n' || sink->used == sizeof(sink->line) - 1)
			flush_line(sink);
		if (*c != '\n')
			sink->line[sink->used++] = *c;
	}
}

void vcpu_dump_to_log(struct vcpu *vcpu, const char *why)
{
	struct log_sink sink = { "", 0 };

	log_warn("VM %s: vCPU %u: %s; its registers:", vcpu->vm->name, vcpu->index, why);
	arch_vcpu_dump(vcpu, print_to_log, &sink);
	flush_line(&sink);
}
