/* SPDX-License-Identifier: MIT */
/*
 * Test guest: system registers and instructions: what the ID registers announce works, what they do not is
 * undefined, registers keep what is written, maintenance of caches and TLBs does what it says.
 */
#include <arm64.h>

void run_slot_code(void); /* start.S */
static u8 area[8192] __attribute__((aligned(4096)));

static u64 read_encoded(u32 reg)
{
	return run_instruction(MRS(reg, 0)) == EC_NONE ? this_cpu()->out[0] : 0;
}

static u64 write_encoded(u32 reg, u64 value)
{
	this_cpu()->in[0] = value;
	return run_instruction(MSR(reg, 0));
}

/* An undefined instruction as hardware reports it: class 0, no syndrome, at the instruction, from EL1t. */
static bool proper_undefined(void)
{
	const struct cpu *cpu = this_cpu();

	return cpu->trap_esr == ESR_IL && cpu->trap_elr == run_address() && cpu->trap_vector == 0 &&
	       (cpu->trap_spsr & 0x1f) == PSTATE_EL1T && cpu->trap_state == (0x3c0 | 1);
}

static void expect_undefined(const char *name, u32 insn)
{
	u64 ec = run_instruction(insn);

	if (ec == EC_UNKNOWN && !proper_undefined())
		print("%s: ESR 0x%lx ELR 0x%lx SPSR 0x%lx vector %lu state 0x%lx\n", name,
		      trap_esr(), trap_elr(), this_cpu()->trap_spsr, this_cpu()->trap_vector,
		      this_cpu()->trap_state);
	check(name, ec == EC_UNKNOWN && proper_undefined());
}

/* ---- identification ---- */

#define ID(crm, op2) SYSREG(3, 0, 0, crm, op2)

static void id_space(void)
{
	unsigned wrong = 0, writable = 0;

	for (unsigned crm = 1; crm < 8; crm++)
		for (unsigned op2 = 0; op2 < 8; op2++) {
			u64 first;

			wrong += run_instruction(MRS(ID(crm, op2), 0)) != EC_NONE;
			first = this_cpu()->out[0];
			wrong += read_encoded(ID(crm, op2)) != first;
			writable += write_encoded(ID(crm, op2), ~0ul) != EC_UNKNOWN ||
				    !proper_undefined();
			if (first && crm >= 4)
				print("  ID register %u.%u: 0x%lx\n", crm, op2, first);
		}
	check_equal("all ID registers can be read, and read the same again", wrong, 0);
	check_equal("writing them is undefined", writable, 0);
}

static void basic(void)
{
	static const struct {
		const char *name;
		u32 reg;
	} rows[] = {
		{ "MIDR_EL1", SYSREG(3, 0, 0, 0, 0) },   { "MPIDR_EL1", SYSREG(3, 0, 0, 0, 5) },
		{ "REVIDR_EL1", SYSREG(3, 0, 0, 0, 6) }, { "CCSIDR_EL1", SYSREG(3, 1, 0, 0, 0) },
		{ "CLIDR_EL1", SYSREG(3, 1, 0, 0, 1) },  { "AIDR_EL1", SYSREG(3, 1, 0, 0, 7) },
		{ "CSSELR_EL1", SYSREG(3, 2, 0, 0, 0) }, { "CTR_EL0", SYSREG(3, 3, 0, 0, 1) },
		{ "DCZID_EL0", SYSREG(3, 3, 0, 0, 7) },  { "CurrentEL", SYSREG(3, 0, 4, 2, 2) },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		check_equal(rows[i].name, run_instruction(MRS(rows[i].reg, 0)), EC_NONE);
		if (rows[i].reg != SYSREG(3, 2, 0, 0, 0))
			expect_undefined("  cannot be written", MSR(rows[i].reg, 0));
	}
	check("MIDR_EL1 names a part", sysreg_read(midr_el1));
	check_equal("CTR_EL0 has its RES1", sysreg_read(ctr_el0) >> 31 & 1, 1);
	check("  and lines of 16 bytes or more",
	      (sysreg_read(ctr_el0) & 15) >= 2 && (sysreg_read(ctr_el0) >> 16 & 15) >= 2);
	check_equal("CurrentEL is EL1", sysreg_read(currentel), 4);
}

/* ---- features: what is announced, and one instruction that needs it ---- */

struct feature {
	const char *name;
	u32 id;     /* ID register */
	u8 shift;   /* of its field */
	u8 least;   /* value from which on it is there; 15 is absent */
	bool maybe; /* nothing keeps a guest from using it unannounced */
	u32 insn;
};

