/* SPDX-License-Identifier: MIT */
/*
 * Test guest: every form of load and store on device registers does what it does on memory, or gives the external
 * abort where the architecture lets a device refuse; where nobody answers each form aborts.
 */
#include <gic.h>

enum {
	STORE = 1 << 0,
	SIGN32 = 1 << 1,
	SIGN64 = 1 << 2,
	PAIR = 1 << 3,
	REFUSES = 1 << 4,  /* an external abort is as good */
	EL0_VIEW = 1 << 5, /* needs a mapping that EL0 may use */
	ATOMIC = 1 << 6,
	FLOAT = 1 << 7,
};

/* Rt is x1 (and x4, a pair), Rn x2, Rm x3. The address is x2 + offset, x2 changes by back. */
struct form {
	const char *name;
	u32 insn;
	u8 size;
	u8 flags;
	int8_t offset, back;
	u64 index; /* x3 */
};

#define IMM(size, opc, imm) (0x39000041u | (u32)(size) << 30 | (opc) << 22 | (u32)(imm) << 10)
#define IMM9(size, opc, imm, mode) \
	(0x38000041u | (u32)(size) << 30 | (opc) << 22 | ((u32)(imm)&0x1ff) << 12 | (mode) << 10)
#define UNSCALED(size, opc, imm) IMM9(size, opc, imm, 0)
#define POST(size, opc, imm) IMM9(size, opc, imm, 1)
#define UNPRIVILEGED(size, opc) IMM9(size, opc, 0, 2)
#define PRE(size, opc, imm) IMM9(size, opc, imm, 3)
#define REGISTER(size, opc, option, scale) \
	(0x38230841u | (u32)(size) << 30 | (opc) << 22 | (option) << 13 | (scale) << 12)
#define PAIRED(insn, imm) ((insn) | ((u32)(imm)&0x7f) << 15 | 4 << 10 | 2 << 5 | 1)
enum { LSL = 3, UXTW = 2, SXTW = 6, SXTX = 7 };

