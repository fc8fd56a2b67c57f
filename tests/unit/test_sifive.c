/* SPDX-License-Identifier: MIT */
/* The SiFive UART's driver over registers that are memory; no emulated board has one and an H extension. */
#include <test.h>

#include "../../drivers/serial/sifive.c"

static u32 regs[REG_COUNT];
static const struct console_driver *bound;
static u64 reg_size;
static int irq_error;
static irq_fn handler;
static unsigned interrupts;

int host_device_reg(const struct host_device *dev, unsigned index, hpa_t *base, u64 *size)
{
	(void)dev;
	assert_int_equal(index, 0);
	*base = hpa((uintptr_t)regs);
	*size = reg_size;
	return 0;
}

int host_device_irq(const struct host_device *dev, unsigned index, u32 *irq)
{
	(void)dev;
	(void)index;
	*irq = 4;
	return 0;
}

int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	(void)name;
	(void)ctx;
	assert_int_equal(irq, 4);
	handler = fn;
	return irq_error;
}

volatile void *hostmap_device(hpa_t base, u64 size)
{
	(void)size;
	return hpa_to_ptr(base);
}

void console_bind(const struct console_driver *driver)
{
	/* Nobody may interrupt before the console knows its driver. */
	assert_int_equal(regs[REG_IE], 0);
	bound = driver;
}

bool console_is_bound(void)
{
	return bound != NULL;
}

void console_interrupt(void)
{
	interrupts++;
}

static int start(void **state)
{
	(void)state;
	memset(regs, 0xff, sizeof(regs));
	memset(&uart, 0, sizeof(uart));
	console.tx_interrupt = NULL;
	console.rx_interrupt = false;
	bound = NULL;
	reg_size = 0x1000;
	irq_error = 0;
	return 0;
}

static void test_registers(void **state)
{
	(void)state;
	assert_int_equal(sifive_probe(NULL), 0);
	assert_ptr_equal(bound, &console);
	assert_int_equal(regs[REG_TXCTRL], 0x10001); /* on, interrupt when empty */
	assert_int_equal(regs[REG_RXCTRL], 0x00001); /* on, interrupt at the first byte */
	assert_int_equal(regs[REG_IE], 2);
	assert_int_equal(regs[REG_DIV], 0xffffffff); /* firmware's */
	handler(NULL);
	assert_int_equal(interrupts, 1);
	assert_int_equal(sifive_probe(NULL), -EBUSY);
}

static void test_transfer(void **state)
{
	(void)state;
	assert_int_equal(sifive_probe(NULL), 0);
	regs[REG_TXDATA] = 0x80000000;
	assert_int_equal(bound->write("abc", 3), 0);
	regs[REG_TXDATA] = 0;
	assert_int_equal(bound->write("abc", 3), 3);
	assert_int_equal(regs[REG_TXDATA], 'c');
	assert_int_equal(bound->write("\xff", 1), 1);
	assert_int_equal(regs[REG_TXDATA], 0xff);
	regs[REG_RXDATA] = 0x80000000 | 'x';
	assert_int_equal(bound->read(), -1);
	regs[REG_RXDATA] = 0xe9;
	assert_int_equal(bound->read(), 0xe9);
	bound->tx_interrupt(true);
	assert_int_equal(regs[REG_IE], 3);
	bound->tx_interrupt(false);
	assert_int_equal(regs[REG_IE], 2);
}

static void test_polled(void **state)
{
	(void)state;
	irq_error = -ERANGE;
	assert_int_equal(sifive_probe(NULL), 0);
	assert_null(bound->tx_interrupt);
	assert_false(bound->rx_interrupt);
	assert_int_equal(regs[REG_IE], 0);
}

static void test_too_small(void **state)
{
	(void)state;
	reg_size = 0x18;
	assert_int_equal(sifive_probe(NULL), -EINVAL);
	assert_null(bound);
	assert_int_equal(regs[REG_IE], 0xffffffff);
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
