/* SPDX-License-Identifier: MIT */
/* Test guest: EL0, AArch64 and AArch32: what traps to EL1 and how, what the guest's own SCTLR_EL1 allows, devices. */
#include <gic.h>

static u64 mmfr2; /* ID_AA64MMFR2_EL1 */

#define USER(name, code)                                                \
	static void user_##name(void)                                   \
	{                                                               \
		__asm__ volatile(code ::: "x9", "x10", "memory", "cc"); \
	}

/* ---- instructions that lead to EL1 ---- */

USER(svc, "svc #0x123")
USER(brk, "brk #0x55")
USER(undefined, "udf #7")
USER(hvc, ".word 0xd4000002") /* hvc #0, smc #0, eret: the assembler asks for more privilege */
USER(smc, ".word 0xd4000003")
USER(eret, ".word 0xd69f03e0")
USER(sysreg_el1, "mrs x9, sctlr_el1")
USER(sysreg_write_el1, "msr vbar_el1, xzr")
USER(sysreg_el2, "mrs x9, S3_4_C1_C1_0")
USER(sysreg_none, "mrs x9, S3_3_C15_C15_7")
USER(tlbi, ".word 0xd508871f")
USER(ic_all, ".word 0xd508751f")
USER(dc_set_way, ".word 0xd5087e49")
USER(translate, ".word 0xd5087809")
USER(daif, "mrs x9, daif")
USER(daifset, "msr daifset, #2")
USER(spsel, ".word 0xd50040bf")
USER(ctr, "mrs x9, ctr_el0")
USER(dczid, "mrs x9, dczid_el0")
USER(tpidr, "msr tpidr_el0, x9\n\tmrs x10, tpidr_el0")
USER(tpidrro, "mrs x9, tpidrro_el0")
USER(tpidrro_write, "msr tpidrro_el0, x9")
USER(nzcv, "mrs x9, nzcv\n\tmsr nzcv, x9")
USER(midr, "mrs x9, midr_el1")
USER(id_register, "mrs x9, id_aa64pfr0_el1")
USER(pmccntr, "mrs x9, pmccntr_el0")
USER(gic, "mrs x9, S3_0_C12_C12_0")
USER(float, ".arch_extension fp\n\tfmov d0, xzr")
USER(wfi, "wfi")
USER(wfe, "wfe\n\twfe")
USER(dc_zva, "mov x9, sp\n\tsub x9, x9, #2048\n\tdc zva, x9")
USER(dc_cvau, "mov x9, sp\n\tdc cvau, x9")
USER(dc_cvac, "mov x9, sp\n\tdc cvac, x9")
USER(dc_civac, "mov x9, sp\n\tdc civac, x9")
USER(ic_ivau, "mov x9, sp\n\tic ivau, x9")

static void calls(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		u64 ec;
	} rows[] = {
		{ "svc", user_svc, EC_SVC },
		{ "brk", user_brk, EC_BRK },
		{ "udf", user_undefined, EC_UNKNOWN },
		{ "hvc", user_hvc, EC_UNKNOWN },
		{ "smc", user_smc, EC_UNKNOWN },
		{ "eret", user_eret, EC_UNKNOWN },
		{ "a register of EL1", user_sysreg_el1, EC_UNKNOWN },
		{ "a write to one", user_sysreg_write_el1, EC_UNKNOWN },
		{ "a register of EL2", user_sysreg_el2, EC_UNKNOWN },
		{ "no register", user_sysreg_none, EC_UNKNOWN },
		{ "tlbi", user_tlbi, EC_UNKNOWN },
		{ "ic iallu", user_ic_all, EC_UNKNOWN },
		{ "dc cisw", user_dc_set_way, EC_UNKNOWN },
		{ "at s1e1r", user_translate, EC_UNKNOWN },
		{ "msr spsel", user_spsel, EC_UNKNOWN },
		{ "tpidrro_el0, written", user_tpidrro_write, EC_UNKNOWN },
		{ "icc_iar1_el1", user_gic, EC_UNKNOWN },
		{ "daif", user_daif, EC_SYSREG },
		{ "msr daifset", user_daifset, EC_SYSREG },
		{ "tpidr_el0", user_tpidr, EC_SVC },
		{ "tpidrro_el0", user_tpidrro, EC_SVC },
		{ "nzcv", user_nzcv, EC_SVC },
		{ "dczid_el0", user_dczid, EC_SVC },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 ec = run_user(rows[i].fn);

		check_equal(rows[i].name, ec, rows[i].ec);
		check("  from EL0, by its vector",
		      this_cpu()->trap_vector == 8 &&
			      (this_cpu()->trap_spsr & 0x1f) == PSTATE_EL0T);
	}
	run_user(user_svc);
	check_equal("the number of an svc", ESR_ISS(trap_esr()), 0x123);
	run_user(user_brk);
	check_equal("the number of a brk", ESR_ISS(trap_esr()), 0x55);
	check("registers of identification: undefined, or of their class",
	      run_user(user_midr) == (mmfr2 >> 36 & 15 ? EC_SYSREG : EC_UNKNOWN) &&
		      run_user(user_id_register) == (mmfr2 >> 36 & 15 ? EC_SYSREG : EC_UNKNOWN));
	check("a counter of the PMU: trapped, or undefined without one",
	      run_user(user_pmccntr) == EC_SYSREG || this_cpu()->trap_ec == EC_UNKNOWN);
}

