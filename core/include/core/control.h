/* SPDX-License-Identifier: MIT */
/* Every management operation, once: the shell, hypercalls and the control port call these. */
#ifndef CORE_CONTROL_H
#define CORE_CONTROL_H

#include <core/cpu.h>
#include <core/host_irq.h>
#include <core/page.h>
#include <core/vm.h>

/*
 * What a caller may do. Guests get rights by `verdigris,capabilities` in their tree:
 */
enum {
	CONTROL_VM_LIST = 1 << 0, /* "vm-list": names, states and figures of all VMs */
	CONTROL_VM_CONTROL =
		1 << 1, /* "vm-control": start, pause, resume, shut down, stop, reset, pin */
	CONTROL_VM_CREATE = 1 << 2,  /* "vm-create": create and destroy */
	CONTROL_VM_CONSOLE = 1 << 3, /* "vm-console": see what a guest prints, type into it */
	CONTROL_VM_INSPECT = 1 << 4, /* "vm-inspect": guests' registers and memory */
	CONTROL_HOST_LIST =
		1 << 5, /* "host-list": CPUs, memory, interrupts, devices, log, bundle */
	CONTROL_HOST_CONTROL = 1 << 6, /* "host-control": log level, tracing, reboot, power-off */
	CONTROL_HOST_INSPECT = 1 << 7, /* "host-inspect": the hypervisor's own memory */
	CONTROL_ALL = (1 << 8) - 1,
};

/* The right called @name; -ENOENT. */
int control_right_parse(const char *name, u32 *right) __must_check;
/* The name of one right. */
const char *control_right_name(u32 right);

#define CONTROL_ERROR_MAX 240

/*
 * Who asks. One a front end or guest, used by one task at a time. Every operation below first looks
 * at the rights (-EPERM); what changes something is written to the log at level `audit`, with its
 * outcome; a refusal is a warning, rate-limited. After an error `error` holds the sentence that
 * people get to read: what is wrong and what would be right. All operations are for tasks only.
 */
struct control_caller {
	const char *name; /* for the audit log: "shell", "VM manager" */
	u32 rights;
	enum log_level audit;
	struct log_limit refusals;
	char error[CONTROL_ERROR_MAX];
};

/* ---- virtual machines ---- */

/* A copy of what there is to know at one moment; times in host ticks. */
struct control_vm {
	char name[VM_NAME_MAX];
	char reason[VM_REASON_MAX]; /* of the state */
	char source[64];            /* its tree's name in the bundle */
	u32 id;
	enum vm_state state;
	u32 vcpu_count;
	u32 start_count;
	u32 device_count;
	u32 region_count;
	u64 ram_bytes;
	u64 table_bytes; /* second-stage tables */
	u64 heap_bytes;
	u64 run_ticks; /* of all vCPUs */
	u64 exits;
	u64 created_at;
	u64 started_at;
	u64 stopped_at;
	u64 console_bytes;     /* ever printed */
	const char *last_exit; /* of the vCPU that ran last, a constant; NULL: none yet */
};

/*
 * The VM that follows *@cursor (0: the first) in order of creation; moves the cursor on. -ENOENT:
 * no more.
 */
int control_vm_next(struct control_caller *caller, u64 *cursor,
		    struct control_vm *out) __must_check;
int control_vm_info(struct control_caller *caller, const char *name,
		    struct control_vm *out) __must_check;

/*
 * Makes a VM of the tree @file in the bundle ("x" finds "x.dtb" too); @report gets what is wrong in
 * it.
 */
int control_vm_create(struct control_caller *caller, const char *file,
		      void (*report)(void *ctx, const char *message), void *ctx,
		      char name[VM_NAME_MAX]) __must_check;

enum control_change {
	CONTROL_START,
	CONTROL_PAUSE,
	CONTROL_RESUME,
	CONTROL_SHUTDOWN,
	CONTROL_STOP,
	CONTROL_RESET,
	CONTROL_DESTROY,
	CONTROL_CHANGE_COUNT
};
int control_vm_change(struct control_caller *caller, const char *name,
		      enum control_change change) __must_check;

/* One region of the guest-physical map or one device; -ENOENT past the end. */
struct control_region {
	u64 base;
	u64 size;
	const char *kind;
	char name[32];
};
int control_vm_region(struct control_caller *caller, const char *name, unsigned index,
		      struct control_region *out) __must_check;
typedef void (*control_print_fn)(void *ctx, const char *fmt, ...);
struct control_device {
	char name[32];
	const char *emulator;
};
/* Also lets the device describe its state through @print unless that is NULL. */
int control_vm_device(struct control_caller *caller, const char *name, unsigned index,
		      struct control_device *out, control_print_fn print, void *ctx) __must_check;

/*
 * What the guest printed, from byte number *@pos on (0 at first; moved on): raw bytes, at most
 * @len. 0 in *@got at the end.
 */
