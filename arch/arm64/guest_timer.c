/* SPDX-License-Identifier: MIT */
/* The guest's timers: the virtual one is hardware that it owns, the physical one is emulated by a host timer. */
#include <arch/gic_host.h>
#include <arch/guest.h>
#include <arch/host.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/time.h>
#include <core/vm.h>
#include <emulators/gic.h>
#include <libfdt.h>

/*
 * The host's interrupt of the virtual timer while a vCPU is loaded:
 *
 *   CNTV fires ─► handler: gic_set_ppi() ─► list register, HW bit ─► guest ends it ─► inactive in the host's GIC
 *                 └── stays active in the host's GIC, so that it does not come again ──┘
 *
 * `forwarded_active` says that this has begun. Its end shows in the host's GIC only, which is read when it matters.
 * What is active goes with the vCPU: put takes it out of this CPU's GIC, load brings it to the next one's.
 */

/* CNTHCTL_EL2 without E2H (D24.10.2): reads of the physical counter are the guest's own; CNTPOFF_EL2 counts. */
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_ECV BIT(12)

/* Node "arm,armv8-timer": interrupts are secure, physical, virtual, hypervisor; three cells each. */
#define TIMER_PHYSICAL 1
#define TIMER_VIRTUAL 2
#define GIC_CELLS 3
#define GIC_CELL_PPI 1
#define GIC_PPI_FIRST 16
#define GIC_PPI_COUNT 16

static u32 host_ppi;    /* 0: none was given to us */
static bool has_offset; /* CNTPOFF_EL2 does what it says */

/* ---- time of the guest: host ticks since vm->arch.time_offset ---- */

static u64 guest_now(const struct vcpu *vcpu)
{
	return time_now() - vcpu->vm->arch.time_offset;
}

static u64 host_time(const struct vcpu *vcpu, u64 guest_time)
{
	u64 offset = vcpu->vm->arch.time_offset;

	return guest_time > TIME_NEVER - offset ? TIME_NEVER : guest_time + offset;
}

static bool is_armed(u64 ctl)
{
	return (ctl & (CNT_ENABLE | CNT_IMASK)) == CNT_ENABLE;
}

/* ---- virtual timer ---- */

static bool is_loaded(const struct vcpu *vcpu)
{
	return this_cpu()->loaded == vcpu;
}

/* The guest has not ended yet what was given to it. */
static bool is_taken_up(struct vcpu *vcpu)
{
	struct arm64_timers *t = &vcpu->arch.timers;

	if (t->forwarded_active && is_loaded(vcpu))
		t->forwarded_active = arm64_gic()->ppi_is_active(host_ppi);
	return t->forwarded_active;
}

/* Gives the interrupt to the vCPU. Without a line for it in the guest nobody ends it, and it does not come again. */
static void raise_virtual(struct vcpu *vcpu)
{
	const struct arch_vm *vm = &vcpu->vm->arch;

	vcpu->arch.timers.forwarded_active = true;
	if (likely(vm->gic && vm->timers.virtual))
		gic_set_ppi(vm->gic, vcpu->index, vm->timers.virtual, true);
}

/* The host's GIC keeps it active. */
static void virtual_timer_fired(void *ctx)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	(void)ctx;
	if (likely(vcpu))
		raise_virtual(vcpu);
	else
		arm64_gic()->set_ppi_active(host_ppi, false);
}

/*
 * Firmware at EL3 decides whether CNTPOFF_EL2 counts (SCR_EL3.ECVEn), and nobody says what it did. So a timer is set
 * to now: it is due, unless its time is one that has just begun.
 */
static bool probe_offset(void)
{
	u64 now = time_now();
	bool due;

	sysreg_write(CNTPOFF_EL2, now);
	sysreg_write(CNTHCTL_EL2, CNTHCTL_ECV);
	sysreg_write(CNTP_CVAL_EL0, now);
	sysreg_write(CNTP_CTL_EL0, CNT_ENABLE | CNT_IMASK);
	isb();
	due = sysreg_read(CNTP_CTL_EL0) & CNT_ISTATUS;
	sysreg_write(CNTP_CTL_EL0, 0);
	sysreg_write(CNTHCTL_EL2, 0);
	sysreg_write(CNTPOFF_EL2, 0);
	return !due;
}

