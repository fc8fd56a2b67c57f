/* SPDX-License-Identifier: MIT */
/* vCPUs: power, holds, requests and waiting, and registers that follow them from CPU to CPU. */
#include <test.h>

#include <core/task.h>
#include <fake.h>
#include <world.h>

#define CPUS 3
#define VCPUS 3
#define MS 1000000ull

static struct vm *vm;

static int boot(void **state)
{
	(void)state;
	world_boot(CPUS);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	if (vm)
		return -1;
	world_guest = NULL;
	fake_output_clear();
	vm = world_create("a", VCPUS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (world_op(vm, WORLD_DESTROY))
		return -1;
	world_put(vm);
	vm = NULL;
	world_settle();
	return 0;
}

static void start(void (*guest)(struct vcpu *vcpu))
{
	world_guest = guest;
	assert_int_equal(world_op(vm, WORLD_START), 0);
}

static struct vcpu *vcpu(unsigned index)
{
	return vm->vcpus[index];
}

static bool moves(unsigned index)
{
	u64 before = vcpu(index)->arch.steps;

	for (unsigned i = 0; i < 400 && vcpu(index)->arch.steps == before; i++)
		world_turn();
	return vcpu(index)->arch.steps != before;
}

static void wait_parked(void *arg)
{
	vcpu_wait_parked(arg);
}

/* In no CPU, all registers in memory. */
static void assert_parked(unsigned index)
{
	const struct vcpu *v = vcpu(index);

	world_task(wait_parked, vcpu(index));
	assert_true(v->parked);
	assert_int_equal(v->loaded_cpu, -1);
	assert_int_equal(v->arch.sysreg, v->arch.steps);
	for (unsigned i = 0; i < CPUS; i++)
		assert_ptr_not_equal(cpus[i]->loaded, v);
	assert_false(moves(index));
	assert_true(v->parked);
}

static bool is_blocked(void *arg)
{
	return ((struct vcpu *)arg)->se.state == SCHED_BLOCKED;
}

/* The next halt ends when its timer does: at @deadline, 0 for never. */
static void halt(struct vcpu *v, u64 deadline)
{
	struct vcpu_exit exit = { .kind = EXIT_HALT };

	this_cpu()->arch.deadline = deadline;
	exit_handle(v, &exit);
}

/* ---- holds ---- */

static void test_holds_are_counted(void **state)
{
	(void)state;
	/* Once since its creation. */
	assert_int_equal(vcpu(0)->hold, 1);
	assert_parked(0);
	start(NULL);
	assert_int_equal(vcpu(0)->hold, 0);
	assert_true(moves(0));
	for (unsigned n = 0; n < 3; n++) {
		vcpu_hold(vcpu(0));
		assert_parked(0);
	}
	/* A pause in between is one more. */
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	vcpu_release(vcpu(0));
	vcpu_release(vcpu(0));
	assert_int_equal(world_op(vm, WORLD_RESUME), 0);
	assert_parked(0);
	assert_int_equal(vm->state, VM_RUNNING);
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	vcpu_release(vcpu(0));
	assert_parked(0);
	assert_int_equal(world_op(vm, WORLD_RESUME), 0);
	assert_true(moves(0));
	assert_int_equal(vcpu(0)->hold, 0);
}

static void test_release_without_hold(void **state)
{
	(void)state;
	start(NULL);
	assert_panics(vcpu_release(vcpu(0)), "before > 0");
	vcpu(0)->hold = 0;
}

static void halt_for_ever(struct vcpu *v)
{
	halt(v, 0);
}

/* A held vCPU is parked whatever it does: it computes, waits, has no budget, is off, or was never on. */
static void test_parks_from_anywhere(void **state)
{
	(void)state;
	start(NULL);
	assert_true(moves(0));
	assert_int_equal(vcpu(0)->se.state, SCHED_RUNNING);
	vcpu_hold(vcpu(0));
	assert_parked(0);
	vcpu_release(vcpu(0));
	assert_true(moves(0));

	assert_int_equal(sched_set_cap(&vcpu(0)->se, 5), 0);
	for (unsigned i = 0; i < 1000 && vcpu(0)->se.state != SCHED_THROTTLED; i++)
		world_turn();
	assert_int_equal(vcpu(0)->se.state, SCHED_THROTTLED);
	vcpu_hold(vcpu(0));
	assert_parked(0);
	assert_int_equal(sched_set_cap(&vcpu(0)->se, 0), 0);
	vcpu_release(vcpu(0));
	assert_true(moves(0));

	world_guest = halt_for_ever;
	world_until(is_blocked, vcpu(0));
	/* Its registers stay where it ran. */
	assert_true(vcpu(0)->loaded_cpu >= 0);
	vcpu_hold(vcpu(0));
	assert_parked(0);
	vcpu_release(vcpu(0));
	world_until(is_blocked, vcpu(0));
	assert_true(vcpu(0)->waiting);

	vcpu_hold(vcpu(1));
	assert_parked(1);
	vcpu_release(vcpu(1));
	world_until(is_blocked, vcpu(1));
	assert_int_equal(vcpu(1)->arch.steps, 0);
}

/* ---- power ---- */

static void test_power(void **state)
{
	(void)state;
	start(NULL);
	assert_int_equal(vcpu(0)->power, VCPU_ON);
	assert_int_equal(vcpu(0)->arch.pc, WORLD_ENTRY);
	assert_int_equal(vcpu_power_on(vcpu(0), 1, 2), -EBUSY);
	assert_int_equal(vcpu(1)->power, VCPU_OFF);
	assert_false(moves(1));
	assert_int_equal(vcpu_power_on(vcpu(1), 0x80001000, 77), 0);
	assert_int_equal(vcpu_power_on(vcpu(1), 0x80002000, 78), -EBUSY);
	assert_true(moves(1));
	assert_int_equal(vcpu(1)->arch.pc, 0x80001000);
	assert_int_equal(vcpu(1)->arch.arg, 77);
	/* Of a held one: later. */
	vcpu_hold(vcpu(2));
	assert_int_equal(vcpu_power_on(vcpu(2), 0x80003000, 79), 0);
	assert_parked(2);
	vcpu_release(vcpu(2));
	assert_true(moves(2));
	assert_int_equal(vcpu(2)->arch.arg, 79);
	/* The next life of the VM begins with vCPU 0 alone. */
	assert_int_equal(world_op(vm, WORLD_RESET), 0);
	assert_true(moves(0));
	assert_int_equal(vcpu(1)->power, VCPU_OFF);
	assert_false(moves(1));
	assert_false(moves(2));
}

static u64 seen_arg;

/* vCPU 1 goes off, and vCPU 0 has it on again before it has left the guest. */
static void off_and_on(struct vcpu *v)
{
	if (v->index != 1)
		return;
	seen_arg = v->arch.arg;
	if (seen_arg >= 5)
		return;
	vcpu_power_off(v);
	world_check(vcpu_power_on(v, WORLD_ENTRY, seen_arg + 1) == 0);
	v->arch.steps = 12345; /* nothing of this life is seen in the next */
}

static bool is_last_life(void *arg)
{
	(void)arg;
	return seen_arg == 5;
}

static void test_on_before_off_has_left(void **state)
{
	(void)state;
	seen_arg = 0;
	start(off_and_on);
	assert_int_equal(vcpu_power_on(vcpu(1), WORLD_ENTRY, 1), 0);
	world_until(is_last_life, NULL);
	assert_true(moves(1));
	assert_true(vcpu(1)->arch.steps < 12345);
}

/* vCPU 0 starts vCPU 1 as soon as it is off; that one goes off as soon as it runs. */
static u64 lives_begun, lives_ended;

static void give_lives(struct vcpu *v)
{
	if (v->index == 0) {
		if (vcpu_power_on(vcpu(1), WORLD_ENTRY, lives_begun + 1) == 0)
			lives_begun++;
		return;
	}
	world_check(v->arch.arg == lives_ended + 1 && v->arch.steps == 1);
	lives_ended++;
	vcpu_power_off(v);
}

static bool has_lived_often(void *arg)
{
	(void)arg;
	return lives_ended >= 200;
}

static void test_on_and_off_race(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 10; seed++) {
		lives_begun = lives_ended = 0;
		start(give_lives);
		world_disturb(seed);
		world_until(has_lived_often, NULL);
		world_disturb(0);
		assert_int_equal(world_op(vm, WORLD_STOP), 0);
		assert_true(lives_begun - lives_ended <= 1);
	}
}

