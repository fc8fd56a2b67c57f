/* SPDX-License-Identifier: MIT */
/* riscv64: the harts of the device tree. */
#include <arch/host.h>
#include <core/errno.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <string.h>

static u64 hart_ids[CONFIG_NR_CPUS];

u64 riscv_hart_id(unsigned cpu)
{
	return hart_ids[cpu];
}

u64 arch_cpu_hardware_id(unsigned cpu)
{
	return hart_ids[cpu];
}

static bool is_usable_cpu(const void *fdt, int node)
{
	const char *type = fdt_getprop(fdt, node, "device_type", NULL);
	const char *status = fdt_getprop(fdt, node, "status", NULL);

	return type && !strcmp(type, "cpu") &&
	       (!status || !strcmp(status, "okay") || !strcmp(status, "ok"));
}

/* Hart ids have as many cells as /cpus says, 1 or 2. */
static bool read_hart_id(const void *fdt, int cpus, int node, u64 *id)
{
	int len;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);
	int cells = fdt_address_cells(fdt, cpus);

	if (!reg || (cells != 1 && cells != 2) || len < cells * 4)
		return false;
	*id = fdt32_ld(reg);
	if (cells == 2)
		*id = (*id << 32) | fdt32_ld(reg + 1);
	return true;
}

int riscv_find_harts(const void *fdt, u64 boot_hart, unsigned *count)
{
	int cpus = fdt_path_offset(fdt, "/cpus"), node;
	bool found = false;
	u64 id;

	hart_ids[0] = boot_hart;
	*count = 1;
	fdt_for_each_subnode(node, fdt, cpus) {
		if (!is_usable_cpu(fdt, node) || !read_hart_id(fdt, cpus, node, &id))
			continue;
		if (id == boot_hart)
			found = true;
		else if (*count < CONFIG_NR_CPUS)
			hart_ids[(*count)++] = id;
	}
	return found ? 0 : -EINVAL;
}

static u64 timebase_of(const void *fdt, int node)
{
	int len;
	const fdt32_t *hz = node < 0 ? NULL : fdt_getprop(fdt, node, "timebase-frequency", &len);

	if (hz && len == 4)
		return fdt32_ld(hz);
	if (hz && len == 8)
		return ((u64)fdt32_ld(hz) << 32) | fdt32_ld(hz + 1);
	return 0;
}

u64 riscv_timebase(const void *fdt)
{
	int cpus = fdt_path_offset(fdt, "/cpus"), node;
	u64 hz = timebase_of(fdt, cpus);

	if (hz)
		return hz;
	fdt_for_each_subnode(node, fdt, cpus) {
		hz = timebase_of(fdt, node);
		if (hz)
			return hz;
	}
	return 0;
}
