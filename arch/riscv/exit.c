/* SPDX-License-Identifier: MIT */
/* riscv64: guest exits, from the trap vector to core and back. */
#include <arch/asm.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/trap.h>
#include <core/errno.h>
#include <core/trace.h>
#include <core/vm.h>

const char *const arch_exit_names[RISCV_EXIT_CAUSES] = {
	[EXC_INST_MISALIGNED] = "instruction-misaligned",
	[EXC_INST_ACCESS] = "instruction-access-fault",
	[EXC_INST_ILLEGAL] = "illegal-instruction",
	[EXC_BREAKPOINT] = "breakpoint",
	[EXC_LOAD_MISALIGNED] = "load-misaligned",
	[EXC_LOAD_ACCESS] = "load-access-fault",
	[EXC_STORE_MISALIGNED] = "store-misaligned",
	[EXC_STORE_ACCESS] = "store-access-fault",
	[EXC_ECALL_VS] = "sbi-call",
	[EXC_INST_PAGE_FAULT] = "instruction-page-fault",
	[EXC_LOAD_PAGE_FAULT] = "load-page-fault",
	[EXC_STORE_PAGE_FAULT] = "store-page-fault",
	[EXC_INST_GUEST_FAULT] = "fetch-guest-page-fault",
	[EXC_LOAD_GUEST_FAULT] = "load-guest-page-fault",
	[EXC_VIRTUAL_INST] = "virtual-instruction",
	[EXC_STORE_GUEST_FAULT] = "store-guest-page-fault",
	[RISCV_EXIT_INTERRUPT + IRQ_S_SOFT] = "host-ipi",
	[RISCV_EXIT_INTERRUPT + IRQ_S_TIMER] = "host-timer",
	[RISCV_EXIT_INTERRUPT + IRQ_S_EXT] = "host-interrupt",
};
const unsigned arch_exit_name_count = RISCV_EXIT_CAUSES;

/* ---- faults of the guest ---- */

/* As the hardware delegates: sections 11.1.1 and 19.2.4. VS-mode is entered from where the guest was. */
void riscv_inject(struct vcpu *vcpu, u64 cause, u64 tval)
{
	u64 vsstatus = csr_read(CSR_VSSTATUS);
	u64 sstatus = csr_read(sstatus);

	(void)vcpu;
	vsstatus &= ~(SSTATUS_SPP | SSTATUS_SPIE);
	vsstatus |= sstatus & SSTATUS_SPP;
	vsstatus |= vsstatus & SSTATUS_SIE ? SSTATUS_SPIE : 0;
	csr_write(CSR_VSSTATUS, vsstatus & ~SSTATUS_SIE);
	csr_write(CSR_VSCAUSE, cause);
	csr_write(CSR_VSTVAL, tval);
	csr_write(CSR_VSEPC, csr_read(sepc));
	csr_write(sepc, csr_read(CSR_VSTVEC) & ~3ul);
	csr_write(sstatus, sstatus | SSTATUS_SPP);
}

void riscv_inject_access_fault(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	u64 cause = EXC_LOAD_ACCESS;

	if (trap->cause == EXC_INST_GUEST_FAULT)
		cause = EXC_INST_ACCESS;
	else if (trap->cause == EXC_STORE_GUEST_FAULT)
		cause = EXC_STORE_ACCESS;
	riscv_inject(vcpu, cause, trap->tval);
}

/* ---- second-stage faults ---- */

/* Pseudo-instructions in htinst: the fault came from the guest's own page-table walk (table 19.6). */
static bool is_walk_fault(u64 htinst)
{
	return htinst == 0x2000 || htinst == 0x2020 || htinst == 0x3000 || htinst == 0x3020;
}

/* htval holds the address without its low two bits, which are those of stval; 0 where the hart does not tell. */
static bool find_gpa(struct vcpu *vcpu, const struct riscv_trap *trap, u64 *addr)
{
	gpa_t at;

	if (trap->htval) {
		*addr = (trap->htval << 2) | (trap->tval & 3);
		return true;
	}
	if (arch_vcpu_translate(vcpu, trap->tval, &at))
		return false;
	*addr = at.v;
	return true;
}

static u64 extend(u64 value, const struct riscv_access *access)
{
	unsigned unused = 64 - 8 * access->size;

	return access->sign_extend ? (u64)((s64)(value << unused) >> unused) : value << unused >> unused;
}

static int access_device(struct vcpu *vcpu, u64 addr, const struct riscv_access *access)
{
	u64 *x = vcpu->arch.x;
	struct vcpu_exit exit = {
		.kind = EXIT_MMIO,
		.io = { .addr = addr, .data = x[access->reg], .size = access->size, .write = access->store },
	};
	int err = exit_handle(vcpu, &exit);

	if (err)
		return err;
	if (!access->store && access->reg)
		x[access->reg] = extend(exit.io.data, access);
	riscv_advance(access->length);
	return 0;
}

