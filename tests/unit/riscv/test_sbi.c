/* SPDX-License-Identifier: MIT */
/* The firmware that a guest sees: every extension's calls, their errors, and what they do to other vCPUs. */
#include <test.h>

#include <arch/sbi_guest.h>
#include <fake_riscv.h>

#define RAM FAKE_RAM_BASE

static long call(u64 ext, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	const u64 args[6] = { a0, a1, a2, a3, a4, 0 };

	return fake_riscv_call(ext, fid, args, NULL);
}

static u64 value(void)
{
	return fake->vcpus[0]->arch.x[11];
}

static int start(void **state)
{
	(void)state;
	fake_riscv_start(3);
	fake->vcpus[0]->power = VCPU_ON;
	return fake_riscv_isa("rv64imafdch_sstc");
}

static int start_many(void **state)
{
	(void)state;
	fake_riscv_start(FAKE_VCPUS);
	return fake_riscv_isa("rv64imafdch");
}

static int stop(void **state)
{
	(void)state;
	fake_riscv_stop();
	return 0;
}

static void test_base(void **state)
{
	static const u64 there[] = { 0,          8,        0x10,       0x54494d45, 0x735049,
				     0x52464e43, 0x48534d, 0x53525354, 0x4442434e };
	static const u64 absent[] = { 9,          0xf,      0x11,  0x504d55,      0x53555350,
				      0x4e41434c, 0x535441, ~0ull, 0x100000010ull };
	u64 pc = csr_read(sepc);

	(void)state;
	assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION, 9, 9, 9, 9, 9), 0);
	assert_int_equal(value(), 0x02000000);
	assert_int_equal(csr_read(sepc), pc + 4);
	assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_IMPL_VERSION, 0, 0, 0, 0, 0), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(there); i++) {
		assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_PROBE, there[i], 0, 0, 0, 0), 0);
		assert_int_equal(value(), 1);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(absent); i++) {
		assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_PROBE, absent[i], 0, 0, 0, 0), 0);
		assert_int_equal(value(), 0);
	}
	fake->firmware_answer = (struct sbi_ret){ 0, 0x489 };
	assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_MVENDORID, 0, 0, 0, 0, 0), 0);
	assert_int_equal(value(), 0x489);
	fake->firmware_answer = (struct sbi_ret){ SBI_ERR_FAILED, 0x489 };
	assert_int_equal(call(SBI_EXT_BASE, SBI_BASE_MIMPID, 0, 0, 0, 0, 0), 0);
	assert_int_equal(value(), 0);
}

