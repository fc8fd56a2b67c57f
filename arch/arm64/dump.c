/* SPDX-License-Identifier: MIT */
/* Prints a vCPU's registers. */
#include <arch/guest.h>
#include <core/arch.h>
#include <core/vm.h>

typedef void (*print_fn)(void *ctx, const char *fmt, ...);

struct named {
	const char *name;
	u64 value;
};

static void print_rows(print_fn print, void *ctx, const struct named *regs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		print(ctx, "%14s %016llx%s", regs[i].name, (unsigned long long)regs[i].value,
		      i % 4 == 3 || i == count - 1 ? "\n" : "");
}

static const char *mode_name(u64 spsr)
{
	static const char *const names[32] = {
		[PSTATE_EL0T] = "EL0", [PSTATE_EL1T] = "EL1t", [PSTATE_EL1H] = "EL1h",
		[0x10] = "usr",        [0x11] = "fiq",         [0x12] = "irq",
		[0x13] = "svc",        [0x17] = "abt",         [0x1b] = "und",
		[0x1f] = "sys",
	};
	const char *name = names[spsr & PSTATE_MODE];

	return name ? name : "?";
}

static void print_general(const struct arch_vcpu *a, print_fn print, void *ctx)
{
	static const char *const names[31] = {
		"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
		"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
		"x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp",  "lr",
	};
	struct named regs[31];

	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++)
		regs[i] = (struct named){ names[i], a->x[i] };
	print_rows(print, ctx, regs, ARRAY_SIZE(regs));
}

/* In an exit of its own they are in the hardware; else arch_vcpu_put() has saved them. */
static void print_context(const struct arch_vcpu *a, bool loaded, print_fn print, void *ctx)
{
	struct arm64_context c = a->context;
	u64 hcr = a->hcr;

	if (loaded) {
#define READ(name) c.name = sysreg_read(name);
		ARM64_GUEST_CONTEXT(READ)
#undef READ
		hcr = sysreg_read(HCR_EL2);
	}
	const struct named regs[] = {
#define ROW(name) { #name, c.name },
		ARM64_GUEST_CONTEXT(ROW)
#undef ROW
			{ "VMPIDR_EL2", a->vmpidr },
		{ "HCR_EL2", hcr },
		{ "pins", a->pins },
		{ "CNTP_CTL", a->timers.cntp_ctl },
		{ "CNTP_CVAL", a->timers.cntp_cval },
		{ "CNTV_CTL", loaded ? sysreg_read(CNTV_CTL_EL0) : a->timers.cntv_ctl },
		{ "CNTV_CVAL", loaded ? sysreg_read(CNTV_CVAL_EL0) : a->timers.cntv_cval },
	};

	print_rows(print, ctx, regs, ARRAY_SIZE(regs));
}

void arch_vcpu_dump(struct vcpu *vcpu, print_fn print, void *ctx)
{
	const struct arch_vcpu *a = &vcpu->arch;
	const struct cpu *cpu = this_cpu();
	bool running = cpu->vcpu == vcpu;
	u64 pc = running ? sysreg_read(ELR_EL2) : a->pc;
	u64 spsr = running ? sysreg_read(SPSR_EL2) : a->spsr;
	gpa_t at;

	print(ctx, "pc %016llx pstate %08llx %s", (unsigned long long)pc, (unsigned long long)spsr,
	      mode_name(spsr));
	if (arch_vcpu_translate(vcpu, pc, &at) == 0)
		print(ctx, ", guest-physical %llx", (unsigned long long)at.v);
	print(ctx, "\n");
	print_general(a, print, ctx);
	print_context(a, cpu->loaded == vcpu, print, ctx);
}
