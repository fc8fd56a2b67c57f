/* SPDX-License-Identifier: MIT */
/* Host tests: a machine for the parts of arch/arm64 that decide something, and what they did to it. */
#ifndef TESTS_FAKE_ARM64_H
#define TESTS_FAKE_ARM64_H

#include <arch/guest.h>
#include <arch/host.h>
#include <core/vm.h>

#define FAKE_CPUS 4
#define FAKE_VCPUS 40
#define FAKE_RAM_BASE 0x40000000ull
#define FAKE_RAM_SIZE 0x20000ull
#define FAKE_CALLS 64
#define FAKE_HOST_PPI 27
#define FAKE_PHYSICAL_PPI 30
#define FAKE_VIRTUAL_PPI 27

/* One call of arm64_firmware_call() and what it shall answer. */
struct fake_firmware {
	u64 function;
	u64 argument; /* ~0: any */
	struct smccc_result answer;
};

struct fake_arm64 {
	struct vm vm;
	struct vcpu *vcpus[FAKE_VCPUS];
	struct cpu cpu[FAKE_CPUS];
	u8 ram[FAKE_RAM_SIZE];
	u64 now;           /* host ticks, CNTPCT_EL0 */
	bool offset_works; /* CNTPOFF_EL2, as EL3 has it */

	/* The firmware: answers by the first row that fits, else NOT_SUPPORTED; what was called, by which CPU. */
	bool has_psci;
	const struct fake_firmware *firmware; /* ends with function 0 */
	u64 called[FAKE_CALLS][4];
	unsigned call_count;

	/* The virtual GIC and the host's. */
	unsigned gic_version;
	struct {
		unsigned from;
		u64 value;
		unsigned group;
	} sgi;
	unsigned sgi_count;
	bool ppi[FAKE_VCPUS][32]; /* level */
	unsigned ppi_rises[FAKE_VCPUS][32];
	u32 forwarded;               /* by gic_forward_ppi(): host INTID of the virtual timer */
	bool host_active[FAKE_CPUS]; /* FAKE_HOST_PPI */
	unsigned host_reads;         /* of the state above */
	u32 host_forwarded;          /* by the driver's forward_ppi() */
	u32 requested_irq;
	void (*irq_handler)(void *ctx);

	/* trng_rndrrs(): how often it fails before it succeeds, and what comes next. */
	unsigned random_failures;
	unsigned random_left; /* not 0: that many words less one, then never again */
	u64 random;

	unsigned set_way_count;
	unsigned unfinished; /* cache_*() calls that answer "again" */
	struct vcpu_exit exit;
	unsigned exit_count;
};

extern struct fake_arm64 *fake;

/* A fresh machine: @vcpus vCPUs, number 0 loaded and running on CPU 0 in EL1. */
void fake_arm64_start(unsigned vcpus);
void fake_arm64_stop(void);
/* The test plays this CPU from now on. */
void fake_arm64_use_cpu(unsigned cpu);
/* The guest makes a call on vCPU 0; x0 comes back. */
long fake_arm64_call(u64 function, u64 a1, u64 a2, u64 a3);
/* ESR_EL2 of MRS (@read) or MSR of a register by SYSREG() and general register @rt. */
u64 fake_arm64_sys_esr(u32 encoding, bool read, unsigned rt);

#endif
