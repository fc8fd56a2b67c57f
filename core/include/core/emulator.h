/* SPDX-License-Identifier: MIT */
/* Emulated devices: one device a file, made from a node of the guest's tree. */
#ifndef CORE_EMULATOR_H
#define CORE_EMULATOR_H

#include <core/bus.h>
#include <core/exit.h>
#include <core/lock.h>
#include <core/table.h>
#include <core/virq.h>
#include <libs/list.h>

struct vm;
struct vdev;
struct vconsole;

/* Interrupt controllers come first, so that devices find their lines. */
enum emulator_class { EMULATOR_IRQCHIP, EMULATOR_DEVICE, EMULATOR_CLASS_COUNT };

struct emulator {
	const char *name;
	enum emulator_class class;
	const char *const
		*compatible; /* NULL-terminated; the node's first string that anybody knows wins */
	size_t state_size;   /* bytes of zeros that vdev->state points to */
	/*
	 * Reads the node through the vdev_* functions, adds regions and lines. An error must have been
	 * explained by vdev_error(); regions, lines and the state are given back by core.
	 */
	int (*create)(struct vdev *dev);
	/* Gives back what create() allocated by itself, also after it failed. May be NULL; no vCPU runs. */
	void (*destroy)(struct vdev *dev);
	/* To the state after power-on; no vCPU runs. Devices come before their interrupt controllers. */
	void (*reset)(struct vdev *dev);
	/*
	 * Completes the device's node @node in the tree that the guest will see (vm_config_build_tree()). 0 or a
	 * libfdt error; -FDT_ERR_NOSPACE: again with more room. May be NULL.
	 */
	int (*complete)(struct vdev *dev, void *fdt, int node);
	/* Asks the guest to shut itself down; 0 if this device can. May be NULL. */
	int (*request_shutdown)(struct vdev *dev);
	/* A line or two for `dev`, through print(). May be NULL. */
	void (*describe)(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			 void *ctx);
};

#define DEFINE_EMULATOR(ident)                 \
	static const struct emulator ident;    \
	TABLE_ROW(vg_emulators, ident, ident); \
	static const struct emulator ident

struct vdev {
	struct list_node link; /* vm->devices, in order of creation */
	struct vm *vm;
	const struct emulator *emulator;
	char name[32];   /* node name, "serial@10000000" */
	int node;        /* in the tree below */
	const void *fdt; /* during create() only, NULL afterwards */
	struct spinlock
		lock; /* rank VDEV, or IRQCHIP for EMULATOR_IRQCHIP; the emulator takes it */
	void *state;
	struct virq_chip *chip;   /* an interrupt controller's, NULL for others */
	struct vconsole *console; /* of the device that has it, NULL for others */
};

/* Creates all devices of the VM's tree; unknown nodes are left alone. On error all are gone again. */
int vdev_create_all(struct vm *vm, const void *fdt) __must_check;
/* Lets the devices complete their nodes in @fdt, which has room to grow. 0 or a libfdt error. */
int vdev_complete_tree(struct vm *vm, void *fdt) __must_check;
/* Also empties the buses. No vCPU runs. */
void vdev_destroy_all(struct vm *vm);
void vdev_reset_all(struct vm *vm);

/*
 * For create(), which may return their errors as they are: each has been explained by vdev_error(),
 * but for those that say "absent", which may be fine.
 */

/* Entry @index of `reg`, translated through the parents' ranges. -ENOENT when absent, -EINVAL. */
int vdev_reg(const struct vdev *dev, unsigned index, gpa_t *base, u64 *size) __must_check;
u32 vdev_u32(const struct vdev *dev, const char *property, u32 fallback);
/* NULL when absent or no string. */
const char *vdev_string(const struct vdev *dev, const char *property);
/*
 * Connects `interrupts` (or interrupts-extended) entry @index. -ENOENT when absent: the line is then
 * unconnected. -EINVAL, -ENODEV: the controller is not emulated.
 */
