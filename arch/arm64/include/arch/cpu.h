/* SPDX-License-Identifier: MIT */
/* arm64: the architecture's part of a host CPU, and the inline functions of the contract. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <arch/sysreg.h>
#include <core/types.h>

struct cpu;
struct vcpu;

/* TPIDR_EL2 points to struct cpu from arch_cpu_init() on, 0 before. Offsets are checked in asm_offsets.c. */
struct arch_cpu {
	u64 host_sp; /* where boot.S starts a secondary CPU; arm64_enter()'s frame while a guest runs */
	u64 spill[2];          /* registers of a host exception's first instructions */
	u64 emergency_sp;      /* stack for the panic when the current one is used up */
	u64 mpidr;             /* affinity fields only */
	struct vcpu *fp_owner; /* whose FP and SVE registers are in the hardware */
};

#ifdef __aarch64__
static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mrs %0, tpidr_el2" : "=r"(cpu)); /* a task may move between two calls */
	return cpu;
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #2" : "=r"(flags) : : "memory");
	return flags & PSTATE_I;
}

static inline void arch_irq_restore(unsigned long flags)
{
	if (!flags)
		__asm__ volatile("msr daifclr, #2" ::: "memory");
}

/* Takes what is pending: the vectors do it as soon as interrupts are allowed. */
static inline void arch_irq_serve(void)
{
	__asm__ volatile("msr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}
#else
struct cpu *arch_this_cpu(void);
unsigned long arch_irq_save(void);
void arch_irq_restore(unsigned long flags);
void arch_irq_serve(void);
void arch_cpu_relax(void);
#endif

/* The barrier keeps the counter from being read early (D12.2.1). */
static inline u64 arch_time_now(void)
{
	isb();
	return sysreg_read(CNTPCT_EL0);
}

#endif
