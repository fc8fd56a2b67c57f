/* SPDX-License-Identifier: MIT */
/* Decodes loads and stores of the integer registers (Unprivileged Architecture: I, and C for RV64). */
#include <arch/guest.h>
#include <core/errno.h>

#define OPCODE_LOAD 0x03
#define OPCODE_STORE 0x23

static unsigned field(u32 insn, unsigned low, unsigned width)
{
	return insn >> low & ((1u << width) - 1);
}

/* @width bits of @insn from @low on, at @to. */
static u32 piece(u32 insn, unsigned low, unsigned width, unsigned to)
{
	return field(insn, low, width) << to;
}

/*
 *  31     20 19  15 14    12 11  7 6     0        31       25 24 20 19  15 14    12 11     7 6     0
 * |imm[11:0]| rs1  | funct3 | rd  |0000011|      |imm[11:5]  | rs2 | rs1  | funct3 |imm[4:0]|0100011|
 *                    size in bits 1:0; bit 2: zero-extended
 */
static int decode_load(u32 insn, struct riscv_access *access)
{
	unsigned funct3 = field(insn, 12, 3);

	if (funct3 == 7)
		return -ENOSYS;
	access->size = 1u << (funct3 & 3);
	access->sign_extend = funct3 < 3; /* a doubleword has nothing to extend */
	access->reg = field(insn, 7, 5);
	access->base = field(insn, 15, 5);
	access->offset = (s16)((s32)insn >> 20);
	return 0;
}

static int decode_store(u32 insn, struct riscv_access *access)
{
	unsigned funct3 = field(insn, 12, 3);

	if (funct3 > 3)
		return -ENOSYS;
	access->size = 1u << funct3;
	access->store = true;
	access->reg = field(insn, 20, 5);
	access->base = field(insn, 15, 5);
	access->offset = (s16)(((s32)insn >> 25) * 32 + (s32)field(insn, 7, 5));
	return 0;
}

static int decode_full(u32 insn, struct riscv_access *access)
{
	access->length = 4;
	switch (field(insn, 0, 7)) {
	case OPCODE_LOAD:
		return decode_load(insn, access);
	case OPCODE_STORE:
		return decode_store(insn, access);
	}
	return -ENOSYS;
}

/* Offsets of the compressed forms: word and doubleword, by register and by stack pointer, loads and stores. */
static u32 offset_word(u32 insn)
{
	return piece(insn, 10, 3, 3) | piece(insn, 6, 1, 2) | piece(insn, 5, 1, 6);
}

static u32 offset_double(u32 insn)
{
	return piece(insn, 10, 3, 3) | piece(insn, 5, 2, 6);
}

static u32 offset_word_sp_load(u32 insn)
{
	return piece(insn, 12, 1, 5) | piece(insn, 4, 3, 2) | piece(insn, 2, 2, 6);
}

static u32 offset_double_sp_load(u32 insn)
{
	return piece(insn, 12, 1, 5) | piece(insn, 5, 2, 3) | piece(insn, 2, 3, 6);
}

static u32 offset_word_sp_store(u32 insn)
{
	return piece(insn, 9, 4, 2) | piece(insn, 7, 2, 6);
}

static u32 offset_double_sp_store(u32 insn)
{
	return piece(insn, 10, 3, 3) | piece(insn, 7, 3, 6);
}

static u32 offset_byte(u32 insn)
{
	return piece(insn, 6, 1, 0) | piece(insn, 5, 1, 1);
}

static u32 offset_half(u32 insn)
{
	return piece(insn, 5, 1, 1);
}

/*
 *  15  13 12 10 9   7 6   5 4   2 1 0
 * |funct3| imm | rs1' | imm | r'  |00|   C.LW C.LD C.SW C.SD and those of Zcb: registers x8 to x15
 * |funct3| imm | rd         | imm |10|   C.LWSP C.LDSP: rd 0 is reserved
 * |funct3| imm        | rs2       |10|   C.SWSP C.SDSP
 *
 * One row an encoding.
 */
enum form { FORM_REGISTER, FORM_STACK_LOAD, FORM_STACK_STORE };

