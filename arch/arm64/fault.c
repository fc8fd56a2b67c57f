/* SPDX-License-Identifier: MIT */
/* Second-stage aborts: accesses to devices that the CPU does not describe in full, and what is no memory at all. */
#include <arch/at.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <core/arch.h>
#include <core/errno.h>
#include <core/vm.h>

/* FAR_EL2 keeps a tag in the top byte; where it may, addresses are compared without. */
#define ADDRESS_BITS 0x00ffffffffffffffull
#define FSC_UNSUPPORTED 0x35 /* exclusive or atomic access to memory that has none */
#define FSC_TLB_CONFLICT 0x30

/* ---- where ---- */

#define MODE_USR 0x10 /* AArch32 */

static bool is_el0(void)
{
	u64 mode = sysreg_read(SPSR_EL2) & PSTATE_MODE;

	return mode == PSTATE_EL0T || mode == MODE_USR;
}

/* By the CPU's own translation, as TLBs have it. PAR_EL1 is the guest's. */
static u64 translate_read(u64 va)
{
	u64 saved = sysreg_read(PAR_EL1);
	u64 par = is_el0() ? at_s1e0r(va) : at_s1e1r(va);

	sysreg_write(PAR_EL1, saved);
	return par;
}

/* HPFAR_EL2 holds in translation and access-flag faults, and in those of the guest's own walk (D24.2.62). */
static bool find_gpa(struct vcpu *vcpu, const struct arm64_trap *trap, u64 *addr)
{
	unsigned type = trap->esr & FSC_TYPE;
	gpa_t at;
	u64 par;

	*addr = arm64_fault_gpa(trap->hpfar, trap->far);
	if (type == FSC_TRANSLATION || type == FSC_ACCESS_FLAG)
		return true;
	par = translate_read(trap->far);
	if (!(par & PAR_F)) {
		*addr = (par & PAR_PA) | (trap->far & PAGE_MASK);
		return true;
	}
	if (arch_vcpu_translate(vcpu, trap->far, &at))
		return false;
	*addr = at.v;
	return true;
}

bool arm64_begins_at(u64 far, unsigned size)
{
	if (far & PAGE_MASK)
		return false;
	/* A Device attribute (D24.2.143): MAIR's upper half is 0. With a walk that fails here it did not begin here. */
	return size == 1 || !(translate_read(far) & (PAR_F | PAR_ATTR_NORMAL));
}

/* ---- what ---- */

int arm64_fetch(struct vcpu *vcpu, u32 *insn)
{
	u64 pc = arm64_pc(), par = translate_read(pc);
	gpa_t at;

	/* Memory that may be executed but not read is found in software. */
	if (!(par & PAR_F))
		at = gpa((par & PAR_PA) | (pc & PAGE_MASK));
	else if (arch_vcpu_translate(vcpu, pc, &at))
		return -EAGAIN;
	return gpa_read(vcpu->vm, at, insn, sizeof(*insn)) ? -EAGAIN : 0;
}

/* The stack pointer that the guest's code uses. */
static u64 read_sp(void)
{
	bool own = (sysreg_read(SPSR_EL2) & PSTATE_MODE) == PSTATE_EL1H;

	return own ? sysreg_read(SP_EL1) : sysreg_read(SP_EL0);
}

static void write_sp(u64 value)
{
	if ((sysreg_read(SPSR_EL2) & PSTATE_MODE) == PSTATE_EL1H)
		sysreg_write(SP_EL1, value);
	else
		sysreg_write(SP_EL0, value);
}

static u64 base_of(const struct vcpu *vcpu, const struct arm64_access *access)
{
	if (access->base == ARM64_BASE_PC)
		return arm64_pc();
	return access->base == 31 ? read_sp() : vcpu->arch.x[access->base];
}

static u64 index_of(const struct vcpu *vcpu, const struct arm64_access *access)
{
	u64 index = access->index == 31 ? 0 : vcpu->arch.x[access->index];

	if (access->index_32)
		index = access->index_signed ? (u64)(s64)(s32)index : (u32)index;
	return index << access->index_shift;
}

u64 arm64_access_address(const struct vcpu *vcpu, const struct arm64_access *access)
{
	u64 offset = access->post ? 0 : (u64)(s64)access->offset;

	return base_of(vcpu, access) + offset + index_of(vcpu, access);
}

/* From ESR_EL2 when it tells all; else from the instruction. -EAGAIN, -ENOSYS as arm64_decode_access(). */
static int describe(struct vcpu *vcpu, const struct arm64_trap *trap, struct arm64_access *access)
{
	u64 esr = trap->esr;
	unsigned size = 1u << (esr >> ISS_SAS_SHIFT & 3);
	u32 insn;
	int err;

	*access = (struct arm64_access){
		.size = (u8)size,
		.count = 1,
		.reg = { esr >> ISS_SRT_SHIFT & 31 },
		.store = esr & ISS_WNR,
		.sign_extend = esr & ISS_SSE,
		.wide = esr & ISS_SF,
	};
	if (sysreg_read(SPSR_EL2) & PSTATE_A32)
		return esr & ISS_ISV ? 0 : -ENOSYS;
	if ((esr & ISS_ISV) && arm64_is_in_one_page(trap->far, size))
		return 0;
	err = arm64_fetch(vcpu, &insn);
	if (!err)
		err = arm64_decode_access(insn, access);
	/* It began elsewhere, and faulted here: in part it is not the device's. Or memory has changed meanwhile. */
	if (!err && ((arm64_access_address(vcpu, access) ^ trap->far) & ADDRESS_BITS))
		err = -ENOSYS;
	return err;
}