#define PFR0 ID(4, 0)
#define PFR1 ID(4, 1)
#define DFR0 ID(5, 0)
#define ISAR0 ID(6, 0)
#define ISAR1 ID(6, 1)
#define ISAR2 ID(6, 2)
#define MMFR0 ID(7, 0)
#define MMFR1 ID(7, 1)
#define MMFR2 ID(7, 2)
#define MMFR3 ID(7, 3)
#define READ(op0, op1, crn, crm, op2) MRS(SYSREG(op0, op1, crn, crm, op2), 0)

static const struct feature features[] = {
	{ "SVE: ZCR_EL1", PFR0, 32, 1, false, READ(3, 0, 1, 2, 0) },
	{ "SVE: RDVL", PFR0, 32, 1, false, 0x04bf5020 },
	{ "SME: SVCR", PFR1, 24, 1, false, READ(3, 3, 4, 2, 2) },
	{ "SME: SMCR_EL1", PFR1, 24, 1, false, READ(3, 0, 1, 2, 6) },
	{ "SME: TPIDR2_EL0", PFR1, 24, 1, false, READ(3, 3, 13, 0, 5) },
	{ "MTE: IRG", PFR1, 8, 1, true, 0x9adf1000 },
	{ "MTE: GCR_EL1", PFR1, 8, 2, false, READ(3, 0, 1, 0, 6) },
	{ "MTE: RGSR_EL1", PFR1, 8, 2, false, READ(3, 0, 1, 0, 5) },
	{ "MTE: TFSR_EL1", PFR1, 8, 2, false, READ(3, 0, 5, 6, 0) },
	{ "GIC: ICC_SRE_EL1", PFR0, 24, 1, false, READ(3, 0, 12, 12, 5) },
	{ "GIC: ICC_PMR_EL1", PFR0, 24, 1, false, READ(3, 0, 4, 6, 0) },
	{ "RAS: ERRIDR_EL1", PFR0, 28, 1, false, READ(3, 0, 5, 3, 0) },
	{ "RAS: DISR_EL1", PFR0, 28, 1, true, READ(3, 0, 12, 1, 1) },
	{ "AMU: AMCR_EL0", PFR0, 44, 1, false, READ(3, 3, 13, 2, 0) },
	{ "AMU: AMEVCNTR00_EL0", PFR0, 44, 1, false, READ(3, 3, 13, 4, 0) },
	{ "MPAM: MPAM1_EL1", PFR0, 40, 1, false, READ(3, 0, 10, 5, 0) },
	{ "DIT", PFR0, 48, 1, true, READ(3, 3, 4, 2, 5) },
	{ "SSBS", PFR1, 4, 2, true, READ(3, 3, 4, 2, 6) },
	{ "GCS: GCSCR_EL1", PFR1, 44, 1, false, READ(3, 0, 2, 5, 0) },
	{ "LSE: LDADD", ISAR0, 20, 2, true, 0xb8200022 },
	{ "RNDR", ISAR0, 60, 1, true, READ(3, 3, 2, 4, 0) },
	{ "TLBI OS", ISAR0, 56, 1, true, 0xd508811f },
	{ "TLBI range", ISAR0, 56, 2, true, 0xd5088220 },
	{ "DC CVAP", ISAR1, 0, 1, true, 0xd50b7c21 },
	{ "DC CVADP", ISAR1, 0, 2, true, 0xd50b7d21 },
	{ "SB", ISAR1, 36, 1, true, 0xd50330ff },
	{ "ACCDATA_EL1", ISAR1, 60, 3, false, READ(3, 0, 13, 0, 5) },
	{ "WFIT", ISAR2, 0, 2, true, 0xd5031020 },
	{ "ECV: CNTVCTSS_EL0", MMFR0, 60, 1, true, READ(3, 3, 14, 0, 6) },
	{ "ECV: CNTPCTSS_EL0", MMFR0, 60, 1, true, READ(3, 3, 14, 0, 5) },
	{ "PAN", MMFR1, 20, 1, true, READ(3, 0, 4, 2, 3) },
	{ "LOR: LORC_EL1", MMFR1, 16, 1, false, READ(3, 0, 10, 4, 3) },
	{ "LOR: LORID_EL1", MMFR1, 16, 1, false, READ(3, 0, 10, 4, 7) },
	{ "UAO", MMFR2, 4, 1, true, READ(3, 0, 4, 2, 4) },
	{ "TCR2_EL1", MMFR3, 0, 1, false, READ(3, 0, 2, 0, 3) },
	{ "SCTLR2_EL1", MMFR3, 4, 1, false, READ(3, 0, 1, 0, 3) },
	{ "PIR_EL1", MMFR3, 8, 1, false, READ(3, 0, 10, 2, 3) },
	{ "POR_EL1", MMFR3, 16, 1, false, READ(3, 0, 10, 2, 4) },
	{ "PMU: PMCR_EL0", DFR0, 8, 1, false, READ(3, 3, 9, 12, 0) },
	{ "PMU: PMCCNTR_EL0", DFR0, 8, 1, false, READ(3, 3, 9, 13, 0) },
	{ "PMU: PMCNTENSET_EL0", DFR0, 8, 1, false, READ(3, 3, 9, 12, 1) },
	{ "PMU: PMINTENSET_EL1", DFR0, 8, 1, false, READ(3, 0, 9, 14, 1) },
	{ "PMU: PMCEID0_EL0", DFR0, 8, 1, false, READ(3, 3, 9, 12, 6) },
	{ "PMU: PMUSERENR_EL0", DFR0, 8, 1, false, READ(3, 3, 9, 14, 0) },
	{ "PMU: PMCCFILTR_EL0", DFR0, 8, 1, false, READ(3, 3, 14, 15, 7) },
	{ "SPE: PMSCR_EL1", DFR0, 32, 1, false, READ(3, 0, 9, 9, 0) },
	{ "SPE: PMBLIMITR_EL1", DFR0, 32, 1, false, READ(3, 0, 9, 10, 0) },
	{ "trace: TRCIDR1", DFR0, 4, 1, false, READ(2, 1, 0, 9, 7) },
	{ "trace: TRFCR_EL1", DFR0, 40, 1, false, READ(3, 0, 1, 2, 1) },
	{ "TRBE: TRBLIMITR_EL1", DFR0, 44, 1, false, READ(3, 0, 9, 11, 0) },
	{ "BRBE: BRBCR_EL1", DFR0, 52, 1, false, READ(2, 1, 9, 0, 0) },
};

