/* SPDX-License-Identifier: MIT */
/* Exceptions into the guest's EL1, as the hardware takes them. */
#include <arch/guest.h>
#include <arch/host.h>

/* SCTLR_EL1 (D24.2.175): what PSTATE is after an exception; the lower half of it is AArch32's SCTLR (G8.2.126). */
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(44)
#define SCTLR_V BIT(13)
#define SCTLR_TE BIT(30)
#define SCTLR_DSSBS_32 BIT(31)

/* ---- AArch64 (D1.3, TakeException) ---- */

#define FROM_SAME_SP0 0x000
#define FROM_SAME_SPX 0x200
#define FROM_LOWER_64 0x400
#define FROM_LOWER_32 0x600

static u64 vector_offset(u64 spsr)
{
	if (spsr & PSTATE_A32)
		return FROM_LOWER_32;
	switch (spsr & PSTATE_MODE) {
	case PSTATE_EL1H:
		return FROM_SAME_SPX;
	case PSTATE_EL1T:
		return FROM_SAME_SP0;
	}
	return FROM_LOWER_64;
}

static bool from_lower(u64 spsr)
{
	return vector_offset(spsr) >= FROM_LOWER_64;
}

/* DIT stands elsewhere in AArch32's (C5.2.18). */
#define PSTATE_DIT_32 BIT(21)
#define PSTATE_FLAGS (15ull << 28)

static u64 handler_state(u64 spsr)
{
	u64 sctlr = sysreg_read(SCTLR_EL1);
	u64 state = PSTATE_EL1H | PSTATE_DAIF | (spsr & (PSTATE_FLAGS | PSTATE_PAN));

	if (spsr & PSTATE_A32)
		state |= spsr & PSTATE_DIT_32 ? PSTATE_DIT : 0;
	else
		state |= spsr & PSTATE_DIT;
	if (arm64_features.pan && !(sctlr & SCTLR_SPAN))
		state |= PSTATE_PAN;
	if (sctlr & SCTLR_DSSBS)
		state |= PSTATE_SSBS;
	if (arm64_features.mte)
		state |= PSTATE_TCO;
	return state;
}

static void enter_64(u64 esr)
{
	u64 spsr = sysreg_read(SPSR_EL2);

	sysreg_write(ESR_EL1, esr);
	sysreg_write(ELR_EL1, arm64_pc());
	sysreg_write(SPSR_EL1, spsr);
	sysreg_write(ELR_EL2, sysreg_read(VBAR_EL1) + vector_offset(spsr));
	sysreg_write(SPSR_EL2, handler_state(spsr));
}

/* ---- AArch32 at EL1 (G1.11, G1.12) ---- */

#define MODE_ABT 0x17
#define MODE_UND 0x1b
#define VECTOR_UNDEFINED 0x04
#define VECTOR_PREFETCH 0x0c
#define VECTOR_DATA 0x10
#define HIGH_VECTORS 0xffff0000u
#define PSTATE_SSBS_32 BIT(23)
#define TTBCR_EAE BIT(31)

/* Where banked registers of AArch32 are seen from AArch64 (D1.8.2). */
#define LR_ABT 20
#define LR_UND 22

static bool is_32(const struct vcpu *vcpu)
{
	(void)vcpu;
	return !(sysreg_read(HCR_EL2) & HCR_RW);
}

static u64 handler_state_32(u64 spsr, unsigned mode)
{
	u64 sctlr = sysreg_read(SCTLR_EL1);
	u64 state = mode | PSTATE_I |
		    (spsr & (PSTATE_FLAGS | PSTATE_F | PSTATE_A | PSTATE_DIT_32 | PSTATE_PAN));

	state |= mode == MODE_ABT ? PSTATE_A : 0;
	state |= sctlr & SCTLR_TE ? PSTATE_T : 0;
	state |= sctlr & SCTLR_EE ? PSTATE_E : 0;
	state |= sctlr & SCTLR_DSSBS_32 ? PSTATE_SSBS_32 : 0;
	if (arm64_features.pan && !(sctlr & SCTLR_SPAN))
		state |= PSTATE_PAN;
	return state;
}

