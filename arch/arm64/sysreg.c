/* SPDX-License-Identifier: MIT */
/* System registers that trap: one row each; what has no row is undefined for guests. */
#include <arch/sysreg_rows.h>
#include <core/vm.h>
#include <emulators/gic.h>

/* ---- reads and writes that several rows share ---- */

static enum sysreg_result read_zero(struct vcpu *vcpu, u32 encoding, u64 *value)
{
	(void)vcpu;
	(void)encoding;
	*value = 0;
	return SYSREG_DONE;
}

static enum sysreg_result ignore_write(struct vcpu *vcpu, u32 encoding, u64 value)
{
	(void)vcpu;
	(void)encoding;
	(void)value;
	return SYSREG_DONE;
}

static enum sysreg_result read_timer(struct vcpu *vcpu, u32 encoding, u64 *value)
{
	*value = guest_timer_read(vcpu, encoding);
	return SYSREG_DONE;
}

static enum sysreg_result write_timer(struct vcpu *vcpu, u32 encoding, u64 value)
{
	guest_timer_write(vcpu, encoding, value);
	return SYSREG_DONE;
}

/* ---- the rows ---- */

#define ROW(name, read, write)                 \
	{                                      \
		SYS_##name, #name, read, write \
	}
#define ROW_AT(encoding, name, read, write) \
	{                                   \
		encoding, name, read, write \
	}
