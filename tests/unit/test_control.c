/* SPDX-License-Identifier: MIT */
/* Management operations: rights, the audit log, cursors over things that come and go, errors that help. */
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

static const char guest_dts[] = "/dts-v1/;\n"
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
	return bundle_init(bundle.bytes, bundle.size);
}

static int setup(void **state)
{
	(void)state;
	caller = (struct control_caller){ .name = "tester", .rights = CONTROL_ALL, .audit = LOG_INFO };
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

/* Operation @number of all; *@right is what it takes. -ERANGE: there is none. Nothing may be done without the right. */
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
		struct vm *ref;
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
		OPERATION(2, CONTROL_VM_CREATE, control_vm_create(&caller, "b", report, NULL, out.name));
		OPERATION(3, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_START));
		OPERATION(4, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_PAUSE));
		OPERATION(5, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_RESUME));
		OPERATION(6, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_RESET));
		OPERATION(7, CONTROL_VM_CONTROL, control_vm_change(&caller, "a", CONTROL_STOP));
		OPERATION(8, CONTROL_VM_CREATE, control_vm_change(&caller, "b", CONTROL_DESTROY));
		OPERATION(9, CONTROL_VM_LIST, control_vm_region(&caller, "a", 0, &out.region));
		OPERATION(10, CONTROL_VM_LIST, control_vm_device(&caller, "a", 0, &out.device, NULL, NULL));
		OPERATION(11, CONTROL_VM_CONSOLE, control_vm_log(&caller, "a", &pos, out.buf, 16, &got));
		OPERATION(12, CONTROL_VM_INSPECT, control_vm_read(&caller, "a", 0x80000000, out.buf, 16));
		OPERATION(13, CONTROL_VM_INSPECT, control_vm_dump(&caller, "a", print_nothing, &count));
		OPERATION(14, CONTROL_VM_LIST, control_vcpu_info(&caller, "a", 0, &out.vcpu));
		OPERATION(15, CONTROL_VM_INSPECT, control_vcpu_regs(&caller, "a", 1, print_nothing, &count));
		OPERATION(16, CONTROL_VM_CONTROL, control_vcpu_pin(&caller, "a", 0, &mask));
		OPERATION(17, CONTROL_HOST_LIST, control_cpu(&caller, 0, &out.cpu));
		OPERATION(18, CONTROL_HOST_LIST, control_cpu_features(&caller, print_nothing, &count));
		OPERATION(19, CONTROL_HOST_LIST, control_memory(&caller, &out.memory));
		OPERATION(20, CONTROL_HOST_LIST, control_owner_next(&caller, &pos, &out.owner));
		OPERATION(21, CONTROL_HOST_LIST, control_irqs(&caller, &out.irq, 1, &count));
		OPERATION(22, CONTROL_HOST_LIST, control_tasks(&caller, &out.task, 1, &count));
		OPERATION(23, CONTROL_HOST_LIST, control_host_devices(&caller, device_nothing, NULL));
		OPERATION(24, CONTROL_HOST_CONTROL, control_log_level(&caller, LOG_ERROR));
		OPERATION(25, CONTROL_HOST_CONTROL, control_trace(&caller, true));
		OPERATION(26, CONTROL_HOST_CONTROL, control_trace(&caller, false));
		OPERATION(27, CONTROL_HOST_INSPECT,
			  control_host_read(&caller, (uintptr_t)vm_find("a")->console.ring, out.buf, 16));
	default:
		*right = CONTROL_VM_LIST;
		return number == 28 ? (control_vcpu_histogram(&caller, "a", 0, rows) == -EPERM ? -EPERM : 0) : -ERANGE;
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
	for (struct vm *vm = vm_find("a"); vm->references > 2;)
		vm_put(vm); /* operation 27 kept some */
	vm_put(vm_find("a"));
	while (vm_find("a")->references > 2)
		vm_put(vm_find("a")), vm_put(vm_find("a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_names),
		cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
	};

	return cmocka_run_group_tests_name("control", tests, boot, NULL);
}
