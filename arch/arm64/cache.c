/* SPDX-License-Identifier: MIT */
/* Caches and guests that run without: what they wrote past the caches must be what they read through them, and back. */
#include <arch/guest.h>
#include <arch/host.h>
#include <core/vm.h>

/*
 * Memory of a VM is cleaned to the point of coherency before it starts, so that it may begin with its caches off.
 * While they are off, the hypervisor's own cached mapping of the memory lets the CPU read stale lines ahead. So
 * each vCPU whose caches are off has its writes to SCTLR_EL1 trapped, and when it switches them (M and C) all
 * memory of the VM is cleaned and invalidated first, by address.
 *
 * By set and way nothing can be maintained on a machine with other guests and with CPUs to be moved between. A
 * guest that does so means all of its memory, mostly on the way to switching its caches off:
 *
 *   DC CISW ... ──► all memory, once ──► TVM set: the switch is seen ──► DC CISW means something again
 *
 * That takes a while: it is done in pieces, and between them the guest executes the same instruction again, so that
 * interrupts are taken and other guests get their turn.
 */
#define PIECE MIB(1)

#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)

static bool caches_are_on(u64 sctlr)
{
	return (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
}

/* An alias shows what is cleaned elsewhere; registers are not cached. */
static bool is_memory(const struct gpa_region *region)
{
	return region->kind == GPA_RAM || region->kind == GPA_ROM || region->kind == GPA_SHARED;
}

/* The next piece of the VM's memory. True: that was all. */
static bool clean_piece(struct vcpu *vcpu)
{
	const struct gpa_map *map = &vcpu->vm->map;
	u64 next = vcpu->arch.cache_next, budget = PIECE;

	for (u32 i = 0; i < map->count && budget; i++) {
		const struct gpa_region *region = &map->regions[i];
		u64 end = region->base + region->size, from = MAX(next, region->base), len;

		if (!is_memory(region) || end <= next)
			continue;
		len = MIN(end - from, budget);
		arm64_cache_clean_invalidate(hpa_to_ptr(hpa(region->pa.v + (from - region->base))),
					     len);
		next = from + len;
		budget -= len;
	}
	vcpu->arch.cache_next = budget ? 0 : next;
	return budget;
}

bool cache_set_way(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (arm64_features.fwb || a->cache_cleaned)
		return true;
	if (!clean_piece(vcpu))
		return false;
	a->cache_cleaned = true;
	sysreg_set(HCR_EL2, HCR_TVM);
	return true;
}

bool cache_write_sctlr(struct vcpu *vcpu, u64 value)
{
	bool before = caches_are_on(sysreg_read(SCTLR_EL1)), after = caches_are_on(value);

	if (before != after) {
		if (!clean_piece(vcpu))
			return false;
		vcpu->arch.cache_cleaned = false;
	}
	sysreg_write(SCTLR_EL1, value);
	if (after)
		sysreg_clear(HCR_EL2, HCR_TVM);
	return true;
}

/* With FEAT_S2FWB, what stage 2 says of memory counts, and a guest with caches off has them all the same. */
u64 cache_hcr(void)
{
	return arm64_features.fwb ? HCR_FWB : HCR_TVM;
}
