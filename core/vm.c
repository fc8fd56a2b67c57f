/* SPDX-License-Identifier: MIT */
/* Virtual machines: making and unmaking them, and the list of all. */
#include <core/arch.h>
#include <core/emulator.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/panic.h>
#include <core/shared_memory.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vm_config.h>
#include <core/vm_internal.h>
#include <libs/format.h>
#include <string.h>

/* Tables for memory that has no large page anywhere take 1/512; the rest is for the upper levels and devices. */
#define TABLE_LIMIT_BASE 64
#define TABLE_LIMIT_SHARE 400

static struct {
	struct spinlock lock;
	struct list_node vms;
	unsigned count;
	u32 next_id;
} all = {
	.lock = SPINLOCK(LOCK_VM_LIST, "vm_list"),
	.vms = { &all.vms, &all.vms },
	.next_id = 1,
};

/* ---- the list ---- */

static struct vm *find_locked(const char *name)
{
	struct vm *vm;

	lock_assert_held(&all.lock);
	list_for_each(vm, &all.vms, link)
		if (!strcmp(vm->name, name))
			return vm;
	return NULL;
}

struct vm *vm_find(const char *name)
{
	irqflags_t flags = spin_lock(&all.lock);
	struct vm *vm = find_locked(name);

	if (vm)
		vm_get(vm);
	spin_unlock(&all.lock, flags);
	return vm;
}

struct vm *vm_next(struct vm *prev)
{
	u32 after = prev ? prev->id : 0;
	irqflags_t flags = spin_lock(&all.lock);
	struct vm *found = NULL, *vm;

	/* @prev may have left the list meanwhile, so the order of ids is followed, not its link. */
	list_for_each(vm, &all.vms, link) {
		if (vm->id > after) {
			found = vm;
			vm_get(found);
			break;
		}
	}
	spin_unlock(&all.lock, flags);
	if (prev)
		vm_put(prev);
	return found;
}

unsigned vm_count(void)
{
	return __atomic_load_n(&all.count, __ATOMIC_RELAXED);
}

static int list_add(struct vm *vm)
{
	irqflags_t flags = spin_lock(&all.lock);
	int err = find_locked(vm->name) ? -EEXIST : 0;

	if (!err) {
		vm->id = all.next_id++;
		list_push_back(&all.vms, &vm->link);
		all.count++;
	}
	spin_unlock(&all.lock, flags);
	return err;
}

void vm_list_remove(struct vm *vm)
{
	irqflags_t flags = spin_lock(&all.lock);

	list_remove(&vm->link);
	all.count--;
	spin_unlock(&all.lock, flags);
}

/* ---- making one ---- */

static void init_owners(struct vm *vm, const struct vm_config *config)
{
	u64 tables = config->table_limit >> PAGE_SHIFT, mapped = 0, own = 0;

	for (u32 i = 0; i < config->memory_count; i++) {
		const struct vm_memory *m = &config->memory[i];

		mapped += m->size >> PAGE_SHIFT;
		if (vm_memory_is_own(m))
			own += m->size >> PAGE_SHIFT;
	}
	vm->ram_owner = (struct mem_owner){ .name = vm->name, .page_limit = MAX(own, 1ull) };
	vm->table_owner = (struct mem_owner){
		.name = vm->name,
		.page_limit = tables ? tables : TABLE_LIMIT_BASE + mapped / TABLE_LIMIT_SHARE,
	};
	vm->heap_owner = (struct mem_owner){ .name = vm->name };
}

static struct vm *allocate(struct vm_config *config)
{
	struct vm *vm = heap_alloc(&owner_system, sizeof(*vm));

	if (!vm)
		return NULL;
	format_to(vm->name, sizeof(vm->name), "%s", config->name);
	vm->config = config;
	vm->references = 2; /* the list's, and that of vm_create()'s caller */
	vm->state = VM_CREATED;
	vm->vcpu_count = 0;
	vm->created_at = time_now();
	list_init(&vm->link);
	list_init(&vm->devices);
	spinlock_init(&vm->lock, LOCK_VM, "vm");
	mutex_init(&vm->op);
	waitqueue_init(&vm->changed);
	work_init(&vm->power_work, vm_carry_out_power);
	init_owners(vm, config);
	return vm;
}

