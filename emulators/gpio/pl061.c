/* SPDX-License-Identifier: MIT */
/* Arm PrimeCell GPIO (PL061): eight lines with interrupts; one of them may be the machine's power key. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/time.h>
#include <core/timer.h>
#include <emulators/primecell.h>
#include <libfdt.h>
#include <libs/fdt.h>

/*
 * 8-bit registers of Arm DDI 0190, chapter 3, one a word. Accesses of 1, 2 and 4 bytes at a register's own offset
 * reach it; what they have above 8 bits is 0 and ignored. Offsets not named here read as 0 and ignore writes, as IC
 * reads as 0 and read-only ones ignore writes. Misaligned accesses and those of 8 bytes fault.
 *  - A line is what DATA drives where DIR has made it an output, else the level from outside: that of the power key,
 *    or low. Writes to DATA reach outputs only.
 *  - Interrupts come from inputs only. An edge is kept while IS says "edge"; making the line an output keeps it too.
 *  - AFSEL keeps what is written; nobody else drives a line.
 *
 * The power key is a node with linux,code = <116> whose gpios name this controller, as children of gpio-keys have.
 * It is pressed for a moment, and until the guest has looked at it, but not for ever:
 *
 *   request_shutdown() ──► pressed ── 100 ms ──► seen? ── yes ──► released
 *                                      ▲          │ no, and less than 5 s
 *                                      └──────────┘
 */
enum {
	GPIO_DATA = 0x000, /* to 0x3fc: bits 9:2 of the offset are a mask */
	GPIO_DIR = 0x400,
	GPIO_IS = 0x404,
	GPIO_IBE = 0x408,
	GPIO_IEV = 0x40c,
	GPIO_IE = 0x410,
	GPIO_RIS = 0x414,
	GPIO_MIS = 0x418,
	GPIO_IC = 0x41c,
	GPIO_AFSEL = 0x420,
};

#define GPIO_ID 0x00041061u
#define GPIO_LINES 8

#define KEY_POWER 116 /* of Linux' input event codes, which linux,code has */
#define GPIO_ACTIVE_LOW 1
#define KEY_PRESS_MS 100
#define KEY_PRESSES_MAX 50 /* so many times KEY_PRESS_MS */

struct gpio {
	struct vdev *dev;
	struct virq_line line;
	struct timer timer; /* armed while the key is pressed */
	u8 data;            /* what outputs drive */
	u8 outside;         /* levels from outside */
	u8 dir, is, ibe, iev, ie, afsel;
	u8 edges; /* seen, not cleared; none where IS says "level" */
	u8 key;   /* bit of the power key's line, 0: there is none */
	bool key_active_low;
	bool key_pressed;
	bool key_seen;  /* the guest has looked at it since it was pressed */
	u8 key_presses; /* KEY_PRESS_MS that have passed since */
};

/* ---- lines and interrupts ---- */

static u8 gpio_levels(const struct gpio *g)
{
	return (g->data & g->dir) | (g->outside & ~g->dir);
}

static u8 gpio_ris(const struct gpio *g)
{
	u8 levels = g->is & ~(g->outside ^ g->iev) & ~g->dir;

	return levels | g->edges;
}

static void gpio_update(struct gpio *g)
{
	virq_set(&g->line, gpio_ris(g) & g->ie);
}

/* The outside changes: here edges are found. */
static void gpio_drive(struct gpio *g, u8 outside)
{
	u8 changed = g->outside ^ outside;
	u8 wanted = g->ibe | ~(outside ^ g->iev);

	g->outside = outside;
	g->edges |= changed & wanted & ~g->is & ~g->dir;
	gpio_update(g);
}

/* ---- the power key ---- */

static void key_set(struct gpio *g, bool pressed)
{
	g->key_pressed = pressed;
	g->key_seen = false;
	g->key_presses = 0;
	gpio_drive(g, pressed != g->key_active_low ? g->outside | g->key : g->outside & ~g->key);
}

static void key_hold(struct gpio *g)
{
	timer_set(&g->timer, time_now() + time_from_ms(KEY_PRESS_MS));
}

static void key_timer_fired(struct timer *timer)
{
	struct gpio *g = container_of(timer, struct gpio, timer);
	irqflags_t flags = spin_lock(&g->dev->lock);

	if (g->key_pressed && (g->key_seen || ++g->key_presses >= KEY_PRESSES_MAX))
		key_set(g, false);
	else if (g->key_pressed)
		key_hold(g);
	spin_unlock(&g->dev->lock, flags);
}

/* A key that the guest does not wait for is none: another device may know how to ask. */
static int gpio_request_shutdown(struct vdev *dev)
{
	struct gpio *g = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	bool listens = g->key & g->ie;

	if (listens && !g->key_pressed) {
		key_set(g, true);
		key_hold(g);
	}
	spin_unlock(&dev->lock, flags);
	return listens ? 0 : -ENOSYS;
}

/* ---- registers ---- */

static u8 read_data(struct gpio *g, u8 mask)
{
	g->key_seen |= (mask & g->key) != 0;
	return gpio_levels(g) & mask;
}

