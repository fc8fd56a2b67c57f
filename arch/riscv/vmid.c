/* SPDX-License-Identifier: MIT */
/* riscv64: VMIDs, which tell the translations of VMs apart in a TLB, in generations. */
#include <arch/csr.h>
#include <arch/hfence.h>
#include <arch/host.h>
#include <core/cpu.h>
#include <core/vm.h>

/*
 * A VM gets the next free number when it first runs. When the numbers are used up, a new generation
 * begins: every CPU leaves its guest, drops all translations before it enters one again, and each VM
 * gets a new number. Without VMIDs (0 bits) each change of the VM is such a drop.
 */
static struct spinlock lock = SPINLOCK(LOCK_LEAF, "vmid"); /* guards next and generation */
static u64 generation = 1;                                 /* read without the lock too */
static u64 next = 1;
static unsigned bits;

void riscv_vmid_init(unsigned bits_max)
{
	csr_write(CSR_HGATP, HGATP_VMID_MASK);
	bits = (unsigned)__builtin_popcountl(csr_read(CSR_HGATP) & HGATP_VMID_MASK);
	bits = MIN(bits, bits_max);
	csr_write(CSR_HGATP, 0);
	hfence_gvma_all();
}

unsigned riscv_vmid_bits(void)
{
	return bits;
}

/* Makes the CPU's guest come by riscv_vmid_update() again; a CPU without one does so before it enters one. */
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
	vm->arch.vmid = next++;
	for (unsigned i = 0; i < cpu_count; i++)
		vm->arch.last_vcpu[i] = NULL;
	__atomic_store_n(&vm->arch.vmid_generation, generation, __ATOMIC_RELEASE);
	return began;
}

/* VS-stage translations of a reused number go when a vCPU is loaded: assign_locked() forgot who ran last. */
static void drop_all(struct cpu *cpu, u64 now)
{
	hfence_gvma_all();
	cpu->arch.vmid_generation = now;
}

static void update_without_vmids(struct vm *vm)
{
	struct cpu *cpu = this_cpu();

	cpu->arch.vmid_generation = generation;
	if (cpu->arch.last_vm == vm)
		return;
	cpu->arch.last_vm = vm;
	vm->arch.vmid_generation = generation; /* it may have translations from now on */
	vm->arch.last_vcpu[cpu->id] = NULL;
	hfence_gvma_all();
}

bool riscv_vmid_is_current(const struct vm *vm)
{
	u64 now = __atomic_load_n(&generation, __ATOMIC_ACQUIRE);

	return vm->arch.vmid_generation == now && this_cpu()->arch.vmid_generation == now;
}

void riscv_vmid_update(struct vm *vm)
{
	struct cpu *cpu = this_cpu();
	bool began = false;

	if (bits == 0) {
		update_without_vmids(vm);
		return;
	}
	if (vm->arch.vmid_generation != __atomic_load_n(&generation, __ATOMIC_ACQUIRE)) {
		irqflags_t flags = spin_lock(&lock);

		if (vm->arch.vmid_generation != generation)
			began = assign_locked(vm);
		spin_unlock(&lock, flags);
		if (began)
			smp_call_all(leave_guest,
				     NULL); /* no guest runs with an old number after this */
	}
	if (cpu->arch.vmid_generation != vm->arch.vmid_generation)
		drop_all(cpu, vm->arch.vmid_generation);
}
