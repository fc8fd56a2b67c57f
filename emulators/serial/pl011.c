/* SPDX-License-Identifier: MIT */
/* Arm PrimeCell UART (PL011): two FIFOs, latched interrupts, modem lines and loopback, on the VM's console. */
#include <core/emulator.h>
#include <core/errno.h>
#include <emulators/primecell.h>
#include <emulators/serial_line.h>

/*
 * Register names and bits are those of Arm DDI 0183, chapter 3, without their prefix UART. What it leaves open
 * is defined here:
 *  - A register is a word of which 16 bits exist. Accesses of 1, 2 and 4 bytes at its own offset reach it, and
 *    bits that a narrow write does not have are 0. Bytes between registers, the integration test registers and
 *    what is reserved read as 0 and ignore writes. Misaligned accesses and those of 8 bytes fault.
 *  - It is an r1p5, with FIFOs of 32, unless arm,primecell-periphid of the node says otherwise: 16 before.
 *  - A byte is sent in no time: BUSY is never set, the transmit FIFO is empty, and each byte written passes its
 *    trigger level. The divisor, word length, parity, IrDA and DMA registers keep what is written and mean nothing.
 *  - UARTEN, TXE and RXE are kept too and switch nothing off: a kernel without a driver for them finds the UART
 *    as firmware would have left it. The same goes for hardware flow control.
 *  - Received characters that wait have "timed out" as soon as no more come, that is always: RTRIS is set by one
 *    that arrives and by a read that leaves some.
 *  - The console waits until there is room in the receive FIFO, so only loopback can overrun it. DR shows an
 *    overrun until the next character is stored. An empty FIFO reads as 0.
 *  - Switching FIFOs on or off empties them.
 *  - The lines from the modem are CTS, DSR and DCD on, RI off. A break that the guest sends gets lost.
 *
 *   console, request_shutdown() ──► fifo_fill() ──► FIFO ──► DR ──► console
 *                                                    ▲       └───────┐
 *                                                    └── loopback ◄──┘
 *
 * Reading changes nothing, but for DR: all other registers always hold what they read as, and are read without
 * the lock.
 */
enum {
	UART_DR = 0x00 / 4,
	UART_RSR = 0x04 / 4, /* ECR when written */
	UART_FR = 0x18 / 4,
	UART_ILPR = 0x20 / 4,
	UART_IBRD = 0x24 / 4,
	UART_FBRD = 0x28 / 4,
	UART_LCR_H = 0x2c / 4,
	UART_CR = 0x30 / 4,
	UART_IFLS = 0x34 / 4,
	UART_IMSC = 0x38 / 4,
	UART_RIS = 0x3c / 4,
	UART_MIS = 0x40 / 4,
	UART_ICR = 0x44 / 4,
	UART_DMACR = 0x48 / 4,
	UART_REGS
};

enum { DR_FE = 0x100, DR_PE = 0x200, DR_BE = 0x400, DR_OE = 0x800, DR_ERRORS_SHIFT = 8 };
enum { RSR_OE = 8 };
enum {
	FR_CTS = 1,
	FR_DSR = 2,
	FR_DCD = 4,
	FR_RXFE = 0x10,
	FR_RXFF = 0x40,
	FR_TXFE = 0x80,
	FR_RI = 0x100,
	FR_LINES = FR_CTS | FR_DSR | FR_DCD | FR_RI
};
enum { LCR_H_BRK = 1, LCR_H_FEN = 0x10 };
enum {
	CR_LBE = 0x80,
	CR_TXE = 0x100,
	CR_RXE = 0x200,
	CR_DTR = 0x400,
	CR_RTS = 0x800,
	CR_OUT1 = 0x1000,
	CR_OUT2 = 0x2000,
	CR_BITS = 0xff87
};
enum { IFLS_RX_SHIFT = 3, IFLS_RESET = 0x12 };
/* Of IMSC, RIS, MIS and ICR. */
enum {
	INT_RI = 1,
	INT_CTS = 2,
	INT_DCD = 4,
	INT_DSR = 8,
	INT_RX = 0x10,
	INT_TX = 0x20,
	INT_RT = 0x40,
	INT_OE = 0x400,
	INT_BITS = 0x7ff,
	INT_ERRORS_SHIFT = 7 /* FE, PE, BE */
};

