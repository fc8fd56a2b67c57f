/* SPDX-License-Identifier: MIT */
/* What guests see of the ID registers (Arm ARM, D24.2.84 onwards): fields that are safe, none that is not listed. */
#include <arch/host.h>
#include <arch/sysreg_rows.h>
#include <core/lock.h>
#include <core/vm.h>
#include <emulators/gic.h>

/*
 * An ID register is 16 fields of four bits, and its limit has one digit for each: the most that a guest may see, so
 * that 0 hides the field and f leaves it (7 a signed one). A guest may have what we move with a vCPU or what needs
 * no moving (instructions without state), and nothing that EL2 would have to permit. Names stand above their
 * digits, from bit 63 down; "-" is a field that is hidden. The last column marks signed fields, where -1 says absent.
 */
#define LIMIT(a, b, c, d) (0x##a##ull << 48 | 0x##b##ull << 32 | 0x##c##ull << 16 | 0x##d##ull)
#define FIELD(shift) (15ull << (shift))

/* clang-format off */
#define ID_REGISTERS(X) \
	/* AArch32: no RAS, AMU, security and virtualization extensions, trace, PMU, AC2, XNX, EVT */ \
	X(ID_PFR0_EL1, 0x0f0fffff, 0) \
	X(ID_PFR1_EL1, 0x100f000f, 0) \
	X(ID_PFR2_EL1, 0x000000ff, 0) \
	X(ID_DFR0_EL1, 0x00000008, 0) \
	X(ID_MMFR0_EL1, 0xffffffff, 0) X(ID_MMFR1_EL1, 0xffffffff, 0) X(ID_MMFR2_EL1, 0xffffffff, 0) \
	X(ID_MMFR3_EL1, 0x7fffffff, FIELD(28)) \
	X(ID_MMFR4_EL1, 0x0ffff00f, 0) \
	X(ID_MMFR5_EL1, 0x0000000f, 0) \
	X(ID_ISAR0_EL1, 0xffffffff, 0) X(ID_ISAR1_EL1, 0xffffffff, 0) X(ID_ISAR2_EL1, 0xffffffff, 0) \
	X(ID_ISAR3_EL1, 0xffffffff, 0) X(ID_ISAR4_EL1, 0xffffffff, 0) X(ID_ISAR5_EL1, 0xffffffff, 0) \
	X(ID_ISAR6_EL1, 0xffffffff, 0) \
	X(MVFR0_EL1, 0xffffffff, 0) X(MVFR1_EL1, 0xffffffff, 0) X(MVFR2_EL1, 0xffffffff, 0) \
	/* CSV3 CSV2 -(RME) DIT | -(AMU) -(MPAM) -(SEL2) SVE | -(RAS) GIC SIMD FP | -(EL3) -(EL2) EL1 EL0 */ \
	X(ID_AA64PFR0_EL1, LIMIT(f201, 0001, 0111, 0022), FIELD(16) | FIELD(20)) \
	/* nothing above bit 8 (NMI, GCS, SME, MTE and their like); SSBS BT */ \
	X(ID_AA64PFR1_EL1, LIMIT(0000, 0000, 0000, 0021), 0) \
	/* F64MM F32MM - I8MM | SM4 - - SHA3 | B16B16 BF16 BitPerm - | - - AES SVEver */ \
	X(ID_AA64ZFR0_EL1, LIMIT(ff0f, f00f, 0ff0, 00f2), 0) \
	/* nothing of tracing, profiling, counting; CTX_CMPs - WRPs - | BRPs - - DebugVer */ \
	X(ID_AA64DFR0_EL1, LIMIT(0000, 0000, f0f0, f008), 0) \
	/* RNDR TLB TS FHM | DP SM4 SM3 SHA3 | RDM -(TME) Atomic CRC32 | SHA2 SHA1 AES - */ \
	X(ID_AA64ISAR0_EL1, LIMIT(ffff, ffff, f0ff, fff0), 0) \
	/* -(LS64) -(XS) I8MM DGH | BF16 SPECRES SB FRINTTS | GPI GPA LRCPC FCMA | JSCVT API APA DPB */ \
	X(ID_AA64ISAR1_EL1, LIMIT(00ff, ffff, ffff, ffff), 0) \
	/* - - CSSC RPRFM | - PRFMSLC - - | CLRBHB PAC_frac BC -(MOPS) | APA3 GPA3 RPRES -(WFxT) */ \
	X(ID_AA64ISAR2_EL1, LIMIT(00ff, 0f00, fff0, fff0), 0) \
	/* -(ECV) -(FGT) - ExS | - (stage 2) | TGran4 TGran64 TGran16 (no LPA2) BigEndEL0 | - BigEnd ASID PA of 48 bits */ \
	X(ID_AA64MMFR0_EL1, LIMIT(000f, 0000, 001f, 0ff5), FIELD(28) | FIELD(24)) \
	/* ECBHB -(CMOW) -(TIDCP1) nTLBPA | AFP -(HCX) ETS - | - SpecSEI PAN -(LO) | HPDS -(VH) - HAFDBS */ \
	X(ID_AA64MMFR1_EL1, LIMIT(f00f, f0f0, 0ff0, f002), 0) \
	/* E0PD -(EVT) BBM TTL | -(FWB) - IDS AT | ST -(NV) CCIDX -(52-bit VA) | -(IESB) LSM UAO CnP */ \
	X(ID_AA64MMFR2_EL1, LIMIT(f0ff, 00ff, f0f0, 0fff), 0) \
	/* S1PIE and TCRX, where they are moved */ \
	X(ID_AA64MMFR3_EL1, LIMIT(0000, 0000, 0000, 0101), 0)
