/* SPDX-License-Identifier: MIT */
/* Guest configuration: the device tree of the machine that the guest will see, read and completed. */
#ifndef CORE_VM_CONFIG_H
#define CORE_VM_CONFIG_H

#include <core/cpumask.h>
#include <core/vm.h>

#define VM_CONFIG_MEMORY_MAX 8
#define VM_CONFIG_LOADS_MAX 4
#define VM_CONFIG_PATH_MAX 64
#define VM_CONFIG_DTB_MAX (64u << 10) /* bytes of a tree as it is in the bundle */

/*
 *   linux.dtb ──vm_config_parse()──► config->fdt ──vdev_create_all()──► devices
 *   template cpu@0,                  all cpu nodes,       │
 *   verdigris,*                      verdigris,*          └──vm_config_build_tree()──► vm->fdt
 *                                                            the tree that the guest sees
 */
enum vm_memory_kind {
	VM_MEMORY_RAM,
	VM_MEMORY_ROM,
	VM_MEMORY_ALIAS,
	VM_MEMORY_SHARED,
	VM_MEMORY_DEVICE
};

struct vm_memory {
	enum vm_memory_kind kind;
	u64 base; /* guest-physical */
	u64 size;
	u64 target;                    /* ALIAS: guest-physical; DEVICE: host-physical */
	char name[VM_CONFIG_PATH_MAX]; /* node name; SHARED: name that the sharing VMs agree on */
	char image
		[VM_CONFIG_PATH_MAX]; /* ROM: file in the bundle that the loader fills it with, or "" */
};

/* Memory that the VM has for itself, RAM or not. */
static inline bool vm_memory_is_own(const struct vm_memory *m)
{
	return m->kind == VM_MEMORY_RAM || m->kind == VM_MEMORY_ROM;
}

/* A file that the loader puts into guest memory, for firmware to find. */
struct vm_load {
	char name[VM_CONFIG_PATH_MAX];
	u64 base; /* guest-physical */
};

/* Owned by the VM that is made from it. Everything is checked; strings are terminated. */
struct vm_config {
	char name[VM_NAME_MAX];          /* /model */
	char source[VM_CONFIG_PATH_MAX]; /* file in the bundle, for messages */
	bool autostart;
	bool entry_given; /* `entry` was in the tree */
	u32 vcpu_count;
	u32 weight;
	u32 cap_percent;  /* of one CPU for each vCPU; 0: none */
	u32 capabilities; /* CONTROL_* rights of control.h */
	struct cpumask affinity;
	u64 table_limit; /* bytes of second-stage tables; 0: default by memory size */
	struct vm_memory memory[VM_CONFIG_MEMORY_MAX];
	u32 memory_count;
	char kernel[VM_CONFIG_PATH_MAX]; /* names in the bundle, "" when not given */
	char initrd[VM_CONFIG_PATH_MAX];
	char firmware[VM_CONFIG_PATH_MAX];
	u64 entry; /* firmware is loaded and entered here if entry_given */
	struct vm_load loads[VM_CONFIG_LOADS_MAX];
	u32 load_count;
	void *fdt; /* expanded tree, still with verdigris,* properties; owned */
	u32 fdt_size;
};

/* One message about a configuration: "linux.dtb: /cpus: verdigris,count is 0; give 1 to 512". */
typedef void (*vm_config_report_fn)(void *ctx, const char *message);

/*
 * Checks the tree @dtb, reports every error found (not only the first), and makes a configuration
 * with vm_config's own memory. -EINVAL after errors, -ENOMEM. @dtb is not kept and need not be aligned.
 * The expanded tree has one cpu node a vCPU, made from the template cpu@0, and interrupts-extended
 * entries that name the template's interrupt controller repeated for each.
 */
int vm_config_parse(const void *dtb, size_t size, const char *source, vm_config_report_fn report,
		    void *ctx, struct vm_config **out) __must_check;
/* One past the last guest-physical address that memory uses; devices of the machine stand below 4 GiB. */
u64 vm_config_address_limit(const struct vm_config *config);
/* NULL is allowed. */
void vm_config_free(struct vm_config *config);

/*
 * Makes the final tree in vm->fdt, charged to vm->heap_owner: the expanded one without verdigris,*,
 * with the initrd's range and what arch_vm_complete_tree() adds. @initrd_size may be 0. An earlier tree in
 * vm->fdt is freed. The size does not depend on @initrd_base. -ENOMEM, or what arch code said.
 */
int vm_config_build_tree(struct vm *vm, u64 initrd_base, u64 initrd_size) __must_check;

/*
 * For emulators, on an expanded tree: the vCPU whose interrupt controller has @phandle. -ENOENT.
 */
int vm_config_vcpu_of_phandle(const void *fdt, u32 phandle, u32 *index) __must_check;

/* Parses every *.dtb of the bundle, creates its VM, starts those with verdigris,autostart. Tasks only. */
void vm_config_load_bundle(void);

#endif
