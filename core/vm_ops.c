/* SPDX-License-Identifier: MIT */
/* The life cycle of a VM: every operation, and what guests ask for themselves. */
#include <core/arch.h>
#include <core/emulator.h>
#include <core/errno.h>
#include <core/loader.h>
#include <core/trace.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vm_internal.h>
#include <libs/format.h>

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[VM_STATE_COUNT] = {
		[VM_CREATED] = "created",
		[VM_RUNNING] = "running",
		[VM_PAUSED] = "paused",
		[VM_STOPPED] = "stopped",
	};

	return names[state];
}

void vm_set_reason(struct vm *vm, const char *reason)
{
	irqflags_t flags = spin_lock(&vm->lock);

	format_to(vm->reason, sizeof(vm->reason), "%s", reason);
	spin_unlock(&vm->lock, flags);
}

void vm_get_reason(struct vm *vm, char *buf, size_t size)
{
	irqflags_t flags = spin_lock(&vm->lock);

	format_to(buf, size, "%s", vm->reason);
	spin_unlock(&vm->lock, flags);
}

static void set_state(struct vm *vm, enum vm_state state, const char *reason)
{
	irqflags_t flags = spin_lock(&vm->lock);

	vm->state = state;
	if (reason)
		format_to(vm->reason, sizeof(vm->reason), "%s", reason);
	spin_unlock(&vm->lock, flags);
	trace(TRACE_VM, vm->id, state);
	log_info("VM %s: %s%s%s", vm->name, vm_state_name(state), reason ? ": " : "",
		 reason ? reason : "");
	waitqueue_wake(&vm->changed);
}

/* A vCPU is held once while its VM does not run: here are the two edges. */
static void hold_all(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_hold(vm->vcpus[i]);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_wait_parked(vm->vcpus[i]);
}

static void release_all(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_release(vm->vcpus[i]);
}

static void clear_pending(struct vm *vm)
{
	irqflags_t flags = spin_lock(&vm->lock);

	vm->power_pending = false;
	spin_unlock(&vm->lock, flags);
}

/* ---- operations, the VM's mutex held ---- */

static int start_locked(struct vm *vm, const char *reason)
{
	struct loader_plan plan;
	int err;

	if (vm->state != VM_CREATED && vm->state != VM_STOPPED)
		return -EINVAL;
	err = loader_load(vm, &plan);
	if (err)
		return err;
	clear_pending(vm);
	vdev_reset_all(vm);
	vconsole_reset_input(&vm->console);
	vm->started_at = time_now();
	vm->start_count++;
	arch_vm_start(vm);
	err = vcpu_power_on(vm->vcpus[0], plan.entry, plan.fdt_base);
	if (err)
		return err;
	set_state(vm, VM_RUNNING, reason);
	release_all(vm);
	return 0;
}

static int stop_locked(struct vm *vm, const char *reason)
{
	if (vm->state != VM_RUNNING && vm->state != VM_PAUSED)
		return -EINVAL;
	if (vm->state == VM_RUNNING)
		hold_all(vm);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_power_off(vm->vcpus[i]);
	clear_pending(vm);
	vm->stopped_at = time_now();
	set_state(vm, VM_STOPPED, reason);
	return 0;
}

static int reset_locked(struct vm *vm, const char *reason)
{
	int err;

	if (vm->state == VM_CREATED)
		return -EINVAL;
	if (vm->state != VM_STOPPED) {
		err = stop_locked(vm, reason);
		if (err)
			return err;
	}
	return start_locked(vm, reason);
}

static int pause_locked(struct vm *vm, const char *reason)
{
	(void)reason;
	if (vm->state != VM_RUNNING)
		return -EINVAL;
	hold_all(vm);
	set_state(vm, VM_PAUSED, NULL);
	return 0;
}

static int resume_locked(struct vm *vm, const char *reason)
{
	(void)reason;
	if (vm->state != VM_PAUSED)
		return -EINVAL;
	set_state(vm, VM_RUNNING, NULL);
	release_all(vm);
	return 0;
}

static int shutdown_locked(struct vm *vm, const char *reason)
{
	struct vdev *dev;

	if (vm->state != VM_RUNNING)
		return -EINVAL;
	list_for_each(dev, &vm->devices, link) {
		if (dev->emulator->request_shutdown && !dev->emulator->request_shutdown(dev)) {
			vm_set_reason(vm, reason);
			return 0;
		}
	}
	return -ENOSYS;
}

static int destroy_locked(struct vm *vm, const char *reason)
{
	if (vm->state == VM_RUNNING || vm->state == VM_PAUSED) {
		int err = stop_locked(vm, reason);

		if (err)
			return err;
	}
	vm->destroyed = true;
	vm_list_remove(vm);
	return 0;
}

/* ---- the same for everybody: one at a time, never on a VM that is gone ---- */

static int run_op(struct vm *vm, int (*op)(struct vm *, const char *), const char *reason)
{
	int err;

	mutex_lock(&vm->op);
	err = vm->destroyed ? -ENOENT : op(vm, reason);
	mutex_unlock(&vm->op);
	return err;
}

int vm_start(struct vm *vm)
{
	return run_op(vm, start_locked, "started");
}

int vm_pause(struct vm *vm)
{
	return run_op(vm, pause_locked, NULL);
}

int vm_resume(struct vm *vm)
{
	return run_op(vm, resume_locked, NULL);
}

int vm_shutdown(struct vm *vm)
{
	return run_op(vm, shutdown_locked, "asked to shut down");
}

int vm_stop(struct vm *vm, const char *reason)
{
	return run_op(vm, stop_locked, reason);
}

int vm_reset(struct vm *vm, const char *reason)
{
	return run_op(vm, reset_locked, reason);
}

int vm_destroy(struct vm *vm)
{
	int err = run_op(vm, destroy_locked, "destroyed");

	if (!err)
		vm_put(vm); /* the list's reference */
	return err;
}

/* ---- the guest's own wish ---- */

void vm_request_power(struct vm *vm, enum exit_power what, const char *reason)
{
	irqflags_t flags = spin_lock(&vm->lock);
	bool first = !vm->power_pending;

	if (first) {
		vm->power_pending = true; /* from now on no vCPU enters the guest, see vcpu.c */
		vm->pending = what;
		format_to(vm->reason, sizeof(vm->reason), "%s", reason);
	}
	spin_unlock(&vm->lock, flags);
	if (!first)
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpus[i], VCPU_REQ_LEAVE);
	vm_get(vm);
	work_queue(&vm->power_work);
}

static int carry_out_locked(struct vm *vm, const char *reason)
{
	if (!vm->power_pending)
		return 0; /* somebody stopped or reset it meanwhile */
	if (vm->pending == EXIT_POWER_RESET)
		return reset_locked(vm, reason);
	return stop_locked(vm, reason);
}

void vm_carry_out_power(struct work *work)
{
	struct vm *vm = container_of(work, struct vm, power_work);
	char reason[VM_REASON_MAX];
	int err;

	vm_get_reason(vm, reason, sizeof(reason));
	err = run_op(vm, carry_out_locked, reason);
	if (err && err != -ENOENT)
		log_error("VM %s: %s, but it cannot be done: %s", vm->name, reason, error_text(err));
	vm_put(vm);
}
