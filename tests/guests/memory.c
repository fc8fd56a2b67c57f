/* SPDX-License-Identifier: MIT */
/* Test guest: all memory of the tree is there, private, zeroed, and ends where it says. */
#include <guest.h>

extern char image_end[];

/* The tree and the image lie in memory too and keep what they hold. */
static bool in_use(u64 at, u64 size)
{
	u32 fdt_size;
	u64 fdt = (u64)(uintptr_t)fdt_blob(&fdt_size),
	    image = (u64)(uintptr_t)guest_main & ~0x1ffffful;

	return (at < fdt + fdt_size && at + size > fdt) ||
	       (at < (u64)(uintptr_t)image_end && at + size > image);
}

#define STEP 0x10000ul

static u64 pattern(u64 at)
{
	return at * 0x9e3779b97f4a7c15ul ^ 0x5a;
}

/* The first and the last word of each 64 KiB. */
static void walk(u64 base, u64 size)
{
	unsigned not_zero = 0, wrong = 0, used = 0;

	for (u64 at = base; at < base + size; at += STEP) {
		volatile u64 *first = (u64 *)at, *last = (u64 *)(at + STEP - 8);

		if (in_use(at, STEP)) {
			used++;
			continue;
		}
		if (!option("bare"))
			not_zero += *first != 0 || *last != 0;
		*first = pattern(at);
		*last = ~pattern(at);
	}
	for (u64 at = base; at < base + size; at += STEP) {
		volatile u64 *first = (u64 *)at, *last = (u64 *)(at + STEP - 8);

		if (!in_use(at, STEP))
			wrong += *first != pattern(at) || *last != ~pattern(at);
	}
	check_equal("memory comes zeroed", not_zero, 0);
	check_equal("memory keeps what is written, each word its own", wrong, 0);
	check("not all of it was in use", used < size / STEP);
}

static void ends(u64 base, u64 size)
{
	u64 value;

	check("the last byte can be read", probe_read(base + size - 1, 1, &value));
	check("the last 8 bytes can be read", probe_read(base + size - 8, 8, &value));
	check("no byte can be read behind the end", !probe_read(base + size, 1, &value));
	check("no word can be written behind the end", !probe_write(base + size, 8, 1));
	if (!option("bare")) {
		check("no byte can be read before the start", !probe_read(base - 1, 1, &value));
		check("no word can be written before the start", !probe_write(base - 8, 8, 1));
	}
}

/* /alias@... nodes of the test's own tree: a second view at `reg` of the memory at `verdigris,alias-of`. */
static void aliases(void)
{
	u64 at, size, of_high;
	int node = fdt_node("/alias");
	const void *of;

	if (node < 0 || !fdt_reg(node, 0, &at, &size)) {
		skip("alias", "the tree has none");
		return;
	}
	of = fdt_property(node, "test,alias-of", NULL);
	of_high = (u64)fdt_cell(of, 0) << 32 | fdt_cell(of, 1);
	*(volatile u64 *)of_high = 0x1122334455667788;
	check_equal("an alias shows what it is an alias of", *(volatile u64 *)at,
		    0x1122334455667788);
	*(volatile u64 *)(at + size - 8) = 0x99aabbccddeeff00;
	check_equal("and both ways", *(volatile u64 *)(of_high + size - 8), 0x99aabbccddeeff00);
	check("no byte behind the alias", !probe_read(at + size, 1, NULL));
}

void guest_main(void)
{
	int root = 0;
	unsigned regions = 0;
	u64 base, size;

	for (int node = fdt_child(root, -1); node >= 0; node = fdt_child(root, node)) {
		if (memcmp(fdt_name(node), "memory@", 7))
			continue;
		for (unsigned i = 0; fdt_reg(node, i, &base, &size); i++) {
			print("- memory at 0x%lx, %lu MiB\n", base, size >> 20);
			if (option("bare")) /* the firmware lies in the first 2 MiB */
				base += 2ul << 20, size -= 2ul << 20;
			walk(base, size);
			ends(base, size);
			regions++;
		}
	}
	check("the tree has memory", regions > 0);
	aliases();
}
