/* SPDX-License-Identifier: MIT */
/* Fuzz target: sequences of calls to the firmware, with any function id and arguments, from both kinds of guests. */
#include <stdlib.h>
#include <string.h>

#include <fake_arm64.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VCPUS 35
#define CALLS_MAX 48

struct call {
	u8 function;
	u8 kinds[3]; /* of the arguments: 2 bits say what, the rest is a small number */
	u32 raw;
};

static const u32 functions[] = {
	SMCCC_VERSION,
	SMCCC_ARCH_FEATURES,
	SMCCC_ARCH_SOC_ID,
	SMCCC_ARCH_WORKAROUND_1,
	SMCCC_ARCH_WORKAROUND_2,
	SMCCC_ARCH_WORKAROUND_3,
	SMCCC_HYP_UID,
	SMCCC_HYP_CALL_COUNT,
	SMCCC_HYP_REVISION,
	PSCI_VERSION,
	PSCI_CPU_SUSPEND,
	PSCI_CPU_OFF,
	PSCI_CPU_ON,
	PSCI_AFFINITY_INFO,
	PSCI_MIGRATE_INFO_TYPE,
	PSCI_SYSTEM_OFF,
	PSCI_SYSTEM_RESET,
	PSCI_FEATURES,
	PSCI_SYSTEM_RESET2,
	TRNG_VERSION,
	TRNG_FEATURES,
	TRNG_GET_UUID,
	TRNG_RND,
};

static void expect(bool condition)
{
	if (!condition)
		abort();
}

static u64 argument(u8 kind, u32 raw)
{
	u64 low = kind & 63;

	switch (kind >> 6) {
	case 1:
		return FAKE_RAM_BASE + low * 4 + (raw & 3);
	case 2:
		return low & 1 ? raw : functions[low % ARRAY_SIZE(functions)] | (raw & SMCCC_64);
	case 3:
		return low & 32 ? ~0ull - (low & 31) : 1ull << (2 * (low & 31));
	}
	return (low & 15) | (low >> 4) << 8;
}

/* What a call may have done: nothing that is not its vCPU's, but switching others on. */
static void check(u32 function, const u64 *before)
{
	const struct vcpu *vcpu = fake->vcpus[0];
	const u64 *x = vcpu->arch.x;

	expect(!memcmp(&x[4], &before[4], 27 * sizeof(*x)));
	expect(!(vcpu->requests & ~(u32)(VCPU_REQ_LEAVE | VCPU_REQ_RESUME)));
	expect(!vcpu->waiting || (function & ~SMCCC_64) == PSCI_CPU_SUSPEND);
	for (unsigned i = 1; i < VCPUS; i++) {
		expect(!fake->vcpus[i]->requests);
		if (fake->vcpus[i]->power == VCPU_ON)
			expect(fake->vcpus[i]->start_entry - FAKE_RAM_BASE < FAKE_RAM_SIZE);
	}
	/* Of a guest's calls only workarounds and entropy may reach the firmware. */
	for (unsigned i = 0; i < MIN(fake->call_count, (unsigned)FAKE_CALLS); i++)
		expect(fake->called[i][0] == SMCCC_ARCH_WORKAROUND_1 ||
		       fake->called[i][0] == SMCCC_ARCH_WORKAROUND_3 ||
		       fake->called[i][0] == TRNG_GET_UUID ||
		       fake->called[i][0] == (TRNG_RND | SMCCC_64));
}

static void make_call(const struct call *call)
{
	struct vcpu *vcpu = fake->vcpus[0];
	u64 *x = vcpu->arch.x, before[31];
	u32 function = functions[call->function % ARRAY_SIZE(functions)];

	if (call->function & 0x80)
		function = call->raw;
	else if (call->function & 0x40)
		function |= SMCCC_64;
	sysreg_write(SPSR_EL2, call->raw & 1 ? PSTATE_EL1H : PSTATE_A32 | 0x13);
	x[0] = function | (u64)(call->raw & 2) << 40;
	for (unsigned i = 0; i < 3; i++)
		x[i + 1] = argument(call->kinds[i], call->raw);
	memcpy(before, x, sizeof(before));
	if (!smccc_answer_constant(vcpu))
		smccc_call(vcpu);
	check(function, before);
	vcpu->power = VCPU_ON;
	vcpu->waiting = false;
	if ((vcpu->requests & VCPU_REQ_RESUME) && (call->raw & 4)) {
		vcpu->requests = 0;
		expect(psci_resume(vcpu));
		expect(vcpu->start_entry - FAKE_RAM_BASE < FAKE_RAM_SIZE);
	}
	vcpu->requests &= VCPU_REQ_RESUME;
}

static void start(u8 kind)
{
	static const struct fake_firmware firmware[] = {
		{ PSCI_VERSION, ~0ull, { { 0x10001 } } },
		{ PSCI_FEATURES, SMCCC_VERSION, { { 0 } } },
		{ SMCCC_VERSION, ~0ull, { { 0x10002 } } },
		{ SMCCC_ARCH_FEATURES, ~0ull, { { 0 } } },
		{ TRNG_VERSION, ~0ull, { { 0x10000 } } },
		{ TRNG_FEATURES, ~0ull, { { 0 } } },
		{ TRNG_RND | SMCCC_64, ~0ull, { { 0, 1, 2, 3 } } },
		{ 0 },
	};

	fake_arm64_start(VCPUS);
	fake->has_psci = kind & 1;
	fake->firmware = kind & 2 ? firmware : NULL;
	fake->random_failures = kind >> 3;
	sysreg_write(ID_AA64ISAR0_EL1, (u64)(kind >> 2 & 1) << 60);
	sysreg_cpu_init();
	fake->call_count = 0;
	for (unsigned i = 4; i < 31; i++)
		fake->vcpus[0]->arch.x[i] = 0x0101010101010101ull * i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call call;

	if (size < 1)
		return 0;
	start(*data++);
	size--;
	for (unsigned i = 0; i < CALLS_MAX && size >= sizeof(call); i++) {
		memcpy(&call, data, sizeof(call));
		data += sizeof(call);
		size -= sizeof(call);
		make_call(&call);
	}
	fake_arm64_stop();
	return 0;
}
