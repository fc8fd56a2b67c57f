/* SPDX-License-Identifier: MIT */
/* Host tests: riscv64's CSR numbers, with variables in place of the registers. */
#ifndef TESTS_RISCV_CSR_H
#define TESTS_RISCV_CSR_H

#include "../../../../../arch/riscv/include/arch/csr.h"

#include <core/types.h>

#undef csr_read
#undef csr_write
#undef csr_set
#undef csr_clear
#undef csr_read_clear
#undef csr_swap

/* The variable for a register that is given by name or by number; of the CPU that the test plays. */
u64 *fake_csr(const char *name);

#define csr_read(csr) (*fake_csr(CSR_STR(csr)))
#define csr_write(csr, value) ((void)(*fake_csr(CSR_STR(csr)) = (u64)(value)))
#define csr_set(csr, bits) ((void)(*fake_csr(CSR_STR(csr)) |= (u64)(bits)))
#define csr_clear(csr, bits) ((void)(*fake_csr(CSR_STR(csr)) &= ~(u64)(bits)))
#define csr_read_clear(csr, bits)                   \
	({                                          \
		u64 *csr_ = fake_csr(CSR_STR(csr)); \
		u64 old_ = *csr_;                   \
		*csr_ = old_ & ~(u64)(bits);        \
		old_;                               \
	})

#endif
