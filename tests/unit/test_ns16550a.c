/* SPDX-License-Identifier: MIT */
/* 16550A: every register, FIFOs and triggers, interrupt priorities, loopback, break, wide registers. */
#include <test.h>

#include <core/errno.h>
#include <fake.h>
#include <fake_vm.h>

#define BASE 0x10000000ull
#define IRQ 10

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };
enum { FCR = IIR, THR = RBR, DLL = RBR, DLM = IER };

static struct fake_vm f;

static void node(const char *name, u64 base, u32 irq)
{
	fake_node_begin(&f, name, "ns16550a");
	fake_reg(&f, base, 0x100);
	fake_cells(&f, "interrupts", irq);
}

static void start(void)
{
	fake_vm_init(&f, 1);
	node("serial@10000000", BASE, IRQ);
	fake_property_text(&f, "verdigris,shutdown", "sysrq");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
}

static void stop(void)
{
	fake_vm_destroy(&f);
}

static u8 in(unsigned reg)
{
	return (u8)fake_read(&f, BASE + reg, 1);
}

static void out(unsigned reg, u8 value)
{
	fake_write(&f, BASE + reg, 1, value);
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

static void test_reset_values(void **state)
{
	static const u8 want[] = { 0, 0, 0x01, 0, 0, 0x60, 0xb0, 0 };

	(void)state;
	start();
	for (unsigned reg = 0; reg < 8; reg++)
		assert_int_equal(in(reg), want[reg]);
	for (unsigned reg = 0; reg < 8; reg++)
		out(reg, 0xff);
	type("x");
	vdev_reset_all(&f.vm);
	vconsole_restart(&f.vm.console);
	for (unsigned reg = 0; reg < 8; reg++)
		assert_int_equal(in(reg), want[reg]);
	assert_false(irq());
	out(LCR, 0x80);
	assert_int_equal(in(DLL), 12);
	assert_int_equal(in(DLM), 0);
	stop();
}

/* Which bits of each register keep what is written, with and without DLAB. */
static void test_register_walk(void **state)
{
	static const struct {
		unsigned reg;
		u8 kept;
	} rows[] = { { IER, 0x0f }, { LCR, 0xff }, { MCR, 0x1f }, { SCR, 0xff } };

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		for (unsigned value = 0; value < 256; value++) {
			out(rows[i].reg, (u8)value);
			assert_int_equal(in(rows[i].reg), value & rows[i].kept);
		}
		out(rows[i].reg, 0);
	}
	for (unsigned value = 0; value < 256; value++) {
		out(LCR, 0x80);
		out(DLL, (u8)value);
		out(DLM, (u8)~value);
		assert_int_equal(in(DLL), value);
		assert_int_equal(in(DLM), (u8)~value);
		out(LCR, 0x03);
		assert_int_equal(in(IER), 0);
		assert_int_equal(in(RBR), 0);
	}
	in(MSR);
	for (unsigned value = 0; value < 256; value++) { /* read-only */
		out(LSR, (u8)value);
		out(MSR, (u8)value);
		assert_int_equal(in(LSR), 0x60);
		assert_int_equal(in(MSR), 0xb0);
	}
	/* Behind the registers there is nothing. */
	for (unsigned reg = 8; reg < 0x100; reg++) {
		out(reg, 0xff);
		assert_int_equal(in(reg), 0);
	}
	assert_int_equal(in(IER), 0);
	stop();
}

static void test_widths(void **state)
{
	static const unsigned sizes[] = { 2, 4, 8 };
	u64 value;

	(void)state;
	start();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(bus_read(&f.vm.mmio, BASE, sizes[i], &value, NULL), -EFAULT);
		assert_int_equal(bus_write(&f.vm.mmio, BASE, sizes[i], 'x', NULL), -EFAULT);
	}
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 0x100, 1, &value, NULL), -ENODEV);
	assert_written("");
	stop();
}

