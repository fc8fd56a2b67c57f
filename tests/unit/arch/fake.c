/* SPDX-License-Identifier: MIT */
/* Fake architecture: the contract of core/arch.h for host tests, with the test as hardware. */
#include <core/arch.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/panic.h>
#include <core/time.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <fake.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

_Thread_local struct cpu *fake_cpu;
_Thread_local bool fake_irqs_on;
u64 fake_time;
u64 fake_timer_deadline;
u64 fake_timers[FAKE_CPUS];
u64 fake_timer_arms;
u64 fake_ipis;
hpa_t fake_host_root;
void (*fake_idle_hook)(void);
void (*fake_enter_hook)(struct vcpu *vcpu);
void (*fake_relax_hook)(void);
void (*fake_step_hook)(void);
int (*fake_start_hook)(struct cpu *cpu);
jmp_buf fake_panic_jump;
bool fake_panic_expected;

static struct cpu fake_cpus[FAKE_CPUS];

/* ---- contexts ---- */

/*
 * A context runs on a stack of the C library's world: sanitizers watch those, and the stack that core
 * gave is only the key by which the same one is found again.
 */
#define CONTEXTS 64
#define CONTEXT_STACK KIB(256)

static struct context {
	ucontext_t uc;
	void *key;
	void *stack;
	void (*fn)(void *arg);
	void *arg;
} contexts[CONTEXTS];
static struct context *context_starting;

static ucontext_t loop_contexts[FAKE_CPUS], loop_caller;
static bool loop_started[FAKE_CPUS], loop_runs;

static void contexts_reset(void)
{
	for (unsigned i = 0; i < CONTEXTS; i++)
		contexts[i].key = NULL;
	memset(loop_started, 0, sizeof(loop_started));
	loop_runs = false;
}

static struct context *context_find(void *key)
{
	for (unsigned i = 0; i < CONTEXTS; i++)
		if (contexts[i].key == key || !contexts[i].key)
			return &contexts[i];
	fputs("too many contexts for the fake architecture\n", stderr);
	abort();
}

