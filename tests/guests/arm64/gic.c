/* SPDX-License-Identifier: MIT */
/* Test guest: the registers of the GIC, version 2 (IHI 0048B) or 3 (IHI 0069): identity, widths, what is fixed. */
#include <gic.h>

#define SPI 96

static const char *where;

static void word(const char *name, u64 at, u32 write, u32 want)
{
	u32 before = read32(at), got;

	write32(at, write);
	got = read32(at);
	write32(at, before);
	if (got != want)
		print("%s, 0x%lx: ", where, at);
	check_equal(name, got, want);
}

static void fixed(const char *name, u64 at)
{
	u32 before = read32(at);

	word(name, at, ~before, before);
	word(name, at, 0, before);
}

static void identity_registers(void)
{
	u32 typer = read32(gicd + GICD_TYPER), iidr = read32(gicd + GICD_IIDR);
	u32 pidr2 = read32(gicd + (gic_version == 3 ? 0xffe8 : 0xfe8));

	where = "distributor";
	check_equal("the architecture's version", pidr2 >> 4 & 15, gic_version);
	check("TYPER says how many interrupts there are", gic_lines >= 64 && gic_lines <= 1020);
	if (gic_version == 2) {
		check_equal("TYPER says how many CPUs there are", (typer >> 5 & 7) + 1, cpu_count);
	} else {
		check("TYPER says how wide interrupt numbers are", (typer >> 19 & 31) + 1 >= 10);
	}
	fixed("TYPER cannot be written", gicd + GICD_TYPER);
	fixed("IIDR cannot be written", gicd + GICD_IIDR);
	check_equal("IIDR reads the same again", read32(gicd + GICD_IIDR), iidr);
}

/* One bit an interrupt: set and clear registers that show the same state. */
static void bit_registers(void)
{
	static const struct {
		const char *name;
		u32 set, clear;
	} rows[] = {
		{ "enable", GICD_ISENABLER, GICD_ICENABLER },
		{ "pending", GICD_ISPENDR, GICD_ICPENDR },
		{ "active", GICD_ISACTIVER, GICD_ICACTIVER },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 set = gicd + rows[i].set + SPI / 8, clear = gicd + rows[i].clear + SPI / 8;

		print("- %s bits\n", rows[i].name);
		write32(set, 0xa5a50000);
		check_equal("  ones set", read32(set), 0xa5a50000);
		check_equal("  both registers show them", read32(clear), 0xa5a50000);
		write32(set, 0);
		write32(clear, 0);
		check_equal("  zeros change nothing", read32(set), 0xa5a50000);
		write32(set, 0x0000ffff);
		check_equal("  more ones are added", read32(set), 0xa5a5ffff);
		write32(clear, 0x8000000f);
		check_equal("  ones clear", read32(set), 0x25a5fff0);
		write32(clear, ~0u);
		check_equal("  all", read32(clear), 0);
	}
	if (gic_lines < 1020) {
		where = "distributor";
		word("no enable bits beyond the last interrupt",
		     gicd + GICD_ISENABLER + gic_lines / 8, ~0u, 0);
		word("no pending bits beyond the last interrupt",
		     gicd + GICD_ISPENDR + gic_lines / 8, ~0u, 0);
		word("no priorities beyond the last interrupt", gicd + GICD_IPRIORITYR + gic_lines,
		     ~0u, 0);
		word("no configuration beyond the last interrupt",
		     gicd + GICD_ICFGR + gic_lines / 4, ~0u, 0);
	}
}

static void priorities(void)
{
	u64 at = gicd + GICD_IPRIORITYR + SPI;
	u8 bits;

	write32(at, ~0u);
	bits = read8(at);
	check("priorities have 4 to 8 bits, from the top",
	      bits >= 0xf0 && !((u8)~bits & (u8)(~bits + 1)));
	check_equal("  of each interrupt the same", read32(at), bits * 0x01010101u);
	write32(at, 0x10305070);
	check_equal("a word of priorities", read32(at), 0x10305070);
	check_equal("  byte 0", read8(at), 0x70);
	check_equal("  byte 1", read8(at + 1), 0x50);
	check_equal("  byte 2", read8(at + 2), 0x30);
	check_equal("  byte 3", read8(at + 3), 0x10);
	write8(at + 2, 0xe0);
	check_equal("one byte changes itself only", read32(at), 0x10e05070);
	write32(at, 0x80808080);
}

