/* SPDX-License-Identifier: MIT */
/* panic(): what it says, whom it stops; symbols; error texts. */
#include <test.h>

#include <core/console.h>
#include <core/errno.h>
#include <core/panic.h>
#include <core/types.h>
#include <fake.h>

extern char _start[];

static void test_message(void **state)
{
	(void)state;
	fake_reset(3);
	cpus[2]->online = false;
	assert_panics(panic("value %d", 42), "panic on CPU 0: value 42\n");
	assert_non_null(strstr(fake_output, "registers: frame (nil)") ?:
				strstr(fake_output, "registers: frame 0x0"));
	assert_non_null(strstr(fake_output, "backtrace:"));
	assert_int_equal(fake_ipis, BIT(1)); /* not itself, not one that is off */
}

static void test_trap(void **state)
{
	const struct arch_trap_frame *frame = (void *)0x1234;

	(void)state;
	fake_reset(1);
	assert_panics(panic_trap(frame, "trap"), "registers: frame 0x1234");
}

static void test_early(void **state)
{
	(void)state;
	fake_reset(1);
	fake_cpu = NULL;
	assert_panics(panic("early"), "panic: early\n");
}

static void test_assert(void **state)
{
	(void)state;
	fake_reset(1);
	ASSERT(1 + 1 == 2);
	assert_panics(ASSERT(1 + 1 == 3), "assertion failed: 1 + 1 == 3");
}

/* A CPU that panics while another one has panicked adds nothing to its output. */
static void test_second(void **state)
{
	(void)state;
	fake_reset(2);
	panic_in_progress = true;
	fake_panic_expected = true;
	if (setjmp(fake_panic_jump) == 0)
		panic("second");
	assert_string_equal(fake_output, "");
}

static void test_symbols(void **state)
{
	uintptr_t offset, base = (uintptr_t)_start;

	(void)state;
	assert_string_equal(symbol_find(base, &offset), "first");
	assert_int_equal(offset, 0);
	assert_string_equal(symbol_find(base + 0xf, &offset), "first");
	assert_int_equal(offset, 0xf);
	assert_string_equal(symbol_find(base + 0x10, &offset), "second");
	assert_int_equal(offset, 0);
	assert_string_equal(symbol_find(base + 0x123, &offset), "third");
	assert_int_equal(offset, 0x103);
	assert_null(symbol_find(base - 1, &offset));
	assert_null(symbol_find((uintptr_t)text_end, &offset));
	assert_null(symbol_find(UINTPTR_MAX, &offset));
}

static void test_error_text(void **state)
{
	(void)state;
	assert_string_equal(error_text(-ENOMEM), "out of memory");
	assert_string_equal(error_text(ENOMEM), "out of memory");
	assert_string_equal(error_text(0), "no error");
	assert_non_null(error_text(-12345));
	assert_string_not_equal(error_text(-EINVAL), error_text(-ENOENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),    cmocka_unit_test(test_trap),
		cmocka_unit_test(test_early),      cmocka_unit_test(test_assert),
		cmocka_unit_test(test_second),     cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
