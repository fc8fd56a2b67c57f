/* SPDX-License-Identifier: MIT */
/* arm64: the CPUs of the device tree, known by their affinity (MPIDR_EL1). */
#include <arch/host.h>
#include <core/errno.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <string.h>

/* Affinity by CPU number; boot.S looks itself up. */
u64 arm64_cpu_mpidr[CONFIG_NR_CPUS];
static int cpu_nodes[CONFIG_NR_CPUS];

u64 arch_cpu_hardware_id(unsigned cpu)
{
	return arm64_cpu_mpidr[cpu];
}

int arm64_cpu_node(unsigned cpu)
{
	return cpu_nodes[cpu];
}

static bool is_usable_cpu(const void *fdt, int node)
{
	const char *type = fdt_text(fdt, node, "device_type");

	return type && !strcmp(type, "cpu") && fdt_is_enabled(fdt, node);
}

/* #address-cells of /cpus is 1 where Aff3 is 0 on all CPUs, else 2. */
static bool read_mpidr(const void *fdt, int cpus_node, int node, u64 *mpidr)
{
	struct fdt_widths widths;
	const void *reg;
	u32 len;

	if (!fdt_child_widths(fdt, cpus_node, &widths) || widths.address > 2)
		return false;
	reg = fdt_value(fdt, node, "reg", &len);
	if (!reg || len < widths.address * 4)
		return false;
	*mpidr = fdt_read_cells(reg, widths.address) & MPIDR_AFFINITY;
	return true;
}

int arm64_find_cpus(const void *fdt, u64 boot_mpidr, unsigned *count)
{
	int cpus_node = fdt_path_offset(fdt, "/cpus"), node;
	bool found = false;
	u64 mpidr;

	arm64_cpu_mpidr[0] = boot_mpidr & MPIDR_AFFINITY;
	*count = 1;
	fdt_for_each_subnode(node, fdt, cpus_node) {
		if (!is_usable_cpu(fdt, node) || !read_mpidr(fdt, cpus_node, node, &mpidr))
			continue;
		if (mpidr == arm64_cpu_mpidr[0]) {
			found = true;
			cpu_nodes[0] = node;
		} else if (*count < CONFIG_NR_CPUS) {
			cpu_nodes[*count] = node;
			arm64_cpu_mpidr[(*count)++] = mpidr;
		}
	}
	return found ? 0 : -EINVAL;
}
