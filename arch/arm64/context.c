/* SPDX-License-Identifier: MIT */
/* arm64: moves the registers of EL1 and EL0 between a vCPU and the hardware. */
#include <arch/guest.h>
#include <arch/host.h>

/*
 * A change from one VM's vCPU to another's moves at least these, by their meaning and not by this code:
 *
 *   ARM64_GUEST_CONTEXT           24 registers, each read, stored, loaded and written
 *   HCR, CNTV_CTL, CNTV_CVAL       3 likewise
 *   ELR_EL2, SPSR_EL2              2 likewise
 *   x18 to x29 of guest and host  24 stored and loaded
 *   VTTBR, VTCR, VMPIDR, CNTVOFF, MDCR, CPTR   6 loaded and written
 *
 * To these come, where they are: keys (10), the CPU interface (ICH_VMCR, ICH_HCR, two ICH_AP*R, list registers in
 * use), float registers if the guest used them. In instructions, with memory accessed by pairs:
 *
 *   29 * 2 system-register moves each way + 29 / 2 pairs each way + 24 / 2 pairs + 6 * 2 = 117,
 *   and 30 for keys, 16 for the CPU interface of a GICv3.
 */

#define TAKE(name) u64 name = c->name;
#define GIVE(name) sysreg_write_##name(name);
#define READ(name) u64 name = sysreg_read_##name();
#define KEEP(name) c->name = name;

/* RES1 of Armv8.0, which later became SPAN, EIS, EOS and their like; SP checked; EL0's WFI, WFE and AArch32 barriers allowed. */
#define SCTLR_RESET (0x30d00800 | BIT(18) | BIT(16) | BIT(5) | BIT(4) | BIT(3))
#define SCTLR_M BIT(0)
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)

void context_forbid_walks(void)
{
	sysreg_set(TCR_EL1, TCR_EPD0 | TCR_EPD1);
	isb();
	sysreg_set(SCTLR_EL1, SCTLR_M);
	isb();
}

/* SCTLR_EL1 and TCR_EL1 are the last of the last group: they allow walks again. */
static void load_common(const struct arm64_context *c, bool walks_are_forbidden)
{
	{ ARM64_CONTEXT_1(TAKE) ARM64_CONTEXT_1(GIVE) } {
		ARM64_CONTEXT_2(TAKE)
		ARM64_CONTEXT_2(GIVE)
	}
	if (unlikely(walks_are_forbidden)) {
		isb();
		sysreg_write(SCTLR_EL1, c->SCTLR_EL1);
		isb();
	}
	{
		ARM64_CONTEXT_3(TAKE)
		ARM64_CONTEXT_3(GIVE)
	}
}

static void save_common(struct arm64_context *c)
{
	{ ARM64_CONTEXT_1(READ) ARM64_CONTEXT_1(KEEP) } { ARM64_CONTEXT_2(READ)
								  ARM64_CONTEXT_2(KEEP) } {
		ARM64_CONTEXT_3(READ)
		ARM64_CONTEXT_3(KEEP)
	}
}

/* ---- what not every CPU or guest has ---- */

/* clang-format off */
#define KEYS_1(X) X(APIAKEYLO_EL1) X(APIAKEYHI_EL1) X(APIBKEYLO_EL1) X(APIBKEYHI_EL1) X(APDAKEYLO_EL1)
#define KEYS_2(X) X(APDAKEYHI_EL1) X(APDBKEYLO_EL1) X(APDBKEYHI_EL1) X(APGAKEYLO_EL1) X(APGAKEYHI_EL1)
#define AARCH32(X) X(DACR32_EL2) X(IFSR32_EL2) X(SPSR_abt) X(SPSR_und) X(SPSR_irq) X(SPSR_fiq)
/* clang-format on */

static void load_keys(const struct arm64_optional_context *c)
{
	{ KEYS_1(TAKE) KEYS_1(GIVE) } {
		KEYS_2(TAKE)
		KEYS_2(GIVE)
	}
}

static void save_keys(struct arm64_optional_context *c)
{
	{ KEYS_1(READ) KEYS_1(KEEP) } {
		KEYS_2(READ)
		KEYS_2(KEEP)
	}
}

static void load_optional(const struct arch_vcpu *a)
{
	const struct arm64_optional_context *c = &a->optional;

	if (!(a->hcr & HCR_RW)) {
		AARCH32(TAKE)
		AARCH32(GIVE)
	}
	if (arm64_features.tcr2)
		sysreg_write(TCR2_EL1, c->TCR2_EL1);
	if (arm64_features.s1pie) {
		sysreg_write(PIR_EL1, c->PIR_EL1);
		sysreg_write(PIRE0_EL1, c->PIRE0_EL1);
	}
	if (arm64_features.csv2_2) {
		sysreg_write(SCXTNUM_EL1, c->SCXTNUM_EL1);
		sysreg_write(SCXTNUM_EL0, c->SCXTNUM_EL0);
	}
}

static void save_optional(struct arch_vcpu *a)
{
	struct arm64_optional_context *c = &a->optional;

	if (!(a->hcr & HCR_RW)) {
		AARCH32(READ)
		AARCH32(KEEP)
	}
	if (arm64_features.tcr2)
		c->TCR2_EL1 = sysreg_read(TCR2_EL1);
	if (arm64_features.s1pie) {
		c->PIR_EL1 = sysreg_read(PIR_EL1);
		c->PIRE0_EL1 = sysreg_read(PIRE0_EL1);
	}
	if (arm64_features.csv2_2) {
		c->SCXTNUM_EL1 = sysreg_read(SCXTNUM_EL1);
		c->SCXTNUM_EL0 = sysreg_read(SCXTNUM_EL0);
	}
}

void context_reset(struct arch_vcpu *a)
{
	a->context = (struct arm64_context){ .SCTLR_EL1 = SCTLR_RESET };
	a->optional = (struct arm64_optional_context){ 0 };
	a->has_optional = arm64_features.tcr2 || arm64_features.s1pie || arm64_features.csv2_2 ||
			  !(a->hcr & HCR_RW);
}

void context_load(const struct arch_vcpu *a, bool walks_are_forbidden)
{
	load_common(&a->context, walks_are_forbidden);
	if (arm64_features.pauth)
		load_keys(&a->optional);
	if (unlikely(a->has_optional))
		load_optional(a);
}

void context_save(struct arch_vcpu *a)
{
	save_common(&a->context);
	if (arm64_features.pauth)
		save_keys(&a->optional);
	if (unlikely(a->has_optional))
		save_optional(a);
}
