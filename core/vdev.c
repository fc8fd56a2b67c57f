/* SPDX-License-Identifier: MIT */
/* Emulated devices of a VM: made from the nodes of its tree, and what they ask of core. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/heap.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <core/vm.h>
#include <core/vm_config.h>
#include <core/wall_clock.h>
#include <libfdt.h>
#include <libs/fdt.h>
#include <libs/format.h>
#include <string.h>

#define IRQ_CELLS_MAX 4
#define VDEV_PATH_MAX 128
#define VDEV_TEXT_MAX 160

TABLE_DECLARE(vg_emulators, struct emulator);

/* ---- life cycle ---- */

static const struct emulator *emulator_knowing(const char *text)
{
	const struct emulator *const *row;

	table_for_each(row, vg_emulators) {
		for (const char *const *c = (*row)->compatible; *c; c++) {
			if (strcmp(*c, text) == 0)
				return *row;
		}
	}
	return NULL;
}

static const struct emulator *emulator_of(const void *fdt, int node)
{
	const struct emulator *emulator = NULL;
	const char *text;

	for (unsigned i = 0; !emulator && (text = fdt_text_at(fdt, node, "compatible", i)); i++)
		emulator = emulator_knowing(text);
	return emulator;
}

static int vdev_create(struct vm *vm, const void *fdt, int node, const struct emulator *emulator)
{
	enum lock_rank rank = emulator->class == EMULATOR_IRQCHIP ? LOCK_IRQCHIP : LOCK_VDEV;
	struct vdev *dev = heap_alloc(&vm->heap_owner, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->vm = vm;
	dev->emulator = emulator;
	dev->fdt = fdt;
	dev->node = node;
	format_to(dev->name, sizeof(dev->name), "%s", fdt_get_name(fdt, node, NULL) ?: "?");
	spinlock_init(&dev->lock, rank, emulator->name);
	list_push_back(&vm->devices, &dev->link);
	dev->state = heap_alloc(&vm->heap_owner, MAX(emulator->state_size, sizeof(u64)));
	if (!dev->state) {
		vdev_error(dev, "out of memory");
		return -ENOMEM;
	}
	err = emulator->create(dev);
	dev->fdt = NULL;
	return err;
}

static int vdev_create_class(struct vm *vm, const void *fdt, enum emulator_class class)
{
	int err = 0;

	for (int node = 0; !err && node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		const struct emulator *emulator = emulator_of(fdt, node);

		if (emulator && emulator->class == class && fdt_is_enabled(fdt, node))
			err = vdev_create(vm, fdt, node, emulator);
	}
	return err;
}

int vdev_create_all(struct vm *vm, const void *fdt)
{
	int err = 0;

	for (int pass = 0; !err && pass < EMULATOR_CLASS_COUNT; pass++)
		err = vdev_create_class(vm, fdt, (enum emulator_class)pass);
	if (err)
		vdev_destroy_all(vm);
	return err;
}

static void vdev_destroy(struct vdev *dev)
{
	if (dev->console)
		vconsole_listen(dev->console, NULL, NULL);
	if (dev->state && dev->emulator->destroy)
		dev->emulator->destroy(dev);
	heap_free(dev->state);
	list_remove(&dev->link);
	heap_free(dev);
}

/* Last made, first gone: interrupt controllers outlive the devices whose lines they take. */
void vdev_destroy_all(struct vm *vm)
{
	bus_destroy(&vm->mmio);
	bus_destroy(&vm->pio);
	gpa_drop_emulated(vm);
	while (!list_is_empty(&vm->devices))
		vdev_destroy(list_entry(vm->devices.prev, struct vdev, link));
}

/* The device made from @node, found by name: those of a tree's emulated nodes differ, as their addresses do. */
static struct vdev *vdev_of_node(const struct vm *vm, const void *fdt, int node)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	struct vdev *dev;

	list_for_each(dev, &vm->devices, link)
		if (name && strncmp(dev->name, name, sizeof(dev->name) - 1) == 0)
			return dev;
	return NULL;
}

int vdev_complete_tree(struct vm *vm, void *fdt)
{
	int err = 0;

	for (int node = 0; !err && node >= 0; node = fdt_next_node(fdt, node, NULL)) {
		const struct emulator *emulator = emulator_of(fdt, node);
		struct vdev *dev =
			emulator && emulator->complete ? vdev_of_node(vm, fdt, node) : NULL;

		if (dev && dev->emulator == emulator)
			err = emulator->complete(dev, fdt, node);
	}
	return err;
}

