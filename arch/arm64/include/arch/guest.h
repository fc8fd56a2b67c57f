/* SPDX-License-Identifier: MIT */
/* arm64: inside the guest-exit path. Everything here runs with interrupts disabled, on the exit's CPU. */
#ifndef ARCH_GUEST_H
#define ARCH_GUEST_H

#include <arch/smccc.h>
#include <arch/sysreg.h>
#include <core/table.h>
#include <core/vcpu.h>

/* What trapped, read before anything else can trap (D24.2.40, .44, .62). */
struct arm64_trap {
	u64 esr;
	u64 far;   /* guest-virtual */
	u64 hpfar; /* guest-physical page of stage-2 faults, bits 39..4 are address bits 51..12 */
};

/* How an exit goes on. */
enum arm64_exit {
	ARM64_RESUME, /* back to the guest at ELR_EL2, which the handler has advanced if the instruction is done */
	ARM64_LEAVE, /* back to vcpu_run() */
};

static inline u64 arm64_pc(void)
{
	return sysreg_read(ELR_EL2);
}

/* ---- vcpu.c ---- */

/* VCPU_REQ_IRQ, which it takes back: brings pins and waiting interrupts to the hardware. The vCPU is loaded here. */
void arm64_sync_interrupts(struct vcpu *vcpu);
/* What vcpu->requests asks for, on the vCPU that is loaded here; true if it has to leave. */
bool arm64_serve_requests(struct vcpu *vcpu);
/* On each CPU at its start: what guests may use of it as long as none is loaded, and what is the same for all of them. */
void arm64_allow_guests(void);

/* ---- context.c: registers of EL1 and EL0 to and from the hardware of this CPU ---- */

/*
 * ERRATUM_SPECULATIVE_AT: some CPUs walk a guest's tables speculatively for an AT instruction while EL2 runs, and would
 * remember one guest's addresses under the other's VMID. No walks from here on until context_load() has been told so.
 */
void context_forbid_walks(void);
void context_load(const struct arch_vcpu *a, bool walks_are_forbidden);
/* After power-on; a->hcr is known. */
void context_reset(struct arch_vcpu *a);
void context_save(struct arch_vcpu *a);

/* ---- inject.c: exceptions into the guest's EL1 as the hardware takes them (D1.3; AArch32: G1.11) ---- */

static inline unsigned arm64_instruction_length(u64 esr)
{
	return esr & ESR_IL ? 4 : 2;
}

/* Moves the IT state of T32 on (G1.8.2.1): for arm64_advance(). */
void arm64_advance_it(u64 spsr);

/* Steps over the instruction of @esr as if it had been executed: that ends a single step and a branch's BTYPE too. */
static inline void arm64_advance(u64 esr)
{
	u64 spsr = sysreg_read(SPSR_EL2);

	sysreg_write(ELR_EL2, arm64_pc() + arm64_instruction_length(esr));
	if (unlikely(spsr & PSTATE_A32))
		arm64_advance_it(spsr);
	else
		sysreg_write(SPSR_EL2, spsr & ~(PSTATE_SS | PSTATE_BTYPE));
}

/* An HVC has stepped over itself before it traps: back to it, for an exception that it is to cause. */
static inline void arm64_go_back(u64 esr)
{
	sysreg_write(ELR_EL2, arm64_pc() - arm64_instruction_length(esr));
}

/* False: a conditional instruction of AArch32 that trapped although it does nothing (G1.20.1). */
bool arm64_condition_holds(u64 esr);
/* Undefined instruction: EC 0. */
void arm64_inject_undefined(struct vcpu *vcpu, u64 esr);
/* Synchronous external abort for the access or fetch of @trap, at its address. */
void arm64_inject_external_abort(struct vcpu *vcpu, const struct arm64_trap *trap);
/* The same for the guest's own walk of its tables at @level (0 to 3), whose read failed. */
void arm64_inject_walk_abort(struct vcpu *vcpu, const struct arm64_trap *trap, unsigned level);
/* Alignment or other data abort with fault status @fsc at @far. */
void arm64_inject_data_abort(struct vcpu *vcpu, const struct arm64_trap *trap, unsigned fsc);
/* Any synchronous exception with a syndrome of our own (AArch64 EL1 only, else undefined). */
void arm64_inject_sync(struct vcpu *vcpu, u64 esr);
/* SError, taken when the guest allows it (HCR_EL2.VSE). */
void arm64_inject_serror(struct vcpu *vcpu);

