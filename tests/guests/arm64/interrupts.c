/* SPDX-License-Identifier: MIT */
/*
 * Test guest: interrupts of the GIC, version 2 or 3, as a CPU gets them: kinds, states, priorities, preemption,
 * lines, routing. Most of it looks at ISR_EL1 and acknowledges by hand, so that every step can be checked.
 */
#include <gic.h>

#define PATIENCE 20000
#define MANY 32 /* more than any list registers */
#define PPI_FREE 20
#define SPI_FREE 96 /* the first of MANY without a device */
#define LEVELS 16   /* priorities that every GIC tells apart: steps of 16 */

/* What is signalled is looked at for some time: a hypervisor may refill its list registers meanwhile. */
static bool signalled(void)
{
	return wait_until(irq_signalled(), 1000);
}

static bool quiet(void)
{
	return !wait_until(irq_signalled(), 2);
}

static u32 take(void)
{
	u32 iar = signalled() ? gic_acknowledge() : SPURIOUS;

	return iar;
}

static void take_and_end(const char *name, u32 want)
{
	u32 iar = take();

	check_equal(name, gic_intid(iar), want);
	if (gic_intid(iar) < 1020)
		gic_end(iar);
}

/* ---- one interrupt through its states ---- */

static void states(const char *name, u32 intid)
{
	u32 iar;

	print("- states: %s\n", name);
	check("  not pending at first", !gic_pending(intid) && !gic_active(intid) && quiet());
	gic_pend(intid, true);
	check("  pending, and not signalled as it is off", gic_pending(intid) && quiet());
	gic_pend(intid, false);
	check("  the pending state can be taken back", !gic_pending(intid));
	gic_enable(intid, true);
	check("  then it is not signalled when it is on", gic_enabled(intid) && quiet());
	gic_pend(intid, true);
	check("  pending and on, it is signalled", signalled());
	check("  it shows as pending", gic_pending(intid));
	check_equal("  it is the highest that is pending", gic_intid(gic_highest_pending()), intid);
	gic_enable(intid, false);
	check("  off, it is not", quiet());
	gic_enable(intid, true);
	check("  on again, it is", signalled());
	iar = gic_acknowledge();
	check_equal("  acknowledge names it", gic_intid(iar), intid);
	check("  it is active then, and not pending",
	      gic_active(intid) && !gic_pending(intid) && quiet());
	check_equal("  its priority is the running one", gic_running(), 0x80);
	gic_end(iar);
	check("  and neither when it has ended",
	      !gic_active(intid) && !gic_pending(intid) && quiet());
	check("  no priority runs", gic_running() >= 0xf0);
	check_equal("  nothing more to acknowledge", gic_intid(gic_acknowledge()), SPURIOUS);
	gic_enable(intid, false);
}

/* A second time while it is active. */
static void again(u32 intid)
{
	u32 iar;

	gic_enable(intid, true);
	gic_pend(intid, true);
	gic_pend(intid, true);
	iar = take();
	check_equal("pending twice is once", gic_intid(iar), intid);
	gic_pend(intid, true);
	check("pending while active shows as both", gic_pending(intid) && gic_active(intid));
	check("  and is not signalled", quiet());
	gic_end(iar);
	take_and_end("  but after its end", intid);
	check("  once", quiet());
	gic_enable(intid, false);
}

static void activate(u32 intid)
{
	gic_enable(intid, true);
	gic_activate(intid, true);
	check("an interrupt can be made active", gic_active(intid));
	gic_pend(intid, true);
	check("  then it is not signalled", quiet());
	gic_activate(intid, false);
	check("  and made inactive", !gic_active(intid));
	take_and_end("  then it is", intid);
	gic_enable(intid, false);
}

static void master_switch(u32 intid)
{
	u32 ctlr = read32(gicd + GICD_CTLR);

	gic_enable(intid, true);
	write32(gicd + GICD_CTLR, ctlr & ~3u);
	dsb();
	gic_pend(intid, true);
	check("with the distributor off nothing is signalled", quiet());
	write32(gicd + GICD_CTLR, ctlr);
	dsb();
	check("with it on it is", signalled());
	gic_cpu_off();
	check("with the CPU interface off it is not", quiet());
	gic_cpu_init();
	take_and_end("with it on it is", intid);
	gic_enable(intid, false);
}

