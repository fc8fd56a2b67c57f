# SPDX-License-Identifier: MIT
# Compiler and linker flags of riscv64.

CROSS_COMPILE ?= riscv64-linux-gnu-
LLVM_TARGET   := riscv64-linux-gnu

# gp belongs to the guest while the hypervisor runs: nothing may be addressed through it, so the
# linker must not relax to it, and no float register is touched outside the FP switch.
ARCH_CFLAGS  := -march=rv64imac$(if $(LLVM),,_zicsr_zifencei) -mabi=lp64 -mcmodel=medany -mno-relax
ARCH_LDFLAGS := $(if $(LLVM),,--no-relax)

# The bare-metal guests of tests/guests and bench/payload.
GUEST_ARCH    := riscv64
GUEST_CFLAGS  := -march=rv64imac$(if $(LLVM),,_zicsr_zifencei) -mabi=lp64 -mcmodel=medany -mno-relax
PAYLOAD_CFLAGS := -march=rv64ima$(if $(LLVM),,_zicsr_zifencei) -mabi=lp64 -mcmodel=medany -mno-relax
