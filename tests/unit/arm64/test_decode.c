/* SPDX-License-Identifier: MIT */
/* The decoder against an assembler's encodings, and random instructions against the manual's bit patterns. */
#include <test.h>

#include <core/errno.h>
#include <fake_arm64.h>

enum { ST = 1, SX = 2, WIDE = 4, WB = 8, POST = 16, I32 = 32, ISX = 64, PC = ARM64_BASE_PC };

/* What `as` made of the text. Loads and stores: size, registers, what they do, base, index and its shift, offset. */
/* clang-format off */
static const struct row {
	u32 insn;
	const char *text;
	u8 size;
	u8 count;
	u8 reg;
	u8 reg2;
	u8 flags;
	u8 base;
	u8 index;
	u8 shift;
	s32 offset;
} assembled[] = {
	{ 0x393ffd87, "strb w7, [x12, #4095]", 1, 1, 7, 0, ST, 12, 31, 0, 4095 },
	{ 0x38001587, "strb w7, [x12], #1", 1, 1, 7, 0, ST+WB+POST, 12, 31, 0, 1 },
	{ 0x38001d87, "strb w7, [x12, #1]!", 1, 1, 7, 0, ST+WB, 12, 31, 0, 1 },
	{ 0x38100187, "sturb w7, [x12, #-256]", 1, 1, 7, 0, ST, 12, 31, 0, -256 },
	{ 0x38100987, "sttrb w7, [x12, #-256]", 1, 1, 7, 0, ST, 12, 31, 0, -256 },
	{ 0x383e6987, "strb w7, [x12, x30]", 1, 1, 7, 0, ST, 12, 30, 0, 0 },
	{ 0x38237987, "strb w7, [x12, x3, lsl #0]", 1, 1, 7, 0, ST, 12, 3, 0, 0 },
	{ 0x38334987, "strb w7, [x12, w19, uxtw]", 1, 1, 7, 0, ST+I32, 12, 19, 0, 0 },
	{ 0x3833d987, "strb w7, [x12, w19, sxtw #0]", 1, 1, 7, 0, ST+I32+ISX, 12, 19, 0, 0 },
	{ 0x383ee987, "strb w7, [x12, x30, sxtx]", 1, 1, 7, 0, ST+ISX, 12, 30, 0, 0 },
	{ 0x19100187, "stlurb w7, [x12, #-256]", 1, 1, 7, 0, ST, 12, 31, 0, -256 },
	{ 0x39404587, "ldrb w7, [x12, #17]", 1, 1, 7, 0, 0, 12, 31, 0, 17 },
	{ 0x38401587, "ldrb w7, [x12], #1", 1, 1, 7, 0, WB+POST, 12, 31, 0, 1 },
	{ 0x38401d87, "ldrb w7, [x12, #1]!", 1, 1, 7, 0, WB, 12, 31, 0, 1 },
	{ 0x385fd187, "ldurb w7, [x12, #-3]", 1, 1, 7, 0, 0, 12, 31, 0, -3 },
	{ 0x385fd987, "ldtrb w7, [x12, #-3]", 1, 1, 7, 0, 0, 12, 31, 0, -3 },
	{ 0x387e6987, "ldrb w7, [x12, x30]", 1, 1, 7, 0, 0, 12, 30, 0, 0 },
	{ 0x38637987, "ldrb w7, [x12, x3, lsl #0]", 1, 1, 7, 0, 0, 12, 3, 0, 0 },
	{ 0x38634987, "ldrb w7, [x12, w3, uxtw]", 1, 1, 7, 0, I32, 12, 3, 0, 0 },
	{ 0x387ed987, "ldrb w7, [x12, w30, sxtw #0]", 1, 1, 7, 0, I32+ISX, 12, 30, 0, 0 },
	{ 0x3863e987, "ldrb w7, [x12, x3, sxtx]", 1, 1, 7, 0, ISX, 12, 3, 0, 0 },
	{ 0x195fd187, "ldapurb w7, [x12, #-3]", 1, 1, 7, 0, 0, 12, 31, 0, -3 },
	{ 0x3980003f, "ldrsb xzr, [x1, #0]", 1, 1, 31, 0, SX+WIDE, 1, 31, 0, 0 },
	{ 0x388ff43f, "ldrsb xzr, [x1], #255", 1, 1, 31, 0, SX+WIDE+WB+POST, 1, 31, 0, 255 },
	{ 0x388ffc3f, "ldrsb xzr, [x1, #255]!", 1, 1, 31, 0, SX+WIDE+WB, 1, 31, 0, 255 },
	{ 0x3890003f, "ldursb xzr, [x1, #-256]", 1, 1, 31, 0, SX+WIDE, 1, 31, 0, -256 },
	{ 0x3890083f, "ldtrsb xzr, [x1, #-256]", 1, 1, 31, 0, SX+WIDE, 1, 31, 0, -256 },
	{ 0x38b3683f, "ldrsb xzr, [x1, x19]", 1, 1, 31, 0, SX+WIDE, 1, 19, 0, 0 },
	{ 0x38a3783f, "ldrsb xzr, [x1, x3, lsl #0]", 1, 1, 31, 0, SX+WIDE, 1, 3, 0, 0 },
	{ 0x38b3483f, "ldrsb xzr, [x1, w19, uxtw]", 1, 1, 31, 0, SX+WIDE+I32, 1, 19, 0, 0 },
	{ 0x38b3d83f, "ldrsb xzr, [x1, w19, sxtw #0]", 1, 1, 31, 0, SX+WIDE+I32+ISX, 1, 19, 0, 0 },
	{ 0x38bee83f, "ldrsb xzr, [x1, x30, sxtx]", 1, 1, 31, 0, SX+WIDE+ISX, 1, 30, 0, 0 },
	{ 0x1990003f, "ldapursb xzr, [x1, #-256]", 1, 1, 31, 0, SX+WIDE, 1, 31, 0, -256 },
	{ 0x39c0445f, "ldrsb wzr, [x2, #17]", 1, 1, 31, 0, SX, 2, 31, 0, 17 },
	{ 0x38c0145f, "ldrsb wzr, [x2], #1", 1, 1, 31, 0, SX+WB+POST, 2, 31, 0, 1 },
	{ 0x38c01c5f, "ldrsb wzr, [x2, #1]!", 1, 1, 31, 0, SX+WB, 2, 31, 0, 1 },
	{ 0x38dff05f, "ldursb wzr, [x2, #-1]", 1, 1, 31, 0, SX, 2, 31, 0, -1 },
	{ 0x38dff85f, "ldtrsb wzr, [x2, #-1]", 1, 1, 31, 0, SX, 2, 31, 0, -1 },
	{ 0x38f3685f, "ldrsb wzr, [x2, x19]", 1, 1, 31, 0, SX, 2, 19, 0, 0 },
	{ 0x38e3785f, "ldrsb wzr, [x2, x3, lsl #0]", 1, 1, 31, 0, SX, 2, 3, 0, 0 },
	{ 0x38e3485f, "ldrsb wzr, [x2, w3, uxtw]", 1, 1, 31, 0, SX+I32, 2, 3, 0, 0 },
	{ 0x38e3d85f, "ldrsb wzr, [x2, w3, sxtw #0]", 1, 1, 31, 0, SX+I32+ISX, 2, 3, 0, 0 },
	{ 0x38f3e85f, "ldrsb wzr, [x2, x19, sxtx]", 1, 1, 31, 0, SX+ISX, 2, 19, 0, 0 },
	{ 0x19dff05f, "ldapursb wzr, [x2, #-1]", 1, 1, 31, 0, SX, 2, 31, 0, -1 },
	{ 0x790047a7, "strh w7, [x29, #34]", 2, 1, 7, 0, ST, 29, 31, 0, 34 },
	{ 0x781f87a7, "strh w7, [x29], #-8", 2, 1, 7, 0, ST+WB+POST, 29, 31, 0, -8 },
	{ 0x781f8fa7, "strh w7, [x29, #-8]!", 2, 1, 7, 0, ST+WB, 29, 31, 0, -8 },
	{ 0x780ff3a7, "sturh w7, [x29, #255]", 2, 1, 7, 0, ST, 29, 31, 0, 255 },
	{ 0x780ffba7, "sttrh w7, [x29, #255]", 2, 1, 7, 0, ST, 29, 31, 0, 255 },
	{ 0x783e6ba7, "strh w7, [x29, x30]", 2, 1, 7, 0, ST, 29, 30, 0, 0 },
	{ 0x78337ba7, "strh w7, [x29, x19, lsl #1]", 2, 1, 7, 0, ST, 29, 19, 1, 0 },
	{ 0x783e4ba7, "strh w7, [x29, w30, uxtw]", 2, 1, 7, 0, ST+I32, 29, 30, 0, 0 },
	{ 0x7833dba7, "strh w7, [x29, w19, sxtw #1]", 2, 1, 7, 0, ST+I32+ISX, 29, 19, 1, 0 },
	{ 0x783eeba7, "strh w7, [x29, x30, sxtx]", 2, 1, 7, 0, ST+ISX, 29, 30, 0, 0 },
	{ 0x590ff3a7, "stlurh w7, [x29, #255]", 2, 1, 7, 0, ST, 29, 31, 0, 255 },
	{ 0x797ffd9f, "ldrh wzr, [x12, #8190]", 2, 1, 31, 0, 0, 12, 31, 0, 8190 },
	{ 0x7850059f, "ldrh wzr, [x12], #-256", 2, 1, 31, 0, WB+POST, 12, 31, 0, -256 },
	{ 0x78500d9f, "ldrh wzr, [x12, #-256]!", 2, 1, 31, 0, WB, 12, 31, 0, -256 },
	{ 0x7858019f, "ldurh wzr, [x12, #-128]", 2, 1, 31, 0, 0, 12, 31, 0, -128 },
	{ 0x7858099f, "ldtrh wzr, [x12, #-128]", 2, 1, 31, 0, 0, 12, 31, 0, -128 },
	{ 0x787e699f, "ldrh wzr, [x12, x30]", 2, 1, 31, 0, 0, 12, 30, 0, 0 },
	{ 0x787e799f, "ldrh wzr, [x12, x30, lsl #1]", 2, 1, 31, 0, 0, 12, 30, 1, 0 },
	{ 0x787e499f, "ldrh wzr, [x12, w30, uxtw]", 2, 1, 31, 0, I32, 12, 30, 0, 0 },
	{ 0x7863d99f, "ldrh wzr, [x12, w3, sxtw #1]", 2, 1, 31, 0, I32+ISX, 12, 3, 1, 0 },
	{ 0x787ee99f, "ldrh wzr, [x12, x30, sxtx]", 2, 1, 31, 0, ISX, 12, 30, 0, 0 },
	{ 0x5958019f, "ldapurh wzr, [x12, #-128]", 2, 1, 31, 0, 0, 12, 31, 0, -128 },
	{ 0x7980043e, "ldrsh x30, [x1, #2]", 2, 1, 30, 0, SX+WIDE, 1, 31, 0, 2 },
	{ 0x789f843e, "ldrsh x30, [x1], #-8", 2, 1, 30, 0, SX+WIDE+WB+POST, 1, 31, 0, -8 },
	{ 0x789f8c3e, "ldrsh x30, [x1, #-8]!", 2, 1, 30, 0, SX+WIDE+WB, 1, 31, 0, -8 },
	{ 0x7898003e, "ldursh x30, [x1, #-128]", 2, 1, 30, 0, SX+WIDE, 1, 31, 0, -128 },
	{ 0x7898083e, "ldtrsh x30, [x1, #-128]", 2, 1, 30, 0, SX+WIDE, 1, 31, 0, -128 },
	{ 0x78a3683e, "ldrsh x30, [x1, x3]", 2, 1, 30, 0, SX+WIDE, 1, 3, 0, 0 },
	{ 0x78a3783e, "ldrsh x30, [x1, x3, lsl #1]", 2, 1, 30, 0, SX+WIDE, 1, 3, 1, 0 },
	{ 0x78b3483e, "ldrsh x30, [x1, w19, uxtw]", 2, 1, 30, 0, SX+WIDE+I32, 1, 19, 0, 0 },
	{ 0x78bed83e, "ldrsh x30, [x1, w30, sxtw #1]", 2, 1, 30, 0, SX+WIDE+I32+ISX, 1, 30, 1, 0 },
	{ 0x78b3e83e, "ldrsh x30, [x1, x19, sxtx]", 2, 1, 30, 0, SX+WIDE+ISX, 1, 19, 0, 0 },
	{ 0x5998003e, "ldapursh x30, [x1, #-128]", 2, 1, 30, 0, SX+WIDE, 1, 31, 0, -128 },
	{ 0x79c003a0, "ldrsh w0, [x29, #0]", 2, 1, 0, 0, SX, 29, 31, 0, 0 },
	{ 0x78c017a0, "ldrsh w0, [x29], #1", 2, 1, 0, 0, SX+WB+POST, 29, 31, 0, 1 },
	{ 0x78c01fa0, "ldrsh w0, [x29, #1]!", 2, 1, 0, 0, SX+WB, 29, 31, 0, 1 },
	{ 0x78dff3a0, "ldursh w0, [x29, #-1]", 2, 1, 0, 0, SX, 29, 31, 0, -1 },
	{ 0x78dffba0, "ldtrsh w0, [x29, #-1]", 2, 1, 0, 0, SX, 29, 31, 0, -1 },
	{ 0x78e36ba0, "ldrsh w0, [x29, x3]", 2, 1, 0, 0, SX, 29, 3, 0, 0 },
	{ 0x78f37ba0, "ldrsh w0, [x29, x19, lsl #1]", 2, 1, 0, 0, SX, 29, 19, 1, 0 },
	{ 0x78f34ba0, "ldrsh w0, [x29, w19, uxtw]", 2, 1, 0, 0, SX+I32, 29, 19, 0, 0 },
	{ 0x78f3dba0, "ldrsh w0, [x29, w19, sxtw #1]", 2, 1, 0, 0, SX+I32+ISX, 29, 19, 1, 0 },
	{ 0x78e3eba0, "ldrsh w0, [x29, x3, sxtx]", 2, 1, 0, 0, SX+ISX, 29, 3, 0, 0 },
	{ 0x59dff3a0, "ldapursh w0, [x29, #-1]", 2, 1, 0, 0, SX, 29, 31, 0, -1 },
	{ 0xb9004420, "str w0, [x1, #68]", 4, 1, 0, 0, ST, 1, 31, 0, 68 },
	{ 0xb81f8420, "str w0, [x1], #-8", 4, 1, 0, 0, ST+WB+POST, 1, 31, 0, -8 },
	{ 0xb81f8c20, "str w0, [x1, #-8]!", 4, 1, 0, 0, ST+WB, 1, 31, 0, -8 },
	{ 0xb8180020, "stur w0, [x1, #-128]", 4, 1, 0, 0, ST, 1, 31, 0, -128 },
	{ 0xb8180820, "sttr w0, [x1, #-128]", 4, 1, 0, 0, ST, 1, 31, 0, -128 },
	{ 0xb83e6820, "str w0, [x1, x30]", 4, 1, 0, 0, ST, 1, 30, 0, 0 },
	{ 0xb8237820, "str w0, [x1, x3, lsl #2]", 4, 1, 0, 0, ST, 1, 3, 2, 0 },
	{ 0xb8234820, "str w0, [x1, w3, uxtw]", 4, 1, 0, 0, ST+I32, 1, 3, 0, 0 },
	{ 0xb833d820, "str w0, [x1, w19, sxtw #2]", 4, 1, 0, 0, ST+I32+ISX, 1, 19, 2, 0 },
	{ 0xb823e820, "str w0, [x1, x3, sxtx]", 4, 1, 0, 0, ST+ISX, 1, 3, 0, 0 },
	{ 0x99180020, "stlur w0, [x1, #-128]", 4, 1, 0, 0, ST, 1, 31, 0, -128 },
	{ 0xb9400020, "ldr w0, [x1, #0]", 4, 1, 0, 0, 0, 1, 31, 0, 0 },
	{ 0xb84ff420, "ldr w0, [x1], #255", 4, 1, 0, 0, WB+POST, 1, 31, 0, 255 },
	{ 0xb84ffc20, "ldr w0, [x1, #255]!", 4, 1, 0, 0, WB, 1, 31, 0, 255 },
	{ 0xb84ff020, "ldur w0, [x1, #255]", 4, 1, 0, 0, 0, 1, 31, 0, 255 },
	{ 0xb84ff820, "ldtr w0, [x1, #255]", 4, 1, 0, 0, 0, 1, 31, 0, 255 },
	{ 0xb8736820, "ldr w0, [x1, x19]", 4, 1, 0, 0, 0, 1, 19, 0, 0 },
	{ 0xb87e7820, "ldr w0, [x1, x30, lsl #2]", 4, 1, 0, 0, 0, 1, 30, 2, 0 },
	{ 0xb8734820, "ldr w0, [x1, w19, uxtw]", 4, 1, 0, 0, I32, 1, 19, 0, 0 },
	{ 0xb863d820, "ldr w0, [x1, w3, sxtw #2]", 4, 1, 0, 0, I32+ISX, 1, 3, 2, 0 },
	{ 0xb87ee820, "ldr w0, [x1, x30, sxtx]", 4, 1, 0, 0, ISX, 1, 30, 0, 0 },
	{ 0x994ff020, "ldapur w0, [x1, #255]", 4, 1, 0, 0, 0, 1, 31, 0, 255 },
	{ 0xb9bfffa0, "ldrsw x0, [x29, #16380]", 4, 1, 0, 0, SX+WIDE, 29, 31, 0, 16380 },
	{ 0xb89f87a0, "ldrsw x0, [x29], #-8", 4, 1, 0, 0, SX+WIDE+WB+POST, 29, 31, 0, -8 },
	{ 0xb89f8fa0, "ldrsw x0, [x29, #-8]!", 4, 1, 0, 0, SX+WIDE+WB, 29, 31, 0, -8 },
	{ 0xb89ff3a0, "ldursw x0, [x29, #-1]", 4, 1, 0, 0, SX+WIDE, 29, 31, 0, -1 },
	{ 0xb89ffba0, "ldtrsw x0, [x29, #-1]", 4, 1, 0, 0, SX+WIDE, 29, 31, 0, -1 },
	{ 0xb8b36ba0, "ldrsw x0, [x29, x19]", 4, 1, 0, 0, SX+WIDE, 29, 19, 0, 0 },
	{ 0xb8b37ba0, "ldrsw x0, [x29, x19, lsl #2]", 4, 1, 0, 0, SX+WIDE, 29, 19, 2, 0 },
	{ 0xb8b34ba0, "ldrsw x0, [x29, w19, uxtw]", 4, 1, 0, 0, SX+WIDE+I32, 29, 19, 0, 0 },
	{ 0xb8bedba0, "ldrsw x0, [x29, w30, sxtw #2]", 4, 1, 0, 0, SX+WIDE+I32+ISX, 29, 30, 2, 0 },
	{ 0xb8b3eba0, "ldrsw x0, [x29, x19, sxtx]", 4, 1, 0, 0, SX+WIDE+ISX, 29, 19, 0, 0 },
	{ 0x999ff3a0, "ldapursw x0, [x29, #-1]", 4, 1, 0, 0, SX+WIDE, 29, 31, 0, -1 },
	{ 0xf90047a0, "str x0, [x29, #136]", 8, 1, 0, 0, ST+WIDE, 29, 31, 0, 136 },
	{ 0xf80ff7a0, "str x0, [x29], #255", 8, 1, 0, 0, ST+WIDE+WB+POST, 29, 31, 0, 255 },
	{ 0xf80fffa0, "str x0, [x29, #255]!", 8, 1, 0, 0, ST+WIDE+WB, 29, 31, 0, 255 },
	{ 0xf81803a0, "stur x0, [x29, #-128]", 8, 1, 0, 0, ST+WIDE, 29, 31, 0, -128 },
	{ 0xf8180ba0, "sttr x0, [x29, #-128]", 8, 1, 0, 0, ST+WIDE, 29, 31, 0, -128 },
	{ 0xf8336ba0, "str x0, [x29, x19]", 8, 1, 0, 0, ST+WIDE, 29, 19, 0, 0 },
	{ 0xf8337ba0, "str x0, [x29, x19, lsl #3]", 8, 1, 0, 0, ST+WIDE, 29, 19, 3, 0 },
	{ 0xf83e4ba0, "str x0, [x29, w30, uxtw]", 8, 1, 0, 0, ST+WIDE+I32, 29, 30, 0, 0 },
	{ 0xf833dba0, "str x0, [x29, w19, sxtw #3]", 8, 1, 0, 0, ST+WIDE+I32+ISX, 29, 19, 3, 0 },
	{ 0xf83eeba0, "str x0, [x29, x30, sxtx]", 8, 1, 0, 0, ST+WIDE+ISX, 29, 30, 0, 0 },
	{ 0xd91803a0, "stlur x0, [x29, #-128]", 8, 1, 0, 0, ST+WIDE, 29, 31, 0, -128 },
	{ 0xf940443e, "ldr x30, [x1, #136]", 8, 1, 30, 0, WIDE, 1, 31, 0, 136 },
	{ 0xf85f843e, "ldr x30, [x1], #-8", 8, 1, 30, 0, WIDE+WB+POST, 1, 31, 0, -8 },
	{ 0xf85f8c3e, "ldr x30, [x1, #-8]!", 8, 1, 30, 0, WIDE+WB, 1, 31, 0, -8 },
	{ 0xf850003e, "ldur x30, [x1, #-256]", 8, 1, 30, 0, WIDE, 1, 31, 0, -256 },
	{ 0xf850083e, "ldtr x30, [x1, #-256]", 8, 1, 30, 0, WIDE, 1, 31, 0, -256 },
	{ 0xf873683e, "ldr x30, [x1, x19]", 8, 1, 30, 0, WIDE, 1, 19, 0, 0 },
	{ 0xf87e783e, "ldr x30, [x1, x30, lsl #3]", 8, 1, 30, 0, WIDE, 1, 30, 3, 0 },
	{ 0xf87e483e, "ldr x30, [x1, w30, uxtw]", 8, 1, 30, 0, WIDE+I32, 1, 30, 0, 0 },
	{ 0xf87ed83e, "ldr x30, [x1, w30, sxtw #3]", 8, 1, 30, 0, WIDE+I32+ISX, 1, 30, 3, 0 },
	{ 0xf863e83e, "ldr x30, [x1, x3, sxtx]", 8, 1, 30, 0, WIDE+ISX, 1, 3, 0, 0 },
	{ 0xd950003e, "ldapur x30, [x1, #-256]", 8, 1, 30, 0, WIDE, 1, 31, 0, -256 },
	{ 0x089ffe80, "stlrb w0, [x20]", 1, 1, 0, 0, ST, 20, 31, 0, 0 },
	{ 0x08dfffff, "ldarb wzr, [sp]", 1, 1, 31, 0, 0, 31, 31, 0, 0 },
	{ 0x489fffe5, "stlrh w5, [sp]", 2, 1, 5, 0, ST, 31, 31, 0, 0 },
	{ 0x48dfffff, "ldarh wzr, [sp]", 2, 1, 31, 0, 0, 31, 31, 0, 0 },
	{ 0x889ffe9f, "stlr wzr, [x20]", 4, 1, 31, 0, ST, 20, 31, 0, 0 },
	{ 0x88dffe85, "ldar w5, [x20]", 4, 1, 5, 0, 0, 20, 31, 0, 0 },
	{ 0xc89ffc25, "stlr x5, [x1]", 8, 1, 5, 0, ST+WIDE, 1, 31, 0, 0 },
	{ 0xc8dffc3f, "ldar xzr, [x1]", 8, 1, 31, 0, WIDE, 1, 31, 0, 0 },
	{ 0xc89f7c3f, "stllr xzr, [x1]", 8, 1, 31, 0, ST+WIDE, 1, 31, 0, 0 },
	{ 0x88df7fe5, "ldlar w5, [sp]", 4, 1, 5, 0, 0, 31, 31, 0, 0 },
	{ 0x08df7fff, "ldlarb wzr, [sp]", 1, 1, 31, 0, 0, 31, 31, 0, 0 },
	{ 0x38bfc285, "ldaprb w5, [x20]", 1, 1, 5, 0, 0, 20, 31, 0, 0 },
	{ 0x78bfc3ff, "ldaprh wzr, [sp]", 2, 1, 31, 0, 0, 31, 31, 0, 0 },
	{ 0xb8bfc3e0, "ldapr w0, [sp]", 4, 1, 0, 0, 0, 31, 31, 0, 0 },
	{ 0xf8bfc3e0, "ldapr x0, [sp]", 8, 1, 0, 0, WIDE, 31, 31, 0, 0 },
	{ 0x29007fbe, "stp w30, wzr, [x29, #0]", 4, 2, 30, 31, ST, 29, 31, 0, 0 },
	{ 0x2883ffbe, "stp w30, wzr, [x29], #28", 4, 2, 30, 31, ST+WB+POST, 29, 31, 0, 28 },
	{ 0x29a00861, "stp w1, w2, [x3, #-256]!", 4, 2, 1, 2, ST+WB, 3, 31, 0, -256 },
	{ 0x281fcbe0, "stnp w0, w18, [sp, #252]", 4, 2, 0, 18, ST, 31, 31, 0, 252 },
	{ 0x295fffbe, "ldp w30, wzr, [x29, #252]", 4, 2, 30, 31, 0, 29, 31, 0, 252 },
	{ 0x28c04be0, "ldp w0, w18, [sp], #0", 4, 2, 0, 18, WB+POST, 31, 31, 0, 0 },
	{ 0x29c00861, "ldp w1, w2, [x3, #0]!", 4, 2, 1, 2, WB, 3, 31, 0, 0 },
	{ 0x28438861, "ldnp w1, w2, [x3, #28]", 4, 2, 1, 2, 0, 3, 31, 0, 28 },
	{ 0x69604be0, "ldpsw x0, x18, [sp, #-256]", 4, 2, 0, 18, SX+WIDE, 31, 31, 0, -256 },
	{ 0x68c00861, "ldpsw x1, x2, [x3], #0", 4, 2, 1, 2, SX+WIDE+WB+POST, 3, 31, 0, 0 },
	{ 0x69dfffbe, "ldpsw x30, xzr, [x29, #252]!", 4, 2, 30, 31, SX+WIDE+WB, 29, 31, 0, 252 },
	{ 0xa9000861, "stp x1, x2, [x3, #0]", 8, 2, 1, 2, ST+WIDE, 3, 31, 0, 0 },
	{ 0xa89fcbe0, "stp x0, x18, [sp], #504", 8, 2, 0, 18, ST+WIDE+WB+POST, 31, 31, 0, 504 },
	{ 0xa983cbe0, "stp x0, x18, [sp, #56]!", 8, 2, 0, 18, ST+WIDE+WB, 31, 31, 0, 56 },
	{ 0xa81fffbe, "stnp x30, xzr, [x29, #504]", 8, 2, 30, 31, ST+WIDE, 29, 31, 0, 504 },
	{ 0xa9600861, "ldp x1, x2, [x3, #-512]", 8, 2, 1, 2, WIDE, 3, 31, 0, -512 },
	{ 0xa8dfcbe0, "ldp x0, x18, [sp], #504", 8, 2, 0, 18, WIDE+WB+POST, 31, 31, 0, 504 },
	{ 0xa9dfffbe, "ldp x30, xzr, [x29, #504]!", 8, 2, 30, 31, WIDE+WB, 29, 31, 0, 504 },
	{ 0xa8407fbe, "ldnp x30, xzr, [x29, #0]", 8, 2, 30, 31, WIDE, 29, 31, 0, 0 },
	{ 0x18800009, "ldr w9, .-1048576", 4, 1, 9, 0, 0, PC, 31, 0, -1048576 },
	{ 0x187fffe9, "ldr w9, .+1048572", 4, 1, 9, 0, 0, PC, 31, 0, 1048572 },
	{ 0x18000209, "ldr w9, .+64", 4, 1, 9, 0, 0, PC, 31, 0, 64 },
	{ 0x58800009, "ldr x9, .-1048576", 8, 1, 9, 0, WIDE, PC, 31, 0, -1048576 },
	{ 0x587fffe9, "ldr x9, .+1048572", 8, 1, 9, 0, WIDE, PC, 31, 0, 1048572 },
	{ 0x58000209, "ldr x9, .+64", 8, 1, 9, 0, WIDE, PC, 31, 0, 64 },
	{ 0x98800009, "ldrsw x9, .-1048576", 4, 1, 9, 0, SX+WIDE, PC, 31, 0, -1048576 },
	{ 0x987fffe9, "ldrsw x9, .+1048572", 4, 1, 9, 0, SX+WIDE, PC, 31, 0, 1048572 },
	{ 0x98000209, "ldrsw x9, .+64", 4, 1, 9, 0, SX+WIDE, PC, 31, 0, 64 },
};

