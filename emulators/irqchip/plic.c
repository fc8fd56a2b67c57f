/* SPDX-License-Identifier: MIT */
/* RISC-V platform-level interrupt controller: priorities, enables and claims for each context. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/heap.h>
#include <string.h>

/*
 * RISC-V Platform-Level Interrupt Controller Specification 1.0.0, with SiFive's 3 bits of priority.
 *
 *   line ──► gateway ──► pending ──► enabled? priority > threshold? ──► pin of the context's vCPU
 *               ▲           │ claim takes the best one
 *               └───────────┴── completion opens the gateway again
 *
 * A gateway is shut from the moment that it makes its interrupt pending until its completion. A level
 * that falls meanwhile does not take a pending interrupt back; one that is still high at the end, or
 * an edge that came after the claim, makes it pending again.
 *
 * All registers have 32 bits: other sizes and misaligned accesses fault. Registers of sources and
 * contexts that do not exist, and the gaps, read as 0 and ignore writes, as pending bits do.
 * Completion of an interrupt that the context has not enabled is ignored (section 9).
 */
#define PLIC_PENDING 0x1000
#define PLIC_ENABLE 0x2000
#define PLIC_ENABLE_STRIDE 0x80
#define PLIC_CONTEXT 0x200000
#define PLIC_CONTEXT_SHIFT 12
#define PLIC_CONTEXTS_MAX 15872
#define PLIC_SOURCES_MAX 1024 /* with source 0, which does not exist */
#define PLIC_PRIORITY_MASK 7

/* Offsets within a context. */
enum { PLIC_THRESHOLD = 0, PLIC_CLAIM = 4 };

/* Cells of interrupts-extended: the interrupt of the CPU that a context drives. */
enum { CELL_SUPERVISOR = 9, CELL_MACHINE = 11 };
#define CELL_NONE 0xffffffffu

#define WORDS (PLIC_SOURCES_MAX / 32)

struct plic_context {
	u32 vcpu;
	bool signalled; /* drives the external interrupt of its vCPU; others keep their registers only */
	bool pin;       /* as it was set last */
	u8 threshold;
	u32 enable[WORDS];
};

struct plic {
	struct vdev *dev;
	struct virq_chip chip;
	u32 source_count; /* source 0 included */
	u32 word_count;   /* words of 32 sources */
	u32 context_count;
	struct plic_context *contexts;
	u32 level[WORDS]; /* wires */
	u32 edge[WORDS];  /* sources that are edge-triggered */
	u32 pending[WORDS];
	u32 claimed[WORDS]; /* gateways between claim and completion */
	u32 again[WORDS];   /* edges that came in between */
	u8 priority[PLIC_SOURCES_MAX];
};

/* ---- bits of sources ---- */

static inline bool test(const u32 *words, u32 irq)
{
	return words[irq / 32] >> (irq % 32) & 1;
}

static inline void assign(u32 *words, u32 irq, bool value)
{
	u32 bit = 1u << (irq % 32);

	words[irq / 32] = value ? words[irq / 32] | bit : words[irq / 32] & ~bit;
}

/* Sources that exist in word @word. */
static u32 source_mask(const struct plic *p, u32 word)
{
	u32 mask = word == 0 ? ~1u : ~0u;

	if (word >= p->word_count)
		return 0;
	if (word == p->word_count - 1 && p->source_count % 32)
		mask &= (1u << (p->source_count % 32)) - 1;
	return mask;
}

/* ---- what a context sees ---- */

/*
 * The pending, enabled source with the highest priority above @floor, of equals the one with the least
 * number; 0 if there is none.
 */
static u32 best_source(const struct plic *p, const struct plic_context *c, u8 floor)
{
	u32 best = 0;

	for (u32 word = 0; word < p->word_count; word++) {
		for (u32 bits = p->pending[word] & c->enable[word]; bits; bits &= bits - 1) {
			u32 irq = word * 32 + (u32)__builtin_ctz(bits);

			if (p->priority[irq] > floor) {
				floor = p->priority[irq];
				best = irq;
			}
		}
	}
	return best;
}

static void set_pin(struct plic *p, struct plic_context *c, bool level)
{
	if (!c->signalled || c->pin == level)
		return;
	c->pin = level;
	vdev_set_pin(p->dev, c->vcpu, VCPU_PIN_EXTERNAL, level);
}