/* ---- requests ---- */

static u32 seen_requests;

static void note_requests(struct vcpu *v)
{
	seen_requests |= v->requests;
}

static void test_requests(void **state)
{
	(void)state;
	start(NULL);
	assert_true(moves(0));
	/* It runs: its CPU is told. */
	fake_ipis = 0;
	vcpu_request(vcpu(0), VCPU_REQ_ARCH);
	assert_int_equal(vcpu(0)->requests, VCPU_REQ_ARCH);
	assert_int_equal(fake_ipis, BIT(vcpu(0)->se.cpu));
	world_turns(2);
	assert_int_equal(vcpu(0)->requests, 0);
	/* It waits: it looks, and waits again. */
	world_guest = halt_for_ever;
	world_until(is_blocked, vcpu(0));
	vcpu_request(vcpu(0), VCPU_REQ_ARCH);
	assert_int_not_equal(vcpu(0)->se.state, SCHED_BLOCKED);
	world_until(is_blocked, vcpu(0));
	assert_true(vcpu(0)->waiting);
	/* It is held: it finds the request when it goes on. */
	world_guest = note_requests;
	vcpu_hold(vcpu(0));
	assert_parked(0);
	vcpu_request(vcpu(0), VCPU_REQ_ARCH << 1);
	assert_parked(0);
	assert_true(vcpu(0)->requests & (VCPU_REQ_ARCH << 1));
	vcpu_release(vcpu(0));
	vcpu_set_pin(vcpu(0), VCPU_PIN_EXTERNAL, true);
	assert_true(moves(0));
	assert_int_equal(vcpu(0)->requests, 0);
}

