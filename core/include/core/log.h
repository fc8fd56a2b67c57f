/* SPDX-License-Identifier: MIT */
/* Messages of the hypervisor: four levels, a ring that `log` shows, and the console. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <core/types.h>

enum log_level {
	LOG_ERROR, /* something asked for did not happen; the text says what would help */
	LOG_WARN, /* it goes on, but not as somebody may expect; the highest level for guests' doings */
	LOG_INFO,  /* milestones of boot and of a VM's life: a few lines each */
	LOG_DEBUG, /* for people who change the code */
};

/* One line without a newline. Any context, before the heap exists too. Lines are cut at 200 bytes. */
void log_at(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Lines above this level go to the ring only. */
enum log_level log_console_level(void);
void log_set_console_level(enum log_level level);
const char *log_level_name(enum log_level level);
/* -EINVAL when @name is none of error, warn, info, debug. */
int log_level_parse(const char *name, enum log_level *level) __must_check;

/* Calls @line for each kept line, oldest first, with its time in host ticks. Tasks only. */
void log_replay(void (*line)(void *ctx, u64 ticks, enum log_level level, const char *text),
		void *ctx);

/* A budget for messages that a guest can trigger: @burst lines, then one each @interval_ms. */
struct log_limit {
	u64 refill_ticks;
	u32 tokens;
	u32 dropped;
};
/* True when a line may be printed; @dropped tells how many were not since the last one. */
bool log_limit_pass(struct log_limit *limit, u32 *dropped);

/* A warning about guest @vm_name that this guest can trigger: rate-limited, counted when dropped. */
void log_guest(struct log_limit *limit, const char *vm_name, const char *fmt, ...) __printf(3, 4);

#endif
