/* SPDX-License-Identifier: MIT */
/* What guests ask for (power-off, reset, their end), against operators who do the same at the same time. */
#include <test.h>

#include <core/task.h>
#include <fake.h>
#include <world.h>

#define CPUS 3
#define VCPUS 2
#define SYSRQ "/ { soc { serial@10000000 { verdigris,shutdown = \"sysrq\"; }; }; };\n"

static struct world_memory memory;

static int boot(void **state)
{
	(void)state;
	world_boot(CPUS);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	world_guest = NULL;
	fake_output_clear();
	if (vm_count() > 0)
		return -1;
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

static struct vm *running(void)
{
	struct vm *vm = world_create("a", VCPUS);

	assert_int_equal(world_op(vm, WORLD_START), 0);
	return vm;
}

static void destroy(struct vm *vm)
{
	world_guest = NULL;
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	/* The worker may hold it for a moment. */
	world_settle();
	assert_int_equal(vm->references, 1);
	world_put(vm);
}

static void assert_reason(struct vm *vm, const char *expected)
{
	char reason[VM_REASON_MAX];

	vm_get_reason(vm, reason, sizeof(reason));
	assert_string_equal(reason, expected);
}

/* ---- the worker, kept from its work ---- */

static struct waitqueue gate = WAITQUEUE(gate);
static bool gate_open, gate_reached;

static bool is_open(void *arg)
{
	(void)arg;
	return gate_open;
}

static void wait_at_gate(struct work *work)
{
	(void)work;
	gate_reached = true;
	(void)!waitqueue_wait(&gate, is_open, NULL, TIME_NEVER);
	gate_reached = false;
}

static bool is_flag(void *arg)
{
	return *(bool *)arg;
}

static bool is_no_flag(void *arg)
{
	return !*(bool *)arg;
}

static void block_worker(void)
{
	static struct work work;

	gate_open = false;
	work_init(&work, wait_at_gate);
	work_queue(&work);
	world_until(is_flag, &gate_reached);
}

static void release_worker(void)
{
	gate_open = true;
	waitqueue_wake(&gate);
	world_until(is_no_flag, &gate_reached);
	world_turns(20);
}

/* ---- what a guest asks for ---- */

static enum exit_power wish;
static unsigned wish_count; /* how often it asks */
static u64 steps_after_wish;

static void ask(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_POWER, .power = wish };

	if (wish_count == 0)
		return;
	if (vcpu->vm->power_pending)
		steps_after_wish++;
	if (vcpu->arch.steps < 5)
		return;
	wish_count--;
	exit_handle(vcpu, &exit);
}

static bool has_asked(void *arg)
{
	(void)arg;
	return wish_count == 0;
}

static void let_ask(enum exit_power what)
{
	wish = what;
	wish_count = 1;
	steps_after_wish = 0;
	world_guest = ask;
	world_until(has_asked, NULL);
}

static bool is_carried_out(void *arg)
{
	const struct vm *vm = arg;

	return !vm->power_pending;
}

static void test_wishes(void **state)
{
	static const struct {
		enum exit_power what;
		enum vm_state next;
		const char *reason;
	} rows[] = {
		{ EXIT_POWER_OFF, VM_STOPPED, "the guest powered off" },
		{ EXIT_POWER_RESET, VM_RUNNING, "the guest asked for a reset" },
		{ EXIT_POWER_CRASHED, VM_STOPPED, "the guest reported a failure" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm *vm = running();

		let_ask(rows[i].what);
		world_until(is_carried_out, vm);
		world_turns(20);
		assert_int_equal(vm->state, rows[i].next);
		assert_int_equal(vm->start_count, rows[i].next == VM_RUNNING ? 2 : 1);
		assert_reason(vm, rows[i].reason);
		assert_int_equal(vm->references, 2);
		destroy(vm);
	}
}

static void end_badly(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_FATAL, .fatal = "it jumped into the void" };

	exit_handle(vcpu, &exit);
}

static bool is_stopped(void *arg)
{
	return ((struct vm *)arg)->state == VM_STOPPED;
}

static void test_fatal(void **state)
{
	struct vm *vm = running();

	(void)state;
	world_guest = end_badly;
	world_until(is_stopped, vm);
	assert_reason(vm, "it jumped into the void");
	destroy(vm);
}

/* From the wish to its fulfilment no vCPU computes, whatever operators do meanwhile. */
static void test_wish_waits(void **state)
{
	struct vm *vm = running();

	(void)state;
	block_worker();
	let_ask(EXIT_POWER_OFF);
	wish_count = 1; /* it would ask again if it could */
	steps_after_wish = 0;
	world_turns(100);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	world_turns(20);
	assert_int_equal(world_op(vm, WORLD_RESUME), 0);
	world_turns(100);
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	assert_int_equal(steps_after_wish, 0);
	release_worker();
	assert_int_equal(vm->state, VM_STOPPED);
	assert_reason(vm, "the guest powered off");
	destroy(vm);
}

