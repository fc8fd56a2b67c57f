/* SPDX-License-Identifier: MIT */
/* Test guest: the state in which CPUs start, on and off in every order, events between CPUs, suspend. */
#include <arm64.h>

#define PATIENCE 20000
#define ROUNDS 30

static volatile u64 runs[CPUS_MAX], go, seen[CPUS_MAX];

/* ---- what a CPU starts with (DEN 0022, 6.4; Linux' booting.rst for the first one) ---- */

static void state(const char *name, const struct cpu *cpu)
{
	print("- %s\n", name);
	check_equal("  at EL1", cpu->start[START_EL], 1 << 2);
	check_equal("  with SP_EL1", cpu->start[START_SPSEL], 1);
	check_equal("  all exceptions masked", cpu->start[START_DAIF], 0x3c0);
	check_equal("  translation and caches off",
		    cpu->start[START_SCTLR] & (SCTLR_M | SCTLR_C | SCTLR_I), 0);
	check_equal("  little-endian", cpu->start[START_SCTLR] & 3ul << 24, 0);
	check_equal("  the affinity that the tree says", cpu->start[START_MPIDR] & 0xff00fffffful,
		    cpu_mpidr((unsigned)cpu->index));
	check_equal("  not a uniprocessor, and RES1", cpu->start[START_MPIDR] >> 30 & 3, 2);
}

static void note(unsigned cpu)
{
	runs[cpu]++;
}

static void first_states(void)
{
	u32 size;

	state("the first CPU", &cpus[0]);
	check_equal("  x0 is the tree", cpus[0].start[START_X0], (u64)(uintptr_t)fdt_blob(&size));
	check_equal("  on 8 bytes", cpus[0].start[START_X0] & 7, 0);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		memset(cpus[cpu].start, 0xaa, sizeof(cpus[cpu].start));
		check("a CPU starts", cpu_start(cpu, note));
		check("and stops", wait_until(runs[cpu] == 1 && cpu_stopped(cpu), PATIENCE));
		state("another CPU", &cpus[cpu]);
		check_equal("  x0 is the context id", cpus[cpu].start[START_X0],
			    (u64)(uintptr_t)&cpus[cpu]);
	}
}

static void unique_affinities(void)
{
	unsigned same = 0;

	for (unsigned i = 0; i < cpu_count; i++)
		for (unsigned j = 0; j < i; j++)
			same += cpu_mpidr(i) == cpu_mpidr(j);
	check_equal("no two CPUs have the same affinity", same, 0);
}

/* ---- on and off ---- */

static void wait_go(unsigned cpu)
{
	runs[cpu]++;
	while (!go)
		cpu_relax();
}

static void all_together(void)
{
	unsigned good = 0, on = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned up = 0, down = 0;

		go = 0;
		for (unsigned cpu = 1; cpu < cpu_count; cpu++)
			runs[cpu] = 0, cpu_start(cpu, wait_go);
		for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
			up += wait_until(runs[cpu] == 1, PATIENCE);
			on += cpu_affinity_info(cpu) == AFFINITY_ON;
		}
		go = 1;
		for (unsigned cpu = cpu_count - 1; cpu > 0; cpu--)
			down += wait_until(cpu_stopped(cpu), PATIENCE);
		good += up == cpu_count - 1 && down == up;
	}
	check_equal("all others on and off, again and again", good, ROUNDS);
	check_equal("each one was on meanwhile", on, ROUNDS * (cpu_count - 1));
}

/* CPU_ON again and again while it switches itself off: each success is one run. */
static void at_once(void)
{
	u64 started = 0, tries = 0, odd = 0;

	runs[1] = 0;
	cpus[1].fn = note;
	for (u64 end = now() + 60 * tick_hz; started < 100 && now() < end; tries++) {
		u64 ret = cpu_on(1);

		started += ret == PSCI_OK;
		odd += ret != PSCI_OK && ret != (u64)PSCI_ALREADY_ON && ret != (u64)PSCI_ON_PENDING;
	}
	check("it is off in the end", wait_until(cpu_stopped(1), PATIENCE));
	check_equal("a CPU is started as soon as it is off", started, 100);
	if (!option("bare")) /* QEMU's CPU_ON succeeds until the CPU has come up */
		check_equal("  each success was one run", runs[1], started);
	check_equal("  and each other answer that it was on", odd, 0);
	print("  %lu calls\n", tries);
}

