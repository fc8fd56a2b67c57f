/* SPDX-License-Identifier: MIT */
/* Life cycle of VMs: every operation in every state, random sequences, names, and what is left of them. */
#include <test.h>

#include <core/heap.h>
#include <core/page.h>
#include <fake.h>
#include <world.h>

#define CPUS 2
#define SYSRQ "/ { soc { serial@10000000 { verdigris,shutdown = \"sysrq\"; }; }; };\n"

/* ---- memory that runs out where a test wants it: these take the place of core/mem_owner.c's ---- */

static u64 charge_count; /* charges asked for */
static u64 refuse_from = ~0ull, refuse_to = ~0ull;

static bool is_refused(void)
{
	u64 number = charge_count++;

	return number >= refuse_from && number < refuse_to;
}

bool mem_owner_charge_pages(struct mem_owner *owner, u64 pages)
{
	if (is_refused() || (owner->page_limit && owner->page_count + pages > owner->page_limit))
		return false;
	owner->page_count += pages;
	return true;
}

void mem_owner_uncharge_pages(struct mem_owner *owner, u64 pages)
{
	world_check(owner->page_count >= pages);
	owner->page_count -= pages;
}

bool mem_owner_charge_object(struct mem_owner *owner, u64 bytes)
{
	if (is_refused())
		return false;
	owner->heap_bytes += bytes;
	owner->heap_objects++;
	return true;
}

void mem_owner_uncharge_object(struct mem_owner *owner, u64 bytes)
{
	world_check(owner->heap_bytes >= bytes && owner->heap_objects > 0);
	owner->heap_bytes -= bytes;
	owner->heap_objects--;
}

/* ---- helpers ---- */

static int boot(void **state)
{
	(void)state;
	world_boot(CPUS);
	return 0;
}

static struct world_memory memory;

static int setup(void **state)
{
	(void)state;
	world_guest = NULL;
	fake_output_clear();
	assert_int_equal(vm_count(), 0);
	world_settle();
	world_memory(&memory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* Left behind by a test that failed: its guests compute for ever. */
	if (vm_count() > 0)
		return -1;
	world_settle();
	world_check_memory(&memory);
	return 0;
}

struct creation {
	struct vm_config *config;
	struct vm *vm;
	int result;
};

static void create_task(void *arg)
{
	struct creation *c = arg;

	c->result = vm_create(c->config, &c->vm);
}

static int create(struct vm_config *config, struct vm **vm)
{
	struct creation c = { config, NULL, 0 };

	world_task(create_task, &c);
	if (vm)
		*vm = c.vm;
	return c.result;
}

/* Others may have the CPUs for a slice each first. */
static bool guest_runs(struct vm *vm)
{
	u64 before = vm->vcpus[0]->arch.steps;

	for (unsigned i = 0; i < 1000 && vm->vcpus[0]->arch.steps == before; i++)
		world_turn();
	return vm->vcpus[0]->arch.steps != before;
}

/* All that has to be so in a state when no operation is under way. */
static void check_state(struct vm *vm, enum vm_state state)
{
	bool runs = state == VM_RUNNING;

	assert_int_equal(vm->state, state);
	assert_int_equal(guest_runs(vm), runs);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *vcpu = vm->vcpus[i];

		assert_int_equal(vcpu->hold, !runs);
		if (!runs) {
			assert_true(vcpu->parked);
			assert_int_equal(vcpu->loaded_cpu, -1);
		}
	}
	assert_int_equal(vm->vcpus[0]->power == VCPU_ON, state == VM_RUNNING || state == VM_PAUSED);
}

/* ---- every operation in every state ---- */

/* What an operation answers, and where it leads; GONE is a destroyed VM that somebody still holds. */
#define GONE VM_STATE_COUNT
struct step {
	int result;
	unsigned next;
};
#define REFUSED(state)         \
	{                      \
		-EINVAL, state \
	}
#define MISSING               \
	{                     \
		-ENOENT, GONE \
	}

