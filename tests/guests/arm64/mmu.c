/* SPDX-License-Identifier: MIT */
/*
 * Test guest: its own translation on top of the second stage: page sizes, attributes, faults with their syndrome,
 * tables and pages where no memory is, maintenance that other CPUs see, code that is written and run.
 */
#include <arm64.h>

/* A playground of 1 GiB beside the map of start.S: an empty entry of its table gets tables of our own. */
#define PLAY 0x7f80000000ul
#define PLAY_INDEX (PLAY >> 30)
#define PATIENCE 20000

typedef u64 table_t[512] __attribute__((aligned(PAGE_SIZE)));
static table_t middle, leaf, leaf2, top;
static u8 pages[32][PAGE_SIZE] __attribute__((aligned(32 * PAGE_SIZE)));
static u64 saved_entry;

#define RETURN_INSN 0xd65f03c0
#define PAGE_BITS (PTE_NORMAL | PTE_PAGE | PTE_UXN)

static u64 pte(const volatile void *at, u64 bits)
{
	return (u64)(uintptr_t)at | bits;
}

static u64 load(u64 at)
{
	return TRAP((void)read64(at));
}
static u64 store(u64 at)
{
	return TRAP(write64(at, 1));
}
static u64 fetch(u64 at)
{
	return TRAP(((void (*)(void))at)());
}

static void build(void)
{
	saved_entry = identity[PLAY_INDEX];
	memset(middle, 0, sizeof(middle));
	memset(leaf, 0, sizeof(leaf));
	middle[0] = pte(leaf, PTE_TABLE);
	identity[PLAY_INDEX] = pte(middle, PTE_TABLE);
	tlb_flush();
}

