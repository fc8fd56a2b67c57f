/* SPDX-License-Identifier: MIT */
/* The host console: output through a ring that nobody waits for, input to whoever has the focus. */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include <core/types.h>

/*
 * Output goes to a ring; a transmit interrupt or the idle loop drains it to the UART. When the ring
 * is full, a task waits for room, anybody else drops (and the drop is counted and said). Before a
 * driver is bound, output goes to arch_early_putc() at once.
 */
struct console_driver {
	const char *name;
	/* Hands over up to @len bytes without waiting and returns how many were taken. */
	size_t (*write)(const char *s, size_t len);
	/* Next received byte or -1. */
	int (*read)(void);
	/* Ask for (or stop) an interrupt when write() would take bytes again; NULL: drained by polling. */
	void (*tx_interrupt)(bool on);
	bool rx_interrupt; /* false: input is polled by a timer, every 10 ms */
};

/* Binds the driver that a UART driver's probe found; the first one wins. */
void console_bind(const struct console_driver *driver);
/* A driver asks before it touches its device: there is one console. */
bool console_is_bound(void);
/* From the UART's interrupt handler: takes what was received, sends what waits. Any context. */
void console_interrupt(void);
/* From the idle loop: sends what waits when the driver has no interrupt. */
void console_poll(void);

/*
 * A line feed that follows no carriage return gets one. What one call writes stays together unless
 * it does not fit the ring. A task that holds a spinlock must not wait: it logs.
 */
void console_write(const char *s, size_t len);
void console_printf(const char *fmt, ...) __printf(1, 2);
/* Waits until all output has left; tasks only. */
void console_flush(void);
/* From now on write by polling, without locks: for panic() and power-off. */
void console_set_polled(void);

/*
 * Input has one taker at a time: the shell (default, through console_getc()) or whoever took the
 * focus. rx() gets each byte in interrupt context.
 */
void console_set_focus(void (*rx)(void *ctx, u8 byte), void *ctx); /* NULL: back to the shell */
/*
 * Next byte for the shell; sleeps. -ETIMEDOUT when @deadline (host ticks, TIME_NEVER) passes.
 * -EAGAIN once after a line of the log has wiped out the prompt: draw it again.
 */
int console_getc(u64 deadline);
/* The shell says that the cursor stands in its prompt, or is about to. */
void console_prompt_shown(bool shown);
/*
 * Whole lines for log.c: where a prompt is shown they take its place, and it is drawn again below them (see
 * console_getc()). Never waits: what finds no room is dropped and counted. Any context that holds no lock of
 * rank CONSOLE or later.
 */
void console_write_around_prompt(const char *s, size_t len);

#endif
