/* SPDX-License-Identifier: MIT */
/* riscv64: traps and interrupts that the hypervisor itself takes, and the contexts they come to. */
#include <arch/asm.h>
#include <arch/csr.h>
#include <arch/fixup.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/trap.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <core/panic.h>
#include <core/trace.h>

extern char trap_vector[];

/* ---- per CPU ---- */

/* Exceptions that the guest's own kernel handles; illegal instructions follow the lazy FPU switch (fpu.c). */
#define HEDELEG                                                                        \
	(BIT(EXC_INST_MISALIGNED) | BIT(EXC_INST_ACCESS) | BIT(EXC_BREAKPOINT) |       \
	 BIT(EXC_LOAD_MISALIGNED) | BIT(EXC_LOAD_ACCESS) | BIT(EXC_STORE_MISALIGNED) | \
	 BIT(EXC_STORE_ACCESS) | BIT(EXC_ECALL_U) | BIT(EXC_INST_PAGE_FAULT) |         \
	 BIT(EXC_LOAD_PAGE_FAULT) | BIT(EXC_STORE_PAGE_FAULT))
#define HIDELEG (BIT(IRQ_VS_SOFT) | BIT(IRQ_VS_TIMER) | BIT(IRQ_VS_EXT))

/* What a guest may use of the environment (section 19.2.7): each bit only where the hart has the extension. */
static u64 guest_environment(void)
{
	u64 env = ENVCFG_FIOM;

	env |= isa_has(EXT_SSTC) ? ENVCFG_STCE : 0;
	env |= isa_has(EXT_SVPBMT) ? ENVCFG_PBMTE : 0;
	env |= isa_has(EXT_ZICBOZ) ? ENVCFG_CBZE : 0;
	env |= isa_has(EXT_ZICBOM) ? ENVCFG_CBCFE | ENVCFG_CBIE : 0;
	return env;
}

static void allow_guests(void)
{
	csr_write(CSR_HEDELEG, HEDELEG);
	csr_write(CSR_HIDELEG, HIDELEG);
	csr_write(CSR_HIE, 0);
	csr_write(CSR_HVIP, 0);
	csr_write(CSR_HCOUNTEREN, COUNTEREN_CY | COUNTEREN_TM | COUNTEREN_IR);
	csr_write(CSR_HENVCFG, guest_environment());
}

static void set_up_stacks(struct cpu *cpu)
{
	void *emergency = page_alloc(&owner_system, 0);

	if (!emergency)
		panic("CPU %u: no memory for its emergency stack", cpu->id);
	cpu->arch.emergency_sp = (uintptr_t)emergency + PAGE_SIZE;
	if (cpu->id == 0) {
		cpu->stack = riscv_boot_stack;
		if (hostmap_guard(cpu->stack))
			panic("no memory for the guard page of the boot stack");
	}
}

void arch_cpu_init(struct cpu *cpu)
{
	cpu->arch.hart_id = riscv_hart_id(cpu->id);
	__asm__ volatile("mv tp, %0" : : "r"(cpu) : "memory");
	csr_write(stvec, (uintptr_t)trap_vector);
	csr_write(sscratch, 0);
	csr_clear(sstatus, SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR);
	set_up_stacks(cpu);
	allow_guests();
	arch_timer_arm(TIME_NEVER);
	csr_write(sie, BIT(IRQ_S_SOFT) | BIT(IRQ_S_TIMER) | BIT(IRQ_S_EXT));
}

/*
 * hie is vsie of the vCPU that is still loaded. Its own interrupts must not end the sleep: while it may not
 * run (a cap, a hold), they would end it at once for ever, and when it may, a timer or an IPI says so.
 */
void arch_cpu_idle(void)
{
	u64 enabled = csr_swap(CSR_HIE, 0);

	__asm__ volatile("wfi" ::: "memory");
	csr_write(CSR_HIE, enabled);
}

void arch_cpu_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	char isa[256];

	riscv_firmware_describe(print, ctx);
	riscv_stage2_describe(print, ctx);
	if (!isa_guest_string(isa, sizeof(isa)))
		print(ctx, "guests see: %s\n", isa);
	print(ctx, "timer: %s\n",
	      isa_has(EXT_SSTC) ? "Sstc, guests program theirs without an exit" : "SBI calls");
}

/* ---- interrupts and traps ---- */

