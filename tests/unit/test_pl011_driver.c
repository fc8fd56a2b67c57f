/* SPDX-License-Identifier: MIT */
/* The PL011's driver over registers that are memory: what it leaves alone, and the SBSA part of it. */
#include <fake_device.h>

#include "../../drivers/serial/pl011.c"

#define GARBAGE FAKE_DEVICE_GARBAGE

static u32 *const regs = fake_registers;
static const struct host_device pl011_node = { .compatible = "arm,pl011" };
static const struct host_device sbsa_node = { .compatible = "arm,sbsa-uart" };

static bool may_interrupt(void)
{
	return regs[REG_IMSC] != 0;
}

static int start(void **state)
{
	(void)state;
	fake_device_reset();
	fake_may_interrupt = may_interrupt;
	regs[REG_FR] = FR_RX_EMPTY;
	memset(&uart, 0, sizeof(uart));
	console.tx_interrupt = NULL;
	console.rx_interrupt = false;
	return 0;
}

/* Firmware has left it on: the rate and the format stay. */
static void test_enabled(void **state)
{
	(void)state;
	regs[REG_CR] = 0x4301;
	regs[REG_LCR_H] = 0x1a;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_ptr_equal(fake_console, &console);
	assert_int_equal(regs[REG_CR], 0x4f01);
	assert_int_equal(regs[REG_LCR_H], 0x1a);
	assert_int_equal(regs[REG_IFLS], 0x10);
	assert_int_equal(regs[REG_IMSC], 0x50);
	assert_int_equal(regs[0x24 / 4], GARBAGE);
	assert_int_equal(regs[0x28 / 4], GARBAGE);
	assert_int_equal(pl011_probe(&pl011_node), -EBUSY);
}

static void test_enabled_without_fifos(void **state)
{
	(void)state;
	regs[REG_CR] = 0x301;
	regs[REG_LCR_H] = 0x40;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_int_equal(regs[REG_LCR_H], 0x50);
	assert_int_equal(regs[REG_CR], 0xf01);
}

/* One that never gets idle does not stop the boot. */
static void test_busy(void **state)
{
	(void)state;
	regs[REG_FR] = FR_BUSY;
	regs[REG_CR] = 0x301;
	regs[REG_LCR_H] = 0x60;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_int_equal(regs[REG_LCR_H], 0x70);
}

static void test_disabled(void **state)
{
	(void)state;
	regs[REG_CR] = 0x300;
	regs[REG_LCR_H] = 0x10;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_int_equal(regs[REG_LCR_H], 0x70);
	assert_int_equal(regs[REG_CR], 0xf01);
	assert_int_equal(regs[0x24 / 4], GARBAGE);
}

/* What a generic UART does not have is not touched. */
static void test_sbsa(void **state)
{
	(void)state;
	assert_int_equal(pl011_probe(&sbsa_node), 0);
	assert_int_equal(regs[REG_CR], GARBAGE);
	assert_int_equal(regs[REG_LCR_H], GARBAGE);
	assert_int_equal(regs[REG_IFLS], GARBAGE);
	assert_int_equal(regs[REG_IMSC], 0x50);
}

static void test_transfer(void **state)
{
	(void)state;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	regs[REG_DR] = GARBAGE;
	regs[REG_FR] = FR_TX_FULL | FR_RX_EMPTY;
	assert_int_equal(fake_console->write("abc", 3), 0);
	assert_int_equal(regs[REG_DR], GARBAGE);
	assert_int_equal(fake_console->read(), -1);
	regs[REG_FR] = 0;
	assert_int_equal(fake_console->write("abc", 3), 3);
	assert_int_equal(regs[REG_DR], 'c');
	assert_int_equal(fake_console->write("\xff", 1), 1);
	assert_int_equal(regs[REG_DR], 0xff);
	regs[REG_DR] = 0xfe9; /* with all errors */
	assert_int_equal(fake_console->read(), 0xe9);
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_true(fake_console->rx_interrupt);
	fake_console->tx_interrupt(true);
	assert_int_equal(regs[REG_IMSC], 0x70);
	fake_console->tx_interrupt(false);
	assert_int_equal(regs[REG_IMSC], 0x50);
	/* A timeout without a character is taken back, and nothing else. */
	regs[REG_ICR] = 0;
	regs[REG_FR] = 0;
	fake_irq_handler(NULL);
	assert_int_equal(regs[REG_ICR], 0);
	regs[REG_FR] = FR_RX_EMPTY;
	fake_irq_handler(NULL);
	assert_int_equal(regs[REG_ICR], 0x50);
	assert_int_equal(fake_console_interrupts, 2);
}

static void test_polled(void **state)
{
	(void)state;
	fake_device_error = -ERANGE;
	assert_int_equal(pl011_probe(&pl011_node), 0);
	assert_null(fake_console->tx_interrupt);
	assert_false(fake_console->rx_interrupt);
	assert_int_equal(regs[REG_IMSC], 0);
}

static void test_too_small(void **state)
{
	(void)state;
	fake_device_size = 0x44;
	assert_int_equal(pl011_probe(&pl011_node), -EINVAL);
	assert_null(fake_console);
	assert_int_equal(regs[REG_IMSC], GARBAGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_enabled, start),
		cmocka_unit_test_setup(test_enabled_without_fifos, start),
		cmocka_unit_test_setup(test_busy, start),
		cmocka_unit_test_setup(test_disabled, start),
		cmocka_unit_test_setup(test_sbsa, start),
		cmocka_unit_test_setup(test_transfer, start),
		cmocka_unit_test_setup(test_interrupts, start),
		cmocka_unit_test_setup(test_polled, start),
		cmocka_unit_test_setup(test_too_small, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
