/* SPDX-License-Identifier: MIT */
/* The formatter behind logs, shell output and every other text the hypervisor makes. */
#include <libs/format.h>
#include <string.h>

struct spec {
	bool left;   /* - */
	bool zero;   /* 0 */
	bool prefix; /* # */
	int width;
	int precision; /* -1: none */
	int length;    /* h counts -1, l and z count +1 */
	char conversion;
};

struct output {
	text_sink_fn sink;
	void *ctx;
};

static void emit(const struct output *out, const char *s, size_t len)
{
	if (len)
		out->sink(out->ctx, s, len);
}

static void pad(const struct output *out, char c, size_t count)
{
	char chunk[16];

	memset(chunk, c, sizeof(chunk));
	for (; count > sizeof(chunk); count -= sizeof(chunk))
		emit(out, chunk, sizeof(chunk));
	emit(out, chunk, count);
}

/* @prefix (sign or 0x) stays left of zeros that fill up to the width. */
static void emit_field(const struct output *out, const struct spec *spec, const char *prefix,
		       const char *text, size_t len)
{
	size_t prefix_len = strlen(prefix);
	size_t used = prefix_len + len;
	size_t fill =
		spec->width > 0 && (size_t)spec->width > used ? (size_t)spec->width - used : 0;
	bool zeros = spec->zero && !spec->left;

	if (!spec->left && !zeros)
		pad(out, ' ', fill);
	emit(out, prefix, prefix_len);
	if (zeros)
		pad(out, '0', fill);
	emit(out, text, len);
	if (spec->left)
		pad(out, ' ', fill);
}

static void emit_number(const struct output *out, const struct spec *spec, const char *prefix,
			u64 value)
{
	bool hex = spec->conversion == 'x' || spec->conversion == 'X' || spec->conversion == 'p';
	const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20];
	char *p = text + sizeof(text);

	if (hex) {
		do
			*--p = digits[value & 15];
		while (value >>= 4);
	} else {
		do
			*--p = digits[value % 10];
		while (value /= 10);
	}
	emit_field(out, spec, prefix, p, (size_t)(text + sizeof(text) - p));
}

static s64 narrow_signed(const struct spec *spec, int value)
{
	return spec->length == -1 ? (short)value : spec->length < -1 ? (signed char)value : value;
}

static u64 narrow_unsigned(const struct spec *spec, unsigned value)
{
	return spec->length == -1 ? (u16)value : spec->length < -1 ? (u8)value : value;
}

static void emit_signed(const struct output *out, const struct spec *spec, s64 value)
{
	emit_number(out, spec, value < 0 ? "-" : "", value < 0 ? -(u64)value : (u64)value);
}

static void emit_unsigned(const struct output *out, const struct spec *spec, u64 value)
{
	bool prefix = spec->prefix && value && spec->conversion != 'u';

	emit_number(out, spec, !prefix ? "" : spec->conversion == 'X' ? "0X" : "0x", value);
}

static void emit_string(const struct output *out, const struct spec *spec, const char *s)
{
	struct spec text = *spec;
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	text.zero = false;
	if (!s)
		s = "(null)";
	emit_field(out, &text, "", s, strnlen(s, max));
}

static const char *parse_number(const char *fmt, int *value)
{
	for (*value = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (*value < 100000)
			*value = *value * 10 + (*fmt - '0');
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = true;
		else if (*fmt == '0')
			spec->zero = true;
		else if (*fmt == '#')
			spec->prefix = true;
		else
			return fmt;
	}
}

static const char *parse_length(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == 'h')
			spec->length--;
		else if (*fmt == 'l' || *fmt == 'z')
			spec->length++;
		else
			return fmt;
	}
}

/* va_list cannot be handed on by pointer when it is a parameter, hence this wrapper. */
struct arguments {
	va_list ap;
};

/* Returns what follows the specification that begins after the percent sign. */
static const char *parse_spec(const char *fmt, struct spec *spec, struct arguments *args)
{
	*spec = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, spec);
	if (*fmt == '*') {
		spec->width = va_arg(args->ap, int);
		fmt++;
	} else {
		fmt = parse_number(fmt, &spec->width);
	}
	if (spec->width < 0) {
		spec->left = true;
		spec->width = -spec->width;
	}
	if (fmt[0] == '.' && fmt[1] == '*') {
		spec->precision = va_arg(args->ap, int);
		fmt += 2;
	} else if (*fmt == '.') {
		fmt = parse_number(fmt + 1, &spec->precision);
	}
	fmt = parse_length(fmt, spec);
	spec->conversion = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static void convert(const struct output *out, const struct spec *spec, struct arguments *args)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		emit_signed(out, spec,
			    spec->length > 0 ? va_arg(args->ap, s64) :
					       narrow_signed(spec, va_arg(args->ap, int)));
		break;
	case 'u':
	case 'x':
	case 'X':
		emit_unsigned(out, spec,
			      spec->length > 0 ? va_arg(args->ap, u64) :
						 narrow_unsigned(spec, va_arg(args->ap, unsigned)));
		break;
	case 'p':
		emit_number(out, spec, "0x", (uintptr_t)va_arg(args->ap, void *));
		break;
	case 's':
		emit_string(out, spec, va_arg(args->ap, const char *));
		break;
	case 'c':
		c = (char)va_arg(args->ap, int);
		emit_field(out, spec, "", &c, 1);
		break;
	default: /* %%, and what the compiler's format check lets nobody write */
		emit(out, &spec->conversion, spec->conversion != '\0');
	}
}

void format_va(text_sink_fn sink, void *ctx, const char *fmt, va_list ap)
{
	struct output out = { sink, ctx };
	struct arguments args;
	struct spec spec;
	const char *literal;

	va_copy(args.ap, ap);
	while (*fmt) {
		for (literal = fmt; *fmt && *fmt != '%'; fmt++)
			;
		emit(&out, literal, (size_t)(fmt - literal));
		if (*fmt) {
			fmt = parse_spec(fmt + 1, &spec, &args);
			convert(&out, &spec, &args);
		}
	}
	va_end(args.ap);
}

void format(text_sink_fn sink, void *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_va(sink, ctx, fmt, ap);
	va_end(ap);
}

struct buffer {
	char *buf;
	size_t size;
	size_t len; /* of the whole text */
};

static void buffer_sink(void *ctx, const char *s, size_t len)
{
	struct buffer *b = ctx;

	if (b->len < b->size)
		memcpy(b->buf + b->len, s, MIN(len, b->size - b->len));
	b->len += len;
}

size_t format_to_va(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { buf, size, 0 };

	format_va(buffer_sink, &b, fmt, ap);
	if (size)
		buf[MIN(b.len, size - 1)] = '\0';
	return b.len;
}

size_t format_to(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	len = format_to_va(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
