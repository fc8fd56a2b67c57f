/* SPDX-License-Identifier: MIT */
/* The console of a guest: keeps its output, shows it while attached, hands it what was typed. */
#include <core/console.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/vconsole.h>
#include <string.h>

int vconsole_init(struct vconsole *vc, struct mem_owner *owner, const char *vm_name)
{
	*vc = (struct vconsole){ .vm_name = vm_name };
	spinlock_init(&vc->lock, LOCK_VCONSOLE, "vconsole");
	vc->ring = heap_alloc(owner, VCONSOLE_RING_SIZE);
	return vc->ring ? 0 : -ENOMEM;
}

void vconsole_destroy(struct vconsole *vc)
{
	heap_free(vc->ring);
	vc->ring = NULL;
}

void vconsole_restart(struct vconsole *vc)
{
	irqflags_t flags = spin_lock(&vc->lock);

	vc->input_tail = vc->input_head;
	vc->run_start = vc->written;
	spin_unlock(&vc->lock, flags);
}

void vconsole_put(struct vconsole *vc, u8 byte)
{
	irqflags_t flags = spin_lock(&vc->lock);
	bool attached = vc->attached;
	char c = (char)byte;

	vc->ring[vc->written % VCONSOLE_RING_SIZE] = c;
	vc->written++;
	spin_unlock(&vc->lock, flags);
	/* Without the lock: a task that prints may sleep there. */
	if (attached)
		console_write(&c, 1);
}

int vconsole_get(struct vconsole *vc)
{
	irqflags_t flags = spin_lock(&vc->lock);
	int byte = -1;

	if (vc->input_tail != vc->input_head)
		byte = vc->input[vc->input_tail++ % VCONSOLE_INPUT_SIZE];
	spin_unlock(&vc->lock, flags);
	return byte;
}

bool vconsole_has_input(struct vconsole *vc)
{
	irqflags_t flags = spin_lock(&vc->lock);
	bool has = vc->input_tail != vc->input_head;

	spin_unlock(&vc->lock, flags);
	return has;
}

void vconsole_listen(struct vconsole *vc, void (*input_ready)(void *ctx), void *ctx)
{
	irqflags_t flags = spin_lock(&vc->lock);

	vc->input_ready = input_ready;
	vc->input_ctx = ctx;
	spin_unlock(&vc->lock, flags);
}

size_t vconsole_input(struct vconsole *vc, const u8 *s, size_t len)
{
	irqflags_t flags = spin_lock(&vc->lock);
	void (*input_ready)(void *ctx) = vc->input_ready;
	void *ctx = vc->input_ctx;
	size_t taken = 0;

	while (taken < len && vc->input_head - vc->input_tail < VCONSOLE_INPUT_SIZE)
		vc->input[vc->input_head++ % VCONSOLE_INPUT_SIZE] = s[taken++];
	spin_unlock(&vc->lock, flags);
	if (taken && input_ready)
		input_ready(ctx);
	return taken;
}

void vconsole_set_attached(struct vconsole *vc, bool attached)
{
	irqflags_t flags = spin_lock(&vc->lock);

	vc->attached = attached;
	spin_unlock(&vc->lock, flags);
}

bool vconsole_attach_at(struct vconsole *vc, u64 pos)
{
	irqflags_t flags = spin_lock(&vc->lock);
	bool current = vc->written == pos;

	if (current)
		vc->attached = true;
	spin_unlock(&vc->lock, flags);
	return current;
}

size_t vconsole_read_log(struct vconsole *vc, u64 *pos, char *buf, size_t len)
{
	irqflags_t flags = spin_lock(&vc->lock);
	u64 oldest = vc->written > VCONSOLE_RING_SIZE ? vc->written - VCONSOLE_RING_SIZE : 0;
	size_t at, count, first;

	*pos = MIN(MAX(*pos, oldest), vc->written);
	at = *pos % VCONSOLE_RING_SIZE;
	count = MIN((u64)len, vc->written - *pos);
	first = MIN(count, VCONSOLE_RING_SIZE - at);
	memcpy(buf, vc->ring + at, first);
	memcpy(buf + first, vc->ring, count - first);
	*pos += count;
	spin_unlock(&vc->lock, flags);
	return count;
}
