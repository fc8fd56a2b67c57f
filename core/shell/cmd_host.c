/* SPDX-License-Identifier: MIT */
/* cpu, irq, dev, config, version, reboot, poweroff: the machine and this build. */
#include <core/errno.h>
#include <core/heap.h>
#include <core/main.h>
#include <core/shell.h>
#include <core/time.h>
#include <string.h>
#include <version.h>

/* ---------------------------------------------------------------- cpu */

static void json_cpu(struct json *json, const struct control_cpu *cpu)
{
	json_object_open(json, NULL);
	json_u64(json, "cpu", cpu->id);
	json_hex(json, "hardware_id", cpu->hardware_id);
	json_bool(json, "online", cpu->online);
	json_string(json, "running", cpu->running[0] ? cpu->running : NULL);
	json_u64(json, "ready", cpu->ready_count);
	json_u64(json, "idle_us", time_to_ns(cpu->idle_ticks) / 1000);
	json_u64(json, "switches", cpu->switches);
	json_u64(json, "interrupts", cpu->irqs);
	json_object_close(json);
}

static void print_cpu(struct shell *sh, const struct control_cpu *cpu)
{
	struct shell_text time;

	shell_printf(sh, "%3u %10lx %-7s %-20s %5u %14s %12lu %12lu\n", cpu->id, cpu->hardware_id,
		     cpu->online ? "online" : "off", cpu->running[0] ? cpu->running : "(idle)",
		     cpu->ready_count, shell_time_text(&time, cpu->idle_ticks), cpu->switches,
		     cpu->irqs);
}

static int cmd_cpu(struct shell *sh, const struct shell_args *args)
{
	bool as_json = shell_flag(args, "--json");
	struct control_cpu cpu;
	struct json json;

	if (as_json) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	} else {
		shell_printf(sh, "%3s %10s %-7s %-20s %5s %14s %12s %12s\n", "CPU", "HARDWARE",
			     "STATE", "RUNS", "READY", "IDLE", "SWITCHES", "INTERRUPTS");
	}
	for (unsigned i = 0; i < cpu_count && !control_cpu(&sh->caller, i, &cpu); i++) {
		if (as_json)
			json_cpu(&json, &cpu);
		else
			print_cpu(sh, &cpu);
	}
	if (as_json) {
		json_array_close(&json);
		shell_json_end(sh);
		return 0;
	}
	shell_printf(sh, "\n");
	return control_cpu_features(&sh->caller, shell_print, sh);
}

/* ---------------------------------------------------------------- irq */

static void print_irqs(struct shell *sh, const struct irq_stats *rows, unsigned count)
{
	shell_printf(sh, "%5s %12s  %s\n", "IRQ", "COUNT", "FOR");
	for (unsigned i = 0; i < count; i++)
		shell_printf(sh, "%5u %12lu  %s\n", rows[i].irq, rows[i].count, rows[i].name);
}

static void print_irqs_json(struct shell *sh, const struct irq_stats *rows, unsigned count)
{
	struct json json;

	shell_json_begin(sh, &json);
	json_array_open(&json, NULL);
	for (unsigned i = 0; i < count; i++) {
		json_object_open(&json, NULL);
		json_u64(&json, "irq", rows[i].irq);
		json_u64(&json, "count", rows[i].count);
		json_string(&json, "for", rows[i].name);
		json_object_close(&json);
	}
	json_array_close(&json);
	shell_json_end(sh);
}

static int cmd_irq(struct shell *sh, const struct shell_args *args)
{
	struct irq_stats *rows = heap_alloc(&owner_system, HOST_IRQ_MAX * sizeof(*rows));
	unsigned count = 0;
	int e;

	if (!rows)
		return shell_error(sh, "there is no memory for the list");
	e = control_irqs(&sh->caller, rows, HOST_IRQ_MAX, &count);
	count = MIN(count, (unsigned)HOST_IRQ_MAX);
	if (e)
		shell_failed(sh, e);
	else if (shell_flag(args, "--json"))
		print_irqs_json(sh, rows, count);
	else
		print_irqs(sh, rows, count);
	heap_free(rows);
	return e;
}

/* ---------------------------------------------------------------- dev */

struct device_list {
	struct shell *sh;
	struct json *json; /* NULL: text */
};

static void device_row(struct device_list *list, const char *vm, const char *driver,
		       const char *node)
{
	if (!list->json) {
		shell_printf(list->sh, "%-16s %-36s %s\n", vm ? vm : "(host)", node, driver);
		return;
	}
	json_object_open(list->json, NULL);
	json_string(list->json, "vm", vm);
	json_string(list->json, "node", node);
	json_string(list->json, vm ? "emulator" : "driver", driver);
	json_object_close(list->json);
}

static void host_device_row(void *ctx, const char *driver, const char *node)
{
	device_row(ctx, NULL, driver, node);
}

