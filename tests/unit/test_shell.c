/* SPDX-License-Identifier: MIT */
/* The shell: filter, completion, dispatch, odd arguments, JSON, scripts, Ctrl-C, the prompt. */
#include <test.h>

#include <core/bundle.h>
#include <core/console.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/shell.h>
#include <core/trace.h>
#include <cpio_image.h>
#include <fake.h>
#include <tree.h>

static struct shell shell;
static struct task task; /* commands are run by tasks; this one never has to wait */
static struct cpio_image bundle;

/* ---------------------------------------------------------------- a terminal */

static char out[1 << 20];
static size_t out_len;
static const char *keys;

static int io_getc(void *ctx, u64 deadline)
{
	(void)ctx;
	if (*keys)
		return (u8)*keys++;
	if (deadline != TIME_NEVER && deadline > fake_time)
		fake_time = deadline;
	return -ETIMEDOUT;
}

static void io_write(void *ctx, const char *s, size_t len)
{
	(void)ctx;
	assert_true(out_len + len < sizeof(out));
	memcpy(out + out_len, s, len);
	out_len += len;
	out[out_len] = '\0';
}

static void clear_out(void)
{
	out_len = 0;
	out[0] = '\0';
	keys = "";
}

/* Runs @text as a line while @typed is waiting to be read; what it printed is in `out`. */
static int run_with_keys(const char *text, const char *typed)
{
	char line[LINE_SIZE * 4];

	clear_out();
	keys = typed;
	snprintf(line, sizeof(line), "%s", text);
	return shell_run(&shell, line);
}

static int run(const char *text)
{
	return run_with_keys(text, "");
}

static void assert_printed(const char *line, const char *part)
{
	if (!strstr(out, part))
		fail_msg("`%s` did not print \"%s\" but: %s", line, part, out);
}

/* ---------------------------------------------------------------- set-up */

static const char guest_dts[] =
	"/dts-v1/;\n"
	"/include/ \"virt-riscv.dtsi\"\n"
	"/ {\n"
	"	model = \"guest\";\n"
	"	cpus { verdigris,count = <2>; };\n"
	"	memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x400000>; };\n"
	"	chosen { verdigris,firmware = \"fw.bin\"; };\n"
	"};\n";

static const char boot_script[] = "# what a boot script may look like\n"
				  "vm create guest\r\n"
				  "\n"
				  "vm strat guest # a slip\n"
				  "   vm\t\"start\" 'guest'\n"
				  "vm start \001\n"
				  "vm list";

static const char loop_script[] = "bundle run loop.vgs\n";

static void make_bundle(void)
{
	static struct tree tree;
	static char long_line[LINE_SIZE + 20];

	tree_compile(&tree, guest_dts, "");
	memset(long_line, 'x', sizeof(long_line));
	bundle.size = 0;
	cpio_image_add(&bundle, "guest.dtb", 0100644, tree.bytes, (u32)tree.size);
	cpio_image_add(&bundle, "fw.bin", 0100644, "\0\1\2\3", 4);
	cpio_image_add(&bundle, "boot.vgs", 0100644, boot_script, sizeof(boot_script) - 1);
	cpio_image_add(&bundle, "loop.vgs", 0100644, loop_script, sizeof(loop_script) - 1);
	cpio_image_add(&bundle, "long.vgs", 0100644, long_line, sizeof(long_line));
	cpio_image_add(&bundle, "evil.txt", 0100644, "a\x1b[2Jb\x1b]0;title\ac\xff\n", 18);
	cpio_image_add(&bundle, "TRAILER!!!", 0, NULL, 0);
	assert_int_equal(bundle_init(bundle.bytes, bundle.size), 0);
}

static int boot(void **state)
{
	(void)state;
	fake_boot(MIB(64));
	sched_entity_init(&task.se, SCHED_TASK, "test");
	this_cpu()->task = &task;
	make_bundle();
	log_set_console_level(LOG_ERROR);
	return 0;
}