static void test_unknown(void **state)
{
	static const u64 calls[][2] = {
		{ 9, 0 },
		{ 0xf, 0 },
		{ 0x11, 0 },
		{ ~0ull, 0 },
		{ 0x504d55, 0 },
		{ 0x100000010ull, 0 },
		{ SBI_EXT_BASE, 7 },
		{ SBI_EXT_BASE, ~0ull },
		{ SBI_EXT_BASE, 1ull << 32 },
		{ SBI_EXT_TIME, 1 },
		{ SBI_EXT_TIME, 1ull << 32 },
		{ SBI_EXT_IPI, 1 },
		{ SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_GVMA_VMID },
		{ SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_VVMA },
		{ SBI_EXT_RFENCE, 7 },
		{ SBI_EXT_HSM, 4 },
		{ SBI_EXT_SRST, 1 },
		{ SBI_EXT_DBCN, 3 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++)
		assert_int_equal(call(calls[i][0], calls[i][1], 1, 0, 0, 0, 0),
				 SBI_ERR_NOT_SUPPORTED);
	assert_int_equal(fake->firmware_count + fake->fence_count + fake->exit_count, 0);
}

static void test_time_direct(void **state)
{
	(void)state;
	assert_int_equal(call(SBI_EXT_TIME, SBI_TIME_SET, 12345, 0, 0, 0, 0), 0);
	assert_int_equal(csr_read(CSR_VSTIMECMP), 12345);
	assert_int_equal(call(SBI_EXT_LEGACY_SET_TIMER, 99, 777, 5, 0, 0, 0), 0);
	assert_int_equal(csr_read(CSR_VSTIMECMP), 777);
	assert_int_equal(value(), 5); /* legacy calls write a0 only */
}

static void test_time_emulated(void **state)
{
	struct arch_vcpu *arch = &fake->vcpus[0]->arch;

	(void)state;
	riscv_timer_init(fake->vcpus[0]);
	fake->now = 1000;
	fake->vm.arch.time_delta = -(u64)400; /* the guest's time is 600 */
	assert_int_equal(call(SBI_EXT_TIME, SBI_TIME_SET, 700, 0, 0, 0, 0), 0);
	assert_int_equal(arch->timer.deadline, 1100);
	assert_int_equal(arch->pins, 0);
	fake->now = 1100;
	arch->timer.fn(&arch->timer);
	assert_int_equal(arch->pins, BIT(IRQ_VS_TIMER));
	/* Set into the future: what was pending is gone. Into the past: pending at once. */
	call(SBI_EXT_TIME, SBI_TIME_SET, 701, 0, 0, 0, 0);
	assert_int_equal(arch->pins, 0);
	call(SBI_EXT_TIME, SBI_TIME_SET, 700, 0, 0, 0, 0);
	assert_int_equal(arch->pins, BIT(IRQ_VS_TIMER));
	assert_int_equal(arch->timer.deadline, TIME_NEVER);
	/* Off, in the two ways that guests have: far beyond what host time can express. */
	call(SBI_EXT_TIME, SBI_TIME_SET, ~0ull, 0, 0, 0, 0);
	assert_int_equal(arch->pins, 0);
	assert_int_equal(arch->timer.deadline, TIME_NEVER);
	assert_int_equal(riscv_timer_deadline(fake->vcpus[0]), TIME_NEVER);
	call(SBI_EXT_TIME, SBI_TIME_SET, ~0ull - 300, 0, 0, 0, 0);
	assert_int_equal(arch->timer.deadline, TIME_NEVER);
	riscv_timer_reset(fake->vcpus[0]);
	assert_int_equal(arch->pins, 0);
}

static void test_ipi(void **state)
{
	(void)state;
	assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, 5, 0, 0, 0, 0), 0);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VS_SOFT));
	assert_int_equal(fake->vcpus[1]->requests, 0);
	assert_int_equal(fake->vcpus[2]->requests, VCPU_REQ_IRQ);
	assert_int_equal(fake->vcpus[2]->arch.pins, BIT(IRQ_VS_SOFT));
	assert_int_equal(call(SBI_EXT_LEGACY_CLEAR_IPI, 0, 0, 0, 0, 0, 0), 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
	/* All harts; a mask then means nothing. */
	assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, 0, SBI_ALL_HARTS, 0, 0, 0), 0);
	assert_int_equal(fake->vcpus[1]->arch.pins, BIT(IRQ_VS_SOFT));
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VS_SOFT));
}

static void test_ipi_invalid(void **state)
{
	static const u64 masks[][2] = { { 8, 0 }, { 9, 0 },         { 1ull << 63, 0 },
					{ 4, 1 }, { 2, 2 },         { 1, 3 },
					{ 0, 3 }, { 1, ~0ull - 1 }, { 1, 1ull << 32 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(masks); i++)
		assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, masks[i][0], masks[i][1], 0, 0, 0),
				 SBI_ERR_INVALID_PARAM);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(fake->vcpus[i]->arch.pins, 0);
	assert_int_equal(csr_read(CSR_HVIP), 0);
}

static void test_ipi_many(void **state)
{
	(void)state;
	assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, ~0ull, 66, 0, 0, 0), 0);
	for (unsigned i = 0; i < FAKE_VCPUS; i++)
		assert_int_equal(fake->vcpus[i]->arch.pins, i >= 66 ? BIT(IRQ_VS_SOFT) : 0);
	assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, ~0ull, 67, 0, 0, 0),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(call(SBI_EXT_IPI, SBI_IPI_SEND, 0, SBI_ALL_HARTS, 0, 0, 0), 0);
	for (unsigned i = 1; i < FAKE_VCPUS; i++)
		assert_int_equal(fake->vcpus[i]->arch.pins, BIT(IRQ_VS_SOFT));
}

static void test_fence_here(void **state)
{
	(void)state;
	assert_int_equal(call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 1, 0, 0, 0, 0), 0);
	assert_int_equal(fake->fence_count, 1);
	assert_int_equal(fake->fence[0].kind, FAKE_FENCE_I);
	/* Two pages, not aligned, touch three. */
	fake->fence_count = 0;
	call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 1, 0, 0x1800, 0x2000, 0);
	assert_int_equal(fake->fence_count, 3);
	assert_int_equal(fake->fence[0].va, 0x1000);
	assert_int_equal(fake->fence[2].va, 0x3000);
	fake->fence_count = 0;
	call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 1, 0, 0x1000, 0x1000, 7);
	assert_int_equal(fake->fence_count, 1);
	assert_int_equal(fake->fence[0].kind, FAKE_VVMA_PAGE_ASID);
	assert_int_equal(fake->fence[0].asid, 7);
	/* Nothing to do. */
	fake->fence_count = 0;
	assert_int_equal(call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 3, 0, 0x1000, 0, 0), 0);
	assert_int_equal(fake->fence_count, 0);
	assert_int_equal(fake->vcpus[1]->requests, 0);
}

