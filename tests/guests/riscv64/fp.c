/* SPDX-License-Identifier: MIT */
/* Test guest: float and vector registers keep their values while vCPUs and guests take turns. */
#include <riscv.h>

#define ROUNDS 300
#define VLENB_MAX 256

static bool vector;
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

#define EACH(m)                                                                               \
	m(0) m(1) m(2) m(3) m(4) m(5) m(6) m(7) m(8) m(9) m(10) m(11) m(12) m(13) m(14) m(15) \
		m(16) m(17) m(18) m(19) m(20) m(21) m(22) m(23) m(24) m(25) m(26) m(27) m(28) \
			m(29) m(30) m(31)

/* fld and fsd by number: the compilers do not agree on how to allow their names. */
#define LOAD(n) ".insn i 0x07, 3, x" #n ", 8 * " #n "(%0)\n"
#define STORE(n) ".insn s 0x27, 3, x" #n ", 8 * " #n "(%0)\n"

static void float_load(const u64 *values)
{
	__asm__ volatile(EACH(LOAD)::"r"(values) : "memory");
}
static void float_store(u64 *values)
{
	__asm__ volatile(EACH(STORE)::"r"(values) : "memory");
}

/* vl8re8.v and vs8r.v of all 32 registers, by encoding: gcc 12's assembler has no V. */
static void vector_load(const u8 *values, u64 vlenb)
{
	register const u8 *a0 __asm__("a0") = values;
	register u64 a1 __asm__("a1") = 8 * vlenb;

	__asm__ volatile(".word 0xe2850007\n add a0, a0, a1\n" /* vl8re8.v v0, (a0) */
			 ".word 0xe2850407\n add a0, a0, a1\n"
			 ".word 0xe2850807\n add a0, a0, a1\n"
			 ".word 0xe2850c07\n"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
}
static void vector_store(u8 *values, u64 vlenb)
{
	register u8 *a0 __asm__("a0") = values;
	register u64 a1 __asm__("a1") = 8 * vlenb;

	__asm__ volatile(".word 0xe2850027\n add a0, a0, a1\n" /* vs8r.v v0, (a0) */
			 ".word 0xe2850427\n add a0, a0, a1\n"
			 ".word 0xe2850827\n add a0, a0, a1\n"
			 ".word 0xe2850c27\n"
			 : "+r"(a0)
			 : "r"(a1)
			 : "memory");
}

static u64 pattern(unsigned cpu, unsigned round, unsigned n)
{
	return (u64)(cpu + 1) << 56 ^ (u64)round << 32 ^ (n + 1) * 0x01010101ul;
}

/* What makes others run meanwhile, a different way each round. */
static void give_way(unsigned round)
{
	switch (round % 4) {
	case 0:
		timer_set(now() + tick_hz / 2000);
		wait_for_interrupt();
		timer_set(~0ull);
		break;
	case 1:
		sbi0(SBI_BASE, 0);
		break;
	case 2:
		delay_us(500);
		break;
	default:
		read8(UART_BASE + 5);
	}
}

static unsigned float_round(unsigned cpu, unsigned round)
{
	u64 in[32], out[32];
	unsigned bad = 0;

	for (unsigned i = 0; i < 32; i++)
		in[i] = pattern(cpu, round, i);
	csr_write(fcsr, (cpu * 7 + round) & 0x1f);
	float_load(in);
	give_way(round);
	float_store(out);
	for (unsigned i = 0; i < 32; i++)
		bad += compare("float register", cpu, round, out[i], in[i]);
	return bad + compare("fcsr", cpu, round, csr_read(fcsr), (cpu * 7 + round) & 0x1f);
}

static unsigned vector_round(unsigned cpu, unsigned round)
{
	static u8 in[CPUS_MAX][32 * VLENB_MAX] __attribute__((aligned(16)));
	static u8 out[CPUS_MAX][32 * VLENB_MAX] __attribute__((aligned(16)));
	u64 vlenb = csr_read(0xc22), vl, vtype;
	unsigned bad = 0;

	if (vlenb > VLENB_MAX)
		die("vlenb is beyond what this test has room for", vlenb, 0, 0);
	for (unsigned i = 0; i < 32 * vlenb; i++)
		in[cpu][i] = (u8)(pattern(cpu, round, i) >> i % 8 * 8) ^ (u8)i;
	vector_load(in[cpu], vlenb);
	__asm__ volatile("li t0, 3\n .word 0x0c12f2d7" ::
				 : "t0"); /* vsetvli t0, t0, e8, m2, ta, ma */
	give_way(round);
	vl = csr_read(0xc20);
	vtype = csr_read(0xc21);
	vector_store(out[cpu], vlenb);
	for (unsigned i = 0; i < 32 * vlenb; i += 8)
		bad += compare("vector register", cpu, round, *(u64 *)(out[cpu] + i),
			       *(u64 *)(in[cpu] + i));
	return bad + compare("vl", cpu, round, vl, 3) + compare("vtype", cpu, round, vtype, 0xc1);
}

static void run(unsigned cpu)
{
	csr_set(sstatus, STATUS_FS);
	if (vector)
		csr_set(sstatus, STATUS_VS);
	timer_enable(true); /* interrupts stay off: it ends sleep */
	for (unsigned round = 0; round < ROUNDS; round++) {
		wrong[cpu] += float_round(cpu, round);
		if (vector)
			wrong[cpu] += vector_round(cpu, round);
	}
	timer_enable(false);
	__atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

void guest_main(void)
{
	u64 all_wrong = 0;

	if (!isa_has("d")) {
		skip("fp", "the tree says no D");
		return;
	}
	vector = isa_has("v");
	print("- %u harts, %s vector registers\n", cpu_count, vector ? "with" : "without");
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		if (cpu != cpu_boot())
			check("a hart starts", cpu_start(cpu, run));
	run(cpu_boot());
	check("all come to the end", wait_until(finished == cpu_count, 60000));
	for (unsigned cpu = 0; cpu < cpu_count; cpu++)
		all_wrong += wrong[cpu];
	if (first.what)
		print("%s: CPU %lu, round %lu: 0x%lx, should be 0x%lx\n", first.what, first.cpu,
		      first.round, first.got, first.want);
	check_equal("no register has changed", all_wrong, 0);
	check("float use leaves FS dirty", (csr_read(sstatus) & STATUS_FS) == STATUS_FS);
	csr_clear(sstatus, STATUS_FS);
	check("FS can be switched off", !(csr_read(sstatus) & STATUS_FS));
}
