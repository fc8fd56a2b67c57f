/* SPDX-License-Identifier: MIT */
/* SBI TIME: programs the guest's timer (SBI 2.0, chapter 6). */
#include <arch/sbi_guest.h>

static long time_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	(void)value;
	if (fid != SBI_TIME_SET)
		return SBI_ERR_NOT_SUPPORTED;
	riscv_timer_set(vcpu, vcpu->arch.x[10]);
	return SBI_SUCCESS;
}

DEFINE_SBI_EXTENSION(sbi_time) = {
	.first = SBI_EXT_TIME,
	.last = SBI_EXT_TIME,
	.name = "TIME",
	.handle = time_handle,
};
