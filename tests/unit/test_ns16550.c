/* SPDX-License-Identifier: MIT */
/* The 16550's driver over registers that are memory: FIFOs or not, and what Raspberry Pi's mini-UART has instead. */
#include <fake_device.h>

#include "../../drivers/serial/ns16550.c"

static const struct host_device mini_node = { .compatible = "brcm,bcm2835-aux-uart" };
static const struct host_device dw_node = { .compatible = "snps,dw-apb-uart" };
static u8 *const bytes = (u8 *)fake_registers;

static bool may_interrupt(void)
{
	return uart_read(REG_IER) != 0;
}

static int start(void **state)
{
	(void)state;
	fake_device_reset();
	fake_may_interrupt = may_interrupt;
	memset(&uart, 0, sizeof(uart));
	console.write = ns16550_write;
	console.tx_interrupt = NULL;
	console.rx_interrupt = false;
	return 0;
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(ns16550_probe(&dw_node), 0);
	assert_int_equal(bytes[REG_FCR], FCR_ENABLE);
	assert_int_equal(bytes[REG_MCR], 0x0b);
	assert_int_equal(bytes[REG_IER], IER_RECEIVE);
	assert_int_equal(bytes[REG_LCR], 0xff); /* firmware's, like the rate */
	assert_int_equal(bytes[REG_DATA], 0xff);
	fake_console->tx_interrupt(true);
	assert_int_equal(bytes[REG_IER], 3);
	fake_console->tx_interrupt(false);
	assert_int_equal(bytes[REG_IER], 1);
	fake_irq_handler(NULL);
	assert_int_equal(fake_console_interrupts, 1);
	assert_int_equal(ns16550_probe(&dw_node), -EBUSY);
}

static void test_transfer(void **state)
{
	(void)state;
	assert_int_equal(ns16550_probe(&dw_node), 0);
	bytes[REG_LSR] = 0;
	assert_int_equal(fake_console->write("abc", 3), 0);
	assert_int_equal(fake_console->read(), -1);
	bytes[REG_LSR] = LSR_TRANSMIT_EMPTY | LSR_DATA;
	assert_int_equal(fake_console->write("abc", 3), 1); /* FCR reads as IIR: no FIFO */
	assert_int_equal(bytes[REG_DATA], 'a');
	uart.fifo_size = FIFO_SIZE;
	assert_int_equal(fake_console->write("0123456789abcdefgh", 18), 16);
	assert_int_equal(bytes[REG_DATA], 'f');
	assert_int_equal(fake_console->read(), 'f');
}

static void test_mini(void **state)
{
	u32 *regs = fake_registers;

	(void)state;
	fake_device_size = 0x40;
	assert_int_equal(ns16550_probe(&mini_node), 0);
	assert_int_equal(regs[REG_IER], 5);
	assert_int_equal(regs[REG_FCR], FCR_ENABLE);
	assert_int_equal(regs[REG_MCR], 0x0b);
	assert_int_equal(regs[REG_LCR], FAKE_DEVICE_GARBAGE);
	fake_console->tx_interrupt(true);
	assert_int_equal(regs[REG_IER], 7);
	fake_console->tx_interrupt(false);
	assert_int_equal(regs[REG_IER], 5);
	regs[REG_LSR] = 0;
	assert_int_equal(fake_console->write("abc", 3), 0);
	regs[REG_LSR] = LSR_TRANSMIT_EMPTY | LSR_DATA; /* there is always room for one more */
	assert_int_equal(fake_console->write("0123456789abcdefgh", 18), 18);
	assert_int_equal(regs[REG_DATA], 'h');
	assert_int_equal(fake_console->read(), 'h');
}

static void test_polled(void **state)
{
	(void)state;
	fake_device_error = -ERANGE;
	assert_int_equal(ns16550_probe(&mini_node), 0);
	assert_null(fake_console->tx_interrupt);
	assert_false(fake_console->rx_interrupt);
	assert_int_equal(fake_registers[REG_IER], 0);
}

static void test_too_small(void **state)
{
	(void)state;
	fake_device_size = 0x17;
	assert_int_equal(ns16550_probe(&mini_node), -EINVAL);
	assert_null(fake_console);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers, start),
		cmocka_unit_test_setup(test_transfer, start),
		cmocka_unit_test_setup(test_mini, start),
		cmocka_unit_test_setup(test_polled, start),
		cmocka_unit_test_setup(test_too_small, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
