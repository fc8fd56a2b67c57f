/* SPDX-License-Identifier: MIT */
/* Reader of newc cpio archives in memory: every field is checked before it is used. */
#ifndef LIBS_CPIO_H
#define LIBS_CPIO_H

#include <core/types.h>

/* Where a reader stands. The archive must not change while it is read. */
struct cpio {
	const u8 *archive;
	size_t size;
	size_t offset;     /* of the entry that cpio_next() reads; after an error, of the bad one */
	const char *error; /* what is wrong there; NULL when nothing is */
};

#define CPIO_MODE_TYPE 0170000
#define CPIO_MODE_FILE 0100000

struct cpio_entry {
	const char *name; /* NUL-terminated, in the archive */
	const u8 *data;   /* aligned to 4 bytes when the archive is */
	size_t size;
	u32 mode; /* type and permissions as in stat() */
};

void cpio_begin(struct cpio *reader, const void *archive, size_t size);
/* 1: *@entry is the next one; 0: the trailer was reached; -EINVAL: see reader->error and ->offset. */
int cpio_next(struct cpio *reader, struct cpio_entry *entry) __must_check;

#endif
