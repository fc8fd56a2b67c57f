/* SPDX-License-Identifier: MIT */
/* The shell's core: finds a line's command, checks its arguments, runs it; the prompt's task. */
#include <core/bundle.h>
#include <core/console.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/main.h>
#include <core/shell.h>
#include <core/time.h>
#include <string.h>

/* ---------------------------------------------------------------- the table */

bool shell_noun_exists(const char *noun)
{
	const struct shell_cmd *const *row;

	table_for_each(row, vg_shell_cmds)
		if (strcmp((*row)->noun, noun) == 0)
			return true;
	return false;
}

const struct shell_cmd *shell_find(const char *noun, const char *verb)
{
	const struct shell_cmd *const *row;

	table_for_each(row, vg_shell_cmds)
		if (strcmp((*row)->noun, noun) == 0 && strcmp((*row)->verb, verb) == 0)
			return *row;
	return NULL;
}

static int compare(const struct shell_cmd *a, const struct shell_cmd *b)
{
	int order = strcmp(a->noun, b->noun);

	return order ? order : strcmp(a->verb, b->verb);
}

const struct shell_cmd *shell_next(const struct shell_cmd *prev)
{
	const struct shell_cmd *const *row;
	const struct shell_cmd *next = NULL;

	table_for_each(row, vg_shell_cmds)
		if ((!prev || compare(*row, prev) > 0) && (!next || compare(*row, next) < 0))
			next = *row;
	return next;
}

/* ---------------------------------------------------------------- arguments */

bool shell_flag(const struct shell_args *args, const char *flag)
{
	for (u32 i = 0; i < args->flag_count; i++)
		if (strcmp(args->flag[i], flag) == 0)
			return true;
	return false;
}

const char *shell_arg(const struct shell_args *args, unsigned index)
{
	return index < args->count ? args->arg[index] : NULL;
}

static const char *space_before(const char *text)
{
	return *text ? " " : "";
}

static int usage_error(struct shell *sh, const struct shell_cmd *cmd, const char *what,
		       const char *word)
{
	return shell_error(sh, "%s%s%.40s; usage: %s%s%s%s%s", what, space_before(word), word,
			   cmd->noun, space_before(cmd->verb), cmd->verb, space_before(cmd->usage),
			   cmd->usage);
}

static bool usage_has_flag(const struct shell_cmd *cmd, const char *flag)
{
	const char *usage = cmd->usage;
	struct usage_word word;

	while (usage_next(&usage, &word))
		if (word.flag && word.len == strlen(flag) &&
		    strncmp(word.text, flag, word.len) == 0)
			return true;
	return false;
}

static int sort_words(struct shell *sh, struct shell_args *args, char *const *words, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (words[i][0] != '-' || !words[i][1]) {
			args->arg[args->count++] = words[i];
			continue;
		}
		if (!usage_has_flag(args->cmd, words[i]))
			return usage_error(sh, args->cmd, "there is no flag", words[i]);
		args->flag[args->flag_count++] = words[i];
	}
	return 0;
}

static int check_count(struct shell *sh, const struct shell_args *args)
{
	const char *usage = args->cmd->usage;
	struct usage_word word;
	bool repeated = false;
	char missing[40];
	u32 max = 0;

	while (usage_next(&usage, &word)) {
		if (word.flag)
			continue;
		if (!word.optional && args->count == max) {
			format_to(missing, sizeof(missing), "%.*s", (int)word.len, word.text);
			return usage_error(sh, args->cmd, "there is an argument missing:", missing);
		}
		repeated |= word.repeated;
		max++;
	}
	if (args->count > max && !repeated)
		return usage_error(sh, args->cmd, "there is an argument too many:", args->arg[max]);
	return 0;
}

static int run_command(struct shell *sh, const struct shell_cmd *cmd, char *const *words, u32 count)
{
	struct shell_args args = { .cmd = cmd };
	int e = sort_words(sh, &args, words, count);

	if (!e)
		e = check_count(sh, &args);
	return e ? e : cmd->run(sh, &args);
}

/* "console, create, destroy" */
static void list_verbs(const char *noun, char *buf, size_t size)
{
	const struct shell_cmd *cmd = NULL;
	size_t len = 0;

	buf[0] = '\0';
	while ((cmd = shell_next(cmd)))
		if (strcmp(cmd->noun, noun) == 0 && *cmd->verb && len < size)
			len += format_to(buf + len, size - len, "%s%s", len ? ", " : "", cmd->verb);
}

static int no_such_command(struct shell *sh, const struct shell_words *words)
{
	const char *noun = words->word[0];
	char verbs[160];

	if (!shell_noun_exists(noun))
		return shell_error(sh, "there is no command %.40s; `help` lists all", noun);
	if (words->count == 1) {
		shell_help_noun(sh, noun);
		return 0;
	}
	list_verbs(noun, verbs, sizeof(verbs));
	return shell_error(sh, "%s has no command %.40s; there are %s (see `help %s`)", noun,
			   words->word[1], verbs, noun);
}

static bool has_verbs(const char *noun)
{
	const struct shell_cmd *const *row;

	table_for_each(row, vg_shell_cmds)
		if (strcmp((*row)->noun, noun) == 0 && *(*row)->verb)
			return true;
	return false;
}

