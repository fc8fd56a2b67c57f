/* SPDX-License-Identifier: MIT */
/* A ring of bytes over memory of the caller; the caller does the locking. */
#ifndef LIBS_RING_H
#define LIBS_RING_H

#include <core/types.h>
#include <string.h>

struct ring {
	u8 *data;
	u32 size; /* a power of two */
	u32 head; /* bytes ever put in, modulo 2^32 */
	u32 tail; /* bytes ever taken out, modulo 2^32 */
};

#define RING(memory)                                     \
	{                                                \
		.data = (memory), .size = sizeof(memory) \
	}

static inline void ring_init(struct ring *r, void *memory, u32 size)
{
	*r = (struct ring){ .data = memory, .size = size };
}

static inline u32 ring_count(const struct ring *r)
{
	return r->head - r->tail;
}

static inline u32 ring_room(const struct ring *r)
{
	return r->size - ring_count(r);
}

static inline void ring_clear(struct ring *r)
{
	r->tail = r->head;
}

/* False when it is full. */
static inline bool ring_put(struct ring *r, u8 byte)
{
	if (ring_room(r) == 0)
		return false;
	r->data[r->head++ & (r->size - 1)] = byte;
	return true;
}

/* The oldest byte gives way when it is full. */
static inline void ring_put_over(struct ring *r, u8 byte)
{
	if (ring_room(r) == 0)
		r->tail++;
	r->data[r->head++ & (r->size - 1)] = byte;
}

/* The oldest byte or -1. */
static inline int ring_get(struct ring *r)
{
	return ring_count(r) ? r->data[r->tail++ & (r->size - 1)] : -1;
}

/* Puts as many of the @len bytes as there is room for and returns how many. */
static inline u32 ring_write(struct ring *r, const void *bytes, u32 len)
{
	u32 at = r->head & (r->size - 1);
	u32 count = MIN(len, ring_room(r));
	u32 first = MIN(count, r->size - at);

	memcpy(r->data + at, bytes, first);
	memcpy(r->data, (const u8 *)bytes + first, count - first);
	r->head += count;
	return count;
}

/* The longest piece of the oldest bytes that is contiguous; its length, 0 when empty. */
static inline u32 ring_peek(const struct ring *r, const u8 **bytes)
{
	u32 at = r->tail & (r->size - 1);

	*bytes = r->data + at;
	return MIN(ring_count(r), r->size - at);
}

/* Takes out @len bytes, at most ring_count(). */
static inline void ring_skip(struct ring *r, u32 len)
{
	r->tail += len;
}

/* Takes out up to @len bytes and returns how many. */
static inline u32 ring_read(struct ring *r, void *bytes, u32 len)
{
	u32 done = 0;
	const u8 *piece;

	while (done < len && ring_count(r)) {
		u32 count = MIN(len - done, ring_peek(r, &piece));

		memcpy((u8 *)bytes + done, piece, count);
		ring_skip(r, count);
		done += count;
	}
	return done;
}

#endif