/* ---- what SCTLR_EL1 and CPACR_EL1 allow ---- */

static void with_sctlr(u64 clear, u64 set)
{
	sysreg_write(sctlr_el1, (SCTLR_ON & ~clear) | set);
	isb();
}

static void allowed(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
		u64 bit;
		u64 ec; /* without it */
	} rows[] = {
		{ "ctr_el0", user_ctr, SCTLR_UCT, EC_SYSREG },
		{ "dc zva", user_dc_zva, SCTLR_DZE, EC_SYSREG },
		{ "dc cvau", user_dc_cvau, SCTLR_UCI, EC_SYSREG },
		{ "dc cvac", user_dc_cvac, SCTLR_UCI, EC_SYSREG },
		{ "dc civac", user_dc_civac, SCTLR_UCI, EC_SYSREG },
		{ "ic ivau", user_ic_ivau, SCTLR_UCI, EC_SYSREG },
		{ "daif", user_daif, 1 << 9, EC_SYSREG },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		with_sctlr(rows[i].bit, 0);
		print("- %s\n", rows[i].name);
		check_equal("  not allowed", run_user(rows[i].fn), rows[i].ec);
		with_sctlr(0, rows[i].bit);
		check_equal("  allowed", run_user(rows[i].fn), EC_SVC);
	}
	with_sctlr(0, 0);
	sysreg_write(cpacr_el1, 0);
	isb();
	check_equal("float, not allowed at all", run_user(user_float), EC_FP);
	sysreg_write(cpacr_el1, 1 << 20);
	isb();
	check_equal("float, allowed to EL1 only", run_user(user_float), EC_FP);
	sysreg_write(cpacr_el1, 3 << 20);
	isb();
	check_equal("float, allowed", run_user(user_float), EC_SVC);
	sysreg_write(cpacr_el1, 0);
	isb();
}

/* WFI and WFE of EL0 go to the guest's EL1 if it says so, else they wait. Nothing is pending that would end them. */
static void waiting(void)
{
	with_sctlr(SCTLR_NTWI, 0);
	check_equal("wfi, trapped by the guest", run_user(user_wfi), EC_WFX);
	check_equal("  syndrome", trap_esr() & 3, 0);
	with_sctlr(SCTLR_NTWE, 0);
	u64 ec = run_user(user_wfe);

	check("wfe, trapped by the guest, or ended by an event", ec == EC_WFX || ec == EC_SVC);
	if (ec == EC_WFX)
		check_equal("  syndrome", trap_esr() & 3, 1);
	with_sctlr(0, 0);
	timer_enable(true);
	timer_set(now() + tick_hz / 1000);
	check_equal("wfi, allowed, ends by a timer that is masked", run_user(user_wfi), EC_SVC);
	timer_set(~0ull);
	timer_enable(false);
	__asm__ volatile("sevl");
	check_equal("wfe, allowed", run_user(user_wfe), EC_SVC);
}

/* ---- loads, stores, fetches ---- */

static u64 user_at(u32 insn, u64 x0)
{
	static u32 code[2] __attribute__((aligned(8)));
	struct cpu *cpu = this_cpu();

	code[0] = insn;
	code[1] = 0xd4000001 | USER_RETURNED << 5; /* svc */
	code_sync(code, sizeof(code));
	for (unsigned i = 0; i < 31; i++)
		cpu->in[i] = 0x1000 + i;
	cpu->in[0] = x0;
	return run_user_at(user_address(code), PSTATE_EL0T | PSTATE_D | PSTATE_I | PSTATE_F);
}

enum { LDR_W1 = 0xb9400001, STR_W1 = 0xb9000001, LDR_POST = 0xb8404401, LDRSB = 0x39800001 };

