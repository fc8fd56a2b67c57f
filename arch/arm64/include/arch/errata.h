/* SPDX-License-Identifier: MIT */
/* arm64: faults of CPU models that the hypervisor works around. */
#ifndef ARCH_ERRATA_H
#define ARCH_ERRATA_H

#include <core/types.h>

/* What has to be done; a row each in errata.c's table. */
enum arm64_erratum {
	ERRATUM_REPEAT_TLBI,    /* a broadcast invalidation has finished after the second one only */
	ERRATUM_SPECULATIVE_AT, /* guests' tables are walked while EL2 changes them: they are switched off before */
	ERRATUM_CLEAN_CACHE,    /* cleaning without invalidating may lose data */
	ERRATUM_LINKER,         /* dealt with when the image was linked or compiled */
};

/* BIT(enum arm64_erratum), of the boot CPU and of those that have started; constant after that. */
extern u32 arm64_errata;

static inline bool arm64_has_erratum(enum arm64_erratum erratum)
{
	return arm64_errata & BIT(erratum);
}

/* On each CPU, for its own model: errata accumulate. */
void arm64_errata_init(void);
/* Pure, for tests: bits of the table's rows that a CPU with this MIDR_EL1 has. */
u32 arm64_errata_of(u32 midr);
void arm64_errata_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);

#endif
