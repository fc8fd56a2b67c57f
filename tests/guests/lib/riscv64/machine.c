/* SPDX-License-Identifier: MIT */
/* riscv64 test guests: traps, harts, timer and SBI calls. */
#include <riscv.h>

extern u64 boot_hart;
extern char trap_entry[], run_slot[], user_return[];
void run_slot_code(void);
void user_enter(void (*fn)(void), void *stack);

struct hart harts[CPUS_MAX];
volatile bool trap_expected;
void (*irq_handlers[16])(struct hart *hart);
u64 tick_hz = 10000000;
unsigned cpu_count;
volatile u64 ipi_count[CPUS_MAX], timer_count[CPUS_MAX], timer_fired[CPUS_MAX];
bool timer_by_sstc;

_Static_assert(sizeof(struct hart) == HART_SIZE, "start.S steps over harts by HART_SIZE");
_Static_assert(offsetof(struct hart, epc) == HART_EPC, "start.S");
_Static_assert(offsetof(struct hart, status) == HART_STATUS, "start.S");
_Static_assert(offsetof(struct hart, stack) == HART_STACK, "start.S");
_Static_assert(offsetof(struct hart, in) == HART_IN, "start.S");
_Static_assert(offsetof(struct hart, out) == HART_OUT, "start.S");
_Static_assert(offsetof(struct hart, save) == HART_SAVE, "start.S");
_Static_assert(offsetof(struct hart, vector) == HART_VECTOR, "start.S");

/* ---- traps ---- */

void trap_handle(struct hart *hart);
void secondary_entry(u64 id, struct hart *hart, u64 satp, u64 status);

/* Goes on behind the instruction that trapped; a fetch that trapped returns to the caller. */
static void skip_instruction(struct hart *hart)
{
	if (hart->cause == EXC_FETCH_ACCESS || hart->cause == EXC_FETCH_PAGE)
		hart->epc = hart->x[1];
	else
		hart->epc += (*(u16 *)hart->epc & 3) == 3 ? 4 : 2;
}

static void exception(struct hart *hart)
{
	hart->trap_cause = hart->cause;
	hart->trap_tval = hart->tval;
	hart->trap_epc = hart->epc;
	hart->trap_status = hart->status;
	hart->trap_count++;
	if (!trap_expected)
		die("unexpected exception (scause sepc stval)", hart->cause, hart->epc, hart->tval);
	if (hart->status & STATUS_SPP) {
		skip_instruction(hart);
	} else {
		hart->epc = (u64)(uintptr_t)user_return;
		hart->status |= STATUS_SPP;
		hart->x[4] = (u64)(uintptr_t)hart;
	}
}

void trap_handle(struct hart *hart)
{
	if (hart->depth++)
		die("exception in the trap handler (scause sepc stval)", hart->cause, hart->epc,
		    hart->tval);
	if ((int64_t)hart->cause < 0) {
		u64 irq = hart->cause & 0xff;

		if (irq >= ARRAY_SIZE(irq_handlers) || !irq_handlers[irq])
			die("unexpected interrupt (scause sepc)", hart->cause, hart->epc, 0);
		irq_handlers[irq](hart);
	} else {
		exception(hart);
	}
	hart->depth--;
}

u64 run_instruction(u32 insn)
{
	*(volatile u32 *)run_slot = insn | ((insn & 3) == 3 ? 0 : 0x00010000); /* c.nop behind */
	__asm__ volatile("fence.i" ::: "memory");
	return TRAP(run_slot_code());
}

u64 run_user(void (*fn)(void), u64 status)
{
	static u8 stack[4096] __attribute__((aligned(16)));

	csr_clear(sstatus, STATUS_SPP | STATUS_SPIE | status);
	csr_set(sstatus, status);
	return TRAP(user_enter(fn, stack + sizeof(stack)));
}

/* ---- harts ---- */

u64 hart_id(unsigned cpu)
{
	return cpu;
}