static void set(u64 *entry, u64 value)
{
	*entry = 0;
	tlb_flush();
	*entry = value;
	__asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

/* ---- sizes ---- */

static void sizes(void)
{
	u64 two_mib = ((u64)(uintptr_t)image_end + 0x3fffff) & ~0x1ffffful, wrong = 0;

	set(&leaf[0], pte(pages[0], PAGE_BITS));
	set(&leaf[1], pte(pages[1], PAGE_BITS));
	set(&middle[1], two_mib | PTE_NORMAL | PTE_VALID | PTE_UXN);
	*(u64 *)pages[0] = 0x1111;
	*(u64 *)pages[1] = 0x2222;
	*(u64 *)(two_mib + 0x1ff000) = 0x3333;
	check_equal("a 4 KiB page", *(volatile u64 *)PLAY, 0x1111);
	check_equal("the next one", *(volatile u64 *)(PLAY + PAGE_SIZE), 0x2222);
	check_equal("a 2 MiB block", *(volatile u64 *)(PLAY + 0x3ff000), 0x3333);
	set(&leaf[0], pte(pages[1], PAGE_BITS));
	set(&leaf[1], pte(pages[0], PAGE_BITS));
	check_equal("swapped", *(volatile u64 *)PLAY, 0x2222);
	set(&middle[2], pte(leaf2, PTE_TABLE));
	for (unsigned i = 0; i < 512; i++)
		leaf2[i] = pte((u8 *)two_mib + (511 - i) * PAGE_SIZE, PAGE_BITS);
	tlb_flush();
	for (unsigned i = 0; i < 512; i++)
		*(volatile u64 *)(PLAY + 0x400000 + i * PAGE_SIZE) = i;
	for (unsigned i = 0; i < 512; i++)
		wrong += *(u64 *)(two_mib + (511 - i) * PAGE_SIZE) != i;
	check_equal("512 pages in reverse order", wrong, 0);
	for (unsigned i = 0; i < 16; i++)
		leaf[16 + i] = pte(pages[i], PAGE_BITS | PTE_CONTIGUOUS);
	tlb_flush();
	for (unsigned i = 0; i < 16; i++)
		*(u64 *)pages[i] = i * 3;
	for (unsigned i = 0; i < 16; i++)
		wrong += *(volatile u64 *)(PLAY + (16 + i) * PAGE_SIZE) != i * 3;
	check_equal("16 pages with the contiguous hint", wrong, 0);
}

/* Another geometry cannot be set while translation is on. */
static void translate_by(u64 tcr, const u64 *table)
{
	dsb();
	mmu_off();
	sysreg_write(tcr_el1, tcr);
	sysreg_write(ttbr0_el1, table);
	tlb_flush();
	sysreg_write(sctlr_el1, SCTLR_ON);
	isb();
}

/* A translation of 48 bits, with one level more. */
static void four_levels(void)
{
	memset(top, 0, sizeof(top));
	top[0] = pte(identity, PTE_TABLE);
	top[300] = pte(identity, PTE_TABLE);
	translate_by((tcr_value & ~0x3ful) | 16, top);
	check_equal("48 bits translate", *(volatile u64 *)(300ul << 39 | PLAY),
		    *(volatile u64 *)PLAY);
	check_equal("  and fault where nothing is", load(5ul << 39), EC_DABORT);
	check_equal("    at level 0", trap_fsc(), FSC_TRANSLATION | 0);
	translate_by(tcr_value, identity);
}

/* The upper half by TTBR1. */
static void upper_half(void)
{
	u64 tcr = tcr_value & ~(1ul << 23);

	sysreg_write(ttbr1_el1, identity);
	sysreg_write(tcr_el1, tcr | 25ul << 16 | 1ul << 24 | 1ul << 26 | 3ul << 28 | 2ul << 30);
	tlb_flush();
	check_equal("the upper half translates", *(volatile u64 *)(0xffffff8000000000 | PLAY),
		    *(volatile u64 *)PLAY);
	check_equal("  between both nothing does", load(0x0000ff8000000000), EC_DABORT);
	check_equal("    FAR", trap_far(), 0x0000ff8000000000);
	sysreg_write(tcr_el1, tcr_value);
	tlb_flush();
	check_equal("  off again, it faults", load(0xffffff8000000000 | PLAY), EC_DABORT);
	check_equal("    FAR", trap_far(), 0xffffff8000000000 | PLAY);
}

/* Other granules, where the CPU has them: a table that maps everything by itself. */
static void granules(void)
{
	static u64 large[8192] __attribute__((aligned(0x10000)));
	u64 mmfr0 = sysreg_read(id_aa64mmfr0_el1);

	if (id_field(mmfr0, 24) == 15) {
		skip("64 KiB granule", "the CPU has none");
		return;
	}
	/* 39 bits with 64 KiB: a second-level table of 1024 blocks of 512 MiB. */
	for (u64 i = 0; i < 1024; i++)
		large[i] = i << 29 | (i < 2 ? BLOCK_DEVICE : BLOCK_NORMAL);
	translate_by((tcr_value & ~(3ul << 14)) | 1ul << 14, large);
	*(volatile u64 *)pages[3] = 0x64646464;
	check_equal("64 KiB granule", *(volatile u64 *)pages[3], 0x64646464);
	check_equal("  access to nowhere", load(NOWHERE_HIGH), EC_DABORT);
	check_equal("    status", trap_fsc(), FSC_EXTERNAL);
	check_equal("  a device", *(volatile u32 *)(RTC_BASE + 0xfe0), 0x31);
	translate_by(tcr_value, identity);
}

/* ---- permissions and faults ---- */

static void permissions(void)
{
	static const struct {
		const char *name;
		u64 bits;
		int load, store, fetch; /* status expected, -1: works */
	} rows[] = {
		{ "invalid", 0, FSC_TRANSLATION | 3, FSC_TRANSLATION | 3, FSC_TRANSLATION | 3 },
		{ "reserved descriptor", PTE_VALID | PTE_NORMAL, FSC_TRANSLATION | 3,
		  FSC_TRANSLATION | 3, FSC_TRANSLATION | 3 },
		{ "read and write", PAGE_BITS, -1, -1, -1 },
		{ "read only", PAGE_BITS | PTE_RO, -1, FSC_PERMISSION | 3, -1 },
		{ "not to be executed", PAGE_BITS | PTE_PXN, -1, -1, FSC_PERMISSION | 3 },
		{ "of EL0, read and write", PAGE_BITS | PTE_USER, -1, -1, FSC_PERMISSION | 3 },
		{ "of EL0, read only", PAGE_BITS | PTE_USER | PTE_RO, -1, FSC_PERMISSION | 3, -1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 ec;

		*(volatile u32 *)pages[0] = RETURN_INSN;
		code_sync(pages[0], 4);
		set(&leaf[0], rows[i].bits ? pte(pages[0], rows[i].bits) : 0);
		__asm__ volatile("ic iallu\n\tdsb sy\n\tisb");
		print("- a page, %s\n", rows[i].name);
		ec = fetch(PLAY);
		check_equal("  fetch", ec == EC_NONE ? ~0ul : trap_fsc(),
			    (u64)(int64_t)rows[i].fetch);
		if (rows[i].fetch >= 0)
			check("    class and address",
			      ec == EC_IABORT && trap_far() == PLAY && trap_elr() == PLAY);
		ec = load(PLAY + 8);
		check_equal("  load", ec == EC_NONE ? ~0ul : trap_fsc(),
			    (u64)(int64_t)rows[i].load);
		if (rows[i].load >= 0)
			check("    class, address, direction",
			      ec == EC_DABORT && trap_far() == PLAY + 8 && !(trap_esr() & ESR_WNR));
		ec = store(PLAY + 16);
		check_equal("  store", ec == EC_NONE ? ~0ul : trap_fsc(),
			    (u64)(int64_t)rows[i].store);
		if (rows[i].store >= 0)
			check("    class, address, direction",
			      ec == EC_DABORT && trap_far() == PLAY + 16 && (trap_esr() & ESR_WNR));
	}
	set(&leaf[0], pte(pages[0], PAGE_BITS & ~PTE_AF));
	check_equal("without the access flag", load(PLAY), EC_DABORT);
	check_equal("  status", trap_fsc(), FSC_ACCESS_FLAG | 3);
	set(&middle[5], 0);
	check_equal("without a table", load(PLAY + 0xa00000), EC_DABORT);
	check_equal("  status", trap_fsc(), FSC_TRANSLATION | 2);
}

/* ---- pages and tables where nothing is ---- */

static u64 pa_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

	return bits[sysreg_read(id_aa64mmfr0_el1) & 7];
}

static void bad_pages(void)
{
	u64 targets[] = { NOWHERE, NOWHERE_HIGH, (1ul << pa_bits()) - PAGE_SIZE };

	for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
		set(&leaf[0], targets[i] | PAGE_BITS);
		print("- a page at 0x%lx\n", targets[i]);
		check_equal("  load", load(PLAY + 0x18), EC_DABORT);
		check_equal("    status", trap_fsc(), FSC_EXTERNAL);
		check_equal("    FAR is the virtual address", trap_far(), PLAY + 0x18);
		check_equal("  store", store(PLAY + 0x20), EC_DABORT);
		check_equal("    status", trap_fsc(), FSC_EXTERNAL);
		check_equal("    FAR", trap_far(), PLAY + 0x20);
		check_equal("  fetch", fetch(PLAY + 0x40), EC_IABORT);
		check_equal("    status", trap_fsc(), FSC_EXTERNAL);
		check_equal("    FAR", trap_far(), PLAY + 0x40);
	}
	if (pa_bits() < 48) {
		set(&leaf[0], 1ul << pa_bits() | PAGE_BITS);
		check_equal("a page beyond all addresses: load", load(PLAY), EC_DABORT);
		check_equal("  status", trap_fsc(), FSC_ADDRESS_SIZE | 3);
	}
	set(&leaf[0], RTC_BASE | PTE_DEVICE | PTE_PAGE);
	check_equal("a device through a page of one's own", *(volatile u32 *)(PLAY + 0xfe0), 0x31);
	check_equal("  its next word", *(volatile u32 *)(PLAY + 0xfe4), 0x10);
	/* Unusual: a device as normal memory still answers. */
	set(&leaf[0], RTC_BASE | PTE_NORMAL | PTE_PAGE | PTE_UXN | PTE_PXN);
	check_equal("a device as cacheable memory", *(volatile u32 *)(PLAY + 0xfe0), 0x31);
	set(&leaf[0], pte(pages[0], PAGE_BITS));
}

