/* SPDX-License-Identifier: MIT */
/* The end of the host: our own bugs only. Nothing that a guest or a user does may lead here. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <core/types.h>

/*
 * Stops all other CPUs, prints the message, this CPU's registers (@regs, or those of the caller
 * when panic() is used) and a symbolised backtrace by polled output, then halts. Takes no lock
 * that may be held.
 */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn __cold;
struct arch_trap_frame;
void panic_trap(const struct arch_trap_frame *frame, const char *fmt, ...)
	__printf(2, 3) __noreturn __cold;

/* Set for good by the first panic. An inter-processor interrupt that finds it set calls panic_halt(). */
extern u32 panic_in_progress;
/* Halts this CPU without a word. */
void panic_halt(void) __noreturn __cold;

/* For our own bugs: never for anything that depends on guest data or user input. */
#define ASSERT(cond)                                                                     \
	do {                                                                             \
		if (unlikely(!(cond)))                                                   \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
	} while (0)

/* Symbols (symbols.c): name of the function that holds @addr and the offset into it, or NULL. */
const char *symbol_find(uintptr_t addr, uintptr_t *offset);

#endif