/* ---- priorities ---- */

static void masks(u32 intid)
{
	gic_enable(intid, true);
	gic_pend(intid, true);
	gic_mask(0x80);
	check("a mask as high as its priority keeps it back", quiet());
	gic_mask(0x90);
	check("a lower one lets it through", signalled());
	gic_mask(0);
	check("0 keeps all back", quiet());
	gic_priority(intid, 0);
	gic_mask(0x10);
	check("but the highest passes any other", signalled());
	gic_mask(0xff);
	take_and_end("it is still there", intid);
	gic_priority(intid, 0x80);
	gic_enable(intid, false);
}

/* A permutation of 0..LEVELS-1. */
static unsigned shuffled(unsigned i)
{
	return (i * 7 + 3) % LEVELS;
}

static void order(void)
{
	unsigned good = 0, gone = 0;

	for (unsigned i = 0; i < LEVELS; i++) {
		gic_priority(SPI_FREE + i, (u8)(shuffled(i) * 16));
		gic_enable(SPI_FREE + i, true);
	}
	gic_mask(0);
	for (unsigned i = 0; i < LEVELS; i++)
		gic_pend(SPI_FREE + i, true);
	gic_mask(0xff);
	for (unsigned level = 0; level < LEVELS; level++) {
		u32 iar = take();

		if (gic_intid(iar) >= 1020)
			break;
		good += shuffled(gic_intid(iar) - SPI_FREE) == level;
		gic_end(iar);
	}
	check_equal("16 at once come by their priorities", good, LEVELS);
	check("  and no more", quiet());
	for (unsigned i = 0; i < LEVELS; i++)
		gone += !gic_pending(SPI_FREE + i) && !gic_active(SPI_FREE + i);
	check_equal("  no state is left", gone, LEVELS);
	for (unsigned i = 0; i < LEVELS; i++) {
		gic_priority(SPI_FREE + i, 0x80);
		gic_enable(SPI_FREE + i, false);
	}
}

static void many(void)
{
	unsigned once = 0, count[MANY] = { 0 };

	for (unsigned i = 0; i < MANY; i++) {
		gic_enable(SPI_FREE + i, true);
		gic_pend(SPI_FREE + i, true);
	}
	for (unsigned i = 0; i < MANY; i++) {
		u32 iar = take();

		if (gic_intid(iar) - SPI_FREE < MANY)
			count[gic_intid(iar) - SPI_FREE]++;
		if (gic_intid(iar) < 1020)
			gic_end(iar);
	}
	for (unsigned i = 0; i < MANY; i++) {
		once += count[i] == 1;
		gic_enable(SPI_FREE + i, false);
	}
	check_equal("32 of one priority come once each", once, MANY);
	check("  and no more", quiet());
}

static void preemption(void)
{
	u32 low = SPI_FREE, high = SPI_FREE + 1, iar, iar_high;

	gic_enable(low, true);
	gic_enable(high, true);
	gic_priority(low, 0xb0);
	gic_priority(high, 0x90);
	gic_pend(low, true);
	iar = take();
	check_equal("the lower one is active", gic_intid(iar), low);
	gic_pend(high, true);
	check("a higher one preempts it", signalled());
	iar_high = gic_acknowledge();
	check_equal("  it is acknowledged", gic_intid(iar_high), high);
	check_equal("  and its priority is the running one", gic_running(), 0x90);
	gic_end(iar_high);
	check_equal("  then the lower one's again", gic_running(), 0xb0);
	gic_priority(high, 0xb0);
	gic_pend(high, true);
	check("an equal one does not", quiet());
	gic_end(iar);
	take_and_end("but after the end of the first", high);
	gic_priority(low, 0x80);
	gic_priority(high, 0x80);
	gic_enable(low, false);
	gic_enable(high, false);
}

