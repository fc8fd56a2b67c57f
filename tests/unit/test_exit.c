/* SPDX-License-Identifier: MIT */
/* What a guest's access answers, wherever it goes: memory, ROM, devices, nothing, and across their borders. */
#include <test.h>

#include <core/errno.h>
#include <fake.h>
#include <fake_vm.h>

/*
 *   0x10000 device, 0x100 bytes      0x80000000 RAM      0x80004000 ROM     0x80006000 RAM
 *   0x11000 device, 0x800 bytes, odd accesses too        0x80008000 device up to 0x80009000
 *   0x90000000 a view of the first RAM page              0xa0000000 shared      0xb0000000 host device
 */
#define DEVICE 0x10000ull
#define LOOSE 0x11000ull
#define RAM 0x80000000ull
#define ROM 0x80004000ull
#define RAM2 0x80006000ull
#define BEHIND 0x80008000ull
#define VIEW 0x90000000ull
#define SHARED 0xa0000000ull
#define HOST 0xb0000000ull
#define NOTHING 0x70000000ull

/* ---- a device that tells what it was asked ---- */

static u64 last_offset, last_value;
static unsigned last_size, reads, writes;

static u64 probe_read(struct vdev *dev, u64 offset, unsigned size)
{
	(void)dev;
	last_offset = offset;
	last_size = size;
	reads++;
	return 0xfedcba9876543210ull;
}

static void probe_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	(void)dev;
	last_offset = offset;
	last_size = size;
	last_value = value;
	writes++;
}

static const struct bus_ops strict_ops = { probe_read, probe_write, 1 | 4, false };
static const struct bus_ops loose_ops = { probe_read, probe_write, 1 | 2 | 4 | 8, true };

static int probe_create(struct vdev *dev)
{
	int err = vdev_add_mmio(dev, gpa(DEVICE), 0x100, &strict_ops);

	if (!err)
		err = vdev_add_mmio(dev, gpa(LOOSE), 0x800, &loose_ops);
	if (!err)
		err = vdev_add_mmio(dev, gpa(BEHIND), 0x1000, &loose_ops);
	if (!err)
		err = vdev_add_pio(dev, 0x3f8, 8, &strict_ops);
	return err;
}

static void probe_reset(struct vdev *dev)
{
	(void)dev;
}

static const char *const probe_compatible[] = { "test,probe", NULL };

DEFINE_EMULATOR(probe) = {
	.name = "probe",
	.class = EMULATOR_DEVICE,
	.compatible = probe_compatible,
	.state_size = 1,
	.create = probe_create,
	.reset = probe_reset,
};

/* ---- the machine ---- */

static struct fake_vm f;
static struct vcpu *vcpu;
static void *shared;

static int setup(void **state)
{
	struct vm *vm = &f.vm;

	(void)state;
	fake_vm_init(&f, 2);
	fake_node_begin(&f, "probe", "test,probe");
	fake_node_end(&f);
	assert_int_equal(fake_vm_create(&f), 0);
	shared = page_alloc_zero(&owner_system, 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM), 0x4000, GPA_RAM, "ram"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(ROM), 0x2000, GPA_ROM, "rom"), 0);
	assert_int_equal(gpa_add_memory(vm, gpa(RAM2), 0x2000, GPA_RAM, "ram2"), 0);
	assert_int_equal(gpa_add_alias(vm, gpa(VIEW), gpa(RAM), 0x1000, "view"), 0);
	assert_int_equal(gpa_add_host(vm, gpa(SHARED), ptr_to_hpa(shared), 0x1000, GPA_SHARED, "s"),
			 0);
	assert_int_equal(gpa_add_host(vm, gpa(HOST), hpa(0x54321000), 0x1000, GPA_DEVICE, "h"), 0);
	vcpu = &f.vcpus[0];
	reads = writes = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_vm_destroy(&f);
	page_free(&owner_system, shared, 0);
	return 0;
}

/* ---- memory-mapped ---- */

struct access {
	u64 addr;
	unsigned size;
	int read;
	int write;
};

#define AGAIN -EAGAIN
#define FAULT -EFAULT