unsigned cpu_this(void)
{
	return (unsigned)hart_this()->id;
}

unsigned cpu_boot(void)
{
	return (unsigned)boot_hart;
}

void cpu_relax(void)
{
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::
				 : "memory"); /* pause, a hint elsewhere */
}

void secondary_entry(u64 id, struct hart *hart, u64 satp, u64 status)
{
	struct hart *self = hart_this();

	self->id = id;
	if (hart != self || satp || (status & STATUS_SIE))
		die("state at hart start (a1 satp sstatus)", (u64)(uintptr_t)hart, satp, status);
	self->trap_cause = EXC_NONE;
	self->depth = 0;
	self->state = 1;
	self->fn((unsigned)id);
	csr_write(sie, 0);
	self->state = 0;
	sbi0(SBI_HSM, 1);
	die("hart_stop came back", id, 0, 0);
}

bool cpu_start(unsigned cpu, void (*fn)(unsigned cpu))
{
	harts[cpu].fn = fn;
	__asm__ volatile("fence" ::: "memory");
	return sbi3(SBI_HSM, 0, hart_id(cpu), (u64)(uintptr_t)secondary_start,
		    (u64)(uintptr_t)&harts[cpu])
		       .error == SBI_OK;
}

bool cpu_stopped(unsigned cpu)
{
	return sbi1(SBI_HSM, 2, hart_id(cpu)).value == HSM_STOPPED;
}

static void soft_interrupt(struct hart *hart)
{
	csr_clear(sip, 1ul << IRQ_SOFT);
	__atomic_fetch_add(&ipi_count[hart->id], 1, __ATOMIC_SEQ_CST);
}

void ipi_send(unsigned cpu)
{
	if (sbi2(SBI_IPI, 0, 1, hart_id(cpu)).error)
		die("send_ipi refused", cpu, 0, 0);
}

void ipi_enable(bool on)
{
	irq_handlers[IRQ_SOFT] = soft_interrupt;
	if (on)
		csr_set(sie, 1ul << IRQ_SOFT);
	else
		csr_clear(sie, 1ul << IRQ_SOFT);
}

void irq_on(void)
{
	csr_set(sstatus, STATUS_SIE);
}

void irq_off(void)
{
	csr_clear(sstatus, STATUS_SIE);
}

void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

/* ---- time ---- */

u64 now(void)
{
	return csr_read(time);
}

void timer_set(u64 when)
{
	if (timer_by_sstc)
		csr_write(CSR_STIMECMP, when);
	else
		sbi1(SBI_TIME, 0, when);
}

static void timer_interrupt(struct hart *hart)
{
	timer_fired[hart->id] = now();
	timer_set(~0ull);
	timer_count[hart->id]++;
}

void timer_enable(bool on)
{
	irq_handlers[IRQ_TIMER] = timer_interrupt;
	if (on)
		csr_set(sie, 1ul << IRQ_TIMER);
	else
		csr_clear(sie, 1ul << IRQ_TIMER);
}

/* ---- accesses that may fault ---- */

bool probe_read(u64 at, unsigned size, u64 *value)
{
	u64 v = 0;
	u64 cause = EXC_NONE;

	switch (size) {
	case 1:
		cause = TRAP(v = *(volatile u8 *)at);
		break;
	case 2:
		cause = TRAP(v = *(volatile u16 *)at);
		break;
	case 4:
		cause = TRAP(v = *(volatile u32 *)at);
		break;
	default:
		cause = TRAP(v = *(volatile u64 *)at);
	}
	if (value)
		*value = v;
	if (cause != EXC_NONE && cause != EXC_LOAD_ACCESS)
		die("a load met another exception (scause address stval)", cause, at, trap_tval());
	return cause == EXC_NONE;
}

