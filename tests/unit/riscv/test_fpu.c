/* SPDX-License-Identifier: MIT */
/* Lazy float and vector state: whatever vCPUs do on whatever CPUs, each finds its own registers. */
#include <test.h>

#include <fake_riscv.h>

#define VCPUS 4

/* What the guest believes to be in its registers. */
static struct {
	u64 f;
	u64 fcsr;
	u8 v;
	u64 vl;
	unsigned cpu; /* where it is loaded */
} model[VCPUS];

static int start(void **state)
{
	(void)state;
	fake_riscv_start(VCPUS);
	if (fake_riscv_isa("rv64imafdcvh"))
		return -1;
	for (unsigned i = 0; i < VCPUS; i++) {
		if (fpu_create(fake->vcpus[i]))
			return -1;
		fpu_reset(fake->vcpus[i]);
		fake->vcpus[i]->arch.vsstatus = SSTATUS_FS_INITIAL | SSTATUS_VS_INITIAL;
		fake->vcpus[i]->loaded_cpu = -1;
	}
	memset(model, 0, sizeof(model));
	for (unsigned i = 0; i < FAKE_CPUS; i++)
		fake->cpu[i].loaded = NULL;
	fake->fpu_moves = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++)
		fpu_destroy(fake->vcpus[i]);
	fake_riscv_stop();
	return 0;
}

/* What vcpu.c and entry.S do around fpu.c. */
static void put(unsigned cpu)
{
	struct vcpu *vcpu = fake->cpu[cpu].loaded;

	fake_riscv_use_cpu(cpu);
	if (!vcpu)
		return;
	csr_write(sstatus, 0);
	fpu_put(vcpu);
	assert_int_equal(csr_read(sstatus), 0);
	vcpu->arch.vsstatus = csr_read(CSR_VSSTATUS);
	fake->cpu[cpu].loaded = NULL;
	vcpu->loaded_cpu = -1;
}

static void load(unsigned index, unsigned cpu)
{
	struct vcpu *vcpu = fake->vcpus[index];

	if (vcpu->loaded_cpu >= 0)
		put((unsigned)vcpu->loaded_cpu);
	put(cpu);
	fake_riscv_use_cpu(cpu);
	csr_write(CSR_VSSTATUS, vcpu->arch.vsstatus);
	fpu_load(vcpu);
	fake->cpu[cpu].loaded = vcpu;
	vcpu->loaded_cpu = (s32)cpu;
	model[index].cpu = cpu;
}

static bool is_on(u64 field)
{
	return (csr_read(sstatus) & field) && (csr_read(CSR_VSSTATUS) & field);
}

/* The guest executes an instruction that needs @field; true if it may, after at most one trap of ours. */
static bool use(unsigned index, u64 field)
{
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		if (is_on(field))
			return true;
		if (csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL))
			return false; /* its own kernel hears of it */
		if (!fpu_trap(fake->vcpus[index]))
			return false;
	}
	return is_on(field);
}

static void enter(unsigned index)
{
	fake_riscv_use_cpu(model[index].cpu);
	csr_write(sstatus, fake->vcpus[index]->arch.sstatus);
}

static void leave(unsigned index)
{
	fake->vcpus[index]->arch.sstatus = csr_read(sstatus);
	csr_write(sstatus, 0);
}

static void check_float(unsigned index, u64 new_value, bool write)
{
	assert_true(use(index, SSTATUS_FS));
	for (unsigned i = 0; i < 32; i += 31)
		assert_int_equal(fake->fpu[model[index].cpu].f[i], model[index].f);
	assert_int_equal(fake->fpu[model[index].cpu].fcsr, model[index].fcsr);
	if (!write)
		return;
	for (unsigned i = 0; i < 32; i++)
		fake->fpu[model[index].cpu].f[i] = new_value;
	fake->fpu[model[index].cpu].fcsr = new_value & 0xff;
	model[index].f = new_value;
	model[index].fcsr = new_value & 0xff;
	csr_set(sstatus, SSTATUS_FS);
	csr_set(CSR_VSSTATUS, SSTATUS_FS);
}

/* csrw fcsr: some machines make vsstatus Dirty and leave sstatus Clean. */
static void write_fcsr(unsigned index, u64 value)
{
	check_float(index, 0, false);
	fake->fpu[model[index].cpu].fcsr = model[index].fcsr = value & 0xff;
	csr_set(CSR_VSSTATUS, SSTATUS_FS);
}