#define UART_FIFO_MAX 32
#define UART_ID 0x00041011u
#define UART_ID_R1P5 (UART_ID | 3u << 20)
#define UART_ID_REVISION 0x00f00000u

struct uart {
	struct virq_line line;
	struct serial_line serial;
	u32 id;
	u8 fifo_size; /* when FIFOs are on */
	u8 depth;     /* of the receive FIFO: 1 when they are off */
	u8 head;      /* of the oldest character in it */
	u8 count;
	bool overrun; /* a character was lost since the newest was stored */
	u16 reg[UART_REGS];
	u16 fifo[UART_FIFO_MAX]; /* FE, PE, BE where DR has them */
};

/* ---- receive FIFO ---- */

static u8 fifo_trigger(const struct uart *u)
{
	static const u8 eighths[8] = { 1, 2, 4, 6, 7, 7, 7, 7 };

	return MAX(u->depth * eighths[u->reg[UART_IFLS] >> IFLS_RX_SHIFT] / 8, 1);
}

static void fifo_clear(struct uart *u)
{
	u->count = 0;
	u->overrun = false;
	u->reg[UART_RIS] &= ~(INT_RX | INT_RT);
}

static void fifo_put(struct uart *u, u16 c)
{
	u16 events = INT_RT | (c >> DR_ERRORS_SHIFT << INT_ERRORS_SHIFT);

	if (u->count == u->depth) {
		u->overrun = true;
		u->reg[UART_RSR] |= RSR_OE;
		u->reg[UART_RIS] |= INT_OE;
		return;
	}
	u->overrun = false;
	u->fifo[(u->head + u->count) % UART_FIFO_MAX] = c;
	u->count++;
	if (u->count == fifo_trigger(u))
		events |= INT_RX;
	u->reg[UART_RIS] |= events;
}

static u16 fifo_get(struct uart *u)
{
	u16 c = u->fifo[u->head];

	if (!u->count)
		return 0;
	u->head = (u->head + 1) % UART_FIFO_MAX;
	u->count--;
	u->reg[UART_RSR] = (u->reg[UART_RSR] & RSR_OE) | c >> DR_ERRORS_SHIFT;
	u->reg[UART_RIS] |= INT_RT;
	if (u->count < fifo_trigger(u))
		u->reg[UART_RIS] &= ~INT_RX;
	if (!u->count)
		u->reg[UART_RIS] &= ~INT_RT;
	return c | (u->overrun ? DR_OE : 0);
}

/* In loopback the receiver is cut off from the line, and the console keeps what was typed. */
static void fifo_fill(struct uart *u)
{
	int next;

	while (!(u->reg[UART_CR] & CR_LBE) && u->count < u->depth &&
	       (next = serial_line_next(&u->serial)) != SERIAL_LINE_IDLE)
		fifo_put(u, next == SERIAL_LINE_BREAK ? DR_BE : (u16)next);
}

/* ---- what registers show ---- */

static u16 modem_lines(const struct uart *u)
{
	u16 cr = u->reg[UART_CR];

	if (!(cr & CR_LBE))
		return FR_CTS | FR_DSR | FR_DCD;
	return (u16)((cr & CR_RTS ? FR_CTS : 0) | (cr & CR_DTR ? FR_DSR : 0) |
		     (cr & CR_OUT1 ? FR_DCD : 0) | (cr & CR_OUT2 ? FR_RI : 0));
}

/* After every change: FR, MIS and the interrupt follow from the rest. */
static void uart_update(struct uart *u)
{
	u->reg[UART_FR] = FR_TXFE | modem_lines(u) | (u->count ? 0 : FR_RXFE) |
			  (u->count == u->depth ? FR_RXFF : 0);
	u->reg[UART_MIS] = u->reg[UART_RIS] & u->reg[UART_IMSC];
	virq_set(&u->line, u->reg[UART_MIS] != 0);
}

