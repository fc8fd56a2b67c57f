/* SPDX-License-Identifier: MIT */
/* arm64 test guests: exceptions, CPUs, translation, timer and PSCI calls. */
#include <arm64.h>
#include <gic.h>

extern char run_slot[], user_return[], user_end[];
void run_slot_code(void);
void user_enter(u64 at, u64 spsr);

struct cpu cpus[CPUS_MAX];
void (*irq_handlers[1020])(u32 intid);
void (*irq_raw)(bool fiq);
u64 tick_hz;
unsigned cpu_count;
volatile u64 ipi_count[CPUS_MAX], timer_count[CPUS_MAX], timer_fired[CPUS_MAX];
u64 identity[512] __attribute__((aligned(PAGE_SIZE)));
u64 tcr_value;
bool psci_by_smc;
static u64 mpidrs[CPUS_MAX];

enum { SGI_IPI = 0, PPI_TIMER = 27 };

_Static_assert(sizeof(struct cpu) == CPU_SIZE, "start.S steps over cpus by CPU_SIZE");
_Static_assert(offsetof(struct cpu, sp) == CPU_SP, "start.S");
_Static_assert(offsetof(struct cpu, elr) == CPU_ELR, "start.S");
_Static_assert(offsetof(struct cpu, esr) == CPU_ESR, "start.S");
_Static_assert(offsetof(struct cpu, state) == CPU_STATE, "start.S");
_Static_assert(offsetof(struct cpu, vector) == CPU_VECTOR, "start.S");
_Static_assert(offsetof(struct cpu, stack) == CPU_STACK, "start.S");
_Static_assert(offsetof(struct cpu, in) == CPU_IN, "start.S");
_Static_assert(offsetof(struct cpu, out) == CPU_OUT, "start.S");
_Static_assert(offsetof(struct cpu, save) == CPU_SAVE, "start.S");
_Static_assert(offsetof(struct cpu, start) == CPU_START, "start.S");

/* ---- exceptions ---- */

void trap_handle(struct cpu *cpu);
void secondary_entry(void);
void smccc_lost(void);

/* Goes on behind the instruction that was interrupted; a fetch that failed returns to the caller. */
static void skip_instruction(struct cpu *cpu)
{
	switch (ESR_EC(cpu->esr)) {
	case EC_IABORT:
	case EC_PC_ALIGN:
		cpu->elr = cpu->x[30];
		break;
	case EC_SVC: /* is behind it already */
	case EC_SERROR:
		break;
	default:
		cpu->elr += 4;
	}
}

static void back_from_user(struct cpu *cpu)
{
	memcpy(cpu->out, cpu->x, sizeof(cpu->x));
	cpu->out[31] = cpu->sp;
	cpu->in_user = false;
	cpu->elr = (u64)(uintptr_t)user_return;
	cpu->spsr = PSTATE_EL1T | PSTATE_D | PSTATE_I | PSTATE_F;
}

static void exception(struct cpu *cpu)
{
	cpu->trap_ec = ESR_EC(cpu->esr);
	cpu->trap_esr = cpu->esr;
	cpu->trap_far = cpu->far;
	cpu->trap_elr = cpu->elr;
	cpu->trap_spsr = cpu->spsr;
	cpu->trap_state = cpu->state;
	cpu->trap_vector = cpu->vector;
	cpu->trap_count++;
	if (!cpu->expected)
		die("unexpected exception (ESR ELR FAR)", cpu->esr, cpu->elr, cpu->far);
	if (cpu->in_user)
		back_from_user(cpu);
	else
		skip_instruction(cpu);
}

static void interrupt(struct cpu *cpu)
{
	u32 iar = gic_acknowledge(), intid = gic_intid(iar);

	if (intid >= ARRAY_SIZE(irq_handlers)) {
		cpu->spurious++;
		return;
	}
	if (!irq_handlers[intid])
		die("unexpected interrupt (INTID CPU ELR)", intid, cpu->index, cpu->elr);
	irq_handlers[intid](intid);
	gic_end(iar);
}

void trap_handle(struct cpu *cpu)
{
	unsigned kind = cpu->vector & 3; /* synchronous, IRQ, FIQ, SError */

	if (cpu->depth++)
		die("exception in the handler (vector ESR ELR)", cpu->vector, cpu->esr, cpu->elr);
	if (kind == 0 || kind == 3)
		exception(cpu);
	else if (irq_raw)
		irq_raw(kind == 2);
	else if (kind == 1)
		interrupt(cpu);
	else
		die("unexpected FIQ (CPU ELR)", cpu->index, cpu->elr, 0);
	cpu->depth--;
}

void smccc_lost(void)
{
	die("a call has changed a register of x19 to x29 (caller)", this_cpu()->save[11], 0, 0);
}