static const struct step steps[GONE + 1][WORLD_OP_COUNT] = {
	[VM_CREATED] = {
		[WORLD_START] = { 0, VM_RUNNING },
		[WORLD_PAUSE] = REFUSED(VM_CREATED),
		[WORLD_RESUME] = REFUSED(VM_CREATED),
		[WORLD_SHUTDOWN] = REFUSED(VM_CREATED),
		[WORLD_STOP] = REFUSED(VM_CREATED),
		[WORLD_RESET] = REFUSED(VM_CREATED),
		[WORLD_DESTROY] = { 0, GONE },
	},
	[VM_RUNNING] = {
		[WORLD_START] = REFUSED(VM_RUNNING),
		[WORLD_PAUSE] = { 0, VM_PAUSED },
		[WORLD_RESUME] = REFUSED(VM_RUNNING),
		[WORLD_SHUTDOWN] = { 0, VM_RUNNING },
		[WORLD_STOP] = { 0, VM_STOPPED },
		[WORLD_RESET] = { 0, VM_RUNNING },
		[WORLD_DESTROY] = { 0, GONE },
	},
	[VM_PAUSED] = {
		[WORLD_START] = REFUSED(VM_PAUSED),
		[WORLD_PAUSE] = REFUSED(VM_PAUSED),
		[WORLD_RESUME] = { 0, VM_RUNNING },
		[WORLD_SHUTDOWN] = REFUSED(VM_PAUSED),
		[WORLD_STOP] = { 0, VM_STOPPED },
		[WORLD_RESET] = { 0, VM_RUNNING },
		[WORLD_DESTROY] = { 0, GONE },
	},
	[VM_STOPPED] = {
		[WORLD_START] = { 0, VM_RUNNING },
		[WORLD_PAUSE] = REFUSED(VM_STOPPED),
		[WORLD_RESUME] = REFUSED(VM_STOPPED),
		[WORLD_SHUTDOWN] = REFUSED(VM_STOPPED),
		[WORLD_STOP] = REFUSED(VM_STOPPED),
		[WORLD_RESET] = { 0, VM_RUNNING },
		[WORLD_DESTROY] = { 0, GONE },
	},
	[GONE] = { MISSING, MISSING, MISSING, MISSING, MISSING, MISSING, MISSING },
};

static const char *state_name(unsigned state)
{
	return state == GONE ? "gone" : vm_state_name((enum vm_state)state);
}

/* Does @op to a VM that is in @state, and checks the answer and what became of it. */
static unsigned take_step(struct vm *vm, unsigned state, enum world_op op)
{
	const struct step *step = &steps[state][op];
	char before[VM_REASON_MAX], after[VM_REASON_MAX];
	int result;

	vm_get_reason(vm, before, sizeof(before));
	result = world_op(vm, op);
	if (result != step->result)
		fail_msg("%s of a VM that is %s: %d", world_op_names[op], state_name(state),
			 result);
	if (result) {
		vm_get_reason(vm, after, sizeof(after));
		assert_string_equal(after, before);
	}
	if (step->next == GONE)
		assert_true(vm->destroyed);
	else
		check_state(vm, (enum vm_state)step->next);
	return step->next;
}

static struct vm *create_in(unsigned state)
{
	static const enum world_op ways[GONE + 1][3] = {
		[VM_CREATED] = { WORLD_OP_COUNT },
		[VM_RUNNING] = { WORLD_START, WORLD_OP_COUNT },
		[VM_PAUSED] = { WORLD_START, WORLD_PAUSE, WORLD_OP_COUNT },
		[VM_STOPPED] = { WORLD_START, WORLD_STOP, WORLD_OP_COUNT },
		[GONE] = { WORLD_DESTROY, WORLD_OP_COUNT },
	};
	struct vm *vm;

	assert_int_equal(create(world_config("a", 2, SYSRQ), &vm), 0);
	for (unsigned i = 0; i < 3 && ways[state][i] != WORLD_OP_COUNT; i++)
		assert_int_equal(world_op(vm, ways[state][i]), 0);
	return vm;
}

