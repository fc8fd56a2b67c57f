/* SPDX-License-Identifier: MIT */
/* vcpu: virtual CPUs, their registers and where they may run. */
#include <core/errno.h>
#include <core/shell.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <string.h>

static void json_vcpu(struct json *json, const char *vm, const struct control_vcpu *vcpu)
{
	struct shell_text text;

	json_object_open(json, NULL);
	json_string(json, "vm", vm);
	json_u64(json, "index", vcpu->index);
	json_string(json, "state", vcpu->state);
	json_u64(json, "cpu", vcpu->cpu);
	json_string(json, "may_run_on", shell_cpus_text(&text, &vcpu->affinity));
	json_u64(json, "weight", vcpu->weight);
	json_u64(json, "cap_percent", vcpu->cap_percent);
	json_u64(json, "cpu_time_us", time_to_ns(vcpu->run_ticks) / 1000);
	json_u64(json, "longest_wait_us", time_to_ns(vcpu->wait_max) / 1000);
	json_u64(json, "switches", vcpu->switches);
	json_u64(json, "exits", vcpu->exits);
	json_u64(json, "halts", vcpu->halts);
	json_u64(json, "mmio", vcpu->mmio);
	json_string(json, "last_exit", vcpu->last_exit);
	json_object_close(json);
}

static void print_vcpu(struct shell *sh, const char *vm, const struct control_vcpu *vcpu)
{
	struct shell_text may, time;
	char name[40];

	format_to(name, sizeof(name), "%s/%u", vm, vcpu->index);
	shell_printf(sh, "%-18s %-9s %4u %-9s %6u %4u %12s %10lu %10lu %10lu  %s\n", name,
		     vcpu->state, vcpu->cpu, shell_cpus_text(&may, &vcpu->affinity), vcpu->weight,
		     vcpu->cap_percent, shell_time_text(&time, vcpu->run_ticks), vcpu->exits,
		     vcpu->mmio, vcpu->halts, vcpu->last_exit ? vcpu->last_exit : "-");
}

static void list_one(struct shell *sh, struct json *json, const char *vm)
{
	struct control_vcpu vcpu;

	for (unsigned i = 0; !sh->interrupted && control_vcpu_info(&sh->caller, vm, i, &vcpu) == 0;
	     i++) {
		if (json)
			json_vcpu(json, vm, &vcpu);
		else
			print_vcpu(sh, vm, &vcpu);
	}
}

static void list_all(struct shell *sh, struct json *json, const char *only)
{
	struct control_vm vm;
	u64 cursor = 0;

	if (only)
		list_one(sh, json, only);
	else
		while (!sh->interrupted && control_vm_next(&sh->caller, &cursor, &vm) == 0)
			list_one(sh, json, vm.name);
}

static int cmd_vcpu_list(struct shell *sh, const struct shell_args *args)
{
	const char *only = shell_arg(args, 0);
	struct control_vm vm;
	struct json json;
	int e = only ? control_vm_info(&sh->caller, only, &vm) : 0;

	if (e)
		return shell_failed(sh, e);
	if (shell_flag(args, "--json")) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
		list_all(sh, &json, only);
		json_array_close(&json);
		shell_json_end(sh);
		return 0;
	}
	shell_printf(sh, "%-18s %-9s %4s %-9s %6s %4s %12s %10s %10s %10s  %s\n", "VCPU", "STATE",
		     "CPU", "MAY RUN", "WEIGHT", "CAP%", "CPU TIME", "EXITS", "MMIO", "HALTS",
		     "LAST EXIT");
	list_all(sh, NULL, only);
	return 0;
}

/* Argument 1 as a vCPU's number. */
static int take_index(struct shell *sh, const struct shell_args *args, unsigned *index)
{
	u64 value = 0;
	int e = shell_number(sh, "VCPU", args->arg[1], 0, VM_VCPUS_MAX - 1, &value);

	*index = (unsigned)value;
	return e;
}

static int cmd_vcpu_regs(struct shell *sh, const struct shell_args *args)
{
	unsigned index;
	int e;

	if (args->count == 1)
		e = control_vm_dump(&sh->caller, args->arg[0], shell_print, sh);
	else if (take_index(sh, args, &index) != 0)
		return -EINVAL;
	else
		e = control_vcpu_regs(&sh->caller, args->arg[0], index, shell_print, sh);
	return e ? shell_failed(sh, e) : 0;
}

static int cmd_vcpu_pin(struct shell *sh, const struct shell_args *args)
{
	struct cpumask mask;
	unsigned index;
	int e = take_index(sh, args, &index);

	if (!e)
		e = shell_cpus(sh, args->arg[2], &mask);
	if (e)
		return e;
	e = control_vcpu_pin(&sh->caller, args->arg[0], index, &mask);
	return e ? shell_failed(sh, e) : 0;
}

SHELL_CMD("vcpu", "list", "[NAME] [--json]", "show the vCPUs of one VM or of all", cmd_vcpu_list);
SHELL_CMD("vcpu", "regs", "NAME [VCPU]", "show the registers of one vCPU or of all of a VM",
	  cmd_vcpu_regs);
SHELL_CMD("vcpu", "pin", "NAME VCPU CPUS", "let a vCPU run on these CPUs only: 0,2-3, or all",
	  cmd_vcpu_pin);
