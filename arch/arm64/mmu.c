/* SPDX-License-Identifier: MIT */
/* arm64: page-table entries of VMSAv8-64 with 4 KiB pages, for EL2 and for second stages (Arm ARM D8.3), and their TLBs. */
#include <arch/host.h>
#include <core/cpu.h>
#include <core/panic.h>
#include <core/vm.h>

/*
 *  63 55  54  53  52  50  49           12  11   10  9    8   7   6   5    2  1  0
 *  | ign | XN | - | C | GP |   address    | nG | AF | SH   |  AP    | attr  | T | V |    EL2
 *  | ign |   XN   | C |  - |   address    |  - | AF | SH   |  S2AP  | attr  | T | V |    second stage
 *
 * T: a table, or at level 0 a page; without it a block. With 52-bit addresses (TCR_EL2.DS, VTCR_EL2.DS) SH holds
 * address bits 51:50, and all is as shareable as TCR_EL2.SH0 and VTCR_EL2.SH0 say, which is the same.
 */
#define PTE_V BIT(0)
#define PTE_T BIT(1)
#define PTE_ATTR(index) ((u64)(index) << 2)
#define PTE_AP_RES1 BIT(6)
#define PTE_AP_READ_ONLY BIT(7)
#define PTE_S2AP_READ BIT(6)
#define PTE_S2AP_WRITE BIT(7)
#define PTE_S2_ATTR_MASK PTE_ATTR(15)
#define PTE_S2_NORMAL \
	PTE_ATTR(15) /* write-back, and the guest's own attributes may take away from that */
#define PTE_S2_FORCED \
	PTE_ATTR(6) /* FEAT_S2FWB: write-back, whatever the guest says (HCR_EL2.FWB: cache.c) */
#define PTE_S2_DEVICE PTE_ATTR(1) /* Device-nGnRE at most */
#define PTE_SH_INNER (3ull << 8)
#define PTE_AF BIT(10)
#define PTE_GP BIT(50)
#define PTE_CONTIGUOUS BIT(52) /* of 16 leaves (D8.7.1) */
#define CONTIGUOUS_BITS 4
#define PTE_XN BIT(54)
#define PTE_ADDRESS_48 0x0000fffffffff000ull
#define PTE_ADDRESS_50 0x0003fffffffff000ull
#define PTE_ADDRESS_TOP_SHIFT 8 /* bits 51:50 of an address, with DS */

/* MAIR_EL2, as boot.S has it */
enum { MAIR_NORMAL, MAIR_DEVICE };
#define MAIR_VALUE (0xffull << 8 * MAIR_NORMAL | 0x04ull << 8 * MAIR_DEVICE)

/* TCR_EL2 without E2H, and VTCR_EL2 (D24.2.193, D24.2.204): walks through inner-shareable write-back caches */
#define TCR_T0SZ(bits) (64 - (u64)(bits))
#define TCR_WALKS (1ull << 8 | 1ull << 10 | 3ull << 12)
#define TCR_PS_SHIFT 16
#define TCR_RES1 (BIT(31) | BIT(23))
#define TCR_DS BIT(32)
#define VTCR_SL0_SHIFT 6
#define VTCR_VS BIT(19)
#define VTCR_RES1 BIT(31)
#define VTCR_DS BIT(32)

/* SCTLR_EL2 (D24.2.118) */
#define SCTLR_RES1 0x30c50830ull
#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)
#define SCTLR_SA BIT(3)
#define SCTLR_I BIT(12)
#define SCTLR_WXN BIT(19)
#define SCTLR_IESB BIT(21)

/* ---- entries ---- */

static u64 shareable(hpa_t pa)
{
	return pa.v | PTE_SH_INNER;
}

/* With DS */
static u64 fold(hpa_t pa)
{
	return (pa.v & PTE_ADDRESS_50) | (pa.v >> 50 & 3) << PTE_ADDRESS_TOP_SHIFT;
}

static u64 leaf_kind(unsigned level)
{
	return PTE_V | PTE_AF | (level == 0 ? PTE_T : 0);
}

static u64 host_bits(unsigned attr, unsigned level)
{
	u64 pte = leaf_kind(level) | PTE_AP_RES1;

	pte |= PTE_ATTR(attr & PT_DEVICE ? MAIR_DEVICE : MAIR_NORMAL);
	pte |= attr & PT_WRITE ? 0 : PTE_AP_READ_ONLY;
	if (!(attr & PT_EXEC))
		pte |= PTE_XN;
	else if (arm64_features.bti)
		pte |= PTE_GP;
	return pte;
}

static u64 stage2_bits(unsigned attr, unsigned level)
{
	u64 pte = leaf_kind(level);

	if (attr & PT_DEVICE)
		pte |= PTE_S2_DEVICE;
	else
		pte |= arm64_features.fwb ? PTE_S2_FORCED : PTE_S2_NORMAL;
	pte |= attr & PT_READ ? PTE_S2AP_READ : 0;
	pte |= attr & PT_WRITE ? PTE_S2AP_WRITE : 0;
	pte |= attr & PT_EXEC ? 0 : PTE_XN;
	return pte;
}

