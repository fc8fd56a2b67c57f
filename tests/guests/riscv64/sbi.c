/* SPDX-License-Identifier: MIT */
/* Test guest: the firmware interface, SBI 2.0: each call, each error that the specification names, and garbage. */
#include <riscv.h>

static const u64 nobody = 4000; /* a hart id that no machine here has */
static bool bare;               /* on OpenSBI, which answers some of this otherwise or not at all */

static void expect(const char *name, struct sbiret ret, long want)
{
	check_equal(name, (u64)ret.error, (u64)want);
}

/* One of two answers that the specification leaves open. */
static void expect_either(const char *name, struct sbiret ret, long a, long b)
{
	check_equal(name, (u64)ret.error, (u64)(ret.error == b ? b : a));
}

static u64 probe(u64 extension)
{
	return sbi1(SBI_BASE, 3, extension).value;
}

static void base(void)
{
	struct sbiret version = sbi0(SBI_BASE, 0);

	expect("get_spec_version", version, SBI_OK);
	check("  is at least 2.0, reserved bit 0",
	      version.value >= 0x2000000 && version.value < 0x80000000);
	for (u64 fid = 1; fid <= 2; fid++)
		expect("implementation id and version", sbi0(SBI_BASE, fid), SBI_OK);
	for (u64 fid = 4; fid <= 6; fid++)
		expect("vendor, architecture, implementation of the machine", sbi0(SBI_BASE, fid),
		       SBI_OK);
	expect("BASE function 7", sbi0(SBI_BASE, 7), SBI_NOT_SUPPORTED);
	expect("BASE function 2^32 - 1", sbi0(SBI_BASE, 0xffffffff), SBI_NOT_SUPPORTED);
	check("probe BASE", probe(SBI_BASE));
	check("probe TIME", probe(SBI_TIME));
	check("probe IPI", probe(SBI_IPI));
	check("probe RFENCE", probe(SBI_RFENCE));
	check("probe HSM", probe(SBI_HSM));
	check("probe SRST", probe(SBI_SRST));
	check("probe DBCN", probe(SBI_DBCN));
	check_equal("probe of what is not there", probe(0x123456), 0);
	expect("  is no error", sbi1(SBI_BASE, 3, 0x123456), SBI_OK);
	check_equal("probe of the vendor range", probe(0x09000001), 0);
}

static void unknown(void)
{
	static const u64 ids[] = { 0x9,        0xf,        0x11,       0x123456,
				   0x08000000, 0x09000000, 0x0a000000, 0x7fffffff,
				   0x80000000, 0xffffffff, ~0ull,      SBI_TIME + 1 };

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		expect("unknown extension", sbi3(ids[i], 0, 1, 2, 3), SBI_NOT_SUPPORTED);
	static const u64 maybe[] = { 0x535553 /* SUSP */, 0x43505043 /* CPPC */, 0x535441 /* STA */,
				     0x4e41434c /* NACL */, SBI_PMU };

	for (unsigned i = 0; i < ARRAY_SIZE(maybe); i++)
		expect("function 1000 of an extension that may be there", sbi0(maybe[i], 1000),
		       SBI_NOT_SUPPORTED);
	expect("TIME function 1", sbi0(SBI_TIME, 1), SBI_NOT_SUPPORTED);
	expect("IPI function 1", sbi0(SBI_IPI, 1), SBI_NOT_SUPPORTED);
	expect("RFENCE function 7", sbi0(SBI_RFENCE, 7), SBI_NOT_SUPPORTED);
	expect("HSM function 4", sbi0(SBI_HSM, 4), SBI_NOT_SUPPORTED);
	expect("SRST function 1", sbi0(SBI_SRST, 1), SBI_NOT_SUPPORTED);
	expect("DBCN function 3", sbi0(SBI_DBCN, 3), SBI_NOT_SUPPORTED);
}

