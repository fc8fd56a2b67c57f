/* SPDX-License-Identifier: MIT */
/* 16550A UART: two FIFOs, prioritised interrupts, modem lines and loopback, on the VM's console. */
#include <core/emulator.h>
#include <core/errno.h>
#include <emulators/serial_line.h>

/*
 * Register names and bits are those of National Semiconductor's PC16550D data sheet. What it leaves
 * open is defined here:
 *  - Register n is at n << reg-shift. The bytes between and behind the registers read as 0 and ignore
 *    writes. Accesses wider than reg-io-width (1 when absent) and misaligned ones fault; in a wide one
 *    the register is the low byte, and the rest reads as 0.
 *  - Bits that a 16550A does not have read as 0. LSR and MSR ignore writes. RBR reads as 0 when empty.
 *  - A byte is sent in no time, so THRE and TEMT are always set and writing THR raises the interrupt
 *    again at once; the divisor is kept and means nothing, as are word length and parity.
 *  - The console waits until there is room in the receive FIFO, so only loopback can overrun it.
 *    Characters below the trigger level have "timed out" as soon as no more come, that is always.
 *  - The lines from the modem are CTS, DSR and DCD on, RI off. A break that the guest sends gets lost.
 *
 *   console ──► fill() ──► FIFO ──► RBR        THR ──► console
 *                 ▲                              └───► FIFO, in loopback
 *            break, 'o' of request_shutdown()
 */
enum {
	UART_RBR = 0, /* read; THR when written; DLL when DLAB */
	UART_IER = 1, /* DLM when DLAB */
	UART_IIR = 2, /* read; FCR when written */
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7,
	UART_REGS = 8,
};

enum { IER_ERBFI = 1, IER_ETBEI = 2, IER_ELSI = 4, IER_EDSSI = 8, IER_BITS = 15 };

/* Values of IIR's low bits, by falling priority. */
enum { IIR_LINE = 6, IIR_DATA = 4, IIR_TIMEOUT = 12, IIR_THRE = 2, IIR_MODEM = 0, IIR_NONE = 1 };
enum { IIR_FIFOS = 0xc0 };

enum { FCR_ENABLE = 1, FCR_CLEAR_RX = 2, FCR_KEPT = 0xc9, FCR_TRIGGER_SHIFT = 6 };
enum { LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16, MCR_BITS = 31 };
enum {
	LSR_DR = 1,
	LSR_OE = 2,
	LSR_PE = 4,
	LSR_FE = 8,
	LSR_BI = 16,
	LSR_EMPTY = 0x60,
	LSR_FIFO = 0x80
};
enum {
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
	MSR_TERI = 4,
	MSR_DELTAS = 15
};

#define UART_FIFO_SIZE 16
#define UART_DIVISOR 12 /* 9600 baud of a PC's clock, as firmware leaves it */

struct uart_char {
	u8 data;
	u8 errors; /* of LSR: PE, FE, BI */
};

struct uart {
	struct virq_line line;
	struct serial_line serial;
	u8 shift; /* reg-shift */
	u8 ier;
	u8 fcr;
	u8 lcr;
	u8 mcr;
	u8 scr;
	u8 dll;
	u8 dlm;
	u8 lsr;    /* OE, PE, FE, BI that LSR was not read for yet */
	u8 deltas; /* of MSR */
	bool thre; /* THR got empty, not acknowledged yet */
	u8 head;   /* of the oldest character in the FIFO */
	u8 count;
	u8 bad_count; /* characters in the FIFO with an error that LSR was not read for */
	struct uart_char fifo[UART_FIFO_SIZE];
};

/* ---- receive FIFO ---- */