/* Whoever asks a guest to go that is about to go has not been the reason. */
static void test_shutdown_of_one_that_goes(void **state)
{
	struct vm *vm;

	(void)state;
	vm = world_create_like("a", VCPUS, SYSRQ);
	assert_int_equal(world_op(vm, WORLD_START), 0);
	block_worker();
	let_ask(EXIT_POWER_OFF);
	assert_int_equal(world_op(vm, WORLD_SHUTDOWN), 0);
	assert_reason(vm, "the guest powered off");
	release_worker();
	assert_int_equal(vm->state, VM_STOPPED);
	assert_reason(vm, "the guest powered off");
	destroy(vm);
}

/* The first wish counts. */
static void test_second_wish(void **state)
{
	struct vm *vm = running();

	(void)state;
	block_worker();
	let_ask(EXIT_POWER_OFF);
	vm_request_power(vm, EXIT_POWER_RESET, "second thoughts");
	assert_reason(vm, "the guest powered off");
	assert_int_equal(vm->references, 3);
	release_worker();
	assert_int_equal(vm->state, VM_STOPPED);
	assert_int_equal(vm->start_count, 1);
	assert_int_equal(vm->references, 2);
	destroy(vm);
}

/*
 * An operator was faster, and the guest asks again in its next life while the worker still has the
 * first wish.
 */
static void test_wish_of_another_life(void **state)
{
	struct vm *vm = running();

	(void)state;
	for (unsigned life = 0; life < 3; life++) {
		block_worker();
		let_ask(EXIT_POWER_OFF);
		assert_int_equal(world_op(vm, WORLD_RESET), 0);
		assert_reason(vm, "reset by the test");
		let_ask(EXIT_POWER_RESET);
		release_worker();
		world_until(is_carried_out, vm);
		assert_int_equal(vm->state, VM_RUNNING);
		assert_reason(vm, "the guest asked for a reset");
	}
	world_turns(20);
	assert_int_equal(vm->references, 2);
	destroy(vm);
}

/* A machine that does not run has no wishes; late ones (a device's timer) change nothing. */
static void test_wish_of_nobody(void **state)
{
	struct vm *vm = world_create("a", 1);

	(void)state;
	vm_request_power(vm, EXIT_POWER_OFF, "nobody is there");
	world_turns(20);
	assert_reason(vm, "created");
	assert_int_equal(world_op(vm, WORLD_START), 0);
	world_turns(20);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(world_op(vm, WORLD_STOP), 0);
	vm_request_power(vm, EXIT_POWER_RESET, "nobody is there");
	world_turns(20);
	assert_int_equal(vm->state, VM_STOPPED);
	assert_reason(vm, "stopped by the test");
	assert_string_equal(fake_output, "");
	destroy(vm);
}

/* It is destroyed and forgotten by all but the worker. */
static void test_destroyed_with_wish(void **state)
{
	struct vm *vm = running();

	(void)state;
	block_worker();
	let_ask(EXIT_POWER_RESET);
	assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
	world_put(vm);
	assert_int_equal(vm_count(), 0);
	release_worker();
	assert_string_equal(fake_output, "");
}

/* The reset that it asked for cannot be done. */
static void test_reset_fails(void **state)
{
	struct vm *vm = running();
	char reason[VM_REASON_MAX];

	(void)state;
	world_set_firmware(false);
	let_ask(EXIT_POWER_RESET);
	world_until(is_stopped, vm);
	world_turns(20);
	world_set_firmware(true);
	vm_get_reason(vm, reason, sizeof(reason));
	assert_string_equal(
		reason, "the guest asked for a reset, but it was not started again: no such thing");
	assert_non_null(strstr(fake_output, "VM a: the guest asked for a reset, but"));
	destroy(vm);
}

/* A guest that resets itself without end does not fill the log. */
static unsigned log_lines;

static void count_line(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	(void)ctx;
	(void)ticks;
	(void)level;
	log_lines += strncmp(text, "VM a:", 5) == 0;
}

static bool has_started_often(void *arg)
{
	return ((struct vm *)arg)->start_count > 300;
}

static void ask_always(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_POWER, .power = EXIT_POWER_RESET };

	exit_handle(vcpu, &exit);
}

