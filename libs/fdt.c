/* SPDX-License-Identifier: MIT */
/* Device-tree helpers over libfdt: properties by type, `reg` and `ranges`, paths. */
#include <core/errno.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <libs/format.h>
#include <string.h>

#define DEPTH_MAX 16
#define CELL sizeof(fdt32_t)

bool fdt_is_sound(const void *fdt, size_t size)
{
	return is_aligned((uintptr_t)fdt, 8) && size >= sizeof(struct fdt_header) &&
	       fdt_check_header(fdt) == 0 && fdt_totalsize(fdt) <= size &&
	       is_aligned(fdt_off_dt_struct(fdt), CELL) && is_aligned(fdt_off_mem_rsvmap(fdt), 8) &&
	       fdt_check_full(fdt, fdt_totalsize(fdt)) == 0;
}

u64 fdt_read_cells(const void *p, unsigned cells)
{
	const fdt32_t *cell = p;
	u64 value = 0;

	for (unsigned i = 0; i < cells; i++)
		value = value << 32 | fdt32_ld(&cell[i]);
	return value;
}

const void *fdt_value(const void *fdt, int node, const char *name, u32 *len)
{
	int bytes = 0;
	const void *value = fdt_getprop(fdt, node, name, &bytes);

	if (len)
		*len = value ? (u32)bytes : 0;
	return value;
}

bool fdt_cell(const void *fdt, int node, const char *name, unsigned index, u32 *value)
{
	u32 len;
	const u8 *cells = fdt_value(fdt, node, name, &len);

	if (index >= len / CELL)
		return false;
	*value = (u32)fdt_read_cells(cells + index * CELL, 1);
	return true;
}

bool fdt_number(const void *fdt, int node, const char *name, u64 *value)
{
	u32 len;
	const void *cells = fdt_value(fdt, node, name, &len);

	if (len != CELL && len != 2 * CELL)
		return false;
	*value = fdt_read_cells(cells, len / CELL);
	return true;
}

const char *fdt_text_at(const void *fdt, int node, const char *name, unsigned index)
{
	u32 len;
	const char *text = fdt_value(fdt, node, name, &len);

	while (len) {
		u32 size = (u32)strnlen(text, len) + 1;

		if (size > len)
			return NULL;
		if (index-- == 0)
			return text;
		text += size;
		len -= size;
	}
	return NULL;
}

const char *fdt_text(const void *fdt, int node, const char *name)
{
	return fdt_text_at(fdt, node, name, 0);
}

bool fdt_text_listed(const void *fdt, int node, const char *name, const char *text)
{
	const char *entry;

	for (unsigned i = 0; (entry = fdt_text_at(fdt, node, name, i)); i++)
		if (strcmp(entry, text) == 0)
			return true;
	return false;
}

bool fdt_is_enabled(const void *fdt, int node)
{
	const char *status = fdt_text(fdt, node, "status");

	return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

bool fdt_child_widths(const void *fdt, int node, struct fdt_widths *widths)
{
	u32 address = 2, size = 1;

	fdt_cell(fdt, node, "#address-cells", 0, &address);
	fdt_cell(fdt, node, "#size-cells", 0, &size);
	*widths = (struct fdt_widths){ address, size };
	return address >= 1 && address <= FDT_CELLS_MAX && size <= FDT_CELLS_MAX;
}

int fdt_reg_entry(const void *fdt, int parent, int node, unsigned index, struct fdt_reg *reg)
{
	struct fdt_widths w;
	u32 len, entry;
	const u8 *value = fdt_value(fdt, node, "reg", &len);

	if (!value)
		return -ENOENT;
	if (!fdt_child_widths(fdt, parent, &w))
		return -EINVAL;
	entry = (w.address + w.size) * CELL;
	if (len % entry)
		return -EINVAL;
	if (index >= len / entry)
		return -ENOENT;
	value += index * entry;
	reg->base = fdt_read_cells(value, w.address);
	reg->size = fdt_read_cells(value + w.address * CELL, w.size);
	return 0;
}

int fdt_ancestors(const void *fdt, int node, int *chain, unsigned max)
{
	int depth = 0;

	for (int at = 0; at >= 0 && depth >= 0; at = fdt_next_node(fdt, at, &depth)) {
		if (at > node)
			return -EINVAL;
		if ((unsigned)depth < max)
			chain[depth] = at;
		if (at == node)
			return (unsigned)depth < max ? depth + 1 : -EINVAL;
	}
	return -EINVAL;
}

/*
 * Translates @reg, an address on the bus of @bus, to the bus of its parent. An empty `ranges` means
 * the same addresses; none at all means that nothing crosses.
 */
static int translate_up(const void *fdt, int parent, int bus, struct fdt_reg *reg)
{
	struct fdt_widths child, up;
	u32 len, entry;
	const u8 *p = fdt_value(fdt, bus, "ranges", &len);

	if (!p)
		return -EINVAL;
	if (!len)
		return 0;
	if (!fdt_child_widths(fdt, bus, &child) || !fdt_child_widths(fdt, parent, &up))
		return -EINVAL;
	entry = (child.address + up.address + child.size) * CELL;
	for (; len >= entry; len -= entry, p += entry) {
		u64 base = fdt_read_cells(p, child.address);
		u64 to = fdt_read_cells(p + child.address * CELL, up.address);
		u64 size = fdt_read_cells(p + (child.address + up.address) * CELL, child.size);
		u64 offset = reg->base - base;

		if (reg->base >= base && offset < size && reg->size <= size - offset) {
			reg->base = to + offset;
			return 0;
		}
	}
	return -EINVAL;
}

int fdt_reg_translated(const void *fdt, int node, unsigned index, struct fdt_reg *reg)
{
	int chain[DEPTH_MAX];
	int depth = fdt_ancestors(fdt, node, chain, DEPTH_MAX);
	int e;

	if (depth < 2)
		return -EINVAL;
	e = fdt_reg_entry(fdt, chain[depth - 2], node, index, reg);
	for (int i = depth - 2; !e && i > 0; i--)
		e = translate_up(fdt, chain[i - 1], chain[i], reg);
	return e;
}

int fdt_interrupt_parent(const void *fdt, int node)
{
	int chain[DEPTH_MAX];
	int depth = fdt_ancestors(fdt, node, chain, DEPTH_MAX);
	u32 phandle;

	while (depth-- > 0)
		if (fdt_cell(fdt, chain[depth], "interrupt-parent", 0, &phandle))
			return fdt_node_offset_by_phandle(fdt, phandle);
	return -ENOENT;
}

const char *fdt_path(const void *fdt, int node, char *buf, size_t size)
{
	if (fdt_get_path(fdt, node, buf, (int)size) < 0)
		format_to(buf, size, ".../%s", fdt_get_name(fdt, node, NULL) ?: "?");
	return buf;
}
