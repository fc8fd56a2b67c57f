/* SPDX-License-Identifier: MIT */
/* The heap: random use by several owners, limits, leaks, and every misuse that it can see. */
#include <test.h>

#include <core/heap.h>
#include <core/page.h>
#include <core/panic.h>
#include <fake.h>

#define OBJECTS_MAX 600

struct object {
	u8 *at;
	size_t size;
	unsigned owner;
	u8 tag;
};

static void check_bytes(const u8 *p, size_t size, u8 value)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(p[i], value);
}

static size_t random_size(u64 *seed)
{
	/* Mostly small, sometimes pages. */
	return test_random_below(seed, BIT(test_random_below(seed, 15)) + 1);
}

static void test_random_operations(void **state)
{
	struct mem_owner owners[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
	static struct object objects[OBJECTS_MAX];
	struct page_stats before, after;
	unsigned count = 0;
	u64 seed = 3, bytes = 0;

	(void)state;
	fake_boot(MIB(16));
	page_stats(&before);
	for (unsigned round = 0; round < 60000; round++) {
		if (count < OBJECTS_MAX && (!count || test_random_below(&seed, 2))) {
			struct object *o = &objects[count];

			o->size = random_size(&seed);
			o->owner = (unsigned)test_random_below(&seed, 3);
			o->tag = (u8)round;
			o->at = heap_alloc(&owners[o->owner], o->size);
			assert_non_null(o->at);
			assert_true(is_aligned((uintptr_t)o->at, 16));
			check_bytes(o->at, o->size, 0);
			memset(o->at, o->tag, o->size);
			bytes += o->size;
			count++;
		} else {
			struct object *o = &objects[test_random_below(&seed, count)];

			check_bytes(o->at, o->size, o->tag);
			heap_free(o->at);
			bytes -= o->size;
			*o = objects[--count];
		}
		assert_int_equal(owners[0].heap_bytes + owners[1].heap_bytes + owners[2].heap_bytes,
				 bytes);
		assert_int_equal(owners[0].heap_objects + owners[1].heap_objects +
					 owners[2].heap_objects,
				 count);
	}
	while (count--)
		heap_free(objects[count].at);
	for (unsigned i = 0; i < 3; i++)
		assert_true(mem_owner_is_empty(&owners[i]));
	page_stats(&after);
	assert_memory_equal(&after, &before, sizeof(after));
}

static void test_stats(void **state)
{
	struct heap_class_stats rows[32];
	unsigned classes = heap_stats(rows, 32);
	struct mem_owner owner = { .name = "test" };

	(void)state;
	fake_boot(MIB(4));
	assert_in_range(classes, 5, 32);
	for (unsigned i = 0; i < classes; i++) {
		void *object = heap_alloc(&owner, rows[i].object_size);
		struct heap_class_stats now[32];

		assert_int_equal(heap_stats(now, i + 1), classes);
		assert_int_equal(now[i].used, 1);
		assert_true(now[i].free > 0);
		heap_free(object);
		heap_stats(now, i + 1);
		assert_int_equal(now[i].used, 0);
		assert_int_equal(now[i].free, 0); /* the slab went back */
	}
}

static void test_limits(void **state)
{
	struct mem_owner owner = { .name = "test", .heap_limit = 1000 };
	void *a, *b;

	(void)state;
	fake_boot(MIB(16));
	a = heap_alloc(&owner, 600);
	assert_non_null(a);
	assert_null(heap_alloc(&owner, 401));
	b = heap_alloc(&owner, 400);
	assert_non_null(b);
	heap_free(a);
	heap_free(b);
	assert_true(mem_owner_is_empty(&owner));
	owner.heap_limit = 0;
	assert_null(heap_alloc(&owner, HEAP_SIZE_MAX + 1));
	assert_null(heap_alloc(&owner, SIZE_MAX));
	a = heap_alloc(&owner, HEAP_SIZE_MAX);
	assert_non_null(a);
	check_bytes(a, HEAP_SIZE_MAX, 0);
	heap_free(a);
	heap_free(NULL);
	assert_true(mem_owner_is_empty(&owner));
}

static void test_exhaustion(void **state)
{
	struct mem_owner owner = { .name = "test" };
	void *last = NULL, **object;
	struct page_stats before, after;

	(void)state;
	fake_boot(MIB(2));
	page_stats(&before);
	for (unsigned size = 16; (object = heap_alloc(&owner, size)); size = size * 7 % 5000 + 16) {
		*object = last;
		last = object;
	}
	assert_int_equal(owner.page_count, 0);
	for (object = last; object; object = last) {
		last = *object;
		heap_free(object);
	}
	page_stats(&after);
	assert_memory_equal(&after, &before, sizeof(after));
	assert_true(mem_owner_is_empty(&owner));
}

static void test_strdup(void **state)
{
	struct mem_owner owner = { .name = "test" };
	char *copy;

	(void)state;
	fake_boot(MIB(2));
	copy = heap_strdup(&owner, "verdigris");
	assert_string_equal(copy, "verdigris");
	assert_int_equal(owner.heap_bytes, 10);
	heap_free(copy);
}

static struct mem_owner careless = { .name = "careless" };

static void misuse_used(u8 *object, size_t size)
{
	object[size] ^= 1;
	assert_panics(heap_free(object), "owner careless");
	object[size] ^= 1;
	object[-4] ^= 0x40; /* the header's magic */
	assert_panics(heap_free(object), "header was overwritten");
	object[-4] ^= 0x40;
	assert_panics(heap_free(object + 16), "no object");
}

static void misuse_small(size_t size)
{
	u8 *object = heap_alloc(&careless, size);

	assert_non_null(heap_alloc(&careless, size)); /* keeps the slab in use */
	misuse_used(object, size);
	heap_free(object);
	assert_panics(heap_free(object), "double free");
	object[0] = 1;
	assert_panics((void)!heap_alloc(&careless, size), "written to at offset 0");
}

static void misuse_large(size_t size)
{
	u8 *object = heap_alloc(&careless, size);

	misuse_used(object, size);
	heap_free(object);
	assert_panics(heap_free(object),
		      "heap_free("); /* what it says depends on who has the page now */
}

static void test_misuse(void **state)
{
	static const size_t small[] = { 1, 24, 25, 100, 744, 2056 };

	(void)state;
	fake_boot(MIB(4)); /* once: what misuse leaves behind stays in the heap */
	for (unsigned i = 0; i < ARRAY_SIZE(small); i++)
		misuse_small(small[i]);
	misuse_large(2057);
	misuse_large(5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_exhaustion),
		cmocka_unit_test(test_strdup),
		cmocka_unit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
