/* SPDX-License-Identifier: MIT */
/* CFI flash: identification and query, programming and erasing, errors, and when the guest may read without an exit. */
#include <test.h>

#include <core/errno.h>
#include <core/pgtable.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x4000000ull
#define SIZE MIB(1)
#define BLOCK KIB(256)
#define DUAL(x) ((u32)(x) << 16 | (u32)(x))
#define READY DUAL(0x80)
#define ERROR DUAL(0xb0)

static struct fake_vm f;

static void add_flash(u64 size, u32 width)
{
	fake_node_begin(&f, "flash@4000000", "cfi-flash");
	fake_reg(&f, BASE, size);
	fake_cells(&f, "bank-width", width);
	fake_node_end(&f);
}

static void start(void)
{
	fake_vm_init(&f, 1);
	add_flash(SIZE, 4);
	assert_int_equal(gpa_add_memory(&f.vm, gpa(BASE), SIZE, GPA_ROM, "flash"), 0);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
}

static u32 in(u64 offset)
{
	return (u32)fake_read(&f, BASE + offset, 4);
}

static void out(u64 offset, u32 value)
{
	fake_write(&f, BASE + offset, 4, value);
}

static void command(u64 offset, u8 command)
{
	out(offset, DUAL(command));
}

/* What the guest's memory holds, whatever the device shows. */
static u32 memory(u64 offset)
{
	u32 word;

	assert_int_equal(gpa_read(&f.vm, gpa(BASE + offset), &word, 4), 0);
	return word;
}

/* All of it is mapped for reading and executing, or none. */
static bool mapped(void)
{
	struct pt_leaf leaf;
	unsigned pages = 0;

	for (u64 at = 0; at < SIZE; at += PAGE_SIZE)
		if (!stage2_lookup(&f.vm, gpa(BASE + at), &leaf)) {
			assert_int_equal(leaf.attr, PT_READ | PT_EXEC);
			pages++;
		}
	assert_true(pages == 0 || pages == SIZE / PAGE_SIZE);
	return pages != 0;
}

static void test_erased(void **state)
{
	(void)state;
	start();
	assert_true(mapped());
	for (u64 at = 0; at < SIZE; at += 4096)
		assert_int_equal(memory(at), 0xffffffff);
	assert_int_equal(memory(SIZE - 4), 0xffffffff);
	assert_int_equal(in(0), 0xffffffff); /* a stale fault */
	assert_true(mapped());
	stop();
}

static void test_query(void **state)
{
	static const struct {
		unsigned word;
		const char *text;
		unsigned len;
	} rows[] = {
		{ 0x10, "QRY\1\0\x31\0\0\0\0\0", 11 },
		{ 0x27, "\x13\1\0\6\0\1\3\0\0\2PRI10", 15 }, /* 2 chips of 4 blocks of 128 KiB */
	};

	(void)state;
	start();
	command(0x55 * 4, 0x98);
	assert_false(mapped());
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned n = 0; n < rows[i].len; n++)
			assert_int_equal(in((rows[i].word + n) * 4), DUAL((u8)rows[i].text[n]));
	for (unsigned word = 0; word < 0x10; word++)
		assert_int_equal(in(word * 4), 0);
	for (unsigned word = 0x40; word < 0x100; word++)
		assert_int_equal(in(word * 4), 0);
	/* By other widths: each half word is a chip's. */
	assert_int_equal(fake_read(&f, BASE + 0x44, 1), 'R');
	assert_int_equal(fake_read(&f, BASE + 0x45, 1), 0);
	assert_int_equal(fake_read(&f, BASE + 0x46, 1), 'R');
	assert_int_equal(fake_read(&f, BASE + 0x46, 2), 'R');
	assert_int_equal(fake_read(&f, BASE + 0x40, 8), 0x0051005100510051);
	command(0, 0xff);
	assert_int_equal(in(0x40), 0xffffffff);
	stop();
}

static void test_identification(void **state)
{
	(void)state;
	start();
	command(0, 0x90);
	for (u64 block = 0; block < SIZE; block += BLOCK) {
		assert_int_equal(in(block), DUAL(0x89));
		assert_int_equal(in(block + 4), DUAL(0x18));
		assert_int_equal(in(block + 8), 0); /* not locked */
		assert_int_equal(in(block + 12), 0);
	}
	stop();
}