/* An external abort on a walk, of the level that was fetched, or an SError. */
static void walk_fault(const char *name, u64 ec, u64 want, u64 at, u64 level)
{
	if (ec == EC_SERROR)
		return check(name, true);
	if (ec == want && trap_fsc() == FSC_EXTERNAL && !option("bare")) /* without the level */
		return check(name, trap_far() == at);
	check_equal(name, ec, want);
	check_equal("    status", trap_fsc(), FSC_EXTERNAL_WALK | level);
	check_equal("    FAR", trap_far(), at);
}

static void bad_tables(void)
{
	u64 targets[] = { NOWHERE, NOWHERE_HIGH, UART_BASE, (1ul << pa_bits()) - PAGE_SIZE };

	for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
		if (targets[i] == UART_BASE && option("bare"))
			continue; /* QEMU walks through its devices */
		set(&middle[3], targets[i] | PTE_TABLE);
		print("- a last table at 0x%lx\n", targets[i]);
		walk_fault("  load", load(PLAY + 0x600000), EC_DABORT, PLAY + 0x600000, 3);
		walk_fault("  store", store(PLAY + 0x600008), EC_DABORT, PLAY + 0x600008, 3);
		walk_fault("  fetch", fetch(PLAY + 0x600000), EC_IABORT, PLAY + 0x600000, 3);
		set(&middle[3], 0);
		set(&identity[PLAY_INDEX], targets[i] | PTE_TABLE);
		print("- a table before it at 0x%lx\n", targets[i]);
		walk_fault("  load", load(PLAY + 0x600000), EC_DABORT, PLAY + 0x600000, 2);
		set(&identity[PLAY_INDEX], pte(middle, PTE_TABLE));
	}
	/* AT gives a result or the fault; the guest goes on. */
	set(&middle[3], NOWHERE | PTE_TABLE);
	u64 ec = TRAP(__asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(PLAY + 0x600000) : "memory"));

	check("AT through a bad table: a failure in PAR_EL1, or the abort",
	      ec == EC_DABORT || ec == EC_SERROR || (ec == EC_NONE && (sysreg_read(par_el1) & 1)));
	set(&middle[3], 0);
}

