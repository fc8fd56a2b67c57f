/* SPDX-License-Identifier: MIT */
/* Decodes A64 loads and stores of general registers (Arm ARM DDI 0487, C4.1.94 and C6.2). */
#include <arch/guest.h>
#include <core/errno.h>

static unsigned field(u32 insn, unsigned low, unsigned width)
{
	return insn >> low & ((1u << width) - 1);
}

static s32 signed_field(u32 insn, unsigned low, unsigned width)
{
	return (s32)(insn << (32 - low - width)) >> (32 - width);
}

/*
 * Loads and stores of one register say by opc (bits 23:22) what they do:
 *
 *   00 store   01 load, zero-extended   10 load, sign-extended to 64 bits   11 likewise to 32 bits
 *
 * of the size in bits 31:30. With size 3 opc 10 is a prefetch, which never comes here; with size 2 and 3 there is
 * no 11.
 */
static int decode_kind(unsigned size, unsigned opc, struct arm64_access *access)
{
	if (opc >= 2 && (size == 3 || (size == 2 && opc == 3)))
		return -ENOSYS;
	access->size = (u8)(1u << size);
	access->count = 1;
	access->store = opc == 0;
	access->sign_extend = opc >= 2;
	access->wide = opc == 2 || size == 3;
	return 0;
}

static int decode_single(u32 insn, struct arm64_access *access)
{
	access->reg[0] = (u8)field(insn, 0, 5);
	access->base = (u8)field(insn, 5, 5);
	return decode_kind(field(insn, 30, 2), field(insn, 22, 2), access);
}

/* The base is another register than those that are moved, or what happens is not predictable (C6.2.166). */
static int check_writeback(const struct arm64_access *access)
{
	bool same = access->reg[0] == access->base ||
		    (access->count == 2 && access->reg[1] == access->base);

	return access->writeback && same && access->base != 31 ? -ENOSYS : 0;
}

/* 31:30 size, 29:27 111, 26 V, 25:24 01, 23:22 opc, 21:10 imm12, 9:5 Rn, 4:0 Rt: the offset is part of the address. */
static int decode_unsigned(u32 insn, struct arm64_access *access)
{
	access->offset = (s32)(field(insn, 10, 12) << field(insn, 30, 2));
	return decode_single(insn, access);
}

/* The same with 25:24 00, 21 0, 20:12 imm9, 11:10: 00 unscaled, 01 post-indexed, 10 unprivileged, 11 pre-indexed. */
static int decode_imm9(u32 insn, struct arm64_access *access)
{
	unsigned mode = field(insn, 10, 2);

	access->offset = signed_field(insn, 12, 9);
	access->writeback = mode & 1;
	access->post = mode == 1;
	return decode_single(insn, access);
}

/* The same with 21 1, 11:10 10, 20:16 Rm, 15:13 option, 12 S: the offset is a register. */
static int decode_register(u32 insn, struct arm64_access *access)
{
	if (!(insn & BIT(14)))
		return -ENOSYS;
	access->index = (u8)field(insn, 16, 5);
	access->index_32 = !(insn & BIT(13));
	access->index_signed = insn & BIT(15);
	access->index_shift = insn & BIT(12) ? (u8)field(insn, 30, 2) : 0;
	return decode_single(insn, access);
}

/* 31:30 opc (32, 64, signed 32 bits, prefetch), 29:24 011000, 23:5 imm19, 4:0 Rt: relative to the instruction. */
static int decode_literal(u32 insn, struct arm64_access *access)
{
	unsigned opc = field(insn, 30, 2);

	access->reg[0] = (u8)field(insn, 0, 5);
	access->base = ARM64_BASE_PC;
	access->offset = signed_field(insn, 5, 19) * 4;
	if (opc == 2)
		return decode_kind(2, 2, access);
	return opc == 3 ? -ENOSYS : decode_kind(2 + opc, 1, access);
}

/* 31:30 opc (32, signed, 64 bits), 29:27 101, 26 V, 24:23 mode, 22 L, 21:15 imm7, 14:10 Rt2, 9:5 Rn, 4:0 Rt. */
static int decode_pair(u32 insn, struct arm64_access *access)
{
	unsigned opc = field(insn, 30, 2), mode = field(insn, 23, 2);
	bool load = field(insn, 22, 1);

	/* Signed words are loads that have no form without allocation; their stores are those of tags (STGP). */
	if (opc == 3 || (opc == 1 && (!load || mode == 0)))
		return -ENOSYS;
	access->size = opc == 2 ? 8 : 4;
	access->count = 2;
	access->reg[0] = (u8)field(insn, 0, 5);
	access->reg[1] = (u8)field(insn, 10, 5);
	access->base = (u8)field(insn, 5, 5);
	access->store = !load;
	access->sign_extend = opc == 1;
	access->wide = opc != 0;
	access->offset = signed_field(insn, 15, 7) * access->size;
	access->writeback = mode & 1;
	access->post = mode == 1;
	return load && access->reg[0] == access->reg[1] ? -ENOSYS : 0;
}

/* LDAR, STLR, LDLAR, STLLR: 31:30 size, 29:24 001000, 23 1, 22 L, 21 0, the rest of 20:10 ignored. */
static int decode_ordered(u32 insn, struct arm64_access *access)
{
	access->reg[0] = (u8)field(insn, 0, 5);
	access->base = (u8)field(insn, 5, 5);
	return decode_kind(field(insn, 30, 2), field(insn, 22, 1), access);
}

/* LDAPUR, STLUR and their like: 31:30 size, 29:24 011001, 23:22 opc, 21 0, 20:12 imm9, 11:10 00. */
static int decode_ordered_imm9(u32 insn, struct arm64_access *access)
{
	access->offset = signed_field(insn, 12, 9);
	return decode_single(insn, access);
}

/* LDAPR: 31:30 size, 29:21 111000101, 20:10 11111110000. */
static int decode_ldapr(u32 insn, struct arm64_access *access)
{
	access->reg[0] = (u8)field(insn, 0, 5);
	access->base = (u8)field(insn, 5, 5);
	return decode_kind(field(insn, 30, 2), 1, access);
}

int arm64_decode_access(u32 insn, struct arm64_access *access)
{
	/* Bit 26, SIMD, is 0 in all of them. */
	static const struct {
		u32 mask;
		u32 match;
		int (*decode)(u32 insn, struct arm64_access *access);
	} rows[] = {
		{ 0x3f000000, 0x39000000, decode_unsigned },
		{ 0x3f000000, 0x18000000, decode_literal },
		{ 0x3f200000, 0x38000000, decode_imm9 },
		{ 0x3f200c00, 0x38200800, decode_register },
		{ 0x3e000000, 0x28000000, decode_pair },
		{ 0x3fa00000, 0x08800000, decode_ordered },
		{ 0x3f200c00, 0x19000000, decode_ordered_imm9 },
		{ 0x3ffffc00, 0x38bfc000, decode_ldapr },
	};

	*access = (struct arm64_access){ .index = 31 };
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		int err;

		if ((insn & rows[i].mask) != rows[i].match)
			continue;
		err = rows[i].decode(insn, access);
		return err ? err : check_writeback(access);
	}
	return -ENOSYS;
}
