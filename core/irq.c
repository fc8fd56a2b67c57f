/* SPDX-License-Identifier: MIT */
/* Interrupts of host devices: who asked for which, and how often they came. */
#include <core/cpu.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/host_irq.h>
#include <core/lock.h>
#include <core/log.h>

struct row {
	irq_fn fn; /* NULL: free; published last, so that irq_dispatch() needs no lock */
	void *ctx;
	const char *name;
	u64 count;
	bool stray; /* came with nobody asking, and was said */
};

static struct spinlock irq_lock = SPINLOCK(LOCK_LEAF, "irq"); /* guards rows and controller */
static const struct irq_controller *controller;
static struct row *rows;
static u32 row_count;
static void (*root_handler)(void);

int irq_bind_controller(const struct irq_controller *found)
{
	u32 count = MIN(found->irq_count, (u32)HOST_IRQ_MAX);
	irqflags_t flags;

	if (controller)
		return -EBUSY;
	rows = heap_alloc(&owner_system, count * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	flags = spin_lock(&irq_lock);
	row_count = count;
	controller = found;
	spin_unlock(&irq_lock, flags);
	if (found->cpu_init)
		found->cpu_init();
	return 0;
}

void irq_cpu_init(void)
{
	int e = 0;

	if (!controller || !controller->cpu_init)
		return;
	controller->cpu_init();
	for (u32 irq = 0; irq < MIN(controller->private_end, row_count); irq++)
		if (rows[irq].fn)
			e = e ? e : controller->enable(irq, this_cpu()->id);
	if (e)
		log_error("CPU %u: an interrupt line of its own cannot be enabled: %s",
			  this_cpu()->id, error_text(e));
}

void irq_send_ipi(unsigned cpu)
{
	if (likely(controller && controller->send_ipi))
		controller->send_ipi(cpu);
}

int irq_translate(const u32 *cells, unsigned count, u32 *irq)
{
	if (!controller || !count)
		return -EINVAL;
	if (controller->translate)
		return controller->translate(cells, count, irq);
	*irq = cells[0];
	return 0;
}

static int claim_row(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	irqflags_t flags;
	int e = -EBUSY;

	if (irq >= row_count)
		return -ERANGE;
	flags = spin_lock(&irq_lock);
	if (!rows[irq].fn) {
		rows[irq].name = name;
		rows[irq].ctx = ctx;
		__atomic_store_n(&rows[irq].fn, fn, __ATOMIC_RELEASE);
		e = 0;
	}
	spin_unlock(&irq_lock, flags);
	return e;
}

static void release_row(u32 irq)
{
	irqflags_t flags = spin_lock(&irq_lock);

	__atomic_store_n(&rows[irq].fn, NULL, __ATOMIC_RELEASE);
	rows[irq].name = NULL;
	rows[irq].stray = false;
	spin_unlock(&irq_lock, flags);
}

int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	int e = claim_row(irq, name, fn, ctx);

	if (e)
		return e;
	e = controller->enable(irq, 0);
	if (e)
		release_row(irq);
	return e;
}

void irq_release(u32 irq)
{
	if (irq >= row_count || !rows[irq].fn)
		return;
	controller->disable(irq);
	release_row(irq);
}

static void stray(u32 irq)
{
	controller->disable(irq);
	if (irq < row_count && rows[irq].stray)
		return;
	if (irq < row_count)
		rows[irq].stray = true;
	log_warn("interrupt %u of %s has no handler: masked", irq, controller->name);
}

void irq_dispatch(u32 irq)
{
	struct row *row = irq < row_count ? &rows[irq] : NULL;
	irq_fn fn = row ? __atomic_load_n(&row->fn, __ATOMIC_ACQUIRE) : NULL;

	if (!fn) {
		stray(irq);
		return;
	}
	__atomic_fetch_add(&row->count, 1, __ATOMIC_RELAXED);
	irq_enter();
	fn(row->ctx);
	irq_leave();
}

void irq_set_root_handler(void (*fn)(void))
{
	__atomic_store_n(&root_handler, fn, __ATOMIC_RELEASE);
}

void irq_root_interrupt(void)
{
	void (*fn)(void) = __atomic_load_n(&root_handler, __ATOMIC_ACQUIRE);

	if (fn)
		fn();
}

unsigned irq_stats(struct irq_stats *stats, unsigned max)
{
	irqflags_t flags = spin_lock(&irq_lock);
	unsigned count = 0;

	for (u32 irq = 0; irq < row_count; irq++) {
		if (!rows[irq].fn)
			continue;
		if (count < max)
			stats[count] = (struct irq_stats){ irq, rows[irq].name, rows[irq].count };
		count++;
	}
	spin_unlock(&irq_lock, flags);
	return count;
}
