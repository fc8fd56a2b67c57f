/* SPDX-License-Identifier: MIT */
/* What compilers call for bit counts where the base instruction set has none: there is no libgcc here. */
#include <core/types.h>

int __clzdi2(s64 value);
int __ctzdi2(s64 value);
int __popcountdi2(s64 value);

int __clzdi2(s64 value)
{
	u64 v = (u64)value;
	int zeros = 0;

	for (unsigned width = 32; width; width /= 2) {
		if (v >> (64 - width))
			continue;
		v <<= width;
		zeros += (int)width;
	}
	return zeros;
}

int __ctzdi2(s64 value)
{
	u64 v = (u64)value;

	return 63 - __clzdi2((s64)(v & -v));
}

/* Sums of pairs, nibbles, bytes, and then all bytes by one multiplication. */
int __popcountdi2(s64 value)
{
	u64 v = (u64)value;

	v -= (v >> 1) & 0x5555555555555555;
	v = (v & 0x3333333333333333) + ((v >> 2) & 0x3333333333333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)((v * 0x0101010101010101) >> 56);
}