static void configuration(void)
{
	u64 at = gicd + GICD_ICFGR + SPI / 4;

	where = "configuration";
	word("shared interrupts are edge or level", at, 0xaaaaaaaa, 0xaaaaaaaa);
	word("  both ways", at, 0x22222222, 0x22222222);
	word("  one bit each", at, 0xffffffff & 0xaaaaaaaa, 0xaaaaaaaa);
	check_equal("software-generated ones are edges", read32(gic_word(GICD_ICFGR, 0, 2)),
		    0xaaaaaaaa);
	fixed("  always", gic_word(GICD_ICFGR, 0, 2));
}

/* Offsets that are reserved, or another version's. */
static void nothing_there(void)
{
	static const u32 v2[] = { 0x00c, 0x03c, 0xc0, 0xf0, 0xffc - 0x100 },
			 v3[] = { 0x00c,  0x03c,  0xf00,  0xf10,  0xf20,  0xff0,
				  0x5ffc, 0x6000, 0x6008, 0x60f8, 0x8100, 0xbff0 };
	const u32 *rows = gic_version == 3 ? v3 : v2;

	where = "reserved";
	for (unsigned i = 0; i < (gic_version == 3 ? ARRAY_SIZE(v3) : ARRAY_SIZE(v2)); i++) {
		u32 value = read32(gicd + rows[i]);

		write32(gicd + rows[i], ~value);
		if (read32(gicd + rows[i]) != value)
			print("at 0x%x\n", rows[i]);
		check_equal("a reserved register ignores writes", read32(gicd + rows[i]), value);
	}
}

/* Sizes that a register has not: the fault, or something that is harmless. */
static void odd_accesses(void)
{
	static const u32 registers[] = { GICD_CTLR,
					 GICD_TYPER,
					 GICD_ISENABLER + SPI / 8,
					 GICD_ICFGR + SPI / 4,
					 GICD_IPRIORITYR + SPI,
					 0xf30,
					 0xffe8,
					 0x6300 };
	unsigned faults = 0, values = 0;
	u32 ctlr = read32(gicd + GICD_CTLR);

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		u64 at = gicd + registers[i], value;

		if (gic_version == 2 && registers[i] >= 0x1000)
			continue;
		for (unsigned size = 1; size <= 8; size *= 2) {
			if (at % size)
				continue;
			if (!probe_read(at, size, &value))
				faults++;
			else if (values++, size != 4 && registers[i] != GICD_TYPER)
				probe_write(at, size, value);
		}
	}
	write32(gicd + GICD_ICENABLER + SPI / 8, ~0u);
	write32(gicd + GICD_CTLR, ctlr);
	dsb();
	print("- odd sizes: %u values, %u faults\n", values, faults);
	check_equal("odd sizes are survived", read32(gicd + GICD_CTLR), ctlr);
}

/* ---- version 2 only ---- */

static void targets(void)
{
	u32 own = read32(gicd + GICD_ITARGETSR);

	where = "targets";
	if (cpu_count == 1) {
		skip("targets", "they are fixed with one CPU");
		return;
	}
	check_equal("targets of private interrupts are the CPU itself", own,
		    (own & 0xff) * 0x01010101u);
	for (u32 at = 0; at < 32; at += 4)
		fixed("  and cannot be written", gicd + GICD_ITARGETSR + at);
	word("targets of shared interrupts", gicd + GICD_ITARGETSR + SPI, 0x01020301, 0x01020301);
	if (!option("bare")) /* QEMU keeps any */
		word("  among the CPUs that there are", gicd + GICD_ITARGETSR + SPI, ~0u,
		     ((1u << cpu_count) - 1) * 0x01010101u);
}

