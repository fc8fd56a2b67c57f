/* SPDX-License-Identifier: MIT */
/* riscv64: from firmware's hand-over to core's main, and what core asks about it. */
#include <arch/hfence.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <arch/trap.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <core/host_fdt.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/main.h>
#include <core/panic.h>
#include <core/vmid.h>
#include <libs/fdt.h>

u64 riscv_boot_ticks;

static u64 boot_hart;
static const void *boot_fdt;
static unsigned hart_count;

/* The boot CPU's stack; its lowest page becomes the guard page in arch_cpu_init(). */
char riscv_boot_stack[CPU_STACK_SIZE] __aligned(PAGE_SIZE);

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

void arch_early_putc(char c)
{
	if (c == '\n')
		arch_early_putc('\r');
	sbi_ecall(SBI_EXT_LEGACY_PUTCHAR, 0, (u8)c, 0, 0, 0, 0, 0);
}

void riscv_boot(u64 hart_id, const void *fdt, u64 ticks)
{
	boot_hart = hart_id;
	boot_fdt = fdt;
	riscv_boot_ticks = ticks;
	core_main();
}

static void find_memory(struct boot_info *info)
{
	struct hpa_range image = { ptr_to_hpa(image_start).v, (u64)(image_end - image_start) };

	if (host_fdt_memory(boot_fdt, &info->memory))
		give_up("the device tree describes no usable memory; check its /memory node");
	if (info->memory.reserved_count == BOOT_RANGES_MAX)
		give_up("the device tree reserves more ranges of memory than BOOT_RANGES_MAX");
	info->memory.reserved[info->memory.reserved_count++] = image;
	riscv_choose_host_format(&info->memory);
	info->bundle = host_fdt_initrd(boot_fdt);
}

void arch_boot_info(struct boot_info *info)
{
	riscv_firmware_init();
	if (!boot_fdt || host_fdt_check(boot_fdt))
		give_up("a1 holds no valid device tree; pass one, for example with booti ... ... "
			"${fdtcontroladdr}");
	if (isa_init(boot_fdt))
		give_up("the device tree has no usable cpu node with riscv,isa or "
			"riscv,isa-extensions");
	if (riscv_find_harts(boot_fdt, boot_hart, &hart_count))
		give_up("the device tree has no cpu node for the hart that booted");
	info->time_hz = riscv_timebase(boot_fdt);
	if (!info->time_hz)
		give_up("the device tree has no /cpus timebase-frequency");
	find_memory(info);
	info->fdt = boot_fdt;
	info->bootargs = host_fdt_bootargs(boot_fdt);
	info->cpu_count = hart_count;
	info->entry_ticks = riscv_boot_ticks;
}

/* hgatp.VMID is WARL: the bits that stay set are there (section 19.2.10). */
static unsigned hgatp_vmid_bits(void)
{
	unsigned bits;

	csr_write(CSR_HGATP, HGATP_VMID_MASK);
	bits = (unsigned)__builtin_popcountl(csr_read(CSR_HGATP) & HGATP_VMID_MASK);
	csr_write(CSR_HGATP, 0);
	return bits;
}

int arch_host_init(void)
{
	if (!isa_has(EXT_H)) {
		log_error("this machine's CPUs have no H extension (hypervisor); with QEMU use "
			  "-cpu rv64,h=true");
		return -ENOSYS;
	}
	riscv_stage2_init();
	vmid_init(MIN(hgatp_vmid_bits(), host_fdt_bootarg(boot_fdt, "vmid-bits", 64)),
		  hfence_gvma_all);
	return 0;
}

void riscv_secondary(void)
{
	hostmap_activate();
	smp_secondary_main();
}
