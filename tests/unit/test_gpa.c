/* SPDX-License-Identifier: MIT */
/* The guest-physical map: blocks and leaves, look-up, access, errors that leave nothing behind. */
#include <test.h>

#include <core/errno.h>
#include <core/gpa.h>
#include <core/page.h>
#include <fake.h>
#include <fake_vm.h>

#define RAM 0x80000000ull

static struct fake_vm f;
static struct vm *vm = &f.vm;

static void start(void)
{
	fake_vm_init(&f, 1);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
}

/* Every page of every region is mapped where the map says, as its kind allows, and nothing else is. */
static void check_stage2(u64 from, u64 to)
{
	static const unsigned attr[] = {
		[GPA_RAM] = PT_READ | PT_WRITE | PT_EXEC,
		[GPA_ROM] = PT_READ | PT_EXEC,
		[GPA_DEVICE] = PT_READ | PT_WRITE | PT_DEVICE,
		[GPA_SHARED] = PT_READ | PT_WRITE | PT_EXEC,
	};

	for (u64 at = from; at < to; at += PAGE_SIZE) {
		const struct gpa_region *r = gpa_find(vm, gpa(at));
		struct pt_leaf leaf;
		int err = stage2_lookup(vm, gpa(at), &leaf);

		if (!r || r->kind == GPA_EMULATED) {
			assert_int_equal(err, -ENOENT);
			continue;
		}
		assert_int_equal(err, 0);
		assert_int_equal(leaf.pa.v, r->pa.v + (at - r->base));
		if (r->kind == GPA_ALIAS)
			assert_int_equal(leaf.attr, attr[r->writable ? GPA_RAM : GPA_ROM]);
		else
			assert_int_equal(leaf.attr, attr[r->kind]);
	}
}

static void test_large_leaves(void **state)
{
	struct pt_leaf leaf;

	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), MIB(16), GPA_RAM, "memory"), 0);
	check_stage2(RAM - MIB(1), RAM + MIB(17));
	for (u64 at = 0; at < MIB(16); at += MIB(2)) {
		assert_int_equal(stage2_lookup(vm, gpa(RAM + at), &leaf), 0);
		assert_int_equal(leaf.size, MIB(2));
	}
	assert_int_equal(gpa_ram_size(vm), MIB(16));
	assert_int_equal(vm->ram_owner.page_count, MIB(16) / PAGE_SIZE);
	assert_in_range(vm->map.count, 1, 3);
	stop();
}

/* Blocks start small where the address is not aligned, get large, and end small. */
static void test_odd_range(void **state)
{
	struct pt_leaf leaf;

	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM - 0x3000), MIB(4) + 0x8000, GPA_RAM, "memory"),
			 0);
	check_stage2(RAM - MIB(1), RAM + MIB(6));
	assert_int_equal(stage2_lookup(vm, gpa(RAM + 0x5000), &leaf), 0);
	assert_int_equal(leaf.size, MIB(2));
	stop();
}

static void test_zeroed_and_scrubbed(void **state)
{
	u64 len = MIB(8);
	u8 *p;

	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), MIB(8), GPA_RAM, "memory"), 0);
	p = gpa_to_ptr(vm, gpa(RAM), &len, GPA_WRITE);
	assert_non_null(p);
	assert_int_equal(len, MIB(8));
	for (u64 i = 0; i < len; i += 511)
		assert_int_equal(p[i], 0);
	memset(p, 0x5a, len);
	stop();
	for (u64 i = PAGE_SIZE; i < len; i += 511) /* free memory, that was scrubbed */
		assert_int_equal(p[i], 0);
}

/* Memory of which every other run of 8 pages is taken: many small blocks, and still everything works. */
static void test_fragmented(void **state)
{
	static void *taken[FAKE_RAM / PAGE_SIZE];
	struct mem_owner hog = { .name = "hog" };
	u8 pattern[3 * PAGE_SIZE], back[3 * PAGE_SIZE];
	unsigned count = 0;
	u64 seed = 9;

	(void)state;
	start();
	for (void *p; (p = page_alloc(&hog, 0)); count++)
		taken[count] = p;
	for (unsigned i = 0; i < count; i++) {
		if ((uintptr_t)taken[i] / PAGE_SIZE / 8 % 2 == 0) {
			page_free(&hog, taken[i], 0);
			taken[i] = NULL;
		}
	}
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), MIB(8), GPA_RAM, "memory"), 0);
	check_stage2(RAM, RAM + MIB(8));
	for (unsigned i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)test_random(&seed);
	assert_int_equal(gpa_write(vm, gpa(RAM + 0x1234), pattern, sizeof(pattern)), 0);
	assert_int_equal(gpa_read(vm, gpa(RAM + 0x1234), back, sizeof(back)), 0);
	assert_memory_equal(pattern, back, sizeof(back));
	stop();
	for (unsigned i = 0; i < count; i++)
		if (taken[i])
			page_free(&hog, taken[i], 0);
	assert_true(mem_owner_is_empty(&hog));
}

