/* SPDX-License-Identifier: MIT */
/* The part of C's <stdlib.h> that libfdt uses. The hypervisor itself parses numbers with libs/parse.h. */
#ifndef LIBS_FREESTANDING_STDLIB_H
#define LIBS_FREESTANDING_STDLIB_H

/* As in C, base 0 and 2 to 36; saturates to ULONG_MAX, there is no errno. */
unsigned long strtoul(const char *s, char **end, int base);

#endif
