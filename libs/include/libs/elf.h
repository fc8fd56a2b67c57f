/* SPDX-License-Identifier: MIT */
/* The parts of the ELF format that image loaders read (System V ABI, chapters 4 and 5; 64-bit, little-endian). */
#ifndef LIBS_ELF_H
#define LIBS_ELF_H

#include <core/types.h>

#define ELF_MAGIC "\177ELF"
#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE 1
#define ELF_TYPE_EXEC 2
#define ELF_TYPE_DYN 3
#define ELF_SEGMENT_LOAD 1

struct elf_header {
	u8 e_ident[16]; /* magic, class, data, version */
	u16 e_type;
	u16 e_machine;
	u32 e_version;
	u64 e_entry;
	u64 e_phoff;
	u64 e_shoff;
	u32 e_flags;
	u16 e_ehsize;
	u16 e_phentsize;
	u16 e_phnum;
	u16 e_shentsize;
	u16 e_shnum;
	u16 e_shstrndx;
};

struct elf_segment {
	u32 p_type;
	u32 p_flags;
	u64 p_offset;
	u64 p_vaddr;
	u64 p_paddr;
	u64 p_filesz;
	u64 p_memsz;
	u64 p_align;
};

_Static_assert(sizeof(struct elf_header) == 64 && sizeof(struct elf_segment) == 56, "as in files");

#endif
