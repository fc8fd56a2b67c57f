/* SPDX-License-Identifier: MIT */
/* The line editor: what keys do to the text, and whether the screen shows it. */
#include <test.h>

#include <core/line.h>

#define WIDTH 80
#define PROMPT "vg> "

static struct line line;

/* ---------------------------------------------------------------- a terminal with one row */

static struct {
	char row[WIDTH];
	int column;
	int beeps;
	int state; /* 1: after ESC, 2: after ESC [ */
	int parameter;
} screen;

static void screen_clear(void)
{
	memset(&screen, 0, sizeof(screen));
	memset(screen.row, ' ', WIDTH);
}

static void control_sequence(char c)
{
	int count = screen.parameter ? screen.parameter : 1;

	screen.state = 0;
	if (c == 'K')
		memset(screen.row + screen.column, ' ', (size_t)(WIDTH - screen.column));
	else if (c == 'D')
		screen.column -= count;
	else if (c == 'J')
		memset(screen.row, ' ', WIDTH);
	else if (c == 'H')
		screen.column = 0;
	else
		fail_msg("ESC [ %d %c", screen.parameter, c);
	assert_true(screen.column >= 0);
}

static void screen_put(char c)
{
	if (screen.state == 1) {
		assert_int_equal(c, '[');
		screen.state = 2;
		screen.parameter = 0;
	} else if (screen.state == 2 && c >= '0' && c <= '9') {
		screen.parameter = screen.parameter * 10 + c - '0';
	} else if (screen.state == 2) {
		control_sequence(c);
	} else if (c == 0x1b) {
		screen.state = 1;
	} else if (c == '\r') {
		screen.column = 0;
	} else if (c == '\b') {
		assert_true(screen.column > 0);
		screen.column--;
	} else if (c == '\a') {
		screen.beeps++;
	} else if (c == '\n') {
		screen.column = 0;
		memset(screen.row, ' ', WIDTH);
	} else {
		assert_in_range(c, ' ', '~');
		assert_in_range(screen.column, 0, WIDTH - 1);
		screen.row[screen.column++] = c;
	}
}

static void screen_write(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		screen_put(s[i]);
}

/*
 * The row is the prompt and the part of the text around the cursor; the cursor stands where it
 * should.
 */
static void assert_screen(void)
{
	char want[WIDTH];
	u32 width = LINE_COLUMNS - (u32)strlen(PROMPT);
	u32 shown = MIN(line.len - line.scroll, width);

	assert_true(line.scroll <= line.cursor && line.cursor - line.scroll <= width);
	memset(want, ' ', WIDTH);
	memcpy(want, PROMPT, strlen(PROMPT));
	memcpy(want + strlen(PROMPT), line.text + line.scroll, shown);
	assert_memory_equal(screen.row, want, WIDTH);
	assert_int_equal(screen.column, strlen(PROMPT) + line.cursor - line.scroll);
}

/* ---------------------------------------------------------------- tests */

static int setup(void **state)
{
	(void)state;
	screen_clear();
	line_init(&line, PROMPT, screen_write, NULL);
	line_begin(&line);
	return 0;
}

static enum line_result type(const char *keys)
{
	enum line_result result = LINE_MORE;

	for (; *keys && result == LINE_MORE; keys++)
		result = line_key(&line, (u8)*keys);
	return result;
}