void vdev_reset_all(struct vm *vm)
{
	for (struct list_node *n = vm->devices.prev; n != &vm->devices; n = n->prev) {
		struct vdev *dev = list_entry(n, struct vdev, link);

		dev->emulator->reset(dev);
	}
}

/* ---- messages ---- */

void vdev_error(const struct vdev *dev, const char *fmt, ...)
{
	char path[VDEV_PATH_MAX], text[VDEV_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_to_va(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("VM %s, %s: %s", dev->vm->name,
		  dev->fdt ? fdt_path(dev->fdt, dev->node, path, sizeof(path)) : dev->name, text);
}

void vdev_guest_warn(struct vdev *dev, const char *fmt, ...)
{
	char text[VDEV_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_to_va(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_guest(&dev->vm->log_limit, dev->vm->name, "%s: %s", dev->name, text);
}

/* ---- registers ---- */

int vdev_reg(const struct vdev *dev, unsigned index, gpa_t *base, u64 *size)
{
	struct fdt_reg reg;
	int err = fdt_reg_translated(dev->fdt, dev->node, index, &reg);

	if (err == -EINVAL)
		vdev_error(dev,
			   "reg entry %u does not fit the parents' #address-cells, #size-cells and "
			   "ranges; give it as many cells, inside of what ranges pass on",
			   index);
	if (err)
		return err;
	*base = gpa(reg.base);
	*size = reg.size;
	return 0;
}

/* Why a region was not taken, for people. */
static int explain_region(const struct vdev *dev, u64 base, u64 size, int err)
{
	const struct gpa_region *other = gpa_find(dev->vm, gpa(base));

	if (err == -EEXIST)
		vdev_error(dev, "registers at 0x%llx, 0x%llx bytes, overlap %s; move one of them",
			   (unsigned long long)base, (unsigned long long)size,
			   other ? other->name : "what follows");
	else if (err == -EINVAL)
		vdev_error(dev,
			   "registers at 0x%llx have a size of 0x%llx; give one above 0 that "
			   "ends within 64 bits",
			   (unsigned long long)base, (unsigned long long)size);
	else if (err)
		vdev_error(dev, "out of memory");
	return err;
}

int vdev_add_mmio(struct vdev *dev, gpa_t base, u64 size, const struct bus_ops *ops)
{
	struct bus_region region = { .base = base.v, .size = size, .ops = ops, .dev = dev };
	int err = gpa_add_emulated(dev->vm, base, size, dev->name);

	if (!err)
		err = bus_add(&dev->vm->mmio, &dev->vm->heap_owner, &region);
	return explain_region(dev, base.v, size, err);
}

int vdev_add_pio(struct vdev *dev, u64 base, u64 size, const struct bus_ops *ops)
{
	struct bus_region region = { .base = base, .size = size, .ops = ops, .dev = dev };
	int err = bus_add(&dev->vm->pio, &dev->vm->heap_owner, &region);

	if (err)
		vdev_error(dev, "ports 0x%llx, 0x%llx of them: %s", (unsigned long long)base,
			   (unsigned long long)size, error_text(err));
	return err;
}

int vdev_map_reg(struct vdev *dev, unsigned index, u64 min_size, const struct bus_ops *ops)
{
	u64 size;
	gpa_t base;
	int err = vdev_reg(dev, index, &base, &size);

	if (err == -ENOENT) {
		vdev_error(dev, "has no reg entry %u; add the address and size of its registers",
			   index);
		return -EINVAL;
	}
	if (err)
		return err;
	if (size < min_size) {
		vdev_error(dev, "reg gives it 0x%llx bytes; it needs 0x%llx or more",
			   (unsigned long long)size, (unsigned long long)min_size);
		return -EINVAL;
	}
	return vdev_add_mmio(dev, base, size, ops);
}

int vdev_map_rom(struct vdev *dev, unsigned index, gpa_t *base, u64 *size,
		 const struct bus_ops *ops)
{
	struct bus_region region = { .ops = ops, .dev = dev };
	int err = vdev_reg(dev, index, base, size);

	if (err && err != -ENOENT)
		return err;
	if (!err)
		err = gpa_show_rom(dev->vm, *base, *size, true);
	if (err == -ENOENT || err == -EINVAL) {
		vdev_error(dev, "reg entry %u is no memory of its own; add verdigris,rom", index);
		return -EINVAL;
	}
	region.base = base->v;
	region.size = *size;
	if (!err)
		err = bus_add(&dev->vm->mmio, &dev->vm->heap_owner, &region);
	return explain_region(dev, base->v, *size, err);
}

/* ---- other properties ---- */

u32 vdev_u32(const struct vdev *dev, const char *property, u32 fallback)
{
	u32 value;

	return fdt_cell(dev->fdt, dev->node, property, 0, &value) ? value : fallback;
}

const char *vdev_string(const struct vdev *dev, const char *property)
{
	return fdt_text(dev->fdt, dev->node, property);
}

/* ---- interrupts ---- */

/* One interrupt specifier as the tree gives it. */
struct irq_spec {
	u32 phandle; /* of the controller */
	u32 cell[IRQ_CELLS_MAX];
	u32 count;
};

static int irq_cell_count(const struct vdev *dev, int controller, u32 *count)
{
	char path[VDEV_PATH_MAX];

	if (controller < 0) {
		vdev_error(dev, "its interrupt parent does not exist; let interrupt-parent or "
				"interrupts-extended name an interrupt controller");
		return -EINVAL;
	}
	if (fdt_cell(dev->fdt, controller, "#interrupt-cells", 0, count) && *count >= 1 &&
	    *count <= IRQ_CELLS_MAX)
		return 0;
	vdev_error(dev, "#interrupt-cells of its interrupt parent %s is missing or not 1 to %u",
		   fdt_path(dev->fdt, controller, path, sizeof(path)), IRQ_CELLS_MAX);
	return -EINVAL;
}

/* Reads spec->count cells at number @at of a property of @len cells. */
static int irq_read_cells(const struct vdev *dev, const u8 *value, u32 len, u32 at,
			  struct irq_spec *spec)
{
	if (at + spec->count > len) {
		vdev_error(dev, "an interrupt has %u cells; its parent's #interrupt-cells wants %u",
			   len - at, spec->count);
		return -EINVAL;
	}
	for (u32 i = 0; i < spec->count; i++)
		spec->cell[i] = (u32)fdt_read_cells(value + (at + i) * sizeof(fdt32_t), 1);
	return 0;
}

static int irq_spec_extended(const struct vdev *dev, const u8 *value, u32 len, unsigned index,
			     struct irq_spec *spec)
{
	for (u32 at = 0; at < len; at += 1 + spec->count) {
		int err;

		spec->phandle = (u32)fdt_read_cells(value + at * sizeof(fdt32_t), 1);
		err = irq_cell_count(dev, fdt_node_offset_by_phandle(dev->fdt, spec->phandle),
				     &spec->count);
		if (err)
			return err;
		if (index-- == 0)
			return irq_read_cells(dev, value, len, at + 1, spec);
	}
	return -ENOENT;
}

static int irq_spec_plain(const struct vdev *dev, const u8 *value, u32 len, unsigned index,
			  struct irq_spec *spec)
{
	int parent = fdt_interrupt_parent(dev->fdt, dev->node);
	int err = irq_cell_count(dev, parent, &spec->count);

	if (err)
		return err;
	if (index >= len / spec->count)
		return -ENOENT;
	spec->phandle = fdt_get_phandle(dev->fdt, parent);
	return irq_read_cells(dev, value, len, index * spec->count, spec);
}

static int irq_spec_read(const struct vdev *dev, unsigned index, struct irq_spec *spec)
{
	u32 len;
	const u8 *value = fdt_value(dev->fdt, dev->node, "interrupts-extended", &len);

	if (value)
		return irq_spec_extended(dev, value, len / sizeof(fdt32_t), index, spec);
	value = fdt_value(dev->fdt, dev->node, "interrupts", &len);
	if (!value || !len)
		return -ENOENT;
	return irq_spec_plain(dev, value, len / sizeof(fdt32_t), index, spec);
}

static struct virq_chip *chip_of_phandle(const struct vm *vm, u32 phandle)
{
	const struct vdev *dev;

	list_for_each(dev, &vm->devices, link) {
		if (dev->chip && dev->chip->phandle == phandle)
			return dev->chip;
	}
	return NULL;
}

/* A controller with up to two cells has the number in the first. */
static void explain_interrupt(const struct vdev *dev, const struct irq_spec *spec,
			      const struct virq_chip *chip)
{
	const char *name = chip->dev->name;
	const u32 *cell = spec->cell;

	if (spec->count < 3)
		vdev_error(dev, "interrupt %u is none of those that %s has, 1 to %u", cell[0], name,
			   chip->irq_count - 1);
	else
		vdev_error(dev, "interrupt <%u %u %u> is none of those that devices have at %s",
			   cell[0], cell[1], cell[2], name);
}

int vdev_irq(struct vdev *dev, unsigned index, struct virq_line *line)
{
	enum virq_trigger trigger;
	struct virq_chip *chip;
	struct irq_spec spec;
	int err = irq_spec_read(dev, index, &spec);

	if (err)
		return err;
	chip = chip_of_phandle(dev->vm, spec.phandle);
	if (!chip || chip == dev->chip) {
		vdev_error(dev,
			   "its interrupt parent, phandle %u, is no emulated interrupt controller",
			   spec.phandle);
		return -ENODEV;
	}
	err = chip->ops->translate(chip, spec.cell, spec.count, &line->irq, &trigger);
	if (err) {
		explain_interrupt(dev, &spec, chip);
		return err;
	}
	line->chip = chip;
	chip->ops->configure(chip, line->irq, trigger);
	return 0;
}

int vdev_cpu_irq(const struct vdev *dev, unsigned index, u32 *vcpu, u32 *cell)
{
	u32 phandle;

	/* A CPU's interrupt controller has one cell, so entries are of one size. */
	if (!fdt_cell(dev->fdt, dev->node, "interrupts-extended", 2 * index, &phandle) ||
	    !fdt_cell(dev->fdt, dev->node, "interrupts-extended", 2 * index + 1, cell))
		return -ENOENT;
	if (vm_config_vcpu_of_phandle(dev->fdt, phandle, vcpu) || *vcpu >= dev->vm->vcpu_count) {
		vdev_error(dev,
			   "interrupts-extended entry %u does not name the interrupt controller "
			   "of a CPU",
			   index);
		return -EINVAL;
	}
	return 0;
}

int vdev_add_chip(struct vdev *dev, struct virq_chip *chip, const struct virq_chip_ops *ops,
		  u32 irq_count)
{
	chip->ops = ops;
	chip->dev = dev;
	chip->irq_count = irq_count;
	chip->phandle = fdt_get_phandle(dev->fdt, dev->node);
	chip->interrupt_cells = vdev_u32(dev, "#interrupt-cells", 0);
	if (chip->interrupt_cells < 1 || chip->interrupt_cells > IRQ_CELLS_MAX) {
		vdev_error(dev, "#interrupt-cells is missing or not 1 to %u", IRQ_CELLS_MAX);
		return -EINVAL;
	}
	dev->chip = chip;
	return 0;
}

/* ---- what devices ask of core ---- */

void *vdev_alloc(struct vdev *dev, size_t size)
{
	void *p = heap_alloc(&dev->vm->heap_owner, size);

	if (!p)
		vdev_error(dev, "out of memory");
	return p;
}

void vdev_take_console(struct vdev *dev, void (*input_ready)(void *dev))
{
	struct vconsole *console = &dev->vm->console;

	if (console->input_ready)
		return;
	dev->console = console;
	vconsole_listen(console, input_ready, dev);
}

void vdev_set_pin(struct vdev *dev, u32 vcpu, enum vcpu_pin pin, bool level)
{
	vcpu_set_pin(dev->vm->vcpus[vcpu], pin, level);
}

void vdev_notify_vcpu(struct vdev *dev, u32 vcpu)
{
	vcpu_request(dev->vm->vcpus[vcpu], VCPU_REQ_IRQ);
}

struct vcpu *vdev_vcpu_here(const struct vdev *dev)
{
	struct vcpu *vcpu = this_cpu()->loaded;

	return vcpu && vcpu->vm == dev->vm ? vcpu : NULL;
}

bool vdev_call_vcpu(struct vdev *dev, u32 vcpu, void (*fn)(void *arg), void *arg)
{
	s32 cpu = __atomic_load_n(&dev->vm->vcpus[vcpu]->loaded_cpu, __ATOMIC_ACQUIRE);

	if (cpu < 0)
		return false;
	smp_call((unsigned)cpu, fn, arg);
	return true;
}

int vdev_show_rom(struct vdev *dev, gpa_t base, u64 size, bool shown)
{
	return gpa_show_rom(dev->vm, base, size, shown);
}

void vdev_request_power(struct vdev *dev, enum exit_power what, const char *reason)
{
	vm_request_power(dev->vm, what, reason);
}

u64 vdev_wall_clock_ns(struct vdev *dev)
{
	(void)dev;
	return wall_clock_now();
}