static const struct form forms[] = {
	{ "ldrb", IMM(0, 1, 0), 1, 0, 0, 0, 0 },
	{ "ldrsb w", IMM(0, 3, 0), 1, SIGN32, 0, 0, 0 },
	{ "ldrsb x", IMM(0, 2, 0), 1, SIGN64, 0, 0, 0 },
	{ "ldrh", IMM(1, 1, 0), 2, 0, 0, 0, 0 },
	{ "ldrsh w", IMM(1, 3, 0), 2, SIGN32, 0, 0, 0 },
	{ "ldrsh x", IMM(1, 2, 0), 2, SIGN64, 0, 0, 0 },
	{ "ldr w", IMM(2, 1, 0), 4, 0, 0, 0, 0 },
	{ "ldrsw", IMM(2, 2, 0), 4, SIGN64, 0, 0, 0 },
	{ "ldr x", IMM(3, 1, 0), 8, 0, 0, 0, 0 },
	{ "strb", IMM(0, 0, 0), 1, STORE, 0, 0, 0 },
	{ "strh", IMM(1, 0, 0), 2, STORE, 0, 0, 0 },
	{ "str w", IMM(2, 0, 0), 4, STORE, 0, 0, 0 },
	{ "str x", IMM(3, 0, 0), 8, STORE, 0, 0, 0 },
	{ "ldrb, offset", IMM(0, 1, 33), 1, 0, 33, 0, 0 },
	{ "ldr w, offset", IMM(2, 1, 16), 4, 0, 64, 0, 0 },
	{ "str w, offset", IMM(2, 0, 16), 4, STORE, 64, 0, 0 },
	{ "str x, offset", IMM(3, 0, 8), 8, STORE, 64, 0, 0 },
	{ "ldur w", UNSCALED(2, 1, -9), 4, 0, -9, 0, 0 },
	{ "ldursb x", UNSCALED(0, 2, -1), 1, SIGN64, -1, 0, 0 },
	{ "ldursw", UNSCALED(2, 2, 3), 4, SIGN64, 3, 0, 0 },
	{ "stur w", UNSCALED(2, 0, -7), 4, STORE, -7, 0, 0 },
	{ "stur x", UNSCALED(3, 0, 1), 8, STORE, 1, 0, 0 },
	{ "ldr w, register", REGISTER(2, 1, LSL, 0), 4, 0, 24, 0, 24 },
	{ "ldr w, register scaled", REGISTER(2, 1, LSL, 1), 4, 0, 24, 0, 6 },
	{ "ldrsw, 32-bit register", REGISTER(2, 2, UXTW, 1), 4, SIGN64, 8, 0, 0xffffffff00000002 },
	{ "ldrh, signed register", REGISTER(1, 1, SXTW, 1), 2, 0, -4, 0, 0x12345678fffffffe },
	{ "str w, signed register", REGISTER(2, 0, SXTX, 0), 4, STORE, -12, 0, (u64)-12 },
	{ "strb, register", REGISTER(0, 0, UXTW, 0), 1, STORE, 5, 0, 5 },
	{ "ldr w, post-index", POST(2, 1, 20), 4, 0, 0, 20, 0 },
	{ "ldrb, post-index", POST(0, 1, -1), 1, 0, 0, -1, 0 },
	{ "ldrsb x, post-index", POST(0, 2, 7), 1, SIGN64, 0, 7, 0 },
	{ "ldrsh w, post-index", POST(1, 3, 2), 2, SIGN32, 0, 2, 0 },
	{ "ldrsw, post-index", POST(2, 2, -128), 4, SIGN64, 0, -128, 0 },
	{ "ldr x, post-index", POST(3, 1, 8), 8, 0, 0, 8, 0 },
	{ "strb, post-index", POST(0, 0, 1), 1, STORE, 0, 1, 0 },
	{ "strh, post-index", POST(1, 0, -2), 2, STORE, 0, -2, 0 },
	{ "str w, post-index", POST(2, 0, 4), 4, STORE, 0, 4, 0 },
	{ "str x, post-index", POST(3, 0, -8), 8, STORE, 0, -8, 0 },
	{ "ldr w, pre-index", PRE(2, 1, 12), 4, 0, 12, 12, 0 },
	{ "ldrb, pre-index", PRE(0, 1, 3), 1, 0, 3, 3, 0 },
	{ "ldrsw, pre-index", PRE(2, 2, -4), 4, SIGN64, -4, -4, 0 },
	{ "ldr x, pre-index", PRE(3, 1, -16), 8, 0, -16, -16, 0 },
	{ "strb, pre-index", PRE(0, 0, -6), 1, STORE, -6, -6, 0 },
	{ "str w, pre-index", PRE(2, 0, 100), 4, STORE, 100, 100, 0 },
	{ "str x, pre-index", PRE(3, 0, 16), 8, STORE, 16, 16, 0 },
	{ "ldtr w", UNPRIVILEGED(2, 1), 4, EL0_VIEW, 0, 0, 0 },
	{ "ldtrsb x", UNPRIVILEGED(0, 2), 1, SIGN64 | EL0_VIEW, 0, 0, 0 },
	{ "sttr w", UNPRIVILEGED(2, 0), 4, STORE | EL0_VIEW, 0, 0, 0 },
	{ "ldar w", 0x88dffc41, 4, 0, 0, 0, 0 },
	{ "ldarb", 0x08dffc41, 1, 0, 0, 0, 0 },
	{ "stlr w", 0x889ffc41, 4, STORE, 0, 0, 0 },
	{ "stlrb", 0x089ffc41, 1, STORE, 0, 0, 0 },
	{ "ldp w", PAIRED(0x29400000, 1), 4, PAIR, 4, 0, 0 },
	{ "ldp w, post-index", PAIRED(0x28c00000, 2), 4, PAIR, 0, 8, 0 },
	{ "ldp w, pre-index", PAIRED(0x29c00000, -3), 4, PAIR, -12, -12, 0 },
	{ "ldnp w", PAIRED(0x28400000, 0), 4, PAIR, 0, 0, 0 },
	{ "ldpsw", PAIRED(0x69400000, -1), 4, PAIR | SIGN64, -4, 0, 0 },
	{ "ldpsw, post-index", PAIRED(0x68c00000, 5), 4, PAIR | SIGN64, 0, 20, 0 },
	{ "ldp x", PAIRED(0xa9400000, 0), 8, PAIR, 0, 0, 0 },
	{ "ldp x, post-index", PAIRED(0xa8c00000, 2), 8, PAIR, 0, 16, 0 },
	{ "stp w", PAIRED(0x29000000, -2), 4, PAIR | STORE, -8, 0, 0 },
	{ "stp w, post-index", PAIRED(0x28800000, 1), 4, PAIR | STORE, 0, 4, 0 },
	{ "stp w, pre-index", PAIRED(0x29800000, 8), 4, PAIR | STORE, 32, 32, 0 },
	{ "stnp w", PAIRED(0x28000000, 0), 4, PAIR | STORE, 0, 0, 0 },
	{ "stp x", PAIRED(0xa9000000, 0), 8, PAIR | STORE, 0, 0, 0 },
	{ "stp x, pre-index", PAIRED(0xa9800000, -2), 8, PAIR | STORE, -16, -16, 0 },
	{ "ldxr w", 0x885f7c41, 4, REFUSES, 0, 0, 0 },
	{ "ldaxr w", 0x885ffc41, 4, REFUSES, 0, 0, 0 },
	{ "ldr s", 0xbd400041, 4, REFUSES | FLOAT, 0, 0, 0 },
	{ "ldr d", 0xfd400041, 8, REFUSES | FLOAT, 0, 0, 0 },
	{ "ldr b, post-index", 0x3c401441, 1, REFUSES | FLOAT, 0, 1, 0 },
	{ "ld1", 0x0d408041, 4, REFUSES | FLOAT, 0, 0, 0 },
	{ "str s", 0xbd000041, 4, STORE | REFUSES | FLOAT, 0, 0, 0 },
	{ "str d", 0xfd000041, 8, STORE | REFUSES | FLOAT, 0, 0, 0 },
	{ "str s, pre-index", 0xbc004c41, 4, STORE | REFUSES | FLOAT, 4, 4, 0 },
	{ "st1", 0x0d008041, 4, STORE | REFUSES | FLOAT, 0, 0, 0 },
};

