/* SPDX-License-Identifier: MIT */
/* riscv64: guest exits, from the trap vector to core and back. */
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/sbi_guest.h>
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
		[EXC_LOAD_GUEST_FAULT] = data_fault,
		[EXC_STORE_GUEST_FAULT] = data_fault,
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

static inline bool wants_attention(const struct vcpu *vcpu)
{
	return unlikely(this_cpu()->resched | vcpu->requests | vcpu->waiting | trace_on);
}

static struct vcpu *sbi_other(struct vcpu *vcpu)
{
	count(vcpu, EXC_ECALL_VS);
	sbi_call(vcpu);
	return wants_attention(vcpu) ? NULL : vcpu;
}

/*
 * Caller-saved registers in memory, the others still in the CPU. NULL: riscv_exit_serve() shall look. A call
 * that only reads a constant gives nobody a reason to look: who wants attention sends an IPI.
 */
struct vcpu *riscv_exit_sbi(struct vcpu *vcpu)
{
	if (unlikely(trace_on) || !sbi_answer_constant(vcpu))
		return sbi_other(vcpu);
	count_only(vcpu, EXC_ECALL_VS);
	return vcpu;
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

static struct vcpu *slow(struct vcpu *vcpu, u64 cause)
{
	struct riscv_trap trap = {
		.cause = cause,
		.tval = csr_read(stval),
		.htval = csr_read(CSR_HTVAL),
		.htinst = csr_read(CSR_HTINST),
	};

	if (dispatch(vcpu, &trap) == RISCV_LEAVE)
		return NULL;
	return riscv_exit_serve(vcpu);
}

/*
 * Nearly all accesses to devices are aligned loads and stores of integer registers that the hart itself
 * decoded into htinst (section 19.6.3). These two answer them, and leave all others to data_fault().
 *
 *            31     25 24  20 19  15 14  12 11   7 6     0
 *   load    |    0    |   0  |  0   |funct3|  rd  |0000011|   bit 1 clear: the instruction has 16 bits
 *   store   |    0    |  rs2 |  0   |funct3|  0   |0100011|   19:15: how far into a misaligned access
 */
#define LOAD_VARIES (7ul << 12 | 31ul << 7 | 2)
#define STORE_VARIES (3ul << 12 | 31ul << 20 | 2)

static inline bool load_device(struct vcpu *vcpu, u64 insn, u64 addr)
{
	unsigned funct3 = insn >> 12 & 7, reg = insn >> 7 & 31;
	u64 value;

	if ((insn & ~LOAD_VARIES) != 0x01 || funct3 == 7 ||
	    exit_mmio_read(vcpu, addr, 1u << (funct3 & 3), &value))
		return false;
	if (reg)
		vcpu->arch.x[reg] = funct3 < 3 ? extend(value, 1u << funct3) : value;
	return true;
}

static inline bool store_device(struct vcpu *vcpu, u64 insn, u64 addr)
{
	return (insn & ~STORE_VARIES) == 0x21 &&
	       !exit_mmio_write(vcpu, addr, 1u << (insn >> 12 & 3), vcpu->arch.x[insn >> 20 & 31]);
}

static inline bool access_directly(struct vcpu *vcpu, u64 cause)
{
	u64 insn = csr_read(CSR_HTINST), htval = csr_read(CSR_HTVAL);
	u64 addr = (htval << 2) | (csr_read(stval) & 3);
	bool done = cause == EXC_LOAD_GUEST_FAULT ? load_device(vcpu, insn, addr) :
						    store_device(vcpu, insn, addr);

	if (likely(done))
		riscv_advance(2 + (insn & 2));
	return done;
}

/* All registers in memory. NULL: back to vcpu_run(). */
struct vcpu *riscv_exit_slow(struct vcpu *vcpu)
{
	u64 cause = csr_read(scause);

	count(vcpu, cause & 31);
	vcpu->stats.exits++;
	if (unlikely((cause | 2) != EXC_STORE_GUEST_FAULT || !access_directly(vcpu, cause)))
		return slow(vcpu, cause);
	return wants_attention(vcpu) ? riscv_exit_serve(vcpu) : vcpu;
}
