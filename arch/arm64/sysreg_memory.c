/* SPDX-License-Identifier: MIT */
/* Registers of translation, trapped until the guest's caches are on (HCR_EL2.TVM), and caches by set and way. */
#include <arch/host.h>
#include <arch/sysreg_rows.h>

/* The traps are there for SCTLR_EL1; the others get through as they are. */
#define PLAIN_REGISTERS(X)                                                             \
	X(TTBR0_EL1)                                                                   \
	X(TTBR1_EL1)                                                                   \
	X(TCR_EL1)                                                                     \
	X(AFSR0_EL1)                                                                   \
	X(AFSR1_EL1)                                                                   \
	X(ESR_EL1) X(FAR_EL1) X(MAIR_EL1) X(AMAIR_EL1) X(CONTEXTIDR_EL1) X(DACR32_EL2) \
		X(IFSR32_EL2) X(TCR2_EL1) X(PIR_EL1) X(PIRE0_EL1)

static bool is_there(u32 encoding)
{
	switch (encoding) {
	case SYS_TCR2_EL1:
		return arm64_features.tcr2;
	case SYS_PIR_EL1:
	case SYS_PIRE0_EL1:
		return arm64_features.s1pie;
	case SYS_DACR32_EL2:
	case SYS_IFSR32_EL2:
		return arm64_features.el1_32;
	}
	return true;
}

enum sysreg_result sysreg_read_translation(struct vcpu *vcpu, u32 encoding, u64 *value)
{
	(void)vcpu;
	if (!is_there(encoding))
		return SYSREG_UNDEFINED;
	switch (encoding) {
#define READ(name)                          \
	case SYS_##name:                    \
		*value = sysreg_read(name); \
		return SYSREG_DONE;
		READ(SCTLR_EL1)
		PLAIN_REGISTERS(READ)
#undef READ
	}
	return SYSREG_UNDEFINED;
}

enum sysreg_result sysreg_write_translation(struct vcpu *vcpu, u32 encoding, u64 value)
{
	if (!is_there(encoding))
		return SYSREG_UNDEFINED;
	switch (encoding) {
#define WRITE(name)                        \
	case SYS_##name:                   \
		sysreg_write(name, value); \
		return SYSREG_DONE;
		PLAIN_REGISTERS(WRITE)
#undef WRITE
	case SYS_SCTLR_EL1:
		return cache_write_sctlr(vcpu, value) ? SYSREG_DONE : SYSREG_AGAIN;
	}
	return SYSREG_UNDEFINED;
}

/* Which set and way is all the same: it means nothing in a machine whose CPUs the guest changes without knowing. */
enum sysreg_result sysreg_write_set_way(struct vcpu *vcpu, u32 encoding, u64 value)
{
	(void)encoding;
	(void)value;
	return cache_set_way(vcpu) ? SYSREG_DONE : SYSREG_AGAIN;
}
