/* SPDX-License-Identifier: MIT */
/* Decides where a guest's images, initrd and tree go, and puts them there. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/gpa.h>
#include <core/loader.h>
#include <core/log.h>
#include <string.h>

TABLE_DECLARE(vg_loaders, struct loader);

/*
 * The image goes where it wants to be. Initrd and tree go as high as they can in the same RAM, but within a
 * window, where every kernel finds them:
 *
 *   RAM   |......|  image  | ......                 |tree|  |initrd|
 *         base   └ entry                            └ 2 MiB boundary
 *         └──────────────── WINDOW at most ────────────────────────┘
 *
 * The tree begins at a 2 MiB boundary: kernels map it with one large page and want no devices in
 * there. Where RAM is too small for that, a page boundary has to do. With an image in ROM the tree is at
 * the start of RAM, if nothing else is.
 */
#define WINDOW GIB(1)
#define TREE_ALIGN MIB(2)
#define TREE_MAX MIB(2)

typedef unsigned long long ull;

/* ---- places ---- */

static bool holds(const struct vm_memory *m, u64 base, u64 size)
{
	return base >= m->base && base - m->base < m->size && size <= m->size - (base - m->base);
}

bool loader_fits(const struct vm *vm, u64 base, u64 size)
{
	const struct vm_config *config = vm->config;

	for (u32 i = 0; i < config->memory_count; i++) {
		const struct vm_memory *m = &config->memory[i];

		if (vm_memory_is_own(m) && holds(m, base, size))
			return true;
	}
	return false;
}

const struct vm_memory *loader_first_ram(const struct vm *vm)
{
	const struct vm_memory *first = NULL;

	for (u32 i = 0; i < vm->config->memory_count; i++) {
		const struct vm_memory *m = &vm->config->memory[i];

		if (m->kind == VM_MEMORY_RAM && (!first || m->base < first->base))
			first = m;
	}
	return first;
}

static bool in_ram(const struct vm_memory *m, const struct loader_plan *plan)
{
	return m->kind == VM_MEMORY_RAM && holds(m, plan->image_base, 1);
}

/* The RAM that the image is in, or the first where it is in ROM. */
static const struct vm_memory *ram_of_image(const struct vm *vm, const struct loader_plan *plan)
{
	for (u32 i = 0; i < vm->config->memory_count; i++) {
		const struct vm_memory *m = &vm->config->memory[i];

		if (in_ram(m, plan))
			return m;
	}
	return loader_first_ram(vm);
}

struct range {
	u64 base;
	u64 size;
};

static bool overlap(const struct range *r, u64 base, u64 size)
{
	return r->size && base < r->base + r->size && r->base < base + size;
}

/*
 * The highest aligned place for @size bytes in @window that touches none of the @count ranges
 * @taken. False: there is none.
 */
static bool place_high(const struct range *window, const struct range *taken, unsigned count,
		       u64 size, u64 align, u64 *base)
{
	u64 top = window->base + window->size;
	unsigned i = 0;

	while (i < count) {
		if (size > top - window->base || align_down(top - size, align) < window->base)
			return false;
		*base = align_down(top - size, align);
		for (i = 0; i < count && !overlap(&taken[i], *base, size); i++)
			;
		if (i < count)
			top = taken[i].base;
		if (top <= window->base)
			return false;
	}
	return true;
}

static struct range window_of(const struct vm *vm, const struct loader_plan *plan)
{
	const struct vm_memory *ram = ram_of_image(vm, plan);
	u64 end = ram->base + ram->size;

	if (holds(ram, plan->image_base, 1))
		end = MIN(end, plan->image_base + WINDOW);
	return (struct range){ ram->base, MIN(end - ram->base, 2 * WINDOW) };
}

static int too_small(const struct vm *vm, const struct range *window, const char *what, u64 size)
{
	log_error("VM %s: no room for %s of %llu KiB beside the image in RAM at 0x%llx; make it "
		  "larger",
		  vm->name, what, (ull)(size + 1023) >> 10, (ull)window->base);
	return -ENOSPC;
}

/* Everything that lies in guest memory already or is going to. */
struct taken {
	struct range ranges[VM_CONFIG_LOADS_MAX + 2];
	unsigned count;
};

static void take(struct taken *t, u64 base, u64 size)
{
	t->ranges[t->count++] = (struct range){ base, size };
}

