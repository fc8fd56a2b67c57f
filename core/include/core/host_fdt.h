/* SPDX-License-Identifier: MIT */
/* What the hypervisor takes from the host's device tree: memory, reserved ranges, bundle, arguments. */
#ifndef CORE_HOST_FDT_H
#define CORE_HOST_FDT_H

#include <core/page.h>

/*
 * The tree stays where firmware put it. Its size and structure are checked here; every reader below
 * tolerates missing optional properties. -EINVAL when it is no flattened device tree.
 */
int host_fdt_check(const void *fdt) __must_check;
/* Adds /memory without what is no-map in /reserved-memory, and what is reserved: /memreserve/, other reserved memory, the tree, the initrd. */
int host_fdt_memory(const void *fdt, struct boot_memory *mem) __must_check;
/* /chosen linux,initrd-start and -end (1 or 2 cells); size 0 when there is none. */
struct hpa_range host_fdt_initrd(const void *fdt);
/* /chosen bootargs or "". */
const char *host_fdt_bootargs(const void *fdt);
/* The number of a word "name=number" in them. For tests of what the machine's hardware would not show. */
unsigned host_fdt_bootarg(const void *fdt, const char *name, unsigned fallback);
/* Node that /chosen stdout-path names (aliases resolved, options after ':' ignored), or negative. */
int host_fdt_stdout(const void *fdt);
/* `reg` entry @index of @node, translated to CPU addresses through all `ranges`. */
int host_fdt_reg(const void *fdt, int node, unsigned index, struct hpa_range *out) __must_check;

#endif
