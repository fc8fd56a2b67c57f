/* SPDX-License-Identifier: MIT */
/* Checks who interrupts whom in a guest tree. */
#include "vm_config_private.h"

#define PARENT_NONE (-1)
#define PARENT_BROKEN (-2) /* reported where it is named */

/* #interrupt-cells; -1: the node has none, or wrong ones, reported. */
static int read_cells(struct config_check *c, int node)
{
	int len;
	const void *value = fdt_getprop(c->fdt, node, "#interrupt-cells", &len);

	if (!value)
		return -1;
	if (len == 4 && config_cell(value, 0) >= 1 && config_cell(value, 0) <= 8)
		return (int)config_cell(value, 0);
	vm_config_error(c, node, "#interrupt-cells is wrong; give one cell, <1> to <8>");
	return -1;
}

static void add_phandle(struct config_check *c, int node, u32 phandle)
{
	const struct config_phandle *other = vm_config_find_phandle(c, phandle);

	if (other) {
		vm_config_error(c, node, "phandle 0x%x is that of %s too; give each node its own",
				phandle, fdt_get_name(c->fdt, other->node, NULL));
		return;
	}
	c->phandles[c->phandle_count++] = (struct config_phandle){ .phandle = phandle,
								   .node = node,
								   .cells = read_cells(c, node) };
}

void vm_config_collect_phandles(struct config_check *c)
{
	int depth = 0;

	for (int node = 0; node >= 0; node = fdt_next_node(c->fdt, node, &depth)) {
		u32 phandle = fdt_get_phandle(c->fdt, node);

		if (phandle == 0 || phandle == ~0u)
			continue;
		if (c->phandle_count == CONFIG_PHANDLE_MAX) {
			vm_config_error(c, node, "more than %d nodes have a phandle; remove labels",
					CONFIG_PHANDLE_MAX);
			c->phandles_cut = true;
			return;
		}
		add_phandle(c, node, phandle);
	}
}

const struct config_phandle *vm_config_find_phandle(const struct config_check *c, u32 phandle)
{
	for (unsigned i = 0; i < c->phandle_count; i++)
		if (c->phandles[i].phandle == phandle)
			return &c->phandles[i];
	return NULL;
}

int vm_config_next_irq(const struct config_check *c, struct config_irq_list *list,
		       struct config_irq *irq)
{
	const struct config_phandle *target;

	if (list->left == 0)
		return 0;
	irq->phandle = config_cell(list->cells, 0);
	irq->cells = list->cells;
	target = vm_config_find_phandle(c, irq->phandle);
	if (!target)
		return -ENOENT;
	if (target->cells < 0)
		return -ENODEV;
	irq->count = (unsigned)target->cells + 1;
	if (irq->count > list->left)
		return -EINVAL;
	list->cells += irq->count;
	list->left -= irq->count;
	return 1;
}

static void check_extended(struct config_check *c, int node, const void *value, int len)
{
	struct config_irq_list list = { value, (unsigned)len / 4 };
	struct config_irq irq = { 0 };
	int err;

	if (len % 4) {
		vm_config_error(c, node, "interrupts-extended has %d bytes; give cells", len);
		return;
	}
	do
		err = vm_config_next_irq(c, &list, &irq);
	while (err > 0);
	if (err == -ENOENT)
		vm_config_error(c, node,
				"interrupts-extended names phandle 0x%x, which no node has; name "
				"an interrupt controller",
				irq.phandle);
	else if (err == -ENODEV)
		vm_config_error(
			c, node,
			"interrupts-extended names %s, which has no #interrupt-cells; name an "
			"interrupt controller",
			fdt_get_name(c->fdt, vm_config_find_phandle(c, irq.phandle)->node, NULL));
	else if (err < 0)
		vm_config_error(c, node,
				"interrupts-extended ends within an entry; the last one has %u "
				"cells, %u are wanted",
				list.left, irq.count);
}

/* Sets the frame's irq_parent from `interrupt-parent`, or what is inherited. */
static void find_parent(struct config_check *c, int node)
{
	struct config_frame *frame = &c->stack[c->depth];
	const struct config_phandle *target;
	int len;
	const void *value = fdt_getprop(c->fdt, node, "interrupt-parent", &len);

	frame->irq_parent = PARENT_NONE;
	if (c->depth > 0)
		frame->irq_parent = fdt_getprop(c->fdt, frame[-1].node, "#interrupt-cells", NULL) ?
					    frame[-1].node :
					    frame[-1].irq_parent;
	if (!value)
		return;
	frame->irq_parent = PARENT_BROKEN;
	target = len == 4 ? vm_config_find_phandle(c, config_cell(value, 0)) : NULL;
	if (target)
		frame->irq_parent = target->node;
	else if (len == 4)
		vm_config_error(c, node,
				"interrupt-parent names phandle 0x%x, which no node has; name an "
				"interrupt controller",
				config_cell(value, 0));
	else
		vm_config_error(c, node, "interrupt-parent has %d bytes; give one phandle", len);
}

static void check_interrupts(struct config_check *c, int node, int len)
{
	int parent = c->stack[c->depth].irq_parent;
	u32 cells;

	if (parent == PARENT_BROKEN)
		return;
	if (parent == PARENT_NONE) {
		vm_config_error(
			c, node,
			"interrupts has no interrupt parent; add interrupt-parent = <&controller>");
		return;
	}
	cells = config_u32(c->fdt, parent, "#interrupt-cells", 0);
	if (!fdt_getprop(c->fdt, parent, "#interrupt-cells", NULL))
		vm_config_error(c, node,
				"interrupts has the parent %s, which has no #interrupt-cells; name "
				"an interrupt controller",
				fdt_get_name(c->fdt, parent, NULL));
	else if (cells == 0 || cells > 8)
		return; /* reported there */
	else if (len == 0 || (u32)len % (cells * 4))
		vm_config_error(c, node,
				"interrupts has %d bytes; #interrupt-cells of %s is %u, so give a "
				"multiple of %u",
				len, fdt_get_name(c->fdt, parent, NULL), cells, cells * 4);
}

void vm_config_check_irq(struct config_check *c, int node)
{
	const void *value;
	int len;

	if (c->phandles_cut)
		return; /* reported; what is missing from the list would be reported wrongly */
	find_parent(c, node);
	/* Where both stand, the extended form counts. */
	value = fdt_getprop(c->fdt, node, "interrupts-extended", &len);
	if (value)
		check_extended(c, node, value, len);
	else if (fdt_getprop(c->fdt, node, "interrupts", &len))
		check_interrupts(c, node, len);
}
