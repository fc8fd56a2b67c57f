/* SPDX-License-Identifier: MIT */
/* Second-stage translation of one VM: the walker under the VM's lock. */
#include <core/arch.h>
#include <core/stage2.h>
#include <core/vm.h>

int stage2_init(struct vm *vm, const struct pt_format *format)
{
	spinlock_init(&vm->stage2.lock, LOCK_STAGE2, "stage2");
	return pgtable_init(&vm->stage2.pt, format, &vm->table_owner, vm);
}

void stage2_destroy(struct vm *vm)
{
	if (!vm->stage2.pt.root)
		return;
	arch_stage2_flush(vm, 0, pgtable_limit(vm->stage2.pt.format));
	pgtable_destroy(&vm->stage2.pt);
}

int stage2_map(struct vm *vm, gpa_t at, hpa_t pa, u64 size, unsigned attr)
{
	irqflags_t flags = spin_lock(&vm->stage2.lock);
	int err = pgtable_map(&vm->stage2.pt, at.v, pa, size, attr);

	spin_unlock(&vm->stage2.lock, flags);
	return err;
}

int stage2_unmap(struct vm *vm, gpa_t at, u64 size)
{
	irqflags_t flags = spin_lock(&vm->stage2.lock);
	int err = pgtable_unmap(&vm->stage2.pt, at.v, size);

	spin_unlock(&vm->stage2.lock, flags);
	return err;
}

int stage2_lookup(struct vm *vm, gpa_t at, struct pt_leaf *leaf)
{
	irqflags_t flags = spin_lock(&vm->stage2.lock);
	int err = pgtable_lookup(&vm->stage2.pt, at.v, leaf);

	spin_unlock(&vm->stage2.lock, flags);
	return err;
}
