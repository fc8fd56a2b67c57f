# SPDX-License-Identifier: MIT
# Compiler and linker flags of arm64.

CROSS_COMPILE ?= aarch64-linux-gnu-
LLVM_TARGET   := aarch64-linux-gnu

# Armv8.0 is enough. Float registers and x18 are the guest's while the hypervisor runs. Functions that are called
# through pointers begin with `bti c`; return addresses are not signed, because the keys are the guest's.
ARCH_CFLAGS  := -march=armv8-a -ffixed-x18 -mgeneral-regs-only -mno-outline-atomics -mcmodel=small -mbranch-protection=bti -mfix-cortex-a53-835769
# Cortex-A53 erratum 843419: an ADRP in the last words of a page may compute a wrong address.
ARCH_LDFLAGS := --fix-cortex-a53-843419 -z max-page-size=4096 -z common-page-size=4096

# The bare-metal guests of tests/guests and bench/payload. They may run with the MMU off, where every access
# has to be aligned.
GUEST_ARCH     := arm64
GUEST_CFLAGS   := -march=armv8-a -mgeneral-regs-only -mno-outline-atomics -mcmodel=small -mstrict-align
PAYLOAD_CFLAGS := $(GUEST_CFLAGS)
