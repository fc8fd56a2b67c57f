/* SPDX-License-Identifier: MIT */
/* PL011: every register, identification, FIFOs and triggers, latched interrupts, loopback, break. */
#include <test.h>

#include <core/errno.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x9000000ull
#define IRQ 33
#define R1P1 0x00141011u

enum {
	DR = 0x00,
	RSR = 0x04,
	ECR = RSR,
	FR = 0x18,
	ILPR = 0x20,
	IBRD = 0x24,
	FBRD = 0x28,
	LCR_H = 0x2c,
	CR = 0x30,
	IFLS = 0x34,
	IMSC = 0x38,
	RIS = 0x3c,
	MIS = 0x40,
	ICR = 0x44,
	DMACR = 0x48,
	END = 0x4c,
};

enum { FEN = 0x10, BRK = 1, LBE = 0x80, ON = 0x301 };
enum { RX = 0x10, TX = 0x20, RT = 0x40, BE = 0x200, OE = 0x400, ALL = 0x7ff };
enum { QUIET = 0x97, FULL = 0xc7, SOME = 0x87 }; /* values of FR */

static struct fake_vm f;

static void node(const char *name, u64 base, u32 irq)
{
	fake_node_begin(&f, name, "arm,pl011");
	fake_reg(&f, base, 0x1000);
	fake_cells(&f, "interrupts", irq);
}

static void start_with_id(u32 id)
{
	fake_vm_init(&f, 1);
	node("serial@9000000", BASE, IRQ);
	if (id)
		fake_cells(&f, "arm,primecell-periphid", id);
	fake_property_text(&f, "verdigris,shutdown", "sysrq");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void start(void)
{
	start_with_id(0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
}

static u16 in(unsigned reg)
{
	u64 value = fake_read(&f, BASE + reg, 4);

	assert_true(value <= 0xffff);
	return (u16)value;
}

static void out(unsigned reg, u32 value)
{
	fake_write(&f, BASE + reg, 4, value);
}

static void type(const char *s)
{
	assert_int_equal(vconsole_input(&f.vm.console, (const u8 *)s, strlen(s)), strlen(s));
}

static bool irq(void)
{
	return fake_irq_level(&f, IRQ);
}

static void assert_written(const char *want)
{
	char got[64];
	u64 pos = 0;
	size_t len = vconsole_read_log(&f.vm.console, &pos, got, sizeof(got) - 1);

	got[len] = 0;
	assert_string_equal(got, want);
}

static void assert_reset_values(void)
{
	static const u16 want[END / 4] = { [FR / 4] = QUIET, [CR / 4] = 0x300, [IFLS / 4] = 0x12 };

	for (unsigned reg = 0; reg < END; reg += 4)
		assert_int_equal(in(reg), want[reg / 4]);
	assert_false(irq());
}

static void test_reset_values(void **state)
{
	(void)state;
	start();
	assert_reset_values();
	for (unsigned reg = 0; reg < END; reg += 4)
		if (reg != ICR)
			out(reg, 0xffffffff);
	out(CR, 0);
	type("xy");
	assert_true(irq());
	vdev_reset_all(&f.vm);
	vconsole_restart(&f.vm.console);
	assert_reset_values();
	stop();
}

/* Which bits of each register keep what is written. */
static void test_register_walk(void **state)
{
	static const u16 kept[END / 4] = {
		[ILPR / 4] = 0xff, [IBRD / 4] = 0xffff, [FBRD / 4] = 0x3f,  [LCR_H / 4] = 0xff,
		[CR / 4] = 0xff87, [IFLS / 4] = 0x3f,   [IMSC / 4] = 0x7ff, [DMACR / 4] = 7,
	};
	static const u16 fixed[END / 4] = { [FR / 4] = QUIET };

	(void)state;
	start();
	for (unsigned reg = RSR; reg < END; reg += 4) {
		if (reg == RIS || reg == MIS)
			continue;
		for (unsigned bit = 0; bit < 32; bit++) {
			out(reg, 1u << bit);
			assert_int_equal(in(reg), ((1u << bit) & kept[reg / 4]) | fixed[reg / 4]);
			out(reg, 0);
			assert_int_equal(in(reg), fixed[reg / 4]);
		}
	}
	/* Read-only, whatever they hold; ICR clears nothing that it does not name. */
	out(DR, 'x');
	out(ICR, 0x0f);
	out(RIS, 0);
	out(MIS, 0xffff);
	assert_int_equal(in(RIS), TX);
	assert_int_equal(in(MIS), 0);
	out(RIS, 0xffff);
	assert_int_equal(in(RIS), TX);
	assert_written("x");
	stop();
}

static void test_widths(void **state)
{
	u64 value;

	(void)state;
	start();
	out(IBRD, 0x1234);
	assert_int_equal(fake_read(&f, BASE + IBRD, 1), 0x34);
	assert_int_equal(fake_read(&f, BASE + IBRD, 2), 0x1234);
	for (unsigned gap = 1; gap < 4; gap++) { /* nothing is between registers */
		fake_write(&f, BASE + IBRD + gap, 1, 0xff);
		assert_int_equal(fake_read(&f, BASE + IBRD + gap, 1), 0);
		fake_write(&f, BASE + DR + gap, 1, 'x');
	}
	fake_write(&f, BASE + IBRD + 2, 2, 0xffff);
	assert_int_equal(fake_read(&f, BASE + IBRD + 2, 2), 0);
	assert_int_equal(in(IBRD), 0x1234);
	fake_write(&f, BASE + IBRD, 1, 0x56);
	assert_int_equal(in(IBRD), 0x56);
	fake_write(&f, BASE + DR, 1, 'a');
	fake_write(&f, BASE + DR, 2, 'b');
	fake_write(&f, BASE + DR, 4, 0xffffff00 | 'c');
	assert_written("abc");
	type("de");
	assert_int_equal(fake_read(&f, BASE + DR + 1, 1), 0);
	assert_int_equal(fake_read(&f, BASE + DR, 1), 'd');
	assert_int_equal(fake_read(&f, BASE + DR, 2), 'e');
	for (unsigned size = 2; size <= 8; size *= 2) {
		u64 at = BASE + (size == 8 ? 0 : size / 2);

		assert_int_equal(bus_read(&f.vm.mmio, at, size, &value, NULL), -EFAULT);
		assert_int_equal(bus_write(&f.vm.mmio, at, size, 'x', NULL), -EFAULT);
	}
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 0x1000, 4, &value, NULL), -ENODEV);
	stop();
}

