/* SPDX-License-Identifier: MIT */
/* The log: a ring of lines with time and level, a copy of most to the console, and rate limits. */
#include <core/console.h>
#include <core/errno.h>
#include <core/lock.h>
#include <core/log.h>
#include <core/time.h>
#include <libs/format.h>
#include <libs/ring.h>
#include <string.h>

#define LOG_SIZE KIB(64)
#define LOG_LINE_MAX 200
#define LIMIT_BURST 10
#define LIMIT_INTERVAL_MS 1000

/* In the ring, each line is this and its text. */
struct record {
	u64 ticks;
	u8 level;
	u8 len;
} __packed;

static u8 log_memory[LOG_SIZE];
static struct ring log_ring = RING(log_memory);
static struct spinlock log_lock = SPINLOCK(LOCK_LOG, "log"); /* guards log_ring */
static enum log_level console_level = LOG_INFO;

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};
static const char *const level_prefixes[] = {
	[LOG_ERROR] = "error: ",
	[LOG_WARN] = "warning: ",
	[LOG_INFO] = "",
	[LOG_DEBUG] = "debug: ",
};

enum log_level log_console_level(void)
{
	return __atomic_load_n(&console_level, __ATOMIC_RELAXED);
}

void log_set_console_level(enum log_level level)
{
	__atomic_store_n(&console_level, level, __ATOMIC_RELAXED);
}

const char *log_level_name(enum log_level level)
{
	return level < ARRAY_SIZE(level_names) ? level_names[level] : "?";
}

int log_level_parse(const char *name, enum log_level *level)
{
	for (unsigned i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The record at position @at, which is a value that ring.tail had or will have. */
static void read_record(u32 at, struct record *record, char *text)
{
	struct ring view = log_ring;

	view.tail = at;
	ring_read(&view, record, sizeof(*record));
	if (text) {
		ring_read(&view, text, record->len);
		text[record->len] = '\0';
	}
}

static void store(enum log_level level, u64 ticks, const char *text, size_t len)
{
	struct record record = { ticks, (u8)level, (u8)len };
	struct record oldest;
	irqflags_t flags = spin_lock(&log_lock);

	while (ring_room(&log_ring) < sizeof(record) + len) {
		read_record(log_ring.tail, &oldest, NULL);
		ring_skip(&log_ring, sizeof(oldest) + oldest.len);
	}
	ring_write(&log_ring, &record, sizeof(record));
	ring_write(&log_ring, text, (u32)len);
	spin_unlock(&log_lock, flags);
}

/* One write a line, so that lines of several CPUs do not mix. */
static void show(enum log_level level, u64 ticks, const char *text)
{
	char line[LOG_LINE_MAX + 40];
	u64 us = time_to_ns(ticks) / 1000;
	size_t len = format_to(line, sizeof(line), "[%5llu.%06llu] %s%s\n",
			       (unsigned long long)(us / 1000000),
			       (unsigned long long)(us % 1000000), level_prefixes[level], text);

	console_write_around_prompt(line, MIN(len, sizeof(line) - 1));
}

static void __printf(2, 0) log_va(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX + 1];
	u64 ticks = time_hz() ? time_since_boot() : 0; /* the clock may not be known yet */
	size_t len = format_to_va(text, sizeof(text), fmt, ap);

	store(level, ticks, text, MIN(len, (size_t)LOG_LINE_MAX));
	if (level <= log_console_level())
		show(level, ticks, text);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > CONFIG_LOG_LEVEL)
		return;
	va_start(ap, fmt);
	log_va(level, fmt, ap);
	va_end(ap);
}

void log_replay(void (*line)(void *ctx, u64 ticks, enum log_level level, const char *text),
		void *ctx)
{
	struct record record;
	char text[LOG_LINE_MAX + 1];
	irqflags_t flags = spin_lock(&log_lock);
	u32 at = log_ring.tail;
	u32 end = log_ring.head; /* what is logged meanwhile is left out */

	while ((s32)(end - at) > 0) {
		read_record(at, &record, text);
		at += sizeof(record) + record.len;
		spin_unlock(&log_lock, flags);
		line(ctx, record.ticks, (enum log_level)record.level, text);
		flags = spin_lock(&log_lock);
		if ((s32)(log_ring.tail - at) > 0) /* overtaken */
			at = log_ring.tail;
	}
	spin_unlock(&log_lock, flags);
}

static struct spinlock limit_lock =
	SPINLOCK(LOCK_LEAF, "log limit"); /* guards every struct log_limit */

/* Adds the tokens that have come since the last time. A limit of zeros is a new one: full. */
static void refill(struct log_limit *limit, u64 now)
{
	u64 interval = time_from_ms(LIMIT_INTERVAL_MS);
	u64 tokens = limit->refill_ticks ? (now - limit->refill_ticks) / interval : LIMIT_BURST;

	if (limit->tokens + tokens >= LIMIT_BURST) {
		limit->tokens = LIMIT_BURST;
		limit->refill_ticks = now;
	} else {
		limit->tokens += (u32)tokens;
		limit->refill_ticks += tokens * interval;
	}
}

bool log_limit_pass(struct log_limit *limit, u32 *dropped)
{
	irqflags_t flags = spin_lock(&limit_lock);
	bool pass;

	refill(limit, MAX(time_now(), 1ull));
	pass = limit->tokens > 0;
	if (pass) {
		limit->tokens--;
		*dropped = limit->dropped;
		limit->dropped = 0;
	} else {
		limit->dropped++;
	}
	spin_unlock(&limit_lock, flags);
	return pass;
}

void log_guest(struct log_limit *limit, const char *vm_name, const char *fmt, ...)
{
	char text[LOG_LINE_MAX + 1];
	u32 dropped;
	va_list ap;

	if (!log_limit_pass(limit, &dropped))
		return;
	va_start(ap, fmt);
	format_to_va(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (dropped)
		log_warn("VM %s: %u messages dropped", vm_name, dropped);
	log_warn("VM %s: %s", vm_name, text);
}
