/* SPDX-License-Identifier: MIT */
/* A guest that misbehaves without end, in the way that its command line names. All its harts take part. */
#include <riscv.h>

static void off_the_map(unsigned cpu)
{
	csr_write(stvec, 0x400);
	for (;;)
		(void)*(volatile u64 *)(0x800ul + cpu);
}

/* Each trap leads to the next one at once, with nothing in between. */
static void trap_loop(unsigned cpu)
{
	(void)cpu;
	csr_write(stvec, 0x400);
	__asm__ volatile("ebreak");
}
static void trap_loop_device(unsigned cpu)
{
	(void)cpu;
	csr_write(stvec, UART_BASE);
	__asm__ volatile("ebreak");
}
static void trap_loop_wild(unsigned cpu)
{
	(void)cpu;
	csr_write(stvec, ~0ul << 45);
	__asm__ volatile(".word 0");
}
static void trap_loop_memory(unsigned cpu)
{
	static const u32 nothing[4]
		__attribute__((aligned(4))) = { 0, 0, 0, 0 }; /* illegal, as a handler */

	(void)cpu;
	csr_write(stvec, (u64)(uintptr_t)nothing);
	__asm__ volatile(".word 0");
}
static void virtual_loop(unsigned cpu)
{
	static const u32 handler[2]
		__attribute__((aligned(4))) = { 0x600022f3, 0x600022f3 }; /* csrr hstatus */

	(void)cpu;
	csr_write(stvec, (u64)(uintptr_t)handler);
	__asm__ volatile("csrr t0, 0x600" ::: "t0");
}

/* The walker finds its tables in a device, also for its own trap handler. */
static void table_in_device(unsigned cpu)
{
	(void)cpu;
	csr_write(satp, 8ul << 60 | UART_BASE >> 12);
	__asm__ volatile("sfence.vma");
	for (;;)
		;
}

static void ipi_storm(unsigned cpu)
{
	(void)cpu;
	ipi_enable(true);
	irq_on();
	for (;;)
		sbi2(SBI_IPI, 0, 0, ~0ull);
}

static void fence_storm(unsigned cpu)
{
	for (u64 i = cpu;; i++)
		sbi(SBI_RFENCE, i % 3, 0, ~0ull, i << 12, i % 2 ? ~0ull : 1ull << (i & 63), i);
}

static void timer_again(struct hart *hart)
{
	(void)hart; /* the line stays high: the next instruction is interrupted again */
}
static void timer_storm(unsigned cpu)
{
	(void)cpu;
	irq_handlers[IRQ_TIMER] = timer_again;
	timer_set(0);
	csr_set(sie, 1ul << IRQ_TIMER);
	irq_on();
	for (;;)
		timer_set(0);
}

static void device_storm(unsigned cpu)
{
	(void)cpu;
	for (u32 i = 0;; i++) {
		read8(UART_BASE + i % 8);
		write32(PLIC_BASE + 4 * (i % 64), i);
		write32(PLIC_BASE + 0x2000 + 4 * (i % 32), ~0u);
		write32(PLIC_BASE + 0x200000, 0);
		read32(PLIC_BASE + 0x200004);
		write8(UART_BASE + 1, (u8)i);
	}
}

static void console_flood(unsigned cpu)
{
	(void)cpu;
	for (u64 i = 0;; i++)
		write8(UART_BASE, (u8)(' ' + i % 90));
}

static void firmware_flood(unsigned cpu)
{
	(void)cpu;
	for (;;)
		sbi3(SBI_DBCN, 0, 1ull << 20, RAM_BASE, 0);
}

static void garbage_calls(unsigned cpu)
{
	u64 r = 88172645463325252ull + cpu;

	for (;;) {
		static const u64 ids[] = { 0x10,    SBI_TIME, SBI_IPI, SBI_RFENCE, SBI_DBCN,
					   SBI_PMU, 0,        3,       0x77 };

		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		sbi(ids[r % ARRAY_SIZE(ids)], r >> 60, r, r * 3, r * 5, r * 7, r * 11);
	}
}

static void all_harts_off(unsigned cpu)
{
	(void)cpu;
	sbi0(SBI_HSM, 1);
}

static void sleep_forever(unsigned cpu)
{
	(void)cpu;
	csr_write(sie, 0);
	for (;;)
		wait_for_interrupt();
}

static void spin(unsigned cpu)
{
	(void)cpu;
	for (;;)
		__asm__ volatile("");
}

static void start_storm(unsigned cpu)
{
	for (u64 i = cpu;; i++) {
		sbi3(SBI_HSM, 0, i % 8, i << 4, i);
		sbi1(SBI_HSM, 2, i % 8);
		sbi3(SBI_HSM, 0, i % 8, (u64)(uintptr_t)secondary_start,
		     (u64)(uintptr_t)&harts[i % 8]);
	}
}

static void crash(unsigned cpu)
{
	(void)cpu;
	sbi2(SBI_SRST, 0, 0, 1); /* shutdown for system failure */
}
static void reboot(unsigned cpu)
{
	(void)cpu;
	sbi2(SBI_SRST, 0, 1, 0);
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
	{ "ipi-storm", ipi_storm },
	{ "fence-storm", fence_storm },
	{ "timer-storm", timer_storm },
	{ "device-storm", device_storm },
	{ "console-flood", console_flood },
	{ "firmware-flood", firmware_flood },
	{ "garbage-calls", garbage_calls },
	{ "start-storm", start_storm },
	{ "all-harts-off", all_harts_off },
	{ "sleep-forever", sleep_forever },
	{ "spin", spin },
	{ "crash", crash },
	{ "reboot", reboot },
};

void guest_main(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!option(ways[i].name))
			continue;
		print("bad: %s with %u harts\n", ways[i].name, cpu_count);
		for (unsigned cpu = 0; cpu < cpu_count; cpu++)
			if (cpu != cpu_boot() && !cpu_start(cpu, ways[i].fn))
				die("hart does not start", cpu, 0, 0);
		ways[i].fn(cpu_boot());
	}
	die("the command line names no way of misbehaving", 0, 0, 0);
}
