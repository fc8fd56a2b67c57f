/* SPDX-License-Identifier: MIT */
/* Walks a guest tree once and has everything in it checked: CPUs, boot files, and each node. */
#include "vm_config_private.h"
#include <string.h>

bool config_string_is(const void *fdt, int node, const char *name, const char *text)
{
	int len;
	const char *value = fdt_getprop(fdt, node, name, &len);

	return value && (size_t)len == strlen(text) + 1 && !memcmp(value, text, (size_t)len);
}

bool config_node_is(const void *fdt, int node, const char *part)
{
	int len;
	const char *name = fdt_get_name(fdt, node, &len);
	size_t want = strlen(part);

	return name && (size_t)len >= want && !strncmp(name, part, want) &&
	       (name[want] == '\0' || name[want] == '@');
}

/* ---- CPUs ---- */

static bool is_cpu(const void *fdt, int node)
{
	return config_node_is(fdt, node, "cpu") ||
	       config_string_is(fdt, node, "device_type", "cpu");
}

/* /cpus has its own cells: a CPU's address is its number. */
static void check_cpu_cells(struct config_check *c)
{
	u32 ac = config_u32(c->fdt, c->cpus, "#address-cells", 0);

	if (ac < 1 || ac > 2)
		vm_config_error(c, c->cpus, "#address-cells is wrong or missing; give <1> or <2>");
	if (config_u32(c->fdt, c->cpus, "#size-cells", 1) != 0)
		vm_config_error(c, c->cpus, "#size-cells is wrong or missing; give <0>");
}

static void check_template(struct config_check *c)
{
	u32 ac = config_u32(c->fdt, c->cpus, "#address-cells", 0);
	int len, child;
	const void *reg = fdt_getprop(c->fdt, c->cpu, "reg", &len);

	if (ac >= 1 && ac <= 2 && (!reg || (u32)len != ac * 4 || config_number(reg, 0, ac) != 0))
		vm_config_error(c, c->cpu,
				"reg is not 0; the template cpu@0 has reg = <0> in %u cells", ac);
	fdt_for_each_subnode(child, c->fdt, c->cpu)
		if (!c->intc && fdt_getprop(c->fdt, child, "interrupt-controller", NULL))
			c->intc = fdt_get_phandle(c->fdt, child);
}

static void check_cpus(struct config_check *c)
{
	int node;

	c->cpus = fdt_subnode_offset(c->fdt, 0, "cpus");
	c->cpu = -1;
	if (c->cpus < 0) {
		vm_config_error(c, 0,
				"there is no cpus node; add it, or include a machine of "
				"configs/guests");
		return;
	}
	check_cpu_cells(c);
	fdt_for_each_subnode(node, c->fdt, c->cpus) {
		if (!is_cpu(c->fdt, node))
			continue;
		if (c->cpu >= 0)
			vm_config_error(c, node,
					"there is a template for all CPUs already; remove this "
					"node and set verdigris,count in /cpus");
		else
			c->cpu = node;
	}
	if (c->cpu < 0)
		vm_config_error(c, c->cpus,
				"there is no cpu@0; add it as the template for all CPUs");
	else
		check_template(c);
}

/* ---- what has to be there ---- */

static void check_root(struct config_check *c)
{
	if (!fdt_getprop(c->fdt, 0, "compatible", NULL))
		vm_config_error(c, 0,
				"compatible is missing; a guest configuration has compatible = "
				"\"verdigris,vm\"");
	if (!fdt_getprop(c->fdt, 0, "model", NULL))
		vm_config_error(c, 0, "model is missing; give the VM's name, model = \"linux\"");
}

static bool chosen_has(const struct config_check *c, int chosen, const char *name)
{
	return fdt_getprop(c->fdt, chosen, name, NULL) != NULL;
}

static void check_boot(struct config_check *c)
{
	int chosen = fdt_subnode_offset(c->fdt, 0, "chosen");
	bool kernel, firmware;

	if (chosen < 0) {
		vm_config_error(c, 0,
				"there is no chosen node; add it with verdigris,kernel or "
				"verdigris,firmware");
		return;
	}
	kernel = chosen_has(c, chosen, "verdigris,kernel");
	firmware = chosen_has(c, chosen, "verdigris,firmware");
	if (kernel && firmware)
		vm_config_error(
			c, chosen,
			"verdigris,kernel and verdigris,firmware exclude each other; keep one");
	if (!kernel && !firmware)
		vm_config_error(c, chosen,
				"there is nothing to start; name an image of the bundle with "
				"verdigris,kernel or verdigris,firmware");
	if (chosen_has(c, chosen, "verdigris,initrd") && !kernel)
		vm_config_error(c, chosen,
				"verdigris,initrd without verdigris,kernel has no meaning; add the "
				"kernel or remove it");
	if (chosen_has(c, chosen, "verdigris,entry") && !firmware)
		vm_config_error(c, chosen,
				"verdigris,entry is for verdigris,firmware only; kernels say "
				"themselves where they start");
}

/* ---- the walk ---- */

/* Puts @node on the stack. */
static void enter(struct config_check *c, int node)
{
	struct config_frame *frame = &c->stack[c->depth];

	*frame = (struct config_frame){ .node = node };
	if (c->depth > 0)
		frame->has_reg = frame[-1].has_reg || fdt_getprop(c->fdt, node, "reg", NULL);
	vm_config_check_cells(c, node);
}

static void check_nodes(struct config_check *c)
{
	bool deep = false;

	c->depth = 0;
	for (int node = 0; node >= 0; node = fdt_next_node(c->fdt, node, &c->depth)) {
		if (c->depth < 0)
			break;
		if (c->depth >= CONFIG_DEPTH_MAX) {
			if (!deep)
				vm_config_error(c, node,
						"this is more than %d nodes deep; move it up",
						CONFIG_DEPTH_MAX);
			deep = true;
			continue;
		}
		enter(c, node);
		vm_config_check_props(c, node);
		vm_config_check_reg(c, node);
		vm_config_check_irq(c, node);
	}
}

void vm_config_check(struct config_check *c)
{
	check_root(c);
	check_cpus(c);
	vm_config_collect_phandles(c);
	check_nodes(c);
	check_boot(c);
	vm_config_check_map(c);
}
