/* SPDX-License-Identifier: MIT */
/* Test guest: accesses that no device or memory answers, of every kind, get the architecture's fault. */
#include <riscv.h>

/* All of them access through a0; stores take x0, f0. */
static const struct {
	const char *name;
	u32 insn;
	u64 cause;
	u8 size;
} accesses[] = {
	{ "lb", 0x00050283, EXC_LOAD_ACCESS, 1 },
	{ "lbu", 0x00054283, EXC_LOAD_ACCESS, 1 },
	{ "lh", 0x00051283, EXC_LOAD_ACCESS, 2 },
	{ "lhu", 0x00055283, EXC_LOAD_ACCESS, 2 },
	{ "lw", 0x00052283, EXC_LOAD_ACCESS, 4 },
	{ "lwu", 0x00056283, EXC_LOAD_ACCESS, 4 },
	{ "ld", 0x00053283, EXC_LOAD_ACCESS, 8 },
	{ "c.lw", 0x4114, EXC_LOAD_ACCESS, 4 },
	{ "c.ld", 0x6114, EXC_LOAD_ACCESS, 8 },
	{ "sb", 0x00050023, EXC_STORE_ACCESS, 1 },
	{ "sh", 0x00051023, EXC_STORE_ACCESS, 2 },
	{ "sw", 0x00052023, EXC_STORE_ACCESS, 4 },
	{ "sd", 0x00053023, EXC_STORE_ACCESS, 8 },
	{ "c.sw", 0xc114, EXC_STORE_ACCESS, 4 },
	{ "c.sd", 0xe114, EXC_STORE_ACCESS, 8 },
	{ "flw", 0x00052007, EXC_LOAD_ACCESS, 4 },
	{ "fld", 0x00053007, EXC_LOAD_ACCESS, 8 },
	{ "c.fld", 0x2114, EXC_LOAD_ACCESS, 8 },
	{ "fsw", 0x00052027, EXC_STORE_ACCESS, 4 },
	{ "fsd", 0x00053027, EXC_STORE_ACCESS, 8 },
	{ "c.fsd", 0xa114, EXC_STORE_ACCESS, 8 },
	{ "lr.w", 0x100522af, EXC_LOAD_ACCESS, 4 },
	{ "lr.d", 0x100532af, EXC_LOAD_ACCESS, 8 },
	{ "amoadd.w", 0x000522af, EXC_STORE_ACCESS, 4 },
	{ "amoswap.d", 0x080532af, EXC_STORE_ACCESS, 8 },
};

static u64 access(unsigned i, u64 at)
{
	hart_this()->in[10] = at;
	return run_instruction(accesses[i].insn);
}

static void nowhere(void)
{
	static const u64 places[] = {
		0x8,       0x1000000, 0x20000000, 0x7ffffff8, 0x7fffffff00,
		1ul << 41, 1ul << 50, 1ul << 56,  1ul << 59,
	};

	for (unsigned p = 0; p < ARRAY_SIZE(places); p++) {
		if (option("bare") && (places[p] == 0x20000000 || places[p] == 0x7ffffff8))
			continue; /* QEMU has something there */
		unsigned wrong_cause = 0, wrong_value = 0;

		for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
			u64 cause = access(i, places[p]);

			if (cause != accesses[i].cause)
				print("%s: cause %lu\n", accesses[i].name, cause), wrong_cause++;
			else if (trap_tval() != places[p])
				print("%s: stval 0x%lx\n", accesses[i].name, trap_tval()),
					wrong_value++;
		}
		print("- nowhere, at 0x%lx\n", places[p]);
		check_equal("  each access faults as it must", wrong_cause, 0);
		check_equal("  and names its address", wrong_value, 0);
	}
}

/*
 * On device registers the widths that a device has answer, others may fault; float and atomic accesses fault or
 * answer. What never happens: another cause, or a wrong address.
 */
