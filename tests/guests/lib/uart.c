/* SPDX-License-Identifier: MIT */
/* Test guests: output to the console that the tree names, an ns16550a or a PL011. */
#include <guest.h>

static u64 base;
static bool is_pl011;

enum { NS_THR = 0, NS_LSR = 5, NS_LSR_THRE = 0x20 };
enum { PL_DR = 0, PL_FR = 0x18, PL_FR_TXFF = 0x20 };

/* The node that /chosen/stdout-path names: a path or an alias, with or without `:options`. */
static int console_node(void)
{
	const char *name = fdt_property(fdt_node("/chosen"), "stdout-path", NULL);
	char path[128];
	size_t len = 0;

	while (name && name[len] && name[len] != ':' && len < sizeof(path) - 1)
		len++;
	memcpy(path, name, len);
	path[len] = 0;
	if (len && path[0] != '/') {
		name = fdt_property(fdt_node("/aliases"), path, NULL);
		return name ? fdt_node(name) : -1;
	}
	return len ? fdt_node(path) : -1;
}

void console_init(void)
{
	int node = console_node();
	u64 size;

	if (node < 0 || !fdt_reg(node, 0, &base, &size))
		base = 0;
	else
		is_pl011 = fdt_compatible(node, "arm,pl011");
}

void console_putc(char c)
{
	if (!base)
		return;
	if (is_pl011) {
		while (*(volatile u32 *)(base + PL_FR) & PL_FR_TXFF)
			;
		*(volatile u32 *)(base + PL_DR) = (u8)c;
	} else {
		while (!(*(volatile u8 *)(base + NS_LSR) & NS_LSR_THRE))
			;
		*(volatile u8 *)(base + NS_THR) = (u8)c;
	}
}
