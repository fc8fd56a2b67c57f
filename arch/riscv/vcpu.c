/* SPDX-License-Identifier: MIT */
/* riscv64: a vCPU's registers: made, reset, moved to and from a hart, entered. */
#include <arch/guest.h>
#include <arch/hfence.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <core/errno.h>
#include <core/time.h>
#include <core/vm.h>
#include <string.h>

/* From entry.S. */
void riscv_enter(struct vcpu *vcpu);

/* Pins that are levels; the software interrupt is the guest's own to clear. */
#define PIN_LEVELS (BIT(IRQ_VS_EXT) | BIT(IRQ_VS_TIMER))

static bool timer_is_direct(void)
{
	return isa_has(EXT_SSTC);
}

int arch_vcpu_create(struct vcpu *vcpu)
{
	riscv_timer_init(vcpu);
	return fpu_create(vcpu);
}

void arch_vcpu_destroy(struct vcpu *vcpu)
{
	riscv_timer_destroy(vcpu);
	fpu_destroy(vcpu);
}

/* As a hart comes out of SBI HSM start: VS-mode, no translation, interrupts off (SBI 2.0, section 9.1). */
void arch_vcpu_reset(struct vcpu *vcpu, u64 entry, u64 arg)
{
	struct arch_vcpu *a = &vcpu->arch;

	memset(a->x, 0, sizeof(a->x));
	a->x[10] = vcpu->index;
	a->x[11] = arg;
	a->pc = entry;
	a->sstatus = SSTATUS_SPP;
	a->hstatus = HSTATUS_SPV | HSTATUS_SPVP | HSTATUS_VTW | HSTATUS_VSXL_64;
	a->vsstatus = SSTATUS_UXL_64 | SSTATUS_FS_INITIAL | (a->vector ? SSTATUS_VS_INITIAL : 0);
	a->vsie = a->vstvec = a->vsscratch = a->vsepc = a->vscause = a->vstval = a->vsatp = 0;
	/* As firmware leaves it: kernels that know no counters rely on rdtime in user mode. */
	a->scounteren = COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR;
	a->senvcfg = a->hvip = 0;
	/* The external interrupt is a wire: its controller holds it as it was. */
	__atomic_fetch_and(&a->pins, (u32)BIT(IRQ_VS_EXT), __ATOMIC_SEQ_CST);
	riscv_timer_reset(vcpu);
	fpu_reset(vcpu);
}

/* ---- which hart holds the registers ---- */

static void load_registers(const struct arch_vcpu *a)
{
	csr_write(CSR_VSSTATUS, a->vsstatus);
	csr_write(CSR_VSIE, a->vsie);
	csr_write(CSR_VSTVEC, a->vstvec);
	csr_write(CSR_VSSCRATCH, a->vsscratch);
	csr_write(CSR_VSEPC, a->vsepc);
	csr_write(CSR_VSCAUSE, a->vscause);
	csr_write(CSR_VSTVAL, a->vstval);
	csr_write(CSR_VSATP, a->vsatp);
	csr_write(scounteren, a->scounteren);
	csr_write(CSR_SENVCFG, a->senvcfg);
	if (timer_is_direct())
		csr_write(CSR_VSTIMECMP, a->vstimecmp);
}

/*
 * Translations that another vCPU of the VM left behind are not this one's (section 19.3.2), and its own
 * from an earlier stay are stale: its sfence.vma and fence.i meanwhile reached other harts only.
 */
static void claim_tlb(struct vcpu *vcpu)
{
	if (!vmid_claim(vcpu))
		return;
	hfence_vvma_all();
	fence_i();
}