/* reg-shift = 2, reg-io-width = 4: low bytes of words, and the gaps between. */
static void test_wide_registers(void **state)
{
	u64 value;

	(void)state;
	fake_vm_init(&f, 1);
	node("serial@10000000", BASE, IRQ);
	fake_cells(&f, "reg-shift", 2);
	fake_cells(&f, "reg-io-width", 4);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	fake_write(&f, BASE + 4 * SCR, 4, 0xabcdef5a);
	assert_int_equal(fake_read(&f, BASE + 4 * SCR, 4), 0x5a);
	assert_int_equal(fake_read(&f, BASE + 4 * SCR, 1), 0x5a);
	assert_int_equal(fake_read(&f, BASE + 4 * SCR, 2), 0x5a);
	for (unsigned gap = 1; gap < 4; gap++) {
		fake_write(&f, BASE + 4 * SCR + gap, 1, 0xff);
		assert_int_equal(fake_read(&f, BASE + 4 * SCR + gap, 1), 0);
	}
	assert_int_equal(fake_read(&f, BASE + 4 * SCR, 4), 0x5a);
	assert_int_equal(fake_read(&f, BASE + 4 * LSR, 4), 0x60);
	assert_int_equal(bus_read(&f.vm.mmio, BASE + 2, 4, &value, NULL), -EFAULT);
	assert_int_equal(bus_read(&f.vm.mmio, BASE, 8, &value, NULL), -EFAULT);
	fake_write(&f, BASE + 4 * THR, 4, 'w');
	assert_written("w");
	stop();
}

static void test_transmit(void **state)
{
	(void)state;
	start();
	out(THR, 'h');
	assert_int_equal(in(LSR), 0x60);
	out(THR, 'i');
	assert_written("hi");
	out(LCR, 0x80); /* the divisor is no data */
	out(DLL, 'x');
	assert_written("hi");
	stop();
}

/* Raised by enabling it and by each byte sent; taken back by reading it in IIR. */
static void test_thre_interrupt(void **state)
{
	(void)state;
	start();
	assert_false(irq());
	out(IER, 2);
	assert_true(irq());
	assert_int_equal(in(IIR), 0x02);
	assert_false(irq());
	assert_int_equal(in(IIR), 0x01);
	out(IER, 2); /* it was on already */
	assert_false(irq());
	out(THR, 'x');
	assert_true(irq());
	assert_int_equal(in(IIR), 0x02);
	assert_int_equal(in(IIR), 0x01);
	out(IER, 0);
	out(THR, 'y');
	assert_false(irq());
	out(IER, 2);
	assert_true(irq());
	out(IER, 0);
	assert_false(irq());
	assert_int_equal(in(IIR), 0x01);
	stop();
}

static void test_receive_without_fifo(void **state)
{
	(void)state;
	start();
	out(IER, 1);
	type("ab");
	assert_true(irq());
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 'a');
	assert_true(irq());
	assert_int_equal(in(RBR), 'b');
	assert_false(irq());
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(RBR), 0);
	stop();
}

/* Below the trigger level: a timeout; at it and above: data. The console's bytes follow on. */
static void test_fifo_triggers(void **state)
{
	static const u8 level[] = { 1, 4, 8, 14 };

	(void)state;
	start();
	out(IER, 1);
	for (unsigned i = 0; i < 4; i++) {
		out(FCR, (u8)(0x07 | i << 6));
		assert_int_equal(in(IIR), 0xc1);
		for (unsigned count = 1; count <= 16; count++) {
			type("z");
			assert_int_equal(in(IIR), count >= level[i] ? 0xc4 : 0xcc);
			assert_true(irq());
		}
		for (unsigned count = 16; count > 0; count--) {
			assert_int_equal(in(IIR), count >= level[i] ? 0xc4 : 0xcc);
			assert_int_equal(in(RBR), 'z');
		}
		assert_false(irq());
	}
	type("0123456789abcdefghijklmnopqrstuv");
	for (const char *c = "0123456789abcdefghijklmnopqrstuv"; *c; c++) {
		assert_int_equal(in(LSR), 0x61);
		assert_int_equal(in(RBR), *c);
	}
	assert_int_equal(in(LSR), 0x60);
	stop();
}

static void test_fifo_control(void **state)
{
	(void)state;
	start();
	assert_int_equal(in(IIR), 0x01);
	out(FCR, 0xc6); /* without ENABLE nothing counts */
	assert_int_equal(in(IIR), 0x01);
	out(FCR, 0x01);
	assert_int_equal(in(IIR), 0xc1);
	type("abcdefghijklmnopqrst"); /* 16 in the FIFO, 4 wait in the console */
	out(FCR, 0x03);
	assert_int_equal(in(RBR), 'q');
	type("uv");
	out(FCR, 0x05); /* the transmitter's FIFO only: it is empty anyway */
	assert_int_equal(in(RBR), 'r');
	out(FCR, 0x00); /* switching off empties it: r, s, t, u, v are gone */
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(in(LSR), 0x60);
	type("wx");
	out(FCR, 0x01); /* and on: w is gone */
	assert_int_equal(in(RBR), 'x');
	stop();
}

