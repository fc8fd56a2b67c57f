/* SPDX-License-Identifier: MIT */
/* arm64: dropping translations from the TLBs of all CPUs, by broadcast (Arm ARM D8.16). */
#include <arch/errata.h>
#include <arch/host.h>
#include <core/vm.h>

/* More pages than this are dropped together with all others. */
#define FLUSH_PAGES_MAX 64
#define VTTBR_VMID_SHIFT 48

/* TCR_EL1: no walks from either root; SCTLR_EL1.M */
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)
#define SCTLR_M BIT(0)

/* An address argument: bits 55:12 in 43:0. */
#define TLBI(op, va) __asm__ volatile("tlbi " op ", %0" : : "r"((va) >> PAGE_SHIFT) : "memory")
#define TLBI_ALL(op) __asm__ volatile("tlbi " op ::: "memory")

/* The entries that were written are in memory before what is behind the barrier. */
static void barrier(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

/* Ends a sequence of broadcast invalidations. Some CPUs complete the first one too early. */
static void finish(void)
{
	barrier();
	if (arm64_has_erratum(ERRATUM_REPEAT_TLBI)) {
		TLBI("vale2is", 0ull);
		barrier();
	}
}

void arm64_tlb_flush_host(u64 va, u64 size)
{
	barrier();
	if (size > FLUSH_PAGES_MAX * PAGE_SIZE)
		TLBI_ALL("alle2is");
	else
		for (u64 at = va; at < va + size; at += PAGE_SIZE)
			TLBI("vae2is", at);
	finish();
	isb();
}

/* A guest's registers while its VMID is not in VTTBR_EL2, nor the width of VMIDs in VTCR_EL2. */
struct borrowed {
	u64 vttbr, vtcr, tcr, sctlr;
};

/*
 * Some CPUs walk guests' tables speculatively for an AT instruction while EL2 runs, and would remember the loaded
 * guest's addresses under the VMID that is borrowed here: no walks meanwhile.
 */
static void borrow_vmid(struct borrowed *old, const struct vm *vm)
{
	*old = (struct borrowed){ .vttbr = sysreg_read(VTTBR_EL2), .vtcr = sysreg_read(VTCR_EL2) };
	if (arm64_has_erratum(ERRATUM_SPECULATIVE_AT)) {
		old->tcr = sysreg_read(TCR_EL1);
		old->sctlr = sysreg_read(SCTLR_EL1);
		sysreg_write(TCR_EL1, old->tcr | TCR_EPD0 | TCR_EPD1);
		isb();
		sysreg_write(SCTLR_EL1, old->sctlr | SCTLR_M);
		isb();
	}
	sysreg_write(VTCR_EL2, vm->arch.vtcr);
	sysreg_write(VTTBR_EL2, vm->arch.vttbr | vm->vmid.value << VTTBR_VMID_SHIFT);
	isb();
}

static void give_back(const struct borrowed *old)
{
	sysreg_write(VTCR_EL2, old->vtcr);
	sysreg_write(VTTBR_EL2, old->vttbr);
	isb();
	if (arm64_has_erratum(ERRATUM_SPECULATIVE_AT)) {
		sysreg_write(SCTLR_EL1, old->sctlr);
		isb();
		sysreg_write(TCR_EL1, old->tcr);
		isb();
	}
}

/* What stage 1 and stage 2 made together of an address is not found by that address: all of stage 1 goes. */
static void invalidate(u64 base, u64 size)
{
	if (size > FLUSH_PAGES_MAX * PAGE_SIZE) {
		TLBI_ALL("vmalls12e1is");
		return;
	}
	for (u64 at = base; at < base + size; at += PAGE_SIZE)
		TLBI("ipas2e1is", at);
	finish();
	TLBI_ALL("vmalle1is");
}

/* A VM that never ran has no translations anywhere. */
void arch_stage2_flush(struct vm *vm, u64 base, u64 size)
{
	struct borrowed old;
	unsigned long flags;

	barrier();
	if (__atomic_load_n(&vm->vmid.generation, __ATOMIC_RELAXED) == 0)
		return;
	flags = arch_irq_save();
	borrow_vmid(&old, vm);
	invalidate(base, size);
	finish();
	give_back(&old);
	arch_irq_restore(flags);
}

/* An instruction cache that is tagged by VMID holds what a number's last owner fetched (CTR_EL0.L1Ip). */
void arm64_tlb_flush_guests(void)
{
	enum { L1IP_VPIPT, L1IP_AIVIVT };

	__asm__ volatile("dsb nshst\n\t"
			 "tlbi alle1" ::
				 : "memory");
	if ((sysreg_read(CTR_EL0) >> 14 & 3) <= L1IP_AIVIVT)
		__asm__ volatile("ic iallu" ::: "memory");
	__asm__ volatile("dsb nsh\n\t"
			 "isb" ::
				 : "memory");
}
