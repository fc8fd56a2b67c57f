/* SPDX-License-Identifier: MIT */
/* Host tests: a machine for the parts of arch/riscv that decide something, and what they did to it. */
#ifndef TESTS_FAKE_RISCV_H
#define TESTS_FAKE_RISCV_H

#include <arch/guest.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <core/vm.h>

#define FAKE_CPUS 4
#define FAKE_VCPUS 130
#define FAKE_RAM_BASE 0x80000000ull
#define FAKE_RAM_SIZE 0x20000ull
#define FAKE_CALLS 64
#define FAKE_VLENB 16

enum fake_fence {
	FAKE_VVMA_ALL,
	FAKE_VVMA_ASID,
	FAKE_VVMA_PAGE,
	FAKE_VVMA_PAGE_ASID,
	FAKE_FENCE_I
};

struct fake_riscv {
	struct vm vm;
	struct vcpu *vcpus[FAKE_VCPUS];
	struct cpu cpu[FAKE_CPUS];
	u8 ram[FAKE_RAM_SIZE];
	u64 now; /* host ticks */
	struct {
		u64 f[32];
		u64 fcsr;
		u64 control[RISCV_VECTOR_CONTROL_COUNT];
		u8 v[32 * FAKE_VLENB];
	} fpu[FAKE_CPUS];
	unsigned fpu_moves; /* of a register file, either way */

	/* What sbi_ecall() saw: extension, function, a0 to a5. */
	u64 firmware[FAKE_CALLS][8];
	unsigned firmware_count;
	struct sbi_ret firmware_answer;

	struct {
		enum fake_fence kind;
		u64 va;
		u64 asid;
	} fence[FAKE_CALLS * 4];
	unsigned fence_count;

	u64 injected_cause; /* ~0: nothing */
	u64 injected_tval;
	unsigned inject_count;
	u32 code;        /* what the guest fetches at sepc */
	u64 fetch_cause; /* not 0: the fetch faults */
	struct vcpu_exit exit;
	unsigned exit_count;
	bool interrupt_pending;
	char output[4096];
	unsigned output_len;
	const char *input;
};

extern struct fake_riscv *fake;

/* A fresh machine: @vcpus vCPUs, number 0 loaded and running on CPU 0, in VS-mode. */
void fake_riscv_start(unsigned vcpus);
void fake_riscv_stop(void);
/* Lets isa_init() find one hart with this ISA string; its result. */
int fake_riscv_isa(const char *isa);
/* The test plays this CPU from now on. */
void fake_riscv_use_cpu(unsigned cpu);
/* The guest executes ecall on vCPU 0; a0 comes back, a1 in *value if that is not NULL. */
long fake_riscv_call(u64 ext, u64 fid, const u64 args[6], u64 *value);

#endif
