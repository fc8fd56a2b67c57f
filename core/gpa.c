/* SPDX-License-Identifier: MIT */
/* The guest-physical map of a VM: regions, the memory behind them, and access to it. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/gpa.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/panic.h>
#include <core/vm.h>
#include <string.h>

#define GPA_FIRST_CAPACITY 16

static const char *const gpa_kind_names[] = {
	[GPA_RAM] = "ram",       [GPA_ROM] = "rom",       [GPA_EMULATED] = "emulated",
	[GPA_DEVICE] = "device", [GPA_SHARED] = "shared", [GPA_ALIAS] = "alias",
};

const char *gpa_kind_name(enum gpa_kind kind)
{
	return gpa_kind_names[kind];
}

/* ---- the sorted table ---- */

static u64 last_byte(const struct gpa_region *r)
{
	return r->base + (r->size - 1);
}

/* Index of the first region that ends at or behind @at; count if there is none. */
static u32 slot_of(const struct gpa_map *map, u64 at)
{
	u32 low = 0;
	u32 high = map->count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (last_byte(&map->regions[mid]) < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct gpa_region *gpa_find(const struct vm *vm, gpa_t at)
{
	const struct gpa_map *map = &vm->map;
	u32 slot = slot_of(map, at.v);

	if (slot == map->count || map->regions[slot].base > at.v)
		return NULL;
	return &map->regions[slot];
}

/* 0 when [at, at + size) is a range and free. */
static int check_range(const struct vm *vm, u64 at, u64 size)
{
	u32 slot;

	if (size == 0 || size - 1 > ~0ull - at)
		return -EINVAL;
	slot = slot_of(&vm->map, at);
	if (slot < vm->map.count && vm->map.regions[slot].base <= at + (size - 1))
		return -EEXIST;
	return 0;
}

static int check_pages(const struct vm *vm, u64 at, u64 size)
{
	if (!is_aligned(at, PAGE_SIZE) || !is_aligned(size, PAGE_SIZE))
		return -EINVAL;
	return check_range(vm, at, size);
}

static int grow_map(struct vm *vm)
{
	struct gpa_map *map = &vm->map;
	u32 capacity = map->capacity ? map->capacity * 2 : GPA_FIRST_CAPACITY;
	struct gpa_region *regions = heap_alloc(&vm->heap_owner, capacity * sizeof(*regions));

	if (!regions)
		return -ENOMEM;
	if (map->count)
		memcpy(regions, map->regions, map->count * sizeof(*regions));
	heap_free(map->regions);
	map->regions = regions;
	map->capacity = capacity;
	return 0;
}

/* The range has been checked. */
static int insert_region(struct vm *vm, const struct gpa_region *region)
{
	struct gpa_map *map = &vm->map;
	u32 slot = slot_of(map, region->base);

	if (map->count == map->capacity && grow_map(vm))
		return -ENOMEM;
	memmove(&map->regions[slot + 1], &map->regions[slot],
		(map->count - slot) * sizeof(*region));
	map->regions[slot] = *region;
	map->count++;
	return 0;
}

/* ---- second-stage mappings ---- */

static int map_region(struct vm *vm, const struct gpa_region *r)
{
	unsigned attr = PT_READ;

	if (r->kind == GPA_EMULATED)
		return 0;
	if (r->writable)
		attr |= PT_WRITE;
	attr |= r->kind == GPA_DEVICE ? PT_DEVICE : PT_EXEC;
	return stage2_map(vm, gpa(r->base), r->pa, r->size, attr);
}

static void unmap_region(struct vm *vm, const struct gpa_region *r)
{
	int err;

	if (r->kind == GPA_EMULATED)
		return;
	/* It was mapped as it is unmapped, so no leaf has to be split and nothing can fail. */
	err = stage2_unmap(vm, gpa(r->base), r->size);
	ASSERT(!err);
}

/* Last look at what a guest wrote: nobody else may see it. */
static void free_blocks(struct vm *vm, hpa_t pa, u64 size, unsigned order)
{
	u64 block = PAGE_SIZE << order;

	arch_zero_pages(hpa_to_ptr(pa), size);
	for (u64 done = 0; done < size; done += block)
		page_free(&vm->ram_owner, hpa_to_ptr(hpa(pa.v + done)), order);
}

static void release_region(struct vm *vm, const struct gpa_region *r)
{
	unmap_region(vm, r);
	if (r->owned)
		free_blocks(vm, r->pa, r->size, r->order);
}

/* Backs out of the regions that were added in [at, at + size). */
static void remove_range(struct vm *vm, u64 at, u64 size)
{
	struct gpa_map *map = &vm->map;
	u32 first = slot_of(map, at);
	u32 end = first;

	while (end < map->count && map->regions[end].base - at < size)
		release_region(vm, &map->regions[end++]);
	memmove(&map->regions[first], &map->regions[end],
		(map->count - end) * sizeof(*map->regions));
	map->count -= end - first;
}

static int add_region(struct vm *vm, const struct gpa_region *region)
{
	int err = map_region(vm, region);

	if (err)
		return err;
	err = insert_region(vm, region);
	if (err)
		unmap_region(vm, region);
	return err;
}

/* ---- adding ---- */

/* The largest block that fits @size and is naturally aligned at @at, so that large leaves fit too. */
static unsigned order_for(u64 at, u64 size)
{
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && is_aligned(at, PAGE_SIZE << (order + 1)) &&
	       PAGE_SIZE << (order + 1) <= size)
		order++;
	return order;
}

/* As large as can be had, at most 2^*order pages. */
static void *alloc_block(struct vm *vm, unsigned *order)
{
	int largest = page_largest_order();
	void *block;

	if (largest < 0)
		return NULL;
	*order = MIN(*order, (unsigned)largest);
	while (!(block = page_alloc_zero(&vm->ram_owner, *order)) && *order > 0)
		--*order;
	return block;
}

/*
 * Lets the region before @block, if it was added since @from, take it in when both are alike and
 * adjacent in the host too. That keeps the map small when memory is fragmented.
 */
static bool merge_block(struct gpa_map *map, const struct gpa_region *block, u64 from)
{
	u32 slot = slot_of(map, block->base);
	struct gpa_region *prev;

	if (slot == 0)
		return false;
	prev = &map->regions[slot - 1];
	if (prev->base < from || last_byte(prev) + 1 != block->base ||
	    prev->order != block->order || prev->pa.v + prev->size != block->pa.v)
		return false;
	prev->size += block->size;
	return true;
}

/* Adds one block at @block->base, of at most @block->size bytes, which becomes its size. */
static int add_block(struct vm *vm, struct gpa_region *block, u64 from)
{
	unsigned order = order_for(block->base, block->size);
	void *memory = alloc_block(vm, &order);
	int err;

	if (!memory)
		return -ENOMEM;
	block->order = (u8)order;
	block->pa = ptr_to_hpa(memory);
	block->size = PAGE_SIZE << order;
	err = map_region(vm, block);
	if (!err && !merge_block(&vm->map, block, from)) {
		err = insert_region(vm, block);
		if (err)
			unmap_region(vm, block);
	}
	if (err)
		page_free(&vm->ram_owner, memory, order);
	return err;
}

/* A hint that saves zeroing gigabytes only to find that there are not enough of them. */
static bool memory_is_short(u64 size)
{
	struct page_stats stats;

	page_stats(&stats);
	return size >> PAGE_SHIFT > stats.free_pages;
}

int gpa_add_memory(struct vm *vm, gpa_t at, u64 size, enum gpa_kind kind, const char *name)
{
	int err = check_pages(vm, at.v, size);
	u64 done = 0;

	if (!err && kind != GPA_RAM && kind != GPA_ROM)
		err = -EINVAL;
	if (!err && memory_is_short(size))
		err = -ENOMEM;
	while (!err && done < size) {
		struct gpa_region block = {
			.base = at.v + done,
			.size = size - done,
			.kind = kind,
			.owned = true,
			.writable = kind == GPA_RAM,
			.name = name,
		};

		err = add_block(vm, &block, at.v);
		if (!err)
			done += block.size;
	}
	if (err && done)
		remove_range(vm, at.v, done);
	return err;
}

int gpa_add_host(struct vm *vm, gpa_t at, hpa_t pa, u64 size, enum gpa_kind kind, const char *name)
{
	int err = check_pages(vm, at.v, size);

	if (err)
		return err;
	if (!is_aligned(pa.v, PAGE_SIZE) || size - 1 > ~0ull - pa.v ||
	    (kind != GPA_DEVICE && kind != GPA_SHARED && kind != GPA_ROM))
		return -EINVAL;
	return add_region(vm, &(struct gpa_region){
				      .base = at.v,
				      .size = size,
				      .kind = kind,
				      .pa = pa,
				      .writable = kind != GPA_ROM,
				      .name = name,
			      });
}

static bool is_memory(const struct gpa_region *r)
{
	return r->kind != GPA_EMULATED && r->kind != GPA_DEVICE;
}

int gpa_add_alias(struct vm *vm, gpa_t at, gpa_t of, u64 size, const char *name)
{
	int err = check_pages(vm, at.v, size);
	u64 done = 0;

	if (!err && (!is_aligned(of.v, PAGE_SIZE) || size - 1 > ~0ull - of.v))
		err = -EINVAL;
	while (!err && done < size) {
		const struct gpa_region *r = gpa_find(vm, gpa(of.v + done));
		struct gpa_region alias = { .base = at.v + done, .kind = GPA_ALIAS, .name = name };

		if (!r || !is_memory(r) || r->kind == GPA_ALIAS) {
			err = -EINVAL;
			break;
		}
		alias.size = MIN(size - done, last_byte(r) - (of.v + done) + 1);
		alias.pa = hpa(r->pa.v + (of.v + done - r->base));
		alias.writable = r->writable;
		err = add_region(vm, &alias);
		if (!err)
			done += alias.size;
	}
	if (err && done)
		remove_range(vm, at.v, done);
	return err;
}

int gpa_add_emulated(struct vm *vm, gpa_t at, u64 size, const char *name)
{
	int err = check_range(vm, at.v, size);

	if (err)
		return err;
	return add_region(vm,
			  &(struct gpa_region){
				  .base = at.v, .size = size, .kind = GPA_EMULATED, .name = name });
}

/* True if @size bytes from @at are ROM and end where a region does; *first is the region that begins there. */
static bool is_whole_rom(const struct vm *vm, u64 at, u64 size, u32 *first)
{
	const struct gpa_map *map = &vm->map;
	u64 done = 0;
	u32 slot;

	*first = slot_of(map, at);
	for (slot = *first; slot < map->count && done < size; slot++) {
		const struct gpa_region *r = &map->regions[slot];

		if (r->base != at + done || r->kind != GPA_ROM)
			return false;
		done += r->size;
	}
	return done == size;
}

int gpa_show_rom(struct vm *vm, gpa_t at, u64 size, bool shown)
{
	u32 slot;
	int err = is_whole_rom(vm, at.v, size, &slot) ? 0 : -EINVAL;

	if (err)
		return err;
	/* It was mapped region by region, so no leaf has to be split. */
	err = stage2_unmap(vm, at, size);
	for (u64 done = 0; shown && !err && done < size; done += vm->map.regions[slot++].size)
		err = map_region(vm, &vm->map.regions[slot]);
	return err;
}

void gpa_drop_emulated(struct vm *vm)
{
	struct gpa_map *map = &vm->map;
	u32 kept = 0;

	for (u32 i = 0; i < map->count; i++) {
		if (map->regions[i].kind != GPA_EMULATED)
			map->regions[kept++] = map->regions[i];
	}
	map->count = kept;
}

void gpa_destroy(struct vm *vm)
{
	for (u32 i = 0; i < vm->map.count; i++)
		release_region(vm, &vm->map.regions[i]);
	heap_free(vm->map.regions);
	vm->map = (struct gpa_map){ 0 };
}

u64 gpa_ram_size(const struct vm *vm)
{
	u64 size = 0;

	for (u32 i = 0; i < vm->map.count; i++) {
		if (vm->map.regions[i].kind == GPA_RAM)
			size += vm->map.regions[i].size;
	}
	return size;
}

/* ---- access ---- */

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_LOAD };

