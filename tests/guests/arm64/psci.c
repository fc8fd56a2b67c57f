/* SPDX-License-Identifier: MIT */
/* Test guest: PSCI 1.1 (DEN 0022), SMCCC 1.2 (DEN 0028) and TRNG (DEN 0098): each call, each error, garbage. */
#include <arm64.h>

enum {
	SMCCC_VERSION = 0x80000000,
	SMCCC_ARCH_FEATURES = 0x80000001,
	TRNG_VERSION = 0x84000050,
	TRNG_FEATURES = 0x84000051,
	TRNG_GET_UUID = 0x84000052,
	TRNG_RND = 0x84000053,
};
#define PATIENCE 20000

static bool by_smc; /* the conduit that is being tried */

/* A call with recognisable values in all registers. Those that carry no result have to come back. */
static u64 regs[18];
static unsigned lost;

static u64 call(u64 fid, u64 a, u64 b, u64 c)
{
	static u64 want[18];

	for (unsigned i = 0; i < 18; i++)
		regs[i] = 0x0123456789abcd00ul * (i + 1) + i;
	regs[0] = fid;
	regs[1] = a;
	regs[2] = b;
	regs[3] = c;
	memcpy(want, regs, sizeof(want));
	smccc_call(regs, by_smc);
	for (unsigned i = 4; i < 18; i++)
		if (regs[i] != want[i] && !lost++)
			print("call 0x%lx: x%u was 0x%lx, is 0x%lx\n", fid, i, want[i], regs[i]);
	return regs[0];
}

/* The result of a 32-bit call is in w0. */
static u64 call32(u64 fid, u64 a, u64 b, u64 c)
{
	return (u64)(int64_t)(int32_t)call(fid, a, b, c);
}

static void expect(const char *name, u64 got, int want)
{
	check_equal(name, got, (u64)(int64_t)want);
}

/* ---- what there is ---- */

static void versions(void)
{
	u64 type = call32(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0);

	check_equal("PSCI_VERSION is 1.1", call32(PSCI_VERSION, 0, 0, 0), 0x10001);
	check("MIGRATE_INFO_TYPE: nothing to migrate, or not supported", type == 2 || type == ~0ul);
	expect("MIGRATE", call32(PSCI_MIGRATE, 0, 0, 0), PSCI_NOT_SUPPORTED);
	expect("MIGRATE, 64 bits", call(PSCI_MIGRATE | PSCI_64, 0, 0, 0), PSCI_NOT_SUPPORTED);
	check("MIGRATE_INFO_UP_CPU has nothing to say",
	      (int64_t)call32(PSCI_MIGRATE_INFO_UP_CPU, 0, 0, 0) < 0);
}

static void features(void)
{
	static const struct {
		const char *name;
		u32 fid;
	} present[] = {
		{ "PSCI_VERSION", PSCI_VERSION },
		{ "CPU_SUSPEND", PSCI_CPU_SUSPEND },
		{ "CPU_SUSPEND, 64 bits", PSCI_CPU_SUSPEND | PSCI_64 },
		{ "CPU_OFF", PSCI_CPU_OFF },
		{ "CPU_ON", PSCI_CPU_ON },
		{ "CPU_ON, 64 bits", PSCI_CPU_ON | PSCI_64 },
		{ "AFFINITY_INFO", PSCI_AFFINITY_INFO },
		{ "AFFINITY_INFO, 64 bits", PSCI_AFFINITY_INFO | PSCI_64 },
		{ "MIGRATE_INFO_TYPE", PSCI_MIGRATE_INFO_TYPE },
		{ "SYSTEM_OFF", PSCI_SYSTEM_OFF },
		{ "SYSTEM_RESET", PSCI_SYSTEM_RESET },
		{ "PSCI_FEATURES", PSCI_FEATURES },
	}, also_guest[] = {
		{ "SYSTEM_RESET2", PSCI_SYSTEM_RESET2 },
		{ "SYSTEM_RESET2, 64 bits", PSCI_SYSTEM_RESET2 | PSCI_64 },
		{ "SMCCC_VERSION", SMCCC_VERSION },
	};
	static const u32 absent[] = { PSCI_VERSION | PSCI_64,
				      PSCI_CPU_OFF | PSCI_64,
				      PSCI_FEATURES | PSCI_64,
				      PSCI_SYSTEM_OFF | PSCI_64,
				      0x8400001f,
				      0xc400001f,
				      0x8500000a,
				      0,
				      ~0u };

	print("- PSCI_FEATURES\n");
	for (unsigned i = 0; i < ARRAY_SIZE(present); i++)
		expect(present[i].name, call32(PSCI_FEATURES, present[i].fid, 0, 0), PSCI_OK);
	for (unsigned i = 0; i < ARRAY_SIZE(also_guest) && !option("bare"); i++)
		expect(also_guest[i].name, call32(PSCI_FEATURES, also_guest[i].fid, 0, 0), PSCI_OK);
	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++)
		expect("what is not there", call32(PSCI_FEATURES, absent[i], 0, 0),
		       PSCI_NOT_SUPPORTED);
}