/* -EAGAIN: stage 2 serves it, so the miss was an old one. */
static const struct access accesses[] = {
	/* memory */
	{ RAM, 1, AGAIN, AGAIN },
	{ RAM, 8, AGAIN, AGAIN },
	{ RAM + 0x3fff, 1, AGAIN, AGAIN },
	{ RAM + 0x0ffc, 8, AGAIN, AGAIN }, /* two pages of it */
	{ RAM2, 8, AGAIN, AGAIN },
	{ VIEW + 0x10, 4, AGAIN, AGAIN },
	{ SHARED + 0xff8, 8, AGAIN, AGAIN },
	{ HOST, 4, AGAIN, AGAIN },
	{ ROM, 4, AGAIN, FAULT },
	{ ROM + 0x1fff, 1, AGAIN, FAULT },
	/* across a border of memory: all of it is memory that takes the access, or it is a fault */
	{ ROM - 4, 8, AGAIN, FAULT },
	{ RAM2 - 2, 4, AGAIN, FAULT },
	{ RAM - 1, 2, FAULT, FAULT },
	{ VIEW + 0xfff, 2, FAULT, FAULT },
	{ VIEW - 4, 8, FAULT, FAULT },
	{ BEHIND - 1, 2, FAULT, FAULT },
	{ BEHIND - 4, 8, FAULT, FAULT },
	{ BEHIND - 4, 4, AGAIN, AGAIN },
	/* nothing */
	{ NOTHING, 1, FAULT, FAULT },
	{ 0, 8, FAULT, FAULT },
	{ ~0ull, 1, FAULT, FAULT },
	{ ~0ull, 8, FAULT, FAULT },
	{ ~0ull - 7, 8, FAULT, FAULT },
	{ RAM | 1ull << 56, 4, FAULT, FAULT },
	/* a device */
	{ DEVICE, 1, 0, 0 },
	{ DEVICE + 3, 1, 0, 0 },
	{ DEVICE + 0xff, 1, 0, 0 },
	{ DEVICE + 8, 4, 0, 0 },
	{ DEVICE + 0xfc, 4, 0, 0 },
	{ DEVICE, 2, FAULT, FAULT },
	{ DEVICE, 8, FAULT, FAULT },
	{ DEVICE + 2, 4, FAULT, FAULT },
	{ DEVICE + 0xfd, 4, FAULT, FAULT },
	{ DEVICE - 1, 4, FAULT, FAULT },
	{ DEVICE + 0x100, 1, FAULT, FAULT },
	{ LOOSE + 3, 8, 0, 0 },
	{ LOOSE + 0x7f8, 8, 0, 0 },
	{ LOOSE + 0x7f9, 8, FAULT, FAULT },
	{ LOOSE + 0x7ff, 2, FAULT, FAULT },
	{ BEHIND + 0xfff, 1, 0, 0 },
	{ BEHIND + 0xfff, 2, FAULT, FAULT },
};

static u64 mask(unsigned size)
{
	return ~0ull >> (64 - 8 * size);
}

static u64 base_of(u64 addr)
{
	return addr < LOOSE ? DEVICE : addr < RAM ? LOOSE : BEHIND;
}

static void check_access(const struct access *a)
{
	u64 value = 0x1122334455667788ull;
	unsigned read_before = reads, write_before = writes;
	int got = exit_mmio_read(vcpu, a->addr, a->size, &value);

	if (got != a->read)
		fail_msg("read of %u at 0x%llx: %d", a->size, (unsigned long long)a->addr, got);
	assert_int_equal(reads - read_before, got == 0);
	assert_true(value == (got ? 0x1122334455667788ull : 0xfedcba9876543210ull & mask(a->size)));
	got = exit_mmio_write(vcpu, a->addr, a->size, 0x8877665544332211ull);
	if (got != a->write)
		fail_msg("write of %u at 0x%llx: %d", a->size, (unsigned long long)a->addr, got);
	assert_int_equal(writes - write_before, got == 0);
	if (got)
		return;
	assert_true(last_value == (0x8877665544332211ull & mask(a->size)));
	assert_int_equal(last_size, a->size);
	assert_int_equal(last_offset, a->addr - base_of(a->addr));
}

static void test_mmio(void **state)
{
	u64 before = vcpu->stats.mmio;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
		check_access(&accesses[i]);
	assert_int_equal(vcpu->stats.mmio - before, 2 * ARRAY_SIZE(accesses));
}

/* Each access after each other one: what is remembered of the one before decides nothing. */
static void test_mmio_in_every_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(accesses); j++) {
			check_access(&accesses[i]);
			check_access(&accesses[j]);
		}
	}
	/* Nor does nonsense. */
	vcpu->mmio_hint = ~0u;
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++)
		check_access(&accesses[i]);
}

/* Memory was not touched by any of that. */
static void test_memory_untouched(void **state)
{
	u8 bytes[0x8000], zeros[0x8000] = { 0 };

	(void)state;
	test_mmio(state);
	assert_int_equal(gpa_read(&f.vm, gpa(RAM), bytes, sizeof(bytes)), 0);
	assert_memory_equal(bytes, zeros, sizeof(bytes));
}

