/* SPDX-License-Identifier: MIT */
/* SBI IPI: software interrupts between the guest's harts (SBI 2.0, chapter 7). */
#include <arch/sbi_guest.h>
#include <core/vm.h>

static void send(struct vcpu *from, struct vcpu *to)
{
	u32 bit = BIT(IRQ_VS_SOFT);

	if (from == to) {
		csr_set(CSR_HVIP, BIT(IRQ_VS_SOFT));
		return;
	}
	/* Whoever set the bit before and found it clear makes the request for both. */
	if (!(__atomic_fetch_or(&to->arch.pins, bit, __ATOMIC_SEQ_CST) & bit))
		vcpu_request(to, VCPU_REQ_IRQ);
}

void sbi_send_ipi(struct vcpu *vcpu, const struct sbi_harts *harts)
{
	for (u32 hart = harts->first; hart < harts->end; hart++)
		if (sbi_harts_has(harts, hart))
			send(vcpu, vcpu->vm->vcpus[hart]);
}

static long ipi_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	struct sbi_harts harts;
	long err;

	(void)value;
	if (fid != SBI_IPI_SEND)
		return SBI_ERR_NOT_SUPPORTED;
	err = sbi_harts(vcpu, vcpu->arch.x[10], vcpu->arch.x[11], &harts);
	if (!err)
		sbi_send_ipi(vcpu, &harts);
	return err;
}

DEFINE_SBI_EXTENSION(sbi_ipi) = {
	.first = SBI_EXT_IPI,
	.last = SBI_EXT_IPI,
	.name = "IPI",
	.handle = ipi_handle,
};