static void test_every_operation_in_every_state(void **state)
{
	(void)state;
	for (unsigned from = 0; from <= GONE; from++) {
		for (unsigned op = 0; op < WORLD_OP_COUNT; op++) {
			struct vm *vm = create_in(from);

			if (take_step(vm, from, (enum world_op)op) != GONE)
				assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
			world_put(vm);
		}
	}
}

static void test_reasons(void **state)
{
	static const struct {
		enum world_op op;
		const char *reason;
	} rows[] = {
		{ WORLD_START, "started" },
		{ WORLD_PAUSE, "started" },
		{ WORLD_RESUME, "started" },
		{ WORLD_SHUTDOWN, "asked to shut down" },
		{ WORLD_STOP, "stopped by the test" },
		{ WORLD_RESET, "reset by the test" },
		{ WORLD_DESTROY, "destroyed" },
	};
	struct vm *vm = create_in(VM_CREATED);
	char reason[VM_REASON_MAX];

	(void)state;
	vm_get_reason(vm, reason, sizeof(reason));
	assert_string_equal(reason, "created");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(world_op(vm, rows[i].op), 0);
		vm_get_reason(vm, reason, sizeof(reason));
		assert_string_equal(reason, rows[i].reason);
	}
	world_put(vm);
}

/* Nobody to ask. */
static void test_shutdown_without_device(void **state)
{
	struct vm *vm = world_create("a", 1);

	(void)state;
	assert_int_equal(world_op(vm, WORLD_START), 0);
	assert_int_equal(world_op(vm, WORLD_SHUTDOWN), -ENOSYS);
	check_state(vm, VM_RUNNING);
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
}

/* ---- random sequences against a model that is no more than the table ---- */

#define VMS 4

struct model {
	struct vm *vm; /* NULL: not created */
	unsigned state;
	u32 starts;
	u32 id;
};

static void model_create(struct model *m, unsigned number, u32 *last_id)
{
	char name[8];

	snprintf(name, sizeof(name), "vm%u", number);
	assert_int_equal(create(world_config(name, 1 + number % 2, SYSRQ), &m->vm), 0);
	m->state = VM_CREATED;
	m->starts = 0;
	m->id = m->vm->id;
	assert_true(m->id > *last_id);
	*last_id = m->id;
}

static void model_step(struct model *m, enum world_op op)
{
	bool starts = steps[m->state][op].result == 0 && (op == WORLD_START || op == WORLD_RESET);

	m->state = take_step(m->vm, m->state, op);
	m->starts += starts;
	assert_int_equal(m->vm->start_count, m->starts);
	if (m->state == GONE) {
		world_put(m->vm);
		m->vm = NULL;
	}
}

static void check_list(const struct model *models)
{
	unsigned count = 0;
	u32 last = 0;

	for (unsigned i = 0; i < VMS; i++)
		count += models[i].vm != NULL;
	assert_int_equal(vm_count(), count);
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm)) {
		assert_true(vm->id > last);
		last = vm->id;
		count--;
	}
	assert_int_equal(count, 0);
}

static void test_random_sequences(void **state)
{
	struct model models[VMS] = { { NULL, 0, 0, 0 } };
	u64 seed = 7;
	u32 last_id = 0;

	(void)state;
	for (unsigned round = 0; round < 1500; round++) {
		unsigned number = (unsigned)test_random_below(&seed, VMS);
		struct model *m = &models[number];

		/* Few are destroyed, so that many states are seen. */
		if (!m->vm)
			model_create(m, number, &last_id);
		else if (test_random_below(&seed, 20) == 0)
			model_step(m, WORLD_DESTROY);
		else
			model_step(m, (enum world_op)test_random_below(&seed, WORLD_DESTROY));
		check_list(models);
	}
	for (unsigned i = 0; i < VMS; i++)
		if (models[i].vm)
			model_step(&models[i], WORLD_DESTROY);
}

