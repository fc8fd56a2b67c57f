/* SPDX-License-Identifier: MIT */
/* Management of virtual machines for every front end: rights, audit log, and errors that help. */
#include <core/arch.h>
#include <core/bundle.h>
#include <core/control.h>
#include <core/emulator.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm_config.h>
#include <libs/format.h>
#include <string.h>

/* ---------------------------------------------------------------- rights, audit, errors */

static const char *const right_names[] = {
	"vm-list",    "vm-control", "vm-create",    "vm-console",
	"vm-inspect", "host-list",  "host-control", "host-inspect",
};

int control_right_parse(const char *name, u32 *right)
{
	for (unsigned i = 0; i < ARRAY_SIZE(right_names); i++) {
		if (strcmp(name, right_names[i]) == 0) {
			*right = 1u << i;
			return 0;
		}
	}
	return -ENOENT;
}

const char *control_right_name(u32 right)
{
	for (unsigned i = 0; i < ARRAY_SIZE(right_names); i++)
		if (right == 1u << i)
			return right_names[i];
	return "?";
}

int control_error(struct control_caller *caller, int e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_to_va(caller->error, sizeof(caller->error), fmt, ap);
	va_end(ap);
	return e;
}

int control_check(struct control_caller *caller, u32 right, const char *what, const char *object)
{
	u32 dropped;

	caller->error[0] = '\0';
	if ((caller->rights & right) == right)
		return 0;
	if (log_limit_pass(&caller->refusals, &dropped))
		log_warn("control: %s: %s %s: refused, it has not the right %s (%u like this left "
			 "out)",
			 caller->name, what, object, control_right_name(right), dropped);
	return control_error(caller, -EPERM, "%s is not allowed to do this: it takes the right %s",
			     caller->name, control_right_name(right));
}

int control_audit(struct control_caller *caller, const char *what, const char *object, int e)
{
	log_at(caller->audit, "control: %s: %s %s: %s", caller->name, what, object,
	       e ? error_text(e) : "done");
	return e;
}

/* Appends the names of all VMs, as far as they fit. */
static void list_names(char *buf, size_t size)
{
	size_t len = strlen(buf);

	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm))
		if (len < size)
			len += format_to(buf + len, size - len, " %s", vm->name);
}

static int no_such_vm(struct control_caller *caller, const char *name)
{
	control_error(caller, -ENOENT, "there is no VM %.31s", name);
	if (!(caller->rights & CONTROL_VM_LIST))
		return -ENOENT;
	if (vm_count() == 0)
		return control_error(caller, -ENOENT, "there is no VM %.31s: none has been created",
				     name);
	control_error(caller, -ENOENT, "there is no VM %.31s; there are:", name);
	list_names(caller->error, sizeof(caller->error));
	return -ENOENT;
}

static int find_vm(struct control_caller *caller, const char *name, struct vm **out)
{
	*out = vm_find(name);
	return *out ? 0 : no_such_vm(caller, name);
}

int control_vm_open(struct control_caller *caller, u32 right, const char *name, struct vm **out)
{
	int e = control_check(caller, right, "open", name);

	return e ? e : find_vm(caller, name, out);
}

/* ---------------------------------------------------------------- figures */

static const char *exit_name(u64 cause)
{
	return cause < arch_exit_name_count ? arch_exit_names[cause] : NULL;
}

static u32 count_devices(const struct vm *vm)
{
	const struct vdev *dev;
	u32 count = 0;

	list_for_each(dev, &vm->devices, link)
		count++;
	return count;
}

static u64 owner_bytes(const struct mem_owner *owner)
{
	return owner->page_count * PAGE_SIZE;
}

static void describe_run(const struct vm *vm, struct control_vm *out)
{
	u64 newest = 0;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *vcpu = vm->vcpus[i];

		out->run_ticks += sched_runtime(&vcpu->se);
		out->exits += vcpu->stats.exits;
		if (vcpu->stats.exits && vcpu->se.started >= newest) {
			newest = vcpu->se.started;
			out->last_exit = exit_name(vcpu->stats.last_exit_cause);
		}
	}
}

