/* SPDX-License-Identifier: MIT */
/* Fuzz target: sequences of SBI calls with any arguments, and memory that holds anything. */
#include <stdlib.h>
#include <string.h>

#include <fake_riscv.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VCPUS 70
#define CALLS_MAX 32

struct call {
	u8 ext;
	u8 fid;
	u8 kinds[5]; /* of the arguments: 2 bits say where in memory or how large, the rest is a small number */
	u8 bits;
};

static const u64 extensions[] = {
	0,
	1,
	2,
	3,
	4,
	5,
	6,
	7,
	8,
	SBI_EXT_BASE,
	SBI_EXT_TIME,
	SBI_EXT_IPI,
	SBI_EXT_RFENCE,
	SBI_EXT_HSM,
	SBI_EXT_SRST,
	SBI_EXT_DBCN,
	0x504d55,
	~0ull,
};

static u64 argument(u8 kind)
{
	u64 low = kind & 63;

	switch (kind >> 6) {
	case 1:
		return FAKE_RAM_BASE + low * 8;
	case 2:
		return FAKE_RAM_BASE + FAKE_RAM_SIZE - low;
	case 3:
		return low & 32 ? ~0ull - (low & 31) : 1ull << (2 * (low & 31));
	}
	return low;
}

static void check(long error)
{
	if (error < SBI_ERR_NO_SHMEM && error != -1)
		abort();
	if (fake->vcpus[0]->requests &
	    ~(u32)(VCPU_REQ_IRQ | VCPU_REQ_FENCE_I | VCPU_REQ_FENCE_VVMA))
		abort();
	for (unsigned i = 0; i < MIN(fake->firmware_count, (unsigned)FAKE_CALLS); i++)
		if (fake->firmware[i][0] != SBI_EXT_RFENCE && fake->firmware[i][0] != SBI_EXT_BASE)
			abort(); /* nothing else of a guest may reach the firmware */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct call call;

	fake_riscv_start(VCPUS);
	if (fake_riscv_isa(size & 1 ? "rv64imafdch_sstc" : "rv64imafdch"))
		abort();
	riscv_timer_init(fake->vcpus[0]);
	for (unsigned i = 1; i < VCPUS; i++)
		fake->vcpus[i]->loaded_cpu = (s32)(i % 5) - 1;
	memcpy(fake->ram, data, MIN(size, sizeof(fake->ram)));
	fake->input = "input";
	for (unsigned i = 0; i < CALLS_MAX && size >= sizeof(call); i++) {
		u64 args[6] = { 0 };
		u64 value;

		memcpy(&call, data, sizeof(call));
		data += sizeof(call);
		size -= sizeof(call);
		for (unsigned k = 0; k < 5; k++)
			args[k] = argument(call.kinds[k]);
		check(fake_riscv_call(extensions[call.ext % ARRAY_SIZE(extensions)], call.fid % 10,
				      args, &value));
	}
	fake_riscv_stop();
	return 0;
}
