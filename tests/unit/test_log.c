/* SPDX-License-Identifier: MIT */
/* The log: levels, the ring when it overflows, what reaches the console, rate limits. */
#include <test.h>

#include <core/errno.h>
#include <core/log.h>
#include <fake.h>

static char lines[2000][220];
static enum log_level levels[2000];
static u64 times[2000];
static unsigned line_count;

static void collect(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	(void)ctx;
	assert_true(line_count < 2000);
	snprintf(lines[line_count], sizeof(lines[0]), "%s", text);
	levels[line_count] = level;
	times[line_count++] = ticks;
}

static void replay(void)
{
	line_count = 0;
	log_replay(collect, NULL);
}

static void test_levels(void **state)
{
	enum log_level level;

	(void)state;
	fake_reset(1);
	fake_time += 1234567000;
	log_error("number %d", 1);
	log_warn("number %d", 2);
	log_info("number %d", 3);
	log_debug("number %d", 4); /* CONFIG_LOG_LEVEL keeps it out */
	replay();
	assert_int_equal(line_count, CONFIG_LOG_LEVEL + 1);
	assert_string_equal(lines[0], "number 1");
	assert_int_equal(levels[1], LOG_WARN);
	assert_int_equal(times[2], 1234567000);
	assert_non_null(strstr(fake_output, "[    1.234567] error: number 1\n"));
	assert_non_null(strstr(fake_output, "[    1.234567] warning: number 2\n"));
	assert_non_null(strstr(fake_output, "[    1.234567] number 3\n"));
	assert_int_equal(log_level_parse("warn", &level), 0);
	assert_int_equal(level, LOG_WARN);
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_string_equal(log_level_name(LOG_DEBUG), "debug");
}

static void test_console_level(void **state)
{
	(void)state;
	fake_reset(1);
	log_set_console_level(LOG_ERROR);
	log_warn("quiet");
	log_error("loud");
	assert_null(strstr(fake_output, "quiet"));
	assert_non_null(strstr(fake_output, "loud"));
	replay();
	assert_string_equal(lines[line_count - 2], "quiet");
	log_set_console_level(LOG_INFO);
}

static void test_cut(void **state)
{
	char big[400];

	(void)state;
	fake_reset(1);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_info("%s", big);
	replay();
	assert_int_equal(strlen(lines[line_count - 1]), 200);
	assert_non_null(strstr(fake_output, "xxx\n"));
}

static void test_overflow(void **state)
{
	char expected[220];

	(void)state;
	fake_reset(1);
	log_set_console_level(LOG_ERROR);
	for (unsigned i = 0; i < 5000; i++)
		log_info("line %u %.*s", i, (int)(i % 150),
			 "........................................................"
			 "................................................................."
			 "...............................");
	log_set_console_level(LOG_INFO);
	replay();
	assert_in_range(line_count, 300, 1900);
	for (unsigned i = 0; i < line_count; i++) {
		snprintf(expected, sizeof(expected), "line %u ", 5000 - line_count + i);
		assert_memory_equal(lines[i], expected, strlen(expected));
	}
}

static void log_more(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	collect(ctx, ticks, level, text);
	for (unsigned i = 0; i < 20; i++)
		log_info("meanwhile %u with enough text to push old lines out of the ring quickly",
			 i);
}

/* Lines that come while it is replayed push the reader forward, never into the middle of a record. */
static void test_replay_overtaken(void **state)
{
	(void)state;
	fake_reset(1);
	log_set_console_level(LOG_ERROR);
	line_count = 0;
	log_replay(log_more, NULL);
	log_set_console_level(LOG_INFO);
	assert_in_range(line_count, 2, 200);
	for (unsigned i = 0; i < line_count; i++)
		assert_true(!memcmp(lines[i], "line ", 5) || !memcmp(lines[i], "meanwhile ", 10));
}

static void test_limit(void **state)
{
	struct log_limit limit = { 0 };
	u32 dropped = 99;
	unsigned passed = 0;

	(void)state;
	fake_reset(1);
	for (unsigned i = 0; i < 100; i++)
		passed += log_limit_pass(&limit, &dropped);
	assert_in_range(passed, 2, 50);
	assert_int_equal(dropped, 0);
	assert_int_equal(limit.dropped, 100 - passed);
	fake_time += 999999999;
	assert_false(log_limit_pass(&limit, &dropped));
	fake_time += 1;
	assert_true(log_limit_pass(&limit, &dropped));
	assert_int_equal(dropped, 101 - passed);
	assert_false(log_limit_pass(&limit, &dropped));
	fake_time += 1000ull * 1000000000;
	for (unsigned i = 0; i < passed; i++)
		assert_true(log_limit_pass(&limit, &dropped));
	assert_false(log_limit_pass(&limit, &dropped));
}

static void test_guest(void **state)
{
	struct log_limit limit = { 0 };

	(void)state;
	fake_reset(1);
	for (unsigned i = 0; i < 30; i++)
		log_guest(&limit, "linux", "odd access %u", i);
	assert_non_null(strstr(fake_output, "warning: VM linux: odd access 0\n"));
	assert_null(strstr(fake_output, "odd access 29"));
	fake_time += 1000000000;
	log_guest(&limit, "linux", "again");
	assert_non_null(strstr(fake_output, "messages dropped"));
	assert_non_null(strstr(fake_output, "VM linux: again"));
}

/* Before time_init() and before this_cpu(). */
static void test_early(void **state)
{
	(void)state;
	fake_reset(1);
	fake_cpu = NULL;
	log_info("early");
	assert_non_null(strstr(fake_output, "early\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_console_level),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_replay_overtaken),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
