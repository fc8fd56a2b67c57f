/* SPDX-License-Identifier: MIT */
/* List registers of both kinds: what a vCPU's interface holds stays its own, whatever others do in between. */
#include <test.h>

#include <arch/gic_host.h>
#include <arch/guest.h>
#include <arch/vgic.h>
#include <core/errno.h>
#include <core/log.h>
#include <core/vm.h>
#include <libs/gic.h>

#define VCPUS 3
#define ROUNDS 20000

/* What the emulator has for a VM. */
struct gic {
	unsigned version;
	bool uses_lrs;
	u32 waiting; /* bitmap of vCPUs */
	unsigned resets, syncs;
};

static struct gic_host host;
static struct gic gic;
static struct vm vm;
static struct vcpu vcpus[VCPUS];
static struct cpu cpu;
static const struct gic_hardware *lent;
static u8 gich[0x200] __aligned(8);
static u64 registers[1 << 16];
static u64 seed;
static irq_fn maintenance_handler;
static bool ppi_active;
static u64 mapped[3];

/* ---- played ---- */

u64 *fake_sysreg(u32 encoding)
{
	return &registers[encoding];
}

struct cpu *arch_this_cpu(void)
{
	return &cpu;
}

const struct gic_host *arm64_gic(void)
{
	return &host;
}

void gic_set_hardware(const struct gic_hardware *hardware)
{
	lent = hardware;
}

unsigned gic_version(const struct gic *g)
{
	return g->version;
}

bool gic_uses_lrs(const struct gic *g)
{
	return g->uses_lrs;
}

bool gic_has_waiting(struct gic *g, unsigned index)
{
	return g->waiting >> index & 1;
}

void gic_reset_cpu(struct gic *g, unsigned index)
{
	(void)index;
	g->resets++;
}

void gic_put(struct gic *g, struct vcpu *vcpu)
{
	(void)g;
	assert_ptr_equal(cpu.loaded, vcpu);
}

/* The reasons go away, but for one that the test keeps. */
void gic_sync(struct gic *g, struct vcpu *vcpu)
{
	g->syncs++;
	lent->set_maintenance(vcpu, GIC_MAINTAIN_NONE_PENDING);
}

int irq_request(u32 irq, const char *name, irq_fn fn, void *ctx)
{
	(void)name;
	(void)ctx;
	assert_int_equal(irq, host.maintenance);
	maintenance_handler = fn;
	return 0;
}

int gpa_add_host(struct vm *of, gpa_t at, hpa_t pa, u64 size, enum gpa_kind kind, const char *name)
{
	(void)name;
	assert_ptr_equal(of, &vm);
	assert_int_equal(kind, GPA_DEVICE);
	mapped[0] = at.v;
	mapped[1] = pa.v;
	mapped[2] = size;
	return at.v == 0 ? -EEXIST : 0;
}

void guest_timer_vm_stop(struct vm *of)
{
	assert_non_null(of->arch.gic);
}

