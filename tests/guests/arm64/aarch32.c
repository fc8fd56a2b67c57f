/* SPDX-License-Identifier: MIT */
/* Test guest: AArch32 at EL0, A32 and T32: calls, coprocessor registers, devices, conditional instructions. */
#include <gic.h>

/* Memory and devices once more below 4 GiB, where AArch32 reaches them and EL0 may use them. */
#define LOW_RAM 0x80000000ul
#define LOW_DEVICES 0xc0000000ul
#define A32_STATE (PSTATE_A32 | PSTATE_A | PSTATE_I | PSTATE_F)
#define T32_STATE (PSTATE_T32 | PSTATE_A | PSTATE_I | PSTATE_F)
enum { A32_SVC = 0xef000000, T32_SVC = 0xdf00 };

static u32 code[16] __attribute__((aligned(64)));

static u64 low(const volatile void *p)
{
	return (u64)(uintptr_t)p - RAM_BASE + LOW_RAM;
}

static void map(void)
{
	identity[2] = RAM_BASE | PTE_NORMAL | PTE_VALID | PTE_PXN | PTE_USER;
	identity[3] = BLOCK_DEVICE | PTE_USER;
	tlb_flush();
}

static void fill(u64 r0)
{
	for (unsigned i = 0; i < 31; i++)
		this_cpu()->in[i] = 0x5000 + i;
	this_cpu()->in[0] = r0;
}

/* One A32 instruction, then a call. */
static u64 run_a32(u32 insn, u64 r0)
{
	code[0] = insn;
	code[1] = A32_SVC | 0x77;
	code_sync(code, sizeof(code));
	fill(r0);
	return run_user_at(low(code), A32_STATE);
}

/* Halfwords of T32, then a call. */
static u64 run_t32(const u16 *insns, unsigned count, u64 r0)
{
	u16 *to = (u16 *)code;

	memcpy(to, insns, 2 * count);
	to[count] = T32_SVC | 0x77;
	code_sync(code, sizeof(code));
	fill(r0);
	return run_user_at(low(code), T32_STATE);
}

static void calls(void)
{
	static const struct {
		const char *name;
		u32 insn;
		u64 ec;
	} rows[] = {
		{ "svc", 0xef000012, EC_SVC32 },
		{ "udf", 0xe7f000f0, EC_UNKNOWN },
		{ "hvc", 0xe1400070, EC_UNKNOWN },
		{ "smc", 0xe1600070, EC_UNKNOWN },
		{ "MIDR", 0xee100f10, EC_UNKNOWN },
		{ "SCTLR", 0xee110f10, EC_UNKNOWN },
		{ "a register of nobody", 0xee1f0ff7, EC_UNKNOWN },
		{ "TPIDRURO", 0xee1d0f70, EC_SVC32 },
		{ "TPIDRURW", 0xee1d0f50, EC_SVC32 },
		{ "CP15DMB", 0xee070fba, EC_NONE },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 ec = run_a32(rows[i].insn, 0);

		if (rows[i].ec == EC_NONE) /* by SCTLR_EL1.CP15BEN, and gone in later CPUs */
			check(rows[i].name, ec == EC_SVC32 || ec == EC_UNKNOWN);
		else
			check_equal(rows[i].name, ec, rows[i].ec);
		check("  from AArch32, by its vector",
		      this_cpu()->trap_vector == 12 && (this_cpu()->trap_spsr & 0x1f) == 0x10);
	}
	run_a32(0xef123456, 0);
	check_equal("the number of an svc", ESR_ISS(trap_esr()), 0x3456);
	check_equal("the address behind it", trap_elr(), low(code) + 4);
	static const u16 svc = T32_SVC | 0x12;

	check_equal("svc in T32", run_t32(&svc, 1, 0), EC_SVC32);
	check_equal("  its number", ESR_ISS(trap_esr()), 0x12);
	check_equal("  its length", trap_esr() & ESR_IL, 0);
	check_equal("  the address behind it", trap_elr(), low(code) + 2);
}

