/* SPDX-License-Identifier: MIT */
/* The shell: commands are rows of a link-time table, in core/shell/cmd_*.c or anywhere else. */
#ifndef CORE_SHELL_H
#define CORE_SHELL_H

#include <core/control.h>
#include <core/line.h>
#include <core/table.h>
#include <libs/json.h>

#define SHELL_WORDS_MAX 16
#define SHELL_SCRIPT_DEPTH 4 /* scripts that run scripts */
#define SHELL_BOOT_SCRIPT "boot.vgs"

struct shell;
struct shell_args;

/*
 * One command. The usage says what follows noun and verb, and is what the dispatcher goes by:
 *   NAME        one argument; [NAME] if it may be left out
 *   a|b|FILE    a choice: words in lower case stand for themselves, in upper case for a value
 *   [WORD...]   as the last one: any number
 *   [--flag]    a flag, anywhere among the arguments
 * Completion knows NAME (a VM), FILE (in the bundle), COMMAND, and the words in lower case.
 */
struct shell_cmd {
	const char *noun;
	const char *verb;  /* "" when the noun stands alone */
	const char *usage; /* "" when nothing follows */
	const char *help;  /* one line without a full stop */
	int (*run)(struct shell *sh, const struct shell_args *args);
};

/* scripts/gen-shell-docs.py reads these rows too: string constants only. */
#define SHELL_CMD(noun_, verb_, usage_, help_, run_)                                            \
	static const struct shell_cmd shell_cmd_##run_ = { noun_, verb_, usage_, help_, run_ }; \
	TABLE_ROW(vg_shell_cmds, run_, shell_cmd_##run_)

TABLE_DECLARE(vg_shell_cmds, struct shell_cmd);

/* Arguments without noun, verb and flags; their number is what the usage allows. */
struct shell_args {
	const struct shell_cmd *cmd;
	u32 count;
	u32 flag_count;
	const char *arg[SHELL_WORDS_MAX];
	const char *flag[SHELL_WORDS_MAX];
};
bool shell_flag(const struct shell_args *args, const char *flag);
/* Argument @index or NULL. */
const char *shell_arg(const struct shell_args *args, unsigned index);

/* Where a session reads and writes; the host console, or a test. */
struct shell_io {
	/* Next byte; -ETIMEDOUT at @deadline (ticks), -EAGAIN: draw the prompt again. */
	int (*getc)(void *ctx, u64 deadline);
	void (*write)(void *ctx, const char *s, size_t len);
	/* The cursor stands in a prompt (or does no more). May be NULL. */
	void (*prompt_shown)(void *ctx, bool shown);
	void *ctx;
};

struct shell {
	struct control_caller caller;
	struct shell_io io;
	struct line line;
	const char *script; /* file of the script that runs, NULL: none */
	u32 script_line;
	u32 script_depth;
	bool interrupted; /* Ctrl-C: output is dropped until the command has returned */
	u8 ahead[256];    /* typed while a command ran */
	u32 ahead_count;
};

/* Starts the task with the prompt on the host console. Once, from main.c. */
void shell_start(void);
/* Runs boot.vgs, if the bundle has one, beside the prompt. Tasks; after the guests were created. */
void shell_boot_script(void);

void shell_init(struct shell *sh, const struct shell_io *io);
/* Runs one line (changed in place). 0, or an E-code after the error was printed. */
int shell_run(struct shell *sh, char *line);
/* Reads and runs one line typed at the prompt. */
void shell_prompt(struct shell *sh);
/*
 * Runs each line of a bundle file; errors are printed with their line number, the rest goes on.
 * -ENOENT: no such file.
 */
int shell_script(struct shell *sh, const char *file) __must_check;

/* ---- for commands ---- */

/* Nothing is printed after Ctrl-C; loops with much output end when shell_stopped(). */
void shell_printf(struct shell *sh, const char *fmt, ...) __printf(2, 3);
void shell_write(struct shell *sh, const char *s, size_t len);
bool shell_stopped(struct shell *sh);
/*
 * Prints a sentence that begins with the command and where it stands in a script; returns -EINVAL.
 */
int shell_error(struct shell *sh, const char *fmt, ...) __printf(2, 3);
/* The same with caller.error; returns @e. */
int shell_failed(struct shell *sh, int e);
/* Next key or -ETIMEDOUT. */
int shell_getc(struct shell *sh, u64 deadline);
/* Waits; ends early at Ctrl-C. Other keys stay for later. */
void shell_sleep_ms(struct shell *sh, u64 ms);
/* Adapters: a sink and a print function whose ctx is the shell. */
void shell_sink(void *ctx, const char *s, size_t len);
void shell_print(void *ctx, const char *fmt, ...) __printf(2, 3);

void shell_json_begin(struct shell *sh, struct json *json);
void shell_json_end(struct shell *sh);

/* Numbers typed by a user: on error says what is wrong with @what and which values there are. */
int shell_number(struct shell *sh, const char *what, const char *text, u64 min, u64 max,
		 u64 *value) __must_check;
int shell_bytes(struct shell *sh, const char *what, const char *text, u64 min, u64 max,
		u64 *value) __must_check;
/* "0,2-5" or "all". */
int shell_cpus(struct shell *sh, const char *text, struct cpumask *mask) __must_check;

/* Text for people in a small buffer that the caller brings. */
struct shell_text {
	char s[80];
};
const char *shell_size_text(struct shell_text *text, u64 bytes);                  /* "256 MiB" */
const char *shell_time_text(struct shell_text *text, u64 ticks);                  /* "12.345 s" */
const char *shell_cpus_text(struct shell_text *text, const struct cpumask *mask); /* "0-3,5" */

/*
 * Takes terminal control out of text that a guest or file brought; state across pieces. Writes at
 * most @len bytes to @out.
 */
struct shell_filter {
	u8 state;
};
size_t shell_filter(struct shell_filter *filter, const char *in, size_t len, char *out);
void shell_write_filtered(struct shell *sh, struct shell_filter *filter, const char *s, size_t len);
/*
 * Where the last @rows rows of the @len bytes begin; an end of row at the very end does not count.
 */
size_t shell_last_rows(const char *text, size_t len, u64 rows);
/* Rows of 16 bytes with their addresses. */
void shell_hexdump(struct shell *sh, u64 address, const u8 *bytes, size_t len);

/* ---- words.c: lines into words ---- */

struct shell_words {
	u32 count;
	char *word[SHELL_WORDS_MAX];
	const char *error; /* what is wrong, when split failed */
};
/*
 * Cuts @line in place at blanks. "..." with \" and \\, and '...' keep blanks; # before a word
 * begins a comment.
 * -EINVAL: see error.
 */
int words_split(struct shell_words *words, char *line) __must_check;

/* One word of a usage. */
struct usage_word {
	const char *text; /* without brackets */
	u32 len;
	bool optional;
	bool flag;
	bool repeated;
};
/* The next word of *@usage, which is moved on; false at the end. */
bool usage_next(const char **usage, struct usage_word *word);
/* Next alternative of a|b|C from @at on; false at the end. */
bool usage_choice(const struct usage_word *word, u32 *at, const char **text, u32 *len);

/* ---- dispatch, for help and completion ---- */

bool shell_noun_exists(const char *noun);
/* The row of @noun and @verb ("" for the noun alone), or NULL. */
const struct shell_cmd *shell_find(const char *noun, const char *verb);
/*
 * The row after @prev (NULL: the first) in alphabetical order; rows themselves come as compiler and
 * linker please.
 */
const struct shell_cmd *shell_next(const struct shell_cmd *prev);
/* What the table says about @noun, or about all (NULL). */
void shell_help_noun(struct shell *sh, const char *noun);

/* Tab in sh->line: types what is certain, or lists what is possible. */
void shell_complete(struct shell *sh);

#endif
