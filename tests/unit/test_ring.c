/* SPDX-License-Identifier: MIT */
/* The byte ring against a plain queue, with random operations and counters about to wrap. */
#include <test.h>

#include <libs/ring.h>

#define SIZE 16

static void test_against_model(void **state)
{
	u8 memory[SIZE], model[SIZE], out[SIZE * 2], in[SIZE * 2];
	u32 count = 0;
	u64 seed = 7;
	struct ring ring;

	(void)state;
	ring_init(&ring, memory, SIZE);
	ring.head = ring.tail = UINT32_MAX - 100;
	for (unsigned round = 0; round < 100000; round++) {
		u32 len = (u32)test_random_below(&seed, SIZE * 2);
		u32 expected;

		for (u32 i = 0; i < len; i++)
			in[i] = (u8)test_random(&seed);
		switch (test_random_below(&seed, 5)) {
		case 0:
			expected = MIN(len, SIZE - count);
			assert_int_equal(ring_write(&ring, in, len), expected);
			memcpy(model + count, in, expected);
			count += expected;
			break;
		case 1:
			expected = MIN(len, count);
			assert_int_equal(ring_read(&ring, out, len), expected);
			assert_memory_equal(out, model, expected);
			count -= expected;
			memmove(model, model + expected, count);
			break;
		case 2:
			assert_int_equal(ring_put(&ring, in[0]), count < SIZE);
			if (count < SIZE)
				model[count++] = in[0];
			break;
		case 3:
			assert_int_equal(ring_get(&ring), count ? model[0] : -1);
			count -= count ? 1 : 0;
			memmove(model, model + 1, count);
			break;
		default:
			if (count == SIZE)
				memmove(model, model + 1, --count);
			ring_put_over(&ring, in[0]);
			model[count++] = in[0];
		}
		assert_int_equal(ring_count(&ring), count);
		assert_int_equal(ring_room(&ring), SIZE - count);
	}
	ring_clear(&ring);
	assert_int_equal(ring_count(&ring), 0);
}

static void test_peek(void **state)
{
	u8 memory[8];
	struct ring ring = RING(memory);
	const u8 *piece;

	(void)state;
	assert_int_equal(ring_peek(&ring, &piece), 0);
	ring_write(&ring, "abcdef", 6);
	ring_skip(&ring, 5);
	ring_write(&ring, "ghij", 4);
	assert_int_equal(ring_peek(&ring, &piece), 3);
	assert_memory_equal(piece, "fgh", 3);
	ring_skip(&ring, 3);
	assert_int_equal(ring_peek(&ring, &piece), 2);
	assert_memory_equal(piece, "ij", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model),
		cmocka_unit_test(test_peek),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
