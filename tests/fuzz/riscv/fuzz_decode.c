/* SPDX-License-Identifier: MIT */
/* Fuzz target: instructions as guests execute them and as hardware reports them. */
#include <stdlib.h>
#include <string.h>

#include <core/errno.h>
#include <fake_riscv.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct riscv_access *access)
{
	if (access->size != 1 && access->size != 2 && access->size != 4 && access->size != 8)
		abort();
	if ((access->length != 2 && access->length != 4) || access->reg > 31 || access->base > 31)
		abort();
	if (access->sign_extend && !access->store && access->size == 8)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct riscv_trap trap = { .cause = EXC_LOAD_GUEST_FAULT };
	struct riscv_access access;
	u64 words[3];
	int err;

	if (size < sizeof(words))
		return 0;
	memcpy(words, data, sizeof(words));
	fake_riscv_start(1);
	fake->code = (u32)words[0];
	trap.htinst = words[1];
	trap.tval = words[2];
	err = riscv_decode_trap(fake->vcpus[0], &trap, &access);
	if (err == 0)
		check(&access);
	else if (err != -ENOSYS && err != -EAGAIN)
		abort();
	/* The same instruction as a trap that has to be emulated or answered with a fault. */
	trap.cause = EXC_VIRTUAL_INST;
	trap.tval = (u32)words[2];
	if (riscv_virtual_instruction(fake->vcpus[0], &trap) == RISCV_LEAVE && !fake->exit_count)
		abort();
	fake_riscv_stop();
	return 0;
}