int control_vm_log(struct control_caller *caller, const char *name, u64 *pos, char *buf, size_t len,
		   size_t *got) __must_check;
/* Guest memory. -EFAULT when not all of it is memory. */
int control_vm_read(struct control_caller *caller, const char *name, u64 at, void *buf,
		    size_t len) __must_check;
/* The registers of all vCPUs; a running VM is held for the moment. */
int control_vm_dump(struct control_caller *caller, const char *name, control_print_fn print,
		    void *ctx) __must_check;

/* For fronts that have to stay with a VM (a console): checks @right and takes a reference. */
int control_vm_open(struct control_caller *caller, u32 right, const char *name,
		    struct vm **out) __must_check;

/* ---- virtual CPUs ---- */

struct control_vcpu {
	u32 index;
	const char *state; /* running, ready, waiting, held, throttled or off */
	u32 cpu;           /* where it runs or ran last */
	u32 weight;
	u32 cap_percent; /* 0: none */
	struct cpumask affinity;
	u64 run_ticks;
	u64 wait_max; /* longest wait for a CPU, ticks */
	u64 switches;
	u64 exits;
	u64 halts;
	u64 mmio;
	const char *last_exit; /* a constant; NULL: none yet */
};
/* -ENOENT when there is no VM @name or no vCPU @index. */
int control_vcpu_info(struct control_caller *caller, const char *name, unsigned index,
		      struct control_vcpu *out) __must_check;
int control_vcpu_regs(struct control_caller *caller, const char *name, unsigned index,
		      control_print_fn print, void *ctx) __must_check;
int control_vcpu_pin(struct control_caller *caller, const char *name, unsigned index,
		     const struct cpumask *mask) __must_check;
/* Copies the histogram rows (trace.h), arch_exit_name_count of them; -ENOENT: was never traced. */
struct exit_histogram;
int control_vcpu_histogram(struct control_caller *caller, const char *name, unsigned index,
			   struct exit_histogram *rows) __must_check;

/* ---- the host ---- */

struct control_cpu {
	u32 id;
	u64 hardware_id;
	bool online;
	char running[32]; /* "" when idle */
	u64 idle_ticks;
	u64 switches;
	u64 irqs;
	u32 ready_count;
};
/* -ENOENT past the last CPU. */
int control_cpu(struct control_caller *caller, unsigned cpu, struct control_cpu *out) __must_check;
int control_cpu_features(struct control_caller *caller, control_print_fn print,
			 void *ctx) __must_check;

struct control_memory {
	struct page_stats pages;
	u64 system_bytes;   /* the hypervisor's own pages */
	u64 system_heap;    /* bytes of its small objects */
	u64 guest_bytes;    /* RAM of all guests */
	u64 overhead_bytes; /* tables and objects of all guests */
	u64 image_bytes;
};
int control_memory(struct control_caller *caller, struct control_memory *out) __must_check;

struct control_owner {
	char name[48]; /* "system", "linux ram", "linux tables", "linux objects" */
	u64 page_count;
	u64 page_limit; /* 0: none */
	u64 heap_bytes;
	u64 heap_limit; /* 0: none */
	u64 heap_objects;
};
/* Who holds memory; the cursor as in control_vm_next(). */
int control_owner_next(struct control_caller *caller, u64 *cursor,
		       struct control_owner *out) __must_check;
/*
 * Host RAM by fault-safe reads. -EFAULT when it is none or protected; device registers are never
 * read.
 */
int control_host_read(struct control_caller *caller, u64 at, void *buf, size_t len) __must_check;

/* Fill at most @max rows; *@count is how many there are. */
int control_irqs(struct control_caller *caller, struct irq_stats *rows, unsigned max,
		 unsigned *count) __must_check;
int control_tasks(struct control_caller *caller, struct task_stats *rows, unsigned max,
		  unsigned *count) __must_check;
int control_host_devices(struct control_caller *caller,
			 void (*fn)(void *ctx, const char *driver, const char *node),
			 void *ctx) __must_check;

int control_log_level(struct control_caller *caller, enum log_level level) __must_check;
int control_trace(struct control_caller *caller, bool on) __must_check;
/*
 * Stops all guests, lets output leave, and ends or restarts the machine. Returns on refusal only.
 */
int control_host_power(struct control_caller *caller, bool reboot) __must_check;

/* ---- for control*.c and fronts that add operations of their own ---- */

/* 0 if @caller has @right; else -EPERM, the sentence, and the warning. @what: "vm start linux". */
int control_check(struct control_caller *caller, u32 right, const char *what,
		  const char *object) __must_check;
/* Notes @e as the outcome of a change in the log, and returns it. */
int control_audit(struct control_caller *caller, const char *what, const char *object, int e);
/* Puts the sentence into caller->error and returns @e. */
int control_error(struct control_caller *caller, int e, const char *fmt, ...) __printf(3, 4);

#endif