static int setup(void **state)
{
	const struct shell_io io = { io_getc, io_write, NULL, NULL };

	(void)state;
	cpu_count = 1;
	clear_out();
	shell_init(&shell, &io);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run("vm destroy guest");
	assert_int_equal(vm_count(), 0);
	return 0;
}

/* ---------------------------------------------------------------- texts */

static void test_filter(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "plain\ttext\n", "plain\ttext\n" },
		{ "a\r\nb", "a\nb" },
		{ "\x1b[31mred\x1b[0m", "red" },
		{ "\x1b[?25lx", "x" },
		{ "\x1b]0;title\ax", "x" },
		{ "\x1b]0;title\x1b\\x", "x" },
		{ "\x1bPdevice\x1b\\x", "x" },
		{ "\x1b(Bx", "x" },
		{ "\x1b"
		  "cx",
		  "x" },
		{ "\x1b\x1b[2Jx", "x" },
		{ "\x9b"
		  "2J\x07\x08\x7f",
		  "?2J" },
		{ "\x1b]never ends\nnext", "\nnext" },
		{ "\x1b[12\nnext", "\nnext" },
	};
	char clean[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct shell_filter filter = { 0 };
		size_t len = 0;

		/* Byte by byte, so that the state has to carry over. */
		for (const char *c = cases[i].in; *c; c++)
			len += shell_filter(&filter, c, 1, clean + len);
		clean[len] = '\0';
		assert_string_equal(clean, cases[i].out);
	}
}

static void test_texts(void **state)
{
	struct shell_text text;
	struct cpumask mask = cpumask_of(0);

	(void)state;
	assert_string_equal(shell_size_text(&text, 0), "0 B");
	assert_string_equal(shell_size_text(&text, 1023), "1023 B");
	assert_string_equal(shell_size_text(&text, MIB(256)), "256 MiB");
	assert_string_equal(shell_size_text(&text, KIB(1536)), "1.5 MiB");
	assert_string_equal(shell_size_text(&text, ~0ull), "15.9 EiB");
	assert_string_equal(shell_time_text(&text, 12345678900ull), "12.345 s");
	cpu_count = 8;
	assert_string_equal(shell_cpus_text(&text, &mask), "0");
	cpumask_set(&mask, 2);
	cpumask_set(&mask, 3);
	cpumask_set(&mask, 5);
	assert_string_equal(shell_cpus_text(&text, &mask), "0,2-3,5");
	mask = cpumask_all();
	assert_string_equal(shell_cpus_text(&text, &mask), "0-7");
	mask = (struct cpumask){ { 0 } };
	assert_string_equal(shell_cpus_text(&text, &mask), "none");
}

static void test_cpus(void **state)
{
	static const char *const bad[] = {
		"",     "8",    "-1",    "3-1", "0-", "0-8", ",",
		"0,",   "0,,1", "0-3-5", "0x1", "a",  " 1",  "99999999999999999999",
		"all,1"
	};
	struct shell_text text;
	struct cpumask mask;

	(void)state;
	cpu_count = 8;
	assert_int_equal(shell_cpus(&shell, "0,2-4,7", &mask), 0);
	assert_string_equal(shell_cpus_text(&text, &mask), "0,2-4,7");
	assert_int_equal(shell_cpus(&shell, "all", &mask), 0);
	assert_string_equal(shell_cpus_text(&text, &mask), "0-7");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		clear_out();
		assert_int_equal(shell_cpus(&shell, bad[i], &mask), -EINVAL);
		assert_printed(bad[i], "CPUS cannot be");
	}
}

/* ---------------------------------------------------------------- completion */