/* ---- names, ids, references ---- */

static void test_names(void **state)
{
	struct vm *a, *b, *found;
	u32 id;

	(void)state;
	assert_null(vm_find("a"));
	assert_int_equal(create(world_config("a", 1, ""), &a), 0);
	assert_int_equal(create(world_config("a", 1, ""), NULL), -EEXIST);
	assert_non_null(strstr(fake_output, "VM a: cannot be created: "));
	assert_int_equal(vm_count(), 1);
	found = vm_find("a");
	assert_ptr_equal(found, a);
	world_put(found);
	assert_int_equal(create(world_config("ab", 1, ""), &b), 0);
	id = b->id;
	assert_int_equal(world_op(b, WORLD_DESTROY), 0);
	assert_null(vm_find("ab"));
	/* Its name is free although it is still there, its number is not. */
	assert_int_equal(create(world_config("ab", 1, ""), &found), 0);
	assert_ptr_not_equal(found, b);
	assert_true(found->id > id);
	world_put(b);
	assert_int_equal(world_op(found, WORLD_DESTROY), 0);
	world_put(found);
	assert_int_equal(world_op(a, WORLD_DESTROY), 0);
	world_put(a);
}

struct twins {
	unsigned done;
	unsigned created;
	unsigned refused;
};

static void create_twin(void *arg)
{
	struct twins *twins = arg;
	struct vm *vm;
	int err = vm_create(world_config("a", 1, ""), &vm);

	world_check(!err || err == -EEXIST);
	twins->created += !err;
	twins->refused += err != 0;
	if (!err)
		vm_put(vm);
	twins->done++;
}

static bool both_are_done(void *arg)
{
	return ((struct twins *)arg)->done == 2;
}

/* Two tasks make a VM of the same name at the same time: one of them does. */
static void test_twins(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 20; seed++) {
		struct twins twins = { 0, 0, 0 };
		struct vm *vm;

		world_disturb(seed);
		for (unsigned i = 0; i < 2; i++)
			assert_non_null(task_create("twin", create_twin, &twins));
		world_until(both_are_done, &twins);
		world_disturb(0);
		assert_int_equal(twins.created, 1);
		assert_int_equal(twins.refused, 1);
		vm = vm_find("a");
		assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
		world_put(vm);
	}
}

/* Who creates a VM holds it: another task may destroy it at once. */
static void test_creator_holds_it(void **state)
{
	struct vm *vm = world_create("a", 2), *found;

	(void)state;
	assert_int_equal(vm->references, 2);
	found = vm_find("a");
	assert_int_equal(world_op(found, WORLD_DESTROY), 0);
	world_put(found);
	assert_int_equal(vm->references, 1);
	assert_string_equal(vm->name, "a");
	assert_int_equal(world_op(vm, WORLD_START), -ENOENT);
	world_put(vm);
}

static void destroy_and_walk(void *arg)
{
	struct vm **vms = arg;
	struct vm *vm = vm_next(NULL);

	world_check(vm == vms[0]);
	world_check(vm_destroy(vms[0]) == 0);
	world_check(vm_destroy(vms[1]) == 0);
	/* @vm has left the list, and the one behind it too. */
	vm = vm_next(vm);
	world_check(vm == vms[2]);
	world_check(vm_destroy(vms[2]) == 0);
	world_check(vm_next(vm) == NULL);
}

/* A walk over the list goes on from a VM that has left it. */
static void test_walk(void **state)
{
	struct vm *vms[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		vms[i] = world_create((const char *[]){ "c", "a", "b" }[i], 1);
	world_task(destroy_and_walk, vms);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(vms[i]->references, 1);
		world_put(vms[i]);
	}
}