static void memory(void)
{
	struct cpu *cpu = this_cpu();

	check_equal("a load from nowhere", user_at(LDR_W1, user_address(NOWHERE)), EC_DABORT_EL0);
	check_equal("  status", trap_fsc(), FSC_EXTERNAL);
	check_equal("  FAR", trap_far(), user_address(NOWHERE));
	check_equal("a store to nowhere", user_at(STR_W1, user_address(NOWHERE_HIGH)),
		    EC_DABORT_EL0);
	check_equal("  status", trap_fsc() | (trap_esr() & ESR_WNR), FSC_EXTERNAL | ESR_WNR);
	check_equal("a load from what is EL1's", user_at(LDR_W1, RAM_BASE), EC_DABORT_EL0);
	check_equal("  status", trap_fsc(), FSC_PERMISSION | 1);
	check_equal("a load from what is not mapped", user_at(LDR_W1, 1ul << 45), EC_DABORT_EL0);
	check_equal("a fetch from nowhere",
		    run_user_at(user_address(NOWHERE_HIGH), PSTATE_EL0T | 0x2c0), EC_IABORT_EL0);
	check_equal("  status", trap_fsc(), FSC_EXTERNAL);
	check_equal("a fetch from a misaligned address",
		    run_user_at(user_address(RAM_BASE) + 2, PSTATE_EL0T | 0x2c0), EC_PC_ALIGN);
	check_equal("a device", user_at(LDR_W1, user_address(RTC_BASE + 0xfe0)), EC_SVC);
	check_equal("  its value", cpu->out[1], 0x31);
	check_equal("a device, with write-back", user_at(LDR_POST, user_address(RTC_BASE + 0xfe0)),
		    EC_SVC);
	check_equal("  its value", cpu->out[1], 0x31);
	check_equal("  the address", cpu->out[0], user_address(RTC_BASE + 0xfe4));
	check_equal("a store to a device", user_at(STR_W1, user_address(RTC_BASE + 4)), EC_SVC);
	check_equal("  arrives", read32(RTC_BASE + 4), 0x1001);
	check_equal("a device that is EL1's only", user_at(LDR_W1, RTC_BASE), EC_DABORT_EL0);
	check_equal("  status", trap_fsc(), FSC_PERMISSION | 1);
}

/* ---- interrupts ---- */

static volatile u64 user_count, interrupted;

static void count_loop(void)
{
	__asm__ volatile("mov x9, #0\n"
			 "1:	add x9, x9, #1\n"
			 "	ldr x10, [x0]\n"
			 "	cbz x10, 1b\n"
			 "	svc #0x77\n" ::
				 : "x9", "x10", "memory");
}

static void from_user(u32 intid)
{
	(void)intid;
	sysreg_write(cntv_ctl_el0, 0);
	interrupted += this_cpu()->vector == 9;
	if (interrupted < 10) {
		sysreg_write(cntv_tval_el0, tick_hz / 2000);
		sysreg_write(cntv_ctl_el0, 1);
	} else {
		user_count = 1;
	}
}

static void interrupts(void)
{
	struct cpu *cpu = this_cpu();
	static u8 stack[512] __attribute__((aligned(16)));

	gic_enable(27, true);
	irq_handlers[27] = from_user;
	sysreg_write(cntv_tval_el0, tick_hz / 2000);
	sysreg_write(cntv_ctl_el0, 1);
	cpu->in[0] = user_address(&user_count);
	cpu->in[31] = user_address(stack + sizeof(stack));
	check_equal("EL0 runs until interrupts end it",
		    run_user_at(user_address(count_loop), PSTATE_EL0T | PSTATE_D | PSTATE_F),
		    EC_SVC);
	check_equal("  they come by EL0's vector", interrupted, 10);
	check("  and it went on in between", cpu->out[9] > 100);
	gic_enable(27, false);
}

/* ---- illegal returns ---- */

static void illegal(void)
{
	static const struct {
		const char *name;
		u64 mode;
	} rows[] = {
		{ "a return to EL2", 0x9 },
		{ "a return to EL3", 0xd },
		{ "a return to a reserved mode", 0x2 },
		{ "a return to AArch32 at EL1", 0x13 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		/* It stays at EL1, which has to be able to fetch there. */
		check_equal(rows[i].name,
			    run_user_at((u64)(uintptr_t)user_svc,
					rows[i].mode | PSTATE_D | PSTATE_I | PSTATE_F),
			    EC_ILLEGAL_STATE);
		check("  is an illegal state of EL1",
		      (this_cpu()->trap_spsr & 0x10001f) == (1ul << 20 | PSTATE_EL1T));
	}
}

void guest_main(void)
{
	mmfr2 = sysreg_read(S3_0_C0_C7_2);
	calls();
	allowed();
	waiting();
	memory();
	interrupts();
	illegal();
}