/* What PSCI_FEATURES denies answers so itself. Calls that end something have invalid arguments or are left out. */
static void features_are_true(void)
{
	unsigned wrong = 0;

	for (u32 number = 0xb; number < 0x20; number++) {
		u32 fid = PSCI_VERSION + number;

		if (call32(PSCI_FEATURES, fid, 0, 0) == (u64)PSCI_NOT_SUPPORTED)
			wrong += call32(fid, ~0ul, ~0ul, ~0ul) != (u64)PSCI_NOT_SUPPORTED;
		if (call32(PSCI_FEATURES, fid | PSCI_64, 0, 0) == (u64)PSCI_NOT_SUPPORTED)
			wrong += call(fid | PSCI_64, ~0ul, ~0ul, ~0ul) != (u64)PSCI_NOT_SUPPORTED;
	}
	check_equal("calls that PSCI_FEATURES denies are not supported", wrong, 0);
}

static void unknown(void)
{
	static const u32 fids[] = {
		0x00000000, 0x00000001, 0x01000000, 0x1fffffff, 0x30000000, 0x32000000,
		0x7fffffff, 0x80000f00, 0x81000000, 0x82000000, 0x83000000, 0x84000f00,
		0x85000000, 0x87000000, 0xb0000000, 0xb2000000, 0xbf00ff01, 0xc0000000,
		0xc4000f00, 0xc6000f00, 0xf2000000, 0xff000000, 0xffffffff,
	};
	unsigned wrong = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(fids); i++) {
		u64 got = call(fids[i], 1, 2, 3);

		if (got != ~0ul && (u32)got != ~0u)
			print("call 0x%x: 0x%lx\n", fids[i], got), wrong++;
	}
	check_equal("calls that nobody knows give -1", wrong, 0);
}

/* The number of a call and the arguments of a 32-bit one are 32 bits wide (DEN 0028, 3.1). */
static void upper_halves(void)
{
	u64 self = 0xdeadbeef00000000 | cpu_mpidr(0);

	check_equal("the upper half of x0 is not looked at", call32(0xabcdef0184000000, 0, 0, 0),
		    0x10001);
	expect("nor that of arguments of 32-bit calls", call32(PSCI_AFFINITY_INFO, self, 0, 0),
	       AFFINITY_ON);
	check("a 64-bit call looks at all of them",
	      (int64_t)call(PSCI_AFFINITY_INFO | PSCI_64, self, 0, 0) < 0);
}

/* ---- CPUs ---- */

static const u64 no_cpus[] = { 0x00ffffff, 0x0000ff00, 0x000f0000, 0xff00000000,
			       1ul << 31,  1ul << 24,  1ul << 40,  ~0ul };

