/* SPDX-License-Identifier: MIT */
/* arm64: exceptions and interrupts that the hypervisor itself takes, and the contexts they come to. */
#include <arch/errata.h>
#include <arch/fixup.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/trap.h>
#include <core/cpu.h>
#include <core/host_irq.h>
#include <core/hostmap.h>
#include <core/panic.h>
#include <core/trace.h>

/* ---- per CPU ---- */

/* The upper of two pages: its addresses are never those of a guard page by STACK_IN_USE (asm.h). */
static void set_up_stacks(struct cpu *cpu)
{
	u8 *emergency = page_alloc(&owner_system, 1);

	if (!emergency)
		panic("CPU %u: no memory for its emergency stack", cpu->id);
	cpu->arch.emergency_sp = (uintptr_t)emergency + 2 * PAGE_SIZE;
	if (cpu->id == 0) {
		cpu->stack = arm64_boot_stack;
		if (hostmap_guard(cpu->stack))
			panic("no memory for the guard page of the boot stack");
	}
}

/* smp_start() says then that this CPU did not come. */
static void __noreturn stay_off(void)
{
	for (;;)
		arch_cpu_idle();
}

void arch_cpu_init(struct cpu *cpu)
{
	cpu->arch.mpidr = arch_cpu_hardware_id(cpu->id);
	sysreg_write(TPIDR_EL2, (uintptr_t)cpu);
	if (cpu->id && !arm64_features_suffice())
		stay_off();
	arm64_errata_init();
	if (arm64_was_at_el3())
		arm64_el3_cpu_init();
	set_up_stacks(cpu);
	arm64_allow_guests();
	sysreg_cpu_init();
	arch_timer_arm(TIME_NEVER);
	sysreg_write(CNTHCTL_EL2, 0);
	sysreg_write(CNTVOFF_EL2, 0);
	sysreg_write(CNTV_CTL_EL0, 0);
	sysreg_write(CNTP_CTL_EL0, 0);
	__asm__ volatile("msr daifclr, #4"); /* SErrors are ours until a guest has run */
}

/* HCR_EL2.IMO and FMO are set, whoever is loaded: interrupts of the host wake, masked as they are. */
void arch_cpu_idle(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

void arch_cpu_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	static const struct {
		const char *name;
		const bool *present;
	} names[] = {
		{ "VHE", &arm64_features.vhe },       { "PAN", &arm64_features.pan },
		{ "BTI", &arm64_features.bti },       { "PAuth", &arm64_features.pauth },
		{ "MTE", &arm64_features.mte },       { "SVE", &arm64_features.sve },
		{ "SME", &arm64_features.sme },       { "RAS", &arm64_features.ras },
		{ "FGT", &arm64_features.fgt },       { "EVT", &arm64_features.evt },
		{ "ECV", &arm64_features.ecv_poff },  { "LPA2", &arm64_features.lpa2 },
		{ "EL1-32", &arm64_features.el1_32 }, { "EL0-32", &arm64_features.el0_32 },
	};

	print(ctx, "MIDR 0x%08x:", (u32)arm64_features.midr);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (*names[i].present)
			print(ctx, " %s", names[i].name);
	print(ctx, "\n");
	arm64_firmware_describe(print, ctx);
	arm64_stage2_describe(print, ctx);
	vgic_describe(print, ctx);
	arm64_errata_describe(print, ctx);
}

/* ---- interrupts and exceptions ---- */

void arm64_interrupt(void)
{
	struct cpu *cpu = this_cpu();

	cpu->irq_count++;
	trace(TRACE_IRQ, 0, 0);
	irq_root_interrupt();
}

void arm64_host_irq(struct arch_trap_frame *frame)
{
	(void)frame;
	arm64_interrupt();
	if (this_cpu()->task)
		sched_preempt_task();
}