static void time(void)
{
	expect("set_timer in the future", sbi1(SBI_TIME, 0, now() + tick_hz * 1000), SBI_OK);
	check_equal("  clears the pending bit", csr_read(sip) & 1ul << IRQ_TIMER, 0);
	expect("set_timer in the past", sbi1(SBI_TIME, 0, 0), SBI_OK);
	check("  sets the pending bit", wait_until(csr_read(sip) & 1ul << IRQ_TIMER, 1000));
	expect("set_timer never", sbi1(SBI_TIME, 0, ~0ull), SBI_OK);
	check_equal("  clears it", csr_read(sip) & 1ul << IRQ_TIMER, 0);
}

static void ipi(void)
{
	u64 self = hart_id(cpu_this());

	expect("send_ipi to itself", sbi2(SBI_IPI, 0, 1, self), SBI_OK);
	check("  sets the pending bit", wait_until(csr_read(sip) & 1ul << IRQ_SOFT, 1000));
	csr_clear(sip, 1ul << IRQ_SOFT);
	check_equal("  which software clears", csr_read(sip) & 1ul << IRQ_SOFT, 0);
	expect("send_ipi to all", sbi2(SBI_IPI, 0, 0, ~0ull), SBI_OK);
	check("  reaches itself too", wait_until(csr_read(sip) & 1ul << IRQ_SOFT, 1000));
	csr_clear(sip, 1ul << IRQ_SOFT);
	expect("send_ipi to an empty mask", sbi2(SBI_IPI, 0, 0, 0), SBI_OK);
	expect("send_ipi to nobody", sbi2(SBI_IPI, 0, 1, nobody), SBI_INVALID_PARAM);
	if (!bare)
		expect("send_ipi to some that are not there", sbi2(SBI_IPI, 0, 1ull << 63, 0),
		       SBI_INVALID_PARAM);
	expect("send_ipi, base near the end", sbi2(SBI_IPI, 0, 3, ~0ull - 1), SBI_INVALID_PARAM);
	csr_clear(sip, 1ul << IRQ_SOFT);
}

static void rfence(void)
{
	u64 self = hart_id(cpu_this());

	expect("remote_fence_i", sbi2(SBI_RFENCE, 0, 1, self), SBI_OK);
	expect("remote_fence_i to all", sbi2(SBI_RFENCE, 0, 0, ~0ull), SBI_OK);
	expect("remote_fence_i to nobody", sbi2(SBI_RFENCE, 0, 1, nobody), SBI_INVALID_PARAM);
	expect("remote_sfence_vma, one page", sbi(SBI_RFENCE, 1, 1, self, RAM_BASE, PAGE_SIZE, 0),
	       SBI_OK);
	expect("remote_sfence_vma, everything as 0, 0", sbi(SBI_RFENCE, 1, 0, ~0ull, 0, 0, 0),
	       SBI_OK);
	expect("remote_sfence_vma, everything as 0, -1", sbi(SBI_RFENCE, 1, 0, ~0ull, 0, ~0ull, 0),
	       SBI_OK);
	expect_either("remote_sfence_vma, range that wraps",
		      sbi(SBI_RFENCE, 1, 1, self, ~0ull - 4095, 1ull << 40, 0), SBI_OK,
		      SBI_INVALID_ADDRESS);
	expect("remote_sfence_vma, 2^50 bytes", sbi(SBI_RFENCE, 1, 1, self, 0, 1ull << 50, 0),
	       SBI_OK);
	expect("remote_sfence_vma to nobody", sbi(SBI_RFENCE, 1, 2, nobody, 0, 0, 0),
	       SBI_INVALID_PARAM);
	expect("remote_sfence_vma_asid", sbi(SBI_RFENCE, 2, 1, self, RAM_BASE, PAGE_SIZE, 3),
	       SBI_OK);
	for (u64 fid = 3; fid <= 6; fid++)
		expect("remote_hfence without H", sbi(SBI_RFENCE, fid, 1, self, 0, 0, 0),
		       SBI_NOT_SUPPORTED);
}

