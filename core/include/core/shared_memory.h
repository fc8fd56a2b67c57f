/* SPDX-License-Identifier: MIT */
/* Memory that several VMs map: found by name, made by the first, scrubbed and freed by the last. */
#ifndef CORE_SHARED_MEMORY_H
#define CORE_SHARED_MEMORY_H

#include <core/addr.h>

struct vm;

/*
 * The memory called @name, made with @size bytes when nobody has it. Tasks. -EINVAL when it exists with
 * another size, -ENOMEM. Held until shared_memory_put_all(vm).
 */
int shared_memory_get(struct vm *vm, const char *name, u64 size, hpa_t *pa) __must_check;
void shared_memory_put_all(struct vm *vm);

#endif