/* ---- decode.c: loads and stores that stage 2 did not serve and that ESR does not describe (ISV 0) ---- */

#define ARM64_BASE_PC 32

struct arm64_access {
	u8 size;   /* bytes of one element: 1, 2, 4, 8 */
	u8 count;  /* 1, or 2 for pairs */
	u8 reg[2]; /* x registers; 31: zero */
	bool store;
	bool sign_extend;
	bool wide;      /* the destination has 64 bits */
	bool writeback; /* the base register changes by `offset` */
	bool post;      /* the address is the base before the change */
	u8 base;        /* x register, 31: SP, or ARM64_BASE_PC */
	u8 index;       /* x register that is added to the base; 31: none */
	bool index_32;  /* its low half only, */
	bool index_signed;
	u8 index_shift;
	s32 offset;
};

/* Pure: an A64 load or store of general registers. -ENOSYS: anything else (SIMD, exclusive, atomic, garbage). */
int arm64_decode_access(u32 insn, struct arm64_access *access) __must_check;
/* The address of its first byte; all registers are in memory, SP in the hardware. */
u64 arm64_access_address(const struct vcpu *vcpu, const struct arm64_access *access);
/* The instruction at the guest's pc through its own translation. -EAGAIN: the translation is gone, run it again. */
int arm64_fetch(struct vcpu *vcpu, u32 *insn) __must_check;

/* ---- translate.c ---- */

/* The level, 0 to 3, at which a walk of the guest's tables for @va ends without an answer. */
unsigned arm64_walk_level(struct vcpu *vcpu, u64 va);

/* ---- fault.c: second-stage aborts ---- */

/* The guest-physical address of a fault; HPFAR_EL2 holds bits 55:12 of it in 47:4. */
static inline u64 arm64_fault_gpa(u64 hpfar, u64 far)
{
	return (hpfar & 0xfffffffffff0) << 8 | (far & 0xfff);
}

/* What a load writes to its register; @wide: one of 64 bits. */
static inline u64 arm64_extend(u64 value, unsigned size, bool wide)
{
	unsigned unused = 64 - 8 * size;

	value = (u64)((s64)(value << unused) >> unused);
	return wide ? value : (u32)value;
}

/* SCTLR_EL1: data accesses of EL1 and of EL0 are big-endian. */
#define SCTLR_E0E BIT(24)
#define SCTLR_EE BIT(25)

/* False: the access may be big-endian. */
static inline bool arm64_is_little_endian_64(u64 spsr)
{
	return !(spsr & PSTATE_A32) && !(sysreg_read(SCTLR_EL1) & (SCTLR_E0E | SCTLR_EE));
}

/*
 * False: the access may touch a second page: it ends in the next one, or it began in the one before, because FAR_EL2
 * has the first byte that faults.
 */
static inline bool arm64_is_in_one_page(u64 far, unsigned size)
{
	return !(((far - 1) ^ (far + size - 1)) >> 12);
}

/* For the first bytes of a page: true if the access is known to begin there. */
bool arm64_begins_at(u64 far, unsigned size);

enum arm64_exit arm64_data_abort(struct vcpu *vcpu, const struct arm64_trap *trap);
enum arm64_exit arm64_fetch_abort(struct vcpu *vcpu, const struct arm64_trap *trap);

/* ---- cache.c: guests whose caches are off, or that maintain them by set and way ---- */

/*
 * Both begin to clean and invalidate the VM's memory, a piece an exit: false: not done yet, the guest's instruction
 * is to run, and trap, again. A trapped DC ISW, CSW or CISW (HCR_EL2.TSW):
 */
