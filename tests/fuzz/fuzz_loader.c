/* SPDX-License-Identifier: MIT */
/* Fuzz target: kernel and firmware images. What is planned stays within the guest's memory. */
#include <stdlib.h>
#include <string.h>

#include <core/errno.h>
#include <core/loader.h>
#include <fake.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

TABLE_DECLARE(vg_loaders, struct loader);

#define RAM 0x80000000ull
#define ROM 0x1000ull

static struct vm_config config = {
	.memory = { { .kind = VM_MEMORY_ROM, .base = ROM, .size = 0x4000 },
		    { .kind = VM_MEMORY_RAM, .base = RAM, .size = MIB(16) } },
	.memory_count = 2,
	.firmware = "image",
};

static bool inside(u64 base, u64 size, const struct vm_memory *m)
{
	return base >= m->base && size <= m->size && base - m->base <= m->size - size;
}

static void check_plan(const struct loader_plan *plan)
{
	if (plan->image_size == 0 || plan->entry < plan->image_base ||
	    plan->entry - plan->image_base >= plan->image_size)
		abort();
	/* ELF may put segments into both; then the span reaches over the hole in between. */
	if (!inside(plan->image_base, 1, &config.memory[0]) &&
	    !inside(plan->image_base, 1, &config.memory[1]))
		abort();
	if (!inside(plan->image_base + plan->image_size - 1, 1, &config.memory[0]) &&
	    !inside(plan->image_base + plan->image_size - 1, 1, &config.memory[1]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bundle_file image = { "image", data, size };
	struct vm vm = { .config = &config };
	const struct loader *const *row;

	fake_reset(1);
	if (size == 0)
		return 0;
	config.entry_given = size & 1;
	config.entry = RAM + 16 * size;
	table_for_each(row, vg_loaders) {
		struct loader_plan plan = { 0 };

		if ((*row)->probe && !(*row)->probe(&image))
			continue;
		if ((*row)->plan(&vm, &image, &plan) == 0)
			check_plan(&plan);
	}
	return 0;
}
