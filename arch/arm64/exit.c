/* SPDX-License-Identifier: MIT */
/* arm64: guest exits, from the vectors to core and back. */
#include <arch/asm.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/trap.h>
#include <core/trace.h>
#include <core/vm.h>

const char *const arch_exit_names[ARM64_EXIT_CAUSES] = {
	[ESR_EC_UNKNOWN] = "unknown-instruction",
	[ESR_EC_WFX] = "wfi-wfe",
	[ESR_EC_CP15_32] = "cp15",
	[ESR_EC_CP15_64] = "cp15-64-bit",
	[ESR_EC_CP14_32] = "cp14",
	[ESR_EC_CP14_LS] = "cp14-load-store",
	[ESR_EC_FP] = "float",
	[ESR_EC_CP10_ID] = "float-id",
	[ESR_EC_PAC] = "pointer-authentication",
	[ESR_EC_LS64] = "load-store-64-bytes",
	[ESR_EC_CP14_64] = "cp14-64-bit",
	[ESR_EC_BTI] = "branch-target",
	[ESR_EC_ILLEGAL] = "illegal-state",
	[ESR_EC_SVC32] = "svc-32",
	[ESR_EC_HVC32] = "hvc-32",
	[ESR_EC_SMC32] = "smc-32",
	[ESR_EC_SVC64] = "svc",
	[ESR_EC_HVC64] = "hvc",
	[ESR_EC_SMC64] = "smc",
	[ESR_EC_SYS64] = "system-register",
	[ESR_EC_SVE] = "sve",
	[ESR_EC_ERET] = "eret",
	[ESR_EC_PAC_FAIL] = "pointer-authentication-failure",
	[ESR_EC_SME] = "sme",
	[ESR_EC_IABT_LOW] = "instruction-abort",
	[ESR_EC_PC_ALIGN] = "pc-alignment",
	[ESR_EC_DABT_LOW] = "data-abort",
	[ESR_EC_SP_ALIGN] = "sp-alignment",
	[ESR_EC_FP32] = "float-exception-32",
	[ESR_EC_FP64] = "float-exception",
	[ESR_EC_BREAK_LOW] = "breakpoint",
	[ESR_EC_STEP_LOW] = "software-step",
	[ESR_EC_WATCH_LOW] = "watchpoint",
	[ESR_EC_BKPT32] = "bkpt-32",
	[ESR_EC_BRK64] = "brk",
	[ARM64_EXIT_IRQ] = "host-interrupt",
	[ARM64_EXIT_SERROR] = "serror",
};
const unsigned arch_exit_name_count = ARM64_EXIT_CAUSES;

static unsigned class_of(u64 esr)
{
	return (u32)esr >> ESR_EC_SHIFT;
}

/* ---- waiting ---- */

#define WFX_KIND \
	3 /* ISS.TI: WFI, WFE, and both with a timeout (FEAT_WFxT), which may end at any time */
#define WFX_WFI 0

static enum arm64_exit wait(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };

	arm64_advance(trap->esr);
	if ((trap->esr & WFX_KIND) == WFX_WFI)
		exit_handle(vcpu, &exit);
	else
		vcpu_spins(vcpu);
	return ARM64_RESUME;
}

/* ---- calls: immediates other than 0, and AArch32's ---- */

#define ISS_IMMEDIATE 0xffff

static void call_32(struct vcpu *vcpu)
{
	u64 *x = vcpu->arch.x;

	for (unsigned i = 0; i < 8; i++)
		x[i] = (u32)x[i];
	smccc_call(vcpu);
	for (unsigned i = 0; i < 4; i++)
		x[i] = (u32)x[i];
}

/* HVC has stepped over itself, a trapped SMC has not. */
static enum arm64_exit call(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	unsigned class = class_of(trap->esr);
	bool is_smc = class == ESR_EC_SMC32 || class == ESR_EC_SMC64;

	/* An SMC of AArch32 does not report its immediate. */
	if (class != ESR_EC_SMC32 && (trap->esr & ISS_IMMEDIATE)) {
		if (!is_smc)
			arm64_go_back(trap->esr);
		arm64_inject_undefined(vcpu, trap->esr);
		return ARM64_RESUME;
	}
	if (is_smc)
		arm64_advance(trap->esr);
	if (class == ESR_EC_HVC32 || class == ESR_EC_SMC32)
		call_32(vcpu);
	else
		smccc_call(vcpu);
	return ARM64_RESUME;
}

/* ---- registers ---- */

/* Interrupts to other CPUs among them, so it is called directly. */
static inline void access_register(struct vcpu *vcpu, u64 esr)
{
	if (unlikely(!sysreg_trap(vcpu, esr)))
		arm64_inject_undefined(vcpu, esr);
}

static enum arm64_exit coprocessor(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	if (unlikely(!sysreg_trap_32(vcpu, trap->esr)))
		arm64_inject_undefined(vcpu, trap->esr);
	return ARM64_RESUME;
}

