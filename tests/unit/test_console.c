/* SPDX-License-Identifier: MIT */
/* The console: early output, the ring before a slow UART, drops, input and its focus, the polled end. */
#include <test.h>

#include <core/console.h>
#include <core/errno.h>
#include <core/log.h>
#include <core/timer.h>
#include <fake.h>

/* A UART that takes `accepts` bytes a call and remembers what it got. */
static char sent[200000];
static size_t sent_count, accepts;
static bool tx_wanted;
static const char *typed = "";

static size_t uart_write(const char *s, size_t len)
{
	size_t count = MIN(len, accepts);

	assert_true(sent_count + count < sizeof(sent));
	memcpy(sent + sent_count, s, count);
	sent_count += count;
	sent[sent_count] = '\0';
	return count;
}

static int uart_read(void)
{
	return *typed ? *typed++ : -1;
}

static void uart_tx_interrupt(bool on)
{
	tx_wanted = on;
}

static const struct console_driver uart = {
	.name = "test",
	.write = uart_write,
	.read = uart_read,
	.tx_interrupt = uart_tx_interrupt,
	.rx_interrupt = true,
};

static void write_text(const char *s)
{
	console_write(s, strlen(s));
}

static void begin(size_t accept)
{
	fake_reset(1);
	accepts = sizeof(sent);
	console_interrupt(); /* what an earlier test left */
	sent_count = 0;
	sent[0] = '\0';
	accepts = accept;
	typed = "";
}

static void test_early(void **state)
{
	(void)state;
	fake_reset(1);
	console_printf("early %s %d\n", "output", 5);
	assert_string_equal(fake_output, "early output 5\n");
	console_poll();
	console_interrupt();
}

static void test_bind(void **state)
{
	static const struct console_driver other = { .name = "other" };

	(void)state;
	fake_reset(1);
	console_bind(&uart);
	console_bind(&other); /* the first one wins */
	begin(sizeof(sent));
	write_text("one\ntwo\r\nthree");
	assert_string_equal(sent, "one\r\ntwo\r\nthree");
	assert_string_equal(fake_output, "");
	assert_false(tx_wanted);
}

static void test_slow_uart(void **state)
{
	(void)state;
	begin(4);
	write_text("0123456789");
	assert_string_equal(sent, "0123");
	assert_true(tx_wanted);
	console_poll(); /* the interrupt does it */
	assert_string_equal(sent, "0123");
	console_interrupt();
	assert_string_equal(sent, "01234567");
	console_interrupt();
	assert_string_equal(sent, "0123456789");
	assert_false(tx_wanted);
	console_interrupt();
	assert_string_equal(sent, "0123456789");
}

static void test_drop(void **state)
{
	static char big[20000];

	(void)state;
	memset(big, 'a', sizeof(big));
	begin(0);
	console_write(big, sizeof(big));
	console_write_around_prompt("lost", 4);
	assert_string_equal(sent, "");
	accepts = sizeof(sent);
	console_interrupt();
	write_text("back\n");
	assert_null(strstr(sent, "lost"));
	assert_non_null(strstr(sent, "aaa\r\n[3620 bytes of output were dropped]\r\nback\r\n"));
}

static void test_getc(void **state)
{
	(void)state;
	begin(100);
	typed = "ab";
	console_interrupt();
	assert_int_equal(console_getc(TIME_NEVER), 'a');
	assert_int_equal(console_getc(TIME_NEVER), 'b');
}

static char focus_got[20];

static void focus_rx(void *ctx, u8 byte)
{
	char text[2] = { (char)byte, '\0' };

	assert_ptr_equal(ctx, &sent_count);
	strcat(focus_got, text);
	if (byte == ']')
		console_set_focus(NULL, NULL); /* from its own rx() */
}

static void test_focus(void **state)
{
	(void)state;
	begin(100);
	console_set_focus(focus_rx, &sent_count);
	typed = "guest]shell";
	console_interrupt();
	assert_string_equal(focus_got, "guest]");
	for (const char *c = "shell"; *c; c++)
		assert_int_equal(console_getc(TIME_NEVER), *c);
}

/* A stream of input takes a bounded time in one interrupt. */
static void test_input_flood(void **state)
{
	static char flood[3000];

	(void)state;
	begin(100);
	memset(flood, 'x', sizeof(flood) - 1);
	typed = flood;
	console_interrupt();
	assert_in_range(strlen(typed), 2000, 2900);
	for (unsigned i = 0; i < 20; i++)
		console_interrupt();
	assert_int_equal(strlen(typed), 0);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(console_getc(TIME_NEVER), 'x');
}

/* A line of the log takes the prompt off the screen; the shell hears of it once, from an interrupt. */
static void test_prompt(void **state)
{
	(void)state;
	begin(sizeof(sent));
	console_write_around_prompt("", 0); /* no prompt: nothing to wipe */
	assert_int_equal(sent_count, 0);
	write_text("vg> ");
	console_prompt_shown(true);
	log_at(LOG_ERROR, "one");
	log_at(LOG_ERROR, "two");
	assert_memory_equal(sent, "vg> \r\x1b[K[", 9);
	assert_null(strstr(sent + 9, "\x1b[K")); /* once is enough */
	assert_non_null(strstr(sent, "two"));
	assert_true(tx_wanted); /* although nothing waits: to tell the shell */
	console_interrupt();
	assert_false(tx_wanted);
	typed = "x";
	console_interrupt();
	assert_int_equal(console_getc(TIME_NEVER), -EAGAIN);
	assert_int_equal(console_getc(TIME_NEVER), 'x');
	/* A prompt that is gone is not drawn again. */
	console_prompt_shown(true);
	console_prompt_shown(false);
	log_at(LOG_ERROR, "three");
	typed = "y";
	console_interrupt();
	assert_int_equal(console_getc(TIME_NEVER), 'y');
}

static void test_polled(void **state)
{
	(void)state;
	begin(0);
	write_text("waiting\n");
	console_set_polled();
	assert_string_equal(fake_output, "waiting\n");
	write_text("now\n");
	assert_string_equal(fake_output, "waiting\nnow\n");
	assert_string_equal(sent, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_early),       cmocka_unit_test(test_bind),
		cmocka_unit_test(test_slow_uart),   cmocka_unit_test(test_drop),
		cmocka_unit_test(test_getc),        cmocka_unit_test(test_focus),
		cmocka_unit_test(test_input_flood), cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