static void test_reset_loop(void **state)
{
	struct vm *vm = running();
	u64 begin = fake_time;

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		log_info("wipe");
	world_guest = ask_always;
	world_until(has_started_often, vm);
	log_lines = 0;
	log_replay(count_line, NULL);
	/* A burst, and then a few a second. */
	assert_in_range(log_lines, 1, 40 + (fake_time - begin) / 100000000);
	destroy(vm);
}

/* ---- wishes and operators at the same time ---- */

/* Each life of the guest has its own reason, so that none is taken for another's. */
static void ask_for_this_life(struct vcpu *vcpu)
{
	char reason[32];

	if (world_random() % 4)
		return;
	snprintf(reason, sizeof(reason), "life %u", vcpu->vm->start_count);
	vm_request_power(vcpu->vm, EXIT_POWER_OFF, reason);
}

static void reset_often(void *arg)
{
	struct vm *vm = arg;

	for (unsigned i = 0; i < 10; i++) {
		int err = vm_reset(vm, "reset");

		world_check(!err);
		task_yield();
	}
	vm_put(vm);
}

static bool is_alone(void *arg)
{
	const struct vm *vm = arg;

	return vm->references == 2 && vm->state == VM_STOPPED;
}

static void test_reasons_of_lives(void **state)
{
	struct vm *vm = running();

	(void)state;
	for (u64 seed = 1; seed <= 150; seed++) {
		char expected[32];

		world_disturb(seed);
		world_guest = ask_for_this_life;
		vm_get(vm);
		assert_non_null(task_create("reset", reset_often, vm));
		world_until(is_alone, vm);
		world_disturb(0);
		snprintf(expected, sizeof(expected), "life %u", vm->start_count);
		assert_reason(vm, expected);
	}
	destroy(vm);
}

struct duel {
	struct vm *vm;
	enum world_op op;
	int result;
	bool done;
};

static void operate(void *arg)
{
	struct duel *duel = arg;

	for (u64 wait = world_random() % 6; wait > 0; wait--)
		task_yield();
	duel->result = world_operate(duel->vm, duel->op);
	duel->done = true;
}

static bool both_are_done(void *arg)
{
	struct duel *duels = arg;

	return duels[0].done && duels[1].done && !duels[0].vm->power_pending &&
	       !duels[0].vm->power_work.queued;
}

static void ask_by_chance(struct vcpu *vcpu)
{
	struct vcpu_exit exit = { .kind = EXIT_POWER, .power = wish };

	if (world_random() % 8 == 0)
		exit_handle(vcpu, &exit);
}

/* Nobody can say who comes first; but everything that is seen afterwards has to fit together. */
static void check_after_duel(struct vm *vm, bool destroyed)
{
	bool runs = vm->state == VM_RUNNING;

	assert_int_equal(vm->destroyed, destroyed);
	assert_false(destroyed && runs);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		assert_int_equal(vm->vcpus[i]->hold, !runs);
		assert_true(runs || vm->vcpus[i]->parked);
	}
}

/* Two operators and a guest: every pair of operations, many orders. */
static void test_duels(void **state)
{
	u64 seed = 1;

	(void)state;
	for (unsigned pair = 0; pair < WORLD_OP_COUNT * WORLD_OP_COUNT; pair++) {
		for (unsigned round = 0; round < 12; round++, seed++) {
			struct vm *vm = running();
			struct duel duels[2] = {
				{ vm, (enum world_op)(pair / WORLD_OP_COUNT), 0, false },
				{ vm, (enum world_op)(pair % WORLD_OP_COUNT), 0, false },
			};
			bool destroyed =
				duels[0].op == WORLD_DESTROY || duels[1].op == WORLD_DESTROY;

			wish = (enum exit_power)(round % 3);
			world_guest = ask_by_chance;
			world_disturb(seed);
			for (unsigned i = 0; i < 2; i++)
				assert_non_null(task_create("duel", operate, &duels[i]));
			world_until(both_are_done, duels);
			world_guest = NULL;
			world_disturb(0);
			world_until(both_are_done, duels);
			world_turns(20);
			check_after_duel(vm, destroyed);
			if (!destroyed)
				assert_int_equal(world_op(vm, WORLD_DESTROY), 0);
			world_settle();
			assert_int_equal(vm->references, 1);
			world_put(vm);
		}
	}
}

/* When an operation has returned, it is done. */
static void check_quiet(const struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *vcpu = vm->vcpus[i];

		world_check(vcpu->parked && vcpu->loaded_cpu < 0);
		world_check(vcpu->arch.sysreg == vcpu->arch.steps);
	}
}

static bool pauses_are_over;

