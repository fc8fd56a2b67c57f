/* SPDX-License-Identifier: MIT */
/* Host tests: SIMD and SVE registers of each CPU, which may be touched only while CPTR_EL2 lets them. */
#include <fake_fpu.h>

#include <stdlib.h>
#include <string.h>

#include <fake_arm64.h>

struct fake_fpu fake_fpu;

static struct fake_fpu_cpu *here(void)
{
	if (sysreg_read(CPTR_EL2) & CPTR_TFP)
		abort();
	return &fake_fpu.cpu[arch_this_cpu()->id];
}

static struct fake_fpu_cpu *here_sve(void)
{
	if (sysreg_read(CPTR_EL2) & CPTR_TZ)
		abort();
	return here();
}

/* Of the hardware and of ZCR_EL2 the lesser counts. */
u64 fpu_sve_vl(void)
{
	unsigned chosen = ((unsigned)sysreg_read(ZCR_EL2) & 15) * 16 + 16;

	return MIN(chosen, here_sve()->vl);
}

void fpu_save_simd(u64 v[64])
{
	memcpy(v, here()->v, sizeof(here()->v));
	fake_fpu.moves++;
}

void fpu_load_simd(const u64 v[64])
{
	memcpy(here()->v, v, sizeof(here()->v));
	fake_fpu.moves++;
}

void fpu_save_sve(void *registers)
{
	memcpy(registers, here_sve()->sve, 32 * fpu_sve_vl() + 17 * fpu_sve_vl() / 8);
	fake_fpu.moves++;
}

void fpu_load_sve(const void *registers)
{
	memcpy(here_sve()->sve, registers, 32 * fpu_sve_vl() + 17 * fpu_sve_vl() / 8);
	fake_fpu.moves++;
}
