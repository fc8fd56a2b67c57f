/* SPDX-License-Identifier: MIT */
/* Management operations: rights, audit log, cursors over what comes and goes, errors that help. */
#include <test.h>

#include <core/bundle.h>
#include <core/control.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/trace.h>
#include <cpio_image.h>
#include <fake.h>
#include <tree.h>

static struct task task;
static struct control_caller caller;
static char last_line[256];
static void *some_ram;

static const char guest_dts[] =
	"/dts-v1/;\n"
	"/include/ \"virt-riscv.dtsi\"\n"
	"/ {\n"
	"	cpus { verdigris,count = <2>; };\n"
	"	memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x400000>; };\n"
	"	chosen { verdigris,firmware = \"fw.bin\"; };\n"
	"};\n";

static void add_guest(struct cpio_image *bundle, const char *name)
{
	static struct tree tree;
	char model[64], file[64];

	snprintf(model, sizeof(model), "/ { model = \"%s\"; };", name);
	snprintf(file, sizeof(file), "%s.dtb", name);
	tree_compile(&tree, guest_dts, model);
	cpio_image_add(bundle, file, 0100644, tree.bytes, (u32)tree.size);
}

static int boot(void **state)
{
	static struct cpio_image bundle;

	(void)state;
	fake_boot(MIB(64));
	sched_entity_init(&task.se, SCHED_TASK, "test");
	this_cpu()->task = &task;
	add_guest(&bundle, "a");
	add_guest(&bundle, "b");
	add_guest(&bundle, "c");
	cpio_image_add(&bundle, "fw.bin", 0100644, "\0\1\2\3", 4);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	log_set_console_level(LOG_ERROR);
	some_ram = heap_alloc(&owner_system, 16);
	return bundle_init(bundle.bytes, bundle.size);
}

static int setup(void **state)
{
	(void)state;
	caller = (struct control_caller){ .name = "tester",
					  .rights = CONTROL_ALL,
					  .audit = LOG_INFO };
	return 0;
}

static void report(void *ctx, const char *message)
{
	(void)ctx;
	fail_msg("%s", message);
}

static void create(const char *name)
{
	char got[VM_NAME_MAX];

	assert_int_equal(control_vm_create(&caller, name, report, NULL, got), 0);
	assert_string_equal(got, name);
}

static int teardown(void **state)
{
	struct control_vm vm;
	u64 cursor = 0;

	(void)state;
	caller.rights = CONTROL_ALL;
	while (control_vm_next(&caller, &cursor, &vm) == 0)
		assert_int_equal(control_vm_change(&caller, vm.name, CONTROL_DESTROY), 0);
	assert_int_equal(vm_count(), 0);
	return 0;
}

static void keep_last(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	(void)ctx;
	(void)ticks;
	(void)level;
	snprintf(last_line, sizeof(last_line), "%s", text);
}

static const char *last_log(void)
{
	last_line[0] = '\0';
	log_replay(keep_last, NULL);
	return last_line;
}

static void print_nothing(void *ctx, const char *fmt, ...)
{
	(void)fmt;
	++*(unsigned *)ctx;
}

static void device_nothing(void *ctx, const char *driver, const char *node)
{
	(void)ctx;
	(void)driver;
	(void)node;
}

/* ---------------------------------------------------------------- rights */

static void test_right_names(void **state)
{
	u32 right, all = 0;

	(void)state;
	for (u32 bit = 1; bit <= CONTROL_ALL; bit <<= 1) {
		assert_int_equal(control_right_parse(control_right_name(bit), &right), 0);
		assert_int_equal(right, bit);
		all |= right;
	}
	assert_int_equal(all, CONTROL_ALL);
	assert_int_equal(control_right_parse("vm-lists", &right), -ENOENT);
	assert_int_equal(control_right_parse("", &right), -ENOENT);
	assert_string_equal(control_right_name(CONTROL_ALL), "?");
}

/*
 * Operation @number of all; *@right is what it takes. -ERANGE: there is none. Nothing may be done
 * without the right.
 */