/* Nothing that a device is accessed by: exclusive, atomic, SIMD, tags, hints; or with a base that is also moved. */
static const struct {
	u32 insn;
	const char *text;
} others[] = {
	{ 0xc85f7c20, "ldxr x0, [x1]" },
	{ 0xc8027c20, "stxr w2, x0, [x1]" },
	{ 0x085ffc20, "ldaxrb w0, [x1]" },
	{ 0x4802fc20, "stlxrh w2, w0, [x1]" },
	{ 0xc87f0440, "ldxp x0, x1, [x2]" },
	{ 0xc8230440, "stxp w3, x0, x1, [x2]" },
	{ 0xf8200041, "ldadd x0, x1, [x2]" },
	{ 0x3820105f, "stclrb w0, [x2]" },
	{ 0xb8e08041, "swpal w0, w1, [x2]" },
	{ 0xc8a07c41, "cas x0, x1, [x2]" },
	{ 0x48207c82, "casp x0, x1, x2, x3, [x4]" },
	{ 0x78204041, "ldsmaxh w0, w1, [x2]" },
	{ 0x3dc00020, "ldr q0, [x1]" },
	{ 0xfc008c20, "str d0, [x1, #8]!" },
	{ 0xad400420, "ldp q0, q1, [x1]" },
	{ 0x2c810420, "stp s0, s1, [x1], #8" },
	{ 0x6c000420, "stnp d0, d1, [x1]" },
	{ 0x3c626820, "ldr b0, [x1, x2]" },
	{ 0x7c5ff021, "ldur h1, [x1, #-1]" },
	{ 0x9c000201, "ldr q1, .+64" },
	{ 0x4c407020, "ld1 {v0.16b}, [x1]" },
	{ 0x4c9f0820, "st4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x1], #64" },
	{ 0x0d40c020, "ld1r {v0.8b}, [x1]" },
	{ 0xf9800420, "prfm pldl1keep, [x1, #8]" },
	{ 0xf89f8020, "prfum pldl1keep, [x1, #-8]" },
	{ 0xf8a26820, "prfm pldl1keep, [x1, x2]" },
	{ 0xd8000040, "prfm pldl1keep, .+8" },
	{ 0x69000440, "stgp x0, x1, [x2]" },
	{ 0x69808440, "stgp x0, x1, [x2, #16]!" },
	{ 0xd9200820, "stg x0, [x1]" },
	{ 0xd9600020, "ldg x0, [x1]" },
	{ 0xd9a01420, "st2g x0, [x1], #16" },
	{ 0xf8201420, "ldraa x0, [x1, #8]" },
	{ 0xf8a01c20, "ldrab x0, [x1, #8]!" },
	{ 0xd50b7420, "dc zva, x0" },
	{ 0xd50b7e20, "dc civac, x0" },
	{ 0xd503201f, "nop" },
	{ 0xd65f03c0, "ret" },
	{ 0xd5380000, "mrs x0, midr_el1" },
	{ 0xd4000002, "hvc #0" },
	{ 0x8b020020, "add x0, x1, x2" },
	{ 0x14000002, "b .+8" },
	{ 0xa9400441, "ldp x1, x1, [x2]" },
	{ 0xf8408421, "ldr x1, [x1], #8" },
	{ 0xa9c10422, "ldp x2, x1, [x1, #16]!" },
	{ 0xf8008c63, "str x3, [x3, #8]!" },
	{ 0xa88114a4, "stp x4, x5, [x5], #16" },
	{ 0xa400a020, "ld1b {z0.b}, p0/z, [x1]" },
	{ 0xe5804020, "str z0, [x1]" },
	{ 0x85800020, "ldr p0, [x1]" },
	{ 0xf83f9100, "st64b x0, [x8]" },
	{ 0xf83fd100, "ld64b x0, [x8]" },
	{ 0x00000000, "udf #0" },
};
/* clang-format on */

