/* SPDX-License-Identifier: MIT */
/* Test guest: its own page tables on top of the second stage: page sizes, permissions, tables in bad places. */
#include <riscv.h>

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128, RWXAD = V | R | W | X | A | D };
#define MODE_SV39 8ul
#define MODE_SV48 9ul
#define MODE_SV57 10ul

/* What is mapped where: RAM one to one by 1 GiB, the UART by 1 GiB, and a playground at 256 GiB - 1 GiB. */
#define PLAY 0x3fc0000000ul

typedef u64 table_t[512] __attribute__((aligned(PAGE_SIZE)));
static table_t root, middle, leaf, deeper[2];
static u8 page[2 * PAGE_SIZE] __attribute__((aligned(2 * PAGE_SIZE)));

static u64 pte(const volatile void *at, u64 bits)
{
	return (u64)(uintptr_t)at >> 12 << 10 | bits;
}
static u64 pte_at(u64 at, u64 bits)
{
	return at >> 12 << 10 | bits;
}

static void flush(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

static void translation_on(u64 mode, const void *table)
{
	csr_write(satp, mode << 60 | (u64)(uintptr_t)table >> 12);
	flush();
}
static void translation_off(void)
{
	csr_write(satp, 0);
	flush();
}

static void build(void)
{
	memset(root, 0, sizeof(root));
	memset(middle, 0, sizeof(middle));
	memset(leaf, 0, sizeof(leaf));
	root[0] = pte_at(0, RWXAD);          /* devices */
	root[2] = pte_at(0x80000000, RWXAD); /* memory */
	root[PLAY >> 30] = pte(middle, V);
	middle[0] = pte(leaf, V);
}

static u64 load(u64 at)
{
	return TRAP((void)*(volatile u64 *)at);
}
static u64 store(u64 at)
{
	return TRAP(*(volatile u64 *)at = 1);
}
static u64 fetch(u64 at)
{
	return TRAP(((void (*)(void))at)());
}

static void sizes(void)
{
	u64 two_mib = ((u64)(uintptr_t)image_end + 0x3fffff) & ~0x1ffffful;

	leaf[0] = pte(page, RWXAD);
	leaf[1] = pte(page + PAGE_SIZE, RWXAD);
	middle[1] = pte_at(two_mib, RWXAD);
	*(u64 *)page = 0x1111;
	*(u64 *)(page + PAGE_SIZE) = 0x2222;
	*(u64 *)(two_mib + 0x1ff000) = 0x3333;
	translation_on(MODE_SV39, root);
	check("Sv39 is taken", csr_read(satp) >> 60 == MODE_SV39);
	check_equal("a 4 KiB page", *(volatile u64 *)PLAY, 0x1111);
	check_equal("the next one", *(volatile u64 *)(PLAY + PAGE_SIZE), 0x2222);
	check_equal("a 2 MiB page", *(volatile u64 *)(PLAY + 0x200000 + 0x1ff000), 0x3333);
	leaf[0] = pte(page + PAGE_SIZE, RWXAD);
	leaf[1] = pte(page, RWXAD);
	flush();
	check_equal("swapped after a fence", *(volatile u64 *)PLAY, 0x2222);
	for (unsigned i = 0; i < 512; i++)
		leaf[i] = pte((u8 *)two_mib + (511 - i) * PAGE_SIZE, RWXAD);
	flush();
	unsigned wrong = 0;

	for (unsigned i = 0; i < 512; i++)
		*(volatile u64 *)(PLAY + i * PAGE_SIZE) = i;
	for (unsigned i = 0; i < 512; i++)
		wrong += *(u64 *)(two_mib + (511 - i) * PAGE_SIZE) != i;
	check_equal("512 pages in reverse order", wrong, 0);
	translation_off();
}

static void deeper_modes(void)
{
	for (u64 mode = MODE_SV48; mode <= MODE_SV57; mode++) {
		table_t *top = &deeper[mode - MODE_SV48];

		memset(top, 0, sizeof(*top));
		(*top)[0] = mode == MODE_SV48 ? pte(root, V) : pte(deeper[0], V);
		csr_write(satp, mode << 60 | (u64)(uintptr_t)top >> 12);
		flush();
		if (csr_read(satp) >> 60 != mode) {
			translation_off();
			skip(mode == MODE_SV48 ? "Sv48" : "Sv57", "satp does not take it");
			continue;
		}
		check_equal(mode == MODE_SV48 ? "Sv48 translates" : "Sv57 translates", load(PLAY),
			    EXC_NONE);
		check_equal("  and faults beyond", load(1ul << 40), EXC_LOAD_PAGE);
		translation_off();
	}
}

static void permissions(void)
{
	static const struct {
		const char *name;
		u64 bits, load, store, fetch;
	} rows[] = {
		{ "invalid", 0, EXC_LOAD_PAGE, EXC_STORE_PAGE, EXC_FETCH_PAGE },
		{ "read only", V | R | A | D, EXC_NONE, EXC_STORE_PAGE, EXC_FETCH_PAGE },
		{ "read and write", V | R | W | A | D, EXC_NONE, EXC_NONE, EXC_FETCH_PAGE },
		{ "execute only", V | X | A | D, EXC_LOAD_PAGE, EXC_STORE_PAGE, EXC_NONE },
		{ "write only, reserved", V | W | A | D, EXC_LOAD_PAGE, EXC_STORE_PAGE,
		  EXC_FETCH_PAGE },
		{ "user", RWXAD | U, EXC_LOAD_PAGE, EXC_STORE_PAGE, EXC_FETCH_PAGE },
	};

	translation_on(MODE_SV39, root);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		*(volatile u32 *)page = 0x00008067; /* ret */
		leaf[0] = pte(page, rows[i].bits);
		flush();
		__asm__ volatile("fence.i");
		print("- %s page\n", rows[i].name);
		check_equal("  fetch", fetch(PLAY), rows[i].fetch);
		check_equal("  load", load(PLAY + 8), rows[i].load);
		if (rows[i].load != EXC_NONE)
			check_equal("    stval", trap_tval(), PLAY + 8);
		check_equal("  store", store(PLAY + 16), rows[i].store);
		if (rows[i].store != EXC_NONE)
			check_equal("    stval", trap_tval(), PLAY + 16);
	}
	leaf[0] = pte(page, RWXAD | U);
	flush();
	csr_set(sstatus, STATUS_SUM);
	check_equal("user page with SUM: load", load(PLAY), EXC_NONE);
	csr_clear(sstatus, STATUS_SUM);
	leaf[0] = pte(page, V | X | A | D);
	flush();
	csr_set(sstatus, STATUS_MXR);
	check_equal("execute-only page with MXR: load", load(PLAY), EXC_NONE);
	csr_clear(sstatus, STATUS_MXR);
	check_equal("an address that is not canonical", load(1ul << 45), EXC_LOAD_PAGE);
	translation_off();
}