static void test_fence_everything(void **state)
{
	static const u64 ranges[][2] = {
		{ 0, 0 }, { 0, ~0ull }, { 0x1000, ~0ull }, { 0, 65 * PAGE_SIZE }, { ~0ull - 5, 6 }
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
		fake->fence_count = 0;
		call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 1, 0, ranges[i][0], ranges[i][1], 0);
		assert_int_equal(fake->fence_count, 1);
		assert_int_equal(fake->fence[0].kind, FAKE_VVMA_ALL);
		fake->fence_count = 0;
		call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 1, 0, ranges[i][0], ranges[i][1],
		     3);
		assert_int_equal(fake->fence_count, 1);
		assert_int_equal(fake->fence[0].kind, FAKE_VVMA_ASID);
	}
	/* The last page of the address space does not wrap. */
	fake->fence_count = 0;
	call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, 1, 0, ~0xfffull, 0xfff, 0);
	assert_int_equal(fake->fence_count, 1);
	assert_int_equal(fake->fence[0].va, ~0xfffull);
}

static void test_fence_elsewhere(void **state)
{
	(void)state;
	fake->vcpus[1]->loaded_cpu = 1; /* hart 40 */
	fake->vcpus[2]->loaded_cpu = 3; /* hart 120, which needs a second mask */
	assert_int_equal(call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA_ASID, 7, 0, 0x1000, 0x2000, 9),
			 0);
	assert_int_equal(fake->firmware_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		const u64 *seen = fake->firmware[i];

		assert_int_equal(seen[0], SBI_EXT_RFENCE);
		assert_int_equal(seen[1], SBI_RFENCE_HFENCE_VVMA_ASID);
		assert_int_equal(seen[3] + (u64)__builtin_ctzll(seen[2]), i ? 120 : 40);
		assert_int_equal(seen[2] & (seen[2] - 1), 0);
		assert_int_equal(seen[4], 0x1000);
		assert_int_equal(seen[5], 0x2000);
		assert_int_equal(seen[6], 9);
	}
	assert_int_equal(fake->vcpus[1]->requests, VCPU_REQ_FENCE_VVMA);
	assert_int_equal(fake->vcpus[2]->requests, VCPU_REQ_FENCE_VVMA);
	/* One that is in no CPU is only told. */
	fake->vcpus[1]->loaded_cpu = -1;
	fake->firmware_count = 0;
	assert_int_equal(call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 2, 0, 0, 0, 0), 0);
	assert_int_equal(fake->firmware_count, 0);
	assert_int_equal(fake->vcpus[1]->requests, VCPU_REQ_FENCE_VVMA | VCPU_REQ_FENCE_I);
	assert_int_equal(call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 8, 0, 0, 0, 0),
			 SBI_ERR_INVALID_PARAM);
}

static void test_hsm_power(void **state)
{
	(void)state;
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0, 0, 0), 0);
	assert_int_equal(value(), SBI_HSM_STOPPED);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, 3, RAM, 0, 0, 0), SBI_ERR_INVALID_PARAM);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, ~0ull, RAM, 0, 0, 0),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, 1, RAM + 1, 0, 0, 0),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, 1, 0x10000000, 0, 0, 0),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(fake->vcpus[1]->power, VCPU_OFF);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, 1, RAM + 0x40, 0xabc, 0, 0), 0);
	assert_int_equal(fake->vcpus[1]->start_entry, RAM + 0x40);
	assert_int_equal(fake->vcpus[1]->start_arg, 0xabc);
	call(SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0, 0, 0);
	assert_int_equal(value(), SBI_HSM_START_PENDING);
	fake->vcpus[1]->start_pending = false;
	call(SBI_EXT_HSM, SBI_HSM_STATUS, 1, 0, 0, 0, 0);
	assert_int_equal(value(), SBI_HSM_STARTED);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_START, 1, RAM, 0, 0, 0),
			 SBI_ERR_ALREADY_AVAILABLE);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_STATUS, 3, 0, 0, 0, 0), SBI_ERR_INVALID_PARAM);
	call(SBI_EXT_HSM, SBI_HSM_STOP, 0, 0, 0, 0, 0);
	assert_int_equal(fake->vcpus[0]->power, VCPU_OFF);
}