/* Out of memory anywhere on the way: the same state as before. */
static void test_backs_out(void **state)
{
	struct page_stats before, after;
	struct pt_leaf leaf;
	unsigned failures = 0;

	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), MIB(1), GPA_RAM, "memory"), 0);
	page_stats(&before);
	assert_int_equal(gpa_add_memory(vm, gpa(0x100000000), FAKE_RAM * 2, GPA_RAM, "x"), -ENOMEM);
	vm->ram_owner.page_limit = vm->ram_owner.page_count + 300;
	assert_int_equal(gpa_add_memory(vm, gpa(0x100000000), MIB(4), GPA_RAM, "x"), -ENOMEM);
	vm->ram_owner.page_limit = 0;
	for (u64 more = 0; more < 6; more++) {
		vm->table_owner.page_limit = vm->table_owner.page_count + more;
		if (!gpa_add_memory(vm, gpa(0x13fffff000), MIB(2) + 0x2000, GPA_RAM, "x"))
			break;
		vm->table_owner.page_limit = 0;
		assert_int_equal(vm->map.count, 1);
		assert_int_equal(vm->ram_owner.page_count, MIB(1) / PAGE_SIZE);
		page_stats(&after);
		assert_int_equal(after.free_pages, before.free_pages);
		assert_int_equal(stage2_lookup(vm, gpa(0x13fffff000), &leaf), -ENOENT);
		failures++;
	}
	assert_in_range(failures, 2, 5);
	assert_int_equal(gpa_ram_size(vm), MIB(1) + MIB(2) + 0x2000);
	stop();
}

static void test_map_full(void **state)
{
	u64 at = 0x10000000;

	(void)state;
	start();
	vm->heap_owner.heap_limit = vm->heap_owner.heap_bytes;
	while (!gpa_add_memory(vm, gpa(at), PAGE_SIZE, GPA_RAM, "page"))
		at += 2 * PAGE_SIZE;
	vm->heap_owner.heap_limit = 0;
	check_stage2(0x10000000, at + PAGE_SIZE);
	assert_int_equal(gpa_ram_size(vm), (at - 0x10000000) / 2);
	assert_int_equal(vm->ram_owner.page_count, (at - 0x10000000) / 2 / PAGE_SIZE);
	stop();
}

static void test_bad_ranges(void **state)
{
	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 0, GPA_RAM, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM + 1), PAGE_SIZE, GPA_RAM, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 100, GPA_RAM, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), PAGE_SIZE, GPA_DEVICE, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(~PAGE_MASK), 2 * PAGE_SIZE, GPA_RAM, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(~PAGE_MASK), PAGE_SIZE, GPA_RAM, "x"), -ERANGE);
	assert_int_equal(gpa_add_host(vm, gpa(RAM), hpa(0x10), PAGE_SIZE, GPA_DEVICE, "x"),
			 -EINVAL);
	assert_int_equal(gpa_add_host(vm, gpa(RAM), hpa(0x1000), PAGE_SIZE, GPA_RAM, "x"), -EINVAL);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), MIB(2), GPA_RAM, "x"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM + MIB(1)), MIB(2), GPA_RAM, "x"), -EEXIST);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM - PAGE_SIZE), MIB(4), GPA_ROM, "x"), -EEXIST);
	assert_int_equal(gpa_add_emulated(vm, gpa(RAM + 100), 1, "x"), -EEXIST);
	assert_int_equal(gpa_add_host(vm, gpa(RAM), hpa(0x1000), PAGE_SIZE, GPA_DEVICE, "x"),
			 -EEXIST);
	assert_int_equal(vm->ram_owner.page_count, MIB(2) / PAGE_SIZE);
	assert_null(gpa_find(vm, gpa(RAM - 1)));
	assert_null(gpa_find(vm, gpa(RAM + MIB(2))));
	stop();
}

