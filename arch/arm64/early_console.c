/* SPDX-License-Identifier: MIT */
/* arm64: output before drivers and after a panic, by polling the UART that firmware's console was on. */
#include <arch/host.h>
#include <core/host_fdt.h>
#include <libs/fdt.h>
#include <stdlib.h>
#include <string.h>

/* How to send a byte when firmware has set the UART up: wait until (status & mask) == ready, write data. */
struct early_uart {
	const char *compatible;
	u16 data;
	u16 status;
	u32 mask;
	u32 ready;
	u8 width;      /* of an access, bytes */
	bool is_16550; /* status is a register number; reg-shift, reg-io-width and reg-offset count */
};

#define PL011(name)                                 \
	{                                           \
		name, 0x00, 0x18, 0x20, 0, 4, false \
	}
#define CADENCE(name)                               \
	{                                           \
		name, 0x30, 0x2c, 0x10, 0, 4, false \
	}
#define NS16550(name)                           \
	{                                       \
		name, 0, 5, 0x20, 0x20, 1, true \
	}

static const struct early_uart uarts[] = {
	PL011("arm,pl011"),
	PL011("arm,sbsa-uart"),
	CADENCE("xlnx,xuartps"),
	CADENCE("cdns,uart-r1p8"),
	CADENCE("cdns,uart-r1p12"),
	NS16550("ns16550a"),
	NS16550("ns16550"),
	NS16550("snps,dw-apb-uart"),
	/* Raspberry Pi's mini-UART: words, without saying so. */
	{ "brcm,bcm2835-aux-uart", 0x00, 0x14, 0x20, 0x20, 4, false },
};

/* What an unresponsive UART may cost: about a byte's time at 9600 baud. */
#define POLLS_MAX 1000000

static struct early_uart uart; /* with addresses resolved; width 0: none */
static uintptr_t uart_base;

static const struct early_uart *find_uart(const char *compatible)
{
	for (unsigned i = 0; i < ARRAY_SIZE(uarts); i++)
		if (!strcmp(uarts[i].compatible, compatible))
			return &uarts[i];
	return NULL;
}

static const struct early_uart *find_node_uart(const void *fdt, int node)
{
	const struct early_uart *found = NULL;
	const char *name;

	for (unsigned i = 0; !found && (name = fdt_text_at(fdt, node, "compatible", i)); i++)
		found = find_uart(name);
	return found;
}

static u32 property(const void *fdt, int node, const char *name, u32 fallback)
{
	u32 value;

	return fdt_cell(fdt, node, name, 0, &value) ? value : fallback;
}

static void use_16550_layout(const void *fdt, int node)
{
	u32 shift = property(fdt, node, "reg-shift", 0);
	u32 width = property(fdt, node, "reg-io-width", 1);

	uart_base += property(fdt, node, "reg-offset", 0);
	uart.status = (u16)(uart.status << MIN(shift, 4u));
	if (width == 4)
		uart.width = 4;
}

static struct hpa_range use(const struct early_uart *found, struct hpa_range registers)
{
	u64 base = align_down(registers.base, PAGE_SIZE);
	u64 end = align_up(registers.base + registers.size, PAGE_SIZE);

	if (arm64_early_map(base, end - base, PT_READ | PT_WRITE | PT_DEVICE))
		return (struct hpa_range){ 0, 0 };
	uart = *found;
	uart_base = registers.base;
	return registers;
}

/* CONFIG_EARLY_UART: compatible@address */
static struct hpa_range use_configured(void)
{
	static const char config[] = CONFIG_EARLY_UART;
	const char *at = strchr(config, '@');
	char name[32] = "";
	const struct early_uart *found;

	if (!at || (size_t)(at - config) >= sizeof(name))
		return (struct hpa_range){ 0, 0 };
	memcpy(name, config, (size_t)(at - config));
	found = find_uart(name);
	if (!found)
		return (struct hpa_range){ 0, 0 };
	return use(found, (struct hpa_range){ strtoul(at + 1, NULL, 0), PAGE_SIZE });
}

struct hpa_range arm64_early_console_init(const void *fdt)
{
	int node = fdt ? host_fdt_stdout(fdt) : -1;
	const struct early_uart *found = node >= 0 ? find_node_uart(fdt, node) : NULL;
	struct hpa_range registers;

	if (!found || host_fdt_reg(fdt, node, 0, &registers) || !registers.size)
		return use_configured();
	registers = use(found, registers);
	if (uart.is_16550)
		use_16550_layout(fdt, node);
	return registers;
}

static u32 uart_status(void)
{
	uintptr_t at = uart_base + uart.status;

	return uart.width == 4 ? *(volatile u32 *)at : *(volatile u8 *)at;
}

void arch_early_putc(char c)
{
	uintptr_t at = uart_base + uart.data;

	if (!uart.width)
		return;
	if (c == '\n')
		arch_early_putc('\r');
	for (u32 i = 0; (uart_status() & uart.mask) != uart.ready && i < POLLS_MAX; i++)
		arch_cpu_relax();
	if (uart.width == 4)
		*(volatile u32 *)at = (u8)c;
	else
		*(volatile u8 *)at = (u8)c;
}
