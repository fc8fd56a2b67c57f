/* SPDX-License-Identifier: MIT */
/* Memory that several VMs map, by name. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/page.h>
#include <core/shared_memory.h>
#include <core/task.h>
#include <core/vm.h>
#include <libs/format.h>
#include <libs/list.h>
#include <string.h>

struct shared_memory {
	struct list_node link;
	char name[64];
	u64 size;
	unsigned order;
	void *memory; /* one block, so that it maps with large pages */
	struct list_node users;
};

struct shared_user {
	struct list_node link;
	struct vm *vm;
};

static struct mutex lock = MUTEX(lock); /* guards the list and all in it */
static LIST_HEAD(memories);
static struct mem_owner owner_shared = { .name = "shared memory" };

static unsigned order_of(u64 size)
{
	unsigned order = 0;

	while (order <= PAGE_ORDER_MAX && (PAGE_SIZE << order) < size)
		order++;
	return order;
}

static struct shared_memory *find(const char *name)
{
	struct shared_memory *m;

	list_for_each(m, &memories, link)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

static struct shared_memory *make(const char *name, u64 size)
{
	struct shared_memory *m = heap_alloc(&owner_shared, sizeof(*m));

	if (!m)
		return NULL;
	format_to(m->name, sizeof(m->name), "%s", name);
	m->size = size;
	m->order = order_of(size);
	m->memory = m->order <= PAGE_ORDER_MAX ? page_alloc_zero(&owner_shared, m->order) : NULL;
	if (!m->memory) {
		heap_free(m);
		return NULL;
	}
	list_init(&m->users);
	list_push_back(&memories, &m->link);
	return m;
}

static void release(struct shared_memory *m)
{
	if (!list_is_empty(&m->users))
		return;
	list_remove(&m->link);
	arch_zero_pages(m->memory, PAGE_SIZE << m->order);
	page_free(&owner_shared, m->memory, m->order);
	heap_free(m);
}

static int use(struct vm *vm, struct shared_memory *m, u64 size, hpa_t *pa)
{
	struct shared_user *user;

	if (m->size != size)
		return -EINVAL;
	user = heap_alloc(&owner_shared, sizeof(*user));
	if (!user)
		return -ENOMEM;
	user->vm = vm;
	list_push_back(&m->users, &user->link);
	*pa = ptr_to_hpa(m->memory);
	return 0;
}

int shared_memory_get(struct vm *vm, const char *name, u64 size, hpa_t *pa)
{
	struct shared_memory *m;
	int err = -ENOMEM;

	mutex_lock(&lock);
	m = find(name);
	if (!m)
		m = make(name, size);
	if (m) {
		err = use(vm, m, size, pa);
		release(m);
	}
	mutex_unlock(&lock);
	return err;
}

static void drop_user(struct shared_memory *m, const struct vm *vm)
{
	struct shared_user *user, *next;

	list_for_each_safe(user, next, &m->users, link) {
		if (user->vm != vm)
			continue;
		list_remove(&user->link);
		heap_free(user);
	}
}

void shared_memory_put_all(struct vm *vm)
{
	struct shared_memory *m, *next;

	mutex_lock(&lock);
	list_for_each_safe(m, next, &memories, link) {
		drop_user(m, vm);
		release(m);
	}
	mutex_unlock(&lock);
}