static struct arm64_access expected_of(const struct row *row)
{
	return (struct arm64_access){ .size = row->size,
				      .count = row->count,
				      .reg = { row->reg, row->reg2 },
				      .store = row->flags & ST,
				      .sign_extend = row->flags & SX,
				      .wide = row->flags & WIDE,
				      .writeback = row->flags & WB,
				      .post = row->flags & POST,
				      .base = row->base,
				      .index = row->index,
				      .index_32 = row->flags & I32,
				      .index_signed = row->flags & ISX,
				      .index_shift = row->shift,
				      .offset = row->offset };
}

static bool same(const struct arm64_access *a, const struct arm64_access *b)
{
	return a->size == b->size && a->count == b->count && a->reg[0] == b->reg[0] &&
	       a->reg[1] == b->reg[1] && a->store == b->store && a->sign_extend == b->sign_extend &&
	       a->wide == b->wide && a->writeback == b->writeback && a->post == b->post &&
	       a->base == b->base && a->index == b->index && a->index_32 == b->index_32 &&
	       a->index_signed == b->index_signed && a->index_shift == b->index_shift &&
	       a->offset == b->offset;
}

static void test_assembled(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(assembled); i++) {
		const struct row *row = &assembled[i];
		struct arm64_access got, expected = expected_of(row);

		if (arm64_decode_access(row->insn, &got))
			fail_msg("%s: not decoded", row->text);
		/* An offset in a register that is 64 bits wide is neither signed nor not. */
		if (!got.index_32)
			got.index_signed = expected.index_signed;
		if (!same(&got, &expected))
			fail_msg("%s: not as expected", row->text);
	}
}

