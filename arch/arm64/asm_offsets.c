/* SPDX-License-Identifier: MIT */
/* Holds the offsets of arch/asm.h against the structures. */
#include <arch/asm.h>
#include <arch/sysreg.h>
#include <arch/trap.h>
#include <core/vcpu.h>

_Static_assert(offsetof(struct vcpu, arch.x) == VCPU_X(0), "VCPU_X");
_Static_assert(offsetof(struct vcpu, arch.host_sp) == VCPU_HOST_SP, "VCPU_HOST_SP");
_Static_assert(offsetof(struct cpu, arch.host_sp) == CPU_HOST_SP, "CPU_HOST_SP");
_Static_assert(offsetof(struct cpu, arch.spill) == CPU_SPILL, "CPU_SPILL");
_Static_assert(offsetof(struct cpu, arch.emergency_sp) == CPU_EMERGENCY_SP, "CPU_EMERGENCY_SP");
_Static_assert(offsetof(struct cpu, vcpu) == CPU_VCPU, "CPU_VCPU");
_Static_assert(ESR_HVC_0 == ((u64)ESR_EC_HVC64 << ESR_EC_SHIFT | ESR_IL), "ESR_HVC_0");
_Static_assert((ESR_HVC_0 | ESR_SMC_BIT) == ((u64)ESR_EC_SMC64 << ESR_EC_SHIFT | ESR_IL), "SMC");
_Static_assert(offsetof(struct arch_trap_frame, x) == FRAME_X(0), "FRAME_X");
_Static_assert(offsetof(struct arch_trap_frame, sp) == FRAME_SP, "FRAME_SP");
_Static_assert(offsetof(struct arch_trap_frame, elr) == FRAME_ELR, "FRAME_ELR");
_Static_assert(offsetof(struct arch_trap_frame, spsr) == FRAME_SPSR, "FRAME_SPSR");
_Static_assert(offsetof(struct arch_trap_frame, esr) == FRAME_ESR, "FRAME_ESR");
_Static_assert(offsetof(struct arch_trap_frame, far) == FRAME_FAR, "FRAME_FAR");
_Static_assert(sizeof(struct arch_trap_frame) == FRAME_SIZE, "FRAME_SIZE");
_Static_assert(CPU_STACK_SIZE == BOOT_STACK_SIZE, "BOOT_STACK_SIZE");
_Static_assert(BOOT_STACK_SIZE - PAGE_SIZE == STACK_IN_USE, "STACK_IN_USE");
