/* SPDX-License-Identifier: MIT */
/* riscv64: guest exits, from the trap vector to core and back. */
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
	return (htinst & ~0x1020ul) == 0x2000;
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

static u64 extend(u64 value, unsigned size)
{
	unsigned unused = 64 - 8 * size;

	return (u64)((s64)(value << unused) >> unused);
}

static int access_device(struct vcpu *vcpu, u64 addr, const struct riscv_access *access)
{
	u64 *x = vcpu->arch.x;
	u64 data;
	int err;

	if (access->store) {
		err = exit_mmio_write(vcpu, addr, access->size, x[access->reg]);
	} else {
		err = exit_mmio_read(vcpu, addr, access->size, &data);
		if (!err && access->reg)
			x[access->reg] = access->sign_extend ? extend(data, access->size) : data;
	}
	if (unlikely(err))
		return err;
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

	if (!is_walk_fault(trap->htinst) && find_gpa(vcpu, trap, &addr)) {
		err = riscv_decode_trap(vcpu, trap, &access);
		if (likely(!err))
			err = access_device(vcpu, addr, &access);
		else if (err == -ENOSYS)
			err = check_memory(vcpu, addr, trap->cause == EXC_STORE_GUEST_FAULT);
	}
	if (unlikely(err && err != -EAGAIN))
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
		[EXC_VIRTUAL_INST] = riscv_virtual_instruction,
	};

	if (trap->cause < ARRAY_SIZE(handlers) && handlers[trap->cause])
		return handlers[trap->cause](vcpu, trap);
	return reflect(vcpu, trap);
}

/* ---- from entry.S: each answers with the vCPU to resume, or NULL ---- */

struct vcpu *riscv_exit_sbi(struct vcpu *vcpu);
struct vcpu *riscv_exit_interrupt(struct vcpu *vcpu, u64 cause);
struct vcpu *riscv_exit_slow(struct vcpu *vcpu);
struct vcpu *riscv_exit_serve(struct vcpu *vcpu);

static inline void count(struct vcpu *vcpu, u64 index)
{
	vcpu->arch.cause_count[index]++;
	vcpu->stats.last_exit_cause = index;
	if (unlikely(trace_on))
		trace_exit(vcpu, (unsigned)index);
}

static inline bool wants_attention(const struct vcpu *vcpu)
{
	return unlikely(this_cpu()->resched | vcpu->requests | vcpu->waiting | trace_on);
}

/* Caller-saved registers in memory, the others still in the CPU. NULL: riscv_exit_serve() shall look. */
struct vcpu *riscv_exit_sbi(struct vcpu *vcpu)
{
	count(vcpu, EXC_ECALL_VS);
	sbi_call(vcpu);
	return wants_attention(vcpu) ? NULL : vcpu;
}

struct vcpu *riscv_exit_interrupt(struct vcpu *vcpu, u64 cause)
{
	count(vcpu, RISCV_EXIT_INTERRUPT + (cause & 15));
	riscv_interrupt(cause);
	return wants_attention(vcpu) ? NULL : vcpu;
}

/* All registers in memory. NULL: back to vcpu_run(). */
struct vcpu *riscv_exit_serve(struct vcpu *vcpu)
{
	if (vcpu->requests && riscv_serve_requests(vcpu))
		return NULL;
	if (this_cpu()->resched || vcpu->waiting)
		return NULL;
	if (unlikely(trace_on))
		trace_enter(vcpu);
	return vcpu;
}

struct vcpu *riscv_exit_slow(struct vcpu *vcpu)
{
	struct riscv_trap trap = {
		.cause = csr_read(scause),
		.tval = csr_read(stval),
		.htval = csr_read(CSR_HTVAL),
		.htinst = csr_read(CSR_HTINST),
	};
	enum riscv_exit how;

	count(vcpu, trap.cause & 31);
	vcpu->stats.exits++;
	if (likely(trap.cause == EXC_LOAD_GUEST_FAULT || trap.cause == EXC_STORE_GUEST_FAULT))
		how = data_fault(vcpu, &trap);
	else
		how = dispatch(vcpu, &trap);
	if (unlikely(how == RISCV_LEAVE))
		return NULL;
	return wants_attention(vcpu) ? riscv_exit_serve(vcpu) : vcpu;
}
