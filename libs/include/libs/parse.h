/* SPDX-License-Identifier: MIT */
/* Numbers typed by people and written in device trees: the whole text has to be one, nothing else. */
#ifndef LIBS_PARSE_H
#define LIBS_PARSE_H

#include <core/types.h>

/*
 * @text is decimal or, after 0x, hexadecimal. Neither sign nor blanks are allowed. *@value is
 * written on success only. -EINVAL: not a number; -ERANGE: not within @min..@max.
 */
int parse_u64(const char *text, u64 min, u64 max, u64 *value) __must_check;
/* Bytes: a number as above, then optionally K, M, G or T (powers of 1024, either case), then optionally B or iB. */
int parse_size(const char *text, u64 min, u64 max, u64 *bytes) __must_check;
/* A number as above, then optionally %. */
int parse_percent(const char *text, u32 min, u32 max, u32 *percent) __must_check;

#endif