static u64 gpio_read_locked(struct gpio *g, u64 offset)
{
	if (offset < GPIO_DIR)
		return offset % 4 ? 0 : read_data(g, (u8)(offset / 4));
	switch (offset) {
	case GPIO_DIR:
		return g->dir;
	case GPIO_IS:
		return g->is;
	case GPIO_IBE:
		return g->ibe;
	case GPIO_IEV:
		return g->iev;
	case GPIO_IE:
		return g->ie;
	case GPIO_RIS:
		return gpio_ris(g);
	case GPIO_MIS:
		return gpio_ris(g) & g->ie;
	case GPIO_AFSEL:
		return g->afsel;
	}
	return primecell_id(GPIO_ID, offset);
}

static void write_data(struct gpio *g, u64 offset, u8 value)
{
	u8 mask = offset % 4 ? 0 : (u8)(offset / 4) & g->dir;

	g->data = (g->data & ~mask) | (value & mask);
}

static void gpio_write_locked(struct gpio *g, u64 offset, u8 value)
{
	if (offset < GPIO_DIR)
		write_data(g, offset, value);
	switch (offset) {
	case GPIO_DIR:
		g->dir = value;
		break;
	case GPIO_IS:
		g->is = value;
		g->edges &= ~value;
		break;
	case GPIO_IBE:
		g->ibe = value;
		break;
	case GPIO_IEV:
		g->iev = value;
		break;
	case GPIO_IE:
		g->ie = value;
		break;
	case GPIO_IC:
		g->edges &= ~value;
		break;
	case GPIO_AFSEL:
		g->afsel = value;
		break;
	}
	gpio_update(g);
}

static u64 gpio_read(struct vdev *dev, u64 offset, unsigned size)
{
	irqflags_t flags = spin_lock(&dev->lock);
	u64 value = gpio_read_locked(dev->state, offset);

	(void)size;
	spin_unlock(&dev->lock, flags);
	return value;
}

static void gpio_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	irqflags_t flags = spin_lock(&dev->lock);

	(void)size;
	gpio_write_locked(dev->state, offset, (u8)value);
	spin_unlock(&dev->lock, flags);
}

static const struct bus_ops gpio_ops = {
	.read = gpio_read,
	.write = gpio_write,
	.sizes = 1 | 2 | 4,
};

/* ---- the device ---- */

/* True: @node is a key with KEY_POWER, and `gpios` gives this controller as its cells. */
static bool is_power_key(const struct vdev *dev, int node, u32 gpios[3])
{
	u32 code;

	if (!fdt_cell(dev->fdt, node, "linux,code", 0, &code) || code != KEY_POWER ||
	    !fdt_is_enabled(dev->fdt, node))
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (!fdt_cell(dev->fdt, node, "gpios", i, &gpios[i]))
			return false;
	return fdt_node_offset_by_phandle(dev->fdt, gpios[0]) == dev->node;
}

static int find_power_key(struct vdev *dev, struct gpio *g)
{
	u32 gpios[3]; /* phandle, line, flags */

	for (int node = 0; node >= 0; node = fdt_next_node(dev->fdt, node, NULL)) {
		if (!is_power_key(dev, node, gpios))
			continue;
		if (gpios[1] >= GPIO_LINES) {
			vdev_error(dev, "the gpios of %s name line %u; there are 0 to %u",
				   fdt_get_name(dev->fdt, node, NULL) ?: "a key", gpios[1],
				   GPIO_LINES - 1);
			return -EINVAL;
		}
		g->key = (u8)BIT(gpios[1]);
		g->key_active_low = gpios[2] & GPIO_ACTIVE_LOW;
		return 0;
	}
	return 0;
}

static int gpio_create(struct vdev *dev)
{
	struct gpio *g = dev->state;
	int err;

	g->dev = dev;
	timer_init(&g->timer, key_timer_fired);
	err = find_power_key(dev, g);
	if (err)
		return err;
	err = vdev_irq(dev, 0, &g->line);
	if (err && err != -ENOENT)
		return err;
	return vdev_map_reg(dev, 0, PRIMECELL_SIZE, &gpio_ops);
}

static void gpio_destroy(struct vdev *dev)
{
	struct gpio *g = dev->state;

	timer_cancel_sync(&g->timer);
}

static void gpio_reset(struct vdev *dev)
{
	struct gpio *g = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	timer_cancel(&g->timer);
	g->data = g->dir = g->is = g->ibe = g->iev = g->ie = g->afsel = 0;
	key_set(g, false);
	g->edges = 0;
	spin_unlock(&dev->lock, flags);
}

static void gpio_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			  void *ctx)
{
	struct gpio *g = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	u8 levels = gpio_levels(g), dir = g->dir, ris = gpio_ris(g), ie = g->ie;
	const char *key = !g->key ? "none" : g->key_pressed ? "pressed" : "released";

	spin_unlock(&dev->lock, flags);
	print(ctx, "lines %02x, outputs %02x, RIS %02x, IE %02x, power key %s\n", levels, dir, ris,
	      ie, key);
}

static const char *const gpio_compatible[] = { "arm,pl061", NULL };

DEFINE_EMULATOR(pl061) = {
	.name = "pl061",
	.class = EMULATOR_DEVICE,
	.compatible = gpio_compatible,
	.state_size = sizeof(struct gpio),
	.create = gpio_create,
	.destroy = gpio_destroy,
	.reset = gpio_reset,
	.request_shutdown = gpio_request_shutdown,
	.describe = gpio_describe,
};
