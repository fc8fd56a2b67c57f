/* SPDX-License-Identifier: MIT */
/* arm64: where we were entered at EL3: interrupts are opened to the non-secure side, which is firmware's work elsewhere. */
#include <arch/host.h>
#include <core/host_fdt.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <libs/gic.h>

#define ITLINES_MASK 31u /* GICD_TYPER: 32 interrupts each, less one */

static hpa_t distributor;
static hpa_t cpu_interface; /* GICv2 only; 0: there is none */

/* boot.S answers at EL3 (el3_vectors), where the store is a secure one. No guest gets there: its SMCs come to EL2. */
static void secure_write(hpa_t at, u32 value)
{
	register u64 x0 __asm__("x0") = at.v;
	register u64 x1 __asm__("x1") = value;

	__asm__ volatile("smc #0" : : "r"(x0), "r"(x1) : "memory");
}

static bool find_registers(const void *fdt, const char *const *names, hpa_t *first, hpa_t *second)
{
	struct hpa_range range;
	int node = -1;

	for (; node < 0 && *names; names++)
		node = fdt_node_offset_by_compatible(fdt, -1, *names);
	if (node < 0 || host_fdt_reg(fdt, node, 0, &range))
		return false;
	*first = hpa(range.base);
	if (!second)
		return true;
	if (host_fdt_reg(fdt, node, 1, &range))
		return false;
	*second = hpa(range.base);
	return true;
}

/* GICv2 (IHI 0048, 4.3.4): the groups of interrupts that all CPUs share. */
static void open_shared_interrupts(void)
{
	volatile u8 *registers = hostmap_device(distributor, PAGE_SIZE);
	u32 words = registers ? *(volatile u32 *)(registers + GICD_TYPER) & ITLINES_MASK : 0;

	for (u32 i = 1; i <= words; i++)
		secure_write(hpa(distributor.v + GICD_IGROUPR + 4 * i), ~0u);
}

void arm64_el3_init(const void *fdt)
{
	static const char *const v3[] = { "arm,gic-v3", NULL };
	static const char *const v2[] = { "arm,gic-400", "arm,cortex-a15-gic", NULL };

	log_info("entered at EL3: no firmware is left below");
	/* One security state (IHI 0069, 12.9.4), while nothing is enabled: the rest is the driver's. */
	if (find_registers(fdt, v3, &distributor, NULL))
		secure_write(hpa(distributor.v + GICD_CTLR), GICD_CTLR_DS);
	else if (find_registers(fdt, v2, &distributor, &cpu_interface))
		open_shared_interrupts();
	else
		log_warn("we come from EL3 and know no interrupt controller to open to EL2");
}

/* What each CPU has of its own: its group of private interrupts, and a priority mask that EL2 may change. */
void arm64_el3_cpu_init(void)
{
	if (!cpu_interface.v)
		return;
	secure_write(hpa(distributor.v + GICD_IGROUPR), ~0u);
	secure_write(hpa(cpu_interface.v + GICC_PMR), 0xff);
}
