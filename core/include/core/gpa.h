/* SPDX-License-Identifier: MIT */
/* The guest-physical map of a VM: its regions, look-up, and every access to guest memory. */
#ifndef CORE_GPA_H
#define CORE_GPA_H

#include <core/addr.h>

struct vm;

enum gpa_kind {
	GPA_RAM,      /* private memory, read, write, execute */
	GPA_ROM,      /* memory that the guest reads and executes; a write is a fault */
	GPA_EMULATED, /* registers of an emulated device: every access exits */
	GPA_DEVICE,   /* registers of a host device, mapped through */
	GPA_SHARED,   /* memory that other VMs map too */
	GPA_ALIAS,    /* a second view of a RAM, ROM or SHARED region of the same VM */
};

struct gpa_region {
	u64 base; /* guest-physical, page-aligned unless EMULATED */
	u64 size;
	enum gpa_kind kind;
	hpa_t pa; /* of `base`; unused for EMULATED */
	u8 order; /* order of the blocks that it consists of, when the VM owns the memory (RAM, ROM) */
	bool owned;    /* given back with the map */
	bool writable; /* memory that the guest may write; an alias takes it from what it shows */
	const char *name; /* borrowed; outlives the region */
};

/*
 * Sorted by base, without overlap. RAM that is not contiguous in the host takes several regions.
 * Changed only while no vCPU of the VM runs, so readers take no lock.
 */
struct gpa_map {
	struct gpa_region *regions;
	u32 count;
	u32 capacity;
};

/*
 * Allocates @size bytes of zeroed memory in as few blocks as possible, puts them at @at as @kind (RAM or
 * ROM) and maps them. -EEXIST on overlap, -EINVAL unless page-aligned, -ENOMEM; then nothing is left behind.
 */
int gpa_add_memory(struct vm *vm, gpa_t at, u64 size, enum gpa_kind kind,
		   const char *name) __must_check;
/* Host memory or registers that the VM does not own. @kind is DEVICE, SHARED or ROM. */
int gpa_add_host(struct vm *vm, gpa_t at, hpa_t pa, u64 size, enum gpa_kind kind,
		 const char *name) __must_check;
/* A second view at @at of [of, of + size), which must lie in memory regions. */
int gpa_add_alias(struct vm *vm, gpa_t at, gpa_t of, u64 size, const char *name) __must_check;
/* Claims the range for emulation; the bus does the rest. Maps nothing. */
int gpa_add_emulated(struct vm *vm, gpa_t at, u64 size, const char *name) __must_check;
/*
 * Hides ROM from the guest, so that each access comes to the bus as its writes always do, and shows it again. The
 * range is whole ROM regions; else -EINVAL. While vCPUs run: the map stays as it is, the second stage changes.
 * -ENOMEM: there was no memory to show it; it stays hidden.
 */
int gpa_show_rom(struct vm *vm, gpa_t at, u64 size, bool shown) __must_check;
/* Takes all EMULATED regions out again; their names belong to devices. */
void gpa_drop_emulated(struct vm *vm);
/* Unmaps everything, scrubs and frees owned memory. */
void gpa_destroy(struct vm *vm);

/* The region that holds @at, or NULL. */
const struct gpa_region *gpa_find(const struct vm *vm, gpa_t at);

enum gpa_access { GPA_READ, GPA_WRITE };
/*
 * Host pointer to guest memory; *len (in: bytes wanted, out: bytes contiguous there, at least 1). NULL if
 * @at is not memory, or is ROM and @access is GPA_WRITE. The guest may change the bytes at any time.
 */
void *gpa_to_ptr(const struct vm *vm, gpa_t at, u64 *len, enum gpa_access access);
/* Copies, crossing regions if need be. -EFAULT if any byte is no memory; then nothing was written. */
int gpa_read(const struct vm *vm, gpa_t at, void *buf, u64 len) __must_check;
int gpa_write(const struct vm *vm, gpa_t at, const void *buf, u64 len) __must_check;
/* Both for loaders and for devices that are ROM: they also write to it, and make it visible to fetches. Errors as above. */
int gpa_load(const struct vm *vm, gpa_t at, const void *buf, u64 len) __must_check;
int gpa_fill(const struct vm *vm, gpa_t at, u8 byte, u64 len) __must_check;
/* Total bytes of RAM. */
u64 gpa_ram_size(const struct vm *vm);

const char *gpa_kind_name(enum gpa_kind kind);

#endif
