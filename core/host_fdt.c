/* SPDX-License-Identifier: MIT */
/* Reads the host's device tree: memory, what is reserved in it, boot arguments, the console's node. */
#include <core/errno.h>
#include <core/host_fdt.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <stdlib.h>
#include <string.h>

#define FDT_SIZE_MAX MIB(2)

int host_fdt_check(const void *fdt)
{
	/* How large it is only the tree itself tells. */
	return fdt && fdt_is_sound(fdt, FDT_SIZE_MAX) ? 0 : -EINVAL;
}

static void add(struct hpa_range *ranges, unsigned *count, u64 base, u64 size, const char *what)
{
	if (!size)
		return;
	if (*count == BOOT_RANGES_MAX)
		log_error("device tree: more than %u %s ranges: 0x%llx+0x%llx is ignored",
			  BOOT_RANGES_MAX, what, (unsigned long long)base,
			  (unsigned long long)size);
	else
		ranges[(*count)++] = (struct hpa_range){ base, size };
}

static void add_ram(struct boot_memory *mem, u64 base, u64 size)
{
	add(mem->ram, &mem->ram_count, base, size, "memory");
}

/* What does not fit the table would be handed out: give up the RAM behind rather than that. */
static int add_reserved(struct boot_memory *mem, u64 base, u64 size)
{
	if (mem->reserved_count == BOOT_RANGES_MAX && size)
		return -ENOSPC;
	add(mem->reserved, &mem->reserved_count, base, size, "reserved");
	return 0;
}

static void add_memory_nodes(const void *fdt, struct boot_memory *mem)
{
	struct fdt_reg reg;
	int node;

	fdt_for_each_subnode(node, fdt, 0) {
		const char *type = fdt_text(fdt, node, "device_type");

		if (!type || strcmp(type, "memory") != 0 || !fdt_is_enabled(fdt, node))
			continue;
		for (unsigned i = 0; fdt_reg_entry(fdt, 0, node, i, &reg) == 0; i++)
			add_ram(mem, reg.base, reg.size);
	}
}

/* Takes [base, end) out of the RAM: what is left of a range may be nothing, or two. */
static int cut_ram(struct boot_memory *mem, u64 base, u64 end)
{
	for (unsigned i = mem->ram_count; i-- > 0;) {
		struct hpa_range *ram = &mem->ram[i];
		u64 ram_end = ram->base + ram->size;
		struct hpa_range below = { ram->base, base - ram->base };
		struct hpa_range above = { end, ram_end - end };

		if (end <= ram->base || base >= ram_end)
			continue;
		if (base > ram->base && end < ram_end && mem->ram_count == BOOT_RANGES_MAX)
			return -ENOSPC;
		*ram = mem->ram[--mem->ram_count];
		if (base > below.base)
			mem->ram[mem->ram_count++] = below;
		if (end < ram_end)
			mem->ram[mem->ram_count++] = above;
	}
	return 0;
}

/* Memory with no-map must not be mapped at all: even a speculative read of it may be an error. */
static int add_reserved_region(struct boot_memory *mem, const struct fdt_reg *reg, bool no_map)
{
	u64 first = align_down(reg->base, PAGE_SIZE);
	u64 end = reg->base + reg->size;

	if (no_map && reg->size && end > reg->base)
		return cut_ram(mem, first, align_up(end, PAGE_SIZE));
	return add_reserved(mem, reg->base, reg->size);
}

/* Regions that only have a size want to be allocated by an operating system: not by us. */
static int add_reserved_nodes(const void *fdt, struct boot_memory *mem)
{
	int parent = fdt_path_offset(fdt, "/reserved-memory");
	struct fdt_reg reg;
	int node, e;

	if (parent < 0)
		return 0;
	fdt_for_each_subnode(node, fdt, parent) {
		bool no_map = fdt_getprop(fdt, node, "no-map", NULL);

		if (!fdt_is_enabled(fdt, node))
			continue;
		for (unsigned i = 0; fdt_reg_entry(fdt, parent, node, i, &reg) == 0; i++) {
			e = add_reserved_region(mem, &reg, no_map);
			if (e)
				return e;
		}
	}
	return 0;
}

static int add_memory_reservations(const void *fdt, struct boot_memory *mem)
{
	u64 base, size;
	int e = 0;

	for (int i = 0; !e && i < fdt_num_mem_rsv(fdt); i++)
		if (fdt_get_mem_rsv(fdt, i, &base, &size) == 0)
			e = add_reserved(mem, base, size);
	return e;
}

int host_fdt_memory(const void *fdt, struct boot_memory *mem)
{
	struct hpa_range initrd = host_fdt_initrd(fdt);
	int e;

	add_memory_nodes(fdt, mem);
	if (!mem->ram_count) {
		log_error("device tree: no node with device_type \"memory\" and a reg");
		return -EINVAL;
	}
	e = add_memory_reservations(fdt, mem);
	if (!e)
		e = add_reserved_nodes(fdt, mem);
	if (!e)
		e = add_reserved(mem, ptr_to_hpa(fdt).v, fdt_totalsize(fdt));
	if (!e)
		e = add_reserved(mem, initrd.base, initrd.size);
	if (e)
		log_error("device tree: more than %u reserved ranges", BOOT_RANGES_MAX);
	return e;
}

struct hpa_range host_fdt_initrd(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	u64 start, end;

	if (chosen < 0 || !fdt_number(fdt, chosen, "linux,initrd-start", &start) ||
	    !fdt_number(fdt, chosen, "linux,initrd-end", &end) || end <= start)
		return (struct hpa_range){ 0, 0 };
	return (struct hpa_range){ start, end - start };
}

const char *host_fdt_bootargs(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *args = chosen < 0 ? NULL : fdt_text(fdt, chosen, "bootargs");

	return args ? args : "";
}

unsigned host_fdt_bootarg(const void *fdt, const char *name, unsigned fallback)
{
	const char *args = host_fdt_bootargs(fdt);
	size_t len = strlen(name);

	for (const char *at = args; *at; at++)
		if ((at == args || at[-1] == ' ') && !strncmp(at, name, len) && at[len] == '=')
			return (unsigned)strtoul(at + len + 1, NULL, 0);
	return fallback;
}

int host_fdt_stdout(const void *fdt)
{
	int chosen = fdt_path_offset(fdt, "/chosen");
	const char *path = chosen < 0 ? NULL : fdt_text(fdt, chosen, "stdout-path");
	const char *end;

	if (!path)
		return -ENOENT;
	end = strchr(path, ':');
	/* A path that does not begin with a slash begins with an alias; libfdt resolves both. */
	return fdt_path_offset_namelen(fdt, path, end ? (int)(end - path) : (int)strlen(path));
}

int host_fdt_reg(const void *fdt, int node, unsigned index, struct hpa_range *out)
{
	struct fdt_reg reg;
	int e = fdt_reg_translated(fdt, node, index, &reg);

	if (!e)
		*out = (struct hpa_range){ reg.base, reg.size };
	return e;
}
