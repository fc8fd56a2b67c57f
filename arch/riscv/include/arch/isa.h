/* SPDX-License-Identifier: MIT */
/* riscv64: extensions that the harts have, found in the device tree, never assumed. */
#ifndef ARCH_ISA_H
#define ARCH_ISA_H

#include <core/types.h>

/* Extensions that we use or pass on to guests; a row each in isa.c's table. Single letters come first. */
enum riscv_ext {
	EXT_I,
	EXT_M,
	EXT_A,
	EXT_F,
	EXT_D,
	EXT_C,
	EXT_V,
	EXT_H,
	EXT_SSTC,
	EXT_SVPBMT,
	EXT_SVINVAL,
	EXT_SVNAPOT,
	EXT_SVADE,
	EXT_SVADU,
	EXT_ZICBOM,
	EXT_ZICBOZ,
	EXT_ZICBOP,
	EXT_ZICNTR,
	EXT_ZICSR,
	EXT_ZIFENCEI,
	EXT_ZIHINTPAUSE,
	EXT_ZIHINTNTL,
	EXT_ZICOND,
	EXT_ZAWRS,
	EXT_ZACAS,
	EXT_ZBA,
	EXT_ZBB,
	EXT_ZBC,
	EXT_ZBS,
	EXT_ZFA,
	EXT_ZFH,
	EXT_ZFHMIN,
	EXT_ZBKB,
	EXT_ZBKC,
	EXT_ZBKX,
	EXT_ZKND,
	EXT_ZKNE,
	EXT_ZKNH,
	EXT_ZKT,
	EXT_ZVBB,
	EXT_ZVFH,
	EXT_ZVKT,
	EXT_COUNT
};

/*
 * Reads riscv,isa-base with riscv,isa-extensions, or riscv,isa, of all enabled cpu nodes. What is
 * kept is what every hart has. -EINVAL (explained): no usable cpu node.
 */
int isa_init(const void *fdt) __must_check;
/* A bit an extension, constant after isa_init(): asked on the way into and out of every guest. */
extern u64 isa_host_bits;
extern u64 isa_guest_bits;
static inline bool isa_has(enum riscv_ext ext)
{
	return isa_host_bits & BIT(ext);
}
/* The same from one riscv,isa string, for tests and fuzzing: a bit an extension. */
u64 isa_parse_string(const char *isa);
/* riscv,cboz-block-size of the harts, 0 if unknown. */
u32 isa_cboz_block_size(void);
/* What guests may use: extensions of the host whose state and traps we handle. */
static inline bool isa_guest_has(enum riscv_ext ext)
{
	return isa_guest_bits & BIT(ext);
}
/* The guest's riscv,isa string and riscv,isa-extensions list (NUL-separated; *len in: room, out: bytes). -ENOSPC. */
int isa_guest_string(char *buf, size_t size) __must_check;
int isa_guest_extensions(char *buf, size_t *len) __must_check;

#endif
