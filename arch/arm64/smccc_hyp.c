/* SPDX-License-Identifier: MIT */
/* SMCCC vendor-specific hypervisor service: by its UID a guest knows who runs it (DEN 0028, 6.2). */
#include <arch/guest.h>
#include <arch/smccc.h>

/* 5d0f6f2e-9a51-4c0b-8d3b-7a2e1f64c5a9, the bytes of each group of four from low to high as in the UUID. */
static const u32 uid[4] = { 0x2e6f0f5d, 0x0b4c519a, 0x2e7a3b8d, 0xa9c5641f };

#define REVISION_MAJOR 1
#define REVISION_MINOR 0
#define CALL_COUNT 3

static bool hyp_handle(struct vcpu *vcpu, u32 function)
{
	u64 *x = vcpu->arch.x;

	switch (function) {
	case SMCCC_HYP_CALL_COUNT:
		x[0] = CALL_COUNT;
		return true;
	case SMCCC_HYP_UID:
		for (unsigned i = 0; i < ARRAY_SIZE(uid); i++)
			x[i] = uid[i];
		return true;
	case SMCCC_HYP_REVISION:
		x[0] = REVISION_MAJOR;
		x[1] = REVISION_MINOR;
		return true;
	}
	return false;
}

static bool hyp_has(const struct vcpu *vcpu, u32 function)
{
	(void)vcpu;
	return function == SMCCC_HYP_CALL_COUNT || function == SMCCC_HYP_UID ||
	       function == SMCCC_HYP_REVISION;
}

DEFINE_SMCCC_SERVICE(smccc_hyp) = {
	.first = SMCCC_HYP_FIRST,
	.last = SMCCC_HYP_LAST,
	.name = "hypervisor",
	.handle = hyp_handle,
	.has = hyp_has,
};
