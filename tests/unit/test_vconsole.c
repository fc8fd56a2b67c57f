/* SPDX-License-Identifier: MIT */
/* The guest's console: the kept output, attaching, and the way of input. */
#include <test.h>

#include <core/heap.h>
#include <core/vconsole.h>
#include <fake.h>

static struct mem_owner owner = { .name = "console" };
static struct vconsole vc;

static void start(void)
{
	fake_boot(MIB(4));
	assert_int_equal(vconsole_init(&vc, &owner, "linux"), 0);
}

static void stop(void)
{
	vconsole_destroy(&vc);
	vconsole_destroy(&vc);
	assert_true(mem_owner_is_empty(&owner));
}

static void put(const char *s)
{
	while (*s)
		vconsole_put(&vc, (u8)*s++);
}

static void test_log(void **state)
{
	char buf[64];
	u64 pos = 0;

	(void)state;
	start();
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 0);
	put("hello, ");
	put("world");
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, 5), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 7);
	assert_memory_equal(buf, ", world", 7);
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 0);
	assert_int_equal(pos, 12);
	/* A position that was never reached yet. */
	pos = 1000;
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 0);
	assert_int_equal(pos, 12);
	stop();
}

/* Readers that lag by any distance get the right bytes, and skip what is lost. */
static void test_log_wraps(void **state)
{
	static u8 all[200000];
	static char buf[VCONSOLE_RING_SIZE + 100];
	u64 seed = 5, pos = 0, written = 0;

	(void)state;
	start();
	while (written < sizeof(all) - 20000) {
		u64 count = test_random_below(&seed, 20000), from = pos;
		size_t len, want = test_random_below(&seed, sizeof(buf));
		u64 oldest;

		while (count--) {
			all[written] = (u8)test_random(&seed);
			vconsole_put(&vc, all[written++]);
		}
		oldest = written > VCONSOLE_RING_SIZE ? written - VCONSOLE_RING_SIZE : 0;
		from = MAX(from, oldest);
		len = vconsole_read_log(&vc, &pos, buf, want);
		assert_int_equal(len, MIN(want, written - from));
		assert_int_equal(pos, from + len);
		assert_memory_equal(buf, all + from, len);
	}
	stop();
}

/* Without a driver the host console writes to the fake machine at once. */
static void test_attached(void **state)
{
	(void)state;
	start();
	put("unseen");
	assert_null(strstr(fake_output, "unseen"));
	vconsole_set_attached(&vc, true);
	put("visible");
	assert_non_null(strstr(fake_output, "visible"));
	vconsole_set_attached(&vc, false);
	put("hidden");
	assert_null(strstr(fake_output, "hidden"));
	stop();
}

static unsigned told;

static void on_input(void *ctx)
{
	assert_ptr_equal(ctx, &told);
	assert_true(vconsole_has_input(&vc)); /* no lock is held, or this would hang */
	told++;
}

static void test_input(void **state)
{
	u8 bytes[VCONSOLE_INPUT_SIZE + 10];

	(void)state;
	start();
	told = 0;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 7);
	assert_int_equal(vconsole_get(&vc), -1);
	vconsole_listen(&vc, on_input, &told);
	assert_int_equal(vconsole_input(&vc, bytes, 0), 0);
	assert_int_equal(told, 0);
	assert_int_equal(vconsole_input(&vc, bytes, sizeof(bytes)), VCONSOLE_INPUT_SIZE);
	assert_int_equal(told, 1);
	/* Full: nothing was taken, so nobody is told. */
	assert_int_equal(vconsole_input(&vc, bytes, 1), 0);
	assert_int_equal(told, 1);
	for (unsigned i = 0; i < VCONSOLE_INPUT_SIZE; i++)
		assert_int_equal(vconsole_get(&vc), bytes[i]);
	assert_int_equal(vconsole_get(&vc), -1);
	assert_false(vconsole_has_input(&vc));

	assert_int_equal(vconsole_input(&vc, bytes, 20), 20);
	vconsole_restart(&vc);
	assert_int_equal(vc.run_start, vc.written);
	assert_false(vconsole_has_input(&vc));
	vconsole_listen(&vc, NULL, NULL);
	assert_int_equal(vconsole_input(&vc, bytes, 1), 1);
	assert_int_equal(told, 2);
	stop();
}

/* Attaching happens at one byte: what was kept before it was read, the rest comes by itself. */
static void test_attach_at(void **state)
{
	char buf[16];
	u64 pos = 0;

	(void)state;
	start();
	put("abc");
	assert_false(vconsole_attach_at(&vc, pos));
	assert_false(vc.attached);
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 3);
	put("d");
	assert_false(vconsole_attach_at(&vc, pos));
	assert_int_equal(vconsole_read_log(&vc, &pos, buf, sizeof(buf)), 1);
	fake_output_clear();
	assert_true(vconsole_attach_at(&vc, pos));
	put("e");
	assert_string_equal(fake_output, "e");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),       cmocka_unit_test(test_log_wraps),
		cmocka_unit_test(test_attached),  cmocka_unit_test(test_input),
		cmocka_unit_test(test_attach_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