static void ask_itself(struct vcpu *v)
{
	u64 ipis = fake_ipis;

	world_check(vcpu_current() == v);
	vcpu_request(v, VCPU_REQ_IRQ);
	world_check(v->requests & VCPU_REQ_IRQ);
	/* It is about to look anyway. */
	world_check(fake_ipis == ipis && !v->se.wake_pending);
}

static void test_request_of_its_own(void **state)
{
	(void)state;
	assert_null(vcpu_current());
	start(ask_itself);
	assert_true(moves(0));
	assert_null(vcpu_current());
}

/* ---- waiting ---- */

static u64 wait_for, woken_at;
static unsigned waits;

static void wait_once(struct vcpu *v)
{
	if (waits == 0)
		return;
	waits--;
	woken_at = 0;
	halt(v, wait_for);
}

static void note_wake(struct vcpu *v)
{
	if (waits)
		wait_once(v);
	else if (!woken_at)
		woken_at = fake_time;
}

static bool is_awake(void *arg)
{
	(void)arg;
	return woken_at != 0;
}

static void wait_until(u64 deadline)
{
	wait_for = deadline;
	waits = 1;
	world_turns(40);
	assert_int_equal(waits, 0);
}

static void test_waits_for_deadline(void **state)
{
	(void)state;
	start(note_wake);
	for (unsigned i = 0; i < 5; i++) {
		u64 deadline = fake_time + 10 * MS + i;

		wait_until(deadline);
		assert_int_equal(vcpu(0)->se.state, SCHED_BLOCKED);
		assert_true(timer_is_armed(&vcpu(0)->wake_timer));
		assert_int_equal(vcpu(0)->wake_timer.deadline, deadline);
		/* A look at it changes nothing, wherever it happens. */
		assert_int_equal(
			sched_set_affinity(&vcpu(0)->se, &(struct cpumask){ { BIT(i % CPUS) } }),
			0);
		vcpu_wake(vcpu(0));
		world_until(is_blocked, vcpu(0));
		assert_int_equal(vcpu(0)->wake_timer.deadline, deadline);
		assert_int_equal(vcpu(0)->wake_timer.cpu, i % CPUS);
		world_until(is_awake, NULL);
		assert_in_range(woken_at, deadline, deadline + 4 * WORLD_TURN);
		assert_false(timer_is_armed(&vcpu(0)->wake_timer));
	}
}

static void test_deadline_has_passed(void **state)
{
	(void)state;
	start(note_wake);
	wait_until(fake_time - 1);
	assert_int_not_equal(woken_at, 0);
	assert_false(vcpu(0)->waiting);
	assert_int_equal(vcpu(0)->stats.halts, 1);
}

static void test_pin_ends_wait(void **state)
{
	u64 deadline = fake_time + 1000000 * MS;

	(void)state;
	start(note_wake);
	wait_until(deadline);
	assert_int_equal(vcpu(0)->se.state, SCHED_BLOCKED);
	vcpu_set_pin(vcpu(0), VCPU_PIN_EXTERNAL, true);
	world_until(is_awake, NULL);
	assert_true(woken_at < deadline);
	/* Nobody needs the alarm any more. */
	assert_false(timer_is_armed(&vcpu(0)->wake_timer));
	/* The pin is still high: it does not wait at all. */
	wait_until(deadline);
	assert_int_not_equal(woken_at, 0);
	vcpu_set_pin(vcpu(0), VCPU_PIN_EXTERNAL, false);
	wait_until(0);
	assert_int_equal(vcpu(0)->se.state, SCHED_BLOCKED);
	assert_false(timer_is_armed(&vcpu(0)->wake_timer));
}

