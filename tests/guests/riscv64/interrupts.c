/* SPDX-License-Identifier: MIT */
/* Test guest: PLIC, with the UART and the clock as sources, and the software interrupt. */
#include <riscv.h>

#define PRIORITY(irq) (PLIC_BASE + 4 * (irq))
#define PENDING(irq) (PLIC_BASE + 0x1000 + (irq) / 32 * 4)
#define ENABLE(context, irq) (PLIC_BASE + 0x2000 + (u64)(context)*0x80 + (irq) / 32 * 4)
#define THRESHOLD(context) (PLIC_BASE + 0x200000 + (u64)(context)*0x1000)
#define CLAIM(context) (THRESHOLD(context) + 4)
#define SEIP (1ul << IRQ_EXTERNAL)

enum {
	RTC_TIME_LOW = 0,
	RTC_TIME_HIGH = 4,
	RTC_ALARM_LOW = 8,
	RTC_ALARM_HIGH = 0xc,
	RTC_ENABLE = 0x10,
	RTC_CLEAR_INTERRUPT = 0x1c
};

static int context;

/* The UART is source and console: what is checked while its interrupt is enabled is printed later. */
static struct {
	const char *name;
	u64 got;
	u64 want;
} notes[32];
static unsigned note_count;

static void note(const char *name, u64 got, u64 want)
{
	notes[note_count].name = name;
	notes[note_count].got = got;
	notes[note_count++].want = want;
}

static void report(void)
{
	for (unsigned i = 0; i < note_count; i++)
		check_equal(notes[i].name, notes[i].got, notes[i].want);
	note_count = 0;
}

static bool pending(unsigned irq)
{
	return read32(PENDING(irq)) & 1u << irq % 32;
}

static void enable(unsigned irq, bool on)
{
	u32 bits = read32(ENABLE(context, irq));

	write32(ENABLE(context, irq), on ? bits | 1u << irq % 32 : bits & ~(1u << irq % 32));
}

/* The UART's wire: high as soon as the transmitter's interrupt is enabled, low when IIR was read. */
static void uart_wire(bool high)
{
	while (!(read8(UART_BASE + 5) & 0x40))
		;
	write8(UART_BASE + 1, high ? 2 : 0);
	if (!high)
		read8(UART_BASE + 2);
}

static void rtc_wire(bool high)
{
	if (high) {
		write32(RTC_BASE + RTC_ENABLE, 1);
		write32(RTC_BASE + RTC_ALARM_HIGH, 0); /* long past */
		write32(RTC_BASE + RTC_ALARM_LOW, 1);
	} else {
		write32(RTC_BASE + RTC_ENABLE, 0);
		write32(RTC_BASE + RTC_CLEAR_INTERRUPT, 1);
	}
}

static u32 claim(void)
{
	return read32(CLAIM(context));
}
static void complete(u32 irq)
{
	write32(CLAIM(context), irq);
}
static bool seip(void)
{
	return csr_read(sip) & SEIP;
}

static void all_off(void)
{
	uart_wire(false);
	rtc_wire(false);
	for (u32 irq; (irq = claim());)
		complete(irq);
	enable(UART_IRQ, false);
	enable(RTC_IRQ, false);
	write32(THRESHOLD(context), 0);
	write32(PRIORITY(UART_IRQ), 0);
	write32(PRIORITY(RTC_IRQ), 0);
}

static void plic_registers(void)
{
	u32 max;

	write32(PRIORITY(UART_IRQ), 0xffffffff);
	max = read32(PRIORITY(UART_IRQ));
	check("priorities have a maximum of the form 2^n - 1", max && !(max & (max + 1)));
	write32(PRIORITY(UART_IRQ), 1);
	check_equal("a priority reads back", read32(PRIORITY(UART_IRQ)), 1);
	write32(PRIORITY(0), 1);
	check_equal("source 0 has none", read32(PRIORITY(0)), 0);
	write32(ENABLE(context, 0), 1);
	if (!option("bare")) /* QEMU's takes it */
		check_equal("and cannot be enabled", read32(ENABLE(context, 0)) & 1, 0);
	write32(THRESHOLD(context), 1);
	check_equal("the threshold reads back", read32(THRESHOLD(context)), 1);
	write32(THRESHOLD(context), 0);
	enable(UART_IRQ, true);
	check("an enable bit reads back", read32(ENABLE(context, UART_IRQ)) & 1u << UART_IRQ);
	all_off();
	check_equal("a claim with nothing pending gives 0", claim(), 0);
	complete(UART_IRQ);
	complete(0);
	complete(0xffffffff);
	check_equal("completing what was not claimed changes nothing", claim(), 0);
	write32(PENDING(UART_IRQ), 0xffffffff);
	check("pending bits cannot be written", !pending(UART_IRQ));
}

