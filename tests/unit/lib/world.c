/* SPDX-License-Identifier: MIT */
/* A machine for tests of VMs' life cycles; see world.h. */
#include <core/bundle.h>
#include <core/heap.h>
#include <core/hostmap.h>
#include <core/task.h>
#include <cpio_image.h>
#include <fake.h>
#include <tree.h>
#include <world.h>

#define TURNS_MAX 200000

void world_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\nthe machine's console:\n%s\n", file, line, what, fake_output);
	abort();
}

/* ---- boot ---- */

static struct cpio_image full, empty;

void world_set_firmware(bool there)
{
	struct cpio_image *image = there ? &full : &empty;

	world_check(bundle_init(image->bytes, image->size) == 0);
}

static void enter(struct vcpu *vcpu);

void world_boot(unsigned cpu_total)
{
	struct boot_memory mem = { .ram_count = 1 };

	fake_reset(cpu_total);
	mem.ram[0] = fake_ram(WORLD_RAM);
	world_check(page_init(&mem) == 0);
	world_check(hostmap_init((struct hpa_range){ 0, 0 }) == 0);
	world_check(task_init() == 0);
	log_set_console_level(LOG_ERROR);
	cpio_image_add(&full, "fw.bin", 0100644, "\0\1\2\3", 4);
	cpio_image_add(&full, "TRAILER!!!", 0, NULL, 0);
	cpio_image_add(&empty, "TRAILER!!!", 0, NULL, 0);
	world_set_firmware(true);
	fake_enter_hook = enter;
	world_settle();
}

/* ---- turns ---- */

static u64 random_state = 1;
static unsigned turn;

u64 world_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 11;
}

static bool waits[FAKE_CPUS];

static void wait_for_others(void)
{
	unsigned cpu = fake_cpu->id;

	if (!fake_in_loop())
		return;
	waits[cpu] = true;
	fake_pause();
	waits[cpu] = false;
}

/* With interrupts on, what is pending may come, and another task with it. */
static void disturb(void)
{
	u64 chance;

	if (!fake_in_loop())
		return;
	chance = world_random() % 16;
	if (chance < 2 && fake_irqs_on)
		fake_interrupts();
	else if (chance == 2)
		fake_pause();
}

/* No CPU has lost its turn with a lock in hands, or in the queue for one. */
static bool has_calmed_down(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < cpu_count; i++)
		if (waits[i] || cpus[i]->lock_depth > 0)
			return false;
	return true;
}

void world_disturb(u64 seed)
{
	random_state = seed ? seed : 1;
	fake_step_hook = seed ? disturb : NULL;
	if (seed)
		return;
	world_turn();
	world_until(has_calmed_down, NULL);
}

void world_turn(void)
{
	unsigned first = fake_step_hook ? (unsigned)world_random() : 0;

	fake_relax_hook = wait_for_others;
	for (unsigned i = 0; i < cpu_count; i++) {
		fake_cpu = cpus[(first + i) % cpu_count];
		fake_run_loop();
	}
	turn++;
	fake_time += WORLD_TURN;
	fake_cpu = cpus[0];
	fake_irqs_on = true;
}

void world_turns(unsigned count)
{
	while (count--)
		world_turn();
}

void world_until(bool (*cond)(void *arg), void *arg)
{
	unsigned end = turn + TURNS_MAX;

	while (!cond(arg)) {
		if (turn == end)
			world_fail(__FILE__, __LINE__, "nothing comes of it: something hangs");
		world_turn();
	}
}

static bool is_quiet(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < cpu_count; i++)
		if (cpus[i]->rq.current || cpus[i]->rq.ready_count || !cpus[i]->idle)
			return false;
	return !fake_ipis;
}

void world_settle(void)
{
	world_turn();
	world_until(is_quiet, NULL);
}

struct errand {
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static void run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->fn(errand->arg);
	errand->done = true;
}

static bool is_done(void *arg)
{
	return ((struct errand *)arg)->done;
}

void world_task(void (*fn)(void *arg), void *arg)
{
	struct errand errand = { fn, arg, false };

	world_check(task_create("test", run_errand, &errand));
	world_until(is_done, &errand);
}

/* ---- guests ---- */

void (*world_guest)(struct vcpu *vcpu);

static bool has_to_leave(struct vcpu *vcpu)
{
	u32 requests = __atomic_fetch_and(&vcpu->requests, (u32)VCPU_REQ_LEAVE, __ATOMIC_SEQ_CST);

	return this_cpu()->resched || (requests & VCPU_REQ_LEAVE) || vcpu->waiting;
}