/* Bits only go from 1 to 0; in the array again with FF, and mapped with the first read then. */
static void test_program(void **state)
{
	static const u8 commands[] = { 0x40, 0x10 };

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
		u64 at = BLOCK + 0x100 * i;

		command(at, commands[i]);
		assert_false(mapped());
		assert_int_equal(in(at), READY);
		out(at, 0x12345678);
		assert_int_equal(memory(at), 0x12345678);
		assert_int_equal(memory(at + 4), 0xffffffff);
		assert_int_equal(in(at), READY);
		command(at, commands[i]);
		out(at, 0xff00f00f);
		assert_int_equal(memory(at), 0x12345678 & 0xff00f00f);
		command(at, 0xff);
		assert_false(mapped());
		assert_int_equal(in(at), 0x12345678 & 0xff00f00f);
		assert_true(mapped());
	}
	/* Single bytes too. */
	command(0, 0x40);
	fake_write(&f, BASE + 0x201, 1, 0x5a);
	assert_int_equal(memory(0x200), 0xffff5aff);
	/* Data that looks like a command is data, a command without one is none. */
	command(0, 0x40);
	command(4, 0x20);
	assert_int_equal(memory(4), DUAL(0x20));
	command(4, 0xd0);
	assert_int_equal(in(4), READY);
	assert_int_equal(memory(4), DUAL(0x20));
	stop();
}

static void fill_with_zeros(void)
{
	static u8 zeros[SIZE];

	assert_int_equal(gpa_load(&f.vm, gpa(BASE), zeros, SIZE), 0);
}

static void test_erase(void **state)
{
	(void)state;
	start();
	fill_with_zeros();
	command(BLOCK + 0x1234, 0x20);
	assert_int_equal(in(0), READY);
	assert_int_equal(memory(BLOCK), 0);
	command(BLOCK + 0x1000, 0xd0);
	assert_int_equal(in(0), READY);
	assert_int_equal(memory(BLOCK - 4), 0);
	for (u64 at = BLOCK; at < 2 * BLOCK; at += 4)
		assert_int_equal(memory(at), 0xffffffff);
	assert_int_equal(memory(2 * BLOCK), 0);
	/* Without the second command nothing happens, but an error. */
	command(2 * BLOCK, 0x20);
	command(2 * BLOCK, 0xff);
	assert_int_equal(memory(2 * BLOCK), 0);
	assert_int_equal(in(0), ERROR);
	command(0, 0x70);
	assert_int_equal(in(0), ERROR);
	command(0, 0x50);
	assert_int_equal(in(0), READY);
	command(0, 0xff);
	assert_int_equal(in(0), 0);
	stop();
}

static void test_buffer(void **state)
{
	(void)state;
	start();
	for (unsigned count = 1; count <= 32; count++) {
		u64 at = 0x1000 * count;

		command(at, 0xe8);
		assert_int_equal(in(at), READY);
		out(at, DUAL(count - 1));
		for (unsigned i = 0; i < count; i++)
			out(at + 4 * i, 0xa5000000 | i);
		assert_int_equal(memory(at), 0xffffffff);
		command(at, 0xd0);
		assert_int_equal(in(at), READY);
		for (unsigned i = 0; i < 33; i++)
			assert_int_equal(memory(at + 4 * i),
					 i < count ? 0xa5000000 | i : 0xffffffff);
	}
	/* Not from its start, not in order, over what is there. */
	command(0x1008, 0xe8);
	out(0x1008, DUAL(1));
	out(0x107c, 0x1111);
	out(0x1000, 0x0fffffff);
	command(0x1000, 0xd0);
	assert_int_equal(memory(0x107c), 0x1111);
	assert_int_equal(memory(0x1000), 0x05000000);
	stop();
}

static void clear_status(void)
{
	command(0, 0x50);
	assert_int_equal(in(0), READY);
}

static void test_buffer_errors(void **state)
{
	(void)state;
	start();
	command(0x2000, 0xe8); /* too many words */
	out(0x2000, DUAL(32));
	assert_int_equal(in(0), ERROR);
	clear_status();
	command(0x2000, 0xe8); /* over the end of the buffer */
	out(0x2000, DUAL(1));
	out(0x2000, 1);
	out(0x2080, 2);
	assert_int_equal(in(0), ERROR);
	command(0x2000, 0xd0);
	assert_int_equal(memory(0x2000), 0xffffffff);
	clear_status();
	command(0x2000, 0xe8); /* before its start */
	out(0x2000, DUAL(0));
	out(0x1ffc, 1);
	assert_int_equal(in(0), ERROR);
	clear_status();
	command(0x2000, 0xe8); /* not confirmed */
	out(0x2000, 0);
	out(0x2000, 1);
	command(0x2000, 0x70);
	assert_int_equal(in(0), ERROR);
	assert_int_equal(memory(0x2000), 0xffffffff);
	assert_int_equal(memory(0x1ffc), 0xffffffff);
	stop();
}

