/* SPDX-License-Identifier: MIT */
/* arm64: what the files sysreg*.c share: a trapped register as a row. Exit path, the vCPU is loaded here. */
#ifndef ARCH_SYSREG_ROWS_H
#define ARCH_SYSREG_ROWS_H

#include <arch/guest.h>

/* What became of an access. */
enum sysreg_result {
	SYSREG_DONE,
	SYSREG_UNDEFINED, /* this guest has no such register */
	SYSREG_AGAIN,     /* not finished: the instruction is to run, and trap, once more */
};

struct sysreg_row {
	u32 encoding;
	const char *name;
	/* NULL: there is no MRS, or no MSR, of this register. */
	enum sysreg_result (*read)(struct vcpu *vcpu, u32 encoding, u64 *value);
	enum sysreg_result (*write)(struct vcpu *vcpu, u32 encoding, u64 value);
};

extern const struct sysreg_row sysreg_rows[];
extern const unsigned sysreg_row_count;

/* Registers that have no name in arch/sysreg.h, since nobody reads or writes the CPU's own. */
enum {
	SYS_DBGCLAIMSET_EL1 = SYSREG(2, 0, 7, 8, 6),
	SYS_DBGCLAIMCLR_EL1 = SYSREG(2, 0, 7, 9, 6),
	SYS_ICC_ASGI1R_EL1 = SYSREG(3, 0, 12, 11, 6),
	SYS_ICC_SGI0R_EL1 = SYSREG(3, 0, 12, 11, 7),
};

/* sysreg.c: one access by the AArch64 encoding; *@value is what is written, or what was read. */
enum sysreg_result sysreg_access(struct vcpu *vcpu, u32 encoding, bool write, u64 *value);

/* id_regs.c: on each CPU at start */
void sysreg_id_init(void);

/* sysreg_gic.c: registers of the GIC's CPU interface, where hardware leaves them to us */
enum sysreg_result sysreg_write_sgi(struct vcpu *vcpu, u32 encoding, u64 value);
enum sysreg_result sysreg_read_sre(struct vcpu *vcpu, u32 encoding, u64 *value);
enum sysreg_result sysreg_write_sre(struct vcpu *vcpu, u32 encoding, u64 value);

/* sysreg_memory.c: registers of translation, whose writes HCR_EL2.TVM traps; maintenance by set and way */
enum sysreg_result sysreg_read_translation(struct vcpu *vcpu, u32 encoding, u64 *value);
enum sysreg_result sysreg_write_translation(struct vcpu *vcpu, u32 encoding, u64 value);
enum sysreg_result sysreg_write_set_way(struct vcpu *vcpu, u32 encoding, u64 value);

/* sysreg_debug.c: breakpoints and watchpoints of the guest */
enum sysreg_result sysreg_read_debug(struct vcpu *vcpu, u32 encoding, u64 *value);
enum sysreg_result sysreg_write_debug(struct vcpu *vcpu, u32 encoding, u64 value);
void debug_cpu_init(void);
void debug_reset(struct vcpu *vcpu);

#endif
