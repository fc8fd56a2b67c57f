/* SPDX-License-Identifier: MIT */
/* The end of the host: message, registers, backtrace. Takes no lock. */
#include <core/arch.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/panic.h>
#include <libs/format.h>

#define BACKTRACE_MAX 32

u32 panic_in_progress;

static void sink(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	console_write(s, len);
}

static void __printf(1, 2) print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_va(sink, NULL, fmt, ap);
	va_end(ap);
}

static void print_backtrace(const struct arch_trap_frame *start)
{
	uintptr_t frame = 0;
	uintptr_t pc, offset;
	const char *name;

	print("backtrace:\n");
	for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
		pc = arch_backtrace_next(&frame, start);
		if (!pc)
			return;
		/* The call before the return address: that one may be behind a function's end. */
		name = symbol_find(pc - 1, &offset);
		if (name)
			print("  %p %s+0x%lx\n", (void *)pc, name, (unsigned long)offset + 1);
		else
			print("  %p\n", (void *)pc);
	}
}

static void stop_other_cpus(void)
{
	const struct cpu *self = this_cpu();

	for (unsigned i = 0; i < cpu_count; i++)
		if (cpus[i] && cpus[i] != self && cpus[i]->online)
			arch_ipi_send(i);
}

void panic_halt(void)
{
	for (;;) {
		arch_irq_save();
		arch_cpu_idle();
	}
}

static void __printf(2, 0) __noreturn
	panic_va(const struct arch_trap_frame *frame, const char *fmt, va_list ap)
{
	const struct cpu *cpu = this_cpu();

	arch_irq_save();
	/* Whoever comes second, from another CPU or because this very code fails, adds nothing. */
	if (__atomic_exchange_n(&panic_in_progress, 1u, __ATOMIC_ACQ_REL))
		panic_halt();
	console_set_polled();
	stop_other_cpus();
	print("\n\npanic");
	if (cpu)
		print(" on CPU %u", cpu->id);
	print(": ");
	format_va(sink, NULL, fmt, ap);
	print("\n");
	arch_dump_frame(frame, print);
	print_backtrace(frame);
	print("The hypervisor has stopped.\n");
	panic_halt();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_va(NULL, fmt, ap);
}

void panic_trap(const struct arch_trap_frame *frame, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	panic_va(frame, fmt, ap);
}
