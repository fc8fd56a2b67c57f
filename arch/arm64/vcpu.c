/* SPDX-License-Identifier: MIT */
/* arm64: a vCPU's registers: made, reset, moved to and from a CPU, entered. */
#include <arch/errata.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <core/time.h>
#include <core/vm.h>
#include <emulators/gic.h>
#include <string.h>

/* From entry.S. */
void arm64_enter(struct vcpu *vcpu);

#define HCR_HOST (HCR_RW | HCR_AMO | HCR_IMO | HCR_FMO)
/*
 * Guests: TLB and cache maintenance reaches the inner-shareable domain, because the vCPU may have been on another CPU
 * (FB, BSU); set and way, firmware calls, waiting, and registers that identify or are implementation defined trap.
 * CTR_EL0 and the cache geometry do not: what guests see of them is the CPU's own.
 */
#define HCR_GUEST                                                                              \
	(HCR_HOST | HCR_VM | HCR_SWIO | HCR_FB | HCR_BSU_INNER | HCR_TWI | HCR_TSC | HCR_TSW | \
	 HCR_TIDCP | HCR_TACR | HCR_TID3 | HCR_TLOR)
/* Decided on the way in. */
#define HCR_ON_ENTRY (HCR_VI | HCR_VF | HCR_TWE)
#define MDCR_GUEST \
	(MDCR_TPM | MDCR_TPMCR | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF)
#define CPTR_GUEST (CPTR_RES1 | CPTR_TTA | CPTR_TAM)
#define VMID_SHIFT 48

/* Counters of the PMU that EL1 may have; a value beyond what the CPU has is not allowed (D24.3.17). */
static u64 mdcr_guest;

void arm64_allow_guests(void)
{
	mdcr_guest = (sysreg_read(MDCR_EL2) & MDCR_HPMN) | MDCR_GUEST;
	sysreg_write(HCR_EL2, HCR_HOST);
	sysreg_write(CPTR_EL2, CPTR_GUEST | CPTR_TFP | CPTR_TZ);
	sysreg_write(MDCR_EL2, mdcr_guest);
	sysreg_write(HSTR_EL2, 0);
	sysreg_write(VPIDR_EL2, arm64_features.midr);
	if (arm64_features.tcr2)
		sysreg_write(HCRX_EL2, HCRX_TCR2EN);
	else if (arm64_features.hcrx)
		sysreg_write(HCRX_EL2, 0);
	if (arm64_features.fgt) {
		u64 allowed = arm64_features.s1pie ? HFG_NPIR_EL1 | HFG_NPIRE0_EL1 : 0;

		sysreg_write(HFGRTR_EL2, allowed);
		sysreg_write(HFGWTR_EL2, allowed);
		sysreg_write(HFGITR_EL2, 0);
		sysreg_write(HDFGRTR_EL2, 0);
		sysreg_write(HDFGWTR_EL2, 0);
	}
	fpu_cpu_init();
}

int arch_vcpu_create(struct vcpu *vcpu)
{
	guest_timer_create(vcpu);
	return fpu_create(vcpu);
}

void arch_vcpu_destroy(struct vcpu *vcpu)
{
	guest_timer_destroy(vcpu);
	fpu_destroy(vcpu);
}

static u64 reset_hcr(void)
{
	u64 hcr = HCR_GUEST | cache_hcr();

	hcr |= arm64_features.pauth ? HCR_API | HCR_APK : 0;
	hcr |= arm64_features.csv2_2 ? HCR_ENSCXT : 0;
	hcr |= arm64_features.ras ? HCR_TERR : 0; /* error records are the host's */
	return hcr;
}

/* As PSCI CPU_ON and the kernel's boot protocol want it (DEN 0022, 6.4.3): EL1h, all masked, MMU and caches off. */
void arch_vcpu_reset(struct vcpu *vcpu, u64 entry, u64 arg)
{
	struct arch_vcpu *a = &vcpu->arch;

	memset(a->x, 0, sizeof(a->x));
	a->x[0] = arg;
	a->pc = entry;
	a->spsr = PSTATE_EL1H | PSTATE_DAIF;
	a->hcr = reset_hcr();
	context_reset(a);
	a->cptr = CPTR_GUEST | (a->sve ? 0 : CPTR_TZ);
	a->mdcr = mdcr_guest;
	a->vmpidr = arm64_vcpu_mpidr(vcpu->index);
	a->cache_next = 0;
	a->cache_cleaned = false;
	/* The pins are wires: their controller holds them as they were. */
	sysreg_reset(vcpu);
	guest_timer_reset(vcpu);
	vgic_reset(vcpu);
	fpu_reset(vcpu);
}

/* ---- which CPU holds the registers ---- */

/*
 * Translations and instructions that another vCPU of the VM left behind are not this one's: to a guest each vCPU has
 * a TLB of its own. The barriers: the TLBI is for the VMID just written, and it is done before the guest walks.
 */
static void claim_tlb(struct vcpu *vcpu)
{
	if (!vmid_claim(vcpu))
		return;
	__asm__ volatile("isb\n\ttlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb" ::: "memory");
}

static void use_vm(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	vmid_update(vm);
	sysreg_write(VTCR_EL2, vm->arch.vtcr);
	sysreg_write(VTTBR_EL2, vm->arch.vttbr | vm->vmid.value << VMID_SHIFT);
	claim_tlb(vcpu);
}

