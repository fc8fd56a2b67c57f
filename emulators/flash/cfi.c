/* SPDX-License-Identifier: MIT */
/* CFI flash with the Intel/Sharp command set: ROM of the guest that it may erase and program. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/gpa.h>
#include <string.h>

/*
 * Two chips of 16 bits side by side (bank-width = <4>), which always get the same command; after JESD68 (CFI) and Intel's
 * P30 data sheet. What that leaves open is defined here:
 *  - A command is the low byte of a write of any size. Status, identification and the query's answer are those of one
 *    chip, in each half word.
 *  - Erasing and programming take no time. Programming can only clear bits. Blocks are never locked, though locking
 *    them succeeds. Suspending does nothing, as nothing is under way.
 *  - A command that does not fit sets both error bits of the status, as does programming over the end of a buffer.
 *  - Flash without a file is erased when the VM is made, and keeps what the guest has made of it until the VM goes;
 *    with a file it is as the file says after each start.
 *
 *           ┌──── FF ─────┐                 shown: the guest reads and executes memory, nothing comes here but writes
 *   array (shown) ──── any other command ──► status, identification, query (hidden: each access comes here)
 *           ▲                                 │ FF
 *           └──── the next read ◄── array (hidden) ◄┘
 *
 * The second change waits for a read, because programming is one command after the other.
 */
#define CHIPS 2
#define BLOCK_SIZE KIB(256) /* of both chips */
#define BUFFER_SIZE 128u    /* likewise; programmed at once */
#define BUFFER_WORDS (BUFFER_SIZE / 4)
#define SIZE_MAX_BYTES MIB(256)

#define MANUFACTURER 0x89 /* Intel */
#define DEVICE 0x18

enum {
	CMD_BLOCK_LOCK = 0x01, /* after 60 */
	CMD_PROGRAM_OLD = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_LOCK = 0x60,
	CMD_STATUS = 0x70,
	CMD_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_SUSPEND = 0xb0,
	CMD_CONFIRM = 0xd0, /* of what went before; alone: resume */
	CMD_BUFFER = 0xe8,
	CMD_ARRAY = 0xff,
};

enum { STATUS_READY = 0x80, STATUS_ERASE_ERROR = 0x20, STATUS_PROGRAM_ERROR = 0x10 };
#define STATUS_SEQUENCE_ERROR (STATUS_ERASE_ERROR | STATUS_PROGRAM_ERROR)

/* What a read gives, and what the next write means. */
enum flash_mode { MODE_ARRAY, MODE_STATUS, MODE_ID, MODE_QUERY };
enum flash_expect {
	EXPECT_COMMAND,
	EXPECT_DATA,          /* of one word to program */
	EXPECT_ERASE_CONFIRM, /* D0 */
	EXPECT_LOCK,          /* 01, D0 */
	EXPECT_COUNT,         /* of words in the buffer, less 1 */
	EXPECT_BUFFER,        /* the words */
	EXPECT_BUFFER_CONFIRM /* D0 */
};

struct flash {
	struct vdev *dev;
	gpa_t base;
	u64 size;
	bool shown;
	u8 mode;
	u8 expect;
	u8 status;
	u32 buffer_left;  /* words still to come */
	u64 buffer_start; /* offset of the buffer's first byte, a multiple of its size */
	u8 buffer[BUFFER_SIZE];
};

/* ---- memory ---- */

static void flash_show(struct flash *f, bool shown)
{
	if (f->shown != shown)
		f->shown = vdev_show_rom(f->dev, f->base, f->size, shown) == 0 && shown;
}

static void set_mode(struct flash *f, enum flash_mode mode)
{
	f->mode = mode;
	if (mode != MODE_ARRAY)
		flash_show(f, false);
}

static void sequence_error(struct flash *f)
{
	f->status |= STATUS_SEQUENCE_ERROR;
	f->expect = EXPECT_COMMAND;
}

/* Bits can only be cleared. All of @len bytes, at most a buffer, are the VM's own memory, so nothing can fail. */
static void program(struct flash *f, u64 offset, const u8 *bytes, u64 len)
{
	gpa_t at = gpa(f->base.v + offset);
	u8 now[BUFFER_SIZE];
	int err = gpa_read(f->dev->vm, at, now, len);

	for (u64 i = 0; i < len; i++)
		now[i] &= bytes[i];
	if (!err)
		err = gpa_load(f->dev->vm, at, now, len);
	if (err)
		sequence_error(f);
}

static void erase(struct flash *f, u64 offset, u64 len)
{
	if (gpa_fill(f->dev->vm, gpa(f->base.v + offset), 0xff, len))
		sequence_error(f);
}

