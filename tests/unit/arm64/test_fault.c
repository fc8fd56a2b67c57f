/* SPDX-License-Identifier: MIT */
/* Second-stage aborts: accesses that ESR_EL2 describes and that it does not, and what is answered with a fault. */
#include <test.h>

#include <core/errno.h>
#include <core/pgtable.h>
#include <fake_arm64.h>
#include <fake_fault.h>

#define PC (FAKE_RAM_BASE + 0x100)
#define VECTORS 0x80000ull
#define VA 0xffff000000000000ull /* where the guest has mapped the device */
#define REG 0x128ull
#define ABORTED (VECTORS + 0x200)

static struct vcpu *vcpu;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	fake_fault_start();
	vcpu = fake->vcpus[0];
	for (unsigned i = 0; i < 31; i++)
		vcpu->arch.x[i] = 0x1111111111111111ull * (i % 15 + 1);
	sysreg_write(ELR_EL2, PC);
	sysreg_write(VBAR_EL1, VECTORS);
	sysreg_write(PAR_EL1, 0x5a5a);
	return 0;
}

/* PAR_EL1 is the guest's, whatever was looked up. */
static int stop(void **state)
{
	(void)state;
	assert_int_equal(sysreg_read(PAR_EL1), 0x5a5a);
	fake_arm64_stop();
	return 0;
}

static struct arm64_trap trap_at(u64 iss, u64 offset)
{
	return (struct arm64_trap){
		.esr = (u64)ESR_EC_DABT_LOW << ESR_EC_SHIFT | ESR_IL | FSC_TRANSLATION | 3 | iss,
		.far = VA + offset,
		.hpfar = (FAKE_DEVICE + offset) >> 12 << 4,
	};
}

static void set_code(u32 insn)
{
	memcpy(&fake->ram[PC - FAKE_RAM_BASE], &insn, sizeof(insn));
}

/* The CPU says what it is: log2 of the size, register, and more of ISS. */
static void described(unsigned log, unsigned reg, u64 more)
{
	struct arm64_trap trap = trap_at(
		ISS_ISV | (u64)log << ISS_SAS_SHIFT | (u64)reg << ISS_SRT_SHIFT | more, REG);

	sysreg_write(ELR_EL2, PC);
	assert_int_equal(arm64_data_abort(vcpu, &trap), ARM64_RESUME);
}

/* The CPU says nothing; the guest executes @insn, and x1 or SP is the device's address. */
static void fetched(u32 insn, u64 offset, u64 more)
{
	struct arm64_trap trap = trap_at(more, offset);

	set_code(insn);
	sysreg_write(ELR_EL2, PC);
	fake_fault.par = (PC & ~PAGE_MASK) | 0xfull << 60;
	assert_int_equal(arm64_data_abort(vcpu, &trap), ARM64_RESUME);
}

static void assert_access(unsigned n, bool store, unsigned size, u64 addr, u64 value)
{
	const struct fake_access *a = &fake_fault.accesses[n];

	assert_true(n < fake_fault.access_count);
	assert_int_equal(a->store, store);
	assert_int_equal(a->size, size);
	assert_int_equal(a->addr, addr);
	assert_int_equal(a->value, value);
}

static void assert_done(void)
{
	assert_int_equal(sysreg_read(ELR_EL2), PC + 4);
}

static void assert_aborted(u64 fsc, u64 more)
{
	assert_int_equal(sysreg_read(ELR_EL2), ABORTED);
	assert_int_equal(sysreg_read(ESR_EL1), 0x96000000 | fsc | more);
	assert_int_equal(fake_fault.access_count, 0);
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
}

/* ---- described by the CPU ---- */

