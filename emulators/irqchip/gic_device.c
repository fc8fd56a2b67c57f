/* SPDX-License-Identifier: MIT */
/* Arm Generic Interrupt Controller, versions 2 and 3: the emulators, made from a node of the guest's tree. */
#include "gic_private.h"
#include <core/errno.h>
#include <core/heap.h>
#include <core/vm.h>
#include <libfdt.h>
#include <string.h>

/*
 *   compatible                          reg
 *   "arm,gic-v3"                        distributor, redistributors
 *   "arm,gic-400", "arm,cortex-a15-gic" distributor, CPU interface
 *   "verdigris,gic"                     distributor, redistributors, CPU interface: a template that becomes version 3
 *                                       where the host lends that, else version 2
 *
 * The CPU interface of version 2 is the host's where it has one for guests, and emulated otherwise.
 */
#define SPI_BANKS 8 /* 256 SPIs, as the machines have whose map guests know */
#define DISTRIBUTOR_SIZE_V2 0x1000
#define DISTRIBUTOR_SIZE_V3 0x10000
#define CPU_INTERFACE_SIZE 0x2000
#define INTERRUPT_CELLS 3
#define PRIORITY_BITS_EMULATED 5

/* Cells of an interrupt: type, number, flags. */
enum { TYPE_SPI, TYPE_PPI };
#define FLAGS_EDGE 3 /* rising 1, falling 2; levels are 4 and 8 */

/* ---- lines of devices ---- */

static int chip_translate(struct virq_chip *chip, const u32 *cells, unsigned cell_count, u32 *irq,
			  enum virq_trigger *trigger)
{
	if (cell_count != INTERRUPT_CELLS)
		return -EINVAL;
	if (cells[0] != TYPE_SPI) {
		vdev_error(chip->dev,
			   "<%u %u %u> is no shared interrupt; those of devices have type %u",
			   cells[0], cells[1], cells[2], TYPE_SPI);
		return -EINVAL;
	}
	if (cells[1] >= chip->irq_count - GIC_PRIVATE_COUNT) {
		vdev_error(chip->dev, "there is no shared interrupt %u; it has 0 to %u", cells[1],
			   chip->irq_count - GIC_PRIVATE_COUNT - 1);
		return -ERANGE;
	}
	*irq = cells[1] + GIC_PRIVATE_COUNT;
	*trigger = cells[2] & FLAGS_EDGE ? VIRQ_EDGE : VIRQ_LEVEL;
	return 0;
}

static void chip_configure(struct virq_chip *chip, u32 irq, enum virq_trigger trigger)
{
	struct gic *g = chip->dev->state;
	struct gic_bank *b = gic_bank_of(g, g->cpus, irq);
	irqflags_t flags = gic_lock(g);

	b->edge_tree &= ~gic_bit(irq);
	b->edge_tree |= trigger == VIRQ_EDGE ? gic_bit(irq) : 0;
	b->edge = b->edge_tree;
	gic_unlock(g, flags);
}

static void chip_set(struct virq_chip *chip, u32 irq, bool level)
{
	struct gic *g = chip->dev->state;
	irqflags_t flags = gic_lock(g);

	gic_set_line(g, gic_bank_of(g, g->cpus, irq), irq % 32, level);
	gic_unlock(g, flags);
}

static const struct virq_chip_ops chip_ops = {
	.translate = chip_translate,
	.configure = chip_configure,
	.set = chip_set,
};

/* ---- creation ---- */

static void init_bank(struct gic_bank *b, u32 first)
{
	b->first = first;
	b->exists = ~0u;
}

static void init_cpu(struct gic *g, u32 index)
{
	struct gic_cpu *cpu = &g->cpus[index];

	cpu->index = index;
	init_bank(&cpu->own, 0);
	cpu->own.edge_tree = (1u << GIC_SGI_COUNT) - 1;
	cpu->own.always = cpu->own.sourced = g->version == 2 ? (1u << GIC_SGI_COUNT) - 1 : 0;
	for (u32 n = 0; n < 32; n++)
		cpu->own.owner[n] = cpu->own.target[n] = (u16)index;
}

static int alloc_state(struct vdev *dev, struct gic *g)
{
	g->bank_count = 1 + SPI_BANKS;
	g->cpus = vdev_alloc(dev, g->cpu_count * sizeof(*g->cpus));
	g->spis = g->cpus ? vdev_alloc(dev, SPI_BANKS * sizeof(*g->spis)) : NULL;
	g->route = g->spis ? vdev_alloc(dev, SPI_BANKS * 32 * sizeof(*g->route)) : NULL;
	if (!g->route)
		return -ENOMEM;
	for (u32 i = 0; i < g->cpu_count; i++)
		init_cpu(g, i);
	for (u32 i = 0; i < SPI_BANKS; i++)
		init_bank(&g->spis[i], 32 * (i + 1));
	return 0;
}

