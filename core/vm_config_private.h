/* SPDX-License-Identifier: MIT */
/* What the files vm_config*.c share while they look at one guest tree; nobody else includes it. */
#ifndef CORE_VM_CONFIG_PRIVATE_H
#define CORE_VM_CONFIG_PRIVATE_H

#include <core/errno.h>
#include <core/vm_config.h>
#include <libfdt.h>

#define CONFIG_DEPTH_MAX 16    /* nodes from the root down */
#define CONFIG_PHANDLE_MAX 256 /* nodes that others refer to */
#define CONFIG_REGION_MAX 128  /* `reg` entries in guest-physical space */
#define CONFIG_ERROR_MAX 50    /* messages about one file */
#define CONFIG_MESSAGE_MAX 200 /* bytes of a message: a line of the log */

/* Root of an expanded tree: phandles of the vCPUs' interrupt controllers, by vCPU. */
#define VM_CONFIG_CONTROLLERS "verdigris,controllers"

extern struct mem_owner vm_config_owner;

/* A node on the way from the root to the one that is looked at. */
struct config_frame {
	int node;
	u32 address_cells; /* for `reg` of its children */
	u32 size_cells;
	int irq_parent; /* node that takes `interrupts` of this node, negative: none */
	bool mapped;    /* children's addresses can be translated to guest-physical ones */
	bool has_reg;   /* this node or one above it: children's `reg` lies inside its own */
};

struct config_phandle {
	u32 phandle;
	int node;
	int cells; /* #interrupt-cells, -1: none */
};

/* Guest-physical space that a node takes. */
struct config_region {
	u64 base;
	u64 size;
	int node;
};

/* One tree being looked at. In the heap: too large for a stack. */
struct config_check {
	const void *fdt;
	const char *source;
	vm_config_report_fn report;
	void *ctx;
	unsigned error_count;
	struct vm_config *config;
	int cpus;  /* node /cpus, negative: there is none */
	int cpu;   /* node of the template cpu@0, negative: there is none */
	u32 intc;  /* phandle of the template's interrupt controller, 0: it has none */
	int depth; /* of the node that is looked at; stack[depth] is its frame */
	struct config_frame stack[CONFIG_DEPTH_MAX];
	struct config_phandle phandles[CONFIG_PHANDLE_MAX];
	unsigned phandle_count;
	bool phandles_cut; /* there were more */
	struct config_region regions[CONFIG_REGION_MAX];
	unsigned region_count;
	bool memory_seen; /* there is a memory node, right or wrong */
};

/* ---- vm_config_report.c ---- */

/* Reports "<source>: <path of node>: <message>" and counts it. A negative @node: no path. */
void vm_config_error(struct config_check *c, int node, const char *fmt, ...) __printf(3, 4);
/* The name among @names (NULL-terminated) that looks most like @name, or NULL when none does. */
const char *vm_config_nearest(const char *name, const char *const *names);
/* Names of the files in the bundle, for a message; cut to fit. */
void vm_config_list_bundle(char *buf, size_t size);

/* ---- vm_config_props.c ---- */

/* All properties of the node on top of the stack: names, places, values; stores them in the configuration. */
void vm_config_check_props(struct config_check *c, int node);

/* ---- vm_config_memory.c ---- */

/* True if the node on top of the stack describes RAM. */
bool vm_config_is_memory(const struct config_check *c, int node);
/* Fills the frame's cell counts; reports wrong ones. */
void vm_config_check_cells(struct config_check *c, int node);
/* `reg` of the node on top of the stack: adds memory and regions. */
void vm_config_check_reg(struct config_check *c, int node);
/* After all nodes: overlaps, aliases, the entry address, missing RAM. */
void vm_config_check_map(struct config_check *c);

/* ---- vm_config_irq.c ---- */

/* Collects the phandles; before the nodes are looked at. */
void vm_config_collect_phandles(struct config_check *c);
/* NULL when no node has it. */
const struct config_phandle *vm_config_find_phandle(const struct config_check *c, u32 phandle);
/* What is left of a value of interrupts-extended, and the entry that was read last. */
struct config_irq_list {
	const fdt32_t *cells;
	unsigned left; /* cells */
};
struct config_irq {
	u32 phandle;
	const fdt32_t *cells; /* the phandle's and what follows */
	unsigned count;
};
/*
 * 1: *@irq is the next entry; 0: there is none; -ENOENT: no node has irq->phandle; -ENODEV: that one has no
 * #interrupt-cells; -EINVAL: the list ends within the entry.
 */
int vm_config_next_irq(const struct config_check *c, struct config_irq_list *list,
		       struct config_irq *irq) __must_check;
/* `interrupts`, `interrupt-parent`, `interrupts-extended` of the node on top of the stack. */
void vm_config_check_irq(struct config_check *c, int node);

/* ---- vm_config_check.c ---- */

/* Everything above over the whole tree. */
void vm_config_check(struct config_check *c);

/* ---- vm_config_tree.c ---- */

/* Makes c->config->fdt from the checked tree. -ENOMEM; -EINVAL, reported: it cannot be. */
int vm_config_expand(struct config_check *c) __must_check;

/* ---- helpers ---- */

/* Cell @index of a property's value, which is long enough. */
static inline u32 config_cell(const void *value, unsigned index)
{
	return fdt32_ld((const fdt32_t *)value + index);
}

/* @count (1 or 2) cells from @index on as one number. */
static inline u64 config_number(const void *value, unsigned index, u32 count)
{
	u64 number = config_cell(value, index);

	return count == 2 ? number << 32 | config_cell(value, index + 1) : number;
}

/* A property of exactly one cell, or @fallback. */
static inline u32 config_u32(const void *fdt, int node, const char *name, u32 fallback)
{
	int len;
	const void *value = fdt_getprop(fdt, node, name, &len);

	return value && len == 4 ? config_cell(value, 0) : fallback;
}

/* True when the node's @name is one terminated string that equals @text. */
bool config_string_is(const void *fdt, int node, const char *name, const char *text);
/* True for "cpu@..." with @part "cpu": the node's name up to an address. */
bool config_node_is(const void *fdt, int node, const char *part);

#endif
