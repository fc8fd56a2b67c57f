/* SPDX-License-Identifier: MIT */
/* arm64: system registers by name and encoding (Arm ARM DDI 0487, C5.3 and D24). */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include <core/types.h>

/* Encoding as MRS and MSR have it in bits 20..5: op0:op1:CRn:CRm:op2 (C6.2.229). */
#define SYSREG(op0, op1, crn, crm, op2) \
	((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* The four registers of breakpoint n and watchpoint n. */
#define SYSREG_DEBUG_(X, n)                                                     \
	X(DBGBVR##n##_EL1, 2, 0, 0, n, 4) X(DBGBCR##n##_EL1, 2, 0, 0, n, 5)     \
		X(DBGWVR##n##_EL1, 2, 0, 0, n, 6) X(DBGWCR##n##_EL1, 2, 0, 0, n, 7)

/* Registers that the hypervisor reads or writes itself. Others exist as encodings only (sysreg.c's tables). */
/* clang-format off */
#define SYSREG_EACH(X) \
	/* what the CPU can do */ \
	X(MIDR_EL1, 3, 0, 0, 0, 0) X(MPIDR_EL1, 3, 0, 0, 0, 5) X(REVIDR_EL1, 3, 0, 0, 0, 6) \
	X(ID_PFR0_EL1, 3, 0, 0, 1, 0) X(ID_PFR1_EL1, 3, 0, 0, 1, 1) X(ID_DFR0_EL1, 3, 0, 0, 1, 2) \
	X(ID_AFR0_EL1, 3, 0, 0, 1, 3) X(ID_MMFR0_EL1, 3, 0, 0, 1, 4) X(ID_MMFR1_EL1, 3, 0, 0, 1, 5) \
	X(ID_MMFR2_EL1, 3, 0, 0, 1, 6) X(ID_MMFR3_EL1, 3, 0, 0, 1, 7) X(ID_ISAR0_EL1, 3, 0, 0, 2, 0) \
	X(ID_ISAR1_EL1, 3, 0, 0, 2, 1) X(ID_ISAR2_EL1, 3, 0, 0, 2, 2) X(ID_ISAR3_EL1, 3, 0, 0, 2, 3) \
	X(ID_ISAR4_EL1, 3, 0, 0, 2, 4) X(ID_ISAR5_EL1, 3, 0, 0, 2, 5) X(ID_MMFR4_EL1, 3, 0, 0, 2, 6) \
	X(ID_ISAR6_EL1, 3, 0, 0, 2, 7) X(MVFR0_EL1, 3, 0, 0, 3, 0) X(MVFR1_EL1, 3, 0, 0, 3, 1) \
	X(MVFR2_EL1, 3, 0, 0, 3, 2) X(ID_PFR2_EL1, 3, 0, 0, 3, 4) X(ID_DFR1_EL1, 3, 0, 0, 3, 5) \
	X(ID_MMFR5_EL1, 3, 0, 0, 3, 6) \
	X(ID_AA64PFR0_EL1, 3, 0, 0, 4, 0) X(ID_AA64PFR1_EL1, 3, 0, 0, 4, 1) X(ID_AA64PFR2_EL1, 3, 0, 0, 4, 2) \
	X(ID_AA64ZFR0_EL1, 3, 0, 0, 4, 4) X(ID_AA64SMFR0_EL1, 3, 0, 0, 4, 5) \
	X(ID_AA64DFR0_EL1, 3, 0, 0, 5, 0) X(ID_AA64DFR1_EL1, 3, 0, 0, 5, 1) \
	X(ID_AA64AFR0_EL1, 3, 0, 0, 5, 4) X(ID_AA64AFR1_EL1, 3, 0, 0, 5, 5) \
	X(ID_AA64ISAR0_EL1, 3, 0, 0, 6, 0) X(ID_AA64ISAR1_EL1, 3, 0, 0, 6, 1) \
	X(ID_AA64ISAR2_EL1, 3, 0, 0, 6, 2) X(ID_AA64ISAR3_EL1, 3, 0, 0, 6, 3) \
	X(ID_AA64MMFR0_EL1, 3, 0, 0, 7, 0) X(ID_AA64MMFR1_EL1, 3, 0, 0, 7, 1) \
	X(ID_AA64MMFR2_EL1, 3, 0, 0, 7, 2) X(ID_AA64MMFR3_EL1, 3, 0, 0, 7, 3) \
	X(ID_AA64MMFR4_EL1, 3, 0, 0, 7, 4) \
	X(CTR_EL0, 3, 3, 0, 0, 1) X(DCZID_EL0, 3, 3, 0, 0, 7) X(CLIDR_EL1, 3, 1, 0, 0, 1) \
	X(CCSIDR_EL1, 3, 1, 0, 0, 0) X(CSSELR_EL1, 3, 2, 0, 0, 0) X(AIDR_EL1, 3, 1, 0, 0, 7) \
	/* EL2 */ \
	X(VPIDR_EL2, 3, 4, 0, 0, 0) X(VMPIDR_EL2, 3, 4, 0, 0, 5) \
	X(SCTLR_EL2, 3, 4, 1, 0, 0) X(ACTLR_EL2, 3, 4, 1, 0, 1) X(HCR_EL2, 3, 4, 1, 1, 0) \
	X(MDCR_EL2, 3, 4, 1, 1, 1) X(CPTR_EL2, 3, 4, 1, 1, 2) X(HSTR_EL2, 3, 4, 1, 1, 3) \
	X(HFGRTR_EL2, 3, 4, 1, 1, 4) X(HFGWTR_EL2, 3, 4, 1, 1, 5) X(HFGITR_EL2, 3, 4, 1, 1, 6) \
	X(HDFGRTR_EL2, 3, 4, 3, 1, 4) X(HDFGWTR_EL2, 3, 4, 3, 1, 5) X(HAFGRTR_EL2, 3, 4, 3, 1, 6) \
	X(ZCR_EL2, 3, 4, 1, 2, 0) X(HCRX_EL2, 3, 4, 1, 2, 2) X(SMCR_EL2, 3, 4, 1, 2, 6) \
	X(TTBR0_EL2, 3, 4, 2, 0, 0) X(TCR_EL2, 3, 4, 2, 0, 2) X(VTTBR_EL2, 3, 4, 2, 1, 0) X(VTCR_EL2, 3, 4, 2, 1, 2) \
	X(SPSR_EL2, 3, 4, 4, 0, 0) X(ELR_EL2, 3, 4, 4, 0, 1) X(SP_EL1, 3, 4, 4, 1, 0) \
	X(AFSR0_EL2, 3, 4, 5, 1, 0) X(AFSR1_EL2, 3, 4, 5, 1, 1) X(ESR_EL2, 3, 4, 5, 2, 0) \
	X(FAR_EL2, 3, 4, 6, 0, 0) X(HPFAR_EL2, 3, 4, 6, 0, 4) X(MAIR_EL2, 3, 4, 10, 2, 0) \
	X(VBAR_EL2, 3, 4, 12, 0, 0) X(TPIDR_EL2, 3, 4, 13, 0, 2) X(CurrentEL, 3, 0, 4, 2, 2) X(DAIF, 3, 3, 4, 2, 1) \
	/* timers */ \
	X(CNTFRQ_EL0, 3, 3, 14, 0, 0) X(CNTPCT_EL0, 3, 3, 14, 0, 1) X(CNTVCT_EL0, 3, 3, 14, 0, 2) \
	X(CNTV_CTL_EL0, 3, 3, 14, 3, 1) X(CNTV_CVAL_EL0, 3, 3, 14, 3, 2) X(CNTP_CTL_EL0, 3, 3, 14, 2, 1) \
	X(CNTP_TVAL_EL0, 3, 3, 14, 2, 0) \
	X(CNTP_CVAL_EL0, 3, 3, 14, 2, 2) X(CNTVOFF_EL2, 3, 4, 14, 0, 3) X(CNTHCTL_EL2, 3, 4, 14, 1, 0) \
	X(CNTHP_CTL_EL2, 3, 4, 14, 2, 1) X(CNTHP_CVAL_EL2, 3, 4, 14, 2, 2) X(CNTKCTL_EL1, 3, 0, 14, 1, 0) \
	X(CNTPOFF_EL2, 3, 4, 14, 0, 6) \
	/* a guest's EL1 and EL0 */ \
	X(SCTLR_EL1, 3, 0, 1, 0, 0) X(ACTLR_EL1, 3, 0, 1, 0, 1) X(CPACR_EL1, 3, 0, 1, 0, 2) \
	X(ZCR_EL1, 3, 0, 1, 2, 0) X(SCTLR2_EL1, 3, 0, 1, 0, 3) \
	X(TTBR0_EL1, 3, 0, 2, 0, 0) X(TTBR1_EL1, 3, 0, 2, 0, 1) X(TCR_EL1, 3, 0, 2, 0, 2) X(TCR2_EL1, 3, 0, 2, 0, 3) \
	X(APIAKEYLO_EL1, 3, 0, 2, 1, 0) X(APIAKEYHI_EL1, 3, 0, 2, 1, 1) \
	X(APIBKEYLO_EL1, 3, 0, 2, 1, 2) X(APIBKEYHI_EL1, 3, 0, 2, 1, 3) \
	X(APDAKEYLO_EL1, 3, 0, 2, 2, 0) X(APDAKEYHI_EL1, 3, 0, 2, 2, 1) \
	X(APDBKEYLO_EL1, 3, 0, 2, 2, 2) X(APDBKEYHI_EL1, 3, 0, 2, 2, 3) \
	X(APGAKEYLO_EL1, 3, 0, 2, 3, 0) X(APGAKEYHI_EL1, 3, 0, 2, 3, 1) \
	X(SPSR_EL1, 3, 0, 4, 0, 0) X(ELR_EL1, 3, 0, 4, 0, 1) X(SP_EL0, 3, 0, 4, 1, 0) \
	X(AFSR0_EL1, 3, 0, 5, 1, 0) X(AFSR1_EL1, 3, 0, 5, 1, 1) X(ESR_EL1, 3, 0, 5, 2, 0) X(FAR_EL1, 3, 0, 6, 0, 0) \
	X(PAR_EL1, 3, 0, 7, 4, 0) X(MAIR_EL1, 3, 0, 10, 2, 0) X(AMAIR_EL1, 3, 0, 10, 3, 0) \
	X(PIRE0_EL1, 3, 0, 10, 2, 2) X(PIR_EL1, 3, 0, 10, 2, 3) \
	X(VBAR_EL1, 3, 0, 12, 0, 0) X(DISR_EL1, 3, 0, 12, 1, 1) X(CONTEXTIDR_EL1, 3, 0, 13, 0, 1) \
	X(TPIDR_EL1, 3, 0, 13, 0, 4) X(SCXTNUM_EL1, 3, 0, 13, 0, 7) \
	X(TPIDR_EL0, 3, 3, 13, 0, 2) X(TPIDRRO_EL0, 3, 3, 13, 0, 3) X(SCXTNUM_EL0, 3, 3, 13, 0, 7) \
	X(MDSCR_EL1, 2, 0, 0, 2, 2) X(OSLAR_EL1, 2, 0, 1, 0, 4) X(OSLSR_EL1, 2, 0, 1, 1, 4) X(OSDLR_EL1, 2, 0, 1, 3, 4) \
	SYSREG_DEBUG_(X, 0) SYSREG_DEBUG_(X, 1) SYSREG_DEBUG_(X, 2) SYSREG_DEBUG_(X, 3) \
	SYSREG_DEBUG_(X, 4) SYSREG_DEBUG_(X, 5) SYSREG_DEBUG_(X, 6) SYSREG_DEBUG_(X, 7) \
	SYSREG_DEBUG_(X, 8) SYSREG_DEBUG_(X, 9) SYSREG_DEBUG_(X, 10) SYSREG_DEBUG_(X, 11) \
	SYSREG_DEBUG_(X, 12) SYSREG_DEBUG_(X, 13) SYSREG_DEBUG_(X, 14) SYSREG_DEBUG_(X, 15) \
	X(FPCR, 3, 3, 4, 4, 0) X(FPSR, 3, 3, 4, 4, 1) \
	/* AArch32 at EL1 and EL0 */ \
	X(DACR32_EL2, 3, 4, 3, 0, 0) X(IFSR32_EL2, 3, 4, 5, 0, 1) X(FPEXC32_EL2, 3, 4, 5, 3, 0) \
	X(SPSR_abt, 3, 4, 4, 3, 1) X(SPSR_und, 3, 4, 4, 3, 2) X(SPSR_irq, 3, 4, 4, 3, 0) X(SPSR_fiq, 3, 4, 4, 3, 3) \
	/* GICv3 */ \
	X(ICC_IAR1_EL1, 3, 0, 12, 12, 0) X(ICC_EOIR1_EL1, 3, 0, 12, 12, 1) X(ICC_DIR_EL1, 3, 0, 12, 11, 1) \
	X(ICC_PMR_EL1, 3, 0, 4, 6, 0) X(ICC_BPR1_EL1, 3, 0, 12, 12, 3) X(ICC_CTLR_EL1, 3, 0, 12, 12, 4) \
	X(ICC_SRE_EL1, 3, 0, 12, 12, 5) X(ICC_IGRPEN1_EL1, 3, 0, 12, 12, 7) X(ICC_IGRPEN0_EL1, 3, 0, 12, 12, 6) \
	X(ICC_SGI1R_EL1, 3, 0, 12, 11, 5) X(ICC_SRE_EL2, 3, 4, 12, 9, 5) \
	X(ICC_AP1R0_EL1, 3, 0, 12, 9, 0) X(ICC_AP1R1_EL1, 3, 0, 12, 9, 1) \
	X(ICC_AP1R2_EL1, 3, 0, 12, 9, 2) X(ICC_AP1R3_EL1, 3, 0, 12, 9, 3) \
	X(ICH_AP0R0_EL2, 3, 4, 12, 8, 0) X(ICH_AP0R1_EL2, 3, 4, 12, 8, 1) X(ICH_AP0R2_EL2, 3, 4, 12, 8, 2) \
	X(ICH_AP0R3_EL2, 3, 4, 12, 8, 3) X(ICH_AP1R0_EL2, 3, 4, 12, 9, 0) X(ICH_AP1R1_EL2, 3, 4, 12, 9, 1) \
	X(ICH_AP1R2_EL2, 3, 4, 12, 9, 2) X(ICH_AP1R3_EL2, 3, 4, 12, 9, 3) \
	X(ICH_HCR_EL2, 3, 4, 12, 11, 0) X(ICH_VTR_EL2, 3, 4, 12, 11, 1) X(ICH_MISR_EL2, 3, 4, 12, 11, 2) \
	X(ICH_EISR_EL2, 3, 4, 12, 11, 3) X(ICH_ELRSR_EL2, 3, 4, 12, 11, 5) X(ICH_VMCR_EL2, 3, 4, 12, 11, 7) \
	X(ICH_LR0_EL2, 3, 4, 12, 12, 0) X(ICH_LR1_EL2, 3, 4, 12, 12, 1) X(ICH_LR2_EL2, 3, 4, 12, 12, 2) \
	X(ICH_LR3_EL2, 3, 4, 12, 12, 3) X(ICH_LR4_EL2, 3, 4, 12, 12, 4) X(ICH_LR5_EL2, 3, 4, 12, 12, 5) \
	X(ICH_LR6_EL2, 3, 4, 12, 12, 6) X(ICH_LR7_EL2, 3, 4, 12, 12, 7) X(ICH_LR8_EL2, 3, 4, 12, 13, 0) \
	X(ICH_LR9_EL2, 3, 4, 12, 13, 1) X(ICH_LR10_EL2, 3, 4, 12, 13, 2) X(ICH_LR11_EL2, 3, 4, 12, 13, 3) \
	X(ICH_LR12_EL2, 3, 4, 12, 13, 4) X(ICH_LR13_EL2, 3, 4, 12, 13, 5) X(ICH_LR14_EL2, 3, 4, 12, 13, 6) \
	X(ICH_LR15_EL2, 3, 4, 12, 13, 7)
/* clang-format on */

#define SYSREG_NAME_(name, op0, op1, crn, crm, op2) SYS_##name = SYSREG(op0, op1, crn, crm, op2),
enum { SYSREG_EACH(SYSREG_NAME_) };
#undef SYSREG_NAME_

#ifdef __aarch64__

#define SYSREG_ACCESS_(name, op0, op1, crn, crm, op2)                                             \
	static inline u64 sysreg_read_##name(void)                                                \
	{                                                                                         \
		u64 value_;                                                                       \
		__asm__ volatile("mrs %0, S" #op0 "_" #op1 "_C" #crn "_C" #crm "_" #op2           \
				 : "=r"(value_)                                                   \
				 :                                                                \
				 : "memory");                                                     \
		return value_;                                                                    \
	}                                                                                         \
	static inline void sysreg_write_##name(u64 value_)                                        \
	{                                                                                         \
		__asm__ volatile("msr S" #op0 "_" #op1 "_C" #crn "_C" #crm "_" #op2 ", %x0"       \
				 :                                                                \
				 : "rZ"(value_)                                                   \
				 : "memory");                                                     \
	}
SYSREG_EACH(SYSREG_ACCESS_)
#undef SYSREG_ACCESS_

#define sysreg_read(name) sysreg_read_##name()
#define sysreg_write(name, value) sysreg_write_##name(value)

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* Inner shareable: loads and stores of this CPU before any after, as all CPUs see them. */
static inline void dsb_ish(void)
{
	__asm__ volatile("dsb ish" ::: "memory");
}

#else
/* Host tests keep registers in variables. */
u64 *fake_sysreg(u32 encoding);
#define sysreg_read(name) (*fake_sysreg(SYS_##name))
#define sysreg_write(name, value) (*fake_sysreg(SYS_##name) = (value))
static inline void isb(void)
{
}
static inline void dsb_ish(void)
{
}
#endif

#define sysreg_set(name, bits) sysreg_write(name, sysreg_read(name) | (bits))
#define sysreg_clear(name, bits) sysreg_write(name, sysreg_read(name) & ~(u64)(bits))

/* A field of an ID register: 4 bits, unsigned. */
static inline unsigned sysreg_field(u64 value, unsigned shift)
{
	return value >> shift & 15;
}

/* HCR_EL2 (D24.2.58) */
#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_PTW BIT(2)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_VF BIT(6)
#define HCR_VI BIT(7)
#define HCR_VSE BIT(8)
#define HCR_FB BIT(9)
#define HCR_BSU_INNER BIT(10)
#define HCR_DC BIT(12)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TID0 BIT(15)
#define HCR_TID1 BIT(16)
#define HCR_TID2 BIT(17)
#define HCR_TID3 BIT(18)
#define HCR_TSC BIT(19)
#define HCR_TIDCP BIT(20)
#define HCR_TACR BIT(21)
#define HCR_TSW BIT(22)
#define HCR_TPCP BIT(23)
#define HCR_TPU BIT(24)
#define HCR_TTLB BIT(25)
#define HCR_TVM BIT(26)
#define HCR_TGE BIT(27)
#define HCR_TDZ BIT(28)
#define HCR_HCD BIT(29)
#define HCR_TRVM BIT(30)
#define HCR_RW BIT(31)
#define HCR_E2H BIT(34)
#define HCR_TLOR BIT(35)
#define HCR_TERR BIT(36)
#define HCR_TEA BIT(37)
#define HCR_APK BIT(40)
#define HCR_API BIT(41)
#define HCR_FWB BIT(46)
#define HCR_FIEN BIT(47)
#define HCR_TID4 BIT(49)
#define HCR_TOCU BIT(52)
#define HCR_ENSCXT BIT(53)
#define HCR_ATA BIT(56)
#define HCR_TID5 BIT(58)

/* PSTATE as SPSR_ELx has it (C5.2.18) */
#define PSTATE_EL0T 0x0
#define PSTATE_EL1T 0x4
#define PSTATE_EL1H 0x5
#define PSTATE_EL2T 0x8
#define PSTATE_EL2H 0x9
#define PSTATE_MODE 0x1f
#define PSTATE_A32 BIT(4)
#define PSTATE_T BIT(5) /* AArch32: T32 */
#define PSTATE_F BIT(6)
#define PSTATE_I BIT(7)
#define PSTATE_A BIT(8)
#define PSTATE_D BIT(9)
#define PSTATE_E BIT(9) /* AArch32: big-endian */
#define PSTATE_DAIF (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_BTYPE (3ull << 10)
#define PSTATE_SSBS BIT(12)
#define PSTATE_IL BIT(20)
#define PSTATE_SS BIT(21)
#define PSTATE_PAN BIT(22)
#define PSTATE_UAO BIT(23)
#define PSTATE_DIT BIT(24)
#define PSTATE_TCO BIT(25)

/* ESR_ELx (D24.2.40): class, length, syndrome */
#define ESR_EC_SHIFT 26
#define ESR_IL BIT(25)
#define ESR_ISS_MASK (BIT(25) - 1)
#define ESR_EC_UNKNOWN 0x00
#define ESR_EC_WFX 0x01
#define ESR_EC_CP15_32 0x03
#define ESR_EC_CP15_64 0x04
#define ESR_EC_CP14_32 0x05
#define ESR_EC_CP14_LS 0x06
#define ESR_EC_FP 0x07
#define ESR_EC_CP10_ID 0x08
#define ESR_EC_PAC 0x09
#define ESR_EC_LS64 0x0a
#define ESR_EC_CP14_64 0x0c
#define ESR_EC_BTI 0x0d
#define ESR_EC_ILLEGAL 0x0e
#define ESR_EC_SVC32 0x11
#define ESR_EC_HVC32 0x12
#define ESR_EC_SMC32 0x13
#define ESR_EC_SVC64 0x15
#define ESR_EC_HVC64 0x16
#define ESR_EC_SMC64 0x17
#define ESR_EC_SYS64 0x18
#define ESR_EC_SVE 0x19
#define ESR_EC_ERET 0x1a
#define ESR_EC_PAC_FAIL 0x1c
#define ESR_EC_SME 0x1d
#define ESR_EC_IABT_LOW 0x20
#define ESR_EC_IABT_CUR 0x21
#define ESR_EC_PC_ALIGN 0x22
#define ESR_EC_DABT_LOW 0x24
#define ESR_EC_DABT_CUR 0x25
#define ESR_EC_SP_ALIGN 0x26
#define ESR_EC_FP32 0x28
#define ESR_EC_FP64 0x2c
#define ESR_EC_SERROR 0x2f
#define ESR_EC_BREAK_LOW 0x30
#define ESR_EC_STEP_LOW 0x32
#define ESR_EC_WATCH_LOW 0x34
#define ESR_EC_BKPT32 0x38
#define ESR_EC_BRK64 0x3c

/* ISS of data aborts (EC 0x24) */
#define ISS_ISV BIT(24)
#define ISS_SAS_SHIFT 22
#define ISS_SSE BIT(21)
#define ISS_SRT_SHIFT 16
#define ISS_SF BIT(15)
#define ISS_FNV BIT(10)
#define ISS_EA BIT(9)
#define ISS_CM BIT(8)
#define ISS_S1PTW BIT(7)
#define ISS_WNR BIT(6)
#define ISS_FSC 0x3f
#define FSC_EXTERNAL 0x10
#define FSC_EXTERNAL_WALK 0x14 /* and the level */
#define FSC_TYPE 0x3c /* with the level masked out */
#define FSC_ADDRESS_SIZE 0x00
#define FSC_TRANSLATION 0x04
#define FSC_ACCESS_FLAG 0x08
#define FSC_PERMISSION 0x0c
#define FSC_ALIGNMENT 0x21

/* CPTR_EL2 without E2H (D24.2.37): the bits that trap; the others are RES1 */
#define CPTR_RES1 0x32ffull
#define CPTR_TZ BIT(8)
#define CPTR_TFP BIT(10)
#define CPTR_TSM BIT(12)
#define CPTR_TTA BIT(20)
#define CPTR_TAM BIT(30)
#define CPTR_TCPAC BIT(31)

/* MDCR_EL2 (D24.3.17): counters that are EL1's own; what traps */
#define MDCR_HPMN 0x1full
#define MDCR_TPMCR BIT(5)
#define MDCR_TPM BIT(6)
#define MDCR_TDE BIT(8)
#define MDCR_TDA BIT(9)
#define MDCR_TDOSA BIT(10)
#define MDCR_TDRA BIT(11)
#define MDCR_TPMS BIT(14)
#define MDCR_TTRF BIT(19)

/* HCRX_EL2 (D24.2.59), HFGRTR_EL2 and HFGWTR_EL2 (D24.2.64): what guests may reach */
#define HCRX_TCR2EN BIT(14)
#define HFG_NPIRE0_EL1 BIT(57)
#define HFG_NPIR_EL1 BIT(58)

/* CNTx_CTL */
#define CNT_ENABLE BIT(0)
#define CNT_IMASK BIT(1)
#define CNT_ISTATUS BIT(2)

#endif
