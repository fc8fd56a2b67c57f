/* SPDX-License-Identifier: MIT */
/* Exits, from the vectors on: which handler, what goes back to the guest, and when it has to leave. */
#include <test.h>

#include <core/pgtable.h>
#include <core/trace.h>
#include <fake_arm64.h>
#include <fake_fault.h>

/* From exit.c, for entry.S. */
struct vcpu *arm64_exit_call(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_irq(struct vcpu *vcpu);
struct vcpu *arm64_exit_sync(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_serror(struct vcpu *vcpu, u64 esr);
struct vcpu *arm64_exit_serve(struct vcpu *vcpu);

#define PC (FAKE_RAM_BASE + 0x100)
#define VECTORS 0x80000ull
#define UNDEFINED (VECTORS + 0x200)

static struct vcpu *vcpu;

static int start(void **state)
{
	(void)state;
	fake_arm64_start(1);
	fake_fault_start();
	vcpu = fake->vcpus[0];
	sysreg_write(ELR_EL2, PC);
	sysreg_write(VBAR_EL1, VECTORS);
	trace_on = false;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_arm64_stop();
	return 0;
}

static u64 syndrome(unsigned class, u64 iss)
{
	return (u64) class << ESR_EC_SHIFT | ESR_IL | iss;
}

static void exit_sync(unsigned class, u64 iss)
{
	sysreg_write(ELR_EL2, PC);
	assert_ptr_equal(arm64_exit_sync(vcpu, syndrome(class, iss)), vcpu);
	assert_int_equal(vcpu->stats.last_exit_cause, class);
}

static void assert_pc(u64 expected)
{
	assert_int_equal(sysreg_read(ELR_EL2), expected);
}

/* ---- calls ---- */

static void test_calls(void **state)
{
	(void)state;
	/* HVC has stepped over itself, SMC has not. A constant, then one that is looked up. */
	vcpu->arch.x[0] = PSCI_VERSION;
	assert_ptr_equal(arm64_exit_call(vcpu, syndrome(ESR_EC_HVC64, 0)), vcpu);
	assert_int_equal(vcpu->arch.x[0], 0x10001);
	assert_pc(PC);
	vcpu->arch.x[0] = SMCCC_VERSION;
	assert_ptr_equal(arm64_exit_call(vcpu, syndrome(ESR_EC_SMC64, 0)), vcpu);
	assert_int_equal(vcpu->arch.x[0], 0x10002);
	assert_pc(PC + 4);
	vcpu->arch.x[0] = 0x8400ff01; /* nobody's */
	assert_ptr_equal(arm64_exit_call(vcpu, syndrome(ESR_EC_SMC64, 0)), vcpu);
	assert_int_equal(vcpu->arch.x[0], ~0ull);
	assert_pc(PC + 8);
	assert_int_equal(vcpu->arch.cause_count[ESR_EC_HVC64], 1);
	assert_int_equal(vcpu->arch.cause_count[ESR_EC_SMC64], 2);
	assert_int_equal(vcpu->stats.exits, 0);
	/* CPU_OFF: it has to leave. */
	vcpu->arch.x[0] = 0x84000002;
	assert_null(arm64_exit_call(vcpu, syndrome(ESR_EC_HVC64, 0)));
	assert_int_equal(vcpu->power, VCPU_OFF);
}

/* Immediates other than 0 mean nothing: the exception is at the instruction, be it stepped over or not. */
static void test_immediates(void **state)
{
	(void)state;
	vcpu->arch.x[0] = PSCI_VERSION;
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	exit_sync(ESR_EC_HVC64, 1);
	assert_pc(UNDEFINED);
	assert_int_equal(sysreg_read(ELR_EL1), PC - 4);
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	exit_sync(ESR_EC_SMC64, 0xffff);
	assert_pc(UNDEFINED);
	assert_int_equal(sysreg_read(ELR_EL1), PC);
	assert_int_equal(vcpu->arch.x[0], PSCI_VERSION);
}

static void test_calls_32(void **state)
{
	(void)state;
	sysreg_write(HCR_EL2, 0);
	sysreg_write(SPSR_EL2, 0x13);
	vcpu->arch.x[0] = PSCI_VERSION | 0x5500000000ull;
	exit_sync(ESR_EC_HVC32, 0);
	assert_int_equal(vcpu->arch.x[0], 0x10001);
	assert_pc(PC);
	vcpu->arch.x[0] = 0xc4000003; /* CPU_ON with 64-bit arguments */
	exit_sync(ESR_EC_SMC32, 0);
	assert_int_equal(vcpu->arch.x[0], 0xffffffff);
	assert_pc(PC + 4);
	/* SMCEQ while Z is 0 is no call at all. */
	vcpu->arch.x[0] = PSCI_VERSION;
	exit_sync(ESR_EC_SMC32, BIT(24) | BIT(19));
	assert_int_equal(vcpu->arch.x[0], PSCI_VERSION);
	assert_pc(PC + 4);
}

/* ---- waiting ---- */

static void test_waiting(void **state)
{
	(void)state;
	sysreg_write(ELR_EL2, PC);
	assert_null(arm64_exit_sync(vcpu, syndrome(ESR_EC_WFX, 0)));
	assert_true(vcpu->waiting);
	assert_int_equal(fake->exit.kind, EXIT_HALT);
	assert_pc(PC + 4);
	vcpu->waiting = false;
	/* WFE, and both with a timeout, which may end at once. */
	for (u64 kind = 1; kind < 4; kind++) {
		exit_sync(ESR_EC_WFX, kind);
		assert_false(vcpu->waiting);
		assert_int_equal(fake_fault.spin_count, kind);
		assert_pc(PC + 4);
	}
}

/* ---- what is not the guest's ---- */

static void test_undefined(void **state)
{
	static const u8 classes[] = { ESR_EC_UNKNOWN, ESR_EC_PAC, ESR_EC_LS64, ESR_EC_BTI,
				      ESR_EC_ERET,    ESR_EC_SME, ESR_EC_SVE,  ESR_EC_FP,
				      0x02,           0x0b,       0x27,        0x3f };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		sysreg_write(SPSR_EL2, PSTATE_EL1H);
		exit_sync(classes[i], 0x123);
		assert_pc(UNDEFINED);
		assert_int_equal(sysreg_read(ESR_EL1), ESR_IL);
		assert_int_equal(sysreg_read(ELR_EL1), PC);
	}
	/* A register that has no row, and one that has. */
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	sysreg_write(ELR_EL2, PC);
	arm64_exit_sync(vcpu, fake_arm64_sys_esr(SYSREG(3, 0, 15, 1, 0), true, 3));
	assert_pc(UNDEFINED);
	sysreg_write(ELR_EL2, PC);
	arm64_exit_sync(vcpu, fake_arm64_sys_esr(SYS_ACTLR_EL1, true, 3));
	assert_pc(PC + 4);
}

static void test_reflected(void **state)
{
	static const struct {
		u8 class, expected;
	} rows[] = {
		{ ESR_EC_BREAK_LOW, 0x31 },           { ESR_EC_STEP_LOW, 0x33 },
		{ ESR_EC_WATCH_LOW, 0x35 },           { ESR_EC_BRK64, ESR_EC_BRK64 },
		{ ESR_EC_ILLEGAL, ESR_EC_ILLEGAL },   { ESR_EC_PC_ALIGN, ESR_EC_PC_ALIGN },
		{ ESR_EC_SP_ALIGN, ESR_EC_SP_ALIGN },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		sysreg_write(SPSR_EL2, PSTATE_EL1H);
		exit_sync(rows[i].class, 0x22);
		assert_int_equal(sysreg_read(ESR_EL1), syndrome(rows[i].expected, 0x22));
	}
}

static void test_serror(void **state)
{
	(void)state;
	assert_ptr_equal(arm64_exit_serror(vcpu, syndrome(ESR_EC_SERROR, 0)), vcpu);
	assert_true(sysreg_read(HCR_EL2) & HCR_VSE);
	assert_int_equal(vcpu->arch.cause_count[ARM64_EXIT_SERROR], 1);
	assert_int_equal(fake_fault.log_count, 1);
}

/* ---- devices ---- */

static void device_exit(u64 iss, u64 offset)
{
	sysreg_write(FAR_EL2, 0xffff000000000000ull | offset);
	sysreg_write(HPFAR_EL2, (FAKE_DEVICE + offset) >> 12 << 4);
	exit_sync(ESR_EC_DABT_LOW, ISS_ISV | FSC_TRANSLATION | 1 | iss);
}

static void test_devices(void **state)
{
	(void)state;
	fake_fault.data = 0x1234567880818283;
	sysreg_write(SPSR_EL2, PSTATE_EL1H | PSTATE_SS);
	device_exit(2ull << ISS_SAS_SHIFT | 7ull << ISS_SRT_SHIFT, 0x18);
	assert_pc(PC + 4);
	assert_int_equal(vcpu->arch.x[7], 0x80818283);
	assert_int_equal(fake_fault.accesses[0].addr, FAKE_DEVICE + 0x18);
	assert_int_equal(sysreg_read(SPSR_EL2), PSTATE_EL1H);
	device_exit(ISS_SSE | 7ull << ISS_SRT_SHIFT, 0x1ffe);
	assert_int_equal(vcpu->arch.x[7], 0xffffff83);
	vcpu->arch.x[30] = 0xabcdef;
	device_exit(1ull << ISS_SAS_SHIFT | 30ull << ISS_SRT_SHIFT | ISS_WNR, 0x24);
	assert_int_equal(fake_fault.accesses[2].value, 0xcdef);
	device_exit(3ull << ISS_SAS_SHIFT | 31ull << ISS_SRT_SHIFT | ISS_WNR, 0x28);
	assert_int_equal(fake_fault.accesses[3].value, 0);
	/* The first register of a page, in memory that is Device: no need to read the instruction. */
	fake_fault.par = FAKE_DEVICE;
	device_exit(2ull << ISS_SAS_SHIFT | 7ull << ISS_SRT_SHIFT, 0x1000);
	assert_int_equal(fake_fault.accesses[4].addr, FAKE_DEVICE + 0x1000);
	assert_pc(PC + 4);
	/* Nobody there. */
	device_exit(2ull << ISS_SAS_SHIFT, 0x8018);
	assert_pc(UNDEFINED);
	assert_int_equal(sysreg_read(ESR_EL1), 0x96000010);
	assert_int_equal(fake_fault.access_count, 5);
	assert_int_equal(vcpu->stats.exits, 6);
}

/* ---- leaving ---- */

static void request_interrupt(void)
{
	vcpu->requests |= VCPU_REQ_IRQ;
}

static void request_leave(void)
{
	vcpu->requests |= VCPU_REQ_LEAVE | VCPU_REQ_IRQ;
}

static void test_interrupts(void **state)
{
	(void)state;
	assert_ptr_equal(arm64_exit_irq(vcpu), vcpu);
	assert_int_equal(fake_fault.interrupt_count, 1);
	/* One for the guest is brought to it on the spot. */
	fake_fault.on_interrupt = request_interrupt;
	assert_ptr_equal(arm64_exit_irq(vcpu), vcpu);
	assert_int_equal(fake_fault.sync_count, 1);
	assert_int_equal(vcpu->requests, 0);
	/* All else is for arm64_exit_serve(). */
	fake_fault.on_interrupt = request_leave;
	assert_null(arm64_exit_irq(vcpu));
	assert_null(arm64_exit_serve(vcpu));
	assert_int_equal(fake_fault.served, VCPU_REQ_LEAVE | VCPU_REQ_IRQ);
	fake_fault.on_interrupt = NULL;
	vcpu->requests = VCPU_REQ_FLUSH_ICACHE;
	assert_null(arm64_exit_irq(vcpu));
	assert_ptr_equal(arm64_exit_serve(vcpu), vcpu);
	this_cpu()->resched = true;
	assert_null(arm64_exit_irq(vcpu));
	assert_null(arm64_exit_serve(vcpu));
	/* A slow exit looks at all that by itself. */
	sysreg_write(ELR_EL2, PC);
	assert_null(arm64_exit_sync(vcpu, syndrome(ESR_EC_WFX, 1)));
}

static void test_tracing(void **state)
{
	(void)state;
	trace_on = true;
	vcpu->arch.x[0] = PSCI_VERSION;
	assert_null(arm64_exit_call(vcpu, syndrome(ESR_EC_HVC64, 0)));
	assert_int_equal(vcpu->arch.x[0], 0x10001);
	assert_int_equal(fake_fault.traced_exit, ESR_EC_HVC64);
	assert_ptr_equal(arm64_exit_serve(vcpu), vcpu);
	assert_int_equal(fake_fault.traced_enters, 1);
	assert_null(arm64_exit_irq(vcpu));
	assert_int_equal(fake_fault.traced_exit, ARM64_EXIT_IRQ);
	trace_on = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_calls),   TEST(test_immediates), TEST(test_calls_32),
		TEST(test_waiting), TEST(test_undefined),  TEST(test_reflected),
		TEST(test_serror),  TEST(test_devices),    TEST(test_interrupts),
		TEST(test_tracing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
