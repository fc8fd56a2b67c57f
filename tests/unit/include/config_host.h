/* SPDX-License-Identifier: MIT */
/* What host tests switch on whatever the board's configuration says; included before everything. */
#undef CONFIG_LOCK_DEBUG
#define CONFIG_LOCK_DEBUG 1
#undef CONFIG_TRACE
#define CONFIG_TRACE 1
/* The trees that they use are of this machine. */
#undef CONFIG_ARCH
#define CONFIG_ARCH "riscv"
