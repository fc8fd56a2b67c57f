/* SPDX-License-Identifier: MIT */
/* Fuzz target: system registers and coprocessor registers as guests access them, while the vCPU moves about. */
#include <stdlib.h>
#include <string.h>

#include <arch/sysreg_rows.h>
#include <fake_cache.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 64
#define CANARY 0x5a5a5a5a5a5a5a5aull

struct step {
	u8 kind;
	u8 value_kind;
	u16 row; /* of the table, when the kind says so */
	u32 iss;
	u64 value;
};

static struct vcpu *vcpu;

static void expect(bool condition)
{
	if (!condition)
		abort();
}

/* A guest reaches no register of EL2, and the list of those of EL1 that a trap may change is short. */
static void check_hardware(void)
{
	expect(sysreg_read(HCR_EL2) == HCR_RW);
	expect(sysreg_read(VTTBR_EL2) == CANARY && sysreg_read(SP_EL1) == CANARY);
	expect(sysreg_read(VBAR_EL1) == CANARY && sysreg_read(TPIDR_EL2) == CANARY);
	expect((sysreg_read(MDCR_EL2) & (MDCR_TPM | MDCR_TPMCR | MDCR_TDOSA | MDCR_TDE)) ==
	       (MDCR_TPM | MDCR_TPMCR | MDCR_TDOSA));
	expect(!(sysreg_read(MDCR_EL2) & MDCR_TDA) == vcpu->arch.debug.here);
}

static void access_register(const struct step *step, u64 class)
{
	u64 iss = step->iss & ESR_ISS_MASK, pc = sysreg_read(ELR_EL2), before[31];
	unsigned rt = iss >> 5 & 31;
	bool done;

	if (step->kind & 0x10) { /* a row that is there, or a neighbour */
		u32 encoding = sysreg_rows[step->row % sysreg_row_count].encoding;

		iss = fake_arm64_sys_esr(encoding ^ (step->row >> 15), iss & 1, rt) & ESR_ISS_MASK;
	}
	if (rt < 31)
		vcpu->arch.x[rt] = step->value >> (step->value_kind & 63);
	memcpy(before, vcpu->arch.x, sizeof(before));
	done = class == ESR_EC_SYS64 ? sysreg_trap(vcpu, class << ESR_EC_SHIFT | ESR_IL | iss) :
				       sysreg_trap_32(vcpu, class << ESR_EC_SHIFT | ESR_IL | iss);
	expect(done || !memcmp(before, vcpu->arch.x, sizeof(before)));
	expect(sysreg_read(ELR_EL2) == pc + (done ? 4 : 0) || fake->unfinished);
	expect(vcpu->arch.host_sp == CANARY);
	sysreg_write(ELR_EL2, FAKE_RAM_BASE);
}

static void move(unsigned cpu)
{
	sysreg_put(vcpu);
	guest_timer_put(vcpu);
	fake->cpu[0].loaded = fake->cpu[1].loaded = NULL;
	fake_arm64_use_cpu(cpu & 1);
	sysreg_write(HCR_EL2, HCR_RW);
	arch_this_cpu()->loaded = vcpu;
	sysreg_load(vcpu);
	guest_timer_load(vcpu);
}

static void step_once(const struct step *step)
{
	static const u8 classes[] = { ESR_EC_SYS64,   ESR_EC_SYS64,   ESR_EC_CP15_32,
				      ESR_EC_CP15_64, ESR_EC_CP14_32, ESR_EC_CP14_64,
				      ESR_EC_CP14_LS, ESR_EC_CP10_ID };

	switch (step->kind & 15) {
	case 8:
		move(step->row);
		break;
	case 9:
		fake->now += step->value;
		break;
	case 10:
		fake->gic_version = 2 + (step->row & 1);
		break;
	case 11:
		if (vcpu->arch.timers.cntp.deadline <= fake->now)
			vcpu->arch.timers.cntp.fn(&vcpu->arch.timers.cntp);
		break;
	default:
		access_register(step, classes[step->kind & 7]);
	}
	check_hardware();
}

static void start(u8 features)
{
	fake_arm64_start(1);
	vcpu = fake->vcpus[0];
	vcpu->arch.host_sp = CANARY;
	arm64_features.tcr2 = arm64_features.s1pie = features & 1;
	arm64_features.el0_32 = arm64_features.el1_32 = features & 2;
	for (unsigned i = 0; i < 2; i++) {
		fake_arm64_use_cpu(i);
		sysreg_write(ID_AA64DFR0_EL1, (u64)(features & 0xf0) << 8 | (features & 0xfull)
										    << 20);
		sysreg_write(VTTBR_EL2, CANARY);
		sysreg_write(SP_EL1, CANARY);
		sysreg_write(VBAR_EL1, CANARY);
		sysreg_write(TPIDR_EL2, CANARY);
		sysreg_cpu_init();
	}
	fake_arm64_use_cpu(0);
	guest_timer_create(vcpu);
	if (guest_timer_bind(FAKE_HOST_PPI))
		abort();
	sysreg_reset(vcpu);
	move(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;

	if (size < 1)
		return 0;
	start(*data++);
	size--;
	for (unsigned i = 0; i < STEPS_MAX && size >= sizeof(step); i++) {
		memcpy(&step, data, sizeof(step));
		data += sizeof(step);
		size -= sizeof(step);
		step_once(&step);
	}
	fake_arm64_stop();
	return 0;
}
