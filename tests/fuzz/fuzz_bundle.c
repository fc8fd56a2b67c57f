/* SPDX-License-Identifier: MIT */
/* Fuzz target: the bundle, which is the first thing we read that somebody else made. */
#include <stdlib.h>
#include <string.h>

#include <core/bundle.h>
#include <core/errno.h>
#include <core/panic.h>
#include <fake.h>

#define FILES_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every file lies inside the archive, and is found by its name or by an earlier one's that is the same. */
static void check_file(const uint8_t *archive, size_t size, const struct bundle_file *file)
{
	struct bundle_file found;

	if (file->data < archive || file->data > archive + size)
		abort();
	if (file->size > (size_t)(archive + size - file->data))
		abort();
	if (bundle_find(file->name, &found) || found.data > file->data)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle_file file;
	int e;

	fake_reset(1);
	e = bundle_init(data, size);
	if (e != 0 && e != -EINVAL && e != -ENOENT)
		abort();
	for (unsigned i = 0; i < FILES_MAX && bundle_get(i, &file); i++) {
		if (e)
			abort();
		check_file(data, size, &file);
	}
	return 0;
}
