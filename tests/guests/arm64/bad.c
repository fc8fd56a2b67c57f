/* SPDX-License-Identifier: MIT */
/* A guest that misbehaves without end, in the way that its command line names. All its CPUs take part. */
#include <gic.h>

/* No exception may come back here, where each would be an end. */
static void vectors_at(u64 at)
{
	sysreg_write(vbar_el1, at);
	isb();
}

static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void off_the_map(unsigned cpu)
{
	vectors_at(NOWHERE);
	for (;;)
		(void)*(volatile u64 *)(NOWHERE + 8 * cpu);
}

/* Each exception leads to the next one at once, with nothing in between. */
static void trap_loop(unsigned cpu)
{
	(void)cpu;
	vectors_at(NOWHERE_HIGH);
	__asm__ volatile("brk #0");
}
static void trap_loop_device(unsigned cpu)
{
	(void)cpu;
	identity[0] &= ~PTE_PXN;
	tlb_flush();
	vectors_at(UART_BASE);
	__asm__ volatile("brk #0");
}
static void trap_loop_wild(unsigned cpu)
{
	(void)cpu;
	vectors_at(~0ul << 45);
	__asm__ volatile("udf #0");
}
static void trap_loop_memory(unsigned cpu)
{
	static const u32 nothing[512] __attribute__((aligned(2048))); /* undefined, as handlers */

	(void)cpu;
	vectors_at((u64)(uintptr_t)nothing);
	__asm__ volatile("udf #0");
}

/* What only the hypervisor can refuse, again and again. */
static void virtual_loop(unsigned cpu)
{
	static u32 handlers[512] __attribute__((aligned(2048)));

	(void)cpu;
	for (unsigned i = 0; i < ARRAY_SIZE(handlers); i++)
		handlers[i] = MRS(SYSREG(3, 0, 11, 0, 0), 0);
	code_sync(handlers, sizeof(handlers));
	vectors_at((u64)(uintptr_t)handlers);
	__asm__ volatile("udf #0");
}

/* The walker finds its tables in a device, also for its own handlers. */
static void table_in_device(unsigned cpu)
{
	(void)cpu;
	sysreg_write(ttbr0_el1, UART_BASE);
	tlb_flush();
	for (;;)
		;
}

static void table_nowhere(unsigned cpu)
{
	(void)cpu;
	sysreg_write(ttbr0_el1, (1ul << 47) - PAGE_SIZE);
	tlb_flush();
	for (;;)
		;
}

static void ipi_storm(unsigned cpu)
{
	(void)cpu;
	ipi_enable(true);
	irq_on();
	for (;;) {
		gic_send(cpu, 0);
		gic_send_others(0);
	}
}

static void fence_storm(unsigned cpu)
{
	for (u64 i = cpu;; i++) {
		__asm__ volatile(
			"tlbi vmalle1is\n\ttlbi vaae1is, %0\n\tic ialluis\n\tdsb ish\n\tisb" ::"r"(
				i)
			: "memory");
		if (i % 64 == 0)
			__asm__ volatile("dc cisw, %0\n\tdsb sy" ::"r"(i << 6) : "memory");
	}
}

/* Each change makes the hypervisor care for what is in caches. */
static void cache_storm(unsigned cpu)
{
	for (u64 i = cpu;; i++) {
		mmu_off();
		__asm__ volatile("dc csw, %0" ::"r"(i << 6) : "memory");
		mmu_on();
	}
}

static void timer_again(u32 intid)
{
	(void)intid; /* the line stays high: the next instruction is interrupted again */
}
static void timer_storm(unsigned cpu)
{
	(void)cpu;
	irq_handlers[27] = irq_handlers[30] = timer_again;
	gic_enable(27, true);
	gic_enable(30, true);
	timer_set(0);
	sysreg_write(cntp_cval_el0, 0);
	sysreg_write(cntp_ctl_el0, 1);
	irq_on();
	for (;;) {
		timer_set(0);
		sysreg_write(cntp_tval_el0, cpu);
	}
}

static void device_storm(unsigned cpu)
{
	(void)cpu;
	for (u32 i = 0;; i++) {
		read32(UART_BASE + i % 1024 * 4);
		write32(UART_BASE + 0x38, i);
		write32(UART_BASE + 0x44, ~i);
		read32(RTC_BASE + i % 8 * 4);
		write32(RTC_BASE + 4, i);
		write32(RTC_BASE + 0x10, 1);
	}
}

/* Anything anywhere in the interrupt controller. */
static void gic_storm(unsigned cpu)
{
	u64 r = 88172645463325252ull + cpu;

	irq_raw = NULL;
	for (;;) {
		u64 at = gicd + (next_random(&r) & 0xfffc);

		if (gic_version == 3 && (r >> 40) % 2)
			at = gicr[cpu] + (r >> 20 & 0x1fffc);
		if ((r >> 50) % 4)
			write32(at, (u32)(r >> 8));
		else
			read32(at);
		if (gic_version == 3) {
			icc_write(ICC_SGI1R, r & 0x100000f03000f);
			icc_write(ICC_EOIR1, r >> 30 & 0xff);
			icc_write(ICC_DIR, r >> 20 & 0xff);
			icc_write(ICC_PMR, r >> 10 & 0xff);
			icc_read(ICC_IAR1);
			icc_read(ICC_IAR0);
			icc_write(ICC_CTLR, r >> 5 & 2);
		}
	}
}