static void one_feature(const struct feature *f)
{
	unsigned field = id_field(read_encoded(f->id), f->shift);
	bool announced = field >= f->least && field != 15;
	u64 ec;

	this_cpu()->in[0] = 0;
	this_cpu()->in[1] = (u64)(uintptr_t)area;
	this_cpu()->in[2] = 0;
	ec = run_instruction(f->insn);
	print("- %s: field %u\n", f->name, field);
	if (announced)
		check_equal("  announced, it works", ec, EC_NONE);
	else if (f->maybe && ec == EC_NONE)
		return; /* not announced, and usable all the same */
	else
		check("  not announced, it is undefined", ec == EC_UNKNOWN && proper_undefined());
}

static void announced(void)
{
	/* What CPACR_EL1 could trap is allowed: float, SVE, SME. */
	sysreg_write(cpacr_el1, 3ul << 20 | 3ul << 16 | 3ul << 24);
	isb();
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		one_feature(&features[i]);
	sysreg_write(cpacr_el1, 0);
	isb();
}

/* ---- float and SVE off and on ---- */

static void float_switch(void)
{
	bool sve = id_field(read_encoded(PFR0), 32);

	if (id_field(read_encoded(PFR0), 16) == 15) {
		skip("float", "the CPU has none");
		return;
	}
	sysreg_write(cpacr_el1, 0);
	isb();
	check_equal("float with CPACR_EL1 off", run_instruction(0x9e670000 /* fmov d0, x0 */),
		    EC_FP);
	check_equal("  FPCR too", run_instruction(READ(3, 3, 4, 4, 0)), EC_FP);
	sysreg_write(cpacr_el1, 3ul << 20);
	isb();
	check_equal("float with it on", run_instruction(0x9e670000), EC_NONE);
	check_equal("  FPCR too", run_instruction(READ(3, 3, 4, 4, 0)), EC_NONE);
	check_equal("SVE with CPACR_EL1.ZEN off: its class, or undefined",
		    run_instruction(0x04bf5020), sve ? EC_SVE : EC_UNKNOWN);
	sysreg_write(cpacr_el1, 0);
	isb();
}

/* ---- pointer authentication ---- */

