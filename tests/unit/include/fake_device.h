/* SPDX-License-Identifier: MIT */
/* What a host driver sees in a test: registers that are memory, one interrupt, a console. For one test file each. */
#ifndef TESTS_FAKE_DEVICE_H
#define TESTS_FAKE_DEVICE_H

#include <test.h>

#include <core/console.h>
#include <core/driver.h>
#include <core/host_irq.h>
#include <core/hostmap.h>

#define FAKE_DEVICE_IRQ 4
#define FAKE_DEVICE_GARBAGE 0xffffffffu

static u32 fake_registers[1024];
static u64 fake_device_size;  /* of `reg` in the tree */
static int fake_device_error; /* that irq_request() returns */
static bool (*fake_may_interrupt)(void);
static irq_fn fake_irq_handler;
static unsigned fake_console_interrupts;
static const struct console_driver *fake_console; /* the one that was bound */

/* As after power-on: all registers read as garbage. */
static inline void fake_device_reset(void)
{
	memset(fake_registers, 0xff, sizeof(fake_registers));
	fake_device_size = 0x1000;
	fake_device_error = 0;
	fake_irq_handler = NULL;
	fake_console_interrupts = 0;
	fake_console = NULL;
}

int host_device_reg(const struct host_device *dev, unsigned index, hpa_t *base, u64 *size)
{
	(void)dev;
	assert_int_equal(index, 0);
	*base = hpa((uintptr_t)fake_registers);
	*size = fake_device_size;
	return 0;
}

int host_device_irq(const struct host_device *dev, unsigned index, u32 *irq)
{
	(void)dev;
	assert_int_equal(index, 0);
	*irq = FAKE_DEVICE_IRQ;
	return 0;
}

u32 host_device_u32(const struct host_device *dev, const char *property, u32 fallback)
{
	(void)dev;
	(void)property;
	return fallback;
}

int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	(void)name;
	assert_int_equal(irq, FAKE_DEVICE_IRQ);
	assert_null(ctx);
	fake_irq_handler = fn;
	return fake_device_error;
}

volatile void *hostmap_device(hpa_t base, u64 size)
{
	assert_int_equal(size, fake_device_size);
	return hpa_to_ptr(base);
}

/* Nobody may interrupt before the console knows its driver. */
void console_bind(const struct console_driver *driver)
{
	assert_false(fake_may_interrupt());
	fake_console = driver;
}

bool console_is_bound(void)
{
	return fake_console != NULL;
}

void console_interrupt(void)
{
	fake_console_interrupts++;
}

#endif