static void start_next(unsigned cpu)
{
	runs[cpu]++;
	if (cpu + 1 < cpu_count)
		cpu_start(cpu + 1, start_next);
}

static void chain(void)
{
	unsigned ended = 0;

	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		runs[cpu] = 0;
	cpu_start(1, start_next);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		ended += wait_until(runs[cpu] == 1 && cpu_stopped(cpu), PATIENCE);
	check_equal("a CPU that was started starts the next", ended, cpu_count - 1);
}

/* ---- caches: what was written with caches on is seen by a CPU that has them off, and the other way round ---- */

static u64 shared_word[8] __attribute__((aligned(64)));

static void look_uncached(unsigned cpu)
{
	mmu_off();
	seen[cpu] = *(volatile u64 *)shared_word;
	*(volatile u64 *)(shared_word + 1) = 0x1234 + cpu;
	dsb();
	mmu_on();
}

static void caches_off(void)
{
	shared_word[0] = 0xfeedface;
	__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(shared_word) : "memory");
	check("a CPU with caches off runs",
	      cpu_start(1, look_uncached) && wait_until(cpu_stopped(1), PATIENCE));
	check_equal("  and sees what was cleaned", seen[1], 0xfeedface);
	__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(shared_word) : "memory");
	check_equal("  its own stores are in memory", *(volatile u64 *)(shared_word + 1), 0x1235);
}

/* ---- events, sleep, suspend ---- */

static void wait_event(unsigned cpu)
{
	runs[cpu] = 1;
	while (!go)
		__asm__ volatile("wfe" ::: "memory");
	seen[cpu] = 1;
}

static void events(void)
{
	go = 0;
	seen[1] = runs[1] = 0;
	check("a CPU that waits for an event runs",
	      cpu_start(1, wait_event) && wait_until(runs[1], PATIENCE));
	delay_us(2000);
	go = 1;
	__asm__ volatile("dsb ish\n\tsev" ::: "memory");
	check("SEV wakes it", wait_until(seen[1] && cpu_stopped(1), PATIENCE));
	__asm__ volatile("sevl\n\twfe" ::: "memory");
	check("SEVL wakes oneself", true);
}

static void suspended(unsigned cpu)
{
	u64 ret;

	ipi_enable(true);
	runs[cpu] = 1;
	ret = psci(PSCI_CPU_SUSPEND | PSCI_64, 0, 0, 0);
	seen[cpu] = ret == PSCI_OK ? 1 : 99;
	irq_on();
	wait_until(ipi_count[cpu], PATIENCE);
	irq_off();
	seen[cpu] += ipi_count[cpu];
}

static void suspend(void)
{
	seen[1] = runs[1] = ipi_count[1] = 0;
	check("a CPU that suspends itself runs",
	      cpu_start(1, suspended) && wait_until(runs[1], PATIENCE));
	delay_us(2000);
	check_equal("  it is on meanwhile", cpu_affinity_info(1), AFFINITY_ON);
	ipi_send(1);
	check("an interrupt ends it", wait_until(cpu_stopped(1), PATIENCE));
	check_equal("  without an error, and is taken then", seen[1], 2);
}

/* Everything that is a CPU's own starts anew: what one left behind does not show. */
static void leave_mess(unsigned cpu)
{
	timer_enable(true);
	timer_set(now());
	sysreg_write(contextidr_el1, 0x77);
	(void)cpu;
}

static void clean_start(unsigned cpu)
{
	wait_until(false, 2);
	seen[cpu] = sysreg_read(isr_el1);
}

static void mess(void)
{
	check("a CPU that leaves its timer on stops",
	      cpu_start(1, leave_mess) && wait_until(cpu_stopped(1), PATIENCE));
	check("it starts again", cpu_start(1, clean_start) && wait_until(cpu_stopped(1), PATIENCE));
	check_equal("  and no interrupt of before is signalled", seen[1], 0);
}

void guest_main(void)
{
	unique_affinities();
	first_states();
	if (cpu_count < 2) {
		skip("cpus", "one CPU only");
		return;
	}
	all_together();
	at_once();
	chain();
	caches_off();
	events();
	suspend();
	mess();
}