static void describe_vm(struct vm *vm, struct control_vm *out)
{
	*out = (struct control_vm){
		.id = vm->id,
		.state = vm->state,
		.vcpu_count = vm->vcpu_count,
		.start_count = vm->start_count,
		.device_count = count_devices(vm),
		.region_count = vm->map.count,
		.ram_bytes = gpa_ram_size(vm),
		.table_bytes = owner_bytes(&vm->table_owner),
		.heap_bytes = vm->heap_owner.heap_bytes + owner_bytes(&vm->heap_owner),
		.created_at = vm->created_at,
		.started_at = vm->started_at,
		.stopped_at = vm->stopped_at,
		.console_bytes = vm->console.written,
	};
	format_to(out->name, sizeof(out->name), "%s", vm->name);
	format_to(out->source, sizeof(out->source), "%s", vm->config->source);
	vm_get_reason(vm, out->reason, sizeof(out->reason));
	describe_run(vm, out);
}

int control_vm_next(struct control_caller *caller, u64 *cursor, struct control_vm *out)
{
	int e = control_check(caller, CONTROL_VM_LIST, "list", "VMs");

	if (e)
		return e;
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm)) {
		if (vm->id + 1ull <= *cursor)
			continue;
		*cursor = vm->id + 1ull;
		describe_vm(vm, out);
		vm_put(vm);
		return 0;
	}
	return control_error(caller, -ENOENT, "there are no more VMs");
}

int control_vm_info(struct control_caller *caller, const char *name, struct control_vm *out)
{
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_LIST, name, &vm);

	if (e)
		return e;
	describe_vm(vm, out);
	vm_put(vm);
	return 0;
}

/* ---------------------------------------------------------------- create and change */

static bool find_tree(const char *file, struct bundle_file *found)
{
	char with_suffix[VM_CONFIG_PATH_MAX];
	size_t len = format_to(with_suffix, sizeof(with_suffix), "%s.dtb", file);

	if (bundle_find(file, found) == 0)
		return true;
	return len < sizeof(with_suffix) && bundle_find(with_suffix, found) == 0;
}

static int create_vm(struct control_caller *caller, const struct bundle_file *tree,
		     void (*report)(void *ctx, const char *message), void *ctx,
		     char name[VM_NAME_MAX])
{
	struct vm_config *config;
	int e = vm_config_parse(tree->data, tree->size, tree->name, report, ctx, &config);

	if (e)
		return control_error(caller, e, "no VM was made of %.64s: %s", tree->name,
				     e == -EINVAL ? "its tree has the errors above" :
						    error_text(e));
	format_to(name, VM_NAME_MAX, "%s", config->name);
	e = vm_create(config, NULL);
	if (e == -EEXIST)
		return control_error(caller, e,
				     "there is a VM %s already: destroy it first, or give the tree "
				     "another /model",
				     name);
	if (e)
		return control_error(caller, e, "VM %s was not created: %s", name, error_text(e));
	return 0;
}

int control_vm_create(struct control_caller *caller, const char *file,
		      void (*report)(void *ctx, const char *message), void *ctx,
		      char name[VM_NAME_MAX])
{
	struct bundle_file tree;
	int e = control_check(caller, CONTROL_VM_CREATE, "create", file);

	if (e)
		return e;
	name[0] = '\0';
	if (!find_tree(file, &tree))
		e = control_error(caller, -ENOENT, "the bundle has neither %.64s nor %.64s.dtb",
				  file, file);
	else
		e = create_vm(caller, &tree, report, ctx, name);
	return control_audit(caller, "create", file, e);
}

static int stop_vm(struct vm *vm)
{
	return vm_stop(vm, "stopped by an operator");
}

static int reset_vm(struct vm *vm)
{
	return vm_reset(vm, "reset by an operator");
}

#define IN(state) (1u << VM_##state)
#define IN_ANY (IN(CREATED) | IN(RUNNING) | IN(PAUSED) | IN(STOPPED))

static const struct change {
	const char *verb;
	const char *participle;
	u32 states; /* it works in */
	u32 right;
	int (*run)(struct vm *vm);
} changes[CONTROL_CHANGE_COUNT] = {
	[CONTROL_START] = { "start", "started", IN(CREATED) | IN(STOPPED), CONTROL_VM_CONTROL,
			    vm_start },
	[CONTROL_PAUSE] = { "pause", "paused", IN(RUNNING), CONTROL_VM_CONTROL, vm_pause },
	[CONTROL_RESUME] = { "resume", "resumed", IN(PAUSED), CONTROL_VM_CONTROL, vm_resume },
	[CONTROL_SHUTDOWN] = { "shutdown", "shut down", IN(RUNNING), CONTROL_VM_CONTROL,
			       vm_shutdown },
	[CONTROL_STOP] = { "stop", "stopped", IN(RUNNING) | IN(PAUSED), CONTROL_VM_CONTROL,
			   stop_vm },
	[CONTROL_RESET] = { "reset", "reset", IN(RUNNING) | IN(PAUSED) | IN(STOPPED),
			    CONTROL_VM_CONTROL, reset_vm },
	[CONTROL_DESTROY] = { "destroy", "destroyed", IN_ANY, CONTROL_VM_CREATE, vm_destroy },
};