/* ---- writing ---- */

static void write_dr(struct uart *u, u16 value)
{
	if (u->reg[UART_CR] & CR_LBE)
		fifo_put(u, value & 0xff);
	else
		serial_line_put(&u->serial, (u8)value);
	u->reg[UART_RIS] |= INT_TX;
}

static void write_ecr(struct uart *u, u16 value)
{
	(void)value;
	u->reg[UART_RSR] = 0;
}

static void write_lcr_h(struct uart *u, u16 value)
{
	u16 changed = u->reg[UART_LCR_H] ^ value;

	u->reg[UART_LCR_H] = value & 0xff;
	if (changed & LCR_H_FEN) {
		u->depth = value & LCR_H_FEN ? u->fifo_size : 1;
		fifo_clear(u);
		fifo_fill(u);
	}
	if ((changed & value & LCR_H_BRK) && (u->reg[UART_CR] & CR_LBE))
		fifo_put(u, DR_BE);
}

static void write_cr(struct uart *u, u16 value)
{
	u16 changed;

	u->reg[UART_CR] = value & CR_BITS;
	changed = (u->reg[UART_FR] & FR_LINES) ^ modem_lines(u);
	u->reg[UART_RIS] |= (changed & FR_CTS ? INT_CTS : 0) | (changed & FR_DSR ? INT_DSR : 0) |
			    (changed & FR_DCD ? INT_DCD : 0) | (changed & FR_RI ? INT_RI : 0);
	fifo_fill(u);
}

static void write_ifls(struct uart *u, u16 value)
{
	u->reg[UART_IFLS] = value & 0x3f;
	if (u->count >= fifo_trigger(u))
		u->reg[UART_RIS] |= INT_RX;
	else
		u->reg[UART_RIS] &= ~INT_RX;
}

static void write_icr(struct uart *u, u16 value)
{
	u->reg[UART_RIS] &= ~value;
}

/* A register keeps the bits of its mask, unless it has a function; what has neither is read-only. */
static const struct {
	u16 kept;
	void (*write)(struct uart *u, u16 value);
} registers[UART_REGS] = {
	[UART_DR] = { .write = write_dr },  [UART_RSR] = { .write = write_ecr },
	[UART_ILPR] = { .kept = 0xff },     [UART_IBRD] = { .kept = 0xffff },
	[UART_FBRD] = { .kept = 0x3f },     [UART_LCR_H] = { .write = write_lcr_h },
	[UART_CR] = { .write = write_cr },  [UART_IFLS] = { .write = write_ifls },
	[UART_IMSC] = { .kept = INT_BITS }, [UART_ICR] = { .write = write_icr },
	[UART_DMACR] = { .kept = 7 },
};

static void write_register(struct uart *u, unsigned reg, u16 value)
{
	if (registers[reg].write)
		registers[reg].write(u, value);
	else if (registers[reg].kept)
		u->reg[reg] = value & registers[reg].kept;
	uart_update(u);
}

/* ---- the bus ---- */

static inline bool is_register(u64 offset)
{
	return offset < UART_REGS * 4 && !(offset % 4);
}

/* What takes the lock is kept apart, so that what does not saves no registers for it. */
static __noinline u64 uart_receive(struct vdev *dev)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	u16 value = fifo_get(u);

	fifo_fill(u);
	uart_update(u);
	spin_unlock(&dev->lock, flags);
	return value;
}

static u64 uart_read(struct vdev *dev, u64 offset, unsigned size)
{
	const struct uart *u = dev->state;

	(void)size;
	if (likely(is_register(offset) && offset != UART_DR * 4))
		return __atomic_load_n(&u->reg[offset / 4], __ATOMIC_RELAXED);
	return offset == UART_DR * 4 ? uart_receive(dev) : primecell_id(u->id, offset);
}

