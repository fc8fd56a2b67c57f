/* SPDX-License-Identifier: MIT */
/* Test guest: the counter, the timer and sleeping: never early, not lost, bounds generous for emulators. */
#include <guest.h>

#define MS (tick_hz / 1000)
#define LATE (500 * MS) /* what a busy build machine may take */

static void counter(void)
{
	u64 last = now(), backwards = 0, start = now();

	for (unsigned i = 0; i < 10000; i++) {
		u64 t = now();

		backwards += t < last;
		last = t;
	}
	check_equal("the counter does not go back", backwards, 0);
	check("the counter moves", last > start);
	check("a guest's time starts near 0", start < 3600 * tick_hz);
}

/* Arms a timer and waits for its interrupt, spinning or asleep. False: it did not come, or came early. */
static bool fires(u64 ahead, bool asleep, u64 *late)
{
	unsigned cpu = cpu_this();
	u64 count = timer_count[cpu], deadline;

	irq_off();
	deadline = now() + ahead;
	timer_set(deadline);
	while (timer_count[cpu] == count && now() < deadline + 10 * LATE) {
		if (asleep)
			wait_for_interrupt();
		irq_on();
		irq_off();
	}
	*late = timer_fired[cpu] - deadline;
	return timer_count[cpu] == count + 1 && timer_fired[cpu] >= deadline;
}

static void series(const char *name, u64 ahead, bool asleep, unsigned count)
{
	u64 late, worst = 0;
	unsigned good = 0;

	for (unsigned i = 0; i < count; i++) {
		good += fires(ahead, asleep, &late);
		worst = late > worst ? late : worst;
	}
	check_equal(name, good, count);
	print("  latest by %lu us\n", worst * 1000000 / tick_hz);
	check("  none was very late", worst < LATE);
}

static void cancel(void)
{
	unsigned cpu = cpu_this();
	u64 count = timer_count[cpu];

	timer_set(now() +
		  30 * MS); /* so far ahead that it does not expire before it is taken back */
	timer_set(~0ull);
	irq_on();
	delay_us(40000);
	irq_off();
	check_equal("a timer that was taken back does not fire", timer_count[cpu], count);
	timer_set(now() + 3600 * tick_hz);
	irq_on();
	delay_us(2000);
	irq_off();
	check_equal("a timer an hour ahead does not fire", timer_count[cpu], count);
	timer_set(now() + MS);
	delay_us(3000);
	timer_set(~0ull);
	irq_on();
	delay_us(1000);
	irq_off();
	check_equal("one that expired while masked and was taken back does not fire",
		    timer_count[cpu], count);
}

/* Sleeping with interrupts masked ends all the same. */
static void masked_sleep(void)
{
	u64 start = now();

	irq_off();
	timer_set(start + MS);
	wait_for_interrupt();
	while (now() < start + MS)
		wait_for_interrupt();
	check("sleep ends by a masked timer interrupt", now() - start < 10 * LATE);
	timer_set(~0ull);
}

void guest_main(void)
{
	counter();
	timer_enable(true);
	series("timer 1 ms ahead, spinning", MS, false, 50);
	series("timer 1 ms ahead, asleep", MS, true, 50);
	series("timer 30 ms ahead, asleep", 30 * MS, true, 5);
	series("timer at once", 0, false, 50);
	series("timer at once, asleep", 0, true, 50);
	series("timer 1 tick ahead, asleep", 1, true, 50);
	cancel();
	masked_sleep();
}
