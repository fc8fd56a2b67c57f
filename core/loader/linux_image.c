/* SPDX-License-Identifier: MIT */
/*
 * Loads Linux' flat Image (Documentation/arch/arm64/booting.rst and arch/riscv/boot-image-header.rst):
 * one header in the first 64 bytes, told apart by a magic.
 */
#include <core/errno.h>
#include <core/gpa.h>
#include <core/loader.h>
#include <core/log.h>
#include <string.h>

/* The fields that both headers have in the same places; all numbers are little-endian. */
struct image_header {
	u32 code[2];
	u64 text_offset; /* from a 2 MiB boundary, or from the start of RAM */
	u64 image_size;  /* with bss */
	u64 flags;
	u64 res[2];
	u32 magic[2]; /* at 0x30: old magic of riscv; at 0x38: magic of both */
	u32 magic2;
	u32 pe_offset;
};

_Static_assert(offsetof(struct image_header, magic2) == 0x38, "as the kernel has it");

#define IMAGE_ALIGN MIB(2)
#define FLAG_BIG_ENDIAN 1

static const struct {
	const char *arch; /* as in CONFIG_ARCH */
	char magic[4];
} kinds[] = {
	{ "riscv", { 'R', 'S', 'C', 5 } },
	{ "arm64", { 'A', 'R', 'M', 'd' } },
};

/* The row of `kinds`, or negative. */
static int kind_of(const struct bundle_file *image)
{
	if (image->size < sizeof(struct image_header))
		return -1;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!memcmp(image->data + offsetof(struct image_header, magic2), kinds[i].magic, 4))
			return (int)i;
	return -1;
}

static bool linux_probe(const struct bundle_file *image)
{
	return kind_of(image) >= 0;
}

static int check_kind(const struct vm *vm, const struct bundle_file *image,
		      const struct image_header *h)
{
	const char *arch = kinds[kind_of(image)].arch;

	if (strcmp(arch, CONFIG_ARCH)) {
		log_error("VM %s: %s is a kernel for %s; this hypervisor runs guests for %s",
			  vm->name, image->name, arch, CONFIG_ARCH);
		return -EINVAL;
	}
	if (h->flags & FLAG_BIG_ENDIAN) {
		log_error("VM %s: %s is a big-endian kernel; give a little-endian one", vm->name,
			  image->name);
		return -EINVAL;
	}
	if (h->image_size == 0) {
		log_error("VM %s: %s does not say how large it is; give a kernel of Linux 3.17 or "
			  "later",
			  vm->name, image->name);
		return -EINVAL;
	}
	return 0;
}

static int linux_plan(const struct vm *vm, const struct bundle_file *image,
		      struct loader_plan *plan)
{
	const struct vm_memory *ram = loader_first_ram(vm);
	u64 start = align_up(ram->base, IMAGE_ALIGN), size;
	struct image_header h;
	int err;

	memcpy(&h, image->data, sizeof(h));
	err = check_kind(vm, image, &h);
	if (err)
		return err;
	size = MAX(h.image_size, (u64)image->size);
	if (start < ram->base || h.text_offset > GIB(1) || size > GIB(64) ||
	    !loader_fits(vm, start + h.text_offset, size)) {
		log_error("VM %s: %s needs %llu KiB from 0x%llx on; RAM at 0x%llx has %llu KiB: "
			  "make it larger",
			  vm->name, image->name, (unsigned long long)size >> 10,
			  (unsigned long long)(start + h.text_offset),
			  (unsigned long long)ram->base, (unsigned long long)ram->size >> 10);
		return -ENOSPC;
	}
	plan->image_base = start + h.text_offset;
	plan->image_size = size;
	plan->entry = plan->image_base;
	return 0;
}

static int linux_load(struct vm *vm, const struct bundle_file *image,
		      const struct loader_plan *plan)
{
	return gpa_load(vm, gpa(plan->image_base), image->data, image->size);
}

DEFINE_LOADER(linux_image_loader) = {
	.name = "linux",
	.probe = linux_probe,
	.plan = linux_plan,
	.load = linux_load,
};
