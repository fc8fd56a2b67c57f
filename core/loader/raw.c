/* SPDX-License-Identifier: MIT */
/* Loads firmware and flat binaries: as they are, to one address, which is where they start. */
#include <core/errno.h>
#include <core/gpa.h>
#include <core/loader.h>
#include <core/log.h>

static int raw_plan(const struct vm *vm, const struct bundle_file *image, struct loader_plan *plan)
{
	const struct vm_config *config = vm->config;
	u64 base = config->entry_given ? config->entry : loader_first_ram(vm)->base;

	if (!loader_fits(vm, base, image->size)) {
		log_error("VM %s: %s with %zu KiB does not fit into one memory at 0x%llx; change "
			  "verdigris,entry or the memory",
			  vm->name, image->name, (image->size + 1023) >> 10,
			  (unsigned long long)base);
		return -ENOSPC;
	}
	plan->image_base = base;
	plan->image_size = image->size;
	plan->entry = base;
	return 0;
}

static int raw_load(struct vm *vm, const struct bundle_file *image, const struct loader_plan *plan)
{
	return gpa_load(vm, gpa(plan->image_base), image->data, image->size);
}

DEFINE_LOADER(raw_loader) = {
	.name = "raw",
	.plan = raw_plan,
	.load = raw_load,
};
