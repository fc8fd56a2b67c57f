/* SPDX-License-Identifier: MIT */
/* The host console: an output ring that a UART's interrupt or the idle loop drains, and its input. */
#include <core/arch.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/lock.h>
#include <core/task.h>
#include <core/timer.h>
#include <libs/format.h>
#include <libs/ring.h>

#define OUTPUT_SIZE KIB(16)
#define INPUT_SIZE 256
#define POLL_MS 10
#define POLL_BUSY_MS 1  /* while output waits */
#define RECEIVE_MAX 256 /* bytes taken in one interrupt */

/* The shell's prompt: on the screen, or gone under a line of the log and to be drawn again. */
enum prompt_state {
	PROMPT_NONE,
	PROMPT_SHOWN,
	PROMPT_WIPED, /* by somebody who may not wake the shell; an interrupt will */
	PROMPT_REDRAW,
};

static u8 output_memory[OUTPUT_SIZE];
static u8 input_memory[INPUT_SIZE];

static struct {
	struct spinlock lock; /* guards all up to `focus` */
	const struct console_driver *driver;
	struct ring output;
	struct ring input;
	u32 dropped; /* bytes of output since the last remark about it */
	char last;   /* byte written */
	bool polled; /* the end is near: no locks, no ring */
	struct {
		void (*rx)(void *ctx, u8 byte);
		void *ctx;
	} focus;
	enum prompt_state prompt;
	u32 receiver; /* CPU number + 1 of the one that hands out input, 0: none; atomic */
	struct timer poll;
	struct waitqueue room;  /* for tasks: output left the ring */
	struct waitqueue typed; /* for the shell: input came */
} console = {
	.lock = SPINLOCK(LOCK_CONSOLE, "console"),
	.output = RING(output_memory),
	.input = RING(input_memory),
	.room = WAITQUEUE(console.room),
	.typed = WAITQUEUE(console.typed),
};

/* ---- output ---- */

static void early_write(const char *s, size_t len)
{
	for (; len; len--, s++) {
		if (*s == '\n' && console.last != '\r')
			arch_early_putc('\r');
		arch_early_putc(*s);
		console.last = *s;
	}
}

/* Hands the driver what it takes and asks for an interrupt when something is left. */
static void drain_locked(void)
{
	const u8 *bytes;
	u32 len, taken;

	lock_assert_held(&console.lock);
	while ((len = ring_peek(&console.output, &bytes))) {
		taken = (u32)console.driver->write((const char *)bytes, len);
		ring_skip(&console.output, taken);
		if (taken < len)
			break;
	}
	if (console.driver->tx_interrupt)
		console.driver->tx_interrupt(ring_count(&console.output) != 0 ||
					     console.prompt == PROMPT_WIPED);
}

static bool put_locked(char c)
{
	bool with_return = c == '\n' && console.last != '\r';

	if (ring_room(&console.output) < 1u + with_return)
		return false;
	if (with_return)
		ring_put(&console.output, '\r');
	ring_put(&console.output, (u8)c);
	console.last = c;
	return true;
}

/* Says how much was dropped, once there is room for the remark. */
static void remark_locked(void)
{
	char text[48];
	size_t len;

	if (!console.dropped)
		return;
	len = format_to(text, sizeof(text), "\n[%u bytes of output were dropped]\n",
			console.dropped);
	if (ring_room(&console.output) < len + 2)
		return;
	for (size_t i = 0; i < len; i++)
		put_locked(text[i]);
	console.dropped = 0;
}

/* Returns how many bytes found room. */
static size_t write_locked(const char *s, size_t len)
{
	size_t done = 0;

	if (!console.driver) {
		early_write(s, len);
		return len;
	}
	remark_locked();
	while (done < len && !console.dropped) {
		if (put_locked(s[done]))
			done++;
		else if (drain_locked(), !ring_room(&console.output))
			break;
	}
	drain_locked();
	return done;
}

static size_t write_some(const char *s, size_t len, bool drop)
{
	irqflags_t flags;
	size_t done;

	if (console.polled) {
		early_write(s, len);
		return len;
	}
	flags = spin_lock(&console.lock);
	done = write_locked(s, len);
	if (drop)
		console.dropped += (u32)(len - done);
	spin_unlock(&console.lock, flags);
	return done;
}

static bool has_room(void *arg)
{
	(void)arg;
	return console.polled || ring_room(&console.output) >= OUTPUT_SIZE / 4;
}

static bool is_drained(void *arg)
{
	(void)arg;
	return console.polled || ring_count(&console.output) == 0;
}

/*
 * Waits for an interrupt or the poll to make the condition true. Another CPU's write may drain the
 * ring too and wakes nobody, because it can come with any lock held: hence the limit.
 */
static void wait_output(bool (*cond)(void *arg))
{
	(void)waitqueue_wait(&console.room, cond, NULL, time_now() + time_from_ms(POLL_MS));
}

void console_write(const char *s, size_t len)
{
	bool wait = !console.polled && this_cpu() && task_current();
	size_t done = write_some(s, len, !wait);

	while (wait && done < len) {
		wait_output(has_room);
		done += write_some(s + done, len - done, false);
	}
}

/* Collects the pieces of a formatted text, so that they stay together and cost few writes. */
struct pieces {
	size_t len;
	char text[160];
};

static void printf_sink(void *ctx, const char *s, size_t len)
{
	struct pieces *pieces = ctx;

	if (pieces->len + len > sizeof(pieces->text)) {
		console_write(pieces->text, pieces->len);
		pieces->len = 0;
	}
	if (len > sizeof(pieces->text)) {
		console_write(s, len);
		return;
	}
	memcpy(pieces->text + pieces->len, s, len);
	pieces->len += len;
}

