/* SPDX-License-Identifier: MIT */
/* VMIDs (ASIDs of guests), which tell the translations of VMs apart in a TLB, in generations. */
#ifndef CORE_VMID_H
#define CORE_VMID_H

#include <core/types.h>

struct vm;
struct vcpu;

/* A VM's number. */
struct vmid {
	u64 value;      /* valid in `generation` only */
	u64 generation; /* 0: none yet; the VM never ran */
	/* By host CPU: the vCPU that ran there last; another one must not see its first-stage translations. */
	struct vcpu *last_vcpu[CONFIG_NR_CPUS];
};

/* A CPU's TLB. */
struct vmid_cpu {
	u64 generation;     /* for which it has been flushed */
	struct vm *last_vm; /* whose translations it holds, where there are no VMIDs */
};

/* @bits wide, 0: the hardware has none. @flush_all drops what this CPU's TLB holds of all guests. Once. */
void vmid_init(unsigned bits, void (*flush_all)(void));
unsigned vmid_bits(void);
/* Gives @vm a number of the current generation and this CPU a TLB without older ones. vCPU entry; interrupts disabled. */
void vmid_update(struct vm *vm);
/* False: vmid_update() is due before a guest is entered. */
bool vmid_is_current(const struct vm *vm);
/*
 * True if this CPU may hold first-stage translations that are not @vcpu's own: those that another vCPU of the VM
 * left behind, or its own from an earlier stay. The caller drops them. Its CPU, after vmid_update().
 */
bool vmid_claim(struct vcpu *vcpu) __must_check;
/* The VM or vCPU goes. */
void vmid_forget_vm(struct vm *vm);
void vmid_forget_vcpu(struct vcpu *vcpu);

#endif
