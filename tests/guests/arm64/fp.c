/* SPDX-License-Identifier: MIT */
/* Test guest: float, SIMD and SVE registers keep their values while vCPUs and guests take turns. */
#include <arm64.h>

#define ROUNDS 300
#define VL_MAX 256 /* bytes */

static bool sve;
static volatile u64 wrong[CPUS_MAX], finished;

/* The first thing that was wrong, for the report. */
static struct {
	const char *what;
	u64 cpu, round, got, want;
} first;
static u64 first_lock;

static unsigned compare(const char *what, unsigned cpu, unsigned round, u64 got, u64 want)
{
	if (got == want)
		return 0;
	if (!__atomic_exchange_n(&first_lock, 1, __ATOMIC_SEQ_CST)) {
		first.what = what;
		first.cpu = cpu;
		first.round = round;
		first.got = got;
		first.want = want;
	}
	return 1;
}

#define EACH16(m) \
	m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15)
#define EACH(m)                                                                                   \
	EACH16(m)                                                                                 \
	m(16) m(17) m(18) m(19) m(20) m(21) m(22) m(23) m(24) m(25) m(26) m(27) m(28) m(29) m(30) \
		m(31)

#define LOAD(n) "ldr q" #n ", [%0, #16 * " #n "]\n"
#define STORE(n) "str q" #n ", [%0, #16 * " #n "]\n"

static void float_load(const u64 *values)
{
	__asm__ volatile(".arch_extension fp\n.arch_extension simd\n" EACH(LOAD)::"r"(values)
			 : "memory");
}
static void float_store(u64 *values)
{
	__asm__ volatile(".arch_extension fp\n.arch_extension simd\n" EACH(STORE)::"r"(values)
			 : "memory");
}

#define SVE_LOAD(n) "ldr z" #n ", [%0, #" #n ", mul vl]\n"
#define SVE_STORE(n) "str z" #n ", [%0, #" #n ", mul vl]\n"
#define PREDICATE_LOAD(n) "ldr p" #n ", [%1, #" #n ", mul vl]\n"
#define PREDICATE_STORE(n) "str p" #n ", [%1, #" #n ", mul vl]\n"

/* The predicate that FFR gets is the first one. */
static void sve_load(const u8 *z, const u8 *p)
{
	__asm__ volatile(".arch_extension sve\n" EACH(SVE_LOAD)
				 EACH16(PREDICATE_LOAD) "wrffr p0.b\n" ::"r"(z),
			 "r"(p)
			 : "memory");
}
static void sve_store(u8 *z, u8 *p)
{
	__asm__ volatile(".arch_extension sve\n" EACH(SVE_STORE)
				 EACH16(PREDICATE_STORE) "rdffr p0.b\n"
							 "str p0, [%1, #16, mul vl]\n" ::"r"(z),
			 "r"(p)
			 : "memory");
}

static u64 vector_bytes(void)
{
	u64 bytes;

	__asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
	return bytes;
}

static u64 pattern(unsigned cpu, unsigned round, unsigned n)
{
	return (u64)(cpu + 1) << 56 ^ (u64)round << 32 ^ (n + 1) * 0x01010101ul;
}

/* What makes others run meanwhile, a different way each round. */
static void give_way(unsigned round)
{
	switch (round % 5) {
	case 0:
		timer_set(now() + tick_hz / 2000);
		wait_for_interrupt();
		timer_set(~0ull);
		break;
	case 1:
		psci(PSCI_VERSION, 0, 0, 0);
		break;
	case 2:
		delay_us(500);
		break;
	case 3:
		read32(RTC_BASE);
		break;
	default:
		sysreg_read(id_aa64pfr0_el1);
	}
}

static unsigned float_round(unsigned cpu, unsigned round)
{
	u64 in[64], out[64], fpcr = (u64)(round % 4) << 22 | (u64)(cpu % 2) << 24,
			     fpsr = (cpu * 7 + round) & 0x1f;
	unsigned bad = 0;

	for (unsigned i = 0; i < 64; i++)
		in[i] = pattern(cpu, round, i);
	sysreg_write(fpcr, fpcr);
	sysreg_write(fpsr, fpsr);
	float_load(in);
	give_way(round);
	float_store(out);
	for (unsigned i = 0; i < 64; i++)
		bad += compare("half of a vector register", cpu, round, out[i], in[i]);
	return bad + compare("FPCR", cpu, round, sysreg_read(fpcr), fpcr) +
	       compare("FPSR", cpu, round, sysreg_read(fpsr) & 0x1f, fpsr);
}