/* All that a destroyed VM has stays usable for those who hold it, and goes with the last of them. */
static void test_destroyed_while_held(void **state)
{
	struct vm *vm = create_in(VM_RUNNING), *other = vm_find("a");
	struct world_memory before, after;
	u8 byte = 1;

	(void)state;
	assert_true(guest_runs(vm));
	world_memory(&before);
	assert_int_equal(world_op(other, WORLD_DESTROY), 0);
	world_put(other);
	world_memory(&after);
	assert_int_equal(after.free_pages, before.free_pages);
	assert_false(guest_runs(vm));
	assert_int_equal(gpa_read(vm, gpa(WORLD_ENTRY + 1), &byte, 1), 0);
	assert_int_equal(byte, 1);
	vcpu_hold(vm->vcpus[0]);
	vcpu_release(vm->vcpus[0]);
	assert_false(guest_runs(vm));
	world_put(vm);
	world_memory(&after);
	assert_true(after.free_pages >= before.free_pages + (WORLD_GUEST_RAM >> PAGE_SHIFT));
}

/* ---- memory ---- */

static u32 random_op(u64 *seed)
{
	return (u32)test_random_below(seed, WORLD_OP_COUNT - 1);
}

/* A thousand lives, some of them short, some eventful. */
static void test_thousand(void **state)
{
	u64 seed = 3;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct vm *vm = world_create("a", 2);

		for (unsigned n = i % 4; n > 0; n--)
			(void)!world_op(vm, (enum world_op)random_op(&seed));
		assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
		world_put(vm);
		if (i % 100 == 0)
			world_check_memory(&memory);
	}
}

/* Guests' memory is gone for good when the VM is. */
static void test_scrubbed(void **state)
{
	static const char secret[] = "nobody else may ever read this";
	struct vm *vm = world_create("a", 1);
	u64 len = sizeof(secret);
	char *ram = gpa_to_ptr(vm, gpa(WORLD_ENTRY + 0x1000), &len, GPA_WRITE);

	(void)state;
	memcpy(ram, secret, sizeof(secret));
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(ram[i] & secret[i], i == 0 ? 0 : ram[i] & secret[i]);
	assert_memory_not_equal(ram, secret, sizeof(secret));
}

#define RICH                                                                                     \
	SYSRQ "/ { rom@20000000 { reg = <0 0x20000000 0 0x4000>; verdigris,rom; };\n"            \
	      "view@30000000 { reg = <0 0x30000000 0 0x4000>; verdigris,alias-of = <0 "          \
	      "0x80000000>; };\n"                                                                \
	      "mail@40000000 { reg = <0 0x40000000 0 0x2000>; verdigris,shared = \"mail\"; };\n" \
	      "};\n"

/* Creates a VM while the charges from number @from on are refused, @count of them. */
static int create_short_of_memory(u64 from, u64 count, struct vm **vm, u64 *charges)
{
	struct creation c = { world_config("a", 2, RICH), NULL, 0 };
	struct task *task;

	/* The task itself is no part of this. */
	*charges = 0;
	task = task_create("short", create_task, &c);
	assert_non_null(task);
	charge_count = 0;
	refuse_from = from;
	refuse_to = count > ~0ull - from ? ~0ull : from + count;
	c.result = 1;
	while (c.result == 1)
		world_turn();
	refuse_from = ~0ull;
	*charges = charge_count;
	*vm = c.vm;
	return c.result;
}

static void destroy(struct vm *vm)
{
	assert_int_equal(world_op(vm, WORLD_START), 0);
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
}

/* Each allocation fails once, alone or with all that follow. */
static void test_out_of_memory(void **state)
{
	u64 charges, total;
	struct vm *vm;

	(void)state;
	assert_int_equal(create_short_of_memory(~0ull, 0, &vm, &total), 0);
	destroy(vm);
	assert_in_range(total, 30, 5000);
	for (u64 at = 0; at < total; at++) {
		int alone = create_short_of_memory(at, 1, &vm, &charges);

		/* Guest RAM is found in smaller blocks when there are no large ones. */
		assert_true(alone == 0 || alone == -ENOMEM);
		if (!alone)
			destroy(vm);
		assert_int_equal(create_short_of_memory(at, ~0ull, &vm, &charges), -ENOMEM);
		assert_int_equal(vm_count(), 0);
		world_settle();
		world_check_memory(&memory);
	}
	/* And nothing of all that is remembered. */
	assert_int_equal(create_short_of_memory(~0ull, 0, &vm, &charges), 0);
	destroy(vm);
}

