/* SPDX-License-Identifier: MIT */
/* Ticket spinlocks with a debug mode that checks the order in which they are taken. */
#ifndef CORE_LOCK_H
#define CORE_LOCK_H

#include <core/types.h>

/*
 * The lock order. A CPU that holds a lock may only take locks further down:
 *
 *   VM_LIST            names and ids of VMs
 *    └ VM              one VM's state machine
 *       └ VDEV         registers of one emulated device
 *          └ IRQCHIP   one virtual interrupt controller
 *             └ VCPU   pending interrupts and power state of one vCPU
 *   STAGE2             second-stage tables of one VM
 *   VCONSOLE           ring of one guest console
 *   WAIT               wait queues and mutexes of tasks
 *    └ RUNQUEUE        run queue of one CPU; two are taken in order of the CPU number
 *       └ TIMER        timer queue of one CPU
 *   SMP_CALL           cross-call queue of one CPU
 *   HOSTMAP            the hypervisor's own page tables
 *   HEAP
 *    └ PAGE            the buddy allocator
 *   LOG
 *    └ CONSOLE         output ring of the host console
 *       └ UART         a host UART
 *   LEAF               taken last, nothing is taken under it
 *
 * Two locks of one rank are never held together, except RUNQUEUE (in order of the CPU number).
 */
enum lock_rank {
	LOCK_VM_LIST,
	LOCK_VM,
	LOCK_VDEV,
	LOCK_IRQCHIP,
	LOCK_VCPU,
	LOCK_STAGE2,
	LOCK_VCONSOLE,
	LOCK_WAIT,
	LOCK_RUNQUEUE,
	LOCK_TIMER,
	LOCK_SMP_CALL,
	LOCK_HOSTMAP,
	LOCK_HEAP,
	LOCK_PAGE,
	LOCK_LOG,
	LOCK_CONSOLE,
	LOCK_UART,
	LOCK_LEAF,
	LOCK_RANK_COUNT
};

/* The state of interrupts before a lock was taken; hand it back to spin_unlock(). */
typedef unsigned long irqflags_t;

struct spinlock {
	u32 next;  /* ticket for the next CPU that comes */
	u32 owner; /* ticket that holds the lock */
	u8 rank;   /* enum lock_rank */
	u16 cpu;   /* holder's number + 1, 0 when free; kept under CONFIG_LOCK_DEBUG only */
	const char *name;
};

#define SPINLOCK(lock_rank_, lock_name)                   \
	{                                                 \
		.rank = (lock_rank_), .name = (lock_name) \
	}

void spinlock_init(struct spinlock *lock, enum lock_rank rank, const char *name);

/* Disables this CPU's interrupts and takes the lock. Works before SMP and on the panic path. */
irqflags_t spin_lock(struct spinlock *lock);
/* Like spin_lock(), but gives up at once when the lock is held. @flags is written on success only. */
bool spin_trylock(struct spinlock *lock, irqflags_t *flags) __must_check;
void spin_unlock(struct spinlock *lock, irqflags_t flags);

/* For `_locked` functions: panics under CONFIG_LOCK_DEBUG unless this CPU holds @lock. */
void lock_assert_held(const struct spinlock *lock);
/* Panics under CONFIG_LOCK_DEBUG if this CPU holds any spinlock: said before sleeping or returning to a guest. */
void lock_assert_none_held(void);

#endif
