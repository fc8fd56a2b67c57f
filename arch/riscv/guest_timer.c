/* SPDX-License-Identifier: MIT */
/* The guest's timer: vstimecmp where the harts have Sstc, else a host timer that drives VSTIP. */
#include <arch/guest.h>
#include <arch/isa.h>
#include <core/time.h>
#include <core/vm.h>

/* Guest time is host time plus vm->arch.time_delta, modulo 2^64; the delta is that of a VM started after boot. */
static u64 host_deadline(const struct vcpu *vcpu, u64 guest_time)
{
	u64 offset = -vcpu->vm->arch.time_delta; /* host ticks when the guest's time was 0 */

	return guest_time > TIME_NEVER - offset ? TIME_NEVER : guest_time + offset;
}

static bool is_due(const struct vcpu *vcpu)
{
	return time_now() + vcpu->vm->arch.time_delta >= vcpu->arch.vstimecmp;
}

static void timer_fired(struct timer *timer)
{
	vcpu_set_pin(container_of(timer, struct vcpu, arch.timer), VCPU_PIN_TIMER, true);
}

/* No callback for the old deadline runs any more when the pin is cleared, so it stays clear until the new one. */
static void set_host_timer(struct vcpu *vcpu, u64 deadline)
{
	struct timer *timer = &vcpu->arch.timer;

	timer_cancel_sync(timer);
	vcpu->arch.vstimecmp = deadline;
	if (is_due(vcpu)) {
		vcpu_set_pin(vcpu, VCPU_PIN_TIMER, true);
		return;
	}
	vcpu_set_pin(vcpu, VCPU_PIN_TIMER, false);
	timer_set(timer, host_deadline(vcpu, deadline));
}

void riscv_timer_set(struct vcpu *vcpu, u64 deadline)
{
	if (likely(isa_has(EXT_SSTC)))
		csr_write(CSR_VSTIMECMP, deadline);
	else
		set_host_timer(vcpu, deadline);
}

void riscv_timer_init(struct vcpu *vcpu)
{
	vcpu->arch.vstimecmp = TIME_NEVER;
	timer_init(&vcpu->arch.timer, timer_fired);
}

void riscv_timer_reset(struct vcpu *vcpu)
{
	timer_cancel_sync(&vcpu->arch.timer);
	vcpu->arch.vstimecmp = TIME_NEVER;
	__atomic_fetch_and(&vcpu->arch.pins, ~(u32)BIT(IRQ_VS_TIMER), __ATOMIC_SEQ_CST);
}

void riscv_timer_destroy(struct vcpu *vcpu)
{
	timer_cancel_sync(&vcpu->arch.timer);
}

u64 riscv_timer_deadline(struct vcpu *vcpu)
{
	u64 deadline = vcpu->arch.vstimecmp;

	if (isa_has(EXT_SSTC) && vcpu->loaded_cpu >= 0)
		deadline = csr_read(CSR_VSTIMECMP);
	return deadline == TIME_NEVER ? TIME_NEVER : host_deadline(vcpu, deadline);
}