static void hsm(void)
{
	u64 self = hart_id(cpu_this()), other = hart_id(!cpu_this());
	struct sbiret status = sbi1(SBI_HSM, 2, self);

	expect("hart_get_status of itself", status, SBI_OK);
	check_equal("  is STARTED", status.value, HSM_STARTED);
	expect("hart_get_status of nobody", sbi1(SBI_HSM, 2, nobody), SBI_INVALID_PARAM);
	expect("hart_start of itself", sbi3(SBI_HSM, 0, self, RAM_BASE + 0x200000, 0),
	       SBI_ALREADY_AVAILABLE);
	expect("hart_start of nobody", sbi3(SBI_HSM, 0, nobody, RAM_BASE, 0), SBI_INVALID_PARAM);
	expect("hart_start of hart -1", sbi3(SBI_HSM, 0, ~0ull, RAM_BASE, 0), SBI_INVALID_PARAM);
	if (cpu_count > 1 && !bare) {
		check_equal("the other hart is STOPPED", sbi1(SBI_HSM, 2, other).value,
			    HSM_STOPPED);
		expect("hart_start in the middle of nowhere", sbi3(SBI_HSM, 0, other, 0x400, 0),
		       SBI_INVALID_ADDRESS);
		check_equal("  leaves it STOPPED", sbi1(SBI_HSM, 2, other).value, HSM_STOPPED);
	}
	expect("hart_suspend with a reserved type", sbi3(SBI_HSM, 3, 1, 0, 0), SBI_INVALID_PARAM);
	expect_either("hart_suspend with a platform's type", sbi3(SBI_HSM, 3, 0x10000000, 0, 0),
		      SBI_NOT_SUPPORTED, SBI_INVALID_PARAM);
	csr_set(sie, 1ul << IRQ_SOFT);
	csr_set(sip, 1ul << IRQ_SOFT);
	expect("hart_suspend, retentive, with an interrupt pending", sbi3(SBI_HSM, 3, 0, 0, 0),
	       SBI_OK);
	csr_clear(sip, 1ul << IRQ_SOFT);
	csr_clear(sie, 1ul << IRQ_SOFT);
}

static void reset(void)
{
	expect("system_reset of a reserved type", sbi2(SBI_SRST, 0, 3, 0), SBI_INVALID_PARAM);
	expect("system_reset for a reserved reason", sbi2(SBI_SRST, 0, 0, 2), SBI_INVALID_PARAM);
	expect_either("system_reset of a vendor's type", sbi2(SBI_SRST, 0, 0xf0000000, 0),
		      SBI_NOT_SUPPORTED, SBI_INVALID_PARAM);
}

static void ram(u64 *start, u64 *end)
{
	fdt_reg(fdt_node("/memory"), 0, start, end);
	*end += *start;
}

static void console(void)
{
	static const char text[] = "debug console writes\r\n";
	static char buffer[16];
	u64 start, end;
	struct sbiret ret = sbi3(SBI_DBCN, 0, sizeof(text) - 1, (u64)(uintptr_t)text, 0);

	ram(&start, &end);
	expect("console_write", ret, SBI_OK);
	check("  writes some", ret.value > 0 && ret.value < sizeof(text));
	expect("console_write of nothing", sbi3(SBI_DBCN, 0, 0, (u64)(uintptr_t)text, 0), SBI_OK);
	if (bare)
		return;
	expect("console_write from no memory", sbi3(SBI_DBCN, 0, 8, 0x400, 0), SBI_INVALID_PARAM);
	expect("console_write over the end of memory", sbi3(SBI_DBCN, 0, 32, end - 16, 0),
	       SBI_INVALID_PARAM);
	expect("console_write from 2^64", sbi3(SBI_DBCN, 0, 8, start, 1), SBI_INVALID_PARAM);
	ret = sbi3(SBI_DBCN, 0, 1ull << 63, start, 0);
	expect_either("console_write of 2^63 bytes", ret, SBI_INVALID_PARAM, SBI_OK);
	check("  writes only some", ret.error || ret.value <= end - start);
	ret = sbi3(SBI_DBCN, 1, sizeof(buffer), (u64)(uintptr_t)buffer, 0);
	expect("console_read with nothing to read", ret, SBI_OK);
	check_equal("  reads nothing", ret.value, 0);
	expect("console_read to no memory", sbi3(SBI_DBCN, 1, 8, 0x400, 0), SBI_INVALID_PARAM);
	expect("console_write_byte", sbi1(SBI_DBCN, 2, '.'), SBI_OK);
	sbi1(SBI_DBCN, 2, '\r');
	sbi1(SBI_DBCN, 2, '\n');
}

