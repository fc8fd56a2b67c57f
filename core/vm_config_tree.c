/* SPDX-License-Identifier: MIT */
/* Writes guest trees: the expanded one with a node for each CPU, and the final one for the guest. */
#include "vm_config_private.h"
#include <core/arch.h>
#include <core/emulator.h>
#include <core/heap.h>
#include <libs/format.h>
#include <string.h>

/*
 * Both are written tag by tag from the start to the end, so the time is linear in their size:
 *
 *   guest tree ──► begin node, properties, ... ──► cpu@0 ──► cpu@0 cpu@1 ... ──► ... end
 *
 * libfdt answers -FDT_ERR_NOSPACE when the buffer is too small; then a larger one is tried.
 */
#define TEMPLATE_PHANDLES_MAX 8
#define ARCH_ROOM 4096       /* for what arch code adds to the tree as a whole */
#define ARCH_ROOM_A_CPU 1024 /* and to each cpu node */
/* Left free at the end of the final tree: boot loaders in the guest add to it where it lies. */
#define GUEST_ROOM 4096

struct tree_writer {
	const void *from;
	void *to;
	const struct config_check *c; /* NULL: a plain copy without verdigris,* */
	u32 cpu_count;
	u32 first_phandle; /* of the clones: first_phandle + (cpu - 1) * handle_count + row */
	u32 handles[TEMPLATE_PHANDLES_MAX]; /* the template's, the interrupt controller's first */
	unsigned handle_count;
	int template_end; /* offset behind the template */
};

/* ---- phandles ---- */

static u32 clone_phandle(const struct tree_writer *w, u32 phandle, u32 cpu)
{
	for (unsigned i = 0; cpu && i < w->handle_count; i++)
		if (w->handles[i] == phandle)
			return w->first_phandle + (cpu - 1) * w->handle_count + i;
	return phandle;
}

/* Finds the template's phandles and a range of free ones for its clones. */
static int plan_phandles(struct tree_writer *w, struct config_check *c)
{
	u32 highest = 0;

	if (c->intc)
		w->handles[w->handle_count++] = c->intc;
	for (unsigned i = 0; i < c->phandle_count; i++) {
		const struct config_phandle *p = &c->phandles[i];

		highest = MAX(highest, p->phandle);
		if (p->node < c->cpu || p->node >= w->template_end || p->phandle == c->intc)
			continue;
		if (w->handle_count == TEMPLATE_PHANDLES_MAX) {
			vm_config_error(
				c, c->cpu,
				"the template has more than %d nodes with a phandle; remove labels",
				TEMPLATE_PHANDLES_MAX);
			return -EINVAL;
		}
		w->handles[w->handle_count++] = p->phandle;
	}
	if (highest > ~0u - 1 - VM_VCPUS_MAX * TEMPLATE_PHANDLES_MAX) {
		vm_config_error(c, 0,
				"phandle 0x%x leaves no numbers for more CPUs; use small ones",
				highest);
		return -EINVAL;
	}
	w->first_phandle = highest + 1;
	return 0;
}

/* ---- properties ---- */

static int write_cell(struct tree_writer *w, const char *name, u32 value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	return fdt_property(w->to, name, &cell, sizeof(cell));
}

/* `reg` of a cpu node keeps its width. */
static int write_reg(struct tree_writer *w, u32 cpu, int len)
{
	fdt32_t cells[2] = { 0, 0 };

	cells[len / 4 - 1] = cpu_to_fdt32(cpu);
	return fdt_property(w->to, "reg", cells, len);
}

/* A property inside the template, for CPU @cpu; @top: of the cpu node itself. */
static int write_cpu_prop(struct tree_writer *w, u32 cpu, bool top, const char *name,
			  const void *value, int len)
{
	bool handle = !strcmp(name, "phandle") || !strcmp(name, "linux,phandle");

	/* A second `reg`, which no reader finds, may have any length. */
	if (top && !strcmp(name, "reg") && (len == 4 || len == 8))
		return write_reg(w, cpu, len);
	if ((handle || !strcmp(name, "interrupt-parent")) && len == 4)
		return write_cell(w, name, clone_phandle(w, config_cell(value, 0), cpu));
	return fdt_property(w->to, name, value, len);
}

/* Entries in a row that name the template's controller; @list goes on behind them. Counts cells. */
static unsigned take_run(const struct config_check *c, struct config_irq_list *list, bool *per_cpu)
{
	struct config_irq_list next = *list;
	struct config_irq irq;
	unsigned taken = 0;

	while (vm_config_next_irq(c, &next, &irq) > 0) {
		bool ours = irq.phandle == c->intc;

		if (taken == 0)
			*per_cpu = ours;
		if (ours != *per_cpu)
			break;
		taken += irq.count;
		*list = next;
	}
	return taken;
}

