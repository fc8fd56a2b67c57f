/* SPDX-License-Identifier: MIT */
/* Formatted text, as printf() does it, into a buffer or to a sink. */
#ifndef LIBS_FORMAT_H
#define LIBS_FORMAT_H

#include <core/types.h>
#include <stdarg.h>

/* Takes @len bytes of text; they are not terminated by NUL and gone after the call. */
typedef void (*text_sink_fn)(void *ctx, const char *s, size_t len);

/*
 * Understands %d %i %u %x %X %c %s %p %% with the flags - 0 #, a width, the lengths hh h l ll z, and
 * a precision for %s; width and precision may be *. A null string prints as (null). Needs no memory
 * but a small piece of stack.
 */
void format_va(text_sink_fn sink, void *ctx, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
void format(text_sink_fn sink, void *ctx, const char *fmt, ...) __printf(3, 4);

/*
 * Always terminates @buf when @size is not 0. Returns the length of the whole text without the NUL,
 * which is @size or more when it was cut.
 */
size_t format_to_va(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
size_t format_to(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

#endif
