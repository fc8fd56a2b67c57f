/* SPDX-License-Identifier: MIT */
/* The architecture contract: everything that core/ asks of arch/<a>/, at most 40 functions. */
#ifndef CORE_ARCH_H
#define CORE_ARCH_H

#include <core/addr.h>
#include <core/page.h>
#include <core/pgtable.h>
#include <core/task.h>
#include <core/virq.h>

/*
 * Headers that every architecture has in arch/<a>/include/arch/:
 *   arch/cpu.h   struct arch_cpu, and inline: arch_this_cpu(), arch_irq_save(), arch_irq_restore(),
 *                arch_irq_serve(), arch_cpu_relax(), arch_time_now()
 *   arch/vcpu.h  struct arch_vcpu
 *   arch/vm.h    struct arch_vm
 *
 * Unless said otherwise a function is called with interrupts disabled and does not sleep.
 */

struct vm;
struct vcpu;
struct cpu;
struct arch_trap_frame;

/* ---- the image; provided by the linker script, page-aligned ---- */
extern char image_start[], text_end[], rodata_end[], image_end[];

/* ---- starting the host ---- */

/* What arch code learned from firmware. */
struct boot_info {
	struct boot_memory memory;
	const void *fdt;         /* host device tree, checked; NULL where firmware gives none */
	struct hpa_range bundle; /* size 0: none */
	const char *bootargs;    /* never NULL */
	unsigned cpu_count;      /* CPUs that can be started, at most CONFIG_NR_CPUS */
	u64 time_hz;             /* rate of arch_time_now() */
	u64 entry_ticks;         /* arch_time_now() at our first instructions */
	struct hpa_range
		early_console; /* registers behind arch_early_putc(), kept mapped; size 0: none */
};

/* First call, MMU off or identity map, BSS clear. Fills @info; on failure says why by arch_early_putc() and ends the machine. */
void arch_boot_info(struct boot_info *info);
/* One byte to whatever output exists before drivers, by polling; also on the panic path. */
void arch_early_putc(char c);
/* Once on the boot CPU after memory works: looks at what the CPUs can do. -ENOSYS (explained by log_error()): no usable virtualization. */
int arch_host_init(void) __must_check;
/* On each CPU: makes @cpu this_cpu(), installs trap vectors, allows virtualization, timer and IPIs. */
void arch_cpu_init(struct cpu *cpu);
/* Starts CPU @cpu->id, which arrives in smp_secondary_main() on cpu->stack. -EIO when firmware refuses. */
int arch_cpu_start(struct cpu *cpu) __must_check;
/* Sleeps until an interrupt is pending, and leaves it pending: the caller's arch_irq_serve() takes it. */
void arch_cpu_idle(void);
/* A CPU number for people: hart id, MPIDR, APIC id. */
u64 arch_cpu_hardware_id(unsigned cpu);
/* Lines about CPU features for the `cpu` command, through print(). Tasks. */
void arch_cpu_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);
/* Ends or restarts the machine. */
void arch_system_off(bool reboot) __noreturn;

/* ---- host services ---- */

/* arch_this_cpu(): this CPU's area, NULL before arch_cpu_init(). arch_irq_save() disables and returns the state before.
 * arch_irq_serve() takes what is pending, without a trap where it can. arch_time_now() reads the counter. */

/* Interrupts @cpu, this one included; it then sees what was written before the call. */
void arch_ipi_send(unsigned cpu);
/* Interrupt at @deadline (ticks), or as soon as possible if it has passed; TIME_NEVER: none. */
void arch_timer_arm(u64 deadline);
/* A context that calls fn(arg) with interrupts enabled on @stack_top when switched to. fn never returns. */
void arch_context_init(struct arch_context *ctx, void *stack_top, void (*fn)(void *arg), void *arg);
/* Saves callee-saved registers into @from and goes on with @to. */
void arch_context_switch(struct arch_context *from, struct arch_context *to);
/* Registers of @frame, or of the caller when NULL, by printing through panic's output. */
void arch_dump_frame(const struct arch_trap_frame *frame, void (*print)(const char *fmt, ...));
/* Walks frame pointers: *frame in, caller's frame out; returns the return address, 0 at the end. *frame == 0 starts at the caller. Safe on garbage. */
uintptr_t arch_backtrace_next(uintptr_t *frame, const struct arch_trap_frame *start);
/* The host's page-table format, chosen by arch_boot_info() so that all RAM fits; and switching this CPU to @root. */
extern const struct pt_format *arch_host_format;
void arch_host_map_activate(hpa_t root);
/* Copies host memory that may not be mapped. -EFAULT when it is not; never traps. */
int arch_copy_probe(void *to, const void *from, size_t len) __must_check;
/* Makes [p, p + size), written as data, executable for all CPUs, and visible to guests that run with caches off. */
void arch_sync_code(void *p, u64 size);
/* Fills whole pages with zeros, the fastest way that this CPU has. */
void arch_zero_pages(void *p, u64 size);

/* ---- guests ---- */

/* Names of exit causes for statistics; arch code counts by index. */
extern const char *const arch_exit_names[];
extern const unsigned arch_exit_name_count;

/* Chooses the second-stage format, calls stage2_init(), allocates what arch needs. Tasks. */
int arch_vm_create(struct vm *vm) __must_check;
void arch_vm_destroy(struct vm *vm);
/* The VM starts from the beginning: guest time begins at 0 again. No vCPU runs. */
void arch_vm_start(struct vm *vm);
/* Adds to the final tree what the guest must know: CPU features, clocks, firmware interface. libfdt errors as -ENOSPC. */
int arch_vm_complete_tree(struct vm *vm, void *fdt) __must_check;
/* Drops what all CPUs' TLBs hold of guest-physical [base, base + size) of @vm; finished on return. Called by stage2.c. */
void arch_stage2_flush(struct vm *vm, u64 base, u64 size);

/* vcpu->arch is zeroed. Tasks. */
int arch_vcpu_create(struct vcpu *vcpu) __must_check;
void arch_vcpu_destroy(struct vcpu *vcpu);
/* Registers as after power-on, then: goes on at @entry with @arg in the place of the boot protocol. Not loaded anywhere. */
void arch_vcpu_reset(struct vcpu *vcpu, u64 entry, u64 arg);
/* Moves system registers to and from this CPU's hardware. load: this_cpu()->loaded is NULL; put: it is @vcpu. */
void arch_vcpu_load(struct vcpu *vcpu);
void arch_vcpu_put(struct vcpu *vcpu);
/*
 * Enters the guest and serves its exits until cpu->resched, a VCPU_REQ_LEAVE request, or vcpu->waiting says
 * that it has to leave. @vcpu is loaded and this_cpu()->vcpu. Host interrupts are taken.
 */
void arch_vcpu_enter(struct vcpu *vcpu);
/* True if an interrupt would end the guest's wait now; else *deadline is when the guest's own timer will. */
bool arch_vcpu_has_interrupt(struct vcpu *vcpu, u64 *deadline);
/* The level of an input; any CPU, any context. Returns true if the vCPU has to be told (a request IRQ follows). */
bool arch_vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level);
/* All registers through print(), for `vcpu regs` and dumps. The vCPU is parked, or it is the caller's own. */
void arch_vcpu_dump(struct vcpu *vcpu, void (*print)(void *ctx, const char *fmt, ...), void *ctx);
/* Guest-virtual to guest-physical by the guest's own tables, in software. -EFAULT. The vCPU is parked or the caller's own. */
int arch_vcpu_translate(struct vcpu *vcpu, u64 va, gpa_t *out) __must_check;

#endif