static enum arm64_exit float_registers(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	if (unlikely(!fpu_trap(vcpu, trap->esr)))
		arm64_inject_undefined(vcpu, trap->esr);
	return ARM64_RESUME;
}

/* ---- the rest ---- */

/* Nothing that we let exit, but if it does, it is the guest's own exception to handle. */
static enum arm64_exit reflect(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	arm64_inject_sync(vcpu, trap->esr);
	return ARM64_RESUME;
}

/* Instructions of AArch32 trap though their condition fails, where the CPU likes to (G1.20.1): they do nothing then. */
static bool is_conditional(unsigned class)
{
	return (BIT(class) & (BIT(ESR_EC_WFX) | BIT(ESR_EC_CP15_32) | BIT(ESR_EC_CP15_64) |
			      BIT(ESR_EC_CP14_32) | BIT(ESR_EC_CP14_LS) | BIT(ESR_EC_FP) |
			      BIT(ESR_EC_CP10_ID) | BIT(ESR_EC_CP14_64) | BIT(ESR_EC_SMC32)));
}

static enum arm64_exit dispatch(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	static enum arm64_exit (*const handlers[64])(struct vcpu *, const struct arm64_trap *) = {
		[ESR_EC_WFX] = wait,
		[ESR_EC_CP15_32] = coprocessor,
		[ESR_EC_CP15_64] = coprocessor,
		[ESR_EC_CP14_32] = coprocessor,
		[ESR_EC_CP14_LS] = coprocessor,
		[ESR_EC_FP] = float_registers,
		[ESR_EC_CP10_ID] = coprocessor,
		[ESR_EC_CP14_64] = coprocessor,
		[ESR_EC_ILLEGAL] = reflect,
		[ESR_EC_HVC32] = call,
		[ESR_EC_SMC32] = call,
		[ESR_EC_HVC64] = call,
		[ESR_EC_SMC64] = call,
		[ESR_EC_SVE] = float_registers,
		[ESR_EC_PAC_FAIL] = reflect,
		[ESR_EC_IABT_LOW] = arm64_fetch_abort,
		[ESR_EC_PC_ALIGN] = reflect,
		[ESR_EC_DABT_LOW] = arm64_data_abort,
		[ESR_EC_SP_ALIGN] = reflect,
		[ESR_EC_FP32] = reflect,
		[ESR_EC_FP64] = reflect,
		[ESR_EC_BREAK_LOW] = reflect,
		[ESR_EC_STEP_LOW] = reflect,
		[ESR_EC_WATCH_LOW] = reflect,
		[ESR_EC_BKPT32] = reflect,
		[ESR_EC_BRK64] = reflect,
	};
	unsigned class = class_of(trap->esr);

	if (is_conditional(class) && !arm64_condition_holds(trap->esr)) {
		arm64_advance(trap->esr);
		return ARM64_RESUME;
	}
	if (likely(handlers[class]))
		return handlers[class](vcpu, trap);
	arm64_inject_undefined(vcpu, trap->esr);
	return ARM64_RESUME;
}

/* ---- from entry.S: each answers with the vCPU to resume, or NULL ---- */

