/* SPDX-License-Identifier: MIT */
/* A VM for tests of emulators: a tree, buses, lines and vCPU pins, without the life cycle of vm.c. */
#ifndef TESTS_FAKE_VM_H
#define TESTS_FAKE_VM_H

#include <core/emulator.h>
#include <core/vcpu.h>
#include <core/vm.h>

#define FAKE_VCPUS_MAX 8
#define FAKE_RAM MIB(64)
#define FAKE_IRQS 64
#define FAKE_CHIP_PHANDLE 100 /* CPUs' interrupt controllers have 1, 2, 3 and so on */

struct fake_vm {
	struct vm vm;
	struct vcpu vcpus[FAKE_VCPUS_MAX];
	struct vcpu *table[FAKE_VCPUS_MAX];
	u8 tree[16384];
};

/*
 * Failures end the program: these work under fuzzers too.
 *
 * fake_vm_init() boots the fake machine and begins the tree: CPUs, an interrupt controller that
 * records (FAKE_IRQS lines, one cell, it is everybody's interrupt-parent) and /soc with 2 address
 * and 2 size cells, in which nodes are then added. fake_vm_create() ends the tree, makes and resets
 * the devices; fake_vm_destroy() takes all apart and checks that nobody owns memory any more.
 */
void fake_vm_init(struct fake_vm *f, unsigned vcpu_count);
int fake_vm_create(struct fake_vm *f) __must_check;
void fake_vm_destroy(struct fake_vm *f);

/* Nodes of the tree. */
void fake_node_begin(struct fake_vm *f, const char *name, const char *compatible);
void fake_node_end(struct fake_vm *f);
void fake_property_cells(struct fake_vm *f, const char *name, const u32 *cells, unsigned count);
void fake_property_text(struct fake_vm *f, const char *name, const char *text);
#define fake_cells(f, name, ...)                                   \
	fake_property_cells(f, name, (const u32[]){ __VA_ARGS__ }, \
			    sizeof((const u32[]){ __VA_ARGS__ }) / 4)
void fake_reg(struct fake_vm *f, u64 base, u64 size);

/* The device made from node @name. */
struct vdev *fake_vdev(struct fake_vm *f, const char *name);

/* An access that has to succeed. */
u64 fake_read(struct fake_vm *f, u64 addr, unsigned size);
void fake_write(struct fake_vm *f, u64 addr, unsigned size, u64 value);

/* The recording interrupt controller: a line's level, and how often it rose. */
bool fake_irq_level(struct fake_vm *f, u32 irq);
unsigned fake_irq_rises(struct fake_vm *f, u32 irq);
enum virq_trigger fake_irq_trigger(struct fake_vm *f, u32 irq);
/* The guest's end of an interrupt there. */
void fake_irq_end(struct fake_vm *f, u32 irq);

bool fake_pin(struct fake_vm *f, unsigned vcpu, enum vcpu_pin pin);

/* What a guest asked for by vm_request_power(), or -1; forgets it. */
int fake_take_power(struct fake_vm *f);

/* Moves the clock on and lets the timers fire that are due. */
void fake_advance(u64 ticks);

#endif