/* An instruction that we do not emulate is right on memory, where it comes again, and a fault elsewhere. */
static int check_memory(struct vcpu *vcpu, u64 addr, bool write)
{
	struct pt_leaf leaf;

	if (stage2_lookup(vcpu->vm, gpa(addr), &leaf))
		return -EFAULT;
	return leaf.attr & (write ? PT_WRITE : PT_READ) ? -EAGAIN : -EFAULT;
}

static enum riscv_exit data_fault(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	struct riscv_access access;
	u64 addr;
	int err = -EFAULT;

	if (is_walk_fault(trap->htinst) || !find_gpa(vcpu, trap, &addr)) {
		riscv_inject_access_fault(vcpu, trap);
		return RISCV_RESUME;
	}
	err = riscv_decode_trap(vcpu, trap, &access);
	if (err == -ENOSYS)
		err = check_memory(vcpu, addr, trap->cause == EXC_STORE_GUEST_FAULT);
	else if (!err)
		err = access_device(vcpu, addr, &access);
	if (err && err != -EAGAIN)
		riscv_inject_access_fault(vcpu, trap);
	return RISCV_RESUME;
}

static enum riscv_exit fetch_fault(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	struct pt_leaf leaf;
	u64 addr;

	if (!is_walk_fault(trap->htinst) && find_gpa(vcpu, trap, &addr) &&
	    !stage2_lookup(vcpu->vm, gpa(addr), &leaf) && (leaf.attr & PT_EXEC))
		return RISCV_RESUME; /* mapped by now */
	riscv_inject_access_fault(vcpu, trap);
	return RISCV_RESUME;
}

/* ---- the rest ---- */

static enum riscv_exit illegal_instruction(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	if (!fpu_trap(vcpu))
		riscv_inject(vcpu, trap->cause, trap->tval);
	return RISCV_RESUME;
}

/* Nothing that we let exit, but if it does, it is the guest's own fault to handle. */
static enum riscv_exit reflect(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	riscv_inject(vcpu, trap->cause, trap->tval);
	return RISCV_RESUME;
}

static enum riscv_exit dispatch(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	static enum riscv_exit (*const handlers[])(struct vcpu *, const struct riscv_trap *) = {
		[EXC_INST_ILLEGAL] = illegal_instruction,
		[EXC_INST_GUEST_FAULT] = fetch_fault,
		[EXC_LOAD_GUEST_FAULT] = data_fault,
		[EXC_VIRTUAL_INST] = riscv_virtual_instruction,
		[EXC_STORE_GUEST_FAULT] = data_fault,
	};

	if (trap->cause < ARRAY_SIZE(handlers) && handlers[trap->cause])
		return handlers[trap->cause](vcpu, trap);
	return reflect(vcpu, trap);
}

static void count(struct vcpu *vcpu, u64 cause)
{
	unsigned index = cause & CAUSE_INTERRUPT ? RISCV_EXIT_INTERRUPT + (cause & 15) : cause & 31;

	vcpu->arch.cause_count[index]++;
	vcpu->stats.last_exit_cause = index;
	if (unlikely(trace_on))
		trace_exit(vcpu, index);
}

/* From entry.S, caller-saved registers in memory only. Answers EXIT_FAST_*. */
u64 riscv_exit_fast(struct vcpu *vcpu, u64 cause);

u64 riscv_exit_fast(struct vcpu *vcpu, u64 cause)
{
	count(vcpu, cause);
	if (likely(cause == EXC_ECALL_VS)) {
		sbi_call(vcpu);
	} else if (cause & CAUSE_INTERRUPT) {
		riscv_interrupt(cause);
	} else {
		return EXIT_FAST_SLOW;
	}
	if (unlikely(this_cpu()->resched | vcpu->requests | vcpu->waiting))
		return EXIT_FAST_SERVICE;
	if (unlikely(trace_on))
		trace_enter(vcpu);
	return EXIT_FAST_RESUME;
}

/* From entry.S, all registers in memory. True: leave arch_vcpu_enter(). */
u64 riscv_exit_slow(struct vcpu *vcpu, u64 fast);

u64 riscv_exit_slow(struct vcpu *vcpu, u64 fast)
{
	enum riscv_exit how = RISCV_RESUME;

	if (fast == EXIT_FAST_SLOW) {
		struct riscv_trap trap = {
			.cause = csr_read(scause),
			.tval = csr_read(stval),
			.htval = csr_read(CSR_HTVAL),
			.htinst = csr_read(CSR_HTINST),
		};

		vcpu->stats.exits++;
		how = dispatch(vcpu, &trap);
	}
	if (vcpu->requests && riscv_serve_requests(vcpu))
		return true;
	if (how == RISCV_LEAVE || this_cpu()->resched || vcpu->waiting)
		return true;
	if (unlikely(trace_on))
		trace_enter(vcpu);
	return false;
}
