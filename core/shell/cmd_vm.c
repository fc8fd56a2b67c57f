/* SPDX-License-Identifier: MIT */
/* vm: virtual machines. */
#include <core/errno.h>
#include <core/heap.h>
#include <core/shell.h>
#include <core/time.h>
#include <string.h>

/* ---------------------------------------------------------------- list, info */

static void json_vm_members(struct json *json, const struct control_vm *vm)
{
	json_string(json, "name", vm->name);
	json_u64(json, "id", vm->id);
	json_string(json, "state", vm_state_name(vm->state));
	json_string(json, "reason", vm->reason);
	json_u64(json, "vcpus", vm->vcpu_count);
	json_u64(json, "memory", vm->ram_bytes);
	json_u64(json, "table_memory", vm->table_bytes);
	json_u64(json, "object_memory", vm->heap_bytes);
	json_u64(json, "cpu_time_us", time_to_ns(vm->run_ticks) / 1000);
	json_u64(json, "exits", vm->exits);
	json_string(json, "last_exit", vm->last_exit);
	json_u64(json, "starts", vm->start_count);
	json_u64(json, "created_ticks", vm->created_at);
	json_u64(json, "started_ticks", vm->started_at);
	json_u64(json, "stopped_ticks", vm->stopped_at);
	json_u64(json, "console_bytes", vm->console_bytes);
	json_string(json, "source", vm->source);
}

static int list_json(struct shell *sh)
{
	struct control_vm vm;
	struct json json;
	u64 cursor = 0;

	shell_json_begin(sh, &json);
	json_array_open(&json, NULL);
	while (control_vm_next(&sh->caller, &cursor, &vm) == 0) {
		json_object_open(&json, NULL);
		json_vm_members(&json, &vm);
		json_object_close(&json);
	}
	json_array_close(&json);
	shell_json_end(sh);
	return 0;
}

static void print_row(struct shell *sh, const struct control_vm *vm)
{
	struct shell_text memory, time;

	shell_printf(sh, "%-16s %-8s %5u %10s %12s  %-20s %s\n", vm->name, vm_state_name(vm->state),
		     vm->vcpu_count, shell_size_text(&memory, vm->ram_bytes),
		     shell_time_text(&time, vm->run_ticks), vm->last_exit ? vm->last_exit : "-",
		     vm->reason);
}

static int cmd_vm_list(struct shell *sh, const struct shell_args *args)
{
	struct control_vm vm;
	u64 cursor = 0;

	if (shell_flag(args, "--json"))
		return list_json(sh);
	if (control_vm_next(&sh->caller, &cursor, &vm) != 0) {
		shell_printf(
			sh, "there is no VM; `vm create FILE` makes one of a tree in the bundle\n");
		return 0;
	}
	shell_printf(sh, "%-16s %-8s %5s %10s %12s  %-20s %s\n", "NAME", "STATE", "VCPUS", "MEMORY",
		     "CPU TIME", "LAST EXIT", "REASON");
	do
		print_row(sh, &vm);
	while (!shell_stopped(sh) && control_vm_next(&sh->caller, &cursor, &vm) == 0);
	return 0;
}

static void print_vm(struct shell *sh, const struct control_vm *vm)
{
	struct shell_text text;

	shell_printf(sh, "name         %s\n", vm->name);
	shell_printf(sh, "state        %s (%s)\n", vm_state_name(vm->state), vm->reason);
	shell_printf(sh, "tree         %s in the bundle\n", vm->source);
	shell_printf(sh, "vCPUs        %u\n", vm->vcpu_count);
	shell_printf(sh, "memory       %s", shell_size_text(&text, vm->ram_bytes));
	shell_printf(sh, ", and %s of tables", shell_size_text(&text, vm->table_bytes));
	shell_printf(sh, ", %s of objects\n", shell_size_text(&text, vm->heap_bytes));
	shell_printf(sh, "CPU time     %s\n", shell_time_text(&text, vm->run_ticks));
	shell_printf(sh, "exits        %lu, the last one: %s\n", vm->exits,
		     vm->last_exit ? vm->last_exit : "none");
	shell_printf(sh, "starts       %u", vm->start_count);
	if (vm->start_count)
		shell_printf(sh, ", the last one %s ago",
			     shell_time_text(&text, time_now() - vm->started_at));
	shell_printf(sh, "\nconsole      %lu bytes printed\n", vm->console_bytes);
}

