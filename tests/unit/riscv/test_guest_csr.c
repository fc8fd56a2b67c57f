/* SPDX-License-Identifier: MIT */
/* Trapped instructions: the CSR table, WFI, and the illegal-instruction fault for all others. */
#include <test.h>

#include <fake_riscv.h>

#define WFI 0x10500073u
#define WRS_NTO 0x00d00073u
#define CSR_INSN(csr, op, rd, rs1) \
	((u32)(csr) << 20 | (u32)(rs1) << 15 | (u32)(op) << 12 | (u32)(rd) << 7 | 0x73)
#define CSRRW 1
#define CSRRS 2
#define CSRRC 3
#define CSRRWI 5
#define CSRRSI 6

static int start(void **state)
{
	(void)state;
	fake_riscv_start(1);
	fake->now = 5000;
	fake->vm.arch.time_delta = 100;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_riscv_stop();
	return 0;
}

static enum riscv_exit trap(u32 insn)
{
	const struct riscv_trap t = { .cause = EXC_VIRTUAL_INST, .tval = insn };

	fake->injected_cause = ~0ull;
	return riscv_virtual_instruction(fake->vcpus[0], &t);
}

static void assert_illegal(u32 insn, u64 tval)
{
	u64 pc = csr_read(sepc);

	assert_int_equal(trap(insn), RISCV_RESUME);
	assert_int_equal(fake->injected_cause, EXC_INST_ILLEGAL);
	assert_int_equal(fake->injected_tval, tval);
	assert_int_equal(csr_read(sepc), pc);
}

static void test_time(void **state)
{
	u64 *x = fake->vcpus[0]->arch.x;
	u64 pc = csr_read(sepc);

	(void)state;
	assert_int_equal(trap(CSR_INSN(0xc01, CSRRS, 10, 0)), RISCV_RESUME);
	assert_int_equal(x[10], 5100);
	assert_int_equal(csr_read(sepc), pc + 4);
	assert_int_equal(trap(CSR_INSN(0xc01, CSRRSI, 11, 0)), RISCV_RESUME);
	assert_int_equal(x[11], 5100);
	assert_int_equal(trap(CSR_INSN(0xc01, CSRRC, 0, 0)), RISCV_RESUME);
	assert_int_equal(x[0], 0);
	assert_int_equal(fake->inject_count, 0);
	/* It is read-only: any write is illegal. */
	assert_illegal(CSR_INSN(0xc01, CSRRW, 10, 0), CSR_INSN(0xc01, CSRRW, 10, 0));
	assert_illegal(CSR_INSN(0xc01, CSRRWI, 10, 0), CSR_INSN(0xc01, CSRRWI, 10, 0));
	assert_illegal(CSR_INSN(0xc01, CSRRS, 10, 1), CSR_INSN(0xc01, CSRRS, 10, 1));
	assert_illegal(CSR_INSN(0xc01, CSRRSI, 10, 1), CSR_INSN(0xc01, CSRRSI, 10, 1));
}

static void test_all_other_csrs(void **state)
{
	(void)state;
	for (unsigned csr = 0; csr < 4096; csr++)
		for (unsigned op = 0; op < 8; op++) {
			u32 insn = CSR_INSN(csr, op, 10, 0);

			if (csr == 0xc01 || insn == WFI || insn == WRS_NTO)
				continue;
			assert_illegal(insn, insn);
		}
}

static void test_wfi(void **state)
{
	u64 pc = csr_read(sepc);

	(void)state;
	fake->vcpus[0]->arch.suspended = true;
	assert_int_equal(trap(WFI), RISCV_LEAVE);
	assert_int_equal(fake->exit.kind, EXIT_HALT);
	assert_true(fake->vcpus[0]->waiting);
	assert_false(fake->vcpus[0]->arch.suspended);
	assert_int_equal(csr_read(sepc), pc + 4);
	/* With an interrupt pending it goes on at once. */
	fake->interrupt_pending = true;
	assert_int_equal(trap(WFI), RISCV_RESUME);
	assert_int_equal(fake->exit_count, 1);
	assert_int_equal(csr_read(sepc), pc + 8);
	/* In user mode it is not allowed. */
	csr_clear(sstatus, SSTATUS_SPP);
	assert_illegal(WFI, WFI);
	assert_int_equal(fake->exit_count, 1);
}

static void test_others(void **state)
{
	u64 pc = csr_read(sepc);

	(void)state;
	assert_int_equal(trap(WRS_NTO), RISCV_RESUME);
	assert_int_equal(csr_read(sepc), pc + 4);
	assert_int_equal(fake->inject_count, 0);
	assert_illegal(0x62000073, 0x62000073); /* hfence.gvma */
	assert_illegal(0x0000100f, 0x0000100f); /* fence.i, were it to trap */
	assert_illegal(0xabcd0000 | 0x2000,
		       0x2000); /* 16 bits: the rest is the next instruction's */
}

/* The trap value is 0: the instruction comes from memory. */
static void test_fetch(void **state)
{
	(void)state;
	fake->code = CSR_INSN(0xc01, CSRRS, 10, 0);
	assert_int_equal(trap(0), RISCV_RESUME);
	assert_int_equal(fake->vcpus[0]->arch.x[10], 5100);
	fake->code = 0;
	assert_illegal(0, 0);
	fake->fetch_cause = EXC_LOAD_PAGE_FAULT;
	fake->inject_count = 0;
	assert_int_equal(trap(0), RISCV_RESUME);
	assert_int_equal(fake->inject_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_time),   TEST(test_all_other_csrs), TEST(test_wfi),
		TEST(test_others), TEST(test_fetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