void riscv_interrupt(u64 cause)
{
	struct cpu *cpu = this_cpu();

	cpu->irq_count++;
	trace(TRACE_IRQ, cause & ~CAUSE_INTERRUPT, 0);
	switch (cause & ~CAUSE_INTERRUPT) {
	case IRQ_S_TIMER:
		timer_interrupt();
		break;
	case IRQ_S_SOFT:
		csr_clear(sip, BIT(IRQ_S_SOFT));
		smp_ipi_interrupt();
		break;
	case IRQ_S_EXT:
		irq_root_interrupt();
		break;
	}
}

/* Saves the trap's frame, which an interrupt of the idle loop has no use for. */
void arch_irq_serve(void)
{
	u64 pending = csr_read(sip) & csr_read(sie);

	if (pending & BIT(IRQ_S_TIMER))
		riscv_interrupt(CAUSE_INTERRUPT | IRQ_S_TIMER);
	if (pending & BIT(IRQ_S_SOFT))
		riscv_interrupt(CAUSE_INTERRUPT | IRQ_S_SOFT);
	if (pending & BIT(IRQ_S_EXT))
		riscv_interrupt(CAUSE_INTERRUPT | IRQ_S_EXT);
}

/* An expected fault goes on at its landing; section vg_fixup. */
static bool fix_up(struct arch_trap_frame *frame)
{
	u64 landing = riscv_fixup_find(frame->sepc);

	if (!landing)
		return false;
	frame->x[5] = frame->scause;
	frame->x[6] = frame->stval;
	frame->sepc = landing;
	return true;
}

static const char *exception_name(u64 cause)
{
	return cause < arch_exit_name_count && arch_exit_names[cause] ? arch_exit_names[cause] :
									"unknown trap";
}

void riscv_host_trap(struct arch_trap_frame *frame)
{
	if (frame->scause & CAUSE_INTERRUPT) {
		riscv_interrupt(frame->scause);
		if (this_cpu()->task)
			sched_preempt_task();
		return;
	}
	if (!fix_up(frame))
		panic_trap(frame, "%s in the hypervisor at %p, stval 0x%llx",
			   exception_name(frame->scause), (void *)frame->sepc,
			   (unsigned long long)frame->stval);
}

void riscv_stack_overflow(struct arch_trap_frame *frame)
{
	panic_trap(frame, "stack overflow at %p", (void *)frame->sepc);
}

void arch_dump_frame(const struct arch_trap_frame *frame, void (*print)(const char *fmt, ...))
{
	static const char *const names[32] = {
		"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
		"a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
		"s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};

	if (!frame) {
		print("fp %016llx tp %016llx sstatus %016llx sie %016llx\n",
		      (unsigned long long)(uintptr_t)__builtin_frame_address(0),
		      (unsigned long long)(uintptr_t)arch_this_cpu(),
		      (unsigned long long)csr_read(sstatus), (unsigned long long)csr_read(sie));
		return;
	}
	print("sepc %016llx sstatus %016llx scause %016llx stval %016llx\n",
	      (unsigned long long)frame->sepc, (unsigned long long)frame->sstatus,
	      (unsigned long long)frame->scause, (unsigned long long)frame->stval);
	for (unsigned i = 1; i < 32; i++)
		print("%4s %016llx%s", names[i], (unsigned long long)frame->x[i],
		      i % 4 == 3 || i == 31 ? "\n" : " ");
}

/* A frame record stands below the frame pointer: return address at -8, caller's frame pointer at -16. */
uintptr_t arch_backtrace_next(uintptr_t *frame, const struct arch_trap_frame *start)
{
	u64 record[2];
	uintptr_t at = *frame;

	if (at == 0) {
		*frame = start ? start->x[8] : (uintptr_t)__builtin_frame_address(0);
		if (start)
			return start->sepc;
		at = *frame;
	}
	if (!is_aligned(at, 8) || at < 16 ||
	    arch_copy_probe(record, (void *)(at - 16), sizeof(record)) || record[0] <= at)
		return 0;
	*frame = record[0];
	return record[1];
}

/* ---- contexts ---- */

extern char riscv_context_start[];

/* What arch_context_switch() pops, lowest address first. */
struct switch_frame {
	u64 ra;
	u64 s[12];
	u64 pad;
};

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*fn)(void *arg), void *arg)
{
	struct switch_frame *frame = (struct switch_frame *)stack_top - 1;

	_Static_assert(sizeof(*frame) == 112, "as in entry.S");
	*frame = (struct switch_frame){ .ra = (uintptr_t)riscv_context_start };
	frame->s[1] = (uintptr_t)fn;
	frame->s[2] = (uintptr_t)arg;
	ctx->sp = (uintptr_t)frame;
}