static int check_cpu_count(struct vdev *dev, const struct gic *g)
{
	u32 most = g->version == 2 ? GIC_V2_VCPUS : GIC_V3_VCPUS;

	if (g->cpu_count <= most)
		return 0;
	vdev_error(dev,
		   "version %u has room for %u vCPUs, and the VM has %u; lower verdigris,count%s",
		   g->version, most, g->cpu_count,
		   g->version == 2 ? " or use version 3, where the host has it" : "");
	return -EINVAL;
}

static int map_redistributors(struct vdev *dev, const struct gic *g)
{
	u64 size, needed = (u64)g->cpu_count * GICR_FRAMES_SIZE;
	gpa_t base;
	int err = vdev_reg(dev, 1, &base, &size);

	if (err == -ENOENT) {
		vdev_error(dev,
			   "has no reg entry 1; add the address and size of the redistributors");
		return -EINVAL;
	}
	if (err)
		return err;
	if (size < needed) {
		vdev_error(dev,
			   "reg entry 1 gives redistributors 0x%llx bytes, enough for %llu vCPUs; "
			   "%u vCPUs need 0x%llx",
			   (unsigned long long)size, (unsigned long long)size / GICR_FRAMES_SIZE,
			   g->cpu_count, (unsigned long long)needed);
		return -EINVAL;
	}
	return vdev_add_mmio(dev, base, needed, &gic_redistributor_ops);
}

static int map_cpu_interface(struct vdev *dev, const struct gic *g, unsigned index)
{
	u64 size;
	gpa_t base;
	int err;

	if (!g->lr_mask)
		return vdev_map_reg(dev, index, CPU_INTERFACE_SIZE, &gic_cpu_ops);
	err = vdev_reg(dev, index, &base, &size);
	if (err == -ENOENT || (!err && size < CPU_INTERFACE_SIZE)) {
		vdev_error(dev,
			   "reg entry %u is missing or too small; the CPU interface needs 0x%x "
			   "bytes",
			   index, CPU_INTERFACE_SIZE);
		return -EINVAL;
	}
	return err ? err : g->hardware->map_cpu_interface(dev->vm, base, size);
}

static void choose_hardware(struct gic *g, u8 version)
{
	const struct gic_hardware *hardware = gic_hardware;
	bool lends = hardware->lr_count && (version == 3 ? hardware->v3 : hardware->v2);

	g->hardware = hardware;
	g->version = version;
	g->lr_mask = lends ? (1u << MIN(hardware->lr_count, GIC_LRS_MAX)) - 1 : 0;
	g->priority_mask =
		(u8)(0xffu << (8 - (lends ? hardware->priority_bits : PRIORITY_BITS_EMULATED)));
}

static int create(struct vdev *dev, u8 version, unsigned cpu_interface)
{
	struct gic *g = dev->state;
	int err;

	g->dev = dev;
	g->cpu_count = dev->vm->vcpu_count;
	choose_hardware(g, version);
	err = vdev_add_chip(dev, &g->chip, &chip_ops, 32 * (1 + SPI_BANKS));
	if (!err && g->chip.interrupt_cells != INTERRUPT_CELLS) {
		vdev_error(dev, "#interrupt-cells is %u; it has to be %u", g->chip.interrupt_cells,
			   INTERRUPT_CELLS);
		err = -EINVAL;
	}
	if (!err)
		err = check_cpu_count(dev, g);
	if (!err)
		err = alloc_state(dev, g);
	if (!err)
		err = vdev_map_reg(dev, 0, version == 3 ? DISTRIBUTOR_SIZE_V3 : DISTRIBUTOR_SIZE_V2,
				   &gic_distributor_ops);
	if (!err)
		err = version == 3 ? map_redistributors(dev, g) :
				     map_cpu_interface(dev, g, cpu_interface);
	if (err || !g->hardware->attach)
		return err;
	g->hardware->attach(dev->vm, g);
	g->attached = true;
	return 0;
}

static bool host_lends_v3(void)
{
	return gic_hardware->v3 && gic_hardware->lr_count;
}

static int create_v2(struct vdev *dev)
{
	return create(dev, 2, 1);
}

static int create_v3(struct vdev *dev)
{
	if (host_lends_v3())
		return create(dev, 3, 0);
	vdev_error(dev, "this host cannot lend version 3 to guests; use \"arm,gic-400\" with a CPU "
			"interface in reg, or \"verdigris,gic\"");
	return -ENOSYS;
}

static int create_template(struct vdev *dev)
{
	return host_lends_v3() ? create(dev, 3, 0) : create(dev, 2, 2);
}

static void destroy(struct vdev *dev)
{
	struct gic *g = dev->state;

	if (g->attached)
		g->hardware->attach(dev->vm, NULL);
	heap_free(g->cpus);
	heap_free(g->spis);
	heap_free(g->route);
}