static int operate(unsigned number, u32 *right)
{
	static struct exit_histogram rows[64];
	struct {
		struct control_vm vm;
		struct control_vcpu vcpu;
		struct control_region region;
		struct control_device device;
		struct control_cpu cpu;
		struct control_memory memory;
		struct control_owner owner;
		struct irq_stats irq;
		struct task_stats task;
		char name[VM_NAME_MAX];
		char buf[16];
	} out;
	struct cpumask mask = cpumask_of(0);
	unsigned count = 0;
	size_t got;
	u64 pos = 0;

#define OPERATION(number_, right_, call) \
	case number_:                    \
		*right = right_;         \
		return call
	switch (number) {
		OPERATION(0, CONTROL_VM_LIST, control_vm_next(&caller, &pos, &out.vm));
		OPERATION(1, CONTROL_VM_LIST, control_vm_info(&caller, "a", &out.vm));
		OPERATION(2, CONTROL_VM_CREATE,
			  control_vm_create(&caller, "b", report, NULL, out.name));
		OPERATION(3, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_START));
		OPERATION(4, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_PAUSE));
		OPERATION(5, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_RESUME));
		OPERATION(6, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_RESET));
		OPERATION(7, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_STOP));
		OPERATION(8, CONTROL_VM_CREATE, control_vm_change(&caller, "b", CONTROL_DESTROY));
		OPERATION(9, CONTROL_VM_LIST, control_vm_region(&caller, "a", 0, &out.region));
		OPERATION(10, CONTROL_VM_LIST,
			  control_vm_device(&caller, "a", 0, &out.device, NULL, NULL));
		OPERATION(11, CONTROL_VM_CONSOLE,
			  control_vm_log(&caller, "a", &pos, out.buf, 16, &got));
		OPERATION(12, CONTROL_VM_INSPECT,
			  control_vm_read(&caller, "a", 0x80000000, out.buf, 16));
		OPERATION(13, CONTROL_VM_INSPECT,
			  control_vm_dump(&caller, "a", print_nothing, &count));
		OPERATION(14, CONTROL_VM_LIST, control_vcpu_info(&caller, "a", 0, &out.vcpu));
		OPERATION(15, CONTROL_VM_INSPECT,
			  control_vcpu_regs(&caller, "a", 1, print_nothing, &count));
		OPERATION(16, CONTROL_VM_CONTROL, control_vcpu_pin(&caller, "a", 0, &mask));
		OPERATION(17, CONTROL_HOST_LIST, control_cpu(&caller, 0, &out.cpu));
		OPERATION(18, CONTROL_HOST_LIST,
			  control_cpu_features(&caller, print_nothing, &count));
		OPERATION(19, CONTROL_HOST_LIST, control_memory(&caller, &out.memory));
		OPERATION(20, CONTROL_HOST_LIST, control_owner_next(&caller, &pos, &out.owner));
		OPERATION(21, CONTROL_HOST_LIST, control_irqs(&caller, &out.irq, 1, &count));
		OPERATION(22, CONTROL_HOST_LIST, control_tasks(&caller, &out.task, 1, &count));
		OPERATION(23, CONTROL_HOST_LIST,
			  control_host_devices(&caller, device_nothing, NULL));
		OPERATION(24, CONTROL_HOST_CONTROL, control_log_level(&caller, LOG_ERROR));
		OPERATION(25, CONTROL_HOST_CONTROL, control_trace(&caller, true));
		OPERATION(26, CONTROL_HOST_CONTROL, control_trace(&caller, false));
		OPERATION(27, CONTROL_HOST_INSPECT,
			  control_host_read(&caller, (uintptr_t)some_ram, out.buf, 16));
	default:
		*right = CONTROL_VM_LIST;
		return number == 28 ?
			       (control_vcpu_histogram(&caller, "a", 0, rows) == -EPERM ? -EPERM :
											  0) :
			       -ERANGE;
	}
#undef OPERATION
}

static void test_rights(void **state)
{
	unsigned number;
	u32 right;

	(void)state;
	create("a");
	for (number = 0;; number++) {
		caller.rights = 0;
		if (operate(number, &right) == -ERANGE)
			break;
		/* Every other right together is not enough. */
		caller.rights = CONTROL_ALL & ~right;
		assert_int_equal(operate(number, &right), -EPERM);
		assert_non_null(strstr(caller.error, "tester is not allowed"));
		assert_non_null(strstr(caller.error, control_right_name(right)));
		/* The right alone is. */
		caller.rights = right;
		if (operate(number, &right) != 0)
			fail_msg("operation %u: %s", number, caller.error);
	}
	assert_int_equal(number, 29);
	/* A refusal ends nobody's machine. */
	caller.rights = CONTROL_ALL & ~CONTROL_HOST_CONTROL;
	assert_int_equal(control_host_power(&caller, false), -EPERM);
}

static void test_audit(void **state)
{
	char name[VM_NAME_MAX];

	(void)state;
	create("a");
	assert_string_equal(last_log(), "control: tester: create a: done");
	assert_int_equal(control_vm_create(&caller, "nothing", report, NULL, name), -ENOENT);
	assert_string_equal(last_log(), "control: tester: create nothing: no such thing");
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_PAUSE), -EINVAL);
	assert_non_null(strstr(last_log(), "control: tester: pause a: "));
	/* What only looks leaves no trace. */
	log_warn("before");
	assert_int_equal(control_vm_change(&caller, "nobody", CONTROL_PAUSE), -ENOENT);
	assert_string_equal(last_log(), "before");
	/* A refusal is a warning, but not for ever. */
	caller.rights = 0;
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_DESTROY), -EPERM);
	assert_non_null(strstr(
		last_log(), "control: tester: destroy a: refused, it has not the right vm-create"));
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(control_vm_change(&caller, "a", CONTROL_DESTROY), -EPERM);
	log_warn("after");
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_DESTROY), -EPERM);
	assert_string_equal(last_log(), "after");
	fake_time += 10000000000ull;
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_DESTROY), -EPERM);
	assert_non_null(strstr(last_log(), "like this left out"));
}