void console_printf(const char *fmt, ...)
{
	struct pieces pieces;
	va_list ap;

	pieces.len = 0;
	va_start(ap, fmt);
	format_va(printf_sink, &pieces, fmt, ap);
	va_end(ap);
	console_write(pieces.text, pieces.len);
}

void console_flush(void)
{
	while (!is_drained(NULL))
		wait_output(is_drained);
}

void console_set_polled(void)
{
	const u8 *bytes;
	u32 len;

	console.polled = true;
	while ((len = ring_peek(&console.output, &bytes))) {
		for (u32 i = 0; i < len; i++)
			arch_early_putc((char)bytes[i]);
		ring_skip(&console.output, len);
	}
}

/* ---- input ---- */

static void deliver(u8 byte)
{
	irqflags_t flags = spin_lock(&console.lock);
	void (*rx)(void *ctx, u8 byte) = console.focus.rx;
	void *ctx = console.focus.ctx;

	if (!rx)
		ring_put(&console.input,
			 byte); /* more than INPUT_SIZE ahead of the shell is lost */
	spin_unlock(&console.lock, flags);
	if (rx)
		rx(ctx, byte);
}

/* Takes the right to hand out input; while this CPU has it, no focus goes away under rx(). */
static bool receive_begin(void)
{
	u32 nobody = 0;

	return __atomic_compare_exchange_n(&console.receiver, &nobody, this_cpu()->id + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void receive(void)
{
	int c;

	if (!console.driver || !receive_begin())
		return;
	for (unsigned i = 0; i < RECEIVE_MAX && (c = console.driver->read()) >= 0; i++)
		deliver((u8)c);
	__atomic_store_n(&console.receiver, 0, __ATOMIC_RELEASE);
	if (ring_count(&console.input))
		waitqueue_wake(&console.typed);
}

static void send(void)
{
	irqflags_t flags;
	bool more_room, redraw;

	if (console.polled || !console.driver ||
	    (!ring_count(&console.output) && console.prompt != PROMPT_WIPED))
		return;
	flags = spin_lock(&console.lock);
	redraw = console.prompt == PROMPT_WIPED;
	if (redraw)
		console.prompt = PROMPT_REDRAW;
	remark_locked();
	drain_locked();
	more_room = has_room(NULL);
	spin_unlock(&console.lock, flags);
	if (more_room)
		waitqueue_wake(&console.room);
	if (redraw)
		waitqueue_wake(&console.typed);
}

void console_interrupt(void)
{
	receive();
	send();
}

void console_poll(void)
{
	if (console.driver && !console.driver->tx_interrupt)
		send();
}

static void poll_timer(struct timer *timer)
{
	console_interrupt();
	timer_set(timer,
		  time_now() + time_from_ms(ring_count(&console.output) ? POLL_BUSY_MS : POLL_MS));
}

void console_bind(const struct console_driver *driver)
{
	irqflags_t flags = spin_lock(&console.lock);
	bool first = !console.driver;

	if (first)
		console.driver = driver;
	spin_unlock(&console.lock, flags);
	if (first && (!driver->rx_interrupt || !driver->tx_interrupt)) {
		timer_init(&console.poll, poll_timer);
		timer_set(&console.poll, time_now() + time_from_ms(POLL_MS));
	}
}

bool console_is_bound(void)
{
	return console.driver != NULL;
}

void console_set_focus(void (*rx)(void *ctx, u8 byte), void *ctx)
{
	irqflags_t flags = spin_lock(&console.lock);
	u32 self = this_cpu()->id + 1;
	u32 receiver;

	console.focus.rx = rx;
	console.focus.ctx = ctx;
	spin_unlock(&console.lock, flags);
	/* The old rx() may run on another CPU; afterwards nobody calls it any more. */
	do
		receiver = __atomic_load_n(&console.receiver, __ATOMIC_ACQUIRE);
	while (receiver && receiver != self);
}

static bool has_input(void *arg)
{
	(void)arg;
	return ring_count(&console.input) != 0 || console.prompt >= PROMPT_WIPED;
}

void console_prompt_shown(bool shown)
{
	irqflags_t flags = spin_lock(&console.lock);

	console.prompt = shown ? PROMPT_SHOWN : PROMPT_NONE;
	spin_unlock(&console.lock, flags);
}

void console_write_around_prompt(const char *s, size_t len)
{
	static const char wipe[] = "\r\x1b[K";
	irqflags_t flags;

	if (console.polled) {
		early_write(s, len);
		return;
	}
	flags = spin_lock(&console.lock);
	if (console.prompt == PROMPT_SHOWN) {
		console.prompt = PROMPT_WIPED;
		(void)write_locked(wipe, sizeof(wipe) - 1);
	}
	console.dropped += (u32)(len - write_locked(s, len));
	spin_unlock(&console.lock, flags);
}

/* True, once, when the prompt has to be drawn again. */
static bool take_redraw_locked(void)
{
	bool redraw = console.prompt >= PROMPT_WIPED;

	lock_assert_held(&console.lock);
	if (redraw)
		console.prompt = PROMPT_NONE;
	return redraw;
}

int console_getc(u64 deadline)
{
	irqflags_t flags;
	int c, e;

	do {
		e = waitqueue_wait(&console.typed, has_input, NULL, deadline);
		if (e)
			return e;
		flags = spin_lock(&console.lock);
		c = take_redraw_locked() ? -EAGAIN : ring_get(&console.input);
		spin_unlock(&console.lock, flags);
	} while (c == -1); /* another task was quicker */
	return c;
}