bool probe_write(u64 at, unsigned size, u64 value)
{
	u64 cause = EXC_NONE;

	switch (size) {
	case 1:
		cause = TRAP(*(volatile u8 *)at = (u8)value);
		break;
	case 2:
		cause = TRAP(*(volatile u16 *)at = (u16)value);
		break;
	case 4:
		cause = TRAP(*(volatile u32 *)at = (u32)value);
		break;
	default:
		cause = TRAP(*(volatile u64 *)at = value);
	}
	if (cause != EXC_NONE && cause != EXC_STORE_ACCESS)
		die("a store met another exception (scause address stval)", cause, at, trap_tval());
	return cause == EXC_NONE;
}

bool probe_call(u64 at)
{
	return TRAP(((void (*)(void))at)()) == EXC_NONE;
}

/* ---- firmware ---- */

struct sbiret sbi(u64 eid, u64 fid, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	register u64 a0 __asm__("a0") = a;
	register u64 a1 __asm__("a1") = b;
	register u64 a2 __asm__("a2") = c;
	register u64 a3 __asm__("a3") = d;
	register u64 a4 __asm__("a4") = e;
	register u64 a6 __asm__("a6") = fid;
	register u64 a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbiret){ (long)a0, a1 };
}

void arch_off(void)
{
	sbi2(SBI_SRST, 0, 0, 0);
	for (;;)
		wait_for_interrupt();
}

/* ---- what the tree says ---- */

bool isa_has(const char *extension)
{
	int cpu = fdt_node("/cpus/cpu");
	u32 len = 0;
	const char *list = fdt_property(cpu, "riscv,isa-extensions", &len);
	const char *isa = fdt_property(cpu, "riscv,isa", NULL);
	size_t want = strlen(extension);

	for (const char *end = list ? list + len : NULL; list && list < end;
	     list += strlen(list) + 1)
		if (streq(list, extension))
			return true;
	if (!isa || strlen(isa) < 4)
		return false;
	for (isa += 4; want == 1 && *isa && *isa != '_' && *isa != 'z'; isa++)
		if (*isa == *extension)
			return true;
	for (; *isa; isa++)
		if (isa[0] == '_' && !memcmp(isa + 1, extension, want) &&
		    (isa[1 + want] == '_' || !isa[1 + want]))
			return true;
	return false;
}

static bool name_is_cpu(int node)
{
	return !memcmp(fdt_name(node), "cpu@", 4);
}

static u32 cpu_intc_phandle(unsigned cpu)
{
	int cpus = fdt_node("/cpus");

	for (int node = fdt_child(cpus, -1); node >= 0; node = fdt_child(cpus, node))
		if (name_is_cpu(node) && fdt_u32(node, "reg", ~0u) == hart_id(cpu))
			return fdt_u32(fdt_child(node, -1), "phandle", 0);
	return 0;
}

int plic_context(unsigned cpu)
{
	int soc = fdt_node("/soc");
	u32 want = cpu_intc_phandle(cpu);

	for (int node = fdt_child(soc, -1); node >= 0; node = fdt_child(soc, node)) {
		u32 len;
		const void *cells = fdt_property(node, "interrupts-extended", &len);

		if (!fdt_property(node, "riscv,ndev", NULL) || !cells)
			continue;
		for (unsigned i = 0; i < len / 8; i++)
			if (fdt_cell(cells, 2 * i) == want &&
			    fdt_cell(cells, 2 * i + 1) == IRQ_EXTERNAL)
				return (int)i;
	}
	return -1;
}

void arch_init(void)
{
	int cpus = fdt_node("/cpus");

	tick_hz = fdt_u32(cpus, "timebase-frequency", 10000000);
	for (int node = fdt_child(cpus, -1); node >= 0; node = fdt_child(cpus, node))
		cpu_count += name_is_cpu(node);
	if (!cpu_count || cpu_count > CPUS_MAX || boot_hart >= CPUS_MAX)
		die("CPUs in the tree, boot hart", cpu_count, boot_hart, 0);
	hart_this()->id = boot_hart;
	hart_this()->trap_cause = EXC_NONE;
}
