/* SPDX-License-Identifier: MIT */
/* What a host GIC driver sees in a test: registers that are memory, CPUs, and core's interrupts. For one test file each. */
#ifndef TESTS_FAKE_GIC_H
#define TESTS_FAKE_GIC_H

#include <test.h>

#include <arch/gic_host.h>
#include <arch/host.h>
#include <arch/vgic.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/lock.h>
#include <core/log.h>
#include <core/time.h>
#include <libs/gic.h>
#include <tree.h>

#include "../../../../arch/arm64/gic_host.c"
#include "../../../../libs/fdt.c"

#define FAKE_CPUS 8
#define FAKE_REGS 8

static struct {
	struct hpa_range reg[FAKE_REGS]; /* of the node */
	unsigned reg_count;
	struct cpu cpu[FAKE_CPUS];
	u64 affinity[FAKE_CPUS];
	unsigned current; /* the CPU that the test plays */
	u64 sysregs[1 << 16];
	u64 now;
	const struct irq_controller *controller;
	void (*root)(void);
	void (*dispatched)(u32 irq); /* played by the test */
	void (*called)(void);        /* an IPI came */
	u32 dispatch_count, ipi_count;
	unsigned vgic_inits, vgic_cpu_inits, maintenance_taken, errors;
	jmp_buf idle; /* where a CPU goes that has nothing more to do */
} machine;

struct cpu *cpus[CONFIG_NR_CPUS];
unsigned cpu_count;
static struct tree tree;

static inline void fake_gic_reset(const char *node)
{
	memset(&machine, 0, sizeof(machine));
	bound = NULL;
	memset(edges, 0, sizeof(edges));
	cpu_count = FAKE_CPUS;
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		cpus[i] = &machine.cpu[i];
		machine.cpu[i].id = i;
		machine.affinity[i] = i;
	}
	tree_compile(&tree, "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;", node);
}

static inline struct host_device fake_gic_node(void)
{
	return (struct host_device){ tree.bytes, fdt_path_offset(tree.bytes, "/gic"), "arm,gic" };
}

static inline void fake_gic_add_reg(volatile void *base, u64 size)
{
	machine.reg[machine.reg_count++] = (struct hpa_range){ (uintptr_t)base, size };
}

static inline u32 fake_gic_get(const void *frame, u32 offset)
{
	return *(const u32 *)((const u8 *)frame + offset);
}

static inline void fake_gic_set(void *frame, u32 offset, u32 value)
{
	*(u32 *)((u8 *)frame + offset) = value;
}

/* ---- the hardware ---- */

u64 *fake_sysreg(u32 encoding)
{
	if (encoding == SYS_CNTPCT_EL0)
		machine.now++;
	return encoding == SYS_CNTPCT_EL0 ? &machine.now : &machine.sysregs[encoding];
}

struct cpu *arch_this_cpu(void)
{
	return &machine.cpu[machine.current];
}

void arch_cpu_relax(void)
{
}

void arch_cpu_idle(void)
{
	longjmp(machine.idle, 1);
}

u64 arch_cpu_hardware_id(unsigned cpu)
{
	return machine.affinity[cpu];
}

/* ---- core ---- */

int host_device_reg(const struct host_device *dev, unsigned index, hpa_t *base, u64 *size)
{
	(void)dev;
	if (index >= machine.reg_count)
		return -ENOENT;
	*base = hpa(machine.reg[index].base);
	*size = machine.reg[index].size;
	return 0;
}

u32 host_device_u32(const struct host_device *dev, const char *property, u32 fallback)
{
	u32 value;

	return fdt_cell(dev->fdt, dev->node, property, 0, &value) ? value : fallback;
}

volatile void *hostmap_device(hpa_t base, u64 size)
{
	(void)size;
	return hpa_to_ptr(base);
}

int irq_bind_controller(const struct irq_controller *controller)
{
	machine.controller = controller;
	controller->cpu_init();
	return 0;
}

void irq_set_root_handler(void (*fn)(void))
{
	machine.root = fn;
}

void irq_dispatch(u32 irq)
{
	machine.dispatch_count++;
	machine.dispatched(irq);
}

void smp_ipi_interrupt(void)
{
	machine.ipi_count++;
	machine.called();
}

irqflags_t spin_lock(struct spinlock *lock)
{
	(void)lock;
	return 0;
}

void spin_unlock(struct spinlock *lock, irqflags_t flags)
{
	(void)lock;
	(void)flags;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)fmt;
	machine.errors += level == LOG_ERROR;
}

u64 time_from_ms(u64 ms)
{
	return ms;
}

/* ---- vgic.c ---- */

void vgic_init(void)
{
	assert_non_null(arm64_gic());
	assert_null(machine.controller);
	machine.vgic_inits++;
}

void vgic_cpu_init(void)
{
	machine.vgic_cpu_inits++;
}

void vgic_take_maintenance(void)
{
	assert_non_null(machine.root);
	machine.maintenance_taken++;
}

#endif
