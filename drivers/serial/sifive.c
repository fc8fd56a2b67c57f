/* SPDX-License-Identifier: MIT */
/* Host UART: SiFive (FU540-C000 manual, chapter 13). */
#include <core/console.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>

/* Registers, in words. */
enum { REG_TXDATA, REG_RXDATA, REG_TXCTRL, REG_RXCTRL, REG_IE, REG_IP, REG_DIV, REG_COUNT };

#define TXDATA_FULL BIT(31)
#define RXDATA_EMPTY BIT(31)
#define CTRL_ENABLE BIT(0)
#define CTRL_WATERMARK(entries) ((u32)(entries) << 16)
#define IE_TRANSMIT BIT(0) /* fewer bytes in the FIFO than the watermark of TXCTRL */
#define IE_RECEIVE BIT(1)  /* more than the watermark of RXCTRL */

/* The console's; there is one. `ie` is guarded by the console's lock after probe(). */
static struct {
	volatile u32 *regs;
	u32 ie;
} uart;

static size_t sifive_write(const char *s, size_t len)
{
	size_t done = 0;

	while (done < len && !(uart.regs[REG_TXDATA] & TXDATA_FULL))
		uart.regs[REG_TXDATA] = (u8)s[done++];
	return done;
}

static int sifive_read(void)
{
	u32 data = uart.regs[REG_RXDATA];

	return data & RXDATA_EMPTY ? -1 : (int)(data & 0xff);
}

static void sifive_tx_interrupt(bool on)
{
	u32 ie = on ? uart.ie | IE_TRANSMIT : uart.ie & ~(u32)IE_TRANSMIT;

	if (ie == uart.ie)
		return;
	uart.ie = ie;
	uart.regs[REG_IE] = ie;
}

static void sifive_irq(void *ctx)
{
	(void)ctx;
	console_interrupt();
}

static struct console_driver console = {
	.name = "sifive",
	.write = sifive_write,
	.read = sifive_read,
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

/* The rate stays what firmware has set. */
static int sifive_probe(const struct host_device *dev)
{
	u32 irq;
	int err;

	if (uart.regs || console_is_bound())
		return -EBUSY;
	err = map_registers(dev);
	if (err)
		return err;
	uart.regs[REG_IE] = 0;
	uart.regs[REG_TXCTRL] = CTRL_ENABLE | CTRL_WATERMARK(1);
	uart.regs[REG_RXCTRL] = CTRL_ENABLE | CTRL_WATERMARK(0);
	if (host_device_irq(dev, 0, &irq) == 0 &&
	    irq_request(irq, "sifive", sifive_irq, NULL) == 0) {
		console.tx_interrupt = sifive_tx_interrupt;
		console.rx_interrupt = true;
		uart.ie = IE_RECEIVE;
	}
	console_bind(&console);
	uart.regs[REG_IE] = uart.ie;
	return 0;
}

static const char *const compatible[] = { "sifive,uart0", "sifive,fu540-c000-uart",
					  "sifive,fu740-c000-uart", NULL };

DEFINE_DRIVER(sifive) = {
	.name = "sifive",
	.class = DRIVER_SERIAL,
	.compatible = compatible,
	.probe = sifive_probe,
};