/* RAM, a hole, ROM, registers, a host device, an alias: who may do what. */
static void make_zoo(hpa_t host)
{
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 0x4000, GPA_RAM, "ram"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM + 0x4000), 0x2000, GPA_ROM, "rom"), 0);
	assert_int_equal(gpa_add_emulated(vm, gpa(RAM + 0x6000), 0x80, "emulated"), 0);
	assert_int_equal(gpa_add_host(vm, gpa(RAM + 0x7000), host, 0x1000, GPA_DEVICE, "device"),
			 0);
	assert_int_equal(gpa_add_host(vm, gpa(RAM + 0x8000), host, 0x1000, GPA_SHARED, "shared"),
			 0);
	assert_int_equal(gpa_add_alias(vm, gpa(0x1000), gpa(RAM + 0x3000), 0x2000, "alias"), 0);
	check_stage2(0, 0x8000);
	check_stage2(RAM - 0x4000, RAM + 0xc000);
}

static void test_access(void **state)
{
	static const struct {
		u64 at, len;
		int read, write;
	} rows[] = {
		{ RAM, 0x4000, 0, 0 },
		{ RAM + 0x3ffe, 4, 0, -EFAULT }, /* into ROM */
		{ RAM - 1, 2, -EFAULT, -EFAULT },
		{ RAM, 0, 0, 0 },
		{ RAM - 1, 0, 0, 0 },
		{ RAM + 0x5ffe, 2, 0, -EFAULT },
		{ RAM + 0x5ffe, 3, -EFAULT, -EFAULT }, /* into registers */
		{ RAM + 0x6000, 1, -EFAULT, -EFAULT },
		{ RAM + 0x7000, 1, -EFAULT, -EFAULT },
		{ RAM + 0x8000, 0x1000, 0, 0 },
		{ RAM + 0x8000, 0x1001, -EFAULT, -EFAULT },
		{ 0x1000, 0x1000, 0, 0 },
		{ 0x1fff, 2, 0, -EFAULT }, /* an alias of ROM */
		{ 0x2000, 0x1000, 0, -EFAULT },
		{ ~0ull, 2, -EFAULT, -EFAULT },
		{ RAM, ~0ull, -EFAULT, -EFAULT },
	};
	struct mem_owner other = { .name = "other" };
	void *host;
	static u8 buf[0x4000], before[0x4000];

	(void)state;
	start();
	host = page_alloc_zero(&other, 0);
	make_zoo(ptr_to_hpa(host));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(buf, (int)i + 1, sizeof(buf));
		assert_int_equal(gpa_read(vm, gpa(RAM), before, sizeof(before)), 0);
		assert_int_equal(gpa_write(vm, gpa(rows[i].at), buf, rows[i].len), rows[i].write);
		if (rows[i].write) { /* not even what was allowed of it */
			assert_int_equal(gpa_read(vm, gpa(RAM), buf, sizeof(buf)), 0);
			assert_memory_equal(buf, before, sizeof(buf));
		}
		assert_int_equal(gpa_read(vm, gpa(rows[i].at), buf, rows[i].len), rows[i].read);
		for (u64 k = 0; !rows[i].write && k < rows[i].len; k++)
			assert_int_equal(buf[k], i + 1);
	}
	stop();
	page_free(&other, host, 0);
}

static void test_loading(void **state)
{
	struct mem_owner other = { .name = "other" };
	void *host;
	u8 buf[8];
	u64 len;

	(void)state;
	start();
	host = page_alloc_zero(&other, 0);
	make_zoo(ptr_to_hpa(host));
	assert_int_equal(gpa_load(vm, gpa(RAM + 0x3ffc), "abcdefgh", 8), 0);
	assert_int_equal(gpa_read(vm, gpa(0x1ffc), buf, 8), 0);
	assert_memory_equal(buf, "abcdefgh", 8);
	assert_int_equal(gpa_fill(vm, gpa(RAM + 0x3ffe), 0, 4), 0);
	assert_int_equal(gpa_read(vm, gpa(RAM + 0x3ffc), buf, 8), 0);
	assert_memory_equal(buf, "ab\0\0\0\0gh", 8);
	assert_int_equal(gpa_fill(vm, gpa(RAM + 0x5ffe), 0, 4), -EFAULT);
	assert_int_equal(gpa_load(vm, gpa(RAM + 0x7000), "x", 1), -EFAULT);
	len = 100;
	assert_null(gpa_to_ptr(vm, gpa(RAM + 0x4000), &len, GPA_WRITE));
	assert_memory_equal(gpa_to_ptr(vm, gpa(RAM + 0x4002), &len, GPA_READ), "gh", 2);
	assert_int_equal(len, 100);
	len = 0x10000;
	assert_non_null(gpa_to_ptr(vm, gpa(0x1ff0), &len, GPA_WRITE));
	assert_int_equal(len, 0x10);
	stop();
	page_free(&other, host, 0);
}

