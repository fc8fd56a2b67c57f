/* SPDX-License-Identifier: MIT */
/* The bus: order, overlaps, hints, and which accesses a device gets to see. */
#include <test.h>

#include <core/bus.h>
#include <core/errno.h>
#include <core/mem_owner.h>
#include <fake.h>

static struct {
	struct vdev *dev;
	u64 offset, value;
	unsigned size, count;
} seen;

static u64 spy_read(struct vdev *dev, u64 offset, unsigned size)
{
	seen.dev = dev;
	seen.offset = offset;
	seen.size = size;
	seen.count++;
	return 0x1122334455667788;
}

static void spy_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	spy_read(dev, offset, size);
	seen.value = value;
}

static const struct bus_ops all_sizes = { spy_read, spy_write, 1 | 2 | 4 | 8, false };
static const struct bus_ops only_words = { spy_read, spy_write, 4, false };
static const struct bus_ops any_alignment = { spy_read, spy_write, 1 | 2 | 4, true };

static struct mem_owner owner = { .name = "bus" };

static struct vdev *token(u64 n)
{
	return (struct vdev *)(uintptr_t)(n + 1);
}

static int add(struct bus *bus, u64 base, u64 size, const struct bus_ops *ops, u64 n)
{
	return bus_add(bus, &owner, &(struct bus_region){ base, size, ops, token(n) });
}

static void test_sizes_and_values(void **state)
{
	static const struct {
		unsigned size;
		u64 value;
	} rows[] = { { 1, 0x88 }, { 2, 0x7788 }, { 4, 0x55667788 }, { 8, 0x1122334455667788 } };
	struct bus bus = { 0 };
	u64 value;

	(void)state;
	fake_boot(MIB(4));
	assert_int_equal(add(&bus, 0x1000, 0x100, &all_sizes, 7), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(bus_read(&bus, 0x1010, rows[i].size, &value, NULL), 0);
		assert_int_equal(value, rows[i].value);
		assert_int_equal(seen.size, rows[i].size);
		assert_int_equal(seen.offset, 0x10);
		assert_ptr_equal(seen.dev, token(7));
		assert_int_equal(bus_write(&bus, 0x1018, rows[i].size, ~0ull, NULL), 0);
		assert_int_equal(seen.offset, 0x18);
		assert_int_equal(seen.value, ~0ull >> (64 - 8 * rows[i].size));
	}
	bus_destroy(&bus);
	assert_true(mem_owner_is_empty(&owner));
}

/* What must not reach the device. */
static void test_refused(void **state)
{
	static const struct {
		u64 addr;
		unsigned size;
		int err;
	} rows[] = {
		{ 0x1000, 4, 0 },       { 0x101c, 4, 0 },        { 0x101e, 4, -EFAULT },
		{ 0x1020, 4, -ENODEV }, { 0xfff, 4, -ENODEV },   { 0x1001, 4, -EFAULT },
		{ 0x1002, 4, -EFAULT }, { 0x1000, 1, -EFAULT },  { 0x1000, 2, -EFAULT },
		{ 0x1000, 8, -EFAULT }, { 0x1000, 0, -EFAULT },  { 0x1000, 5, -EFAULT },
		{ 0x1000, 6, -EFAULT }, { 0x1000, 12, -EFAULT }, { 0x2001, 2, 0 },
		{ 0x2002, 2, -EFAULT }, { 0x2000, 4, -EFAULT },  { 0x2001, 1, 0 },
		{ ~0ull, 1, 0 },        { ~0ull, 2, -EFAULT },   { ~0ull - 1, 1, -ENODEV },
		{ 0, 1, -ENODEV },
	};
	struct bus bus = { 0 };
	u64 value;

	(void)state;
	fake_boot(MIB(4));
	assert_int_equal(add(&bus, 0x1000, 0x20, &only_words, 0), 0);
	assert_int_equal(add(&bus, 0x2000, 3, &any_alignment, 1), 0);
	assert_int_equal(add(&bus, ~0ull, 1, &any_alignment, 2), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned before = seen.count;

		assert_int_equal(bus_read(&bus, rows[i].addr, rows[i].size, &value, NULL),
				 rows[i].err);
		assert_int_equal(bus_write(&bus, rows[i].addr, rows[i].size, 0, NULL), rows[i].err);
		assert_int_equal(seen.count - before, rows[i].err ? 0 : 2);
	}
	bus_destroy(&bus);
}

static void test_add_errors(void **state)
{
	struct bus bus = { 0 };

	(void)state;
	fake_boot(MIB(4));
	assert_int_equal(add(&bus, 0x1000, 0, &all_sizes, 0), -EINVAL);
	assert_int_equal(add(&bus, ~0ull, 2, &all_sizes, 0), -EINVAL);
	assert_int_equal(add(&bus, 0x1000, 0x100, &all_sizes, 0), 0);
	assert_int_equal(add(&bus, 0x1000, 0x100, &all_sizes, 0), -EEXIST);
	assert_int_equal(add(&bus, 0xfff, 2, &all_sizes, 0), -EEXIST);
	assert_int_equal(add(&bus, 0x10ff, 1, &all_sizes, 0), -EEXIST);
	assert_int_equal(add(&bus, 0, ~0ull, &all_sizes, 0), -EEXIST);
	assert_int_equal(add(&bus, 0xfff, 1, &all_sizes, 0), 0);
	assert_int_equal(add(&bus, 0x1100, 1, &all_sizes, 0), 0);
	assert_int_equal(bus.count, 3);
	bus_destroy(&bus);
	bus_destroy(&bus);
	assert_true(mem_owner_is_empty(&owner));

	owner.heap_limit = 1;
	assert_int_equal(add(&bus, 0x1000, 0x100, &all_sizes, 0), -ENOMEM);
	assert_int_equal(bus.count, 0);
	owner.heap_limit = 0;
}

/* A sorted table against a plain search of all regions ever added, with hints of any value. */
static void test_against_search(void **state)
{
	struct {
		u64 base, size;
	} added[200];
	unsigned count = 0;
	struct bus bus = { 0 };
	u64 seed = 11, value;
	u32 hint = 0;

	(void)state;
	fake_boot(MIB(4));
	for (unsigned round = 0; round < 20000; round++) {
		u64 base = test_random_below(&seed, 0x4000),
		    size = test_random_below(&seed, 64) + 1;
		bool free = true, hit = false;
		unsigned owner_of = 0;

		for (unsigned i = 0; i < count; i++) {
			free &= base + size <= added[i].base ||
				added[i].base + added[i].size <= base;
			if (base - added[i].base < added[i].size) {
				hit = true;
				owner_of = i;
			}
		}
		if (test_random_below(&seed, 500) == 0)
			hint = (u32)test_random(&seed);
		assert_int_equal(bus_read(&bus, base, 1, &value, &hint), hit ? 0 : -ENODEV);
		if (hit) {
			assert_ptr_equal(seen.dev, token(owner_of));
			assert_int_equal(seen.offset, base - added[owner_of].base);
		}
		if (count == ARRAY_SIZE(added))
			continue;
		assert_int_equal(add(&bus, base, size, &all_sizes, count), free ? 0 : -EEXIST);
		if (free) {
			added[count].base = base;
			added[count++].size = size;
		}
	}
	assert_int_equal(bus.count, count);
	assert_in_range(count, 100, ARRAY_SIZE(added));
	bus_destroy(&bus);
	assert_true(mem_owner_is_empty(&owner));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_add_errors),
		cmocka_unit_test(test_against_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