static void reset(struct vdev *dev)
{
	struct gic *g = dev->state;
	irqflags_t flags = gic_lock(g);

	gic_reset(g);
	gic_unlock(g, flags);
}

/* ---- the tree that the guest sees ---- */

#define REG_ENTRY_MAX 16 /* bytes */

/* Of the template's three entries of reg: the distributor, and what belongs to the version. */
static int choose_reg(void *fdt, int node, u8 version)
{
	u8 chosen[2 * REG_ENTRY_MAX];
	int len;
	const u8 *reg = fdt_getprop(fdt, node, "reg", &len);
	int entry = reg ? len / 3 : 0;

	if (!entry || len % 3 || entry > REG_ENTRY_MAX)
		return -FDT_ERR_BADVALUE;
	memcpy(chosen, reg, (size_t)entry);
	memcpy(chosen + entry, reg + (version == 3 ? 1 : 2) * entry, (size_t)entry);
	return fdt_setprop(fdt, node, "reg", chosen, 2 * entry);
}

/* The name of version 2 is that of QEMU's machine: EDK2 knows no other. */
static int complete_template(struct vdev *dev, void *fdt, int node)
{
	const struct gic *g = dev->state;
	int err = choose_reg(fdt, node, g->version);

	if (!err)
		err = fdt_setprop_string(fdt, node, "compatible",
					 g->version == 3 ? "arm,gic-v3" : "arm,cortex-a15-gic");
	if (!err)
		err = fdt_setprop_empty(fdt, node, "interrupt-controller");
	return err;
}

/* ---- for people ---- */

typedef void (*print_fn)(void *ctx, const char *fmt, ...);

static const char *text_of(u32 word, u32 n, const char *text)
{
	return word >> n & 1 ? text : "";
}

/* Of one in a list register the hardware knows more: whether it is pending or active there, or has ended. */
static void describe_bank(struct gic *g, const struct gic_bank *bank, s32 vcpu, print_fn print,
			  void *ctx)
{
	struct gic_bank b;
	irqflags_t flags = gic_lock(g);

	b = *bank;
	gic_unlock(g, flags);
	for (u32 bits = gic_pending(&b) | b.active | b.held | b.line; bits; bits &= bits - 1) {
		u32 n = (u32)__builtin_ctz(bits);

		print(ctx, "interrupt %u", b.first + n);
		if (vcpu >= 0)
			print(ctx, " of vCPU %d", vcpu);
		print(ctx, ": priority 0x%02x%s%s%s%s", b.priority[n],
		      text_of(~b.enabled, n, ", disabled"), text_of(b.line, n, ", line high"),
		      text_of(gic_pending(&b), n, ", pending"),
		      text_of(b.active & ~b.held, n, ", active"));
		if (b.held >> n & 1)
			print(ctx, ", in list register %u of vCPU %u", b.slot[n], b.owner[n]);
		print(ctx, "\n");
	}
}

static void describe(struct vdev *dev, print_fn print, void *ctx)
{
	struct gic *g = dev->state;

	print(ctx, "version %u, %u vCPUs, %u SPIs, CPU interface ", g->version, g->cpu_count,
	      32 * (g->bank_count - 1));
	if (g->lr_mask)
		print(ctx, "of the host with %d list registers\n", __builtin_popcount(g->lr_mask));
	else
		print(ctx, "emulated\n");
	for (u32 i = 0; i < g->cpu_count; i++)
		describe_bank(g, &g->cpus[i].own, (s32)i, print, ctx);
	for (u32 i = 0; i + 1 < g->bank_count; i++)
		describe_bank(g, &g->spis[i], -1, print, ctx);
}

static const char *const v2_compatible[] = { "arm,gic-400", "arm,cortex-a15-gic", NULL };

DEFINE_EMULATOR(gic_v2) = {
	.name = "gic-v2",
	.class = EMULATOR_IRQCHIP,
	.compatible = v2_compatible,
	.state_size = sizeof(struct gic),
	.create = create_v2,
	.destroy = destroy,
	.reset = reset,
	.describe = describe,
};

static const char *const v3_compatible[] = { "arm,gic-v3", NULL };

DEFINE_EMULATOR(gic_v3) = {
	.name = "gic-v3",
	.class = EMULATOR_IRQCHIP,
	.compatible = v3_compatible,
	.state_size = sizeof(struct gic),
	.create = create_v3,
	.destroy = destroy,
	.reset = reset,
	.describe = describe,
};

static const char *const template_compatible[] = { "verdigris,gic", NULL };

DEFINE_EMULATOR(gic_template) = {
	.name = "gic",
	.class = EMULATOR_IRQCHIP,
	.compatible = template_compatible,
	.state_size = sizeof(struct gic),
	.create = create_template,
	.destroy = destroy,
	.reset = reset,
	.complete = complete_template,
	.describe = describe,
};
