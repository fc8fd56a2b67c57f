/* SPDX-License-Identifier: MIT */
/* What readers of device trees need above libfdt; none of the names is libfdt's. */
#ifndef LIBS_FDT_H
#define LIBS_FDT_H

#include <core/types.h>

/*
 * True when the first bytes of @size hold a flattened device tree whose blocks are inside it, aligned
 * and well formed: libfdt's readers then stay inside and make no misaligned access. @fdt itself has to
 * be aligned to 8.
 */
bool fdt_is_sound(const void *fdt, size_t size);

/*
 * All below take a tree that fdt_is_sound() has accepted, and a node's offset in it. A property that is missing, too short or has no sensible length is "absent" to them.
 */

#define FDT_CELLS_MAX 4

/* The number in @cells (1 or 2) big-endian cells at @p; of more cells the last two count. */
u64 fdt_read_cells(const void *p, unsigned cells);

/* The property's value, its length in bytes in *@len (may be NULL); NULL when absent. */
const void *fdt_value(const void *fdt, int node, const char *name, u32 *len);
/* One cell: number @index of the property. */
bool fdt_cell(const void *fdt, int node, const char *name, unsigned index, u32 *value);
/* A number of one or two cells, the whole property. */
bool fdt_number(const void *fdt, int node, const char *name, u64 *value);
/* A text that is terminated within the property; NULL when absent. */
const char *fdt_text(const void *fdt, int node, const char *name);
/* Text number @index of a list of them; NULL past its end or when it is not terminated. */
const char *fdt_text_at(const void *fdt, int node, const char *name, unsigned index);
/* True when @text is in the list. */
bool fdt_text_listed(const void *fdt, int node, const char *name, const char *text);
/* `status` is absent, "okay" or "ok". */
bool fdt_is_enabled(const void *fdt, int node);

/* What @node says of its children's `reg`: 1..FDT_CELLS_MAX, size 0..FDT_CELLS_MAX; 2 and 1 when absent. */
struct fdt_widths {
	unsigned address;
	unsigned size;
};
bool fdt_child_widths(const void *fdt, int node, struct fdt_widths *widths);

struct fdt_reg {
	u64 base;
	u64 size;
};
/* Entry @index of `reg`, by the widths that @parent gives, in the parent's address space. -ENOENT past the end, -EINVAL. */
int fdt_reg_entry(const void *fdt, int parent, int node, unsigned index,
		  struct fdt_reg *reg) __must_check;
/* The same, translated through the `ranges` of all ancestors: as the root's children see it. */
int fdt_reg_translated(const void *fdt, int node, unsigned index, struct fdt_reg *reg) __must_check;

/* Offsets of @node's ancestors, root first, then @node; how many, or -EINVAL when deeper than @max. */
int fdt_ancestors(const void *fdt, int node, int *chain, unsigned max) __must_check;
/* The interrupt parent of @node by `interrupt-parent` of itself or an ancestor; negative when none. */
int fdt_interrupt_parent(const void *fdt, int node);
/* The full path of @node, cut when it does not fit; returns @buf. */
const char *fdt_path(const void *fdt, int node, char *buf, size_t size);

#endif
