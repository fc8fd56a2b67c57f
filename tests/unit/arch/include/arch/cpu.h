/* SPDX-License-Identifier: MIT */
/* Fake architecture of host tests: a CPU that does what the test says. See fake.h. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <core/types.h>

struct cpu;

/* The system registers of the vCPU that is loaded; garbage otherwise. */
struct arch_cpu {
	u64 sysreg;
	u64 deadline;
};

extern _Thread_local struct cpu *fake_cpu;
extern _Thread_local bool fake_irqs_on;
extern u64 fake_time;
extern void (*fake_relax_hook)(void);
extern void (*fake_step_hook)(void);

static inline struct cpu *arch_this_cpu(void)
{
	return fake_cpu;
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags = fake_irqs_on;

	if (fake_step_hook)
		fake_step_hook();
	fake_irqs_on = false;
	return flags;
}

static inline void arch_irq_restore(unsigned long flags)
{
	fake_irqs_on = flags;
}

/* arch_cpu_idle() has done it. */
static inline void arch_irq_serve(void)
{
}

static inline void arch_cpu_relax(void)
{
	if (fake_relax_hook)
		fake_relax_hook();
}

static inline u64 arch_time_now(void)
{
	return fake_time;
}

#endif
