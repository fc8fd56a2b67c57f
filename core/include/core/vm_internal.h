/* SPDX-License-Identifier: MIT */
/* Shared by vm.c (making and unmaking) and vm_ops.c (the state machine) only. */
#ifndef CORE_VM_INTERNAL_H
#define CORE_VM_INTERNAL_H

#include <core/vm.h>

/* Takes a destroyed VM out of the list; its name is free again. */
void vm_list_remove(struct vm *vm);
void vm_set_reason(struct vm *vm, const char *reason);
/* The worker's part of vm_request_power(). */
void vm_carry_out_power(struct work *work);

#endif
