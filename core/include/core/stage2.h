/* SPDX-License-Identifier: MIT */
/* Second-stage translation of one VM: locking and policy around the walker of pgtable.h. */
#ifndef CORE_STAGE2_H
#define CORE_STAGE2_H

#include <core/lock.h>
#include <core/pgtable.h>

struct vm;

struct stage2 {
	struct spinlock lock;
	struct pgtable pt;
};

/* @format is chosen by arch_vm_create(). Tables are charged to vm->table_owner. */
int stage2_init(struct vm *vm, const struct pt_format *format) __must_check;
void stage2_destroy(struct vm *vm);
/* As pgtable_map() and so on; any context. After stage2_unmap() no CPU can reach the memory any more. */
int stage2_map(struct vm *vm, gpa_t at, hpa_t pa, u64 size, unsigned attr) __must_check;
int stage2_unmap(struct vm *vm, gpa_t at, u64 size) __must_check;
int stage2_lookup(struct vm *vm, gpa_t at, struct pt_leaf *leaf) __must_check;

#endif
