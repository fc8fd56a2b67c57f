/* SPDX-License-Identifier: MIT */
/* Parsing of numbers, sizes and percentages. */
#include <core/errno.h>
#include <libs/parse.h>
#include <string.h>

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The number at *@text, which is moved behind it. -EINVAL: no digit; -ERANGE: more than 64 bits. */
static int scan_number(const char **text, u64 *value)
{
	const char *s = *text;
	unsigned base = 10;
	bool overflow = false;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (digit_value(*s) >= base)
		return -EINVAL;
	for (*value = 0; digit_value(*s) < base; s++) {
		overflow |= __builtin_mul_overflow(*value, base, value);
		overflow |= __builtin_add_overflow(*value, digit_value(*s), value);
	}
	*text = s;
	return overflow ? -ERANGE : 0;
}

/* The power of two behind a number at *@text, which is moved behind it; 0 when there is none. */
static unsigned scan_suffix(const char **text)
{
	static const char letters[] = "kmgt";
	const char *letter = **text ? strchr(letters, **text | 0x20) : NULL;

	if (!letter || !*letter)
		return 0;
	(*text)++;
	return 10 * (unsigned)(letter - letters + 1);
}

static int check_range(u64 number, u64 min, u64 max, u64 *value)
{
	if (number < min || number > max)
		return -ERANGE;
	*value = number;
	return 0;
}

int parse_u64(const char *text, u64 min, u64 max, u64 *value)
{
	u64 number;
	int e = scan_number(&text, &number);

	if (*text && e != -EINVAL)
		return -EINVAL;
	return e ? e : check_range(number, min, max, value);
}

int parse_size(const char *text, u64 min, u64 max, u64 *bytes)
{
	u64 number;
	unsigned shift;
	int e = scan_number(&text, &number);

	if (e == -EINVAL)
		return e;
	shift = scan_suffix(&text);
	if (strcmp(text, "") != 0 && strcmp(text, "B") != 0 && (!shift || strcmp(text, "iB") != 0))
		return -EINVAL;
	if (e || number > UINT64_MAX >> shift)
		return -ERANGE;
	return check_range(number << shift, min, max, bytes);
}

int parse_percent(const char *text, u32 min, u32 max, u32 *percent)
{
	u64 number;
	int e = scan_number(&text, &number);

	if (e != -EINVAL && strcmp(text, "") != 0 && strcmp(text, "%") != 0)
		e = -EINVAL;
	if (!e)
		e = check_range(number, min, max, &number);
	if (!e)
		*percent = (u32)number;
	return e;
}
