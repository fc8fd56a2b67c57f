/* SPDX-License-Identifier: MIT */
/* Host UART: Arm PL011 (DDI 0183), and the SBSA generic UART, which is a part of it (DEN0094, appendix B). */
#include <core/console.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <string.h>

/* Registers, in words. The generic UART has no LCR_H, CR and IFLS. */
enum {
	REG_DR = 0x00 / 4,
	REG_FR = 0x18 / 4,
	REG_LCR_H = 0x2c / 4,
	REG_CR = 0x30 / 4,
	REG_IFLS = 0x34 / 4,
	REG_IMSC = 0x38 / 4,
	REG_ICR = 0x44 / 4,
	REG_COUNT
};

#define FR_BUSY BIT(3)
#define FR_RX_EMPTY BIT(4)
#define FR_TX_FULL BIT(5)
#define LCR_H_FIFOS BIT(4)
#define LCR_H_8_BITS (BIT(5) | BIT(6))
#define CR_ENABLE BIT(0)
#define CR_WANTED (CR_ENABLE | BIT(8) | BIT(9) | BIT(10) | BIT(11)) /* TXE, RXE, DTR, RTS */
#define IFLS_TX_EIGHTH_RX_HALF 0x10
#define INT_RECEIVE (BIT(4) | BIT(6)) /* trigger level, timeout */
#define INT_TRANSMIT BIT(5)

#define BUSY_READS_MAX 1000000 /* more than a FIFO takes to leave at 9600 baud */

/* The console's; there is one. `imsc` is guarded by the console's lock after probe(). */
static struct {
	volatile u32 *regs;
	u32 imsc;
} uart;

static size_t pl011_write(const char *s, size_t len)
{
	size_t done = 0;

	while (done < len && !(uart.regs[REG_FR] & FR_TX_FULL))
		uart.regs[REG_DR] = (u8)s[done++];
	return done;
}

static int pl011_read(void)
{
	return uart.regs[REG_FR] & FR_RX_EMPTY ? -1 : (int)(uart.regs[REG_DR] & 0xff);
}

/*
 * The interrupt is raised when the FIFO falls to its trigger level and is not cleared here, so it is pending already
 * when there was room. Only what was written since power-on must have been more than an eighth of a FIFO once.
 */
static void pl011_tx_interrupt(bool on)
{
	u32 imsc = on ? uart.imsc | INT_TRANSMIT : uart.imsc & ~(u32)INT_TRANSMIT;

	if (imsc == uart.imsc)
		return;
	uart.imsc = imsc;
	uart.regs[REG_IMSC] = imsc;
}

/*
 * A timeout may stay pending after its last character was read. One that comes while it is cleared loses its interrupt
 * with it, and in QEMU those that follow have none either before the FIFO has been empty: it is looked at again.
 */
static void pl011_irq(void *ctx)
{
	(void)ctx;
	console_interrupt();
	if (!(uart.regs[REG_FR] & FR_RX_EMPTY))
		return;
	uart.regs[REG_ICR] = INT_RECEIVE;
	if (!(uart.regs[REG_FR] & FR_RX_EMPTY))
		console_interrupt();
}

static struct console_driver console = {
	.name = "pl011",
	.write = pl011_write,
	.read = pl011_read,
};

static int map_registers(const struct host_device *dev)
{
	hpa_t at;
	u64 size;
	int err = host_device_reg(dev, 0, &at, &size);

	if (err)
		return err;
	if (size < REG_COUNT * sizeof(u32))
		return -EINVAL;
	uart.regs = hostmap_device(at, size);
	return uart.regs ? 0 : -ENOMEM;
}

/* LCR_H may change while nothing is sent and the UART is off. The rate stays what firmware has set. */
static void set_up(void)
{
	u32 cr = uart.regs[REG_CR], lcr = uart.regs[REG_LCR_H];
	bool enabled = cr & CR_ENABLE;

	uart.regs[REG_IFLS] = IFLS_TX_EIGHTH_RX_HALF;
	if (!enabled || !(lcr & LCR_H_FIFOS)) {
		for (u32 i = 0; enabled && i < BUSY_READS_MAX && uart.regs[REG_FR] & FR_BUSY; i++)
			;
		uart.regs[REG_CR] = 0;
		uart.regs[REG_LCR_H] = lcr | LCR_H_FIFOS | (enabled ? 0 : LCR_H_8_BITS);
	}
	uart.regs[REG_CR] = cr | CR_WANTED;
}

static int pl011_probe(const struct host_device *dev)
{
	u32 irq;
	int err;

	if (uart.regs || console_is_bound())
		return -EBUSY;
	err = map_registers(dev);
	if (err)
		return err;
	uart.regs[REG_IMSC] = 0;
	if (strcmp(dev->compatible, "arm,sbsa-uart") != 0)
		set_up();
	if (host_device_irq(dev, 0, &irq) == 0 && irq_request(irq, "pl011", pl011_irq, NULL) == 0) {
		console.tx_interrupt = pl011_tx_interrupt;
		console.rx_interrupt = true;
		uart.imsc = INT_RECEIVE;
	}
	console_bind(&console);
	uart.regs[REG_IMSC] = uart.imsc;
	return 0;
}

static const char *const compatible[] = { "arm,pl011", "arm,sbsa-uart", NULL };

DEFINE_DRIVER(pl011) = {
	.name = "pl011",
	.class = DRIVER_SERIAL,
	.compatible = compatible,
	.probe = pl011_probe,
};
