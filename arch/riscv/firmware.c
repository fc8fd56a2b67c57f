/* SPDX-License-Identifier: MIT */
/* riscv64: what the hypervisor asks of the firmware below it: harts, IPIs, timer, fences, power. */
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/log.h>

/* Extensions that we ask for; a bit each in `present`. */
static const struct {
	u32 id;
	const char *name;
} wanted[] = {
	{ SBI_EXT_TIME, "TIME" }, { SBI_EXT_IPI, "IPI" },   { SBI_EXT_RFENCE, "RFENCE" },
	{ SBI_EXT_HSM, "HSM" },   { SBI_EXT_SRST, "SRST" }, { SBI_EXT_DBCN, "DBCN" },
};
static u32 present;
static u32 spec_version;

void riscv_firmware_init(void)
{
	spec_version = sbi_ecall(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION, 0, 0, 0, 0, 0, 0).value;
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct sbi_ret r =
			sbi_ecall(SBI_EXT_BASE, SBI_BASE_PROBE, wanted[i].id, 0, 0, 0, 0, 0);

		if (!r.error && r.value)
			present |= 1u << i;
	}
}

bool riscv_firmware_has(u32 extension)
{
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++)
		if (wanted[i].id == extension)
			return present & (1u << i);
	return false;
}

void riscv_firmware_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	print(ctx, "firmware: SBI %u.%u", (spec_version >> 24) & 0x7f, spec_version & 0xffffff);
	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++)
		if (present & (1u << i))
			print(ctx, " %s", wanted[i].name);
	print(ctx, "\n");
}

extern char secondary_boot[];

int arch_cpu_start(struct cpu *cpu)
{
	struct sbi_ret r;

	if (!riscv_firmware_has(SBI_EXT_HSM))
		return -ENOSYS;
	cpu->arch.hart_id = riscv_hart_id(cpu->id);
	cpu->arch.host_sp = (uintptr_t)cpu->stack + CPU_STACK_SIZE; /* boot.S starts on it */
	r = sbi_ecall(SBI_EXT_HSM, SBI_HSM_START, cpu->arch.hart_id, ptr_to_hpa(secondary_boot).v,
		      ptr_to_hpa(cpu).v, 0, 0, 0);
	return r.error ? -EIO : 0;
}

void arch_ipi_send(unsigned cpu)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (riscv_firmware_has(SBI_EXT_IPI))
		sbi_ecall(SBI_EXT_IPI, SBI_IPI_SEND, 1, riscv_hart_id(cpu), 0, 0, 0, 0);
}

void arch_timer_arm(u64 deadline)
{
	if (isa_has(EXT_SSTC))
		csr_write(CSR_STIMECMP, deadline);
	else if (riscv_firmware_has(SBI_EXT_TIME))
		sbi_ecall(SBI_EXT_TIME, SBI_TIME_SET, deadline, 0, 0, 0, 0, 0);
	else
		sbi_ecall(SBI_EXT_LEGACY_SET_TIMER, 0, deadline, 0, 0, 0, 0, 0);
}

void arch_system_off(bool reboot)
{
	arch_irq_save();
	if (riscv_firmware_has(SBI_EXT_SRST))
		sbi_ecall(SBI_EXT_SRST, SBI_SRST_RESET,
			  reboot ? SBI_SRST_COLD_REBOOT : SBI_SRST_SHUTDOWN, SBI_SRST_REASON_NONE,
			  0, 0, 0, 0);
	if (!reboot)
		sbi_ecall(SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0, 0);
	for (;;)
		__asm__ volatile("wfi");
}