static void assert_id(u32 periph)
{
	u64 want = 0xb105f00dull << 32 | periph;

	for (unsigned i = 0; i < 8; i++) {
		out(0xfe0 + 4 * i, 0xff);
		assert_int_equal(in(0xfe0 + 4 * i), want >> 8 * i & 0xff);
		assert_int_equal(fake_read(&f, BASE + 0xfe2 + 4 * i, 2), 0);
	}
	for (unsigned reg = END; reg < 0xfe0; reg += 4) {
		out(reg, 0xffffffff);
		assert_int_equal(in(reg), 0);
	}
	assert_int_equal(in(DMACR), 0);
}

static void test_identification(void **state)
{
	(void)state;
	start();
	assert_id(0x00341011);
	stop();
	start_with_id(R1P1);
	assert_id(R1P1);
	stop();
}

static void test_transmit(void **state)
{
	(void)state;
	start();
	out(IMSC, TX);
	assert_false(irq()); /* nothing has passed the trigger level */
	out(DR, 'h');
	assert_true(irq());
	assert_int_equal(in(MIS), TX);
	assert_int_equal(in(FR), QUIET);
	out(DR, 'i');
	assert_true(irq());
	out(ICR, TX);
	assert_false(irq());
	assert_int_equal(in(RIS), 0);
	out(DR, '!');
	assert_true(irq());
	out(IMSC, 0);
	assert_false(irq());
	assert_int_equal(in(RIS), TX);
	out(IMSC, TX);
	assert_true(irq());
	assert_written("hi!");
	assert_int_equal(fake_irq_rises(&f, IRQ), 3);
	stop();
}