static void level(void)
{
	write32(PRIORITY(UART_IRQ), 1);
	uart_wire(true);
	note("a source that is not enabled becomes pending", pending(UART_IRQ), true);
	note("and does not interrupt", !seip(), true);
	enable(UART_IRQ, true);
	if (option("bare")) /* QEMU's looks only when something else happens too */
		write32(PRIORITY(UART_IRQ), 1);
	note("enabled, it does", seip(), true);
	write32(THRESHOLD(context), 1);
	note("a threshold as high as its priority keeps it back", !seip(), true);
	write32(THRESHOLD(context), 0);
	note("and lets it through again", seip(), true);
	write32(PRIORITY(UART_IRQ), 0);
	note("priority 0 keeps it back", !seip(), true);
	write32(PRIORITY(UART_IRQ), 1);
	note("claim names it", claim(), UART_IRQ);
	note("and takes the interrupt away", !seip() && !pending(UART_IRQ), true);
	note("until it is completed it cannot be claimed again", claim(), 0);
	complete(UART_IRQ);
	if (option("bare")) /* QEMU's wants an edge */
		uart_wire(false), uart_wire(true);
	note("a wire that is still high interrupts again", seip(), true);
	note("claim names it again", claim(), UART_IRQ);
	uart_wire(false);
	complete(UART_IRQ);
	note("a wire that is low does not", !seip(), true);
	all_off();
	report();
}

static void priorities(void)
{
	enable(UART_IRQ, true);
	enable(RTC_IRQ, true);
	write32(PRIORITY(UART_IRQ), 1);
	write32(PRIORITY(RTC_IRQ), 2);
	uart_wire(true);
	rtc_wire(true);
	note("the clock's alarm is pending", wait_until(pending(RTC_IRQ), 1000), true);
	note("the higher priority comes first", claim(), RTC_IRQ);
	note("then the lower", claim(), UART_IRQ);
	rtc_wire(false);
	uart_wire(false);
	complete(RTC_IRQ);
	complete(UART_IRQ);
	write32(PRIORITY(RTC_IRQ), 1);
	rtc_wire(true);
	uart_wire(true);
	note("both are pending", wait_until(pending(RTC_IRQ) && pending(UART_IRQ), 1000), true);
	note("of equal priorities the lower number comes first", claim(), UART_IRQ);
	note("then the other", claim(), RTC_IRQ);
	complete(UART_IRQ);
	complete(RTC_IRQ);
	all_off();
	report();
}

static volatile unsigned external_count;
static volatile u32 external_irq;

static void external(struct hart *hart)
{
	(void)hart;
	external_irq = claim();
	uart_wire(false);
	complete(external_irq);
	external_count++;
}

static void taken(void)
{
	irq_handlers[IRQ_EXTERNAL] = external;
	enable(UART_IRQ, true);
	write32(PRIORITY(UART_IRQ), 1);
	csr_set(sie, SEIP);
	irq_on();
	for (unsigned i = 0; i < 100; i++) {
		unsigned before = external_count;

		uart_wire(true);
		if (!wait_until(external_count != before, 1000))
			break;
	}
	irq_off();
	note("100 external interrupts are taken, each once", external_count, 100);
	note("the last one from the UART", external_irq, UART_IRQ);
	uart_wire(true);
	wait_for_interrupt();
	note("a pending interrupt ends sleep though interrupts are masked", seip(), true);
	csr_clear(sie, SEIP);
	all_off();
	report();
}

/* To another hart only. */
static volatile bool other_done;
static volatile unsigned other_count;
static int other_context;

static void external_other(struct hart *hart)
{
	u32 irq = read32(CLAIM(other_context));

	uart_wire(false);
	write32(CLAIM(other_context), irq);
	if (irq == UART_IRQ && hart->id != cpu_boot())
		other_count++;
}