static void test_others(void **state)
{
	struct arm64_access access;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		if (arm64_decode_access(others[i].insn, &access) != -ENOSYS)
			fail_msg("%s: decoded", others[i].text);
}

/*
 * Chapter C6.2 in bits 31 to 0: z size, o opc, L load, w mode of a pair, i s l p offsets, m Rm, x option, S shift, n Rn,
 * t Rt, u Rt2, . ignored.
 */
enum form { SCALED, PLAIN, POST_INDEX, PRE_INDEX, REGISTER, LITERAL, PAIR };
static const struct {
	const char *bits;
	enum form form;
} manual[] = {
	{ "zz111001ooiiiiiiiiiiiinnnnnttttt", SCALED },     /* LDR, STR */
	{ "zz111000oo0sssssssss00nnnnnttttt", PLAIN },      /* LDUR, STUR */
	{ "zz111000oo0sssssssss01nnnnnttttt", POST_INDEX }, /* LDR, STR */
	{ "zz111000oo0sssssssss10nnnnnttttt", PLAIN },      /* LDTR, STTR */
	{ "zz111000oo0sssssssss11nnnnnttttt", PRE_INDEX },  /* LDR, STR */
	{ "zz111000oo1mmmmmx1xS10nnnnnttttt", REGISTER },   /* LDR, STR */
	{ "zz011001oo0sssssssss00nnnnnttttt", PLAIN },      /* LDAPUR, STLUR */
	{ "zz0010001L0...........nnnnnttttt", PLAIN },      /* LDAR, STLR, LDLAR, STLLR */
	{ "zz11100010111111110000nnnnnttttt", PLAIN },      /* LDAPR */
	{ "zz011000lllllllllllllllllllttttt", LITERAL },    /* LDR, LDRSW */
	{ "zz10100wwLpppppppuuuuunnnnnttttt", PAIR },       /* LDP, STP, LDNP, STNP, LDPSW */
};

