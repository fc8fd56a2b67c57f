/* SPDX-License-Identifier: MIT */
/* The console of a guest: between an emulated UART and the host console, with a ring that `vm log` shows. */
#ifndef CORE_VCONSOLE_H
#define CORE_VCONSOLE_H

#include <core/lock.h>
#include <core/mem_owner.h>

#define VCONSOLE_RING_SIZE 16384 /* output kept for `vm log` */
#define VCONSOLE_INPUT_SIZE 256

/* One a VM. Output is kept always and also goes to the host console while attached. */
struct vconsole {
	struct spinlock lock;
	const char *vm_name;
	char *ring;    /* VCONSOLE_RING_SIZE bytes */
	u64 written;   /* bytes ever put; ring holds the last of them */
	u64 run_start; /* `written` when the VM started last: what is before is of an earlier run */
	bool attached;
	u8 input[VCONSOLE_INPUT_SIZE];
	u32 input_head; /* free-running */
	u32 input_tail;
	/* Told, no lock held, when input() has something new; set by the UART emulator. */
	void (*input_ready)(void *ctx);
	void *input_ctx;
};

int vconsole_init(struct vconsole *vc, struct mem_owner *owner, const char *vm_name) __must_check;
void vconsole_destroy(struct vconsole *vc);
/* The VM starts: input that an earlier run did not read is gone, and its output is history. */
void vconsole_restart(struct vconsole *vc);

/* From the guest's UART or firmware interface. Any context. */
void vconsole_put(struct vconsole *vc, u8 byte);
/* Next input byte for the guest, or -1. */
int vconsole_get(struct vconsole *vc);
bool vconsole_has_input(struct vconsole *vc);
/* The UART emulator registers itself; NULL to stop. */
void vconsole_listen(struct vconsole *vc, void (*input_ready)(void *ctx), void *ctx);

/* From the host's side. Bytes that do not fit are dropped; returns how many were taken. */
size_t vconsole_input(struct vconsole *vc, const u8 *s, size_t len);
void vconsole_set_attached(struct vconsole *vc, bool attached);
/* Attaches unless there is output after byte number @pos: false then, read that first. Nothing is lost or shown twice. */
bool vconsole_attach_at(struct vconsole *vc, u64 pos);
/* Copies the kept output from byte number *pos (moved on; a lost start is skipped) and returns the length. */
size_t vconsole_read_log(struct vconsole *vc, u64 *pos, char *buf, size_t len);

#endif
