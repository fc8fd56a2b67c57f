/* SPDX-License-Identifier: MIT */
/* riscv64: the architecture's part of a vCPU. */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <core/timer.h>

/* Requests beyond those of core/vcpu.h. */
enum {
	VCPU_REQ_FENCE_I = 1 << 8,    /* fence.i before the guest goes on */
	VCPU_REQ_FENCE_VVMA = 1 << 9, /* drop all VS-stage translations of this VM on this CPU */
};

/* Exit causes that are counted: exceptions by code, interrupts at 32 + code (see arch_exit_names). */
#define RISCV_EXIT_CAUSES 48
#define RISCV_EXIT_INTERRUPT 32

/*
 * While the guest runs, sscratch points here. Assembly (entry.S) knows x[] and host_tp;
 * asm_offsets.c checks the offsets.
 *
 * Where a register is:
 *   x[1..31]  in memory from a slow exit on; after a fast exit the callee-saved ones are still in the CPU
 *   pc, sstatus, hstatus   in sepc, sstatus, hstatus while loaded and entered; here after arch_vcpu_enter()
 *   vs*       in the hardware while loaded (vcpu->loaded_cpu >= 0), here otherwise
 */
struct arch_vcpu {
	u64 x[32];   /* x[0] is unused */
	u64 host_tp; /* struct cpu of the CPU that runs it */
	u64 pc;
	u64 sstatus; /* SPP: the guest's privilege; FS, VS: of the hypervisor's view */
	u64 hstatus;
	u64 vsstatus;
	u64 vsie;
	u64 vstvec;
	u64 vsscratch;
	u64 vsepc;
	u64 vscause;
	u64 vstval;
	u64 vsatp;
	u64 vstimecmp; /* guest time; with Sstc it is in the hardware while loaded */
	u64 scounteren;
	u64 senvcfg;
	u64 hvip; /* VSSIP as the guest left it; the level-sensitive ones are in pins */
	u32 pins; /* BIT(IRQ_VS_EXT), BIT(IRQ_VS_TIMER): levels; BIT(IRQ_VS_SOFT): raise once; atomic */
	bool suspended; /* waits in SBI HSM suspend, not in WFI; counts while vcpu->waiting */
	/* CPU number + 1 whose hardware holds f or vector as below, if it is also the CPU's owner; 0: none. */
	u32 fp_cpu;
	u32 vector_cpu;
	u64 cause_count[RISCV_EXIT_CAUSES];
	u64 fcsr;
	u64 f[32];
	struct timer timer;          /* raises VSTIP without Sstc; see guest_timer.c */
	struct riscv_vector *vector; /* NULL when the host has no V or the guest must not use it */
};

/* Vector state (V 1.0): CSRs by the numbers below, and 32 registers of vlenb bytes. */
enum { RISCV_VSTART, RISCV_VL, RISCV_VTYPE, RISCV_VCSR, RISCV_VECTOR_CONTROL_COUNT };

struct riscv_vector {
	u64 control[RISCV_VECTOR_CONTROL_COUNT];
	u64 vlenb;
	u8 registers[] __aligned(16);
};

#endif
