/* SPDX-License-Identifier: MIT */
/* Ticket spinlocks, and the checks of their order and owners that CONFIG_LOCK_DEBUG adds. */
#include <core/cpu.h>
#include <core/lock.h>
#include <core/panic.h>

void spinlock_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK((u8)rank, name);
}

/* Run queues are the one rank of which two may be held. */
static bool may_follow(const struct spinlock *held, const struct spinlock *lock)
{
	return held->rank < lock->rank ||
	       (held->rank == LOCK_RUNQUEUE && lock->rank == LOCK_RUNQUEUE);
}

/* Before waiting for @lock, so that a wrong order is found even when nobody else runs. */
static void check_order(const struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (!CONFIG_LOCK_DEBUG || !cpu)
		return;
	if (__atomic_load_n(&lock->cpu, __ATOMIC_RELAXED) == cpu->id + 1)
		panic("lock %s is taken twice by CPU %u", lock->name, cpu->id);
	for (u32 i = 0; i < cpu->lock_depth; i++)
		if (!may_follow(cpu->lock_held[i], lock))
			panic("lock %s (rank %u) is taken while %s (rank %u) is held: see "
			      "core/lock.h for the order",
			      lock->name, lock->rank, cpu->lock_held[i]->name,
			      cpu->lock_held[i]->rank);
}

static void note_taken(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (!CONFIG_LOCK_DEBUG || !cpu)
		return;
	if (cpu->lock_depth == ARRAY_SIZE(cpu->lock_held))
		panic("CPU %u takes lock %s and holds %u already", cpu->id, lock->name,
		      cpu->lock_depth);
	cpu->lock_held[cpu->lock_depth++] = lock;
	__atomic_store_n(&lock->cpu, (u16)(cpu->id + 1), __ATOMIC_RELAXED);
}

/* A lock that was taken before this_cpu() existed has no holder on record. */
static void note_released(struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();
	u32 i = 0;

	if (!CONFIG_LOCK_DEBUG || !cpu)
		return;
	while (i < cpu->lock_depth && cpu->lock_held[i] != lock)
		i++;
	if (i == cpu->lock_depth) {
		if (lock->cpu)
			panic("lock %s is released by CPU %u and held by CPU %d", lock->name,
			      cpu->id, lock->cpu - 1);
		return;
	}
	for (cpu->lock_depth--; i < cpu->lock_depth; i++)
		cpu->lock_held[i] = cpu->lock_held[i + 1];
	__atomic_store_n(&lock->cpu, 0, __ATOMIC_RELAXED);
}

irqflags_t spin_lock(struct spinlock *lock)
{
	irqflags_t flags = arch_irq_save();
	u32 ticket;

	check_order(lock);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket)
		arch_cpu_relax();
	note_taken(lock);
	return flags;
}

bool spin_trylock(struct spinlock *lock, irqflags_t *flags)
{
	irqflags_t saved = arch_irq_save();
	/* Acquires what the last holder wrote: it released `owner`, and not `next`, which is taken below. */
	u32 ticket = __atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE);

	/* The next ticket is the one that is served: nobody holds the lock or waits for it. */
	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		arch_irq_restore(saved);
		return false;
	}
	note_taken(lock);
	*flags = saved;
	return true;
}

void spin_unlock(struct spinlock *lock, irqflags_t flags)
{
	note_released(lock);
	if (CONFIG_LOCK_DEBUG && lock->next == lock->owner)
		panic("lock %s is released and was not held", lock->name);
	__atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
	arch_irq_restore(flags);
}

void lock_assert_held(const struct spinlock *lock)
{
	struct cpu *cpu = this_cpu();

	if (CONFIG_LOCK_DEBUG && cpu && lock->cpu != cpu->id + 1)
		panic("lock %s has to be held here", lock->name);
}

void lock_assert_none_held(void)
{
	struct cpu *cpu = this_cpu();

	if (CONFIG_LOCK_DEBUG && cpu && cpu->lock_depth)
		panic("lock %s is held where none may be",
		      cpu->lock_held[cpu->lock_depth - 1]->name);
}