void log_at(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void set_ppi_active(u32 intid, bool active)
{
	assert_int_equal(intid, 27);
	ppi_active = active;
}

/* ---- the two kinds of hardware, by their manuals ---- */

static bool is_v3;

static u64 get_lr(unsigned n)
{
	return is_v3 ? registers[SYS_ICH_LR0_EL2 + n] : *(u32 *)(gich + 0x100 + 4 * n);
}

/* As ICH_LR<n>_EL2 would have what is in the hardware. */
static u64 get_lr_v3(unsigned n)
{
	u64 raw = get_lr(n), lr = 0;

	if (is_v3)
		return raw;
	lr |= (raw & 0x3ff); /* virtual ID */
	lr |=
		(raw >> 10 & 0x3ff)
		<< 32; /* physical ID; or EOI in the uppermost bit and the CPU ID */
	lr |= (raw >> 23 & 0x1f) << (48 + 3); /* priority, its upper five bits */
	lr |= (raw >> 28 & 1) << 62;          /* pending */
	lr |= (raw >> 29 & 1) << 63;          /* active */
	lr |= (raw >> 30 & 1) << 60;          /* group 1 */
	return lr | (raw >> 31 & 1) << 61;    /* hardware interrupt */
}

static void set_hcr(u64 value)
{
	if (is_v3)
		registers[SYS_ICH_HCR_EL2] = value;
	else
		*(u32 *)gich = (u32)value;
}

static u64 get_hcr(void)
{
	return is_v3 ? registers[SYS_ICH_HCR_EL2] : *(u32 *)gich;
}

static void set_vmcr(u64 value)
{
	if (is_v3)
		registers[SYS_ICH_VMCR_EL2] = value;
	else
		*(u32 *)(gich + 8) = (u32)value;
}

static u64 get_vmcr(void)
{
	return is_v3 ? registers[SYS_ICH_VMCR_EL2] : *(u32 *)(gich + 8);
}

/* A value that a list register can have: priorities of five bits, interrupts below 1020. */
static u64 any_lr(void)
{
	u64 lr = test_random_below(&seed, 1020) | test_random_below(&seed, 32) << (48 + 3) |
		 test_random_below(&seed, 4) << 62 | test_random_below(&seed, 2) << 60;

	switch (test_random_below(&seed, 3)) {
	case 0:
		return lr | GIC_LR_HW | test_random_below(&seed, 1020) << 32;
	case 1:
		return lr | GIC_LR_EOI;
	}
	return (lr & ~0x3ffull) | test_random_below(&seed, 16) | test_random_below(&seed, 8) << 32;
}

static unsigned list_registers(void)
{
	return is_v3 ? 16 : 4;
}

/* ---- */

static void start(bool v3, u64 gicv_size)
{
	is_v3 = v3;
	seed = 11;
	memset(registers, 0xa5, sizeof(registers));
	memset(gich, 0xa5, sizeof(gich));
	registers[SYS_ICH_VTR_EL2] = 15 | 4 << 26 | 4ull << 29;
	*(u32 *)(gich + 4) = 3 | 4 << 26 | 4u << 29;
	registers[SYS_ICC_SRE_EL1] = 7;
	host = (struct gic_host){ .version = v3 ? 3 : 2,
				  .maintenance = 25,
				  .gich = hpa((uintptr_t)gich),
				  .gicv = hpa(0x8040000),
				  .gicv_size = gicv_size,
				  .set_ppi_active = set_ppi_active };
	gic = (struct gic){ .version = v3 ? 3 : 2, .uses_lrs = true };
	memset(vcpus, 0, sizeof(vcpus));
	vm.arch.gic = NULL;
	memset(&cpu, 0, sizeof(cpu));
	vgic_init();
	vgic_take_maintenance();
	vgic_cpu_init();
	lent->attach(&vm, &gic);
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i].vm = &vm;
		vcpus[i].index = i;
		vgic_reset(&vcpus[i]);
	}
}

static int start_v2(void **state)
{
	(void)state;
	start(false, 0x2000);
	return 0;
}

static int start_v3(void **state)
{
	(void)state;
	start(true, 0);
	return 0;
}

/* A GICv3 whose CPU interface can be that of a GICv2 too, and a guest that has one. */
static int start_v2_on_v3(void **state)
{
	(void)state;
	start(true, 0x2000);
	gic.version = 2;
	return 0;
}

static void load(unsigned i)
{
	cpu.loaded = &vcpus[i];
	vgic_load(&vcpus[i]);
}

static void put(unsigned i)
{
	vgic_put(&vcpus[i]);
	cpu.loaded = NULL;
}

