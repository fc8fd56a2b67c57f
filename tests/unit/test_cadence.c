/* SPDX-License-Identifier: MIT */
/* The Cadence UART's driver over registers that are memory. */
#include <fake_device.h>

#include "../../drivers/serial/cadence.c"

static u32 *const regs = fake_registers;

static bool may_interrupt(void)
{
	return regs[REG_IER] != 0;
}

static int start(void **state)
{
	(void)state;
	fake_device_reset();
	fake_may_interrupt = may_interrupt;
	regs[REG_IER] = regs[REG_IDR] = 0;
	regs[REG_SR] = SR_RX_EMPTY;
	memset(&uart, 0, sizeof(uart));
	console.tx_interrupt = NULL;
	console.rx_interrupt = false;
	return 0;
}

static void test_registers(void **state)
{
	(void)state;
	regs[REG_CR] = 0x128; /* off both ways */
	assert_int_equal(cadence_probe(NULL), 0);
	assert_ptr_equal(fake_console, &console);
	assert_int_equal(regs[REG_CR], 0x114);
	assert_int_equal(regs[REG_IDR], 0xffffffff);
	assert_int_equal(regs[REG_RXWM], 1);
	assert_int_equal(regs[REG_RXTOUT], 0);
	assert_int_equal(regs[REG_IER], 1);
	assert_int_equal(regs[0x18 / 4], FAKE_DEVICE_GARBAGE); /* rate and mode are firmware's */
	assert_int_equal(regs[0x34 / 4], FAKE_DEVICE_GARBAGE);
	assert_int_equal(regs[0x04 / 4], FAKE_DEVICE_GARBAGE);
	assert_int_equal(cadence_probe(NULL), -EBUSY);
}

static void test_transfer(void **state)
{
	(void)state;
	assert_int_equal(cadence_probe(NULL), 0);
	regs[REG_SR] = SR_TX_FULL | SR_RX_EMPTY;
	assert_int_equal(fake_console->write("abc", 3), 0);
	assert_int_equal(regs[REG_FIFO], FAKE_DEVICE_GARBAGE);
	assert_int_equal(fake_console->read(), -1);
	regs[REG_SR] = 0;
	assert_int_equal(fake_console->write("abc", 3), 3);
	assert_int_equal(regs[REG_FIFO], 'c');
	assert_int_equal(fake_console->write("\xff", 1), 1);
	assert_int_equal(regs[REG_FIFO], 0xff);
	regs[REG_FIFO] = 0xffffffe9;
	assert_int_equal(fake_console->read(), 0xe9);
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_int_equal(cadence_probe(NULL), 0);
	assert_true(fake_console->rx_interrupt);
	regs[REG_IER] = regs[REG_IDR] = 0;
	fake_console->tx_interrupt(false); /* it is off */
	assert_int_equal(regs[REG_IDR], 0);
	fake_console->tx_interrupt(true);
	assert_int_equal(regs[REG_IER], 8);
	regs[REG_IER] = 0;
	fake_console->tx_interrupt(true);
	assert_int_equal(regs[REG_IER], 0);
	fake_console->tx_interrupt(false);
	assert_int_equal(regs[REG_IDR], 8);
	assert_int_equal(regs[REG_IER], 0);
	/* Only what is unmasked is cleared. */
	regs[REG_IMR] = 1;
	regs[REG_ISR] = 0x1fff;
	fake_irq_handler(NULL);
	assert_int_equal(regs[REG_ISR], 1);
	assert_int_equal(fake_console_interrupts, 1);
}

static void test_polled(void **state)
{
	(void)state;
	fake_device_error = -ERANGE;
	assert_int_equal(cadence_probe(NULL), 0);
	assert_null(fake_console->tx_interrupt);
	assert_false(fake_console->rx_interrupt);
	assert_int_equal(regs[REG_IER], 0);
	assert_int_equal(regs[REG_IDR], 0xffffffff);
}

static void test_too_small(void **state)
{
	(void)state;
	fake_device_size = 0x30;
	assert_int_equal(cadence_probe(NULL), -EINVAL);
	assert_null(fake_console);
	assert_int_equal(regs[REG_CR], FAKE_DEVICE_GARBAGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_registers, start),
		cmocka_unit_test_setup(test_transfer, start),
		cmocka_unit_test_setup(test_interrupts, start),
		cmocka_unit_test_setup(test_polled, start),
		cmocka_unit_test_setup(test_too_small, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
