/* SPDX-License-Identifier: MIT */
/* A VM for tests of emulators; see fake_vm.h. */
#include <core/errno.h>
#include <core/timer.h>
#include <fake.h>
#include <fake_vm.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define check(cond)                                                                               \
	do {                                                                                      \
		if (!(cond)) {                                                                    \
			fprintf(stderr, "%s:%d: %s\n%s", __FILE__, __LINE__, #cond, fake_output); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

/* ---- the recording interrupt controller ---- */

struct fake_chip {
	struct virq_chip chip;
	bool level[FAKE_IRQS];
	unsigned rises[FAKE_IRQS];
	enum virq_trigger trigger[FAKE_IRQS];
};

static int chip_translate(struct virq_chip *chip, const u32 *cells, unsigned cell_count, u32 *irq,
			  enum virq_trigger *trigger)
{
	(void)cell_count;
	if ((cells[0] & 0xff) >= chip->irq_count)
		return -ERANGE;
	*irq = cells[0] & 0xff;
	*trigger = cells[0] & 0x100 ? VIRQ_EDGE : VIRQ_LEVEL;
	return 0;
}

static void chip_configure(struct virq_chip *chip, u32 irq, enum virq_trigger trigger)
{
	((struct fake_chip *)chip->dev->state)->trigger[irq] = trigger;
}

static void chip_set(struct virq_chip *chip, u32 irq, bool level)
{
	struct fake_chip *c = chip->dev->state;
	irqflags_t flags = spin_lock(&chip->dev->lock);

	c->rises[irq] += level && !c->level[irq];
	c->level[irq] = level;
	spin_unlock(&chip->dev->lock, flags);
}

static const struct virq_chip_ops chip_ops = {
	.translate = chip_translate,
	.configure = chip_configure,
	.set = chip_set,
};

static int chip_create(struct vdev *dev)
{
	return vdev_add_chip(dev, &((struct fake_chip *)dev->state)->chip, &chip_ops, FAKE_IRQS);
}

static void chip_reset(struct vdev *dev)
{
	(void)dev;
}

static const char *const chip_compatible[] = { "test,irqchip", NULL };

DEFINE_EMULATOR(fake_chip) = {
	.name = "fake_chip",
	.class = EMULATOR_IRQCHIP,
	.compatible = chip_compatible,
	.state_size = sizeof(struct fake_chip),
	.create = chip_create,
	.reset = chip_reset,
};

static struct fake_chip *chip_of(struct fake_vm *f)
{
	return fake_vdev(f, "interrupt-controller")->state;
}

bool fake_irq_level(struct fake_vm *f, u32 irq)
{
	return chip_of(f)->level[irq];
}

unsigned fake_irq_rises(struct fake_vm *f, u32 irq)
{
	return chip_of(f)->rises[irq];
}

enum virq_trigger fake_irq_trigger(struct fake_vm *f, u32 irq)
{
	return chip_of(f)->trigger[irq];
}

void fake_irq_end(struct fake_vm *f, u32 irq)
{
	virq_notify_eoi(&chip_of(f)->chip, irq);
}

/* ---- the tree ---- */

void fake_node_begin(struct fake_vm *f, const char *name, const char *compatible)
{
	check(!fdt_begin_node(f->tree, name));
	if (compatible)
		fake_property_text(f, "compatible", compatible);
}

void fake_node_end(struct fake_vm *f)
{
	check(!fdt_end_node(f->tree));
}

void fake_property_cells(struct fake_vm *f, const char *name, const u32 *cells, unsigned count)
{
	fdt32_t *to;

	check(!fdt_property_placeholder(f->tree, name, (int)(count * 4), (void **)&to));
	for (unsigned i = 0; i < count; i++)
		fdt32_st(to + i, cells[i]);
}

void fake_property_text(struct fake_vm *f, const char *name, const char *text)
{
	check(!fdt_property_string(f->tree, name, text));
}

void fake_reg(struct fake_vm *f, u64 base, u64 size)
{
	fake_cells(f, "reg", (u32)(base >> 32), (u32)base, (u32)(size >> 32), (u32)size);
}

static void add_cpus(struct fake_vm *f, unsigned count)
{
	u32 controllers[FAKE_VCPUS_MAX];

	for (unsigned i = 0; i < count; i++)
		controllers[i] = i + 1;
	fake_property_cells(f, "verdigris,controllers", controllers, count);
	fake_node_begin(f, "cpus", NULL);
	for (unsigned i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu@%u", i);
		fake_node_begin(f, name, NULL);
		fake_node_begin(f, "interrupt-controller", "riscv,cpu-intc");
		fake_cells(f, "#interrupt-cells", 1);
		fake_cells(f, "phandle", i + 1);
		fake_node_end(f);
		fake_node_end(f);
	}
	fake_node_end(f);
}

static void begin_tree(struct fake_vm *f, unsigned vcpu_count)
{
	check(!fdt_create(f->tree, sizeof(f->tree)));
	check(!fdt_finish_reservemap(f->tree));
	fake_node_begin(f, "", NULL);
	fake_cells(f, "#address-cells", 2);
	fake_cells(f, "#size-cells", 2);
	fake_cells(f, "interrupt-parent", FAKE_CHIP_PHANDLE);
	add_cpus(f, vcpu_count);
	fake_node_begin(f, "interrupt-controller", "test,irqchip");
	fake_cells(f, "#interrupt-cells", 1);
	fake_cells(f, "phandle", FAKE_CHIP_PHANDLE);
	fake_node_end(f);
	fake_node_begin(f, "soc", NULL);
	fake_cells(f, "#address-cells", 2);
	fake_cells(f, "#size-cells", 2);
	check(!fdt_property(f->tree, "ranges", "", 0));
}

/* ---- the VM ---- */

static void init_vcpu(struct fake_vm *f, unsigned index)
{
	struct vcpu *vcpu = &f->vcpus[index];

	vcpu->vm = &f->vm;
	vcpu->index = index;
	spinlock_init(&vcpu->lock, LOCK_VCPU, "vcpu");
	sched_entity_init(&vcpu->se, SCHED_VCPU, "vcpu");
	vcpu->se.state = SCHED_DEAD; /* a wake-up does nothing */
	f->table[index] = vcpu;
}

static void fake_power_work(struct work *work)
{
	(void)work;
}

void fake_vm_init(struct fake_vm *f, unsigned vcpu_count)
{
	struct vm *vm = &f->vm;

	fake_boot(FAKE_RAM);
	memset(f, 0, sizeof(*f));
	strcpy(vm->name, "test");
	vm->references = 1;
	vm->state = VM_RUNNING; /* others have no wishes */
	vm->vcpus = f->table;
	vm->vcpu_count = vcpu_count;
	vm->ram_owner.name = vm->table_owner.name = vm->heap_owner.name = vm->name;
	list_init(&vm->devices);
	spinlock_init(&vm->lock, LOCK_VM, "vm");
	waitqueue_init(&vm->changed);
	work_init(&vm->power_work, fake_power_work);
	for (unsigned i = 0; i < vcpu_count; i++)
		init_vcpu(f, i);
	check(!vconsole_init(&vm->console, &vm->heap_owner, vm->name));
	check(!arch_vm_create(vm));
	begin_tree(f, vcpu_count);
}

int fake_vm_create(struct fake_vm *f)
{
	int err;

	fake_node_end(f);
	fake_node_end(f);
	check(!fdt_finish(f->tree));
	check(!fdt_check_full(f->tree, sizeof(f->tree)));
	err = vdev_create_all(&f->vm, f->tree);
	if (!err)
		vdev_reset_all(&f->vm);
	return err;
}

void fake_vm_destroy(struct fake_vm *f)
{
	struct vm *vm = &f->vm;

	vdev_destroy_all(vm);
	vconsole_destroy(&vm->console);
	gpa_destroy(vm);
	stage2_destroy(vm);
	check(mem_owner_is_empty(&vm->ram_owner));
	check(mem_owner_is_empty(&vm->table_owner));
	check(mem_owner_is_empty(&vm->heap_owner));
}

struct vdev *fake_vdev(struct fake_vm *f, const char *name)
{
	struct vdev *dev;

	list_for_each(dev, &f->vm.devices, link) {
		if (strcmp(dev->name, name) == 0)
			return dev;
	}
	fprintf(stderr, "no device %s\n", name);
	abort();
}

u64 fake_read(struct fake_vm *f, u64 addr, unsigned size)
{
	u64 value = 0;

	check(!bus_read(&f->vm.mmio, addr, size, &value, NULL));
	return value;
}

void fake_write(struct fake_vm *f, u64 addr, unsigned size, u64 value)
{
	check(!bus_write(&f->vm.mmio, addr, size, value, NULL));
}

bool fake_pin(struct fake_vm *f, unsigned vcpu, enum vcpu_pin pin)
{
	return f->vcpus[vcpu].arch.pins >> pin & 1;
}

int fake_take_power(struct fake_vm *f)
{
	struct vm *vm = &f->vm;

	if (!vm->power_pending)
		return -1;
	vm->power_pending = vm->power_queued = false;
	check(vm->power_work.queued);
	vm->power_work.queued = false;
	list_remove(&vm->power_work.link);
	vm->references = 1;
	return vm->pending;
}

void fake_advance(u64 ticks)
{
	fake_time += ticks;
	if (fake_timer_deadline <= fake_time)
		timer_interrupt();
}