/* What has to hold whenever the guest computes. */
static void check_guest(const struct vcpu *vcpu)
{
	const struct cpu *cpu = this_cpu();

	world_check(cpu->vcpu == vcpu && cpu->loaded == vcpu);
	world_check(vcpu->loaded_cpu == (s32)cpu->id);
	world_check(vcpu->se.state == SCHED_RUNNING && vcpu->se.cpu == cpu->id);
	world_check(!vcpu->parked);
	world_check(vcpu->power == VCPU_ON && !vcpu->start_pending);
	world_check(vcpu->vm->state == VM_RUNNING && !vcpu->vm->destroyed);
	world_check(cpu->arch.sysreg == vcpu->arch.steps);
}

static void enter(struct vcpu *vcpu)
{
	for (;;) {
		fake_interrupts();
		if (has_to_leave(vcpu))
			return;
		check_guest(vcpu);
		this_cpu()->arch.sysreg++;
		vcpu->arch.steps++;
		if (world_guest)
			world_guest(vcpu);
		fake_pause();
	}
}

/* ---- VMs ---- */

static const char machine[] =
	"/dts-v1/;\n"
	"/include/ \"virt-riscv.dtsi\"\n"
	"/ {\n"
	"	model = \"any\";\n"
	"	cpus { verdigris,count = <%u>; };\n"
	"	memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x%x>; };\n"
	"	chosen { verdigris,firmware = \"fw.bin\"; };\n"
	"};\n";

static void report(void *ctx, const char *message)
{
	(void)ctx;
	world_fail("a guest's tree", 0, message);
}

/* Compiling takes long, and most VMs are of one kind. */
static const struct tree *compile(unsigned vcpu_count, const char *extra)
{
	static struct tree *tree;
	static unsigned last_count;
	static char last_extra[1024];
	char text[1024];

	if (!tree)
		tree = malloc(sizeof(*tree));
	if (last_count == vcpu_count && strcmp(last_extra, extra) == 0)
		return tree;
	last_count = vcpu_count;
	snprintf(last_extra, sizeof(last_extra), "%s", extra);
	snprintf(text, sizeof(text), machine, vcpu_count, (unsigned)WORLD_GUEST_RAM);
	tree_compile(tree, text, extra);
	return tree;
}

struct vm_config *world_config(const char *name, unsigned vcpu_count, const char *extra)
{
	const struct tree *tree = compile(vcpu_count, extra);
	struct vm_config *config = NULL;
	int err = vm_config_parse(tree->bytes, tree->size, "test.dtb", report, NULL, &config);

	world_check(err == 0);
	snprintf(config->name, sizeof(config->name), "%s", name);
	return config;
}

struct creation {
	struct vm_config *config;
	struct vm *vm;
};

static void create(void *arg)
{
	struct creation *c = arg;

	world_check(vm_create(c->config, &c->vm) == 0);
}

struct vm *world_create_like(const char *name, unsigned vcpu_count, const char *extra)
{
	struct creation c = { world_config(name, vcpu_count, extra), NULL };

	world_task(create, &c);
	return c.vm;
}

struct vm *world_create(const char *name, unsigned vcpu_count)
{
	return world_create_like(name, vcpu_count, "");
}

const char *const world_op_names[] = {
	"start", "pause", "resume", "shutdown", "stop", "reset", "destroy",
};

int world_operate(struct vm *vm, enum world_op op)
{
	switch (op) {
	case WORLD_START:
		return vm_start(vm);
	case WORLD_PAUSE:
		return vm_pause(vm);
	case WORLD_RESUME:
		return vm_resume(vm);
	case WORLD_SHUTDOWN:
		return vm_shutdown(vm);
	case WORLD_STOP:
		return vm_stop(vm, "stopped by the test");
	case WORLD_RESET:
		return vm_reset(vm, "reset by the test");
	default:
		return vm_destroy(vm);
	}
}

struct operation {
	struct vm *vm;
	enum world_op op;
	int result;
};

static void operate(void *arg)
{
	struct operation *o = arg;

	o->result = world_operate(o->vm, o->op);
}

int world_op(struct vm *vm, enum world_op op)
{
	struct operation o = { vm, op, 0 };

	world_task(operate, &o);
	return o.result;
}

static void put(void *arg)
{
	vm_put(arg);
}

void world_put(struct vm *vm)
{
	world_task(put, vm);
}

/* ---- memory ---- */

void world_memory(struct world_memory *now)
{
	struct heap_class_stats rows[32];
	struct page_stats pages;
	unsigned count = heap_stats(rows, ARRAY_SIZE(rows));

	world_check(count <= ARRAY_SIZE(rows));
	page_stats(&pages);
	*now = (struct world_memory){
		.free_pages = pages.free_pages,
		.system_bytes = owner_system.heap_bytes,
		.system_objects = owner_system.heap_objects,
	};
	for (unsigned i = 0; i < count; i++)
		now->heap_used += rows[i].used;
}

void world_check_memory(const struct world_memory *before)
{
	struct world_memory now;

	world_memory(&now);
	world_check(now.free_pages == before->free_pages);
	world_check(now.system_bytes == before->system_bytes);
	world_check(now.system_objects == before->system_objects);
	world_check(now.heap_used == before->heap_used);
}
