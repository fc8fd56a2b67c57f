/* SPDX-License-Identifier: MIT */
/* Host tests: what arch/arm64's aborts and exits ask for, and what they did. */
#ifndef TESTS_FAKE_FAULT_H
#define TESTS_FAKE_FAULT_H

#include <core/addr.h>

#define FAKE_DEVICE 0x09000000ull
#define FAKE_DEVICE_SIZE 0x2000ull
#define FAKE_ACCESSES 16
#define FAKE_CLEANED 64

struct fake_access {
	u64 addr;
	u64 value;
	unsigned size;
	bool store;
};

struct fake_fault {
	u64 par; /* what AT answers; ~0: the same address, normal memory */
	unsigned at_count;
	bool at_el0;       /* the last one */
	unsigned ram_attr; /* of all RAM in stage 2: PT_* */
	unsigned flush_count;

	u64 data;      /* what the device reads as */
	int elsewhere; /* answer outside of the device; 0: -EFAULT */
	struct fake_access accesses[FAKE_ACCESSES];
	unsigned access_count;

	unsigned traced_exit, traced_enters;
	unsigned sync_count;
	u32 served; /* requests that arm64_serve_requests() found */
	unsigned interrupt_count, spin_count, log_count;
	void (*on_interrupt)(void);
	struct hpa_range cleaned[FAKE_CLEANED];
	unsigned cleaned_count;
};

extern struct fake_fault fake_fault;
/* After fake_arm64_start(). */
void fake_fault_start(void);

#endif
