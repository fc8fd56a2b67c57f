/* SPDX-License-Identifier: MIT */
/* Walks the guest's own page tables in software (Arm ARM DDI 0487, D8.2 and D8.3). */
#include <arch/guest.h>
#include <core/arch.h>
#include <core/errno.h>
#include <core/vm.h>

#define SCTLR_M BIT(0)
#define TCR_EPD0 BIT(7)
#define TCR_EPD1 BIT(23)
#define TCR_TBI0 BIT(37)
#define TCR_TBI1 BIT(38)
#define TCR_DS BIT(59)
#define TCR_IPS_SHIFT 32
#define IPS_52_BITS 6

#define DESC_VALID BIT(0)
#define DESC_TABLE BIT(1) /* at level 3: a page */
#define DESC_ADDRESS 0x0000fffffffff000ull
#define LAST_LEVEL 3

/* One of the two halves of the guest's address space. */
struct half {
	u64 ttbr;
	unsigned size;    /* bits of an address */
	unsigned granule; /* bits of an offset: 12, 14, 16 */
	bool disabled;
	bool tagged;     /* the top byte is ignored */
	bool ds;         /* FEAT_LPA2: another layout of 52-bit addresses */
	bool high_64k;   /* FEAT_LPA: the same with 64 KiB */
	bool big_endian; /* tables too */
};

static bool is_loaded(const struct vcpu *vcpu)
{
	return this_cpu()->loaded == vcpu;
}

#define REGISTER(vcpu, name) (is_loaded(vcpu) ? sysreg_read(name) : (vcpu)->arch.context.name)

/* Granules by TCR_EL1.TG0 and TG1; 0: reserved. */
static unsigned granule_of(u64 tcr, bool upper)
{
	static const u8 tg0[4] = { 12, 16, 14, 0 }, tg1[4] = { 0, 14, 12, 16 };

	return upper ? tg1[tcr >> 30 & 3] : tg0[tcr >> 14 & 3];
}

static struct half half_of(const struct vcpu *vcpu, bool upper)
{
	u64 tcr = REGISTER(vcpu, TCR_EL1);
	struct half half = {
		.ttbr = upper ? REGISTER(vcpu, TTBR1_EL1) : REGISTER(vcpu, TTBR0_EL1),
		.size = 64 - (tcr >> (upper ? 16 : 0) & 63),
		.granule = granule_of(tcr, upper),
		.disabled = tcr & (upper ? TCR_EPD1 : TCR_EPD0),
		.tagged = tcr & (upper ? TCR_TBI1 : TCR_TBI0),
		.big_endian = REGISTER(vcpu, SCTLR_EL1) & SCTLR_EE,
	};

	half.ds = (tcr & TCR_DS) && half.granule != 16;
	half.high_64k = half.granule == 16 && (tcr >> TCR_IPS_SHIFT & 7) == IPS_52_BITS;
	return half;
}

/* All bits above the half's size repeat bit 55, which chooses the half. */
static bool is_in(const struct half *half, u64 va, bool upper)
{
	unsigned top = half->tagged ? 56 : 64;
	u64 above;

	if (half->disabled || half->granule == 0 || half->size <= half->granule || half->size > 52)
		return false;
	above = (va << (64 - top)) >> (64 - top) >> half->size;
	return above == (upper ? ~0ull >> (64 - top) >> half->size : 0);
}

/* Bits 51:48 are where these formats have room for them. */
static u64 address_in(const struct half *half, u64 descriptor)
{
	u64 at = descriptor & DESC_ADDRESS;

	if (half->ds)
		at |= (descriptor & 3ull << 48) | (descriptor >> 8 & 3) << 50;
	if (half->high_64k)
		at |= (descriptor >> 12 & 15) << 48;
	return align_down(at, BIT(half->granule));
}

static u64 first_table(const struct half *half)
{
	u64 at = half->ttbr & 0x0000ffffffffffc0ull;

	if (half->ds || half->high_64k)
		at |= (half->ttbr >> 2 & 15) << 48;
	return at;
}

/* Where a leaf may stand above level 3: D8.3.1, by granule. */
static bool may_be_block(const struct half *half, int level)
{
	int first = half->granule == 12 ? 1 : 2;

	return level >= (half->ds || half->high_64k ? first - 1 : first);
}

static int read_descriptor(const struct vcpu *vcpu, const struct half *half, u64 at, u64 *value)
{
	int err = gpa_read(vcpu->vm, gpa(at), value, sizeof(*value));

	if (half->big_endian)
		*value = __builtin_bswap64(*value);
	return err;
}

static int leaf(const struct half *half, u64 descriptor, int level, u64 va, gpa_t *out)
{
	unsigned shift = half->granule + (LAST_LEVEL - level) * (half->granule - 3);
	u64 offset = va & (BIT(shift) - 1);

	if (level < LAST_LEVEL ? !may_be_block(half, level) : !(descriptor & DESC_TABLE))
		return -EFAULT;
	*out = gpa(align_down(address_in(half, descriptor), BIT(shift)) | offset);
	return 0;
}

/* *level: the one whose table was read last; 0 when none was. */
static int walk(const struct vcpu *vcpu, const struct half *half, u64 va, gpa_t *out, int *level)
{
	unsigned stride = half->granule - 3;
	unsigned rest = half->size - half->granule;
	unsigned levels = (rest + stride - 1) / stride;
	unsigned bits = rest - (levels - 1) * stride; /* of the index at the first level */
	u64 table = first_table(half), descriptor;

	if (levels > 5 || (levels == 5 && !half->ds))
		return -EFAULT;
	for (*level = LAST_LEVEL + 1 - (int)levels; *level <= LAST_LEVEL; ++*level) {
		unsigned shift = half->granule + (unsigned)(LAST_LEVEL - *level) * stride;
		u64 index = va >> shift & (BIT(bits) - 1);

		if (read_descriptor(vcpu, half, table + index * sizeof(descriptor), &descriptor) ||
		    !(descriptor & DESC_VALID))
			return -EFAULT;
		if (*level == LAST_LEVEL || !(descriptor & DESC_TABLE))
			return leaf(half, descriptor, *level, va, out);
		table = address_in(half, descriptor);
		bits = stride;
	}
	return -EFAULT;
}

static int translate(struct vcpu *vcpu, u64 va, gpa_t *out, int *level)
{
	bool upper = va >> 55 & 1;
	struct half half;

	*level = 0;
	if (!(REGISTER(vcpu, SCTLR_EL1) & SCTLR_M)) {
		*out = gpa(va);
		return 0;
	}
	half = half_of(vcpu, upper);
	if (!is_in(&half, va, upper))
		return -EFAULT;
	return walk(vcpu, &half, va, out, level);
}

int arch_vcpu_translate(struct vcpu *vcpu, u64 va, gpa_t *out)
{
	int level;

	return translate(vcpu, va, out, &level);
}

unsigned arm64_walk_level(struct vcpu *vcpu, u64 va)
{
	gpa_t at;
	int level;

	(void)!translate(vcpu, va, &at, &level);
	return (unsigned)MAX(level, 0) & 3;
}