static void test_alias_errors(void **state)
{
	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 0x4000, GPA_RAM, "ram"), 0);
	assert_int_equal(gpa_add_emulated(vm, gpa(RAM + 0x4000), 0x1000, "emulated"), 0);
	assert_int_equal(gpa_add_alias(vm, gpa(0x1000), gpa(RAM + 0x10), 0x1000, "x"), -EINVAL);
	assert_int_equal(gpa_add_alias(vm, gpa(0x1000), gpa(RAM + 0x3000), 0x2000, "x"), -EINVAL);
	assert_int_equal(gpa_add_alias(vm, gpa(RAM + 0x1000), gpa(RAM), 0x1000, "x"), -EEXIST);
	assert_int_equal(gpa_add_alias(vm, gpa(0x1000), gpa(RAM), 0x1000, "x"), 0);
	assert_int_equal(gpa_add_alias(vm, gpa(0x2000), gpa(0x1000), 0x1000, "x"), -EINVAL);
	check_stage2(0, 0x10000);
	gpa_drop_emulated(vm);
	assert_null(gpa_find(vm, gpa(RAM + 0x4000)));
	assert_non_null(gpa_find(vm, gpa(RAM)));
	assert_string_equal(gpa_kind_name(gpa_find(vm, gpa(0x1000))->kind), "alias");
	stop();
}

/* Hidden ROM is not mapped and keeps what it holds; the map does not change. */
static void test_show_rom(void **state)
{
	struct pt_leaf leaf;
	u32 word = 0;

	(void)state;
	start();
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 0x2000, GPA_RAM, "ram"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM + 0x2000), 0x3000, GPA_ROM, "rom"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM + 0x5000), 0x1000, GPA_ROM, "rom"), 0);
	assert_int_equal(gpa_fill(vm, gpa(RAM + 0x2000), 0x5a, 0x4000), 0);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x2000), 0x4000, false), 0);
		for (u64 at = RAM; at < RAM + 0x6000; at += PAGE_SIZE)
			assert_int_equal(stage2_lookup(vm, gpa(at), &leaf),
					 at < RAM + 0x2000 ? 0 : -ENOENT);
		assert_int_equal(gpa_read(vm, gpa(RAM + 0x5ffc), &word, 4), 0);
		assert_int_equal(word, 0x5a5a5a5a);
		assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x2000), 0x4000, true), 0);
		check_stage2(RAM, RAM + 0x8000);
	}
	/* Whole regions, and ROM only. */
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x5000), 0x1000, false), 0);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x5000), 0x1000, true), 0);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x2000), 0x3800, false), -EINVAL);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x3000), 0x3000, false), -EINVAL);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x1000), 0x5000, false), -EINVAL);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM), 0x2000, false), -EINVAL);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x5000), 0x2000, false), -EINVAL);
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x9000), 0x1000, true), -EINVAL);
	check_stage2(RAM, RAM + 0x8000);
	/* It may go while it is hidden. */
	assert_int_equal(gpa_show_rom(vm, gpa(RAM + 0x2000), 0x4000, false), 0);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_leaves),
		cmocka_unit_test(test_odd_range),
		cmocka_unit_test(test_zeroed_and_scrubbed),
		cmocka_unit_test(test_fragmented),
		cmocka_unit_test(test_backs_out),
		cmocka_unit_test(test_map_full),
		cmocka_unit_test(test_bad_ranges),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_loading),
		cmocka_unit_test(test_alias_errors),
		cmocka_unit_test(test_show_rom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
