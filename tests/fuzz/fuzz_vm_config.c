/* SPDX-License-Identifier: MIT */
/* Fuzz target: guest trees, from the bytes in the bundle to the tree that the guest sees. */
#include <stdlib.h>
#include <string.h>

#include <core/bundle.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/panic.h>
#include <core/vm_config.h>
#include <cpio_image.h>
#include <fake.h>
#include <libfdt.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern struct mem_owner vm_config_owner;
static unsigned messages;

static void note(void *ctx, const char *message)
{
	(void)ctx;
	messages++;
	if (strlen(message) >= 200)
		abort();
	for (; *message; message++)
		if (*message < ' ' || *message > '~')
			abort();
}

/* What was accepted is sound: readers after it check no more. */
static void check_config(const struct vm_config *config)
{
	bool ram = false;

	if (config->vcpu_count < 1 || config->vcpu_count > VM_VCPUS_MAX ||
	    config->cap_percent > 100)
		abort();
	if (!config->name[0] || strnlen(config->name, VM_NAME_MAX) == VM_NAME_MAX)
		abort();
	if (!config->kernel[0] == !config->firmware[0])
		abort();
	for (u32 i = 0; i < config->memory_count; i++) {
		const struct vm_memory *m = &config->memory[i];

		ram |= m->kind == VM_MEMORY_RAM;
		if (!m->size || (m->base | m->size | m->target) & PAGE_MASK ||
		    m->base + (m->size - 1) < m->base)
			abort();
	}
	if (!ram || fdt_check_full(config->fdt, config->fdt_size))
		abort();
}

/* Once: a machine, and a bundle with the files that the seeds name. */
static void boot(void)
{
	static const char *const names[] = { "vmlinuz", "initramfs.cpio", "u-boot.bin", "a" };
	static struct cpio_image bundle;

	if (bundle.size)
		return;
	fake_boot(MIB(64));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		cpio_image_add(&bundle, names[i], 0100644, "x", 1);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	if (bundle_init(bundle.bytes, bundle.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vm_config *config = NULL;
	int err;

	boot();
	messages = 0;
	err = vm_config_parse(data, size, "fuzz.dtb", note, NULL, &config);
	if (err != (messages ? -EINVAL : 0) && err != -ENOMEM)
		abort();
	if (err == 0) {
		struct vm vm = { .config = config };

		check_config(config);
		err = vm_config_build_tree(&vm, 0x1000, 0x1000);
		if (err == 0 && fdt_check_full(vm.fdt, vm.fdt_size))
			abort();
		heap_free(vm.fdt);
		vm_config_free(config);
	}
	if (!mem_owner_is_empty(&vm_config_owner))
		abort();
	return 0;
}