static void pointer_keys(void)
{
	static const u32 keys[] = {
		SYSREG(3, 0, 2, 1, 0), SYSREG(3, 0, 2, 1, 1), SYSREG(3, 0, 2, 1, 2),
		SYSREG(3, 0, 2, 1, 3), SYSREG(3, 0, 2, 2, 0), SYSREG(3, 0, 2, 2, 1),
		SYSREG(3, 0, 2, 2, 2), SYSREG(3, 0, 2, 2, 3), SYSREG(3, 0, 2, 3, 0),
		SYSREG(3, 0, 2, 3, 1),
	};
	u64 isar1 = read_encoded(ISAR1), pointer = 0x40201234, signed_pointer;
	bool there = (isar1 >> 4 & 0xff) || id_field(read_encoded(ISAR2), 12);
	unsigned good = 0;

	if (!there && !(isar1 >> 24 & 0xff)) {
		for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
			good += run_instruction(MRS(keys[i], 0)) == EC_UNKNOWN &&
				proper_undefined();
		check_equal("no pointer authentication announced: its keys are undefined", good,
			    ARRAY_SIZE(keys));
		check_equal("  its hints do nothing", run_instruction(0xd503233f /* paciasp */),
			    EC_NONE);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		write_encoded(keys[i], 0x1122334455667788ul * (i + 1));
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		good += read_encoded(keys[i]) == 0x1122334455667788ul * (i + 1);
	check_equal("keys of pointer authentication read back", good, ARRAY_SIZE(keys));
	if (!there)
		return;
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) | 1ul << 31);
	isb();
	this_cpu()->in[0] = pointer;
	this_cpu()->in[1] = 77;
	check_equal("PACIA", run_instruction(0xdac10020 /* pacia x0, x1 */), EC_NONE);
	signed_pointer = this_cpu()->out[0];
	check("  signs", signed_pointer != pointer);
	this_cpu()->in[0] = signed_pointer;
	this_cpu()->in[1] = 77;
	run_instruction(0xdac11020 /* autia x0, x1 */);
	check_equal("AUTIA takes the signature off", this_cpu()->out[0], pointer);
	write_encoded(keys[0], 1);
	this_cpu()->in[0] = pointer;
	run_instruction(0xdac10020);
	check("another key signs otherwise", this_cpu()->out[0] != signed_pointer);
	sysreg_write(sctlr_el1, sysreg_read(sctlr_el1) & ~(1ul << 31));
	isb();
}

/* ---- what EL1 has not ---- */

