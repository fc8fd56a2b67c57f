/* SPDX-License-Identifier: MIT */
/* riscv64: host memory: probing reads, zeroing, and code that was written as data. */
#include <arch/fixup.h>
#include <arch/hfence.h>
#include <arch/host.h>
#include <arch/isa.h>
#include <arch/sbi.h>
#include <core/cpu.h>
#include <core/errno.h>
#include <string.h>

/* One byte, or false. In exit handlers a fault would lose the guest's sepc: tasks and panic only. */
static bool probe_byte(u8 *to, const u8 *from)
{
	long ok = 0, byte = 0;

	__asm__ volatile("1:	lbu	%1, 0(%2)\n"
			 "	li	%0, 1\n"
			 "2:\n"
			 "	.pushsection vg_fixup, \"a\"\n"
			 "	.balign	8\n"
			 "	.dword	1b - .\n"
			 "	.dword	2b - .\n"
			 "	.popsection\n"
			 : "+r"(ok), "=&r"(byte)
			 : "r"(from)
			 : "t0", "t1", "memory");
	*to = (u8)byte;
	return ok;
}

int arch_copy_probe(void *to, const void *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!probe_byte((u8 *)to + i, (const u8 *)from + i))
			return -EFAULT;
	return 0;
}

static void zero_blocks(u8 *p, u64 size, u64 block)
{
	/* cbo.zero (Zicboz): a cache block an instruction */
	for (u8 *end = p + size; p < end; p += block)
		__asm__ volatile(".insn i 0x0f, 2, x0, %0, 4" : : "r"(p) : "memory");
}

void arch_zero_pages(void *p, u64 size)
{
	u32 block = isa_has(EXT_ZICBOZ) ? isa_cboz_block_size() : 0;

	if (block >= 16 && block <= PAGE_SIZE && is_aligned(PAGE_SIZE, block))
		zero_blocks(p, size, block);
	else
		memset(p, 0, size);
}

void arch_sync_code(void *p, u64 size)
{
	(void)p;
	(void)size;
	fence_i();
	if (cpu_count > 1 && riscv_firmware_has(SBI_EXT_RFENCE))
		sbi_ecall(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, 0, SBI_ALL_HARTS, 0, 0, 0, 0);
}
