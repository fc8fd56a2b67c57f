/* SPDX-License-Identifier: MIT */
/* AArch32's coprocessor registers that trap: each is one of AArch64's, or a half of one (Arm ARM, G8.3, D1.7). */
#include <arch/host.h>
#include <arch/sysreg_rows.h>

/* coprocessor 14 or 15, opc1, CRn, CRm, opc2; and those of 64 bits, which have opc1 and CRm only */
#define CP(cp, opc1, crn, crm, opc2) ((cp) << 16 | (opc1) << 11 | (crn) << 7 | (crm) << 3 | (opc2))
#define CP64(cp, opc1, crm) (1u << 20 | CP(cp, opc1, 0u, crm, 0u))

enum part {
	LOW,  /* bits 31:0; the upper half stays */
	HIGH, /* bits 63:32 */
	ALL,  /* all of a register of 64 bits */
};

struct row_32 {
	u32 number;
	u32 encoding; /* AArch64 */
	enum part part;
};

/* In no order: few guests get here, and these seldom. */
/* clang-format off */
static const struct row_32 rows[] = {
	{ CP(15, 0, 1, 0, 0), SYS_SCTLR_EL1, LOW },
	{ CP(15, 0, 1, 0, 1), SYS_ACTLR_EL1, LOW },
	{ CP(15, 0, 2, 0, 0), SYS_TTBR0_EL1, LOW },
	{ CP(15, 0, 2, 0, 1), SYS_TTBR1_EL1, LOW },
	{ CP(15, 0, 2, 0, 2), SYS_TCR_EL1, LOW },
	{ CP(15, 0, 2, 0, 3), SYS_TCR_EL1, HIGH },        /* TTBCR2 */
	{ CP(15, 0, 3, 0, 0), SYS_DACR32_EL2, LOW },
	{ CP(15, 0, 5, 0, 0), SYS_ESR_EL1, LOW },         /* DFSR */
	{ CP(15, 0, 5, 0, 1), SYS_IFSR32_EL2, LOW },
	{ CP(15, 0, 5, 1, 0), SYS_AFSR0_EL1, LOW },
	{ CP(15, 0, 5, 1, 1), SYS_AFSR1_EL1, LOW },
	{ CP(15, 0, 6, 0, 0), SYS_FAR_EL1, LOW },         /* DFAR */
	{ CP(15, 0, 6, 0, 2), SYS_FAR_EL1, HIGH },        /* IFAR */
	{ CP(15, 0, 7, 6, 2), SYSREG(1, 0, 7, 6, 2), LOW },   /* DCISW */
	{ CP(15, 0, 7, 10, 2), SYSREG(1, 0, 7, 10, 2), LOW }, /* DCCSW */
	{ CP(15, 0, 7, 14, 2), SYSREG(1, 0, 7, 14, 2), LOW }, /* DCCISW */
	{ CP(15, 0, 10, 2, 0), SYS_MAIR_EL1, LOW },
	{ CP(15, 0, 10, 2, 1), SYS_MAIR_EL1, HIGH },
	{ CP(15, 0, 10, 3, 0), SYS_AMAIR_EL1, LOW },
	{ CP(15, 0, 10, 3, 1), SYS_AMAIR_EL1, HIGH },
	{ CP(15, 0, 12, 12, 5), SYS_ICC_SRE_EL1, LOW },
	{ CP(15, 0, 13, 0, 1), SYS_CONTEXTIDR_EL1, LOW },
	{ CP(15, 0, 14, 2, 0), SYS_CNTP_TVAL_EL0, LOW },
	{ CP(15, 0, 14, 2, 1), SYS_CNTP_CTL_EL0, LOW },
	{ CP64(15, 0, 2), SYS_TTBR0_EL1, ALL },
	{ CP64(15, 1, 2), SYS_TTBR1_EL1, ALL },
	{ CP64(15, 0, 12), SYS_ICC_SGI1R_EL1, ALL },
	{ CP64(15, 1, 12), SYS_ICC_ASGI1R_EL1, ALL },
	{ CP64(15, 2, 12), SYS_ICC_SGI0R_EL1, ALL },
	{ CP64(15, 0, 14), SYS_CNTPCT_EL0, ALL },
	{ CP64(15, 2, 14), SYS_CNTP_CVAL_EL0, ALL },
};
/* clang-format on */