/* Of a coarse binary point the upper bit decides on preemption, the others only on the order. */
static void binary_point(void)
{
	u32 low = SPI_FREE, high = SPI_FREE + 1, iar;

	gic_coarse(true);
	gic_enable(low, true);
	gic_enable(high, true);
	gic_priority(low, 0xb0);
	gic_priority(high, 0x90);
	gic_pend(low, true);
	iar = take();
	check_equal("with a coarse binary point an interrupt is active", gic_intid(iar), low);
	gic_pend(high, true);
	check("  one with the same upper bit does not preempt it", quiet());
	gic_priority(high, 0x40);
	check("  one with another does, a change of priority while pending counts", signalled());
	gic_priority(high, 0x90);
	check("  and back", quiet());
	gic_pend(low, true);
	gic_end(iar);
	take_and_end("  then it comes by its full priority", high);
	take_and_end("  before the lower one", low);
	gic_coarse(false);
	gic_priority(low, 0x80);
	gic_priority(high, 0x80);
	gic_enable(low, false);
	gic_enable(high, false);
}

/* More active interrupts than list registers, one nested in the other; they end in the reverse order. */
static void nested(void)
{
	u32 iars[LEVELS];
	unsigned active = 0, ended = 0, shown = 0;

	for (unsigned i = 0; i < LEVELS; i++) {
		gic_priority(SPI_FREE + i, (u8)((LEVELS - 1 - i) * 16));
		gic_enable(SPI_FREE + i, true);
	}
	for (unsigned i = 0; i < LEVELS; i++) {
		gic_pend(SPI_FREE + i, true);
		iars[i] = take();
		active += gic_intid(iars[i]) == SPI_FREE + i;
	}
	check_equal("16 interrupts preempt each other", active, LEVELS);
	for (unsigned i = 0; i < LEVELS; i++)
		shown += gic_active(SPI_FREE + i);
	check_equal("  all show as active", shown, LEVELS);
	gic_pend(SPI_FREE, true); /* waits for the end of all */
	for (unsigned i = LEVELS; i-- > 0;) {
		ended += quiet() && gic_running() == (LEVELS - 1 - i) * 16;
		gic_end(iars[i]);
	}
	check_equal("  and end in turn", ended, LEVELS);
	take_and_end("  the one that came again comes last", SPI_FREE);
	for (unsigned i = 0; i < LEVELS; i++) {
		ended -= !gic_active(SPI_FREE + i);
		gic_priority(SPI_FREE + i, 0x80);
		gic_enable(SPI_FREE + i, false);
	}
	check_equal("  none is active any more", ended, 0);
}

/* ---- end in two steps ---- */

static void split_end(u32 intid)
{
	u32 iar, other = intid + 1;

	gic_split_end(true);
	gic_enable(intid, true);
	gic_enable(other, true);
	gic_pend(intid, true);
	iar = take();
	check_equal("with two-step ends it is acknowledged", gic_intid(iar), intid);
	gic_end(iar);
	check("  the end drops the priority", gic_running() >= 0xf0);
	check("  and leaves it active", gic_active(intid));
	gic_pend(intid, true);
	check("  so that it does not come again", gic_pending(intid) && quiet());
	gic_pend(other, true);
	check("  while another of its priority does", signalled());
	iar = gic_acknowledge();
	check_equal("  and is acknowledged", gic_intid(iar), other);
	gic_end(iar);
	gic_deactivate(intid);
	check("  deactivation ends it", !gic_active(intid) && signalled());
	gic_deactivate(other);
	check("  and the other one", !gic_active(other));
	iar = take();
	check_equal("  what waited comes", gic_intid(iar), intid);
	gic_end(iar);
	gic_deactivate(iar);
	check("  and is gone", !gic_active(intid) && !gic_pending(intid) && quiet());
	gic_split_end(false);
	gic_enable(intid, false);
	gic_enable(other, false);
}

/*
 * Several at a time stay active without a running priority. Not more than every host has list registers: the hardware
 * does not tell of the deactivation of one that has none.
 */