/* ---- attributes ---- */

static void attributes(void)
{
	static const struct {
		const char *name;
		u64 attr;
	} rows[] = {
		{ "non-cacheable", ATTR_NC },
		{ "device", ATTR_DEVICE },
		{ "device with early acknowledge", ATTR_DEVICE_RE },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 bits = PTE_ATTR(rows[i].attr) | PTE_AF | PTE_PAGE | PTE_UXN | PTE_PXN | PTE_SH;

		*(volatile u64 *)pages[0] = 0x77 + i;
		__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(pages[0]) : "memory");
		set(&leaf[0], pte(pages[0], bits));
		print("- memory as %s\n", rows[i].name);
		check_equal("  what was cleaned is seen", *(volatile u64 *)PLAY, 0x77 + i);
		*(volatile u64 *)PLAY = 0x1234 + i;
		dsb();
		__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(pages[0]) : "memory");
		check_equal("  and what was stored", *(volatile u64 *)pages[0], 0x1234 + i);
	}
	set(&leaf[0], pte(pages[0], PAGE_BITS));
}

/* Data written with caches on is there with caches off, and the other way round, when it was cleaned. */
static void caches_off(void)
{
	volatile u64 *word = (u64 *)pages[2];
	unsigned wrong = 0;

	for (u64 i = 0; i < 5; i++) {
		*word = i;
		__asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(word) : "memory");
		mmu_off();
		wrong += *word != i;
		*word = i + 1000;
		dsb();
		__asm__ volatile("dc ivac, %0\n\tdsb sy" ::"r"(word) : "memory");
		mmu_on();
		wrong += *word != i + 1000;
	}
	check_equal("caches off and on again keep what was cleaned", wrong, 0);
}

/* ---- address space identifiers ---- */

static void asids(void)
{
	unsigned wide = id_field(sysreg_read(id_aa64mmfr0_el1), 4) ? 16 : 8;
	u64 asid_max = (1ul << wide) - 1;
	unsigned wrong = 0;

	sysreg_write(tcr_el1, tcr_value | (wide == 16 ? 1ul << 36 : 0));
	for (unsigned i = 0; i < 100; i++) {
		u64 asid = i % 2 ? asid_max : 1;

		sysreg_write(ttbr0_el1, (u64)(uintptr_t)identity | asid << 48);
		isb();
		leaf[0] = pte(pages[i % 3], PAGE_BITS | PTE_NG);
		*(volatile u64 *)pages[i % 3] = i;
		__asm__ volatile("dsb ishst\n\ttlbi vae1is, %0\n\tdsb ish\n\tisb" ::"r"(asid << 48 |
											PLAY >> 12)
				 : "memory");
		wrong += *(volatile u64 *)PLAY != i;
	}
	check_equal("address spaces with their own entries", wrong, 0);
	sysreg_write(ttbr0_el1, identity);
	sysreg_write(tcr_el1, tcr_value);
	tlb_flush();
}

