/* SPDX-License-Identifier: MIT */
/* Extensions of the harts, from the device tree's riscv,isa-extensions or riscv,isa; what guests get of them. */
#include <arch/isa.h>
#include <core/errno.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/format.h>
#include <string.h>

/* Harts that do not agree on a size get none of it. */
#define BLOCK_SIZE_UNKNOWN 0

static const struct {
	const char *name; /* lower case */
	bool guest;       /* its state and traps are handled, or it has none */
} extensions[EXT_COUNT] = {
	/* Single letters in the order that an ISA string has them (Unprivileged Architecture, chapter "Naming"). */
	[EXT_I] = { "i", true },
	[EXT_M] = { "m", true },
	[EXT_A] = { "a", true },
	[EXT_F] = { "f", true },
	[EXT_D] = { "d", true },
	[EXT_C] = { "c", true },
	[EXT_V] = { "v", true },
	[EXT_H] = { "h", false },
	[EXT_SSTC] = { "sstc", true },
	[EXT_SVPBMT] = { "svpbmt", true },
	[EXT_SVINVAL] = { "svinval", true },
	[EXT_SVNAPOT] = { "svnapot", true },
	[EXT_SVADE] = { "svade", true },
	[EXT_SVADU] = { "svadu", false }, /* henvcfg.ADUE stays 0: guests see Svade instead */
	[EXT_ZICBOM] = { "zicbom", true },
	[EXT_ZICBOZ] = { "zicboz", true },
	[EXT_ZICBOP] = { "zicbop", true },
	[EXT_ZICNTR] = { "zicntr", true },
	[EXT_ZICSR] = { "zicsr", true },
	[EXT_ZIFENCEI] = { "zifencei", true },
	[EXT_ZIHINTPAUSE] = { "zihintpause", true },
	[EXT_ZIHINTNTL] = { "zihintntl", true },
	[EXT_ZICOND] = { "zicond", true },
	[EXT_ZAWRS] = { "zawrs", true },
	[EXT_ZACAS] = { "zacas", true },
	[EXT_ZBA] = { "zba", true },
	[EXT_ZBB] = { "zbb", true },
	[EXT_ZBC] = { "zbc", true },
	[EXT_ZBS] = { "zbs", true },
	[EXT_ZFA] = { "zfa", true },
	[EXT_ZFH] = { "zfh", true },
	[EXT_ZFHMIN] = { "zfhmin", true },
	[EXT_ZBKB] = { "zbkb", true },
	[EXT_ZBKC] = { "zbkc", true },
	[EXT_ZBKX] = { "zbkx", true },
	[EXT_ZKND] = { "zknd", true },
	[EXT_ZKNE] = { "zkne", true },
	[EXT_ZKNH] = { "zknh", true },
	[EXT_ZKT] = { "zkt", true },
	[EXT_ZVBB] = { "zvbb", true },
	[EXT_ZVFH] = { "zvfh", true },
	[EXT_ZVKT] = { "zvkt", true },
};

/* Names that stand for several extensions. */
#define CRYPTO_BITS (BIT(EXT_ZBKB) | BIT(EXT_ZBKC) | BIT(EXT_ZBKX))
#define NIST_BITS (CRYPTO_BITS | BIT(EXT_ZKND) | BIT(EXT_ZKNE) | BIT(EXT_ZKNH))
static const struct {
	const char *name;
	u64 bits;
} bundles[] = {
	{ "g", BIT(EXT_I) | BIT(EXT_M) | BIT(EXT_A) | BIT(EXT_F) | BIT(EXT_D) | BIT(EXT_ZICSR) |
		       BIT(EXT_ZIFENCEI) },
	{ "b", BIT(EXT_ZBA) | BIT(EXT_ZBB) | BIT(EXT_ZBS) },
	{ "zkn", NIST_BITS },
	{ "zk", NIST_BITS | BIT(EXT_ZKT) },
	{ "zks", CRYPTO_BITS },
};

/* What needs float and vector registers, whose state is handled for D and V as a whole only. */
#define FLOAT_BITS (BIT(EXT_F) | BIT(EXT_D) | BIT(EXT_ZFA) | BIT(EXT_ZFH) | BIT(EXT_ZFHMIN))
#define VECTOR_BITS (BIT(EXT_V) | BIT(EXT_ZVBB) | BIT(EXT_ZVFH) | BIT(EXT_ZVKT))

u64 isa_host_bits;
u64 isa_guest_bits;
static u32 cboz_block_size;

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool name_equals(const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] == '\0' || name[i] != lower(text[i]))
			return false;
	return name[len] == '\0';
}

static u64 name_bits(const char *text, size_t len)
{
	for (unsigned i = 0; i < EXT_COUNT; i++)
		if (name_equals(extensions[i].name, text, len))
			return BIT(i);
	for (unsigned i = 0; i < ARRAY_SIZE(bundles); i++)
		if (name_equals(bundles[i].name, text, len))
			return bundles[i].bits;
	return 0;
}

/* Length of a version such as 2p1 or 2. */
static size_t version_length(const char *s)
{
	size_t len = 0;

	while (is_digit(s[len]))
		len++;
	if (len > 0 && lower(s[len]) == 'p' && is_digit(s[len + 1]))
		for (len++; is_digit(s[len]); len++)
			;
	return len;
}

/* A multi-letter name ends at '_' and may have a version there, which digits inside a name (zvl128b) are not. */
static size_t multi_name_length(const char *s, size_t len)
{
	size_t end = len;

	while (end > 1 && is_digit(s[end - 1]))
		end--;
	if (end < len && end > 2 && lower(s[end - 1]) == 'p' && is_digit(s[end - 2]))
		for (end--; end > 1 && is_digit(s[end - 1]);)
			end--;
	return end;
}

