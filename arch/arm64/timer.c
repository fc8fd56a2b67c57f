/* SPDX-License-Identifier: MIT */
/* arm64: the generic timer as the host's clock: EL2's own timer (CNTHP), and the rate of its counter. */
#include <arch/guest.h>
#include <arch/host.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/time.h>
#include <core/timer.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <string.h>

/* `interrupts` of the node, in the order of the binding (arm,arch_timer); `interrupt-names` may leave some out. */
enum { TIMER_VIRTUAL = 2, TIMER_HYPERVISOR = 3 };

static const char *const compatible[] = { "arm,armv8-timer", "arm,armv7-timer", NULL };
static bool is_bound;

u64 arm64_timer_hz(const void *fdt)
{
	u32 hz;
	int node = fdt_node_offset_by_compatible(fdt, -1, compatible[0]);

	if (node >= 0 && fdt_cell(fdt, node, "clock-frequency", 0, &hz) && hz)
		return hz;
	return sysreg_read(CNTFRQ_EL0);
}

/* CVAL compares as unsigned 64 bits (D12.2.4). What the timer asked for before has ended when this returns. */
void arch_timer_arm(u64 deadline)
{
	sysreg_write(CNTHP_CVAL_EL2, deadline);
	sysreg_write(CNTHP_CTL_EL2, deadline == TIME_NEVER ? 0 : CNT_ENABLE);
	isb();
}

static void interrupt(void *ctx)
{
	(void)ctx;
	timer_interrupt();
}

static int find_irq(const struct host_device *dev, const char *name, unsigned index, u32 *irq)
{
	for (unsigned i = 0; fdt_value(dev->fdt, dev->node, "interrupt-names", NULL); i++) {
		const char *text = fdt_text_at(dev->fdt, dev->node, "interrupt-names", i);

		if (!text)
			return -ENOENT;
		if (strcmp(text, name) == 0)
			return host_device_irq(dev, i, irq);
	}
	return host_device_irq(dev, index, irq);
}

static int timer_probe(const struct host_device *dev)
{
	u32 irq;
	int e;

	if (is_bound)
		return -EBUSY;
	is_bound = true;
	e = find_irq(dev, "hyp-phys", TIMER_HYPERVISOR, &irq);
	if (!e)
		e = irq_request(irq, "timer", interrupt, NULL);
	if (!e)
		e = find_irq(dev, "virt", TIMER_VIRTUAL, &irq);
	return e ? e : guest_timer_bind(irq);
}

DEFINE_DRIVER(arm_timer) = {
	.name = "arm-timer",
	.class = DRIVER_TIMER,
	.compatible = compatible,
	.probe = timer_probe,
};
