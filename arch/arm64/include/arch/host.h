/* SPDX-License-Identifier: MIT */
/* arm64: what the files of this folder share about the host. */
#ifndef ARCH_HOST_H
#define ARCH_HOST_H

#include <arch/sysreg.h>
#include <core/arch.h>

struct cpu;

/* ---- boot.c ---- */

/*
 * From boot.S, on its tables: the tree, the exception level that we were entered at (or ENTRY_EL2_VHE_ONLY), CNTPCT at our first
 * instructions, and the first free one of the tables.
 */
void arm64_boot(const void *fdt, u64 entry, u64 ticks, void *next_table) __noreturn;
/* From boot.S: a CPU that arch_cpu_start() started; TPIDR_EL2 is set, the MMU is on. */
void arm64_secondary(void) __noreturn;
extern char arm64_boot_stack[];

/* Entered at EL3, where no firmware is left then. */
bool arm64_was_at_el3(void);

/* ---- el3.c: what firmware at EL3 would have done, when we were entered there ---- */

/* On the boot CPU before the interrupt controller's driver, then on each CPU. */
void arm64_el3_init(const void *fdt);
void arm64_el3_cpu_init(void);

/* ---- early_map.c: the map until hostmap_init(), made by boot.S: the image and the tree ---- */

void arm64_early_map_init(void *next_table);
/* Adds [base, base + size), whole pages, at its own address; what is there already stays. -ENOMEM: no table left. */
int arm64_early_map(u64 base, u64 size, unsigned attr) __must_check;
/* All RAM of @info, in arch_host_format. What does not fit the tables is taken out of @info, and said. */
void arm64_early_map_ram(struct boot_info *info);

/* ---- early_console.c: polled output before drivers, and when they are of no use any more ---- */

/* Finds the UART: /chosen stdout-path of @fdt (may be NULL), else CONFIG_EARLY_UART. Its registers; size 0: there is none. */
struct hpa_range arm64_early_console_init(const void *fdt);

/* ---- cpus.c: CPUs of the device tree; the boot CPU is CPU 0 ---- */

#define MPIDR_AFFINITY 0xff00fffffful
extern u64 arm64_cpu_mpidr[CONFIG_NR_CPUS]; /* for boot.S; others ask arch_cpu_hardware_id() */
int arm64_find_cpus(const void *fdt, u64 boot_mpidr, unsigned *count) __must_check;
/* The cpu node of CPU number @cpu: how it is started (enable-method). */
int arm64_cpu_node(unsigned cpu);

/* ---- firmware.c: PSCI and SMCCC below us, by SMC or HVC as the tree says ---- */

struct smccc_result {
	u64 x[4];
};
/* Finds /psci. Without it, or when it is known not to be there, CPUs start by spin table, power off is a driver's. */
void arm64_firmware_init(const void *fdt, bool is_there);
bool arm64_firmware_has_psci(void);
/* Adds to what is reserved where CPUs wait that are started by spin table. After arm64_find_cpus(). -ENOSPC. */
int arm64_firmware_reserve(struct boot_memory *mem) __must_check;
/* A call by the conduit; x0 = NOT_SUPPORTED (-1) when there is no firmware. */
struct smccc_result arm64_firmware_call(u64 function, u64 a1, u64 a2, u64 a3);
void arm64_firmware_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);

/* ---- features.c: what all CPUs have, from ID registers; what differs is the least of them ---- */

struct arm64_features {
	u8 pa_bits;   /* 32..52 */
	u8 vmid_bits; /* 8 or 16 */
	bool granule_4k; /* without it we cannot run */
	bool lpa2;    /* 52-bit addresses with 4 KiB pages, both stages */
	bool vhe;     /* present; we run without */
	bool pan;     /* FEAT_PAN */
	bool bti, pauth, mte, sve, sme;
	bool xnx;      /* stage 2 tells EL0 from EL1 execution */
	bool hcrx;     /* HCRX_EL2 */
	bool fwb;      /* FEAT_S2FWB */
	bool ecv_poff; /* CNTPOFF_EL2 */
	bool fgt;
	bool evt; /* HCR_EL2.TID4.. */
	bool ras, iesb;
	bool gic_sysregs;
	bool el0_32, el1_32;
	bool tcr2, s1pie, csv2_2;
	bool contiguous_tlb_range; /* FEAT_TLBIRANGE */
	u64 midr;
};
extern struct arm64_features arm64_features;
/* On the boot CPU. */
void arm64_features_init(void);
/* On each of the others: false, and said, when it has less than the boot CPU. It must not go on then. */
bool arm64_features_suffice(void) __must_check;

/* ---- mmu.c ---- */

extern const struct pt_format *const arm64_host_format_48; /* what boot.S makes tables of */
/* This CPU goes on with the tables at @root, of arch_host_format; @early: they may say that data can be executed. */
void arm64_load_map(hpa_t root, bool early);
/* Sets arch_host_format. */
void arm64_choose_host_format(const struct boot_memory *mem);
/* The format with the fewest levels that reaches @limit, and VTCR_EL2 for it; NULL: beyond the CPUs' addresses. */
const struct pt_format *arm64_stage2_format(u64 limit, u64 *vtcr);
void arm64_stage2_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);

/* ---- tlb.c: dropping translations ---- */

/* Of the hypervisor's own tables, on all CPUs. */
void arm64_tlb_flush_host(u64 va, u64 size);
/* First- and second-stage translations of all guests, from this CPU's TLB (vmid_init()). */
void arm64_tlb_flush_guests(void);

/* ---- memory.c ---- */

/* To the point of coherency, so that CPUs with caches off see what was written. Any context. */
void arm64_cache_clean(const void *p, u64 size);
/* Whole pages, so that CPUs with caches on read what others wrote past them. Any context. */
void arm64_cache_clean_invalidate(const void *p, u64 size);

/* ---- timer.c: CNTHP as the host's timer; its and the guests' PPIs from the tree's timer node ---- */

/* Rate of the counter: the timer node's clock-frequency, else CNTFRQ_EL0, which may be 0. */
u64 arm64_timer_hz(const void *fdt);

#endif