static void test_completion(void **state)
{
	static const struct {
		const char *typed;
		const char *text;   /* in the line afterwards */
		const char *listed; /* on the screen; NULL: nothing in particular */
	} cases[] = {
		{ "ver\t", "version ", NULL },
		{ "v\t", "v", "vcpu  version  vm" },
		{ "vm st\t", "vm st", "start" },
		{ "vm sta\t", "vm start ", NULL },
		{ "vm start g\t", "vm start guest ", NULL },
		{ "vm start \t", "vm start guest ", NULL },
		{ "vm start guest \t", "vm start guest ", NULL },
		{ "vm start x\t", "vm start x", NULL },
		{ "vm list -\t", "vm list --json ", NULL },
		{ "vm create g\t", "vm create guest.dtb ", NULL },
		{ "bundle cat l\t", "bundle cat lo", NULL },
		{ "bundle cat lo\t", "bundle cat lo", "long.vgs" },
		{ "log level d\t", "log level debug ", NULL },
		{ "log level \t", "log level ", "warn" },
		{ "vcpu pin g\t", "vcpu pin guest ", NULL },
		{ "mem guest g\t", "mem guest guest ", NULL },
		{ "help to\t", "help top ", NULL },
		{ "top --\t", "top --json ", NULL },
		{ "nonsense \t", "nonsense ", NULL },
		{ "vm foo \t", "vm foo ", NULL },
		{ "\"vm\" sta\t", "\"vm\" start ", NULL },
		{ "\"vm \t", "\"vm ", NULL },
		{ "# \t", "# ", NULL },
		{ "vm  start\x01\x1b[C\x1b[C\t", "vm  start", NULL },
		{ "a b c d e f g h i j k l m n o p q\t", "a b c d e f g h i j k l m n o p q",
		  NULL },
	};

	(void)state;
	assert_int_equal(run("vm create guest"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		clear_out();
		line_begin(&shell.line);
		for (const char *c = cases[i].typed; *c; c++)
			if (line_key(&shell.line, (u8)*c) == LINE_COMPLETE)
				shell_complete(&shell);
		assert_string_equal(shell.line.text, cases[i].text);
		if (cases[i].listed)
			assert_printed(cases[i].typed, cases[i].listed);
	}
}

/* ---------------------------------------------------------------- dispatch */

static void test_dispatch(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		const char *printed;
	} cases[] = {
		{ "", true, "" },
		{ "foo", false, "there is no command foo; `help` lists all" },
		{ "\"\"", false, "there is no command ; `help` lists all" },
		{ "vm", true, "vm list [--json]" },
		{ "vcpu", true, "vcpu pin NAME VCPU CPUS" },
		{ "vm foo", false, "vm has no command foo; there are console, create, " },
		{ "vm \"\"", false, "vm has no command" },
		{ "mem foo", false, "mem has no command foo; there are guest, owners, read (see" },
		{ "vm start", false, "there is an argument missing: NAME; usage: vm start NAME" },
		{ "vm start a b", false, "there is an argument too many: b; usage: vm start NAME" },
		{ "vm list --jason", false, "there is no flag --jason; usage: vm list [--json]" },
		{ "vm start -x", false, "there is no flag -x; usage: vm start NAME" },
		{ "version now", false, "there is an argument too many: now; usage: version" },
		{ "poweroff now", false, "there is an argument too many: now; usage: poweroff" },
		{ "vm start nobody", false, "there is no VM nobody: none has been created" },
		{ "vm list", true, "there is no VM; `vm create FILE` makes one" },
		{ "vm create nothing", false, "the bundle has neither nothing nor nothing.dtb" },
		{ "vm create fw.bin", false,
		  "no VM was made of fw.bin: its tree has the errors above" },
		{ "bundle cat nothing", false, "the bundle has no file nothing" },
		{ "bundle cat fw.bin", false, "fw.bin holds zero bytes" },
		{ "bundle cat evil.txt", true, "abc?\n" },
		{ "bundle hex fw.bin", true, "0000000000000000  00 01 02 03" },
		{ "bundle hex fw.bin 5", false,
		  "OFFSET cannot be 5; give a number from 0x0 to 0x4" },
		{ "bundle hex fw.bin 2 3", false, "LENGTH cannot be 3" },
		{ "log level loud", false,
		  "there is no level loud; there are error, warn, info and debug" },
		{ "log level", true, "the console shows messages up to error" },
		{ "mem read 0x10", false, "not all of 0x10 to 0x8f is RAM" },
		{ "mem read 0xffffffffffffffff 1", false, "is RAM" },
		{ "mem read 0xffffffffffffffff 2", false, "more than there are addresses" },
		{ "mem read 0x1ffffffffffffffff", false, "ADDRESS cannot be 0x1ffffffffffffffff" },
		{ "mem read zero", false, "ADDRESS cannot be zero" },
		{ "mem read 0 2M", false, "LENGTH cannot be 2M" },
		{ "mem read 0 0", false, "LENGTH cannot be 0" },
		{ "help nonsense", false, "there is no command nonsense" },
		{ "help vm nonsense", false, "there is no command vm nonsense" },
		{ "help vm start", true, "vm start NAME" },
		{ "help", true, "bundle run FILE" },
		{ "version", true, "Verdigris " },
		{ "config", true, "NR_CPUS" },
		{ "trace show 0", false, "COUNT cannot be 0" },
		{ "trace stats", true, "nothing was counted" },
		{ "top -1", true, "CPU TIME" },
		{ "bundle run loop.vgs", false,
		  "loop.vgs:1: loop.vgs is not run: scripts call each other 4 deep" },
		{ "bundle run long.vgs", false,
		  "long.vgs:1: the line is too long; 255 bytes are the most" },
		{ "bundle run nothing", false, "the bundle has no file nothing" },
		{ "'vm", false, "a quote is not closed" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int e = run(cases[i].line);

		if ((e == 0) != cases[i].ok)
			fail_msg("`%s` returned %d and printed: %s", cases[i].line, e, out);
		assert_printed(cases[i].line, cases[i].printed);
	}
}

/* The states that the commands lead to, and what is said when a state does not fit. */
static void test_life(void **state)
{
	static const struct {
		const char *line;
		bool ok;
		const char *printed;
		const char *then; /* `vm list` shows */
	} steps[] = {
		{ "vm create guest", true, "VM guest is created",
		  "guest            created      2      4 MiB" },
		{ "vm create guest.dtb", false, "there is a VM guest already", "created" },
		{ "vm pause guest", false,
		  "guest is created; only a VM that is running can be paused", "created" },
		{ "vm stop guest", false, "only a VM that is running or paused can be stopped",
		  "created" },
		{ "vm console guest", false, "guest is created and would not answer: start it with",
		  "created" },
		{ "vm start guset", false, "there is no VM guset; there are: guest", "created" },
		{ "vm start guest", true, "", "running" },
		{ "vm start guest", false, "guest is running; only a VM that is created or stopped",
		  "running" },
		{ "vm shutdown guest", false,
		  "guest has no device that can ask its guest to shut down", "running" },
		{ "vm pause guest", true, "", "paused" },
		{ "vm pause guest", false,
		  "guest is paused; only a VM that is running can be paused", "paused" },
		{ "vm resume guest", true, "", "running" },
		{ "vm reset guest", true, "", "running" },
		{ "vm stop guest", true, "", "stopped by an operator" },
		{ "vm resume guest", false, "guest is stopped", "stopped" },
		{ "vm start guest", true, "", "running" },
		{ "vm dump guest", true, "vCPU guest/1", "running" },
		{ "vcpu regs guest 1", true, "vCPU guest/1", "running" },
		{ "vcpu regs guest 2", false, "guest has no vCPU 2: there are 0 to 1", "running" },
		{ "vcpu regs guest 512", false, "VCPU cannot be 512", "running" },
		{ "vcpu pin guest 1 0", true, "", "running" },
		{ "vcpu pin guest 1 1", false, "CPUS cannot be 1; give numbers from 0 to 0",
		  "running" },
		{ "vcpu list guest", true, "guest/1", "running" },
		{ "vcpu list nobody", false, "there is no VM nobody", "running" },
		{ "mem guest guest 0x80000000 4", true, "0000000080000000  00 01 02 03",
		  "running" },
		{ "mem guest guest 0x803ffffc 8", false,
		  "guest has no memory at all of 0x803ffffc to 0x80400003", "running" },
		{ "mem guest guest 0xffffffffffffff00 0x100", false, "guest has no memory",
		  "running" },
		{ "mem owners", true, "guest tables", "running" },
		{ "vm info guest", true, "serial@10000000", "running" },
		{ "dev info guest serial@10000000", true, "serial@10000000", "running" },
		{ "dev info guest floppy", false, "guest has no device floppy", "running" },
		{ "vm log guest 0", false, "LINES cannot be 0", "running" },
		{ "vm destroy guest", true, "", "there is no VM" },
		{ "vm destroy guest", false, "there is no VM guest", "there is no VM" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int e = run(steps[i].line);

		if ((e == 0) != steps[i].ok)
			fail_msg("`%s` returned %d and printed: %s", steps[i].line, e, out);
		assert_printed(steps[i].line, steps[i].printed);
		assert_int_equal(run("vm list"), 0);
		assert_printed(steps[i].line, steps[i].then);
	}
}

static void test_vm_log(void **state)
{
	static const char text[] = "one\r\n\x1b[2Jtwo\r\nthree \x1b]0;title\a\xff";
	struct vm *vm;

	(void)state;
	assert_int_equal(run("vm create guest"), 0);
	vm = vm_find("guest");
	assert_int_equal(run("vm log guest"), 0);
	assert_string_equal(out, "");
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		vconsole_put(&vm->console, (u8)text[i]);
	assert_int_equal(run("vm log guest"), 0);
	assert_string_equal(out, "one\ntwo\nthree ?\n");
	assert_int_equal(run("vm log guest 2"), 0);
	assert_string_equal(out, "two\nthree ?\n");
	assert_int_equal(run("vm log guest 1"), 0);
	assert_string_equal(out, "three ?\n");
	for (unsigned i = 0; i < 3 * VCONSOLE_RING_SIZE; i++)
		vconsole_put(&vm->console, i % 64 == 63 ? '\n' : 'x');
	assert_int_equal(run("vm log guest"), 0);
	assert_int_equal(out_len, VCONSOLE_RING_SIZE);
	vm_put(vm);
}

/*
 * ---------------------------------------------------------------- every command with odd arguments
 */

static bool ends_machine(const struct shell_cmd *cmd)
{
	return strcmp(cmd->noun, "poweroff") == 0 || strcmp(cmd->noun, "reboot") == 0;
}

/* Control characters in the output of a command could do anything to the terminal. */
static void assert_clean_output(const char *line)
{
	for (size_t i = 0; i < out_len; i++)
		if ((out[i] < ' ' || out[i] >= 0x7f) && out[i] != '\n' && out[i] != '\t')
			fail_msg("`%s` printed byte 0x%02x", line, (u8)out[i]);
}

static void test_odd_arguments(void **state)
{
	static const char *const odd[] = {
		"guest",
		"\"\"",
		"-",
		"--",
		"--json",
		"-1",
		"0",
		"1",
		"4294967296",
		"18446744073709551615",
		"18446744073709551616",
		"0x",
		"0xffffffffffffffff",
		"1e9",
		"%s%n",
		"../..",
		"guest.dtb",
		"boot",
		"all",
		"0-0",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaa",
	};
	const struct shell_cmd *const *row;
	char line[LINE_SIZE * 2];

	(void)state;
	assert_int_equal(run("vm create guest"), 0);
	table_for_each(row, vg_shell_cmds) {
		bool top = strcmp((*row)->noun, "top") == 0; /* draws, until a key comes */

		for (size_t a = 0; a < ARRAY_SIZE(odd) + 1; a++) {
			for (size_t b = 0; b < ARRAY_SIZE(odd) + 1; b++) {
				for (size_t c = 0; c < (b == a ? ARRAY_SIZE(odd) : 1); c++) {
					snprintf(line, sizeof(line), "%s %s %s %s %s", (*row)->noun,
						 (*row)->verb, a ? odd[a - 1] : "",
						 b ? odd[b - 1] : "", c ? odd[c] : "");
					if (ends_machine(*row))
						strcat(line, " x");
					if (vm_count() == 0)
						run("vm create guest");
					run_with_keys(line, top ? "\003" : "");
					if (!top)
						assert_clean_output(line);
					if (strcmp((*row)->noun, "vm") == 0)
						run("vm stop guest");
				}
			}
		}
	}
	run("vm create guest");
	run("trace stop");
}

/* ---------------------------------------------------------------- JSON */

static const char *json_value(const char *s);

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \n");
}

static const char *json_text(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s && *s != '"'; s++) {
		if ((u8)*s < ' ')
			return NULL;
		s += *s == '\\';
	}
	return *s == '"' ? s + 1 : NULL;
}

