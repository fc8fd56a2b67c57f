/* SPDX-License-Identifier: MIT */
/* The bundle: guest trees and images by name, straight from the archive in memory. */
#include <core/bundle.h>
#include <core/errno.h>
#include <core/log.h>
#include <libs/cpio.h>
#include <string.h>

/* The archive as it was checked; empty when there is none. Written once during boot. */
static const void *archive;
static size_t archive_size;

int bundle_init(const void *data, size_t size)
{
	struct cpio reader;
	struct cpio_entry entry;
	int more;

	archive = NULL;
	archive_size = 0;
	if (!data || !size)
		return -ENOENT;
	cpio_begin(&reader, data, size);
	do
		more = cpio_next(&reader, &entry);
	while (more > 0);
	if (more < 0) {
		log_error("bundle: at byte %lu of %lu: %s; make it with `cpio -o -H newc`",
			  (unsigned long)reader.offset, (unsigned long)size, reader.error);
		return more;
	}
	archive = data;
	archive_size = size;
	return 0;
}

/* The next regular file; the archive was checked, so an error here can only be the end. */
static bool next_file(struct cpio *reader, struct bundle_file *file)
{
	struct cpio_entry entry;

	while (archive && cpio_next(reader, &entry) > 0) {
		if ((entry.mode & CPIO_MODE_TYPE) != CPIO_MODE_FILE)
			continue;
		*file = (struct bundle_file){ entry.name, entry.data, entry.size };
		return true;
	}
	return false;
}

static const char *skip_root(const char *name)
{
	if (name[0] == '.' && name[1] == '/')
		name++;
	while (*name == '/')
		name++;
	return name;
}

int bundle_find(const char *name, struct bundle_file *file)
{
	struct bundle_file candidate;
	struct cpio reader;

	cpio_begin(&reader, archive, archive_size);
	while (next_file(&reader, &candidate)) {
		if (strcmp(skip_root(candidate.name), skip_root(name)) == 0) {
			*file = candidate;
			return 0;
		}
	}
	return -ENOENT;
}

bool bundle_get(unsigned index, struct bundle_file *file)
{
	struct cpio reader;

	cpio_begin(&reader, archive, archive_size);
	do
		if (!next_file(&reader, file))
			return false;
	while (index--);
	return true;
}
