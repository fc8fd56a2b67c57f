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
#define DRIVER_NO_NODE (-1)

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
	if (!driver->compatible)
		return false;
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

static bool add_match(const struct driver *driver, const void *fdt, int node,
		      const char *compatible)
{
	if (match_count == MATCHES_MAX) {
		log_warn("device tree: more than %u devices with a driver: the rest is left alone",
			 MATCHES_MAX);
		return false;
	}
	matches[match_count++] = (struct match){ driver, { fdt, node, compatible }, false };
	return true;
}

static void collect_matches(const void *fdt)
{
	const struct driver *const *row;
	const struct driver *driver;
	const char *compatible;

	match_count = 0;
	table_for_each(row, vg_drivers)
		if (!(*row)->compatible && !add_match(*row, fdt, DRIVER_NO_NODE, NULL))
			return;
	for (int node = fdt ? 0 : -1; node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		driver = find_driver(fdt, node, &compatible);
		if (driver && fdt_is_enabled(fdt, node) &&
		    !add_match(driver, fdt, node, compatible))
			return;
	}
}

static const char *match_place(const struct match *match, char *buf, size_t size)
{
	if (match->device.node == DRIVER_NO_NODE)
		return "(no device-tree node)";
	return fdt_path(match->device.fdt, match->device.node, buf, size);
}

static void probe(struct match *match)
{
	char buf[NODE_PATH_MAX];
	const char *path = match_place(match, buf, sizeof(buf));
	int e = match->driver->probe(&match->device);

	match->bound = e == 0;
	if (e == -EBUSY) /* there may be several UARTs, but there is one console */
		log_debug("driver %s leaves %s alone", match->driver->name, path);
	else if (e)
		log_error("driver %s cannot drive %s: %s", match->driver->name, path,
			  error_text(e));
	else
		log_debug("driver %s drives %s", match->driver->name, path);
}

/* The node @first (negative: none), then the others in the order of the tree, then what has no node. */
static void probe_class(enum driver_class class, int first)
{
	for (unsigned pass = 0; pass < 3; pass++)
		for (struct match *m = matches; m < matches + match_count; m++) {
			int node = m->device.node;
			unsigned turn = node == DRIVER_NO_NODE ? 2 : node == first ? 0 : 1;

			if (m->driver->class == class && turn == pass)
				probe(m);
		}
}

void driver_probe_all(const void *fdt)
{
	int console;

	collect_matches(fdt);
	console = fdt ? host_fdt_stdout(fdt) : DRIVER_NO_NODE;
	for (unsigned class = 0; class < DRIVER_CLASS_COUNT; class ++)
		probe_class((enum driver_class) class, console);
}

void driver_for_each_bound(void (*fn)(void *ctx, const char *driver, const char *node), void *ctx)
{
	char path[NODE_PATH_MAX];

	for (struct match *m = matches; m < matches + match_count; m++)
		if (m->bound)
			fn(ctx, m->driver->name, match_place(m, path, sizeof(path)));
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
static int translate_at(const struct host_device *dev, const char *property, unsigned first,
			u32 width, u32 *irq)
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
