/* SPDX-License-Identifier: MIT */
/* What every unit test begins with: cmocka in the order it wants, and numbers that look random. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <core/types.h>

/* The same sequence in every run (xorshift); *@state starts as anything but 0. */
static inline u64 test_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline u64 test_random_below(u64 *state, u64 limit)
{
	return (test_random(state) >> 11) % limit;
}

#endif
