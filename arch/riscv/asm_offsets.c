/* SPDX-License-Identifier: MIT */
/* Holds the offsets of arch/asm.h against the structures. */
#include <arch/asm.h>
#include <arch/trap.h>
#include <core/vcpu.h>

_Static_assert(offsetof(struct vcpu, arch.x) == VCPU_X(0), "VCPU_X");
_Static_assert(offsetof(struct vcpu, arch.host_tp) == VCPU_HOST_TP, "VCPU_HOST_TP");
_Static_assert(offsetof(struct cpu, arch.host_sp) == CPU_HOST_SP, "CPU_HOST_SP");
_Static_assert(offsetof(struct cpu, arch.spill) == CPU_SPILL, "CPU_SPILL");
_Static_assert(offsetof(struct cpu, arch.emergency_sp) == CPU_EMERGENCY_SP, "CPU_EMERGENCY_SP");
_Static_assert(offsetof(struct cpu, vcpu) == CPU_VCPU, "CPU_VCPU");
_Static_assert(offsetof(struct arch_trap_frame, sepc) == FRAME_SEPC, "FRAME_SEPC");
_Static_assert(offsetof(struct arch_trap_frame, sstatus) == FRAME_SSTATUS, "FRAME_SSTATUS");
_Static_assert(offsetof(struct arch_trap_frame, scause) == FRAME_SCAUSE, "FRAME_SCAUSE");
_Static_assert(offsetof(struct arch_trap_frame, stval) == FRAME_STVAL, "FRAME_STVAL");
_Static_assert(sizeof(struct arch_trap_frame) == FRAME_SIZE, "FRAME_SIZE");
_Static_assert(CPU_STACK_SIZE == BOOT_STACK_SIZE, "BOOT_STACK_SIZE");