static u64 hcr_of_pins(u32 pins)
{
	return (pins & BIT(VCPU_PIN_EXTERNAL) ? HCR_VI : 0) |
	       (pins & BIT(VCPU_PIN_FAST) ? HCR_VF : 0);
}

/* No barrier: what is written holds from the ERET on, and nothing here reads by the guest's translation. */
void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	bool guarded = arm64_has_erratum(ERRATUM_SPECULATIVE_AT);

	if (unlikely(guarded))
		context_forbid_walks();
	use_vm(vcpu);
	a->pins_shown = __atomic_load_n(&a->pins, __ATOMIC_SEQ_CST);
	sysreg_write(HCR_EL2, a->hcr | hcr_of_pins(a->pins_shown));
	sysreg_write(VMPIDR_EL2, a->vmpidr);
	sysreg_load(vcpu);
	context_load(a, guarded);
	vgic_load(vcpu);
	guest_timer_load(vcpu);
	fpu_load(vcpu);
}

/* HCR_EL2 stays without the guest's pending interrupts, which would end the sleep of an idle CPU. */
void arch_vcpu_put(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	fpu_put(vcpu);
	guest_timer_put(vcpu);
	sysreg_put(vcpu);
	vgic_put(vcpu);
	context_save(a);
	a->hcr = sysreg_read(HCR_EL2) & ~HCR_ON_ENTRY;
	sysreg_write(HCR_EL2, HCR_HOST);
}

/* ---- interrupts ---- */

bool arch_vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level)
{
	u32 bit = BIT(pin), before;

	if (!hcr_of_pins(bit))
		return false;
	before = level ? __atomic_fetch_or(&vcpu->arch.pins, bit, __ATOMIC_SEQ_CST) :
			 __atomic_fetch_and(&vcpu->arch.pins, ~bit, __ATOMIC_SEQ_CST);
	return (before & bit) != (level ? bit : 0);
}

static void show_pins(struct vcpu *vcpu, u32 pins)
{
	sysreg_write(HCR_EL2, (sysreg_read(HCR_EL2) & ~(HCR_VI | HCR_VF)) | hcr_of_pins(pins));
	vcpu->arch.pins_shown = pins;
}

/* The request is taken back first: who asks again meanwhile is not forgotten. */
void arm64_sync_interrupts(struct vcpu *vcpu)
{
	struct gic *gic = vcpu->vm->arch.gic;
	u32 pins;

	__atomic_fetch_and(&vcpu->requests, ~(u32)VCPU_REQ_IRQ, __ATOMIC_SEQ_CST);
	pins = __atomic_load_n(&vcpu->arch.pins, __ATOMIC_SEQ_CST);
	if (pins != vcpu->arch.pins_shown)
		show_pins(vcpu, pins);
	if (gic)
		gic_sync(gic, vcpu);
}

static bool serror_is_pending(const struct vcpu *vcpu)
{
	u64 hcr = this_cpu()->loaded == vcpu ? sysreg_read(HCR_EL2) : vcpu->arch.hcr;

	return hcr & HCR_VSE;
}

/* What the guest has done with its list registers is not known before they are read back. */
static void take_interrupt_request(struct vcpu *vcpu)
{
	if (this_cpu()->loaded == vcpu && (vcpu->requests & VCPU_REQ_IRQ))
		arm64_sync_interrupts(vcpu);
}

bool arch_vcpu_has_interrupt(struct vcpu *vcpu, u64 *deadline)
{
	guest_timer_take_up(vcpu);
	take_interrupt_request(vcpu);
	if (vcpu->arch.pins || vgic_has_pending(vcpu) || guest_timer_is_due(vcpu) ||
	    serror_is_pending(vcpu))
		return true;
	*deadline = guest_timer_deadline(vcpu);
	return false;
}

/* ---- running ---- */

bool arm64_serve_requests(struct vcpu *vcpu)
{
	u32 requests = __atomic_fetch_and(&vcpu->requests, (u32)(VCPU_REQ_LEAVE | VCPU_REQ_IRQ),
					  __ATOMIC_SEQ_CST);

	if (requests & VCPU_REQ_IRQ)
		arm64_sync_interrupts(vcpu);
	if (requests & VCPU_REQ_FLUSH_ICACHE)
		__asm__ volatile("ic iallu\n\tdsb nsh" ::: "memory");
	if (unlikely(requests & VCPU_REQ_RESUME) && psci_resume(vcpu))
		return true;
	return requests & VCPU_REQ_LEAVE;
}

/* WFE is worth an exit only if somebody else could use the CPU. */
static void trap_wfe(bool trap)
{
	u64 hcr = sysreg_read(HCR_EL2), wanted = trap ? hcr | HCR_TWE : hcr & ~HCR_TWE;

	if (hcr != wanted)
		sysreg_write(HCR_EL2, wanted);
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (unlikely(!vmid_is_current(vcpu->vm)))
		use_vm(vcpu);
	/* Who sets a request looks at loaded_cpu afterwards, which has been written before this. */
	if (__atomic_load_n(&vcpu->requests, __ATOMIC_SEQ_CST) && arm64_serve_requests(vcpu))
		return;
	if (this_cpu()->resched)
		return;
	trap_wfe(this_cpu()->rq.ready_count > 0);
	sysreg_write(ELR_EL2, a->pc);
	sysreg_write(SPSR_EL2, a->spsr);
	arm64_enter(vcpu);
	a->pc = sysreg_read(ELR_EL2);
	a->spsr = sysreg_read(SPSR_EL2);
}
