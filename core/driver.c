/* SPDX-License-Identifier: MIT */
/* Matches host drivers with nodes of the device tree and starts them, class by class. */
#include <core/driver.h>
#include <core/errno.h>
#include <core/host_fdt.h>
#include <core/host_irq.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <string.h>

TABLE_DECLARE(vg_drivers, struct driver);

#define MATCHES_MAX 64
#define NODE_PATH_MAX 96
#define IRQ_CELLS_MAX 4

/* A node that a driver knows; after probing, one that it drives. Written during boot only. */
struct match {
	const struct driver *driver;
	struct host_device device;
	bool bound;
};

static struct match matches[MATCHES_MAX];
static unsigned match_count;

static bool driver_knows(const struct driver *driver, const char *compatible)
{
	for (const char *const *known = driver->compatible; *known; known++)
		if (strcmp(*known, compatible) == 0)
			return true;
	return false;
}

/* The driver of the node's first compatible string that any driver knows. */
static const struct driver *find_driver(const void *fdt, int node, const char **compatible)
{
	const struct driver *const *row;

	for (unsigned i = 0; (*compatible = fdt_text_at(fdt, node, "compatible", i)); i++)
		table_for_each(row, vg_drivers)
			if (driver_knows(*row, *compatible))
				return *row;
	return NULL;
}

static void collect_matches(const void *fdt)
{
	const struct driver *driver;
	const char *compatible;

	match_count = 0;
	for (int node = 0; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		driver = find_driver(fdt, node, &compatible);
		if (!driver || !fdt_is_enabled(fdt, node))
			continue;
		if (match_count == MATCHES_MAX) {
			log_warn("device tree: more than %u devices with a driver: the rest is left alone",
				 MATCHES_MAX);
			return;
		}
		matches[match_count++] = (struct match){ driver, { fdt, node, compatible }, false };
	}
}

static void probe(struct match *match)
{
	char path[NODE_PATH_MAX];
	int e;

	fdt_path(match->device.fdt, match->device.node, path, sizeof(path));
	e = match->driver->probe(&match->device);
	match->bound = e == 0;
	if (e)
		log_error("driver %s cannot drive %s: %s", match->driver->name, path, error_text(e));
	else
		log_debug("driver %s drives %s", match->driver->name, path);
}

/* In the order of the tree, but the node @first before all others. */
static void probe_class(enum driver_class class, int first)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (struct match *m = matches; m < matches + match_count; m++)
			if (m->driver->class == class && (m->device.node == first) == (pass == 0))
				probe(m);
}

void driver_probe_all(const void *fdt)
{
	int console;

	if (!fdt)
		return;
	collect_matches(fdt);
	console = host_fdt_stdout(fdt);
	for (unsigned class = 0; class < DRIVER_CLASS_COUNT; class++)
		probe_class((enum driver_class)class, console);
}

void driver_for_each_bound(void (*fn)(void *ctx, const char *driver, const char *node), void *ctx)
{
	char path[NODE_PATH_MAX];

	for (struct match *m = matches; m < matches + match_count; m++)
		if (m->bound)
			fn(ctx, m->driver->name, fdt_path(m->device.fdt, m->device.node, path, sizeof(path)));
}

int host_device_reg(const struct host_device *dev, unsigned index, hpa_t *base, u64 *size)
{
	struct hpa_range range;
	int e = host_fdt_reg(dev->fdt, dev->node, index, &range);

	if (e)
		return e;
	*base = hpa(range.base);
	*size = range.size;
	return 0;
}

u32 host_device_u32(const struct host_device *dev, const char *property, u32 fallback)
{
	u32 value;

	return fdt_cell(dev->fdt, dev->node, property, 0, &value) ? value : fallback;
}

/* Specifier @index in a list of specifiers of one controller, @width cells each. */
static int translate_at(const struct host_device *dev, const char *property, unsigned first, u32 width, u32 *irq)
{
	u32 cells[IRQ_CELLS_MAX];

	if (!width || width > IRQ_CELLS_MAX)
		return -EINVAL;
	for (u32 i = 0; i < width; i++)
		if (!fdt_cell(dev->fdt, dev->node, property, first + i, &cells[i]))
			return -ENOENT;
	return irq_translate(cells, width, irq);
}

/* interrupts-extended: each entry is a phandle and a specifier as wide as that controller says. */
static int extended_irq(const struct host_device *dev, unsigned index, u32 *irq)
{
	unsigned at = 0;
	u32 phandle, width;
	int parent;

	while (fdt_cell(dev->fdt, dev->node, "interrupts-extended", at, &phandle)) {
		parent = fdt_node_offset_by_phandle(dev->fdt, phandle);
		if (parent < 0 || !fdt_cell(dev->fdt, parent, "#interrupt-cells", 0, &width))
			return -EINVAL;
		if (index-- == 0)
			return translate_at(dev, "interrupts-extended", at + 1, width, irq);
		at += 1 + width;
	}
	return -ENOENT;
}

int host_device_irq(const struct host_device *dev, unsigned index, u32 *irq)
{
	int parent;
	u32 width;

	if (fdt_value(dev->fdt, dev->node, "interrupts-extended", NULL))
		return extended_irq(dev, index, irq);
	if (!fdt_value(dev->fdt, dev->node, "interrupts", NULL))
		return -ENOENT;
	parent = fdt_interrupt_parent(dev->fdt, dev->node);
	if (parent < 0 || !fdt_cell(dev->fdt, parent, "#interrupt-cells", 0, &width))
		return -EINVAL;
	return translate_at(dev, "interrupts", index * width, width, irq);
}
