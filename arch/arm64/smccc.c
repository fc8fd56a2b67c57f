/* SPDX-License-Identifier: MIT */
/* Calls of the guest to its firmware (SMC Calling Convention 1.2, DEN 0028): finds the service's row and asks it. */
#include <arch/guest.h>
#include <arch/smccc.h>

TABLE_DECLARE(vg_smccc, struct smccc_service);

/* Function ids of constant calls differ in one bit, which is the index. */
const u64 smccc_constants[] = { SMCCC_VERSION_1_2, PSCI_VERSION_1_1 };

/* Both conventions' ids are one function: bit 30 says how wide its arguments are. */
static const struct smccc_service *find_row(u32 function)
{
	const struct smccc_service *const *row;
	u32 id = function & ~SMCCC_64;

	table_for_each(row, vg_smccc)
		if (id >= (*row)->first && id <= (*row)->last)
			return *row;
	return NULL;
}

static bool caller_is_32(void)
{
	return sysreg_read(SPSR_EL2) & PSTATE_A32;
}

/* AArch32 state has no 64-bit calls (2.7). Yielding calls (2.1) are in nobody's range. */
static const struct smccc_service *find(u32 function)
{
	if ((function & SMCCC_64) && caller_is_32())
		return NULL;
	return find_row(function);
}

bool smccc_has(const struct vcpu *vcpu, u32 function)
{
	const struct smccc_service *row = find(function);

	return row && (!row->has || row->has(vcpu, function));
}

u64 smccc_argument(const struct vcpu *vcpu, unsigned n)
{
	u64 value = vcpu->arch.x[n];

	return vcpu->arch.x[0] & SMCCC_64 ? value : (u32)value;
}

void smccc_call(struct vcpu *vcpu)
{
	u64 *x = vcpu->arch.x;
	u32 function = (u32)x[0];
	const struct smccc_service *row = find(function);

	if (!row || !row->handle(vcpu, function))
		x[0] = (u64)SMCCC_NOT_SUPPORTED;
}
