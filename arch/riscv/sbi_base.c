/* SPDX-License-Identifier: MIT */
/* SBI BASE: which version this is and what there is (SBI 2.0, chapter 4). */
#include <arch/sbi_guest.h>

/* Nobody registered this number; guests print it. */
#define IMPLEMENTATION_ID 0x5647
#define IMPLEMENTATION_VERSION 1

const u64 sbi_base_constants[] = {
	[SBI_BASE_SPEC_VERSION] = SBI_SPEC_VERSION_2_0,
	[SBI_BASE_IMPL_ID] = IMPLEMENTATION_ID,
	[SBI_BASE_IMPL_VERSION] = IMPLEMENTATION_VERSION,
};

static long base_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	struct sbi_ret host;

	switch (fid) {
	case SBI_BASE_SPEC_VERSION:
	case SBI_BASE_IMPL_ID:
	case SBI_BASE_IMPL_VERSION:
		*value = sbi_base_constants[fid];
		return SBI_SUCCESS;
	case SBI_BASE_PROBE:
		*value = sbi_find(vcpu, vcpu->arch.x[10]) != NULL;
		return SBI_SUCCESS;
	case SBI_BASE_MVENDORID:
	case SBI_BASE_MARCHID:
	case SBI_BASE_MIMPID:
		/* The host's, so that guests work around the errata of its harts. */
		host = sbi_ecall(SBI_EXT_BASE, fid, 0, 0, 0, 0, 0, 0);
		*value = host.error ? 0 : host.value;
		return SBI_SUCCESS;
	}
	return SBI_ERR_NOT_SUPPORTED;
}

DEFINE_SBI_EXTENSION(sbi_base) = {
	.first = SBI_EXT_BASE,
	.last = SBI_EXT_BASE,
	.name = "BASE",
	.handle = base_handle,
};