/* ---- other CPUs ---- */

static volatile u64 request, answer;
enum { STOP = 1, READ, CALL };

static void servant(unsigned cpu)
{
	(void)cpu;
	while (request != STOP) {
		if (request == READ)
			answer = load(PLAY) == EC_NONE ? *(volatile u64 *)PLAY : ~0ul;
		else if (request == CALL)
			answer = ((u64(*)(void))PLAY)();
		else
			continue;
		__asm__ volatile("dmb ish" ::: "memory");
		request = 0;
	}
	request = 0;
}

static u64 ask(u64 what)
{
	answer = 0xdead;
	__asm__ volatile("dmb ish" ::: "memory");
	request = what;
	wait_until(request == 0, PATIENCE);
	__asm__ volatile("dmb ish" ::: "memory");
	return answer;
}

enum { BY_ADDRESS, BY_ADDRESS_ANY, LAST_LEVEL, ALL_OF_ASID, ALL };

static void invalidate(unsigned how)
{
	u64 page = PLAY >> 12;

	__asm__ volatile("dsb ishst" ::: "memory");
	if (how == BY_ADDRESS)
		__asm__ volatile("tlbi vae1is, %0" ::"r"(page));
	else if (how == BY_ADDRESS_ANY)
		__asm__ volatile("tlbi vaae1is, %0" ::"r"(page));
	else if (how == LAST_LEVEL)
		__asm__ volatile("tlbi vale1is, %0" ::"r"(page));
	else if (how == ALL_OF_ASID)
		__asm__ volatile("tlbi aside1is, %0" ::"r"(0ul));
	else
		__asm__ volatile("tlbi vmalle1is");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

static void remote(void)
{
	static const char *const names[] = { "by address", "by address, any space",
					     "of last levels", "of an address space",
					     "of everything" };

	if (cpu_count < 2) {
		skip("maintenance for other CPUs", "one CPU only");
		return;
	}
	*(u64 *)pages[4] = 100;
	*(u64 *)pages[5] = 101;
	set(&leaf[0], pte(pages[4], PAGE_BITS));
	check("another CPU starts", cpu_start(1, servant));
	check_equal("  it sees our tables", ask(READ), 100);
	for (unsigned how = BY_ADDRESS; how <= ALL; how++) {
		unsigned good = 0;

		for (unsigned i = 0; i < 100; i++) {
			leaf[0] = 0;
			invalidate(how);
			good += ask(READ) == ~0ul;
			leaf[0] = pte(pages[4 + i % 2],
				      PAGE_BITS | (how == ALL_OF_ASID ? PTE_NG : 0));
			invalidate(how);
			good += ask(READ) == 100 + i % 2;
		}
		print("- TLB maintenance for other CPUs, %s\n", names[how]);
		check_equal("  is done when it says so", good, 200);
	}
}

/* Code that one CPU writes and both run. */
static void written_code(void)
{
	unsigned good = 0, there = 0;
	volatile u32 *code = (u32 *)pages[6];

	set(&leaf[0], pte(pages[6], PAGE_BITS));
	for (u32 i = 0; i < 100; i++) {
		code[0] = 0xd2800000 | i << 5; /* mov x0, #i */
		code[1] = RETURN_INSN;
		code_sync(code, 8);
		good += ((u64(*)(void))PLAY)() == i;
		if (cpu_count > 1) {
			__asm__ volatile("isb");
			there += ask(CALL) == i;
		}
	}
	check_equal("code that was written runs", good, 100);
	if (cpu_count > 1) {
		check_equal("  on another CPU too", there, 100);
		request = STOP;
		check("  which stops", wait_until(cpu_stopped(1), PATIENCE));
	}
}

void guest_main(void)
{
	build();
	sizes();
	four_levels();
	upper_half();
	granules();
	permissions();
	bad_pages();
	bad_tables();
	attributes();
	caches_off();
	asids();
	remote();
	written_code();
	identity[PLAY_INDEX] = saved_entry;
	tlb_flush();
}
