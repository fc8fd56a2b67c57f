/* SPDX-License-Identifier: MIT */
/* What is at the other end of an emulated UART: the VM's console, and who asks the guest to shut down. */
#ifndef EMULATORS_SERIAL_LINE_H
#define EMULATORS_SERIAL_LINE_H

#include <core/emulator.h>
#include <core/vconsole.h>

/* Part of the UART's state; the device's lock guards it. */
struct serial_line {
	struct vdev *dev;
	bool sysrq;       /* the guest shuts down on a break and 'o' */
	u8 request_count; /* characters of that request that are still to come */
};

/* Beside bytes, what serial_line_next() returns. */
enum { SERIAL_LINE_IDLE = -1, SERIAL_LINE_BREAK = 0x100 };

/*
 * For create(): reads verdigris,shutdown and takes the console if no other device has it; input_ready(dev) is
 * called without locks when there is something to receive. -EINVAL, explained.
 */
int serial_line_create(struct serial_line *line, struct vdev *dev,
		       void (*input_ready)(void *dev)) __must_check;
void serial_line_reset(struct serial_line *line);
/* The next character to receive: a shutdown request before what was typed. */
int serial_line_next(struct serial_line *line);
/* Sends a break and 'o', ahead of what was typed; the UART fetches them then. -ENOSYS: it is not configured. */
int serial_line_request_shutdown(struct serial_line *line) __must_check;

static inline void serial_line_put(const struct serial_line *line, u8 byte)
{
	if (line->dev->console)
		vconsole_put(line->dev->console, byte);
}

#endif
