/* SPDX-License-Identifier: MIT */
/* riscv64: page-table entries of Sv39 to Sv57 for the host and for second stages (Privileged 1.13, chapter 11, 19.5). */
#include <arch/csr.h>
#include <arch/hfence.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <core/cpu.h>
#include <core/vm.h>

/*
 *  63    62 61   60..54    53          10  9 8   7 6 5 4 3 2 1 0
 *  | N | PBMT | reserved |      PPN      | RSW | D A G U X W R V |
 */
#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_U BIT(4)
#define PTE_G BIT(5)
#define PTE_A BIT(6)
#define PTE_D BIT(7)
#define PTE_PBMT_IO (2ull << 61)
#define PTE_N BIT(63)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK (BIT(44) - 1)

_Static_assert(PTE_PPN_SHIFT + 44 == 54, "PPN ends below the reserved bits");

static u64 pte_of(hpa_t pa, unsigned attr)
{
	u64 pte = ((pa.v >> PAGE_SHIFT) << PTE_PPN_SHIFT) | PTE_V | PTE_A;

	pte |= attr & PT_READ ? PTE_R : 0;
	pte |= attr & PT_WRITE ? PTE_W | PTE_D : 0;
	pte |= attr & PT_EXEC ? PTE_X : 0;
	if ((attr & PT_DEVICE) && isa_has(EXT_SVPBMT))
		pte |= PTE_PBMT_IO;
	return pte;
}

static u64 make_host_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	(void)level;
	return pte_of(pa, attr) | (attr & PT_GLOBAL ? PTE_G : 0);
}

/* Second-stage leaves are user pages (section 19.5.1). */
static u64 make_stage2_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	(void)level;
	return pte_of(pa, attr) | PTE_U;
}

static u64 make_table(hpa_t table)
{
	return ((table.v >> PAGE_SHIFT) << PTE_PPN_SHIFT) | PTE_V;
}

static enum pte_kind kind_of(u64 pte, unsigned level)
{
	(void)level;
	if (!(pte & PTE_V))
		return PTE_EMPTY;
	return pte & (PTE_R | PTE_W | PTE_X) ? PTE_LEAF : PTE_TABLE;
}

static hpa_t address_of(u64 pte, unsigned level)
{
	(void)level;
	return hpa(((pte >> PTE_PPN_SHIFT) & PTE_PPN_MASK) << PAGE_SHIFT);
}

/* Svnapot (section 13.1): 16 pages; the four low bits of PPN say so instead of the page. */
#define NAPOT_BITS 4
#define NAPOT_PPN_MASK (15ull << PTE_PPN_SHIFT)
#define NAPOT_PPN_64K (8ull << PTE_PPN_SHIFT)

static u64 make_contiguous(u64 leaf, unsigned level)
{
	(void)level;
	return (leaf & ~NAPOT_PPN_MASK) | NAPOT_PPN_64K | PTE_N;
}

static bool is_contiguous(u64 leaf, unsigned level)
{
	(void)level;
	return leaf & PTE_N;
}

static unsigned attr_of(u64 pte, unsigned level)
{
	unsigned attr = 0;

	(void)level;
	attr |= pte & PTE_R ? PT_READ : 0;
	attr |= pte & PTE_W ? PT_WRITE : 0;
	attr |= pte & PTE_X ? PT_EXEC : 0;
	attr |= pte & PTE_G ? PT_GLOBAL : 0;
	attr |= pte & PTE_PBMT_IO ? PT_DEVICE : 0;
	return attr;
}

/* The firmware's fence reaches all harts at once and has finished when it returns (SBI 2.0, chapter 8). */
static void flush_host(void *ctx, u64 va, u64 size)
{
	(void)ctx;
	__asm__ volatile("sfence.vma" ::: "memory");
	if (cpu_count > 1 && riscv_firmware_has(SBI_EXT_RFENCE))
		sbi_ecall(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 0, SBI_ALL_HARTS, va, size, 0, 0);
}

static void flush_stage2(void *ctx, u64 va, u64 size)
{
	arch_stage2_flush(ctx, va, size);
}

