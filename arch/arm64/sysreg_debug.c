/* SPDX-License-Identifier: MIT */
/* Self-hosted debug (Arm ARM, D2, D24.3): breakpoints and watchpoints of the guest, moved only while it has some. */
#include <arch/sysreg_rows.h>
#include <core/vm.h>

/*
 * Until one is enabled, accesses trap (MDCR_EL2.TDA) and the registers are in memory: operating systems clear them
 * all at start and leave them then. With the first one enabled they go to the hardware, and nothing traps any
 * more; on put they come back, and if none is enabled by then, they trap again.
 *
 * The OS lock holds back debug exceptions, so the hardware has it while the vCPU is loaded; it traps always (TDOSA).
 */
#define ENABLE BIT(0) /* DBGBCR, DBGWCR */

/* Bits that exist in DBGBCR, DBGWCR, and in values that are addresses or context ids. */
#define BCR_BITS 0x00ffe1e7ull
#define WCR_BITS 0x1f1fffffull
#define WVR_BITS (~3ull)
#define BVR_BITS (~0ull)

#define MDSCR_BITS (BIT(0) | BIT(12) | BIT(13) | BIT(15)) /* SS, TDCC, KDE, MDE */
#define OSLSR_OSLM BIT(3)                                 /* there is a lock */
#define OSLSR_OSLK_SHIFT 1
#define CLAIM_TAGS 0xff

#define MDCR_TRAPS \
	(MDCR_TPM | MDCR_TPMCR | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF)

/* ID_AA64DFR0_EL1: how many there are, less one */
#define DFR0_BRPS 12
#define DFR0_WRPS 20

/* ---- between memory and the CPU that we are on ---- */

#define EACH(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static unsigned breakpoints_here(void)
{
	return sysreg_field(sysreg_read(ID_AA64DFR0_EL1), DFR0_BRPS) + 1;
}

static unsigned watchpoints_here(void)
{
	return sysreg_field(sysreg_read(ID_AA64DFR0_EL1), DFR0_WRPS) + 1;
}

