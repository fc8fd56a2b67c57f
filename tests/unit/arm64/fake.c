/* SPDX-License-Identifier: MIT */
/* Host tests: what arch/arm64 asks of core, of the hardware and of firmware, played. */
#include <fake_arm64.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arch/gic_host.h>
#include <core/arch.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/host_irq.h>
#include <core/panic.h>
#include <emulators/gic.h>

#define ENCODINGS 65536

struct fake_arm64 *fake;
/* Weak: some tests have their own CPUs, and the sanitizer allows no two of a name otherwise. */
struct cpu *cpus[CONFIG_NR_CPUS] __attribute__((weak));
unsigned cpu_count __attribute__((weak));
static struct cpu *this;

/* Touched registers are noted, since to clear all of them for each run of a fuzz target takes longer than the run. */
static u64 registers[FAKE_CPUS][ENCODINGS];
static bool is_touched[FAKE_CPUS][ENCODINGS];
static u32 touched[FAKE_CPUS * ENCODINGS];
static unsigned touched_count;

struct cpu *arch_this_cpu(void)
{
	return this;
}

static void update_status(u64 *ctl, u64 now, u64 cval)
{
	*ctl &= CNT_ENABLE | CNT_IMASK;
	if ((*ctl & CNT_ENABLE) && now >= cval)
		*ctl |= CNT_ISTATUS;
}

/* The condition of the timers is the hardware's own work (D11.2.4). */
static void update_timers(unsigned cpu)
{
	u64 *r = registers[cpu];
	bool shifted = fake->offset_works && (r[SYS_CNTHCTL_EL2] & BIT(12));

	r[SYS_CNTPCT_EL0] = fake->now;
	r[SYS_CNTVCT_EL0] = fake->now - r[SYS_CNTVOFF_EL2];
	update_status(&r[SYS_CNTV_CTL_EL0], r[SYS_CNTVCT_EL0], r[SYS_CNTV_CVAL_EL0]);
	update_status(&r[SYS_CNTP_CTL_EL0], fake->now - (shifted ? r[SYS_CNTPOFF_EL2] : 0),
		      r[SYS_CNTP_CVAL_EL0]);
}

u64 *fake_sysreg(u32 encoding)
{
	unsigned cpu = this ? this->id : 0;

	if (encoding >= ENCODINGS)
		abort();
	if (!is_touched[cpu][encoding]) {
		is_touched[cpu][encoding] = true;
		touched[touched_count++] = cpu * ENCODINGS + encoding;
	}
	update_timers(cpu);
	return &registers[cpu][encoding];
}

/* The timer's registers change by themselves. */
static void clear_registers(void)
{
	static const u32 timers[] = { SYS_CNTPCT_EL0, SYS_CNTVCT_EL0, SYS_CNTV_CTL_EL0,
				      SYS_CNTP_CTL_EL0 };

	for (; touched_count; touched_count--) {
		u32 at = touched[touched_count - 1];

		registers[at / ENCODINGS][at % ENCODINGS] = 0;
		is_touched[at / ENCODINGS][at % ENCODINGS] = false;
	}
	for (unsigned cpu = 0; cpu < FAKE_CPUS; cpu++)
		for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
			registers[cpu][timers[i]] = 0;
}

/* ---- the machine ---- */

static void start_vcpu(unsigned i)
{
	struct vcpu *vcpu = aligned_alloc(64, align_up(sizeof(*vcpu), 64));

	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->vm = &fake->vm;
	vcpu->index = i;
	vcpu->loaded_cpu = -1;
	vcpu->arch.hcr = HCR_RW;
	fake->vcpus[i] = vcpu;
}

void fake_arm64_start(unsigned count)
{
	fake = calloc(1, sizeof(*fake));
	cpu_count = FAKE_CPUS;
	memset(&arm64_features, 0, sizeof(arm64_features));
	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		cpus[i] = &fake->cpu[i];
		fake->cpu[i].id = i;
	}
	for (unsigned i = 0; i < count; i++)
		start_vcpu(i);
	fake->vm.vcpus = fake->vcpus;
	fake->vm.vcpu_count = count;
	fake->vm.arch.gic = (struct gic *)fake; /* never looked into */
	fake->vm.arch.timers = (struct arm64_guest_timers){ FAKE_PHYSICAL_PPI, FAKE_VIRTUAL_PPI };
	fake->gic_version = 3;
	fake_arm64_use_cpu(0);
	fake->vcpus[0]->loaded_cpu = 0;
	fake->vcpus[0]->power = VCPU_ON;
	fake->cpu[0].loaded = fake->cpu[0].vcpu = fake->vcpus[0];
	sysreg_write(SPSR_EL2, PSTATE_EL1H);
	sysreg_write(ELR_EL2, FAKE_RAM_BASE + 0x100);
	sysreg_write(HCR_EL2, HCR_RW);
}

void fake_arm64_stop(void)
{
	for (unsigned i = 0; i < fake->vm.vcpu_count; i++)
		free(fake->vcpus[i]);
	clear_registers();
	free(fake);
	fake = NULL;
	this = NULL;
}

void fake_arm64_use_cpu(unsigned cpu)
{
	this = &fake->cpu[cpu];
}

