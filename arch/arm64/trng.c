/* SPDX-License-Identifier: MIT */
/* TRNG 1.0 (DEN 0098): conditioned entropy for guests, from the CPU or from the firmware below us, or not at all. */
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/smccc.h>

#define RESULTS 3     /* registers: x1 to x3 */
#define RNDR_SHIFT 60 /* ID_AA64ISAR0_EL1.RNDR */
#define RNDRRS_TRIES 16

/* 7c1b6d0a-41f3-4e57-9c52-0d8e6b3af214: this implementation, where the entropy is the CPU's. */
static const u32 own_uuid[4] = { 0x0a6d1b7c, 0x574ef341, 0x8e0d529c, 0x14f23a6b };

static bool firmware_has_trng;

/* On all CPUs, that is. */
static bool cpu_has_rndr(void)
{
	return sysreg_field(sysreg_id(NULL, SYS_ID_AA64ISAR0_EL1), RNDR_SHIFT);
}

void trng_init(void)
{
	firmware_has_trng =
		arm64_firmware_has_psci() &&
		(s32)arm64_firmware_call(TRNG_VERSION, 0, 0, 0).x[0] >= (s32)TRNG_VERSION_1_0 &&
		(s32)arm64_firmware_call(TRNG_FEATURES, TRNG_RND | SMCCC_64, 0, 0).x[0] >= 0;
}

/* The CPU may run out for a moment (K12.2); the guest tries again after RNDRRS_TRIES. */
static bool random_from_cpu(u64 *word)
{
	for (unsigned i = 0; i < RNDRRS_TRIES; i++)
		if (trng_rndrrs(word))
			return true;
	return false;
}

static bool random_word(u64 *word)
{
	struct smccc_result result;

	if (cpu_has_rndr())
		return random_from_cpu(word);
	result = arm64_firmware_call(TRNG_RND | SMCCC_64, 64, 0, 0);
	*word = result.x[3];
	return result.x[0] == SMCCC_SUCCESS;
}

/* A word at a time, `width` bits of each; what was not asked for is 0. */
static long get_words(u64 *words, u64 bits, unsigned width)
{
	if (bits == 0 || bits > RESULTS * width)
		return TRNG_INVALID_PARAMETERS;
	for (unsigned i = 0; i * width < bits; i++) {
		unsigned used = MIN((unsigned)bits - i * width, width);

		if (!random_word(&words[i]))
			return TRNG_NO_ENTROPY;
		words[i] &= ~0ull >> (64 - used);
	}
	return SMCCC_SUCCESS;
}

/* x3 has the lowest bits (2.5); without success there are none. */
static long get_random(struct vcpu *vcpu, bool wide)
{
	u64 words[RESULTS] = { 0 };
	long err = get_words(words, smccc_argument(vcpu, 1), wide ? 64 : 32);

	for (unsigned i = 0; i < RESULTS; i++)
		vcpu->arch.x[3 - i] = err ? 0 : words[i];
	return err;
}

static bool get_uuid(struct vcpu *vcpu)
{
	struct smccc_result result;

	if (!cpu_has_rndr()) {
		result = arm64_firmware_call(TRNG_GET_UUID, 0, 0, 0);
		for (unsigned i = 0; i < 4; i++)
			vcpu->arch.x[i] = (u32)result.x[i];
		return true;
	}
	for (unsigned i = 0; i < 4; i++)
		vcpu->arch.x[i] = own_uuid[i];
	return true;
}

static bool trng_has(const struct vcpu *vcpu, u32 function)
{
	(void)vcpu;
	if (!cpu_has_rndr() && !firmware_has_trng)
		return false;
	return function == TRNG_VERSION || function == TRNG_FEATURES || function == TRNG_GET_UUID ||
	       (function & ~SMCCC_64) == TRNG_RND;
}

static bool trng_handle(struct vcpu *vcpu, u32 function)
{
	u64 *x = vcpu->arch.x;

	if (!trng_has(vcpu, function))
		return false;
	switch (function) {
	case TRNG_VERSION:
		x[0] = TRNG_VERSION_1_0;
		return true;
	case TRNG_FEATURES:
		x[0] = trng_has(vcpu, (u32)smccc_argument(vcpu, 1)) ? SMCCC_SUCCESS :
								      (u64)SMCCC_NOT_SUPPORTED;
		return true;
	case TRNG_GET_UUID:
		return get_uuid(vcpu);
	}
	x[0] = (u64)get_random(vcpu, function & SMCCC_64);
	return true;
}

DEFINE_SMCCC_SERVICE(trng) = {
	.first = TRNG_FIRST,
	.last = TRNG_LAST,
	.name = "TRNG",
	.handle = trng_handle,
	.has = trng_has,
};