/* Off while it waits, and on again: it begins anew and does not wait. */
static void test_restart_ends_wait(void **state)
{
	(void)state;
	start(note_wake);
	wait_until(0);
	assert_int_equal(world_op(vm, WORLD_RESET), 0);
	assert_true(moves(0));
	assert_false(vcpu(0)->waiting);
}

/* A pause does not end a wait, and what ends it meanwhile is not forgotten. */
static void test_wait_through_pause(void **state)
{
	u64 deadline;

	(void)state;
	start(note_wake);
	deadline = fake_time + 60 * MS;
	wait_until(deadline);
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	assert_parked(0);
	assert_int_equal(vcpu(0)->arch.deadline, deadline);
	assert_int_equal(world_op(vm, WORLD_RESUME), 0);
	world_turns(20);
	assert_int_equal(woken_at, 0);
	assert_int_equal(world_op(vm, WORLD_PAUSE), 0);
	while (fake_time < deadline + MS)
		world_turn();
	assert_int_equal(woken_at, 0);
	assert_true(vcpu(0)->waiting);
	assert_int_equal(world_op(vm, WORLD_RESUME), 0);
	world_until(is_awake, NULL);
}

/*
 * Two vCPUs hand a ball to and fro; each sleeps without a timer until it comes. One lost wake-up, and
 * both sleep for ever.
 */
static u64 passes;

static void play_ball(struct vcpu *v)
{
	struct vcpu *other = vcpu(v->index ^ 1);

	if (__atomic_fetch_and(&v->arch.pins, ~BIT(VCPU_PIN_SOFTWARE), __ATOMIC_SEQ_CST)) {
		passes++;
		vcpu_set_pin(other, VCPU_PIN_SOFTWARE, true);
	}
	halt(v, 0);
}

static bool have_played(void *arg)
{
	(void)arg;
	return passes >= 400;
}

static void test_no_wake_is_lost(void **state)
{
	struct cpumask one = cpumask_of(1);

	(void)state;
	for (u64 seed = 1; seed <= 20; seed++) {
		/* On CPUs of their own, then on one. */
		if (seed == 11)
			for (unsigned i = 0; i < 2; i++)
				assert_int_equal(sched_set_affinity(&vcpu(i)->se, &one), 0);
		start(play_ball);
		assert_int_equal(vcpu_power_on(vcpu(1), WORLD_ENTRY, 0), 0);
		passes = 0;
		world_disturb(seed);
		vcpu_set_pin(vcpu(0), VCPU_PIN_SOFTWARE, true);
		world_until(have_played, NULL);
		world_disturb(0);
		assert_int_equal(world_op(vm, WORLD_STOP), 0);
	}
}

/* Holds and releases all the time: what is parked stays so, and nobody sleeps for ever afterwards. */
static unsigned holders_left;

static void hold_often(void *arg)
{
	struct vcpu *v = arg;

	for (unsigned i = 0; i < 40; i++) {
		u64 steps;

		vcpu_hold(v);
		vcpu_wait_parked(v);
		steps = v->arch.steps;
		world_check(v->loaded_cpu < 0 && v->arch.sysreg == steps);
		for (u64 n = world_random() % 3; n > 0; n--)
			task_yield();
		world_check(v->arch.steps == steps && v->loaded_cpu < 0);
		vcpu_release(v);
		if (world_random() % 2)
			task_yield();
	}
	holders_left--;
}

static bool holders_are_gone(void *arg)
{
	(void)arg;
	return holders_left == 0;
}

static void test_holders_race(void **state)
{
	(void)state;
	for (u64 seed = 1; seed <= 20; seed++) {
		start(play_ball);
		assert_int_equal(vcpu_power_on(vcpu(1), WORLD_ENTRY, 0), 0);
		vcpu_set_pin(vcpu(0), VCPU_PIN_SOFTWARE, true);
		world_disturb(seed);
		holders_left = 4;
		for (unsigned i = 0; i < 4; i++)
			assert_non_null(task_create("holder", hold_often, vcpu(i / 2)));
		world_until(holders_are_gone, NULL);
		passes = 0;
		world_until(have_played, NULL);
		world_disturb(0);
		assert_int_equal(world_op(vm, WORLD_STOP), 0);
	}
}

/* ---- from CPU to CPU ---- */

static bool runs_on_cpu(void *arg)
{
	unsigned index = *(unsigned *)arg;

	/* vCPU n on CPU index + n. */
	for (unsigned i = 0; i < VCPUS; i++)
		if (vcpu(i)->loaded_cpu != (s32)((index + i) % CPUS))
			return false;
	return true;
}