static void test_v2_facts(void **state)
{
	(void)state;
	assert_int_equal(lent->lr_count, 4);
	assert_int_equal(lent->priority_bits, 5);
	assert_true(lent->v2);
	assert_false(lent->v3);
	assert_int_equal(gic.resets, VCPUS);
	assert_int_equal(get_hcr(), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(get_lr(i), 0);
	assert_int_equal(lent->map_cpu_interface(&vm, gpa(0x8010000), 0x10000), 0);
	assert_int_equal(mapped[0], 0x8010000);
	assert_int_equal(mapped[1], 0x8040000);
	assert_int_equal(mapped[2], 0x2000);
	assert_int_equal(lent->map_cpu_interface(&vm, gpa(0x8010000), 0x1000), 0);
	assert_int_equal(mapped[2], 0x1000);
	assert_int_equal(lent->map_cpu_interface(&vm, gpa(0), 0x1000), -EEXIST);
	ppi_active = true;
	lent->end_forwarded(&vcpus[0], 27);
	assert_false(ppi_active);
	start(false, 0);
	assert_int_equal(lent->lr_count, 0);
	assert_false(lent->v2);
}

static void test_v3_facts(void **state)
{
	(void)state;
	assert_int_equal(lent->lr_count, 16);
	assert_int_equal(lent->priority_bits, 5);
	assert_true(lent->v3);
	assert_false(lent->v2);
	assert_int_equal(get_hcr(), 0);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(get_lr(i), 0);
	start(true, 0x2000);
	assert_true(lent->v2); /* the register keeps what is written */
	assert_int_equal(registers[SYS_ICC_SRE_EL1], 1);
}

/* Without a maintenance interrupt there are no list registers, but system registers to keep from guests. */
static void test_no_maintenance(void **state)
{
	(void)state;
	host.maintenance = 0;
	vgic_init();
	assert_int_equal(lent->lr_count, 0);
	assert_false(lent->v2);
	assert_false(lent->v3);
	gic.uses_lrs = false;
	vgic_reset(&vcpus[0]);
	load(0);
	assert_int_equal(get_hcr(), is_v3 ? 0x1c00 : 0);
}

static void test_list_registers(void **state)
{
	(void)state;
	load(0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned n = (unsigned)test_random_below(&seed, list_registers());
		u64 lr = any_lr();

		lent->write_lr(&vcpus[0], n, lr);
		assert_true(lent->read_lr(&vcpus[0], n) == lr);
		if (gic.version == (is_v3 ? 3 : 2))
			assert_true(get_lr_v3(n) == lr);
	}
}

/* With SRE 0 the sender of an SGI is at bits 12:10, as GICC_IAR will show it. */
static void test_v2_on_v3(void **state)
{
	(void)state;
	load(0);
	assert_int_equal(registers[SYS_ICC_SRE_EL1], 0);
	lent->write_lr(&vcpus[0], 1, GIC_LR_PENDING | 5ull << 32 | 3);
	assert_true(get_lr(1) == (GIC_LR_PENDING | 5 << 10 | 3));
	assert_true(lent->read_lr(&vcpus[0], 1) == (GIC_LR_PENDING | 5ull << 32 | 3));
	lent->write_lr(&vcpus[0], 1, GIC_LR_PENDING | GIC_LR_HW | 0x405ull << 32 | 40);
	assert_true(get_lr(1) == (GIC_LR_PENDING | GIC_LR_HW | 0x405ull << 32 | 40));
	put(0);
	gic.version = 3;
	load(1);
	assert_int_equal(registers[SYS_ICC_SRE_EL1], 1);
	lent->write_lr(&vcpus[1], 1,
		       GIC_LR_PENDING | 5 << 10 | 3); /* INTID 5123: an LPI's some day */
	assert_true(lent->read_lr(&vcpus[1], 1) == (GIC_LR_PENDING | 5 << 10 | 3));
}

static struct {
	u64 vmcr, hcr, apr[2];
} model[VCPUS];

static u32 *apr(unsigned group)
{
	if (!is_v3)
		return (u32 *)(gich + 0xf0);
	return (u32 *)&registers[group ? SYS_ICH_AP1R0_EL2 : SYS_ICH_AP0R0_EL2];
}

/* The guest runs: all that it can change changes. */
static void change(unsigned i)
{
	model[i].vmcr = (u32)test_random(&seed);
	model[i].apr[0] = (u32)test_random(&seed);
	model[i].apr[1] = is_v3 ? (u32)test_random(&seed) : model[i].apr[0];
	set_vmcr(model[i].vmcr);
	*apr(0) = (u32)model[i].apr[0];
	*apr(1) = (u32)model[i].apr[1];
	lent->set_maintenance(&vcpus[i], (u32)test_random(&seed) & VGIC_HCR_REASONS);
	model[i].hcr = (get_hcr() & 0x7ffffff) | test_random_below(&seed, 32) << 27;
	set_hcr(model[i].hcr);
	lent->write_lr(&vcpus[i], (unsigned)test_random_below(&seed, list_registers()), any_lr());
}

static void test_switches(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		load(i);
		assert_int_equal(get_hcr(), 1);
		assert_int_equal(get_vmcr(), 0);
		change(i);
		put(i);
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned i = (unsigned)test_random_below(&seed, VCPUS);

		load(i);
		assert_int_equal(get_vmcr(), model[i].vmcr);
		assert_int_equal(get_hcr(), model[i].hcr);
		assert_int_equal(*apr(0), model[i].apr[0]);
		assert_int_equal(*apr(1), model[i].apr[1]);
		for (unsigned n = 0; n < list_registers(); n++)
			assert_int_equal(get_lr(n), 0);
		change(i);
		put(i);
		assert_int_equal(get_hcr(), 0);
	}
}

