/* SPDX-License-Identifier: MIT */
/* The SiFive UART's driver over registers that are memory; no emulated board has one and an H extension. */
#include <fake_device.h>

#include "../../drivers/serial/sifive.c"

static u32 *const regs = fake_registers;

static bool may_interrupt(void)
{
	return regs[REG_IE] != 0;
}

static int start(void **state)
{
	(void)state;
	fake_device_reset();
	fake_may_interrupt = may_interrupt;
	memset(&uart, 0, sizeof(uart));
	console.tx_interrupt = NULL;
	console.rx_interrupt = false;
	return 0;
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(sifive_probe(NULL), 0);
	assert_ptr_equal(fake_console, &console);
	assert_int_equal(regs[REG_TXCTRL], 0x10001); /* on, interrupt when empty */
	assert_int_equal(regs[REG_RXCTRL], 0x00001); /* on, interrupt at the first byte */
	assert_int_equal(regs[REG_IE], 2);
	assert_int_equal(regs[REG_DIV], FAKE_DEVICE_GARBAGE); /* firmware's */
	fake_irq_handler(NULL);
	assert_int_equal(fake_console_interrupts, 1);
	assert_int_equal(sifive_probe(NULL), -EBUSY);
}

static void test_transfer(void **state)
{
	(void)state;
	assert_int_equal(sifive_probe(NULL), 0);
	regs[REG_TXDATA] = 0x80000000;
	assert_int_equal(fake_console->write("abc", 3), 0);
	regs[REG_TXDATA] = 0;
	assert_int_equal(fake_console->write("abc", 3), 3);
	assert_int_equal(regs[REG_TXDATA], 'c');
	assert_int_equal(fake_console->write("\xff", 1), 1);
	assert_int_equal(regs[REG_TXDATA], 0xff);
	regs[REG_RXDATA] = 0x80000000 | 'x';
	assert_int_equal(fake_console->read(), -1);
	regs[REG_RXDATA] = 0xe9;
	assert_int_equal(fake_console->read(), 0xe9);
	fake_console->tx_interrupt(true);
	assert_int_equal(regs[REG_IE], 3);
	fake_console->tx_interrupt(false);
	assert_int_equal(regs[REG_IE], 2);
}

static void test_polled(void **state)
{
	(void)state;
	fake_device_error = -ERANGE;
	assert_int_equal(sifive_probe(NULL), 0);
	assert_null(fake_console->tx_interrupt);
	assert_false(fake_console->rx_interrupt);
	assert_int_equal(regs[REG_IE], 0);
}

static void test_too_small(void **state)
{
	(void)state;
	fake_device_size = 0x18;
	assert_int_equal(sifive_probe(NULL), -EINVAL);
	assert_null(fake_console);
	assert_int_equal(regs[REG_IE], FAKE_DEVICE_GARBAGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers, start),
		cmocka_unit_test_setup(test_transfer, start),
		cmocka_unit_test_setup(test_polled, start),
		cmocka_unit_test_setup(test_too_small, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