static void update_context(struct plic *p, struct plic_context *c)
{
	if (c->signalled)
		set_pin(p, c, best_source(p, c, c->threshold) != 0);
}

/* After @irq changed in a way that may end a context's interrupt. */
static void update_source(struct plic *p, u32 irq)
{
	for (u32 i = 0; i < p->context_count; i++) {
		if (test(p->contexts[i].enable, irq))
			update_context(p, &p->contexts[i]);
	}
}

/* Shorter than update_source(): a new interrupt can only raise pins. */
static void make_pending(struct plic *p, u32 irq)
{
	u8 priority = p->priority[irq];

	assign(p->pending, irq, true);
	for (u32 i = 0; i < p->context_count; i++) {
		struct plic_context *c = &p->contexts[i];

		if (priority > c->threshold && test(c->enable, irq))
			set_pin(p, c, true);
	}
}

/* ---- gateways ---- */

static void source_set(struct plic *p, u32 irq, bool level)
{
	bool rises = level && !test(p->level, irq);

	assign(p->level, irq, level);
	if (!level || (test(p->edge, irq) && !rises))
		return;
	if (!test(p->claimed, irq)) {
		if (!test(p->pending, irq))
			make_pending(p, irq);
	} else if (test(p->edge, irq)) {
		assign(p->again, irq, true);
	}
}

static u32 claim(struct plic *p, struct plic_context *c)
{
	u32 irq = best_source(p, c, 0);

	if (!irq) /* the threshold may have kept the pin low; it stays as it is */
		return 0;
	assign(p->pending, irq, false);
	assign(p->claimed, irq, true);
	update_source(p, irq);
	return irq;
}

/* True if an interrupt ended; reopen() follows. */
static bool complete(struct plic *p, struct plic_context *c, u32 irq)
{
	if (irq >= p->source_count || !test(c->enable, irq) || !test(p->claimed, irq))
		return false;
	assign(p->claimed, irq, false);
	return true;
}

/* Lets the gateway take in what came before the completion. */
static void reopen(struct plic *p, u32 irq)
{
	bool waits = test(p->edge, irq) ? test(p->again, irq) : test(p->level, irq);

	assign(p->again, irq, false);
	if (waits && !test(p->claimed, irq) && !test(p->pending, irq))
		make_pending(p, irq);
}

/* ---- registers ---- */

/* @offset counts from PLIC_CONTEXT, and leaves the offset within the context. NULL: there is none. */
static inline struct plic_context *context_at(struct plic *p, u64 *offset)
{
	u64 index = *offset >> PLIC_CONTEXT_SHIFT;

	*offset &= BIT(PLIC_CONTEXT_SHIFT) - 1;
	return index < p->context_count ? &p->contexts[index] : NULL;
}

static u32 read_context(struct plic *p, u64 offset)
{
	struct plic_context *c = context_at(p, &offset);

	if (!c)
		return 0;
	switch (offset) {
	case PLIC_CLAIM:
		return claim(p, c);
	case PLIC_THRESHOLD:
		return c->threshold;
	}
	return 0;
}

static u32 *enable_word(struct plic *p, u64 offset, u32 *word)
{
	u64 index = offset / PLIC_ENABLE_STRIDE;

	*word = (u32)(offset % PLIC_ENABLE_STRIDE) / 4;
	return index < p->context_count ? &p->contexts[index].enable[*word] : NULL;
}

static u32 read_locked(struct plic *p, u64 offset)
{
	u32 word;
	const u32 *enable;

	if (offset >= PLIC_CONTEXT)
		return read_context(p, offset - PLIC_CONTEXT);
	if (offset >= PLIC_ENABLE) {
		enable = enable_word(p, offset - PLIC_ENABLE, &word);
		return enable ? *enable : 0;
	}
	if (offset >= PLIC_PENDING) {
		word = (u32)(offset - PLIC_PENDING) / 4;
		return word < p->word_count ? p->pending[word] : 0;
	}
	return p->priority[offset / 4];
}

static void write_enable(struct plic *p, u64 offset, u32 value)
{
	u32 word, *enable = enable_word(p, offset, &word);

	if (!enable)
		return;
	*enable = value & source_mask(p, word);
	update_context(p, &p->contexts[offset / PLIC_ENABLE_STRIDE]);
}

static void write_priority(struct plic *p, u64 irq, u32 value)
{
	if (irq == 0 || irq >= p->source_count)
		return;
	p->priority[irq] = value & PLIC_PRIORITY_MASK;
	if (test(p->pending, (u32)irq))
		update_source(p, (u32)irq);
}