/* Forms that only have to end somehow: with the abort, or as if on memory. */
static const struct {
	const char *name;
	u32 insn;
} others[] = {
	{ "stxr", 0x88057c41 },  { "ldadd", 0xb8230041 }, { "swp", 0xb8238041 },
	{ "cas", 0x88a37c41 },   { "casp", 0x08267c48 },  { "stadd", 0xb823005f },
	{ "ldr q", 0x3dc00041 }, { "str q", 0x3d800041 }, { "ldp s", 0x2d400041 },
	{ "stp q", 0xad000041 }, { "ldp q", 0xad400041 }, { "ld1 4", 0x4c402841 },
	{ "st4", 0x4c000841 },   { "ldxp", 0x887f1041 },  { "ldaddb", 0x38230041 },
	{ "ld1r", 0x4d40c841 },
};

/* ---- registers that keep what is written ---- */

enum { RTC_MR = 0x4, UART_IBRD = 0x24, UART_FBRD = 0x28 };
#define SPI 96

struct target {
	u64 at;
	u64 value, other; /* what it can hold, with the upper bit set; something else */
};

static bool find_target(const struct form *f, struct target *t)
{
	static const struct target by_size[] = {
		[1] = { 0, 0xa0, 0x50 },
		[2] = { UART_BASE + UART_IBRD, 0x8765, 0x4321 },
		[4] = { RTC_BASE + RTC_MR, 0x89abcdef, 0x01234567 },
	};

	if (f->size == 8 || ((f->flags & PAIR) && f->size == 8)) {
		*t = (struct target){ gicd + GICD_IROUTER + 8 * SPI, 0x10203, 0 };
		return gic_version == 3;
	}
	*t = by_size[f->size];
	if (f->size == 1)
		t->at = gicd + GICD_IPRIORITYR + SPI;
	if (f->flags & PAIR)
		*t = (struct target){ UART_BASE + UART_IBRD, 0x8765, 0x4321 };
	return true;
}

