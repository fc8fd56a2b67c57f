/* SPDX-License-Identifier: MIT */
/* Reads the guest-physical map from a guest tree: memory, devices' registers, and what overlaps. */
#include "vm_config_private.h"
#include <core/bundle.h>
#include <core/hostmap.h>
#include <core/page.h>
#include <libs/format.h>
#include <string.h>

#define PASSTHROUGH_MAX GIB(1) /* each of its pages is looked at */

typedef unsigned long long ull;

/* ---- cells and ranges of a bus ---- */

/* #address-cells or #size-cells of a node whose children have addresses; wrong ones are reported. */
static u32 read_cells(struct config_check *c, int node, const char *name, u32 standard)
{
	int len;
	const void *value = fdt_getprop(c->fdt, node, name, &len);

	if (!value && node)
		return standard;
	if (!value)
		vm_config_error(c, node, "%s is missing; add %s = <2>", name, name);
	else if (len != 4)
		vm_config_error(c, node, "%s has %d bytes; give one cell, <1> or <2>", name, len);
	else if (config_cell(value, 0) < 1 || config_cell(value, 0) > 2)
		vm_config_error(c, node, "%s is %u; give 1 or 2", name, config_cell(value, 0));
	else
		return config_cell(value, 0);
	return 0;
}

/* True if addresses of the node's children are guest-physical ones, perhaps moved by `ranges`. */
static bool is_bus(const struct config_check *c, int node)
{
	if (c->depth == 0)
		return true;
	return c->stack[c->depth - 1].mapped && fdt_getprop(c->fdt, node, "ranges", NULL) &&
	       !config_string_is(c->fdt, node, "device_type", "pci") &&
	       !(c->depth == 1 && config_node_is(c->fdt, node, "reserved-memory"));
}

void vm_config_check_cells(struct config_check *c, int node)
{
	struct config_frame *frame = &c->stack[c->depth];
	u32 entry;
	int len;

	frame->mapped = is_bus(c, node);
	if (!frame->mapped)
		return;
	frame->address_cells = read_cells(c, node, "#address-cells", 2);
	frame->size_cells = read_cells(c, node, "#size-cells", 1);
	frame->mapped = frame->address_cells && frame->size_cells;
	if (!frame->mapped || c->depth == 0)
		return;
	entry = (frame->address_cells + frame->size_cells + frame[-1].address_cells) * 4;
	if (fdt_getprop(c->fdt, node, "ranges", &len) && (u32)len % entry) {
		vm_config_error(c, node,
				"ranges has %d bytes; an entry has %u (child address, parent "
				"address, size)",
				len, entry);
		frame->mapped = false;
	}
}

/* Through the ranges of one bus; false: no range holds all of it. */
static bool translate_once(const struct config_check *c, const struct config_frame *bus, u64 *base,
			   u64 size)
{
	u32 ac = bus->address_cells, pc = bus[-1].address_cells, sc = bus->size_cells;
	int len;
	const fdt32_t *range = fdt_getprop(c->fdt, bus->node, "ranges", &len);

	if (!range || len == 0)
		return range != NULL;
	for (; len > 0; len -= (int)(ac + pc + sc) * 4, range += ac + pc + sc) {
		u64 child = config_number(range, 0, ac), span = config_number(range, ac + pc, sc);

		if (*base >= child && size <= span && *base - child <= span - size) {
			*base += config_number(range, ac, pc) - child;
			return true;
		}
	}
	return false;
}

static bool translate(struct config_check *c, int node, u64 *base, u64 size)
{
	u64 local = *base;

	for (int d = c->depth - 1; d > 0; d--) {
		if (translate_once(c, &c->stack[d], base, size))
			continue;
		vm_config_error(c, node,
				"reg 0x%llx is not within the ranges of %s; extend them or move it",
				(ull)local, fdt_get_name(c->fdt, c->stack[d].node, NULL));
		return false;
	}
	return true;
}

