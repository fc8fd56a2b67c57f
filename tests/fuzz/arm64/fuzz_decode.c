/* SPDX-License-Identifier: MIT */
/* Fuzz target: instructions that abort, as guests execute them and as hardware reports them. */
#include <stdlib.h>
#include <string.h>

#include <core/errno.h>
#include <core/pgtable.h>
#include <fake_arm64.h>
#include <fake_fault.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PC (FAKE_RAM_BASE + 0x100)

struct input {
	u64 esr, far, hpfar, par, spsr, sctlr;
	u64 base; /* of the register that most of the corpus has as its base, and SP */
	u32 insn;
	u8 ram_attr;
	u8 again;
};

static void check(const struct arm64_access *access)
{
	if (access->size != 1 && access->size != 2 && access->size != 4 && access->size != 8)
		abort();
	if (access->count != 1 && access->count != 2)
		abort();
	if (access->reg[0] > 31 || access->reg[1] > 31 || access->base > ARM64_BASE_PC ||
	    access->index > 31 || access->index_shift > 3)
		abort();
	if (access->sign_extend && access->size == 8)
		abort();
}

static void decode(u32 insn)
{
	struct arm64_access access;
	int err = arm64_decode_access(insn, &access);

	if (err == 0)
		check(&access);
	else if (err != -ENOSYS)
		abort();
}

/* It goes on behind the instruction, at it, or in the guest's handler; a fault has done nothing to the device. */
static void run(struct vcpu *vcpu, const struct input *in, bool fetch)
{
	struct arm64_trap trap = { .esr = in->esr, .far = in->far, .hpfar = in->hpfar };
	u64 pc, vbar = 0x80000;

	sysreg_write(ELR_EL2, PC);
	sysreg_write(VBAR_EL1, vbar);
	sysreg_write(PAR_EL1, 0x77);
	if ((fetch ? arm64_fetch_abort : arm64_data_abort)(vcpu, &trap) != ARM64_RESUME)
		abort();
	pc = sysreg_read(ELR_EL2);
	if (pc != PC && pc != PC + 2 && pc != PC + 4 && (pc < vbar || pc > vbar + 0x600))
		abort();
	if (pc == PC && fake_fault.access_count > 1)
		abort();
	if (fetch && fake_fault.access_count)
		abort();
	if (sysreg_read(PAR_EL1) != 0x77)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;
	struct vcpu *vcpu;

	if (size < sizeof(in))
		return 0;
	memcpy(&in, data, sizeof(in));
	decode(in.insn);
	fake_arm64_start(1);
	fake_fault_start();
	vcpu = fake->vcpus[0];
	memcpy(&fake->ram[PC - FAKE_RAM_BASE], &in.insn, sizeof(in.insn));
	sysreg_write(SPSR_EL2, in.spsr);
	sysreg_write(SCTLR_EL1, in.sctlr);
	sysreg_write(SP_EL1, in.base);
	sysreg_write(SP_EL0, in.base);
	vcpu->arch.x[1] = in.base;
	fake_fault.par = in.par;
	fake_fault.ram_attr = in.ram_attr;
	fake_fault.elsewhere = in.again & 1 ? -EAGAIN : -EFAULT;
	fake_fault.data = in.far;
	run(vcpu, &in, false);
	fake_fault.access_count = 0;
	run(vcpu, &in, true);
	fake_arm64_stop();
	return 0;
}
