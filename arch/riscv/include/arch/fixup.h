/* SPDX-License-Identifier: MIT */
/* riscv64: instructions of ours that may trap, and where the host trap handler goes on then. */
#ifndef ARCH_FIXUP_H
#define ARCH_FIXUP_H

/*
 * Rows in the section vg_fixup: both addresses relative to the field that holds them, so that the
 * table needs no relocation. For a host trap (exception) whose sepc is riscv_fixup_find()'s
 * argument, the handler sets sepc to the landing address, leaves t0 = scause and t1 = stval, and
 * changes nothing else: sstatus.SPP, SPIE, hstatus and sepc of an interrupted guest exit are as
 * before the trap when the handler has returned.
 */
#ifdef __ASSEMBLER__

/* clang-format off */
.macro FIXUP pc, landing
	.pushsection vg_fixup, "a"
	.balign 8
	.dword \pc - .
	.dword \landing - .
	.popsection
.endm
/* clang-format on */

#else

#include <core/types.h>

struct riscv_fixup {
	s64 pc;
	s64 landing;
};

extern const struct riscv_fixup __start_vg_fixup[] __attribute__((weak));
extern const struct riscv_fixup __stop_vg_fixup[] __attribute__((weak));

/* The landing address for a trap at @pc, 0 if there is none. */
static inline u64 riscv_fixup_find(u64 pc)
{
	for (const struct riscv_fixup *row = __start_vg_fixup; row < __stop_vg_fixup; row++)
		if ((uintptr_t)&row->pc + row->pc == pc)
			return (uintptr_t)&row->landing + row->landing;
	return 0;
}

#endif
#endif