static bool matches(const char *bits, u32 insn)
{
	for (unsigned i = 0; i < 32; i++)
		if ((bits[i] == '0' || bits[i] == '1') &&
		    (insn >> (31 - i) & 1) != (u32)(bits[i] - '0'))
			return false;
	return true;
}

/* Bits of @insn that have @letter, from the highest down; @fallback when there are none. */
static u32 letter(const char *bits, u32 insn, char name, u32 fallback)
{
	u32 value = 0;
	bool found = false;

	for (unsigned i = 0; i < 32; i++) {
		if (bits[i] != name)
			continue;
		value = value << 1 | (insn >> (31 - i) & 1);
		found = true;
	}
	return found ? value : fallback;
}

static s32 extended(u32 value, unsigned width)
{
	return value >> (width - 1) ? (s32)value - (1 << width) : (s32)value;
}

/* By size and opc: bytes, and what happens to them. */
static int kind_of(u32 size, u32 opc, struct arm64_access *access)
{
	static const char *const names[4][4] = { { "STRB", "LDRB", "LDRSB x", "LDRSB w" },
						 { "STRH", "LDRH", "LDRSH x", "LDRSH w" },
						 { "STR w", "LDR w", "LDRSW x", NULL },
						 { "STR x", "LDR x", NULL, NULL } };
	const char *name = names[size][opc];

	if (!name)
		return -ENOSYS;
	access->size = (u8)(1u << size);
	access->count = 1;
	access->store = name[0] == 'S';
	access->sign_extend = strncmp(name, "LDRS", 4) == 0;
	access->wide = strchr(name, 'x');
	return 0;
}