static void test_hsm_suspend(void **state)
{
	static const u64 reserved[] = { 1,          0x0fffffff, 0x10000000,
					0x7fffffff, 0x80000001, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(reserved); i++)
		assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_SUSPEND, reserved[i], RAM, 0, 0, 0),
				 SBI_ERR_INVALID_PARAM);
	assert_int_equal(
		call(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_NON_RETENTIVE, 0, 0, 0, 0),
		SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(fake->exit_count, 0);
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_RETENTIVE, 1, 2, 0, 0),
			 0);
	assert_int_equal(fake->exit.kind, EXIT_HALT);
	call(SBI_EXT_HSM, SBI_HSM_STATUS, 0, 0, 0, 0, 0);
	assert_int_equal(value(), SBI_HSM_SUSPENDED);
	fake->vcpus[0]->waiting = false;
	call(SBI_EXT_HSM, SBI_HSM_STATUS, 0, 0, 0, 0, 0);
	assert_int_equal(value(), SBI_HSM_STARTED);
	/* Not retentive: the registers are those of a start, what is pending stays. */
	csr_write(CSR_VSATP, 8ull << 60 | 5);
	csr_write(CSR_VSSTATUS, SSTATUS_SIE | SSTATUS_FS);
	csr_write(CSR_HVIP, BIT(IRQ_VS_SOFT));
	assert_int_equal(call(SBI_EXT_HSM, SBI_HSM_SUSPEND, SBI_HSM_SUSPEND_NON_RETENTIVE,
			      RAM + 0x80, 0x99, 0, 0),
			 0); /* hart id in a0 */
	assert_int_equal(value(), 0x99);
	assert_int_equal(csr_read(sepc), RAM + 0x80);
	assert_int_equal(csr_read(CSR_VSATP), 0);
	assert_int_equal(csr_read(CSR_VSSTATUS), SSTATUS_FS);
	assert_int_equal(csr_read(CSR_HVIP), BIT(IRQ_VS_SOFT));
	assert_int_equal(fake->exit_count, 2);
}

static void test_srst(void **state)
{
	static const struct {
		u64 type, reason;
		enum exit_power power;
	} good[] = {
		{ 0, 0, EXIT_POWER_OFF },   { 0, 1, EXIT_POWER_CRASHED },
		{ 1, 0, EXIT_POWER_RESET }, { 2, 0, EXIT_POWER_RESET },
		{ 1, 1, EXIT_POWER_RESET },
	};
	static const u64 bad[][2] = {
		{ 3, 0 }, { 0, 2 }, { 0xefffffff, 0 }, { 0xf0000000, 0 }, { 0, 0xe0000000 }
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(call(SBI_EXT_SRST, SBI_SRST_RESET, bad[i][0], bad[i][1], 0, 0, 0),
				 SBI_ERR_INVALID_PARAM);
	assert_int_equal(fake->exit_count, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		call(SBI_EXT_SRST, SBI_SRST_RESET, good[i].type, good[i].reason, 0, 0, 0);
		assert_int_equal(fake->exit.kind, EXIT_POWER);
		assert_int_equal(fake->exit.power, good[i].power);
	}
	call(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0);
	assert_int_equal(fake->exit.power, EXIT_POWER_OFF);
	assert_int_equal(fake->exit_count, ARRAY_SIZE(good) + 1);
}

static void test_dbcn_write(void **state)
{
	(void)state;
	memcpy(fake->ram, "hello", 5);
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE, 5, RAM, 0, 0, 0), 0);
	assert_int_equal(value(), 5);
	assert_string_equal(fake->output, "hello");
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE_BYTE, 0x121, 0, 0, 0, 0), 0);
	assert_string_equal(fake->output, "hello!");
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE, 0, 0, 0, 0, 0), 0);
	assert_int_equal(value(), 0);
	/* No memory; another's address space; memory that ends in the middle of the second piece. */
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE, 1, 0x1000, 0, 0, 0),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE, 1, RAM, 1, 0, 0),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(fake->output_len, 6);
	assert_int_equal(
		call(SBI_EXT_DBCN, SBI_DBCN_WRITE, 200, RAM + FAKE_RAM_SIZE - 150, 0, 0, 0), 0);
	assert_int_equal(value(), 128);
	/* A call is bounded, and says how much it did. */
	fake->output_len = 0;
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_WRITE, ~0ull, RAM, 0, 0, 0), 0);
	assert_in_range(value(), 1, 4096);
	assert_int_equal(value(), fake->output_len);
}