static void print_regions(struct shell *sh, const char *name)
{
	struct control_region region;
	struct shell_text size;

	shell_printf(sh, "\nMEMORY MAP\n");
	for (unsigned i = 0; !sh->interrupted && !control_vm_region(&sh->caller, name, i, &region);
	     i++)
		shell_printf(sh, "%016lx-%016lx %9s %-9s %s\n", region.base,
			     region.base + (region.size - 1), shell_size_text(&size, region.size),
			     region.kind, region.name);
}

static void print_devices(struct shell *sh, const char *name)
{
	struct control_device dev;

	shell_printf(sh, "\nDEVICES\n");
	for (unsigned i = 0;
	     !control_vm_device(&sh->caller, name, i, &dev, NULL, NULL) && !sh->interrupted; i++)
		shell_printf(sh, "%-32s %s\n", dev.name, dev.emulator);
}

static void json_regions(struct shell *sh, struct json *json, const char *name)
{
	struct control_region region;

	json_array_open(json, "regions");
	for (unsigned i = 0; !control_vm_region(&sh->caller, name, i, &region); i++) {
		json_object_open(json, NULL);
		json_hex(json, "base", region.base);
		json_u64(json, "size", region.size);
		json_string(json, "kind", region.kind);
		json_string(json, "name", region.name);
		json_object_close(json);
	}
	json_array_close(json);
}

static void json_devices(struct shell *sh, struct json *json, const char *name)
{
	struct control_device dev;

	json_array_open(json, "devices");
	for (unsigned i = 0; !control_vm_device(&sh->caller, name, i, &dev, NULL, NULL); i++) {
		json_object_open(json, NULL);
		json_string(json, "node", dev.name);
		json_string(json, "emulator", dev.emulator);
		json_object_close(json);
	}
	json_array_close(json);
}

static void print_vm_json(struct shell *sh, const struct control_vm *vm)
{
	struct json json;

	shell_json_begin(sh, &json);
	json_object_open(&json, NULL);
	json_vm_members(&json, vm);
	json_regions(sh, &json, vm->name);
	json_devices(sh, &json, vm->name);
	json_object_close(&json);
	shell_json_end(sh);
}

static int cmd_vm_info(struct shell *sh, const struct shell_args *args)
{
	const char *name = args->arg[0];
	struct control_vm vm;
	int e = control_vm_info(&sh->caller, name, &vm);

	if (e)
		return shell_failed(sh, e);
	if (shell_flag(args, "--json")) {
		print_vm_json(sh, &vm);
		return 0;
	}
	print_vm(sh, &vm);
	print_regions(sh, name);
	print_devices(sh, name);
	return 0;
}

/* ---------------------------------------------------------------- create and change */

static void report(void *ctx, const char *message)
{
	shell_error(ctx, "%s", message);
}

static int cmd_vm_create(struct shell *sh, const struct shell_args *args)
{
	char name[VM_NAME_MAX];
	int e = control_vm_create(&sh->caller, args->arg[0], report, sh, name);

	if (e)
		return shell_failed(sh, e);
	shell_printf(sh, "VM %s is created; `vm start %s` starts it\n", name, name);
	return 0;
}

static int change(struct shell *sh, const struct shell_args *args, enum control_change what)
{
	int e = control_vm_change(&sh->caller, args->arg[0], what);

	return e ? shell_failed(sh, e) : 0;
}

static int cmd_vm_start(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_START);
}

static int cmd_vm_pause(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_PAUSE);
}