static void next_is(u64 *cursor, const char *name)
{
	struct control_vm vm;
	int e = control_vm_next(&caller, cursor, &vm);

	if (!name) {
		assert_int_equal(e, -ENOENT);
		return;
	}
	assert_int_equal(e, 0);
	assert_string_equal(vm.name, name);
}

/* VMs come and go between two calls: none is shown twice, none that stays is left out. */
static void test_cursor(void **state)
{
	u64 cursor = 0;

	(void)state;
	next_is(&cursor, NULL);
	create("a");
	create("b");
	cursor = 0;
	next_is(&cursor, "a");
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_DESTROY), 0);
	create("a"); /* a new one: comes last */
	create("c");
	next_is(&cursor, "b");
	next_is(&cursor, "a");
	assert_int_equal(control_vm_change(&caller, "c", CONTROL_DESTROY), 0);
	next_is(&cursor, NULL);
	create("c");
	next_is(&cursor, "c");
	next_is(&cursor, NULL);
}

static void test_owners(void **state)
{
	static const char *const names[] = { "system", "a ram",    "a tables", "a objects",
					     "b ram",  "b tables", "b objects" };
	struct control_owner owner;
	struct control_memory memory;
	u64 cursor = 0, ram = 0;

	(void)state;
	create("a");
	create("b");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(control_owner_next(&caller, &cursor, &owner), 0);
		assert_string_equal(owner.name, names[i]);
		ram += strstr(names[i], "ram") ? owner.page_count * PAGE_SIZE : 0;
	}
	assert_int_equal(control_owner_next(&caller, &cursor, &owner), -ENOENT);
	assert_int_equal(control_memory(&caller, &memory), 0);
	assert_int_equal(memory.guest_bytes, ram);
	assert_int_equal(ram, 2 * MIB(4));
	assert_true(memory.overhead_bytes > 0);
	assert_true(memory.pages.free_pages < memory.pages.total_pages);
}

static void test_info(void **state)
{
	struct control_region region;
	struct control_device device;
	struct control_vcpu vcpu;
	struct control_vm vm;
	unsigned count = 0;

	(void)state;
	create("a");
	assert_int_equal(control_vm_info(&caller, "a", &vm), 0);
	assert_string_equal(vm.source, "a.dtb");
	assert_int_equal(vm.vcpu_count, 2);
	assert_int_equal(vm.ram_bytes, MIB(4));
	assert_int_equal(vm.state, VM_CREATED);
	assert_null(vm.last_exit);
	for (unsigned i = 0; control_vm_region(&caller, "a", i, &region) == 0; i++)
		count++;
	assert_int_equal(count, vm.region_count);
	for (count = 0; control_vm_device(&caller, "a", count, &device, NULL, NULL) == 0; count++)
		assert_non_null(device.emulator);
	assert_int_equal(count, vm.device_count);
	assert_int_equal(control_vcpu_info(&caller, "a", 0, &vcpu), 0);
	assert_string_equal(vcpu.state, "off");
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_START), 0);
	assert_int_equal(control_vcpu_info(&caller, "a", 0, &vcpu), 0);
	assert_string_equal(vcpu.state, "ready");
	assert_int_equal(control_vm_change(&caller, "a", CONTROL_PAUSE), 0);
	assert_int_equal(control_vcpu_info(&caller, "a", 0, &vcpu), 0);
	assert_string_equal(vcpu.state, "held");
	assert_int_equal(control_vcpu_info(&caller, "a", 2, &vcpu), -ENOENT);
	assert_int_equal(control_vcpu_info(&caller, "a", ~0u, &vcpu), -ENOENT);
	/* The names of the others help, unless the caller must not see them. */
	assert_int_equal(control_vm_change(&caller, "x", CONTROL_START), -ENOENT);
	assert_string_equal(caller.error, "there is no VM x; there are: a");
	caller.rights = CONTROL_VM_CONTROL;
	assert_int_equal(control_vm_change(&caller, "x", CONTROL_START), -ENOENT);
	assert_string_equal(caller.error, "there is no VM x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_names),
		cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cursor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_info, setup, teardown),
	};

	return cmocka_run_group_tests_name("control", tests, boot, NULL);
}
