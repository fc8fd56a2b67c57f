/* SPDX-License-Identifier: MIT */
/* arm64: the hypervisor's map before page_init(): boot.S made it for the image and the tree, RAM is added here. */
#include <arch/asm.h>
#include <arch/host.h>
#include <core/errno.h>
#include <core/log.h>
#include <libfdt.h>
#include <string.h>

extern char boot_tables_start[], boot_tables_end[];

static const struct pt_format
	*format; /* of the tables in use: 48 bits by boot.S, or arch_host_format */
static u64 *root;
static u8 *next_table;

void arm64_early_map_init(void *next)
{
	format = arch_host_format;
	root = (u64 *)boot_tables_start;
	next_table = next;
}

static u64 *new_table(void)
{
	u64 *table = (u64 *)next_table;

	if (next_table + PAGE_SIZE > (u8 *)boot_tables_end)
		return NULL;
	next_table += PAGE_SIZE;
	return memset(table, 0, PAGE_SIZE);
}

/* A walker that sees the entry sees the table behind it. */
static void write_entry(u64 *slot, u64 pte)
{
	__atomic_store_n(slot, pte, __ATOMIC_RELEASE);
	dsb_ish();
}

/* Maps as much as one leaf can at @va, or finds a leaf there; returns its size. 0: no table left. */
static u64 map_leaf(u64 va, u64 size, unsigned attr)
{
	const struct pt_format *f = format;
	u64 *table = root;

	for (unsigned level = f->levels - 1;; level--) {
		unsigned shift = pt_level_shift(f, level);
		u64 *slot = &table[(va >> shift) & (BIT(f->index_bits[level]) - 1)];
		enum pte_kind kind = f->kind(*slot, level);

		if (kind == PTE_LEAF)
			return BIT(shift) - (va & (BIT(shift) - 1));
		if (kind == PTE_EMPTY && level <= 2 && is_aligned(va, BIT(shift)) &&
		    size >= BIT(shift)) {
			write_entry(slot, f->make_leaf(hpa(va), attr, level));
			return BIT(shift);
		}
		if (kind == PTE_EMPTY) {
			table = new_table();
			if (!table)
				return 0;
			write_entry(slot, f->make_table(ptr_to_hpa(table)));
		}
		table = hpa_to_ptr(f->address(*slot, level));
	}
}

int arm64_early_map(u64 base, u64 size, unsigned attr)
{
	for (u64 va = base, done; va < base + size; va += done) {
		done = map_leaf(va, base + size - va, attr);
		if (!done)
			return -ENOMEM;
	}
	isb();
	return 0;
}

static int map_pages(u64 base, u64 size, unsigned attr)
{
	u64 first = align_down(base, PAGE_SIZE);

	return arm64_early_map(first, align_up(base + size, PAGE_SIZE) - first, attr);
}

/* Memory beyond what boot.S's tables can say: the same again in the format that reaches it. */
static void change_format(const struct boot_info *info)
{
	u64 *old_root = root;

	format = arch_host_format;
	root = new_table();
	if (root &&
	    !map_pages(ptr_to_hpa(image_start).v, (u64)(image_end - image_start),
		       PT_READ | PT_WRITE | PT_EXEC) &&
	    !map_pages(ptr_to_hpa(info->fdt).v, fdt_totalsize(info->fdt), PT_READ) &&
	    !map_pages(info->early_console.base, info->early_console.size,
		       PT_READ | PT_WRITE | PT_DEVICE)) {
		arm64_load_map(ptr_to_hpa(root), true);
		return;
	}
	format = arch_host_format = arm64_host_format_48;
	root = old_root;
}

/* Some of a range may be mapped when it fails: that does no harm. */
void arm64_early_map_ram(struct boot_info *info)
{
	struct boot_memory *mem = &info->memory;
	unsigned kept = 0;

	if (format != arch_host_format)
		change_format(info);
	for (unsigned i = 0; i < mem->ram_count; i++) {
		struct hpa_range ram = mem->ram[i];

		if (ram.base + ram.size > pgtable_limit(format) ||
		    map_pages(ram.base, ram.size, PT_READ | PT_WRITE))
			log_warn("memory at 0x%llx+0x%llx is left alone: it is out of reach, or "
				 "there are "
				 "too many pieces",
				 (unsigned long long)ram.base, (unsigned long long)ram.size);
		else
			mem->ram[kept++] = ram;
	}
	mem->ram_count = kept;
}
