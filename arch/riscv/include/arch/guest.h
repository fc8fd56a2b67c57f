/* SPDX-License-Identifier: MIT */
/* riscv64: inside the guest-exit path. Everything here runs with interrupts disabled, on the exit's CPU. */
#ifndef ARCH_GUEST_H
#define ARCH_GUEST_H

#include <arch/csr.h>
#include <core/table.h>
#include <core/vcpu.h>

/* What trapped, read from the CSRs before anything else can trap (Privileged 1.13, section 19.6). */
struct riscv_trap {
	u64 cause;
	u64 tval;   /* stval */
	u64 htval;  /* guest-physical address >> 2 */
	u64 htinst; /* transformed instruction, pseudo-instruction or 0 */
};

/* How an exit goes on. */
enum riscv_exit {
	RISCV_RESUME, /* back to the guest at sepc, which the handler has advanced if the instruction is done */
	RISCV_LEAVE, /* back to vcpu_run() */
};

/*
 * Redirects the guest to its trap handler as the hardware would (section 19.6.3): vscause, vstval,
 * vsepc, vsstatus, sepc, sstatus.SPP. The vCPU is loaded and its pc in sepc.
 */
void riscv_inject(struct vcpu *vcpu, u64 cause, u64 tval);
/* An access fault of the kind that @cause (load, store, fetch guest-page fault) asks for. */
void riscv_inject_access_fault(struct vcpu *vcpu, const struct riscv_trap *trap);

static inline u64 riscv_pc(void)
{
	return csr_read(sepc);
}

static inline void riscv_advance(unsigned bytes)
{
	csr_write(sepc, csr_read(sepc) + bytes);
}

/* What vcpu->requests asks for, on the vCPU that is loaded here; true if it has to leave (vcpu.c). */
bool riscv_serve_requests(struct vcpu *vcpu);

/* ---- sbi.c: calls of the guest to its firmware ---- */

/*
 * One extension, one file, one row (SBI 2.0, chapter 3). handle() reads a0..a5 and a6 from vcpu->arch.x[],
 * and writes the result through the two outputs; what it returns goes to a0.
 */
struct sbi_extension {
	u32 first; /* extension ids it answers, inclusive */
	u32 last;
	const char *name;
	long (*handle)(struct vcpu *vcpu, u32 fid, u64 *value);
	bool legacy;                                /* writes a0 only */
	bool (*available)(const struct vcpu *vcpu); /* NULL: always */
};

#define DEFINE_SBI_EXTENSION(ident)              \
	static const struct sbi_extension ident; \
	TABLE_ROW(vg_sbi, ident, ident);         \
	static const struct sbi_extension ident

/*
 * The guest executed ecall in VS-mode. All of x[1], x[5..7], x[10..17], x[28..31] are in vcpu->arch.x[]; others may
 * still be in the CPU. Advances sepc. A call that takes the vCPU out of the guest sets vcpu->requests.
 */
void sbi_call(struct vcpu *vcpu);

/* ---- guest_timer.c: the guest's timer, by Sstc or by a host timer ---- */

/* @deadline in guest time; the vCPU is the loaded one. What was pending is cleared unless it is due again. */
void riscv_timer_set(struct vcpu *vcpu, u64 deadline);
/* From arch_vcpu_create(), arch_vcpu_reset() and arch_vcpu_destroy(); not loaded. */
void riscv_timer_init(struct vcpu *vcpu);
void riscv_timer_reset(struct vcpu *vcpu);
void riscv_timer_destroy(struct vcpu *vcpu);
/* When it will raise VSTIP, in host ticks; TIME_NEVER: not armed. Loaded here or not loaded anywhere. */
u64 riscv_timer_deadline(struct vcpu *vcpu);

/* ---- decode.c: loads and stores that stage 2 did not serve ---- */

struct riscv_access {
	u8 size;   /* 1, 2, 4, 8 */
	u8 reg;    /* destination of a load, source of a store: x register */
	u8 length; /* of the instruction in bytes: 2 or 4 */
	bool store;
	bool sign_extend; /* loads only */
	u8 base;          /* address: x register plus offset; both 0 when decoded from htinst */
	s16 offset;
};

/* Pure: decodes a load or store of the integer registers, compressed or full. -ENOSYS for anything else (float, atomic, garbage). */
int riscv_decode_access(u32 insn, struct riscv_access *access) __must_check;
/*
 * The same from htinst (sections 19.6.3.1..), or by fetching the instruction at sepc with hlvx when htinst is 0.
 * -EAGAIN: the fetch itself faulted, let the guest run again; -ENOSYS: an access that we do not emulate, or
 * one that begins before the address that faulted (it crosses into the region).
 */
int riscv_decode_trap(struct vcpu *vcpu, const struct riscv_trap *trap,
		      struct riscv_access *access) __must_check;

/* ---- guest_csr.c: virtual-instruction and illegal-instruction traps ---- */

/* Answers by a table of CSRs, WFI, and the architecture's fault for all else. */
enum riscv_exit riscv_virtual_instruction(struct vcpu *vcpu, const struct riscv_trap *trap);

/* ---- fpu.c: float and vector registers, loaded when the guest first uses them ---- */

/* On load: nothing is moved; sstatus.FS and VS are Off unless this CPU still holds the vCPU's registers. */
void fpu_load(struct vcpu *vcpu);
/* On put: what is dirty goes to memory. */
void fpu_put(struct vcpu *vcpu);
/*
 * An illegal-instruction trap while FS or VS was Off for the lazy switch: true if registers were loaded
 * and the instruction shall run again.
 */
bool fpu_trap(struct vcpu *vcpu);
void fpu_reset(struct vcpu *vcpu);
int fpu_create(struct vcpu *vcpu) __must_check;
void fpu_destroy(struct vcpu *vcpu);

/* fpu_asm.S: between memory and the hardware; sstatus.FS or VS is not Off. @control: numbers of arch/vcpu.h. */
void fpu_save_float(u64 *f, u64 *fcsr);
void fpu_load_float(const u64 *f, const u64 *fcsr);
void fpu_save_vector(void *registers, u64 *control);
void fpu_load_vector(const void *registers, const u64 *control);
u64 fpu_vlenb(void);

/* ---- guest memory through the guest's own translation, with faults caught (hlv, hlvx) ---- */

/* 0, or the cause of the fault with the address in *tval. Clobbers nothing of the current trap. */
u64 riscv_guest_fetch(u64 va, u32 *insn, u64 *tval);

#endif
