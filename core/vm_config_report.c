/* SPDX-License-Identifier: MIT */
/* Messages about guest trees: where something is wrong, what, and what would be right. */
#include "vm_config_private.h"
#include <core/bundle.h>
#include <libs/format.h>
#include <string.h>

#define NAME_COMPARED_MAX 40 /* longer names are not compared */

/* The node's path, or its end where the path is too long. */
static void node_path(const void *fdt, int node, char *buf, int size)
{
	if (fdt_get_path(fdt, node, buf, size) < 0)
		format_to(buf, (size_t)size, ".../%s", fdt_get_name(fdt, node, NULL) ?: "?");
}

void vm_config_error(struct config_check *c, int node, const char *fmt, ...)
{
	char message[CONFIG_MESSAGE_MAX], path[96];
	size_t used;
	va_list ap;

	if (++c->error_count > CONFIG_ERROR_MAX + 1)
		return;
	if (c->error_count == CONFIG_ERROR_MAX + 1) {
		format_to(message, sizeof(message),
			  "%s: more errors are not shown; mend these first", c->source);
		c->report(c->ctx, message);
		return;
	}
	used = format_to(message, sizeof(message), "%s: ", c->source);
	if (node >= 0 && used < sizeof(message)) {
		node_path(c->fdt, node, path, sizeof(path));
		used += format_to(message + used, sizeof(message) - used, "%s: ", path);
	}
	if (used < sizeof(message)) {
		va_start(ap, fmt);
		format_to_va(message + used, sizeof(message) - used, fmt, ap);
		va_end(ap);
	}
	/* Names come from the tree: nothing of them may steer a terminal. */
	for (char *s = message; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
	c->report(c->ctx, message);
}

/* Number of letters to insert, delete or replace to turn @a into @b; both are NAME_COMPARED_MAX at most. */
static unsigned distance(const char *a, const char *b)
{
	u8 row[NAME_COMPARED_MAX + 1];
	unsigned width = (unsigned)strlen(b);

	for (unsigned j = 0; j <= width; j++)
		row[j] = (u8)j;
	for (unsigned i = 1; a[i - 1]; i++) {
		u8 diagonal = row[0];

		row[0] = (u8)i;
		for (unsigned j = 1; j <= width; j++) {
			u8 change = (u8)(diagonal + (a[i - 1] != b[j - 1]));

			diagonal = row[j];
			row[j] = MIN(change, (u8)(MIN(row[j], row[j - 1]) + 1));
		}
	}
	return row[width];
}

const char *vm_config_nearest(const char *name, const char *const *names)
{
	size_t len = strnlen(name, NAME_COMPARED_MAX + 1);
	unsigned best = MIN((unsigned)len / 3 + 1, 6u);
	const char *nearest = NULL;

	if (len > NAME_COMPARED_MAX)
		return NULL;
	for (; *names; names++) {
		unsigned d = strlen(*names) <= NAME_COMPARED_MAX ? distance(name, *names) : best;

		if (d < best) {
			best = d;
			nearest = *names;
		}
	}
	return nearest;
}

void vm_config_list_bundle(char *buf, size_t size)
{
	struct bundle_file file;
	size_t used = 0;

	format_to(buf, size, "nothing");
	for (unsigned i = 0; bundle_get(i, &file); i++) {
		if (used + strlen(file.name) + 8 > size) {
			format_to(buf + used, size - used, ", ...");
			return;
		}
		used += format_to(buf + used, size - used, "%s%s", i ? ", " : "", file.name);
	}
}
