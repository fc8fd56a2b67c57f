/* SPDX-License-Identifier: MIT */
/* Routes guests' accesses to emulated registers: a sorted table, read without a lock. */
#include <core/bus.h>
#include <core/errno.h>
#include <core/heap.h>
#include <string.h>

#define BUS_FIRST_CAPACITY 8

/* Index of the first region that ends behind @addr; count if there is none. */
static u32 bus_slot(const struct bus *bus, u64 addr)
{
	u32 low = 0;
	u32 high = bus->count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;
		const struct bus_region *r = &bus->regions[mid];

		if (r->base + (r->size - 1) < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int bus_grow(struct bus *bus, struct mem_owner *owner)
{
	u32 capacity = bus->capacity ? bus->capacity * 2 : BUS_FIRST_CAPACITY;
	struct bus_region *regions = heap_alloc(owner, capacity * sizeof(*regions));

	if (!regions)
		return -ENOMEM;
	if (bus->count)
		memcpy(regions, bus->regions, bus->count * sizeof(*regions));
	heap_free(bus->regions);
	bus->regions = regions;
	bus->capacity = capacity;
	return 0;
}

int bus_add(struct bus *bus, struct mem_owner *owner, const struct bus_region *region)
{
	u32 slot;

	if (region->size == 0 || region->size - 1 > ~0ull - region->base)
		return -EINVAL;
	slot = bus_slot(bus, region->base);
	if (slot < bus->count && bus->regions[slot].base <= region->base + (region->size - 1))
		return -EEXIST;
	if (bus->count == bus->capacity && bus_grow(bus, owner))
		return -ENOMEM;
	memmove(&bus->regions[slot + 1], &bus->regions[slot],
		(bus->count - slot) * sizeof(*region));
	bus->regions[slot] = *region;
	bus->count++;
	return 0;
}

void bus_destroy(struct bus *bus)
{
	heap_free(bus->regions);
	*bus = (struct bus){ 0 };
}

static inline bool bus_holds(const struct bus_region *region, u64 addr)
{
	return addr - region->base < region->size;
}

static const struct bus_region *bus_find(const struct bus *bus, u64 addr, u32 *hint)
{
	u32 slot;

	if (hint && likely(*hint < bus->count) && bus_holds(&bus->regions[*hint], addr))
		return &bus->regions[*hint];
	slot = bus_slot(bus, addr);
	if (slot == bus->count || !bus_holds(&bus->regions[slot], addr))
		return NULL;
	if (hint)
		*hint = slot;
	return &bus->regions[slot];
}

static bool bus_is_size(unsigned size)
{
	return size && size <= 8 && !(size & (size - 1));
}

int bus_read(const struct bus *bus, u64 addr, unsigned size, u64 *value, u32 *hint)
{
	const struct bus_region *region = bus_find(bus, addr, hint);

	if (!region)
		return -ENODEV;
	if (!bus_is_size(size) || !bus_allows(region, addr - region->base, size))
		return -EFAULT;
	*value = bus_cut(region->ops->read(region->dev, addr - region->base, size), size);
	return 0;
}

int bus_write(const struct bus *bus, u64 addr, unsigned size, u64 value, u32 *hint)
{
	const struct bus_region *region = bus_find(bus, addr, hint);

	if (!region)
		return -ENODEV;
	if (!bus_is_size(size) || !bus_allows(region, addr - region->base, size))
		return -EFAULT;
	region->ops->write(region->dev, addr - region->base, size, bus_cut(value, size));
	return 0;
}