static volatile bool other_ready;
static void other_hart(unsigned cpu)
{
	(void)cpu;
	write32(THRESHOLD(other_context), 0);
	write32(ENABLE(other_context, UART_IRQ), 1u << UART_IRQ);
	csr_set(sie, SEIP);
	other_ready = true;
	while (!other_done) {
		wait_for_interrupt();
		irq_on();
		irq_off();
	}
}

static void routed(void)
{
	unsigned other = !cpu_boot();

	if (cpu_count < 2) {
		skip("interrupt to another hart", "one hart only");
		return;
	}
	other_context = plic_context(other);
	irq_handlers[IRQ_EXTERNAL] = external_other;
	note("the other hart starts", cpu_start(other, other_hart) && wait_until(other_ready, 5000),
	     true);
	write32(PRIORITY(UART_IRQ), 1);
	for (unsigned i = 1; i <= 20; i++) {
		uart_wire(true);
		if (!wait_until(other_count == i, 5000))
			break;
	}
	note("20 interrupts reach the other hart", other_count, 20);
	note("and none this one", !seip(), true);
	other_done = true;
	uart_wire(true); /* wakes it once more */
	note("it stops", wait_until(cpu_stopped(other), 5000), true);
	write32(ENABLE(other_context, UART_IRQ), 0);
	all_off();
	report();
}

/* The interrupt is a wire: a hart that starts finds it as the PLIC holds it, however long that has been. */
static volatile u64 sip_at_start;

static void look_at_sip(unsigned cpu)
{
	(void)cpu;
	sip_at_start = csr_read(sip);
}

static bool start_and_look(unsigned cpu)
{
	sip_at_start = 0;
	return cpu_start(cpu, look_at_sip) && wait_until(cpu_stopped(cpu), 5000);
}

static void before_start(void)
{
	unsigned other = !cpu_boot();
	u32 irq;

	if (cpu_count < 2)
		return;
	write32(PRIORITY(RTC_IRQ), 1);
	write32(THRESHOLD(other_context), 0);
	write32(ENABLE(other_context, RTC_IRQ), 1u << RTC_IRQ);
	rtc_wire(true);
	check("a hart starts with its interrupt pending", start_and_look(other));
	check("  and sees it", sip_at_start & SEIP);
	check("  the next time too", start_and_look(other) && (sip_at_start & SEIP));
	rtc_wire(false);
	irq = read32(CLAIM(other_context));
	write32(CLAIM(other_context), irq);
	check_equal("it was the clock's", irq, RTC_IRQ);
	check("then it starts without", start_and_look(other) && !(sip_at_start & SEIP));
	write32(ENABLE(other_context, RTC_IRQ), 0);
	all_off();
}

static volatile unsigned soft_count;
static void soft(struct hart *hart)
{
	(void)hart;
	csr_clear(sip, 1ul << IRQ_SOFT);
	soft_count++;
}

static void software(void)
{
	irq_handlers[IRQ_SOFT] = soft;
	csr_set(sie, 1ul << IRQ_SOFT);
	irq_on();
	csr_set(sip, 1ul << IRQ_SOFT);
	check("a software interrupt to oneself is taken", wait_until(soft_count == 1, 1000));
	sbi2(SBI_IPI, 0, 1, hart_id(cpu_this()));
	check("one through the firmware too", wait_until(soft_count == 2, 1000));
	irq_off();
	csr_clear(sie, 1ul << IRQ_SOFT);
	csr_set(sip, SEIP | 1ul << IRQ_TIMER);
	check_equal("external and timer bits of sip cannot be written",
		    csr_read(sip) & (SEIP | 1ul << IRQ_TIMER), 0);
}

static void clock(void)
{
	u64 a = read32(RTC_BASE + RTC_TIME_LOW), b;

	a |= (u64)read32(RTC_BASE + RTC_TIME_HIGH) << 32;
	delay_us(2000);
	b = read32(RTC_BASE + RTC_TIME_LOW);
	b |= (u64)read32(RTC_BASE + RTC_TIME_HIGH) << 32;
	check("the clock goes on, by about what the counter says",
	      b - a >= 1900000 && b - a < 2000000000);
}

void guest_main(void)
{
	context = plic_context(cpu_boot());
	check("the tree names the PLIC's context", context >= 0);
	timer_set(~0ull);
	all_off();
	software();
	plic_registers();
	level();
	priorities();
	taken();
	routed();
	before_start();
	clock();
}
