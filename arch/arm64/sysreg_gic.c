/* SPDX-License-Identifier: MIT */
/* Registers of the GIC's CPU interface that trap although the rest of it is hardware (IHI 0069, 12.2). */
#include <arch/sysreg_rows.h>
#include <core/vm.h>
#include <emulators/gic.h>

#define SRE_FIXED 7 /* SRE, DFB, DIB: there is no other interface, and no bypass (12.2.23) */

static struct gic *gic_of(const struct vcpu *vcpu)
{
	struct gic *gic = vcpu->vm->arch.gic;

	return gic && gic_version(gic) == 3 ? gic : NULL;
}

/* With one security state ICC_SGI1R reaches SGIs of both groups, the other two those of group 0. */
enum sysreg_result sysreg_write_sgi(struct vcpu *vcpu, u32 encoding, u64 value)
{
	struct gic *gic = gic_of(vcpu);

	if (unlikely(!gic))
		return SYSREG_UNDEFINED;
	gic_send_sgi(gic, vcpu->index, value, encoding == SYS_ICC_SGI1R_EL1);
	return SYSREG_DONE;
}

enum sysreg_result sysreg_read_sre(struct vcpu *vcpu, u32 encoding, u64 *value)
{
	(void)encoding;
	*value = SRE_FIXED;
	return gic_of(vcpu) ? SYSREG_DONE : SYSREG_UNDEFINED;
}

enum sysreg_result sysreg_write_sre(struct vcpu *vcpu, u32 encoding, u64 value)
{
	(void)encoding;
	(void)value;
	return gic_of(vcpu) ? SYSREG_DONE : SYSREG_UNDEFINED;
}
