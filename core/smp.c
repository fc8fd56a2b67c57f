/* SPDX-License-Identifier: MIT */
/* Host CPUs: per-CPU areas, start-up, cross-calls and kicks. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/panic.h>

#define SMP_START_TIMEOUT_MS 1000
#define SMP_CALL_BATCH 16

struct cpu *cpus[CONFIG_NR_CPUS];
unsigned cpu_count;

/* On the stack of the CPU that waits for it. */
struct smp_call {
	struct list_node link;
	void (*fn)(void *arg);
	void *arg;
	bool done; /* last access of the CPU that runs it */
};

static int cpu_create(unsigned id)
{
	struct cpu *cpu = heap_alloc(&owner_system, sizeof(*cpu));

	if (!cpu)
		return -ENOMEM;
	if (id) {
		cpu->stack = hostmap_stack_alloc(CPU_STACK_ORDER);
		if (!cpu->stack) {
			heap_free(cpu);
			return -ENOMEM;
		}
	}
	cpu->id = id;
	spinlock_init(&cpu->calls.lock, LOCK_SMP_CALL, "calls");
	list_init(&cpu->calls.calls);
	timer_cpu_init(cpu);
	sched_cpu_init(cpu);
	cpus[id] = cpu;
	return 0;
}

int cpu_init(unsigned count)
{
	ASSERT(count > 0 && count <= CONFIG_NR_CPUS);
	for (cpu_count = 0; cpu_count < count; cpu_count++) {
		if (cpu_create(cpu_count) < 0)
			break;
	}
	if (cpu_count == 0)
		return -ENOMEM;
	if (cpu_count < count)
		log_error("%u of %u CPUs are left out: no memory for their stacks",
			  count - cpu_count, count);
	cpus[0]->online = true;
	return 0;
}

static bool cpu_is_online(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE);
}

void smp_start(void)
{
	u64 deadline = time_now() + time_from_ms(SMP_START_TIMEOUT_MS);

	for (unsigned i = 1; i < cpu_count; i++) {
		int e = arch_cpu_start(cpus[i]);

		if (e < 0)
			log_error("CPU %u (hardware id %lu): firmware does not start it: %s", i,
				  (unsigned long)arch_cpu_hardware_id(i), error_text(e));
	}
	for (unsigned i = 1; i < cpu_count; i++) {
		while (!cpu_is_online(cpus[i]) && time_now() < deadline)
			arch_cpu_relax();
		if (!cpu_is_online(cpus[i]))
			log_error("CPU %u (hardware id %lu) did not come up in %u ms: going on "
				  "without it",
				  i, (unsigned long)arch_cpu_hardware_id(i), SMP_START_TIMEOUT_MS);
	}
}

void smp_secondary_main(void)
{
	struct cpu *cpu = this_cpu();

	arch_cpu_init(cpu);
	irq_cpu_init();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	sched_loop();
}

unsigned smp_online_count(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cpu_count; i++)
		count += cpu_is_online(cpus[i]);
	return count;
}

/* Runs what others have asked this CPU to run. Interrupts are disabled. */
static void serve_calls(struct cpu *cpu)
{
	struct call_queue *q = &cpu->calls;

	/* Racy on purpose: who adds a call sends an interrupt after it. */
	while (__atomic_load_n(&q->calls.next, __ATOMIC_RELAXED) != &q->calls) {
		irqflags_t flags = spin_lock(&q->lock);
		struct smp_call *call = NULL;

		if (!list_is_empty(&q->calls)) {
			call = list_first(&q->calls, struct smp_call, link);
			list_remove(&call->link);
		}
		spin_unlock(&q->lock, flags);
		if (!call)
			return;
		irq_enter();
		call->fn(call->arg);
		irq_leave();
		__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
	}
}

static void call_send(struct smp_call *call, unsigned cpu)
{
	struct call_queue *q = &cpus[cpu]->calls;
	irqflags_t flags = spin_lock(&q->lock);

	list_push_back(&q->calls, &call->link);
	spin_unlock(&q->lock, flags);
	arch_ipi_send(cpu);
}

static void call_wait(struct smp_call *call)
{
	while (!__atomic_load_n(&call->done, __ATOMIC_ACQUIRE)) {
		serve_calls(this_cpu());
		arch_cpu_relax();
	}
}

void smp_call(unsigned cpu, void (*fn)(void *arg), void *arg)
{
	struct smp_call call = { .fn = fn, .arg = arg };
	unsigned long flags;

	lock_assert_none_held();
	flags = arch_irq_save();
	if (cpu == this_cpu()->id) {
		fn(arg);
	} else {
		call_send(&call, cpu);
		call_wait(&call);
	}
	arch_irq_restore(flags);
}

/* One batch of smp_call_all(): the online CPUs from *@next on, other than this one. */
static void call_batch(unsigned *next, void (*fn)(void *arg), void *arg)
{
	struct smp_call calls[SMP_CALL_BATCH];
	unsigned count = 0;

	for (; *next < cpu_count && count < SMP_CALL_BATCH; ++*next) {
		if (*next == this_cpu()->id || !cpu_is_online(cpus[*next]))
			continue;
		calls[count] = (struct smp_call){ .fn = fn, .arg = arg };
		call_send(&calls[count++], *next);
	}
	while (count)
		call_wait(&calls[--count]);
}

void smp_call_all(void (*fn)(void *arg), void *arg)
{
	unsigned long flags;

	lock_assert_none_held();
	flags = arch_irq_save();
	for (unsigned next = 0; next < cpu_count;)
		call_batch(&next, fn, arg);
	fn(arg);
	arch_irq_restore(flags);
}

void smp_ipi_interrupt(void)
{
	if (unlikely(__atomic_load_n(&panic_in_progress, __ATOMIC_RELAXED)))
		panic_halt();
	/* Pairs with arch_ipi_send(): what the sender wrote before is seen from here on. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/*
	 * A kick needs no more: whoever returns from this interrupt looks at cpu->resched and at
	 * requests.
	 */
	serve_calls(this_cpu());
}

void smp_kick(unsigned cpu)
{
	struct cpu *self = this_cpu();

	if (cpu != self->id || (self->task && !self->irq_depth))
		arch_ipi_send(cpu);
}
