/* SPDX-License-Identifier: MIT */
/* Test guest: the generic timer: counters, the virtual and the physical timer, their lines, EL0's view (Arm ARM D12). */
#include <gic.h>

#define MS (tick_hz / 1000)
#define FAR_AWAY (1000 * MS)

enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };

/* The same registers of both timers. */
struct timer {
	const char *name;
	u32 intid;
	u64 (*count)(void);
	u64 (*ctl)(void);
	void (*set_ctl)(u64 v);
	u64 (*cval)(void);
	void (*set_cval)(u64 v);
	u64 (*tval)(void);
	void (*set_tval)(u64 v);
};

#define TIMER(kind, counter)                         \
	static u64 kind##_count(void)                \
	{                                            \
		isb();                               \
		return sysreg_read(counter);         \
	}                                            \
	static u64 kind##_ctl(void)                  \
	{                                            \
		isb();                               \
		return sysreg_read(kind##_ctl_el0);  \
	}                                            \
	static void kind##_set_ctl(u64 v)            \
	{                                            \
		sysreg_write(kind##_ctl_el0, v);     \
		isb();                               \
	}                                            \
	static u64 kind##_cval(void)                 \
	{                                            \
		return sysreg_read(kind##_cval_el0); \
	}                                            \
	static void kind##_set_cval(u64 v)           \
	{                                            \
		sysreg_write(kind##_cval_el0, v);    \
		isb();                               \
	}                                            \
	static u64 kind##_tval(void)                 \
	{                                            \
		isb();                               \
		return sysreg_read(kind##_tval_el0); \
	}                                            \
	static void kind##_set_tval(u64 v)           \
	{                                            \
		sysreg_write(kind##_tval_el0, v);    \
		isb();                               \
	}
TIMER(cntv, cntvct_el0)
TIMER(cntp, cntpct_el0)

static const struct timer timers[] = {
	{ "virtual", 27, cntv_count, cntv_ctl, cntv_set_ctl, cntv_cval, cntv_set_cval, cntv_tval,
	  cntv_set_tval },
	{ "physical", 30, cntp_count, cntp_ctl, cntp_set_ctl, cntp_cval, cntp_set_cval, cntp_tval,
	  cntp_set_tval },
};

static void counters(void)
{
	for (unsigned i = 0; i < 2; i++) {
		u64 last = timers[i].count(), start = last, back = 0, virtual_start = now();

		print("- %s counter\n", timers[i].name);
		for (unsigned n = 0; n < 10000; n++) {
			u64 t = timers[i].count();

			back += t < last;
			last = t;
		}
		check_equal("  does not go back", back, 0);
		check("  moves", last > start);
		delay_us(2000);
		last = timers[i].count() - start;
		check("  at the rate of the virtual one",
		      last < now() - virtual_start + 10 * MS &&
			      last + 10 * MS > now() - virtual_start);
	}
	check("a guest's time starts near 0", now() < 3600 * tick_hz);
	check("CNTFRQ_EL0 is a rate", tick_hz >= 1000000 && tick_hz <= 2000000000);
	if (!option("bare")) /* nobody is above EL1 there */
		check_equal("CNTFRQ_EL0 cannot be written at EL1",
			    run_instruction(MSR(SYSREG(3, 3, 14, 0, 0), 0)), EC_UNKNOWN);
	check_equal("nor can the counters", run_instruction(MSR(SYSREG(3, 3, 14, 0, 2), 0)),
		    EC_UNKNOWN);
}

/* What the registers hold, with the interrupt off. */
static void registers(const struct timer *t)
{
	u64 tval;

	t->set_ctl(0);
	t->set_cval(0x123456789abcdef0);
	check_equal("  CVAL reads back", t->cval(), 0x123456789abcdef0);
	check_equal("  CTL of one that is off", t->ctl() & (ENABLE | IMASK), 0);
	t->set_cval(t->count() + FAR_AWAY);
	tval = t->tval();
	check("  TVAL is what is left", tval <= FAR_AWAY && tval > FAR_AWAY / 2);
	check_equal("  TVAL reads as 32 bits", tval >> 32, 0);
	t->set_tval(MS);
	check("  TVAL sets CVAL",
	      t->cval() - t->count() <= MS || t->count() - t->cval() < FAR_AWAY);
	t->set_tval(0xffffffff);
	check("  a negative TVAL is in the past", t->cval() < t->count());
	check("    by one", t->cval() + FAR_AWAY > t->count());
	t->set_tval(0x80000000);
	check("  the most negative one",
	      (t->count() - t->cval()) >> 31 == 1 || t->cval() > t->count());
}

static void status(const struct timer *t)
{
	t->set_cval(t->count() + FAR_AWAY);
	t->set_ctl(ENABLE | IMASK);
	check_equal("  not yet expired", t->ctl(), ENABLE | IMASK);
	t->set_cval(0);
	check_equal("  expired", t->ctl(), ENABLE | IMASK | ISTATUS);
	t->set_cval(t->count() + FAR_AWAY);
	check_equal("  ISTATUS follows CVAL", t->ctl(), ENABLE | IMASK);
	t->set_tval(0);
	check_equal("  and TVAL", t->ctl(), ENABLE | IMASK | ISTATUS);
	t->set_ctl(ENABLE | IMASK); /* ISTATUS cannot be written */
	check_equal("  writing 0 to ISTATUS does nothing", t->ctl(), ENABLE | IMASK | ISTATUS);
	t->set_cval(~0ul);
	t->set_ctl(ENABLE | IMASK | ISTATUS);
	check_equal("  nor does writing 1", t->ctl(), ENABLE | IMASK);
	t->set_ctl(~0ul);
	check_equal("  no other bits", t->ctl() & ~7ul, 0);
	t->set_ctl(0);
}

/*
 * The condition has gone. A hypervisor that lends the timer is not told of that: one interrupt that was raised before may
 * still be there, and goes away once it was acknowledged.
 */
static bool gone(const struct timer *t)
{
	u32 iar;

	if (wait_until(!irq_signalled() && !gic_pending(t->intid), 2))
		return true;
	if (t != timers)
		return false;
	iar = gic_acknowledge();
	if (gic_intid(iar) != t->intid)
		return false;
	gic_end(iar);
	return wait_until(!irq_signalled() && !gic_pending(t->intid), 1000);
}

/* The interrupt is the condition: it comes and goes with it, and stays after an end while it holds. */
static void line(const struct timer *t)
{
	u32 iar;

	gic_enable(t->intid, true);
	t->set_cval(0);
	t->set_ctl(ENABLE);
	check("  expired, it interrupts", wait_until(irq_signalled(), 1000));
	check("    and shows as pending", gic_pending(t->intid));
	t->set_ctl(ENABLE | IMASK);
	check("  masked, it does not", gone(t));
	t->set_ctl(ENABLE);
	check("  it does again", wait_until(irq_signalled(), 1000));
	t->set_cval(t->count() + FAR_AWAY);
	check("  set ahead, it does not", gone(t));
	t->set_tval(0);
	check("  expired again, it does", wait_until(irq_signalled(), 1000));
	t->set_ctl(0);
	check("  off, it does not", gone(t));
	t->set_ctl(ENABLE);
	check("  on, it does", wait_until(irq_signalled(), 1000));
	iar = gic_acknowledge();
	check_equal("  it is the timer's", gic_intid(iar), t->intid);
	check("    active, it is not signalled again",
	      gic_active(t->intid) && !wait_until(irq_signalled(), 2));
	gic_end(iar);
	if (gic_version ==
	    2) { /* QEMU looks at a line that a list register has ended only when it moves */
		t->set_ctl(0);
		t->set_ctl(ENABLE);
	}
	check("  not served, it comes again after the end", wait_until(irq_signalled(), 1000));
	iar = gic_acknowledge();
	t->set_ctl(0);
	gic_end(iar);
	check("  served before the end, it does not",
	      gic_intid(iar) == t->intid &&
		      !wait_until(irq_signalled() || gic_pending(t->intid), 2));
	gic_enable(t->intid, false);
}

/* Interrupts taken as exceptions, a handler that moves CVAL and leaves the timer on. */
static volatile u64 ticks, fired_at;
static const struct timer *ticking;

static void tick(u32 intid)
{
	(void)intid;
	fired_at = ticking->count();
	ticks++;
	ticking->set_cval(ticking->count() + FAR_AWAY);
}

static void fires(const struct timer *t, bool asleep, bool by_tval)
{
	unsigned good = 0, early = 0;
	u64 deadline;

	ticking = t;
	irq_handlers[t->intid] = tick;
	gic_enable(t->intid, true);
	t->set_cval(~0ul);
	t->set_ctl(ENABLE);
	for (unsigned n = 0; n < 30; n++) {
		u64 before = ticks;

		irq_off();
		deadline = t->count() + MS;
		if (by_tval)
			t->set_tval(MS);
		else
			t->set_cval(deadline);
		while (ticks == before && t->count() < deadline + 10 * FAR_AWAY) {
			if (asleep)
				wait_for_interrupt();
			irq_on();
			irq_off();
		}
		good += ticks == before + 1;
		early += fired_at < deadline;
	}
	t->set_ctl(0);
	gic_enable(t->intid, false);
	print("  %s, by %s\n", asleep ? "asleep" : "spinning", by_tval ? "TVAL" : "CVAL");
	check_equal("    30 times", good, 30);
	check_equal("    never early", early, 0);
}

static void both(void)
{
	ticks = 0;
	ticking = &timers[0];
	for (unsigned i = 0; i < 2; i++) {
		irq_handlers[timers[i].intid] = tick;
		gic_enable(timers[i].intid, true);
		timers[i].set_tval(MS);
		timers[i].set_ctl(ENABLE);
	}
	while (now() && !(gic_pending(27) && gic_pending(30)))
		if (!wait_until(gic_pending(27) && gic_pending(30), 1000))
			break;
	check("both timers can be pending at once", gic_pending(27) && gic_pending(30));
	for (unsigned i = 0; i < 2; i++) {
		timers[i].set_ctl(0);
		gic_enable(timers[i].intid, false);
	}
	check("  and neither when they are off", !irq_signalled());
}

/* Each CPU has its own. */
static volatile u64 other_ticks;

static void other_cpu(unsigned cpu)
{
	u64 start = now();

	timer_count[cpu] = 0;
	timer_enable(true);
	for (u64 n = 1; n <= 10; n++) {
		timer_set(now() + MS);
		while (timer_count[cpu] < n && now() < start + 60 * tick_hz) {
			wait_for_interrupt();
			irq_on();
			irq_off();
		}
	}
	other_ticks = timer_count[cpu];
	timer_enable(false);
}

static void per_cpu(void)
{
	u64 here;

	if (cpu_count < 2) {
		skip("timers of another CPU", "one CPU only");
		return;
	}
	timers[0].set_cval(here = now() + 3600 * tick_hz);
	timers[0].set_ctl(ENABLE);
	check("another CPU uses its timer",
	      cpu_start(1, other_cpu) && wait_until(cpu_stopped(1), 60000));
	check_equal("  it gets its interrupts", other_ticks, 10);
	check_equal("  ours is as it was", timers[0].cval(), here);
	check_equal("  and has not expired", timers[0].ctl(), ENABLE);
	timers[0].set_ctl(0);
}

/* ---- EL0 ---- */

#define USER(name, code)                                   \
	static void user_##name(void)                      \
	{                                                  \
		__asm__ volatile(code ::: "x9", "memory"); \
	}
USER(virtual_count, "mrs x9, cntvct_el0")
USER(physical_count, "mrs x9, cntpct_el0")
USER(virtual_timer, "mrs x9, cntv_ctl_el0")
USER(physical_timer, "mrs x9, cntp_ctl_el0")
USER(virtual_set, "mov x9, #0\n\tmsr cntv_ctl_el0, x9")
USER(physical_set, "mov x9, #0\n\tmsr cntp_ctl_el0, x9")
USER(frequency, "mrs x9, cntfrq_el0")

static void user(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		u64 allow; /* bits of CNTKCTL_EL1, any of which does */
	} rows[] = {
		{ "virtual counter", user_virtual_count, 2 },
		{ "physical counter", user_physical_count, 1 },
		{ "virtual timer", user_virtual_timer, 1 << 8 },
		{ "physical timer", user_physical_timer, 1 << 9 },
		{ "virtual timer, set", user_virtual_set, 1 << 8 },
		{ "physical timer, set", user_physical_set, 1 << 9 },
		{ "frequency", user_frequency, 3 },
	};

	print("- EL0\n");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 others = 0x303 & ~rows[i].allow;

		sysreg_write(cntkctl_el1, 0);
		check_equal(rows[i].name, run_user(rows[i].fn), EC_SYSREG);
		sysreg_write(cntkctl_el1, others);
		if (rows[i].allow != 3)
			check_equal("  with other rights", run_user(rows[i].fn), EC_SYSREG);
		sysreg_write(cntkctl_el1, rows[i].allow & -rows[i].allow);
		check_equal("  with the right", run_user(rows[i].fn), EC_SVC);
	}
	sysreg_write(cntkctl_el1, 0);
}

/* Events from the counter end WFE. */
static void event_stream(void)
{
	sysreg_write(cntkctl_el1, 1 << 2 | 10 << 4);
	for (unsigned i = 0; i < 10; i++)
		__asm__ volatile("wfe" ::: "memory");
	sysreg_write(cntkctl_el1, 0);
	check("the counter's events end WFE", true);
}

void guest_main(void)
{
	counters();
	for (unsigned i = 0; i < 2; i++) {
		const struct timer *t = &timers[i];

		print("- %s timer\n", t->name);
		registers(t);
		status(t);
		line(t);
		fires(t, false, false);
		fires(t, true, false);
		fires(t, true, true);
	}
	both();
	per_cpu();
	user();
	event_stream();
}