static void test_dbcn_read(void **state)
{
	(void)state;
	fake->input = "typed";
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_READ, 3, RAM, 0, 0, 0), 0);
	assert_int_equal(value(), 3);
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_READ, 100, RAM + 3, 0, 0, 0), 0);
	assert_int_equal(value(), 2);
	assert_memory_equal(fake->ram, "typed\0", 6);
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_READ, 100, RAM, 0, 0, 0), 0);
	assert_int_equal(value(), 0);
	/* No input is lost to a bad address. */
	fake->input = "xy";
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_READ, 2, 0x10, 0, 0, 0),
			 SBI_ERR_INVALID_PARAM);
	assert_int_equal(call(SBI_EXT_DBCN, SBI_DBCN_READ, 2, RAM + FAKE_RAM_SIZE - 1, 0, 0, 0), 0);
	assert_int_equal(value(), 1);
	assert_int_equal(call(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0, 0, 0, 0), 'y');
	assert_int_equal(call(SBI_EXT_LEGACY_GETCHAR, 0, 0, 0, 0, 0, 0), -1);
	assert_int_equal(call(SBI_EXT_LEGACY_PUTCHAR, 0, 'z', 0, 0, 0, 0), 0);
	assert_string_equal(fake->output, "z");
}

static void test_legacy_masks(void **state)
{
	u64 masks[3] = { BIT(1), BIT(63), ~0ull };

	(void)state;
	memcpy(&fake->ram[0x200], masks, sizeof(masks));
	assert_int_equal(call(SBI_EXT_LEGACY_SEND_IPI, 0, RAM + 0x200, 0, 0, 0, 0), 0);
	for (unsigned i = 1; i < FAKE_VCPUS; i++)
		assert_int_equal(fake->vcpus[i]->arch.pins,
				 i == 1 || i >= 127 ? BIT(IRQ_VS_SOFT) : 0);
	assert_int_equal(call(SBI_EXT_LEGACY_SEND_IPI, 0, 0, 0, 0, 0, 0), 0); /* all */
	assert_int_equal(fake->vcpus[2]->arch.pins, BIT(IRQ_VS_SOFT));
	assert_int_equal(call(SBI_EXT_LEGACY_SEND_IPI, 0, 0x30, 0, 0, 0, 0),
			 SBI_ERR_INVALID_ADDRESS);
	assert_int_equal(call(SBI_EXT_LEGACY_SEND_IPI, 0, RAM + 1, 0, 0, 0, 0),
			 SBI_ERR_INVALID_ADDRESS);
	masks[0] = 1;
	masks[1] = masks[2] = 0;
	memcpy(&fake->ram[0x200], masks, sizeof(masks));
	assert_int_equal(call(SBI_EXT_LEGACY_SFENCE_VMA_ASID, 0, RAM + 0x200, 0x5000, 0x1000, 4, 0),
			 0);
	assert_int_equal(fake->fence_count, 1);
	assert_int_equal(fake->fence[0].kind, FAKE_VVMA_PAGE_ASID);
	assert_int_equal(fake->fence[0].va, 0x5000);
	assert_int_equal(call(SBI_EXT_LEGACY_SFENCE_VMA, 0, RAM + 0x200, 0, 0, 0, 0), 0);
	assert_int_equal(call(SBI_EXT_LEGACY_FENCE_I, 0, RAM + 0x200, 0, 0, 0, 0), 0);
	assert_int_equal(fake->fence[1].kind, FAKE_VVMA_ALL);
	assert_int_equal(fake->fence[2].kind, FAKE_FENCE_I);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TEST_MANY(name) cmocka_unit_test_setup_teardown(name, start_many, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_base),
		TEST(test_unknown),
		TEST(test_time_direct),
		TEST_MANY(test_time_emulated),
		TEST(test_ipi),
		TEST(test_ipi_invalid),
		TEST_MANY(test_ipi_many),
		TEST(test_fence_here),
		TEST(test_fence_everything),
		TEST(test_fence_elsewhere),
		TEST(test_hsm_power),
		TEST(test_hsm_suspend),
		TEST(test_srst),
		TEST(test_dbcn_write),
		TEST(test_dbcn_read),
		TEST_MANY(test_legacy_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
