/* SPDX-License-Identifier: MIT */
/* A virtual machine: what it owns, and its life cycle. */
#ifndef CORE_VM_H
#define CORE_VM_H

#include <arch/vm.h>
#include <core/bus.h>
#include <core/exit.h>
#include <core/gpa.h>
#include <core/log.h>
#include <core/stage2.h>
#include <core/task.h>
#include <core/vconsole.h>
#include <core/vmid.h>

struct vcpu;
struct vm_config;

#define VM_NAME_MAX 32
#define VM_VCPUS_MAX 512

/*
 *                    start            pause
 *   create ─► CREATED ─────► RUNNING ◄─────────► PAUSED
 *                             ▲   │     resume      │
 *               start, reset  │   │ stop,           │ stop,
 *                             │   ▼ power-off       │ power-off
 *                            STOPPED ◄──────────────┘
 *
 * A reset of a VM that is RUNNING or PAUSED goes by way of STOPPED, where it stays when it cannot be started
 * again. destroy works in every state and stops the VM first; it is gone with its last reference.
 *
 * Operations are serialised by vm->op and may sleep: tasks only, with a reference. One that does not fit
 * the state returns -EINVAL and changes nothing; one on a destroyed VM returns -ENOENT. What guests ask for
 * (power-off, reset) and crashes are carried out by the worker task.
 */
enum vm_state { VM_CREATED, VM_RUNNING, VM_PAUSED, VM_STOPPED, VM_STATE_COUNT };

/* Why a VM is in the state it is in; shown with it. */
#define VM_REASON_MAX 96

struct vm {
	struct list_node link; /* list of all VMs */
	char name[VM_NAME_MAX];
	u32 id;                     /* never used twice since boot */
	u32 references;             /* atomic; vm_get(), vm_put() */
	enum vm_state state;        /* written under op and lock */
	bool destroyed;             /* out of the list; goes when the last reference does */
	char reason[VM_REASON_MAX]; /* guarded by lock */
	struct spinlock lock;       /* guards state, reason, power_*, pending */
	struct mutex op;            /* one operation at a time */
	struct waitqueue changed;   /* woken when state changes or a vCPU parks */
	struct vm_config *config;   /* owned; constant */
	struct arch_vm arch;
	struct stage2 stage2;
	struct vmid vmid;
	struct gpa_map map;
	struct bus mmio;
	struct bus pio;
	struct list_node devices; /* struct vdev */
	struct vconsole console;
	struct vcpu **vcpus;
	u32 vcpu_count;
	u32 spin_next;              /* vCPU that a spinning one looks at next; any value will do */
	struct mem_owner ram_owner; /* guest memory; limit from the configuration */
	struct mem_owner table_owner; /* second-stage tables */
	struct mem_owner heap_owner;  /* all small objects of this VM */
	void *fdt;                    /* final tree as the guest sees it */
	u32 fdt_size;
	struct work power_work;  /* carries out `pending` */
	bool power_queued;       /* the worker has power_work still to do, and a reference for it */
	bool power_pending;      /* vCPUs read it without the lock: requests follow its change */
	enum exit_power pending; /* what the guest asked for */
	struct log_limit log_limit;   /* for messages that the guest can trigger */
	struct log_limit state_limit; /* for changes of its state, which it can trigger too */
	u64 created_at;               /* host ticks */
	u64 started_at;               /* 0: never */
	u64 stopped_at;               /* of the newest stop; 0: never */
	u32 start_count;
};

/*
 * Makes a VM in state CREATED from @config, which it owns from then on, also on error; *@out comes with
 * a reference, and @out may be NULL. -EEXIST when the name is taken, -ENOMEM (nothing is left
 * behind), or what a device's create() said. Tasks.
 */
int vm_create(struct vm_config *config, struct vm **out) __must_check;
/* Loads images, resets vCPUs and devices, lets vCPU 0 run. From CREATED or STOPPED. */
int vm_start(struct vm *vm) __must_check;
int vm_pause(struct vm *vm) __must_check;
int vm_resume(struct vm *vm) __must_check;
/* Asks the guest through a device that can; -ENOSYS when it has none. Returns at once. */
int vm_shutdown(struct vm *vm) __must_check;
/* Halts all vCPUs at once, for @reason. From RUNNING or PAUSED. */
int vm_stop(struct vm *vm, const char *reason) __must_check;
/* stop and start in one, from RUNNING, PAUSED or STOPPED. */
int vm_reset(struct vm *vm, const char *reason) __must_check;
/* Stops it if need be, takes it out of the list; memory is scrubbed and given back with the last reference. */
int vm_destroy(struct vm *vm) __must_check;

/*
 * From exit handlers: the guest's wish, or its end. The first one counts until it has been carried out or an
 * operator has stopped the VM; a VM that does not run has none. Any context that holds no lock of rank VM
 * or later.
 */
void vm_request_power(struct vm *vm, enum exit_power what, const char *reason);

/* Look-up takes a reference; NULL when there is none. */
struct vm *vm_find(const char *name);
/* Any context that knows of another reference. */
void vm_get(struct vm *vm);
/* Tasks: the last one takes the VM apart. */
void vm_put(struct vm *vm);
/* The VM after @prev (NULL: the first) in order of creation, with a reference; drops that of @prev. Tasks. */
struct vm *vm_next(struct vm *prev);
unsigned vm_count(void);

const char *vm_state_name(enum vm_state state);
void vm_get_reason(struct vm *vm, char *buf, size_t size);

#endif
