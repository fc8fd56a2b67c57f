/* SPDX-License-Identifier: MIT */
/* Host tests: what arch/riscv asks of core and of the hardware, played. */
#include <fake_riscv.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arch/hfence.h>
#include <core/arch.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/panic.h>
#include <libfdt.h>

#define CSRS_MAX 64

struct fake_riscv *fake;
struct cpu *fake_this_cpu;
struct cpu *cpus[CONFIG_NR_CPUS];
unsigned cpu_count;

static struct {
	const char *name;
	u64 value;
} csrs[FAKE_CPUS][CSRS_MAX];

u64 *fake_csr(const char *name)
{
	unsigned cpu = fake_this_cpu ? fake_this_cpu->id : 0;

	if (strcmp(name, "time") == 0)
		return &fake->now;
	for (unsigned i = 0; i < CSRS_MAX; i++) {
		if (!csrs[cpu][i].name)
			csrs[cpu][i].name = name;
		if (strcmp(csrs[cpu][i].name, name) == 0)
			return &csrs[cpu][i].value;
	}
	abort();
}

/* ---- the machine ---- */

void fake_riscv_start(unsigned count)
{
	fake = calloc(1, sizeof(*fake));
	memset(csrs, 0, sizeof(csrs));
	cpu_count = FAKE_CPUS;
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		cpus[i] = &fake->cpu[i];
		fake->cpu[i].id = i;
		fake->cpu[i].arch.hart_id = i * 40; /* sparse: two masks of 64 */
	}
	for (unsigned i = 0; i < count; i++) {
		fake->vcpus[i] = calloc(1, sizeof(struct vcpu));
		fake->vcpus[i]->vm = &fake->vm;
		fake->vcpus[i]->index = i;
		fake->vcpus[i]->loaded_cpu = -1;
	}
	fake->vm.vcpus = fake->vcpus;
	fake->vm.vcpu_count = count;
	fake->injected_cause = ~0ull;
	fake->input = "";
	fake_riscv_use_cpu(0);
	fake->vcpus[0]->loaded_cpu = 0;
	fake->cpu[0].loaded = fake->cpu[0].vcpu = fake->vcpus[0];
	csr_write(sstatus, SSTATUS_SPP);
	csr_write(sepc, FAKE_RAM_BASE + 0x100);
}

void fake_riscv_stop(void)
{
	for (unsigned i = 0; i < fake->vm.vcpu_count; i++)
		free(fake->vcpus[i]);
	free(fake);
	fake = NULL;
	fake_this_cpu = NULL;
}

void fake_riscv_use_cpu(unsigned cpu)
{
	fake_this_cpu = &fake->cpu[cpu];
}

int fake_riscv_isa(const char *isa)
{
	char fdt[1024];
	int err = fdt_create(fdt, sizeof(fdt));

	err |= fdt_finish_reservemap(fdt);
	err |= fdt_begin_node(fdt, "");
	err |= fdt_begin_node(fdt, "cpus");
	err |= fdt_begin_node(fdt, "cpu@0");
	err |= fdt_property_string(fdt, "device_type", "cpu");
	err |= fdt_property_string(fdt, "riscv,isa", isa);
	err |= fdt_end_node(fdt) | fdt_end_node(fdt) | fdt_end_node(fdt) | fdt_finish(fdt);
	if (err)
		abort();
	return isa_init(fdt);
}

long fake_riscv_call(u64 ext, u64 fid, const u64 args[6], u64 *value)
{
	u64 *x = fake->vcpus[0]->arch.x;

	memcpy(&x[10], args, 6 * sizeof(*args));
	x[16] = fid;
	x[17] = ext;
	sbi_call(fake->vcpus[0]);
	if (value)
		*value = x[11];
	return (long)x[10];
}

/* ---- hardware and firmware ---- */

static void record_fence(enum fake_fence kind, u64 va, u64 asid)
{
	unsigned at = fake->fence_count++ % ARRAY_SIZE(fake->fence);

	fake->fence[at].kind = kind;
	fake->fence[at].va = va;
	fake->fence[at].asid = asid;
}

void hfence_vvma_all(void)
{
	record_fence(FAKE_VVMA_ALL, 0, 0);
}

void hfence_vvma_asid(u64 asid)
{
	record_fence(FAKE_VVMA_ASID, 0, asid);
}

void hfence_vvma_page(u64 va)
{
	record_fence(FAKE_VVMA_PAGE, va, 0);
}

void hfence_vvma_page_asid(u64 va, u64 asid)
{
	record_fence(FAKE_VVMA_PAGE_ASID, va, asid);
}

void fence_i(void)
{
	record_fence(FAKE_FENCE_I, 0, 0);
}

struct sbi_ret sbi_ecall(unsigned long ext, unsigned long fid, unsigned long arg0,
			 unsigned long arg1, unsigned long arg2, unsigned long arg3,
			 unsigned long arg4, unsigned long arg5)
{
	u64 call[8] = { ext, fid, arg0, arg1, arg2, arg3, arg4, arg5 };

	memcpy(fake->firmware[fake->firmware_count++ % FAKE_CALLS], call, sizeof(call));
	return fake->firmware_answer;
}

/* As the hardware: an access while the state is Off traps, a load makes it Dirty. */
static void use_state(u64 field, bool dirty)
{
	if (!(csr_read(sstatus) & field))
		abort();
	if (dirty)
		csr_set(sstatus, field);
}