/* ---- the access ---- */

static bool is_big_endian(void)
{
	u64 spsr = sysreg_read(SPSR_EL2);

	if (spsr & PSTATE_A32)
		return spsr & PSTATE_E;
	return sysreg_read(SCTLR_EL1) & (is_el0() ? SCTLR_E0E : SCTLR_EE);
}

static u64 to_bus(u64 value, unsigned size)
{
	return is_big_endian() ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
}

static int access_element(struct vcpu *vcpu, u64 addr, const struct arm64_access *access,
			  unsigned n)
{
	u64 *x = vcpu->arch.x, value;
	unsigned reg = access->reg[n], size = access->size;
	int err;

	if (access->store)
		return exit_mmio_write(vcpu, addr, size, to_bus(reg == 31 ? 0 : x[reg], size));
	err = exit_mmio_read(vcpu, addr, size, &value);
	if (err || reg == 31)
		return err;
	value = to_bus(value, size);
	x[reg] = access->sign_extend ? arm64_extend(value, size, access->wide) : value;
	return 0;
}

static void write_back(struct vcpu *vcpu, const struct arm64_access *access)
{
	u64 value = base_of(vcpu, access) + (u64)(s64)access->offset;

	if (access->base == 31)
		write_sp(value);
	else
		vcpu->arch.x[access->base] = value;
}

/* The second page of one that ends there is anything that the guest's tables say: not known here. */
static bool is_in_one_page(u64 addr, const struct arm64_access *access)
{
	return (addr & PAGE_MASK) + (u64)access->size * access->count <= PAGE_SIZE;
}

static int access_device(struct vcpu *vcpu, u64 addr, const struct arm64_access *access,
			 const struct arm64_trap *trap)
{
	int err = is_in_one_page(addr, access) ? 0 : -EFAULT;

	for (unsigned i = 0; !err && i < access->count; i++)
		err = access_element(vcpu, addr + i * access->size, access, i);
	if (unlikely(err))
		return err;
	if (access->writeback)
		write_back(vcpu, access);
	arm64_advance(trap->esr);
	return 0;
}

/* An instruction that we do not emulate is right on memory, where it comes again, and a fault elsewhere. */
static int check_memory(struct vcpu *vcpu, u64 addr, unsigned attr)
{
	struct pt_leaf leaf;

	if (stage2_lookup(vcpu->vm, gpa(addr), &leaf))
		return -EFAULT;
	return leaf.attr & attr ? -EAGAIN : -EFAULT;
}

static int emulate(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	struct arm64_access access;
	u64 addr;
	int err;

	if (!find_gpa(vcpu, trap, &addr))
		return -EAGAIN; /* the guest's translation is gone: it takes its own fault */
	err = describe(vcpu, trap, &access);
	if (err == -ENOSYS)
		return check_memory(vcpu, addr, trap->esr & ISS_WNR ? PT_WRITE : PT_READ);
	return err ? err : access_device(vcpu, addr, &access, trap);
}

/* ---- aborts ---- */

/* The guest's tables are where no memory is, or its CPU updates them in ROM. */
static void walk_abort(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	u64 addr = arm64_fault_gpa(trap->hpfar, 0);
	bool write = (trap->esr & FSC_TYPE) == FSC_PERMISSION;

	if (check_memory(vcpu, addr, write ? PT_WRITE : PT_READ) != -EAGAIN)
		arm64_inject_walk_abort(vcpu, trap, arm64_walk_level(vcpu, trap->far));
}

/* Faults that stage 2 has by its tables; all others are the guest's to hear of. */
static bool is_by_tables(u64 esr)
{
	unsigned type = esr & FSC_TYPE;

	return type == FSC_TRANSLATION || type == FSC_ACCESS_FLAG || type == FSC_PERMISSION;
}

static void other_abort(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	unsigned fsc = trap->esr & ISS_FSC;

	if (fsc == FSC_TLB_CONFLICT)
		arm64_tlb_flush_guests();
	else if (fsc == FSC_ALIGNMENT || fsc == FSC_UNSUPPORTED)
		arm64_inject_data_abort(vcpu, trap, fsc);
	else
		arm64_inject_external_abort(vcpu, trap);
}

enum arm64_exit arm64_data_abort(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	int err;

	if (unlikely(!is_by_tables(trap->esr)))
		other_abort(vcpu, trap);
	else if (unlikely(trap->esr & ISS_S1PTW))
		walk_abort(vcpu, trap);
	else if (trap->esr & ISS_CM)
		arm64_advance(trap->esr); /* there is nothing in the caches of what is no memory */
	else {
		err = emulate(vcpu, trap);
		if (unlikely(err && err != -EAGAIN))
			arm64_inject_external_abort(vcpu, trap);
	}
	return ARM64_RESUME;
}

enum arm64_exit arm64_fetch_abort(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	u64 addr;

	if (unlikely(!is_by_tables(trap->esr)))
		other_abort(vcpu, trap);
	else if (unlikely(trap->esr & ISS_S1PTW))
		walk_abort(vcpu, trap);
	else if (find_gpa(vcpu, trap, &addr) && check_memory(vcpu, addr, PT_EXEC) != -EAGAIN)
		arm64_inject_external_abort(vcpu, trap);
	return ARM64_RESUME;
}
