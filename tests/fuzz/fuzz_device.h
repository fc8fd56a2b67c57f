/* SPDX-License-Identifier: MIT */
/* The driver loop of targets that fuzz an emulated device: operations of 4 bytes each, on a device in a fake VM. */
#ifndef TESTS_FUZZ_DEVICE_H
#define TESTS_FUZZ_DEVICE_H

#include <fake.h>
#include <fake_vm.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_OP_SIZE 4

static struct fake_vm f;

static inline void must(bool condition)
{
	if (!condition)
		abort();
}

/* What a target provides. The first operation, of zeros if there is none, may say which device is meant. */
static void fuzz_begin(const u8 *first); /* the VM is made when it is called first */
static void fuzz_step(const u8 *op);
static void fuzz_end(void); /* the device has to be able to come to rest */

/* An access of 1 to 8 bytes, of which bit 2 of @how tells the direction and bits 1:0 the size; bus errors come back. */
static inline int fuzz_access(u64 addr, u8 how, u64 data, u64 *value)
{
	unsigned size = 1u << (how & 3);

	*value = 0;
	if (how & 4)
		return bus_write(&f.vm.mmio, addr, size, data, NULL);
	return bus_read(&f.vm.mmio, addr, size, value, NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 none[FUZZ_OP_SIZE];

	fuzz_begin(size >= FUZZ_OP_SIZE ? data : none);
	for (; size >= FUZZ_OP_SIZE; data += FUZZ_OP_SIZE, size -= FUZZ_OP_SIZE)
		fuzz_step(data);
	fuzz_end();
	return 0;
}

#endif
