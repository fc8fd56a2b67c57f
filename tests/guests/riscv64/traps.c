/* SPDX-License-Identifier: MIT */
/* Test guest: exceptions of every kind come with the right cause, value, privilege and stack of enables. */
#include <riscv.h>

extern char trap_entry[], trap_vectors[];

/* Encodings: csrr t0, csr; csrw csr, t0 */
static u32 csrr(u32 csr)
{
	return csr << 20 | 2 << 12 | 5 << 7 | 0x73;
}
static u32 csrw(u32 csr)
{
	return csr << 20 | 5 << 15 | 1 << 12 | 0x73;
}

static void expect_insn(const char *name, u32 insn, u64 want)
{
	check_equal(name, run_instruction(insn), want);
}

static void expect_illegal(const char *name, u32 insn)
{
	expect_insn(name, insn, EXC_ILLEGAL);
	check("  stval is 0 or the instruction", !trap_tval() || trap_tval() == insn);
}

/* What no guest has: M-mode's, and the H extension's that the tree does not offer. */
static void illegal_csrs(void)
{
	static const struct {
		u16 csr;
		const char *name;
	} rows[] = {
		{ 0x300, "mstatus" },    { 0x304, "mie" },         { 0x341, "mepc" },
		{ 0xf11, "mvendorid" },  { 0xf14, "mhartid" },     { 0x3a0, "pmpcfg0" },
		{ 0xb00, "mcycle" },     { 0x7a0, "tselect" },     { 0x7b0, "dcsr" },
		{ 0x5c0, "custom s" },   { 0x9c0, "custom s ro" }, { 0x8ff, "custom u" },
		{ 0x0ff, "unused u" },   { 0x1ff, "unused s" },    { 0x200, "vsstatus" },
		{ 0x204, "vsie" },       { 0x24d, "vstimecmp" },   { 0x280, "vsatp" },
		{ 0x600, "hstatus" },    { 0x602, "hedeleg" },     { 0x603, "hideleg" },
		{ 0x605, "htimedelta" }, { 0x606, "hcounteren" },  { 0x60a, "henvcfg" },
		{ 0x644, "hip" },        { 0x645, "hvip" },        { 0x680, "hgatp" },
		{ 0xe12, "hgeip" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].csr == 0x605 && option("bare"))
			continue; /* OpenSBI emulates it, H or not */
		check_equal(rows[i].name, run_instruction(csrr(rows[i].csr)), EXC_ILLEGAL);
		check_equal("  write", run_instruction(csrw(rows[i].csr)), EXC_ILLEGAL);
	}
}

static void supervisor_csrs(void)
{
	static const u16 all[] = { 0x100, 0x104, 0x105, 0x106, 0x140,
				   0x141, 0x142, 0x143, 0x144, 0x180 };

	for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
		check_equal("supervisor CSR can be read", run_instruction(csrr(all[i])), EXC_NONE);
	check_equal("time can be read", run_instruction(csrr(0xc01)), EXC_NONE);
	expect_insn("write to time", csrw(0xc01), EXC_ILLEGAL);
	expect_insn("write to cycle", csrw(0xc00), EXC_ILLEGAL);
	check_equal("stimecmp is there if and only if the tree says Sstc",
		    run_instruction(csrr(CSR_STIMECMP)), isa_has("sstc") ? EXC_NONE : EXC_ILLEGAL);
	csr_write(sscratch, csr_read(sscratch));
	u64 satp = csr_read(satp);

	csr_write(satp, 3ul << 60 | 0x80000);
	check_equal("satp with a reserved mode stays as it was", csr_read(satp), satp);
	csr_write(stvec, (u64)(uintptr_t)trap_entry);
	check_equal("stvec reads back", csr_read(stvec), (u64)(uintptr_t)trap_entry);
}

static void instructions(void)
{
	expect_illegal("all zeros", 0);
	expect_illegal("all ones", 0xffffffff);
	expect_insn("mret", 0x30200073, EXC_ILLEGAL);
	expect_insn("hfence.vvma", 0x22000073, EXC_ILLEGAL);
	expect_insn("hfence.gvma", 0x62000073, EXC_ILLEGAL);
	expect_insn("hlv.w", 0x6802c573 /* a0, (t0) */, EXC_ILLEGAL);
	expect_insn("hlvx.hu", 0x6432c573, EXC_ILLEGAL);
	expect_insn("hsv.w", 0x6aa2c073, EXC_ILLEGAL);
	expect_illegal("custom-0", 0x0000000b);
	expect_insn("ebreak", 0x00100073, EXC_BREAKPOINT);
	expect_insn("c.ebreak", 0x9002, EXC_BREAKPOINT);
	expect_insn("sfence.vma", 0x12000073, EXC_NONE);
	expect_insn("fence.i", 0x0000100f, EXC_NONE);
	expect_insn("sinval.vma if and only if the tree says Svinval", 0x16000073,
		    isa_has("svinval") ? EXC_NONE : EXC_ILLEGAL);
}

