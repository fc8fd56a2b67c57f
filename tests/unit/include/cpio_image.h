/* SPDX-License-Identifier: MIT */
/* Makes newc archives for tests. */
#ifndef TESTS_CPIO_IMAGE_H
#define TESTS_CPIO_IMAGE_H

#include <stdio.h>
#include <string.h>

#include <core/types.h>

struct cpio_image {
	u8 bytes[32768];
	size_t size;
};

static inline void cpio_image_add(struct cpio_image *image, const char *name, u32 mode,
				  const void *data, u32 size)
{
	size_t name_size = strlen(name) + 1;

	image->size +=
		(size_t)sprintf((char *)image->bytes + image->size,
				"070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1,
				mode, 0, 0, 1, 0, size, 0, 0, 0, 0, (unsigned)name_size, 0);
	memcpy(image->bytes + image->size, name, name_size);
	image->size = align_up(image->size + name_size, 4);
	if (size)
		memcpy(image->bytes + image->size, data, size);
	image->size = align_up(image->size + size, 4);
}

#endif