/* Frames that nobody returned from leave marks of the address sanitizer behind; a fresh mapping has none. */
static void *fresh_stack(void *old)
{
	if (old)
		munmap(old, CONTEXT_STACK);
	return mmap(NULL, CONTEXT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
}

static void context_main(void)
{
	struct context *c = context_starting;

	fake_irqs_on = true;
	c->fn(c->arg);
	abort();
}

void arch_context_init(struct arch_context *ctx, void *stack_top, void (*fn)(void *arg), void *arg)
{
	struct context *c = context_find(stack_top);

	c->key = stack_top;
	c->stack = fresh_stack(c->stack);
	c->fn = fn;
	c->arg = arg;
	getcontext(&c->uc);
	c->uc.uc_stack.ss_sp = c->stack;
	c->uc.uc_stack.ss_size = CONTEXT_STACK;
	makecontext(&c->uc, context_main, 0);
	ctx->sp = (uintptr_t)&c->uc;
}

/* A context that is not running is a ucontext_t, here on the stack of the one that leaves. */
void arch_context_switch(struct arch_context *from, struct arch_context *to)
{
	ucontext_t here;

	if (fake_irqs_on)
		abort();
	from->sp = (uintptr_t)&here;
	context_starting = container_of((ucontext_t *)to->sp, struct context, uc);
	swapcontext(&here, (ucontext_t *)to->sp);
}

bool fake_interrupts(void)
{
	u64 self = BIT(fake_cpu->id);
	bool ipi = __atomic_fetch_and(&fake_ipis, ~self, __ATOMIC_SEQ_CST) & self;
	bool timer = fake_timers[fake_cpu->id] <= fake_time;
	bool irqs_on = fake_irqs_on;

	fake_irqs_on = false;
	if (ipi)
		smp_ipi_interrupt();
	if (timer)
		timer_interrupt();
	if (fake_cpu->task)
		sched_preempt_task();
	fake_irqs_on = irqs_on;
	return ipi || timer;
}

void fake_pause(void)
{
	bool irqs_on = fake_irqs_on;

	swapcontext(&loop_contexts[fake_cpu->id], &loop_caller);
	fake_irqs_on = irqs_on;
}

static void loop_idle(void)
{
	if (loop_runs && !fake_interrupts())
		fake_pause();
}

bool fake_in_loop(void)
{
	return loop_runs;
}

void fake_run_loop(void)
{
	unsigned id = fake_cpu->id;
	static void *stacks[FAKE_CPUS];
	ucontext_t *loop = &loop_contexts[id];

	if (!loop_started[id]) {
		loop_started[id] = true;
		stacks[id] = fresh_stack(stacks[id]);
		getcontext(loop);
		loop->uc_stack.ss_sp = stacks[id];
		loop->uc_stack.ss_size = CONTEXT_STACK;
		makecontext(loop, sched_loop, 0);
	}
	fake_irqs_on = false;
	loop_runs = true;
	swapcontext(&loop_caller, loop);
	loop_runs = false;
}

/* ---- control by the test ---- */

void fake_reset(unsigned cpu_total)
{
	memset(fake_cpus, 0, sizeof(fake_cpus));
	fake_time = 1;
	time_init(1000000000);
	contexts_reset();
	cpu_count = MIN(cpu_total, (unsigned)ARRAY_SIZE(fake_cpus));
	for (unsigned i = 0; i < cpu_count; i++) {
		cpus[i] = &fake_cpus[i];
		cpus[i]->id = i;
		cpus[i]->online = true;
		sched_cpu_init(cpus[i]);
		timer_cpu_init(cpus[i]);
		fake_timers[i] = TIME_NEVER;
		spinlock_init(&cpus[i]->calls.lock, LOCK_SMP_CALL, "calls");
		list_init(&cpus[i]->calls.calls);
	}
	fake_cpu = &fake_cpus[0];
	fake_irqs_on = true;
	fake_timer_deadline = TIME_NEVER;
	fake_timer_arms = 0;
	fake_ipis = 0;
	fake_idle_hook = NULL;
	fake_enter_hook = NULL;
	fake_relax_hook = NULL;
	fake_step_hook = NULL;
	fake_start_hook = NULL;
	fake_output_clear();
}

struct hpa_range fake_ram(u64 size)
{
	static void *ram;
	static u64 ram_size;
	u64 align = MIB(2);

	if (ram)
		munmap(ram, ram_size);
	ram_size = size + align;
	ram = mmap(NULL, ram_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		abort();
	return (struct hpa_range){ align_up((uintptr_t)ram, align), size };
}

void fake_boot(u64 ram_size)
{
	struct boot_memory mem = { .ram_count = 1 };

	fake_reset(1);
	mem.ram[0] = fake_ram(ram_size);
	if (page_init(&mem))
		abort();
}

/* ---- the image: a few functions with names, for symbol_find() ---- */

__asm__(".section .rodata\n"
	".balign 4\n"
	".global symbols_count, symbols_offset, symbols_name, symbols_strings\n"
	"symbols_count: .long 3\n"
	"symbols_offset: .long 0, 0x10, 0x20\n"
	"symbols_name: .long 0, 6, 13\n"
	"symbols_strings: .asciz \"first\", \"second\", \"third\"\n"
	".previous\n");

/* As in the hypervisor's linker script: text, rodata, data, one page each. */
__asm__(".data\n"
	".balign 4096\n"
	".global image_start, text_end, rodata_end, image_end\n"
	"image_start: .skip 4096\n"
	"text_end: .skip 4096\n"
	"rodata_end: .skip 4096\n"
	"image_end:\n"
	".previous\n");

/* ---- starting the host ---- */

static size_t output_len;
char fake_output[65536];

void fake_output_clear(void)
{
	output_len = 0;
	fake_output[0] = '\0';
}

void arch_early_putc(char c)
{
	if (c == '\r' || output_len + 1 >= sizeof(fake_output))
		return;
	fake_output[output_len++] = c;
	fake_output[output_len] = '\0';
}

void arch_boot_info(struct boot_info *info)
{
	*info = (struct boot_info){ .bootargs = "", .cpu_count = 1, .time_hz = 1000000000 };
}

int arch_host_init(void)
{
	return 0;
}

void arch_cpu_init(struct cpu *cpu)
{
	fake_cpu = cpu;
}

int arch_cpu_start(struct cpu *cpu)
{
	return fake_start_hook ? fake_start_hook(cpu) : -EIO;
}

/* Every CPU ends up here after a panic, so this is where a test gets it back. */
void arch_cpu_idle(void)
{
	if (panic_in_progress && fake_panic_expected) {
		fake_panic_expected = false;
		panic_in_progress = false;
		fake_irqs_on = true;
		if (fake_cpu)
			fake_cpu->lock_depth = 0;
		longjmp(fake_panic_jump, 1);
	}
	if (panic_in_progress) {
		fputs(fake_output, stderr);
		abort();
	}
	if (fake_idle_hook)
		fake_idle_hook();
	loop_idle();
}

u64 arch_cpu_hardware_id(unsigned cpu)
{
	return cpu;
}

void arch_cpu_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "fake\n");
}

void arch_system_off(bool reboot)
{
	fprintf(stderr, "arch_system_off(%d)\n", reboot);
	abort();
}

/* ---- host services ---- */

void arch_ipi_send(unsigned cpu)
{
	__atomic_fetch_or(&fake_ipis, BIT(cpu), __ATOMIC_SEQ_CST);
}

void arch_timer_arm(u64 deadline)
{
	fake_timer_deadline = deadline;
	fake_timers[fake_cpu->id] = deadline;
	fake_timer_arms += deadline != TIME_NEVER;
}

void arch_dump_frame(const struct arch_trap_frame *frame, void (*print)(const char *fmt, ...))
{
	print("registers: frame %p\n", (const void *)frame);
}

