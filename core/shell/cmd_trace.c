/* SPDX-License-Identifier: MIT */
/* trace: what guests made the hypervisor do, and how long it took. */
#include <core/arch.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/shell.h>
#include <core/trace.h>
#include <core/virq.h>
#include <string.h>

#define SHOW_DEFAULT 50

/* ---------------------------------------------------------------- events */

struct show {
	struct shell *sh;
	struct json *json; /* NULL: text */
	u64 vm_id;         /* of the name that was looked up last */
	char vm_name[VM_NAME_MAX];
};

/* The name that belongs to an id, or "VM 7" when that one is gone. */
static const char *vm_name(struct show *show, u64 id)
{
	struct control_vm vm;
	u64 cursor = id;

	if (show->vm_name[0] && show->vm_id == id)
		return show->vm_name;
	show->vm_id = id;
	if (control_vm_next(&show->sh->caller, &cursor, &vm) == 0 && vm.id == id)
		memcpy(show->vm_name, vm.name, sizeof(show->vm_name));
	else
		format_to(show->vm_name, sizeof(show->vm_name), "VM %lu", id);
	return show->vm_name;
}

static const char *exit_name(u64 cause)
{
	return cause < arch_exit_name_count ? arch_exit_names[cause] : "?";
}

static const char *leave_name(u64 leave)
{
	static const char *const names[] = {
		[SCHED_PREEMPTED] = "preempted",
		[SCHED_YIELD] = "yielded",
		[SCHED_BLOCK] = "blocked",
		[SCHED_EXIT] = "ended",
	};

	return leave < ARRAY_SIZE(names) ? names[leave] : "?";
}

static const char *pin_name(u64 pin)
{
	static const char *const names[] = {
		[VCPU_PIN_EXTERNAL] = "external",
		[VCPU_PIN_SOFTWARE] = "software",
		[VCPU_PIN_TIMER] = "timer",
		[VCPU_PIN_FAST] = "fast",
	};

	return pin < ARRAY_SIZE(names) ? names[pin] : "?";
}

/* What the event is about. */
static void subject(struct show *show, const struct trace_event *event, char *buf, size_t size)
{
	switch ((enum trace_kind)event->kind) {
	case TRACE_EXIT:
	case TRACE_ENTER:
	case TRACE_VIRQ:
		format_to(buf, size, "%s/%lu", vm_name(show, event->a >> 16), event->a & 0xffff);
		break;
	case TRACE_SWITCH:
	case TRACE_WAKE:
		format_to(buf, size, "%s", event->name[0] ? event->name : "(idle)");
		break;
	case TRACE_VM:
		format_to(buf, size, "%s", vm_name(show, event->a));
		break;
	default:
		format_to(buf, size, "%lu", event->a);
	}
}

/* What happened to it. */
static void details(const struct trace_event *event, char *buf, size_t size)
{
	buf[0] = '\0';
	switch ((enum trace_kind)event->kind) {
	case TRACE_EXIT:
		format_to(buf, size, "%s", exit_name(event->b));
		break;
	case TRACE_ENTER:
		format_to(buf, size, "after %lu ns", time_to_ns(event->b));
		break;
	case TRACE_SWITCH:
		format_to(buf, size, "the one before %s", leave_name(event->b));
		break;
	case TRACE_WAKE:
		format_to(buf, size, "on CPU %lu", event->b);
		break;
	case TRACE_VIRQ:
		format_to(buf, size, "%s %s", pin_name(event->b >> 1),
			  event->b & 1 ? "up" : "down");
		break;
	case TRACE_VM:
		format_to(buf, size, "%s",
			  event->b < VM_STATE_COUNT ? vm_state_name((enum vm_state)event->b) : "?");
		break;
	default:
		break;
	}
}

static void show_event(void *ctx, const struct trace_event *event)
{
	struct show *show = ctx;
	u64 ns = time_to_ns(event->time);
	char about[48], what[48];

	if (show->sh->interrupted)
		return;
	subject(show, event, about, sizeof(about));
	details(event, what, sizeof(what));
	if (!show->json) {
		shell_printf(show->sh, "%6lu.%09lu %3u %-7s %s%*s%s\n", ns / 1000000000,
			     ns % 1000000000, event->cpu,
			     trace_kind_name((enum trace_kind)event->kind), about,
			     *what ? 19 - (int)MIN(strlen(about), (size_t)18) : 0, "", what);
		return;
	}
	json_object_open(show->json, NULL);
	json_u64(show->json, "time_ns", ns);
	json_u64(show->json, "cpu", event->cpu);
	json_string(show->json, "kind", trace_kind_name((enum trace_kind)event->kind));
	json_string(show->json, "of", about);
	json_string(show->json, "what", what);
	json_object_close(show->json);
}

static int cmd_trace_show(struct shell *sh, const struct shell_args *args)
{
	struct show show = { .sh = sh };
	u64 count = SHOW_DEFAULT;
	struct json json;
	int e = control_check(&sh->caller, CONTROL_HOST_LIST, "show", "the trace");

	if (e)
		return shell_failed(sh, e);
	if (args->count &&
	    shell_number(sh, "COUNT", args->arg[0], 1, TRACE_EVENTS * (u64)cpu_count, &count) != 0)
		return -EINVAL;
	if (shell_flag(args, "--json")) {
		show.json = &json;
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
	}
	e = trace_for_each((unsigned)count, show_event, &show);
	if (show.json) {
		json_array_close(&json);
		shell_json_end(sh);
	}
	return e ? shell_error(sh, "there is no memory to sort the events in") : 0;
}

/* ---------------------------------------------------------------- histograms */

/* Adds up the rows of all vCPUs of a VM; returns how many vCPUs had some. */
static unsigned sum_rows(struct shell *sh, const char *vm, struct exit_histogram *sum,
			 struct exit_histogram *one)
{
	struct control_vcpu vcpu;
	unsigned found = 0;

