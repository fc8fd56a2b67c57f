/* SPDX-License-Identifier: MIT */
/* help: what the command table says. */
#include <core/errno.h>
#include <core/shell.h>
#include <string.h>

static void print_row(struct shell *sh, const struct shell_cmd *cmd)
{
	char left[96];

	format_to(left, sizeof(left), "%s%s%s%s%s", cmd->noun, *cmd->verb ? " " : "", cmd->verb,
		  *cmd->usage ? " " : "", cmd->usage);
	shell_printf(sh, "  %-44s %s\n", left, cmd->help);
}

void shell_help_noun(struct shell *sh, const char *noun)
{
	const struct shell_cmd *cmd = NULL;

	while ((cmd = shell_next(cmd)))
		if (!noun || strcmp(cmd->noun, noun) == 0)
			print_row(sh, cmd);
}

static int cmd_help(struct shell *sh, const struct shell_args *args)
{
	const char *noun = shell_arg(args, 0);
	const char *verb = shell_arg(args, 1);
	const struct shell_cmd *cmd;

	if (verb) {
		cmd = shell_find(noun, verb);
		if (!cmd)
			return shell_error(sh, "there is no command %.40s %.40s; `help` lists all",
					   noun, verb);
		print_row(sh, cmd);
		return 0;
	}
	if (noun && !shell_noun_exists(noun))
		return shell_error(sh, "there is no command %.40s; `help` lists all", noun);
	shell_help_noun(sh, noun);
	return 0;
}

SHELL_CMD("help", "", "[COMMAND] [VERB]", "list the commands, or those of one noun", cmd_help);
