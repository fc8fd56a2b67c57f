/* SPDX-License-Identifier: MIT */
/* Host drivers: rows in a link-time table, matched by the compatible strings of the host's device tree. */
#ifndef CORE_DRIVER_H
#define CORE_DRIVER_H

#include <core/addr.h>
#include <core/table.h>

/* A node of the host's device tree that a driver was matched with; -1 and NULL for a driver without compatible. */
struct host_device {
	const void *fdt;
	int node;
	const char *compatible; /* the string that matched */
};

enum driver_class { DRIVER_IRQCHIP, DRIVER_TIMER, DRIVER_SERIAL, DRIVER_POWER, DRIVER_CLASS_COUNT };

struct driver {
	const char *name;
	enum driver_class class; /* classes are probed in the order of the enum */
	/* NULL-terminated; NULL: finds its device by other means (firmware calls), once, after the nodes of its class. */
	const char *const *compatible;
	/* 0 when it drives the device now; errors are logged by the caller with the node's path, but -EBUSY: not needed. */
	int (*probe)(const struct host_device *dev);
};

#define DEFINE_DRIVER(ident)                 \
	static const struct driver ident;    \
	TABLE_ROW(vg_drivers, ident, ident); \
	static const struct driver ident

/* Probes all enabled nodes (`status` absent or okay). @fdt may be NULL: only drivers that need none. */
void driver_probe_all(const void *fdt);

/* Property readers for drivers, by the rules of the Devicetree Specification (#address-cells of the parent, ranges up to the root). */
int host_device_reg(const struct host_device *dev, unsigned index, hpa_t *base,
		    u64 *size) __must_check;
/* `interrupts` or `interrupts-extended` entry @index, as the host's interrupt controller numbers it. -ENOENT past the end. */
int host_device_irq(const struct host_device *dev, unsigned index, u32 *irq) __must_check;
u32 host_device_u32(const struct host_device *dev, const char *property, u32 fallback);

/* For `dev`: the devices that drivers took. */
void driver_for_each_bound(void (*fn)(void *ctx, const char *driver, const char *node), void *ctx);

#endif