static void test_keys(void **state)
{
	static const struct {
		const char *keys;
		const char *text;
		u32 cursor;
	} cases[] = {
		{ "abc", "abc", 3 },
		{ "abc\x01x", "xabc", 1 },
		{ "abc\x01\x05x", "abcx", 4 },
		{ "abc\x02\x02x", "axbc", 2 },
		{ "abc\x02\x02\x06x", "abxc", 3 },
		{ "abc\x7f\x08", "a", 1 },
		{ "\x7f\x08\x04\x0b\x15\x17", "", 0 },
		{ "abc\x02\x04", "ab", 2 },
		{ "abc\x01\x04", "bc", 0 },
		{ "abc def\x17", "abc ", 4 },
		{ "abc def  \x17", "abc ", 4 },
		{ "abc def\x01\x0b", "", 0 },
		{ "abc\x02\x0b", "ab", 2 },
		{ "abc\x02\x15", "c", 0 },
		{ "abc\x1b[D\x1b[Dx", "axbc", 2 },
		{ "abc\x1bOD\x1bOCx", "abcx", 4 },
		{ "abc\x1b[Hx", "xabc", 1 },
		{ "abc\x1b[1~x\x1b[4~y", "xabcy", 5 },
		{ "abc\x1b[7~x\x1b[8~y\x1b[H\x1b[Fz", "xabcyz", 6 },
		{ "abc\x01\x1b[3~", "bc", 0 },
		{ "ab cd\x1b[1;5Dx", "ab xcd", 4 },
		{ "ab cd\x01\x1b[1;5Cx", "abx cd", 3 },
		{ "ab cd\x1b"
		  "b\x1b"
		  "bx\x1b"
		  "fy",
		  "xaby cd", 4 },
		{ "a\x1b[99999999999999~b\x1b[5~c", "abc", 3 },
		{ "a\x1b[?25hb", "ab", 2 },
		{ "a\x1b[\x1b[Db", "ba", 1 },
		{ "a\x1b[12\x7f"
		  "bc",
		  "ac", 2 }, /* DEL does not end a sequence; b does */
		{ "a\x1bzb", "ab", 2 },
		{ "a\x80\xff\xc3\xa4"
		  "b",
		  "ab", 2 },
		{ "a\x0c"
		  "b",
		  "ab", 2 },
		{ "a\x10"
		  "b",
		  "ab", 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(state);
		assert_int_equal(type(cases[i].keys), LINE_MORE);
		if (strcmp(line.text, cases[i].text) != 0 || line.cursor != cases[i].cursor)
			fail_msg("case %zu: \"%s\", %u", i, line.text, line.cursor);
		assert_screen();
	}
}

static void test_results(void **state)
{
	(void)state;
	assert_int_equal(type("ab\t"), LINE_COMPLETE);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_string_equal(line.text, "ab");
	line_begin(&line);
	assert_int_equal(type("\n"), LINE_MORE); /* of \r\n */
	assert_int_equal(type("c\n"), LINE_DONE);
	line_begin(&line);
	assert_int_equal(type("\n"), LINE_DONE); /* an empty line */
	line_begin(&line);
	assert_int_equal(type("abc\003"), LINE_CANCELLED);
	assert_string_equal(line.text, "");
	line_begin(&line);
	assert_int_equal(type("x\x1b[\r"), LINE_DONE); /* a key that was cut off does no harm */
	assert_string_equal(line.text, "x");
}

static void enter(const char *text)
{
	line_begin(&line);
	type(text);
	assert_int_equal(type("\r"), LINE_DONE);
}

static void test_history(void **state)
{
	char text[24];

	(void)state;
	type("\x1b[A");
	assert_int_equal(screen.beeps, 1);
	enter("one");
	enter("two");
	enter("two");
	enter("");
	line_begin(&line);
	type("draft\x1b[A");
	assert_string_equal(line.text, "two");
	type("\x1b[A");
	assert_string_equal(line.text, "one");
	type("\x1b[A");
	assert_string_equal(line.text, "one");
	type("\x1b[B\x1b[B");
	assert_string_equal(line.text, "draft");
	type("\x1b[B");
	assert_string_equal(line.text, "draft");
	assert_screen();
	/* Only the newest are kept. */
	for (int i = 0; i < LINE_HISTORY + 5; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		enter(text);
	}
	line_begin(&line);
	for (int i = 0; i < LINE_HISTORY + 5; i++)
		type("\x10");
	assert_string_equal(line.text, "line 5");
	/* Changing an old line does not change the history. */
	type("x\r");
	line_begin(&line);
	type("\x10");
	assert_string_equal(line.text, "line 5x");
	type("\x10");
	assert_string_equal(line.text, "line 20");
}

static void test_long(void **state)
{
	char text[LINE_SIZE + 50];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < LINE_SIZE - 1; i++) {
		line_key(&line, (u8)text[i]);
		assert_screen();
	}
	assert_int_equal(line.len, LINE_SIZE - 1);
	assert_int_equal(screen.beeps, 0);
	line_key(&line, 'x');
	assert_int_equal(screen.beeps, 1);
	assert_int_equal(line.len, LINE_SIZE - 1);
	assert_memory_equal(line.text, text, LINE_SIZE - 1);
	line_insert(&line, text, sizeof(text));
	assert_int_equal(line.len, LINE_SIZE - 1);
	type("\x01");
	assert_screen();
	type("\x0b");
	assert_screen();
	line_insert(&line, text, sizeof(text));
	assert_int_equal(line.len, LINE_SIZE - 1);
	assert_screen();
}

/* Any bytes in any order: the text stays text, the screen shows it. */
static void test_random_keys(void **state)
{
	static const char *const keys[] = { "\x1b[A", "\x1b[B",    "\x1b[C",    "\x1b[D", "\x1b[H",
					    "\x1b[F", "\x1b[3~",   "\x7f",      "\x17",   "\x15",
					    "\x0b",   "\x1b[1;5D", "some text", " ",      "y" };
	u64 random = 1;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		u64 choice = test_random_below(&random, 32);
		enum line_result result;

		if (choice < ARRAY_SIZE(keys))
			result = type(keys[choice]);
		else if (choice < 20)
			result = line_key(&line, (u8)test_random(&random));
		else
			result = line_key(&line, (u8)('a' + choice % 26));
		if (result == LINE_DONE || result == LINE_CANCELLED)
			line_begin(&line);
		assert_true(line.len < LINE_SIZE && line.cursor <= line.len);
		assert_int_equal(strlen(line.text), line.len);
		assert_screen();
	}
}

static void test_redraw(void **state)
{
	(void)state;
	type("hello\x02\x02");
	screen_clear(); /* somebody else wrote there */
	line_redraw(&line);
	assert_screen();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test_setup(test_results, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_long, setup),
		cmocka_unit_test_setup(test_random_keys, setup),
		cmocka_unit_test_setup(test_redraw, setup),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