static void float_and_vector_off(void)
{
	csr_clear(sstatus, STATUS_FS | STATUS_VS);
	expect_insn("float move with FS off", 0xf2000053 /* fmv.d.x f0, x0 */, EXC_ILLEGAL);
	expect_insn("fcsr with FS off", csrr(3), EXC_ILLEGAL);
	expect_insn("vector setting with VS off", 0x0d0572d7 /* vsetvli t0, a0, e32, m1 */,
		    EXC_ILLEGAL);
	expect_insn("vstart with VS off", csrr(8), EXC_ILLEGAL);
	csr_set(sstatus, STATUS_FS);
	expect_insn("float move with FS on", 0xf2000053, EXC_NONE);
	check("float use makes FS dirty", (csr_read(sstatus) & STATUS_FS) == STATUS_FS);
	check("float use sets SD", (int64_t)csr_read(sstatus) < 0);
	csr_set(sstatus, STATUS_VS);
	expect_insn("vector setting with VS on if and only if the tree says V", 0x0d0572d7,
		    isa_has("v") ? EXC_NONE : EXC_ILLEGAL);
	csr_clear(sstatus, STATUS_FS | STATUS_VS);
}

static void addresses(void)
{
	static u8 bytes[64] __attribute__((aligned(64)));
	volatile u32 *odd = (u32 *)(bytes + 2);
	u64 value;

	*odd = 0x12345678;
	check_equal("misaligned load and store in memory", *odd, 0x12345678);
	check("load from nowhere faults", !probe_read(0x400, 4, &value));
	check_equal("  stval", trap_tval(), 0x400);
	check("store to nowhere faults", !probe_write(0x408, 8, 1));
	check_equal("  stval", trap_tval(), 0x408);
	check("fetch from nowhere faults", !probe_call(0x500));
	check_equal("  scause", hart_this()->trap_cause, EXC_FETCH_ACCESS);
	check_equal("  stval", trap_tval(), 0x500);
	check_equal("  sepc", trap_epc(), 0x500);
}

/* SPP, SPIE and SIE after an exception: the same whether hardware or the hypervisor delivered it. */
static void status_after(const char *name, u32 insn, bool interrupts)
{
	u64 status;

	if (interrupts)
		irq_on();
	run_instruction(insn);
	irq_off();
	status = hart_this()->trap_status;
	print("- %s, SIE %d\n", name, interrupts);
	check_equal("  SPP", !!(status & STATUS_SPP), 1);
	check_equal("  SPIE", !!(status & STATUS_SPIE), interrupts);
	check_equal("  SIE in the handler", !!(status & STATUS_SIE), 0);
}

static void status_bits(void)
{
	for (int interrupts = 0; interrupts < 2; interrupts++) {
		status_after("breakpoint", 0x00100073, interrupts);
		status_after("illegal instruction", csrr(0x300), interrupts);
		status_after("virtual instruction", csrr(0x600), interrupts);
		hart_this()->in[5] = 0x400;
		status_after("access fault", 0x0002a283 /* lw t0, (t0) */, interrupts);
	}
}

/* Exceptions go to the base in vectored mode too. */
static void vectored(void)
{
	csr_write(stvec, (u64)(uintptr_t)trap_vectors | 1);
	hart_this()->vector = 99;
	run_instruction(0x00100073);
	check_equal("vectored breakpoint enters vector 0", hart_this()->vector, 0);
	if (option("bare"))
		goto out; /* OpenSBI hands on what it got with the mode bits of stvec in the pc */
	hart_this()->vector = 99;
	run_instruction(csrr(0x600));
	check_equal("vectored illegal instruction enters vector 0", hart_this()->vector, 0);
	hart_this()->vector = 99;
	hart_this()->in[5] = 0x400;
	run_instruction(0x0002a283);
	check_equal("vectored access fault enters vector 0", hart_this()->vector, 0);
	hart_this()->vector = 99;
	ipi_enable(true);
	csr_set(sip, 1ul << IRQ_SOFT);
	irq_on();
	irq_off();
	ipi_enable(false);
	check_equal("vectored software interrupt enters vector 1", hart_this()->vector, 1);
out:
	csr_write(stvec, (u64)(uintptr_t)trap_entry);
}

static void user_ecall(void)
{
	__asm__ volatile("ecall");
}
static void user_ebreak(void)
{
	__asm__ volatile("ebreak");
}
static void user_sret(void)
{
	__asm__ volatile("sret");
}
static void user_sstatus(void)
{
	__asm__ volatile("csrr t0, sstatus" ::: "t0");
}
static void user_hstatus(void)
{
	__asm__ volatile("csrr t0, 0x600" ::: "t0");
}
static void user_sfence(void)
{
	__asm__ volatile("sfence.vma");
}
static void user_time(void)
{
	__asm__ volatile("csrr t0, time" ::: "t0");
}
static void user_nowhere(void)
{
	__asm__ volatile("li t0, 0x400; lw t0, (t0)" ::: "t0");
}

