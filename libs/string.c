/* SPDX-License-Identifier: MIT */
/* Memory and string functions of the freestanding build. */
#include <core/types.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * Copying and filling are a good part of what runs between power-on and the prompt, so they go by
 * whole words, sixteen a round. All accesses are aligned: misaligned ones trap on some machines.
 */
typedef u64 __attribute__((may_alias)) word_t;
typedef u32 __attribute__((may_alias)) half_t;

#define WORD sizeof(word_t)
#define HALF sizeof(half_t)
#define ROUND 16

#define REPEAT_4(op, i) op((i) + 0) op((i) + 1) op((i) + 2) op((i) + 3)
#define REPEAT_16(op) REPEAT_4(op, 0) REPEAT_4(op, 4) REPEAT_4(op, 8) REPEAT_4(op, 12)

static inline bool aligned_to(const void *p, size_t to)
{
	return is_aligned((uintptr_t)p, to);
}

static inline bool same_alignment(const void *a, const void *b, size_t to)
{
	return is_aligned((uintptr_t)a ^ (uintptr_t)b, to);
}

/* @dst and @src are aligned to a word. */
static inline __attribute__((always_inline)) size_t copy_words(word_t *dst, const word_t *src,
							       size_t count)
{
	size_t i = 0;

#define COPY(n) dst[i + (n)] = src[i + (n)];
	for (; i + ROUND <= count; i += ROUND) {
		REPEAT_16(COPY)
	}
	for (; i < count; i++) {
		COPY(0)
	}
#undef COPY
	return count * WORD;
}

/* @dst and @src are aligned to half a word, as file data in a newc archive is. */
static inline __attribute__((always_inline)) size_t copy_halves(half_t *dst, const half_t *src,
								size_t count)
{
	size_t i = 0;

#define COPY(n) dst[i + (n)] = src[i + (n)];
	for (; i + ROUND <= count; i += ROUND) {
		REPEAT_16(COPY)
	}
	for (; i < count; i++) {
		COPY(0)
	}
#undef COPY
	return count * HALF;
}

/* Each unit is read before it is written, and before any above it: overlapping is right when dst < src. */
static inline __attribute__((always_inline)) void copy_upwards(u8 *d, const u8 *s, size_t len)
{
	size_t step = same_alignment(d, s, WORD) ? WORD : same_alignment(d, s, HALF) ? HALF : 0;
	size_t done;

	if (step && len >= 2 * WORD) {
		for (; !aligned_to(d, step); len--)
			*d++ = *s++;
		done = step == WORD ? copy_words((word_t *)d, (const word_t *)s, len / WORD) :
				      copy_halves((half_t *)d, (const half_t *)s, len / HALF);
		d += done;
		s += done;
		len -= done;
	}
	while (len--)
		*d++ = *s++;
}

/* Nothing overlaps, and the compiler may know: it reads and writes several words at once. */
void *memcpy(void *restrict dst, const void *restrict src, size_t len)
{
	copy_upwards(dst, src, len);
	return dst;
}

static void copy_backwards(u8 *dst, const u8 *src, size_t len)
{
	if (same_alignment(dst, src, WORD)) {
		for (; len && !aligned_to(dst + len, WORD); len--)
			dst[len - 1] = src[len - 1];
		for (; len >= WORD; len -= WORD)
			*(word_t *)(dst + len - WORD) = *(const word_t *)(src + len - WORD);
	}
	for (; len; len--)
		dst[len - 1] = src[len - 1];
}

void *memmove(void *dst, const void *src, size_t len)
{
	/* Not by memcpy(), which may read late what it takes for untouched. */
	if ((uintptr_t)dst - (uintptr_t)src >= len)
		copy_upwards(dst, src, len);
	else
		copy_backwards(dst, src, len);
	return dst;
}

/* @dst is aligned to a word. */
static size_t fill_words(word_t *dst, word_t value, size_t count)
{
	size_t i = 0;

#define FILL(n) dst[i + (n)] = value;
	for (; i + ROUND <= count; i += ROUND) {
		REPEAT_16(FILL)
	}
	for (; i < count; i++) {
		FILL(0)
	}
#undef FILL
	return count * WORD;
}

void *memset(void *dst, int byte, size_t len)
{
	u8 *d = dst;
	size_t done;

	if (len >= 2 * WORD) {
		for (; !aligned_to(d, WORD); len--)
			*d++ = (u8)byte;
		done = fill_words((word_t *)d, (u8)byte * 0x0101010101010101ull, len / WORD);
		d += done;
		len -= done;
	}
	while (len--)
		*d++ = (u8)byte;
	return dst;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a;
	const u8 *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int byte, size_t len)
{
	for (const u8 *p = s; len; len--, p++)
		if (*p == (u8)byte)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end)
		end++;
	return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t len = 0;

	while (len < max && s[len])
		len++;
	return len;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max; max--, a++, b++)
		if (*a != *b || !*a)
			return (u8)*a - (u8)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = (char *)s;
		if (!*s)
			return found;
	}
}

char *strstr(const char *s, const char *part)
{
	size_t len = strlen(part);

	for (; strncmp(s, part, len) != 0; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (unsigned)(c - 'A') + 10;
	return UINT_MAX;
}

static bool has_hex_prefix(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16;
}

/* The digits at @s; *@end is left alone when there are none. */
static unsigned long parse_digits(const char *s, char **end, unsigned base)
{
	unsigned long value = 0;
	bool overflow = false;

	for (; digit_value(*s) < base; s++) {
		overflow |= __builtin_mul_overflow(value, base, &value);
		overflow |= __builtin_add_overflow(value, digit_value(*s), &value);
		if (end)
			*end = (char *)s + 1;
	}
	return overflow ? ULONG_MAX : value;
}

unsigned long strtoul(const char *s, char **end, int base)
{
	bool minus;
	unsigned long value;

	if (end)
		*end = (char *)s;
	while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		s++;
	minus = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if ((base == 0 || base == 16) && has_hex_prefix(s)) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == '0' ? 8 : 10;
	}
	value = parse_digits(s, end, (unsigned)base);
	return minus && value != ULONG_MAX ? -value : value;
}