int guest_timer_bind(u32 virtual_ppi)
{
	const struct gic_host *gic = arm64_gic();

	if (!gic)
		return -ENODEV;
	has_offset = arm64_features.ecv_poff && probe_offset();
	gic->forward_ppi(virtual_ppi);
	host_ppi = virtual_ppi;
	return irq_request(virtual_ppi, "guest-timer", virtual_timer_fired, NULL);
}

static void load_virtual(struct vcpu *vcpu)
{
	struct arm64_timers *t = &vcpu->arch.timers;

	sysreg_write(CNTVOFF_EL2, vcpu->vm->arch.time_offset);
	sysreg_write(CNTV_CVAL_EL0, t->cntv_cval);
	/* Due already: that spares the exit that the interrupt would be. */
	if (is_armed(t->cntv_ctl) && !t->forwarded_active && guest_now(vcpu) >= t->cntv_cval)
		raise_virtual(vcpu);
	if (t->forwarded_active)
		arm64_gic()->set_ppi_active(host_ppi, true);
	sysreg_write(CNTV_CTL_EL0, t->cntv_ctl);
}

static void put_virtual(struct vcpu *vcpu)
{
	struct arm64_timers *t = &vcpu->arch.timers;

	t->cntv_ctl = sysreg_read(CNTV_CTL_EL0) & (CNT_ENABLE | CNT_IMASK);
	t->cntv_cval = sysreg_read(CNTV_CVAL_EL0);
	sysreg_write(CNTV_CTL_EL0, 0);
	if (is_taken_up(vcpu)) {
		isb(); /* the line is low before the GIC looks at it again */
		arm64_gic()->set_ppi_active(host_ppi, false);
	}
}

bool guest_timer_line(struct vcpu *vcpu)
{
	(void)vcpu;
	return (sysreg_read(CNTV_CTL_EL0) & (CNT_ENABLE | CNT_IMASK | CNT_ISTATUS)) ==
	       (CNT_ENABLE | CNT_ISTATUS);
}

static void read_virtual(const struct vcpu *vcpu, u64 *ctl, u64 *cval)
{
	bool here = is_loaded(vcpu);

	*ctl = here ? sysreg_read(CNTV_CTL_EL0) : vcpu->arch.timers.cntv_ctl;
	*cval = here ? sysreg_read(CNTV_CVAL_EL0) : vcpu->arch.timers.cntv_cval;
}

bool guest_timer_is_due(struct vcpu *vcpu)
{
	u64 ctl, cval;

	read_virtual(vcpu, &ctl, &cval);
	return is_armed(ctl) && guest_now(vcpu) >= cval && !is_taken_up(vcpu);
}

void guest_timer_take_up(struct vcpu *vcpu)
{
	if (!is_loaded(vcpu) || !guest_timer_is_due(vcpu))
		return;
	raise_virtual(vcpu);
	arm64_gic()->set_ppi_active(host_ppi, true);
}

u64 guest_timer_deadline(struct vcpu *vcpu)
{
	u64 ctl, cval;

	read_virtual(vcpu, &ctl, &cval);
	/* What it was told of already does not wake it a second time. */
	if (!is_armed(ctl) || (guest_now(vcpu) >= cval && is_taken_up(vcpu)))
		return TIME_NEVER;
	return host_time(vcpu, cval);
}

/* ---- physical timer ---- */

static void set_physical(struct vcpu *vcpu, bool level)
{
	const struct arch_vm *vm = &vcpu->vm->arch;

	if (vm->gic && vm->timers.physical)
		gic_set_ppi(vm->gic, vcpu->index, vm->timers.physical, level);
}

static void physical_timer_fired(struct timer *timer)
{
	set_physical(container_of(timer, struct vcpu, arch.timers.cntp), true);
}

static bool physical_is_due(const struct vcpu *vcpu)
{
	const struct arm64_timers *t = &vcpu->arch.timers;

	return (t->cntp_ctl & CNT_ENABLE) && guest_now(vcpu) >= t->cntp_cval;
}