/* Copies a run of @count cells for @cpu. Each entry starts with the phandle, its specifier is @width - 1 long. */
static fdt32_t *put_run(const struct tree_writer *w, fdt32_t *to, const fdt32_t *run,
			unsigned count, u32 cpu, unsigned width)
{
	memcpy(to, run, count * sizeof(*to));
	for (unsigned i = 0; i < count; i += width)
		fdt32_st(to + i, clone_phandle(w, config_cell(run, i), cpu));
	return to + count;
}

/* <&intc 11>, <&intc 9> becomes <&intc0 11>, <&intc0 9>, <&intc1 11>, <&intc1 9>, ... */
static int write_extended(struct tree_writer *w, const char *name, const void *value, int len)
{
	const struct config_phandle *intc = vm_config_find_phandle(w->c, w->c->intc);
	struct config_irq_list list = { value, (unsigned)len / 4 };
	unsigned width = intc && intc->cells > 0 ? (unsigned)intc->cells + 1 : 1, total = 0, run;
	bool per_cpu = false;
	fdt32_t *to;
	int err;

	while ((run = take_run(w->c, &list, &per_cpu)) > 0)
		total += per_cpu ? run * w->cpu_count : run;
	err = fdt_property_placeholder(w->to, name, (int)(total * 4), (void **)&to);
	if (err)
		return err;
	list = (struct config_irq_list){ value, (unsigned)len / 4 };
	for (const fdt32_t *from = value; (run = take_run(w->c, &list, &per_cpu)) > 0; from += run)
		for (u32 cpu = 0; cpu < (per_cpu ? w->cpu_count : 1); cpu++)
			to = put_run(w, to, from, run, cpu, per_cpu ? width : run);
	return 0;
}

static int write_prop(struct tree_writer *w, int offset)
{
	const char *name;
	int len;
	const void *value = fdt_getprop_by_offset(w->from, offset, &name, &len);

	if (!value)
		return len;
	if (!w->c)
		return strncmp(name, "verdigris,", 10) ? fdt_property(w->to, name, value, len) : 0;
	if (w->c->intc && !strcmp(name, "interrupts-extended"))
		return write_extended(w, name, value, len);
	return fdt_property(w->to, name, value, len);
}

/* The phandles of the CPUs' interrupt controllers: vm_config_vcpu_of_phandle() reads them. */
static int write_controllers(struct tree_writer *w)
{
	fdt32_t *to;
	int err;

	if (!w->c || !w->c->intc)
		return 0;
	err = fdt_property_placeholder(w->to, VM_CONFIG_CONTROLLERS, (int)(w->cpu_count * 4),
				       (void **)&to);
	for (u32 cpu = 0; !err && cpu < w->cpu_count; cpu++)
		fdt32_st(to + cpu, clone_phandle(w, w->c->intc, cpu));
	return err;
}

/* ---- nodes ---- */

static int write_cpu_name(struct tree_writer *w, u32 cpu)
{
	char name[16];

	format_to(name, sizeof(name), "cpu@%x", cpu);
	return fdt_begin_node(w->to, name);
}

/* One tag of the template at @offset, for CPU @cpu. */
static int write_cpu_tag(struct tree_writer *w, u32 cpu, u32 tag, int offset, int depth)
{
	const char *name;
	const void *value;
	int len;

	switch (tag) {
	case FDT_BEGIN_NODE:
		if (depth == 0)
			return write_cpu_name(w, cpu);
		return fdt_begin_node(w->to, fdt_get_name(w->from, offset, NULL));
	case FDT_END_NODE:
		return fdt_end_node(w->to);
	case FDT_PROP:
		value = fdt_getprop_by_offset(w->from, offset, &name, &len);
		return value ? write_cpu_prop(w, cpu, depth == 1, name, value, len) : len;
	default:
		return 0;
	}
}

static int write_cpu(struct tree_writer *w, u32 cpu)
{
	int next = w->c->cpu, depth = 0, err = 0;

	while (!err && next < w->template_end) {
		int offset = next;
		u32 tag = fdt_next_tag(w->from, offset, &next);

		err = write_cpu_tag(w, cpu, tag, offset, depth);
		depth += (tag == FDT_BEGIN_NODE) - (tag == FDT_END_NODE);
	}
	return err;
}

static int write_cpus(struct tree_writer *w)
{
	int err = 0;

	for (u32 cpu = 0; !err && cpu < w->cpu_count; cpu++)
		err = write_cpu(w, cpu);
	return err;
}

static int write_node(struct tree_writer *w, int offset)
{
	int err = fdt_begin_node(w->to, fdt_get_name(w->from, offset, NULL));

	return err || offset != 0 ? err : write_controllers(w);
}

/* All tags; the tree was checked, so they end. */
static int write_tags(struct tree_writer *w)
{
	int next = 0, err = 0;

	while (!err) {
		int offset = next;
		u32 tag = fdt_next_tag(w->from, offset, &next);

		if (w->c && offset == w->c->cpu) {
			err = write_cpus(w);
			next = w->template_end;
		} else if (tag == FDT_BEGIN_NODE) {
			err = write_node(w, offset);
		} else if (tag == FDT_PROP) {
			err = write_prop(w, offset);
		} else if (tag == FDT_END_NODE) {
			err = fdt_end_node(w->to);
		} else if (tag == FDT_END) {
			return 0;
		}
	}
	return err;
}

