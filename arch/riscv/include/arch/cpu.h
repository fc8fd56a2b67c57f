/* SPDX-License-Identifier: MIT */
/* riscv64: the architecture's part of a host CPU, and the inline functions of the contract. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <arch/csr.h>
#include <core/types.h>

struct cpu;
struct vcpu;
struct vm;

/* While the hypervisor runs, tp points to struct cpu and sscratch is 0. Offsets are checked in asm_offsets.c. */
struct arch_cpu {
	u64 hart_id;
	u64 host_sp;      /* vcpu_enter's frame on the CPU's stack while a guest runs */
	u64 spill;        /* one register of a host trap's first instructions */
	u64 emergency_sp; /* stack for the panic when the current one is used up */
	struct vcpu *
		fp_owner; /* whose float registers are in the hardware; cleared when they are not valid */
	struct vcpu *vector_owner;
};

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mv %0, tp" : "=r"(cpu)); /* a task may move between two calls */
	return cpu;
}

static inline unsigned long arch_irq_save(void)
{
	return csr_read_clear(sstatus, SSTATUS_SIE) & SSTATUS_SIE;
}

static inline void arch_irq_restore(unsigned long flags)
{
	csr_set(sstatus, flags);
}

void arch_irq_serve(void);

static inline void arch_cpu_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::
				 : "memory"); /* pause (Zihintpause), a hint elsewhere */
}

static inline u64 arch_time_now(void)
{
	return csr_read(time);
}

#endif
