/* SPDX-License-Identifier: MIT */
/* arm64: what the hypervisor asks of the firmware below it, by PSCI, or does itself where there is none: CPUs and power. */
#include <arch/host.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/host_irq.h>
#include <core/host_power.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <string.h>

/* PSCI (DEN 0022) and SMCCC (DEN 0028) */
#define PSCI_VERSION 0x84000000u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_CPU_ON_64 0xc4000003u
#define PSCI_ALREADY_ON (-4)
#define SMCCC_VERSION 0x80000000u

enum conduit { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC };

static const void *host_fdt;
static enum conduit conduit;
static u32 psci_version;  /* major << 16 | minor; 0.1 has no call that would tell it */
static u32 smccc_version; /* the same; 1.0 where it cannot be asked for */
static u64 cpu_on;        /* function id; 0: there is none */

struct smccc_result arm64_firmware_call(u64 function, u64 a1, u64 a2, u64 a3)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a1;
	register u64 x2 __asm__("x2") = a2;
	register u64 x3 __asm__("x3") = a3;

	/* x4 to x17 are lost by SMCCC 1.0. */
#define CALL(insn)                                                                                \
	__asm__ volatile(insn                                                                     \
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                 \
			 :                                                                        \
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
			   "x15", "x16", "x17", "memory")
	if (conduit == CONDUIT_SMC)
		CALL("smc #0");
	else if (conduit == CONDUIT_HVC)
		CALL("hvc #0");
	else
		x0 = (u64)-1;
#undef CALL
	return (struct smccc_result){ { x0, x1, x2, x3 } };
}

static s32 call(u64 function, u64 a1, u64 a2, u64 a3)
{
	return (s32)arm64_firmware_call(function, a1, a2, a3).x[0];
}

static int find_psci(const void *fdt)
{
	static const char *const names[] = { "arm,psci-1.0", "arm,psci-0.2", "arm,psci" };
	int node = -1;

	for (unsigned i = 0; node < 0 && i < ARRAY_SIZE(names); i++)
		node = fdt_node_offset_by_compatible(fdt, -1, names[i]);
	return node >= 0 && fdt_is_enabled(fdt, node) ? node : -1;
}

static void find_versions(void)
{
	psci_version = (u32)call(PSCI_VERSION, 0, 0, 0);
	smccc_version = 1u << 16;
	if (psci_version >= 1u << 16 && call(PSCI_FEATURES, SMCCC_VERSION, 0, 0) >= 0)
		smccc_version = (u32)call(SMCCC_VERSION, 0, 0, 0);
}

/* PSCI 0.1 has no fixed numbers: the node tells those of the calls that there are. */
void arm64_firmware_init(const void *fdt, bool is_there)
{
	int node = is_there ? find_psci(fdt) : -1;
	const char *method = node >= 0 ? fdt_text(fdt, node, "method") : NULL;
	u32 id;

	host_fdt = fdt;
	if (!method)
		return;
	conduit = strcmp(method, "hvc") == 0 ? CONDUIT_HVC : CONDUIT_SMC;
	if (fdt_text_listed(fdt, node, "compatible", "arm,psci-0.2") ||
	    fdt_text_listed(fdt, node, "compatible", "arm,psci-1.0")) {
		cpu_on = PSCI_CPU_ON_64;
		find_versions();
	} else if (fdt_cell(fdt, node, "cpu_on", 0, &id)) {
		cpu_on = id;
	}
}

bool arm64_firmware_has_psci(void)
{
	return conduit != CONDUIT_NONE;
}

void arm64_firmware_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx)
{
	static const char *const names[] = { "none", "SMC", "HVC" };

	if (conduit == CONDUIT_NONE)
		print(ctx, "firmware: none that can be called\n");
	else
		print(ctx, "firmware: PSCI %u.%u, SMCCC %u.%u, called by %s\n", psci_version >> 16,
		      psci_version & 0xffff, smccc_version >> 16, smccc_version & 0xffff,
		      names[conduit]);
}

/* ---- starting CPUs ---- */

extern char secondary_boot[];

static int start_by_psci(unsigned cpu)
{
	s32 e;

	if (!cpu_on)
		return -ENOSYS;
	e = call(cpu_on, arch_cpu_hardware_id(cpu), ptr_to_hpa(secondary_boot).v, 0);
	return e && e != PSCI_ALREADY_ON ? -EIO : 0;
}

/* The CPU spins on a word until it is its entry; with its caches off, and asleep until an event. */
static int start_by_spin_table(unsigned cpu)
{
	volatile u64 *release;
	u64 at;

	if (!fdt_number(host_fdt, arm64_cpu_node(cpu), "cpu-release-addr", &at) ||
	    !is_aligned(at, 8))
		return -EINVAL;
	release = page_is_ram(hpa(at)) ? hpa_to_ptr(hpa(at)) : hostmap_device(hpa(at), 8);
	if (!release)
		return -ENOMEM;
	*release = ptr_to_hpa(secondary_boot).v;
	arm64_cache_clean((const void *)release, 8);
	__asm__ volatile("sev" ::: "memory");
	return 0;
}

int arm64_firmware_reserve(struct boot_memory *mem)
{
	u64 at;

	for (unsigned cpu = 1; cpu < CONFIG_NR_CPUS && arm64_cpu_node(cpu); cpu++) {
		if (!fdt_number(host_fdt, arm64_cpu_node(cpu), "cpu-release-addr", &at))
			continue;
		if (mem->reserved_count == BOOT_RANGES_MAX)
			return -ENOSPC;
		mem->reserved[mem->reserved_count++] = (struct hpa_range){ at, 8 };
	}
	return 0;
}

int arch_cpu_start(struct cpu *cpu)
{
	const char *method = fdt_text(host_fdt, arm64_cpu_node(cpu->id), "enable-method");

	cpu->arch.mpidr = arch_cpu_hardware_id(cpu->id);
	cpu->arch.host_sp = (uintptr_t)cpu->stack + CPU_STACK_SIZE; /* boot.S starts on it */
	if (method && strcmp(method, "spin-table") == 0)
		return start_by_spin_table(cpu->id);
	return start_by_psci(cpu->id);
}

void arch_ipi_send(unsigned cpu)
{
	irq_send_ipi(cpu);
}

/* ---- power ---- */

void arch_system_off(bool reboot)
{
	arch_irq_save();
	if (psci_version)
		call(reboot ? PSCI_SYSTEM_RESET : PSCI_SYSTEM_OFF, 0, 0, 0);
	host_power_off(reboot);
	for (;;)
		__asm__ volatile("wfi");
}