void fpu_save_float(u64 *f, u64 *fcsr)
{
	use_state(SSTATUS_FS, false);
	memcpy(f, fake->fpu[fake_this_cpu->id].f, sizeof(fake->fpu[0].f));
	*fcsr = fake->fpu[fake_this_cpu->id].fcsr;
	fake->fpu_moves++;
}

void fpu_load_float(const u64 *f, const u64 *fcsr)
{
	use_state(SSTATUS_FS, true);
	memcpy(fake->fpu[fake_this_cpu->id].f, f, sizeof(fake->fpu[0].f));
	fake->fpu[fake_this_cpu->id].fcsr = *fcsr;
	fake->fpu_moves++;
}

void fpu_save_vector(void *registers, u64 *control)
{
	use_state(SSTATUS_VS, false);
	memcpy(registers, fake->fpu[fake_this_cpu->id].v, sizeof(fake->fpu[0].v));
	memcpy(control, fake->fpu[fake_this_cpu->id].control, sizeof(fake->fpu[0].control));
	fake->fpu_moves++;
}

void fpu_load_vector(const void *registers, const u64 *control)
{
	use_state(SSTATUS_VS, true);
	memcpy(fake->fpu[fake_this_cpu->id].v, registers, sizeof(fake->fpu[0].v));
	memcpy(fake->fpu[fake_this_cpu->id].control, control, sizeof(fake->fpu[0].control));
	fake->fpu_moves++;
}

u64 fpu_vlenb(void)
{
	use_state(SSTATUS_VS, false);
	return FAKE_VLENB;
}

u64 riscv_guest_fetch(u64 va, u32 *insn, u64 *tval)
{
	*tval = va;
	if (!fake->fetch_cause)
		*insn = fake->code;
	return fake->fetch_cause;
}

void riscv_inject(struct vcpu *vcpu, u64 cause, u64 tval)
{
	(void)vcpu;
	fake->injected_cause = cause;
	fake->injected_tval = tval;
	fake->inject_count++;
}

bool arch_vcpu_has_interrupt(struct vcpu *vcpu, u64 *deadline)
{
	(void)vcpu;
	*deadline = TIME_NEVER;
	return fake->interrupt_pending;
}

/* ---- core ---- */

void vcpu_request(struct vcpu *vcpu, u32 requests)
{
	vcpu->requests |= requests;
}

void vcpu_set_pin(struct vcpu *vcpu, enum vcpu_pin pin, bool level)
{
	u32 bit = pin == VCPU_PIN_TIMER ? BIT(IRQ_VS_TIMER) : BIT(IRQ_VS_EXT);

	vcpu->arch.pins = level ? vcpu->arch.pins | bit : vcpu->arch.pins & ~bit;
}

int vcpu_power_on(struct vcpu *vcpu, u64 entry, u64 arg)
{
	if (vcpu->power == VCPU_ON)
		return -EBUSY;
	vcpu->power = VCPU_ON;
	vcpu->start_entry = entry;
	vcpu->start_arg = arg;
	vcpu->start_pending = true;
	return 0;
}

void vcpu_power_off(struct vcpu *vcpu)
{
	vcpu->power = VCPU_OFF;
}

void vcpu_spins(struct vcpu *vcpu)
{
	(void)vcpu;
}

void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	fake->exit = *exit;
	fake->exit_count++;
	if (exit->kind == EXIT_HALT)
		vcpu->waiting = true;
}

void *gpa_to_ptr(const struct vm *vm, gpa_t at, u64 *len, enum gpa_access access)
{
	(void)vm;
	(void)access;
	if (at.v < FAKE_RAM_BASE || at.v >= FAKE_RAM_BASE + FAKE_RAM_SIZE)
		return NULL;
	*len = MIN(*len, FAKE_RAM_BASE + FAKE_RAM_SIZE - at.v);
	return &fake->ram[at.v - FAKE_RAM_BASE];
}

int gpa_read(const struct vm *vm, gpa_t at, void *buf, u64 len)
{
	u64 room = len;
	const void *from = gpa_to_ptr(vm, at, &room, GPA_READ);

	if (!from || room < len)
		return -EFAULT;
	memcpy(buf, from, len);
	return 0;
}

void vconsole_put(struct vconsole *vc, u8 byte)
{
	(void)vc;
	fake->output[fake->output_len++ % sizeof(fake->output)] = (char)byte;
}

int vconsole_get(struct vconsole *vc)
{
	(void)vc;
	return *fake->input ? (u8)*fake->input++ : -1;
}

void timer_init(struct timer *timer, timer_fn fn)
{
	timer->fn = fn;
	timer->deadline = TIME_NEVER;
}

void timer_set(struct timer *timer, u64 deadline)
{
	timer->deadline = deadline;
}

void timer_cancel_sync(struct timer *timer)
{
	timer->deadline = TIME_NEVER;
}

irqflags_t spin_lock(struct spinlock *lock)
{
	(void)lock;
	return 0;
}

void spin_unlock(struct spinlock *lock, irqflags_t flags)
{
	(void)lock;
	(void)flags;
}

struct mem_owner owner_system;

void *heap_alloc(struct mem_owner *owner, size_t size)
{
	(void)owner;
	return calloc(1, size);
}

void heap_free(void *object)
{
	free(object);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}