int vdev_irq(struct vdev *dev, unsigned index, struct virq_line *line) __must_check;
/*
 * For interrupt controllers: interrupts-extended entry @index as a vCPU's number and the cell after the
 * phandle. -ENOENT past the end, -EINVAL.
 */
int vdev_cpu_irq(const struct vdev *dev, unsigned index, u32 *vcpu, u32 *cell) __must_check;
/* Makes @dev an interrupt controller: fills @chip, which is part of the state, and its lock. -EINVAL. */
int vdev_add_chip(struct vdev *dev, struct virq_chip *chip, const struct virq_chip_ops *ops,
		  u32 irq_count) __must_check;
/* Claims the region and routes it to @ops. -EEXIST, -EINVAL, -ENOMEM. */
int vdev_add_mmio(struct vdev *dev, gpa_t base, u64 size, const struct bus_ops *ops) __must_check;
int vdev_add_pio(struct vdev *dev, u64 base, u64 size, const struct bus_ops *ops) __must_check;
/* Both at once for `reg` entry @index, which must be there and have at least @min_size bytes. */
int vdev_map_reg(struct vdev *dev, unsigned index, u64 min_size,
		 const struct bus_ops *ops) __must_check;
/*
 * For a device that is memory: `reg` entry @index, which verdigris,rom has made ROM, as *@base and *@size. What the
 * ROM does not serve comes to @ops: writes, and everything while vdev_show_rom() hides it. -EINVAL, -ENOMEM.
 */
int vdev_map_rom(struct vdev *dev, unsigned index, gpa_t *base, u64 *size,
		 const struct bus_ops *ops) __must_check;
/* Zeroed memory charged to the VM, which destroy() gives back by heap_free(). NULL, explained: there is none. */
void *vdev_alloc(struct vdev *dev, size_t size) __must_check;
/*
 * The VM's console, if no other device has it: sets dev->console, else that stays NULL.
 * input_ready(dev) is called without locks when something was typed. Given back by core.
 */
void vdev_take_console(struct vdev *dev, void (*input_ready)(void *dev));
/* Says what is wrong with the node and what would be right: "VM linux, /soc/serial@10000000: ...". */
void vdev_error(const struct vdev *dev, const char *fmt, ...) __printf(2, 3);

/* For the time after create(). */

/* vcpu_set_pin() for vCPU number @vcpu. */
void vdev_set_pin(struct vdev *dev, u32 vcpu, enum vcpu_pin pin, bool level);
/* What the vCPU is offered changed: VCPU_REQ_IRQ for it. */
void vdev_notify_vcpu(struct vdev *dev, u32 vcpu);
/*
 * The vCPU of the device's VM whose registers are in this CPU's hardware, NULL if none is: in an exit handler the
 * one that accesses the device. Interrupts are disabled.
 */
struct vcpu *vdev_vcpu_here(const struct vdev *dev);
/*
 * Runs fn(arg) on the CPU whose hardware has the registers of vCPU @vcpu, and waits for it; there vdev_vcpu_here() says
 * so, unless it has left that CPU since. False: they are in memory, nothing was run. No lock is held.
 */
bool vdev_call_vcpu(struct vdev *dev, u32 vcpu, void (*fn)(void *arg), void *arg);
/*
 * Hides what vdev_map_rom() has taken, and shows it again; finished on return. -ENOMEM: it could not be shown and
 * is hidden still, which is slower and not wrong.
 */
int vdev_show_rom(struct vdev *dev, gpa_t base, u64 size, bool shown) __must_check;
/* vm_request_power(). The device's lock must not be held. */
void vdev_request_power(struct vdev *dev, enum exit_power what, const char *reason);
/* A warning that the guest can trigger; rate-limited. */
void vdev_guest_warn(struct vdev *dev, const char *fmt, ...) __printf(2, 3);

/* Time as emulators see it: guests' wall clock and host ticks (core/time.h). */
u64 vdev_wall_clock_ns(
	struct vdev *dev); /* nanoseconds since 1970-01-01 UTC as far as the host knows */

#endif