static void affinity_info(void)
{
	unsigned good = 0;

	expect("AFFINITY_INFO of oneself", call32(PSCI_AFFINITY_INFO, cpu_mpidr(0), 0, 0),
	       AFFINITY_ON);
	for (unsigned cpu = 1; cpu < cpu_count; cpu++)
		good += call(PSCI_AFFINITY_INFO | PSCI_64, cpu_mpidr(cpu), 0, 0) == AFFINITY_OFF;
	check_equal("AFFINITY_INFO of the others", good, cpu_count - 1);
	for (unsigned i = 0; i < ARRAY_SIZE(no_cpus); i++)
		expect("AFFINITY_INFO of no CPU",
		       call(PSCI_AFFINITY_INFO | PSCI_64, no_cpus[i], 0, 0),
		       PSCI_INVALID_PARAMETERS);
	for (u64 level = 1; level < 4; level++) {
		u64 got = call(PSCI_AFFINITY_INFO | PSCI_64, 0, level, 0);

		check("AFFINITY_INFO of a higher level: on, or not answered",
		      got == AFFINITY_ON || got == (u64)PSCI_INVALID_PARAMETERS);
	}
	if (!option("bare"))
		expect("AFFINITY_INFO of no level", call(PSCI_AFFINITY_INFO | PSCI_64, 0, 4, 0),
		       PSCI_INVALID_PARAMETERS);
}

static void cpu_on_errors(void)
{
	u64 start = (u64)(uintptr_t)secondary_start;

	expect("CPU_ON of oneself", call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(0), start, 0),
	       PSCI_ALREADY_ON);
	expect("CPU_ON of oneself, 32 bits", call32(PSCI_CPU_ON, cpu_mpidr(0), start, 0),
	       PSCI_ALREADY_ON);
	for (unsigned i = 0; i < ARRAY_SIZE(no_cpus); i++)
		expect("CPU_ON of no CPU", call(PSCI_CPU_ON | PSCI_64, no_cpus[i], start, 0),
		       PSCI_INVALID_PARAMETERS);
	if (cpu_count < 2 || option("bare")) /* QEMU starts it and has it fault */
		return;
	expect("CPU_ON at an address without memory",
	       call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(1), NOWHERE, 0), PSCI_INVALID_ADDRESS);
	expect("CPU_ON in a device", call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(1), UART_BASE, 0),
	       PSCI_INVALID_ADDRESS);
	expect("CPU_ON far out", call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(1), ~0xffful, 0),
	       PSCI_INVALID_ADDRESS);
	expect("it is still off", call(PSCI_AFFINITY_INFO | PSCI_64, cpu_mpidr(1), 0, 0),
	       AFFINITY_OFF);
}

static volatile u64 come, go;

static void servant(unsigned cpu)
{
	(void)cpu;
	come++;
	while (!go)
		cpu_relax();
}

static void on_and_off(bool wide)
{
	u64 fid = wide ? PSCI_CPU_ON | PSCI_64 : PSCI_CPU_ON, again;
	u64 upper = wide || option("bare") ? 0 : 0x5a5a5a5a00000000; /* QEMU looks at it */

	come = go = 0;
	cpus[1].fn = servant;
	cpus[1].index = 1;
	dsb();
	expect(wide ? "CPU_ON" : "CPU_ON, 32 bits",
	       call32(fid, upper | cpu_mpidr(1), upper | (u64)(uintptr_t)secondary_start,
		      upper | (u64)(uintptr_t)&cpus[1]),
	       PSCI_OK);
	if (!option("bare")) { /* QEMU forgets for a while that it was asked */
		again = call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(1), (u64)(uintptr_t)secondary_start,
			     0);
		check("a second one at once: pending or on",
		      again == (u64)PSCI_ON_PENDING || again == (u64)PSCI_ALREADY_ON);
	}
	check("it runs", wait_until(come == 1, PATIENCE));
	expect("AFFINITY_INFO says on", call(PSCI_AFFINITY_INFO | PSCI_64, cpu_mpidr(1), 0, 0),
	       AFFINITY_ON);
	expect("CPU_ON of one that is on",
	       call(PSCI_CPU_ON | PSCI_64, cpu_mpidr(1), (u64)(uintptr_t)secondary_start, 0),
	       PSCI_ALREADY_ON);
	go = 1;
	check("AFFINITY_INFO says off in the end",
	      wait_until(call(PSCI_AFFINITY_INFO | PSCI_64, cpu_mpidr(1), 0, 0) == AFFINITY_OFF,
			 PATIENCE));
	check_equal("it has run once", come, 1);
}

