/* SPDX-License-Identifier: MIT */
/* Small objects in slabs, one size class a slab; every object knows its owner and guards its end. */
#include <core/heap.h>
#include <core/lock.h>
#include <core/page.h>
#include <core/panic.h>
#include <libs/list.h>
#include <string.h>

/*
 * A slab is a naturally aligned block of pages, so that an object's address leads to it:
 *
 *     ┌──────┬───────────────── slot ─────────────────┬──────── slot ────────┬─ ─ ┐
 *     │ slab │ header 16 │ @size bytes │ red zone 8 │ │ header │ ...         │     │
 *     └──────┴───────────┴─────────────┴────────────┴─┴──────────────────────┴─ ─ ┘
 *
 * A free slot holds POISON behind its header; a byte that changed tells of a write after free. What
 * is larger than the last class is a block of pages of its own with the same header and red zone.
 */
struct header {
	union {
		struct mem_owner *owner; /* while used */
		struct header *next;     /* while free */
	};
	u32 size;
	u16 magic;
	u16 class; /* index, or CLASS_PAGES */
};
_Static_assert(sizeof(struct header) == 16, "objects are aligned to 16 bytes");

#define MAGIC_USED 0xa11c
#define MAGIC_FREE 0xf4ee
#define POISON 0x6b
#define RED_ZONE 0x9e3779b97f4a7c15ull
#define OVERHEAD (sizeof(struct header) + sizeof(u64))
#define CLASS_PAGES 0xffff

struct slab {
	struct list_node link; /* in class->partial unless all slots are used */
	struct header *free;
	u32 used;
};
#define SLAB_HEADER ((sizeof(struct slab) + 15) & ~15ul)

struct class
{
	u16 slot_size;
	u8 order; /* of its slabs */
	struct list_node partial;
	u64 slab_count;
	u64 used;
};

#define CLASS(index, slot, slab_order) \
	[index] = { slot, slab_order, { &classes[index].partial, &classes[index].partial }, 0, 0 }

static struct spinlock heap_lock = SPINLOCK(LOCK_HEAP, "heap"); /* guards classes and all slabs */
static struct class classes[] = {
	CLASS(0, 48, 0),  CLASS(1, 64, 0),   CLASS(2, 96, 0),    CLASS(3, 128, 0),
	CLASS(4, 192, 0), CLASS(5, 256, 0),  CLASS(6, 384, 0),   CLASS(7, 512, 1),
	CLASS(8, 768, 1), CLASS(9, 1024, 1), CLASS(10, 1536, 2), CLASS(11, 2080, 2),
};

/* Holds the pages that slabs and large objects are made of; the objects are charged to their owners. */
static struct mem_owner owner_heap = { .name = "heap" };

static u32 slots_per_slab(const struct class *class)
{
	return (u32)(((PAGE_SIZE << class->order) - SLAB_HEADER) / class->slot_size);
}

static u32 payload_max(const struct class *class)
{
	return class->slot_size - OVERHEAD;
}

static struct class *class_for(size_t size)
{
	for (struct class *c = classes; c < classes + ARRAY_SIZE(classes); c++)
		if (size <= payload_max(c))
			return c;
	return NULL;
}

static struct slab *slab_of(const struct class *class, const struct header *h)
{
	return (struct slab *)((uintptr_t)h & ~((PAGE_SIZE << class->order) - 1));
}

static void *payload(struct header *h)
{
	return h + 1;
}

static void put_free(struct slab *slab, struct header *h)
{
	h->next = slab->free;
	h->magic = MAGIC_FREE;
	slab->free = h;
}

static struct slab *slab_create_locked(struct class *class)
{
	struct slab *slab = page_alloc(&owner_heap, class->order);

	if (!slab)
		return NULL;
	memset(slab, POISON, PAGE_SIZE << class->order);
	slab->free = NULL;
	slab->used = 0;
	for (u32 i = slots_per_slab(class); i > 0; i--)
		put_free(slab,
			 (struct header *)((u8 *)slab + SLAB_HEADER + (i - 1) * class->slot_size));
	list_push_front(&class->partial, &slab->link);
	class->slab_count++;
	return slab;
}

static struct header *slot_alloc_locked(struct class *class)
{
	struct slab *slab;
	struct header *h;

	lock_assert_held(&heap_lock);
	if (!list_is_empty(&class->partial))
		slab = list_first(&class->partial, struct slab, link);
	else
		slab = slab_create_locked(class);
	if (!slab)
		return NULL;
	h = slab->free;
	slab->free = h->next;
	slab->used++;
	class->used++;
	if (!slab->free)
		list_remove(&slab->link);
	return h;
}