static void pause_often(void *arg)
{
	struct vm *vm = arg;

	for (unsigned i = 0; i < 20; i++) {
		bool stop = i % 4 == 3;

		world_check(vm_start(vm) == 0 || i % 4);
		task_yield();
		world_check((stop ? vm_stop(vm, "test") : vm_pause(vm)) == 0);
		check_quiet(vm);
		task_yield();
		check_quiet(vm);
		world_check(stop || vm_resume(vm) == 0);
	}
	pauses_are_over = true;
}

static void switch_others_on(struct vcpu *vcpu)
{
	(void)!vcpu_power_on(vcpu->vm->vcpus[1], WORLD_ENTRY, 0);
}

static void test_quiet_after_pause(void **state)
{
	struct vm *vm = world_create("a", VCPUS);

	(void)state;
	world_guest = switch_others_on;
	for (u64 seed = 1; seed <= 30; seed++) {
		pauses_are_over = false;
		world_disturb(seed);
		assert_non_null(task_create("pause", pause_often, vm));
		world_until(is_flag, &pauses_are_over);
		world_disturb(0);
	}
	destroy(vm);
}

/* ---- everything at once ---- */

#define OPERATORS 4

static void play(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct vcpu *other = vm->vcpus[world_random() % vm->vcpu_count];
	struct vcpu_exit halt = { .kind = EXIT_HALT };

	switch (world_random() % 24) {
	case 0:
		this_cpu()->arch.deadline = fake_time + world_random() % 500000;
		exit_handle(vcpu, &halt);
		break;
	case 1:
		__atomic_store_n(&vcpu->arch.pins, 0, __ATOMIC_SEQ_CST);
		this_cpu()->arch.deadline = 0;
		exit_handle(vcpu, &halt);
		break;
	case 2:
	case 3:
		vcpu_set_pin(other, VCPU_PIN_SOFTWARE, true);
		break;
	case 4:
	case 5:
		(void)!vcpu_power_on(other, WORLD_ENTRY, 1);
		break;
	case 6:
		if (vcpu->index)
			vcpu_power_off(vcpu);
		break;
	case 7:
		if (world_random() % 8 == 0)
			vm_request_power(vm, (enum exit_power)(world_random() % 3), "a whim");
		break;
	}
}

static const char *const names[] = { "x", "y", "z" };
static unsigned operators_left;

static void look_at(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpus[world_random() % vm->vcpu_count];
	u64 steps;

	vcpu_hold(vcpu);
	vcpu_wait_parked(vcpu);
	steps = vcpu->arch.steps;
	world_check(vcpu->loaded_cpu < 0 && vcpu->arch.sysreg == steps);
	task_yield();
	world_check(vcpu->arch.steps == steps && vcpu->parked);
	vcpu_release(vcpu);
}

static void act(void)
{
	const char *name = names[world_random() % ARRAY_SIZE(names)];
	struct vm *vm = vm_find(name);
	unsigned what = (unsigned)(world_random() % 12);
	int err;

	if (!vm) {
		err = vm_create(world_config(name, VCPUS, ""), what & 1 ? &vm : NULL);
		world_check(!err || err == -EEXIST);
	} else if (what < WORLD_OP_COUNT) {
		err = world_operate(vm, (enum world_op)what);
		world_check(!err || err == -EINVAL || err == -ENOSYS || err == -ENOENT);
	} else if (what < 9) {
		look_at(vm);
	} else {
		(void)!world_operate(vm, WORLD_START);
	}
	if (vm)
		vm_put(vm);
}

static void operator_task(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 60; i++)
		act();
	operators_left--;
}

static bool all_have_left(void *arg)
{
	(void)arg;
	return operators_left == 0;
}

static void destroy_all(void *arg)
{
	(void)arg;
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm))
		world_check(vm_destroy(vm) == 0);
}

static void test_chaos(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 40; seed++) {
		world_guest = play;
		world_disturb(seed);
		operators_left = OPERATORS;
		for (unsigned i = 0; i < OPERATORS; i++)
			assert_non_null(task_create("operator", operator_task, NULL));
		world_until(all_have_left, NULL);
		world_disturb(0);
		world_task(destroy_all, NULL);
		world_settle();
		world_check_memory(&memory);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_wishes),
		TEST(test_fatal),
		TEST(test_wish_waits),
		TEST(test_shutdown_of_one_that_goes),
		TEST(test_second_wish),
		TEST(test_wish_of_another_life),
		TEST(test_wish_of_nobody),
		TEST(test_destroyed_with_wish),
		TEST(test_reset_fails),
		TEST(test_reset_loop),
		TEST(test_reasons_of_lives),
		TEST(test_duels),
		TEST(test_quiet_after_pause),
		TEST(test_chaos),
	};

	return cmocka_run_group_tests_name("vm_power", tests, boot, NULL);
}