uintptr_t arch_backtrace_next(uintptr_t *frame, const struct arch_trap_frame *start)
{
	(void)frame;
	(void)start;
	return 0;
}

int arch_copy_probe(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return 0;
}

void arch_sync_code(void *p, u64 size)
{
	(void)p;
	(void)size;
}

void arch_zero_pages(void *p, u64 size)
{
	memset(p, 0, size);
}

/* ---- the host's page tables: bit 0 present, bit 1 leaf, attributes from bit 2 ---- */

static u64 fake_make_leaf(hpa_t pa, unsigned attr, unsigned level)
{
	(void)level;
	return pa.v | (u64)attr << 2 | 3;
}

static u64 fake_make_table(hpa_t table)
{
	return table.v | 1;
}

static enum pte_kind fake_kind(u64 pte, unsigned level)
{
	(void)level;
	return !(pte & 1) ? PTE_EMPTY : pte & 2 ? PTE_LEAF : PTE_TABLE;
}

static hpa_t fake_address(u64 pte, unsigned level)
{
	(void)level;
	return hpa(pte & ~PAGE_MASK);
}

static unsigned fake_attr(u64 pte, unsigned level)
{
	(void)level;
	return (pte >> 2) & 0x1f;
}

static void fake_flush(void *ctx, u64 va, u64 size)
{
	(void)ctx;
	(void)va;
	(void)size;
}

static const struct pt_format fake_format = {
	.name = "fake",
	.levels = 4,
	.index_bits = { 9, 9, 9, 9 },
	.leaf_level_max = 2,
	.make_leaf = fake_make_leaf,
	.make_table = fake_make_table,
	.kind = fake_kind,
	.address = fake_address,
	.attr = fake_attr,
	.flush = fake_flush,
};

const struct pt_format *arch_host_format = &fake_format;

void arch_host_map_activate(hpa_t root)
{
	fake_host_root = root;
}

/* ---- guests ---- */

const char *const arch_exit_names[] = { "fake-a", "fake-b" };
const unsigned arch_exit_name_count = ARRAY_SIZE(arch_exit_names);

int arch_vm_create(struct vm *vm)
{
	return stage2_init(vm, &fake_format);
}

void arch_vm_destroy(struct vm *vm)
{
	(void)vm;
}

void arch_vm_start(struct vm *vm)
{
	(void)vm;
}

int arch_vm_complete_tree(struct vm *vm, void *fdt)
{
	(void)vm;
	(void)fdt;
	return 0;
}

void arch_stage2_flush(struct vm *vm, u64 base, u64 size)
{
	(void)base;
	(void)size;
	vm->arch.flush_count++;
}

int arch_vcpu_create(struct vcpu *vcpu)
{
	(void)vcpu;
	return 0;
}

void arch_vcpu_destroy(struct vcpu *vcpu)
{
	(void)vcpu;
}

void arch_vcpu_reset(struct vcpu *vcpu, u64 entry, u64 arg)
{
	if (vcpu->loaded_cpu >= 0)
		abort();
	vcpu->arch.pc = entry;
	vcpu->arch.arg = arg;
	vcpu->arch.sysreg = vcpu->arch.deadline = vcpu->arch.steps = 0;
}

/* What is in the CPU is garbage in memory, so that who looks in the wrong place sees it. */
#define ELSEWHERE 0x6a6a6a6a6a6a6a6aull

void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arch_cpu *hardware = &fake_cpu->arch;

	hardware->sysreg = vcpu->arch.sysreg;
	hardware->deadline = vcpu->arch.deadline;
	vcpu->arch.sysreg = vcpu->arch.deadline = ELSEWHERE;
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	struct arch_cpu *hardware = &fake_cpu->arch;

	vcpu->arch.sysreg = hardware->sysreg;
	vcpu->arch.deadline = hardware->deadline;
	hardware->sysreg = hardware->deadline = ELSEWHERE;
}

void arch_vcpu_enter(struct vcpu *vcpu)
{
	if (fake_enter_hook)
		fake_enter_hook(vcpu);
}

bool arch_vcpu_has_interrupt(struct vcpu *vcpu, u64 *deadline)
{
	u64 at = fake_cpu->loaded == vcpu ? fake_cpu->arch.deadline : vcpu->arch.deadline;

	*deadline = at ? at : TIME_NEVER;
	return vcpu->arch.pins != 0 || *deadline <= fake_time;
}

bool arch_vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level)
{
	if (level)
		__atomic_fetch_or(&vcpu->arch.pins, 1u << pin, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&vcpu->arch.pins, ~(1u << pin), __ATOMIC_RELAXED);
	return true;
}

void arch_vcpu_dump(struct vcpu *vcpu, void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "pc %llx\n", (unsigned long long)vcpu->arch.pc);
}

int arch_vcpu_translate(struct vcpu *vcpu, u64 va, gpa_t *out)
{
	(void)vcpu;
	*out = gpa(va);
	return 0;
}