static void above_el1(void)
{
	static const struct {
		const char *name;
		u32 reg;
	} rows[] = {
		{ "VPIDR_EL2", SYSREG(3, 4, 0, 0, 0) },
		{ "VMPIDR_EL2", SYSREG(3, 4, 0, 0, 5) },
		{ "SCTLR_EL2", SYSREG(3, 4, 1, 0, 0) },
		{ "HCR_EL2", SYSREG(3, 4, 1, 1, 0) },
		{ "MDCR_EL2", SYSREG(3, 4, 1, 1, 1) },
		{ "CPTR_EL2", SYSREG(3, 4, 1, 1, 2) },
		{ "HSTR_EL2", SYSREG(3, 4, 1, 1, 3) },
		{ "HCRX_EL2", SYSREG(3, 4, 1, 2, 2) },
		{ "TTBR0_EL2", SYSREG(3, 4, 2, 0, 0) },
		{ "TCR_EL2", SYSREG(3, 4, 2, 0, 2) },
		{ "VTTBR_EL2", SYSREG(3, 4, 2, 1, 0) },
		{ "VTCR_EL2", SYSREG(3, 4, 2, 1, 2) },
		{ "SPSR_EL2", SYSREG(3, 4, 4, 0, 0) },
		{ "ELR_EL2", SYSREG(3, 4, 4, 0, 1) },
		{ "SP_EL1", SYSREG(3, 4, 4, 1, 0) },
		{ "ESR_EL2", SYSREG(3, 4, 5, 2, 0) },
		{ "FAR_EL2", SYSREG(3, 4, 6, 0, 0) },
		{ "HPFAR_EL2", SYSREG(3, 4, 6, 0, 4) },
		{ "MAIR_EL2", SYSREG(3, 4, 10, 2, 0) },
		{ "VBAR_EL2", SYSREG(3, 4, 12, 0, 0) },
		{ "ICC_SRE_EL2", SYSREG(3, 4, 12, 9, 5) },
		{ "ICH_HCR_EL2", SYSREG(3, 4, 12, 11, 0) },
		{ "ICH_LR0_EL2", SYSREG(3, 4, 12, 12, 0) },
		{ "TPIDR_EL2", SYSREG(3, 4, 13, 0, 2) },
		{ "CNTVOFF_EL2", SYSREG(3, 4, 14, 0, 3) },
		{ "CNTHCTL_EL2", SYSREG(3, 4, 14, 1, 0) },
		{ "CNTHP_CTL_EL2", SYSREG(3, 4, 14, 2, 1) },
		{ "SCTLR_EL12", SYSREG(3, 5, 1, 0, 0) },
		{ "CPACR_EL12", SYSREG(3, 5, 1, 0, 2) },
		{ "VBAR_EL12", SYSREG(3, 5, 12, 0, 0) },
		{ "CNTV_CTL_EL02", SYSREG(3, 5, 14, 3, 1) },
		{ "SCTLR_EL3", SYSREG(3, 6, 1, 0, 0) },
		{ "SCR_EL3", SYSREG(3, 6, 1, 1, 0) },
		{ "ELR_EL3", SYSREG(3, 6, 4, 0, 1) },
		{ "VBAR_EL3", SYSREG(3, 6, 12, 0, 0) },
		{ "ICC_IGRPEN1_EL3", SYSREG(3, 6, 12, 12, 7) },
		{ "TPIDR_EL3", SYSREG(3, 6, 13, 0, 2) },
		{ "CNTPS_CTL_EL1", SYSREG(3, 7, 14, 2, 1) },
	};
	static const struct {
		const char *name;
		u32 insn;
	} others[] = {
		{ "TLBI ALLE2", 0xd50c871f },
		{ "TLBI ALLE1", 0xd50c879f },
		{ "TLBI VMALLS12E1IS", 0xd50c83df },
		{ "TLBI IPAS2E1", 0xd50c8420 },
		{ "TLBI ALLE3", 0xd50e871f },
		{ "AT S1E2R", 0xd50c7800 },
		{ "AT S12E1R", 0xd50c7880 },
		{ "AT S1E3R", 0xd50e7800 },
		{ "UDF #0", 0x00000000 },
		{ "a reserved word", 0xffffffff },
		{ "MSR of no register", 0xd5183fe0 & ~0u },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		expect_undefined(rows[i].name, MRS(rows[i].reg, 0));
		expect_undefined("  write", MSR(rows[i].reg, 0));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		expect_undefined(others[i].name, others[i].insn);
}

/* All encodings of registers: each answers, or is undefined. Nothing else, and the guest goes on. */
static void sweep(u32 op0)
{
	unsigned good = 0, undefined = 0, odd = 0;
	bool id_class = id_field(read_encoded(MMFR2),
				 36); /* FEAT_IDST: registers of identification have a class */

	sysreg_write(cpacr_el1, 3ul << 20 | 3ul << 16 | 3ul << 24);
	isb();
	for (u32 code = 0; code < 1 << 14; code++) {
		u32 reg = SYSREG(op0, code >> 11, code >> 7 & 15, code >> 3 & 15, code & 7);
		u64 ec = run_instruction(MRS(reg, 0));

		if (ec == EC_NONE)
			good++;
		else if (ec == EC_UNKNOWN && proper_undefined())
			undefined++;
		else if (ec == EC_SYSREG && id_class && op0 == 3 && (code >> 7 & 15) == 0)
			undefined++;
		else if (!odd++)
			print("S%u_%u_C%u_C%u_%u: ESR 0x%lx\n", op0, code >> 11, code >> 7 & 15,
			      code >> 3 & 15, code & 7, trap_esr());
	}
	sysreg_write(cpacr_el1, 0);
	isb();
	print("- all of S%u: %u can be read, %u are undefined\n", op0, good, undefined);
	check_equal("nothing else", odd, 0);
}

/* ---- registers that keep what is written ---- */

static void keep(void)
{
	static const struct {
		const char *name;
		u32 reg;
		u64 mask;
		bool fixed; /* may be fixed too */
	} rows[] = {
		{ "TPIDR_EL0", SYSREG(3, 3, 13, 0, 2), ~0ul, false },
		{ "CONTEXTIDR_EL1", SYSREG(3, 0, 13, 0, 1), 0xffffffff, false },
		{ "TTBR1_EL1", SYSREG(3, 0, 2, 0, 1), 0xffff00fffffff000, false },
		{ "MAIR_EL1", SYSREG(3, 0, 10, 2, 0), 0xffffffff00000000, false },
		{ "AMAIR_EL1", SYSREG(3, 0, 10, 3, 0), ~0ul, true },
		{ "ACTLR_EL1", SYSREG(3, 0, 1, 0, 1), ~0ul, true },
		{ "AFSR0_EL1", SYSREG(3, 0, 5, 1, 0), 0xffffffff, true },
		{ "AFSR1_EL1", SYSREG(3, 0, 5, 1, 1), 0xffffffff, true },
		{ "ESR_EL1", SYSREG(3, 0, 5, 2, 0), 0xffffffff, false },
		{ "FAR_EL1", SYSREG(3, 0, 6, 0, 0), ~0ul, false },
		{ "ELR_EL1", SYSREG(3, 0, 4, 0, 1), ~0ul, false },
		{ "CNTKCTL_EL1", SYSREG(3, 0, 14, 1, 0), 0x3ff, false },
		{ "CPACR_EL1", SYSREG(3, 0, 1, 0, 2), 3 << 20, false },
		{ "CNTV_CVAL_EL0", SYSREG(3, 3, 14, 3, 2), ~0ul, false },
		{ "CNTP_CVAL_EL0", SYSREG(3, 3, 14, 2, 2), ~0ul, false },
	};
	static const u64 patterns[] = { 0xffffffffffffffff, 0, 0xa5a5a5a55a5a5a5a,
					0x123456789abcdef0 };

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 before = read_encoded(rows[i].reg), keep_bits = before & ~rows[i].mask;
		unsigned kept = 0, same = 0;

		for (unsigned p = 0; p < ARRAY_SIZE(patterns); p++) {
			u64 got;

			write_encoded(rows[i].reg, (patterns[p] & rows[i].mask) | keep_bits);
			got = read_encoded(rows[i].reg) & rows[i].mask;
			kept += got == (patterns[p] & rows[i].mask);
			same += got == (before & rows[i].mask);
		}
		write_encoded(rows[i].reg, before);
		check(rows[i].name, kept == ARRAY_SIZE(patterns) ||
					    (rows[i].fixed && same == ARRAY_SIZE(patterns)));
	}
}

