/* SPDX-License-Identifier: MIT */
/* Image loaders: what is recognised, where everything goes, and what is refused. */
#include <test.h>

#include <core/bundle.h>
#include <core/errno.h>
#include <core/gpa.h>
#include <core/heap.h>
#include <core/loader.h>
#include <core/log.h>
#include <core/vm_config.h>
#include <cpio_image.h>
#include <fake.h>
#include <fake_vm.h>
#include <libfdt.h>
#include <libs/elf.h>
#include <tree.h>

#define RAM 0x80000000ull

static struct fake_vm f;
static struct vm *vm = &f.vm;
static struct tree tree;
static struct loader_plan plan;

static void show(void *ctx, const char *message)
{
	(void)ctx;
	print_error("%s\n", message);
}

/* Files of the bundle; `image` is what a test is about. */
static u8 image[1024];
static size_t image_size;
static u8 initrd[1500];

static void make_bundle(void)
{
	static struct cpio_image bundle;

	memset(initrd, 'i', sizeof(initrd));
	bundle.size = 0;
	cpio_image_add(&bundle, "image", 0100644, image, (u32)image_size);
	cpio_image_add(&bundle, "initrd", 0100644, initrd, sizeof(initrd));
	cpio_image_add(&bundle, "empty", 0100644, NULL, 0);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	assert_int_equal(bundle_init(bundle.bytes, bundle.size), 0);
}

/* A VM with the memory that its tree has; @ram_mib of RAM, @chosen and @more go into the tree. */
static void start(unsigned ram_mib, const char *chosen, const char *more)
{
	char text[2048];

	fake_vm_init(&f, 1);
	assert_int_equal(fake_vm_create(&f), 0);
	make_bundle();
	snprintf(text, sizeof(text),
		 "/dts-v1/;\n/include/ \"virt-riscv.dtsi\"\n"
		 "/ { model = \"guest\"; memory@80000000 { reg = <0 0x80000000 0 0x%x>; }; chosen "
		 "{ %s }; %s };",
		 ram_mib << 20, chosen, more);
	tree_compile(&tree, text, "");
	assert_int_equal(
		vm_config_parse(tree.bytes, tree.size, "guest.dtb", show, NULL, &vm->config), 0);
	for (u32 i = 0; i < vm->config->memory_count; i++) {
		const struct vm_memory *m = &vm->config->memory[i];

		assert_int_equal(gpa_add_memory(vm, gpa(m->base), m->size,
						m->kind == VM_MEMORY_RAM ? GPA_RAM : GPA_ROM,
						m->name),
				 0);
	}
	fake_output_clear();
}

static void stop(void)
{
	heap_free(vm->fdt);
	vm->fdt = NULL;
	vm_config_free(vm->config);
	vm->config = NULL;
	fake_vm_destroy(&f);
}

static void assert_guest_has(u64 at, const void *bytes, size_t size)
{
	u8 *copy = malloc(size);

	assert_int_equal(gpa_read(vm, gpa(at), copy, size), 0);
	assert_memory_equal(copy, bytes, size);
	free(copy);
}

static void assert_said(const char *text)
{
	if (!strstr(fake_output, text))
		fail_msg("no \"%s\" in: %s", text, fake_output);
}

/* Image, initrd and tree lie in RAM, apart from each other, and the tree says where the initrd is. */
static void assert_sound(u64 ram_size)
{
	struct {
		u64 base, size;
	} r[] = { { plan.image_base, plan.image_size },
		  { plan.initrd_base, plan.initrd_size },
		  { plan.fdt_base, vm->fdt_size } };

	for (unsigned i = 0; i < 3; i++) {
		if (r[i].size == 0)
			continue;
		assert_in_range(r[i].base, RAM, RAM + ram_size - 1);
		assert_true(r[i].size <= RAM + ram_size - r[i].base);
		for (unsigned j = 0; j < i; j++)
			assert_true(r[i].base >= r[j].base + r[j].size ||
				    r[j].base >= r[i].base + r[i].size);
	}
	assert_in_range(plan.entry, plan.image_base, plan.image_base + plan.image_size - 1);
	assert_guest_has(plan.fdt_base, vm->fdt, vm->fdt_size);
	assert_true(is_aligned(plan.fdt_base, 8));
	assert_int_equal(fdt_check_full(vm->fdt, vm->fdt_size), 0);
	if (plan.initrd_size) {
		const fdt64_t *from = fdt_getprop(vm->fdt, fdt_path_offset(vm->fdt, "/chosen"),
						  "linux,initrd-start", NULL);

		assert_int_equal(fdt64_ld(from), plan.initrd_base);
		assert_guest_has(plan.initrd_base, initrd, sizeof(initrd));
	}
}