static void test_receive_without_fifo(void **state)
{
	(void)state;
	start();
	out(IMSC, RX);
	type("ab");
	assert_true(irq());
	assert_int_equal(in(RIS), RX | RT);
	assert_int_equal(in(FR), FULL);
	assert_int_equal(in(DR), 'a');
	assert_true(irq());
	assert_int_equal(in(FR), FULL);
	assert_int_equal(in(DR), 'b');
	assert_false(irq());
	assert_int_equal(in(RIS), 0);
	assert_int_equal(in(FR), QUIET);
	assert_int_equal(in(DR), 0);
	stop();
}

/* RXRIS at the trigger level and above, RTRIS with anything; the console's bytes follow on. */
static void check_triggers(unsigned size)
{
	static const u8 eighths[] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	out(LCR_H, FEN);
	for (unsigned level = 0; level < 8; level++) {
		unsigned trigger = size * eighths[level] / 8;

		out(IFLS, level << 3);
		for (unsigned count = 1; count <= size; count++) {
			type("z");
			assert_int_equal(in(RIS), count >= trigger ? RX | RT : RT);
			assert_int_equal(in(FR), count == size ? FULL : SOME);
		}
		for (unsigned count = size; count > 0; count--) {
			assert_int_equal(in(RIS), count >= trigger ? RX | RT : RT);
			assert_int_equal(in(DR), 'z');
		}
		assert_int_equal(in(RIS), 0);
	}
	for (unsigned i = 0; i < 100; i++)
		type(i < 50 ? "." : ":");
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(in(FR), 100 - i >= size ? FULL : SOME);
		assert_int_equal(in(DR), i < 50 ? '.' : ':');
	}
	assert_int_equal(in(FR), QUIET);
}

static void test_fifo_triggers(void **state)
{
	(void)state;
	start();
	check_triggers(32);
	stop();
	start_with_id(R1P1);
	check_triggers(16);
	stop();
}

/* What ICR takes back comes again when something happens, not because something waits. */
static void test_receive_latches(void **state)
{
	(void)state;
	start();
	out(LCR_H, FEN); /* trigger at 16 */
	out(IMSC, RX | RT);
	type("0123456789abcdefgh");
	assert_int_equal(in(MIS), RX | RT);
	out(ICR, RX | RT);
	assert_false(irq());
	type("i");
	assert_int_equal(in(MIS), RT); /* RX at reaching the level only */
	out(ICR, RT);
	assert_int_equal(in(DR), '0');
	assert_int_equal(in(MIS), RT); /* a read leaves some behind */
	for (unsigned i = 0; i < 3; i++)
		(void)in(DR);
	assert_int_equal(in(RIS), RT); /* 15 are left */
	type("j");
	assert_int_equal(in(RIS), RX | RT);
	out(ICR, RX);
	out(IFLS, 1 << 3); /* a lower level is reached, a higher one is not */
	assert_int_equal(in(RIS), RX | RT);
	out(IFLS, 4 << 3);
	assert_int_equal(in(RIS), RT);
	stop();
}

static void test_fifo_control(void **state)
{
	(void)state;
	start();
	out(LCR_H, FEN | 0x60);
	type("abc");
	out(LCR_H, FEN); /* other bits leave it alone */
	assert_int_equal(in(DR), 'a');
	out(LCR_H, 0); /* off: it is empty */
	assert_int_equal(in(RIS), 0);
	assert_int_equal(in(FR), QUIET);
	type("de");
	out(LCR_H, FEN); /* on: d is gone, e had waited */
	assert_int_equal(in(FR), SOME);
	assert_int_equal(in(DR), 'e');
	assert_int_equal(in(FR), QUIET);
	out(IFLS, 0);
	type("fghi");
	assert_int_equal(in(RIS), RX | RT);
	out(LCR_H, 0);
	assert_int_equal(in(RIS), 0);
	stop();
}

/* Bits that switch a real one off switch nothing off. */
static void test_disabled(void **state)
{
	(void)state;
	start();
	out(CR, 0);
	out(DR, 'o');
	assert_written("o");
	type("i");
	assert_int_equal(in(DR), 'i');
	stop();
}