static u64 make_host_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	return shareable(pa) | host_bits(attr, level);
}

static u64 make_host_leaf_52(hpa_t pa, unsigned attr, unsigned level)
{
	return fold(pa) | host_bits(attr, level);
}

static u64 make_stage2_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	return shareable(pa) | stage2_bits(attr, level);
}

static u64 make_stage2_leaf_52(hpa_t pa, unsigned attr, unsigned level)
{
	return fold(pa) | stage2_bits(attr, level);
}

static u64 make_table(hpa_t table)
{
	return table.v | PTE_T | PTE_V;
}

static u64 make_table_52(hpa_t table)
{
	return fold(table) | PTE_T | PTE_V;
}

static enum pte_kind kind_of(u64 pte, unsigned level)
{
	if (!(pte & PTE_V))
		return PTE_EMPTY;
	return level > 0 && (pte & PTE_T) ? PTE_TABLE : PTE_LEAF;
}

static hpa_t address_of(u64 pte, unsigned level)
{
	(void)level;
	return hpa(pte & PTE_ADDRESS_48);
}

static hpa_t address_of_52(u64 pte, unsigned level)
{
	(void)level;
	return hpa((pte & PTE_ADDRESS_50) | (pte >> PTE_ADDRESS_TOP_SHIFT & 3) << 50);
}

static u64 make_contiguous(u64 leaf, unsigned level)
{
	(void)level;
	return leaf | PTE_CONTIGUOUS;
}

static bool is_contiguous(u64 leaf, unsigned level)
{
	(void)level;
	return leaf & PTE_CONTIGUOUS;
}

static unsigned host_attr_of(u64 pte, unsigned level)
{
	unsigned attr = PT_READ | PT_GLOBAL;

	(void)level;
	attr |= pte & PTE_AP_READ_ONLY ? 0 : PT_WRITE;
	attr |= pte & PTE_XN ? 0 : PT_EXEC;
	attr |= (pte & PTE_ATTR(7)) == PTE_ATTR(MAIR_DEVICE) ? PT_DEVICE : 0;
	return attr;
}

static unsigned stage2_attr_of(u64 pte, unsigned level)
{
	unsigned attr = 0;

	(void)level;
	attr |= pte & PTE_S2AP_READ ? PT_READ : 0;
	attr |= pte & PTE_S2AP_WRITE ? PT_WRITE : 0;
	attr |= pte & PTE_XN ? 0 : PT_EXEC;
	attr |= (pte & PTE_S2_ATTR_MASK) == PTE_S2_DEVICE ? PT_DEVICE : 0;
	return attr;
}

static void flush_host(void *ctx, u64 va, u64 size)
{
	(void)ctx;
	arm64_tlb_flush_host(va, size);
}

static void flush_stage2(void *ctx, u64 va, u64 size)
{
	arch_stage2_flush(ctx, va, size);
}

/* ---- formats ---- */

#define COMMON_OPS .kind = kind_of, .break_before_make = true
#define OPS_48 COMMON_OPS, .make_table = make_table, .address = address_of
#define OPS_52 COMMON_OPS, .make_table = make_table_52, .address = address_of_52
#define HOST_OPS .attr = host_attr_of, .flush = flush_host
#define STAGE2_OPS                                                                         \
	.attr = stage2_attr_of, .flush = flush_stage2, .make_contiguous = make_contiguous, \
	.is_contiguous = is_contiguous, .contiguous_bits = { CONTIGUOUS_BITS, CONTIGUOUS_BITS }

/*
 * Blocks of 2 MiB at most, and no groups: larger ones would have to be split while CPUs run on what they map
 * (hostmap.c), and meanwhile they would map nothing.
 */
static const struct pt_format host_formats[] = {
	{ .name = "48 bits",
	  .levels = 4,
	  .index_bits = { 9, 9, 9, 9 },
	  .leaf_level_max = 1,
	  .make_leaf = make_host_leaf,
	  OPS_48,
	  HOST_OPS },
	{ .name = "52 bits",
	  .levels = 5,
	  .index_bits = { 9, 9, 9, 9, 4 },
	  .leaf_level_max = 1,
	  .make_leaf = make_host_leaf_52,
	  OPS_52,
	  HOST_OPS },
};

/* A root of up to 16 tables in a row stands for a level above (D8.2.2): 4 more bits of address without a longer walk. */
#define STAGE2(bits, level_count, largest, ...)                                              \
	{                                                                                    \
		.name = #bits " bits", .levels = level_count, .index_bits = { __VA_ARGS__ }, \
		.leaf_level_max = largest, .make_leaf = make_stage2_leaf, OPS_48, STAGE2_OPS \
	}