static void use_vm(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;

	vmid_update(vm);
	csr_write(CSR_HGATP, vm->arch.hgatp | (vm->vmid.value << HGATP_VMID_SHIFT));
	claim_tlb(vcpu);
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	u32 pins = __atomic_load_n(&a->pins, __ATOMIC_SEQ_CST);

	use_vm(vcpu);
	csr_write(CSR_HTIMEDELTA, vcpu->vm->arch.time_delta);
	load_registers(a);
	csr_write(CSR_HVIP, a->hvip | (pins & PIN_LEVELS));
	fpu_load(vcpu);
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	fpu_put(vcpu);
	a->vsstatus = csr_read(CSR_VSSTATUS);
	a->vsie = csr_read(CSR_VSIE);
	a->vstvec = csr_read(CSR_VSTVEC);
	a->vsscratch = csr_read(CSR_VSSCRATCH);
	a->vsepc = csr_read(CSR_VSEPC);
	a->vscause = csr_read(CSR_VSCAUSE);
	a->vstval = csr_read(CSR_VSTVAL);
	a->vsatp = csr_read(CSR_VSATP);
	a->scounteren = csr_read(scounteren);
	a->senvcfg = csr_read(CSR_SENVCFG);
	a->hvip = csr_read(CSR_HVIP) & BIT(IRQ_VS_SOFT);
	if (timer_is_direct()) {
		a->vstimecmp = csr_read(CSR_VSTIMECMP);
		csr_write(CSR_VSTIMECMP, TIME_NEVER);
	}
}

/* ---- interrupts ---- */

bool arch_vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level)
{
	static const u8 irq[] = {
		[VCPU_PIN_EXTERNAL] = IRQ_VS_EXT,
		[VCPU_PIN_SOFTWARE] = IRQ_VS_SOFT,
		[VCPU_PIN_TIMER] = IRQ_VS_TIMER,
	};
	u32 bit, before;

	if (pin >= ARRAY_SIZE(irq))
		return false;
	bit = BIT(irq[pin]);
	before = level ? __atomic_fetch_or(&vcpu->arch.pins, bit, __ATOMIC_SEQ_CST) :
			 __atomic_fetch_and(&vcpu->arch.pins, ~bit, __ATOMIC_SEQ_CST);
	return (before & bit) != (level ? bit : 0);
}

/* Brings the pins to the hart: levels as they are, a software interrupt once. */
static void sync_pins(struct vcpu *vcpu)
{
	u32 pins = __atomic_fetch_and(&vcpu->arch.pins, ~(u32)BIT(IRQ_VS_SOFT), __ATOMIC_SEQ_CST);

	csr_set(CSR_HVIP, pins);
	csr_clear(CSR_HVIP, ~(u64)pins & PIN_LEVELS);
}

/* vsip and vsie have the bits of sip and sie: one below those of hvip (section 19.2.12). */
static u64 pending_in_hardware(const struct vcpu *vcpu)
{
	return (csr_read(CSR_VSIP) | (vcpu->arch.pins >> 1)) & csr_read(CSR_VSIE);
}

static u64 pending_in_memory(struct vcpu *vcpu)
{
	const struct arch_vcpu *a = &vcpu->arch;
	u64 pending = (a->hvip | a->pins) >> 1;

	if (timer_is_direct() && time_now() + vcpu->vm->arch.time_delta >= a->vstimecmp)
		pending |= BIT(IRQ_S_TIMER);
	return pending & a->vsie;
}

bool arch_vcpu_has_interrupt(struct vcpu *vcpu, u64 *deadline)
{
	bool here = this_cpu()->loaded == vcpu;
	u64 enabled = here ? csr_read(CSR_VSIE) : vcpu->arch.vsie;

	if (here ? pending_in_hardware(vcpu) : pending_in_memory(vcpu))
		return true;
	*deadline = TIME_NEVER;
	if (timer_is_direct() && (enabled & BIT(IRQ_S_TIMER)))
		*deadline = riscv_timer_deadline(vcpu);
	return false;
}

/* ---- running ---- */

bool riscv_serve_requests(struct vcpu *vcpu)
{
	u32 requests = __atomic_fetch_and(&vcpu->requests, (u32)VCPU_REQ_LEAVE, __ATOMIC_SEQ_CST);

	if (requests & VCPU_REQ_IRQ)
		sync_pins(vcpu);
	if (requests & VCPU_REQ_FENCE_I)
		fence_i();
	if (requests & VCPU_REQ_FENCE_VVMA)
		hfence_vvma_all();
	return requests & VCPU_REQ_LEAVE;
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (unlikely(!vmid_is_current(vcpu->vm)))
		use_vm(vcpu);
	if (riscv_serve_requests(vcpu) || this_cpu()->resched)
		return;
	csr_write(sepc, a->pc);
	csr_write(sstatus, a->sstatus);
	csr_write(CSR_HSTATUS, a->hstatus);
	riscv_enter(vcpu);
	a->pc = csr_read(sepc);
	a->sstatus = csr_read(sstatus);
	a->hstatus = csr_read(CSR_HSTATUS);
}
