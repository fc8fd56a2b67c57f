/* SPDX-License-Identifier: MIT */
/* arm64: from firmware's hand-over to core's main, and what core asks about it. */
#include <arch/asm.h>
#include <arch/host.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/host_fdt.h>
#include <core/log.h>
#include <core/main.h>
#include <core/vmid.h>

static const void *boot_fdt;
static u64 boot_ticks;
static u64 entry_level;
static unsigned found_cpus;

static void early_puts(const char *s)
{
	while (*s)
		arch_early_putc(*s++);
}

static void __noreturn give_up(const char *why)
{
	early_puts("Verdigris cannot start: ");
	early_puts(why);
	early_puts("\n");
	arch_system_off(false);
}

void arm64_boot(const void *fdt, u64 entry, u64 ticks, void *next_table)
{
	boot_fdt = fdt;
	boot_ticks = ticks;
	entry_level = entry;
	arm64_early_map_init(next_table);
	core_main();
}

bool arm64_was_at_el3(void)
{
	return entry_level == 3;
}

/* What only EL2 can do, and only without E2H. The firmware is known already, so that the machine goes off. */
static void check_level(void)
{
	if (entry_level == 1)
		give_up("it was entered at EL1 and needs EL2; with QEMU use -M virt,"
			"virtualization=on");
	if (entry_level == ENTRY_EL2_VHE_ONLY)
		give_up("these CPUs offer EL2 with HCR_EL2.E2H = 1 only (ID_AA64MMFR4_EL1.E2H0), "
			"which is not supported yet");
	if (!arm64_features.granule_4k)
		give_up("these CPUs have no pages of 4 KiB");
}

static void find_memory(struct boot_info *info)
{
	struct hpa_range image = { ptr_to_hpa(image_start).v, (u64)(image_end - image_start) };

	if (host_fdt_memory(boot_fdt, &info->memory))
		give_up("the device tree describes no usable memory; check its /memory node");
	if (arm64_firmware_reserve(&info->memory) || info->memory.reserved_count == BOOT_RANGES_MAX)
		give_up("the device tree reserves more ranges of memory than BOOT_RANGES_MAX");
	info->memory.reserved[info->memory.reserved_count++] = image;
	arm64_choose_host_format(&info->memory);
	arm64_early_map_ram(info);
	info->bundle = host_fdt_initrd(boot_fdt);
}

void arch_boot_info(struct boot_info *info)
{
	bool has_tree = boot_fdt && !host_fdt_check(boot_fdt);

	arm64_features_init();
	info->early_console = arm64_early_console_init(has_tree ? boot_fdt : NULL);
	if (has_tree)
		arm64_firmware_init(boot_fdt, !arm64_was_at_el3());
	check_level();
	if (!has_tree)
		give_up("x0 holds no valid device tree; pass one, for example with booti ... ... "
			"${fdtcontroladdr}");
	if (arm64_find_cpus(boot_fdt, sysreg_read(MPIDR_EL1), &found_cpus))
		give_up("the device tree has no cpu node for the CPU that booted");
	info->time_hz = arm64_timer_hz(boot_fdt);
	if (!info->time_hz)
		give_up("CNTFRQ_EL0 is 0 and the timer's node has no clock-frequency");
	info->fdt = boot_fdt;
	find_memory(info);
	info->bootargs = host_fdt_bootargs(boot_fdt);
	info->cpu_count = found_cpus;
	info->entry_ticks = boot_ticks;
}

int arch_host_init(void)
{
	if (arm64_was_at_el3())
		arm64_el3_init(boot_fdt);
	vmid_init(MIN((unsigned)arm64_features.vmid_bits,
		      host_fdt_bootarg(boot_fdt, "vmid-bits", 64)),
		  arm64_tlb_flush_guests);
	return 0;
}

void arm64_secondary(void)
{
	smp_secondary_main();
}