static void write_threshold(struct plic *p, u64 offset, u32 value)
{
	struct plic_context *c = context_at(p, &offset);

	if (!c || offset != PLIC_THRESHOLD)
		return;
	c->threshold = value & PLIC_PRIORITY_MASK;
	update_context(p, c);
}

static void write_locked(struct plic *p, u64 offset, u32 value)
{
	if (offset >= PLIC_CONTEXT)
		write_threshold(p, offset - PLIC_CONTEXT, value);
	else if (offset >= PLIC_ENABLE)
		write_enable(p, offset - PLIC_ENABLE, value);
	else if (offset < PLIC_PENDING)
		write_priority(p, offset / 4, value);
}

/* ---- the bus ---- */

static u64 plic_read(struct vdev *dev, u64 offset, unsigned size)
{
	irqflags_t flags = spin_lock(&dev->lock);
	u32 value = read_locked(dev->state, offset);

	(void)size;
	spin_unlock(&dev->lock, flags);
	return value;
}

/* The context whose claim register @offset is, or NULL. */
static struct plic_context *completing(struct plic *p, u64 offset)
{
	struct plic_context *c;

	if (offset < PLIC_CONTEXT)
		return NULL;
	offset -= PLIC_CONTEXT;
	c = context_at(p, &offset);
	return offset == PLIC_CLAIM ? c : NULL;
}

/*
 * Listeners hear of the end before the gateway looks at the wire: they lower it when the device that
 * they pass through is served, and raise it again when it is not.
 */
static void end_interrupt(struct plic *p, struct plic_context *c, u32 irq, irqflags_t *flags)
{
	if (!complete(p, c, irq))
		return;
	if (p->chip.listener_count) {
		spin_unlock(&p->dev->lock, *flags);
		virq_notify_eoi(&p->chip, irq);
		*flags = spin_lock(&p->dev->lock);
	}
	reopen(p, irq);
}

static void plic_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	struct plic *p = dev->state;
	struct plic_context *c = completing(p, offset);
	irqflags_t flags = spin_lock(&dev->lock);

	(void)size;
	if (c)
		end_interrupt(p, c, (u32)value, &flags);
	else
		write_locked(p, offset, (u32)value);
	spin_unlock(&dev->lock, flags);
}

static const struct bus_ops plic_ops = { .read = plic_read, .write = plic_write, .sizes = 4 };

/* ---- the lines ---- */

/* Cells: the source and, where there are two, its type as in Linux' IRQ_TYPE: 1 and 2 are edges. */
static int plic_translate(struct virq_chip *chip, const u32 *cells, unsigned cell_count, u32 *irq,
			  enum virq_trigger *trigger)
{
	if (cell_count < 1)
		return -EINVAL;
	if (cells[0] == 0 || cells[0] >= chip->irq_count)
		return -ERANGE;
	*irq = cells[0];
	*trigger = cell_count > 1 && (cells[1] & 3) ? VIRQ_EDGE : VIRQ_LEVEL;
	return 0;
}

static void plic_configure(struct virq_chip *chip, u32 irq, enum virq_trigger trigger)
{
	struct plic *p = chip->dev->state;
	irqflags_t flags = spin_lock(&chip->dev->lock);

	assign(p->edge, irq, trigger == VIRQ_EDGE);
	spin_unlock(&chip->dev->lock, flags);
}

static void plic_set(struct virq_chip *chip, u32 irq, bool level)
{
	irqflags_t flags = spin_lock(&chip->dev->lock);

	source_set(chip->dev->state, irq, level);
	spin_unlock(&chip->dev->lock, flags);
}

static const struct virq_chip_ops plic_chip_ops = {
	.translate = plic_translate,
	.configure = plic_configure,
	.set = plic_set,
};

/* ---- the device ---- */

static int count_contexts(struct vdev *dev, u32 *count)
{
	u32 vcpu, cell;
	int err = 0;

	for (*count = 0; !err && *count <= PLIC_CONTEXTS_MAX;) {
		err = vdev_cpu_irq(dev, *count, &vcpu, &cell);
		if (!err)
			++*count;
	}
	if (err && err != -ENOENT)
		return err;
	if (*count >= 1 && *count <= PLIC_CONTEXTS_MAX)
		return 0;
	vdev_error(dev, "interrupts-extended gives it %u contexts; it can have 1 to %u", *count,
		   PLIC_CONTEXTS_MAX);
	return -EINVAL;
}