static int add_memory(struct vm *vm, const struct vm_memory *m)
{
	hpa_t pa;
	int err;

	switch (m->kind) {
	case VM_MEMORY_RAM:
		return gpa_add_memory(vm, gpa(m->base), m->size, GPA_RAM, m->name);
	case VM_MEMORY_ROM:
		return gpa_add_memory(vm, gpa(m->base), m->size, GPA_ROM, m->name);
	case VM_MEMORY_ALIAS:
		return gpa_add_alias(vm, gpa(m->base), gpa(m->target), m->size, m->name);
	case VM_MEMORY_DEVICE:
		return gpa_add_host(vm, gpa(m->base), hpa(m->target), m->size, GPA_DEVICE, m->name);
	case VM_MEMORY_SHARED:
		err = shared_memory_get(vm, m->name, m->size, &pa);
		if (err)
			return err;
		return gpa_add_host(vm, gpa(m->base), pa, m->size, GPA_SHARED, m->name);
	}
	return -EINVAL;
}

static int add_memories(struct vm *vm)
{
	for (u32 i = 0; i < vm->config->memory_count; i++) {
		const struct vm_memory *m = &vm->config->memory[i];
		int err = add_memory(vm, m);

		if (err) {
			log_error("VM %s: %s: %llu KiB at 0x%llx: %s", vm->name, m->name,
				  (unsigned long long)(m->size >> 10), (unsigned long long)m->base,
				  error_text(err));
			return err;
		}
	}
	return 0;
}

static int create_vcpus(struct vm *vm)
{
	u32 count = vm->config->vcpu_count;

	vm->vcpus = heap_alloc(&vm->heap_owner, count * sizeof(struct vcpu *));
	if (!vm->vcpus)
		return -ENOMEM;
	for (; vm->vcpu_count < count; vm->vcpu_count++) {
		int err = vcpu_create(vm, vm->vcpu_count, &vm->vcpus[vm->vcpu_count]);

		if (err)
			return err;
	}
	return 0;
}

static int build(struct vm *vm)
{
	int err = arch_vm_create(vm);

	if (!err)
		err = add_memories(vm);
	if (!err)
		err = vconsole_init(&vm->console, &vm->heap_owner, vm->name);
	if (!err)
		err = create_vcpus(vm);
	if (!err)
		err = vdev_create_all(vm, vm->config->fdt);
	return err;
}

/* Takes apart what build() made, as far as it came. Nothing of the VM runs, nobody else knows it. Tasks. */
static void unmake(struct vm *vm)
{
	vdev_destroy_all(vm);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_destroy(vm->vcpus[i]);
	heap_free(vm->vcpus);
	gpa_destroy(vm);
	stage2_destroy(vm);
	arch_vm_destroy(vm);
	vmid_forget_vm(vm);
	vconsole_destroy(&vm->console);
	shared_memory_put_all(vm);
	heap_free(vm->fdt);
	vm_config_free(vm->config);
	ASSERT(mem_owner_is_empty(&vm->ram_owner));
	ASSERT(mem_owner_is_empty(&vm->table_owner));
	ASSERT(mem_owner_is_empty(&vm->heap_owner));
	heap_free(vm);
}

int vm_create(struct vm_config *config, struct vm **out)
{
	struct vm *vm = allocate(config), *twin;
	int err;

	if (!vm) {
		vm_config_free(config);
		return -ENOMEM;
	}
	twin = vm_find(vm->name); /* before the work is done; list_add() looks again */
	if (twin)
		vm_put(twin);
	err = twin ? -EEXIST : build(vm);
	vm_set_reason(vm, "created");
	if (!err)
		err = list_add(vm);
	if (err) {
		log_error("VM %s: cannot be created: %s", vm->name, error_text(err));
		unmake(vm);
		return err;
	}
	log_info("VM %s: created, %u vCPUs, %llu MiB", vm->name, vm->vcpu_count,
		 (unsigned long long)(gpa_ram_size(vm) >> 20));
	if (out)
		*out = vm;
	else
		vm_put(vm);
	return 0;
}

void vm_get(struct vm *vm)
{
	__atomic_fetch_add(&vm->references, 1, __ATOMIC_RELAXED);
}

void vm_put(struct vm *vm)
{
	if (__atomic_fetch_sub(&vm->references, 1, __ATOMIC_ACQ_REL) == 1)
		unmake(vm);
}