/* More RAM than there is, and more tables than the tree allows. */
static void test_limits(void **state)
{
	struct vm_config *config = world_config("a", 1, "");

	(void)state;
	config->memory[0].size = WORLD_RAM;
	assert_int_equal(create(config, NULL), -ENOMEM);
	config = world_config("a", 1, "");
	config->table_limit = 2 * PAGE_SIZE;
	assert_int_equal(create(config, NULL), -ENOMEM);
	config = world_config("a", 1, "");
	config->affinity = cpumask_of(CPUS);
	assert_int_equal(create(config, NULL), -EINVAL);
	config = world_config("a", 1, "");
	config->memory[0].base += 1;
	assert_int_equal(create(config, NULL), -EINVAL);
}

/* The owners' limits are those of the tree, and RAM is RAM: views and others' memory do not count. */
static void test_owners(void **state)
{
	struct vm *vm;

	(void)state;
	assert_int_equal(create(world_config("a", 2, RICH), &vm), 0);
	assert_int_equal(vm->ram_owner.page_count, (WORLD_GUEST_RAM + 0x4000) >> PAGE_SHIFT);
	assert_int_equal(vm->ram_owner.page_limit, vm->ram_owner.page_count);
	assert_true(vm->table_owner.page_count < vm->table_owner.page_limit);
	assert_int_equal(gpa_ram_size(vm), WORLD_GUEST_RAM);
	destroy(vm);
}

/* ---- a start that fails ---- */

static int start_short_of_memory(struct vm *vm, u64 at)
{
	int result;

	refuse_from = charge_count + 2 + at; /* the task and its stack come first */
	refuse_to = ~0ull;
	result = world_op(vm, WORLD_START);
	refuse_from = ~0ull;
	return result;
}

static void test_start_fails(void **state)
{
	struct vm *vm = world_create("a", 2);
	char reason[VM_REASON_MAX];

	(void)state;
	world_set_firmware(false);
	assert_int_equal(world_op(vm, WORLD_START), -ENOENT);
	check_state(vm, VM_CREATED);
	assert_int_equal(world_op(vm, WORLD_RESET), -EINVAL);
	world_set_firmware(true);
	assert_int_equal(start_short_of_memory(vm, 0), -ENOMEM);
	check_state(vm, VM_CREATED);
	assert_int_equal(world_op(vm, WORLD_START), 0);
	check_state(vm, VM_RUNNING);
	/* A reset that comes half-way: it has stopped, and says why. */
	world_set_firmware(false);
	assert_int_equal(world_op(vm, WORLD_RESET), -ENOENT);
	check_state(vm, VM_STOPPED);
	vm_get_reason(vm, reason, sizeof(reason));
	assert_non_null(strstr(reason, "reset by the test"));
	assert_non_null(strstr(reason, "not started again"));
	assert_int_equal(world_op(vm, WORLD_START), -ENOENT);
	check_state(vm, VM_STOPPED);
	world_set_firmware(true);
	assert_int_equal(vm->start_count, 1);
	assert_int_equal(world_op(vm, WORLD_RESET), 0);
	check_state(vm, VM_RUNNING);
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_every_operation_in_every_state),
		TEST(test_reasons),
		TEST(test_shutdown_without_device),
		TEST(test_random_sequences),
		TEST(test_names),
		TEST(test_twins),
		TEST(test_creator_holds_it),
		TEST(test_walk),
		TEST(test_destroyed_while_held),
		TEST(test_thousand),
		TEST(test_scrubbed),
		TEST(test_out_of_memory),
		TEST(test_limits),
		TEST(test_owners),
		TEST(test_start_fails),
	};

	return cmocka_run_group_tests_name("vm", tests, boot, NULL);
}