static int cmd_vm_resume(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_RESUME);
}

static int cmd_vm_shutdown(struct shell *sh, const struct shell_args *args)
{
	int e = change(sh, args, CONTROL_SHUTDOWN);

	if (!e)
		shell_printf(sh, "the guest of %s has been asked to shut down\n", args->arg[0]);
	return e;
}

static int cmd_vm_stop(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_STOP);
}

static int cmd_vm_reset(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_RESET);
}

static int cmd_vm_destroy(struct shell *sh, const struct shell_args *args)
{
	return change(sh, args, CONTROL_DESTROY);
}

/* ---------------------------------------------------------------- log, dump */

/* All that is kept of a guest's output; the caller frees it. */
static int fetch_log(struct shell *sh, const char *name, char **text, size_t *len)
{
	u64 pos = 0;
	int e;

	*text = heap_alloc(&owner_system, VCONSOLE_RING_SIZE);
	if (!*text)
		return control_error(&sh->caller, -ENOMEM,
				     "there is no memory for a copy of the log");
	e = control_vm_log(&sh->caller, name, &pos, *text, VCONSOLE_RING_SIZE, len);
	if (e)
		heap_free(*text);
	return e;
}

static int cmd_vm_log(struct shell *sh, const struct shell_args *args)
{
	struct shell_filter filter = { 0 };
	u64 lines = VCONSOLE_RING_SIZE;
	size_t len, start;
	char *text;
	int e = 0;

	if (args->count > 1)
		e = shell_number(sh, "LINES", args->arg[1], 1, VCONSOLE_RING_SIZE, &lines);
	if (e)
		return e;
	e = fetch_log(sh, args->arg[0], &text, &len);
	if (e)
		return shell_failed(sh, e);
	start = shell_last_rows(text, len, lines);
	shell_write_filtered(sh, &filter, text + start, len - start);
	if (len && text[len - 1] != '\n')
		shell_write(sh, "\n", 1);
	heap_free(text);
	return 0;
}

static int cmd_vm_dump(struct shell *sh, const struct shell_args *args)
{
	struct control_vm vm;
	int e = control_vm_info(&sh->caller, args->arg[0], &vm);

	if (!e) {
		print_vm(sh, &vm);
		print_regions(sh, vm.name);
		shell_printf(sh, "\n");
		e = control_vm_dump(&sh->caller, args->arg[0], shell_print, sh);
	}
	return e ? shell_failed(sh, e) : 0;
}

SHELL_CMD("vm", "list", "[--json]", "show all VMs, their state and why they are in it",
	  cmd_vm_list);
SHELL_CMD("vm", "info", "NAME [--json]", "show one VM: figures, memory map, devices", cmd_vm_info);
SHELL_CMD("vm", "create", "FILE", "make a VM of a device tree in the bundle (.dtb may be left out)",
	  cmd_vm_create);
SHELL_CMD("vm", "start", "NAME", "load the images and let vCPU 0 run", cmd_vm_start);
SHELL_CMD("vm", "pause", "NAME", "take all vCPUs out of the guest", cmd_vm_pause);
SHELL_CMD("vm", "resume", "NAME", "go on after a pause", cmd_vm_resume);
SHELL_CMD("vm", "shutdown", "NAME", "ask the guest to shut itself down", cmd_vm_shutdown);
SHELL_CMD("vm", "stop", "NAME", "halt the VM at once", cmd_vm_stop);
SHELL_CMD("vm", "reset", "NAME", "stop and start in one", cmd_vm_reset);
SHELL_CMD("vm", "destroy", "NAME", "stop the VM and give its memory back, scrubbed",
	  cmd_vm_destroy);
SHELL_CMD("vm", "log", "NAME [LINES]", "show what the guest printed, without terminal control",
	  cmd_vm_log);
SHELL_CMD("vm", "dump", "NAME", "show the VM, its memory map and the registers of all its vCPUs",
	  cmd_vm_dump);