static void test_loads(void **state)
{
	static const struct {
		u8 log;
		u64 more, expected;
	} rows[] = {
		{ 0, 0, 0x88 },
		{ 0, ISS_SSE, 0xffffff88 },
		{ 0, ISS_SSE | ISS_SF, 0xffffffffffffff88 },
		{ 1, 0, 0x9988 },
		{ 1, ISS_SSE, 0xffff9988 },
		{ 1, ISS_SSE | ISS_SF, 0xffffffffffff9988 },
		{ 2, 0, 0xbbaa9988 },
		{ 2, ISS_SSE | ISS_SF, 0xffffffffbbaa9988 },
		{ 3, ISS_SF, 0xffeeddccbbaa9988 },
	};

	(void)state;
	fake_fault.data = 0xffeeddccbbaa9988;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		described(rows[i].log, 5, rows[i].more);
		assert_done();
		assert_int_equal(vcpu->arch.x[5], rows[i].expected);
		assert_access(i, false, 1u << rows[i].log, FAKE_DEVICE + REG,
			      fake_fault.data & (~0ull >> (64 - 8 * (1u << rows[i].log))));
	}
	described(2, 31, 0); /* to nowhere */
	assert_done();
	assert_int_equal(fake_fault.at_count, 0);
}

static void test_stores(void **state)
{
	(void)state;
	described(2, 3, ISS_WNR);
	assert_done();
	assert_access(0, true, 4, FAKE_DEVICE + REG, 0x44444444);
	described(3, 31, ISS_WNR | ISS_SF);
	assert_access(1, true, 8, FAKE_DEVICE + REG, 0);
	described(0, 30, ISS_WNR);
	assert_access(2, true, 1, FAKE_DEVICE + REG, 0x11);
}

/* EL0 by E0E, EL1 by EE, AArch32 by its own bit. */
static void test_big_endian(void **state)
{
	static const struct {
		u64 sctlr, spsr;
		bool big;
	} rows[] = {
		{ SCTLR_EE, PSTATE_EL1H, true },  { SCTLR_E0E, PSTATE_EL1H, false },
		{ SCTLR_EE, PSTATE_EL0T, false }, { SCTLR_E0E, PSTATE_EL0T, true },
		{ 0, 0x10 | PSTATE_E, true },     { SCTLR_EE | SCTLR_E0E, 0x10, false },
	};

	(void)state;
	fake_fault.data = 0x44332211;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sysreg_write(SCTLR_EL1, rows[i].sctlr);
		sysreg_write(SPSR_EL2, rows[i].spsr);
		described(2, 5, 0);
		assert_done();
		assert_int_equal(vcpu->arch.x[5], rows[i].big ? 0x11223344 : 0x44332211);
		described(1, 2, ISS_WNR);
		assert_access(2 * i + 1, true, 2, FAKE_DEVICE + REG, 0x3333);
		vcpu->arch.x[6] = 0x1234;
		described(1, 6, ISS_WNR);
		fake_fault.access_count--;
		assert_int_equal(fake_fault.accesses[2 * i + 2].value,
				 rows[i].big ? 0x3412 : 0x1234);
	}
	/* A load of AArch32 has 2 or 4 bytes. */
	sysreg_write(SPSR_EL2, 0x10 | PSTATE_T);
	sysreg_write(ELR_EL2, PC);
	struct arm64_trap trap = trap_at(ISS_ISV, REG);
	trap.esr &= ~(u64)ESR_IL;
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC + 2);
}

/* ---- not described ---- */

static void test_pairs(void **state)
{
	(void)state;
	vcpu->arch.x[1] = VA + REG;
	fetched(0xa9001022, REG, ISS_WNR); /* stp x2, x4, [x1] */
	assert_done();
	assert_access(0, true, 8, FAKE_DEVICE + REG, 0x3333333333333333);
	assert_access(1, true, 8, FAKE_DEVICE + REG + 8, 0x5555555555555555);
	fake_fault.data = 0x80000001;
	fetched(0x69401022, REG, 0); /* ldpsw x2, x4, [x1] */
	assert_done();
	assert_int_equal(vcpu->arch.x[2], 0xffffffff80000001);
	assert_int_equal(vcpu->arch.x[4], 0xffffffff80000001);
	assert_access(3, false, 4, FAKE_DEVICE + REG + 4, 0x80000001);
	assert_int_equal(vcpu->arch.x[1], VA + REG);
}

