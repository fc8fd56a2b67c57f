/* SPDX-License-Identifier: MIT */
/* Loads 64-bit little-endian ELF programs: each PT_LOAD segment to its physical address. */
#include <core/errno.h>
#include <core/gpa.h>
#include <core/loader.h>
#include <core/log.h>
#include <libs/elf.h>
#include <string.h>

#define SEGMENTS_MAX 64

static const struct {
	u16 e_machine;
	const char *arch; /* as in CONFIG_ARCH */
} machines[] = {
	{ 62, "x86" },
	{ 183, "arm64" },
	{ 243, "riscv" },
};

static bool elf_probe(const struct bundle_file *image)
{
	return image->size >= sizeof(struct elf_header) && !memcmp(image->data, ELF_MAGIC, 4);
}

static int elf_error(const struct vm *vm, const struct bundle_file *image, const char *what)
{
	log_error("VM %s: %s: %s", vm->name, image->name, what);
	return -EINVAL;
}

static const char *machine_name(u16 e_machine)
{
	for (unsigned i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].e_machine == e_machine)
			return machines[i].arch;
	return "another machine";
}

/* NULL when the header is sound, else what is wrong. */
static const char *header_problem(const struct elf_header *h, u64 file_size)
{
	if (h->e_ident[4] != ELF_CLASS_64 || h->e_ident[5] != ELF_DATA_LITTLE)
		return "is no 64-bit little-endian ELF file; build it for this machine";
	if (strcmp(machine_name(h->e_machine), CONFIG_ARCH))
		return "is an ELF file for another architecture than " CONFIG_ARCH
		       "; build it for this one";
	if (h->e_type != ELF_TYPE_EXEC && h->e_type != ELF_TYPE_DYN)
		return "is an ELF file but no program; give a linked one";
	if (h->e_phentsize != sizeof(struct elf_segment) || h->e_phnum == 0 ||
	    h->e_phnum > SEGMENTS_MAX)
		return "has a segment table that makes no sense (1 to 64 entries of 56 bytes); "
		       "link it anew";
	if (h->e_phoff > file_size ||
	    h->e_phnum * sizeof(struct elf_segment) > file_size - h->e_phoff)
		return "ends within its segment table; copy it anew";
	return NULL;
}

/* Segment @index; false: it is nothing to load. The table lies within the file. */
static bool read_segment(const struct bundle_file *image, const struct elf_header *h,
			 unsigned index, struct elf_segment *s)
{
	memcpy(s, image->data + h->e_phoff + index * sizeof(*s), sizeof(*s));
	return s->p_type == ELF_SEGMENT_LOAD && s->p_memsz > 0;
}

static int check_segment(const struct vm *vm, const struct bundle_file *image,
			 const struct elf_segment *s)
{
	if (s->p_filesz > s->p_memsz)
		return elf_error(
			vm, image,
			"has a segment with more bytes in the file than in memory; link it anew");
	if (s->p_offset > image->size || s->p_filesz > image->size - s->p_offset)
		return elf_error(vm, image, "ends within a segment; copy it anew");
	if (loader_fits(vm, s->p_paddr, s->p_memsz))
		return 0;
	log_error("VM %s: %s has %llu KiB for 0x%llx, which is not in one memory; add a memory "
		  "node there, or link it elsewhere",
		  vm->name, image->name, (unsigned long long)(s->p_memsz + 1023) >> 10,
		  (unsigned long long)s->p_paddr);
	return -ENOSPC;
}

/* e_entry is a virtual address where the segments have virtual ones of their own. */
static void note_entry(const struct elf_header *h, const struct elf_segment *s, u64 *entry)
{
	if (h->e_entry >= s->p_vaddr && h->e_entry - s->p_vaddr < s->p_memsz)
		*entry = h->e_entry - s->p_vaddr + s->p_paddr;
}

static int elf_plan(const struct vm *vm, const struct bundle_file *image, struct loader_plan *plan)
{
	u64 low = ~0ull, high = 0;
	struct elf_header h;
	const char *problem;

	memcpy(&h, image->data, sizeof(h));
	problem = header_problem(&h, image->size);
	if (problem)
		return elf_error(vm, image, problem);
	plan->entry = h.e_entry;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		struct elf_segment s;
		int err = read_segment(image, &h, i, &s) ? check_segment(vm, image, &s) : 1;

		if (err < 0)
			return err;
		if (err)
			continue;
		low = MIN(low, s.p_paddr);
		high = MAX(high, s.p_paddr + s.p_memsz);
		note_entry(&h, &s, &plan->entry);
	}
	if (high == 0)
		return elf_error(vm, image, "has nothing to load; give a linked program");
	if (plan->entry < low || plan->entry >= high)
		return elf_error(vm, image,
				 "starts outside of what it loads; link it with an entry point");
	plan->image_base = low;
	plan->image_size = high - low;
	return 0;
}

static int elf_load(struct vm *vm, const struct bundle_file *image, const struct loader_plan *plan)
{
	struct elf_header h;
	int err = 0;

	(void)plan;
	memcpy(&h, image->data, sizeof(h));
	for (unsigned i = 0; !err && i < h.e_phnum; i++) {
		struct elf_segment s;

		if (!read_segment(image, &h, i, &s))
			continue;
		if (s.p_filesz)
			err = gpa_load(vm, gpa(s.p_paddr), image->data + s.p_offset, s.p_filesz);
		if (!err && s.p_memsz > s.p_filesz)
			err = gpa_fill(vm, gpa(s.p_paddr + s.p_filesz), 0, s.p_memsz - s.p_filesz);
	}
	return err;
}

DEFINE_LOADER(elf_loader) = {
	.name = "elf",
	.probe = elf_probe,
	.plan = elf_plan,
	.load = elf_load,
};
