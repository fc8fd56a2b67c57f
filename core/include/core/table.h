/* SPDX-License-Identifier: MIT */
/* Link-time tables: a file adds its own row, and no central list has to be edited. */
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include <core/types.h>

/*
 * TABLE_ROW(vg_drivers, &driver) puts a pointer into the section vg_drivers. Section names are C
 * identifiers, so that the linker provides __start_<name> and __stop_<name> by itself, in the
 * hypervisor as in host tests. Rows come in link order, which is the alphabetical order of files.
 */
#define TABLE_ROW(table, ident, object)                                                       \
	static const __typeof__(object) *const table##_row_##ident __used __section(#table) = \
		&(object)

#define TABLE_DECLARE(table, type)                                        \
	extern type const *const __start_##table[] __attribute__((weak)); \
	extern type const *const __stop_##table[] __attribute__((weak))

/* @row is a `type const *const *`. An empty table is fine: both symbols are then weak and null. */
#define table_for_each(row, table) for (row = __start_##table; row < __stop_##table; row++)

#endif
