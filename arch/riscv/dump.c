/* SPDX-License-Identifier: MIT */
/* Prints a vCPU's registers. */
#include <arch/csr.h>
#include <core/arch.h>
#include <core/vcpu.h>
#include <core/vm.h>

typedef void (*print_fn)(void *ctx, const char *fmt, ...);

static const char *const names[32] = {
	"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
	"a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
	"s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

struct named {
	const char *name;
	u64 value;
};

static void print_rows(print_fn print, void *ctx, const struct named *regs, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		print(ctx, "%10s %016llx%s", regs[i].name, (unsigned long long)regs[i].value,
		      i % 4 == 3 || i == count - 1 ? "\n" : "");
}

/* In an exit of its own they are in the hardware; else arch_vcpu_put() has saved them. */
static void print_loaded(print_fn print, void *ctx)
{
	const struct named regs[] = {
		{ "vsstatus", csr_read(CSR_VSSTATUS) },   { "vsie", csr_read(CSR_VSIE) },
		{ "vsip", csr_read(CSR_VSIP) },           { "vstvec", csr_read(CSR_VSTVEC) },
		{ "vsepc", csr_read(CSR_VSEPC) },         { "vscause", csr_read(CSR_VSCAUSE) },
		{ "vstval", csr_read(CSR_VSTVAL) },       { "vsatp", csr_read(CSR_VSATP) },
		{ "vsscratch", csr_read(CSR_VSSCRATCH) },
	};

	print_rows(print, ctx, regs, ARRAY_SIZE(regs));
}

static void print_saved(const struct vcpu *vcpu, print_fn print, void *ctx)
{
	const struct arch_vcpu *a = &vcpu->arch;
	const struct named regs[] = {
		{ "vsstatus", a->vsstatus },
		{ "vsie", a->vsie },
		{ "vsip", (a->hvip | a->pins) >> 1 },
		{ "vstvec", a->vstvec },
		{ "vsepc", a->vsepc },
		{ "vscause", a->vscause },
		{ "vstval", a->vstval },
		{ "vsatp", a->vsatp },
		{ "vsscratch", a->vsscratch },
		{ "vstimecmp", a->vstimecmp },
	};

	print_rows(print, ctx, regs, ARRAY_SIZE(regs));
}

void arch_vcpu_dump(struct vcpu *vcpu, print_fn print, void *ctx)
{
	const struct arch_vcpu *a = &vcpu->arch;
	const struct cpu *cpu = this_cpu();
	bool running = cpu->vcpu == vcpu;
	u64 pc = running ? csr_read(sepc) : a->pc;
	u64 sstatus = running ? csr_read(sstatus) : a->sstatus;
	struct named regs[31];
	gpa_t at;

	print(ctx, "pc %016llx %s", (unsigned long long)pc,
	      sstatus & SSTATUS_SPP ? "VS-mode" : "VU-mode");
	if (arch_vcpu_translate(vcpu, pc, &at) == 0)
		print(ctx, ", guest-physical %llx", (unsigned long long)at.v);
	print(ctx, "\n");
	for (unsigned i = 1; i < 32; i++)
		regs[i - 1] = (struct named){ names[i], a->x[i] };
	print_rows(print, ctx, regs, ARRAY_SIZE(regs));
	if (cpu->loaded == vcpu)
		print_loaded(print, ctx);
	else
		print_saved(vcpu, print, ctx);
}