/* ---- writes, by what is expected ---- */

static void write_command(struct flash *f, u64 offset, unsigned size, u64 value)
{
	static const struct {
		u8 command;
		u8 mode;
		u8 expect;
	} rows[] = {
		{ CMD_ARRAY, MODE_ARRAY, EXPECT_COMMAND },
		{ CMD_STATUS, MODE_STATUS, EXPECT_COMMAND },
		{ CMD_ID, MODE_ID, EXPECT_COMMAND },
		{ CMD_QUERY, MODE_QUERY, EXPECT_COMMAND },
		{ CMD_PROGRAM, MODE_STATUS, EXPECT_DATA },
		{ CMD_PROGRAM_OLD, MODE_STATUS, EXPECT_DATA },
		{ CMD_ERASE, MODE_STATUS, EXPECT_ERASE_CONFIRM },
		{ CMD_LOCK, MODE_STATUS, EXPECT_LOCK },
		{ CMD_BUFFER, MODE_STATUS, EXPECT_COUNT },
		{ CMD_SUSPEND, MODE_STATUS, EXPECT_COMMAND },
		{ CMD_CONFIRM, MODE_STATUS, EXPECT_COMMAND },
	};

	(void)offset;
	(void)size;
	if ((u8)value == CMD_CLEAR_STATUS)
		f->status = STATUS_READY;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].command == (u8)value) {
			set_mode(f, rows[i].mode);
			f->expect = rows[i].expect;
		}
	}
}

static void write_data(struct flash *f, u64 offset, unsigned size, u64 value)
{
	f->expect = EXPECT_COMMAND;
	program(f, offset, (const u8 *)&value, size);
}

static void write_erase_confirm(struct flash *f, u64 offset, unsigned size, u64 value)
{
	(void)size;
	f->expect = EXPECT_COMMAND;
	if ((u8)value == CMD_CONFIRM)
		erase(f, align_down(offset, BLOCK_SIZE), BLOCK_SIZE);
	else
		sequence_error(f);
}

static void write_lock(struct flash *f, u64 offset, unsigned size, u64 value)
{
	(void)offset;
	(void)size;
	f->expect = EXPECT_COMMAND;
	if ((u8)value != CMD_CONFIRM && (u8)value != CMD_BLOCK_LOCK)
		sequence_error(f);
}

static void write_count(struct flash *f, u64 offset, unsigned size, u64 value)
{
	(void)size;
	f->buffer_left = (u32)(value & 0xffff) + 1;
	f->buffer_start = align_down(offset, BUFFER_SIZE);
	memset(f->buffer, 0xff, sizeof(f->buffer));
	f->expect = EXPECT_BUFFER;
	if (f->buffer_left > BUFFER_WORDS)
		sequence_error(f);
}

static void write_buffer(struct flash *f, u64 offset, unsigned size, u64 value)
{
	u64 at = offset - f->buffer_start;

	if (at >= BUFFER_SIZE) {
		sequence_error(f);
		return;
	}
	/* Aligned, so it ends inside as well. */
	memcpy(f->buffer + at, &value, size);
	if (--f->buffer_left == 0)
		f->expect = EXPECT_BUFFER_CONFIRM;
}

static void write_buffer_confirm(struct flash *f, u64 offset, unsigned size, u64 value)
{
	(void)offset;
	(void)size;
	f->expect = EXPECT_COMMAND;
	if ((u8)value == CMD_CONFIRM)
		program(f, f->buffer_start, f->buffer, BUFFER_SIZE);
	else
		sequence_error(f);
}

static void (*const expected[])(struct flash *f, u64 offset, unsigned size, u64 value) = {
	[EXPECT_COMMAND] = write_command,
	[EXPECT_DATA] = write_data,
	[EXPECT_ERASE_CONFIRM] = write_erase_confirm,
	[EXPECT_LOCK] = write_lock,
	[EXPECT_COUNT] = write_count,
	[EXPECT_BUFFER] = write_buffer,
	[EXPECT_BUFFER_CONFIRM] = write_buffer_confirm,
};

/* ---- reads ---- */

static u16 read_id(u64 offset)
{
	static const u16 words[] = { MANUFACTURER, DEVICE, 0 /* not locked */ };
	u64 word = offset % BLOCK_SIZE / 4;

	return word < ARRAY_SIZE(words) ? words[word] : 0;
}

