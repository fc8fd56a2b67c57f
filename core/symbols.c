/* SPDX-License-Identifier: MIT */
/* Names of our own functions, for backtraces; scripts/gen-symbols makes the table after linking. */
#include <core/panic.h>

/* Rows by ascending offset from _start; names are offsets into symbols_strings. */
extern const u32 symbols_count;
extern const u32 symbols_offset[];
extern const u32 symbols_name[];
extern const char symbols_strings[];
extern char _start[], text_end[];

const char *symbol_find(uintptr_t addr, uintptr_t *offset)
{
	uintptr_t from_start = addr - (uintptr_t)_start;
	u32 low = 0,
	    high = symbols_count; /* rows below low start at or before addr, from high on after it */

	if (addr >= (uintptr_t)text_end)
		return NULL;
	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (symbols_offset[middle] <= from_start)
			low = middle + 1;
		else
			high = middle;
	}
	if (addr < (uintptr_t)_start || !low)
		return NULL;
	*offset = from_start - symbols_offset[low - 1];
	return symbols_strings + symbols_name[low - 1];
}
