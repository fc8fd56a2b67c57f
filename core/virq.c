/* SPDX-License-Identifier: MIT */
/* Interrupt lines of a guest: devices' side of the wire, and who hears of an interrupt's end. */
#include <core/errno.h>
#include <core/virq.h>

void virq_set(struct virq_line *line, bool level)
{
	if (line->asserted == level || !line->chip)
		return;
	line->asserted = level;
	line->chip->ops->set(line->chip, line->irq, level);
}

void virq_pulse(struct virq_line *line)
{
	virq_set(line, false);
	virq_set(line, true);
	virq_set(line, false);
}

int virq_listen_eoi(struct virq_line *line, virq_eoi_fn fn, void *ctx)
{
	struct virq_chip *chip = line->chip;

	if (!chip)
		return 0;
	if (chip->listener_count == ARRAY_SIZE(chip->listeners))
		return -ENOSPC;
	chip->listeners[chip->listener_count++] =
		(struct virq_eoi_listener){ .irq = line->irq, .fn = fn, .ctx = ctx };
	return 0;
}

void virq_notify_eoi(struct virq_chip *chip, u32 irq)
{
	for (u32 i = 0; i < chip->listener_count; i++) {
		if (chip->listeners[i].irq == irq)
			chip->listeners[i].fn(chip->listeners[i].ctx, irq);
	}
}
