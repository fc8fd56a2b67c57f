/* SPDX-License-Identifier: MIT */
/* Walks the guest's own page tables in software (Privileged Architecture 1.13, section 11.3.2 and on). */
#include <arch/csr.h>
#include <core/arch.h>
#include <core/errno.h>
#include <core/vcpu.h>
#include <core/vm.h>

#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_N BIT(63)
#define PTE_RESERVED (0x7full << 54)
#define PTE_PPN_SHIFT 10
#define PPN_BITS 44
#define INDEX_BITS 9

static u64 vsatp_of(const struct vcpu *vcpu)
{
	return this_cpu()->loaded == vcpu ? csr_read(CSR_VSATP) : vcpu->arch.vsatp;
}

static u64 ppn_of(u64 pte)
{
	return pte >> PTE_PPN_SHIFT & (BIT(PPN_BITS) - 1);
}

/* Levels of the mode, 0 for Bare, -EFAULT for what no hart has. */
static int levels_of(u64 vsatp)
{
	switch (vsatp >> SATP_MODE_SHIFT) {
	case SATP_MODE_BARE:
		return 0;
	case SATP_MODE_SV39:
		return 3;
	case SATP_MODE_SV48:
		return 4;
	case SATP_MODE_SV57:
		return 5;
	}
	return -EFAULT;
}

/* All bits above the range repeat the highest one of it. */
static bool is_canonical(u64 va, unsigned levels)
{
	unsigned unused = 64 - PAGE_SHIFT - levels * INDEX_BITS;

	return (u64)((s64)(va << unused) >> unused) == va;
}

static int leaf_address(u64 pte, unsigned level, u64 va, gpa_t *out)
{
	u64 offset_mask = BIT(PAGE_SHIFT + level * INDEX_BITS) - 1;
	u64 ppn = ppn_of(pte);

	if ((pte & PTE_W) && !(pte & PTE_R))
		return -EFAULT;
	if (pte & PTE_N) { /* Svnapot: 64 KiB, said by the low bits 1000 */
		if (level != 0 || (ppn & 15) != 8)
			return -EFAULT;
		ppn &= ~15ull;
		offset_mask = KIB(64) - 1;
	}
	if ((ppn << PAGE_SHIFT) & offset_mask)
		return -EFAULT; /* misaligned superpage */
	*out = gpa((ppn << PAGE_SHIFT) | (va & offset_mask));
	return 0;
}

int arch_vcpu_translate(struct vcpu *vcpu, u64 va, gpa_t *out)
{
	u64 vsatp = vsatp_of(vcpu);
	int levels = levels_of(vsatp);
	u64 table = (vsatp & (BIT(PPN_BITS) - 1)) << PAGE_SHIFT;

	if (levels == 0)
		*out = gpa(va);
	if (levels <= 0)
		return levels;
	if (!is_canonical(va, (unsigned)levels))
		return -EFAULT;
	for (int level = levels - 1; level >= 0; level--) {
		u64 index = va >> (PAGE_SHIFT + level * INDEX_BITS) & (BIT(INDEX_BITS) - 1);
		u64 pte;

		if (gpa_read(vcpu->vm, gpa(table + index * sizeof(pte)), &pte, sizeof(pte)) ||
		    !(pte & PTE_V) || (pte & PTE_RESERVED))
			return -EFAULT;
		if (pte & (PTE_R | PTE_X))
			return leaf_address(pte, (unsigned)level, va, out);
		if (pte & (PTE_W | PTE_N))
			return -EFAULT;
		table = ppn_of(pte) << PAGE_SHIFT;
	}
	return -EFAULT;
}