/* ---- Linux ---- */

static void make_linux(const char *magic, u64 text_offset, u64 size, u64 flags)
{
	memset(image, 'k', sizeof(image));
	memcpy(image + 8, &text_offset, 8);
	memcpy(image + 16, &size, 8);
	memcpy(image + 24, &flags, 8);
	memcpy(image + 0x38, magic, 4);
	image_size = sizeof(image);
}

#define KERNEL "verdigris,kernel = \"image\";"
#define INITRD "verdigris,initrd = \"initrd\";"
#define FIRMWARE "verdigris,firmware = \"image\";"

static void test_linux(void **state)
{
	(void)state;
	make_linux("RSC\5", MIB(2), MIB(33), 0);
	start(48, KERNEL INITRD, "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.image_base, RAM + MIB(2));
	assert_int_equal(plan.image_size, MIB(33));
	assert_int_equal(plan.entry, RAM + MIB(2));
	assert_int_equal(plan.initrd_base, RAM + MIB(48) - PAGE_SIZE);
	assert_int_equal(plan.fdt_base, RAM + MIB(46));
	assert_sound(MIB(48));
	assert_guest_has(plan.image_base, image, image_size);
	/* The same again: as after a reset. */
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_sound(MIB(48));
	stop();
}

/* RAM so small that the tree finds no 2 MiB boundary above the kernel. */
static void test_linux_tight(void **state)
{
	(void)state;
	make_linux("RSC\5", 0, MIB(3) + KIB(900), 0);
	start(4, KERNEL INITRD, "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_sound(MIB(4));
	stop();
}

static void test_linux_no_room(void **state)
{
	static const struct {
		u64 image_size;
		const char *said;
	} rows[] = {
		{ MIB(4), "no room for the initrd of 2 KiB" },
		{ MIB(4) - PAGE_SIZE, "no room for the tree" },
		{ MIB(4) + 1, "image needs 4096 KiB from 0x80000000 on" },
		{ ~0ull, "make it larger" },
		{ 0, "does not say how large it is" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		make_linux("RSC\5", 0, rows[i].image_size, 0);
		start(4, KERNEL INITRD, "");
		assert_true(loader_load(vm, &plan) < 0);
		assert_said(rows[i].said);
		stop();
	}
}

static void test_linux_refused(void **state)
{
	(void)state;
	make_linux("ARMd", 0, MIB(1), 0);
	start(4, KERNEL, "");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	assert_said("VM test: image is a kernel for arm64; this hypervisor runs guests for riscv");
	stop();
	make_linux("RSC\5", 0, MIB(1), 1);
	start(4, KERNEL, "");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	assert_said("big-endian");
	stop();
	make_linux("RSC\5", ~0ull - 100, MIB(1), 0);
	start(4, KERNEL, "");
	assert_int_equal(loader_load(vm, &plan), -ENOSPC);
	stop();
}

/* ---- other things that people name ---- */

static void test_foreign(void **state)
{
	static const struct {
		u8 bytes[8];
		const char *said;
	} rows[] = {
		{ { 0x1f, 0x8b, 8 }, "image is compressed with gzip: unpack it with gunzip" },
		{ { 0xfd, '7', 'z', 'X', 'Z', 0 }, "unxz" },
		{ { 0x28, 0xb5, 0x2f, 0xfd }, "unzstd" },
		{ { 'M', 'Z', 0, 0, 'z', 'i', 'm', 'g' }, "compressed EFI image" },
		{ { 0xd0, 0x0d, 0xfe, 0xed }, "a device tree or FIT" },
		{ { 1, 2, 3 }, "no kernel image that is known here" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(image, 0, sizeof(image));
		memcpy(image, rows[i].bytes, 8);
		image_size = 100;
		start(4, KERNEL, "");
		assert_int_equal(loader_load(vm, &plan), -EINVAL);
		assert_said(rows[i].said);
		stop();
	}
	image_size = 1;
	start(4, KERNEL, "");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	stop();
	start(4, "verdigris,kernel = \"empty\";", "");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	assert_said("empty is an empty file");
	stop();
}

/* ---- firmware ---- */

static void test_raw(void **state)
{
	(void)state;
	memset(image, 'f', sizeof(image));
	image_size = sizeof(image);
	start(8, FIRMWARE, "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, RAM);
	assert_sound(MIB(8));
	assert_guest_has(RAM, image, image_size);
	stop();
	start(8, FIRMWARE "verdigris,entry = <0 0x80200000>;", "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, RAM + MIB(2));
	assert_sound(MIB(8));
	stop();
	start(8, FIRMWARE "verdigris,entry = <0 0x807ffff0>;", "");
	assert_int_equal(loader_load(vm, &plan), -ENOSPC);
	assert_said(
		"does not fit into one memory at 0x807ffff0; change verdigris,entry or the memory");
	stop();
}

/* An address in the tree decides, whatever the file looks like. */
static void test_raw_with_header(void **state)
{
	(void)state;
	make_linux("RSC\5", MIB(2), MIB(1), 0);
	start(8, FIRMWARE, "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, RAM + MIB(2));
	stop();
	start(8, FIRMWARE "verdigris,entry = <0 0x80000000>;", "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, RAM);
	stop();
}

static void test_rom(void **state)
{
	(void)state;
	memset(image, 'f', sizeof(image));
	image_size = sizeof(image);
	start(8, FIRMWARE "verdigris,entry = <0>;",
	      "rom@0 { reg = <0 0 0 0x1000>; verdigris,rom; };"
	      "rom@20000000 { reg = <0 0x20000000 0 0x1000>; verdigris,rom = \"initrd\"; };");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, 0);
	assert_int_equal(plan.fdt_base, RAM);
	assert_guest_has(0, image, image_size);
	assert_guest_has(0x20000000, initrd, sizeof(initrd));
	stop();
	start(8, FIRMWARE "verdigris,entry = <0>; verdigris,load = \"initrd@0x80000000\";",
	      "rom@0 { reg = <0 0 0 0x1000>; verdigris,rom; };");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.fdt_base, RAM + MIB(6));
	assert_guest_has(RAM, initrd, sizeof(initrd));
	stop();
	image_size = 900;
	start(8, FIRMWARE, "rom@0 { reg = <0 0 0 0x1000>; verdigris,rom = \"empty\"; };");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	stop();
}

/* Files for firmware to find, and nothing else lies on them. */
static void test_loads(void **state)
{
	(void)state;
	memset(image, 'f', sizeof(image));
	image_size = sizeof(image);
	start(8, FIRMWARE "verdigris,load = \"initrd@0x80600000\", \"image@0x80700001\";", "");
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_sound(MIB(8));
	assert_guest_has(RAM + MIB(6), initrd, sizeof(initrd));
	assert_guest_has(RAM + MIB(7) + 1, image, image_size);
	assert_int_equal(plan.fdt_base, RAM + MIB(4));
	stop();
}

/* ---- ELF ---- */

static struct elf_header *header = (struct elf_header *)image;
static struct elf_segment *segments = (struct elf_segment *)(image + sizeof(struct elf_header));

static void make_elf(void)
{
	memset(image, 'e', sizeof(image));
	image_size = sizeof(image);
	*header = (struct elf_header){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELF_CLASS_64, ELF_DATA_LITTLE, 1 },
		.e_type = ELF_TYPE_EXEC,
		.e_machine = 243,
		.e_entry = 0xffffffff80000010,
		.e_phoff = sizeof(struct elf_header),
		.e_phentsize = sizeof(struct elf_segment),
		.e_phnum = 3,
	};
	segments[0] = (struct elf_segment){ .p_type = 4, .p_paddr = ~0ull, .p_memsz = ~0ull };
	segments[1] = (struct elf_segment){ .p_type = ELF_SEGMENT_LOAD,
					    .p_offset = 512,
					    .p_vaddr = 0xffffffff80000000,
					    .p_paddr = RAM + MIB(1),
					    .p_filesz = 256,
					    .p_memsz = 256 };
	segments[2] = (struct elf_segment){ .p_type = ELF_SEGMENT_LOAD,
					    .p_offset = 768,
					    .p_vaddr = 0xffffffff80002000,
					    .p_paddr = RAM + MIB(1) + 0x2000,
					    .p_filesz = 256,
					    .p_memsz = 0x2000 };
}

static void test_elf(void **state)
{
	static const u8 zeros[0x1f00];
	u8 dirt = 0xff;

	(void)state;
	make_elf();
	start(8, KERNEL INITRD, "");
	assert_int_equal(gpa_write(vm, gpa(RAM + MIB(1) + 0x3fff), &dirt, 1), 0);
	assert_int_equal(loader_load(vm, &plan), 0);
	assert_int_equal(plan.entry, RAM + MIB(1) + 0x10);
	assert_int_equal(plan.image_base, RAM + MIB(1));
	assert_int_equal(plan.image_size, 0x4000);
	assert_sound(MIB(8));
	assert_guest_has(RAM + MIB(1), image + 512, 256);
	assert_guest_has(RAM + MIB(1) + 0x2000, image + 768, 256);
	assert_guest_has(RAM + MIB(1) + 0x2100, zeros, sizeof(zeros));
	stop();
}

/* One field wrong at a time. */
static void test_elf_refused(void **state)
{
	static const struct {
		const void *field;
		unsigned size;
		u64 value;
		const char *said;
	} rows[] = {
		{ image + 4, 1, 1, "no 64-bit little-endian" },
		{ image + 5, 1, 2, "no 64-bit little-endian" },
		{ image + 16, 2, 1, "no program" },
		{ image + 18, 2, 62, "another architecture" },
		{ image + 54, 2, 57, "segment table" },
		{ image + 56, 2, 0, "segment table" },
		{ image + 56, 2, 65, "segment table" },
		{ image + 56, 2, 18, "ends within its segment table" },
		{ image + 32, 8, ~0ull, "ends within its segment table" },
		{ image + 32, 8, 1024, "ends within its segment table" },
		{ image + 24, 8, 0x1000, "starts outside" },
		{ &((struct elf_segment *)(image + 64))[1].p_filesz, 8, 257,
		  "more bytes in the file" },
		{ &((struct elf_segment *)(image + 64))[1].p_offset, 8, 769,
		  "ends within a segment" },
		{ &((struct elf_segment *)(image + 64))[1].p_offset, 8, ~0ull,
		  "ends within a segment" },
		{ &((struct elf_segment *)(image + 64))[1].p_paddr, 8, 0x1000,
		  "not in one memory" },
		{ &((struct elf_segment *)(image + 64))[1].p_paddr, 8, RAM + MIB(8) - 255,
		  "not in one memory" },
		{ &((struct elf_segment *)(image + 64))[1].p_paddr, 8, ~0ull - 10,
		  "not in one memory" },
		{ &((struct elf_segment *)(image + 64))[2].p_memsz, 8, ~0ull, "not in one memory" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		make_elf();
		memcpy((void *)(uintptr_t)rows[i].field, &rows[i].value, rows[i].size);
		start(8, KERNEL, "");
		assert_true(loader_load(vm, &plan) < 0);
		assert_said(rows[i].said);
		stop();
	}
	make_elf();
	segments[1].p_type = segments[2].p_type = 0;
	start(8, KERNEL, "");
	assert_int_equal(loader_load(vm, &plan), -EINVAL);
	assert_said("nothing to load");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linux),           cmocka_unit_test(test_linux_tight),
		cmocka_unit_test(test_linux_no_room),   cmocka_unit_test(test_linux_refused),
		cmocka_unit_test(test_foreign),         cmocka_unit_test(test_raw),
		cmocka_unit_test(test_raw_with_header), cmocka_unit_test(test_rom),
		cmocka_unit_test(test_loads),           cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
