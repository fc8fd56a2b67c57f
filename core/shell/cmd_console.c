/* SPDX-License-Identifier: MIT */
/* vm console: hands keyboard and screen to a guest until Ctrl-] or its end. */
#include <core/console.h>
#include <core/heap.h>
#include <core/shell.h>
#include <core/vcpu.h>

#define CTRL_RIGHT_BRACKET 0x1d
#define REPLAY_BYTES KIB(2)
#define REPLAY_ROWS 24
#define REPLAY_TRIES 64 /* a guest that prints without end is attached all the same */

struct attachment {
	struct vm *vm;
	volatile bool detach;
};

/* In interrupt context. */
static void receive(void *ctx, u8 byte)
{
	struct attachment *a = ctx;

	if (byte == CTRL_RIGHT_BRACKET) {
		console_set_focus(NULL, NULL); /* what is typed after it is for the shell */
		a->detach = true;
		waitqueue_wake(&a->vm->changed);
		return;
	}
	(void)vconsole_input(&a->vm->console, &byte, 1);
}

static bool has_ended(void *arg)
{
	struct attachment *a = arg;

	return a->detach || a->vm->destroyed || a->vm->state == VM_STOPPED;
}

/* A reset passes through STOPPED: what counts is the state when no operation is under way. */
static bool is_over(struct attachment *a)
{
	bool over;

	mutex_lock(&a->vm->op);
	over = has_ended(a);
	mutex_unlock(&a->vm->op);
	return over;
}

/*
 * What the guest printed up to now, the last screenful of it; returns the byte number that comes
 * next.
 */
static u64 show_last_rows(struct shell *sh, struct shell_filter *filter, struct vconsole *vc)
{
	u64 oldest = vc->written > REPLAY_BYTES ? vc->written - REPLAY_BYTES : 0;
	u64 pos = MAX(oldest, vc->run_start);
	char *text = heap_alloc(&owner_system, REPLAY_BYTES);
	size_t len, start;

	if (!text)
		return vc->written;
	len = vconsole_read_log(vc, &pos, text, REPLAY_BYTES);
	start = shell_last_rows(text, len, REPLAY_ROWS);
	shell_write_filtered(sh, filter, text + start, len - start);
	heap_free(text);
	return pos;
}

/* The rest comes by itself; nothing is lost between. */
static void replay(struct shell *sh, struct vconsole *vc)
{
	struct shell_filter filter = { 0 };
	u64 pos = show_last_rows(sh, &filter, vc);
	char text[128];

	for (unsigned tries = 0; tries < REPLAY_TRIES && !vconsole_attach_at(vc, pos); tries++)
		shell_write_filtered(sh, &filter, text,
				     vconsole_read_log(vc, &pos, text, sizeof(text)));
	vconsole_set_attached(vc, true);
}

static void say_goodbye(struct shell *sh, struct vm *vm)
{
	char reason[VM_REASON_MAX];

	vm_get_reason(vm, reason, sizeof(reason));
	if (vm->destroyed)
		shell_printf(sh, "\nVM %s is gone.\n", vm->name);
	else if (vm->state == VM_STOPPED)
		shell_printf(sh, "\nVM %s has stopped: %s.\n", vm->name, reason);
	else
		shell_printf(sh, "\nBack in the shell; VM %s is %s.\n", vm->name,
			     vm_state_name(vm->state));
}

static void attach(struct shell *sh, struct vm *vm)
{
	struct attachment a = { .vm = vm };

	/* First: what is typed from here on is for the guest. */
	console_set_focus(receive, &a);
	shell_printf(sh, "Console of VM %s; Ctrl-] comes back to the shell.\n", vm->name);
	if (vm->state == VM_PAUSED)
		shell_printf(sh, "It is paused: `vm resume %s` lets it go on.\n", vm->name);
	replay(sh, &vm->console);
	do
		(void)waitqueue_wait(&vm->changed, has_ended, &a, TIME_NEVER);
	while (!is_over(&a));
	console_set_focus(NULL, NULL);
	vconsole_set_attached(&vm->console, false);
	say_goodbye(sh, vm);
}

static int cmd_vm_console(struct shell *sh, const struct shell_args *args)
{
	struct vm *vm;
	int e = control_vm_open(&sh->caller, CONTROL_VM_CONSOLE, args->arg[0], &vm);

	if (e)
		return shell_failed(sh, e);
	if (vm->state == VM_RUNNING || vm->state == VM_PAUSED)
		attach(sh, vm);
	else
		e = shell_error(sh,
				"%s is %s and would not answer: start it with `vm start %s`; `vm "
				"log %s` shows what "
				"it printed",
				vm->name, vm_state_name(vm->state), vm->name, vm->name);
	vm_put(vm);
	return e;
}

SHELL_CMD("vm", "console", "NAME", "type to the guest and see what it prints; Ctrl-] comes back",
	  cmd_vm_console);