static void sctlr(void)
{
	sysreg_write(sctlr_el1, SCTLR_ON & ~SCTLR_NTWI);
	isb();
	check_equal("wfi, trapped by the guest", run_a32(0xe320f003, 0), EC_WFX);
	check_equal("  its condition", trap_esr() >> 20 & 0x1f, 0x1e);
	sysreg_write(sctlr_el1, SCTLR_ON);
	isb();
	timer_enable(true);
	timer_set(now() + tick_hz / 1000);
	check_equal("wfi, allowed, ends by a timer that is masked", run_a32(0xe320f003, 0),
		    EC_SVC32);
	timer_set(~0ull);
	timer_enable(false);
	sysreg_write(cpacr_el1, 0);
	isb();
	check_equal("float, not allowed", run_a32(0xee300a00 /* vadd.f32 s0, s0, s0 */, 0), EC_FP);
	sysreg_write(cpacr_el1, 3 << 20);
	isb();
	check_equal("float, allowed", run_a32(0xee300a00, 0), EC_SVC32);
	sysreg_write(cpacr_el1, 0);
	isb();
}

/* Registers of the timers, of which the hypervisor may play some. */
static void timer_registers(void)
{
	struct cpu *cpu = this_cpu();
	u64 before, count;

	sysreg_write(cntkctl_el1, 0);
	check_equal("CNTVCT, not allowed", run_a32(0xec510f1e, 0), EC_CP15_64);
	check_equal("CNTPCT, not allowed", run_a32(0xec510f0e, 0), EC_CP15_64);
	check_equal("CNTV_CTL, not allowed", run_a32(0xee1e0f33, 0), EC_CP15_32);
	check_equal("CNTP_CTL, not allowed", run_a32(0xee1e0f32, 0), EC_CP15_32);
	sysreg_write(cntkctl_el1, 0x303);
	before = now();
	check_equal("CNTVCT, allowed", run_a32(0xec510f1e, 0), EC_SVC32);
	count = cpu->out[1] << 32 | (u32)cpu->out[0];
	check("  it is the counter", count >= before && count <= now());
	check_equal("CNTPCT, allowed", run_a32(0xec510f0e, 0), EC_SVC32);
	count = cpu->out[1] << 32 | (u32)cpu->out[0];
	check("  it is the counter", count <= sysreg_read(cntpct_el0));
	sysreg_write(cntp_ctl_el0, 2);
	check_equal("CNTP_CTL, allowed", run_a32(0xee1e0f32, 0), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[0] & 3, 2);
	check_equal("CNTP_CVAL, written", run_a32(0xec410f2e, 0x12345678), EC_SVC32);
	check_equal("  its value", sysreg_read(cntp_cval_el0), 0x500112345678);
	check_equal("CNTP_CVAL, read", run_a32(0xec510f2e, 0), EC_SVC32);
	check_equal("  its value", cpu->out[1] << 32 | (u32)cpu->out[0], 0x500112345678);
	check_equal("CNTP_TVAL, written", run_a32(0xee0e0f12, 0x100000), EC_SVC32);
	check("  sets the compare value",
	      sysreg_read(cntp_cval_el0) - sysreg_read(cntpct_el0) <= 0x100000);
	sysreg_write(cntp_ctl_el0, 0);
	sysreg_write(cntkctl_el1, 0);
}

static bool is_external(u64 ec, u64 at, u64 size)
{
	return ec == EC_DABORT_EL0 && trap_fsc() == FSC_EXTERNAL && trap_far() >= at &&
	       trap_far() < at + size;
}