static void put(const struct form *f, u64 at, u64 value)
{
	if (f->size == 1)
		write8(at, (u8)value);
	else if (f->size == 8)
		write64(at, value);
	else
		write32(at, (u32)value);
}

static u64 get(const struct form *f, u64 at)
{
	return f->size == 1 ? read8(at) : f->size == 8 ? read64(at) : read32(at);
}

/* The second register of a pair, and what it can hold. */
static u64 second(const struct form *f, const struct target *t)
{
	return t->at + f->size;
}
static u64 second_value(const struct form *f)
{
	return f->size == 8 ? 0x10200 : 0x2a;
}

static u64 extended(const struct form *f, u64 value)
{
	u64 sign = f->size < 8 ? 1ul << (8 * f->size - 1) : 0;

	if (!(f->flags & (SIGN32 | SIGN64)) || !(value & sign))
		return value;
	value |= ~(sign - 1);
	return f->flags & SIGN32 ? value & 0xffffffff : value;
}

/* Everything but what the form changes is as it was. */
static unsigned others_changed(u32 changed)
{
	const struct cpu *cpu = this_cpu();
	unsigned wrong = 0;

	for (unsigned i = 0; i < 32; i++)
		if (!(changed >> i & 1) && cpu->out[i] != cpu->in[i]) {
			print("x%u was 0x%lx, is 0x%lx\n", i, cpu->in[i], cpu->out[i]);
			wrong++;
		}
	return wrong;
}

static void fill(const struct form *f, u64 at)
{
	struct cpu *cpu = this_cpu();

	for (unsigned i = 0; i < 32; i++)
		cpu->in[i] = (0x0123456789abcd00ul * (i + 1) + i) & ~15ul;
	cpu->in[2] = at - (u64)(int64_t)f->offset;
	cpu->in[3] = f->index;
}

static bool is_abort(u64 ec, u64 at, u64 size)
{
	return ec == EC_DABORT && trap_fsc() == FSC_EXTERNAL && trap_far() >= at &&
	       trap_far() < at + size && trap_elr() == run_address();
}

static bool load_works(const struct form *f, const struct target *t, u64 at)
{
	struct cpu *cpu = this_cpu();
	u64 v1 = extended(f, t->value), v2 = extended(f, second_value(f));
	u32 changed = 1u << 2 | (f->flags & FLOAT ? 0 : 1u << 1 | (f->flags & PAIR ? 1u << 4 : 0));

	put(f, t->at, t->value);
	if (f->flags & PAIR)
		put(f, second(f, t), second_value(f));
	if (run_instruction(f->insn) != EC_NONE)
		return false;
	if (f->flags & FLOAT)
		__asm__ volatile(".arch_extension fp\n\tfmov %0, d1" : "=r"(cpu->out[1]));
	cpu->in[1] = (f->flags & FLOAT) ? cpu->out[1] : cpu->in[1];
	return cpu->out[1] == v1 && (!(f->flags & PAIR) || cpu->out[4] == v2) &&
	       cpu->out[2] == at - (u64)(int64_t)f->offset + (u64)(int64_t)f->back &&
	       !others_changed(changed);
}