long fake_arm64_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	u64 *x = fake->vcpus[0]->arch.x;

	x[0] = function;
	x[1] = a1;
	x[2] = a2;
	x[3] = a3;
	smccc_call(fake->vcpus[0]);
	return (long)x[0];
}

u64 fake_arm64_sys_esr(u32 encoding, bool read, unsigned rt)
{
	u64 op0 = encoding >> 14, op1 = encoding >> 11 & 7, crn = encoding >> 7 & 15;
	u64 crm = encoding >> 3 & 15, op2 = encoding & 7;

	return (u64)ESR_EC_SYS64 << ESR_EC_SHIFT | ESR_IL | op0 << 20 | op2 << 17 | op1 << 14 |
	       crn << 10 | (u64)rt << 5 | crm << 1 | read;
}

/* ---- hardware and firmware ---- */

bool arm64_firmware_has_psci(void)
{
	return fake->has_psci;
}

struct smccc_result arm64_firmware_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	u64 *called = fake->called[fake->call_count++ % FAKE_CALLS];

	(void)a2;
	(void)a3;
	called[0] = function;
	called[1] = a1;
	called[2] = this->id;
	for (const struct fake_firmware *row = fake->firmware; row && row->function; row++)
		if (row->function == function && (row->argument == ~0ull || row->argument == a1))
			return row->answer;
	return (struct smccc_result){ { (u64)SMCCC_NOT_SUPPORTED } };
}

bool trng_rndrrs(u64 *word)
{
	if (fake->random_failures) {
		fake->random_failures--;
		return false;
	}
	if (fake->random_left == 1)
		return false;
	fake->random_left -= fake->random_left > 0;
	*word = fake->random;
	fake->random = fake->random * 3 + 1;
	return true;
}

static void host_forward_ppi(u32 intid)
{
	fake->host_forwarded = intid;
}

static bool host_ppi_is_active(u32 intid)
{
	if (intid != FAKE_HOST_PPI)
		abort();
	fake->host_reads++;
	return fake->host_active[this->id];
}

static void host_set_ppi_active(u32 intid, bool active)
{
	if (intid != FAKE_HOST_PPI)
		abort();
	fake->host_active[this->id] = active;
}

static struct gic_host host_gic = {
	.version = 3,
	.forward_ppi = host_forward_ppi,
	.ppi_is_active = host_ppi_is_active,
	.set_ppi_active = host_set_ppi_active,
};

const struct gic_host *arm64_gic(void)
{
	return &host_gic;
}

/* ---- the virtual GIC ---- */

unsigned gic_version(const struct gic *gic)
{
	(void)gic;
	return fake->gic_version;
}

void gic_send_sgi(struct gic *gic, unsigned from, u64 value, unsigned group)
{
	(void)gic;
	fake->sgi.from = from;
	fake->sgi.value = value;
	fake->sgi.group = group;
	fake->sgi_count++;
}

void gic_set_ppi(struct gic *gic, unsigned vcpu, u32 intid, bool level)
{
	(void)gic;
	if (intid < 16 || intid > 31 || vcpu >= fake->vm.vcpu_count)
		abort();
	fake->ppi_rises[vcpu][intid] += level;
	fake->ppi[vcpu][intid] = level;
}

void gic_forward_ppi(struct gic *gic, u32 intid, u32 host_intid)
{
	(void)gic;
	if (intid != fake->vm.arch.timers.virtual)
		abort();
	fake->forwarded = host_intid;
}

/* Nothing is ever in a list register here; test_vgic.c plays the emulator itself. */
bool gic_uses_lrs(const struct gic *gic)
{
	(void)gic;
	return false;
}

bool gic_has_waiting(struct gic *gic, unsigned vcpu)
{
	(void)gic;
	(void)vcpu;
	return false;
}

void gic_sync(struct gic *gic, struct vcpu *vcpu)
{
	(void)gic;
	(void)vcpu;
}

void gic_put(struct gic *gic, struct vcpu *vcpu)
{
	(void)gic;
	(void)vcpu;
}

void gic_reset_cpu(struct gic *gic, unsigned vcpu)
{
	(void)gic;
	(void)vcpu;
}

void gic_set_hardware(const struct gic_hardware *hardware)
{
	(void)hardware;
}

/* ---- core ---- */

int gpa_add_host(struct vm *vm, gpa_t base, hpa_t host, u64 size, enum gpa_kind kind,
		 const char *name)
{
	(void)vm;
	(void)base;
	(void)host;
	(void)size;
	(void)kind;
	(void)name;
	return 0;
}

int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	(void)name;
	(void)ctx;
	fake->requested_irq = irq;
	fake->irq_handler = fn;
	return 0;
}

void vcpu_request(struct vcpu *vcpu, u32 requests)
{
	vcpu->requests |= requests;
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
	vcpu->requests |= VCPU_REQ_LEAVE;
}

void exit_handle(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	fake->exit = *exit;
	fake->exit_count++;
	if (exit->kind == EXIT_HALT)
		vcpu->waiting = true;
}

void smp_call_all(void (*fn)(void *arg), void *arg)
{
	unsigned before = this->id;

	for (unsigned i = 0; i < FAKE_CPUS; i++) {
		fake_arm64_use_cpu(i);
		fn(arg);
	}
	fake_arm64_use_cpu(before);
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
