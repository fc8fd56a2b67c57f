/* SPDX-License-Identifier: MIT */
/* Included before everything else: all symbols are in one image, so none is reached through a GOT. */
#pragma GCC visibility push(hidden)