bool cache_set_way(struct vcpu *vcpu) __must_check;
/* A trapped write to SCTLR_EL1 (HCR_EL2.TVM); writes it, and ends the traps when the caches are on. */
bool cache_write_sctlr(struct vcpu *vcpu, u64 value) __must_check;
/* HCR_EL2 after reset, as far as caches are concerned. */
u64 cache_hcr(void);

/* ---- sysreg*.c: trapped system registers, rows of a table; id_regs.c: what guests see of ID registers ---- */

/* EC 0x18. Reads or writes, and advances, or leaves the instruction to run again; false: undefined for this guest. */
bool sysreg_trap(struct vcpu *vcpu, u64 esr);
/* EC 0x03 to 0x06, 0x08, 0x0c: AArch32's coprocessor registers. */
bool sysreg_trap_32(struct vcpu *vcpu, u64 esr);
/*
 * Each CPU at start, the boot CPU first, after features and firmware: guests see the least of all CPUs; this one's
 * debug registers are cleared.
 */
void sysreg_cpu_init(void);
/* Emulated registers that are the vCPU's own, to their values after reset; vcpu->arch.mdcr. From arch_vcpu_reset(). */
void sysreg_reset(struct vcpu *vcpu);
/* Debug registers and MDCR_EL2 to and from this CPU. From arch_vcpu_load() and arch_vcpu_put(). */
void sysreg_load(struct vcpu *vcpu);
void sysreg_put(struct vcpu *vcpu);
/* The value that @vm's guests see of an ID register, by SYSREG() encoding; 0 for those that are reserved. */
u64 sysreg_id(const struct vm *vm, u32 encoding);
/* MPIDR_EL1 of vCPU number @index: aff0 = index % 16, aff1 = index / 16. */
static inline u64 arm64_vcpu_mpidr(unsigned index)
{
	return BIT(31) | (index & 15) | (u64)(index >> 4) << 8;
}
/* The vCPU of @vm with these affinity fields, or NULL. */
struct vcpu *arm64_vcpu_of_mpidr(const struct vm *vm, u64 mpidr);

/* ---- smccc*.c, psci.c, trng.c: calls of the guest to its firmware (DEN 0028, 0022, 0098) ---- */

/* One range of function ids, one file, one row. */
struct smccc_service {
	u32 first; /* function ids it answers, inclusive, without SMCCC_64 */
	u32 last;
	const char *name;
	/* Arguments by smccc_argument(); results to x[0..3]. False: not supported, -1 goes to x0. */
	bool (*handle)(struct vcpu *vcpu, u32 function);
	/* For PSCI_FEATURES and SMCCC_ARCH_FEATURES: is @function there? NULL: all of the range. */
	bool (*has)(const struct vcpu *vcpu, u32 function);
};

#define DEFINE_SMCCC_SERVICE(ident)              \
	static const struct smccc_service ident; \
	TABLE_ROW(vg_smccc, ident, ident);       \
	static const struct smccc_service ident

/*
 * HVC or SMC with immediate 0 from EL1. x[0..18], x[30] are in vcpu->arch.x[], others may still be in the CPU. Does
 * not advance. A call that takes the vCPU out of the guest sets vcpu->requests or vcpu->waiting.
 */
void smccc_call(struct vcpu *vcpu);
/* True if some service answers @function for @vcpu. */
bool smccc_has(const struct vcpu *vcpu, u32 function);
/* Argument 1..3 of the call being handled, as wide as its function id says. */
u64 smccc_argument(const struct vcpu *vcpu, unsigned n);
/* The shortest calls, whose answers are constants (SMCCC_VERSION, PSCI_VERSION): true when answered. */
extern const u64 smccc_constants[2];
static inline bool smccc_answer_constant(struct vcpu *vcpu)
{
	u64 *x = vcpu->arch.x;

	if ((x[0] & ~(u64)(SMCCC_VERSION ^ PSCI_VERSION)) != SMCCC_VERSION)
		return false;
	x[0] = smccc_constants[x[0] >> 26 & 1];
	return true;
}
/*
 * VCPU_REQ_RESUME, for arm64_serve_requests(): goes on after a CPU_SUSPEND that powered the vCPU down. True: it has to
 * leave, and comes back by arch_vcpu_reset(); false: it still waits, and the request stands.
 */
