/* SPDX-License-Identifier: MIT */
/* A machine whose CPUs take turns, with whole VMs, guests played by the test, and tasks. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <core/errno.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vm_config.h>

#define WORLD_RAM MIB(128)
#define WORLD_TURN 50000ull /* ticks, which are nanoseconds, that a turn takes */
#define WORLD_ENTRY 0x80000000ull
#define WORLD_GUEST_RAM MIB(4)

/* Failures end the program: tests' code runs on stacks from which no test can be left. */
#define world_check(cond)                                      \
	do {                                                   \
		if (!(cond))                                   \
			world_fail(__FILE__, __LINE__, #cond); \
	} while (0)
void world_fail(const char *file, int line, const char *what) __noreturn;

/* Once in a program, as core boots once: memory, CPUs, the worker, a bundle with fw.bin. */
void world_boot(unsigned cpu_total);
/* fw.bin is in the bundle, or not: then no VM can be started. */
void world_set_firmware(bool there);

/*
 * What a guest does between two looks at whether it has to leave, in place of exit handlers: interrupts are
 * disabled. Other CPUs have a turn in between. NULL: it computes. vcpu->arch.steps counts the steps since
 * the vCPU's reset, and so does a system register: that proves that registers follow the vCPU.
 */
extern void (*world_guest)(struct vcpu *vcpu);

/* Each CPU has a turn: up to the moment it waits for others. Then time goes on. */
void world_turn(void);
void world_turns(unsigned count);
/* Turns until cond(arg); the program fails when that takes more than seconds of the machine's time. */
void world_until(bool (*cond)(void *arg), void *arg);
/* Turns until no CPU has anything to do but wait for guests' timers. Guests must not compute. */
void world_settle(void);
/* fn(arg) in a task, until it has returned. */
void world_task(void (*fn)(void *arg), void *arg);

/*
 * From now on a CPU may lose its turn wherever it takes or waits for a lock, by chance; tasks may be
 * preempted there. 0: no more.
 */
void world_disturb(u64 seed);
u64 world_random(void);

/*
 * A configuration for @vcpu_count vCPUs, WORLD_GUEST_RAM of RAM and the usual devices; @extra is more of
 * the tree.
 */
struct vm_config *world_config(const char *name, unsigned vcpu_count, const char *extra);
/* vm_create() and the other operations in a task. */
struct vm *world_create(const char *name, unsigned vcpu_count);
struct vm *world_create_like(const char *name, unsigned vcpu_count, const char *extra);
enum world_op {
	WORLD_START,
	WORLD_PAUSE,
	WORLD_RESUME,
	WORLD_SHUTDOWN,
	WORLD_STOP,
	WORLD_RESET,
	WORLD_DESTROY,
	WORLD_OP_COUNT
};
extern const char *const world_op_names[WORLD_OP_COUNT];
/* In the calling task. */
int world_operate(struct vm *vm, enum world_op op);
int world_op(struct vm *vm, enum world_op op);
void world_put(struct vm *vm);

/* What is held in all, to compare before and after. */
struct world_memory {
	u64 free_pages;
	u64 system_bytes;
	u64 system_objects;
	u64 heap_used; /* objects in slabs, of all owners */
};
void world_memory(struct world_memory *now);
void world_check_memory(const struct world_memory *before);

#endif
