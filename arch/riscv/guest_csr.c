/* SPDX-License-Identifier: MIT */
/* Instructions of the guest that trap: CSRs by table, WFI, and the architecture's fault for all else. */
#include <arch/guest.h>
#include <core/arch.h>
#include <core/exit.h>
#include <core/time.h>
#include <core/vm.h>

#define INSN_WFI 0x10500073
#define INSN_WRS_NTO 0x00d00073

#define OPCODE_SYSTEM 0x73
#define CSR_TIME 0xc01

/*
 * CSRs that a guest may have although the hardware traps. All others are as on a hart without them:
 * those of H, counters that hcounteren denies, stimecmp without Sstc, state-enable and AIA.
 */
struct guest_csr {
	u16 number;
	u64 (*read)(const struct vcpu *vcpu);
	void (*write)(struct vcpu *vcpu, u64 value); /* NULL: read-only */
};

static u64 read_time(const struct vcpu *vcpu)
{
	return time_now() + vcpu->vm->arch.time_delta;
}

static const struct guest_csr csrs[] = {
	{ CSR_TIME, read_time, NULL }, /* firmware may deny it by mcounteren, and not emulate it */
};

static const struct guest_csr *find_csr(unsigned number)
{
	for (unsigned i = 0; i < ARRAY_SIZE(csrs); i++)
		if (csrs[i].number == number)
			return &csrs[i];
	return NULL;
}

static enum riscv_exit illegal(struct vcpu *vcpu, u32 insn)
{
	riscv_inject(vcpu, EXC_INST_ILLEGAL, (insn & 3) == 3 ? insn : insn & 0xffff);
	return RISCV_RESUME;
}

/*  31  20 19     15 14    12 11 7 6     0
 * | csr  | rs1/imm | funct3 | rd |1110011|   funct3: 1 write, 2 set, 3 clear; bit 2: rs1 is the value itself
 */
static bool emulate_csr(struct vcpu *vcpu, u32 insn)
{
	const struct guest_csr *csr = find_csr(insn >> 20);
	unsigned op = insn >> 12 & 3;
	unsigned rs1 = insn >> 15 & 31;
	unsigned rd = insn >> 7 & 31;
	u64 operand = insn >> 14 & 1 || !rs1 ? rs1 : vcpu->arch.x[rs1];
	bool writes = op == 1 || rs1 != 0;
	u64 old;

	if (!csr || op == 0 || (writes && !csr->write))
		return false;
	/* In user mode a counter is there as far as the guest's supervisor lets it (Privileged, scounteren). */
	if (!(csr_read(sstatus) & SSTATUS_SPP) && !(csr_read(scounteren) & BIT(csr->number & 31)))
		return false;
	old = csr->read(vcpu);
	if (writes)
		csr->write(vcpu, op == 1 ? operand : op == 2 ? old | operand : old & ~operand);
	if (rd)
		vcpu->arch.x[rd] = old;
	riscv_advance(4);
	return true;
}

static enum riscv_exit wait_for_interrupt(struct vcpu *vcpu, u32 insn)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };
	u64 deadline;

	/* In U-mode it would have to end in bounded time: it is illegal instead. */
	if (!(csr_read(sstatus) & SSTATUS_SPP))
		return illegal(vcpu, insn);
	vcpu->arch.suspended = false;
	riscv_advance(4);
	if (arch_vcpu_has_interrupt(vcpu, &deadline))
		return RISCV_RESUME;
	exit_handle(vcpu, &exit);
	return RISCV_LEAVE;
}

/* The trap value is the instruction, or 0 where the hardware does not give it. */
static bool trapped_insn(const struct riscv_trap *trap, u32 *insn)
{
	u64 tval;

	*insn = (u32)trap->tval;
	return *insn || riscv_guest_fetch(riscv_pc(), insn, &tval) == 0;
}

enum riscv_exit riscv_virtual_instruction(struct vcpu *vcpu, const struct riscv_trap *trap)
{
	u32 insn;

	if (!trapped_insn(trap, &insn))
		return RISCV_RESUME; /* the code went away meanwhile: running it again raises the right fault */
	if (insn == INSN_WFI)
		return wait_for_interrupt(vcpu, insn);
	if (insn == INSN_WRS_NTO) { /* may end early for any reason */
		vcpu_spins(vcpu);
		riscv_advance(4);
		return RISCV_RESUME;
	}
	if ((insn & 0x7f) == OPCODE_SYSTEM && emulate_csr(vcpu, insn))
		return RISCV_RESUME;
	return illegal(vcpu, insn);
}