static const struct pt_format stage2_formats[] = {
	STAGE2(32, 2, 1, 9, 11),
	STAGE2(33, 2, 1, 9, 12),
	STAGE2(34, 2, 1, 9, 13),
	STAGE2(36, 3, 2, 9, 9, 6),
	STAGE2(39, 3, 2, 9, 9, 9),
	STAGE2(40, 3, 2, 9, 9, 10),
	STAGE2(42, 3, 2, 9, 9, 12),
	STAGE2(43, 3, 2, 9, 9, 13),
	STAGE2(44, 4, 2, 9, 9, 9, 5),
	STAGE2(48, 4, 2, 9, 9, 9, 9),
	{ .name = "52 bits",
	  .levels = 4,
	  .index_bits = { 9, 9, 9, 13 },
	  .leaf_level_max = 2,
	  .make_leaf = make_stage2_leaf_52,
	  OPS_52,
	  STAGE2_OPS },
};

const struct pt_format *const arm64_host_format_48 = &host_formats[0];
const struct pt_format *arch_host_format = &host_formats[0];

static unsigned format_bits(const struct pt_format *f)
{
	return pt_level_shift(f, f->levels - 1) + f->index_bits[f->levels - 1];
}

/* ID_AA64MMFR0_EL1.PARange, of which PS fields are a copy; without DS no more than 48 bits are allowed. */
static u64 physical_size(bool ds)
{
	u64 range = sysreg_field(sysreg_read(ID_AA64MMFR0_EL1), 0);

	return MIN(range, ds ? 6ull : 5ull);
}

/* RAM above 48 bits only where there is no other way: one level of tables more. */
void arm64_choose_host_format(const struct boot_memory *mem)
{
	for (unsigned i = 0; i < mem->ram_count; i++)
		if (mem->ram[i].base + mem->ram[i].size > pgtable_limit(&host_formats[0]) &&
		    arm64_features.lpa2)
			arch_host_format = &host_formats[1];
}

/* What a secondary CPU loads before its MMU is on; boot.S knows the order. */
struct {
	u64 ttbr, tcr, mair, sctlr;
} arm64_host_mmu __aligned(32);

/* From boot.S. */
void arm64_mmu_switch(u64 ttbr, u64 tcr, u64 mair, u64 sctlr);

/* Bits 51:48 stand in 5:2 (D24.2.190); below 2^48 that is the address itself. */
static u64 ttbr_of(hpa_t root)
{
	return (root.v & PTE_ADDRESS_48) | (root.v >> 48 & 15) << 2;
}

/*
 * PAN has no meaning at EL2 without E2H: there is no EL0 in this translation regime. Return addresses are not
 * signed (arch.mk), so SCTLR_EL2 leaves pointer authentication off; branch targets are checked (PTE_GP).
 */
void arm64_load_map(hpa_t root, bool early)
{
	bool ds = arch_host_format != arm64_host_format_48;

	arm64_host_mmu.ttbr = ttbr_of(root);
	arm64_host_mmu.tcr = TCR_RES1 | TCR_WALKS | TCR_T0SZ(format_bits(arch_host_format)) |
			     physical_size(ds) << TCR_PS_SHIFT | (ds ? TCR_DS : 0);
	arm64_host_mmu.mair = MAIR_VALUE;
	arm64_host_mmu.sctlr = SCTLR_RES1 | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I |
			       (early ? 0 : SCTLR_WXN) | (arm64_features.iesb ? SCTLR_IESB : 0);
	arm64_cache_clean(&arm64_host_mmu, sizeof(arm64_host_mmu));
	arm64_mmu_switch(arm64_host_mmu.ttbr, arm64_host_mmu.tcr, arm64_host_mmu.mair,
			 arm64_host_mmu.sctlr);
}

void arch_host_map_activate(hpa_t root)
{
	arm64_load_map(root, false);
}

const struct pt_format *arm64_stage2_format(u64 limit, u64 *vtcr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(stage2_formats); i++) {
		const struct pt_format *f = &stage2_formats[i];
		bool ds = format_bits(f) > 48;

		if (format_bits(f) > arm64_features.pa_bits)
			break;
		/* Tables and memory of the guest may be anywhere in RAM. */
		if (pgtable_limit(f) < limit || (!ds && arch_host_format != arm64_host_format_48))
			continue;
		*vtcr = VTCR_RES1 | TCR_WALKS | TCR_T0SZ(format_bits(f)) |
			(u64)(f->levels - 2) << VTCR_SL0_SHIFT | physical_size(ds) << TCR_PS_SHIFT |
			(arm64_features.vmid_bits == 16 ? VTCR_VS : 0) | (ds ? VTCR_DS : 0);
		return f;
	}
	return NULL;
}

void arm64_stage2_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "second stage: up to %u bits, %u bits of VMID; host %s\n",
	      (unsigned)arm64_features.pa_bits, vmid_bits(), arch_host_format->name);
}
