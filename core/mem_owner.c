/* SPDX-License-Identifier: MIT */
/* Accounts of memory: charged and uncharged atomically, never above their limits. */
#include <core/mem_owner.h>
#include <core/panic.h>

struct mem_owner owner_system = { .name = "system" };

static bool charge(u64 *held, u64 limit, u64 amount)
{
	u64 old = __atomic_load_n(held, __ATOMIC_RELAXED);
	u64 sum;

	do {
		if (__builtin_add_overflow(old, amount, &sum) || (limit && sum > limit))
			return false;
	} while (!__atomic_compare_exchange_n(held, &old, sum, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

static void uncharge(const struct mem_owner *owner, u64 *held, u64 amount)
{
	if (__atomic_fetch_sub(held, amount, __ATOMIC_RELAXED) < amount)
		panic("%s gives back more memory than it holds", owner->name);
}

bool mem_owner_charge_pages(struct mem_owner *owner, u64 pages)
{
	return charge(&owner->page_count, owner->page_limit, pages);
}

void mem_owner_uncharge_pages(struct mem_owner *owner, u64 pages)
{
	uncharge(owner, &owner->page_count, pages);
}

bool mem_owner_charge_object(struct mem_owner *owner, u64 bytes)
{
	if (!charge(&owner->heap_bytes, owner->heap_limit, bytes))
		return false;
	__atomic_fetch_add(&owner->heap_objects, 1, __ATOMIC_RELAXED);
	return true;
}

void mem_owner_uncharge_object(struct mem_owner *owner, u64 bytes)
{
	uncharge(owner, &owner->heap_bytes, bytes);
	uncharge(owner, &owner->heap_objects, 1);
}