static void legacy(void)
{
	check_equal("legacy putchar", (u64)sbi1(1, 0, '\r').error, 0);
	sbi1(1, 0, '\n');
	check_equal("legacy getchar with nothing to read", (u64)sbi0(2, 0).error, ~0ull);
}

/* What a call may change: a0 and a1, in the legacy ones a0 only. */
static void registers(const char *name, u64 eid, u64 fid, u64 arg, bool legacy_call)
{
	struct hart *hart = hart_this();
	unsigned wrong = 0;

	for (unsigned i = 1; i < 32; i++)
		hart->in[i] = 0xfedcba9876543200ul + i;
	hart->in[10] = arg;
	hart->in[11] = hart_id(cpu_this());
	hart->in[16] = fid;
	hart->in[17] = eid;
	run_instruction(0x00000073);
	for (unsigned i = 1; i < 32; i++)
		wrong += hart->out[i] != hart->in[i] && i != 10 && (i != 11 || legacy_call);
	check_equal(name, wrong, 0);
}

static void all_registers(void)
{
	registers("BASE keeps the registers", SBI_BASE, 0, 0, false);
	registers("set_timer keeps the registers", SBI_TIME, 0, ~0ull, false);
	registers("send_ipi keeps the registers", SBI_IPI, 0, 1, false);
	registers("remote_fence_i keeps the registers", SBI_RFENCE, 0, 1, false);
	registers("hart_get_status keeps the registers", SBI_HSM, 2, 0, false);
	registers("console_write_byte keeps the registers", SBI_DBCN, 2, '\r', false);
	registers("an unknown call keeps the registers", 0x123456, 0, 0, false);
	registers("legacy putchar keeps the registers and a1", 1, 0, '\r', true);
	csr_clear(sip, 1ul << IRQ_SOFT);
}

static u64 random_state = 88172645463325252ull;
static u64 random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static u64 random_argument(void)
{
	u64 r = random_next();

	switch (r >> 60) {
	case 0 ... 3:
		return r & 0xff;
	case 4 ... 6:
		return 1ull << (r & 63);
	case 7:
		return ~(r & 0xff);
	case 8 ... 9: /* no address of our own memory: the console may be read into it */
		return RAM_BASE - (r & 0xffff);
	default:
		return r | 1ull << 62;
	}
}

/* Calls with arguments of no sense; what would end the test by rights is left out. */
static void garbage(void)
{
	static const u64 ids[] = { SBI_BASE, SBI_TIME, SBI_IPI, SBI_RFENCE, SBI_HSM,  SBI_SRST,
				   SBI_PMU,  SBI_DBCN, 0,       3,          0x535553, 0x535441 };
	unsigned bad = 0;

	for (unsigned i = 0; i < 3000; i++) {
		u64 eid = ids[random_next() % ARRAY_SIZE(ids)], fid = random_next() % 8;
		u64 a = random_argument(), b = random_argument(), c = random_argument();
		struct sbiret ret;

		if ((eid == SBI_HSM && (fid == 1 || fid == 3)) || (eid == SBI_SRST && (u32)a < 3) ||
		    eid == 0x535553)
			continue;
		if (eid == SBI_HSM && fid == 0 && a < CPUS_MAX)
			a += nobody;
		ret = sbi(eid, fid, a, b, c, random_argument(), random_argument());
		bad += eid > 15 && (ret.error > 0 || ret.error < -32);
	}
	print("\n");
	check_equal("3000 calls of garbage answer with a known error or none", bad, 0);
	sbi1(SBI_TIME, 0, ~0ull);
	csr_clear(sip, 1ul << IRQ_SOFT);
}

void guest_main(void)
{
	bare = option("bare");
	base();
	unknown();
	time();
	ipi();
	rfence();
	hsm();
	reset();
	console();
	legacy();
	all_registers();
	garbage();
}
