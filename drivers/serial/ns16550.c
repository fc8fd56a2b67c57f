/* SPDX-License-Identifier: MIT */
/* Host UART: 16550 and its relatives, as the serial/8250 device-tree binding describes them. */
#include <core/console.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <string.h>

/* Registers (16550D data sheet), by number; shifted by reg-shift. */
enum {
	REG_DATA = 0, /* receive, transmit; divisor low */
	REG_IER = 1,  /* divisor high */
	REG_IIR = 2,  /* read */
	REG_FCR = 2,  /* write */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
	REG_DW_USR = 31 /* DesignWare only */
};

#define IER_RECEIVE 0x01
#define IER_TRANSMIT 0x02
#define IER_LINE_STATUS 0x04
#define IIR_ID 0x0f
#define IIR_DW_BUSY 0x07 /* LCR was written while the UART was busy; reading USR clears it */
#define IIR_FIFOS 0xc0
#define FCR_ENABLE 0x01
#define LCR_DIVISOR 0x80
#define MCR_DTR_RTS_OUT2 0x0b /* OUT2 lets the interrupt out on PC hardware */
#define LSR_DATA 0x01
#define LSR_TRANSMIT_EMPTY 0x20

#define FIFO_SIZE 16

/*
 * Raspberry Pi's mini-UART (BCM2835 ARM Peripherals, 2.2, and its errata) has words for registers and differs:
 *  - LSR_TRANSMIT_EMPTY is set when there is room for one byte.
 *  - It interrupts on received data only with the line status interrupt enabled too.
 *  - Its divisor is elsewhere. The bit that switches it on is another device's; firmware has set it.
 */
#define MINI_SHIFT 2
#define MINI_WIDTH 4

/* The console's; there is one. Written by probe() only, but `ier`, which the console's lock guards. */
static struct {
	volatile u8 *base;
	u32 shift;
	u32 width;
	u32 fifo_size;
	u8 ier;
	bool is_dw;
} uart;

static u32 uart_read(unsigned reg)
{
	volatile void *at = uart.base + (reg << uart.shift);

	if (uart.width == 4)
		return *(volatile u32 *)at;
	if (uart.width == 2)
		return *(volatile u16 *)at;
	return *(volatile u8 *)at;
}

static void uart_write(unsigned reg, u32 value)
{
	volatile void *at = uart.base + (reg << uart.shift);

	if (uart.width == 4)
		*(volatile u32 *)at = value;
	else if (uart.width == 2)
		*(volatile u16 *)at = (u16)value;
	else
		*(volatile u8 *)at = (u8)value;
}

/* An empty transmitter takes a whole FIFO. */
static size_t ns16550_write(const char *s, size_t len)
{
	size_t count = MIN(len, (size_t)uart.fifo_size);

	if (!(uart_read(REG_LSR) & LSR_TRANSMIT_EMPTY))
		return 0;
	for (size_t i = 0; i < count; i++)
		uart_write(REG_DATA, (u8)s[i]);
	return count;
}

static size_t mini_write(const char *s, size_t len)
{
	size_t done = 0;

	while (done < len && (uart_read(REG_LSR) & LSR_TRANSMIT_EMPTY))
		uart_write(REG_DATA, (u8)s[done++]);
	return done;
}

static int ns16550_read(void)
{
	return uart_read(REG_LSR) & LSR_DATA ? (int)(uart_read(REG_DATA) & 0xff) : -1;
}

static void ns16550_tx_interrupt(bool on)
{
	u8 ier = on ? uart.ier | IER_TRANSMIT : uart.ier & ~IER_TRANSMIT;

	if (ier == uart.ier)
		return;
	uart.ier = ier;
	uart_write(REG_IER, ier);
}

static void ns16550_irq(void *ctx)
{
	(void)ctx;
	if ((uart_read(REG_IIR) & IIR_ID) == IIR_DW_BUSY && uart.is_dw)
		(void)uart_read(REG_DW_USR);
	console_interrupt();
}