/* Host pointer to @at; *len is cut to what is contiguous there. NULL if it is no memory for @access. */
static void *memory_at(const struct vm *vm, u64 at, u64 *len, enum access access)
{
	const struct gpa_region *r = gpa_find(vm, gpa(at));
	u64 offset;

	if (!r || !is_memory(r) || (access == ACCESS_WRITE && !r->writable))
		return NULL;
	offset = at - r->base;
	*len = MIN(*len, r->size - offset);
	return hpa_to_ptr(hpa(r->pa.v + offset));
}

void *gpa_to_ptr(const struct vm *vm, gpa_t at, u64 *len, enum gpa_access access)
{
	return memory_at(vm, at.v, len, access == GPA_WRITE ? ACCESS_WRITE : ACCESS_READ);
}

/* Bounded by the number of regions. */
static bool is_all_memory(const struct vm *vm, u64 at, u64 len, enum access access)
{
	if (len && len - 1 > ~0ull - at)
		return false;
	while (len) {
		u64 piece = len;

		if (!memory_at(vm, at, &piece, access))
			return false;
		at += piece;
		len -= piece;
	}
	return true;
}

typedef void (*piece_fn)(void *memory, void *buf, u64 offset, u64 len);

static void piece_read(void *memory, void *buf, u64 offset, u64 len)
{
	memcpy((u8 *)buf + offset, memory, len);
}