/* No callback for the old setting runs any more when the line falls, so it stays low until the new one. */
static void write_physical(struct vcpu *vcpu, u64 ctl, u64 cval)
{
	struct arm64_timers *t = &vcpu->arch.timers;
	bool level;

	timer_cancel_sync(&t->cntp);
	t->cntp_ctl = ctl & (CNT_ENABLE | CNT_IMASK);
	t->cntp_cval = cval;
	level = is_armed(ctl) && physical_is_due(vcpu);
	set_physical(vcpu, level);
	if (is_armed(ctl) && !level)
		timer_set(&t->cntp, host_time(vcpu, cval));
}

u64 guest_timer_read(struct vcpu *vcpu, u32 encoding)
{
	const struct arm64_timers *t = &vcpu->arch.timers;

	switch (encoding) {
	case SYS_CNTPCT_EL0:
		return guest_now(vcpu);
	case SYS_CNTP_TVAL_EL0:
		return (u32)(t->cntp_cval - guest_now(vcpu));
	case SYS_CNTP_CVAL_EL0:
		return t->cntp_cval;
	}
	return t->cntp_ctl | (physical_is_due(vcpu) ? CNT_ISTATUS : 0);
}

void guest_timer_write(struct vcpu *vcpu, u32 encoding, u64 value)
{
	const struct arm64_timers *t = &vcpu->arch.timers;

	switch (encoding) {
	case SYS_CNTP_TVAL_EL0:
		write_physical(vcpu, t->cntp_ctl, guest_now(vcpu) + (u64)(s64)(s32)value);
		break;
	case SYS_CNTP_CVAL_EL0:
		write_physical(vcpu, t->cntp_ctl, value);
		break;
	case SYS_CNTP_CTL_EL0:
		write_physical(vcpu, value, t->cntp_cval);
		break;
	}
}

/* ---- lives of the VM and the vCPU ---- */

static u32 ppi_of(const fdt32_t *cells, int len, unsigned which)
{
	u32 number;

	if (len < (int)((which + 1) * GIC_CELLS * sizeof(*cells)))
		return 0;
	cells += which * GIC_CELLS;
	number = fdt32_to_cpu(cells[1]);
	if (fdt32_to_cpu(cells[0]) != GIC_CELL_PPI || number >= GIC_PPI_COUNT)
		return 0;
	return GIC_PPI_FIRST + number;
}

void guest_timer_vm_create(struct vm *vm, const void *fdt)
{
	int len = 0, node = fdt_node_offset_by_compatible(fdt, -1, "arm,armv8-timer");
	const fdt32_t *cells = node < 0 ? NULL : fdt_getprop(fdt, node, "interrupts", &len);

	if (node < 0 || !cells)
		return;
	vm->arch.timers.physical = ppi_of(cells, len, TIMER_PHYSICAL);
	vm->arch.timers.virtual = ppi_of(cells, len, TIMER_VIRTUAL);
}

void guest_timer_vm_start(struct vm *vm)
{
	vm->arch.time_offset = time_now();
	if (vm->arch.gic && vm->arch.timers.virtual && host_ppi)
		gic_forward_ppi(vm->arch.gic, vm->arch.timers.virtual, host_ppi);
}

void guest_timer_vm_stop(struct vm *vm)
{
	for (u32 i = 0; i < vm->vcpu_count; i++)
		timer_cancel_sync(&vm->vcpus[i]->arch.timers.cntp);
}

void guest_timer_create(struct vcpu *vcpu)
{
	timer_init(&vcpu->arch.timers.cntp, physical_timer_fired);
}

void guest_timer_destroy(struct vcpu *vcpu)
{
	timer_cancel_sync(&vcpu->arch.timers.cntp);
}

void guest_timer_reset(struct vcpu *vcpu)
{
	struct arm64_timers *t = &vcpu->arch.timers;

	write_physical(vcpu, 0, 0);
	t->cntv_ctl = 0;
	t->cntv_cval = 0;
	t->forwarded_active = false;
}

void guest_timer_load(struct vcpu *vcpu)
{
	if (has_offset) {
		sysreg_write(CNTPOFF_EL2, vcpu->vm->arch.time_offset);
		sysreg_write(CNTHCTL_EL2, CNTHCTL_EL1PCTEN | CNTHCTL_ECV);
	} else {
		sysreg_write(CNTHCTL_EL2, 0);
	}
	load_virtual(vcpu);
}

void guest_timer_put(struct vcpu *vcpu)
{
	put_virtual(vcpu);
}
