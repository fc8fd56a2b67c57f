/* SPDX-License-Identifier: MIT */
/* arm64: host memory: probing reads, zeroing, caches, and code that was written as data. */
#include <arch/errata.h>
#include <arch/fixup.h>
#include <arch/host.h>
#include <core/errno.h>
#include <string.h>

/* One byte, or false. Tasks and panic only (arch/fixup.h). */
static bool probe_byte(u8 *to, const u8 *from)
{
	u32 ok = 0, byte = 0;

	__asm__ volatile("1:	ldrb	%w1, [%2]\n"
			 "	mov	%w0, #1\n"
			 "2:\n" FIXUP("1b", "2b")
			 : "+r"(ok), "=&r"(byte)
			 : "r"(from)
			 : "memory");
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

/* CTR_EL0.DminLine: the smallest line of all data caches. */
static u64 cache_line(void)
{
	return 4ul << (sysreg_read(CTR_EL0) >> 16 & 15);
}

void arm64_cache_clean(const void *p, u64 size)
{
	u64 line = cache_line();
	uintptr_t end = (uintptr_t)p + size;

	for (uintptr_t at = align_down((uintptr_t)p, line); at < end; at += line)
		if (arm64_has_erratum(ERRATUM_CLEAN_CACHE))
			__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
		else
			__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

/* DC ZVA: a block an instruction. False where it may not be used (DCZID_EL0.DZP). */
static bool zero_blocks(u8 *p, u64 size)
{
	u64 id = sysreg_read(DCZID_EL0), block = 4ul << (id & 15);

	if (id & BIT(4))
		return false;
	for (u8 *end = p + size; p < end; p += block)
		__asm__ volatile("dc zva, %0" : : "r"(p) : "memory");
	return true;
}

/* Guests start with caches off: to them too, memory that becomes theirs is zero. */
void arch_zero_pages(void *p, u64 size)
{
	if (!zero_blocks(p, size))
		memset(p, 0, size);
	arm64_cache_clean(p, size);
}

void arch_sync_code(void *p, u64 size)
{
	arm64_cache_clean(p, size);
	__asm__ volatile("ic ialluis\n\t"
			 "dsb ish\n\t"
			 "isb" ::
				 : "memory");
}
