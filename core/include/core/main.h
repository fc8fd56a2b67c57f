/* SPDX-License-Identifier: MIT */
/* Where the hypervisor begins, once arch code has a stack and cleared BSS. */
#ifndef CORE_MAIN_H
#define CORE_MAIN_H

#include <core/types.h>

/* On the boot CPU, interrupts disabled, on the stack that stays this CPU's for good. */
void core_main(void) __noreturn;

/* Host ticks at our first instruction and at the first prompt (0: not yet); for `version`. */
extern u64 main_entry_ticks;
extern u64 main_prompt_ticks;

#endif