static int write_reservations(struct tree_writer *w)
{
	int err = 0;

	for (int i = 0; !err && i < fdt_num_mem_rsv(w->from); i++) {
		uint64_t base, size;

		err = fdt_get_mem_rsv(w->from, i, &base, &size);
		if (!err)
			err = fdt_add_reservemap_entry(w->to, base, size);
	}
	return err ? err : fdt_finish_reservemap(w->to);
}

static int write_all(struct tree_writer *w, void *to, size_t size)
{
	int err;

	w->to = to;
	err = fdt_create(to, (int)size);
	if (!err)
		err = write_reservations(w);
	if (!err)
		err = write_tags(w);
	return err ? err : fdt_finish(to);
}

/* Writes to a new buffer of @owner, of @size bytes or more if they do not suffice. */
static int write_new(struct tree_writer *w, struct mem_owner *owner, size_t size, void **out)
{
	for (; size <= HEAP_SIZE_MAX; size *= 2) {
		void *to = heap_alloc(owner, size);
		int err;

		if (!to)
			return -ENOMEM;
		err = write_all(w, to, size);
		if (!err) {
			*out = to;
			return 0;
		}
		heap_free(to);
		if (err != -FDT_ERR_NOSPACE)
			return -EINVAL;
	}
	return -E2BIG;
}

/* ---- the expanded tree ---- */

static int end_of_node(const void *fdt, int node)
{
	int depth = 0, next = node;

	do {
		u32 tag = fdt_next_tag(fdt, next, &next);

		depth += (tag == FDT_BEGIN_NODE) - (tag == FDT_END_NODE);
	} while (depth > 0);
	return next;
}

int vm_config_expand(struct config_check *c)
{
	struct vm_config *config = c->config;
	struct tree_writer w = { .from = c->fdt, .c = c, .cpu_count = config->vcpu_count };
	int err;

	w.template_end = end_of_node(c->fdt, c->cpu);
	err = plan_phandles(&w, c);
	if (err)
		return err;
	err = write_new(&w, &vm_config_owner,
			fdt_totalsize(c->fdt) + config->vcpu_count * 512ul + 1024, &config->fdt);
	if (!err)
		config->fdt_size = fdt_totalsize(config->fdt);
	if (err != -E2BIG)
		return err;
	vm_config_error(c, 0, "the tree of %u CPUs has more than %lu bytes; lower verdigris,count",
			config->vcpu_count, HEAP_SIZE_MAX);
	return -EINVAL;
}

/* ---- the final tree ---- */

static int add_initrd(void *fdt, u64 base, u64 size)
{
	int chosen = fdt_subnode_offset(fdt, 0, "chosen");
	int err;

	if (size == 0)
		return 0;
	if (chosen == -FDT_ERR_NOTFOUND)
		chosen = fdt_add_subnode(fdt, 0, "chosen");
	if (chosen < 0)
		return chosen;
	err = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", base);
	return err ? err : fdt_setprop_u64(fdt, chosen, "linux,initrd-end", base + size);
}

/* Into @to of @size bytes. -ENOSPC: it is too small. */
static int complete(struct vm *vm, void *to, size_t size, u64 initrd_base, u64 initrd_size)
{
	struct tree_writer w = { .from = vm->config->fdt };
	int err = write_all(&w, to, size);

	if (!err)
		err = fdt_open_into(to, to, (int)size);
	if (!err)
		err = add_initrd(to, initrd_base, initrd_size);
	if (err)
		return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	err = vdev_complete_tree(vm, to);
	if (err)
		return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	err = arch_vm_complete_tree(vm, to);
	if (err)
		return err;
	if (fdt_pack(to))
		return -EINVAL;
	if (size - fdt_totalsize(to) < GUEST_ROOM)
		return -ENOSPC;
	fdt_set_totalsize(to, fdt_totalsize(to) + GUEST_ROOM);
	return 0;
}

int vm_config_build_tree(struct vm *vm, u64 initrd_base, u64 initrd_size)
{
	size_t size = vm->config->fdt_size + ARCH_ROOM + GUEST_ROOM +
		      vm->config->vcpu_count * (size_t)ARCH_ROOM_A_CPU;
	int err = -ENOSPC;
	void *to = NULL;

	for (; err == -ENOSPC && size <= HEAP_SIZE_MAX; size *= 2) {
		heap_free(to);
		to = heap_alloc(&vm->heap_owner, size);
		if (!to)
			return -ENOMEM;
		err = complete(vm, to, size, initrd_base, initrd_size);
	}
	if (err) {
		heap_free(to);
		return err;
	}
	heap_free(vm->fdt);
	vm->fdt = to;
	vm->fdt_size = fdt_totalsize(to);
	return 0;
}
