/* SPDX-License-Identifier: MIT */
/* Sets of host CPUs. */
#ifndef CORE_CPUMASK_H
#define CORE_CPUMASK_H

#include <core/types.h>

#define CPUMASK_WORDS ((CONFIG_NR_CPUS + 63) / 64)

struct cpumask {
	u64 word[CPUMASK_WORDS];
};

static inline void cpumask_set(struct cpumask *m, unsigned cpu)
{
	m->word[cpu / 64] |= BIT(cpu % 64);
}

static inline void cpumask_clear(struct cpumask *m, unsigned cpu)
{
	m->word[cpu / 64] &= ~BIT(cpu % 64);
}

static inline bool cpumask_has(const struct cpumask *m, unsigned cpu)
{
	return cpu < CONFIG_NR_CPUS && (m->word[cpu / 64] & BIT(cpu % 64));
}

static inline struct cpumask cpumask_all(void)
{
	struct cpumask m;

	for (unsigned i = 0; i < CPUMASK_WORDS; i++)
		m.word[i] = ~0ull;
	return m;
}

static inline struct cpumask cpumask_of(unsigned cpu)
{
	struct cpumask m = { { 0 } };

	cpumask_set(&m, cpu);
	return m;
}

#endif