static int pair_of(const char *bits, u32 insn, struct arm64_access *access)
{
	u32 size = letter(bits, insn, 'z', 0), mode = letter(bits, insn, 'w', 0);
	bool load = letter(bits, insn, 'L', 0);

	if (size == 3 || (size == 1 && (mode == 0 || !load)))
		return -ENOSYS;
	access->size = size == 2 ? 8 : 4;
	access->count = 2;
	access->reg[1] = (u8)letter(bits, insn, 'u', 0);
	access->store = !load;
	access->sign_extend = size == 1;
	access->wide = size != 0;
	access->post = mode == 1;
	access->writeback = mode == 1 || mode == 3;
	access->offset = extended(letter(bits, insn, 'p', 0), 7) * access->size;
	return load && access->reg[0] == access->reg[1] ? -ENOSYS : 0;
}

static int single_of(const char *bits, enum form form, u32 insn, struct arm64_access *access)
{
	u32 size = letter(bits, insn, 'z', 0), option = letter(bits, insn, 'x', 0);
	u32 opc = letter(bits, insn, 'o', letter(bits, insn, 'L', 1));

	if (form == LITERAL) {
		static const u8 sizes[] = { 2, 3, 2 };

		if (size == 3) /* a prefetch */
			return -ENOSYS;
		opc = size == 2 ? 2 : 1;
		size = sizes[size];
		access->base = ARM64_BASE_PC;
		access->offset = extended(letter(bits, insn, 'l', 0), 19) * 4;
	}
	if (form == SCALED)
		access->offset = (s32)(letter(bits, insn, 'i', 0) << size);
	else if (form != LITERAL && form != REGISTER)
		access->offset = extended(letter(bits, insn, 's', 0), 9);
	if (form == REGISTER) {
		access->index = (u8)letter(bits, insn, 'm', 0);
		access->index_32 = !(option & 1);
		access->index_signed = option & 2;
		access->index_shift = letter(bits, insn, 'S', 0) ? (u8)size : 0;
	}
	access->post = form == POST_INDEX;
	access->writeback = form == POST_INDEX || form == PRE_INDEX;
	return kind_of(size, opc, access);
}