static struct console_driver console = {
	.name = "ns16550",
	.write = ns16550_write,
	.read = ns16550_read,
};

/* Keeps the rate that firmware has set, unless the tree gives both the rate and the clock. */
static void set_speed(const struct host_device *dev)
{
	u32 clock = host_device_u32(dev, "clock-frequency", 0);
	u32 speed = host_device_u32(dev, "current-speed", 0);
	u32 divisor, lcr;

	if (!clock || !speed || speed > clock / 16)
		return;
	divisor = (clock / 16 + speed / 2) / speed;
	if (divisor > UINT16_MAX)
		return;
	lcr = uart_read(REG_LCR);
	uart_write(REG_LCR, lcr | LCR_DIVISOR);
	uart_write(REG_DATA, divisor & 0xff);
	uart_write(REG_IER, divisor >> 8);
	uart_write(REG_LCR, lcr & ~(u32)LCR_DIVISOR);
}

static bool is_mini(const struct host_device *dev)
{
	return strcmp(dev->compatible, "brcm,bcm2835-aux-uart") == 0;
}

static void set_up(const struct host_device *dev)
{
	uart_write(REG_IER, 0);
	if (!is_mini(dev))
		set_speed(dev);
	uart_write(REG_FCR, FCR_ENABLE);
	uart_write(REG_MCR, MCR_DTR_RTS_OUT2);
	uart.fifo_size = (uart_read(REG_IIR) & IIR_FIFOS) == IIR_FIFOS ? FIFO_SIZE : 1;
	uart.is_dw = strcmp(dev->compatible, "snps,dw-apb-uart") == 0;
}

static int map_registers(const struct host_device *dev)
{
	bool mini = is_mini(dev);
	u32 shift = host_device_u32(dev, "reg-shift", mini ? MINI_SHIFT : 0);
	u32 width = host_device_u32(dev, "reg-io-width", mini ? MINI_WIDTH : 1);
	u32 offset = host_device_u32(dev, "reg-offset", 0);
	volatile u8 *base;
	hpa_t at;
	u64 size;
	int err = host_device_reg(dev, 0, &at, &size);

	if (err)
		return err;
	if (shift > 3 || (width != 1 && width != 2 && width != 4) || width > 1u << shift ||
	    offset >= size || size - offset < (u64)(REG_LSR + 1) << shift)
		return -EINVAL;
	base = hostmap_device(at, size);
	if (!base)
		return -ENOMEM;
	uart.base = base + offset;
	uart.shift = shift;
	uart.width = width;
	return 0;
}

/* True if interrupts of this device will come. */
static bool request_irq(const struct host_device *dev, u32 *irq)
{
	return host_device_irq(dev, 0, irq) == 0 &&
	       irq_request(*irq, "ns16550", ns16550_irq, NULL) == 0;
}

static int ns16550_probe(const struct host_device *dev)
{
	bool mini = is_mini(dev);
	u32 irq;
	int err;

	if (uart.base || console_is_bound())
		return -EBUSY;
	err = map_registers(dev);
	if (err)
		return err;
	set_up(dev);
	if (request_irq(dev, &irq)) {
		console.tx_interrupt = ns16550_tx_interrupt;
		console.rx_interrupt = true;
		uart.ier = mini ? IER_RECEIVE | IER_LINE_STATUS : IER_RECEIVE;
	}
	if (mini)
		console.write = mini_write;
	console_bind(&console);
	uart_write(REG_IER, uart.ier);
	return 0;
}

static const char *const compatible[] = { "ns16550a",
					  "ns16550",
					  "ns8250",
					  "ns16450",
					  "ns16850",
					  "snps,dw-apb-uart",
					  "brcm,bcm2835-aux-uart",
					  NULL };

DEFINE_DRIVER(ns16550) = {
	.name = "ns16550",
	.class = DRIVER_SERIAL,
	.compatible = compatible,
	.probe = ns16550_probe,
};
