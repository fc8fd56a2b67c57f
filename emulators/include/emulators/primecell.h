/* SPDX-License-Identifier: MIT */
/* Identification registers of Arm's PrimeCell devices, by which a bus driver finds out what they are. */
#ifndef EMULATORS_PRIMECELL_H
#define EMULATORS_PRIMECELL_H

#include <core/types.h>

#define PRIMECELL_SIZE 0x1000
#define PRIMECELL_PERIPH_ID 0xfe0 /* PeriphID0 to 3, then PCellID0 to 3, a word each */
#define PRIMECELL_CELL_ID 0xb105f00dull
#define PRIMECELL_REVISION(id) ((id) >> 20 & 0xf)

/* What is read at @offset: 0 where no identification register is. @id: PeriphID0 is its low byte. */
static inline u64 primecell_id(u32 id, u64 offset)
{
	u64 shift = (offset - PRIMECELL_PERIPH_ID) * 2; /* 8 bits each 4 bytes */

	if (offset < PRIMECELL_PERIPH_ID || offset >= PRIMECELL_SIZE || offset % 4)
		return 0;
	return (PRIMECELL_CELL_ID << 32 | id) >> shift & 0xff;
}

#endif