/* ---- each register of the CPU as source and destination of what the hypervisor may handle itself ---- */

static unsigned changed(u32 except)
{
	const struct cpu *cpu = this_cpu();
	unsigned count = 0;

	for (unsigned i = 0; i < 32; i++)
		if (i != except && cpu->out[i] != cpu->in[i]) {
			print("x%u was 0x%lx, is 0x%lx\n", i, cpu->in[i], cpu->out[i]);
			count++;
		}
	return count;
}

static void fill(void)
{
	for (unsigned i = 0; i < 32; i++)
		this_cpu()->in[i] = (0x0123456789abcd00ul * (i + 1) + i) & ~15ul;
}

static void every_register(const char *name, u32 reg, u64 mask)
{
	u64 want = read_encoded(reg) & mask;
	unsigned wrong = 0, lost = 0;

	for (u32 rt = 0; rt < 32; rt++) {
		fill();
		if (run_instruction(MRS(reg, rt)) != EC_NONE)
			wrong++;
		else if (rt < 31)
			wrong += (this_cpu()->out[rt] & mask) != want;
		lost += changed(rt < 31 ? rt : 32);
	}
	check_equal(name, wrong, 0);
	check_equal("  and no other register changes", lost, 0);
}

static void every_source(const char *name, u32 reg)
{
	unsigned wrong = 0;

	for (u32 rt = 0; rt < 32; rt++) {
		fill();
		if (run_instruction(MSR(reg, rt)) != EC_NONE || changed(32))
			wrong++;
		wrong += read_encoded(reg) !=
			 (rt < 31 ? (0x0123456789abcd00ul * (rt + 1) + rt) & ~15ul : 0);
	}
	check_equal(name, wrong, 0);
}

static void transfers(void)
{
	every_register("an ID register into every register", PFR0, ~0ul);
	every_register("a debug ID register too", DFR0, ~0ul);
	every_register("CTR_EL0 too", SYSREG(3, 3, 0, 0, 1), ~0ul);
	every_register("the physical timer's control too", SYSREG(3, 3, 14, 2, 1), 3);
	every_register("a cache's geometry too", SYSREG(3, 1, 0, 0, 0), ~0ul);
	every_source("the physical timer's compare value from every register",
		     SYSREG(3, 3, 14, 2, 2));
	every_source("the virtual timer's too", SYSREG(3, 3, 14, 3, 2));
}

/* ---- debug registers that every CPU has ---- */

#define DEBUG_REGISTER(n, op2) SYSREG(2, 0, 0, n, op2)

