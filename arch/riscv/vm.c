/* SPDX-License-Identifier: MIT */
/* riscv64: a VM's second stage, its time, and what its device tree says about the harts. */
#include <arch/csr.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/log.h>
#include <core/time.h>
#include <core/vm.h>
#include <core/vm_config.h>
#include <libfdt.h>
#include <string.h>

int arch_vm_create(struct vm *vm)
{
	u64 limit = vm_config_address_limit(vm->config), mode;
	const struct pt_format *format = riscv_stage2_format(limit, &mode);
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
	vm->arch.hgatp =
		(mode << SATP_MODE_SHIFT) | (ptr_to_hpa(vm->stage2.pt.root).v >> PAGE_SHIFT);
	return 0;
}

void arch_vm_destroy(struct vm *vm)
{
	(void)vm;
}

void arch_vm_start(struct vm *vm)
{
	vm->arch.time_delta = -time_now();
}

/* A VM that never ran has no translations anywhere. */
void arch_stage2_flush(struct vm *vm, u64 base, u64 size)
{
	if (vm->vmid.generation == 0)
		return;
	__asm__ volatile(".insn r 0x73, 0, 0x31, x0, x0, x0" ::: "memory"); /* hfence.gvma */
	if (cpu_count > 1 && riscv_firmware_has(SBI_EXT_RFENCE))
		sbi_ecall(SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_GVMA, 0, SBI_ALL_HARTS, base, size, 0,
			  0);
}

/* ---- the tree that the guest sees ---- */

static const char *mmu_type(void)
{
	return "riscv,sv39"; /* the least that every hart with paging has; Linux finds more by itself */
}

static int complete_cpu(void *fdt, int node)
{
	char isa[256], extensions[512];
	size_t len = sizeof(extensions);
	int err = isa_guest_string(isa, sizeof(isa));

	if (!err)
		err = isa_guest_extensions(extensions, &len);
	if (err)
		return err;
	err = fdt_setprop_string(fdt, node, "riscv,isa", isa);
	if (!err)
		err = fdt_setprop_string(fdt, node, "riscv,isa-base", "rv64i");
	if (!err)
		err = fdt_setprop(fdt, node, "riscv,isa-extensions", extensions, (int)len);
	if (!err && isa_guest_has(EXT_ZICBOZ))
		err = fdt_setprop_u32(fdt, node, "riscv,cboz-block-size", isa_cboz_block_size());
	if (!err && !fdt_getprop(fdt, node, "mmu-type", NULL))
		err = fdt_setprop_string(fdt, node, "mmu-type", mmu_type());
	return err ? -ENOSPC : 0;
}

static bool is_cpu(const void *fdt, int node)
{
	const char *type = fdt_getprop(fdt, node, "device_type", NULL);

	return type && !strcmp(type, "cpu");
}

int arch_vm_complete_tree(struct vm *vm, void *fdt)
{
	int cpus_node = fdt_path_offset(fdt, "/cpus"), node, err = 0;

	(void)vm;
	if (cpus_node < 0 || fdt_setprop_u32(fdt, cpus_node, "timebase-frequency", (u32)time_hz()))
		return -ENOSPC;
	fdt_for_each_subnode(node, fdt, cpus_node) {
		if (is_cpu(fdt, node))
			err = complete_cpu(fdt, node);
		if (err)
			return err;
	}
	return 0;
}