/* With more levels of preemption there are more registers of active priorities. */
static void test_active_priorities(void **state)
{
	static const u32 own[] = { SYS_ICH_AP0R0_EL2, SYS_ICH_AP0R1_EL2, SYS_ICH_AP0R2_EL2,
				   SYS_ICH_AP0R3_EL2, SYS_ICH_AP1R0_EL2, SYS_ICH_AP1R1_EL2,
				   SYS_ICH_AP1R2_EL2, SYS_ICH_AP1R3_EL2 };

	(void)state;
	for (unsigned bits = 5; bits <= 7; bits++) {
		unsigned count = bits == 5 ? 1 : bits == 6 ? 2 : 4;

		registers[SYS_ICH_VTR_EL2] = 3 | (bits - 1) << 26 | (u64)(bits - 1) << 29;
		vgic_init();
		assert_int_equal(lent->priority_bits, bits);
		load(0);
		for (unsigned i = 0; i < 8; i++)
			registers[own[i]] = 100 + i;
		put(0);
		for (unsigned i = 0; i < 8; i++)
			registers[own[i]] = 0;
		load(0);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(registers[own[i]], i % 4 < count ? 100 + i : 0);
		put(0);
	}
}

static void test_maintenance_reasons(void **state)
{
	(void)state;
	load(0);
	lent->set_maintenance(&vcpus[0], GIC_MAINTAIN_UNDERFLOW | GIC_MAINTAIN_NO_ENTRY);
	assert_int_equal(get_hcr(), 7);
	set_hcr(get_hcr() | 9u << 27);
	lent->set_maintenance(&vcpus[0], GIC_MAINTAIN_NONE_PENDING);
	assert_int_equal(get_hcr(), 9 | 9u << 27);
	assert_int_equal(lent->take_eoi_count(&vcpus[0]), 9);
	assert_int_equal(get_hcr(), 9);
	assert_int_equal(lent->take_eoi_count(&vcpus[0]), 0);
	set_hcr(get_hcr() | 31u << 27);
	put(0);
	assert_int_equal(get_hcr(), 0);
	load(0);
	assert_int_equal(lent->take_eoi_count(&vcpus[0]), 31);
}

static void test_empty(void **state)
{
	(void)state;
	load(0);
	registers[SYS_ICH_ELRSR_EL2] = 0xabcd;
	*(u32 *)(gich + 0x30) = 0xabcd;
	assert_int_equal(lent->empty_lrs(&vcpus[0]), is_v3 ? 0xabcd : 0xd);
}