static void take_loads(struct taken *t, const struct vm *vm)
{
	for (u32 i = 0; i < vm->config->load_count; i++) {
		const struct vm_load *load = &vm->config->loads[i];
		struct bundle_file file;

		if (bundle_find(load->name, &file) == 0)
			take(t, load->base, file.size);
	}
}

static int place_initrd(const struct vm *vm, struct loader_plan *plan)
{
	struct range window = window_of(vm, plan);
	struct taken t = { .count = 0 };

	if (plan->initrd_size == 0)
		return 0;
	take_loads(&t, vm);
	take(&t, plan->image_base, plan->image_size);
	if (!place_high(&window, t.ranges, t.count, plan->initrd_size, PAGE_SIZE,
			&plan->initrd_base))
		return too_small(vm, &window, "the initrd", plan->initrd_size);
	return 0;
}

/* Not all firmware in ROM asks a register where the tree is: some looks where QEMU puts it, at the start of RAM. */
static bool place_for_rom(const struct vm *vm, const struct range *window, const struct taken *t,
			  struct loader_plan *plan)
{
	struct range start = { window->base, MIN(vm->fdt_size, window->size) };

	return !in_ram(ram_of_image(vm, plan), plan) &&
	       place_high(&start, t->ranges, t->count, vm->fdt_size, PAGE_SIZE, &plan->fdt_base);
}

static int place_tree(const struct vm *vm, struct loader_plan *plan)
{
	struct range window = window_of(vm, plan);
	struct taken t = { .count = 0 };

	if (vm->fdt_size > TREE_MAX) {
		log_error("VM %s: its tree has %u KiB, kernels take 2048; lower verdigris,count",
			  vm->name, vm->fdt_size >> 10);
		return -E2BIG;
	}
	take_loads(&t, vm);
	take(&t, plan->image_base, plan->image_size);
	take(&t, plan->initrd_base, plan->initrd_size);
	if (place_for_rom(vm, &window, &t, plan) ||
	    place_high(&window, t.ranges, t.count, vm->fdt_size, TREE_ALIGN, &plan->fdt_base) ||
	    place_high(&window, t.ranges, t.count, vm->fdt_size, PAGE_SIZE, &plan->fdt_base))
		return 0;
	return too_small(vm, &window, "the tree", vm->fdt_size);
}

/* ---- which loader ---- */

/* Files that people name by mistake, and what to do about it. */
static const struct {
	const char *what;
	u32 offset;
	u32 size;
	const char *magic;
	const char *remedy;
} foreign[] = {
	{ "compressed with gzip", 0, 2, "\x1f\x8b", "unpack it with gunzip" },
	{ "compressed with xz", 0, 6,
	  "\xfd"
	  "7zXZ\0",
	  "unpack it with unxz" },
	{ "compressed with zstd", 0, 4, "\x28\xb5\x2f\xfd", "unpack it with unzstd" },
	{ "compressed with lz4", 0, 4, "\x04\x22\x4d\x18", "unpack it with unlz4" },
	{ "compressed with bzip2", 0, 3, "BZh", "unpack it with bunzip2" },
	{ "a compressed EFI image", 4, 4, "zimg",
	  "name the kernel inside: arch/*/boot/Image of its build" },
	{ "a U-Boot image (uImage)", 0, 4, "\x27\x05\x19\x56",
	  "name the kernel that mkimage was given" },
	{ "a device tree or FIT", 0, 4, "\xd0\x0d\xfe\xed", "name the kernel itself" },
};

static int report_unknown(const struct vm *vm, const struct bundle_file *image)
{
	for (unsigned i = 0; i < ARRAY_SIZE(foreign); i++) {
		if (image->size < foreign[i].offset + foreign[i].size ||
		    memcmp(image->data + foreign[i].offset, foreign[i].magic, foreign[i].size))
			continue;
		log_error("VM %s: %s is %s: %s and put that into the bundle", vm->name, image->name,
			  foreign[i].what, foreign[i].remedy);
		return -EINVAL;
	}
	log_error("VM %s: %s is no kernel image that is known here; a flat binary is started by "
		  "verdigris,firmware instead of verdigris,kernel",
		  vm->name, image->name);
	return -EINVAL;
}