static void debug(void)
{
	static const struct {
		const char *name;
		u32 reg;
	} rows[] = {
		{ "MDSCR_EL1", DEBUG_REGISTER(2, 2) },
		{ "MDCCINT_EL1", DEBUG_REGISTER(2, 0) },
		{ "OSLSR_EL1", SYSREG(2, 0, 1, 1, 4) },
		{ "OSDLR_EL1", SYSREG(2, 0, 1, 3, 4) },
		{ "DBGCLAIMSET_EL1", SYSREG(2, 0, 7, 8, 6) },
		{ "DBGCLAIMCLR_EL1", SYSREG(2, 0, 7, 9, 6) },
		{ "MDRAR_EL1", SYSREG(2, 0, 1, 0, 0) },
		{ "MDCCSR_EL0", SYSREG(2, 3, 0, 1, 0) },
	};
	u64 dfr0 = read_encoded(DFR0);
	unsigned breakpoints = id_field(dfr0, 12) + 1, watchpoints = id_field(dfr0, 20) + 1,
		 wrong = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		check_equal(rows[i].name, run_instruction(MRS(rows[i].reg, 0)), EC_NONE);
	for (unsigned i = 0; i < breakpoints; i++)
		for (unsigned op2 = 4; op2 < 6; op2++)
			wrong += run_instruction(MRS(DEBUG_REGISTER(i, op2), 0)) != EC_NONE ||
				 write_encoded(DEBUG_REGISTER(i, op2), 0) != EC_NONE;
	for (unsigned i = 0; i < watchpoints; i++)
		for (unsigned op2 = 6; op2 < 8; op2++)
			wrong += run_instruction(MRS(DEBUG_REGISTER(i, op2), 0)) != EC_NONE ||
				 write_encoded(DEBUG_REGISTER(i, op2), 0) != EC_NONE;
	print("- %u breakpoints, %u watchpoints\n", breakpoints, watchpoints);
	check_equal("the registers of those announced can be used", wrong, 0);
	check_equal("OSLAR_EL1 locks", write_encoded(SYSREG(2, 0, 1, 0, 4), 1), EC_NONE);
	check("  as OSLSR_EL1 shows, or there is no lock",
	      (read_encoded(SYSREG(2, 0, 1, 1, 4)) & 2) ||
		      !(read_encoded(SYSREG(2, 0, 1, 1, 4)) & 9));
	check_equal("  and unlocks", write_encoded(SYSREG(2, 0, 1, 0, 4), 0), EC_NONE);
	check_equal("  as OSLSR_EL1 shows", read_encoded(SYSREG(2, 0, 1, 1, 4)) & 2, 0);
}

/* A breakpoint register that keeps its value makes a breakpoint. */
static void breakpoint(void)
{
	u64 at = run_address(), ec;

	write_encoded(DEBUG_REGISTER(0, 4), at);
	if (read_encoded(DEBUG_REGISTER(0, 4)) != at) {
		skip("breakpoint", "the registers keep nothing");
		return;
	}
	this_cpu()->in[0] = 0;
	*(volatile u32 *)at = 0xd503201f;
	code_sync((void *)at, 4);
	sysreg_write(S2_0_C0_C0_5,
		     0xf << 5 | 1 << 1 | 1); /* DBGBCR0_EL1: EL1, all of the word, on */
	sysreg_write(mdscr_el1, 1 << 15 | 1 << 13);
	isb();
	__asm__ volatile("msr daifclr, #8");
	ec = TRAP(run_slot_code());
	__asm__ volatile("msr daifset, #8");
	sysreg_write(mdscr_el1, 0);
	sysreg_write(S2_0_C0_C0_5, 0);
	isb();
	check_equal("a breakpoint is one", ec, 0x31);
	check_equal("  at its address", trap_elr(), at);
}

/* ---- caches, TLBs, translations ---- */

static void set_way_of(unsigned level)
{
	u64 ccsidr, ways, sets;
	unsigned line, way_shift, wide = id_field(read_encoded(MMFR2), 20) ? 24 : 10, wrong = 0;

	sysreg_write(csselr_el1, level << 1);
	isb();
	ccsidr = sysreg_read(ccsidr_el1);
	line = (ccsidr & 7) + 4;
	ways = wide == 10 ? ccsidr >> 3 & 0x3ff : ccsidr >> 3 & 0x1fffff;
	sets = wide == 10 ? ccsidr >> 13 & 0x7fff : ccsidr >> 32 & 0xffffff;
	way_shift = ways ? (unsigned)__builtin_clz((u32)ways) : 0;
	for (u64 way = 0; way <= ways && way < 4; way++)
		for (u64 set = 0; set <= sets && set < 64; set++) {
			this_cpu()->in[0] = way << way_shift | set << line | level << 1;
			wrong += run_instruction(set % 2 ? 0xd5087e40 /* dc cisw */ :
							   0xd5087a40 /* dc csw */) != EC_NONE;
		}
	check_equal("cleaning by set and way", wrong, 0);
}