/*
 * Sending a byte changes nothing here once TXRIS is set, which it stays unless the guest clears it. If it does so
 * just now on another CPU, it does so after the byte was sent: no lock.
 */
static inline bool is_plain_send(const struct uart *u, u64 offset)
{
	return offset == UART_DR * 4 && !(u->reg[UART_CR] & CR_LBE) && (u->reg[UART_RIS] & INT_TX);
}

static __noinline void uart_change(struct vdev *dev, unsigned reg, u16 value)
{
	irqflags_t flags = spin_lock(&dev->lock);

	write_register(dev->state, reg, value);
	spin_unlock(&dev->lock, flags);
}

static void uart_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	const struct uart *u = dev->state;

	(void)size;
	if (is_plain_send(u, offset))
		serial_line_put(&u->serial, (u8)value);
	else if (is_register(offset))
		uart_change(dev, (unsigned)offset / 4, (u16)value);
}

static const struct bus_ops uart_ops = {
	.read = uart_read,
	.write = uart_write,
	.sizes = 1 | 2 | 4,
};

/* ---- the device ---- */

static void uart_input_ready(void *ctx)
{
	struct vdev *dev = ctx;
	irqflags_t flags = spin_lock(&dev->lock);

	fifo_fill(dev->state);
	uart_update(dev->state);
	spin_unlock(&dev->lock, flags);
}

static int uart_create(struct vdev *dev)
{
	struct uart *u = dev->state;
	int err;

	u->id = vdev_u32(dev, "arm,primecell-periphid", UART_ID_R1P5);
	if ((u->id & ~UART_ID_REVISION) != UART_ID) {
		vdev_error(dev,
			   "arm,primecell-periphid is 0x%08x; a PL011 has 0x%08x, or 0x%08x with "
			   "FIFOs of 32, or none",
			   u->id, UART_ID, UART_ID_R1P5);
		return -EINVAL;
	}
	u->fifo_size = PRIMECELL_REVISION(u->id) < 3 ? UART_FIFO_MAX / 2 : UART_FIFO_MAX;
	err = serial_line_create(&u->serial, dev, uart_input_ready);
	if (err)
		return err;
	err = vdev_irq(dev, 0, &u->line);
	if (err && err != -ENOENT)
		return err;
	return vdev_map_reg(dev, 0, PRIMECELL_SIZE, &uart_ops);
}

static void uart_reset(struct vdev *dev)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	for (unsigned i = 0; i < UART_REGS; i++)
		u->reg[i] = 0;
	u->reg[UART_CR] = CR_TXE | CR_RXE;
	u->reg[UART_IFLS] = IFLS_RESET;
	u->depth = 1;
	fifo_clear(u);
	serial_line_reset(&u->serial);
	uart_update(u);
	spin_unlock(&dev->lock, flags);
}

static int uart_request_shutdown(struct vdev *dev)
{
	struct uart *u = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	int err = serial_line_request_shutdown(&u->serial);

	fifo_fill(u);
	uart_update(u);
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
	print(ctx, "CR %04x LCR_H %02x IFLS %02x IMSC %03x RIS %03x, divisor %u + %u/64, %u of ",
	      copy.reg[UART_CR], copy.reg[UART_LCR_H], copy.reg[UART_IFLS], copy.reg[UART_IMSC],
	      copy.reg[UART_RIS], copy.reg[UART_IBRD], copy.reg[UART_FBRD], copy.count);
	print(ctx, "%u received, interrupt %s\n", copy.depth, copy.line.asserted ? "on" : "off");
}

static const char *const uart_compatible[] = { "arm,pl011", NULL };

DEFINE_EMULATOR(pl011) = {
	.name = "pl011",
	.class = EMULATOR_DEVICE,
	.compatible = uart_compatible,
	.state_size = sizeof(struct uart),
	.create = uart_create,
	.reset = uart_reset,
	.request_shutdown = uart_request_shutdown,
	.describe = uart_describe,
};
