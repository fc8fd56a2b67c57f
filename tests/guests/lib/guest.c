/* SPDX-License-Identifier: MIT */
/* Test guests: the frame around guest_main(), checks and their report, output, memory functions. */
#include <guest.h>
#include <stdarg.h>

static unsigned passed, failed;

static void end(void)
{
	print("guest: %u passed, %u failed\n", passed, failed);
	arch_off();
}

void guest_entry(const void *fdt);

/* From the start code, on the first CPU's stack. */
void guest_entry(const void *fdt)
{
	fdt_set(fdt);
	console_init();
	arch_init();
	guest_main();
	end();
}

void check_(const char *name, bool good, const char *condition)
{
	if (good) {
		passed++;
		print("ok %s\n", name);
	} else {
		failed++;
		print("FAIL %s: not so: %s\n", name, condition);
	}
}

void check_equal(const char *name, u64 got, u64 want)
{
	if (got == want) {
		passed++;
		print("ok %s\n", name);
	} else {
		failed++;
		print("FAIL %s: got 0x%lx, want 0x%lx\n", name, got, want);
	}
}

void skip(const char *name, const char *why)
{
	print("skip %s: %s\n", name, why);
}

void die(const char *what, u64 a, u64 b, u64 c)
{
	failed++;
	print("FAIL %s: 0x%lx 0x%lx 0x%lx\n", what, a, b, c);
	end();
	__builtin_unreachable();
}

static void put(char c)
{
	if (c == '\n')
		console_putc('\r');
	console_putc(c);
}

static void put_number(u64 value, unsigned base, unsigned width)
{
	char digits[24];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (width > count)
		put('0'), width--;
	while (count)
		put(digits[--count]);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	for (; *fmt; fmt++) {
		unsigned width = 0;
		bool is_long = false;
		int64_t number;

		if (*fmt != '%') {
			put(*fmt);
			continue;
		}
		while (*++fmt >= '0' && *fmt <= '9')
			width = width * 10 + (unsigned)(*fmt - '0');
		if (*fmt == 'l')
			is_long = true, fmt++;
		switch (*fmt) {
		case 's':
			put_string(va_arg(args, const char *));
			break;
		case 'c':
			put((char)va_arg(args, int));
			break;
		case 'd':
			number = is_long ? va_arg(args, int64_t) : va_arg(args, int);
			if (number < 0)
				put('-');
			put_number((u64)(number < 0 ? -number : number), 10, width);
			break;
		case 'u':
		case 'x':
			put_number(is_long ? va_arg(args, u64) : va_arg(args, u32),
				   *fmt == 'x' ? 16 : 10, width);
			break;
		case 'p':
			put_number((u64)(uintptr_t)va_arg(args, void *), 16, 0);
			break;
		default:
			put(*fmt);
		}
	}
	va_end(args);
}

bool option(const char *word)
{
	const char *s = fdt_property(fdt_node("/chosen"), "bootargs", NULL);
	size_t len = strlen(word);

	for (; s && *s; s++)
		if (!memcmp(s, word, len) && (s[len] == ' ' || !s[len]))
			return true;
		else
			while (s[1] && *s != ' ')
				s++;
	return false;
}

void delay_us(u64 us)
{
	u64 end_time = now() + us * tick_hz / 1000000;

	while (now() < end_time)
		cpu_relax();
}

void *memset(void *to, int byte, size_t len)
{
	for (u8 *p = to; len; len--)
		*p++ = (u8)byte;
	return to;
}

void *memcpy(void *to, const void *from, size_t len)
{
	const u8 *s = from;

	for (u8 *p = to; len; len--)
		*p++ = *s++;
	return to;
}

int memcmp(const void *a, const void *b, size_t len)
{
	const u8 *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

size_t strlen(const char *s)
{
	size_t len = 0;

	while (s[len])
		len++;
	return len;
}

bool streq(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && !memcmp(a, b, strlen(a));
}
