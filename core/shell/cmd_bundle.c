/* SPDX-License-Identifier: MIT */
/* bundle: the files that came with the hypervisor. */
#include <core/bundle.h>
#include <core/errno.h>
#include <core/shell.h>
#include <string.h>

static int cmd_bundle_ls(struct shell *sh, const struct shell_args *args)
{
	bool as_json = shell_flag(args, "--json");
	struct bundle_file file;
	struct json json;

	if (as_json) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	} else if (!bundle_get(0, &file)) {
		shell_printf(sh, "there is no bundle, or nothing in it: the boot loader passes one "
				 "as initrd\n");
	}
	for (unsigned i = 0; !sh->interrupted && bundle_get(i, &file); i++) {
		if (!as_json) {
			shell_printf(sh, "%12lu  %s\n", (u64)file.size, file.name);
			continue;
		}
		json_object_open(&json, NULL);
		json_string(&json, "name", file.name);
		json_u64(&json, "size", file.size);
		json_object_close(&json);
	}
	if (as_json) {
		json_array_close(&json);
		shell_json_end(sh);
	}
	return 0;
}

static int open_file(struct shell *sh, const char *name, struct bundle_file *file)
{
	if (bundle_find(name, file) == 0)
		return 0;
	return shell_error(sh, "the bundle has no file %.64s; `bundle ls` lists what there is",
			   name);
}

static int cmd_bundle_cat(struct shell *sh, const struct shell_args *args)
{
	struct shell_filter filter = { 0 };
	struct bundle_file file;
	int e = open_file(sh, args->arg[0], &file);

	if (e)
		return e;
	if (memchr(file.data, 0, MIN(file.size, (size_t)KIB(4))))
		return shell_error(
			sh,
			"%s holds zero bytes, so it is no text; `bundle hex %s` shows its bytes",
			file.name, file.name);
	shell_write_filtered(sh, &filter, (const char *)file.data, file.size);
	if (file.size && file.data[file.size - 1] != '\n')
		shell_write(sh, "\n", 1);
	return 0;
}

static int cmd_bundle_hex(struct shell *sh, const struct shell_args *args)
{
	u64 from = 0, len = KIB(1);
	struct bundle_file file;
	int e = open_file(sh, args->arg[0], &file);

	if (!e && args->count > 1)
		e = shell_bytes(sh, "OFFSET", args->arg[1], 0, file.size, &from);
	if (!e && args->count > 2)
		e = shell_bytes(sh, "LENGTH", args->arg[2], 0, file.size - from, &len);
	if (e)
		return e;
	shell_hexdump(sh, from, file.data + from, (size_t)MIN(len, file.size - from));
	return 0;
}

static int cmd_bundle_run(struct shell *sh, const struct shell_args *args)
{
	return shell_script(sh, args->arg[0]);
}

SHELL_CMD("bundle", "ls", "[--json]", "list the files of the bundle", cmd_bundle_ls);
SHELL_CMD("bundle", "cat", "FILE", "show a text file, without terminal control", cmd_bundle_cat);
SHELL_CMD("bundle", "hex", "FILE [OFFSET] [LENGTH]", "show a file's bytes", cmd_bundle_hex);
SHELL_CMD("bundle", "run", "FILE",
	  "run the commands of a script, as is done with boot.vgs at start", cmd_bundle_run);
