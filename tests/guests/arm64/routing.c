/* SPDX-License-Identifier: MIT */
/* Test guest: interrupts between CPUs, and which CPU a shared interrupt goes to, with the GIC of version 2 or 3. */
#include <gic.h>

#define PATIENCE 20000
#define SPI 96
#define SPI_COUNT 32
#define PPI_FREE 20
#define ALL_SGIS 8

static volatile u64 got[CPUS_MAX][SPI + SPI_COUNT], sender[CPUS_MAX];
static volatile bool up[CPUS_MAX], stop;

/* Every CPU counts what it takes. */
static void take(bool fiq)
{
	u32 iar = fiq ? SPURIOUS : gic_acknowledge(), intid = gic_intid(iar);
	unsigned cpu = cpu_this();

	if (intid >= SPI + SPI_COUNT)
		return;
	sender[cpu] = iar >> 10 & 7;
	got[cpu][intid]++;
	gic_end(iar);
}

static void listen(unsigned cpu)
{
	for (u32 intid = 0; intid < ALL_SGIS; intid++)
		gic_enable(intid, true);
	gic_enable(PPI_FREE, true);
	up[cpu] = true;
	while (!stop) {
		irq_off();
		if (!irq_signalled() && !stop)
			wait_for_interrupt();
		irq_on();
	}
	irq_off();
}

static void clear(void)
{
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		for (u32 intid = 0; intid < SPI + SPI_COUNT; intid++)
			got[cpu][intid] = 0;
}

static u64 sum(u32 intid)
{
	u64 all = 0;

	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		all += got[cpu][intid];
	return all;
}

/* Some time for what should not come. */
static void settle(void)
{
	irq_on();
	delay_us(5000);
	irq_off();
}

/* ---- software-generated ---- */

static void to_each(void)
{
	unsigned good = 0;

	clear();
	for (u32 sgi = 0; sgi < ALL_SGIS; sgi++)
		for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
			gic_send(cpu, sgi);
			good += wait_until(got[cpu][sgi] == 1, PATIENCE) && sum(sgi) == cpu;
		}
	check_equal("each kind arrives at each CPU, and only there", good,
		    ALL_SGIS * (cpu_count - 1));
	if (gic_version == 2)
		check_equal("  with its sender's number", sender[1], 0);
}

static void to_others(void)
{
	unsigned good = 0;

	clear();
	for (u64 n = 1; n <= 20; n++) {
		unsigned all = 0;

		gic_send_others(2);
		for (unsigned cpu = 1; cpu < cpu_count; cpu++)
			all += wait_until(got[cpu][2] == n, PATIENCE);
		good += all == cpu_count - 1;
	}
	settle();
	check_equal("one to all others arrives at all others", good, 20);
	check_equal("  and not at the sender", got[0][2], 0);
}

static void to_nobody(void)
{
	clear();
	if (gic_version == 3) {
		icc_write(ICC_SGI1R,
			  3ul << 24 | 0x2ul << 16 | 0xffff); /* affinity 0.0.2.x: none of ours */
		icc_write(ICC_SGI1R, 3ul << 24 | 0xfful << 48 | 1);
		icc_write(ICC_SGI1R, 3ul << 24);
	} else {
		write32(gicd + GICD_SGIR, 3); /* an empty list */
		if (!option("bare"))
			write32(gicd + GICD_SGIR,
				3u << 24 | 3); /* a reserved filter; to all in QEMU */
	}
	settle();
	check_equal("one to CPUs that are not there is nobody's", sum(3), 0);
}

/* By the lists of both versions: several CPUs at once, oneself too. */
static void by_list(void)
{
	u64 good = 0;

	clear();
	irq_on();
	for (u64 n = 1; n <= 20; n++) {
		if (gic_version == 3)
			icc_write(ICC_SGI1R, 1ul << 24 | 3);
		else
			write32(gicd + GICD_SGIR, 3u << 16 | 1);
		good += wait_until(got[0][1] == n && got[1][1] == n, PATIENCE);
	}
	if (gic_version == 2) {
		write32(gicd + GICD_SGIR, 2u << 24 | 1);
		check("the filter for oneself", wait_until(got[0][1] == 21, PATIENCE));
	}
	irq_off();
	check_equal("a list of two CPUs reaches both", good, 20);
	check_equal("  and nobody else", sum(1), gic_version == 2 ? 41 : 40);
}

/* ---- private ones of another CPU, through its redistributor ---- */

static void foreign_private(void)
{
	u64 frame = gicr[1] + GICR_SGI;

	if (gic_version == 2) {
		skip("another CPU's private interrupts", "version 2 has no access to them");
		return;
	}
	clear();
	write32(frame + GICD_ISPENDR, 1u << PPI_FREE);
	check("a private interrupt of another CPU can be made pending",
	      wait_until(got[1][PPI_FREE] == 1, PATIENCE));
	write32(frame + GICD_ICENABLER, 1u << PPI_FREE);
	write32(frame + GICD_ISPENDR, 1u << PPI_FREE);
	settle();
	check_equal("  not taken while it is off", got[1][PPI_FREE], 1);
	check("  it shows there", read32(frame + GICD_ISPENDR) & 1u << PPI_FREE);
	check("  and not here", !gic_pending(PPI_FREE));
	write32(frame + GICD_ISENABLER, 1u << PPI_FREE);
	check("  on again, it is taken", wait_until(got[1][PPI_FREE] == 2, PATIENCE));
}

/* ---- shared ones ---- */

static void routed(void)
{
	unsigned good = 0;

	clear();
	irq_on();
	gic_enable(SPI, true);
	for (u64 n = 1; n <= 10; n++)
		for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
			gic_route(SPI, cpu);
			gic_pend(SPI, true);
			good += wait_until(got[cpu][SPI] == n, PATIENCE) &&
				sum(SPI) == (n - 1) * cpu_count + cpu + 1;
		}
	irq_off();
	check_equal("a shared interrupt goes to the CPU that it is routed to", good,
		    10 * cpu_count);
}