/* Pages that translate to guest-physical addresses where no memory is. */
static void bad_targets(void)
{
	static const u64 targets[] = { 0x400000, 1ul << 40, (1ul << 56) - PAGE_SIZE };

	translation_on(MODE_SV39, root);
	for (unsigned i = 0; i < ARRAY_SIZE(targets); i++) {
		leaf[0] = pte_at(targets[i], RWXAD);
		flush();
		print("- page at 0x%lx\n", targets[i]);
		check_equal("  load: access fault", load(PLAY + 0x18), EXC_LOAD_ACCESS);
		check_equal("    stval is the virtual address", trap_tval(), PLAY + 0x18);
		check_equal("  store: access fault", store(PLAY + 0x20), EXC_STORE_ACCESS);
		check_equal("    stval is the virtual address", trap_tval(), PLAY + 0x20);
		check_equal("  fetch: access fault", fetch(PLAY), EXC_FETCH_ACCESS);
		check_equal("    stval is the virtual address", trap_tval(), PLAY);
	}
	leaf[0] = pte_at(UART_BASE, RWXAD);
	flush();
	write8(PLAY + 7, 0x3c);
	check_equal("a device through a page of one's own", read8(PLAY + 7), 0x3c);
	check_equal("  fetch from it: access fault", fetch(PLAY), EXC_FETCH_ACCESS);
	translation_off();
}

/* The tables themselves where no memory is: an access fault of the kind of the access that walked. */
static void bad_tables(void)
{
	static const struct {
		const char *name;
		u64 at;
	} rows[] = {
		{ "in the UART", UART_BASE },
		{ "in the PLIC", PLIC_BASE },
		{ "nowhere", 0x400000 },
		{ "beyond all addresses", (1ul << 56) - PAGE_SIZE },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		translation_on(MODE_SV39, root);
		middle[2] = pte_at(rows[i].at, V);
		flush();
		print("- page table %s\n", rows[i].name);
		check_equal("  load", load(PLAY + 0x400000), EXC_LOAD_ACCESS);
		check_equal("    stval", trap_tval(), PLAY + 0x400000);
		check_equal("  store", store(PLAY + 0x400008), EXC_STORE_ACCESS);
		check_equal("  fetch", fetch(PLAY + 0x400000), EXC_FETCH_ACCESS);
		middle[2] = 0;
		translation_off();
	}
}

/* Addresses that the hardware walker may not set: A and D clear gives a fault or is set, both are allowed. */
static void accessed_dirty(void)
{
	u64 cause;

	translation_on(MODE_SV39, root);
	leaf[0] = pte(page, V | R | W);
	flush();
	cause = store(PLAY);
	if (cause == EXC_NONE)
		check_equal("the walker sets A and D", leaf[0] & (A | D), A | D);
	else
		check_equal("A and D clear: page fault", cause, EXC_STORE_PAGE);
	translation_off();
}

void guest_main(void)
{
	build();
	sizes();
	deeper_modes();
	permissions();
	bad_targets();
	if (!option("bare")) /* QEMU walks through its devices and answers with page faults otherwise */
		bad_tables();
	accessed_dirty();
}
