/* SPDX-License-Identifier: MIT */
/* A plain model of the GIC, without list registers: what every interrupt is. */
#ifndef TESTS_GIC_MODEL_H
#define TESTS_GIC_MODEL_H

#include <gic_sim.h>

#define CPUS_MAX 4

static const u16 intids[] = {
	0, 1, 2, 16, 17, 27, 32, 33, 34, 35, 36, 37, 38, 63, 64, 70, 71, 287
};
#define IRQS ARRAY_SIZE(intids)
#define PRIVATE 6
#define FORWARDED 5 /* index of PPI 27, which is the host's PPI_OF_HOST */
#define PPI_OF_HOST 30
#define SGIS 3
#define NOWHERE 0xff
#define ANYBODY 0xfe

struct irq {
	bool enabled, group1, edge, line, latch, active;
	bool by_register; /* made active by GICD_ISACTIVER: no guest runs it */
	u8 sources;       /* of SGIs of version 2, instead of latch */
	u8 priority;
	u8 route; /* a vCPU, ANYBODY or NOWHERE */
	u8 owner; /* vCPU that acknowledged it, while active */
	unsigned events, acks;
	bool late; /* lazy runs: an event before the newest acknowledgement may count as one after it */
	u8 fresh; /* events since then; of SGIs of version 2: their senders */
	u8 late_sources;
};

static struct {
	unsigned version, cpus, lrs;
	bool split; /* EOImode 1 */
	bool lazy;
	bool group_on[2];
	struct irq own[CPUS_MAX][PRIVATE];
	struct irq spi[IRQS];
	unsigned stack[CPUS_MAX][64]; /* what runs, by index */
	unsigned depth[CPUS_MAX];
	char complaint[200];
} model;

static inline struct irq *irq_of(unsigned cpu, unsigned k)
{
	return k < PRIVATE ? &model.own[cpu][k] : &model.spi[k];
}

static inline bool is_pending(const struct irq *q)
{
	return q->latch || q->sources || (!q->edge && q->line);
}

static inline bool is_offered(const struct irq *q)
{
	return is_pending(q) && q->enabled && !q->active && model.group_on[q->group1];
}

static inline bool has_sources(unsigned k)
{
	return model.version == 2 && k < SGIS;
}

/* May vCPU @cpu be given it? */
static inline bool is_for(unsigned cpu, unsigned k)
{
	const struct irq *q = irq_of(cpu, k);

	return k < PRIVATE || q->route == cpu || q->route == ANYBODY;
}

#define complain(...)                                                                    \
	do {                                                                             \
		if (!model.complaint[0])                                                 \
			snprintf(model.complaint, sizeof(model.complaint), __VA_ARGS__); \
	} while (0)

#endif