static void piece_write(void *memory, void *buf, u64 offset, u64 len)
{
	memcpy(memory, (const u8 *)buf + offset, len);
}

static void piece_load(void *memory, void *buf, u64 offset, u64 len)
{
	piece_write(memory, buf, offset, len);
	arch_sync_code(memory, len);
}

static void piece_fill(void *memory, void *byte, u64 offset, u64 len)
{
	(void)offset;
	memset(memory, *(const u8 *)byte, len);
	arch_sync_code(memory, len);
}

/* Applies @fn to each contiguous piece, after all of them have been seen to be there. */
static inline int for_each_piece(const struct vm *vm, gpa_t at, void *buf, u64 len,
				 enum access access, piece_fn fn)
{
	u64 done = 0;

	if (!is_all_memory(vm, at.v, len, access))
		return -EFAULT;
	while (done < len) {
		u64 piece = len - done;
		void *memory = memory_at(vm, at.v + done, &piece, access);

		fn(memory, buf, done, piece);
		done += piece;
	}
	return 0;
}

int gpa_read(const struct vm *vm, gpa_t at, void *buf, u64 len)
{
	return for_each_piece(vm, at, buf, len, ACCESS_READ, piece_read);
}

int gpa_write(const struct vm *vm, gpa_t at, const void *buf, u64 len)
{
	return for_each_piece(vm, at, (void *)(uintptr_t)buf, len, ACCESS_WRITE, piece_write);
}

int gpa_load(const struct vm *vm, gpa_t at, const void *buf, u64 len)
{
	return for_each_piece(vm, at, (void *)(uintptr_t)buf, len, ACCESS_LOAD, piece_load);
}

int gpa_fill(const struct vm *vm, gpa_t at, u8 byte, u64 len)
{
	return for_each_piece(vm, at, &byte, len, ACCESS_LOAD, piece_fill);
}
