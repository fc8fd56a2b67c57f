/* SPDX-License-Identifier: MIT */
/* Host interrupt controller: RISC-V PLIC 1.0.0. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/fdt.h>

/*
 *  0x000000  priority of each source, a word each; 0 never interrupts
 *  0x002000  enable bits of each context, 0x80 bytes each
 *  0x200000  threshold, claim and complete of each context, 0x1000 bytes each
 */
#define PRIORITY(irq) (4ul * (irq))
#define ENABLE(context, irq) (0x2000ul + 0x80ul * (context) + (irq) / 32 * 4ul)
#define THRESHOLD(context) (0x200000ul + 0x1000ul * (context))
#define CLAIM(context) (THRESHOLD(context) + 4)

#define SOURCES_MAX 1024
#define CONTEXTS_MAX 15872
#define CONTEXT_NONE UINT32_MAX
#define CAUSE_S_EXTERNAL 9
/* Handled in a row before others get their turn; what is left interrupts again. */
#define CLAIMS_MAX 32

static struct {
	volatile u8 *base;
	u64 size;
	u32 context[CONFIG_NR_CPUS]; /* of each CPU's supervisor mode, CONTEXT_NONE: it has none */
	struct spinlock lock;        /* guards the enable words */
} plic = { .lock = SPINLOCK(LOCK_LEAF, "plic") };

static u32 plic_read(u64 offset)
{
	return *(volatile u32 *)(plic.base + offset);
}

static void plic_write(u64 offset, u32 value)
{
	*(volatile u32 *)(plic.base + offset) = value;
}

static void set_enable(u32 context, u32 irq, bool on)
{
	u32 bit = 1u << (irq % 32);
	u32 word = plic_read(ENABLE(context, irq));

	lock_assert_held(&plic.lock);
	plic_write(ENABLE(context, irq), on ? word | bit : word & ~bit);
}

/* To @cpu alone. */
static int plic_enable(u32 irq, unsigned cpu)
{
	irqflags_t flags;

	if (irq == 0 || cpu >= cpu_count || plic.context[cpu] == CONTEXT_NONE)
		return -ERANGE;
	flags = spin_lock(&plic.lock);
	for (unsigned i = 0; i < cpu_count; i++)
		if (plic.context[i] != CONTEXT_NONE)
			set_enable(plic.context[i], irq, i == cpu);
	plic_write(PRIORITY(irq), 1);
	spin_unlock(&plic.lock, flags);
	return 0;
}

/* By priority, because a completion is ignored while the enable bit is off, and this may come before one. */
static void plic_disable(u32 irq)
{
	plic_write(PRIORITY(irq), 0);
}

static void plic_interrupt(void)
{
	u32 context = plic.context[this_cpu()->id];
	u32 irq;

	if (context == CONTEXT_NONE)
		return;
	for (unsigned i = 0; i < CLAIMS_MAX && (irq = plic_read(CLAIM(context))); i++) {
		irq_dispatch(irq);
		plic_write(CLAIM(context), irq);
	}
}

static struct irq_controller controller = {
	.name = "plic",
	.enable = plic_enable,
	.disable = plic_disable,
};

/* The CPU whose device-tree node holds the interrupt controller @phandle; false when it is none of ours. */
static bool find_cpu(const void *fdt, u32 phandle, unsigned *cpu)
{
	int intc = fdt_node_offset_by_phandle(fdt, phandle);
	int node = intc < 0 ? intc : fdt_parent_offset(fdt, intc);
	u32 len;
	const void *reg = node < 0 ? NULL : fdt_value(fdt, node, "reg", &len);

	if (!reg || (len != 4 && len != 8))
		return false;
	for (*cpu = 0; *cpu < cpu_count; ++*cpu)
		if (arch_cpu_hardware_id(*cpu) == fdt_read_cells(reg, len / 4))
			return true;
	return false;
}

/* Entry number n of interrupts-extended says where context n is connected; all ones: nowhere. */
static void find_contexts(const struct host_device *dev)
{
	u32 phandle, cause;
	unsigned cpu;

	for (unsigned i = 0; i < ARRAY_SIZE(plic.context); i++)
		plic.context[i] = CONTEXT_NONE;
	for (u32 n = 0; n < CONTEXTS_MAX && THRESHOLD(n + 1) <= plic.size; n++) {
		if (!fdt_cell(dev->fdt, dev->node, "interrupts-extended", 2 * n, &phandle) ||
		    !fdt_cell(dev->fdt, dev->node, "interrupts-extended", 2 * n + 1, &cause))
			return;
		if (cause == CAUSE_S_EXTERNAL && find_cpu(dev->fdt, phandle, &cpu))
			plic.context[cpu] = n;
	}
}

/* Nothing is enabled for us, and whatever gets enabled passes. */
static void reset_contexts(u32 irq_count)
{
	for (unsigned cpu = 0; cpu < cpu_count; cpu++) {
		if (plic.context[cpu] == CONTEXT_NONE)
			continue;
		for (u32 irq = 0; irq < irq_count; irq += 32)
			plic_write(ENABLE(plic.context[cpu], irq), 0);
		plic_write(THRESHOLD(plic.context[cpu]), 0);
	}
}

static int plic_probe(const struct host_device *dev)
{
	u32 sources = host_device_u32(dev, "riscv,ndev", SOURCES_MAX - 1);
	hpa_t at;
	int err;

	if (plic.base)
		return -EBUSY;
	err = host_device_reg(dev, 0, &at, &plic.size);
	if (err)
		return err;
	find_contexts(dev);
	if (plic.context[0] == CONTEXT_NONE) {
		log_error("PLIC: interrupts-extended has no entry <&intc 9> of the boot hart");
		return -ENODEV;
	}
	plic.base = hostmap_device(at, plic.size);
	if (!plic.base)
		return -ENOMEM;
	controller.irq_count = MIN(sources, SOURCES_MAX - 1u) + 1;
	reset_contexts(controller.irq_count);
	err = irq_bind_controller(&controller);
	if (!err)
		irq_set_root_handler(plic_interrupt);
	return err;
}

static const char *const compatible[] = { "riscv,plic0", "sifive,plic-1.0.0", "thead,c900-plic",
					  NULL };

DEFINE_DRIVER(plic_driver) = {
	.name = "plic",
	.class = DRIVER_IRQCHIP,
	.compatible = compatible,
	.probe = plic_probe,
};