/* The query's answer about one chip, by word. */
static u8 read_query(const struct flash *f, u64 offset)
{
	static const u8 table[] = {
		[0x10] = 'Q',
		'R',
		'Y',
		[0x13] = 1,
		0, /* Intel/Sharp extended command set */
		[0x15] = 0x31,
		0, /* where its own table is */
		[0x1b] = 0x27,
		0x36, /* volts */
		[0x1f] = 1,
		1,
		1,
		0,
		1,
		1,
		1,
		0, /* times, typical and at most: 2^n */
		[0x28] = 1,
		0, /* 16 bits */
		[0x2a] = 6,
		0,          /* bytes in the buffer: 2^6 */
		[0x2c] = 1, /* kind of blocks */
		[0x2f] = BLOCK_SIZE / CHIPS / 256 & 0xff,
		BLOCK_SIZE / CHIPS / 256 >> 8,
		[0x31] = 'P',
		'R',
		'I',
		'1',
		'0',
		[0x3d] = 0x30,
		0,
	};
	u64 word = offset / 4 % 0x100, blocks = f->size / BLOCK_SIZE - 1;

	switch (word) {
	case 0x27:
		return (u8)__builtin_ctzll(f->size / CHIPS);
	case 0x2d:
		return (u8)blocks;
	case 0x2e:
		return (u8)(blocks >> 8);
	}
	return word < ARRAY_SIZE(table) ? table[word] : 0;
}

static u64 read_array(struct flash *f, u64 offset, unsigned size)
{
	u64 value = 0;
	int err = gpa_read(f->dev->vm, gpa(f->base.v + offset), &value, size);

	flash_show(f, true);
	return err ? 0 : value;
}

static u64 flash_read_locked(struct flash *f, u64 offset, unsigned size)
{
	u64 word = 0;

	switch (f->mode) {
	case MODE_ARRAY:
		return read_array(f, offset, size);
	case MODE_STATUS:
		word = f->status;
		break;
	case MODE_ID:
		word = read_id(offset);
		break;
	case MODE_QUERY:
		word = read_query(f, offset);
		break;
	}
	return word * 0x0001000100010001ull >> offset % 8 * 8;
}

/* ---- the device ---- */

static u64 flash_read(struct vdev *dev, u64 offset, unsigned size)
{
	irqflags_t flags = spin_lock(&dev->lock);
	u64 value = flash_read_locked(dev->state, offset, size);

	spin_unlock(&dev->lock, flags);
	return value;
}

static void flash_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct flash *f = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	expected[f->expect](f, offset, size, value);
	spin_unlock(&dev->lock, flags);
}

static const struct bus_ops flash_ops = {
	.read = flash_read,
	.write = flash_write,
	.sizes = 1 | 2 | 4 | 8,
};

static int flash_create(struct vdev *dev)
{
	struct flash *f = dev->state;
	u32 width = vdev_u32(dev, "bank-width", 0);
	int err = vdev_map_rom(dev, 0, &f->base, &f->size, &flash_ops);

	if (err)
		return err;
	if (width != 2 * CHIPS) {
		vdev_error(dev, "bank-width is %u; the one there is is %u", width, 2 * CHIPS);
		return -EINVAL;
	}
	if (f->size & (f->size - 1) || f->size < BLOCK_SIZE || f->size > SIZE_MAX_BYTES) {
		vdev_error(dev, "reg has 0x%llx bytes; give a power of two from 0x%llx to 0x%llx",
			   (unsigned long long)f->size, (unsigned long long)BLOCK_SIZE,
			   (unsigned long long)SIZE_MAX_BYTES);
		return -EINVAL;
	}
	f->dev = dev;
	erase(f, 0, f->size);
	return 0;
}

static void flash_reset(struct vdev *dev)
{
	struct flash *f = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	f->status = STATUS_READY;
	f->expect = EXPECT_COMMAND;
	set_mode(f, MODE_ARRAY);
	flash_show(f, true);
	spin_unlock(&dev->lock, flags);
}

static void flash_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			   void *ctx)
{
	static const char *const modes[] = { "array", "status", "identification", "query" };
	struct flash *f = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	u8 mode = f->mode, status = f->status;
	bool shown = f->shown;

	spin_unlock(&dev->lock, flags);
	print(ctx, "%llu KiB, gives its %s, status %02x, %s\n", (unsigned long long)f->size >> 10,
	      modes[mode], status, shown ? "mapped" : "not mapped");
}

static const char *const flash_compatible[] = { "cfi-flash", NULL };

DEFINE_EMULATOR(cfi) = {
	.name = "cfi",
	.class = EMULATOR_DEVICE,
	.compatible = flash_compatible,
	.state_size = sizeof(struct flash),
	.create = flash_create,
	.reset = flash_reset,
	.describe = flash_describe,
};