/* clang-format on */

/* Fields that are there only if features.c found that all CPUs have it, and so moves it with vCPUs. */
static const struct {
	u32 encoding;
	u64 fields;
	const bool *needs;
} conditions[] = {
	{ SYS_ID_AA64PFR0_EL1, FIELD(32), &arm64_features.sve },
	{ SYS_ID_AA64ZFR0_EL1, ~0ull, &arm64_features.sve },
	{ SYS_ID_AA64PFR1_EL1, FIELD(0), &arm64_features.bti },
	{ SYS_ID_AA64ISAR1_EL1, FIELD(4) | FIELD(8) | FIELD(24) | FIELD(28),
	  &arm64_features.pauth },
	{ SYS_ID_AA64ISAR2_EL1, FIELD(8) | FIELD(12) | FIELD(24), &arm64_features.pauth },
	{ SYS_ID_AA64MMFR3_EL1, FIELD(0), &arm64_features.tcr2 },
	{ SYS_ID_AA64MMFR3_EL1, FIELD(8), &arm64_features.s1pie },
};

/* The space that HCR_EL2.TID3 traps: op0 3, op1 0, CRn 0, CRm 1 to 7. What has no row is 0. */
#define ID_COUNT 56
#define ID_INDEX(encoding) ((encoding)-SYSREG(3u, 0u, 0u, 1u, 0u))
#define ID_A32_COUNT 24 /* CRm 1 to 3 */

struct id_register {
	u32 encoding;
	u64 limit;
	u64 is_signed;
};

static const struct id_register registers[] = {
#define ROW(name, limit, is_signed) { SYS_##name, limit, is_signed },
	ID_REGISTERS(ROW)
#undef ROW
};

static struct spinlock id_lock = SPINLOCK(LOCK_LEAF, "id_regs"); /* guards it while CPUs start */
static u64 visible[ID_COUNT]; /* to all guests; sysreg_id() takes away what one VM has not */

static u64 read_hardware(u32 encoding)
{
	switch (encoding) {
#define CASE(name, limit, is_signed) \
	case SYS_##name:             \
		return sysreg_read(name);
		ID_REGISTERS(CASE)
#undef CASE
	}
	return 0;
}

static u64 least(u64 a, u64 b, u64 is_signed)
{
	u64 value = 0;

	for (unsigned shift = 0; shift < 64; shift += 4) {
		/* With the sign bit turned over, signed fields compare as unsigned ones do. */
		unsigned sign = is_signed >> shift & 8;
		unsigned x = sysreg_field(a, shift) ^ sign, y = sysreg_field(b, shift) ^ sign;

		value |= (u64)(MIN(x, y) ^ sign) << shift;
	}
	return value;
}

static u64 hidden_fields(u32 encoding)
{
	u64 hidden = 0;

	/* Without AArch32 its registers are unknown (D24.2.85), which is no business of a guest. */
	if (ID_INDEX(encoding) < ID_A32_COUNT && !arm64_features.el0_32)
		return ~0ull;
	for (unsigned i = 0; i < ARRAY_SIZE(conditions); i++)
		if (conditions[i].encoding == encoding && !*conditions[i].needs)
			hidden |= conditions[i].fields;
	return hidden;
}

void sysreg_id_init(void)
{
	bool first = this_cpu()->id == 0;
	irqflags_t flags = spin_lock(&id_lock);

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		const struct id_register *reg = &registers[i];
		u64 *value = &visible[ID_INDEX(reg->encoding)];
		u64 here = least(read_hardware(reg->encoding), reg->limit, reg->is_signed);

		here &= ~hidden_fields(reg->encoding);
		*value = first ? here : least(*value, here, reg->is_signed);
	}
	spin_unlock(&id_lock, flags);
}

static bool has_gic_registers(const struct vm *vm)
{
	return vm->arch.gic && gic_version(vm->arch.gic) == 3;
}

u64 sysreg_id(const struct vm *vm, u32 encoding)
{
	u32 index = ID_INDEX(encoding);
	u64 value;

	if (index >= ID_COUNT)
		return 0;
	value = visible[index];
	switch (encoding) {
	case SYS_ID_AA64PFR0_EL1:
		return has_gic_registers(vm) ? value : value & ~FIELD(24);
	case SYS_ID_PFR1_EL1:
		return has_gic_registers(vm) ? value : value & ~FIELD(28);
	case SYS_ID_AA64DFR0_EL1:
		return value | FIELD(36); /* DoubleLock: 15 says that there is none */
	}
	return value;
}