#define DEBUG(name) ROW(name, sysreg_read_debug, sysreg_write_debug)
#define TRANSLATION(name) ROW(name, sysreg_read_translation, sysreg_write_translation)
#define DEBUG_PAIR(n)                                                           \
	DEBUG(DBGBVR##n##_EL1), DEBUG(DBGBCR##n##_EL1), DEBUG(DBGWVR##n##_EL1), \
		DEBUG(DBGWCR##n##_EL1)

/*
 * Sorted by encoding. Not here, and so undefined, are groups that the ID registers say are absent: PMU, trace, SPE,
 * trace buffers, activity monitors, RAS records, limited ordering, MPAM, MTE, SCXTNUM without CSV2_2; and what is
 * implementation defined, which no unmodified guest at EL1 relies on.
 */
/* clang-format off */
const struct sysreg_row sysreg_rows[] = {
	ROW_AT(SYSREG(1, 0, 7, 6, 2), "DC ISW", NULL, sysreg_write_set_way),
	ROW_AT(SYSREG(1, 0, 7, 10, 2), "DC CSW", NULL, sysreg_write_set_way),
	ROW_AT(SYSREG(1, 0, 7, 14, 2), "DC CISW", NULL, sysreg_write_set_way),
	/* self-hosted debug; the channel to an external debugger is one where nobody listens */
	ROW_AT(SYSREG(2, 0, 0, 0, 2), "OSDTRRX_EL1", read_zero, ignore_write),
	DEBUG_PAIR(0),
	DEBUG_PAIR(1),
	ROW_AT(SYSREG(2, 0, 0, 2, 0), "MDCCINT_EL1", read_zero, ignore_write),
	DEBUG(MDSCR_EL1),
	DEBUG_PAIR(2),
	ROW_AT(SYSREG(2, 0, 0, 3, 2), "OSDTRTX_EL1", read_zero, ignore_write),
	DEBUG_PAIR(3),
	DEBUG_PAIR(4),
	DEBUG_PAIR(5),
	ROW_AT(SYSREG(2, 0, 0, 6, 2), "OSECCR_EL1", read_zero, ignore_write),
	DEBUG_PAIR(6),
	DEBUG_PAIR(7),
	DEBUG_PAIR(8),
	DEBUG_PAIR(9),
	DEBUG_PAIR(10),
	DEBUG_PAIR(11),
	DEBUG_PAIR(12),
	DEBUG_PAIR(13),
	DEBUG_PAIR(14),
	DEBUG_PAIR(15),
	ROW_AT(SYSREG(2, 0, 1, 0, 0), "MDRAR_EL1", read_zero, NULL),
	ROW(OSLAR_EL1, NULL, sysreg_write_debug),
	ROW(OSLSR_EL1, sysreg_read_debug, NULL),
	ROW(OSDLR_EL1, read_zero, ignore_write), /* FEAT_DoubleLock is absent */
	ROW_AT(SYSREG(2, 0, 1, 4, 4), "DBGPRCR_EL1", read_zero, ignore_write),
	DEBUG(DBGCLAIMSET_EL1),
	DEBUG(DBGCLAIMCLR_EL1),
	ROW_AT(SYSREG(2, 0, 7, 14, 6), "DBGAUTHSTATUS_EL1", read_zero, NULL),
	ROW_AT(SYSREG(2, 3, 0, 1, 0), "MDCCSR_EL0", read_zero, NULL),
	ROW_AT(SYSREG(2, 3, 0, 4, 0), "DBGDTR_EL0", read_zero, ignore_write),
	ROW_AT(SYSREG(2, 3, 0, 5, 0), "DBGDTRRX_EL0", read_zero, ignore_write), /* write: DBGDTRTX */
	/* translation and caches */
	TRANSLATION(SCTLR_EL1),
	ROW(ACTLR_EL1, read_zero, ignore_write), /* trapped by TACR: what the CPU has there is the host's */
	TRANSLATION(TTBR0_EL1),
	TRANSLATION(TTBR1_EL1),
	TRANSLATION(TCR_EL1),
	TRANSLATION(TCR2_EL1),
	TRANSLATION(AFSR0_EL1),
	TRANSLATION(AFSR1_EL1),
	TRANSLATION(ESR_EL1),
	TRANSLATION(FAR_EL1),
	TRANSLATION(MAIR_EL1),
	TRANSLATION(PIRE0_EL1),
	TRANSLATION(PIR_EL1),
	TRANSLATION(AMAIR_EL1),
	/* interrupts */
	ROW(ICC_SGI1R_EL1, NULL, sysreg_write_sgi),
	ROW(ICC_ASGI1R_EL1, NULL, sysreg_write_sgi),
	ROW(ICC_SGI0R_EL1, NULL, sysreg_write_sgi),
	ROW(ICC_SRE_EL1, sysreg_read_sre, sysreg_write_sre),
	TRANSLATION(CONTEXTIDR_EL1),
	/* timers */
	ROW(CNTPCT_EL0, read_timer, NULL),
	ROW(CNTP_TVAL_EL0, read_timer, write_timer),
	ROW(CNTP_CTL_EL0, read_timer, write_timer),
	ROW(CNTP_CVAL_EL0, read_timer, write_timer),
	/* AArch32's, which have names for EL2 only */
	TRANSLATION(DACR32_EL2),
	TRANSLATION(IFSR32_EL2),
};
/* clang-format on */
const unsigned sysreg_row_count = ARRAY_SIZE(sysreg_rows);

static const struct sysreg_row *find_row(u32 encoding)
{
	unsigned low = 0, high = ARRAY_SIZE(sysreg_rows);

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (sysreg_rows[middle].encoding == encoding)
			return &sysreg_rows[middle];
		if (sysreg_rows[middle].encoding < encoding)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* ---- accesses ---- */

/* The ID space is read-only as a whole; an MSR is undefined at EL1 before it could trap. */
static bool is_id(u32 encoding)
{
	return encoding >= SYSREG(3, 0, 0, 1, 0) && encoding <= SYSREG(3, 0, 0, 7, 7);
}

enum sysreg_result sysreg_access(struct vcpu *vcpu, u32 encoding, bool write, u64 *value)
{
	const struct sysreg_row *row;

	if (is_id(encoding) && !write) {
		*value = sysreg_id(vcpu->vm, encoding);
		return SYSREG_DONE;
	}
	row = find_row(encoding);
	if (!row || (write ? !row->write : !row->read))
		return SYSREG_UNDEFINED;
	return write ? row->write(vcpu, encoding, *value) : row->read(vcpu, encoding, value);
}

/*
 *    24  22 21 20 19  17 16  14 13   10 9  5 4    1 0
 *   |  0   | Op0 |  Op2 |  Op1 |  CRn  | Rt | CRm  |dir|   ISS of EC 0x18 (D24.2.40); dir 1: MRS
 */
#define ISS_READ BIT(0)
#define ISS_RT_SHIFT 5
#define ISS_RT (31u << ISS_RT_SHIFT)
#define ISS_SGI1R (3u << 20 | 5u << 17 | 12u << 10 | 11u << 1) /* MSR ICC_SGI1R_EL1 */

static u32 encoding_of(u64 iss)
{
	return SYSREG((u32)(iss >> 20 & 3), (u32)(iss >> 14 & 7), (u32)(iss >> 10 & 15),
		      (u32)(iss >> 1 & 15), (u32)(iss >> 17 & 7));
}

static bool trap_other(struct vcpu *vcpu, u64 esr)
{
	unsigned rt = esr >> ISS_RT_SHIFT & 31;
	bool write = !(esr & ISS_READ);
	u64 value = write && rt != 31 ? vcpu->arch.x[rt] : 0;
	enum sysreg_result result = sysreg_access(vcpu, encoding_of(esr), write, &value);

	if (result == SYSREG_DONE) {
		if (!write && rt != 31)
			vcpu->arch.x[rt] = value;
		arm64_advance(esr);
	}
	return result != SYSREG_UNDEFINED;
}

bool sysreg_trap(struct vcpu *vcpu, u64 esr)
{
	unsigned rt = esr >> ISS_RT_SHIFT & 31;

	/* One vCPU interrupts another: the only access that is frequent. */
	if (unlikely((esr & ESR_ISS_MASK & ~(u64)ISS_RT) != ISS_SGI1R))
		return trap_other(vcpu, esr);
	if (sysreg_write_sgi(vcpu, SYS_ICC_SGI1R_EL1, rt == 31 ? 0 : vcpu->arch.x[rt]))
		return false;
	arm64_advance(esr);
	return true;
}

/* ---- lives of CPUs and vCPUs ---- */

void sysreg_cpu_init(void)
{
	sysreg_id_init();
	debug_cpu_init();
	smccc_cpu_init();
	if (this_cpu()->id == 0)
		trng_init();
}

void sysreg_reset(struct vcpu *vcpu)
{
	vcpu->arch.suspended = false;
	vcpu->arch.resuming = false;
	__atomic_fetch_and(&vcpu->requests, ~(u32)VCPU_REQ_RESUME, __ATOMIC_SEQ_CST);
	debug_reset(vcpu);
}
