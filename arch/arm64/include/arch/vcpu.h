/* SPDX-License-Identifier: MIT */
/* arm64: the architecture's part of a vCPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <arch/sysreg.h>
#include <core/timer.h>

/* Requests beyond those of core/vcpu.h. */
enum {
	VCPU_REQ_FLUSH_ICACHE = 1 << 8, /* ic iallu before the guest goes on */
	VCPU_REQ_RESUME = 1 << 9,       /* psci_resume() when it wakes */
};

/* Exit causes that are counted: ESR_EL2.EC, then these (see arch_exit_names). */
enum {
	ARM64_EXIT_IRQ = 64,
	ARM64_EXIT_SERROR,
	ARM64_EXIT_CAUSES,
};

/*
 * EL1 and EL0 registers that are the vCPU's own and stay in the hardware while it is loaded: those that every CPU
 * has. What only some CPUs have (keys, SVE, AArch32) is moved by vcpu.c where the CPU and the guest have it.
 */
/* clang-format off */
#define ARM64_GUEST_CONTEXT(X) ARM64_CONTEXT_1(X) ARM64_CONTEXT_2(X) ARM64_CONTEXT_3(X)
/* As many at a time as fit into the registers of a function: pairs are one load or store. */
#define ARM64_CONTEXT_1(X) \
	X(CPACR_EL1) X(TTBR0_EL1) X(TTBR1_EL1) X(SPSR_EL1) X(ELR_EL1) X(SP_EL0) X(SP_EL1) X(AFSR0_EL1)
#define ARM64_CONTEXT_2(X) \
	X(AFSR1_EL1) X(ESR_EL1) X(FAR_EL1) X(PAR_EL1) X(MAIR_EL1) X(AMAIR_EL1) X(VBAR_EL1) X(CONTEXTIDR_EL1)
#define ARM64_CONTEXT_3(X) \
	X(TPIDR_EL1) X(TPIDR_EL0) X(TPIDRRO_EL0) X(CNTKCTL_EL1) X(CSSELR_EL1) X(MDSCR_EL1) X(SCTLR_EL1) X(TCR_EL1)
/* clang-format on */

struct arm64_context {
#define FIELD(name) u64 name;
	ARM64_GUEST_CONTEXT(FIELD)
#undef FIELD
};

/* Registers that not every CPU or guest has; valid as the names say. */
struct arm64_optional_context {
	u64 APIAKEYLO_EL1, APIAKEYHI_EL1, APIBKEYLO_EL1, APIBKEYHI_EL1, APDAKEYLO_EL1; /* FEAT_PAuth */
	u64 APDAKEYHI_EL1, APDBKEYLO_EL1, APDBKEYHI_EL1, APGAKEYLO_EL1, APGAKEYHI_EL1;
	u64 DACR32_EL2, IFSR32_EL2, SPSR_abt, SPSR_und, SPSR_irq, SPSR_fiq; /* AArch32 at EL1 */
	u64 TCR2_EL1, PIR_EL1, PIRE0_EL1, SCXTNUM_EL1, SCXTNUM_EL0;
};

/* FP and SIMD registers: v[2n], v[2n + 1] are Vn. */
struct arm64_fp {
	u64 v[64] __aligned(16);
	u64 fpcr, fpsr;
};

/* SVE (FEAT_SVE), allocated where the guest has it: Z0..31, P0..15, FFR of the guest's greatest vector length. */
struct arm64_sve {
	u64 zcr; /* ZCR_EL1 */
	u32 vl;  /* bytes of one Z register as saved */
	u8 registers[] __aligned(16);
};

/* The virtual CPU interface while the vCPU is not loaded; its list registers are empty then (vgic_v2.c, vgic_v3.c). */
struct arm64_vgic_cpu {
	u64 apr[2][4]; /* by group; GICv2: [0][0] */
	u64 vmcr;
	u64 hcr;  /* also while loaded, but for EOIcount */
	u32 used; /* bitmap: list registers that may hold something; others are empty in the hardware too */
};

/* guest_timer.c */
struct arm64_timers {
	u64 cntv_ctl, cntv_cval; /* in the hardware while loaded */
	u64 cntp_ctl, cntp_cval; /* emulated: always here, guest time */
	struct timer cntp;       /* raises the physical timer's PPI */
	/* The guest was given the interrupt. Not loaded: the host's PPI was active for it; loaded: it may be. */
	bool forwarded_active;
};

#define ARM64_DEBUG_MAX 16

/* sysreg_debug.c: the guest's own breakpoints and watchpoints; in the hardware while `here` */
struct arm64_debug {
	u64 bvr[ARM64_DEBUG_MAX], bcr[ARM64_DEBUG_MAX];
	u64 wvr[ARM64_DEBUG_MAX], wcr[ARM64_DEBUG_MAX];
	bool here;
	bool os_lock; /* OSLSR_EL1.OSLK; in the hardware while loaded */
	u8 claim;     /* DBGCLAIM tags */
};

/*
 * While the guest runs, SP_EL2 points here. Assembly (entry.S) knows x[] and host_sp; asm_offsets.c checks.
 *
 * Where a register is:
 *   x[0..30]   in memory from a slow exit on; after a fast exit x18..x29 are still in the CPU
 *   pc, spsr   in ELR_EL2, SPSR_EL2 while loaded and entered; here after arch_vcpu_enter()
 *   context    in the hardware while loaded (vcpu->loaded_cpu >= 0), here otherwise
 */
struct arch_vcpu {
	u64 x[31];
	u64 host_sp; /* the CPU's stack, for the vectors */
	u64 pc;
	u64 spsr;
	u64 hcr; /* HCR_EL2, in the hardware while loaded; without VI, VF and TWE, which are decided on the way in */
	u64 cptr; /* CPTR_EL2 while it runs and FP is its own; vcpu.c traps FP otherwise */
	u64 mdcr;
	u64 vmpidr;
	struct arm64_context context;
	struct arm64_optional_context optional;
	bool has_optional; /* any of it but the keys */
	u32 pins; /* BIT(enum vcpu_pin): levels of an emulated CPU interface's IRQ (EXTERNAL) and FIQ (FAST); atomic */
	u32 pins_shown; /* what of them is in HCR_EL2 while loaded */
	bool suspended; /* waits in PSCI CPU_SUSPEND; counts while vcpu->waiting */
	u32 fp_cpu; /* CPU number + 1 whose hardware holds its FP registers, if it is also the CPU's fp_owner; 0: none */
	u64 cause_count[ARM64_EXIT_CAUSES];
	u64 resume_entry; /* PSCI CPU_SUSPEND with power-down: where it goes on, and with what in x0 */
	u64 resume_context;
	bool resuming; /* start_pending is such a resume, no power-on; guarded by vcpu->lock */
	struct arm64_timers timers;
	struct arm64_debug debug;
	struct arm64_vgic_cpu vgic;
	struct arm64_fp fp;
	u64 cache_next; /* cache.c: guest-physical, where cleaning goes on; 0: from the start */
	bool cache_cleaned; /* by set and way, since caches were switched on or off last */
	struct arm64_sve *sve; /* NULL when the host has none or the guest must not use it */
};

#endif