static void sender_bits(void)
{
	u64 set = gicd + GICD_SPENDSGIR, clear = gicd + GICD_CPENDSGIR;
	u32 iar;

	if (option("bare")) { /* QEMU 10 ends by an assertion of its own */
		skip("pending bits of senders", "bare");
		return;
	}
	write8(set + 5, 1);
	check_equal("a pending bit of a sender", read8(set + 5), 1);
	check_equal("  shows in the other register too", read8(clear + 5), 1);
	write8(clear + 5, 1);
	check_equal("  and is cleared there", read32(set + 4), 0);
	gic_enable(5, true);
	write32(set + 4, 0x0300);
	for (u32 sender = 0; sender < 2; sender++) {
		check("a pending bit each sender", wait_until(irq_signalled(), 1000));
		iar = gic_acknowledge();
		check_equal("  IAR names both", iar, 5 | sender << 10);
		gic_end(iar);
	}
	check_equal("  and that was all", gic_intid(gic_acknowledge()), SPURIOUS);
	gic_enable(5, false);
}

static void cpu_interface_v2(void)
{
	u32 bits;

	where = "CPU interface";
	check_equal("GICC_IIDR says version 2", read32(gicc + GICC_IIDR) >> 16 & 15, 2);
	fixed("  and cannot be written", gicc + GICC_IIDR);
	check("GICC_RPR is idle", read32(gicc + GICC_RPR) >= 0xf0);
	write32(gicc + GICC_PMR, 0);
	check_equal("GICC_PMR keeps 0", read32(gicc + GICC_PMR), 0);
	write32(gicc + GICC_PMR, 0xff);
	bits = read32(gicc + GICC_PMR);
	check("GICC_PMR has at least 4 bits", bits >= 0xf0 && bits <= 0xff);
	write32(gicc + GICC_BPR, 7);
	check_equal("GICC_BPR keeps 7", read32(gicc + GICC_BPR), 7);
	write32(gicc + GICC_BPR, 0);
	bits = read32(gicc + GICC_BPR);
	check("GICC_BPR has a smallest value", bits <= 3);
	check_equal("GICC_HPPIR without anything", read32(gicc + GICC_HPPIR) & 0x3ff, SPURIOUS);
	write32(gicc + GICC_EOIR, 1023);
	write32(gicc + GICC_EOIR, 77);
	check_equal("ends of what is not active change nothing", gic_intid(gic_acknowledge()),
		    SPURIOUS);
	for (u64 at = 0; at < 0x2000; at += 4)
		if (at != GICC_IAR && at != 0x20)
			probe_read(gicc + at, 4, NULL);
	check_equal("reading all words of the CPU interface changes nothing",
		    read32(gicc + GICC_BPR), bits);
}

/* ---- version 3 only ---- */

static void routes(void)
{
	u64 at = gicd + GICD_IROUTER + 8 * SPI, all = 0xff80ffffff, got;

	write64(at, cpu_mpidr(cpu_count - 1));
	check_equal("a route reads back", read64(at), cpu_mpidr(cpu_count - 1));
	write64(at, ~0ul);
	if (!option("bare")) /* QEMU keeps them */
		check_equal("its reserved bits stay 0", read64(at) & ~all, 0);
	write32(at, 0x00010203);
	write32(at + 4, 0x00000004);
	got = read64(at);
	check_equal("its halves are registers too", got & 0xffffffff, 0x00010203);
	check("  the upper one is the fourth affinity, or fixed", got >> 32 == 4 || got >> 32 == 0);
	check_equal("  read as halves", read32(at), 0x00010203);
	gic_route(SPI, 0);
}

