/* SPDX-License-Identifier: MIT */
/* arm64: offsets that assembly uses; asm_offsets.c holds them against the structures. */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

/* Stacks are aligned to their size and their lowest page is the guard page: bits 13:12 of SP tell that it is used up. */
#define BOOT_STACK_SIZE 16384
#define STACK_IN_USE 0x3000

/* boot.S: where we were entered, beside exception levels 1 to 3: at EL2 with HCR_EL2.E2H stuck at 1. */
#define ENTRY_EL2_VHE_ONLY 4
/* Tables of the map that boot.S makes and early_map.c adds to. */
#define BOOT_TABLES 16
/* Affinity fields of MPIDR_EL1: bits 23..0 and 39..32 */
#define MPIDR_AFFINITY_LOW 0xffffff
#define MPIDR_AFFINITY_3 0xff

/* struct vcpu: arch.x[n] is at VCPU_X(n); 16-byte aligned, because SP points to it while the guest runs */
#define VCPU_X(n) (8 * (n))
#define VCPU_HOST_SP 248

/* struct cpu */
#define CPU_HOST_SP 0
#define CPU_SPILL 8
#define CPU_EMERGENCY_SP 24
#define CPU_VCPU 48

/* ESR_EL2 of `hvc #0`; that of `smc #0` differs in this bit only */
#define ESR_HVC_0 0x5a000000
#define ESR_SMC_BIT 0x04000000

/* struct arch_trap_frame */
#define FRAME_X(n) (8 * (n))
#define FRAME_SP 248
#define FRAME_ELR 256
#define FRAME_SPSR 264
#define FRAME_ESR 272
#define FRAME_FAR 280
#define FRAME_SIZE 288

#endif