static const struct {
	u16 mask;
	u16 match;
	u8 form;
	u8 size;
	bool store;
	bool sign_extend;
	u32 (*offset)(u32 insn);
} compressed[] = {
	{ 0xe003, 0x4000, FORM_REGISTER, 4, false, true, offset_word },               /* c.lw */
	{ 0xe003, 0x6000, FORM_REGISTER, 8, false, false, offset_double },            /* c.ld */
	{ 0xe003, 0xc000, FORM_REGISTER, 4, true, false, offset_word },               /* c.sw */
	{ 0xe003, 0xe000, FORM_REGISTER, 8, true, false, offset_double },             /* c.sd */
	{ 0xfc03, 0x8000, FORM_REGISTER, 1, false, false, offset_byte },              /* c.lbu */
	{ 0xfc43, 0x8400, FORM_REGISTER, 2, false, false, offset_half },              /* c.lhu */
	{ 0xfc43, 0x8440, FORM_REGISTER, 2, false, true, offset_half },               /* c.lh */
	{ 0xfc03, 0x8800, FORM_REGISTER, 1, true, false, offset_byte },               /* c.sb */
	{ 0xfc43, 0x8c00, FORM_REGISTER, 2, true, false, offset_half },               /* c.sh */
	{ 0xe003, 0x4002, FORM_STACK_LOAD, 4, false, true, offset_word_sp_load },     /* c.lwsp */
	{ 0xe003, 0x6002, FORM_STACK_LOAD, 8, false, false, offset_double_sp_load },  /* c.ldsp */
	{ 0xe003, 0xc002, FORM_STACK_STORE, 4, true, false, offset_word_sp_store },   /* c.swsp */
	{ 0xe003, 0xe002, FORM_STACK_STORE, 8, true, false, offset_double_sp_store }, /* c.sdsp */
};

static int decode_registers(u32 insn, enum form form, struct riscv_access *access)
{
	access->length = 2;
	access->base = 2;
	switch (form) {
	case FORM_REGISTER:
		access->reg = 8 + field(insn, 2, 3);
		access->base = 8 + field(insn, 7, 3);
		return 0;
	case FORM_STACK_LOAD:
		access->reg = field(insn, 7, 5);
		return access->reg ? 0 : -ENOSYS;
	case FORM_STACK_STORE:
		access->reg = field(insn, 2, 5);
		return 0;
	}
	return -ENOSYS;
}

static int decode_compressed(u32 insn, struct riscv_access *access)
{
	for (unsigned i = 0; i < ARRAY_SIZE(compressed); i++) {
		if ((insn & compressed[i].mask) != compressed[i].match)
			continue;
		access->size = compressed[i].size;
		access->store = compressed[i].store;
		access->sign_extend = compressed[i].sign_extend;
		access->offset = (s16)compressed[i].offset(insn);
		return decode_registers(insn, (enum form)compressed[i].form, access);
	}
	return -ENOSYS;
}

int riscv_decode_access(u32 insn, struct riscv_access *access)
{
	*access = (struct riscv_access){ 0 };
	if ((insn & 3) == 3)
		return decode_full(insn, access);
	return decode_compressed(insn & 0xffff, access);
}

/*
 * A transformed instruction (Privileged 1.13, section 19.6.3) looks like the full one, but bit 1 is clear
 * if it was 16 bits long, the offset is 0, and in place of rs1 is the distance from the access's first
 * byte to the one that faulted.
 */
static int decode_transformed(u32 insn, struct riscv_access *access)
{
	unsigned funct3 = insn >> 12 & 7;
	bool store = insn & (OPCODE_LOAD ^ OPCODE_STORE);

	/* Bit 1 tells the length; bits 19:15 how far into a misaligned access the fault came (0: aligned). */
	if (((insn | 2) & 0x5f) != OPCODE_LOAD || insn & (0x1f << 15) || funct3 > (store ? 3 : 6))
		return -ENOSYS;
	access->size = (u8)(1u << (funct3 & 3));
	access->length = insn & 2 ? 4 : 2;
	access->store = store;
	access->sign_extend = funct3 < 3;
	access->reg = (insn >> (store ? 20 : 7)) & 31;
	access->base = 0;
	access->offset = 0;
	return 0;
}

static u64 access_address(const struct vcpu *vcpu, const struct riscv_access *access)
{
	return (access->base ? vcpu->arch.x[access->base] : 0) + (u64)(s64)access->offset;
}

int riscv_decode_trap(struct vcpu *vcpu, const struct riscv_trap *trap, struct riscv_access *access)
{
	u32 insn;
	u64 tval;
	int err;

	if (trap->htinst & 1)
		return decode_transformed((u32)trap->htinst, access);
	/* A pseudo-instruction: the guest's page table is not in memory. */
	if (trap->htinst && !(trap->htinst & 3))
		return -ENOSYS;
	if (riscv_guest_fetch(riscv_pc(), &insn, &tval))
		return -EAGAIN;
	err = riscv_decode_access(insn, access);
	if (!err && access_address(vcpu, access) != trap->tval)
		err = -ENOSYS;
	return err;
}
