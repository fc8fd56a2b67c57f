/* SPDX-License-Identifier: MIT */
/* The bundle: look-up by name, order, and what is said about a broken archive. */
#include <test.h>

#include <core/bundle.h>
#include <core/errno.h>
#include <cpio_image.h>
#include <fake.h>

static struct cpio_image image;

static void build(void)
{
	image.size = 0;
	cpio_image_add(&image, ".", 040755, NULL, 0);
	cpio_image_add(&image, "./vm.dtb", 0100644, "tree", 4);
	cpio_image_add(&image, "images", 040755, NULL, 0);
	cpio_image_add(&image, "images/linux", 0100644, "kernel", 6);
	cpio_image_add(&image, "link", 0120777, "vm.dtb", 6);
	cpio_image_add(&image, "empty", 0100600, NULL, 0);
	cpio_image_add(&image, "TRAILER!!!", 0, NULL, 0);
}

static void test_find(void **state)
{
	static const char *const same[] = { "vm.dtb", "./vm.dtb", "/vm.dtb", ".//vm.dtb" };
	struct bundle_file file;

	(void)state;
	fake_reset(1);
	build();
	assert_int_equal(bundle_init(image.bytes, image.size), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(bundle_find(same[i], &file), 0);
		assert_int_equal(file.size, 4);
		assert_memory_equal(file.data, "tree", 4);
	}
	assert_int_equal(bundle_find("images/linux", &file), 0);
	assert_string_equal(file.name, "images/linux");
	assert_int_equal(bundle_find("empty", &file), 0);
	assert_int_equal(file.size, 0);
	assert_int_equal(bundle_find("images", &file), -ENOENT);
	assert_int_equal(bundle_find("link", &file), -ENOENT);
	assert_int_equal(bundle_find("linux", &file), -ENOENT);
	assert_int_equal(bundle_find("TRAILER!!!", &file), -ENOENT);
	assert_int_equal(bundle_find("", &file), -ENOENT);
}

static void test_order(void **state)
{
	struct bundle_file file;

	(void)state;
	assert_true(bundle_get(0, &file));
	assert_string_equal(file.name, "./vm.dtb");
	assert_true(bundle_get(1, &file));
	assert_string_equal(file.name, "images/linux");
	assert_true(bundle_get(2, &file));
	assert_string_equal(file.name, "empty");
	assert_false(bundle_get(3, &file));
	assert_false(bundle_get(1000, &file));
}

static void test_none(void **state)
{
	struct bundle_file file;

	(void)state;
	assert_int_equal(bundle_init(NULL, 0), -ENOENT);
	assert_int_equal(bundle_init(image.bytes, 0), -ENOENT);
	assert_int_equal(bundle_find("vm.dtb", &file), -ENOENT);
	assert_false(bundle_get(0, &file));
}

static void test_broken(void **state)
{
	struct bundle_file file;

	(void)state;
	fake_reset(1);
	build();
	image.bytes[112] = 'x';
	assert_int_equal(bundle_init(image.bytes, image.size), -EINVAL);
	assert_non_null(strstr(fake_output, "bundle: at byte 112 of "));
	assert_non_null(strstr(fake_output, "magic"));
	assert_int_equal(bundle_find("vm.dtb", &file), -ENOENT);
	fake_output_clear();
	assert_int_equal(bundle_init("\x1f\x8b gzip", 7), -EINVAL);
	assert_non_null(strstr(fake_output, "bundle: at byte 0 of 7"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