static const struct row_32 *find_row(u32 number)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].number == number)
			return &rows[i];
	return NULL;
}

/*
 *    24 23  20 19  17 16  14 13  10 9  5 4   1 0
 *   |CV| COND | Opc2 | Opc1 |  CRn | Rt | CRm |dir|   EC 0x03, 0x05, 0x08 (D24.2.40)
 *   |CV| COND |  Opc1 19:16 | Rt2 14:10 | Rt | CRm |dir|   EC 0x04, 0x0c
 *
 * Rt is the AArch64 register in which the guest's is found.
 */
struct access_32 {
	u32 number;
	u8 rt, rt2;
	bool write;
	bool is_64;
};

static struct access_32 decode(u64 esr)
{
	unsigned class = (u32)esr >> ESR_EC_SHIFT;
	u32 cp = class == ESR_EC_CP14_32 || class == ESR_EC_CP14_64 ? 14 : 15;
	u32 crm = esr >> 1 & 15;
	struct access_32 access = {
		.rt = esr >> 5 & 31,
		.rt2 = esr >> 10 & 31,
		.write = !(esr & 1),
		.is_64 = class == ESR_EC_CP15_64 || class == ESR_EC_CP14_64,
	};

	if (access.is_64)
		access.number = CP64(cp, (u32)(esr >> 16 & 15), crm);
	else
		access.number = CP(cp, (u32)(esr >> 14 & 7), (u32)(esr >> 10 & 15), crm,
				   (u32)(esr >> 17 & 7));
	return access;
}

static u64 get(const struct vcpu *vcpu, unsigned reg)
{
	return reg == 31 ? 0 : (u32)vcpu->arch.x[reg];
}

static void set(struct vcpu *vcpu, unsigned reg, u64 value)
{
	if (reg != 31)
		vcpu->arch.x[reg] = (u32)value;
}

/* ---- identification: in the same places, but AArch64's are not to be seen from here ---- */

static bool is_id(u32 number)
{
	return number >= CP(15, 0, 0, 1, 0) && number <= CP(15, 0, 0, 7, 7);
}

/* CRm 1 and 2, and of CRm 3 those that are not MVFR<n>, which VMRS reads. */
static u64 read_id(const struct vcpu *vcpu, u32 number)
{
	u32 encoding = SYSREG(3u, 0u, 0u, 0u, 0u) | (number & 0x7f);

	if (encoding >= SYS_MVFR0_EL1 && encoding <= SYS_MVFR2_EL1)
		return 0;
	return encoding < SYS_ID_AA64PFR0_EL1 ? sysreg_id(vcpu->vm, encoding) : 0;
}

/* VMRS MVFR0 to MVFR2: numbers 7 to 5, in the place of CRn. */
static bool trap_vmrs(struct vcpu *vcpu, u64 esr)
{
	unsigned reg = esr >> 10 & 15;

	if (!(esr & 1) || reg < 5 || reg > 7)
		return false;
	set(vcpu, esr >> 5 & 31, sysreg_id(vcpu->vm, SYS_MVFR0_EL1 + (7 - reg)));
	arm64_advance(esr);
	return true;
}

/* ---- debug: CRn, CRm and opc2 as in AArch64, but for those below ---- */

#define DFR0_BRPS 12
#define DFR0_WRPS 20
#define DFR0_CTX_CMPS 28
#define DBGDIDR_V8_DEBUG (6u << 16)

/* DBGDIDR (G8.3.11); bit 15 is RES1. */
static u64 read_didr(const struct vcpu *vcpu)
{
	u64 dfr0 = sysreg_id(vcpu->vm, SYS_ID_AA64DFR0_EL1);

	return DBGDIDR_V8_DEBUG | BIT(15) | (u64)sysreg_field(dfr0, DFR0_WRPS) << 28 |
	       (u64)sysreg_field(dfr0, DFR0_BRPS) << 24 |
	       (u64)sysreg_field(dfr0, DFR0_CTX_CMPS) << 20;
}

static bool is_debug(u32 number)
{
	return number >> 16 == 14 && (number >> 11 & 7) == 0;
}