static void slot_free_locked(struct class *class, struct header *h)
{
	struct slab *slab = slab_of(class, h);

	lock_assert_held(&heap_lock);
	if (!slab->free)
		list_push_front(&class->partial, &slab->link);
	put_free(slab, h);
	slab->used--;
	class->used--;
	if (slab->used == 0) {
		list_remove(&slab->link);
		class->slab_count--;
		page_free(&owner_heap, slab, class->order);
	}
}

static void check_poison(struct header *h, size_t size)
{
	const u64 *word = payload(h);

	for (size_t i = 0; i < size / sizeof(u64); i++)
		if (word[i] != POISON * 0x0101010101010101ull)
			panic("heap: free object %p was written to at offset %lu", payload(h),
			      (unsigned long)(i * sizeof(u64)));
}

static struct header *small_alloc(struct class *class)
{
	irqflags_t flags = spin_lock(&heap_lock);
	struct header *h = slot_alloc_locked(class);

	spin_unlock(&heap_lock, flags);
	if (!h)
		return NULL;
	check_poison(h, class->slot_size - sizeof(*h));
	h->class = (u16)(class - classes);
	return h;
}

static unsigned large_order(size_t size)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < size + OVERHEAD)
		order++;
	return order;
}

static struct header *large_alloc(size_t size)
{
	struct header *h = page_alloc(&owner_heap, large_order(size));

	if (h)
		h->class = CLASS_PAGES;
	return h;
}

void *heap_alloc(struct mem_owner *owner, size_t size)
{
	static const u64 red_zone = RED_ZONE;
	struct class *class = class_for(size);
	struct header *h;

	if (size > HEAP_SIZE_MAX || !mem_owner_charge_object(owner, size))
		return NULL;
	h = class ? small_alloc(class) : large_alloc(size);
	if (!h) {
		mem_owner_uncharge_object(owner, size);
		return NULL;
	}
	h->owner = owner;
	h->size = (u32)size;
	h->magic = MAGIC_USED;
	memset(payload(h), 0, size);
	memcpy((u8 *)payload(h) + size, &red_zone, sizeof(red_zone));
	return payload(h);
}

static bool header_is_sane(const struct header *h)
{
	return h->magic == MAGIC_USED && h->size <= HEAP_SIZE_MAX &&
	       (h->class == CLASS_PAGES ||
		(h->class < ARRAY_SIZE(classes) && h->size <= payload_max(&classes[h->class])));
}

static void check_used(struct header *h)
{
	static const u64 red_zone = RED_ZONE;

	if (h->magic == MAGIC_FREE)
		panic("heap_free(%p): double free", payload(h));
	if (!header_is_sane(h))
		panic("heap_free(%p): no object, or its header was overwritten", payload(h));
	if (memcmp((u8 *)payload(h) + h->size, &red_zone, sizeof(red_zone)) != 0)
		panic("heap_free(%p): written beyond its %u bytes, owner %s", payload(h), h->size,
		      h->owner->name);
}

void heap_free(void *object)
{
	struct header *h;
	struct class *class;
	irqflags_t flags;

	if (!object)
		return;
	h = (struct header *)object - 1;
	check_used(h);
	mem_owner_uncharge_object(h->owner, h->size);
	if (h->class == CLASS_PAGES) {
		h->magic = MAGIC_FREE;
		page_free(&owner_heap, h, large_order(h->size));
		return;
	}
	class = &classes[h->class];
	memset(payload(h), POISON, class->slot_size - sizeof(*h));
	flags = spin_lock(&heap_lock);
	slot_free_locked(class, h);
	spin_unlock(&heap_lock, flags);
}

char *heap_strdup(struct mem_owner *owner, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = heap_alloc(owner, size);

	if (copy)
		memcpy(copy, s, size);
	return copy;
}

unsigned heap_stats(struct heap_class_stats *rows, unsigned max)
{
	irqflags_t flags = spin_lock(&heap_lock);

	for (unsigned i = 0; i < MIN(max, (unsigned)ARRAY_SIZE(classes)); i++) {
		const struct class *c = &classes[i];

		rows[i] = (struct heap_class_stats){
			.object_size = payload_max(c),
			.slab_pages = 1u << c->order,
			.used = c->used,
			.free = c->slab_count * slots_per_slab(c) - c->used,
		};
	}
	spin_unlock(&heap_lock, flags);
	return ARRAY_SIZE(classes);
}
