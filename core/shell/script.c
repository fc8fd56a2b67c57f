/* SPDX-License-Identifier: MIT */
/* Scripts in the bundle: a command a line, # begins a comment. */
#include <core/bundle.h>
#include <core/errno.h>
#include <core/shell.h>
#include <string.h>

/*
 * Copies the line that begins at *@at, without its end, and moves *@at on. False: it is too long,
 * and left out.
 */
static bool take_line(const struct bundle_file *file, size_t *at, char line[LINE_SIZE])
{
	const u8 *start = file->data + *at;
	const u8 *end = memchr(start, '\n', file->size - *at);
	size_t len = end ? (size_t)(end - start) : file->size - *at;

	*at += len + (end != NULL);
	if (len && start[len - 1] == '\r')
		len--;
	if (len >= LINE_SIZE)
		return false;
	memcpy(line, start, len);
	line[len] = '\0';
	/* A zero byte would end the line unseen; words_split() refuses this one with a message. */
	for (size_t i = 0; i < len; i++)
		if (!line[i])
			line[i] = 1;
	return true;
}

static int run_lines(struct shell *sh, const struct bundle_file *file)
{
	char line[LINE_SIZE];
	size_t at = 0;
	int result = 0;

	while (at < file->size) {
		int e;

		sh->script_line++;
		if (take_line(file, &at, line))
			e = shell_run(sh, line);
		else
			e = shell_error(sh, "the line is too long; %u bytes are the most",
					LINE_SIZE - 1);
		if (e)
			result = -EINVAL;
	}
	return result;
}

int shell_script(struct shell *sh, const char *name)
{
	const char *outer = sh->script;
	u32 outer_line = sh->script_line;
	struct bundle_file file;
	int e = bundle_find(name, &file);

	if (e)
		return shell_error(sh,
				   "the bundle has no file %.64s; `bundle ls` lists what there is",
				   name),
		       e;
	if (sh->script_depth == SHELL_SCRIPT_DEPTH)
		return shell_error(sh, "%.64s is not run: scripts call each other %u deep already",
				   name, SHELL_SCRIPT_DEPTH);
	sh->script_depth++;
	sh->script = file.name;
	sh->script_line = 0;
	e = run_lines(sh, &file);
	sh->script = outer;
	sh->script_line = outer_line;
	sh->script_depth--;
	return e;
}
