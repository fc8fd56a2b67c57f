/* SPDX-License-Identifier: MIT */
/* libs/format.c against the host's snprintf(). */
#include <test.h>

#include <libs/format.h>

/* Both formatters get the same arguments; texts and lengths have to agree, cut or not. */
#define assert_same(...)                                                                     \
	do {                                                                                 \
		char ours_[200], theirs_[200];                                               \
		for (size_t size_ = 0; size_ < sizeof(ours_); size_ += size_ < 8 ? 1 : 64) { \
			memset(ours_, '#', sizeof(ours_));                                   \
			memset(theirs_, '#', sizeof(theirs_));                               \
			size_t our_len_ = format_to(ours_, size_, __VA_ARGS__);              \
			int their_len_ = snprintf(theirs_, size_, __VA_ARGS__);              \
			assert_int_equal(our_len_, their_len_);                              \
			if (size_)                                                           \
				assert_string_equal(ours_, theirs_);                         \
			assert_true(ours_[size_] == '#');                                    \
		}                                                                            \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

static void test_integers(void **state)
{
	static const long long values[] = { 0,         1,         -1,        9,
					    10,        -10,       255,       256,
					    65535,     INT32_MAX, INT32_MIN, UINT32_MAX,
					    INT64_MAX, INT64_MIN, 123456789, 0xdeadbeef };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		long long v = values[i];

		assert_same("%d|%i|%u|%x|%X", (int)v, (int)v, (unsigned)v, (unsigned)v,
			    (unsigned)v);
		assert_same("%lld|%llu|%llx|%llX", v, v, v, v);
		assert_same("%ld|%lu|%lx|%zu|%zd", (long)v, (long)v, (long)v, (size_t)v,
			    (ssize_t)v);
		assert_same("%hd|%hhd|%hu|%hhu|%hx", (short)v, (signed char)v, (u16)v, (u8)v,
			    (u16)v);
		assert_same("[%5d|%-5d|%05d|%20lld|%020lld]", (int)v, (int)v, (int)v, v, v);
		assert_same("[%8x|%08x|%-8x|%#x|%#10x|%#010x|%#llX]", (unsigned)v, (unsigned)v,
			    (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v, v);
		assert_same("%*d|%-*d|%0*x", 7, (int)v, 7, (int)v, 12, (unsigned)v);
		assert_same("%*d", -7, (int)v);
	}
}

static void test_strings(void **state)
{
	char unterminated[3] = { 'a', 'b', 'c' };

	(void)state;
	assert_same("%s", "text");
	assert_same("");
	assert_same("[%10s|%-10s|%.2s|%10.2s|%-10.2s|%.0s]", "text", "text", "text", "text", "text",
		    "text");
	assert_same("[%.*s|%*s|%-*s]", 2, "text", 6, "text", 6, "text");
	assert_same("%.3s", unterminated);
	assert_same("%s %.*s", "negative precision is none", -1, "text");
	assert_same("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	assert_same("100%% of %s%%", "it");
	assert_same("%p", (void *)0x1234abcd);
	assert_same("%40s|%-40s|", "wide", "wide");
}

static void count_sink(void *ctx, const char *s, size_t len)
{
	size_t *total = ctx;

	assert_non_null(s);
	assert_true(len > 0);
	*total += len;
}

static void test_sink(void **state)
{
	size_t total = 0;

	(void)state;
	format(count_sink, &total, "%s-%5d-%c%%", "abc", 7, 'x');
	assert_int_equal(total, 12);
}

/* What the compiler's check would refuse must still do no harm. */
static void test_odd_formats(void **state)
{
	char buf[32];
	const char *volatile odd[] = { "%", "abc%", "%5", "%-", "%.", "%l", "%q", "%5q", "%-05d" };
	static const char *const expected[] = { "", "abc", "", "", "", "", "q", "q", "7    " };
	const char *volatile null = NULL;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		format_to(buf, sizeof(buf), odd[i], 7);
#pragma GCC diagnostic pop
		assert_string_equal(buf, expected[i]);
	}
	format_to(buf, sizeof(buf), "[%s]", null);
	assert_string_equal(buf, "[(null)]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_odd_formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