struct vcpu *arm64_exit_call(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_irq(struct vcpu *vcpu);
struct vcpu *arm64_exit_sync(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_serror(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_serve(struct vcpu *vcpu);

static inline void count_only(struct vcpu *vcpu, u64 index)
{
	vcpu->arch.cause_count[index]++;
	vcpu->stats.last_exit_cause = index;
}

static inline void count(struct vcpu *vcpu, u64 index)
{
	count_only(vcpu, index);
	if (unlikely(trace_on))
		trace_exit(vcpu, (unsigned)index);
}

/*
 * Back into the guest, or NULL: arm64_exit_serve() shall look. What most exits with something else to do find is an
 * interrupt for the guest, so that is done here. `waiting` and `resched` are bytes.
 */
static inline struct vcpu *go_on(struct vcpu *vcpu)
{
	if (unlikely(this_cpu()->resched | vcpu->waiting | trace_on))
		return NULL;
	if (vcpu->requests == VCPU_REQ_IRQ)
		arm64_sync_interrupts(vcpu);
	return likely(!vcpu->requests) ? vcpu : NULL;
}

static struct vcpu *call_other(struct vcpu *vcpu, u64 esr)
{
	count(vcpu, class_of(esr));
	if (esr & ESR_SMC_BIT)
		arm64_advance(esr);
	smccc_call(vcpu);
	return go_on(vcpu);
}

/*
 * `hvc #0` or `smc #0`. Caller-saved registers in memory, the others still in the CPU. NULL: arm64_exit_serve() shall
 * look. A call that only reads a constant gives nobody a reason to look: who wants attention sends an IPI.
 */
struct vcpu *arm64_exit_call(struct vcpu *vcpu, u64 esr)
{
	if (unlikely(trace_on) || !smccc_answer_constant(vcpu))
		return call_other(vcpu, esr);
	count_only(vcpu, class_of(esr));
	if (esr & ESR_SMC_BIT)
		arm64_advance(esr);
	return vcpu;
}

struct vcpu *arm64_exit_irq(struct vcpu *vcpu)
{
	count(vcpu, ARM64_EXIT_IRQ);
	arm64_interrupt();
	return go_on(vcpu);
}

/* NULL: back to vcpu_run(); entry.S brings registers that are not in memory there. */
struct vcpu *arm64_exit_serve(struct vcpu *vcpu)
{
	if (vcpu->requests && arm64_serve_requests(vcpu))
		return NULL;
	if (this_cpu()->resched || vcpu->waiting)
		return NULL;
	if (unlikely(trace_on))
		trace_enter(vcpu);
	return vcpu;
}

static inline struct vcpu *serve(struct vcpu *vcpu)
{
	return likely(go_on(vcpu)) ? vcpu : arm64_exit_serve(vcpu);
}

static struct vcpu *slow(struct vcpu *vcpu, u64 esr)
{
	struct arm64_trap trap = {
		.esr = esr,
		.far = sysreg_read(FAR_EL2),
		.hpfar = sysreg_read(HPFAR_EL2),
	};

	if (dispatch(vcpu, &trap) == ARM64_LEAVE)
		return NULL;
	return serve(vcpu);
}

/*
 * Nearly all accesses to devices are loads and stores of one general register, which the CPU itself describes in
 * ESR_EL2 (ISV), of little-endian AArch64 code. These two answer them, and leave all others to arm64_data_abort().
 */
static inline bool load_device(struct vcpu *vcpu, u64 esr, u64 addr)
{
	unsigned log = esr >> ISS_SAS_SHIFT & 3, reg = esr >> ISS_SRT_SHIFT & 31;
	u64 value;

	if (exit_mmio_read(vcpu, addr, 1u << log, &value))
		return false;
	if (unlikely(esr & ISS_SSE))
		value = arm64_extend(value, 1u << log, esr & ISS_SF);
	if (likely(reg != 31))
		vcpu->arch.x[reg] = value;
	return true;
}

static inline bool store_device(struct vcpu *vcpu, u64 esr, u64 addr)
{
	unsigned log = esr >> ISS_SAS_SHIFT & 3, reg = esr >> ISS_SRT_SHIFT & 31;

	return !exit_mmio_write(vcpu, addr, 1u << log, reg == 31 ? 0 : vcpu->arch.x[reg]);
}

/* A translation fault of stage 2 itself, in which HPFAR_EL2 holds; the access described. */
#define DIRECT_MASK (ISS_ISV | ISS_CM | ISS_S1PTW | ISS_EA | ISS_FNV | FSC_TYPE)
#define DIRECT (ISS_ISV | FSC_TRANSLATION)

/* A64, whose instructions have 4 bytes; it has ended a single step and a branch's BTYPE too. */
static inline void step_over(u64 spsr)
{
	sysreg_write(ELR_EL2, arm64_pc() + 4);
	if (unlikely(spsr & (PSTATE_SS | PSTATE_BTYPE)))
		sysreg_write(SPSR_EL2, spsr & ~(PSTATE_SS | PSTATE_BTYPE));
}

static inline bool access_directly(struct vcpu *vcpu, u64 esr)
{
	u64 far = sysreg_read(FAR_EL2), spsr = sysreg_read(SPSR_EL2), addr;
	unsigned size = 1u << (esr >> ISS_SAS_SHIFT & 3);
	bool done;

	if ((esr & DIRECT_MASK) != DIRECT || !arm64_is_little_endian_64(spsr))
		return false;
	/* Most registers are not the first of their page; those that are ask whether the access began there. */
	if (unlikely(!arm64_is_in_one_page(far, size)) && !arm64_begins_at(far, size))
		return false;
	addr = arm64_fault_gpa(sysreg_read(HPFAR_EL2), far);
	done = esr & ISS_WNR ? store_device(vcpu, esr, addr) : load_device(vcpu, esr, addr);
	if (likely(done))
		step_over(spsr);
	return done;
}

/* All registers in memory. NULL: back to vcpu_run(). */
struct vcpu *arm64_exit_sync(struct vcpu *vcpu, u64 esr)
{
	unsigned class = class_of(esr);

	count(vcpu, class);
	vcpu->stats.exits++;
	if (class == ESR_EC_SYS64)
		access_register(vcpu, esr);
	else if (unlikely(class != ESR_EC_DABT_LOW || !access_directly(vcpu, esr)))
		return slow(vcpu, esr);
	return serve(vcpu);
}

/* Whatever access caused it, the guest was the one who ran: it gets the SError that it would have had alone. */
struct vcpu *arm64_exit_serror(struct vcpu *vcpu, u64 esr)
{
	count(vcpu, ARM64_EXIT_SERROR);
	vcpu->stats.exits++;
	log_guest(&vcpu->vm->log_limit, vcpu->vm->name,
		  "SError, ESR_EL2 0x%llx: given to the guest", (unsigned long long)esr);
	arm64_inject_serror(vcpu);
	return arm64_exit_serve(vcpu);
}