static void test_lock(void **state)
{
	(void)state;
	start();
	command(BLOCK, 0x60);
	command(BLOCK, 0x01);
	assert_int_equal(in(0), READY);
	command(BLOCK, 0x60);
	command(BLOCK, 0xd0);
	assert_int_equal(in(0), READY);
	command(BLOCK, 0x60);
	command(BLOCK, 0x40);
	assert_int_equal(in(0), ERROR);
	out(BLOCK, 0); /* it was no command to program */
	assert_int_equal(memory(BLOCK), 0xffffffff);
	stop();
}

/* What is no command does nothing, and so does resuming. */
static void test_other_commands(void **state)
{
	static const u8 known[] = { 0x10, 0x20, 0x40, 0x50, 0x60, 0x70,
				    0x90, 0x98, 0xb0, 0xd0, 0xe8, 0xff };

	(void)state;
	start();
	for (unsigned c = 0; c < 256; c++) {
		if (memchr(known, (int)c, sizeof(known)))
			continue;
		command(0, (u8)c);
		assert_true(mapped());
	}
	command(0, 0xb0);
	assert_int_equal(in(0), READY);
	command(0, 0xff);
	(void)in(0);
	command(0, 0xd0);
	assert_int_equal(in(0), READY);
	assert_int_equal(memory(0), 0xffffffff);
	stop();
}

static void test_reset(void **state)
{
	(void)state;
	start();
	command(0, 0x40);
	out(0, 0x1234);
	command(0, 0x20);
	command(0, 0x20);
	assert_int_equal(in(0), ERROR);
	command(0, 0xe8);
	vdev_reset_all(&f.vm);
	assert_true(mapped());
	assert_int_equal(in(0), 0x1234); /* what was programmed stays */
	command(0, 0x70);
	assert_int_equal(in(0), READY);
	stop();
}

/* Without memory for tables it goes on, with an exit for each read. */
static void test_no_memory(void **state)
{
	u64 limit;

	(void)state;
	start();
	limit = f.vm.table_owner.page_limit;
	command(0, 0x40);
	out(8, 0xabcd);
	f.vm.table_owner.page_limit = 1;
	command(0, 0xff);
	assert_int_equal(in(8), 0xabcd);
	assert_false(mapped());
	assert_int_equal(fake_read(&f, BASE + 8, 8), 0xffffffff0000abcd);
	assert_int_equal(fake_read(&f, BASE + 9, 1), 0xab);
	f.vm.table_owner.page_limit = limit;
	assert_int_equal(in(8), 0xabcd);
	assert_true(mapped());
	stop();
}

static void test_bad_nodes(void **state)
{
	static const struct {
		u64 size, rom;
		u32 width;
		const char *message;
	} rows[] = {
		{ SIZE, SIZE, 2, "bank-width is 2" },
		{ SIZE, 0, 4, "reg entry 0 is no memory of its own; add verdigris,rom" },
		{ SIZE, SIZE / 2, 4, "reg entry 0 is no memory" },
		{ SIZE / 2, SIZE, 4, "reg entry 0 is no memory" },
		{ 3 * BLOCK, 3 * BLOCK, 4, "reg has 0xc0000 bytes" },
		{ BLOCK / 2, BLOCK / 2, 4, "reg has 0x20000 bytes" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_vm_init(&f, 1);
		add_flash(rows[i].size, rows[i].width);
		if (rows[i].rom)
			assert_int_equal(
				gpa_add_memory(&f.vm, gpa(BASE), rows[i].rom, GPA_ROM, "rom"), 0);
		assert_int_equal(fake_vm_create(&f), -EINVAL);
		assert_non_null(strstr(fake_output, rows[i].message));
		stop();
	}
	fake_vm_init(&f, 1);
	add_flash(SIZE, 4);
	assert_int_equal(gpa_add_memory(&f.vm, gpa(BASE), SIZE, GPA_RAM, "ram"), 0);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_erased),         cmocka_unit_test(test_query),
		cmocka_unit_test(test_identification), cmocka_unit_test(test_program),
		cmocka_unit_test(test_erase),          cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_buffer_errors),  cmocka_unit_test(test_lock),
		cmocka_unit_test(test_other_commands), cmocka_unit_test(test_reset),
		cmocka_unit_test(test_no_memory),      cmocka_unit_test(test_bad_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