static bool store_works(const struct form *f, const struct target *t, u64 at)
{
	struct cpu *cpu = this_cpu();

	put(f, t->at, t->other);
	if (f->flags & PAIR)
		put(f, second(f, t), 1);
	cpu->in[1] = t->value | (f->size < 4  ? 0x5555555555550000 :
				 f->size == 4 ? 0x5555555500000000 :
						0);
	cpu->in[4] = second_value(f);
	if (f->flags & FLOAT)
		__asm__ volatile(".arch_extension fp\n\tfmov d1, %0" ::"r"(t->value));
	if (run_instruction(f->insn) != EC_NONE)
		return false;
	return get(f, t->at) == t->value &&
	       (!(f->flags & PAIR) || get(f, second(f, t)) == second_value(f)) &&
	       cpu->out[2] == at - (u64)(int64_t)f->offset + (u64)(int64_t)f->back &&
	       !others_changed(1u << 2);
}

static void on_devices(const char *where)
{
	unsigned refused = 0;

	print("- on devices, %s\n", where);
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		struct target t;
		u64 at, first, next;
		bool good;

		if (!find_target(f, &t))
			continue;
		at = f->flags & EL0_VIEW && (sysreg_read(sctlr_el1) & SCTLR_M) ?
			     user_address(t.at) :
			     t.at;
		first = get(f, t.at);
		next = f->flags & PAIR ? get(f, second(f, &t)) : 0;
		fill(f, at);
		good = f->flags & STORE ? store_works(f, &t, at) : load_works(f, &t, at);
		if (!good && f->flags & REFUSES) {
			fill(f, at);
			good = is_abort(run_instruction(f->insn), at, f->size) &&
			       !others_changed(0);
			refused++;
		}
		if (!good)
			print("ESR 0x%lx FAR 0x%lx x1 0x%lx x2 0x%lx x4 0x%lx\n", trap_esr(),
			      trap_far(), this_cpu()->out[1], this_cpu()->out[2],
			      this_cpu()->out[4]);
		check(f->name, good);
		put(f, t.at, first);
		if (f->flags & PAIR)
			put(f, second(f, &t), next);
	}
	print("  %u forms refused\n", refused);
}

/* Any register as source and destination, the zero register and SP as well. */
static void every_register(void)
{
	struct cpu *cpu = this_cpu();
	unsigned wrong = 0;
	struct form plain = { .size = 4 };

	for (u32 rt = 0; rt < 32; rt++) {
		write32(RTC_BASE + RTC_MR, 0x89abcdef);
		fill(&plain, RTC_BASE + RTC_MR);
		wrong += run_instruction(0xb9400040 | rt) != EC_NONE; /* ldr w<rt>, [x2] */
		wrong += rt < 31 && cpu->out[rt] != 0x89abcdef;
		wrong += others_changed(rt < 31 ? 1u << rt : 0);
		fill(&plain, RTC_BASE + RTC_MR);
		wrong += run_instruction(0xb9000040 | rt) != EC_NONE; /* str w<rt>, [x2] */
		wrong += read32(RTC_BASE + RTC_MR) != (rt < 31 ? (u32)cpu->in[rt] : 0);
		wrong += others_changed(0);
	}
	check_equal("every register from and to a device", wrong, 0);
	for (u32 rn = 0; rn < 32; rn++) {
		fill(&plain, RTC_BASE);
		cpu->in[rn] = RTC_BASE + RTC_MR;
		write32(RTC_BASE + RTC_MR, 0x76543210 + rn);
		wrong += run_instruction(0xb8404400 | rn << 5 | (rn == 1 ? 0 : 1)) !=
			 EC_NONE; /* ldr w1, [x<rn>], #4 */
		wrong += cpu->out[rn == 1 ? 0 : 1] != 0x76543210 + rn ||
			 cpu->out[rn] != RTC_BASE + RTC_MR + 4;
	}
	check_equal("every register as address, with write-back", wrong, 0);
	write32(RTC_BASE + RTC_MR, 0);
}