static const char *exception_name(u64 esr)
{
	static const char *const names[] = {
		[ESR_EC_UNKNOWN] = "undefined instruction",
		[ESR_EC_FP] = "float instruction",
		[ESR_EC_BTI] = "branch to where none may go",
		[ESR_EC_ILLEGAL] = "illegal execution state",
		[ESR_EC_SYS64] = "trapped system register",
		[ESR_EC_IABT_CUR] = "fetch abort",
		[ESR_EC_PC_ALIGN] = "misaligned program counter",
		[ESR_EC_DABT_CUR] = "data abort",
		[ESR_EC_SP_ALIGN] = "misaligned stack pointer",
		[ESR_EC_SERROR] = "SError",
		[ESR_EC_BRK64] = "breakpoint instruction",
	};
	u64 class = esr >> ESR_EC_SHIFT;

	return class < ARRAY_SIZE(names) && names[class] ? names[class] : "unknown exception";
}

/* An expected fault goes on at its landing; section vg_fixup. */
void arm64_host_sync(struct arch_trap_frame *frame)
{
	u64 landing = arm64_fixup_find(frame->elr);

	if (landing) {
		frame->elr = landing;
		return;
	}
	panic_trap(frame, "%s in the hypervisor at %p, ESR_EL2 0x%llx, FAR_EL2 0x%llx",
		   exception_name(frame->esr), (void *)frame->elr, (unsigned long long)frame->esr,
		   (unsigned long long)frame->far);
}

void arm64_host_serror(struct arch_trap_frame *frame)
{
	panic_trap(frame,
		   "SError in the hypervisor near %p, ESR_EL2 0x%llx: a device or memory "
		   "has refused an access",
		   (void *)frame->elr, (unsigned long long)frame->esr);
}

void arm64_stack_overflow(struct arch_trap_frame *frame)
{
	panic_trap(frame, "stack overflow at %p", (void *)frame->elr);
}

void arch_dump_frame(const struct arch_trap_frame *frame, void (*print)(const char *fmt, ...))
{
	if (!frame) {
		print("fp %016llx TPIDR_EL2 %016llx HCR_EL2 %016llx SCTLR_EL2 %016llx\n",
		      (unsigned long long)(uintptr_t)__builtin_frame_address(0),
		      (unsigned long long)sysreg_read(TPIDR_EL2),
		      (unsigned long long)sysreg_read(HCR_EL2),
		      (unsigned long long)sysreg_read(SCTLR_EL2));
		return;
	}
	print("ELR_EL2 %016llx SPSR_EL2 %016llx ESR_EL2 %016llx FAR_EL2 %016llx\n",
	      (unsigned long long)frame->elr, (unsigned long long)frame->spsr,
	      (unsigned long long)frame->esr, (unsigned long long)frame->far);
	for (unsigned i = 0; i < ARRAY_SIZE(frame->x); i++)
		print("%sx%u %016llx%s", i < 10 ? " " : "", i, (unsigned long long)frame->x[i],
		      i % 4 == 3 ? "\n" : " ");
	print(" sp %016llx\n", (unsigned long long)frame->sp);
}

/* A frame record (AAPCS64, 6.4.6): the caller's record, and the return address. */
uintptr_t arch_backtrace_next(uintptr_t *frame, const struct arch_trap_frame *start)
{
	u64 record[2];
	uintptr_t at = *frame;

	if (at == 0) {
		*frame = start ? start->x[29] : (uintptr_t)__builtin_frame_address(0);
		if (start)
			return start->elr;
		at = *frame;
	}
	if (!is_aligned(at, 8) || at == 0 || arch_copy_probe(record, (void *)at, sizeof(record)) ||
	    record[0] <= at)
		return 0;
	*frame = record[0];
	return record[1];
}

/* ---- contexts ---- */

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*fn)(void *arg), void *arg)
{
	struct arm64_switch_frame *frame = (struct arm64_switch_frame *)stack_top - 1;

	_Static_assert(sizeof(*frame) == 96, "as in entry.S");
	*frame = (struct arm64_switch_frame){ .lr = (uintptr_t)arm64_context_start };
	frame->x[0] = (uintptr_t)fn;
	frame->x[1] = (uintptr_t)arg;
	ctx->sp = (uintptr_t)frame;
}