static const char *json_members(const char *s, char close, bool keys_wanted)
{
	s = skip_blanks(s + 1);
	if (*s == close)
		return s + 1;
	for (;;) {
		if (keys_wanted) {
			s = json_text(skip_blanks(s));
			if (!s || *(s = skip_blanks(s)) != ':')
				return NULL;
			s++;
		}
		s = json_value(skip_blanks(s));
		if (!s)
			return NULL;
		s = skip_blanks(s);
		if (*s == close)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}

/* What follows the value at @s, or NULL when it is none. */
static const char *json_value(const char *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t digits = strspn(s, "-0123456789");

	if (*s == '{')
		return json_members(s, '}', true);
	if (*s == '[')
		return json_members(s, ']', false);
	if (*s == '"')
		return json_text(s);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	return digits ? s + digits : NULL;
}

static void test_json(void **state)
{
	static const char *const lines[] = {
		"vm list --json",    "vm info guest --json",
		"vcpu list --json",  "vcpu list guest --json",
		"cpu --json",        "mem --json",
		"mem owners --json", "irq --json",
		"dev --json",        "bundle ls --json",
		"log --json",        "config --json",
		"trace show --json", "trace stats --json",
		"version --json",    "top --json",
	};
	const struct shell_cmd *const *row;
	unsigned with_json = 0;

	struct vm *vm;

	(void)state;
	assert_int_equal(run("vm create guest"), 0);
	assert_int_equal(run("trace start"), 0);
	vm = vm_find("guest");
	trace_exit(vm->vcpus[0], 0);
	trace_enter(vm->vcpus[0]);
	vm_put(vm);
	log_warn("a line with \"quotes\" and \x1b[31m");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *end;

		assert_int_equal(run(lines[i]), 0);
		end = json_value(out);
		if (!end || strcmp(end, "\n") != 0)
			fail_msg("`%s` printed: %s", lines[i], out);
	}
	run("vm list --json");
	assert_printed("vm list --json", "\"name\":\"guest\"");
	run("trace stats --json");
	assert_printed("trace stats --json", "\"count\":1");
	table_for_each(row, vg_shell_cmds)
		with_json += strstr((*row)->usage, "--json") != NULL;
	assert_int_equal(with_json, ARRAY_SIZE(lines) - 1); /* `vcpu list` stands there twice */
	run("trace stop");
}