static void test_writeback(void **state)
{
	(void)state;
	vcpu->arch.x[1] = VA + REG;
	fake_fault.data = 0x77;
	fetched(0xb8404420, REG, 0); /* ldr w0, [x1], #4 */
	assert_done();
	assert_int_equal(vcpu->arch.x[0], 0x77);
	assert_int_equal(vcpu->arch.x[1], VA + REG + 4);
	fetched(0xb81fcc22, REG, ISS_WNR); /* str w2, [x1, #-4]! */
	assert_access(1, true, 4, FAKE_DEVICE + REG, 0x33333333);
	assert_int_equal(vcpu->arch.x[1], VA + REG);
	/* By the stack pointer of EL1, then of EL0. */
	sysreg_write(SP_EL1, VA + REG);
	fetched(0xf8008fe2, REG + 8, ISS_WNR); /* str x2, [sp, #8]! */
	assert_done();
	assert_int_equal(sysreg_read(SP_EL1), VA + REG + 8);
	sysreg_write(SPSR_EL2, PSTATE_EL0T);
	sysreg_write(SP_EL0, VA + REG);
	fetched(0xf84087e2, REG, 0); /* ldr x2, [sp], #8 */
	assert_done();
	assert_true(fake_fault.at_el0);
	assert_int_equal(sysreg_read(SP_EL0), VA + REG + 8);
	sysreg_write(SPSR_EL2, PSTATE_EL1T);
	fetched(0xf84087e2, REG + 8, 0);
	assert_int_equal(sysreg_read(SP_EL0), VA + REG + 16);
}

static void test_other_addresses(void **state)
{
	(void)state;
	/* ldr w0, [x1, w2, sxtw #2] */
	vcpu->arch.x[1] = VA + REG + 4;
	vcpu->arch.x[2] = 0x5555555500000000ull | (u32)-1;
	fetched(0xb862d820, REG, 0);
	assert_done();
	/* ldr x0, [x1, x2, lsl #3] */
	vcpu->arch.x[1] = VA;
	vcpu->arch.x[2] = REG / 8;
	fetched(0xf8627820, REG, 0);
	assert_done();
	/* A tag in the address is no part of it. */
	vcpu->arch.x[1] = (VA | REG) ^ 0x5aull << 56;
	fetched(0xb9400020, REG, 0); /* ldr w0, [x1] */
	assert_done();
	assert_int_equal(fake_fault.access_count, 3);
}

static void test_not_emulated(void **state)
{
	static const u32 insns[] = {
		0xc85f7c20, /* ldxr x0, [x1] */
		0xf8220020, /* ldadd x2, x0, [x1] */
		0x3dc00020, /* ldr q0, [x1] */
		0xad400420, /* ldp q0, q1, [x1] */
		0xf9400021, /* ldr x1, [x1]: fine, see below */
		0xf8408421, /* ldr x1, [x1], #8 */
		0x00000000,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		vcpu->arch.x[1] = VA + REG;
		fetched(insns[i], REG, ISS_WNR);
		if (insns[i] != 0xf9400021) {
			assert_aborted(FSC_EXTERNAL, ISS_WNR);
			assert_int_equal(sysreg_read(FAR_EL1), VA + REG);
		} else {
			assert_done();
			fake_fault.access_count = 0;
		}
	}
	/* AArch32's are not decoded. */
	sysreg_write(SPSR_EL2, 0x10);
	fetched(0xe5910000, REG, 0);
	assert_int_equal(sysreg_read(ELR_EL2), VECTORS + 0x600);
}