static void vm_device_rows(struct device_list *list, const char *vm)
{
	struct control_caller *caller = &list->sh->caller;
	struct control_device dev;

	for (unsigned i = 0;
	     !list->sh->interrupted && !control_vm_device(caller, vm, i, &dev, NULL, NULL); i++)
		device_row(list, vm, dev.emulator, dev.name);
}

static int cmd_dev(struct shell *sh, const struct shell_args *args)
{
	struct json json;
	struct device_list list = { sh, shell_flag(args, "--json") ? &json : NULL };
	struct control_vm vm;
	u64 cursor = 0;
	int e;

	if (list.json) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	} else {
		shell_printf(sh, "%-16s %-36s %s\n", "OF", "NODE", "DRIVER");
	}
	e = control_host_devices(&sh->caller, host_device_row, &list);
	while (!e && control_vm_next(&sh->caller, &cursor, &vm) == 0)
		vm_device_rows(&list, vm.name);
	if (list.json) {
		json_array_close(&json);
		shell_json_end(sh);
	}
	return e ? shell_failed(sh, e) : 0;
}

static int cmd_dev_info(struct shell *sh, const struct shell_args *args)
{
	const char *name = args->arg[0], *only = shell_arg(args, 1);
	struct control_device dev;
	bool found = false;
	unsigned i;
	int e;

	for (i = 0;
	     !(e = control_vm_device(&sh->caller, name, i, &dev, NULL, NULL)) && !sh->interrupted;
	     i++) {
		if (only && strcmp(only, dev.name) != 0)
			continue;
		found = true;
		shell_printf(sh, "%s (%s)\n", dev.name, dev.emulator);
		(void)!control_vm_device(&sh->caller, name, i, &dev, shell_print, sh);
	}
	if (e && i == 0)
		return shell_failed(sh, e);
	if (only && !found)
		return shell_error(sh, "%s has no device %.40s; `vm info %s` lists what it has",
				   name, only, name);
	return 0;
}

/* ---------------------------------------------------------------- build */

static const struct option {
	const char *name;
	const char *value;
} options[] = {
#define OPTION(name_, value_) { name_, value_ },
	CONFIG_EACH(OPTION)
#undef OPTION
};

static int cmd_config(struct shell *sh, const struct shell_args *args)
{
	struct json json;

	if (!shell_flag(args, "--json")) {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			shell_printf(sh, "%-32s %s\n", options[i].name, options[i].value);
		return 0;
	}
	shell_json_begin(sh, &json);
	json_object_open(&json, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		json_string(&json, options[i].name, options[i].value);
	json_object_close(&json);
	shell_json_end(sh);
	return 0;
}

static int cmd_version(struct shell *sh, const struct shell_args *args)
{
	u64 to_prompt = main_prompt_ticks ? main_prompt_ticks - main_entry_ticks : 0;
	struct shell_text time;
	struct json json;

	if (!shell_flag(args, "--json")) {
		shell_printf(sh, "Verdigris " VERDIGRIS_VERSION " for %s, up %s", CONFIG_ARCH,
			     shell_time_text(&time, time_since_boot()));
		shell_printf(sh, "; the prompt came after %lu us\n", time_to_ns(to_prompt) / 1000);
		return 0;
	}
	shell_json_begin(sh, &json);
	json_object_open(&json, NULL);
	json_string(&json, "version", VERDIGRIS_VERSION);
	json_string(&json, "arch", CONFIG_ARCH);
	json_u64(&json, "up_us", time_to_ns(time_since_boot()) / 1000);
	json_u64(&json, "prompt_ticks", to_prompt);
	json_u64(&json, "ticks_per_second", time_hz());
	json_object_close(&json);
	shell_json_end(sh);
	return 0;
}

/* ---------------------------------------------------------------- power */

static int power(struct shell *sh, bool reboot)
{
	return shell_failed(sh, control_host_power(&sh->caller, reboot));
}

static int cmd_reboot(struct shell *sh, const struct shell_args *args)
{
	(void)args;
	return power(sh, true);
}

static int cmd_poweroff(struct shell *sh, const struct shell_args *args)
{
	(void)args;
	return power(sh, false);
}

SHELL_CMD("cpu", "", "[--json]", "show the host's CPUs, what they run, and their features",
	  cmd_cpu);
SHELL_CMD("irq", "", "[--json]", "show the host's interrupts in use", cmd_irq);
SHELL_CMD("dev", "", "[--json]",
	  "show the host's devices with a driver, and the VMs' emulated ones", cmd_dev);
SHELL_CMD("dev", "info", "NAME [DEVICE]", "show the state of a VM's emulated devices",
	  cmd_dev_info);
SHELL_CMD("config", "", "[--json]", "show the options this hypervisor was built with", cmd_config);
SHELL_CMD("version", "", "[--json]", "show the version and the time since boot", cmd_version);
SHELL_CMD("reboot", "", "", "stop all VMs and restart the machine", cmd_reboot);
SHELL_CMD("poweroff", "", "", "stop all VMs and switch the machine off", cmd_poweroff);
