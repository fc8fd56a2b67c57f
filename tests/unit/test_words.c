/* SPDX-License-Identifier: MIT */
/* Command lines cut into words, and usage texts read. */
#include <test.h>

#include <core/errno.h>
#include <core/shell.h>

static void test_words(void **state)
{
	static const struct {
		const char *line;
		int count; /* negative: an error */
		const char *word[4];
	} cases[] = {
		{ "", 0, { NULL } },
		{ "   \t ", 0, { NULL } },
		{ "# all comment", 0, { NULL } },
		{ "a", 1, { "a" } },
		{ "  a  b\tc ", 3, { "a", "b", "c" } },
		{ "a #b", 1, { "a" } },
		{ "a#b", 1, { "a#b" } },
		{ "\"\" ''", 2, { "", "" } },
		{ "\"a b\" 'c \"d'", 2, { "a b", "c \"d" } },
		{ "a\"b c\"d", 1, { "ab cd" } },
		{ "\"a\\\"b\\\\c\\d\"", 1, { "a\"b\\c\\d" } },
		{ "'a\\'", 1, { "a\\" } },
		{ "\"#\" x", 2, { "#", "x" } },
		{ "\"a", -1, { NULL } },
		{ "'", -1, { NULL } },
		{ "\"a\\\"", -1, { NULL } },
		{ "a\x1b[A", -1, { NULL } },
		{ "a \xc3\xa4", -1, { NULL } },
		{ "a\x7f", -1, { NULL } },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", 16, { "1", "2", "3", "4" } },
		{ "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", -1, { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shell_words words;
		/* Of the exact size, so that the sanitizer sees one byte too far. */
		char *line = strdup(cases[i].line);
		int e = words_split(&words, line);

		assert_int_equal(e, cases[i].count < 0 ? -EINVAL : 0);
		if (e)
			assert_non_null(words.error);
		else
			assert_int_equal(words.count, cases[i].count);
		for (int w = 0; !e && w < MIN(cases[i].count, 4); w++)
			assert_string_equal(words.word[w], cases[i].word[w]);
		free(line);
	}
}

static void test_usage(void **state)
{
	const char *usage = "NAME a|b|FILE [-1] [COUNT] [WORD...]";
	struct usage_word word;
	const char *text;
	u32 len, at = 0;

	(void)state;
	assert_true(usage_next(&usage, &word) && word.len == 4 && !word.optional && !word.flag);
	assert_true(usage_next(&usage, &word) && !word.optional);
	assert_true(usage_choice(&word, &at, &text, &len) && len == 1 && *text == 'a');
	assert_true(usage_choice(&word, &at, &text, &len) && len == 1 && *text == 'b');
	assert_true(usage_choice(&word, &at, &text, &len) && len == 4 &&
		    strncmp(text, "FILE", 4) == 0);
	assert_false(usage_choice(&word, &at, &text, &len));
	assert_true(usage_next(&usage, &word) && word.flag && word.optional && word.len == 2);
	assert_true(usage_next(&usage, &word) && word.optional && !word.repeated && word.len == 5);
	assert_true(usage_next(&usage, &word) && word.optional && word.repeated && word.len == 4);
	assert_false(usage_next(&usage, &word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
