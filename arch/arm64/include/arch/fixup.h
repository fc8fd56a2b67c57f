/* SPDX-License-Identifier: MIT */
/* arm64: instructions of ours that may fault, and where the hypervisor's exception handler goes on then. */
#ifndef ARCH_FIXUP_H
#define ARCH_FIXUP_H

/*
 * Rows in the section vg_fixup: both addresses relative to the field that holds them, so that the
 * table needs no relocation. For a synchronous exception of ours at arm64_fixup_find()'s argument, the
 * handler goes on at the landing address and changes nothing else. ELR_EL2, SPSR_EL2, ESR_EL2 and FAR_EL2 are
 * those of this exception afterwards: in an exit handler, only where the guest's have been saved.
 */
#include <core/types.h>

#define FIXUP(pc, landing)                        \
	"	.pushsection vg_fixup, \"a\"\n"   \
	"	.balign	8\n"                      \
	"	.quad	" pc " - .\n"             \
	"	.quad	" landing " - .\n"        \
	"	.popsection\n"

struct arm64_fixup {
	s64 pc;
	s64 landing;
};

extern const struct arm64_fixup __start_vg_fixup[] __attribute__((weak));
extern const struct arm64_fixup __stop_vg_fixup[] __attribute__((weak));

/* The landing address for an exception at @pc, 0 if there is none. */
static inline u64 arm64_fixup_find(u64 pc)
{
	for (const struct arm64_fixup *row = __start_vg_fixup; row < __stop_vg_fixup; row++)
		if ((uintptr_t)&row->pc + row->pc == pc)
			return (uintptr_t)&row->landing + row->landing;
	return 0;
}

#endif
