/* SPDX-License-Identifier: MIT */
/* A virtual CPU: its power state as the guest sees it, and when it may run. */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include <arch/vcpu.h>
#include <core/cpu.h>
#include <core/exit.h>
#include <core/virq.h>

struct vm;

/*
 * Power, as firmware interfaces (SBI HSM, PSCI, INIT/SIPI) show it to the guest:
 *
 *   OFF ──vcpu_power_on()──► ON ──vcpu_power_off()──► OFF
 *
 * A vCPU runs when power is ON, `hold` is 0, and it does not wait (WFI, HLT, suspend) or has an interrupt.
 * Each condition that ends sets a request or wakes the vCPU, which then looks again.
 */
enum vcpu_power { VCPU_OFF, VCPU_ON };

/* Bits of vcpu->requests: looked at before the guest is entered and after each host interrupt. */
enum {
	VCPU_REQ_LEAVE = 1 << 0, /* hold or power changed: back to vcpu_run() */
	VCPU_REQ_IRQ = 1 << 1,   /* a pin changed: arch code brings it to the hardware */
	VCPU_REQ_ARCH =
		1 << 8, /* this bit and above belong to arch code (TLB maintenance and so on) */
};

struct vcpu_stats {
	u64 exits;           /* that were not served on the fast path */
	u64 last_exit_cause; /* index into arch_exit_names */
	u64 halts;
	u64 mmio;
};

struct exit_histogram;

struct vcpu {
	struct arch_vcpu arch; /* first: assembly knows its offsets */
	struct sched_entity se;
	struct vm *vm;
	u32 index;    /* 0..vm->vcpu_count-1; the hart id, MPIDR or APIC id follows from it */
	u32 requests; /* VCPU_REQ_*; atomic */
	struct spinlock lock; /* guards power, start_entry, start_arg */
	enum vcpu_power power;
	u64 start_entry; /* where power-on begins */
	u64 start_arg;
	bool start_pending;      /* reset the registers before it runs next */
	bool waiting;            /* halted until an interrupt; written by its own CPU only */
	bool parked;             /* is in no CPU and stays out while hold > 0; see vcpu_hold() */
	u32 hold;                /* reasons not to run; atomic */
	s32 loaded_cpu;          /* CPU whose hardware has its system registers, -1: none */
	struct timer wake_timer; /* the guest's own timer while it waits */
	u32 tlb_cpu;             /* CPU number + 1 where it was loaded last; for vmid.c */
	u32 mmio_hint;           /* last bus region */
	u32 pio_hint;
	struct vcpu_stats stats;
	struct exit_histogram
		*histogram; /* per exit cause, allocated when tracing is first switched on */
	char name[40];      /* "linux/0" */
};

int vcpu_create(struct vm *vm, unsigned index, struct vcpu **out) __must_check;
/* The VM is stopped: the vCPU is held and parked. */
void vcpu_destroy(struct vcpu *vcpu);

/* For sched_loop(): runs the guest until it has to leave this CPU. Interrupts disabled before and after. */
enum sched_leave vcpu_run(struct vcpu *vcpu);
/*
 * The running guest spins for something that another vCPU of it has to do (PAUSE, WFE, WRS): one of them that has
 * lost its CPU gets this one.
 */
void vcpu_spins(struct vcpu *vcpu);
/* The vCPU whose exit this CPU handles, or NULL. */
struct vcpu *vcpu_current(void);

/* Sets the requests and makes the vCPU notice, wherever it is. Any context. */
void vcpu_request(struct vcpu *vcpu, u32 requests);
/* An event for a vCPU that may wait: it looks again. */
void vcpu_wake(struct vcpu *vcpu);

/*
 * Keeps the vCPU out of the guest until vcpu_release(); counted. vcpu_wait_parked() (tasks only)
 * returns when it is in no CPU and its registers are in memory.
 */
void vcpu_hold(struct vcpu *vcpu);
void vcpu_release(struct vcpu *vcpu);
void vcpu_wait_parked(struct vcpu *vcpu);

/*
 * Power by the guest's firmware interface. on: -EBUSY when it is on already; the registers are set by
 * arch_vcpu_reset(entry, arg) before it runs. off: by the vCPU itself, which then leaves the guest.
 */
int vcpu_power_on(struct vcpu *vcpu, u64 entry, u64 arg) __must_check;
void vcpu_power_off(struct vcpu *vcpu);

/* All registers as debug-readable lines in the log, after a line that says @why. The vCPU is parked or the caller's own. */
void vcpu_dump_to_log(struct vcpu *vcpu, const char *why);

/* Brings the registers to memory wherever they are. The vCPU must not be running. Any context without locks. */
void vcpu_unload(struct vcpu *vcpu);

#endif