static void test_loopback(void **state)
{
	(void)state;
	start();
	out(DR, '1'); /* TXRIS is set from here on */
	out(CR, ON | LBE);
	type("console");
	assert_int_equal(in(FR), 0x90);
	out(DR, 0xff00 | 'L');
	assert_int_equal(in(FR), 0xc0);
	assert_int_equal(in(DR), 'L');
	assert_int_equal(in(FR), 0x90);
	assert_written("1");
	out(CR, ON); /* the console's bytes have waited */
	assert_int_equal(in(DR), 'c');
	out(DR, '2');
	assert_written("12");
	stop();
}

static void check_overrun(unsigned size)
{
	out(CR, ON | LBE);
	out(IMSC, OE);
	for (unsigned i = 0; i < size; i++)
		out(DR, 'a' + i);
	assert_false(irq());
	assert_int_equal(in(RSR), 0);
	out(DR, '!'); /* lost */
	assert_true(irq());
	assert_int_equal(in(RSR), 8);
	assert_int_equal(in(DR), 0x800 | 'a');
	out(ICR, OE);
	assert_false(irq());
	if (size > 1)
		assert_int_equal(in(DR), 0x800 | 'b');
	out(DR, '?');
	for (unsigned i = size > 1 ? 2 : 1; i < size; i++)
		assert_int_equal(in(DR), 'a' + i);
	assert_int_equal(in(DR), '?');
	assert_int_equal(in(RSR), 8);
	out(ECR, 0);
	assert_int_equal(in(RSR), 0);
}

static void test_overrun(void **state)
{
	(void)state;
	start();
	check_overrun(1);
	out(LCR_H, FEN);
	check_overrun(32);
	stop();
	start_with_id(R1P1);
	out(LCR_H, FEN);
	check_overrun(16);
	stop();
}

/* In loopback the guest receives its own break, once for each time that it begins. */
static void test_loopback_break(void **state)
{
	(void)state;
	start();
	out(LCR_H, FEN | BRK);
	assert_int_equal(in(FR), QUIET);
	out(LCR_H, FEN);
	out(CR, ON | LBE);
	out(LCR_H, FEN | BRK);
	out(LCR_H, FEN | BRK);
	out(DR, 'x');
	assert_int_equal(in(RIS)&BE, BE);
	out(ICR, ALL);
	assert_int_equal(in(DR), 0x400);
	assert_int_equal(in(RSR), 4);
	assert_int_equal(in(DR), 'x');
	assert_int_equal(in(RSR), 0); /* of the character read last */
	assert_int_equal(in(FR)&0x10, 0x10);
	stop();
}

/* CR's outputs are FR's inputs: RTS, DTR, Out1, Out2 are CTS, DSR, DCD, RI; each change is told. */
static void test_loopback_modem_lines(void **state)
{
	static const u16 fr[] = { 2, 1, 4, 0x100 }; /* by CR's bits 10 to 13 */
	static const u16 ris[] = { 8, 2, 4, 1 };

	(void)state;
	start();
	out(IMSC, 0x0f);
	out(CR, ON | LBE);
	assert_int_equal(in(MIS), 2 | 4 | 8);
	for (unsigned from = 0; from < 16; from++) {
		for (unsigned to = 0; to < 16; to++) {
			u16 lines = 0, changes = 0;

			for (unsigned bit = 0; bit < 4; bit++) {
				lines |= to >> bit & 1 ? fr[bit] : 0;
				changes |= (from ^ to) >> bit & 1 ? ris[bit] : 0;
			}
			out(CR, ON | LBE | from << 10);
			out(ICR, ALL);
			assert_false(irq());
			out(CR, ON | LBE | to << 10);
			assert_int_equal(in(FR), 0x90 | lines);
			assert_int_equal(in(MIS), changes);
			assert_int_equal(irq(), changes != 0);
		}
	}
	stop();
}

static int request_shutdown(const char *name)
{
	struct vdev *dev = fake_vdev(&f, name);

	return dev->emulator->request_shutdown(dev);
}