static void control(void)
{
	u32 ctlr = read32(gicd + GICD_CTLR);

	check("one security state", ctlr & 1 << 6);
	check("affinity routing is on", ctlr & 1 << 4);
	write32(gicd + GICD_CTLR, ctlr & ~(1u << 6));
	check("the security state cannot be changed", read32(gicd + GICD_CTLR) & 1 << 6);
	write32(gicd + GICD_CTLR, ctlr);
	check_equal("writes are done at once or said to be going on",
		    wait_until(!(read32(gicd + GICD_CTLR) & GICD_CTLR_RWP), 1000), true);
}

/* One pair of frames a CPU, in a row. */
static void redistributors(void)
{
	u64 base, size, last = 0;
	unsigned count = 0, good = 0;

	fdt_reg(fdt_find_compatible("arm,gic-v3"), 1, &base, &size);
	for (u64 at = base; at < base + size && !last; at += 0x20000, count++) {
		u64 typer = read64(at + GICR_TYPER);

		last = typer & 16;
		good += (typer >> 8 & 0xffff) == count && (read32(at + 0xffe8) >> 4 & 15) == 3 &&
			read32(at + GICR_TYPER) == (u32)typer &&
			read32(at + GICR_TYPER + 4) == typer >> 32;
	}
	check_equal("as many redistributors as CPUs", count, cpu_count);
	check_equal("  numbered, and of version 3", good, cpu_count);
	where = "redistributor";
	fixed("GICR_TYPER cannot be written", gicr[0] + GICR_TYPER);
	fixed("GICR_IIDR cannot be written", gicr[0] + 4);
	word("GICR_IGROUPR0", gicr[0] + GICR_SGI + GICD_IGROUPR, 0xffffffff, 0xffffffff);
	word("no enable bits behind private ones", gicr[0] + GICR_SGI + GICD_ISENABLER + 4, ~0u, 0);
	for (u32 reg = GICD_ISENABLER; reg <= GICD_ICACTIVER; reg += 0x80)
		word("the distributor has no private ones", gicd + reg, ~0u, 0);
	word("  nor their priorities", gicd + GICD_IPRIORITYR, ~0u, 0);
	write32(gicr[0] + GICR_WAKER, 2);
	write32(gicr[0] + GICR_WAKER, 0);
	check("a redistributor that was put to sleep wakes",
	      wait_until(!(read32(gicr[0] + GICR_WAKER) & 4), 1000));
}

#define ICC_REGISTER(crm, op2) SYSREG(3, 0, 12, crm, op2)