/* Words that read or write whatever system register comes along. */
static void sysreg_storm(unsigned cpu)
{
	u64 r = 88172645463325252ull + cpu;

	this_cpu()->expected = true;
	for (;;) {
		u32 reg = 0x00100000 | (u32)(next_random(&r) & 0x000fffe0), crn = reg >> 12 & 15;

		this_cpu()->in[0] = r;
		/* Its own translation, stack and vectors would end the storm. */
		if ((r >> 40) % 2 || (reg >> 16 & 7) != 0 || crn == 1 || crn == 2 || crn == 4 ||
		    crn == 10 || crn == 12 || crn == 13)
			run_instruction(MRS(reg, 0));
		else
			run_instruction(MSR(reg, 0));
	}
}

static void console_flood(unsigned cpu)
{
	(void)cpu;
	for (u64 i = 0;; i++)
		write32(UART_BASE, (u32)(' ' + i % 90));
}

static void firmware_flood(unsigned cpu)
{
	for (;;) {
		psci(0xc4000053, 192, 0, 0); /* TRNG_RND */
		psci(PSCI_FEATURES, PSCI_CPU_ON, 0, 0);
		psci(PSCI_AFFINITY_INFO | PSCI_64, cpu_mpidr(cpu), 0, 0);
	}
}

static void garbage_calls(unsigned cpu)
{
	u64 r = 88172645463325252ull + cpu;

	for (;;) {
		static const u32 bases[] = { 0x84000000, 0xc4000000, 0x80000000, 0xc0000000,
					     0x86000000, 0xc6000000, 0,          0xbf000000 };
		u64 regs[18];

		for (unsigned i = 0; i < ARRAY_SIZE(regs); i++)
			regs[i] = next_random(&r);
		regs[0] = bases[r % ARRAY_SIZE(bases)] |
			  (r >> 60 ? r >> 20 & 0xff : r >> 20 & 0xffff);
		if ((regs[0] & 0xbfffffff) == PSCI_CPU_OFF ||
		    (regs[0] & 0xbfffffff) == PSCI_SYSTEM_OFF ||
		    (regs[0] & 0xbfffffff) == PSCI_SYSTEM_RESET ||
		    (regs[0] & 0xbfffffff) == PSCI_SYSTEM_RESET2 ||
		    (regs[0] & 0xbfffffff) == PSCI_CPU_SUSPEND ||
		    (regs[0] & 0xbfffffff) == PSCI_SYSTEM_SUSPEND)
			continue;
		smccc_call(regs, r >> 63);
	}
}

static void all_cpus_off(unsigned cpu)
{
	(void)cpu;
	psci(PSCI_CPU_OFF, 0, 0, 0);
}

static void sleep_forever(unsigned cpu)
{
	(void)cpu;
	gic_cpu_off();
	for (;;)
		wait_for_interrupt();
}

static void spin(unsigned cpu)
{
	(void)cpu;
	for (;;)
		__asm__ volatile("");
}

static void wait_for_events(unsigned cpu)
{
	(void)cpu;
	for (;;)
		__asm__ volatile("wfe");
}

static void start_storm(unsigned cpu)
{
	for (u64 i = cpu;; i++) {
		psci(PSCI_CPU_ON | PSCI_64, i % 8, i << 4, i);
		psci(PSCI_AFFINITY_INFO | PSCI_64, i % 8, 0, 0);
		psci(PSCI_CPU_ON | PSCI_64, i % 8, (u64)(uintptr_t)secondary_start,
		     (u64)(uintptr_t)&cpus[i % 8]);
	}
}

static void suspend_storm(unsigned cpu)
{
	this_cpu()->fn = suspend_storm; /* where power-down ends */
	timer_enable(true);
	for (;;) {
		timer_set(now() + 100);
		psci(PSCI_CPU_SUSPEND | PSCI_64, 0, 0, 0);
		timer_set(now() + 100);
		psci(PSCI_CPU_SUSPEND | PSCI_64, 1 << 16, (u64)(uintptr_t)secondary_start,
		     (u64)(uintptr_t)&cpus[cpu]);
	}
}

static void reboot(unsigned cpu)
{
	(void)cpu;
	psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static const struct {
	const char *name;
	void (*fn)(unsigned cpu);
} ways[] = {
	{ "off-the-map", off_the_map },
	{ "trap-loop", trap_loop },
	{ "trap-loop-device", trap_loop_device },
	{ "trap-loop-wild", trap_loop_wild },
	{ "trap-loop-memory", trap_loop_memory },
	{ "virtual-loop", virtual_loop },
	{ "table-in-device", table_in_device },
	{ "table-nowhere", table_nowhere },
	{ "ipi-storm", ipi_storm },
	{ "fence-storm", fence_storm },
	{ "cache-storm", cache_storm },
	{ "timer-storm", timer_storm },
	{ "device-storm", device_storm },
	{ "gic-storm", gic_storm },
	{ "sysreg-storm", sysreg_storm },
	{ "console-flood", console_flood },
	{ "firmware-flood", firmware_flood },
	{ "garbage-calls", garbage_calls },
	{ "start-storm", start_storm },
	{ "suspend-storm", suspend_storm },
	{ "all-cpus-off", all_cpus_off },
	{ "sleep-forever", sleep_forever },
	{ "spin", spin },
	{ "wait-for-events", wait_for_events },
	{ "reboot", reboot },
};

void guest_main(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!option(ways[i].name))
			continue;
		print("bad: %s with %u CPUs\n", ways[i].name, cpu_count);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			if (cpu != cpu_boot() && !cpu_start(cpu, ways[i].fn))
				die("CPU does not start", cpu, 0, 0);
		ways[i].fn(cpu_boot());
	}
	die("the command line names no way of misbehaving", 0, 0, 0);
}
