/* SPDX-License-Identifier: MIT */
/* Fuzzes the UARTs: any accesses, input and shutdown requests; what must always hold is checked. */
#include "fuzz_device.h"

#define BASE 0x10000000ull
#define IRQ 10
#define NODE "serial@10000000"

/* One of the devices; the first operation says which. */
struct uart {
	const char *compatible;
	u64 size;
	unsigned shift; /* of register numbers, with gaps between registers */
	unsigned width; /* of accesses, at most */
	unsigned regs;
	u64 value_max;
	void (*check_state)(void); /* looks at registers whose reading changes nothing */
	void (*check_interrupt)(void);
	void (*check_status)(void);
	void (*drain)(void);
};

static const struct uart *uart;

static u64 in(unsigned reg)
{
	return fake_read(&f, BASE + ((u64)reg << uart->shift), uart->width);
}

static void out(unsigned reg, u64 value)
{
	fake_write(&f, BASE + ((u64)reg << uart->shift), uart->width, value);
}

/* ---- 16550A ---- */

enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static void ns16550a_check_state(void)
{
	must((in(MCR)&0xe0) == 0);
	if (!(in(LCR)&0x80))
		must((in(IER)&0xf0) == 0);
}

/* The line is on exactly when IIR names an interrupt, and goes off when each was served once. */
static void ns16550a_check_interrupt(void)
{
	bool level = fake_irq_level(&f, IRQ);
	u64 iir = in(IIR);

	must(level == !(iir & 1));
	must((iir & 0x30) == 0 && ((iir >> 6) == 0 || (iir >> 6) == 3));
	must((iir & 0x0f) != 0x0c || (iir >> 6) == 3); /* timeouts are a FIFO's */
	must((iir & 1) == 0 || (iir & 0x0f) == 1);
}

static void ns16550a_check_status(void)
{
	u64 before = in(LSR), after = in(LSR);

	must((before & 0x60) == 0x60);
	must(!(before & 0x80) || (before & 1));
	must((after & 0x1e) == 0 && (before & 1) == (after & 1));
}

/* However it was left: with loopback off and all input read, it is quiet. */
static void ns16550a_drain(void)
{
	unsigned reads = 0;

	out(LCR, 3);
	out(MCR, 0);
	out(IER, 0x0f);
	while (in(LSR)&1) {
		(void)in(RBR);
		must(++reads <= VCONSOLE_INPUT_SIZE + 16 + 2);
	}
	(void)in(MSR);
	(void)in(IIR);
	must(in(RBR) == 0 && (in(IIR)&0x0f) == 1);
}

/* ---- PL011 ---- */

enum { DR = 0, RSR = 1, FR = 6, LCR_H = 11, CR = 12, IMSC = 14, RIS = 15, MIS = 16, ICR = 17 };
enum { RXFE = 0x10, RXFF = 0x40, RECEIVE = 0x50 };

static void pl011_check_state(void)
{
	u64 fr = in(FR);

	must((fr & 0xa8) == 0x80); /* nothing is ever on its way out */
	must((fr & (RXFE | RXFF)) != (RXFE | RXFF));
	must(!(fr & RXFE) || !(in(RIS)&RECEIVE));
	must((in(CR)&0x78) == 0 && in(ICR) == 0);
	must((in(RSR) & ~0x0full) == 0);
}

static void pl011_check_interrupt(void)
{
	u64 ris = in(RIS), mis = in(MIS);

	must(mis == (ris & in(IMSC)) && (ris & ~0x7ffull) == 0);
	must(fake_irq_level(&f, IRQ) == (mis != 0));
	out(ICR, ris);
	must(in(RIS) == 0 && !fake_irq_level(&f, IRQ));
}

/* A character leaves with its errors in RSR, and what it leaves behind interrupts. */
static void pl011_check_status(void)
{
	bool empty = in(FR)&RXFE;
	u64 data = in(DR);

	must(empty ? data == 0 : (in(RSR)&7) == (data >> 8 & 7));
	must(!(in(FR)&RXFE) == !!(in(RIS)&0x40));
}