bool psci_resume(struct vcpu *vcpu) __must_check;
/* Each CPU at start, the boot CPU first: which of the firmware's workarounds it needs. */
void smccc_cpu_init(void);
/* Once, after firmware: is there a source of entropy below us? */
void trng_init(void);
/* trng_asm.S: RNDRRS, where there is FEAT_RNG; false: out of entropy. */
bool trng_rndrrs(u64 *word);

/* ---- guest_timer.c ---- */

/* At start-up: takes the host's virtual-timer PPI and forwards it to guests. Called by timer.c's driver. */
int guest_timer_bind(u32 virtual_ppi) __must_check;
/* From the guest's tree: vm->arch.timers. */
void guest_timer_vm_create(struct vm *vm, const void *fdt);
/* The VM starts: time begins at 0; PPIs are forwarded. */
void guest_timer_vm_start(struct vm *vm);
/* Before the VM's GIC goes, no vCPU runs: no timer raises it any more. */
void guest_timer_vm_stop(struct vm *vm);
void guest_timer_create(struct vcpu *vcpu);
void guest_timer_destroy(struct vcpu *vcpu);
void guest_timer_reset(struct vcpu *vcpu);
void guest_timer_load(struct vcpu *vcpu);
void guest_timer_put(struct vcpu *vcpu);
/* When a timer of the guest will interrupt next, in host ticks; TIME_NEVER: none is armed. Loaded here or nowhere. */
u64 guest_timer_deadline(struct vcpu *vcpu);
/* True when the virtual timer's condition holds now and its interrupt has not been taken up yet. */
bool guest_timer_is_due(struct vcpu *vcpu);
/*
 * Gives the interrupt of a due virtual timer to the vCPU, if it is loaded here, before the host's GIC does: that spares
 * an exit, and does not rely on a GIC that looks at its lines when a guest ends an interrupt (QEMU's GICv2 does not).
 */
void guest_timer_take_up(struct vcpu *vcpu);
/* Whether the virtual timer's interrupt line is high now: for the virtual GIC. Loaded here. */
bool guest_timer_line(struct vcpu *vcpu);
/* Trapped CNTP_*, CNTPCT: for sysreg.c's rows. @encoding by SYSREG(). */
u64 guest_timer_read(struct vcpu *vcpu, u32 encoding);
void guest_timer_write(struct vcpu *vcpu, u32 encoding, u64 value);

/* ---- vgic.c (glue), vgic_v2.c, vgic_v3.c: list registers ---- */

void vgic_load(struct vcpu *vcpu);
void vgic_put(struct vcpu *vcpu);
/* Empties the CPU interface; not loaded. */
void vgic_reset(struct vcpu *vcpu);
/* True if an interrupt that the guest would take is in a list register or waits. Loaded here or nowhere; VCPU_REQ_IRQ was served. */
bool vgic_has_pending(struct vcpu *vcpu);
/* A line about the host's GIC and what guests have of it, for `cpu`. */
void vgic_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);

/* ---- fpu.c: FP, SIMD and SVE registers, loaded when the guest first uses them ---- */

/* On each CPU at its start: how long its SVE registers are. */
void fpu_cpu_init(void);
/* On load: nothing is moved; use traps unless this CPU still holds the vCPU's registers. */
void fpu_load(struct vcpu *vcpu);
/* On put: what the guest could reach goes to memory. */
void fpu_put(struct vcpu *vcpu);
/* EC 0x07, 0x19: true if registers were loaded and the instruction shall run again. */
bool fpu_trap(struct vcpu *vcpu, u64 esr);
void fpu_reset(struct vcpu *vcpu);
int fpu_create(struct vcpu *vcpu) __must_check;
void fpu_destroy(struct vcpu *vcpu);

/* fpu_asm.S: between memory and the hardware; nothing of it traps. */
void fpu_save_simd(u64 v[64]);
void fpu_load_simd(const u64 v[64]);
void fpu_save_sve(void *registers);
void fpu_load_sve(const void *registers);
u64 fpu_sve_vl(void);

#endif