#define SPLIT 4
static void split_many(void)
{
	unsigned active = 0, inactive = 0;

	gic_split_end(true);
	for (unsigned i = 0; i < SPLIT; i++) {
		u32 iar;

		gic_enable(SPI_FREE + i, true);
		gic_pend(SPI_FREE + i, true);
		iar = take();
		if (gic_intid(iar) == SPI_FREE + i)
			gic_end(iar);
	}
	for (unsigned i = 0; i < SPLIT; i++)
		active += gic_active(SPI_FREE + i);
	check_equal("several are active at once with two-step ends", active, SPLIT);
	for (unsigned i = 0; i < SPLIT; i++) {
		gic_pend(SPI_FREE + i, i % 2);
		gic_deactivate(SPI_FREE + (i * 3 + 1) % SPLIT);
	}
	for (unsigned i = 0; i < SPLIT / 2; i++) {
		u32 iar = take();

		if (gic_intid(iar) < 1020) {
			gic_end(iar);
			gic_deactivate(iar);
		}
	}
	for (unsigned i = 0; i < SPLIT; i++) {
		inactive += !gic_active(SPI_FREE + i) && !gic_pending(SPI_FREE + i);
		gic_enable(SPI_FREE + i, false);
	}
	check_equal("  and all come to their end, those that came again too", inactive, SPLIT);
	check("  none is left over", quiet());
	gic_split_end(false);
}

/* ---- lines of devices: the clock's alarm, the UART's transmitter ---- */

enum { RTC_DR = 0x0, RTC_MR = 0x4, RTC_IMSC = 0x10, RTC_RIS = 0x14, RTC_ICR = 0x1c };
enum {
	UART_DR = 0x0,
	UART_FR = 0x18,
	UART_IMSC = 0x38,
	UART_RIS = 0x3c,
	UART_ICR = 0x44,
	UART_TX = 1 << 5
};

static void rtc_wire(bool high)
{
	if (high) {
		write32(RTC_BASE + RTC_IMSC, 1);
		write32(RTC_BASE + RTC_MR, read32(RTC_BASE + RTC_DR));
		if (!wait_until(read32(RTC_BASE + RTC_RIS) & 1, 3000))
			write32(RTC_BASE + RTC_MR, read32(RTC_BASE + RTC_DR) + 1);
		wait_until(read32(RTC_BASE + RTC_RIS) & 1, 3000);
	} else {
		write32(RTC_BASE + RTC_IMSC, 0);
		write32(RTC_BASE + RTC_ICR, 1);
	}
}

/* The transmitter's interrupt is raised by a character that has left; printing raises it too. */
static void uart_wire(bool high)
{
	if (high) {
		write32(UART_BASE + UART_DR, '\r');
		wait_until(read32(UART_BASE + UART_RIS) & UART_TX, 1000);
		write32(UART_BASE + UART_IMSC, UART_TX);
	} else {
		write32(UART_BASE + UART_IMSC, 0);
	}
}

/* The UART is the console: what is seen while its line is in use is kept, and reported later. */
static struct {
	bool pending_off, signalled, pending, active, again, cleared_pending, low_after_end,
		no_more;
	u32 intid[2];
} line;

static void line_states(void (*wire)(bool), u32 intid)
{
	u32 iar;

	wire(true);
	line.pending_off = gic_pending(intid) && quiet();
	gic_enable(intid, true);
	line.signalled = signalled();
	gic_pend(intid, false); /* the line is what holds it */
	line.pending = gic_pending(intid) && signalled();
	iar = take();
	line.intid[0] = gic_intid(iar);
	line.active = gic_active(intid) && gic_pending(intid) && quiet();
	gic_end(iar);
	line.again = signalled();
	wire(false);
	line.cleared_pending = !gic_pending(intid) && quiet();
	wire(true);
	iar = take();
	line.intid[1] = gic_intid(iar);
	wire(false);
	gic_end(iar);
	line.low_after_end = !gic_pending(intid) && !gic_active(intid) && quiet();
	gic_enable(intid, false);
}