/* The same instructions on memory, which has been mapped meanwhile. */
static void test_memory(void **state)
{
	struct arm64_trap trap = trap_at(ISS_WNR, 0);

	(void)state;
	set_code(0xc85f7c20); /* ldxr x0, [x1] */
	trap.hpfar = FAKE_RAM_BASE >> 12 << 4;
	fake_fault.ram_attr = PT_READ | PT_WRITE;
	fake_fault.par = (PC & ~PAGE_MASK) | 0xfull << 60;
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	fake_fault.ram_attr = PT_READ;
	arm64_data_abort(vcpu, &trap);
	assert_aborted(FSC_EXTERNAL, ISS_WNR);
	/* What core says about one that it knows. */
	fake_fault.elsewhere = -EAGAIN;
	trap = trap_at(ISS_ISV, 0x100028);
	sysreg_write(ELR_EL2, PC);
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	fake_fault.elsewhere = -EFAULT;
	arm64_data_abort(vcpu, &trap);
	assert_aborted(FSC_EXTERNAL, 0);
}

/* The code is gone by the time that it is read: it faults by itself. */
static void test_gone(void **state)
{
	struct arm64_trap trap = trap_at(0, REG);

	(void)state;
	fake_fault.par = 1;
	sysreg_write(SCTLR_EL1, 1);
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	/* Only executable: the walk in software finds it. */
	sysreg_write(SCTLR_EL1, 0);
	set_code(0xb9400020); /* ldr w0, [x1] */
	vcpu->arch.x[1] = VA + REG;
	arm64_data_abort(vcpu, &trap);
	assert_done();
}

/* ---- over the edge of a page ---- */

static void test_edges(void **state)
{
	(void)state;
	/* At the start of a page: did it begin there? */
	vcpu->arch.x[1] = VA;
	set_code(0xb9400020); /* ldr w0, [x1] */
	fake_fault.par = (PC & ~PAGE_MASK) | 0xfull << 60;
	struct arm64_trap trap = trap_at(ISS_ISV | 2u << ISS_SAS_SHIFT, 0);
	arm64_data_abort(vcpu, &trap);
	assert_done();
	assert_int_equal(fake_fault.access_count, 1);
	fake_fault.access_count = 0;
	vcpu->arch.x[1] = VA - 2;
	sysreg_write(ELR_EL2, PC);
	arm64_data_abort(vcpu, &trap);
	assert_aborted(FSC_EXTERNAL, 0);
	/* The end of one, although the device goes on. */
	vcpu->arch.x[1] = VA + 0xff8;
	fetched(0xa9001022, 0xff8, ISS_WNR); /* stp x2, x4, [x1] */
	assert_aborted(FSC_EXTERNAL, ISS_WNR);
	/* The second half of a pair that began in the page before. */
	vcpu->arch.x[1] = VA + 0xff8;
	fetched(0xa9001022, 0x1000, ISS_WNR);
	assert_aborted(FSC_EXTERNAL, ISS_WNR);
}

static void test_begins_at(void **state)
{
	(void)state;
	fake_fault.par = FAKE_DEVICE; /* Device memory has no unaligned accesses */
	assert_true(arm64_begins_at(VA, 4));
	fake_fault.par = FAKE_DEVICE | 0xfull << 60;
	assert_false(arm64_begins_at(VA, 4));
	assert_true(arm64_begins_at(VA, 1));
	fake_fault.par = 1;
	assert_false(arm64_begins_at(VA, 4));
	assert_false(arm64_begins_at(VA + 0xffe, 4));
	assert_true(arm64_is_in_one_page(VA + 1, 4));
	assert_true(arm64_is_in_one_page(VA + 0xffc, 4));
	assert_false(arm64_is_in_one_page(VA + 0xffd, 4));
	assert_false(arm64_is_in_one_page(VA, 4));
}

/* ---- other kinds ---- */

static void test_cache_maintenance(void **state)
{
	struct arm64_trap trap = trap_at(ISS_CM | ISS_WNR, REG);

	(void)state;
	arm64_data_abort(vcpu, &trap);
	assert_done();
	assert_int_equal(fake_fault.access_count, 0);
}

/* HPFAR_EL2 says nothing of a permission fault. */
static void test_permission(void **state)
{
	struct arm64_trap trap = trap_at(ISS_ISV | ISS_WNR | 2u << ISS_SAS_SHIFT, REG);

	(void)state;
	trap.esr = (trap.esr & ~(u64)ISS_FSC) | FSC_PERMISSION | 3;
	trap.hpfar = 0x12340;
	fake_fault.par = FAKE_DEVICE | 0xfull << 60;
	arm64_data_abort(vcpu, &trap);
	assert_done();
	assert_access(0, true, 4, FAKE_DEVICE + REG, 0x11111111);
	fake_fault.par = 1;
	sysreg_write(SCTLR_EL1, 1);
	sysreg_write(ELR_EL2, PC);
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
}

