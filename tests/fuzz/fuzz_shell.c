/* SPDX-License-Identifier: MIT */
/* Fuzz target: the shell, by lines and keys. No command ends the host or sends control bytes. */
#include <stdlib.h>
#include <string.h>

#include <core/bundle.h>
#include <core/errno.h>
#include <core/shell.h>
#include <cpio_image.h>
#include <fake.h>
#include <tree.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 2048

static struct task task;
static const uint8_t *input, *input_end;

/* What the line editor and `top` send: ESC [ number, then one of these. */
static const char allowed_controls[] = "DHJK";
static int escape; /* 1: after ESC, 2: after ESC [ */

static void check_byte(uint8_t byte)
{
	if (escape == 1 && byte == '[') {
		escape = 2;
	} else if (escape == 2 && byte >= '0' && byte <= '9') {
		return;
	} else if (escape == 2 && strchr(allowed_controls, byte)) {
		escape = 0;
	} else if (!escape && byte == 0x1b) {
		escape = 1;
	} else if (escape || !(byte == '\n' || byte == '\t' || byte == '\r' || byte == '\b' ||
			       byte == '\a' || (byte >= ' ' && byte < 0x7f))) {
		abort();
	}
}

static void io_write(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		check_byte((uint8_t)s[i]);
}

/* At the end of the input Ctrl-C comes for ever, which ends every command. */
static int io_getc(void *ctx, u64 deadline)
{
	(void)ctx;
	if (deadline != TIME_NEVER && deadline > fake_time)
		fake_time = deadline;
	if (input < input_end)
		return *input++;
	return 3;
}

static int no_getc(void *ctx, u64 deadline)
{
	(void)ctx;
	if (deadline != TIME_NEVER && deadline > fake_time)
		fake_time = deadline;
	return deadline ? 3 : -ETIMEDOUT;
}

static void run_text(struct shell *sh, const char *text)
{
	char line[LINE_SIZE];

	strcpy(line, text);
	shell_run(sh, line);
}

/* Lines as a script has them; the shell must leave what is behind the line alone. */
static void run_lines(struct shell *sh, const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		char *line = malloc(len + 1);

		memcpy(line, data, len);
		line[len] = '\0';
		shell_run(sh, line);
		free(line);
		len += end != NULL;
		data += len;
		size -= len;
	}
}

static void run_keys(struct shell *sh, const uint8_t *data, size_t size)
{
	input = data;
	input_end = data + size;
	while (input < input_end)
		shell_prompt(sh);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct cpio_image bundle;
	static struct tree tree;
	static const char script[] = "vm create guest\nvm list\nbundle run s.vgs\n";

	(void)argc;
	(void)argv;
	fake_boot(MIB(64));
	sched_entity_init(&task.se, SCHED_TASK, "fuzz");
	this_cpu()->task = &task;
	log_set_console_level(LOG_ERROR);
	tree_compile(&tree, "/dts-v1/; /include/ \"virt-riscv.dtsi\"",
		     "/ { model = \"guest\"; chosen { verdigris,firmware = \"fw.bin\"; };"
		     " memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x40000>; "
		     "}; };");
	cpio_image_add(&bundle, "guest.dtb", 0100644, tree.bytes, (u32)tree.size);
	cpio_image_add(&bundle, "fw.bin", 0100644, "\0\1\2\3", 4);
	cpio_image_add(&bundle, "s.vgs", 0100644, script, sizeof(script) - 1);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	return bundle_init(bundle.bytes, bundle.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct shell sh;
	bool keys = size && (data[0] & 1);
	bool may_start = size && (data[0] & 2);
	const struct shell_io io = { keys ? io_getc : no_getc, io_write, NULL, NULL };

	if (size < 1 || size > INPUT_MAX)
		return -1;
	escape = 0;
	fake_output_clear();
	shell_init(&sh, &io);
	if (vm_count() == 0)
		run_text(&sh, "vm create guest");
	/* Nobody switches the machine off; nobody waits at the console of a guest that runs. */
	sh.caller.rights &=
		~(CONTROL_HOST_CONTROL | (may_start ? CONTROL_VM_CONSOLE : CONTROL_VM_CONTROL));
	if (keys)
		run_keys(&sh, data + 1, size - 1);
	else
		run_lines(&sh, data + 1, size - 1);
	shell_init(&sh, &io);
	run_text(&sh, "vm stop guest");
	return 0;
}