static void other_forms(void)
{
	static const u64 places[] = { RTC_BASE + RTC_MR, UART_BASE + UART_IBRD };
	unsigned answers = 0, aborts = 0, absent = 0, wrong = 0;

	for (unsigned p = 0; p < ARRAY_SIZE(places); p++)
		for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
			struct form any = { .size = 4 };
			u64 ec;

			fill(&any, places[p]);
			ec = run_instruction(others[i].insn);
			if (ec == EC_NONE)
				answers++;
			else if (is_abort(ec, places[p], 64) ||
				 (ec == EC_DABORT && trap_fsc() == FSC_ALIGNMENT) ||
				 (ec == EC_DABORT &&
				  trap_fsc() == 0x35)) /* unsupported exclusive or atomic */
				aborts++;
			else if (ec == EC_UNKNOWN)
				absent++;
			else
				wrong++, print("%s: ESR 0x%lx FAR 0x%lx\n", others[i].name,
					       trap_esr(), trap_far());
		}
	print("- wide and atomic forms: %u answers, %u aborts, %u undefined\n", answers, aborts,
	      absent);
	check_equal("nothing else than an answer or the abort", wrong, 0);
	write32(RTC_BASE + RTC_MR, 0);
	write32(UART_BASE + UART_IBRD, 0);
	write32(UART_BASE + UART_FBRD, 0);
}

/* ---- where nobody answers ---- */

static void nowhere(u64 at)
{
	unsigned wrong = 0, changed = 0, direction = 0, first = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];
		u64 to = f->flags & EL0_VIEW && (sysreg_read(sctlr_el1) & SCTLR_M) ?
				 user_address(at) :
				 at;

		fill(f, to);
		if (!is_abort(run_instruction(f->insn), to, 1)) {
			if (!wrong++)
				first = i;
		} else {
			changed += others_changed(0);
			direction += !(trap_esr() & ESR_WNR) != !(f->flags & STORE);
		}
	}
	print("- nowhere, at 0x%lx\n", at);
	if (wrong)
		print("first: %s\n", forms[first].name);
	check_equal("  each form gives an external abort at its address", wrong, 0);
	check_equal("  and changes no register", changed, 0);
	check_equal("  loads are told from stores", direction, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		struct form any = { .size = 4 };
		u64 ec;

		fill(&any, at);
		ec = run_instruction(others[i].insn);
		if (ec == EC_UNKNOWN ||
		    (others[i].insn == 0x88057c41 && ec == EC_NONE)) /* stxr just fails */
			continue;
		if (!is_abort(ec, at, 64))
			wrong++, print("%s: ESR 0x%lx FAR 0x%lx\n", others[i].name, trap_esr(),
				       trap_far());
	}
	check_equal("  wide and atomic forms too", wrong, 0);
}

static void hints_nowhere(void)
{
	static const struct {
		const char *name;
		u32 insn;
		bool must_abort, may_abort;
	} rows[] = {
		{ "prfm", 0xf9800040, false, false },    { "dc cvac", 0xd50b7a22, false, true },
		{ "dc civac", 0xd50b7e22, false, true }, { "dc cvau", 0xd50b7b22, false, true },
		{ "dc ivac", 0xd5087622, false, true },  { "ic ivau", 0xd50b7522, false, true },
		{ "dc zva", 0xd50b7422, true, true },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct form any = { .size = 4 };
		u64 ec;

		fill(&any, NOWHERE_HIGH);
		ec = run_instruction(rows[i].insn);
		check(rows[i].name, (ec == EC_NONE && !rows[i].must_abort) ||
					    (rows[i].may_abort && is_abort(ec, NOWHERE_HIGH, 1)));
	}
}

