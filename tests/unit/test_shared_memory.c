/* SPDX-License-Identifier: MIT */
/* Memory that VMs share by name: one block for all, gone and scrubbed with the last of them. */
#include <test.h>

#include <core/page.h>
#include <core/shared_memory.h>
#include <core/task.h>
#include <fake.h>
#include <world.h>

#define BASE 0x40000000ull
#define MAIL(size)                                                                              \
	"/ { mail@40000000 { reg = <0 0x40000000 0 " size ">; verdigris,shared = \"mail\"; }; " \
	"};\n"

static struct world_memory memory;

static int boot(void **state)
{
	(void)state;
	world_boot(2);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	fake_output_clear();
	if (vm_count() > 0)
		return -1;
	world_memory(&memory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (vm_count() > 0)
		return -1;
	world_settle();
	world_check_memory(&memory);
	return 0;
}

/* ---- by itself: who uses it is a mark, and no more ---- */

struct call {
	struct vm *vm;
	const char *name;
	u64 size;
	hpa_t pa;
	int result;
};

static void get_task(void *arg)
{
	struct call *c = arg;

	c->result = shared_memory_get(c->vm, c->name, c->size, &c->pa);
}

static void put_task(void *arg)
{
	shared_memory_put_all(arg);
}

static int get(struct vm *vm, const char *name, u64 size, char **memory_out)
{
	struct call c = { vm, name, size, hpa(0), 0 };

	world_task(get_task, &c);
	if (!c.result)
		*memory_out = hpa_to_ptr(c.pa);
	return c.result;
}

static void put_all(struct vm *vm)
{
	world_task(put_task, vm);
}

static bool is_zero(const char *p, u64 size)
{
	for (u64 i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static struct vm users[3];

static void test_one_for_all(void **state)
{
	char *a, *b, *other;

	(void)state;
	assert_int_equal(get(&users[0], "mail", 0x3000, &a), 0);
	assert_true(is_zero(a, 0x3000));
	memset(a, 'x', 0x3000);
	assert_int_equal(get(&users[1], "mail", 0x3000, &b), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(get(&users[1], "mailbox", 0x1000, &other), 0);
	assert_ptr_not_equal(a, other);
	assert_true(is_zero(other, 0x1000));
	/* The maker goes, and the memory stays as it is. */
	put_all(&users[0]);
	assert_int_equal(a[0x2fff], 'x');
	assert_int_equal(get(&users[2], "mail", 0x3000, &b), 0);
	assert_ptr_equal(a, b);
	put_all(&users[1]);
	assert_int_equal(a[0], 'x');
	put_all(&users[2]);
	/* Nobody may find what they wrote; the free list's own pointers may have such a byte. */
	assert_true(is_zero(a + 64, 0x3000 - 64));
	/* The next of that name is another. */
	assert_int_equal(get(&users[0], "mail", 0x5000, &a), 0);
	assert_true(is_zero(a, 0x5000));
	put_all(&users[0]);
	put_all(&users[0]);
}

static void test_wrong_size(void **state)
{
	char *a;

	(void)state;
	assert_int_equal(get(&users[0], "mail", 0x2000, &a), 0);
	memset(a, 'x', 0x2000);
	assert_int_equal(get(&users[1], "mail", 0x1000, &a), -EINVAL);
	assert_int_equal(get(&users[1], "mail", 0x3000, &a), -EINVAL);
	assert_int_equal(get(&users[0], "mail", 0x3000, &a), -EINVAL);
	/* Who was refused holds nothing. */
	put_all(&users[1]);
	assert_int_equal(a[0x1fff], 'x');
	put_all(&users[0]);
	assert_false(memchr(a, 'x', 0x2000));
}

/* Two windows of one VM on it. */
static void test_twice_in_one(void **state)
{
	char *a, *b;

	(void)state;
	assert_int_equal(get(&users[0], "mail", 0x1000, &a), 0);
	assert_int_equal(get(&users[0], "mail", 0x1000, &b), 0);
	assert_ptr_equal(a, b);
	put_all(&users[0]);
}

static void test_out_of_memory(void **state)
{
	struct page_stats before, after;
	char *a;

	(void)state;
	page_stats(&before);
	assert_int_equal(get(&users[0], "mail", 2 * WORLD_RAM, &a), -ENOMEM);
	assert_int_equal(get(&users[0], "mail", GIB(4), &a), -ENOMEM);
	assert_int_equal(get(&users[0], "mail", ~0ull, &a), -ENOMEM);
	page_stats(&after);
	assert_int_equal(after.free_pages, before.free_pages);
	/* The name is not spoiled. */
	assert_int_equal(get(&users[0], "mail", 0x1000, &a), 0);
	put_all(&users[0]);
}

static void test_blocks(void **state)
{
	static const u64 sizes[] = { 0x1000, 0x2000, 0x3000, MIB(2), MIB(3) };
	char *a;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		u64 block = PAGE_SIZE;

		assert_int_equal(get(&users[0], "mail", sizes[i], &a), 0);
		while (block < sizes[i])
			block *= 2;
		/* Large pages fit. */
		assert_int_equal((uintptr_t)a % block, 0);
		memset(a, 'x', sizes[i]);
		put_all(&users[0]);
		assert_false(memchr(a, 'x', sizes[i]));
	}
}

/* ---- in VMs ---- */

struct creation {
	struct vm_config *config;
	struct vm *vm;
	int result;
};

static void create_task(void *arg)
{
	struct creation *c = arg;

	c->result = vm_create(c->config, &c->vm);
}

static int create(const char *name, const char *extra, struct vm **vm)
{
	struct creation c = { world_config(name, 1, extra), NULL, 0 };

	world_task(create_task, &c);
	*vm = c.vm;
	return c.result;
}

static void destroy(struct vm *vm)
{
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
}

static void test_two_vms(void **state)
{
	static const char letter[] = "dear neighbour";
	struct vm *a, *b, *c;
	char read[sizeof(letter)];
	u64 len = 0x2000;
	char *page;

	(void)state;
	assert_int_equal(create("a", MAIL("0x2000"), &a), 0);
	assert_int_equal(create("b", MAIL("0x2000"), &b), 0);
	assert_int_equal(create("c", MAIL("0x1000"), &c), -EINVAL);
	assert_int_equal(gpa_write(a, gpa(BASE + 0x1ff0), letter, sizeof(letter)), 0);
	assert_int_equal(gpa_read(b, gpa(BASE + 0x1ff0), read, sizeof(read)), 0);
	assert_string_equal(read, letter);
	page = gpa_to_ptr(b, gpa(BASE), &len, GPA_READ);
	assert_int_equal(len, 0x2000);
	/* Both map the same pages, and RAM apart from it is not shared. */
	for (u64 at = 0; at < 0x2000; at += 0x1000) {
		struct pt_leaf in_a, in_b;

		assert_int_equal(stage2_lookup(a, gpa(BASE + at), &in_a), 0);
		assert_int_equal(stage2_lookup(b, gpa(BASE + at), &in_b), 0);
		assert_int_equal(in_a.pa.v, in_b.pa.v);
		assert_true(in_a.attr & PT_WRITE);
		assert_int_equal(stage2_lookup(a, gpa(WORLD_ENTRY + at), &in_a), 0);
		assert_int_equal(stage2_lookup(b, gpa(WORLD_ENTRY + at), &in_b), 0);
		assert_int_not_equal(in_a.pa.v, in_b.pa.v);
	}
	destroy(a);
	assert_int_equal(gpa_read(b, gpa(BASE + 0x1ff0), read, sizeof(read)), 0);
	assert_string_equal(read, letter);
	destroy(b);
	assert_false(memchr(page, 'd', 0x2000));
	/* Now the name is free for another size. */
	assert_int_equal(create("c", MAIL("0x1000"), &c), 0);
	destroy(c);
}

/* Tasks get and put at the same time: one block, and none in the end. */
static unsigned tasks_left;

static void use_often(void *arg)
{
	hpa_t pa, again;

	for (unsigned i = 0; i < 20; i++) {
		world_check(shared_memory_get(arg, "mail", 0x1000, &pa) == 0);
		*(u8 *)hpa_to_ptr(pa) = 1;
		task_yield();
		world_check(*(u8 *)hpa_to_ptr(pa) == 1);
		world_check(shared_memory_get(arg, "mail", 0x1000, &again) == 0 && again.v == pa.v);
		shared_memory_put_all(arg);
	}
	tasks_left--;
}

static bool all_done(void *arg)
{
	(void)arg;
	return tasks_left == 0;
}

static void test_at_the_same_time(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 20; seed++) {
		world_disturb(seed);
		tasks_left = ARRAY_SIZE(users);
		for (size_t i = 0; i < ARRAY_SIZE(users); i++)
			assert_non_null(task_create("user", use_often, &users[i]));
		world_until(all_done, NULL);
		world_disturb(0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_for_all),      TEST(test_wrong_size), TEST(test_twice_in_one),
		TEST(test_out_of_memory),    TEST(test_blocks),     TEST(test_two_vms),
		TEST(test_at_the_same_time),
	};

	return cmocka_run_group_tests_name("shared_memory", tests, boot, NULL);
}
