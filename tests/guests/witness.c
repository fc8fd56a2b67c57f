/* SPDX-License-Identifier: MIT */
/* Runs beside another guest and says every 50 ms that it still does: `beat N`, and its worst delay. */
#include <guest.h>

#define PERIOD (tick_hz / 20)

void guest_main(void)
{
	u64 next = now() + PERIOD, worst = 0;

	timer_enable(true);
	for (u64 beat = 1;; beat++, next += PERIOD) {
		timer_set(next);
		while (now() < next) {
			wait_for_interrupt();
			irq_on();
			irq_off();
		}
		if (now() - next > worst)
			worst = now() - next;
		print("beat %lu, latest by %lu us\n", beat, worst * 1000000 / tick_hz);
		if (now() > next + PERIOD) /* it was paused, or the machine is slow */
			next = now();
	}
}