/* A break, then 'o', also behind what was typed before. */
static void test_sysrq(void **state)
{
	(void)state;
	start();
	out(LCR_H, FEN);
	out(IMSC, BE);
	type("t");
	assert_false(irq());
	assert_int_equal(request_shutdown("serial@9000000"), 0);
	assert_true(irq());
	type("u");
	out(ICR, BE);
	assert_int_equal(in(DR), 't');
	assert_int_equal(in(DR), 0x400);
	assert_int_equal(in(RSR), 4);
	assert_int_equal(in(DR), 'o');
	assert_int_equal(in(RSR), 0);
	assert_int_equal(in(DR), 'u');
	assert_int_equal(in(FR), QUIET);
	/* Without FIFOs one after the other; in loopback it waits. */
	out(LCR_H, 0);
	out(CR, ON | LBE);
	assert_int_equal(request_shutdown("serial@9000000"), 0);
	assert_int_equal(request_shutdown("serial@9000000"), 0);
	assert_int_equal(in(FR), 0x90);
	out(CR, ON);
	assert_int_equal(in(DR), 0x400);
	assert_int_equal(in(DR), 'o');
	assert_int_equal(in(FR), QUIET);
	/* A request that was not read is gone with a reset. */
	assert_int_equal(request_shutdown("serial@9000000"), 0);
	vdev_reset_all(&f.vm);
	assert_int_equal(in(FR), QUIET);
	out(LCR_H, FEN);
	assert_int_equal(in(FR), QUIET);
	stop();
}

/* The first UART has the console; the second one works and is connected to nothing. */
static void test_two(void **state)
{
	(void)state;
	fake_vm_init(&f, 1);
	node("serial@9000000", BASE, IRQ);
	fake_node_end(&f);
	node("serial@9040000", BASE + 0x40000, IRQ + 1);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	assert_int_equal(request_shutdown("serial@9000000"), -ENOSYS);
	assert_int_equal(in(FR), QUIET);
	type("q");
	assert_int_equal(fake_read(&f, BASE + 0x40000 + FR, 4), QUIET);
	fake_write(&f, BASE + 0x40000 + IMSC, 4, TX);
	fake_write(&f, BASE + 0x40000 + DR, 4, 'n');
	fake_write(&f, BASE + 0x40000 + DR, 4, 'o');
	assert_true(fake_irq_level(&f, IRQ + 1));
	assert_false(irq());
	fake_write(&f, BASE + 0x40000 + LCR_H, 4, FEN);
	assert_int_equal(fake_read(&f, BASE + 0x40000 + FR, 4), QUIET);
	assert_int_equal(in(DR), 'q');
	out(DR, 'y');
	assert_written("y");
	stop();
	assert_int_equal(vconsole_input(&f.vm.console, (const u8 *)"x", 1),
			 1); /* nobody listens any more */
}

static void test_bad_nodes(void **state)
{
	static const u32 ids[] = { 0, 0x00041031, 0x01341011, 0x00342011 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		fake_vm_init(&f, 1);
		node("serial@9000000", BASE, IRQ);
		fake_cells(&f, "arm,primecell-periphid", ids[i]);
		fake_node_end(&f);
		assert_int_equal(fake_vm_create(&f), -EINVAL);
		assert_non_null(strstr(fake_output, "/soc/serial@9000000: arm,primecell-periphid"));
		stop();
	}
	fake_vm_init(&f, 1);
	node("serial@9000000", BASE, IRQ);
	fake_property_text(&f, "verdigris,shutdown", "sysrk");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "sysrk"));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_values),   cmocka_unit_test(test_register_walk),
		cmocka_unit_test(test_widths),         cmocka_unit_test(test_identification),
		cmocka_unit_test(test_transmit),       cmocka_unit_test(test_receive_without_fifo),
		cmocka_unit_test(test_fifo_triggers),  cmocka_unit_test(test_receive_latches),
		cmocka_unit_test(test_fifo_control),   cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_loopback),       cmocka_unit_test(test_overrun),
		cmocka_unit_test(test_loopback_break), cmocka_unit_test(test_loopback_modem_lines),
		cmocka_unit_test(test_sysrq),          cmocka_unit_test(test_two),
		cmocka_unit_test(test_bad_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