	memset(sum, 0, arch_exit_name_count * sizeof(*sum));
	for (unsigned i = 0; control_vcpu_info(&sh->caller, vm, i, &vcpu) == 0; i++) {
		if (control_vcpu_histogram(&sh->caller, vm, i, one) != 0)
			continue;
		found++;
		for (unsigned cause = 0; cause < arch_exit_name_count; cause++) {
			sum[cause].count += one[cause].count;
			sum[cause].returned += one[cause].returned;
			sum[cause].ticks += one[cause].ticks;
			sum[cause].max = MAX(sum[cause].max, one[cause].max);
			for (unsigned b = 0; b < TRACE_BUCKETS; b++)
				sum[cause].bucket[b] += one[cause].bucket[b];
		}
	}
	return found;
}

/*
 * Nanoseconds that at least @percent of the exits took no longer than; the bucket's bound, or the
 * longest.
 */
static u64 percentile(const struct exit_histogram *row, u64 percent)
{
	u64 wanted = (row->returned * percent + 99) / 100;
	u64 seen = 0;

	for (unsigned b = 0; b < TRACE_BUCKETS - 1; b++) {
		seen += row->bucket[b];
		if (seen >= wanted)
			return time_to_ns(MIN(BIT(b + TRACE_BUCKET_SHIFT), row->max));
	}
	return time_to_ns(row->max);
}

static void print_rows(struct shell *sh, const char *vm, const struct exit_histogram *rows)
{
	shell_printf(sh, "%s\n  %-24s %10s %10s %14s %10s %10s %10s %10s\n", vm, "EXIT", "COUNT",
		     "BACK AGAIN", "TOTAL us", "MEAN ns", "50% < ns", "99% < ns", "MAX ns");
	for (unsigned i = 0; i < arch_exit_name_count; i++) {
		const struct exit_histogram *row = &rows[i];

		if (row->count)
			shell_printf(sh, "  %-24s %10lu %10lu %14lu %10lu %10lu %10lu %10lu\n",
				     arch_exit_names[i], row->count, row->returned,
				     time_to_ns(row->ticks) / 1000,
				     row->returned ? time_to_ns(row->ticks) / row->returned : 0,
				     percentile(row, 50), percentile(row, 99),
				     time_to_ns(row->max));
	}
}

static void json_rows(struct json *json, const char *vm, const struct exit_histogram *rows)
{
	for (unsigned i = 0; i < arch_exit_name_count; i++) {
		if (!rows[i].count)
			continue;
		json_object_open(json, NULL);
		json_string(json, "vm", vm);
		json_string(json, "exit", arch_exit_names[i]);
		json_u64(json, "count", rows[i].count);
		json_u64(json, "returned", rows[i].returned);
		json_u64(json, "total_ns", time_to_ns(rows[i].ticks));
		json_u64(json, "max_ns", time_to_ns(rows[i].max));
		json_array_open(json, "buckets");
		for (unsigned b = 0; b < TRACE_BUCKETS; b++)
			json_u64(json, NULL, rows[i].bucket[b]);
		json_array_close(json);
		json_object_close(json);
	}
}

static void show_stats(struct shell *sh, const char *only, struct json *json,
		       struct exit_histogram *rows)
{
	struct exit_histogram *one = rows + arch_exit_name_count;
	struct control_vm vm;
	unsigned shown = 0;
	u64 cursor = 0;

	while (!sh->interrupted && control_vm_next(&sh->caller, &cursor, &vm) == 0) {
		if ((only && strcmp(only, vm.name) != 0) || !sum_rows(sh, vm.name, rows, one))
			continue;
		shown++;
		if (json)
			json_rows(json, vm.name, rows);
		else
			print_rows(sh, vm.name, rows);
	}
	if (!shown && !json)
		shell_printf(sh,
			     "nothing was counted: `trace start` begins it, for guests that run\n");
}

static int cmd_trace_stats(struct shell *sh, const struct shell_args *args)
{
	const char *only = shell_arg(args, 0);
	struct exit_histogram *rows;
	struct control_vm vm;
	struct json json;
	int e = only ? control_vm_info(&sh->caller, only, &vm) : 0;

	if (e)
		return shell_failed(sh, e);
	rows = heap_alloc(&owner_system, 2 * arch_exit_name_count * sizeof(*rows));
	if (!rows)
		return shell_error(sh, "there is no memory for the sums");
	if (shell_flag(args, "--json")) {
		shell_json_begin(sh, &json);
		json_array_open(&json, NULL);
		show_stats(sh, only, &json, rows);
		json_array_close(&json);
		shell_json_end(sh);
	} else {
		show_stats(sh, only, NULL, rows);
	}
	heap_free(rows);
	return 0;
}

/* ---------------------------------------------------------------- switch */

static int set(struct shell *sh, bool on)
{
	int e = control_trace(&sh->caller, on);

	return e ? shell_failed(sh, e) : 0;
}

static int cmd_trace_start(struct shell *sh, const struct shell_args *args)
{
	(void)args;
	return set(sh, true);
}

static int cmd_trace_stop(struct shell *sh, const struct shell_args *args)
{
	(void)args;
	return set(sh, false);
}

SHELL_CMD("trace", "start", "", "forget what was recorded and record from now on", cmd_trace_start);
SHELL_CMD("trace", "stop", "", "record no more; what was recorded stays", cmd_trace_stop);
SHELL_CMD("trace", "show", "[COUNT] [--json]", "show the newest events of all CPUs",
	  cmd_trace_show);
SHELL_CMD("trace", "stats", "[NAME] [--json]",
	  "show how often guests left for what, and how long it took", cmd_trace_stats);
