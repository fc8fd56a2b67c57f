/* SPDX-License-Identifier: MIT */
/* The bundle: the newc cpio archive with guest trees and images that the boot loader passed. */
#ifndef CORE_BUNDLE_H
#define CORE_BUNDLE_H

#include <core/types.h>

struct bundle_file {
	const char *name; /* inside the archive */
	const u8 *data;   /* read-only, lives as long as the hypervisor */
	size_t size;
};

/* Checks the whole archive once. -ENOENT: none was passed; -EINVAL: logged with the offset that is wrong. */
int bundle_init(const void *archive, size_t size) __must_check;
/* Looks up a file; a leading "./" or "/" in either name does not count. -ENOENT. */
int bundle_find(const char *name, struct bundle_file *file) __must_check;
/* The regular file number @index in archive order; false when there are fewer. */
bool bundle_get(unsigned index, struct bundle_file *file);

#endif