/* All vCPUs change places at once: each fetches its registers from a CPU that fetches its own elsewhere. */
static void test_migration(void **state)
{
	(void)state;
	start(NULL);
	for (unsigned i = 1; i < VCPUS; i++)
		assert_int_equal(vcpu_power_on(vcpu(i), WORLD_ENTRY, 0), 0);
	for (unsigned round = 0; round < 60; round++) {
		if (round == 30)
			world_disturb(5);
		for (unsigned i = 0; i < VCPUS; i++) {
			struct cpumask mask = cpumask_of((round + i) % CPUS);

			/* Not by a CPU that may have lost its turn with a lock. */
			world_disturb(0);
			assert_int_equal(sched_set_affinity(&vcpu(i)->se, &mask), 0);
			world_disturb(round < 30 ? 0 : round);
		}
		world_until(runs_on_cpu, &round);
		for (unsigned i = 0; i < VCPUS; i++)
			assert_true(moves(i));
	}
	world_disturb(0);
}

/* What lies in another CPU when it begins anew is not taken along. */
static void test_restart_elsewhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * CPUS; i++) {
		struct cpumask mask = cpumask_of(i % CPUS);

		assert_int_equal(sched_set_affinity(&vcpu(0)->se, &mask), 0);
		if (i == 0)
			start(NULL);
		else
			assert_int_equal(world_op(vm, WORLD_RESET), 0);
		assert_true(moves(0));
		assert_int_equal(vcpu(0)->loaded_cpu, i % CPUS);
	}
}

/* A waiting vCPU whose registers are in one CPU is looked at by another. */
static void test_wait_elsewhere(void **state)
{
	struct cpumask there = cpumask_of(2), here = cpumask_of(1);
	u64 deadline;

	(void)state;
	assert_int_equal(sched_set_affinity(&vcpu(0)->se, &there), 0);
	start(note_wake);
	deadline = fake_time + 30 * MS;
	wait_until(deadline);
	assert_int_equal(vcpu(0)->loaded_cpu, 2);
	assert_int_equal(sched_set_affinity(&vcpu(0)->se, &here), 0);
	vcpu_wake(vcpu(0));
	world_turns(4);
	assert_int_equal(vcpu(0)->se.state, SCHED_BLOCKED);
	assert_int_equal(vcpu(0)->loaded_cpu, -1);
	assert_int_equal(vcpu(0)->wake_timer.deadline, deadline);
	world_until(is_awake, NULL);
	assert_int_equal(vcpu(0)->loaded_cpu, 1);
}

/* ---- dumps ---- */

static char dumped[512];

static void keep_warning(void *ctx, u64 ticks, enum log_level level, const char *text)
{
	size_t used = strlen(dumped);

	(void)ctx;
	(void)ticks;
	if (level == LOG_WARN)
		snprintf(dumped + used, sizeof(dumped) - used, "%s|", text);
}

/* In the place of the fake architecture's: in pieces, several lines in one, and no end. */
void arch_vcpu_dump(struct vcpu *v, void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "pc %llx", (unsigned long long)v->arch.pc);
	print(ctx, " arg %u\nx1 1\nx2 %u", 7, 2);
	print(ctx, "\n\n%0200d", 5);
	print(ctx, "end");
}

static void test_dump(void **state)
{
	char expected[512];

	(void)state;
	dumped[0] = '\0';
	for (unsigned i = 0; i < 5000; i++)
		log_info("wipe");
	vcpu(1)->arch.pc = 0x1234;
	vcpu_dump_to_log(vcpu(1), "it fell");
	log_replay(keep_warning, NULL);
	snprintf(expected, sizeof(expected),
		 "VM a: vCPU 1: it fell; its registers:|pc 1234 arg 7|x1 1|x2 2|%0159d|%041dend|",
		 0, 5);
	assert_string_equal(dumped, expected);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_holds_are_counted),
		TEST(test_release_without_hold),
		TEST(test_parks_from_anywhere),
		TEST(test_power),
		TEST(test_on_before_off_has_left),
		TEST(test_on_and_off_race),
		TEST(test_requests),
		TEST(test_request_of_its_own),
		TEST(test_waits_for_deadline),
		TEST(test_deadline_has_passed),
		TEST(test_pin_ends_wait),
		TEST(test_restart_ends_wait),
		TEST(test_wait_through_pause),
		TEST(test_no_wake_is_lost),
		TEST(test_holders_race),
		TEST(test_migration),
		TEST(test_restart_elsewhere),
		TEST(test_wait_elsewhere),
		TEST(test_dump),
	};

	return cmocka_run_group_tests_name("vcpu", tests, boot, NULL);
}