/* ---- reg ---- */

bool vm_config_is_memory(const struct config_check *c, int node)
{
	return c->depth == 1 && (config_node_is(c->fdt, node, "memory") ||
				 config_string_is(c->fdt, node, "device_type", "memory"));
}

static void add_region(struct config_check *c, int node, u64 base, u64 size)
{
	if (c->region_count == CONFIG_REGION_MAX)
		vm_config_error(c, node, "the machine has more than %d regions; remove devices",
				CONFIG_REGION_MAX);
	else
		c->regions[c->region_count++] = (struct config_region){ base, size, node };
}

static struct vm_memory *add_memory(struct config_check *c, int node, enum vm_memory_kind kind,
				    u64 base, u64 size)
{
	struct vm_memory *m = &c->config->memory[c->config->memory_count];

	if (!is_aligned(base | size, PAGE_SIZE)) {
		vm_config_error(
			c, node,
			"reg 0x%llx with size 0x%llx is not aligned; give multiples of 4096",
			(ull)base, (ull)size);
		return NULL;
	}
	if (c->config->memory_count == VM_CONFIG_MEMORY_MAX) {
		vm_config_error(c, node, "the machine has more than %d memory regions; join some",
				VM_CONFIG_MEMORY_MAX);
		return NULL;
	}
	*m = (struct vm_memory){ .kind = kind, .base = base, .size = size };
	format_to(m->name, sizeof(m->name), "%s", fdt_get_name(c->fdt, node, NULL));
	c->config->memory_count++;
	return m;
}

/* A copy of a string property that the table has checked; "" when it is absent or wrong. */
static void copy_string(const struct config_check *c, int node, const char *name, char *to,
			size_t size)
{
	int len;
	const char *s = fdt_getprop(c->fdt, node, name, &len);

	format_to(to, size, "%.*s", s ? len : 0, s ? s : "");
}

static const struct {
	const char *property;
	enum vm_memory_kind kind;
} kinds[] = {
	{ "verdigris,rom", VM_MEMORY_ROM },
	{ "verdigris,alias-of", VM_MEMORY_ALIAS },
	{ "verdigris,shared", VM_MEMORY_SHARED },
	{ "verdigris,passthrough", VM_MEMORY_DEVICE },
};

/* A node that verdigris,rom and its like turn into memory. */
static void add_special(struct config_check *c, int node, unsigned row, u64 base, u64 size)
{
	struct vm_memory *m = add_memory(c, node, kinds[row].kind, base, size);
	int len;
	const void *value = fdt_getprop(c->fdt, node, kinds[row].property, &len);

	if (!m)
		return;
	if (m->kind == VM_MEMORY_SHARED)
		copy_string(c, node, "verdigris,shared", m->name, sizeof(m->name));
	else if (m->kind == VM_MEMORY_ROM)
		copy_string(c, node, kinds[row].property, m->image, sizeof(m->image));
	else if (value && (len == 4 || len == 8))
		m->target = config_number(value, 0, (u32)len / 4);
	else
		c->config->memory_count--; /* reported by the table */
}

/* Which row of `kinds` the node has; negative: none. More than one is reported. */
static int special_kind(struct config_check *c, int node)
{
	int found = -1;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!fdt_getprop(c->fdt, node, kinds[i].property, NULL))
			continue;
		if (found >= 0)
			vm_config_error(c, node, "%s and %s exclude each other; keep one",
					kinds[found].property, kinds[i].property);
		found = (int)i;
	}
	return found;
}

