/* SPDX-License-Identifier: MIT */
/* Image loaders: put a kernel or firmware, an initrd and the tree into a guest's memory. */
#ifndef CORE_LOADER_H
#define CORE_LOADER_H

#include <core/bundle.h>
#include <core/table.h>
#include <core/vm.h>
#include <core/vm_config.h>

/* Where things went, and how vCPU 0 starts. All guest-physical. */
struct loader_plan {
	u64 image_base;
	u64 image_size; /* with bss */
	u64 initrd_base;
	u64 initrd_size;
	u64 fdt_base;
	u64 entry;
};

struct loader {
	const char *name;
	/* Is it mine? Looks at the bytes only. NULL: takes firmware that no other loader knows. */
	bool (*probe)(const struct bundle_file *image);
	/* Decides image_base, image_size and entry; writes nothing. Explains errors with log_error(). */
	int (*plan)(const struct vm *vm, const struct bundle_file *image, struct loader_plan *plan);
	/* Copies the image as planned. The guest is not trusted, nor is the image: all bounds are checked. */
	int (*load)(struct vm *vm, const struct bundle_file *image, const struct loader_plan *plan);
};

#define DEFINE_LOADER(ident)                 \
	static const struct loader ident;    \
	TABLE_ROW(vg_loaders, ident, ident); \
	static const struct loader ident

/* For loaders: true if [base, base + size) lies in one region of the guest's RAM or ROM; size may not be 0. */
bool loader_fits(const struct vm *vm, u64 base, u64 size);
/* The first RAM region of the guest's tree; there is always one. */
const struct vm_memory *loader_first_ram(const struct vm *vm);

/*
 * Loads everything that vm->config names and the final tree. Called by vm_start() with no vCPU
 * running; may take long. vCPU 0 then starts at plan->entry with the tree at plan->fdt_base. Errors have been
 * explained by log_error().
 */
int loader_load(struct vm *vm, struct loader_plan *plan) __must_check;

#endif
