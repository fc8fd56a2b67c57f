/* SPDX-License-Identifier: MIT */
/* Guest configuration: from the bytes of a guest tree to struct vm_config. */
#include "vm_config_private.h"
#include <core/heap.h>
#include <libs/format.h>
#include <string.h>

/* Configurations live longer than an attempt to make a VM of them, so they are charged to nobody's VM. */
struct mem_owner vm_config_owner = { .name = "guest configurations" };

/* 0 if everything in the tree can be read; a libfdt error. @tree has FDT_V17_SIZE bytes or more. */
static int check_structure(const void *tree, size_t size)
{
	int err;

	/* libfdt takes the alignment of both blocks for granted. */
	if (!is_aligned(fdt_off_mem_rsvmap(tree), 8) || !is_aligned(fdt_off_dt_struct(tree), 4))
		return -FDT_ERR_ALIGNMENT;
	err = fdt_check_full(tree, size);
	if (err)
		return err;
	return fdt_get_name(tree, 0, &err) ? 0 : -FDT_ERR_BADSTRUCTURE;
}

/* A copy that libfdt accepts: the bundle aligns files to 4 bytes only, and may hold anything. */
static void *copy_tree(struct config_check *c, const void *dtb, size_t size)
{
	void *copy;
	int err;

	if (size > VM_CONFIG_DTB_MAX) {
		vm_config_error(c, -1, "the file has %zu bytes; a guest tree has at most %u", size,
				VM_CONFIG_DTB_MAX);
		return NULL;
	}
	copy = heap_alloc(&vm_config_owner, MAX(size, (size_t)FDT_V17_SIZE));
	if (!copy)
		return NULL;
	memcpy(copy, dtb, size);
	err = check_structure(copy, size);
	if (!err)
		return copy;
	vm_config_error(c, -1, "this is no sound device tree (%s); compile it anew with dtc -O dtb",
			fdt_strerror(err));
	heap_free(copy);
	return NULL;
}

static struct vm_config *new_config(const char *source)
{
	struct vm_config *config = heap_alloc(&vm_config_owner, sizeof(*config));

	if (!config)
		return NULL;
	format_to(config->source, sizeof(config->source), "%s", source);
	config->vcpu_count = 1;
	config->weight = SCHED_WEIGHT_DEFAULT;
	config->affinity = cpumask_all();
	return config;
}

static int check_and_expand(struct config_check *c)
{
	vm_config_check(c);
	return c->error_count ? -EINVAL : vm_config_expand(c);
}

int vm_config_parse(const void *dtb, size_t size, const char *source, vm_config_report_fn report,
		    void *ctx, struct vm_config **out)
{
	struct config_check *c = heap_alloc(&vm_config_owner, sizeof(*c));
	void *tree = NULL;
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->source = source;
	c->report = report;
	c->ctx = ctx;
	c->config = new_config(source);
	if (c->config)
		tree = copy_tree(c, dtb, size);
	c->fdt = tree;
	if (tree)
		err = check_and_expand(c);
	else if (c->error_count)
		err = -EINVAL;
	if (err)
		vm_config_free(c->config);
	else
		*out = c->config;
	heap_free(tree);
	heap_free(c);
	return err;
}

u64 vm_config_address_limit(const struct vm_config *config)
{
	u64 limit = GIB(4);

	for (u32 i = 0; i < config->memory_count; i++)
		limit = MAX(limit, config->memory[i].base + config->memory[i].size);
	return limit;
}

void vm_config_free(struct vm_config *config)
{
	if (!config)
		return;
	heap_free(config->fdt);
	heap_free(config);
}

int vm_config_vcpu_of_phandle(const void *fdt, u32 phandle, u32 *index)
{
	int len;
	const fdt32_t *list = fdt_getprop(fdt, 0, VM_CONFIG_CONTROLLERS, &len);

	for (int i = 0; list && i < len / 4; i++) {
		if (config_cell(list, (unsigned)i) != phandle)
			continue;
		*index = (u32)i;
		return 0;
	}
	return -ENOENT;
}