/* ---- suspend ---- */

static void suspend(u64 fid)
{
	u64 start = now();

	timer_enable(true);
	timer_set(start + tick_hz / 500);
	expect("CPU_SUSPEND, standby", (int32_t)call(fid, 0, (u64)(uintptr_t)secondary_start, 0),
	       PSCI_OK);
	while (now() < start + tick_hz / 500)
		if (call(fid, 0, 0, 0)) /* it may end early */
			break;
	check("  ends by the timer", now() >= start + tick_hz / 500);
	expect("CPU_SUSPEND with an interrupt pending", (int32_t)call(fid, 0, 0, 0), PSCI_OK);
	timer_set(~0ull);
	timer_enable(false);
	expect("CPU_SUSPEND with reserved bits", (int32_t)call(fid, 0xfc000000, 0, 0),
	       PSCI_INVALID_PARAMETERS);
}

/* ---- system ---- */

static void reset2(void)
{
	expect("SYSTEM_RESET2 of an unknown kind", call32(PSCI_SYSTEM_RESET2, 1, 0, 0),
	       PSCI_INVALID_PARAMETERS);
	expect("  64 bits", call(PSCI_SYSTEM_RESET2 | PSCI_64, 0x7fffffff, 0, 0),
	       PSCI_INVALID_PARAMETERS);
	expect("SYSTEM_RESET2 of a vendor's kind", call32(PSCI_SYSTEM_RESET2, 0x80000000, 0, 0),
	       PSCI_INVALID_PARAMETERS);
}

/* ---- SMCCC and TRNG ---- */

