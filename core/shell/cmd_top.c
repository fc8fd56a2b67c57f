/* SPDX-License-Identifier: MIT */
/* top: who uses the CPUs, between two samples. */
#include <core/errno.h>
#include <core/heap.h>
#include <core/shell.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <string.h>

#define ROWS_MAX 256
#define ROWS_SHOWN 20
#define INTERVAL_MS 1000
#define KEY_BYTES_MAX 16

struct row {
	char name[48];
	const char *state;
	u32 cpu;
	u64 ticks; /* since it began */
	u64 exits;
	u64 used; /* ticks since the sample before */
	u64 exits_used;
};

struct sample {
	u64 time;
	u64 idle; /* of all CPUs */
	u32 count;
	struct row rows[ROWS_MAX];
};

/* ---------------------------------------------------------------- sampling */

static struct row *add_row(struct sample *sample)
{
	return sample->count < ROWS_MAX ? &sample->rows[sample->count++] : NULL;
}

static void sample_vcpus(struct shell *sh, struct sample *sample, const char *vm)
{
	struct control_vcpu vcpu;
	struct row *row;

	for (unsigned i = 0; control_vcpu_info(&sh->caller, vm, i, &vcpu) == 0; i++) {
		row = add_row(sample);
		if (!row)
			return;
		*row = (struct row){ .state = vcpu.state,
				     .cpu = vcpu.cpu,
				     .ticks = vcpu.run_ticks,
				     .exits = vcpu.exits };
		format_to(row->name, sizeof(row->name), "%s/%u", vm, i);
	}
}

static const char *task_state(enum sched_state state)
{
	return state == SCHED_RUNNING ? "running" : state == SCHED_READY ? "ready" : "waiting";
}

static void sample_tasks(struct shell *sh, struct sample *sample)
{
	struct task_stats tasks[16];
	unsigned count;
	struct row *row;

	if (control_tasks(&sh->caller, tasks, ARRAY_SIZE(tasks), &count) != 0)
		return;
	for (unsigned i = 0; i < MIN(count, (unsigned)ARRAY_SIZE(tasks)); i++) {
		row = add_row(sample);
		if (!row)
			return;
		*row = (struct row){ .state = task_state(tasks[i].state),
				     .cpu = tasks[i].cpu,
				     .ticks = tasks[i].ticks };
		format_to(row->name, sizeof(row->name), "[%s]", tasks[i].name);
	}
}

static void take_sample(struct shell *sh, struct sample *sample)
{
	struct control_cpu cpu;
	struct control_vm vm;
	u64 cursor = 0;

	sample->count = 0;
	sample->idle = 0;
	sample->time = time_now();
	for (unsigned i = 0; i < cpu_count && !control_cpu(&sh->caller, i, &cpu); i++)
		sample->idle += cpu.online ? cpu.idle_ticks : 0;
	while (control_vm_next(&sh->caller, &cursor, &vm) == 0)
		sample_vcpus(sh, sample, vm.name);
	sample_tasks(sh, sample);
}

/* A VM that was destroyed and made again under its name counts from zero. */
static void subtract(struct sample *now, const struct sample *before)
{
	for (u32 i = 0; i < now->count; i++) {
		struct row *row = &now->rows[i];

		row->used = row->ticks;
		row->exits_used = row->exits;
		for (u32 j = 0; j < before->count; j++) {
			const struct row *old = &before->rows[j];

			if (strcmp(old->name, row->name) != 0 || old->ticks > row->ticks ||
			    old->exits > row->exits)
				continue;
			row->used = row->ticks - old->ticks;
			row->exits_used = row->exits - old->exits;
			break;
		}
	}
}

static void sort(struct sample *sample)
{
	for (u32 i = 1; i < sample->count; i++) {
		struct row row = sample->rows[i];
		u32 j = i;

		for (; j && sample->rows[j - 1].used < row.used; j--)
			sample->rows[j] = sample->rows[j - 1];
		sample->rows[j] = row;
	}
}

/* ---------------------------------------------------------------- showing */

/* Tenths of a percent of @whole. */
static u64 per_mille(u64 part, u64 whole)
{
	return whole ? MIN(part, whole) * 1000 / whole : 0;
}

