/* SPDX-License-Identifier: MIT */
/* Management of the host for every front end: CPUs, memory, interrupts, log, tracing, power. */
#include <core/arch.h>
#include <core/console.h>
#include <core/control.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/trace.h>
#include <libs/format.h>
#include <string.h>

static int check_list(struct control_caller *caller, const char *object)
{
	return control_check(caller, CONTROL_HOST_LIST, "list", object);
}

int control_cpu(struct control_caller *caller, unsigned cpu, struct control_cpu *out)
{
	struct sched_cpu_stats stats;
	int e = check_list(caller, "CPUs");

	if (e)
		return e;
	if (cpu >= cpu_count)
		return control_error(caller, -ENOENT, "there is no CPU %u: there are 0 to %u", cpu,
				     cpu_count - 1);
	sched_cpu_stats(cpu, &stats);
	*out = (struct control_cpu){
		.id = cpu,
		.hardware_id = arch_cpu_hardware_id(cpu),
		.online = cpus[cpu]->online,
		.idle_ticks = stats.idle_ticks,
		.switches = stats.switches,
		.irqs = cpus[cpu]->irq_count,
		.ready_count = stats.ready_count,
	};
	format_to(out->running, sizeof(out->running), "%s", stats.running);
	return 0;
}

int control_cpu_features(struct control_caller *caller, control_print_fn print, void *ctx)
{
	int e = check_list(caller, "CPU features");

	if (!e)
		arch_cpu_describe(print, ctx);
	return e;
}

/* ---------------------------------------------------------------- memory */

static u64 held(const struct mem_owner *owner)
{
	return owner->page_count * PAGE_SIZE;
}

int control_memory(struct control_caller *caller, struct control_memory *out)
{
	int e = check_list(caller, "memory");

	if (e)
		return e;
	*out = (struct control_memory){
		.system_bytes = held(&owner_system),
		.system_heap = owner_system.heap_bytes,
		.image_bytes = (u64)(image_end - image_start),
	};
	page_stats(&out->pages);
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm)) {
		out->guest_bytes += held(&vm->ram_owner);
		out->overhead_bytes +=
			held(&vm->table_owner) + held(&vm->heap_owner) + vm->heap_owner.heap_bytes;
	}
	return 0;
}

static void describe_owner(const struct mem_owner *owner, const char *vm, const char *kind,
			   struct control_owner *out)
{
	*out = (struct control_owner){
		.page_count = owner->page_count,
		.page_limit = owner->page_limit,
		.heap_bytes = owner->heap_bytes,
		.heap_limit = owner->heap_limit,
		.heap_objects = owner->heap_objects,
	};
	format_to(out->name, sizeof(out->name), "%s%s%s", vm, *vm ? " " : "", kind);
}

static void describe_vm_owner(const struct vm *vm, unsigned which, struct control_owner *out)
{
	const struct {
		const struct mem_owner *owner;
		const char *kind;
	} owners[] = { { &vm->ram_owner, "ram" },
		       { &vm->table_owner, "tables" },
		       { &vm->heap_owner, "objects" } };

	describe_owner(owners[which].owner, vm->name, owners[which].kind, out);
}

/* The cursor is 0 before the system's, then 1 + 3 * VM id + which of its three. */
int control_owner_next(struct control_caller *caller, u64 *cursor, struct control_owner *out)
{
	int e = check_list(caller, "owners of memory");

	if (e)
		return e;
	if (*cursor == 0) {
		*cursor = 1;
		describe_owner(&owner_system, "", "system", out);
		return 0;
	}
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm)) {
		u64 first = 1 + 3ull * vm->id;

		if (first + 2 < *cursor)
			continue;
		*cursor = MAX(*cursor, first) + 1;
		describe_vm_owner(vm, (unsigned)(*cursor - 1 - first), out);
		vm_put(vm);
		return 0;
	}
	return control_error(caller, -ENOENT, "there are no more owners of memory");
}

static bool all_ram(u64 at, u64 len)
{
	for (u64 page = align_down(at, PAGE_SIZE); page < at + len; page += PAGE_SIZE)
		if (!page_is_ram(hpa(page)))
			return false;
	return true;
}

int control_host_read(struct control_caller *caller, u64 at, void *buf, size_t len)
{
	int e = control_check(caller, CONTROL_HOST_INSPECT, "read", "host memory");

	if (e)
		return e;
	/* Reading a device's register may change it, so RAM only. */
	if (at + len < at || at + len > align_down(~0ull, PAGE_SIZE) || !all_ram(at, len))
		return control_error(caller, -EFAULT, "not all of 0x%lx to 0x%lx is RAM", at,
				     at + (len - 1));
	e = arch_copy_probe(buf, hpa_to_ptr(hpa(at)), len);
	if (e)
		control_error(caller, e,
			      "0x%lx to 0x%lx cannot be read: firmware or a guard page keeps it",
			      at, at + (len - 1));
	return e;
}

/* ---------------------------------------------------------------- interrupts, tasks, devices */

int control_irqs(struct control_caller *caller, struct irq_stats *rows, unsigned max,
		 unsigned *count)
{
	int e = check_list(caller, "interrupts");

	if (!e)
		*count = irq_stats(rows, max);
	return e;
}

int control_tasks(struct control_caller *caller, struct task_stats *rows, unsigned max,
		  unsigned *count)
{
	int e = check_list(caller, "tasks");

	if (!e)
		*count = task_stats(rows, max);
	return e;
}

int control_host_devices(struct control_caller *caller,
			 void (*fn)(void *ctx, const char *driver, const char *node), void *ctx)
{
	int e = check_list(caller, "devices");

	if (!e)
		driver_for_each_bound(fn, ctx);
	return e;
}

/* ---------------------------------------------------------------- log, tracing, power */

int control_log_level(struct control_caller *caller, enum log_level level)
{
	int e = control_check(caller, CONTROL_HOST_CONTROL, "log level", log_level_name(level));

	if (e)
		return e;
	log_set_console_level(level);
	return control_audit(caller, "log level", log_level_name(level), 0);
}

int control_trace(struct control_caller *caller, bool on)
{
	const char *verb = on ? "start" : "stop";
	int e = control_check(caller, CONTROL_HOST_CONTROL, "trace", verb);

	if (e)
		return e;
	if (on)
		e = trace_start();
	else
		trace_stop();
	if (e == -ENOSYS)
		control_error(caller, e, "tracing was left out of this build: set CONFIG_TRACE");
	else if (e)
		control_error(caller, e, "tracing was not started: %s", error_text(e));
	return control_audit(caller, "trace", verb, e);
}

static void stop_all(void)
{
	for (struct vm *vm = vm_next(NULL); vm; vm = vm_next(vm)) {
		bool runs = vm->state == VM_RUNNING || vm->state == VM_PAUSED;

		/* A guest that has just stopped by itself is as good. */
		if (runs && vm_stop(vm, "the host goes down") != 0 && vm->state != VM_STOPPED)
			log_warn("VM %s could not be stopped; the host goes down all the same",
				 vm->name);
	}
}

int control_host_power(struct control_caller *caller, bool reboot)
{
	const char *verb = reboot ? "reboot" : "power off";
	int e = control_check(caller, CONTROL_HOST_CONTROL, verb, "the host");

	if (e)
		return e;
	control_audit(caller, verb, "the host", 0);
	stop_all();
	log_info("%s", reboot ? "restarting the machine" : "switching the machine off");
	console_flush();
	arch_irq_save();
	console_set_polled();
	arch_system_off(reboot);
}