static void caches(void)
{
	static const struct {
		const char *name;
		u32 insn;
	} rows[] = {
		{ "DC CVAC", 0xd50b7a20 },    { "DC CVAU", 0xd50b7b20 }, { "DC CIVAC", 0xd50b7e20 },
		{ "DC IVAC", 0xd5087620 },    { "IC IVAU", 0xd50b7520 }, { "IC IALLU", 0xd508751f },
		{ "IC IALLUIS", 0xd508711f },
	};
	u64 clidr = sysreg_read(clidr_el1), dczid = sysreg_read(dczid_el0);
	unsigned wrong = 0, block = 4u << (dczid & 15);

	for (unsigned i = 0; i < sizeof(area); i++)
		area[i] = (u8)(i * 7);
	for (unsigned level = 0; level < 7; level++)
		if ((clidr >> 3 * level & 7) >= 2)
			set_way_of(level);
	__asm__ volatile("dsb sy");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned at = 0; at < sizeof(area); at += 64) {
			if (rows[i].insn == 0xd5087620) /* not to lose what is dirty */
				__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(area + at)
						 : "memory");
			this_cpu()->in[0] = (u64)(uintptr_t)area + at;
			wrong += run_instruction(rows[i].insn) != EC_NONE;
		}
	check_equal("maintenance by address", wrong, 0);
	for (unsigned i = 0; i < sizeof(area); i++)
		wrong += area[i] != (u8)(i * 7);
	check_equal("  keeps what is in memory", wrong, 0);
	if (dczid & 16) {
		skip("DC ZVA", "DCZID_EL0 forbids it");
		return;
	}
	this_cpu()->in[0] = (u64)(uintptr_t)area + 4096 + 5;
	check_equal("DC ZVA", run_instruction(0xd50b7420), EC_NONE);
	for (unsigned i = 0; i < block; i++)
		wrong += area[4096 + i] != 0;
	check_equal("  zeroes its block", wrong, 0);
	check("  and no more",
	      area[4095] == (u8)(4095 * 7) && area[4096 + block] == (u8)((4096 + block) * 7));
}

static u64 translate(u32 insn, u64 at)
{
	this_cpu()->in[0] = at;
	if (run_instruction(insn) != EC_NONE)
		return ~0ul;
	isb();
	return sysreg_read(par_el1);
}

static void translations(void)
{
	static const u32 tlbis[] = { 0xd508871f, 0xd508831f, 0xd5088720, 0xd5088320,
				     0xd5088740, 0xd5088340, 0xd5088760, 0xd5088360,
				     0xd50887a0, 0xd50883a0, 0xd50887e0, 0xd50883e0 };
	unsigned wrong = 0;
	u64 at = (u64)(uintptr_t)area;

	check_equal("AT S1E1R", translate(0xd5087800, at) & 0xfffffffff001, at & ~0xffful);
	check_equal("AT S1E1W", translate(0xd5087820, at) & 0xfffffffff001, at & ~0xffful);
	check_equal("AT S1E0R of what EL0 may use",
		    translate(0xd5087840, user_address(at)) & 0xfffffffff001, at & ~0xffful);
	check_equal("AT S1E0R of what it may not", translate(0xd5087840, at) & 1, 1);
	check_equal("AT S1E1R where nothing is mapped", translate(0xd5087800, 1ul << 45) & 1, 1);
	check_equal("AT S1E1R where nothing lies", translate(0xd5087800, NOWHERE) & 0xfffffffff001,
		    NOWHERE);
	for (unsigned i = 0; i < ARRAY_SIZE(tlbis); i++) {
		this_cpu()->in[0] = at >> 12;
		wrong += run_instruction(tlbis[i]) != EC_NONE;
	}
	check_equal("TLB maintenance of EL1", wrong, 0);
}

void guest_main(void)
{
	basic();
	id_space();
	announced();
	float_switch();
	pointer_keys();
	above_el1();
	keep();
	transfers();
	debug();
	breakpoint();
	caches();
	translations();
	sweep(3);
	sweep(2);
}