static u8 fifo_depth(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

static u8 fifo_trigger(const struct uart *u)
{
	static const u8 levels[] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? levels[u->fcr >> FCR_TRIGGER_SHIFT] : 1;
}

/* LSR shows the errors of the character that RBR would give. */
static void fifo_show_errors(struct uart *u)
{
	if (u->count)
		u->lsr |= u->fifo[u->head].errors;
}

static void fifo_clear(struct uart *u)
{
	u->count = 0;
	u->bad_count = 0;
}

static void fifo_put(struct uart *u, struct uart_char c)
{
	if (u->count == fifo_depth(u)) {
		u->lsr |= LSR_OE;
		if (u->fcr & FCR_ENABLE)
			return; /* lost in the shift register */
		fifo_clear(u);  /* RBR itself is overwritten */
	}
	u->fifo[(u->head + u->count) % UART_FIFO_SIZE] = c;
	u->bad_count += c.errors != 0;
	u->count++;
	if (u->count == 1)
		fifo_show_errors(u);
}

static u8 fifo_get(struct uart *u)
{
	struct uart_char c = u->fifo[u->head];

	if (!u->count)
		return 0;
	u->head = (u->head + 1) % UART_FIFO_SIZE;
	u->count--;
	u->bad_count -= c.errors != 0;
	fifo_show_errors(u);
	return c.data;
}

static bool next_char(struct uart *u, struct uart_char *c)
{
	int next = serial_line_next(&u->serial);

	*c = (struct uart_char){ .data = (u8)next,
				 .errors = next == SERIAL_LINE_BREAK ? LSR_BI : 0 };
	return next != SERIAL_LINE_IDLE;
}

/* In loopback the receiver is cut off from the line, and the console keeps what was typed. */
static void fifo_fill(struct uart *u)
{
	struct uart_char c;

	while (!(u->mcr & MCR_LOOP) && u->count < fifo_depth(u) && next_char(u, &c))
		fifo_put(u, c);
}

/* ---- modem lines ---- */

static u8 modem_lines(const struct uart *u)
{
	if (!(u->mcr & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (u8)((u->mcr & MCR_DTR ? MSR_DSR : 0) | (u->mcr & MCR_RTS ? MSR_CTS : 0) |
		    (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_mcr(struct uart *u, u8 value)
{
	u8 before = modem_lines(u), changed;

	u->mcr = value & MCR_BITS;
	changed = before ^ modem_lines(u);
	if (changed & ~before & MSR_RI)
		changed &= (u8)~MSR_RI; /* only the trailing edge of a ring counts */
	u->deltas |= changed >> 4;
	fifo_fill(u);
}

/* ---- interrupts ---- */

static u8 pending_interrupt(const struct uart *u)
{
	if ((u->ier & IER_ELSI) && u->lsr)
		return IIR_LINE;
	if ((u->ier & IER_ERBFI) && u->count)
		return u->count >= fifo_trigger(u) ? IIR_DATA : IIR_TIMEOUT;
	if ((u->ier & IER_ETBEI) && u->thre)
		return IIR_THRE;
	if ((u->ier & IER_EDSSI) && u->deltas)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_line(struct uart *u)
{
	virq_set(&u->line, pending_interrupt(u) != IIR_NONE);
}

/* ---- registers ---- */

static u8 read_rbr(struct uart *u)
{
	u8 data = fifo_get(u);

	fifo_fill(u);
	return data;
}

static u8 read_iir(struct uart *u)
{
	u8 id = pending_interrupt(u);

	if (id == IIR_THRE)
		u->thre = false;
	return id | (u->fcr & FCR_ENABLE ? IIR_FIFOS : 0);
}

static u8 read_lsr(struct uart *u)
{
	u8 value = u->lsr | LSR_EMPTY;

	if (u->count)
		value |= LSR_DR;
	if (u->bad_count && (u->fcr & FCR_ENABLE))
		value |= LSR_FIFO;
	if (unlikely(u->lsr)) {
		u->lsr = 0;
		if (u->count && u->fifo[u->head].errors) {
			u->fifo[u->head].errors = 0;
			u->bad_count--;
		}
	}
	return value;
}

static u8 read_msr(struct uart *u)
{
	u8 value = modem_lines(u) | u->deltas;

	u->deltas = 0;
	return value;
}

static u8 read_register(struct uart *u, unsigned reg)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case UART_RBR:
		return dlab ? u->dll : read_rbr(u);
	case UART_IER:
		return dlab ? u->dlm : u->ier;
	case UART_IIR:
		return read_iir(u);
	case UART_LCR:
		return u->lcr;
	case UART_MCR:
		return u->mcr;
	case UART_LSR:
		return read_lsr(u);
	case UART_MSR:
		return read_msr(u);
	case UART_SCR:
		return u->scr;
	}
	return 0;
}

static void write_thr(struct uart *u, u8 value)
{
	if (u->mcr & MCR_LOOP)
		fifo_put(u, (struct uart_char){ .data = value });
	else
		serial_line_put(&u->serial, value);
	u->thre = true;
}

static void write_ier(struct uart *u, u8 value)
{
	/* Enabling the interrupt tells that THR is empty, though it has been all the time. */
	if (value & ~u->ier & IER_ETBEI)
		u->thre = true;
	u->ier = value & IER_BITS;
}

static void write_fcr(struct uart *u, u8 value)
{
	bool toggled = (value ^ u->fcr) & FCR_ENABLE;

	/* The other bits count only in a write that has ENABLE set. */
	if (!(value & FCR_ENABLE))
		value = 0;
	u->fcr = value & FCR_KEPT;
	if (toggled || (value & FCR_CLEAR_RX))
		fifo_clear(u);
	fifo_fill(u);
}

static void write_register(struct uart *u, unsigned reg, u8 value)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case UART_RBR:
		if (dlab)
			u->dll = value;
		else
			write_thr(u, value);
		break;
	case UART_IER:
		if (dlab)
			u->dlm = value;
		else
			write_ier(u, value);
		break;
	case UART_IIR:
		write_fcr(u, value);
		break;
	case UART_LCR:
		u->lcr = value;
		break;
	case UART_MCR:
		write_mcr(u, value);
		break;
	case UART_SCR:
		u->scr = value;
		break;
	}
}

/* ---- the bus ---- */

/* Register number of an offset, UART_REGS where there is none. */
static unsigned register_at(const struct uart *u, u64 offset)
{
	u64 reg = offset >> u->shift;

	return reg < UART_REGS && reg << u->shift == offset ? (unsigned)reg : UART_REGS;
}

/*
 * A driver that polls reads LSR for every byte. While nothing is wrong with a character, the read changes
 * nothing, and what another CPU adds meanwhile might as well come just after it: no lock.
 */
static inline bool peek_lsr(const struct uart *u, u64 offset, u64 *value)
{
	if (offset != (u64)UART_LSR << u->shift || u->lsr || u->bad_count)
		return false;
	*value = LSR_EMPTY | (u->count ? LSR_DR : 0);
	return true;
}

static u64 uart_read(struct vdev *dev, u64 offset, unsigned size)
{
	struct uart *u = dev->state;
	irqflags_t flags;
	u64 value;

	(void)size;
	if (peek_lsr(u, offset, &value))
		return value;
	flags = spin_lock(&dev->lock);
	value = read_register(u, register_at(u, offset));
	update_line(u);
	spin_unlock(&dev->lock, flags);
	return value;
}

static void uart_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	(void)size;
	write_register(u, register_at(u, offset), (u8)value);
	update_line(u);
	spin_unlock(&dev->lock, flags);
}

/* By reg-io-width. */
static const struct bus_ops uart_ops[] = {
	[1] = { .read = uart_read, .write = uart_write, .sizes = 1 },
	[2] = { .read = uart_read, .write = uart_write, .sizes = 1 | 2 },
	[4] = { .read = uart_read, .write = uart_write, .sizes = 1 | 2 | 4 },
};

/* ---- the device ---- */

static void uart_input_ready(void *ctx)
{
	struct vdev *dev = ctx;
	irqflags_t flags = spin_lock(&dev->lock);

	fifo_fill(dev->state);
	update_line(dev->state);
	spin_unlock(&dev->lock, flags);
}

static int uart_create(struct vdev *dev)
{
	struct uart *u = dev->state;
	u32 shift = vdev_u32(dev, "reg-shift", 0);
	u32 width = vdev_u32(dev, "reg-io-width", 1);
	int err;

	if (shift > 4 || width >= ARRAY_SIZE(uart_ops) || !uart_ops[width].read) {
		vdev_error(dev,
			   "reg-shift is %u and reg-io-width %u; they can be 0 to 4, and 1, 2 or 4",
			   shift, width);
		return -EINVAL;
	}
	u->shift = (u8)shift;
	err = serial_line_create(&u->serial, dev, uart_input_ready);
	if (err)
		return err;
	err = vdev_irq(dev, 0, &u->line);
	if (err && err != -ENOENT)
		return err;
	return vdev_map_reg(dev, 0, (u64)UART_REGS << shift, &uart_ops[width]);
}

static void uart_reset(struct vdev *dev)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	fifo_clear(u);
	serial_line_reset(&u->serial);
	u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->lsr = u->deltas = u->dlm = 0;
	u->dll = UART_DIVISOR;
	u->thre = false;
	update_line(u);
	spin_unlock(&dev->lock, flags);
}

static int uart_request_shutdown(struct vdev *dev)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	int err = serial_line_request_shutdown(&u->serial);

	fifo_fill(u);
	update_line(u);
	spin_unlock(&dev->lock, flags);
	return err;
}

static void uart_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			  void *ctx)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	struct uart copy = *u;

	spin_unlock(&dev->lock, flags);
	print(ctx, "IER %02x FCR %02x LCR %02x MCR %02x, divisor %u, %u received, interrupt %s\n",
	      copy.ier, copy.fcr, copy.lcr, copy.mcr, copy.dlm << 8 | copy.dll, copy.count,
	      copy.line.asserted ? "on" : "off");
}

static const char *const uart_compatible[] = { "ns16550a", NULL };

DEFINE_EMULATOR(ns16550a) = {
	.name = "ns16550a",
	.class = EMULATOR_DEVICE,
	.compatible = uart_compatible,
	.state_size = sizeof(struct uart),
	.create = uart_create,
	.reset = uart_reset,
	.request_shutdown = uart_request_shutdown,
	.describe = uart_describe,
};