static void check_entry(struct config_check *c, int node, int kind, u64 base, u64 size)
{
	if (size == 0) {
		vm_config_error(c, node, "reg 0x%llx has size 0; give a size, or remove the entry",
				(ull)base);
		return;
	}
	if (base + (size - 1) < base) {
		vm_config_error(c, node,
				"reg 0x%llx with size 0x%llx runs over the end of the address "
				"space; give less",
				(ull)base, (ull)size);
		return;
	}
	if (!translate(c, node, &base, size))
		return;
	if (!c->stack[c->depth - 1].has_reg)
		add_region(c, node, base, size);
	if (vm_config_is_memory(c, node))
		(void)add_memory(c, node, VM_MEMORY_RAM, base, size);
	else if (kind >= 0)
		add_special(c, node, (unsigned)kind, base, size);
}

static bool is_disabled(const struct config_check *c, int node)
{
	return config_string_is(c->fdt, node, "status", "disabled");
}

static void check_entries(struct config_check *c, int node, const fdt32_t *reg, int len)
{
	const struct config_frame *bus = &c->stack[c->depth - 1];
	u32 ac = bus->address_cells, cells = ac + bus->size_cells;
	int kind = special_kind(c, node);

	if (len == 0 || (u32)len % (cells * 4)) {
		vm_config_error(c, node,
				"reg has %d bytes; with #address-cells %u and #size-cells %u an "
				"entry has %u",
				len, ac, bus->size_cells, cells * 4);
		return;
	}
	if (kind >= 0 && (u32)len != cells * 4) {
		vm_config_error(c, node, "reg has several entries; %s allows one",
				kinds[kind].property);
		return;
	}
	for (unsigned i = 0; i < (u32)len / (cells * 4); i++)
		check_entry(c, node, kind, config_number(reg, i * cells, ac),
			    config_number(reg, i * cells + ac, bus->size_cells));
}

void vm_config_check_reg(struct config_check *c, int node)
{
	const fdt32_t *reg;
	int len;

	if (c->depth == 0 || !c->stack[c->depth - 1].mapped || is_disabled(c, node))
		return;
	c->memory_seen |= vm_config_is_memory(c, node);
	reg = fdt_getprop(c->fdt, node, "reg", &len);
	if (reg)
		check_entries(c, node, reg, len);
	else if (vm_config_is_memory(c, node))
		vm_config_error(c, node, "reg is missing; give base and size of the memory");
}

/* ---- the whole map ---- */

static void sort_regions(struct config_check *c)
{
	struct config_region *r = c->regions;

	for (unsigned i = 1; i < c->region_count; i++) {
		struct config_region moved = r[i];
		unsigned j = i;

		for (; j > 0 && r[j - 1].base > moved.base; j--)
			r[j] = r[j - 1];
		r[j] = moved;
	}
}

static void check_overlaps(struct config_check *c)
{
	const struct config_region *last = &c->regions[0];

	sort_regions(c);
	for (unsigned i = 1; i < c->region_count; i++) {
		const struct config_region *r = &c->regions[i];
		char path[80];

		if (r->base - last->base < last->size) {
			if (fdt_get_path(c->fdt, last->node, path, sizeof(path)) < 0)
				format_to(path, sizeof(path), "another node");
			vm_config_error(c, r->node,
					"reg 0x%llx-0x%llx overlaps %s (0x%llx-0x%llx); move one",
					(ull)r->base, (ull)(r->base + (r->size - 1)), path,
					(ull)last->base, (ull)(last->base + (last->size - 1)));
		}
		if (r->base + (r->size - 1) > last->base + (last->size - 1))
			last = r;
	}
}

/* True if one memory region of a kind among @allowed (bits) holds [base, base + size). */
static bool is_inside(const struct vm_config *config, u32 allowed, u64 base, u64 size)
{
	for (unsigned i = 0; i < config->memory_count; i++) {
		const struct vm_memory *m = &config->memory[i];

		if (allowed & (1u << m->kind) && base >= m->base && base - m->base < m->size &&
		    size <= m->size - (base - m->base))
			return true;
	}
	return false;
}

#define KIND(kind) (1u << VM_MEMORY_##kind)
#define OWN (KIND(RAM) | KIND(ROM))