/* Over the end of memory, where memory lets accesses be misaligned. */
static void straddling(void)
{
	u64 base, size, end;
	unsigned wrong = 0, count = 0;

	fdt_reg(fdt_node("/memory"), 0, &base, &size);
	end = base + size;
	for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
		const struct form *f = &forms[i];

		if (f->flags & (EL0_VIEW | PAIR) || !(f->insn & 0x30000000) || (f->flags & REFUSES))
			continue; /* ldar and its like have to be aligned */
		for (u64 before = 1; before < f->size; before++, count++) {
			fill(f, end - before);
			if (!is_abort(run_instruction(f->insn), end - before, f->size))
				wrong++, print("%s at the end less %lu: ESR 0x%lx FAR 0x%lx\n",
					       f->name, before, trap_esr(), trap_far());
		}
	}
	check("accesses over the end of memory", count > 50);
	check_equal("  abort", wrong, 0);
}

/* Device memory knows no misaligned access (B2.10). */
static void misaligned(void)
{
	static const u64 places[] = { RTC_BASE, UART_BASE, NOWHERE };
	unsigned wrong = 0;

	/* Under a hypervisor such an access gets an abort of another kind there. */
	if (TRAP((void)read32(RTC_BASE + RTC_MR + 1)) == EC_NONE || trap_fsc() != FSC_ALIGNMENT) {
		skip("misaligned accesses to devices", "QEMU with one CPU lets them through");
		return;
	}
	for (unsigned p = 0; p < ARRAY_SIZE(places); p++)
		for (unsigned i = 0; i < ARRAY_SIZE(forms); i++) {
			const struct form *f = &forms[i];
			u64 at = places[p] + 1, ec;

			if (f->size == 1 || (f->flags & EL0_VIEW))
				continue;
			fill(f, at);
			ec = run_instruction(f->insn);
			if (ec != EC_DABORT || trap_fsc() != FSC_ALIGNMENT || trap_far() != at)
				if (!wrong++)
					print("%s: ESR 0x%lx FAR 0x%lx\n", f->name, trap_esr(),
					      trap_far());
		}
	check_equal("a misaligned access to a device is an alignment fault", wrong, 0);
}

/* ---- fetches ---- */

static void fetch(const char *name, u64 at, u64 fsc)
{
	u64 ec = TRAP(((void (*)(void))at)());

	print("- fetch: %s\n", name);
	check_equal("  aborts", ec, EC_IABORT);
	check_equal("  status", trap_fsc(), fsc);
	check_equal("  FAR", trap_far(), at);
	check_equal("  ELR", trap_elr(), at);
}

static void fetches(void)
{
	u64 end, base, size;

	fetch("what may not be executed", UART_BASE, FSC_PERMISSION | 1);
	identity[0] &= ~PTE_PXN;
	tlb_flush();
	if (!option("bare")) { /* QEMU executes what a device answers */
		fetch("UART", UART_BASE, FSC_EXTERNAL);
		fetch("GIC", gicd, FSC_EXTERNAL);
	}
	fetch("nowhere below memory", NOWHERE, FSC_EXTERNAL);
	identity[0] |= PTE_PXN;
	tlb_flush();
	fetch("nowhere above memory", NOWHERE_HIGH, FSC_EXTERNAL);
	fdt_reg(fdt_node("/memory"), 0, &base, &size);
	end = base + size;
	fetch("the end of memory", end, FSC_EXTERNAL);
	*(volatile u32 *)(end - 4) = 0xd65f03c0; /* ret */
	code_sync((void *)(end - 4), 4);
	check("the last word of memory can be executed", probe_call(end - 4));
	if (!option("bare"))
		fetch("below memory", base - 4, FSC_PERMISSION | 1);
}

void guest_main(void)
{
	sysreg_write(cpacr_el1, 3 << 20);
	isb();
	on_devices("translated");
	every_register();
	other_forms();
	nowhere(NOWHERE);
	nowhere(NOWHERE_HIGH);
	hints_nowhere();
	straddling();
	misaligned();
	fetches();
	mmu_off();
	on_devices("translation off");
	nowhere(NOWHERE);
	mmu_on();
}