/* A page that stage 2 lost: whatever the map says, the guest would come again for ever. */
static void test_unmapped(void **state)
{
	u64 value;

	(void)state;
	assert_int_equal(stage2_unmap(&f.vm, gpa(RAM + 0x1000), 0x1000), 0);
	assert_int_equal(exit_mmio_read(vcpu, RAM + 0x1000, 4, &value), -EFAULT);
	assert_int_equal(exit_mmio_read(vcpu, RAM + 0xffe, 4, &value), -EFAULT);
	assert_int_equal(exit_mmio_write(vcpu, RAM + 0x1fff, 1, 0), -EFAULT);
	assert_int_equal(exit_mmio_read(vcpu, RAM + 0x1fff, 2, &value), -EFAULT);
	assert_int_equal(exit_mmio_read(vcpu, RAM + 0xffc, 4, &value), -EAGAIN);
}

static void test_no_devices(void **state)
{
	u64 value;

	(void)state;
	bus_destroy(&f.vm.mmio);
	assert_int_equal(exit_mmio_read(vcpu, DEVICE, 1, &value), -EFAULT);
	assert_int_equal(exit_mmio_write(vcpu, DEVICE, 1, 0), -EFAULT);
	assert_int_equal(exit_mmio_read(vcpu, RAM, 1, &value), -EAGAIN);
}

/* ---- ports ---- */

static u64 port_read(u64 port, u8 size)
{
	struct vcpu_exit exit = { .kind = EXIT_PIO,
				  .io = { .addr = port, .size = size, .data = 7 } };

	exit_handle(vcpu, &exit);
	return exit.io.data;
}

static void port_write(u64 port, u8 size, u64 data)
{
	struct vcpu_exit exit = {
		.kind = EXIT_PIO,
		.io = { .addr = port, .size = size, .data = data, .write = true },
	};

	exit_handle(vcpu, &exit);
}

static void test_ports(void **state)
{
	(void)state;
	assert_true(port_read(0x3f8, 4) == 0x76543210);
	assert_int_equal(last_offset, 0);
	assert_true(port_read(0x3ff, 1) == 0x10);
	assert_int_equal(last_offset, 7);
	port_write(0x3fc, 4, 0x1234567890ull);
	assert_true(last_value == 0x34567890);
	assert_int_equal(last_offset, 4);
	assert_int_equal(reads, 2);
	assert_int_equal(writes, 1);
	assert_int_equal(vcpu->stats.mmio, 3);
	/* Nobody, a size that is none, across the end, an odd place. */
	assert_true(port_read(0x3f7, 1) == ~0ull);
	assert_true(port_read(0x400, 4) == ~0ull);
	assert_true(port_read(0x3f8, 2) == ~0ull);
	assert_true(port_read(0x3fe, 4) == ~0ull);
	assert_true(port_read(~0ull, 1) == ~0ull);
	port_write(0x3f7, 1, 1);
	port_write(0x3f8, 8, 1);
	port_write(0x3fd, 4, 1);
	assert_int_equal(reads, 2);
	assert_int_equal(writes, 1);
	assert_int_equal(exit_mmio_write(vcpu, 0x3f8, 1, 1), -EFAULT);
}

/* ---- the rest ---- */

static void test_halt(void **state)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };

	(void)state;
	exit_handle(vcpu, &exit);
	assert_true(vcpu->waiting);
	assert_int_equal(vcpu->stats.halts, 1);
	assert_false(f.vcpus[1].waiting);
}

static void test_power(void **state)
{
	static const char *const reasons[] = {
		[EXIT_POWER_OFF] = "the guest powered off",
		[EXIT_POWER_RESET] = "the guest asked for a reset",
		[EXIT_POWER_CRASHED] = "the guest reported a failure",
	};

	(void)state;
	for (unsigned what = 0; what < ARRAY_SIZE(reasons); what++) {
		struct vcpu_exit exit = { .kind = EXIT_POWER, .power = (enum exit_power)what };

		exit_handle(vcpu, &exit);
		for (unsigned i = 0; i < 2; i++)
			assert_true(f.vcpus[i].requests & VCPU_REQ_LEAVE);
		assert_string_equal(f.vm.reason, reasons[what]);
		assert_int_equal(fake_take_power(&f), what);
	}
}

static void test_fatal(void **state)
{
	struct vcpu_exit exit = { .kind = EXIT_FATAL, .fatal = "a page table in a device" };

	(void)state;
	vcpu->arch.pc = 0xabcde;
	exit_handle(vcpu, &exit);
	assert_string_equal(f.vm.reason, "a page table in a device");
	assert_int_equal(fake_take_power(&f), EXIT_POWER_CRASHED);
	assert_non_null(strstr(fake_output, "vCPU 0: a page table in a device; its registers:"));
	assert_non_null(strstr(fake_output, "pc abcde"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_mmio),
		TEST(test_mmio_in_every_order),
		TEST(test_memory_untouched),
		TEST(test_unmapped),
		TEST(test_no_devices),
		TEST(test_ports),
		TEST(test_halt),
		TEST(test_power),
		TEST(test_fatal),
	};

	return cmocka_run_group_tests_name("exit", tests, NULL, NULL);
}