static void check_vector(unsigned index, u8 new_value, bool write)
{
	unsigned cpu = model[index].cpu;

	assert_true(use(index, SSTATUS_VS));
	assert_int_equal(fake->fpu[cpu].v[0], model[index].v);
	assert_int_equal(fake->fpu[cpu].v[32 * FAKE_VLENB - 1], model[index].v);
	assert_int_equal(fake->fpu[cpu].control[RISCV_VL], model[index].vl);
	if (!write)
		return;
	memset(fake->fpu[cpu].v, new_value, sizeof(fake->fpu[cpu].v));
	fake->fpu[cpu].control[RISCV_VL] = model[index].vl = new_value % 17;
	model[index].v = new_value;
	csr_set(sstatus, SSTATUS_VS);
	csr_set(CSR_VSSTATUS, SSTATUS_VS);
}

static void test_any_order(void **state)
{
	u64 seed = 7;

	(void)state;
	for (unsigned i = 0; i < VCPUS; i++)
		load(i, i);
	for (unsigned step = 0; step < 200000; step++) {
		unsigned index = test_random_below(&seed, VCPUS);
		unsigned what = test_random_below(&seed, 9);

		if (fake->vcpus[index]->loaded_cpu < 0 || what == 0)
			load(index, test_random_below(&seed, FAKE_CPUS));
		enter(index);
		if (what < 4)
			check_float(index, test_random(&seed), what & 1);
		else if (what < 7)
			check_vector(index, (u8)test_random(&seed), what & 1);
		else if (what == 8)
			write_fcsr(index, test_random(&seed));
		leave(index);
		if (what == 7 && test_random_below(&seed, 50) == 0) {
			put(model[index].cpu);
			fpu_reset(fake->vcpus[index]);
			model[index].f = model[index].fcsr = model[index].v = model[index].vl = 0;
		}
	}
}

/* Registers are moved when needed and not otherwise. */
static void test_no_needless_moves(void **state)
{
	(void)state;
	load(0, 0);
	enter(0);
	leave(0);
	put(0);
	assert_int_equal(fake->fpu_moves, 0); /* a guest that uses none */
	load(0, 0);
	enter(0);
	check_float(0, 5, true);
	assert_int_equal(fake->fpu_moves, 2); /* both are loaded at the first trap */
	assert_true(csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL));
	leave(0);
	load(1, 0); /* saves the float registers, which are dirty */
	assert_int_equal(fake->fpu_moves, 3);
	assert_false(csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL));
	enter(1);
	leave(1);
	load(0, 0); /* still in the hardware */
	enter(0);
	check_float(0, 0, false);
	assert_int_equal(fake->fpu_moves, 3);
	csr_write(CSR_VSSTATUS,
		  SSTATUS_FS_CLEAN | SSTATUS_VS_CLEAN); /* its kernel has saved them too */
	leave(0);
	load(0, 1); /* clean: nothing to save */
	assert_int_equal(fake->fpu_moves, 3);
}

/* An illegal instruction of a guest that has the state off is the guest's own. */
static void test_guest_off(void **state)
{
	(void)state;
	fake->vcpus[0]->arch.vsstatus = 0;
	load(0, 0);
	enter(0);
	assert_false(fpu_trap(fake->vcpus[0]));
	csr_write(CSR_VSSTATUS, SSTATUS_FS_INITIAL);
	assert_true(fpu_trap(fake->vcpus[0]));
	assert_int_equal(csr_read(sstatus) & SSTATUS_FS, SSTATUS_FS_CLEAN);
	assert_int_equal(csr_read(sstatus) & SSTATUS_VS, 0);
	assert_false(csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL));
	assert_false(fpu_trap(fake->vcpus[0])); /* once only: the next one is real */
	csr_set(CSR_VSSTATUS, SSTATUS_VS_INITIAL);
	assert_true(fpu_trap(fake->vcpus[0]));
	assert_true(csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL));
	leave(0);
}

static void test_absent(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++)
		fpu_destroy(fake->vcpus[i]);
	assert_int_equal(fake_riscv_isa("rv64imach"), 0);
	assert_int_equal(fpu_create(fake->vcpus[0]), 0);
	assert_null(fake->vcpus[0]->arch.vector);
	load(0, 0);
	enter(0);
	assert_true(csr_read(CSR_HEDELEG) & BIT(EXC_INST_ILLEGAL));
	assert_false(fpu_trap(fake->vcpus[0]));
	leave(0);
	put(0);
	assert_int_equal(fake->fpu_moves, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(test_any_order),
		TEST(test_no_needless_moves),
		TEST(test_guest_off),
		TEST(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
