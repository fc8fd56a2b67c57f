/* SPDX-License-Identifier: MIT */
/* VMIDs, which tell the translations of VMs apart in a TLB, in generations. */
#include <core/cpu.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vmid.h>

/*
 * A VM gets the next free number when it first runs. When the numbers are used up, a new generation
 * begins: every CPU leaves its guest, drops all translations before it enters one again, and each VM
 * gets a new number. Without VMIDs (0 bits) each change of the VM is such a drop.
 */
static struct spinlock lock = SPINLOCK(LOCK_LEAF, "vmid"); /* guards next and generation */
static u64 generation = 1;                                 /* read without the lock too */
static u64 next = 1;
static unsigned bits;
static void (*flush_all)(void);

void vmid_init(unsigned width, void (*flush)(void))
{
	bits = width;
	flush_all = flush;
	flush();
}

unsigned vmid_bits(void)
{
	return bits;
}

/* Makes the CPU's guest come by vmid_update() again; a CPU without one does so before it enters one. */
static void leave_guest(void *arg)
{
	(void)arg;
	if (this_cpu()->vcpu)
		this_cpu()->resched = true;
}

/* Takes the next number for @vm; true when a generation began. */
static bool assign_locked(struct vm *vm)
{
	bool began = false;

	lock_assert_held(&lock);
	if (next >> bits) {
		__atomic_store_n(&generation, generation + 1, __ATOMIC_RELEASE);
		next = 1;
		began = true;
	}
	vm->vmid.value = next++;
	for (unsigned i = 0; i < cpu_count; i++)
		vm->vmid.last_vcpu[i] = NULL;
	__atomic_store_n(&vm->vmid.generation, generation, __ATOMIC_RELEASE);
	return began;
}

/* First-stage translations of a reused number go when a vCPU is loaded: assign_locked() forgot who ran last. */
static void drop_all(struct cpu *cpu, u64 now)
{
	flush_all();
	cpu->vmid.generation = now;
}

static void update_without_vmids(struct vm *vm)
{
	struct cpu *cpu = this_cpu();

	cpu->vmid.generation = generation;
	if (cpu->vmid.last_vm == vm)
		return;
	cpu->vmid.last_vm = vm;
	vm->vmid.generation = generation; /* it may have translations from now on */
	vm->vmid.last_vcpu[cpu->id] = NULL;
	flush_all();
}

bool vmid_is_current(const struct vm *vm)
{
	u64 now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);

	return vm->vmid.generation == now && this_cpu()->vmid.generation == now;
}

void vmid_update(struct vm *vm)
{
	struct cpu *cpu = this_cpu();
	bool began = false;

	if (bits == 0) {
		update_without_vmids(vm);
		return;
	}
	if (vm->vmid.generation != __atomic_load_n(&generation, __ATOMIC_ACQUIRE)) {
		irqflags_t flags = spin_lock(&lock);

		if (vm->vmid.generation != generation)
			began = assign_locked(vm);
		spin_unlock(&lock, flags);
		if (began)
			smp_call_all(leave_guest,
				     NULL); /* no guest runs with an old number after this */
	}
	if (cpu->vmid.generation != vm->vmid.generation)
		drop_all(cpu, vm->vmid.generation);
}

bool vmid_claim(struct vcpu *vcpu)
{
	struct vcpu **last = &vcpu->vm->vmid.last_vcpu[this_cpu()->id];
	u32 place = this_cpu()->id + 1;

	if (*last == vcpu && vcpu->tlb_cpu == place)
		return false;
	*last = vcpu;
	vcpu->tlb_cpu = place;
	return true;
}

void vmid_forget_vm(struct vm *vm)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (cpus[i]->vmid.last_vm == vm)
			cpus[i]->vmid.last_vm = NULL;
}

void vmid_forget_vcpu(struct vcpu *vcpu)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (vcpu->vm->vmid.last_vcpu[i] == vcpu)
			vcpu->vm->vmid.last_vcpu[i] = NULL;
}
