/* SPDX-License-Identifier: MIT */
/* arm64: what the host's GIC gives to guests: list registers, their maintenance interrupt, a CPU interface. */
#include <arch/gic_host.h>
#include <arch/guest.h>
#include <arch/vgic.h>
#include <core/errno.h>
#include <core/log.h>
#include <core/vm.h>
#include <libs/gic.h>

/* NULL: there is no hardware for guests at all. */
static const struct vgic_hardware *hardware;

/* ---- what the emulator asks for, whatever the hardware ---- */

/* Timers of vCPUs that are halted may still fire, and would interrupt by it. */
static void attach(struct vm *vm, struct gic *gic)
{
	if (!gic)
		guest_timer_vm_stop(vm);
	vm->arch.gic = gic;
}

static int map_cpu_interface(struct vm *vm, gpa_t at, u64 size)
{
	const struct gic_host *host = arm64_gic();
	int err = gpa_add_host(vm, at, host->gicv, MIN(size, host->gicv_size), GPA_DEVICE,
			       "GIC CPU interface");

	if (err)
		log_error("VM %s: the GIC's CPU interface cannot be mapped at 0x%llx: %s", vm->name,
			  (unsigned long long)at.v, error_text(err));
	return err;
}

static void end_forwarded(struct vcpu *vcpu, u32 host_intid)
{
	(void)vcpu;
	arm64_gic()->set_ppi_active(host_intid, false);
}

/* ---- maintenance ---- */

/*
 * A reason that holds still after the emulator has looked would interrupt for ever: it is put aside until
 * the vCPU comes to gic_sync() again. The vCPU may be loaded only, while a task runs here.
 */
static void maintenance(void *ctx)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	(void)ctx;
	if (!vcpu || !vcpu->vm->arch.gic)
		return;
	gic_sync(vcpu->vm->arch.gic, vcpu);
	isb();
	if (hardware->misr())
		hardware->lent->set_maintenance(vcpu, 0);
}

void vgic_take_maintenance(void)
{
	u32 ppi = arm64_gic()->maintenance;
	int err = ppi ? irq_request(ppi, "vgic", maintenance, NULL) : 0;

	if (err)
		log_error("the GIC's maintenance interrupt %u cannot be had: %s", ppi,
			  error_text(err));
}

/* ---- start ---- */

void vgic_init(void)
{
	static struct gic_hardware none;
	const struct gic_host *host = arm64_gic();
	struct gic_hardware *lent = &none;

	if (host->version == 3 || host->gich.v) {
		hardware = host->version == 3 ? &vgic_v3 : &vgic_v2;
		hardware->init(host);
		lent = hardware->lent;
	}
	lent->attach = attach;
	lent->map_cpu_interface = map_cpu_interface;
	lent->end_forwarded = end_forwarded;
	gic_set_hardware(lent);
}

void vgic_cpu_init(void)
{
	if (hardware)
		hardware->cpu_init();
}

/* ---- a vCPU's interface ---- */

static bool uses_lrs(const struct vcpu *vcpu)
{
	const struct gic *gic = vcpu->vm->arch.gic;

	return gic && gic_uses_lrs(gic);
}

void vgic_load(struct vcpu *vcpu)
{
	if (hardware)
		hardware->load(vcpu);
}

void vgic_put(struct vcpu *vcpu)
{
	const struct arm64_vgic_cpu *v = &vcpu->arch.vgic;

	if (!hardware)
		return;
	if (v->used || (v->hcr & VGIC_HCR_REASONS)) /* else the emulator has nothing here */
		gic_put(vcpu->vm->arch.gic, vcpu);
	hardware->put(vcpu);
}

void vgic_reset(struct vcpu *vcpu)
{
	u64 locked = hardware ? hardware->locked_hcr : 0;

	vcpu->arch.vgic = (struct arm64_vgic_cpu){ .hcr = uses_lrs(vcpu) ? VGIC_HCR_EN : locked };
	if (vcpu->vm->arch.gic)
		gic_reset_cpu(vcpu->vm->arch.gic, vcpu->index);
}

/* Like the hardware, but for active interrupts, which may hold one back that ends a wait all the same. */
static bool is_signalled(u64 lr, u32 vmcr)
{
	u64 group = lr & GIC_LR_GROUP1 ? VGIC_VMCR_GROUP1 : VGIC_VMCR_GROUP0;

	return (lr & GIC_LR_STATE) == GIC_LR_PENDING && (vmcr & group) &&
	       (lr >> GIC_LR_PRIORITY_SHIFT & 0xff) < vmcr >> VGIC_VMCR_PMR_SHIFT;
}

bool vgic_has_pending(struct vcpu *vcpu)
{
	u32 vmcr;

	if (!hardware || !uses_lrs(vcpu))
		return false;
	if (gic_has_waiting(vcpu->vm->arch.gic, vcpu->index))
		return true;
	if (this_cpu()->loaded != vcpu)
		return false; /* gic_put() has emptied its list registers */
	vmcr = hardware->vmcr();
	for (u32 used = vcpu->arch.vgic.used; used; used &= used - 1)
		if (is_signalled(hardware->lent->read_lr(vcpu, (unsigned)__builtin_ctz(used)),
				 vmcr))
			return true;
	return false;
}

void vgic_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	const struct gic_host *host = arm64_gic();
	const struct gic_hardware *lent = hardware ? hardware->lent : NULL;

	if (!host)
		return;
	print(ctx, "interrupts: GICv%u%s, ", host->version, host->has_its ? " with ITS" : "");
	if (lent && lent->lr_count)
		print(ctx, "%u list registers for guests with%s%s%s\n", lent->lr_count,
		      lent->v3 ? " GICv3" : "", lent->v3 && lent->v2 ? " or" : "",
		      lent->v2 ? " GICv2" : "");
	else
		print(ctx, "guests' CPU interfaces are emulated\n");
}