static int create_context(struct vdev *dev, struct plic *p, u32 index)
{
	struct plic_context *c = &p->contexts[index];
	u32 cell;
	int err = vdev_cpu_irq(dev, index, &c->vcpu, &cell);

	if (err)
		return err;
	if (cell != CELL_SUPERVISOR && cell != CELL_MACHINE && cell != CELL_NONE) {
		vdev_error(dev,
			   "interrupts-extended entry %u drives CPU interrupt %u; it can be %u "
			   "(supervisor), or %u or 0x%x, which guests never see",
			   index, cell, CELL_SUPERVISOR, CELL_MACHINE, CELL_NONE);
		return -EINVAL;
	}
	c->signalled = cell == CELL_SUPERVISOR;
	return 0;
}

static int create_contexts(struct vdev *dev, struct plic *p)
{
	u32 count;
	int err = count_contexts(dev, &count);

	if (err)
		return err;
	p->contexts = vdev_alloc(dev, count * sizeof(*p->contexts));
	if (!p->contexts)
		return -ENOMEM;
	p->context_count = count;
	for (u32 i = 0; !err && i < count; i++)
		err = create_context(dev, p, i);
	return err;
}

static int plic_create(struct vdev *dev)
{
	struct plic *p = dev->state;
	u32 ndev = vdev_u32(dev, "riscv,ndev", 0);
	int err;

	p->dev = dev;
	if (ndev < 1 || ndev >= PLIC_SOURCES_MAX) {
		vdev_error(dev, "riscv,ndev is %u; give the number of interrupt sources, 1 to %u",
			   ndev, PLIC_SOURCES_MAX - 1);
		return -EINVAL;
	}
	p->source_count = ndev + 1;
	p->word_count = (p->source_count + 31) / 32;
	err = vdev_add_chip(dev, &p->chip, &plic_chip_ops, p->source_count);
	if (!err)
		err = create_contexts(dev, p);
	if (err)
		return err;
	return vdev_map_reg(dev, 0, PLIC_CONTEXT + ((u64)p->context_count << PLIC_CONTEXT_SHIFT),
			    &plic_ops);
}

static void plic_destroy(struct vdev *dev)
{
	struct plic *p = dev->state;

	heap_free(p->contexts);
}

/* The wires stay as their devices hold them: a level that is high is an interrupt at once. */
static void plic_reset(struct vdev *dev)
{
	struct plic *p = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	memset(p->priority, 0, sizeof(p->priority));
	memset(p->claimed, 0, sizeof(p->claimed));
	memset(p->again, 0, sizeof(p->again));
	for (u32 word = 0; word < WORDS; word++)
		p->pending[word] = p->level[word] & ~p->edge[word];
	for (u32 i = 0; i < p->context_count; i++) {
		struct plic_context *c = &p->contexts[i];

		c->threshold = 0;
		memset(c->enable, 0, sizeof(c->enable));
		set_pin(p, c, false);
	}
	spin_unlock(&dev->lock, flags);
}

static void plic_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			  void *ctx)
{
	struct plic *p = dev->state;
	struct plic copy;
	irqflags_t flags = spin_lock(&dev->lock);

	copy = *p;
	spin_unlock(&dev->lock, flags);
	print(ctx, "%u sources, %u contexts\n", copy.source_count - 1, copy.context_count);
	for (u32 irq = 1; irq < copy.source_count; irq++) {
		if (test(copy.level, irq) || test(copy.pending, irq) || test(copy.claimed, irq))
			print(ctx, "source %u: priority %u%s%s%s\n", irq, copy.priority[irq],
			      test(copy.level, irq) ? ", line high" : "",
			      test(copy.pending, irq) ? ", pending" : "",
			      test(copy.claimed, irq) ? ", claimed" : "");
	}
}

static const char *const plic_compatible[] = { "sifive,plic-1.0.0", "riscv,plic0", NULL };

DEFINE_EMULATOR(plic) = {
	.name = "plic",
	.class = EMULATOR_IRQCHIP,
	.compatible = plic_compatible,
	.state_size = sizeof(struct plic),
	.create = plic_create,
	.destroy = plic_destroy,
	.reset = plic_reset,
	.describe = plic_describe,
};