static void level(const char *name, void (*wire)(bool), u32 intid)
{
	memset(&line, 0, sizeof(line));
	line_states(wire, intid);
	print("- line of %s, interrupt %u\n", name, intid);
	check("  pending though it is off", line.pending_off);
	check("  on, it is signalled", line.signalled);
	check("  the pending state of a line cannot be cleared", line.pending);
	check_equal("  acknowledge names it", line.intid[0], intid);
	check("  then it is active and pending, and not signalled", line.active);
	check("  a line that is still high comes again after the end", line.again);
	check("  one that is low does not", line.cleared_pending);
	check_equal("  nor one that was served", line.intid[1], intid);
	check("    before its end", line.low_after_end);
}

static void lines(void)
{
	int uart = fdt_find_compatible("arm,pl011"), rtc = fdt_find_compatible("arm,pl031");

	if (uart >= 0)
		level("the UART", uart_wire, fdt_interrupt(uart, 0));
	if (rtc >= 0)
		level("the clock", rtc_wire, fdt_interrupt(rtc, 0));
	else
		skip("line of the clock", "the tree has none");
}

/* ---- taken as exceptions ---- */

static volatile unsigned taken[1020];

static void count(u32 intid)
{
	taken[intid]++;
}

static void exceptions(void)
{
	static const u32 ids[] = { 5, PPI_FREE, SPI_FREE };

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		irq_handlers[ids[i]] = count;
		taken[ids[i]] = 0;
		gic_enable(ids[i], true);
	}
	irq_on();
	for (unsigned n = 1; n <= 100; n++)
		for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
			if (ids[i] < 16)
				gic_send(cpu_this(), ids[i]);
			else
				gic_pend(ids[i], true);
			if (!wait_until(taken[ids[i]] == n, PATIENCE))
				n = 1000;
		}
	irq_off();
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		check_equal("100 exceptions by an interrupt, each once", taken[ids[i]], 100);
		gic_enable(ids[i], false);
	}
	gic_enable(SPI_FREE, true);
	gic_pend(SPI_FREE, true);
	wait_for_interrupt();
	check("a pending interrupt ends sleep though exceptions are masked", irq_signalled());
	take_and_end("  and is still there", SPI_FREE);
	gic_enable(SPI_FREE, false);
}

/* ---- software-generated interrupts ---- */

static void own_sgis(void)
{
	unsigned good = 0;

	for (u32 sgi = 0; sgi < 16; sgi++) {
		gic_priority(sgi, (u8)((15 - sgi) * 16));
		gic_enable(sgi, true);
	}
	for (u32 sgi = 0; sgi < 16; sgi++)
		gic_send(cpu_this(), sgi);
	for (u32 sgi = 16; sgi-- > 0;) {
		u32 iar = take();

		good += gic_intid(iar) == sgi && (gic_version == 3 || iar >> 10 == cpu_this());
		if (gic_intid(iar) < 1020)
			gic_end(iar);
	}
	check_equal("16 software-generated interrupts to oneself, by priority", good, 16);
	check("  and no more", quiet());
	gic_send_others(3);
	check("one to all others does not come back", quiet());
	for (u32 sgi = 0; sgi < 16; sgi++) {
		gic_priority(sgi, 0x80);
		gic_enable(sgi, false);
	}
}

void guest_main(void)
{
	print("- GICv%u with %u interrupts\n", gic_version, gic_lines);
	if (gic_lines < SPI_FREE + MANY)
		die("too few interrupts for this test", gic_lines, SPI_FREE + MANY, 0);
	check_equal("nothing to acknowledge at first", gic_intid(gic_acknowledge()), SPURIOUS);
	check_equal("nothing is pending", gic_intid(gic_highest_pending()), SPURIOUS);
	if (gic_version == 3)
		states("software-generated", 5);
	states("private", PPI_FREE);
	states("shared", SPI_FREE);
	for (unsigned i = 0; i < MANY; i++)
		gic_edge(SPI_FREE + i, true);
	states("shared, by edge", SPI_FREE);
	again(SPI_FREE);
	again(PPI_FREE);
	activate(SPI_FREE);
	activate(PPI_FREE);
	master_switch(SPI_FREE);
	masks(SPI_FREE);
	order();
	many();
	preemption();
	binary_point();
	nested();
	split_end(SPI_FREE);
	split_many();
	lines();
	exceptions();
	own_sgis();
}