static void devices(void)
{
	static const u64 places[] = { UART_BASE + 7, UART_BASE + 0xf8,
				      PLIC_BASE + 4, PLIC_BASE + 0x200000,
				      RTC_BASE,      0x100008 /* power-off is at 0 */ };
	unsigned faults = 0, answers = 0, wrong = 0;

	for (unsigned p = 0; p < ARRAY_SIZE(places); p++)
		for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
			u64 cause = access(i, places[p]);

			if (cause == EXC_NONE)
				answers++;
			else if (cause == accesses[i].cause && trap_tval() >= places[p] &&
				 trap_tval() < places[p] + accesses[i].size)
				faults++;
			else if (places[p] % accesses[i].size &&
				 (cause == EXC_LOAD_MISALIGNED || cause == EXC_STORE_MISALIGNED))
				faults++;
			else
				print("%s at 0x%lx: cause %lu stval 0x%lx\n", accesses[i].name,
				      places[p], cause, trap_tval()),
					wrong++;
		}
	print("- on devices: %u answers, %u faults\n", answers, faults);
	check_equal("nothing else than an answer or the fault", wrong, 0);
	write8(UART_BASE + 7, 0);
	write8(UART_BASE + 1, 0);
	write8(UART_BASE + 3, 3);
}

/* Wider than what is left of a region, or over its edge without alignment. */
static void straddling(void)
{
	u64 base, size, end;
	unsigned wrong = 0, good = 0;

	fdt_reg(fdt_node("/memory"), 0, &base, &size);
	end = base + size;
	for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
		if (accesses[i].size == 1)
			continue;
		for (u64 before = 1; before < accesses[i].size; before++) {
			u64 cause = access(i, end - before);
			bool misaligned =
				cause == EXC_LOAD_MISALIGNED || cause == EXC_STORE_MISALIGNED;

			if (cause == accesses[i].cause || misaligned)
				good++;
			else
				print("%s at end - %lu: cause %lu\n", accesses[i].name, before,
				      cause),
					wrong++;
		}
	}
	check("accesses over the end of memory fault", good > 0);
	check_equal("  all of them", wrong, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(accesses); i++) {
		u64 cause = access(i, UART_BASE + 0x100 - 1);

		wrong += accesses[i].size > 1 && cause == EXC_NONE && !option("bare");
		cause = access(i, UART_BASE - 1);
		wrong += cause == EXC_NONE && !option("bare");
	}
	check_equal("accesses over the edges of a device's registers fault", wrong, 0);
	write8(UART_BASE + 1, 0);
}

static void jumps(void)
{
	static const struct {
		const char *name;
		u64 at;
	} rows[] = {
		{ "UART", UART_BASE },
		{ "PLIC", PLIC_BASE },
		{ "nowhere", 0x1000000 },
		{ "beyond stage 2", 1ul << 50 },
		{ "the last page of all", ~0xffful },
	};
	u64 base, size, end;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		print("- jump: %s\n", rows[i].name);
		check("  the fetch faults", !probe_call(rows[i].at));
		check_equal("  stval", trap_tval(), rows[i].at);
		check_equal("  sepc", trap_epc(), rows[i].at);
	}
	fdt_reg(fdt_node("/memory"), 0, &base, &size);
	end = base + size;
	*(volatile u16 *)(end - 2) = 0x0073; /* first half of a full instruction */
	__asm__ volatile("fence.i" ::: "memory");
	check("an instruction over the end of memory faults", !probe_call(end - 2));
	check_equal("  sepc is its start", trap_epc(), end - 2);
	check("  stval is its start or the end", trap_tval() == end || trap_tval() == end - 2);
	*(volatile u16 *)(end - 2) = 0x8082; /* c.ret */
	__asm__ volatile("fence.i" ::: "memory");
	check("a short one in the last two bytes runs", probe_call(end - 2));
}

void guest_main(void)
{
	if (isa_has("d"))
		csr_set(sstatus, STATUS_FS);
	nowhere();
	devices();
	straddling();
	jumps();
}