static u64 parse_multi(const char *s, size_t *used)
{
	size_t len = 0;

	while (s[len] != '\0' && s[len] != '_')
		len++;
	*used = len;
	return name_bits(s, len) | name_bits(s, multi_name_length(s, len));
}

/* Old emulators put the privilege modes S and U among the letters: no extension is called "su...". */
static bool starts_multi(const char *s)
{
	char c = lower(s[0]);

	return c == 'z' || c == 'x' || (c == 's' && is_letter(s[1]) && lower(s[1]) != 'u');
}

u64 isa_parse_string(const char *isa)
{
	u64 bits = 0;
	size_t used;

	if (!name_equals("rv64", isa, strnlen(isa, 4)))
		return 0;
	for (isa += 4; *isa != '\0'; isa += used) {
		used = 1;
		if (isa[0] == '_' && is_letter(isa[1]) && is_letter(isa[2])) {
			bits |= parse_multi(isa + 1, &used);
			used++;
		} else if (starts_multi(isa)) {
			bits |= parse_multi(isa, &used);
		} else if (is_letter(*isa)) {
			bits |= name_bits(isa, 1);
			used += version_length(isa + 1);
		}
	}
	/* These were part of I when the property was defined. */
	if (bits & BIT(EXT_I))
		bits |= BIT(EXT_ZICSR) | BIT(EXT_ZIFENCEI) | BIT(EXT_ZICNTR);
	return bits;
}

/* A list of strings; stops at its end even if the last one is not terminated. */
static u64 parse_list(const char *list, size_t len)
{
	u64 bits = 0;

	while (len > 0) {
		size_t name = strnlen(list, len);

		bits |= name_bits(list, name);
		name = MIN(name + 1, len);
		list += name;
		len -= name;
	}
	return bits;
}

/* False when the hart has no property that we understand. */
static bool hart_bits(const void *fdt, int node, u64 *bits)
{
	int len;
	const char *list = fdt_getprop(fdt, node, "riscv,isa-extensions", &len);
	const char *base = fdt_stringlist_get(fdt, node, "riscv,isa-base", 0, NULL);

	*bits = 0;
	if (list && base && strcmp(base, "rv64i") == 0) {
		*bits = parse_list(list, (size_t)len);
	} else {
		base = fdt_stringlist_get(fdt, node, "riscv,isa", 0, NULL);
		if (base)
			*bits = isa_parse_string(base);
	}
	return *bits & BIT(EXT_I);
}

static bool is_enabled_cpu(const void *fdt, int node)
{
	const char *type = fdt_stringlist_get(fdt, node, "device_type", 0, NULL);
	const char *status = fdt_stringlist_get(fdt, node, "status", 0, NULL);

	return type && strcmp(type, "cpu") == 0 &&
	       (!status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}

static u32 block_size(const void *fdt, int node)
{
	int len;
	const fdt32_t *size = fdt_getprop(fdt, node, "riscv,cboz-block-size", &len);

	return size && len == sizeof(*size) ? fdt32_to_cpu(*size) : BLOCK_SIZE_UNKNOWN;
}

static u64 choose_guest_bits(u64 host)
{
	u64 bits = 0;

	for (unsigned i = 0; i < EXT_COUNT; i++)
		if (extensions[i].guest)
			bits |= host & BIT(i);
	if (!(bits & BIT(EXT_F)) || !(bits & BIT(EXT_D)))
		bits &= ~FLOAT_BITS & ~VECTOR_BITS;
	if (!(bits & BIT(EXT_V)))
		bits &= ~VECTOR_BITS;
	if (host & BIT(EXT_SVADU))
		bits |= BIT(EXT_SVADE);
	return bits;
}

int isa_init(const void *fdt)
{
	int cpus = fdt_path_offset(fdt, "/cpus");
	unsigned count = 0;
	int node;

	isa_host_bits = ~0ull;
	if (cpus >= 0)
		fdt_for_each_subnode(node, fdt, cpus) {
			u64 bits;
			u32 size = block_size(fdt, node);

			if (!is_enabled_cpu(fdt, node) || !hart_bits(fdt, node, &bits))
				continue;
			isa_host_bits &= bits;
			cboz_block_size =
				count++ == 0 || size == cboz_block_size ? size : BLOCK_SIZE_UNKNOWN;
		}
	if (count == 0) {
		isa_host_bits = 0;
		log_error("device tree: /cpus has no enabled cpu node with a riscv,isa or "
			  "riscv,isa-extensions that begins with rv64i; firmware has to add one");
		return -EINVAL;
	}
	isa_guest_bits = choose_guest_bits(isa_host_bits);
	return 0;
}

u32 isa_cboz_block_size(void)
{
	return cboz_block_size;
}

int isa_guest_string(char *buf, size_t size)
{
	size_t used = format_to(buf, size, "rv64");

	for (unsigned i = 0; i < EXT_COUNT && used < size; i++)
		if (isa_guest_has(i))
			used += format_to(buf + used, size - used, "%s%s",
					  extensions[i].name[1] ? "_" : "", extensions[i].name);
	return used < size ? 0 : -ENOSPC;
}

int isa_guest_extensions(char *buf, size_t *len)
{
	size_t used = 0;

	for (unsigned i = 0; i < EXT_COUNT; i++) {
		size_t name = strlen(extensions[i].name) + 1;

		if (!isa_guest_has(i))
			continue;
		if (name > *len - used)
			return -ENOSPC;
		memcpy(buf + used, extensions[i].name, name);
		used += name;
	}
	*len = used;
	return 0;
}