void code_sync(const volatile void *at, u64 size)
{
	u64 start = (u64)(uintptr_t)at & ~15ul, end = (u64)(uintptr_t)at + size;

	for (u64 line = start; line < end; line += 16)
		__asm__ volatile("dc cvau, %0" ::"r"(line) : "memory");
	__asm__ volatile("dsb ish" ::: "memory");
	for (u64 line = start; line < end; line += 16)
		__asm__ volatile("ic ivau, %0" ::"r"(line) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

u64 run_address(void)
{
	return (u64)(uintptr_t)run_slot;
}

u64 run_instruction(u32 insn)
{
	*(volatile u32 *)run_slot = insn;
	code_sync(run_slot, 4);
	return TRAP(run_slot_code());
}

u64 run_user_at(u64 at, u64 spsr)
{
	this_cpu()->in_user = true;
	return TRAP(user_enter(at, spsr));
}

u64 run_user(void (*fn)(void))
{
	static u8 stacks[CPUS_MAX][4096] __attribute__((aligned(16)));
	struct cpu *cpu = this_cpu();

	cpu->in[30] = user_address(user_end);
	cpu->in[31] = user_address(stacks[cpu->index] + sizeof(stacks[0]));
	return run_user_at(user_address(fn), PSTATE_EL0T | PSTATE_D | PSTATE_I | PSTATE_F);
}

/* ---- translation ---- */

/* Memory one to one for EL1, devices below it, and all of it once more for EL0 at USER_MAP. */
static void translation_init(void)
{
	u64 range = sysreg_read(id_aa64mmfr0_el1) & 15;

	for (u64 i = 0; i < 256; i++) {
		u64 block = i ? BLOCK_NORMAL : BLOCK_DEVICE;

		identity[i] = i << 30 | block;
		identity[256 + i] =
			i << 30 | (i ? PTE_NORMAL | PTE_VALID | PTE_PXN : block) | PTE_USER;
	}
	for (u64 at = (u64)(uintptr_t)identity; at < (u64)(uintptr_t)(identity + 512); at += 16)
		__asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
	dsb();
	/* 39 bits by TTBR0 only, walks inner shareable and write-back. */
	tcr_value = 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | (range < 5 ? range : 5) << 32;
	mmu_on();
}

/* ---- CPUs ---- */

u64 cpu_mpidr(unsigned cpu)
{
	return mpidrs[cpu];
}

unsigned cpu_this(void)
{
	return (unsigned)this_cpu()->index;
}

unsigned cpu_boot(void)
{
	return 0;
}

void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

void secondary_entry(void)
{
	struct cpu *cpu = this_cpu();

	gic_cpu_init();
	cpu->depth = 0;
	cpu->expected = false;
	cpu->trap_ec = EC_NONE;
	cpu->starts++;
	cpu->fn((unsigned)cpu->index);
	irq_off();
	gic_cpu_off();
	psci(PSCI_CPU_OFF, 0, 0, 0);
	die("CPU_OFF came back", cpu->index, 0, 0);
}

u64 cpu_on(unsigned cpu)
{
	cpus[cpu].index = cpu;
	/* It looks before its caches are on. */
	__asm__ volatile("dsb sy" ::: "memory");
	return psci(PSCI_CPU_ON | PSCI_64, mpidrs[cpu], (u64)(uintptr_t)secondary_start,
		    (u64)(uintptr_t)&cpus[cpu]);
}

u64 cpu_affinity_info(unsigned cpu)
{
	return psci(PSCI_AFFINITY_INFO | PSCI_64, mpidrs[cpu], 0, 0);
}

/* Until it has come up it may still show as off (QEMU). */
bool cpu_start(unsigned cpu, void (*fn)(unsigned cpu))
{
	u64 before = cpus[cpu].starts;

	if (cpu_affinity_info(cpu) == AFFINITY_OFF)
		cpus[cpu].fn = fn;
	return cpu_on(cpu) == PSCI_OK && wait_until(cpus[cpu].starts != before, 20000);
}

bool cpu_stopped(unsigned cpu)
{
	return cpu_affinity_info(cpu) == AFFINITY_OFF;
}

static void count_ipi(u32 intid)
{
	(void)intid;
	__atomic_fetch_add(&ipi_count[cpu_this()], 1, __ATOMIC_SEQ_CST);
}

void ipi_send(unsigned cpu)
{
	gic_send(cpu, SGI_IPI);
}

void ipi_enable(bool on)
{
	irq_handlers[SGI_IPI] = count_ipi;
	gic_enable(SGI_IPI, on);
}

void irq_on(void)
{
	__asm__ volatile("msr daifclr, #2\n\tisb" ::: "memory");
}

void irq_off(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

void wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/* ---- time ---- */

u64 now(void)
{
	isb();
	return sysreg_read(cntvct_el0);
}

void timer_set(u64 when)
{
	sysreg_write(cntv_cval_el0, when);
	sysreg_write(cntv_ctl_el0, when == ~0ull ? 0 : 1);
	isb();
}

/* One that was taken back may still come, as from hardware where the line takes its time: ISTATUS tells. */
static void timer_interrupt(u32 intid)
{
	unsigned cpu = cpu_this();

	(void)intid;
	if ((sysreg_read(cntv_ctl_el0) & 5) != 5) {
		this_cpu()->spurious++;
		return;
	}
	timer_fired[cpu] = now();
	timer_set(~0ull);
	timer_count[cpu]++;
}

void timer_enable(bool on)
{
	irq_handlers[PPI_TIMER] = timer_interrupt;
	gic_enable(PPI_TIMER, on);
}

/* ---- accesses that may fault ---- */

static void must_be_external(const char *what, u64 ec, u64 at)
{
	if (ec != EC_NONE && (ec != EC_DABORT || trap_fsc() != FSC_EXTERNAL))
		die(what, trap_esr(), at, trap_far());
}

bool probe_read(u64 at, unsigned size, u64 *value)
{
	u64 v = 0, ec;

	switch (size) {
	case 1:
		ec = TRAP(v = read8(at));
		break;
	case 2:
		ec = TRAP(v = read16(at));
		break;
	case 4:
		ec = TRAP(v = read32(at));
		break;
	default:
		ec = TRAP(v = read64(at));
	}
	if (value)
		*value = v;
	must_be_external("a load met another exception (ESR address FAR)", ec, at);
	return ec == EC_NONE;
}

bool probe_write(u64 at, unsigned size, u64 value)
{
	u64 ec;

	switch (size) {
	case 1:
		ec = TRAP(write8(at, (u8)value));
		break;
	case 2:
		ec = TRAP(write16(at, (u16)value));
		break;
	case 4:
		ec = TRAP(write32(at, (u32)value));
		break;
	default:
		ec = TRAP(write64(at, value));
	}
	must_be_external("a store met another exception (ESR address FAR)", ec, at);
	return ec == EC_NONE;
}

bool probe_call(u64 at)
{
	return TRAP(((void (*)(void))at)()) == EC_NONE;
}

/* ---- firmware ---- */

u64 psci(u32 fid, u64 a, u64 b, u64 c)
{
	u64 regs[18] = { fid, a, b, c };

	smccc_call(regs, psci_by_smc);
	return regs[0];
}

void arch_off(void)
{
	irq_off();
	psci(PSCI_SYSTEM_OFF, 0, 0, 0);
	for (;;)
		wait_for_interrupt();
}

/* ---- what the tree says ---- */

u32 fdt_interrupt(int node, unsigned index)
{
	u32 len, number;
	const void *cells = fdt_property(node, "interrupts", &len);

	if (!cells || len < 12 * (index + 1))
		return 0;
	number = fdt_cell(cells, 3 * index + 1);
	return number + (fdt_cell(cells, 3 * index) ? 16 : 32);
}

/* MPIDR_EL1's affinity fields of each CPU, the one that runs first. */
static void find_cpus(void)
{
	int parent = fdt_node("/cpus");
	u64 self = sysreg_read(mpidr_el1) & 0xff00fffffful;
	bool found = false;

	for (int node = fdt_child(parent, -1); node >= 0; node = fdt_child(parent, node)) {
		u32 len;
		const void *reg = fdt_property(node, "reg", &len);
		u64 mpidr;

		if (memcmp(fdt_name(node), "cpu@", 4) || !reg)
			continue;
		mpidr = len == 8 ? (u64)fdt_cell(reg, 0) << 32 | fdt_cell(reg, 1) :
				   fdt_cell(reg, 0);
		if (cpu_count == CPUS_MAX)
			die("more CPUs than this test has room for", CPUS_MAX, 0, 0);
		mpidrs[cpu_count] = mpidr;
		if (mpidr == self) {
			mpidrs[cpu_count] = mpidrs[0];
			mpidrs[0] = self;
			found = true;
		}
		cpu_count++;
	}
	if (!found)
		die("the tree has no CPU with our MPIDR_EL1 (CPUs MPIDR)", cpu_count, self, 0);
}

void arch_init(void)
{
	const char *method = fdt_property(fdt_node("/psci"), "method", NULL);

	psci_by_smc = method && streq(method, "smc");
	tick_hz = sysreg_read(cntfrq_el0);
	if (!tick_hz)
		die("CNTFRQ_EL0 is 0", 0, 0, 0);
	this_cpu()->trap_ec = EC_NONE;
	find_cpus();
	translation_init();
	gic_init();
	gic_cpu_init();
}
