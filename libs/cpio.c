/* SPDX-License-Identifier: MIT */
/* newc cpio: a 110-byte header of hexadecimal fields, the name, the data, each padded to 4 bytes. */
#include <core/errno.h>
#include <libs/cpio.h>
#include <string.h>

#define MAGIC "070701"
#define MAGIC_LEN 6
#define FIELD_LEN 8
#define HEADER_LEN 110
#define TRAILER "TRAILER!!!"

/* Numbers of the 8-digit fields that follow the magic. */
enum field { FIELD_MODE = 1, FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

void cpio_begin(struct cpio *reader, const void *archive, size_t size)
{
	*reader = (struct cpio){ .archive = archive, .size = size };
}

static int fail(struct cpio *reader, const char *what)
{
	reader->error = what;
	return -EINVAL;
}

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_field(const u8 *header, enum field field, u32 *value)
{
	const u8 *digits = header + MAGIC_LEN + (size_t)field * FIELD_LEN;

	*value = 0;
	for (unsigned i = 0; i < FIELD_LEN; i++) {
		int digit = hex_digit(digits[i]);

		if (digit < 0)
			return false;
		*value = *value << 4 | (u32)digit;
	}
	return true;
}

/* Offset behind @len bytes at @offset and their padding; the archive may end without the padding. */
static bool skip(const struct cpio *reader, size_t offset, size_t len, size_t *next)
{
	if (len > reader->size - offset)
		return false;
	*next = MIN((size_t)align_up(offset + len, 4), reader->size);
	return true;
}

int cpio_next(struct cpio *reader, struct cpio_entry *entry)
{
	const u8 *header = reader->archive + reader->offset;
	size_t name = reader->offset + HEADER_LEN;
	size_t data, next;
	u32 name_size, file_size;

	if (reader->size - reader->offset < HEADER_LEN)
		return fail(reader, "the archive ends within a header or without a trailer");
	if (memcmp(header, MAGIC, MAGIC_LEN) != 0)
		return fail(reader, "no newc header (magic 070701) where one is expected");
	if (!read_field(header, FIELD_MODE, &entry->mode) ||
	    !read_field(header, FIELD_FILESIZE, &file_size) ||
	    !read_field(header, FIELD_NAMESIZE, &name_size))
		return fail(reader, "a header field is not hexadecimal");
	if (!name_size || !skip(reader, name, name_size, &data))
		return fail(reader, "the name is empty or longer than the archive");
	if (strnlen((const char *)reader->archive + name, name_size) != name_size - 1)
		return fail(reader, "the name is not terminated where its size says");
	entry->name = (const char *)reader->archive + name;
	if (strcmp(entry->name, TRAILER) == 0)
		return 0;
	if (!skip(reader, data, file_size, &next))
		return fail(reader, "the data is longer than the archive");
	entry->data = reader->archive + data;
	entry->size = file_size;
	reader->offset = next;
	return 1;
}
