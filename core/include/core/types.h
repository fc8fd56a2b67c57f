/* SPDX-License-Identifier: MIT */
/* Basic integer types and the attributes every other header relies on. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __must_check __attribute__((warn_unused_result))
#define __noreturn __attribute__((noreturn))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(name) __attribute__((section(name)))
#define __used __attribute__((used))
#define __cold __attribute__((cold))
#define __noinline __attribute__((noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)
#define BIT(n) (1ull << (n))

/* The names carry a number of their own, so that MIN(MAX(...)) shadows nothing. */
#define PICK_(op, a, b, n)                      \
	({                                      \
		__typeof__(a) a_##n = (a);      \
		__typeof__(b) b_##n = (b);      \
		a_##n op b_##n ? a_##n : b_##n; \
	})
#define PICK(op, a, b, n) PICK_(op, a, b, n)
#define MIN(a, b) PICK(<, a, b, __COUNTER__)
#define MAX(a, b) PICK(>, a, b, __COUNTER__)

/* Both round to a power of two. align_up() of a value in the last block of the type wraps to 0. */
static inline u64 align_down(u64 value, u64 to)
{
	return value & ~(to - 1);
}

static inline u64 align_up(u64 value, u64 to)
{
	return (value + to - 1) & ~(to - 1);
}

static inline bool is_aligned(u64 value, u64 to)
{
	return (value & (to - 1)) == 0;
}

#endif
