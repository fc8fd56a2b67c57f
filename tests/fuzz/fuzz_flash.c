/* SPDX-License-Identifier: MIT */
/* Fuzzes the CFI flash: any accesses, against a model of what memory may hold and when it may be mapped. */
#include "fuzz_device.h"
#include <core/pgtable.h>

#define BASE 0x4000000ull
#define BLOCK KIB(256)
#define SIZE (2 * BLOCK)
#define WORDS (SIZE / 4)

enum { COMMAND_ERASE = 0x20, COMMAND_CONFIRM = 0xd0 };

static u32 before[WORDS];
static u8 last_command; /* low byte of the write before */

static void make_vm(void)
{
	fake_vm_init(&f, 1);
	fake_node_begin(&f, "flash@4000000", "cfi-flash");
	fake_reg(&f, BASE, SIZE);
	fake_cells(&f, "bank-width", 4);
	fake_node_end(&f);
	must(gpa_add_memory(&f.vm, gpa(BASE), SIZE, GPA_ROM, "flash") == 0);
	must(fake_vm_create(&f) == 0);
}

static bool is_mapped(u64 offset)
{
	struct pt_leaf leaf;

	return stage2_lookup(&f.vm, gpa(BASE + offset), &leaf) == 0;
}

static u32 word_at(u64 offset)
{
	u32 word;

	must(gpa_read(&f.vm, gpa(BASE + offset), &word, 4) == 0);
	return word;
}

/* Bits were only cleared. */
static void check_word(u64 offset)
{
	u32 now = word_at(offset);

	must((now & ~before[offset / 4]) == 0);
	before[offset / 4] = now;
}

/* Looks at the words around @offset, and at some of each block. */
static void check_memory(u64 offset)
{
	u64 start = align_down(offset, 256);

	for (u64 at = start; at < start + 256; at += 4)
		check_word(at);
	for (u64 at = 0; at < SIZE; at += KIB(16) + 4)
		check_word(at);
}

/* All of the block behind an erase; the model takes it over. */
static void take_erase(u64 offset)
{
	u64 block = align_down(offset, BLOCK);

	if (word_at(block) != ~0u || word_at(block + BLOCK - 4) != ~0u)
		return;
	for (u64 at = block; at < block + BLOCK; at += 4)
		before[at / 4] = word_at(at);
}

static void fuzz_begin(const u8 *first)
{
	static bool made;

	(void)first;
	if (!made)
		make_vm();
	made = true;
	vdev_reset_all(&f.vm);
	must(gpa_fill(&f.vm, gpa(BASE), 0xff, SIZE) == 0);
	memset(before, 0xff, sizeof(before));
	last_command = 0;
}

/* Byte 0: what; 1, 2: where; 3: a command or data. */
static void fuzz_step(const u8 *op)
{
	u64 offset = ((u64)op[0] >> 4 & 1) * BLOCK + ((u64)op[1] << 8 | op[2]) % KIB(64), value;
	bool narrow = op[0] & 8, write = op[0] & 4;
	unsigned size = narrow ? op[0] & 3 : 2;
	int err = fuzz_access(BASE + offset, (u8)(size | (write ? 4 : 0)),
			      op[3] * 0x0101010101010101ull, &value);

	must((err == 0) == is_aligned(offset, 1u << size));
	if (!err && write) {
		if (last_command == COMMAND_ERASE && op[3] == COMMAND_CONFIRM)
			take_erase(offset);
		last_command = op[3];
	}
	check_memory(offset);
	must(is_mapped(0) == is_mapped(SIZE - 4));
}

/* Enough writes of FF end whatever was begun; the array comes back with the read after that, and is mapped. */
static void fuzz_end(void)
{
	for (unsigned i = 0; i < 40; i++)
		fake_write(&f, BASE, 4, ~0u);
	check_memory(0);
	must(fake_read(&f, BASE + 8, 4) == word_at(8));
	must(is_mapped(0) && is_mapped(SIZE - 4));
}
