/* SPDX-License-Identifier: MIT */
/* SBI SRST: power-off and reset (SBI 2.0, chapter 10). */
#include <arch/sbi_guest.h>
#include <core/exit.h>

static long srst_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	static const enum exit_power powers[] = {
		[SBI_SRST_SHUTDOWN] = EXIT_POWER_OFF,
		[SBI_SRST_COLD_REBOOT] = EXIT_POWER_RESET,
		[SBI_SRST_WARM_REBOOT] = EXIT_POWER_RESET,
	};
	u32 type = (u32)vcpu->arch.x[10];
	u32 reason = (u32)vcpu->arch.x[11];
	struct vcpu_exit exit = { .kind = EXIT_POWER };

	(void)value;
	if (fid != SBI_SRST_RESET)
		return SBI_ERR_NOT_SUPPORTED;
	if (type >= ARRAY_SIZE(powers) || reason > SBI_SRST_REASON_FAILURE)
		return SBI_ERR_INVALID_PARAM;
	exit.power = powers[type];
	if (type == SBI_SRST_SHUTDOWN && reason == SBI_SRST_REASON_FAILURE)
		exit.power = EXIT_POWER_CRASHED;
	exit_handle(vcpu, &exit);
	return SBI_SUCCESS;
}

DEFINE_SBI_EXTENSION(sbi_srst) = {
	.first = SBI_EXT_SRST,
	.last = SBI_EXT_SRST,
	.name = "SRST",
	.handle = srst_handle,
};