/* A reason that stays is put aside; one that goes leaves what the emulator asked for. */
static void test_maintenance_interrupt(void **state)
{
	u64 *misr = is_v3 ? &registers[SYS_ICH_MISR_EL2] : (u64 *)(gich + 16);

	(void)state;
	maintenance_handler(NULL); /* of nobody */
	assert_int_equal(gic.syncs, 0);
	load(0);
	*misr = 0;
	maintenance_handler(NULL);
	assert_int_equal(gic.syncs, 1);
	assert_int_equal(get_hcr(), 9);
	*misr = 8;
	maintenance_handler(NULL);
	assert_int_equal(gic.syncs, 2);
	assert_int_equal(get_hcr(), 1);
	vm.arch.gic = NULL;
	maintenance_handler(NULL);
	assert_int_equal(gic.syncs, 2);
}

/* Neither its registers nor its virtual interrupts are for a guest whose CPU interface is emulated, or that has none. */
static void test_without_list_registers(void **state)
{
	(void)state;
	gic.uses_lrs = false;
	gic.waiting = 7;
	vgic_reset(&vcpus[0]);
	load(0);
	assert_int_equal(get_hcr(), is_v3 ? 0x1c00 : 0);
	assert_false(vgic_has_pending(&vcpus[0])); /* its pins tell */
	put(0);
	assert_int_equal(get_hcr(), 0);
	lent->attach(&vm, NULL);
	vgic_reset(&vcpus[1]);
	load(1);
	assert_int_equal(get_hcr(), is_v3 ? 0x1c00 : 0);
	assert_false(vgic_has_pending(&vcpus[1]));
	put(1);
}

static void test_pending_elsewhere(void **state)
{
	(void)state;
	assert_false(vgic_has_pending(&vcpus[1]));
	gic.waiting = 2;
	assert_true(vgic_has_pending(&vcpus[1]));
	assert_false(vgic_has_pending(&vcpus[0]));
}

/* Would the CPU interface signal it: pending and not active, group on, priority above the mask (lower is higher). */
static bool is_signalled(u64 lr)
{
	unsigned mask = get_vmcr() >> 24 & 0xff, priority = lr >> 48 & 0xff;
	bool group_is_on = lr >> 60 & 1 ? get_vmcr() & 2 : get_vmcr() & 1;

	return lr >> 62 == 1 && group_is_on && priority < mask;
}

static void test_pending_here(void **state)
{
	unsigned both[2] = { 0 };

	(void)state;
	load(0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		bool expected = false;

		set_vmcr(test_random_below(&seed, 4) | test_random_below(&seed, 32) << 27);
		for (unsigned n = 0; n < list_registers(); n++) {
			u64 lr = test_random_below(&seed, 4) ? 0 : any_lr();

			lent->write_lr(&vcpus[0], n, lr);
			expected |= is_signalled(lr);
		}
		assert_int_equal(vgic_has_pending(&vcpus[0]), expected);
		both[expected]++;
	}
	assert_true(both[0] > ROUNDS / 50 && both[1] > ROUNDS / 50);
}

int main(void)
{
#define ON(kind, name)                                             \
	{                                                          \
#name " on " #kind, name, start_##kind, NULL, NULL \
	}
#define ON_BOTH(name) ON(v2, name), ON(v3, name)
	static const struct CMUnitTest tests[] = {
		ON(v2, test_v2_facts),
		ON(v3, test_v3_facts),
		ON_BOTH(test_no_maintenance),
		ON_BOTH(test_list_registers),
		ON(v2_on_v3, test_list_registers),
		ON(v2_on_v3, test_v2_on_v3),
		ON_BOTH(test_switches),
		ON(v3, test_active_priorities),
		ON_BOTH(test_maintenance_reasons),
		ON_BOTH(test_empty),
		ON_BOTH(test_maintenance_interrupt),
		ON_BOTH(test_without_list_registers),
		ON_BOTH(test_pending_elsewhere),
		ON_BOTH(test_pending_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