static void load_all(const struct arm64_debug *d)
{
	unsigned breakpoints = breakpoints_here(), watchpoints = watchpoints_here();

#define LOAD(n)                                           \
	if (n < breakpoints) {                            \
		sysreg_write(DBGBVR##n##_EL1, d->bvr[n]); \
		sysreg_write(DBGBCR##n##_EL1, d->bcr[n]); \
	}                                                 \
	if (n < watchpoints) {                            \
		sysreg_write(DBGWVR##n##_EL1, d->wvr[n]); \
		sysreg_write(DBGWCR##n##_EL1, d->wcr[n]); \
	}
	EACH(LOAD)
#undef LOAD
}

static void save_all(struct arm64_debug *d)
{
	unsigned breakpoints = breakpoints_here(), watchpoints = watchpoints_here();

#define SAVE(n)                                           \
	if (n < breakpoints) {                            \
		d->bvr[n] = sysreg_read(DBGBVR##n##_EL1); \
		d->bcr[n] = sysreg_read(DBGBCR##n##_EL1); \
	}                                                 \
	if (n < watchpoints) {                            \
		d->wvr[n] = sysreg_read(DBGWVR##n##_EL1); \
		d->wcr[n] = sysreg_read(DBGWCR##n##_EL1); \
	}
	EACH(SAVE)
#undef SAVE
}

static void clear_all(void)
{
	static const struct arm64_debug nothing;

	load_all(&nothing);
}

static bool any_enabled(const struct arm64_debug *d)
{
	u64 all = 0;

	for (unsigned i = 0; i < ARM64_DEBUG_MAX; i++)
		all |= d->bcr[i] | d->wcr[i];
	return all & ENABLE;
}

static void trap_accesses(struct arch_vcpu *a, bool trap)
{
	a->mdcr = trap ? a->mdcr | MDCR_TDA : a->mdcr & ~MDCR_TDA;
	sysreg_write(MDCR_EL2, a->mdcr);
}

/* ---- registers while they trap ---- */

/* The place of a DBGBVR, DBGBCR, DBGWVR or DBGWCR; NULL: the guest does not have as many. */
static u64 *find_register(struct vcpu *vcpu, u32 encoding, u64 *bits)
{
	struct arm64_debug *d = &vcpu->arch.debug;
	u64 dfr0 = sysreg_id(vcpu->vm, SYS_ID_AA64DFR0_EL1);
	unsigned n = encoding >> 3 & 15, kind = encoding & 7;
	struct {
		u64 *at;
		u64 bits;
	} kinds[] = { { d->bvr, BVR_BITS },
		      { d->bcr, BCR_BITS },
		      { d->wvr, WVR_BITS },
		      { d->wcr, WCR_BITS } };

	if ((encoding & ~(15u << 3 | 3u)) != SYSREG(2, 0, 0, 0, 4) ||
	    n > sysreg_field(dfr0, kind < 6 ? DFR0_BRPS : DFR0_WRPS))
		return NULL;
	*bits = kinds[kind - 4].bits;
	return &kinds[kind - 4].at[n];
}

enum sysreg_result sysreg_read_debug(struct vcpu *vcpu, u32 encoding, u64 *value)
{
	const struct arm64_debug *d = &vcpu->arch.debug;
	u64 bits;
	const u64 *at;

	switch (encoding) {
	case SYS_MDSCR_EL1:
		*value = sysreg_read(MDSCR_EL1);
		return SYSREG_DONE;
	case SYS_OSLSR_EL1:
		*value = OSLSR_OSLM | (u64)d->os_lock << OSLSR_OSLK_SHIFT;
		return SYSREG_DONE;
	case SYS_DBGCLAIMSET_EL1:
		*value = CLAIM_TAGS; /* that many there are */
		return SYSREG_DONE;
	case SYS_DBGCLAIMCLR_EL1:
		*value = d->claim;
		return SYSREG_DONE;
	}
	at = find_register(vcpu, encoding, &bits);
	if (!at)
		return SYSREG_UNDEFINED;
	*value = *at;
	return SYSREG_DONE;
}

static void write_os_lock(struct arm64_debug *d, bool locked)
{
	d->os_lock = locked;
	sysreg_write(OSLAR_EL1, locked);
}

static enum sysreg_result write_register(struct vcpu *vcpu, u32 encoding, u64 value)
{
	struct arm64_debug *d = &vcpu->arch.debug;
	u64 bits, *at = find_register(vcpu, encoding, &bits);

	if (!at)
		return SYSREG_UNDEFINED;
	*at = value & bits;
	if (!any_enabled(d))
		return SYSREG_DONE;
	d->here = true;
	load_all(d);
	trap_accesses(&vcpu->arch, false);
	return SYSREG_DONE;
}

enum sysreg_result sysreg_write_debug(struct vcpu *vcpu, u32 encoding, u64 value)
{
	struct arm64_debug *d = &vcpu->arch.debug;

	switch (encoding) {
	case SYS_MDSCR_EL1:
		sysreg_write(MDSCR_EL1, value & MDSCR_BITS);
		return SYSREG_DONE;
	case SYS_OSLAR_EL1:
		write_os_lock(d, value & 1);
		return SYSREG_DONE;
	case SYS_DBGCLAIMSET_EL1:
		d->claim |= value & CLAIM_TAGS;
		return SYSREG_DONE;
	case SYS_DBGCLAIMCLR_EL1:
		d->claim &= (u8)~value;
		return SYSREG_DONE;
	}
	return write_register(vcpu, encoding, value);
}

/* ---- lives of CPUs and vCPUs ---- */

/* After power-on the registers hold anything, and the lock is set (D24.3.21). */
void debug_cpu_init(void)
{
	clear_all();
}

void debug_reset(struct vcpu *vcpu)
{
	vcpu->arch.debug = (struct arm64_debug){ .os_lock = true };
	vcpu->arch.mdcr = (sysreg_read(MDCR_EL2) & MDCR_HPMN) | MDCR_TRAPS;
}

void sysreg_load(struct vcpu *vcpu)
{
	struct arm64_debug *d = &vcpu->arch.debug;

	sysreg_write(OSLAR_EL1, d->os_lock);
	if (unlikely(d->here))
		load_all(d);
	sysreg_write(MDCR_EL2, vcpu->arch.mdcr);
}

/* The hardware is left without any, so that a guest whose accesses trap has none. */
void sysreg_put(struct vcpu *vcpu)
{
	struct arm64_debug *d = &vcpu->arch.debug;

	if (likely(!d->here))
		return;
	save_all(d);
	clear_all();
	d->here = any_enabled(d);
	if (!d->here)
		vcpu->arch.mdcr |= MDCR_TDA;
}
