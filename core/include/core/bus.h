/* SPDX-License-Identifier: MIT */
/* Routes guests' accesses to emulated registers, memory-mapped and port I/O, to their device. */
#ifndef CORE_BUS_H
#define CORE_BUS_H

#include <core/addr.h>

struct vdev;
struct mem_owner;

/*
 * Registers of one region. read() and write() are called for the sizes and alignments that the
 * region allows only; each offset and value has a defined meaning. They run in an exit handler:
 * short, no sleeping; the emulator takes its own lock.
 */
struct bus_ops {
	u64 (*read)(struct vdev *dev, u64 offset, unsigned size);
	void (*write)(struct vdev *dev, u64 offset, unsigned size, u64 value);
	u8 sizes;       /* sum of the access sizes in bytes that exist: 1 | 2 | 4 | 8 */
	bool unaligned; /* accesses need not be naturally aligned */
};

struct bus_region {
	u64 base;
	u64 size;
	const struct bus_ops *ops;
	struct vdev *dev;
};

/* One address space (MMIO or PIO) of one VM: sorted, changed only while no vCPU runs. */
struct bus {
	struct bus_region *regions;
	u32 count;
	u32 capacity;
};

/* -EEXIST on overlap, -ENOMEM, -EINVAL for an empty or wrapping range. */
int bus_add(struct bus *bus, struct mem_owner *owner, const struct bus_region *region) __must_check;
void bus_destroy(struct bus *bus);

/* Does the device have an access of @size bytes (a power of two) at @offset, which is inside the region? */
static inline bool bus_allows(const struct bus_region *region, u64 offset, unsigned size)
{
	const struct bus_ops *ops = region->ops;

	return (ops->sizes & size) && region->size - offset >= size &&
	       (is_aligned(region->base + offset, size) || ops->unaligned);
}

/* For hot exits: the region of the last access, if it holds @addr and allows the access; else NULL. */
static inline const struct bus_region *bus_hit(const struct bus *bus, u64 addr, unsigned size,
					       u32 hint)
{
	const struct bus_region *region = &bus->regions[hint];

	if (hint >= bus->count || addr - region->base >= region->size)
		return NULL;
	return bus_allows(region, addr - region->base, size) ? region : NULL;
}

static inline u64 bus_cut(u64 value, unsigned size)
{
	return value & (~0ull >> (64 - 8 * size));
}

/*
 * An access of 1, 2, 4 or 8 bytes. -ENODEV: nobody is there; -EFAULT: the device has no access of this
 * size or alignment there, or it runs over its end. The caller injects the fault. @hint remembers
 * the region of the last access (of this vCPU) and may be NULL.
 */
int bus_read(const struct bus *bus, u64 addr, unsigned size, u64 *value, u32 *hint) __must_check;
int bus_write(const struct bus *bus, u64 addr, unsigned size, u64 value, u32 *hint) __must_check;

#endif
