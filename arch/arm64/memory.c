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

/* Four lines a turn, as this is done to all memory of a guest. Turns are aligned: none goes on into the next page. */
#define EACH_LINE(op, from, end, line)                                                           \
	for (uintptr_t at = align_down((uintptr_t)(from), 4 * (line)); at < (end);               \
	     at += 4 * (line))                                                                   \
	__asm__ volatile("dc " op ", %0\n\t"                                                     \
			 "dc " op ", %1\n\t"                                                     \
			 "dc " op ", %2\n\t"                                                     \
			 "dc " op ", %3"                                                         \
			 :                                                                       \
			 : "r"(at), "r"(at + (line)), "r"(at + 2 * (line)), "r"(at + 3 * (line)) \
			 : "memory")

void arm64_cache_clean(const void *p, u64 size)
{
	u64 line = cache_line();
	uintptr_t end = (uintptr_t)p + size;

	if (arm64_has_erratum(ERRATUM_CLEAN_CACHE))
		EACH_LINE("civac", p, end, line);
	else
		EACH_LINE("cvac", p, end, line);
	__asm__ volatile("dsb sy" ::: "memory");
}

/* @p and @size: whole pages. */
void arm64_cache_clean_invalidate(const void *p, u64 size)
{
	u64 line = cache_line();
	uintptr_t end = (uintptr_t)p + size;

	EACH_LINE("civac", p, end, line);
	__asm__ volatile("dsb sy" ::: "memory");
}

/* DC ZVA: a block an instruction, 2 KiB at most. False where it may not be used (DCZID_EL0.DZP). */
static bool zero_blocks(u8 *p, u64 size)
{
	u64 id = sysreg_read(DCZID_EL0), block = 4ul << (id & 15);

	if (id & BIT(4))
		return false;
	for (u8 *end = p + size; p < end; p += 2 * block)
		__asm__ volatile("dc zva, %0\n\tdc zva, %1" : : "r"(p), "r"(p + block) : "memory");
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