/* Each CPU has a vector length of its own, which changes now and then. */
static unsigned sve_round(unsigned cpu, unsigned round)
{
	static u8 in[CPUS_MAX][32 * VL_MAX] __attribute__((aligned(16)));
	static u8 out[CPUS_MAX][32 * VL_MAX] __attribute__((aligned(16)));
	static u8 p_in[CPUS_MAX][17 * VL_MAX / 8] __attribute__((aligned(16)));
	static u8 p_out[CPUS_MAX][17 * VL_MAX / 8] __attribute__((aligned(16)));
	u64 zcr = (cpu + round / 20) % 4, vl;
	unsigned bad = 0;

	sysreg_write(S3_0_C1_C2_0, zcr);
	isb();
	vl = vector_bytes();
	if (vl > VL_MAX)
		die("a vector is longer than this test has room for", vl, 0, 0);
	for (unsigned i = 0; i < 32 * vl; i++)
		in[cpu][i] = (u8)(pattern(cpu, round, i) >> i % 8 * 8) ^ (u8)i;
	for (unsigned i = 0; i < 16 * vl / 8; i++)
		p_in[cpu][i] = (u8)(round + i * (cpu + 1));
	for (unsigned i = 0; i < vl / 8; i++) /* FFR holds a row of ones from the start */
		p_in[cpu][i] = i < vl / 16 ? 0xff : 0;
	sve_load(in[cpu], p_in[cpu]);
	give_way(round);
	sve_store(out[cpu], p_out[cpu]);
	bad += compare("vector length", cpu, round, vector_bytes(), vl);
	bad += compare("ZCR_EL1", cpu, round, sysreg_read(S3_0_C1_C2_0), zcr);
	for (unsigned i = 0; i < 32 * vl; i += 8)
		bad += compare("part of an SVE register", cpu, round, *(u64 *)(out[cpu] + i),
			       *(u64 *)(in[cpu] + i));
	for (unsigned i = 0; i < 16 * vl / 8; i++)
		bad += compare("part of a predicate", cpu, round, p_out[cpu][i], p_in[cpu][i]);
	for (unsigned i = 0; i < vl / 8; i++)
		bad += compare("part of FFR", cpu, round, p_out[cpu][16 * vl / 8 + i],
			       p_in[cpu][i]);
	return bad;
}

static void run(unsigned cpu)
{
	sysreg_write(cpacr_el1, 3ul << 20 | (sve ? 3ul << 16 : 0));
	isb();
	timer_enable(true); /* interrupts stay off: it ends sleep */
	for (unsigned round = 0; round < ROUNDS; round++) {
		wrong[cpu] += float_round(cpu, round);
		if (sve)
			wrong[cpu] += sve_round(cpu, round);
	}
	timer_enable(false);
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

static void switches(void)
{
	u64 before, after;

	__asm__ volatile(".arch_extension fp\n\tfmov d7, %0" ::"r"(0x1122334455667788));
	sysreg_write(cpacr_el1, 0);
	isb();
	check_equal("switched off, float instructions trap",
		    TRAP(__asm__ volatile(".arch_extension fp\n\tfmov %0, d7"
					  : "=r"(before))),
		    EC_FP);
	give_way(1);
	sysreg_write(cpacr_el1, 3ul << 20);
	isb();
	__asm__ volatile(".arch_extension fp\n\tfmov %0, d7" : "=r"(after));
	check_equal("switched on again, the registers are there", after, 0x1122334455667788);
}

void guest_main(void)
{
	u64 pfr0 = sysreg_read(id_aa64pfr0_el1), all_wrong = 0;

	if (id_field(pfr0, 16) == 15) {
		skip("fp", "the CPU has no float registers");
		return;
	}
	sve = id_field(pfr0, 32);
	print("- %u CPUs, %s SVE\n", cpu_count, sve ? "with" : "without");
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		check("a CPU starts", cpu_start(cpu, run));
	run(cpu_boot());
	check("all come to the end", wait_until(finished == cpu_count, 60000));
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		all_wrong += wrong[cpu];
	if (first.what)
		print("%s: CPU %lu, round %lu: 0x%lx, should be 0x%lx\n", first.what, first.cpu,
		      first.round, first.got, first.want);
	check_equal("no register has changed", all_wrong, 0);
	switches();
}
