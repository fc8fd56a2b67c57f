/* SPDX-License-Identifier: MIT */
/* log: the hypervisor's messages. */
#include <core/errno.h>
#include <core/log.h>
#include <core/shell.h>
#include <core/time.h>
#include <string.h>

struct replay {
	struct shell *sh;
	struct json *json; /* NULL: text */
};

/* Lines may quote guests and images, so they are filtered like those. */
static void replay_line(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	struct shell_filter filter = { 0 };
	struct replay *replay = ctx;
	u64 us = time_to_ns(ticks) / 1000;

	if (replay->sh->interrupted)
		return;
	if (replay->json) {
		json_object_open(replay->json, NULL);
		json_u64(replay->json, "time_us", us);
		json_string(replay->json, "level", log_level_name(level));
		json_string(replay->json, "text", text);
		json_object_close(replay->json);
		return;
	}
	shell_printf(replay->sh, "[%5lu.%06lu] %-5s ", us / 1000000, us % 1000000,
		     log_level_name(level));
	shell_write_filtered(replay->sh, &filter, text, strlen(text));
	shell_write(replay->sh, "\n", 1);
}

static int cmd_log(struct shell *sh, const struct shell_args *args)
{
	struct json json;
	struct replay replay = { sh, NULL };
	int e = control_check(&sh->caller, CONTROL_HOST_LIST, "show", "the log");

	if (e)
		return shell_failed(sh, e);
	if (shell_flag(args, "--json")) {
		replay.json = &json;
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	}
	log_replay(replay_line, &replay);
	if (replay.json) {
		json_array_close(&json);
		shell_json_end(sh);
	}
	return 0;
}

static int cmd_log_level(struct shell *sh, const struct shell_args *args)
{
	const char *name = shell_arg(args, 0);
	enum log_level level;
	int e;

	if (!name) {
		shell_printf(sh, "the console shows messages up to %s\n",
			     log_level_name(log_console_level()));
		return 0;
	}
	if (log_level_parse(name, &level) != 0)
		return shell_error(
			sh, "there is no level %.40s; there are error, warn, info and debug", name);
	if (level > CONFIG_LOG_LEVEL)
		return shell_error(
			sh, "this build has no messages of level %s: set CONFIG_LOG_LEVEL to %u",
			name, level);
	e = control_log_level(&sh->caller, level);
	return e ? shell_failed(sh, e) : 0;
}

SHELL_CMD("log", "", "[--json]", "show the hypervisor's messages that are kept", cmd_log);
SHELL_CMD("log", "level", "[error|warn|info|debug]",
	  "say up to which level messages go to the console", cmd_log_level);