#define COMMON_OPS .make_table = make_table, .kind = kind_of, .address = address_of, .attr = attr_of
#define HOST_OPS COMMON_OPS, .make_leaf = make_host_leaf, .flush = flush_host
#define STAGE2_OPS                                                        \
	COMMON_OPS, .make_leaf = make_stage2_leaf, .flush = flush_stage2, \
		    .make_contiguous = make_contiguous, .is_contiguous = is_contiguous

static const struct pt_format host_formats[] = {
	{ .name = "Sv39", .levels = 3, .index_bits = { 9, 9, 8 }, .leaf_level_max = 2, HOST_OPS },
	{ .name = "Sv48",
	  .levels = 4,
	  .index_bits = { 9, 9, 9, 8 },
	  .leaf_level_max = 2,
	  HOST_OPS },
	{ .name = "Sv57",
	  .levels = 5,
	  .index_bits = { 9, 9, 9, 9, 8 },
	  .leaf_level_max = 2,
	  HOST_OPS },
};

/* The root of a second stage is four pages: 2 more bits of address. Groups are added where the harts have Svnapot. */
static struct pt_format stage2_formats[] = {
	{ .name = "Sv39x4",
	  .levels = 3,
	  .index_bits = { 9, 9, 11 },
	  .leaf_level_max = 2,
	  STAGE2_OPS },
	{ .name = "Sv48x4",
	  .levels = 4,
	  .index_bits = { 9, 9, 9, 11 },
	  .leaf_level_max = 2,
	  STAGE2_OPS },
	{ .name = "Sv57x4",
	  .levels = 5,
	  .index_bits = { 9, 9, 9, 9, 11 },
	  .leaf_level_max = 2,
	  STAGE2_OPS },
};

const struct pt_format *arch_host_format;
static u32 stage2_modes; /* bit i: stage2_formats[i] exists here */

/*
 * The mode with the fewest levels that reaches all RAM: the lower half of the address space, since RAM
 * is mapped at its physical address and sign extension rules out the upper half.
 */
void riscv_choose_host_format(const struct boot_memory *mem)
{
	arch_host_format = &host_formats[0];
	for (unsigned i = 0; i < mem->ram_count; i++)
		while (mem->ram[i].base + mem->ram[i].size > pgtable_limit(arch_host_format) &&
		       arch_host_format < &host_formats[ARRAY_SIZE(host_formats) - 1])
			arch_host_format++;
}

void arch_host_map_activate(hpa_t root)
{
	u64 mode = SATP_MODE_SV39 + (u64)(arch_host_format - host_formats);

	__asm__ volatile("sfence.vma" ::: "memory");
	csr_write(satp, (mode << SATP_MODE_SHIFT) | (root.v >> PAGE_SHIFT));
	__asm__ volatile("sfence.vma" ::: "memory");
}

/* hgatp.MODE is WARL: what cannot be written is not there (section 19.2.10). */
void riscv_stage2_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(stage2_formats); i++) {
		u64 mode = SATP_MODE_SV39 + i;

		csr_write(CSR_HGATP, mode << SATP_MODE_SHIFT);
		if (csr_read(CSR_HGATP) >> SATP_MODE_SHIFT == mode)
			stage2_modes |= 1u << i;
		stage2_formats[i].contiguous_bits[0] = isa_has(EXT_SVNAPOT) ? NAPOT_BITS : 0;
	}
	csr_write(CSR_HGATP, 0);
	hfence_gvma_all();
}

const struct pt_format *riscv_stage2_format(u64 limit, u64 *mode)
{
	for (unsigned i = 0; i < ARRAY_SIZE(stage2_formats); i++) {
		if (!(stage2_modes & (1u << i)) || pgtable_limit(&stage2_formats[i]) < limit)
			continue;
		*mode = SATP_MODE_SV39 + i;
		return &stage2_formats[i];
	}
	return NULL;
}

void riscv_stage2_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "second stage:");
	for (unsigned i = 0; i < ARRAY_SIZE(stage2_formats); i++)
		if (stage2_modes & (1u << i))
			print(ctx, " %s", stage2_formats[i].name);
	print(ctx, ", %u bits of VMID; host %s\n", vmid_bits(), arch_host_format->name);
}
