/* SPDX-License-Identifier: MIT */
/* Test guest: CPUs start, stop and start again, interrupt each other in all pairs, and count together. */
#include <guest.h>

#define ROUNDS 20
#define PATIENCE 20000 /* ms: more vCPUs than CPUs, on a slow machine */

static volatile u64 started[CPUS_MAX];
static volatile bool stop;
static volatile unsigned ping_from, ping_to;

static void note_start(unsigned cpu)
{
	started[cpu]++;
}

static void start_stop(unsigned cpu)
{
	unsigned good = 0;

	for (unsigned i = 1; i <= ROUNDS; i++) {
		if (!cpu_start(cpu, note_start))
			break;
		good += wait_until(started[cpu] == i && cpu_stopped(cpu), PATIENCE);
	}
	print("- CPU %u\n", cpu);
	check_equal("  starts and stops again and again", good, ROUNDS);
}

/* Sleeps, passes on a ping that is for it, ends on request. */
static void listen(unsigned cpu)
{
	u64 seen = ipi_count[cpu];

	ipi_enable(true);
	started[cpu] = 1;
	while (!stop) {
		irq_off();
		if (ipi_count[cpu] == seen && !stop)
			wait_for_interrupt();
		irq_on();
		if (ipi_count[cpu] == seen)
			continue;
		seen = ipi_count[cpu];
		if (ping_from == cpu && ping_to != cpu) {
			ping_from = ~0u;
			ipi_send(ping_to);
		}
	}
	irq_off();
	ipi_enable(false);
}

static bool is_boot(unsigned cpu)
{
	return cpu == cpu_boot();
}

static void start_listeners(void)
{
	unsigned up = 0;

	stop = false;
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		started[cpu] = 0;
		if (!is_boot(cpu) && cpu_start(cpu, listen))
			up += wait_until(started[cpu], PATIENCE);
	}
	check_equal("all others run", up, cpu_count - 1);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (!is_boot(cpu) && cpu_start(cpu, listen))
			check_equal("a running CPU is not started again", cpu, ~0u);
}

static void stop_listeners(void)
{
	unsigned down = 0;

	stop = true;
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		if (is_boot(cpu))
			continue;
		ipi_send(cpu);
		down += wait_until(cpu_stopped(cpu), PATIENCE);
	}
	check_equal("all others stop", down, cpu_count - 1);
}

/* We ask `from`, which sends to `to`; each sleeps until then. */
static void pairs(void)
{
	unsigned good = 0;

	irq_on();
	for (unsigned from = 0; from < cpu_count; from++)
		for (unsigned to = 0; to < cpu_count; to++) {
			u64 before = ipi_count[to];

			if (from == to) {
				good++;
				continue;
			}
			ping_to = to;
			ping_from = from;
			__sync_synchronize();
			if (is_boot(from))
				ipi_send(to);
			else
				ipi_send(from);
			good += wait_until(ipi_count[to] != before, PATIENCE);
			ping_from = ~0u;
		}
	irq_off();
	check_equal("an interrupt from each CPU to each other arrives", good,
		    cpu_count * cpu_count);
}

static volatile u64 lock, guarded, finished;

static void count_up(unsigned cpu)
{
	(void)cpu;
	for (unsigned i = 0; i < 2000; i++) {
		while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
			cpu_relax();
		guarded++;
		__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

static void count_together(void)
{
	unsigned down = 1;

	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (!is_boot(cpu) && !cpu_start(cpu, count_up))
			check_equal("CPU starts to count", cpu, ~0u);
	count_up(cpu_boot());
	check("all have counted", wait_until(finished == cpu_count, PATIENCE * 3));
	check_equal("and none got in between", guarded, 2000 * cpu_count);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		down += !is_boot(cpu) && wait_until(cpu_stopped(cpu), PATIENCE);
	check_equal("all have stopped", down, cpu_count);
}

void guest_main(void)
{
	print("- %u CPUs\n", cpu_count);
	if (cpu_count < 2) {
		skip("smp", "one CPU only");
		return;
	}
	ipi_enable(true);
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (!is_boot(cpu))
			start_stop(cpu);
	start_listeners();
	pairs();
	stop_listeners();
	count_together();
}