static void smccc(void)
{
	static const u32 workarounds[] = { 0x80008000, 0x80007fff, 0x80003fff };
	u64 version = call32(SMCCC_VERSION, 0, 0, 0);

	check("SMCCC_VERSION is 1.2 or later", (int64_t)version >= 0x10002 && version < 0x20000);
	expect("ARCH_FEATURES knows SMCCC_VERSION",
	       call32(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0);
	expect("  and itself", call32(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0);
	expect("  and not what is unknown", call32(SMCCC_ARCH_FEATURES, 0x80000f00, 0, 0),
	       PSCI_NOT_SUPPORTED);
	expect("  nor calls of others", call32(SMCCC_ARCH_FEATURES, 0x83000000, 0, 0),
	       PSCI_NOT_SUPPORTED);
	for (unsigned i = 0; i < ARRAY_SIZE(workarounds); i++) {
		int64_t there = (int64_t)call32(SMCCC_ARCH_FEATURES, workarounds[i], 0, 0);

		check("a workaround is there, not needed, or unknown", there >= -2 && there <= 1);
		if (there >= 0)
			check("  then it can be called", call32(workarounds[i], 1, 0, 0) != ~0ul);
	}
}

static unsigned ones(u64 v)
{
	unsigned count = 0;

	for (; v; v &= v - 1)
		count++;
	return count;
}

/* @bits of entropy: in x3 (lowest), x2, x1, right-aligned, the rest 0. */
static unsigned random_bits(u64 fid, unsigned bits)
{
	unsigned word = fid & PSCI_64 ? 64 : 32;
	u64 mask = word == 64 ? ~0ul : 0xffffffff;
	unsigned wrong = 0;

	if (call(fid, bits, 0, 0) != 0)
		return 1;
	for (unsigned i = 0; i < 3; i++) {
		u64 got = regs[3 - i] & mask;
		unsigned left = bits > i * word ? bits - i * word : 0;

		if (left < word)
			wrong += (got >> left) != 0;
		else
			wrong += ones(got) < word / 8 || ones(got) > word - word / 8;
	}
	return wrong;
}

static void trng(void)
{
	static const u32 rnd[] = { TRNG_RND, TRNG_RND | PSCI_64 };
	u64 version = call32(TRNG_VERSION, 0, 0, 0);

	if ((int64_t)version < 0) {
		skip("TRNG", "the version call says that there is none");
		check("then TRNG_RND says so too", (int64_t)call32(TRNG_RND, 32, 0, 0) < 0);
		return;
	}
	check("TRNG_VERSION is 1.0 or later", version >= 0x10000 && version < 0x20000);
	for (u32 fid = TRNG_VERSION; fid <= TRNG_RND; fid++)
		expect("TRNG_FEATURES", call32(TRNG_FEATURES, fid, 0, 0), 0);
	expect("TRNG_FEATURES of TRNG_RND, 64 bits",
	       call32(TRNG_FEATURES, TRNG_RND | PSCI_64, 0, 0), 0);
	expect("TRNG_FEATURES of what is not there", call32(TRNG_FEATURES, 0x84000054, 0, 0), -1);
	check("TRNG_GET_UUID gives one", (u32)call(TRNG_GET_UUID, 0, 0, 0) != ~0u);
	for (unsigned i = 0; i < 2; i++) {
		unsigned most = i ? 192 : 96, wrong = 0;
		u64 before;

		print("- TRNG_RND, %u bits\n", i ? 64 : 32);
		expect("  0 bits", (int32_t)call(rnd[i], 0, 0, 0), -2);
		expect("  too many", (int32_t)call(rnd[i], most + 1, 0, 0), -2);
		for (unsigned bits = 1; bits <= most; bits++)
			wrong += random_bits(rnd[i], bits);
		check_equal("  as many bits as were asked for", wrong, 0);
		call(rnd[i], most, 0, 0);
		before = regs[3];
		call(rnd[i], most, 0, 0);
		check("  others the next time", regs[3] != before);
	}
}

static void garbage(void)
{
	u64 r = 88172645463325252ull;
	unsigned calls = 0;

	for (unsigned i = 0; i < 5000; i++) {
		u32 fid;

		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		fid = i % 2 ? (u32)r : (0x84000000 | (u32)(r & 0x400000ff));
		if ((fid & ~PSCI_64) >= PSCI_CPU_SUSPEND && (fid & ~PSCI_64) <= PSCI_CPU_ON)
			continue; /* they have their own tests */
		if ((fid & ~PSCI_64) == PSCI_SYSTEM_OFF || (fid & ~PSCI_64) == PSCI_SYSTEM_RESET ||
		    (fid & ~PSCI_64) == PSCI_SYSTEM_RESET2 ||
		    (fid & ~PSCI_64) == PSCI_SYSTEM_SUSPEND)
			continue;
		call(fid, r * 3, r * 5, r * 7);
		calls++;
	}
	check("thousands of calls of garbage are survived", calls > 3000);
}

static void conduit(void)
{
	print("- by %s\n", by_smc ? "SMC" : "HVC");
	versions();
	features();
	features_are_true();
	unknown();
	affinity_info();
	cpu_on_errors();
	if (cpu_count > 1) {
		on_and_off(true);
		on_and_off(false);
	} else {
		skip("CPU_ON", "one CPU only");
	}
	suspend(PSCI_CPU_SUSPEND);
	suspend(PSCI_CPU_SUSPEND | PSCI_64);
	if (!option("bare")) { /* QEMU has none of it */
		upper_halves();
		reset2();
		smccc();
		trng();
	}
	garbage();
	check_equal("no call has changed x4 to x17", lost, 0);
	lost = 0;
}

void guest_main(void)
{
	conduit();
	by_smc = true;
	if (option("bare")) /* QEMU's machine has one conduit */
		skip("SMC", "bare");
	else
		conduit();
}