static void cpu_interface_v3(void)
{
	static const struct {
		const char *name;
		u32 reg;
		bool read, write;
	} rows[] = {
		{ "ICC_IAR0", ICC_REGISTER(8, 0), true, false },
		{ "ICC_EOIR0", ICC_REGISTER(8, 1), false, true },
		{ "ICC_HPPIR0", ICC_REGISTER(8, 2), true, false },
		{ "ICC_BPR0", ICC_REGISTER(8, 3), true, true },
		{ "ICC_AP0R0", ICC_REGISTER(8, 4), true, true },
		{ "ICC_AP1R0", ICC_REGISTER(9, 0), true, true },
		{ "ICC_RPR", ICC_REGISTER(11, 3), true, false },
		{ "ICC_SGI1R", ICC_REGISTER(11, 5), false, true },
		{ "ICC_ASGI1R", ICC_REGISTER(11, 6), false, true },
		{ "ICC_SGI0R", ICC_REGISTER(11, 7), false, true },
		{ "ICC_IAR1", ICC_REGISTER(12, 0), true, false },
		{ "ICC_EOIR1", ICC_REGISTER(12, 1), false, true },
		{ "ICC_HPPIR1", ICC_REGISTER(12, 2), true, false },
		{ "ICC_BPR1", ICC_REGISTER(12, 3), true, true },
		{ "ICC_CTLR", ICC_REGISTER(12, 4), true, true },
		{ "ICC_SRE", ICC_REGISTER(12, 5), true, true },
		{ "ICC_IGRPEN0", ICC_REGISTER(12, 6), true, true },
		{ "ICC_IGRPEN1", ICC_REGISTER(12, 7), true, true },
		{ "ICC_PMR", SYSREG(3, 0, 4, 6, 0), true, true },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 value = 0;

		print("- %s\n", rows[i].name);
		check_equal("  read", run_instruction(MRS(rows[i].reg, 0)),
			    rows[i].read ? EC_NONE : EC_UNKNOWN);
		if (rows[i].read)
			value = this_cpu()->out[0];
		else if (rows[i].reg == ICC_REGISTER(12, 1) || rows[i].reg == ICC_REGISTER(8, 1))
			value = SPURIOUS;
		this_cpu()->in[0] = value;
		check_equal("  write", run_instruction(MSR(rows[i].reg, 0)),
			    rows[i].write ? EC_NONE : EC_UNKNOWN);
	}
	gic_cpu_init();
	check_equal("the CPU interface is system registers", icc_read(ICC_SRE) & 1, 1);
	check_equal("ICC_RPR is idle", icc_read(ICC_RPR) & 0xff, 0xff);
	icc_write(ICC_BPR1, 7);
	check_equal("ICC_BPR1 keeps 7", icc_read(ICC_BPR1), 7);
	icc_write(ICC_BPR1, 0);
	check("ICC_BPR1 has a smallest value", icc_read(ICC_BPR1) <= 4);
	icc_write(ICC_PMR, 0);
	check_equal("ICC_PMR keeps 0", icc_read(ICC_PMR), 0);
	icc_write(ICC_PMR, 0xff);
	check("ICC_PMR has at least 5 bits", icc_read(ICC_PMR) >= 0xf8);
	check("ICC_CTLR says so too", (icc_read(ICC_CTLR) >> 8 & 7) >= 4);
	check("there is room for as many active priorities", icc_read(S3_0_C12_C9_0) == 0);
	icc_write(ICC_EOIR1, 77);
	icc_write(ICC_DIR, 77);
	check_equal("ends of what is not active change nothing", gic_intid(gic_acknowledge()),
		    SPURIOUS);
}

/* Group 0 comes as FIQ, with registers of its own; a GIC may have group 1 only. */
static void group_0(void)
{
	u64 group = gic_word(GICD_IGROUPR, SPI, 1);

	gic_edge(SPI, true);
	write32(group, read32(group) & ~1u);
	if (read32(group) & 1) {
		skip("group 0", "the group is fixed");
		return;
	}
	gic_enable(SPI, true);
	gic_pend(SPI, true);
	check("of group 0 nothing is signalled while it is off",
	      !fiq_signalled() && !irq_signalled());
	write32(gicd + GICD_CTLR, read32(gicd + GICD_CTLR) | 1);
	icc_write(ICC_IGRPEN0, 1);
	check("on, it is signalled as FIQ", wait_until(fiq_signalled(), 1000));
	check("  and not as IRQ", !irq_signalled());
	check("  group 1 does not see it", gic_acknowledge() >= 1020);
	check_equal("  ICC_HPPIR0 names it", icc_read(ICC_HPPIR0), SPI);
	check_equal("  ICC_IAR0 acknowledges it", icc_read(ICC_IAR0), SPI);
	check("  it is active", gic_active(SPI) && !fiq_signalled());
	icc_write(ICC_EOIR0, SPI);
	check("  ICC_EOIR0 ends it", !gic_active(SPI));
	gic_enable(SPI, false);
	icc_write(ICC_IGRPEN0, 0);
	write32(group, read32(group) | 1);
	write32(gicd + GICD_CTLR, read32(gicd + GICD_CTLR) & ~1u);
}

void guest_main(void)
{
	print("- GICv%u\n", gic_version);
	identity_registers();
	bit_registers();
	priorities();
	configuration();
	nothing_there();
	odd_accesses();
	if (gic_version == 2) {
		targets();
		sender_bits();
		cpu_interface_v2();
	} else {
		routes();
		control();
		redistributors();
		cpu_interface_v3();
		group_0();
	}
}
