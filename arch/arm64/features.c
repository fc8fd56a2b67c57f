/* SPDX-License-Identifier: MIT */
/* arm64: what the CPUs can do, from their ID registers (D24.2). */
#include <arch/host.h>
#include <core/cpu.h>
#include <core/log.h>

struct arm64_features arm64_features;

enum { ISAR0, ISAR1, ISAR2, MMFR0, MMFR1, MMFR2, MMFR3, PFR0, PFR1, ID_COUNT };

/* A feature is there when a field of any of its rows has at least the value `least`. */
static const struct {
	u8 id;
	u8 shift;
	u8 least;
	u16 field; /* of struct arm64_features */
} rows[] = {
#define FEATURE(field, id, shift, least)                                 \
	{                                                                \
		id, shift, least, offsetof(struct arm64_features, field) \
	}
	FEATURE(vhe, MMFR1, 8, 1),
	FEATURE(pan, MMFR1, 20, 1),
	FEATURE(xnx, MMFR1, 28, 1),
	FEATURE(hcrx, MMFR1, 40, 1),
	FEATURE(bti, PFR1, 0, 1),
	FEATURE(pauth, ISAR1, 4, 1), /* three algorithms */
	FEATURE(pauth, ISAR1, 8, 1),
	FEATURE(pauth, ISAR2, 12, 1),
	FEATURE(mte, PFR1, 8, 2), /* 1: the instructions only */
	FEATURE(sve, PFR0, 32, 1),
	FEATURE(sme, PFR1, 24, 1),
	FEATURE(fwb, MMFR2, 40, 1),
	FEATURE(iesb, MMFR2, 12, 1),
	FEATURE(evt, MMFR2, 56, 1),
	FEATURE(fgt, MMFR0, 56, 1),
	FEATURE(ecv_poff, MMFR0, 60, 2),
	FEATURE(ras, PFR0, 28, 1),
	FEATURE(gic_sysregs, PFR0, 24, 1),
	FEATURE(el0_32, PFR0, 0, 2),
	FEATURE(el1_32, PFR0, 4, 2),
	FEATURE(csv2_2, PFR0, 56, 2),
	FEATURE(csv2_2, PFR1, 32, 2), /* CSV2_frac: the same registers */
	FEATURE(tcr2, MMFR3, 0, 1),
	FEATURE(s1pie, MMFR3, 8, 1),
	FEATURE(contiguous_tlb_range, ISAR0, 56, 2),
#undef FEATURE
};

static void read_ids(u64 id[ID_COUNT])
{
	id[ISAR0] = sysreg_read(ID_AA64ISAR0_EL1);
	id[ISAR1] = sysreg_read(ID_AA64ISAR1_EL1);
	id[ISAR2] = sysreg_read(ID_AA64ISAR2_EL1);
	id[MMFR0] = sysreg_read(ID_AA64MMFR0_EL1);
	id[MMFR1] = sysreg_read(ID_AA64MMFR1_EL1);
	id[MMFR2] = sysreg_read(ID_AA64MMFR2_EL1);
	id[MMFR3] = sysreg_read(ID_AA64MMFR3_EL1);
	id[PFR0] = sysreg_read(ID_AA64PFR0_EL1);
	id[PFR1] = sysreg_read(ID_AA64PFR1_EL1);
}

static unsigned pa_bits(u64 mmfr0, bool lpa2)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52 };
	unsigned range = MIN(sysreg_field(mmfr0, 0), (unsigned)ARRAY_SIZE(bits) - 1);

	return lpa2 ? bits[range] : MIN(bits[range], (u8)48); /* more is for other granules */
}

/* FEAT_LPA2 for 4 KiB pages in both stages: TGran4 is 1, TGran4_2 says 3 or "as TGran4" (0). */
static bool has_lpa2(u64 mmfr0)
{
	unsigned stage2 = sysreg_field(mmfr0, 40);

	return sysreg_field(mmfr0, 28) == 1 && (stage2 == 0 || stage2 == 3);
}

static bool has_4k_granule(u64 mmfr0)
{
	return sysreg_field(mmfr0, 28) < 8 && sysreg_field(mmfr0, 40) != 1;
}

static struct arm64_features read_features(void)
{
	struct arm64_features f = { .midr = sysreg_read(MIDR_EL1) };
	u64 id[ID_COUNT];

	read_ids(id);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (sysreg_field(id[rows[i].id], rows[i].shift) >= rows[i].least)
			*((bool *)&f + rows[i].field) = true;
	f.granule_4k = has_4k_granule(id[MMFR0]);
	f.lpa2 = has_lpa2(id[MMFR0]);
	f.pa_bits = (u8)pa_bits(id[MMFR0], f.lpa2);
	f.vmid_bits = sysreg_field(id[MMFR1], 4) == 2 ? 16 : 8;
	return f;
}

void arm64_features_init(void)
{
	arm64_features = read_features();
}

/* All that guests and the hypervisor were promised. */
static bool has_less(const struct arm64_features *mine)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (*((const bool *)&arm64_features + rows[i].field) >
		    *((const bool *)mine + rows[i].field))
			return true;
	return mine->pa_bits < arm64_features.pa_bits ||
	       mine->vmid_bits < arm64_features.vmid_bits || mine->lpa2 < arm64_features.lpa2 ||
	       !mine->granule_4k;
}

bool arm64_features_suffice(void)
{
	struct arm64_features mine = read_features();

	if (!has_less(&mine))
		return true;
	log_error("CPU %u (MIDR 0x%llx) lacks features that the boot CPU (MIDR 0x%llx) has, "
		  "so it stays off; boot on the least capable kind of CPU to use them all",
		  this_cpu()->id, (unsigned long long)mine.midr,
		  (unsigned long long)arm64_features.midr);
	return false;
}