static int reference(u32 insn, struct arm64_access *access)
{
	for (unsigned i = 0; i < ARRAY_SIZE(manual); i++) {
		const char *bits = manual[i].bits;
		int err;

		if (!matches(bits, insn))
			continue;
		*access = (struct arm64_access){ .index = 31,
						 .reg[0] = (u8)letter(bits, insn, 't', 0),
						 .base = (u8)letter(bits, insn, 'n', 0) };
		err = manual[i].form == PAIR ? pair_of(bits, insn, access) :
					       single_of(bits, manual[i].form, insn, access);
		if (!err && access->writeback && access->base != 31 &&
		    (access->base == access->reg[0] ||
		     (access->count == 2 && access->base == access->reg[1])))
			err = -ENOSYS;
		return err;
	}
	return -ENOSYS;
}

/* Half of them are loads and stores (op0 x1x0), or there would be few. */
static void test_random_instructions(void **state)
{
	u64 seed = 4;
	unsigned decoded = 0;

	(void)state;
	for (unsigned i = 0; i < 3000000; i++) {
		u32 insn = (u32)test_random(&seed);
		struct arm64_access got, expected;
		int err;

		if (i & 1)
			insn = (insn & ~(5u << 25)) | 4u << 25;
		err = reference(insn, &expected);
		if (arm64_decode_access(insn, &got) != err)
			fail_msg("0x%08x: %s", insn, err ? "decoded" : "not decoded");
		if (!err && !same(&got, &expected))
			fail_msg("0x%08x: not as expected", insn);
		decoded += !err;
	}
	assert_true(decoded > 300000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assembled),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_random_instructions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
