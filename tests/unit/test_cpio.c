/* SPDX-License-Identifier: MIT */
/* The cpio reader on good, cut and corrupted archives. */
#include <test.h>

#include <core/errno.h>
#include <cpio_image.h>
#include <libs/cpio.h>

static struct cpio_image make_image(void)
{
	struct cpio_image image = { .size = 0 };

	cpio_image_add(&image, ".", 040755, NULL, 0);
	cpio_image_add(&image, "a.txt", 0100644, "hello", 5);
	cpio_image_add(&image, "empty", 0100644, NULL, 0);
	cpio_image_add(&image, "TRAILER!!!", 0, NULL, 0);
	return image;
}

static void test_good(void **state)
{
	struct cpio_image image = make_image();
	struct cpio reader;
	struct cpio_entry entry;

	(void)state;
	cpio_begin(&reader, image.bytes, image.size);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, ".");
	assert_int_equal(entry.mode, 040755);
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "a.txt");
	assert_int_equal(entry.size, 5);
	assert_memory_equal(entry.data, "hello", 5);
	assert_true(is_aligned((uintptr_t)entry.data - (uintptr_t)image.bytes, 4));
	assert_int_equal(cpio_next(&reader, &entry), 1);
	assert_string_equal(entry.name, "empty");
	assert_int_equal(entry.size, 0);
	assert_int_equal(cpio_next(&reader, &entry), 0);
	assert_int_equal(cpio_next(&reader, &entry), 0);
	assert_null(reader.error);
}

/* Reads @size bytes from a buffer of exactly that size, so that the sanitizer sees each step too far. */
static int read_all(const void *bytes, size_t size, struct cpio *reader)
{
	u8 *exact = malloc(size ? size : 1);
	struct cpio_entry entry;
	unsigned entries = 0;
	u64 sum = 0;
	int more;

	memcpy(exact, bytes, size);
	cpio_begin(reader, exact, size);
	while ((more = cpio_next(reader, &entry)) > 0) {
		assert_true(++entries <= size / 110);
		sum += strlen(entry.name);
		for (size_t i = 0; i < entry.size; i++)
			sum += entry.data[i];
	}
	free(exact);
	assert_true(sum < UINT64_MAX);
	return more;
}

static void test_truncated(void **state)
{
	struct cpio_image image = make_image();
	size_t trailer_end = image.size - 3; /* padding of the trailer's name may be missing */
	struct cpio reader;

	(void)state;
	for (size_t size = 0; size < image.size; size++) {
		int e = read_all(image.bytes, size, &reader);

		if (size < trailer_end - 1) {
			assert_int_equal(e, -EINVAL);
			assert_non_null(reader.error);
			assert_true(reader.offset <= size);
		}
	}
	assert_int_equal(read_all(image.bytes, image.size, &reader), 0);
}

static void expect_error(struct cpio_image *image, size_t offset, const char *patch,
			 const char *error)
{
	struct cpio_image bad = *image;
	struct cpio reader;

	memcpy(bad.bytes + offset, patch, strlen(patch));
	assert_int_equal(read_all(bad.bytes, bad.size, &reader), -EINVAL);
	if (!strstr(reader.error, error))
		fail_msg("\"%s\" does not mention %s", reader.error, error);
}

static void test_bad_fields(void **state)
{
	struct cpio_image image = make_image();
	size_t second = 112; /* the header of a.txt */

	(void)state;
	expect_error(&image, second, "070707", "magic");
	expect_error(&image, second + 6 + 8 * 6, "ffffffff", "data is longer");
	expect_error(&image, second + 6 + 8 * 6, "7fffffff", "data is longer");
	expect_error(&image, second + 6 + 8 * 6, "0000000g", "hexadecimal");
	expect_error(&image, second + 6 + 8 * 11, "ffffffff", "name");
	expect_error(&image, second + 6 + 8 * 11, "00000000", "name is empty");
	expect_error(&image, second + 6 + 8 * 11, "00000003", "terminated");
	expect_error(&image, second + 6 + 8 * 11, "00000008", "terminated");
	expect_error(&image, second + 6 + 8 * 1, "-0000001", "hexadecimal");
}

static void test_random_corruption(void **state)
{
	struct cpio_image image = make_image();
	struct cpio reader;
	u64 seed = 42;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct cpio_image bad = image;

		for (unsigned i = 0; i <= round % 3; i++)
			bad.bytes[test_random_below(&seed, bad.size)] =
				"0123456789abcdefF\0\xff"[test_random_below(&seed, 19)];
		(void)read_all(bad.bytes, test_random_below(&seed, bad.size + 1), &reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_bad_fields),
		cmocka_unit_test(test_random_corruption),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