/* While it is pending at one CPU that does not take it, it moves to another. */
static void moved(void)
{
	unsigned good = 0;

	clear();
	for (u64 n = 1; n <= 20; n++) {
		gic_route(SPI, 0);
		gic_pend(SPI, true);
		if (!wait_until(irq_signalled(), 1000))
			break;
		gic_route(SPI, 1);
		good += wait_until(got[1][SPI] == n, PATIENCE) &&
			wait_until(!irq_signalled(), 1000);
	}
	check_equal("a pending interrupt moves with its route", good, 20);
	check_equal("  and leaves nothing behind", got[0][SPI], 0);
	gic_enable(SPI, false);
}

static void all_at_once(void)
{
	unsigned good = 0;

	clear();
	for (u32 i = 0; i < SPI_COUNT; i++) {
		gic_route(SPI + i, i % cpu_count);
		gic_enable(SPI + i, true);
	}
	irq_on();
	for (u64 n = 1; n <= 10; n++) {
		for (u32 at = SPI; at < SPI + SPI_COUNT; at += 32)
			write32(gic_word(GICD_ISPENDR, at, 1), ~0u);
		for (u32 i = 0; i < SPI_COUNT; i++)
			good += wait_until(got[i % cpu_count][SPI + i] == n, PATIENCE);
	}
	irq_off();
	check_equal("32 at once, spread over all CPUs, arrive", good, 10 * SPI_COUNT);
	for (u32 i = 0; i < SPI_COUNT; i++)
		good -= sum(SPI + i) == 10 ? 10 : 0;
	check_equal("  once each", good, 0);
	for (u32 i = 0; i < SPI_COUNT; i++)
		gic_enable(SPI + i, false);
}

/* Routed to nobody: it waits. */
static void no_target(void)
{
	if (gic_version == 2 && option("bare")) {
		skip("no target", "bare: QEMU forgets it");
		return;
	}
	clear();
	gic_enable(SPI, true);
	if (gic_version == 3)
		write64(gicd + GICD_IROUTER + 8 * SPI, 0xff00fffffful & ~0xful);
	else
		write8(gicd + GICD_ITARGETSR + SPI, 0);
	dsb();
	gic_pend(SPI, true);
	settle();
	check_equal("without a target nobody takes it", sum(SPI), 0);
	check("  it stays pending", gic_pending(SPI));
	gic_route(SPI, 1);
	check("  until it has one", wait_until(got[1][SPI] == 1, PATIENCE));
	gic_enable(SPI, false);
}

/* To any CPU: of several targets of version 2, or by IROUTER's mode bit, one takes it. */
static void any_of(void)
{
	u64 at = gicd + GICD_IROUTER + 8 * SPI, n = 0;

	clear();
	if (gic_version == 3) {
		write64(at, 1ul << 31);
		if (!(read64(at) >> 31 & 1)) {
			skip("one of all CPUs", "the distributor has no such mode");
			gic_route(SPI, 0);
			return;
		}
	} else {
		write8(gicd + GICD_ITARGETSR + SPI, 3);
	}
	gic_enable(SPI, true);
	irq_on();
	for (n = 0; n < 20; n++) {
		gic_pend(SPI, true);
		if (!wait_until(sum(SPI) > n, PATIENCE))
			break;
	}
	irq_off();
	check_equal("of several targets one takes it", n, 20);
	settle();
	if (gic_version == 3 || !option("bare")) /* QEMU's version 2 gives it to each */
		check_equal("  and only one", sum(SPI), 20);
	gic_enable(SPI, false);
	gic_route(SPI, 0);
}

/* Interrupts to a CPU that is off wait, or are lost with its state; the CPU comes up in order all the same. */
static void to_one_that_is_off(void)
{
	stop = true;
	for (unsigned cpu = 1; cpu < cpu_count; cpu++) {
		gic_send(cpu, 0);
		check("a CPU stops", wait_until(cpu_stopped(cpu), PATIENCE));
	}
	clear();
	gic_route(SPI, 1);
	gic_enable(SPI, true);
	gic_pend(SPI, true);
	check("an interrupt for a CPU that is off is pending", gic_pending(SPI));
	stop = up[1] = false;
	check("the CPU starts again", cpu_start(1, listen) && wait_until(up[1], PATIENCE));
	check("  and takes it", wait_until(got[1][SPI] == 1, PATIENCE));
	gic_send(1, 4);
	check("  and what comes later", wait_until(got[1][4] == 1, PATIENCE));
	stop = true;
	gic_send(1, 0);
	check("  and stops", wait_until(cpu_stopped(1), PATIENCE));
	gic_enable(SPI, false);
	gic_route(SPI, 0);
}

void guest_main(void)
{
	unsigned running = 0;

	print("- GICv%u, %u CPUs\n", gic_version, cpu_count);
	if (cpu_count < 2) {
		skip("routing", "one CPU only");
		return;
	}
	irq_raw = take;
	for (u32 intid = 0; intid < ALL_SGIS; intid++)
		gic_enable(intid, true);
	gic_enable(PPI_FREE, true);
	for (u32 i = 0; i < SPI_COUNT; i++)
		gic_edge(SPI + i, true);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		running += cpu_start(cpu, listen) && wait_until(up[cpu], PATIENCE);
	check_equal("all others listen", running, cpu_count - 1);
	to_each();
	to_others();
	to_nobody();
	by_list();
	foreign_private();
	routed();
	moved();
	all_at_once();
	no_target();
	any_of();
	to_one_that_is_off();
}
