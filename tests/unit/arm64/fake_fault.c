/* SPDX-License-Identifier: MIT */
/* Host tests: one device and the CPU's address translation, for arch/arm64's aborts and exits. */
#include <fake_fault.h>

#include <stdlib.h>
#include <string.h>

#include <arch/at.h>
#include <arch/trap.h>
#include <core/errno.h>
#include <core/trace.h>
#include <fake_arm64.h>

struct fake_fault fake_fault;

void fake_fault_start(void)
{
	memset(&fake_fault, 0, sizeof(fake_fault));
	fake_fault.par = ~0ull;
}

/* ---- translation ---- */

static u64 translate(u64 va)
{
	u64 par = fake_fault.par == ~0ull ? (va & PAR_PA) | PAR_ATTR_NORMAL : fake_fault.par;

	fake_fault.at_count++;
	sysreg_write(PAR_EL1, par);
	return par;
}

u64 at_s1e1r(u64 va)
{
	fake_fault.at_el0 = false;
	return translate(va);
}

u64 at_s1e0r(u64 va)
{
	fake_fault.at_el0 = true;
	return translate(va);
}

int stage2_lookup(struct vm *vm, gpa_t at, struct pt_leaf *leaf)
{
	(void)vm;
	if (at.v < FAKE_RAM_BASE || at.v >= FAKE_RAM_BASE + FAKE_RAM_SIZE)
		return -ENOENT;
	*leaf = (struct pt_leaf){ .attr = fake_fault.ram_attr };
	return 0;
}

void arm64_tlb_flush_guests(void)
{
	fake_fault.flush_count++;
}

/* ---- the device ---- */

static struct fake_access *record(u64 addr, unsigned size, bool store, u64 value)
{
	struct fake_access *a = &fake_fault.accesses[fake_fault.access_count++ % FAKE_ACCESSES];

	*a = (struct fake_access){ addr, value, size, store };
	return a;
}

static int answer(u64 addr, unsigned size)
{
	if (addr < FAKE_DEVICE || addr + size > FAKE_DEVICE + FAKE_DEVICE_SIZE)
		return fake_fault.elsewhere ? fake_fault.elsewhere : -EFAULT;
	return 0;
}

int exit_mmio_read(struct vcpu *vcpu, u64 addr, unsigned size, u64 *value)
{
	int err = answer(addr, size);

	(void)vcpu;
	if (err)
		return err;
	*value = fake_fault.data & (~0ull >> (64 - 8 * size));
	record(addr, size, false, *value);
	return 0;
}

int exit_mmio_write(struct vcpu *vcpu, u64 addr, unsigned size, u64 value)
{
	int err = answer(addr, size);

	(void)vcpu;
	if (!err)
		record(addr, size, true, value & (~0ull >> (64 - 8 * size)));
	return err;
}

/* ---- what exits call beside that ---- */

bool trace_on;

void trace_exit(struct vcpu *vcpu, unsigned cause)
{
	(void)vcpu;
	fake_fault.traced_exit = cause;
}

void trace_enter(struct vcpu *vcpu)
{
	(void)vcpu;
	fake_fault.traced_enters++;
}

void arm64_interrupt(void)
{
	fake_fault.interrupt_count++;
	if (fake_fault.on_interrupt)
		fake_fault.on_interrupt();
}

void vcpu_spins(struct vcpu *vcpu)
{
	(void)vcpu;
	fake_fault.spin_count++;
}

void log_guest(struct log_limit *limit, const char *vm_name, const char *fmt, ...)
{
	(void)limit;
	(void)vm_name;
	(void)fmt;
	fake_fault.log_count++;
}

/* ---- vcpu.c's part ---- */

void arm64_sync_interrupts(struct vcpu *vcpu)
{
	vcpu->requests &= ~(u32)VCPU_REQ_IRQ;
	fake_fault.sync_count++;
}

bool arm64_serve_requests(struct vcpu *vcpu)
{
	fake_fault.served = vcpu->requests;
	vcpu->requests &= VCPU_REQ_LEAVE;
	return vcpu->requests;
}

/* ---- caches ---- */

void arm64_cache_clean_invalidate(const void *p, u64 size)
{
	if (size % PAGE_SIZE || (uintptr_t)p % PAGE_SIZE ||
	    fake_fault.cleaned_count == FAKE_CLEANED)
		abort();
	fake_fault.cleaned[fake_fault.cleaned_count].base = (uintptr_t)p;
	fake_fault.cleaned[fake_fault.cleaned_count++].size = size;
}
