/* SPDX-License-Identifier: MIT */
/* arm64: faults of CPU models, by MIDR_EL1, and what the hypervisor does about them. */
#include <arch/errata.h>
#include <arch/sysreg.h>

u32 arm64_errata;
static u32 seen; /* rows, by bit */

/* MIDR_EL1: implementer, part number; variant and revision as 0xvr for rVpR */
#define MIDR_MODEL(midr) ((midr)&0xff00fff0u)
#define MIDR_REVISION(midr) (((midr) >> 16 & 0xf0) | ((midr)&0xf))
#define ARM(part) (0x41000000u | (part) << 4)
#define CORTEX_A53 ARM(0xd03)
#define CORTEX_A55 ARM(0xd05)
#define CORTEX_A57 ARM(0xd07)
#define CORTEX_A72 ARM(0xd08)
#define CORTEX_A76 ARM(0xd0b)
#define CORTEX_A510 ARM(0xd46)

#define ANY 0xff

/* Numbers are those of Arm's software developers' errata notices. */
static const struct {
	const char *name;
	u32 model;
	u8 last; /* revision; from r0p0 on */
	u8 erratum;
} rows[] = {
	{ "826319, 827319, 824069: clean means clean and invalidate", CORTEX_A53, 0x02,
	  ERRATUM_CLEAN_CACHE },
	{ "843419, 835769: avoided by linker and compiler", CORTEX_A53, 0x04, ERRATUM_LINKER },
	{ "2441007: TLB invalidations are repeated", CORTEX_A55, ANY, ERRATUM_REPEAT_TLBI },
	{ "1530923: no guest walks while VMIDs change", CORTEX_A55, 0x20, ERRATUM_SPECULATIVE_AT },
	{ "1319537: no guest walks while VMIDs change", CORTEX_A57, ANY, ERRATUM_SPECULATIVE_AT },
	{ "1319367: no guest walks while VMIDs change", CORTEX_A72, ANY, ERRATUM_SPECULATIVE_AT },
	{ "1286807: TLB invalidations are repeated", CORTEX_A76, 0x30, ERRATUM_REPEAT_TLBI },
	{ "1165522: no guest walks while VMIDs change", CORTEX_A76, 0x20, ERRATUM_SPECULATIVE_AT },
	{ "2441009: TLB invalidations are repeated", CORTEX_A510, 0x11, ERRATUM_REPEAT_TLBI },
};

u32 arm64_errata_of(u32 midr)
{
	u32 found = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].model == MIDR_MODEL(midr) && MIDR_REVISION(midr) <= rows[i].last)
			found |= 1u << i;
	return found;
}

void arm64_errata_init(void)
{
	u32 found = arm64_errata_of((u32)sysreg_read(MIDR_EL1));

	__atomic_fetch_or(&seen, found, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (found & 1u << i)
			__atomic_fetch_or(&arm64_errata, (u32)BIT(rows[i].erratum),
					  __ATOMIC_RELAXED);
}

void arm64_errata_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (seen & 1u << i)
			print(ctx, "erratum %s\n", rows[i].name);
}