static void test_loopback(void **state)
{
	(void)state;
	start();
	in(MSR);
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x0b); /* CTS, DSR, DCD fell */
	assert_int_equal(in(MSR), 0x00);
	type("console");
	assert_int_equal(in(LSR), 0x60);
	out(THR, 'L');
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 'L');
	assert_int_equal(in(LSR), 0x60);
	assert_written("");
	out(MCR, 0x00); /* the console's bytes have waited */
	assert_int_equal(in(RBR), 'c');
	stop();
}

static void test_loopback_overrun(void **state)
{
	(void)state;
	start();
	out(MCR, 0x10);
	out(IER, 4);
	out(THR, '1');
	assert_false(irq());
	out(THR, '2'); /* overwrites RBR */
	assert_true(irq());
	assert_int_equal(in(IIR), 0x06);
	assert_int_equal(in(LSR), 0x63);
	assert_false(irq());
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), '2');
	out(FCR, 0x01);
	for (unsigned i = 0; i < 17; i++)
		out(THR, (u8)i); /* the last one is lost */
	assert_int_equal(in(LSR), 0x63);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in(RBR), i);
	assert_int_equal(in(LSR), 0x60);
	stop();
}

/* MCR's outputs are MSR's inputs; each change but the rise of RI is told. */
static void test_loopback_modem_lines(void **state)
{
	(void)state;
	start();
	out(MCR, 0x10);
	in(MSR);
	for (unsigned from = 0; from < 16; from++) {
		for (unsigned to = 0; to < 16; to++) {
			static const u8 line[] = { 0x20, 0x10, 0x40, 0x80 };
			u8 before = 0, after = 0, delta;

			for (unsigned bit = 0; bit < 4; bit++) {
				before |= from >> bit & 1 ? line[bit] : 0;
				after |= to >> bit & 1 ? line[bit] : 0;
			}
			out(MCR, (u8)(0x10 | from));
			in(MSR);
			out(MCR, (u8)(0x10 | to));
			delta = (before ^ after) >> 4 & 0x0b;
			if ((before & 0x40) && !(after & 0x40))
				delta |= 4;
			assert_int_equal(in(MSR), after | delta);
			assert_int_equal(in(MSR), after);
		}
	}
	stop();
}

static void test_modem_interrupt(void **state)
{
	(void)state;
	start();
	out(IER, 8);
	assert_false(irq());
	out(MCR, 0x10);
	assert_true(irq());
	assert_int_equal(in(IIR), 0x00);
	assert_true(irq()); /* reading IIR does not end it */
	in(MSR);
	assert_false(irq());
	stop();
}

/* All at once, served in the order of their priorities. */
static void test_priorities(void **state)
{
	(void)state;
	start();
	out(FCR, 0xc1);
	out(MCR, 0x10);
	for (unsigned i = 0; i < 17; i++)
		out(THR, 'p');
	out(IER, 0x0f);
	assert_int_equal(in(IIR), 0xc6);
	in(LSR);
	assert_int_equal(in(IIR), 0xc4);
	in(RBR);
	in(RBR);
	in(RBR);
	assert_int_equal(in(IIR), 0xcc);
	for (unsigned i = 0; i < 13; i++)
		in(RBR);
	assert_int_equal(in(IIR), 0xc2);
	assert_int_equal(in(IIR), 0xc0);
	in(MSR);
	assert_int_equal(in(IIR), 0xc1);
	assert_false(irq());
	assert_int_equal(fake_irq_rises(&f, IRQ), 1);
	stop();
}

static int request_shutdown(void)
{
	struct vdev *dev = fake_vdev(&f, "serial@10000000");

	return dev->emulator->request_shutdown(dev);
}

