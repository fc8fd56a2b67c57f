/* SPDX-License-Identifier: MIT */
/* riscv64: offsets that assembly uses; asm_offsets.c holds them against the structures. */
#ifndef ARCH_ASM_H
#define ARCH_ASM_H

#define RISCV_LINK_BASE 0x80200000
#define BOOT_STACK_SIZE 16384

/* struct vcpu: arch.x[n] is at VCPU_X(n) */
#define VCPU_X(n) (8 * (n))
#define VCPU_HOST_TP 256

/* struct cpu */
#define CPU_HOST_SP 8
#define CPU_SPILL 16
#define CPU_EMERGENCY_SP 24
#define CPU_VCPU 48

/* struct arch_trap_frame */
#define FRAME_X(n) (8 * (n))
#define FRAME_SEPC 256
#define FRAME_SSTATUS 264
#define FRAME_SCAUSE 272
#define FRAME_STVAL 280
#define FRAME_SIZE 288

#endif
