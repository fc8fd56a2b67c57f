/* SPDX-License-Identifier: MIT */
/* arm64: a VM's second stage, its time, and what its device tree says about CPUs and firmware. */
#include <arch/guest.h>
#include <arch/host.h>
#include <core/errno.h>
#include <core/log.h>
#include <core/vm.h>
#include <core/vm_config.h>
#include <libfdt.h>
#include <libs/format.h>
#include <string.h>

/* VTTBR_EL2: bits 51:48 of a root above 48 bits are in 5:2 (D24.2.206). */
static u64 table_base(u64 root)
{
	return (root & 0x0000ffffffffffffull) | root >> 48 << 2;
}

int arch_vm_create(struct vm *vm)
{
	u64 limit = vm_config_address_limit(vm->config);
	const struct pt_format *format = arm64_stage2_format(limit, &vm->arch.vtcr);
	int err;

	if (!format) {
		log_error("VM %s: memory up to 0x%llx is beyond what this machine's second stage "
			  "reaches",
			  vm->name, (unsigned long long)limit);
		return -ERANGE;
	}
	err = stage2_init(vm, format);
	if (err)
		return err;
	vm->arch.vttbr = table_base(ptr_to_hpa(vm->stage2.pt.root).v);
	guest_timer_vm_create(vm, vm->config->fdt);
	if (!vm->arch.timers.virtual)
		log_warn("VM %s: its tree has no \"arm,armv8-timer\" with a PPI as its third "
			 "interrupt, so its virtual timer will not interrupt",
			 vm->name);
	return 0;
}

void arch_vm_destroy(struct vm *vm)
{
	(void)vm;
}

void arch_vm_start(struct vm *vm)
{
	guest_timer_vm_start(vm);
}

/* ---- the tree that the guest sees ---- */

static bool is_cpu(const void *fdt, int node)
{
	const char *type = fdt_getprop(fdt, node, "device_type", NULL);

	return type && !strcmp(type, "cpu");
}

/* The affinity fields of MPIDR_EL1 are the CPU's number; the width is that of /cpus #address-cells. */
static int set_number(void *fdt, int node, u64 affinity)
{
	int len;
	const void *reg = fdt_getprop(fdt, node, "reg", &len);
	char name[24];
	int err;

	if (reg && len == 8)
		err = fdt_setprop_u64(fdt, node, "reg", affinity);
	else
		err = fdt_setprop_u32(fdt, node, "reg", (u32)affinity);
	format_to(name, sizeof(name), "cpu@%llx", (unsigned long long)affinity);
	return err ? err : fdt_set_name(fdt, node, name);
}

static int complete_cpu(void *fdt, int node, unsigned index)
{
	int err = set_number(fdt, node, arm64_vcpu_mpidr(index) & MPIDR_AFFINITY);

	if (!err)
		err = fdt_setprop_string(fdt, node, "enable-method", "psci");
	return err;
}

static int complete_cpus(void *fdt)
{
	int cpus_node = fdt_path_offset(fdt, "/cpus"), node, err = 0;
	unsigned index = 0;

	if (cpus_node < 0)
		return cpus_node;
	fdt_for_each_subnode(node, fdt, cpus_node) {
		if (is_cpu(fdt, node))
			err = complete_cpu(fdt, node, index++);
		if (err)
			return err;
	}
	return 0;
}

/* Without one the machine has one CPU for ever and no way to switch itself off. */
static int complete_psci(void *fdt)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";
	int node = fdt_path_offset(fdt, "/psci"), err;

	if (node < 0)
		node = fdt_add_subnode(fdt, 0, "psci");
	if (node < 0)
		return node;
	err = fdt_setprop(fdt, node, "compatible", compatible, sizeof(compatible));
	return err ? err : fdt_setprop_string(fdt, node, "method", "hvc");
}

int arch_vm_complete_tree(struct vm *vm, void *fdt)
{
	int err = complete_cpus(fdt);

	(void)vm;
	if (!err)
		err = complete_psci(fdt);
	return err ? -ENOSPC : 0;
}
