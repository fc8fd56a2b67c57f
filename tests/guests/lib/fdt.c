/* SPDX-License-Identifier: MIT */
/* Test guests: reads the flattened device tree (Devicetree Specification 0.4, chapter 5). */
#include <guest.h>

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };

static const u8 *blob;

static u32 be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

void fdt_set(const void *fdt)
{
	blob = fdt;
	if (be32(blob) != 0xd00dfeed)
		die("device tree magic", be32(blob), (u64)(uintptr_t)fdt, 0);
}

const void *fdt_blob(u32 *size)
{
	*size = be32(blob + 4);
	return blob;
}

/* Nodes are named by the offset of their BEGIN_NODE token in the structure block. */
static const u8 *token(int at)
{
	return blob + be32(blob + 8) + at;
}

static int align4(int n)
{
	return (n + 3) & ~3;
}

/* The offset behind the token at @at. */
static int after(int at)
{
	switch (be32(token(at))) {
	case BEGIN_NODE:
		return align4(at + 4 + (int)strlen((const char *)token(at + 4)) + 1);
	case PROP:
		return align4(at + 12 + (int)be32(token(at + 4)));
	default:
		return at + 4;
	}
}

/* The offset behind the END_NODE of the node at @node. */
static int after_node(int node)
{
	int depth = 0, at = node;

	do {
		u32 kind = be32(token(at));

		depth += kind == BEGIN_NODE;
		depth -= kind == END_NODE;
		at = after(at);
	} while (depth);
	return at;
}

const char *fdt_name(int node)
{
	return (const char *)token(node + 4);
}

int fdt_child(int node, int previous)
{
	int at = previous < 0 ? after(node) : after_node(previous);

	for (;; at = after(at)) {
		u32 kind = be32(token(at));

		if (kind == BEGIN_NODE)
			return at;
		if (kind == END_NODE || kind == END)
			return -1;
	}
}

static bool name_matches(const char *name, const char *part, size_t len)
{
	return strlen(name) >= len && !memcmp(name, part, len) && (!name[len] || name[len] == '@');
}

int fdt_node(const char *path)
{
	int node = 0;

	while (node >= 0 && *path == '/' && path[1]) {
		const char *part = ++path;
		int child = -1;

		while (*path && *path != '/')
			path++;
		do
			child = fdt_child(node, child);
		while (child >= 0 && !name_matches(fdt_name(child), part, (size_t)(path - part)));
		node = child;
	}
	return node;
}

const void *fdt_property(int node, const char *name, u32 *len)
{
	if (node < 0)
		return NULL;
	for (int at = after(node);; at = after(at)) {
		u32 kind = be32(token(at));
		const char *found = (const char *)blob + be32(blob + 12) + be32(token(at + 8));

		if (kind == NOP)
			continue;
		if (kind != PROP)
			return NULL;
		if (!streq(found, name))
			continue;
		if (len)
			*len = be32(token(at + 4));
		return token(at + 12);
	}
}

u32 fdt_cell(const void *property, unsigned index)
{
	return be32((const u8 *)property + 4 * index);
}

u32 fdt_u32(int node, const char *name, u32 fallback)
{
	u32 len;
	const void *property = fdt_property(node, name, &len);

	return property && len >= 4 ? be32(property) : fallback;
}

bool fdt_reg(int node, unsigned index, u64 *base, u64 *size)
{
	u32 len;
	const u8 *reg = fdt_property(node, "reg", &len);

	if (!reg || len < 16 * (index + 1))
		return false;
	*base = (u64)fdt_cell(reg, 4 * index) << 32 | fdt_cell(reg, 4 * index + 1);
	*size = (u64)fdt_cell(reg, 4 * index + 2) << 32 | fdt_cell(reg, 4 * index + 3);
	return true;
}

bool fdt_compatible(int node, const char *name)
{
	u32 len = 0;
	const char *list = fdt_property(node, "compatible", &len);

	for (const char *end = list + len; list && list < end; list += strlen(list) + 1)
		if (streq(list, name))
			return true;
	return false;
}

int fdt_find_compatible(const char *name)
{
	for (int at = 0;; at = after(at)) {
		u32 kind = be32(token(at));

		if (kind == END)
			return -1;
		if (kind == BEGIN_NODE && fdt_compatible(at, name))
			return at;
	}
}
