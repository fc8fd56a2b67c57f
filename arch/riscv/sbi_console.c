/* SPDX-License-Identifier: MIT */
/* Host console through the firmware, for machines whose UART nobody drives; polled. */
#include <arch/host.h>
#include <arch/sbi.h>
#include <core/console.h>
#include <core/driver.h>
#include <core/errno.h>

/* DBCN takes what the UART has room for; memory is mapped at its physical address (SBI 2.0, chapter 12). */
static size_t dbcn_write(const char *s, size_t len)
{
	struct sbi_ret r =
		sbi_ecall(SBI_EXT_DBCN, SBI_DBCN_WRITE, len, ptr_to_hpa(s).v, 0, 0, 0, 0);

	return r.error ? 0 : MIN(r.value, len);
}

static int dbcn_read(void)
{
	static u8 byte; /* one reader at a time */
	struct sbi_ret r =
		sbi_ecall(SBI_EXT_DBCN, SBI_DBCN_READ, 1, ptr_to_hpa(&byte).v, 0, 0, 0, 0);

	return !r.error && r.value == 1 ? *(volatile u8 *)&byte : -1;
}

static size_t legacy_write(const char *s, size_t len)
{
	if (len == 0)
		return 0;
	sbi_ecall(SBI_EXT_LEGACY_PUTCHAR, 0, (u8)s[0], 0, 0, 0, 0, 0);
	return 1;
}

static int legacy_read(void)
{
	return (int)sbi_ecall(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0, 0, 0, 0, 0).error;
}

static const struct console_driver dbcn = { .name = "sbi-dbcn",
					    .write = dbcn_write,
					    .read = dbcn_read };
static const struct console_driver legacy = {
	.name = "sbi-legacy",
	.write = legacy_write,
	.read = legacy_read,
};

static int sbi_console_probe(const struct host_device *dev)
{
	(void)dev;
	if (console_is_bound())
		return -EBUSY;
	console_bind(riscv_firmware_has(SBI_EXT_DBCN) ? &dbcn : &legacy);
	return 0;
}

DEFINE_DRIVER(sbi_console) = {
	.name = "sbi-console",
	.class = DRIVER_SERIAL,
	.probe = sbi_console_probe,
};
