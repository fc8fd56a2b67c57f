/* SPDX-License-Identifier: MIT */
/* libs/string.c against the host's functions, over sizes, alignments and overlaps. */
#include <test.h>

/* The file is compiled into this test under other names, beside the C library's own functions. */
#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#define memchr our_memchr
#define strlen our_strlen
#define strnlen our_strnlen
#define strcmp our_strcmp
#define strncmp our_strncmp
#define strchr our_strchr
#define strrchr our_strrchr
#define strstr our_strstr
#define strtoul our_strtoul
#include "../../libs/freestanding/include/stdlib.h"
#include "../../libs/freestanding/include/string.h"
#include "../../libs/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strtoul

#define SIZE 512

static u8 source[SIZE], ours[SIZE], theirs[SIZE];

static void fill(u64 seed)
{
	for (unsigned i = 0; i < SIZE; i++) {
		source[i] = (u8)test_random(&seed);
		ours[i] = theirs[i] = (u8)test_random(&seed);
	}
}

static void test_memcpy(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 9; to++)
		for (unsigned from = 0; from < 9; from++)
			for (unsigned len = 0; len < 300; len++) {
				fill(len + 1);
				assert_ptr_equal(our_memcpy(ours + to, source + from, len),
						 ours + to);
				memcpy(theirs + to, source + from, len);
				assert_memory_equal(ours, theirs, SIZE);
			}
}

static void test_memmove_overlapping(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 40; to++)
		for (unsigned from = 0; from < 40; from++)
			for (unsigned len = 0; len < 200; len += 7) {
				fill(len + 1);
				assert_ptr_equal(our_memmove(ours + to, ours + from, len),
						 ours + to);
				memmove(theirs + to, theirs + from, len);
				assert_memory_equal(ours, theirs, SIZE);
			}
}

static void test_memset(void **state)
{
	(void)state;
	for (unsigned to = 0; to < 9; to++)
		for (unsigned len = 0; len < 300; len++) {
			fill(len + 1);
			assert_ptr_equal(our_memset(ours + to, 0x1a5, len), ours + to);
			memset(theirs + to, 0x1a5, len);
			assert_memory_equal(ours, theirs, SIZE);
		}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_compare(void **state)
{
	static const char *const texts[] = {
		"", "a", "A", "ab", "abc", "abd", "\xff", "b", "ab\x80"
	};
	u64 seed = 1;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(texts); j++) {
			assert_int_equal(sign(our_strcmp(texts[i], texts[j])),
					 sign(strcmp(texts[i], texts[j])));
			for (unsigned n = 0; n < 5; n++)
				assert_int_equal(sign(our_strncmp(texts[i], texts[j], n)),
						 sign(strncmp(texts[i], texts[j], n)));
		}
	for (unsigned n = 0; n < 100; n++) {
		fill(n + 1);
		memcpy(ours, source, SIZE);
		ours[test_random_below(&seed, 40)] ^= (u8)test_random(&seed);
		assert_int_equal(sign(our_memcmp(ours, source, 40)),
				 sign(memcmp(ours, source, 40)));
	}
	assert_int_equal(our_memcmp("a", "b", 0), 0);
}

static void test_search(void **state)
{
	const char *text = "hello, world";

	(void)state;
	for (int c = 0; c < 128; c++) {
		assert_ptr_equal(our_strchr(text, c), strchr(text, c));
		assert_ptr_equal(our_strrchr(text, c), strrchr(text, c));
		assert_ptr_equal(our_memchr(text, c, 5), memchr(text, c, 5));
	}
	assert_ptr_equal(our_strstr(text, "o, w"), text + 4);
	assert_ptr_equal(our_strstr(text, ""), text);
	assert_null(our_strstr(text, "worlds"));
	assert_ptr_equal(our_strstr("aaab", "aab"), strstr("aaab", "aab") ? "aaab" + 1 : NULL);
	for (unsigned n = 0; n < 20; n++)
		assert_int_equal(our_strnlen(text, n), strnlen(text, n));
	assert_int_equal(our_strlen(text), 12);
	assert_int_equal(our_strlen(""), 0);
}

static void test_strtoul(void **state)
{
	static const char *const texts[] = {
		"0",
		"42",
		"  42x",
		"0x1F",
		"0x",
		"0xg",
		"017",
		"08",
		"-1",
		"+7",
		"",
		"z",
		"18446744073709551615",
		"18446744073709551616",
		"-18446744073709551616",
		"99999999999999999999999",
		"zZ9",
		"\t\n 5",
	};
	static const int bases[] = { 0, 2, 8, 10, 16, 36 };
	char *our_end, *their_end;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		for (unsigned b = 0; b < ARRAY_SIZE(bases); b++) {
			assert_true(our_strtoul(texts[i], &our_end, bases[b]) ==
				    strtoul(texts[i], &their_end, bases[b]));
			assert_ptr_equal(our_end, their_end);
		}
	assert_int_equal(our_strtoul("12", NULL, 10), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy), cmocka_unit_test(test_memmove_overlapping),
		cmocka_unit_test(test_memset), cmocka_unit_test(test_compare),
		cmocka_unit_test(test_search), cmocka_unit_test(test_strtoul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
