/* SPDX-License-Identifier: MIT */
/* PSCI 1.1 (DEN 0022): the guest switches its CPUs on and off, suspends them, and ends or restarts the machine. */
#include <arch/guest.h>
#include <arch/smccc.h>
#include <core/exit.h>
#include <core/vm.h>
#include <emulators/gic.h>

/*
 * MPIDR as an argument: affinity 3 in bits 39:32 of 64-bit calls, 2 to 0 in bits 23:0; the rest is 0 (5.1.4). A
 * vCPU is a core of its own; affinity levels above are groups of cores.
 */
#define AFFINITY_BITS 0xff00ffffffull
#define AFFINITY_LEVELS 4

static u64 vcpu_affinity(unsigned index)
{
	return arm64_vcpu_mpidr(index) & AFFINITY_BITS;
}

/* Affinity fields at and above @level. */
static u64 level_mask(unsigned level)
{
	static const u64 masks[AFFINITY_LEVELS] = { 0xff00ffffffull, 0xff00ffff00ull,
						    0xff00ff0000ull, 0xff00000000ull };

	return masks[level];
}

struct vcpu *arm64_vcpu_of_mpidr(const struct vm *vm, u64 mpidr)
{
	u64 index = (mpidr & 15) | (mpidr >> 8 & 0xff) << 4;

	if (index >= vm->vcpu_count || (mpidr & AFFINITY_BITS) != vcpu_affinity((unsigned)index))
		return NULL;
	return vm->vcpus[index];
}

/* A CPU can begin at @entry: aligned (bit 0 of an AArch32 one is T32), and memory. */
static bool is_entry(const struct vcpu *vcpu, u64 entry)
{
	bool is_32 = sysreg_read(SPSR_EL2) & PSTATE_A32;
	u64 len = 2;

	if (is_32 && (entry & 1))
		entry--;
	else if (entry & 3)
		return false;
	return gpa_to_ptr(vcpu->vm, gpa(entry), &len, GPA_READ);
}

/* ---- CPUs ---- */

/* As AFFINITY_INFO has it. One that wakes from a suspend has been on all the time. */
static long power_of(struct vcpu *vcpu)
{
	irqflags_t flags = spin_lock(&vcpu->lock);
	long power = PSCI_AFFINITY_ON;

	if (vcpu->power == VCPU_OFF)
		power = PSCI_AFFINITY_OFF;
	else if (vcpu->start_pending && !vcpu->arch.resuming)
		power = PSCI_AFFINITY_ON_PENDING;
	spin_unlock(&vcpu->lock, flags);
	return power;
}

static long already(struct vcpu *vcpu)
{
	switch (power_of(vcpu)) {
	case PSCI_AFFINITY_ON:
		return PSCI_ALREADY_ON;
	case PSCI_AFFINITY_ON_PENDING:
		return PSCI_ON_PENDING;
	}
	return PSCI_SUCCESS;
}

static long cpu_on(struct vcpu *vcpu, u64 target, u64 entry, u64 context)
{
	struct vcpu *other = NULL;
	long err;

	if ((target & ~AFFINITY_BITS) == 0)
		other = arm64_vcpu_of_mpidr(vcpu->vm, target);
	if (!other)
		return PSCI_INVALID_PARAMETERS;
	err = already(other);
	if (err)
		return err;
	if (!is_entry(vcpu, entry))
		return PSCI_INVALID_ADDRESS;
	/* Another CPU may have been faster. */
	return vcpu_power_on(other, entry, context) ? PSCI_ON_PENDING : PSCI_SUCCESS;
}

/* A group of cores is on when one is; it is about to be when one of them is (5.7.3). */
static long affinity_info(struct vcpu *vcpu, u64 target, u64 level)
{
	const struct vm *vm = vcpu->vm;
	bool pending = false, found = false;
	u64 mask;

	if (level >= AFFINITY_LEVELS || (target & ~AFFINITY_BITS))
		return PSCI_INVALID_PARAMETERS;
	mask = level_mask((unsigned)level);
	for (unsigned i = 0; i < vm->vcpu_count; i++) {
		long power;

		if ((vcpu_affinity(i) ^ target) & mask)
			continue;
		found = true;
		power = power_of(vm->vcpus[i]);
		if (power == PSCI_AFFINITY_ON)
			return PSCI_AFFINITY_ON;
		pending |= power == PSCI_AFFINITY_ON_PENDING;
	}
	if (!found)
		return PSCI_INVALID_PARAMETERS;
	return pending ? PSCI_AFFINITY_ON_PENDING : PSCI_AFFINITY_OFF;
}

/*
 * A core that powers down keeps its registers until it wakes, since its interrupts are judged by them; then it
 * goes through a reset to @entry: psci_resume(). Only cores can be suspended, so the power level is 0.
 */
static long cpu_suspend(struct vcpu *vcpu, u64 state, u64 entry, u64 context)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };
	bool down = state & PSCI_POWER_STATE_DOWN;

	if ((u32)state & ~(u32)(PSCI_POWER_STATE_ID | PSCI_POWER_STATE_DOWN))
		return PSCI_INVALID_PARAMETERS;
	if (down && !is_entry(vcpu, entry))
		return PSCI_INVALID_ADDRESS;
	if (down) {
		vcpu->arch.resume_entry = entry;
		vcpu->arch.resume_context = context;
		vcpu_request(vcpu, VCPU_REQ_RESUME);
	}
	vcpu->arch.suspended = true;
	exit_handle(vcpu, &exit);
	return PSCI_SUCCESS;
}