static void pl011_empty(unsigned most)
{
	unsigned reads = 0;

	while (!(in(FR)&RXFE)) {
		(void)in(DR);
		must(++reads <= most);
	}
	must(in(DR) == 0 && !(in(RIS)&RECEIVE));
}

/* In loopback, what is in the FIFO is all there is, whatever waits in the console. */
static void pl011_drain(void)
{
	out(IMSC, 0x7ff);
	out(CR, 0x381);
	pl011_empty(32);
	(void)!vconsole_input(&f.vm.console, (const u8 *)"x", 1);
	must(in(FR)&RXFE);
	out(CR, 0x301);
	pl011_empty(VCONSOLE_INPUT_SIZE + 2);
	out(ICR, 0x7ff);
}

/* ---- both ---- */

static const struct uart uarts[] = {
	{
		.compatible = "ns16550a",
		.size = 0x100,
		.shift = 1,
		.width = 2,
		.regs = 8,
		.value_max = 0xff,
		.check_state = ns16550a_check_state,
		.check_interrupt = ns16550a_check_interrupt,
		.check_status = ns16550a_check_status,
		.drain = ns16550a_drain,
	},
	{
		.compatible = "arm,pl011",
		.size = 0x1000,
		.shift = 2,
		.width = 4,
		.regs = 0x4c / 4,
		.value_max = 0xffff,
		.check_state = pl011_check_state,
		.check_interrupt = pl011_check_interrupt,
		.check_status = pl011_check_status,
		.drain = pl011_drain,
	},
};

static void make_vm(void)
{
	fake_vm_init(&f, 1);
	fake_node_begin(&f, NODE, uart->compatible);
	fake_reg(&f, BASE, uart->size);
	fake_cells(&f, "interrupts", IRQ);
	fake_cells(&f, "reg-shift", uart->shift);
	fake_cells(&f, "reg-io-width", uart->width);
	fake_property_text(&f, "verdigris,shutdown", "sysrq");
	fake_node_end(&f);
	must(fake_vm_create(&f) == 0);
}

static void fuzz_begin(const u8 *first)
{
	const struct uart *wanted = &uarts[first[0] >> 3 & 1];

	if (uart != wanted) {
		if (uart)
			fake_vm_destroy(&f);
		uart = wanted;
		make_vm();
	}
	vdev_reset_all(&f.vm);
	vconsole_restart(&f.vm.console);
}

static void shut_down(void)
{
	struct vdev *dev = fake_vdev(&f, NODE);

	must(dev->emulator->request_shutdown(dev) == 0);
}

static void any_access(const u8 *op)
{
	u64 offset = ((u64)op[0] >> 4 << 8 | op[1]) % uart->size, value;
	u64 sent = f.vm.console.written;
	unsigned size = 1u << (op[2] & 3);
	int err = fuzz_access(BASE + offset, op[2], op[3] * 0x0101010101010101ull, &value);

	must(value <= uart->value_max);
	must(f.vm.console.written - sent <= 1);
	/* Only defined accesses get through. */
	must((err == 0) == (size <= uart->width && offset % size == 0));
}

static void fuzz_step(const u8 *op)
{
	u64 sent;

	switch (op[0] % 8) {
	case 0:
		(void)!vconsole_input(&f.vm.console, op + 1, 3);
		break;
	case 1:
		shut_down();
		break;
	case 2:
		uart->check_interrupt();
		break;
	case 3:
		uart->check_status();
		break;
	case 4:
		out(op[1] % uart->regs, (u64)op[2] << 8 | op[3]);
		break;
	default:
		any_access(op);
		break;
	}
	sent = f.vm.console.written;
	uart->check_state();
	must(f.vm.console.written == sent);
}

static void fuzz_end(void)
{
	uart->drain();
	must(!fake_irq_level(&f, IRQ));
	must(f.vm.heap_owner.heap_objects > 0 && f.vm.console.lock.next == f.vm.console.lock.owner);
}