/* "created or stopped" */
static void name_states(u32 states, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (u32 state = 0; state < VM_STATE_COUNT; state++)
		if ((states & (1u << state)) && len < size)
			len += format_to(buf + len, size - len, "%s%s", len ? " or " : "",
					 vm_state_name((enum vm_state)state));
}

static int explain_change(struct control_caller *caller, const struct vm *vm,
			  const struct change *change, int e)
{
	enum vm_state state = vm->state;
	char states[48];

	if (e == -ENOSYS)
		return control_error(caller, e,
				     "%s has no device that can ask its guest to shut down: switch "
				     "it off inside the "
				     "guest (vm console %s), or halt it at once (vm stop %s)",
				     vm->name, vm->name, vm->name);
	if (e != -EINVAL || (change->states & (1u << state)))
		return control_error(caller, e, "%s was not %s: %s; the log may say more", vm->name,
				     change->participle, error_text(e));
	name_states(change->states, states, sizeof(states));
	return control_error(caller, e, "%s is %s; only a VM that is %s can be %s", vm->name,
			     vm_state_name(state), states, change->participle);
}

int control_vm_change(struct control_caller *caller, const char *name, enum control_change what)
{
	const struct change *change = &changes[what];
	struct vm *vm;
	int e = control_check(caller, change->right, change->verb, name);

	if (e)
		return e;
	e = find_vm(caller, name, &vm);
	if (e)
		return e;
	e = change->run(vm);
	if (e)
		explain_change(caller, vm, change, e);
	vm_put(vm);
	return control_audit(caller, change->verb, name, e);
}

/* ---------------------------------------------------------------- parts of a VM */

int control_vm_region(struct control_caller *caller, const char *name, unsigned index,
		      struct control_region *out)
{
	const struct gpa_region *region;
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_LIST, name, &vm);

	if (e)
		return e;
	e = index < vm->map.count ?
		    0 :
		    control_error(caller, -ENOENT, "%s has no more regions", vm->name);
	if (!e) {
		region = &vm->map.regions[index];
		*out = (struct control_region){ region->base, region->size,
						gpa_kind_name(region->kind), "" };
		format_to(out->name, sizeof(out->name), "%s", region->name ? region->name : "");
	}
	vm_put(vm);
	return e;
}

/* vm->devices does not change between the VM's creation and the drop of its last reference. */
static struct vdev *device_at(struct vm *vm, unsigned index)
{
	struct vdev *dev;

	list_for_each(dev, &vm->devices, link)
		if (index-- == 0)
			return dev;
	return NULL;
}

int control_vm_device(struct control_caller *caller, const char *name, unsigned index,
		      struct control_device *out, control_print_fn print, void *ctx)
{
	struct vdev *dev;
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_LIST, name, &vm);

	if (e)
		return e;
	dev = device_at(vm, index);
	if (dev) {
		out->emulator = dev->emulator->name;
		format_to(out->name, sizeof(out->name), "%s", dev->name);
		if (print && dev->emulator->describe)
			dev->emulator->describe(dev, print, ctx);
	} else {
		e = control_error(caller, -ENOENT, "%s has no more devices", vm->name);
	}
	vm_put(vm);
	return e;
}

int control_vm_log(struct control_caller *caller, const char *name, u64 *pos, char *buf, size_t len,
		   size_t *got)
{
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_CONSOLE, name, &vm);

	if (e)
		return e;
	*got = vconsole_read_log(&vm->console, pos, buf, len);
	vm_put(vm);
	return 0;
}

int control_vm_read(struct control_caller *caller, const char *name, u64 at, void *buf, size_t len)
{
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_INSPECT, name, &vm);

	if (e)
		return e;
	e = gpa_read(vm, gpa(at), buf, len);
	if (e)
		control_error(caller, e,
			      "%s has no memory at all of 0x%lx to 0x%lx: vm info %s shows its map",
			      vm->name, at, at + (len - 1), vm->name);
	vm_put(vm);
	return e;
}

/* ---------------------------------------------------------------- virtual CPUs */

static int open_vcpu(struct control_caller *caller, u32 right, const char *name, unsigned index,
		     struct vcpu **out)
{
	struct vm *vm;
	int e = control_vm_open(caller, right, name, &vm);