bool psci_resume(struct vcpu *vcpu)
{
	irqflags_t flags;

	if (vcpu->waiting) { /* the request stays until something wakes it */
		vcpu_request(vcpu, VCPU_REQ_RESUME);
		return false;
	}
	flags = spin_lock(&vcpu->lock);
	vcpu->arch.resuming = true;
	vcpu->start_entry = vcpu->arch.resume_entry;
	vcpu->start_arg = vcpu->arch.resume_context;
	vcpu->start_pending = true;
	spin_unlock(&vcpu->lock, flags);
	return true;
}

/* ---- the machine ---- */

/* The call does not return; what x0 says is for a guest that is resumed against all rules. */
static long end_machine(struct vcpu *vcpu, enum exit_power power)
{
	struct vcpu_exit exit = { .kind = EXIT_POWER, .power = power };

	exit_handle(vcpu, &exit);
	return PSCI_INTERNAL_FAILURE;
}

static long call_system_off(struct vcpu *vcpu)
{
	return end_machine(vcpu, EXIT_POWER_OFF);
}

static long call_system_reset(struct vcpu *vcpu)
{
	return end_machine(vcpu, EXIT_POWER_RESET);
}

/* Bits 63:32 of the type are not looked at; vendors' own kinds are none of ours. */
static long call_system_reset2(struct vcpu *vcpu)
{
	if ((u32)smccc_argument(vcpu, 1) != PSCI_RESET2_WARM)
		return PSCI_INVALID_PARAMETERS;
	return end_machine(vcpu, EXIT_POWER_RESET);
}

/* ---- calls ---- */

static long call_version(struct vcpu *vcpu)
{
	(void)vcpu;
	return PSCI_VERSION_1_1;
}

static long call_cpu_suspend(struct vcpu *vcpu)
{
	return cpu_suspend(vcpu, smccc_argument(vcpu, 1), smccc_argument(vcpu, 2),
			   smccc_argument(vcpu, 3));
}

/* What its list registers hold and another vCPU may take is not to wait for it. */
static long call_cpu_off(struct vcpu *vcpu)
{
	struct gic *gic = vcpu->vm->arch.gic;

	vcpu_power_off(vcpu);
	if (gic && gic_uses_lrs(gic))
		gic_put(gic, vcpu);
	return PSCI_SUCCESS;
}

static long call_cpu_on(struct vcpu *vcpu)
{
	return cpu_on(vcpu, smccc_argument(vcpu, 1), smccc_argument(vcpu, 2),
		      smccc_argument(vcpu, 3));
}

static long call_affinity_info(struct vcpu *vcpu)
{
	return affinity_info(vcpu, smccc_argument(vcpu, 1), smccc_argument(vcpu, 2));
}

static long call_migrate_info_type(struct vcpu *vcpu)
{
	(void)vcpu;
	return PSCI_MIGRATE_NONE;
}

static long call_features(struct vcpu *vcpu);

/* Flags of CPU_SUSPEND in PSCI_FEATURES: original power_state format, no OS-initiated mode: 0 as with all others. */
static const struct psci_call {
	u32 function;
	bool wide; /* has a 64-bit variant */
	long (*call)(struct vcpu *vcpu);
} calls[] = {
	{ PSCI_VERSION, false, call_version },
	{ PSCI_CPU_SUSPEND, true, call_cpu_suspend },
	{ PSCI_CPU_OFF, false, call_cpu_off },
	{ PSCI_CPU_ON, true, call_cpu_on },
	{ PSCI_AFFINITY_INFO, true, call_affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE, false, call_migrate_info_type },
	{ PSCI_SYSTEM_OFF, false, call_system_off },
	{ PSCI_SYSTEM_RESET, false, call_system_reset },
	{ PSCI_FEATURES, false, call_features },
	{ PSCI_SYSTEM_RESET2, true, call_system_reset2 },
};

static const struct psci_call *find_call(u32 function)
{
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].function == function ||
		    (calls[i].wide && (calls[i].function | SMCCC_64) == function))
			return &calls[i];
	return NULL;
}

static bool psci_has(const struct vcpu *vcpu, u32 function)
{
	(void)vcpu;
	return find_call(function) != NULL;
}

static bool is_psci(u32 function)
{
	u32 id = function & ~SMCCC_64;

	return id >= PSCI_FIRST && id <= PSCI_LAST;
}

/* Of other services only the convention itself may be asked for (5.13). */
static long call_features(struct vcpu *vcpu)
{
	u32 function = (u32)smccc_argument(vcpu, 1);

	if (!is_psci(function) && function != SMCCC_VERSION)
		return PSCI_NOT_SUPPORTED;
	return smccc_has(vcpu, function) ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

static bool psci_handle(struct vcpu *vcpu, u32 function)
{
	const struct psci_call *found = find_call(function);

	if (!found)
		return false;
	vcpu->arch.x[0] = (u64)found->call(vcpu);
	return true;
}

DEFINE_SMCCC_SERVICE(psci) = {
	.first = PSCI_FIRST,
	.last = PSCI_LAST,
	.name = "PSCI",
	.handle = psci_handle,
	.has = psci_has,
};