static bool takes_arguments(const struct shell_cmd *cmd)
{
	const char *usage = cmd->usage;
	struct usage_word word;

	while (usage_next(&usage, &word))
		if (!word.flag)
			return true;
	return false;
}

/* In `mem foo`, foo is meant as a verb: `mem` alone takes no argument. */
static bool is_wrong_verb(const struct shell_cmd *cmd, const struct shell_words *words)
{
	return words->count > 1 && words->word[1][0] != '-' && has_verbs(cmd->noun) &&
	       !takes_arguments(cmd);
}

static int dispatch(struct shell *sh, const struct shell_words *words)
{
	const struct shell_cmd *cmd;

	if (words->count > 1) {
		cmd = words->word[1][0] ? shell_find(words->word[0], words->word[1]) : NULL;
		if (cmd)
			return run_command(sh, cmd, words->word + 2, words->count - 2);
	}
	cmd = shell_find(words->word[0], "");
	if (cmd && !is_wrong_verb(cmd, words))
		return run_command(sh, cmd, words->word + 1, words->count - 1);
	return no_such_command(sh, words);
}

int shell_run(struct shell *sh, char *line)
{
	struct shell_words words;
	int e = words_split(&words, line);

	sh->interrupted = false;
	if (e)
		return shell_error(sh, "%s", words.error);
	if (words.count == 0)
		return 0;
	e = dispatch(sh, &words);
	if (sh->interrupted) {
		sh->interrupted = false;
		shell_write(sh, "^C\n", 3);
	}
	return e;
}

/* ---------------------------------------------------------------- the prompt */

static void prompt_shown(struct shell *sh, bool shown)
{
	if (sh->io.prompt_shown)
		sh->io.prompt_shown(sh->io.ctx, shown);
}

static void line_write(void *ctx, const char *s, size_t len)
{
	struct shell *sh = ctx;

	sh->io.write(sh->io.ctx, s, len);
}

void shell_init(struct shell *sh, const struct shell_io *io)
{
	memset(sh, 0, sizeof(*sh));
	sh->io = *io;
	sh->caller = (struct control_caller){ .name = "shell",
					      .rights = CONTROL_ALL,
					      .audit = LOG_DEBUG };
	line_init(&sh->line, "vg> ", line_write, sh);
}

static enum line_result edit(struct shell *sh)
{
	int c = shell_getc(sh, TIME_NEVER);

	if (c == -EAGAIN) {
		prompt_shown(sh,
			     true); /* a message that comes while it is drawn has it drawn again */
		line_redraw(&sh->line);
	}
	return c < 0 ? LINE_MORE : line_key(&sh->line, (u8)c);
}

void shell_prompt(struct shell *sh)
{
	enum line_result result = LINE_MORE;

	prompt_shown(sh, true);
	line_begin(&sh->line);
	while (result == LINE_MORE || result == LINE_COMPLETE) {
		result = edit(sh);
		if (result == LINE_COMPLETE)
			shell_complete(sh);
	}
	prompt_shown(sh, false);
	if (result == LINE_DONE)
		shell_run(sh, sh->line.text);
}

/* ---------------------------------------------------------------- the task on the host console */

static int host_getc(void *ctx, u64 deadline)
{
	(void)ctx;
	return console_getc(deadline);
}

static void host_write(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	console_write(s, len);
}

static void host_prompt_shown(void *ctx, bool shown)
{
	(void)ctx;
	console_prompt_shown(shown);
}

static void shell_main(void *arg)
{
	struct shell *sh = arg;

	shell_printf(sh, "Type `help` for the commands; Tab completes them.\n");
	main_prompt_ticks = time_now();
	for (;;)
		shell_prompt(sh);
}

void shell_start(void)
{
	const struct shell_io io = { host_getc, host_write, host_prompt_shown, NULL };
	struct shell *sh = heap_alloc(&owner_system, sizeof(*sh));

	if (sh)
		shell_init(sh, &io);
	if (!sh || !task_create("shell", shell_main, sh)) {
		heap_free(sh);
		log_error("the shell was not started: out of memory; guests that start by "
			  "themselves run on");
	}
}

/* ---------------------------------------------------------------- the boot script */

/* The keyboard belongs to the prompt: nothing comes, so the deadline passes. */
static int no_getc(void *ctx, u64 deadline)
{
	u64 now = time_now();

	(void)ctx;
	if (deadline > now)
		task_sleep_ms(time_to_ns(deadline - now) / 1000000);
	return -ETIMEDOUT;
}

static void around_prompt_write(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	console_write_around_prompt(s, len);
}

void shell_boot_script(void)
{
	const struct shell_io io = { no_getc, around_prompt_write, NULL, NULL };
	struct bundle_file file;
	struct shell *sh;

	if (bundle_find(SHELL_BOOT_SCRIPT, &file) != 0)
		return;
	sh = heap_alloc(&owner_system, sizeof(*sh));
	if (!sh) {
		log_error(SHELL_BOOT_SCRIPT " was not run: out of memory");
		return;
	}
	shell_init(sh, &io);
	sh->caller.name = SHELL_BOOT_SCRIPT;
	if (shell_script(sh, SHELL_BOOT_SCRIPT) != 0)
		log_warn(SHELL_BOOT_SCRIPT ": not all of it was done; see above");
	heap_free(sh);
}