	if (e)
		return e;
	if (index < vm->vcpu_count) {
		*out = vm->vcpus[index];
		return 0;
	}
	control_error(caller, -ENOENT, "%s has no vCPU %u: there are 0 to %u", vm->name, index,
		      vm->vcpu_count - 1);
	vm_put(vm);
	return -ENOENT;
}

static const char *vcpu_state_name(const struct vcpu *vcpu)
{
	static const char *const names[] = {
		[SCHED_BLOCKED] = "waiting", [SCHED_READY] = "ready",
		[SCHED_RUNNING] = "running", [SCHED_THROTTLED] = "throttled",
		[SCHED_DEAD] = "gone",
	};

	if (vcpu->power == VCPU_OFF)
		return "off";
	if (__atomic_load_n(&vcpu->hold, __ATOMIC_RELAXED))
		return "held";
	return (unsigned)vcpu->se.state < ARRAY_SIZE(names) ? names[vcpu->se.state] : "?";
}

int control_vcpu_info(struct control_caller *caller, const char *name, unsigned index,
		      struct control_vcpu *out)
{
	struct vcpu *vcpu;
	int e = open_vcpu(caller, CONTROL_VM_LIST, name, index, &vcpu);

	if (e)
		return e;
	*out = (struct control_vcpu){
		.index = vcpu->index,
		.state = vcpu_state_name(vcpu),
		.cpu = vcpu->se.cpu,
		.weight = vcpu->se.weight,
		.cap_percent = vcpu->se.cap_percent,
		.affinity = vcpu->se.affinity,
		.run_ticks = sched_runtime(&vcpu->se),
		.wait_max = vcpu->se.wait_max,
		.switches = vcpu->se.switch_count,
		.exits = vcpu->stats.exits,
		.halts = vcpu->stats.halts,
		.mmio = vcpu->stats.mmio,
		.last_exit = vcpu->stats.exits ? exit_name(vcpu->stats.last_exit_cause) : NULL,
	};
	vm_put(vcpu->vm);
	return 0;
}

static void dump_vcpu(struct vcpu *vcpu, control_print_fn print, void *ctx)
{
	vcpu_hold(vcpu);
	vcpu_wait_parked(vcpu);
	print(ctx, "vCPU %s (%s)\n", vcpu->name, vcpu->power == VCPU_OFF ? "off" : "on");
	arch_vcpu_dump(vcpu, print, ctx);
	vcpu_release(vcpu);
}

int control_vcpu_regs(struct control_caller *caller, const char *name, unsigned index,
		      control_print_fn print, void *ctx)
{
	struct vcpu *vcpu;
	int e = open_vcpu(caller, CONTROL_VM_INSPECT, name, index, &vcpu);

	if (e)
		return e;
	dump_vcpu(vcpu, print, ctx);
	vm_put(vcpu->vm);
	return 0;
}

int control_vm_dump(struct control_caller *caller, const char *name, control_print_fn print,
		    void *ctx)
{
	struct vm *vm;
	int e = control_vm_open(caller, CONTROL_VM_INSPECT, name, &vm);

	if (e)
		return e;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		dump_vcpu(vm->vcpus[i], print, ctx);
	vm_put(vm);
	return 0;
}

int control_vcpu_pin(struct control_caller *caller, const char *name, unsigned index,
		     const struct cpumask *mask)
{
	struct vcpu *vcpu;
	int e = open_vcpu(caller, CONTROL_VM_CONTROL, name, index, &vcpu);

	if (e)
		return e;
	e = sched_set_affinity(&vcpu->se, mask);
	if (e)
		control_error(caller, e,
			      "vCPU %s stays where it may run now: none of the CPUs is online",
			      vcpu->name);
	control_audit(caller, "pin", vcpu->name, e);
	vm_put(vcpu->vm);
	return e;
}

int control_vcpu_histogram(struct control_caller *caller, const char *name, unsigned index,
			   struct exit_histogram *rows)
{
	struct vcpu *vcpu;
	int e = open_vcpu(caller, CONTROL_VM_LIST, name, index, &vcpu);

	if (e)
		return e;
	if (vcpu->histogram)
		memcpy(rows, vcpu->histogram, arch_exit_name_count * sizeof(*rows));
	else
		e = control_error(caller, -ENOENT,
				  "vCPU %s has no histogram: it has not run since `trace start`",
				  vcpu->name);
	vm_put(vcpu->vm);
	return e;
}