static void devices(void)
{
	static const struct {
		const char *name;
		u32 insn;
	} refused[] = {
		{ "ldr, post-index", 0xe4901004 },
		{ "ldr, pre-index", 0xe5b01004 },
		{ "ldm", 0xe8900006 },
		{ "ldrd", 0xe1c020d0 },
		{ "stm", 0xe8800006 },
		{ "ldrex", 0xe1901f9f },
		{ "str, post-index", 0xe4801004 },
	};
	struct cpu *cpu = this_cpu();
	u64 rtc = LOW_DEVICES + RTC_BASE, id = rtc + 0xfe0,
	    prio = LOW_DEVICES + gicd + GICD_IPRIORITYR + 96;

	check_equal("ldr from a device", run_a32(0xe5901000, id), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0x31);
	check_equal("  the next instruction came", trap_elr(), low(code) + 8);
	check_equal("ldr, offset", run_a32(0xe5901fe4, rtc), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0x10);
	check_equal("str to a device", run_a32(0xe5801004, rtc), EC_SVC32);
	check_equal("  arrives", read32(RTC_BASE + 4), 0x5001);
	gic_priority(96, 0xa0);
	check_equal("ldrb", run_a32(0xe5d01000, prio), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0xa0);
	check_equal("ldrsb", run_a32(0xe1d010d0, prio), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0xffffffa0);
	check_equal("ldrne, flags clear", run_a32(0x15901000, id), EC_SVC32);
	check_equal("  loads", (u32)cpu->out[1], 0x31);
	check_equal("ldreq, flags clear", run_a32(0x05901000, id), EC_SVC32);
	check_equal("  does nothing", (u32)cpu->out[1], 0x5001);
	for (unsigned i = 0; i < ARRAY_SIZE(refused); i++) {
		u64 at = rtc + 4, ec = run_a32(refused[i].insn, at);

		check(refused[i].name,
		      ec == EC_SVC32 || is_external(ec, at, 12) ||
			      (ec == EC_DABORT_EL0 && trap_fsc() == FSC_ALIGNMENT));
	}
	check_equal("ldr from nowhere", run_a32(0xe5901000, LOW_DEVICES + NOWHERE), EC_DABORT_EL0);
	check("  status and address", is_external(EC_DABORT_EL0, LOW_DEVICES + NOWHERE, 1));
	check_equal("str to nowhere", run_a32(0xe5801000, LOW_DEVICES + NOWHERE), EC_DABORT_EL0);
	check_equal("  direction", trap_esr() & ESR_WNR, ESR_WNR);
	check_equal("a fetch from nowhere", run_user_at(0x7ffff000, A32_STATE), EC_IABORT_EL0);
	write32(RTC_BASE + 4, 0);
}

static void t32(void)
{
	static const u16 load[] = { 0x6801 }, wide[] = { 0xf8d0, 0x1000 },
			 /* cmp r0, r0; ite eq; ldreq r1, [r0]; movne r1, #0 */
		if_then[] = { 0x4280, 0xbf0c, 0x6801, 0x2100 },
			 /* cmp r0, r0; itet eq; ldreq.w r1, [r0]; movne r2, #1; addeq r1, #1 */
		longer[] = { 0x4280, 0xbf0a, 0xf8d0, 0x1000, 0x2201, 0x3101 };
	struct cpu *cpu = this_cpu();
	u64 id = LOW_DEVICES + RTC_BASE + 0xfe0;

	check_equal("T32: ldr of 16 bits from a device", run_t32(load, 1, id), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0x31);
	check_equal("  the next instruction came", trap_elr(), low(code) + 4);
	check_equal("T32: ldr of 32 bits", run_t32(wide, 2, id), EC_SVC32);
	check_equal("  its value", (u32)cpu->out[1], 0x31);
	check_equal("  the next instruction came", trap_elr(), low(code) + 6);
	check_equal("T32: ldr in an IT block", run_t32(if_then, 4, id), EC_SVC32);
	check_equal("  its value, and the other branch did not run", (u32)cpu->out[1], 0x31);
	check_equal("T32: a longer IT block", run_t32(longer, 6, id), EC_SVC32);
	check_equal("  each of its instructions by its own condition", (u32)cpu->out[1], 0x32);
	check_equal("  and not by another's", (u32)cpu->out[2], 0x5002);
	check_equal("T32: ldr from nowhere", run_t32(load, 1, LOW_DEVICES + NOWHERE),
		    EC_DABORT_EL0);
	check_equal("  its address", trap_elr(), low(code));
}

void guest_main(void)
{
	if (id_field(sysreg_read(id_aa64pfr0_el1), 0) != 2) {
		skip("AArch32", "the CPU has none at EL0");
		return;
	}
	map();
	calls();
	sctlr();
	timer_registers();
	devices();
	t32();
}