static void print_sample(struct shell *sh, const struct sample *now, const struct sample *before,
			 u32 max)
{
	u64 interval = MAX(now->time - before->time, 1ull);
	u64 capacity = interval * smp_online_count();
	u64 idle = per_mille(now->idle - before->idle, capacity);
	u64 ms = MAX(time_to_ns(interval) / 1000000, 1ull);
	struct control_memory mem;
	struct shell_text free, total;

	shell_printf(sh, "%u CPUs, %lu.%lu%% idle", smp_online_count(), idle / 10, idle % 10);
	if (control_memory(&sh->caller, &mem) == 0)
		shell_printf(sh, "; memory: %s free of %s",
			     shell_size_text(&free, mem.pages.free_pages * PAGE_SIZE),
			     shell_size_text(&total, mem.pages.total_pages * PAGE_SIZE));
	shell_printf(sh, "; %u VMs\n\n%-24s %-9s %4s %6s %14s %10s\n", vm_count(), "NAME", "STATE",
		     "CPU", "CPU%", "CPU TIME", "EXITS/s");
	for (u32 i = 0; i < MIN(now->count, max); i++) {
		const struct row *row = &now->rows[i];
		u64 share = per_mille(row->used, interval);
		struct shell_text time;

		shell_printf(sh, "%-24s %-9s %4u %4lu.%lu %14s %10lu\n", row->name, row->state,
			     row->cpu, share / 10, share % 10, shell_time_text(&time, row->ticks),
			     row->exits_used * 1000 / ms);
	}
	if (now->count > max)
		shell_printf(sh, "and %u more\n", now->count - max);
}

static void print_sample_json(struct shell *sh, const struct sample *now,
			      const struct sample *before)
{
	u64 interval = MAX(now->time - before->time, 1ull);
	struct json json;

	shell_json_begin(sh, &json);
	json_object_open(&json, NULL);
	json_u64(&json, "interval_us", time_to_ns(interval) / 1000);
	json_u64(&json, "cpus", smp_online_count());
	json_u64(&json, "idle_us", time_to_ns(now->idle - before->idle) / 1000);
	json_array_open(&json, "rows");
	for (u32 i = 0; i < now->count; i++) {
		const struct row *row = &now->rows[i];

		json_object_open(&json, NULL);
		json_string(&json, "name", row->name);
		json_string(&json, "state", row->state);
		json_u64(&json, "cpu", row->cpu);
		json_u64(&json, "cpu_time_us", time_to_ns(row->ticks) / 1000);
		json_u64(&json, "used_us", time_to_ns(row->used) / 1000);
		json_u64(&json, "exits", row->exits_used);
		json_object_close(&json);
	}
	json_array_close(&json);
	json_object_close(&json);
	shell_json_end(sh);
}

/* True if a key was pressed, which is dropped: all of its bytes, as far as they have come. */
static bool wait_key(struct shell *sh)
{
	bool pressed = shell_getc(sh, time_now() + time_from_ms(INTERVAL_MS)) >= 0;

	for (unsigned i = 0; pressed && i < KEY_BYTES_MAX; i++)
		if (shell_getc(sh, time_now() + time_from_ms(2)) < 0)
			break;
	return pressed;
}

static void refresh(struct shell *sh, struct sample *samples)
{
	unsigned current = 0;

	take_sample(sh, &samples[current]);
	while (!wait_key(sh) && !sh->interrupted) {
		struct sample *before = &samples[current];
		struct sample *now = &samples[current ^= 1];

		take_sample(sh, now);
		subtract(now, before);
		sort(now);
		shell_printf(sh, "\x1b[H\x1b[J");
		print_sample(sh, now, before, ROWS_SHOWN);
		shell_printf(sh, "\nAny key ends this.\n");
	}
}

static void once(struct shell *sh, struct sample *samples, bool as_json)
{
	take_sample(sh, &samples[0]);
	shell_sleep_ms(sh, INTERVAL_MS);
	take_sample(sh, &samples[1]);
	subtract(&samples[1], &samples[0]);
	sort(&samples[1]);
	if (as_json)
		print_sample_json(sh, &samples[1], &samples[0]);
	else
		print_sample(sh, &samples[1], &samples[0], ROWS_MAX);
}

static int cmd_top(struct shell *sh, const struct shell_args *args)
{
	struct sample *samples = heap_alloc(&owner_system, 2 * sizeof(*samples));

	if (!samples)
		return shell_error(sh, "there is no memory for the samples");
	if (shell_flag(args, "-1") || shell_flag(args, "--json"))
		once(sh, samples, shell_flag(args, "--json"));
	else
		refresh(sh, samples);
	heap_free(samples);
	return 0;
}

SHELL_CMD("top", "", "[-1] [--json]", "show who uses the CPUs until a key is pressed; -1: once",
	  cmd_top);