/* ---------------------------------------------------------------- scripts, Ctrl-C, the prompt */

static void test_script(void **state)
{
	(void)state;
	assert_int_equal(run("bundle run boot.vgs"), -EINVAL);
	assert_printed("boot.vgs", "boot.vgs:4: vm has no command strat");
	assert_printed("boot.vgs", "boot.vgs:6: the line holds a byte that is no ASCII text");
	assert_null(strstr(out, "boot.vgs:2:"));
	assert_null(strstr(out, "boot.vgs:5:"));
	assert_printed("boot.vgs", "guest            running");
	assert_null(shell.script);
	assert_int_equal(run("foo"), -EINVAL);
	assert_null(strstr(out, "boot.vgs"));
}

static void test_interrupt(void **state)
{
	(void)state;
	assert_int_equal(run_with_keys("config", "ab\003"), 0);
	/* The row that was under way comes, then the end. */
	assert_printed("config", "^C\n");
	assert_int_equal(strchr(out, '\n') - out + 4, out_len);
	/* What was typed before Ctrl-C is gone; nothing is stuck. */
	assert_int_equal(shell.ahead_count, 0);
	assert_int_equal(run("config"), 0);
	assert_printed("config", "TRACE");
	/* Keys that are no Ctrl-C are kept for the prompt. */
	assert_int_equal(run_with_keys("config", "xy"), 0);
	assert_int_equal(shell_getc(&shell, 0), 'x');
	assert_int_equal(shell_getc(&shell, 0), 'y');
	assert_int_equal(shell_getc(&shell, 0), -ETIMEDOUT);
}