static void enter_32(struct vcpu *vcpu, unsigned mode, unsigned vector, unsigned lr_offset)
{
	u64 spsr = sysreg_read(SPSR_EL2);
	u64 base = sysreg_read(SCTLR_EL1) & SCTLR_V ? HIGH_VECTORS : (u32)sysreg_read(VBAR_EL1);

	vcpu->arch.x[mode == MODE_ABT ? LR_ABT : LR_UND] = (u32)(arm64_pc() + lr_offset);
	if (mode == MODE_ABT)
		sysreg_write(SPSR_abt, spsr);
	else
		sysreg_write(SPSR_und, spsr);
	sysreg_write(SPSR_EL2, handler_state_32(spsr, mode));
	sysreg_write(ELR_EL2, base + vector);
}

static bool has_long_descriptors(void)
{
	return sysreg_read(TCR_EL1) & TTBCR_EAE;
}

/* DFSR and IFSR (G8.2.41, G8.2.70): long descriptors give the code of AArch64, short ones their own. */
static u64 fault_status_32(unsigned fsc, bool write)
{
	u64 status = write ? BIT(11) : 0;

	if (has_long_descriptors())
		return status | BIT(9) | fsc;
	return status | (fsc == FSC_ALIGNMENT ? 0x1 : 0x8);
}

static void abort_32(struct vcpu *vcpu, const struct arm64_trap *trap, bool fetch, unsigned fsc)
{
	u64 far = sysreg_read(FAR_EL1);

	/* DFAR and IFAR are the halves of FAR_EL1. */
	if (fetch) {
		sysreg_write(IFSR32_EL2, fault_status_32(fsc, false));
		sysreg_write(FAR_EL1, (u32)far | trap->far << 32);
		enter_32(vcpu, MODE_ABT, VECTOR_PREFETCH, 4);
		return;
	}
	sysreg_write(ESR_EL1, fault_status_32(fsc, trap->esr & ISS_WNR));
	sysreg_write(FAR_EL1, (far & ~0xffffffffull) | (u32)trap->far);
	enter_32(vcpu, MODE_ABT, VECTOR_DATA, 8);
}

static void undefined_32(struct vcpu *vcpu)
{
	bool thumb = sysreg_read(SPSR_EL2) & PSTATE_T;

	enter_32(vcpu, MODE_UND, VECTOR_UNDEFINED, thumb ? 2 : 4);
}

/* ---- stepping over instructions of AArch32 ---- */

/*
 * ITSTATE is in SPSR[15:10] (its upper six bits) and [26:25] (the lower two). Its low five bits move up by one; when the
 * lower three of them are empty the block ends.
 */
static unsigned it_of(u64 spsr)
{
	return (unsigned)((spsr >> 8 & 0xfc) | (spsr >> 25 & 3));
}

void arm64_advance_it(u64 spsr)
{
	unsigned it = it_of(spsr);

	it = it & 7 ? (it & 0xe0) | (it << 1 & 0x1f) : 0;
	spsr &= ~(0xfc00ull | 3ull << 25 | PSTATE_SS);
	sysreg_write(SPSR_EL2, spsr | (u64)(it & 0xfc) << 8 | (u64)(it & 3) << 25);
}

/* Flags by condition (F1.3.1): the upper three bits choose a test, the lowest one turns it round. */
static bool flags_pass(u64 spsr, unsigned condition)
{
	bool n = spsr >> 31 & 1, z = spsr >> 30 & 1, c = spsr >> 29 & 1, v = spsr >> 28 & 1;
	const bool tests[8] = { z, c, n, v, c && !z, n == v, n == v && !z, true };
	bool passed = tests[condition >> 1];

	return condition & 1 && condition != 15 ? !passed : passed;
}

#define ISS_CV BIT(24)
#define ISS_COND_SHIFT 20
#define ISS_SMC_CCKNOWNPASS BIT(19) /* the condition is still to be looked at */
#define CONDITION_ALWAYS 14

