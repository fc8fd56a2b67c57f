/* SPDX-License-Identifier: MIT */
/* riscv64: what the files of this folder share about the host. */
#ifndef ARCH_HOST_H
#define ARCH_HOST_H

#include <core/arch.h>

struct cpu;

/* From boot.S: what firmware handed over, and the time of our first instructions (host ticks). */
void riscv_boot(u64 hart_id, const void *fdt, u64 ticks) __noreturn;
/* From boot.S: a hart that arch_cpu_start() started; tp is set. */
void riscv_secondary(void) __noreturn;
extern u64 riscv_boot_ticks;
extern char riscv_boot_stack[];

/* Hart ids by CPU number, found in the device tree; the boot hart is CPU 0 (cpus.c). */
int riscv_find_harts(const void *fdt, u64 boot_hart, unsigned *count) __must_check;
u64 riscv_hart_id(unsigned cpu);
/* /cpus timebase-frequency, or that of the boot hart's node. 0: not given. */
u64 riscv_timebase(const void *fdt);

/* Which SBI extensions the firmware has (firmware.c). */
void riscv_firmware_init(void);
bool riscv_firmware_has(u32 extension);
void riscv_firmware_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);

/* Sets arch_host_format (mmu.c). */
void riscv_choose_host_format(const struct boot_memory *mem);
/* Second-stage formats that the harts have (stage2.c). */
void riscv_stage2_init(void);
void riscv_stage2_describe(void (*print)(void *ctx, const char *fmt, ...), void *ctx);
/* The smallest format of the hardware that reaches @limit, or NULL. *mode is for hgatp. */
const struct pt_format *riscv_stage2_format(u64 limit, u64 *mode);

#endif