/* The loader for @image; @raw: the one that takes everything. NULL: none. */
static const struct loader *find_loader(const struct bundle_file *image, bool raw)
{
	const struct loader *const *row;

	table_for_each(row, vg_loaders) {
		if (raw ? !(*row)->probe : (*row)->probe && (*row)->probe(image))
			return *row;
	}
	return NULL;
}

/* An address that the tree gives for firmware decides; else what the file says. */
static const struct loader *choose(const struct vm *vm, const struct bundle_file *image)
{
	bool firmware = vm->config->firmware[0];
	const struct loader *loader = NULL;

	if (!vm->config->entry_given)
		loader = find_loader(image, false);
	if (!loader && firmware)
		loader = find_loader(image, true);
	return loader;
}

/* ---- loading ---- */

static int find_file(const struct vm *vm, const char *name, struct bundle_file *file)
{
	int err = bundle_find(name, file);

	if (err)
		log_error("VM %s: %s is not in the bundle", vm->name, name);
	else if (file->size == 0)
		log_error("VM %s: %s is an empty file", vm->name, name);
	return err ? err : file->size ? 0 : -EINVAL;
}

/* Memory that the tree fills with a file. */
static int load_roms(struct vm *vm)
{
	int err = 0;

	for (u32 i = 0; !err && i < vm->config->memory_count; i++) {
		const struct vm_memory *m = &vm->config->memory[i];
		struct bundle_file file;

		if (m->kind == VM_MEMORY_RAM || !vm_memory_is_own(m) || !m->image[0])
			continue;
		err = find_file(vm, m->image, &file);
		if (!err && file.size > m->size) {
			log_error("VM %s: %s has %zu KiB, its ROM %s has %llu; make `reg` larger",
				  vm->name, file.name, file.size >> 10, m->name,
				  (ull)m->size >> 10);
			err = -ENOSPC;
		}
		if (!err)
			err = gpa_load(vm, gpa(m->base), file.data, file.size);
	}
	return err;
}

/* Files that the tree puts at addresses of its own choice; they come before the image, which wins. */
static int load_files(struct vm *vm)
{
	int err = 0;

	for (u32 i = 0; !err && i < vm->config->load_count; i++) {
		const struct vm_load *load = &vm->config->loads[i];
		struct bundle_file file;

		err = find_file(vm, load->name, &file);
		if (!err)
			err = gpa_load(vm, gpa(load->base), file.data, file.size);
	}
	return err;
}

/* Image, initrd and tree get their places; nothing but the tree is made yet. */
static int plan_all(struct vm *vm, const struct loader *loader, const struct bundle_file *image,
		    const struct bundle_file *initrd, struct loader_plan *plan)
{
	int err = loader->plan(vm, image, plan);

	if (err)
		return err;
	plan->initrd_size = initrd->size;
	err = place_initrd(vm, plan);
	if (err)
		return err;
	err = vm_config_build_tree(vm, plan->initrd_base, plan->initrd_size);
	if (err) {
		log_error("VM %s: its tree could not be completed: %s", vm->name, error_text(err));
		return err;
	}
	return place_tree(vm, plan);
}

static int copy_all(struct vm *vm, const struct loader *loader, const struct bundle_file *image,
		    const struct bundle_file *initrd, const struct loader_plan *plan)
{
	int err = loader->load(vm, image, plan);

	if (!err && initrd->size)
		err = gpa_load(vm, gpa(plan->initrd_base), initrd->data, initrd->size);
	if (!err)
		err = gpa_load(vm, gpa(plan->fdt_base), vm->fdt, vm->fdt_size);
	if (err)
		log_error("VM %s: could not write its images: %s", vm->name, error_text(err));
	return err;
}

int loader_load(struct vm *vm, struct loader_plan *plan)
{
	const struct vm_config *config = vm->config;
	struct bundle_file image, initrd = { 0 };
	const struct loader *loader;
	int err = find_file(vm, config->firmware[0] ? config->firmware : config->kernel, &image);

	*plan = (struct loader_plan){ 0 };
	if (!err && config->initrd[0])
		err = find_file(vm, config->initrd, &initrd);
	if (err)
		return err;
	loader = choose(vm, &image);
	if (!loader)
		return report_unknown(vm, &image);
	err = load_roms(vm);
	if (!err)
		err = load_files(vm);
	if (!err)
		err = plan_all(vm, loader, &image, &initrd, plan);
	if (!err)
		err = copy_all(vm, loader, &image, &initrd, plan);
	return err;
}