bool arm64_condition_holds(u64 esr)
{
	u64 spsr = sysreg_read(SPSR_EL2);
	unsigned condition = CONDITION_ALWAYS;

	if (!(spsr & PSTATE_A32))
		return true;
	if ((u32)esr >> ESR_EC_SHIFT == ESR_EC_SMC32 && !(esr & ISS_SMC_CCKNOWNPASS))
		return true;
	if (esr & ISS_CV)
		condition = esr >> ISS_COND_SHIFT & 15;
	else if (it_of(spsr))
		condition = it_of(spsr) >> 4;
	return flags_pass(spsr, condition);
}

/* ---- what is injected ---- */

static u64 syndrome(unsigned class, u64 il, u64 iss)
{
	return (u64) class << ESR_EC_SHIFT | il | iss;
}

void arm64_inject_undefined(struct vcpu *vcpu, u64 esr)
{
	if (unlikely(is_32(vcpu)))
		undefined_32(vcpu);
	else
		enter_64(syndrome(ESR_EC_UNKNOWN, esr & ESR_IL, 0));
}

static bool is_fetch(u64 esr)
{
	return (u32)esr >> ESR_EC_SHIFT == ESR_EC_IABT_LOW;
}

/* Instruction aborts and data aborts without ISV have IL set (D24.2.40). */
static void abort_64(const struct arm64_trap *trap, unsigned fsc)
{
	bool lower = from_lower(sysreg_read(SPSR_EL2));
	unsigned class = lower ? ESR_EC_DABT_LOW : ESR_EC_DABT_CUR;
	u64 il = ESR_IL, iss = trap->esr & (ISS_WNR | ISS_CM);

	if (is_fetch(trap->esr)) {
		class = lower ? ESR_EC_IABT_LOW : ESR_EC_IABT_CUR;
		iss = 0;
	} else if (trap->esr & ISS_ISV) {
		il = trap->esr & ESR_IL;
	}
	sysreg_write(FAR_EL1, trap->far);
	enter_64(syndrome(class, il, iss | fsc));
}

static void inject_abort(struct vcpu *vcpu, const struct arm64_trap *trap, unsigned fsc)
{
	if (unlikely(is_32(vcpu)))
		abort_32(vcpu, trap, is_fetch(trap->esr), fsc);
	else
		abort_64(trap, fsc);
}

void arm64_inject_external_abort(struct vcpu *vcpu, const struct arm64_trap *trap)
{
	inject_abort(vcpu, trap, FSC_EXTERNAL);
}

void arm64_inject_walk_abort(struct vcpu *vcpu, const struct arm64_trap *trap, unsigned level)
{
	inject_abort(vcpu, trap, FSC_EXTERNAL_WALK | level);
}

void arm64_inject_data_abort(struct vcpu *vcpu, const struct arm64_trap *trap, unsigned fsc)
{
	inject_abort(vcpu, trap, fsc);
}

/* Classes whose number tells whether they come from the same level: the odd one does. */
static bool is_paired(unsigned class)
{
	return class == ESR_EC_IABT_LOW || class == ESR_EC_DABT_LOW || class == ESR_EC_BREAK_LOW ||
	       class == ESR_EC_STEP_LOW || class == ESR_EC_WATCH_LOW;
}

void arm64_inject_sync(struct vcpu *vcpu, u64 esr)
{
	unsigned class = (u32)esr >> ESR_EC_SHIFT;

	if (unlikely(is_32(vcpu))) {
		undefined_32(vcpu);
		return;
	}
	if (is_paired(class) && !from_lower(sysreg_read(SPSR_EL2)))
		class ++;
	enter_64(syndrome(class, esr & ESR_IL, esr & ESR_ISS_MASK));
}

/* VSESR_EL2, where there is one, is 0: an SError whose syndrome says nothing. */
void arm64_inject_serror(struct vcpu *vcpu)
{
	(void)vcpu;
	sysreg_set(HCR_EL2, HCR_VSE);
}