static void test_walks(void **state)
{
	struct arm64_trap trap = trap_at(ISS_S1PTW, REG);

	(void)state;
	sysreg_write(SCTLR_EL1, 1);
	sysreg_write(TCR_EL1, 16 | 16 << 16 | 2u << 30);
	sysreg_write(TTBR1_EL1, FAKE_DEVICE);
	arm64_data_abort(vcpu, &trap);
	assert_aborted(FSC_EXTERNAL_WALK | 0, 0);
	trap.esr = (trap.esr & ~(0x3full << ESR_EC_SHIFT)) | (u64)ESR_EC_IABT_LOW << ESR_EC_SHIFT;
	sysreg_write(ELR_EL2, PC);
	arm64_fetch_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ESR_EL1), 0x86000014);
	/* Tables in memory that is mapped by now; and in ROM, where the CPU wants to note an access. */
	trap = trap_at(ISS_S1PTW, REG);
	trap.hpfar = FAKE_RAM_BASE >> 12 << 4;
	fake_fault.ram_attr = PT_READ;
	sysreg_write(ELR_EL2, PC);
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	trap.esr = (trap.esr & ~(u64)ISS_FSC) | FSC_PERMISSION;
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	arm64_data_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), ABORTED);
}

static void test_fetches(void **state)
{
	struct arm64_trap trap = {
		.esr = (u64)ESR_EC_IABT_LOW << ESR_EC_SHIFT | ESR_IL | FSC_TRANSLATION | 2,
		.far = VA,
		.hpfar = FAKE_DEVICE >> 12 << 4,
	};

	(void)state;
	arm64_fetch_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), ABORTED);
	assert_int_equal(sysreg_read(ESR_EL1), 0x86000010);
	assert_int_equal(sysreg_read(FAR_EL1), VA);
	trap.hpfar = FAKE_RAM_BASE >> 12 << 4;
	fake_fault.ram_attr = PT_READ | PT_EXEC;
	sysreg_write(ELR_EL2, PC);
	arm64_fetch_abort(vcpu, &trap);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	assert_int_equal(fake_fault.access_count, 0);
}

static void test_other_codes(void **state)
{
	static const struct {
		u8 fsc, expected;
	} rows[] = {
		{ 0x00, FSC_EXTERNAL }, /* address size */
		{ 0x10, FSC_EXTERNAL }, { 0x15, FSC_EXTERNAL }, { 0x21, FSC_ALIGNMENT },
		{ 0x35, 0x35 },         { 0x3f, FSC_EXTERNAL },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arm64_trap trap = trap_at(ISS_ISV, REG);

		trap.esr = (trap.esr & ~(u64)ISS_FSC) | rows[i].fsc;
		sysreg_write(ELR_EL2, PC);
		arm64_data_abort(vcpu, &trap);
		assert_aborted(rows[i].expected, 0);
	}
	struct arm64_trap conflict = trap_at(0, REG);
	conflict.esr = (conflict.esr & ~(u64)ISS_FSC) | 0x30;
	sysreg_write(ELR_EL2, PC);
	arm64_data_abort(vcpu, &conflict);
	assert_int_equal(sysreg_read(ELR_EL2), PC);
	assert_int_equal(fake_fault.flush_count, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_loads),        TEST(test_stores),    TEST(test_big_endian),
		TEST(test_pairs),        TEST(test_writeback), TEST(test_other_addresses),
		TEST(test_not_emulated), TEST(test_memory),    TEST(test_gone),
		TEST(test_edges),        TEST(test_begins_at), TEST(test_cache_maintenance),
		TEST(test_permission),   TEST(test_walks),     TEST(test_fetches),
		TEST(test_other_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
