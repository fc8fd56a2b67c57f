/* SPDX-License-Identifier: MIT */
/* Host UART: Cadence, of Zynq and Zynq UltraScale+ (UG1085, chapter 21; UG1087, module UART). */
#include <core/console.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>

/* Registers, in words. */
enum {
	REG_CR = 0x00 / 4,
	REG_IER = 0x08 / 4, /* write: unmasks */
	REG_IDR = 0x0c / 4, /* write: masks */
	REG_IMR = 0x10 / 4,
	REG_ISR = 0x14 / 4, /* latched; write: clears */
	REG_RXTOUT = 0x1c / 4,
	REG_RXWM = 0x20 / 4,
	REG_SR = 0x2c / 4,
	REG_FIFO = 0x30 / 4,
	REG_COUNT
};

#define CR_RX_ENABLE BIT(2)
#define CR_RX_DISABLE BIT(3)
#define CR_TX_ENABLE BIT(4)
#define CR_TX_DISABLE BIT(5)
#define SR_RX_EMPTY BIT(1)
#define SR_TX_FULL BIT(4)
#define INT_RX_TRIGGER BIT(0) /* as many characters as RXWM says */
#define INT_TX_EMPTY BIT(3)

/* The console's; there is one. `sends` is guarded by the console's lock after probe(). */
static struct {
	volatile u32 *regs;
	bool sends; /* INT_TX_EMPTY is unmasked */
} uart;

static size_t cadence_write(const char *s, size_t len)
{
	size_t done = 0;

	while (done < len && !(uart.regs[REG_SR] & SR_TX_FULL))
		uart.regs[REG_FIFO] = (u8)s[done++];
	return done;
}

static int cadence_read(void)
{
	return uart.regs[REG_SR] & SR_RX_EMPTY ? -1 : (int)(uart.regs[REG_FIFO] & 0xff);
}

static void cadence_tx_interrupt(bool on)
{
	if (on == uart.sends)
		return;
	uart.sends = on;
	uart.regs[on ? REG_IER : REG_IDR] = INT_TX_EMPTY;
}

/*
 * What is latched is cleared before it is served, so that an event that comes meanwhile counts; and what is masked
 * stays, so that a transmitter that got empty before somebody asked tells at once.
 */
static void cadence_irq(void *ctx)
{
	(void)ctx;
	uart.regs[REG_ISR] = uart.regs[REG_ISR] & uart.regs[REG_IMR];
	console_interrupt();
}

static struct console_driver console = {
	.name = "cadence",
	.write = cadence_write,
	.read = cadence_read,
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
static void set_up(void)
{
	u32 cr = uart.regs[REG_CR] & ~(u32)(CR_RX_DISABLE | CR_TX_DISABLE);

	uart.regs[REG_IDR] = ~0u;
	uart.regs[REG_RXWM] = 1;
	uart.regs[REG_RXTOUT] = 0;
	uart.regs[REG_CR] = cr | CR_RX_ENABLE | CR_TX_ENABLE;
}

static int cadence_probe(const struct host_device *dev)
{
	u32 irq;
	int err;

	if (uart.regs || console_is_bound())
		return -EBUSY;
	err = map_registers(dev);
	if (err)
		return err;
	set_up();
	if (host_device_irq(dev, 0, &irq) == 0 &&
	    irq_request(irq, "cadence", cadence_irq, NULL) == 0) {
		console.tx_interrupt = cadence_tx_interrupt;
		console.rx_interrupt = true;
	}
	console_bind(&console);
	if (console.rx_interrupt)
		uart.regs[REG_IER] = INT_RX_TRIGGER;
	return 0;
}

static const char *const compatible[] = { "cdns,uart-r1p12", "cdns,uart-r1p8", "xlnx,xuartps",
					  NULL };

DEFINE_DRIVER(cadence) = {
	.name = "cadence",
	.class = DRIVER_SERIAL,
	.compatible = compatible,
	.probe = cadence_probe,
};
