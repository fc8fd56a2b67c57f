/* SPDX-License-Identifier: MIT */
/* Numbers, sizes and percentages: what is accepted, what is refused and why. */
#include <test.h>

#include <core/errno.h>
#include <libs/parse.h>

struct row {
	const char *text;
	int error;
	u64 value;
};

static void test_u64(void **state)
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "42", 0, 42 },
		{ "007", 0, 7 },
		{ "0x1F", 0, 31 },
		{ "0XfF", 0, 255 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "0x10000000000000000", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "0xg", -EINVAL, 0 },
		{ "12a", -EINVAL, 0 },
		{ "1K", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 value = 0xabc;

		assert_int_equal(parse_u64(rows[i].text, 0, UINT64_MAX, &value), rows[i].error);
		assert_true(value == (rows[i].error ? 0xabc : rows[i].value));
	}
}

static void test_u64_range(void **state)
{
	u64 value = 7;

	(void)state;
	assert_int_equal(parse_u64("4", 5, 10, &value), -ERANGE);
	assert_int_equal(parse_u64("11", 5, 10, &value), -ERANGE);
	assert_int_equal(value, 7);
	assert_int_equal(parse_u64("5", 5, 10, &value), 0);
	assert_int_equal(parse_u64("10", 5, 10, &value), 0);
	assert_int_equal(value, 10);
}

static void test_size(void **state)
{
	static const struct row rows[] = {
		{ "4096", 0, 4096 },
		{ "1K", 0, KIB(1) },
		{ "1k", 0, KIB(1) },
		{ "64KiB", 0, KIB(64) },
		{ "64KB", 0, KIB(64) },
		{ "10B", 0, 10 },
		{ "256M", 0, MIB(256) },
		{ "2G", 0, GIB(2) },
		{ "1t", 0, GIB(1024) },
		{ "0x10M", 0, MIB(16) },
		{ "16777215T", 0, 16777215ull << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "99999999999999999999K", -ERANGE, 0 },
		{ "K", -EINVAL, 0 },
		{ "1KK", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 },
		{ "1iB", -EINVAL, 0 },
		{ "1Ki", -EINVAL, 0 },
		{ "1P", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-1M", -EINVAL, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 value = 0xabc;

		assert_int_equal(parse_size(rows[i].text, 0, UINT64_MAX, &value), rows[i].error);
		assert_true(value == (rows[i].error ? 0xabc : rows[i].value));
	}
}

static void test_percent(void **state)
{
	u32 value = 5;

	(void)state;
	assert_int_equal(parse_percent("50", 1, 100, &value), 0);
	assert_int_equal(value, 50);
	assert_int_equal(parse_percent("100%", 1, 100, &value), 0);
	assert_int_equal(value, 100);
	assert_int_equal(parse_percent("101%", 1, 100, &value), -ERANGE);
	assert_int_equal(parse_percent("0", 1, 100, &value), -ERANGE);
	assert_int_equal(parse_percent("50%%", 1, 100, &value), -EINVAL);
	assert_int_equal(parse_percent("%", 1, 100, &value), -EINVAL);
	assert_int_equal(parse_percent("4294967297", 1, 100, &value), -ERANGE);
	assert_int_equal(value, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u64_range),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_percent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
