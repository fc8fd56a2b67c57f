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

/* A guest's wish that is still to be carried out keeps its own. */
void vm_set_reason(struct vm *vm, const char *reason)
{
	irqflags_t flags = spin_lock(&vm->lock);

	if (!vm->power_pending)
		format_to(vm->reason, sizeof(vm->reason), "%s", reason);
	spin_unlock(&vm->lock, flags);
}

void vm_get_reason(struct vm *vm, char *buf, size_t size)
{
	irqflags_t flags = spin_lock(&vm->lock);

	format_to(buf, size, "%s", vm->reason);
	spin_unlock(&vm->lock, flags);
}

/* A guest can make it happen as often as it likes, by asking for resets. */
static void log_state(struct vm *vm, enum vm_state state, const char *reason)
{
	u32 dropped;

	if (!log_limit_pass(&vm->state_limit, &dropped))
		return;
	if (dropped)
		log_info("VM %s: %u changes of its state are not shown", vm->name, dropped);
	log_info("VM %s: %s%s%s", vm->name, vm_state_name(state), reason ? ": " : "",
		 reason ? reason : "");
}

static void set_state(struct vm *vm, enum vm_state state, const char *reason)
{
	irqflags_t flags = spin_lock(&vm->lock);

	vm->state = state;
	if (reason)
		format_to(vm->reason, sizeof(vm->reason), "%s", reason);
	spin_unlock(&vm->lock, flags);
	trace(TRACE_VM, vm->id, state);
	log_state(vm, state, reason);
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

	__atomic_store_n(&vm->power_pending, false, __ATOMIC_RELAXED);
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
	vconsole_restart(&vm->console);
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

static void explain_failed_reset(struct vm *vm, const char *reason, int err)
{
	char text[VM_REASON_MAX];

	format_to(text, sizeof(text), "%s, but it was not started again: %s", reason,
		  error_text(err));
	log_error("VM %s: %s", vm->name, text);
	vm_set_reason(vm, text);
}

static int reset_locked(struct vm *vm, const char *reason)
{
	int err;

	if (vm->state == VM_STOPPED)
		return start_locked(vm, reason);
	err = stop_locked(vm, reason);
	if (err)
		return err;
	err = start_locked(vm, reason);
	if (err)
		explain_failed_reset(vm, reason, err);
	return err;
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

/* Remembers the first wish of a machine that runs. Then *tell says whether the worker does not know yet. */
static bool note_wish(struct vm *vm, enum exit_power what, const char *reason, bool *tell)
{
	irqflags_t flags = spin_lock(&vm->lock);
	bool runs = vm->state == VM_RUNNING || vm->state == VM_PAUSED;
	bool first = runs && !vm->power_pending;

	if (first) {
		/* From now on no vCPU enters the guest, see vcpu.c. */
		__atomic_store_n(&vm->power_pending, true, __ATOMIC_RELAXED);
		vm->pending = what;
		format_to(vm->reason, sizeof(vm->reason), "%s", reason);
		/* The worker may still have a wish before it that an operator's stop made void. */
		*tell = !vm->power_queued;
		vm->power_queued = true;
	}
	spin_unlock(&vm->lock, flags);
	return first;
}

void vm_request_power(struct vm *vm, enum exit_power what, const char *reason)
{
	bool tell;

	if (!note_wish(vm, what, reason, &tell))
		return;
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpus[i], VCPU_REQ_LEAVE);
	if (!tell)
		return;
	vm_get(vm); /* dropped by vm_carry_out_power() */
	work_queue(&vm->power_work);
}

static int carry_out_locked(struct vm *vm, const char *unused)
{
	char reason[VM_REASON_MAX];

	(void)unused;
	if (!vm->power_pending)
		return 0; /* somebody stopped or reset it meanwhile */
	vm_get_reason(vm, reason, sizeof(reason));
	if (vm->pending == EXIT_POWER_RESET)
		return reset_locked(vm, reason);
	return stop_locked(vm, reason);
}

void vm_carry_out_power(struct work *work)
{
	struct vm *vm = container_of(work, struct vm, power_work);
	irqflags_t flags = spin_lock(&vm->lock);
	int err;

	/* A wish from here on comes to the worker again. */
	vm->power_queued = false;
	spin_unlock(&vm->lock, flags);
	err = run_op(vm, carry_out_locked, NULL);
	(void)err; /* explained in the log; or it is destroyed, which is as good */
	vm_put(vm);
}
