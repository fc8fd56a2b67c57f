/* SPDX-License-Identifier: MIT */
/* Host tests: riscv64's per-CPU part; which CPU runs is a variable. */
#ifndef TESTS_RISCV_CPU_H
#define TESTS_RISCV_CPU_H

#define arch_this_cpu hardware_this_cpu
#include "../../../../../arch/riscv/include/arch/cpu.h"
#undef arch_this_cpu

extern struct cpu *fake_this_cpu;

static inline struct cpu *arch_this_cpu(void)
{
	return fake_this_cpu;
}

#endif