static void test_prompt(void **state)
{
	(void)state;
	clear_out();
	keys = "versoin\x1b[D\x1b[D\x1b[D\x1b[3~\x1b[Co\b\b\x1b[Fx\x08\x15version\r";
	shell_prompt(&shell);
	assert_printed("version", "Verdigris ");
	clear_out();
	keys = "\x1b[A\r"; /* once more, from the history */
	shell_prompt(&shell);
	assert_printed("version", "Verdigris ");
	clear_out();
	keys = "versi\003"; /* nothing is run */
	shell_prompt(&shell);
	assert_null(strstr(out, "Verdigris"));
	assert_printed("versi", "^C\n");
}

static void test_top(void **state)
{
	(void)state;
	assert_int_equal(run("vm create guest"), 0);
	assert_int_equal(run("top -1"), 0);
	assert_printed("top -1", "guest/1");
	assert_null(strchr(out, '\x1b'));
	assert_int_equal(run_with_keys("top", "\x1b[A"), 0); /* one key of three bytes */
	assert_int_equal(shell_getc(&shell, 0), -ETIMEDOUT);
}

/* docs/shell.md has every command of the table, as it is, and no other. */
static void test_docs(void **state)
{
	static char page[1 << 16];
	const struct shell_cmd *const *row;
	unsigned rows = 0, documented = 0;
	FILE *file = fopen("docs/shell.md", "r");

	(void)state;
	assert_non_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	table_for_each(row, vg_shell_cmds) {
		char want[256], *to = want;

		rows++;
		to += sprintf(to, "\n| `%s%s%s%s", (*row)->noun, *(*row)->verb ? " " : "",
			      (*row)->verb, *(*row)->usage ? " " : "");
		for (const char *c = (*row)->usage; *c; c++)
			to += sprintf(to, "%s%c", *c == '|' ? "\\" : "", *c);
		sprintf(to, "` | %s |\n", (*row)->help);
		if (!strstr(page, want))
			fail_msg("docs/shell.md is not current: run `make docs`; it lacks:%s",
				 want);
	}
	for (const char *c = strstr(page, "<!-- commands: begin"); (c = strstr(c, "\n| `")); c++)
		documented += c < strstr(page, "<!-- commands: end");
	assert_int_equal(documented, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_docs),
		cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
		cmocka_unit_test_setup(test_cpus, setup),
		cmocka_unit_test_setup_teardown(test_completion, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dispatch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vm_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_script, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prompt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_top, setup, teardown),
	};

	return cmocka_run_group_tests_name("shell", tests, boot, NULL);
}