/* Node of a memory region, for messages. */
static int node_of(const struct config_check *c, const struct vm_memory *m)
{
	for (unsigned i = 0; i < c->region_count; i++)
		if (c->regions[i].base == m->base)
			return c->regions[i].node;
	return -1;
}

static void check_alias(struct config_check *c, const struct vm_memory *m)
{
	if (!is_inside(c->config, OWN | KIND(SHARED), m->target, m->size))
		vm_config_error(c, node_of(c, m),
				"verdigris,alias-of 0x%llx with size 0x%llx is not in one memory "
				"region; give the address of memory",
				(ull)m->target, (ull)m->size);
}

/* Registers only: host memory would open the hypervisor and other guests. */
static void check_passthrough(struct config_check *c, const struct vm_memory *m)
{
	int node = node_of(c, m);

	if (m->size > PASSTHROUGH_MAX || m->target + (m->size - 1) < m->target) {
		vm_config_error(c, node,
				"verdigris,passthrough covers 0x%llx bytes; give at most 1 GiB",
				(ull)m->size);
		return;
	}
	for (u64 at = 0; at < m->size; at += PAGE_SIZE) {
		hpa_t page = hpa(m->target + at);
		bool ram = page_is_ram(page);

		if (!ram && !hostmap_has(page))
			continue;
		vm_config_error(c, node,
				"verdigris,passthrough 0x%llx is %s; give the registers of a "
				"device that no driver of the hypervisor's has (see `dev`)",
				(ull)page.v,
				ram ? "RAM of the host" : "what the hypervisor itself drives");
		return;
	}
}

static void check_entry_address(struct config_check *c)
{
	const struct vm_config *config = c->config;

	if (config->entry_given && !is_inside(config, OWN, config->entry, 4))
		vm_config_error(c, fdt_path_offset(c->fdt, "/chosen"),
				"verdigris,entry 0x%llx is in no RAM or ROM; give an address in a "
				"memory node",
				(ull)config->entry);
}

static void check_load(struct config_check *c, const struct vm_load *load)
{
	struct bundle_file file;

	if (bundle_find(load->name, &file) == 0 &&
	    !is_inside(c->config, OWN, load->base, file.size))
		vm_config_error(c, fdt_path_offset(c->fdt, "/chosen"),
				"verdigris,load: %s with 0x%zx bytes at 0x%llx is not in one RAM "
				"or ROM; move it",
				load->name, file.size, (ull)load->base);
}

/* An alias can be mapped only when its target is there, so they come last. */
static void put_aliases_last(struct vm_config *config)
{
	struct vm_memory *m = config->memory;

	for (unsigned i = 1; i < config->memory_count; i++)
		for (unsigned j = i;
		     j > 0 && m[j - 1].kind == VM_MEMORY_ALIAS && m[j].kind != VM_MEMORY_ALIAS;
		     j--) {
			struct vm_memory swapped = m[j];

			m[j] = m[j - 1];
			m[j - 1] = swapped;
		}
}

void vm_config_check_map(struct config_check *c)
{
	const struct vm_config *config = c->config;

	check_overlaps(c);
	put_aliases_last(c->config);
	for (unsigned i = 0; i < config->memory_count; i++) {
		const struct vm_memory *m = &config->memory[i];

		if (m->kind == VM_MEMORY_ALIAS)
			check_alias(c, m);
		if (m->kind == VM_MEMORY_DEVICE)
			check_passthrough(c, m);
	}
	/* One that is wrong was reported, as were wrong cells of the root. */
	if (!c->memory_seen && c->stack[0].mapped)
		vm_config_error(c, 0,
				"the machine has no RAM; add memory@... { device_type = "
				"\"memory\"; reg = <base size>; }");
	check_entry_address(c);
	for (unsigned i = 0; i < config->load_count; i++)
		check_load(c, &config->loads[i]);
}