/* A break, then 'o', each with its own line status, also behind what was typed before. */
static void test_sysrq(void **state)
{
	(void)state;
	start();
	out(FCR, 0xc1);
	out(IER, 5);
	type("t");
	assert_int_equal(request_shutdown(), 0);
	type("u");
	assert_int_equal(in(IIR), 0xcc);
	assert_int_equal(in(LSR), 0xe1); /* an error further on in the FIFO */
	assert_int_equal(in(RBR), 't');
	assert_int_equal(in(IIR), 0xc6);
	assert_int_equal(in(LSR), 0xf1);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 'o');
	assert_int_equal(in(RBR), 'u');
	assert_false(irq());
	/* Taken without a look at the line status, the break is still told, and no error is left. */
	assert_int_equal(request_shutdown(), 0);
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(LSR), 0x71);
	assert_int_equal(in(RBR), 'o');
	assert_int_equal(in(LSR), 0x60);
	/* Without FIFOs one after the other. */
	out(FCR, 0);
	assert_int_equal(request_shutdown(), 0);
	assert_int_equal(in(LSR), 0x71);
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(RBR), 'o');
	assert_int_equal(in(LSR), 0x60);
	/* In loopback it waits. */
	out(MCR, 0x10);
	assert_int_equal(request_shutdown(), 0);
	assert_int_equal(request_shutdown(), 0);
	assert_int_equal(in(LSR), 0x60);
	out(MCR, 0x00);
	assert_int_equal(in(LSR), 0x71);
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(RBR), 'o');
	assert_int_equal(in(RBR), 0);
	assert_int_equal(in(LSR), 0x60);
	/* A request that was not read is gone with a reset. */
	assert_int_equal(request_shutdown(), 0);
	vdev_reset_all(&f.vm);
	out(FCR, 1);
	assert_int_equal(in(LSR), 0x60);
	stop();
}

/* The first UART has the console; the second one works and is connected to nothing. */
static void test_two(void **state)
{
	(void)state;
	fake_vm_init(&f, 1);
	node("serial@10000000", BASE, IRQ);
	fake_node_end(&f);
	node("serial@10001000", BASE + 0x1000, IRQ + 1);
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	assert_int_equal(request_shutdown(), -ENOSYS);
	type("q");
	assert_int_equal(fake_read(&f, BASE + 0x1000 + LSR, 1), 0x60);
	fake_write(&f, BASE + 0x1000 + IER, 1, 2);
	fake_write(&f, BASE + 0x1000 + THR, 1, 'n');
	assert_true(fake_irq_level(&f, IRQ + 1));
	assert_false(fake_irq_level(&f, IRQ));
	assert_int_equal(in(RBR), 'q');
	out(THR, 'y');
	assert_written("y");
	stop();
	assert_int_equal(vconsole_input(&f.vm.console, (const u8 *)"x", 1),
			 1); /* nobody listens any more */
}

static void test_bad_nodes(void **state)
{
	static const struct {
		const char *name;
		u32 value;
		const char *message;
	} rows[] = {
		{ "reg-shift", 5, "reg-shift" },
		{ "reg-io-width", 3, "reg-io-width" },
		{ "reg-io-width", 8, "reg-io-width" },
		{ "reg-shift", 0x80000000, "reg-shift" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		fake_vm_init(&f, 1);
		node("serial@10000000", BASE, IRQ);
		fake_cells(&f, rows[i].name, rows[i].value);
		fake_node_end(&f);
		assert_int_equal(fake_vm_create(&f), -EINVAL);
		assert_non_null(strstr(fake_output, "/soc/serial@10000000"));
		assert_non_null(strstr(fake_output, rows[i].message));
		stop();
	}
	fake_vm_init(&f, 1);
	node("serial@10000000", BASE, IRQ);
	fake_property_text(&f, "verdigris,shutdown", "sysrk");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), -EINVAL);
	assert_non_null(strstr(fake_output, "sysrk"));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_values),
		cmocka_unit_test(test_register_walk),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_wide_registers),
		cmocka_unit_test(test_transmit),
		cmocka_unit_test(test_thre_interrupt),
		cmocka_unit_test(test_receive_without_fifo),
		cmocka_unit_test(test_fifo_triggers),
		cmocka_unit_test(test_fifo_control),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_loopback_overrun),
		cmocka_unit_test(test_loopback_modem_lines),
		cmocka_unit_test(test_modem_interrupt),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_sysrq),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_bad_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
