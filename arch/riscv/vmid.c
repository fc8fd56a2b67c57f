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
static u64 generation = 1;
static u64 next = 1;
static unsigned bits;

void riscv_vmid_init(void)
{
	csr_write(CSR_HGATP, HGATP_VMID_MASK);
	bits = (unsigned)__builtin_popcountl(csr_read(CSR_HGATP) & HGATP_VMID_MASK);
	csr_write(CSR_HGATP, 0);
	hfence_gvma_all();
}

unsigned riscv_vmid_bits(void)
{
	return bits;
}

/* Makes the CPU's guest come by riscv_vmid_update() again. */
static void leave_guest(void *arg)
{
	(void)arg;
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

static void drop_all(struct cpu *cpu)
{
	hfence_gvma_all();
	hfence_vvma_all();
	cpu->arch.vmid_generation = generation;
}

static void update_without_vmids(struct vm *vm)
{
	struct cpu *cpu = this_cpu();

	if (cpu->arch.last_vm == vm)
		return;
	cpu->arch.last_vm = vm;
	vm->arch.vmid_generation = generation; /* it may have translations from now on */
	vm->arch.last_vcpu[cpu->id] = NULL;
	hfence_gvma_all();
}

void riscv_vmid_update(struct vm *vm)
{
	struct cpu *cpu = this_cpu();
	bool began = false;

	if (bits == 0) {
		update_without_vmids(vm);
		return;
	}
	if (unlikely(vm->arch.vmid_generation != __atomic_load_n(&generation, __ATOMIC_ACQUIRE))) {
		irqflags_t flags = spin_lock(&lock);

		if (vm->arch.vmid_generation != generation)
			began = assign_locked(vm);
		spin_unlock(&lock, flags);
		if (began)
			smp_call_all(leave_guest, NULL); /* no guest runs with an old number after this */
	}
	if (unlikely(cpu->arch.vmid_generation != generation))
		drop_all(cpu);
}
