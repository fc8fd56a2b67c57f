/* SPDX-License-Identifier: MIT */
/* Makes device trees for tests, in the order in which they are written down. */
#ifndef TESTS_FDT_IMAGE_H
#define TESTS_FDT_IMAGE_H

#include <libfdt.h>

#include <core/types.h>

#define FDT_IMAGE_SIZE 65536

struct fdt_image {
	_Alignas(8) u8 bytes[FDT_IMAGE_SIZE];
};

/* libfdt's error ends the test: trees in tests are right. */
#define fdt_must(call) assert_int_equal((call), 0)

static inline void fdt_image_begin(struct fdt_image *image)
{
	fdt_must(fdt_create(image->bytes, FDT_IMAGE_SIZE));
	fdt_must(fdt_finish_reservemap(image->bytes));
	fdt_must(fdt_begin_node(image->bytes, ""));
}

static inline void fdt_image_end(struct fdt_image *image)
{
	fdt_must(fdt_end_node(image->bytes));
	fdt_must(fdt_finish(image->bytes));
}

static inline void fdt_image_node(struct fdt_image *image, const char *name)
{
	fdt_must(fdt_begin_node(image->bytes, name));
}

static inline void fdt_image_up(struct fdt_image *image)
{
	fdt_must(fdt_end_node(image->bytes));
}

static inline void fdt_image_text(struct fdt_image *image, const char *name, const char *text)
{
	fdt_must(fdt_property_string(image->bytes, name, text));
}

/* @size counts the NULs between and behind the texts: "a\0b" is sizeof("a\0b") bytes. */
static inline void fdt_image_bytes(struct fdt_image *image, const char *name, const void *bytes,
				   int size)
{
	fdt_must(fdt_property(image->bytes, name, bytes, size));
}

/* fdt_image_cells(&image, "reg", 0, 0x1000, 0, 0x100) */
#define fdt_image_cells(image, name, ...)                                               \
	do {                                                                            \
		const u32 cells_[] = { __VA_ARGS__ };                                   \
		fdt32_t *to_;                                                           \
		fdt_must(fdt_property_placeholder((image)->bytes, name, sizeof(cells_), \
						  (void **)&to_));                      \
		for (unsigned i_ = 0; i_ < ARRAY_SIZE(cells_); i_++)                    \
			to_[i_] = cpu_to_fdt32(cells_[i_]);                             \
	} while (0)

static inline int fdt_image_find(const struct fdt_image *image, const char *path)
{
	int node = fdt_path_offset(image->bytes, path);

	assert_true(node >= 0);
	return node;
}

#endif