/* Registers without a name in AArch64 read as 0; vector catch does not reach the guest's own. */
static bool is_empty_debug(u32 number)
{
	static const u32 empty[] = {
		CP(14, 0, 0, 1, 0), /* DBGDSCRint */
		CP(14, 0, 0, 5, 0), /* DBGDTRRXint, DBGDTRTXint */
		CP(14, 0, 0, 6, 0), /* DBGWFAR */
		CP(14, 0, 0, 7, 0), /* DBGVCR */
		CP(14, 0, 2, 0, 0), /* DBGDSAR */
		CP(14, 0, 7, 0, 7), /* DBGDEVID2, 1, 0 */
		CP(14, 0, 7, 1, 7), CP(14, 0, 7, 2, 7),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(empty); i++)
		if (number == empty[i])
			return true;
	return false;
}

/* ---- one access ---- */

/* DBGBXVR<n> is the upper half of DBGBVR<n>. */
static bool is_bxvr(u32 number)
{
	return (number & ~(15u << 3)) == CP(14, 0, 1, 0, 1);
}

static bool find(u32 number, struct row_32 *row)
{
	const struct row_32 *found = find_row(number);

	if (found)
		*row = *found;
	else if (is_bxvr(number))
		*row = (struct row_32){ number, SYS_DBGBVR0_EL1 + (number & 15u << 3), HIGH };
	else if (is_debug(number))
		*row = (struct row_32){ number, SYSREG(2u, 0u, 0u, 0u, 0u) | (number & 0x7ff),
					LOW };
	else
		return false;
	return true;
}

static enum sysreg_result write_part(struct vcpu *vcpu, const struct row_32 *row, u64 value)
{
	u64 old = 0;

	/* What cannot be read has no other half. */
	if (row->part != ALL && sysreg_access(vcpu, row->encoding, false, &old))
		old = 0;
	if (row->part == LOW)
		value |= old & ~0xffffffffull;
	else if (row->part == HIGH)
		value = value << 32 | (u32)old;
	return sysreg_access(vcpu, row->encoding, true, &value);
}

static enum sysreg_result read_part(struct vcpu *vcpu, const struct row_32 *row, u64 *value)
{
	enum sysreg_result result = sysreg_access(vcpu, row->encoding, false, value);

	if (row->part == HIGH)
		*value >>= 32;
	return result;
}

static enum sysreg_result access_row(struct vcpu *vcpu, const struct access_32 *access)
{
	struct row_32 row;
	enum sysreg_result result;
	u64 value = 0;

	if (!find(access->number, &row))
		return SYSREG_UNDEFINED;
	if (access->write) {
		value = get(vcpu, access->rt);
		if (access->is_64)
			value |= get(vcpu, access->rt2) << 32;
		return write_part(vcpu, &row, value);
	}
	result = read_part(vcpu, &row, &value);
	if (result == SYSREG_DONE) {
		set(vcpu, access->rt, value);
		if (access->is_64)
			set(vcpu, access->rt2, value >> 32);
	}
	return result;
}

static enum sysreg_result access_any(struct vcpu *vcpu, const struct access_32 *access)
{
	u64 value;

	if (access->write && is_empty_debug(access->number))
		return SYSREG_DONE;
	if (!access->write && is_id(access->number))
		value = read_id(vcpu, access->number);
	else if (!access->write && is_empty_debug(access->number))
		value = 0;
	else if (!access->write && access->number == CP(14, 0, 0, 0, 0))
		value = read_didr(vcpu);
	else
		return access_row(vcpu, access);
	set(vcpu, access->rt, value);
	return SYSREG_DONE;
}

bool sysreg_trap_32(struct vcpu *vcpu, u64 esr)
{
	struct access_32 access;
	enum sysreg_result result;

	switch ((u32)esr >> ESR_EC_SHIFT) {
	case ESR_EC_CP10_ID:
		return trap_vmrs(vcpu, esr);
	case ESR_EC_CP14_LS: /* LDC and STC: of the channel to a debugger only */
		return false;
	}
	access = decode(esr);
	result = access_any(vcpu, &access);
	if (result == SYSREG_DONE)
		arm64_advance(esr);
	return result != SYSREG_UNDEFINED;
}
