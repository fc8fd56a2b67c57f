/* SPDX-License-Identifier: MIT */
/* SMCCC Arm architecture service: version, and the firmware's workarounds for CPU errata (DEN 0028, chapter 7). */
#include <arch/guest.h>
#include <arch/host.h>
#include <arch/smccc.h>
#include <core/cpu.h>
#include <core/lock.h>

/*
 * A vCPU runs on all CPUs by turns, so it has to know what any of them needs: each asks its firmware at start. An
 * answer is 0 for yes, SMCCC_NOT_REQUIRED, or that the firmware does not know.
 */
struct workaround {
	u32 function;
	s32 answer; /* of all CPUs so far */
};

static struct workaround workarounds[] = {
	{ SMCCC_ARCH_WORKAROUND_1, SMCCC_NOT_REQUIRED }, /* branch predictor, CVE-2017-5715 */
	{ SMCCC_ARCH_WORKAROUND_2,
	  SMCCC_NOT_REQUIRED }, /* speculative store bypass, CVE-2018-3639 */
	{ SMCCC_ARCH_WORKAROUND_3, SMCCC_NOT_REQUIRED }, /* branch history, CVE-2022-23960 */
};
static struct spinlock lock = SPINLOCK(LOCK_LEAF, "workarounds"); /* guards them while CPUs start */

/* A CPU that needs it counts most; one whose firmware does not know counts more than one without need. */
static s32 worse(s32 a, s32 b)
{
	if (a == SMCCC_SUCCESS || b == SMCCC_SUCCESS)
		return SMCCC_SUCCESS;
	return MIN(a, b);
}

/* SMCCC 1.1 is what PSCI 1.0 says it is; older firmware must not be asked (DEN 0028, appendix B). */
static bool firmware_can_be_asked(void)
{
	return arm64_firmware_has_psci() &&
	       (s32)arm64_firmware_call(PSCI_VERSION, 0, 0, 0).x[0] >= 0x10000 &&
	       (s32)arm64_firmware_call(PSCI_FEATURES, SMCCC_VERSION, 0, 0).x[0] >= 0 &&
	       (s32)arm64_firmware_call(SMCCC_VERSION, 0, 0, 0).x[0] >= 0x10001;
}

static s32 ask_firmware(u32 function)
{
	s32 answer = (s32)arm64_firmware_call(SMCCC_ARCH_FEATURES, function, 0, 0).x[0];

	return answer < 0 ? (s32)SMCCC_NOT_SUPPORTED : answer;
}

void smccc_cpu_init(void)
{
	bool first = this_cpu()->id == 0, ask = firmware_can_be_asked();
	irqflags_t flags = spin_lock(&lock);

	for (unsigned i = 0; i < ARRAY_SIZE(workarounds); i++) {
		struct workaround *w = &workarounds[i];
		s32 here = ask ? ask_firmware(w->function) : (s32)SMCCC_NOT_SUPPORTED;

		w->answer = first ? here : worse(w->answer, here);
	}
	spin_unlock(&lock, flags);
}

/*
 * Store bypass is off for guests at all times where the firmware can switch it: that is how it leaves a CPU, and
 * switching it by vCPU would cost a call each time. "Not required" is what permanently on is called (7.6).
 */
static s32 visible_answer(const struct workaround *w)
{
	if (w->function == SMCCC_ARCH_WORKAROUND_2 && w->answer == SMCCC_SUCCESS)
		return SMCCC_NOT_REQUIRED;
	return w->answer;
}

static const struct workaround *find_workaround(u32 function)
{
	for (unsigned i = 0; i < ARRAY_SIZE(workarounds); i++)
		if (workarounds[i].function == function)
			return &workarounds[i];
	return NULL;
}

static long arch_features(const struct vcpu *vcpu, u32 function)
{
	const struct workaround *w = find_workaround(function);

	if (w)
		return visible_answer(w);
	return smccc_has(vcpu, function) ? SMCCC_SUCCESS : SMCCC_NOT_SUPPORTED;
}

/* One that no CPU needs may be called and does nothing. */
static bool apply(const struct workaround *w)
{
	s32 answer = visible_answer(w);

	if (answer == SMCCC_SUCCESS)
		arm64_firmware_call(w->function, 0, 0, 0);
	return answer >= 0;
}

static bool arch_handle(struct vcpu *vcpu, u32 function)
{
	const struct workaround *w = find_workaround(function);
	u64 *x = vcpu->arch.x;

	if (w)
		return apply(w); /* registers stay as they are (7.5.2) */
	if (function == SMCCC_VERSION)
		x[0] = smccc_constants[0];
	else if (function == SMCCC_ARCH_FEATURES)
		x[0] = (u64)arch_features(vcpu, (u32)smccc_argument(vcpu, 1));
	else
		return false;
	return true;
}

static bool arch_has(const struct vcpu *vcpu, u32 function)
{
	const struct workaround *w = find_workaround(function);

	(void)vcpu;
	if (w)
		return visible_answer(w) >= 0;
	return function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES;
}

DEFINE_SMCCC_SERVICE(smccc_arch) = {
	.first = SMCCC_ARCH_FIRST,
	.last = SMCCC_ARCH_LAST,
	.name = "architecture",
	.handle = arch_handle,
	.has = arch_has,
};