static void user_mode(void)
{
	check_equal("ecall from user mode", run_user(user_ecall, 0), EXC_ECALL_U);
	check_equal("  SPP is 0", hart_this()->trap_status & STATUS_SPP, 0);
	check_equal("ebreak from user mode", run_user(user_ebreak, 0), EXC_BREAKPOINT);
	check_equal("sret from user mode", run_user(user_sret, 0), EXC_ILLEGAL);
	check_equal("sstatus from user mode", run_user(user_sstatus, 0), EXC_ILLEGAL);
	check_equal("hstatus from user mode", run_user(user_hstatus, 0), EXC_ILLEGAL);
	check_equal("  SPP is 0", hart_this()->trap_status & STATUS_SPP, 0);
	check_equal("sfence.vma from user mode", run_user(user_sfence, 0), EXC_ILLEGAL);
	check_equal("load from nowhere in user mode", run_user(user_nowhere, 0), EXC_LOAD_ACCESS);
	check_equal("  SPP is 0", hart_this()->trap_status & STATUS_SPP, 0);
	check_equal("time from user mode, as firmware left it", run_user(user_time, 0),
		    EXC_ECALL_U);
	csr_write(scounteren, 0);
	if (!option("bare")) /* OpenSBI emulates it */
		check_equal("time from user mode, not allowed", run_user(user_time, 0),
			    EXC_ILLEGAL);
	csr_write(scounteren, 2);
	check_equal("time from user mode, allowed", run_user(user_time, 0), EXC_ECALL_U);
}

/* Every register survives what the hypervisor handles, apart from the one that the instruction writes. */
static void registers_survive(const char *name, u32 insn, u32 written, u64 base)
{
	struct hart *hart = hart_this();
	unsigned wrong = 0;

	for (unsigned i = 1; i < 32; i++)
		hart->in[i] = 0x0123456789abcd00ul * i + i;
	hart->in[5] = base;
	run_instruction(insn);
	for (unsigned i = 1; i < 32; i++)
		if (hart->out[i] != hart->in[i] && i != written) {
			print("x%u was 0x%lx, is 0x%lx\n", i, hart->in[i], hart->out[i]);
			wrong++;
		}
	check_equal(name, wrong, 0);
}

static void all_registers_survive(void)
{
	registers_survive("registers survive an illegal CSR", csrr(0x600), 0, 0);
	registers_survive("registers survive a load from nowhere", 0x0002a283, 0, 0x400);
	registers_survive("registers survive a store to nowhere", 0x0052a023, 0, 0x400);
	registers_survive("registers survive a device load", 0x0052c303 /* lbu t1, 5(t0) */, 6,
			  UART_BASE);
	registers_survive("registers survive a device store", 0x006283a3 /* sb t1, 7(t0) */, 0,
			  UART_BASE);
}

/* Loads into every register with each sign and zero extension, from the UART's scratch register (7). */
static void device_loads(void)
{
	struct hart *hart = hart_this();
	unsigned wrong = 0;

	write8(UART_BASE + 7, 0x85);
	for (u32 rd = 1; rd < 32; rd++) {
		hart->in[5] = UART_BASE;
		run_instruction(0x00728003 | rd << 7); /* lb rd, 7(t0) */
		wrong += hart->out[rd] != 0xffffffffffffff85;
		run_instruction(0x0072c003 | rd << 7); /* lbu rd, 7(t0) */
		wrong += hart->out[rd] != 0x85;
	}
	check_equal("lb and lbu from a device into every register", wrong, 0);
	for (u32 rs = 0; rs < 32; rs++) {
		for (unsigned i = 1; i < 32; i++)
			hart->in[i] = 0xff00 + i;
		hart->in[5] = UART_BASE;
		run_instruction(0x007 << 7 | rs << 20 | 5 << 15 | 0x23); /* sb rs, 7(t0) */
		wrong += read8(UART_BASE + 7) != (rs == 5 ? 0 : rs);
	}
	check_equal("sb to a device from every register", wrong, 0);
	hart->in[10] = UART_BASE + 7;
	hart->in[6] = 0x77;
	run_instruction(0x00050003 | 0 << 7); /* lb x0, (a0) */
	check_equal("a device load into x0 leaves it", hart->out[10], UART_BASE + 7);
}

static void block_zero(void)
{
	static u8 area[512] __attribute__((aligned(256)));

	if (!isa_has("zicboz")) {
		hart_this()->in[5] = (u64)(uintptr_t)area;
		check_equal("cbo.zero without Zicboz", run_instruction(0x0042a00f), EXC_ILLEGAL);
		return;
	}
	memset(area, 0xff, sizeof(area));
	hart_this()->in[5] = (u64)(uintptr_t)area;
	check_equal("cbo.zero", run_instruction(0x0042a00f), EXC_NONE);
	check("  has cleared something", area[0] == 0 && area[511] == 0xff);
}

void guest_main(void)
{
	instructions();
	illegal_csrs();
	supervisor_csrs();
	float_and_vector_off();
	addresses();
	status_bits();
	vectored();
	user_mode();
	all_registers_survive();
	device_loads();
	block_zero();
}
