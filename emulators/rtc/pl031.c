/* SPDX-License-Identifier: MIT */
/* Arm PrimeCell real-time clock (PL031): seconds since 1970, and a match with an interrupt. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/time.h>
#include <core/timer.h>
#include <emulators/primecell.h>

/*
 * 32-bit registers of Arm DDI 0224, chapter 3. Accesses of 1, 2 and 4 bytes at a register's own offset reach it; what
 * a narrow write does not have is 0. Offsets not named here read as 0 and ignore writes, as ICR reads as 0 and
 * read-only ones ignore writes. Misaligned accesses and those of 8 bytes fault. The clock runs from the start and
 * cannot be stopped, so CR reads as 1. Setting it takes effect at once and begins a second.
 */
enum {
	RTC_DR = 0x00, /* read: the counter */
	RTC_MR = 0x04, /* RIS is set when the counter gets there, or is there when it is written */
	RTC_LR = 0x08, /* write: sets the counter; read: what was written last */
	RTC_CR = 0x0c,
	RTC_IMSC = 0x10, /* bit 0 */
	RTC_RIS = 0x14,
	RTC_MIS = 0x18,
	RTC_ICR = 0x1c, /* write bit 0: takes the interrupt back */
};

#define RTC_ID 0x00041031u
#define SECOND 1000000000ull
#define ROUND (SECOND << 32) /* nanoseconds until the counter is where it was */

struct rtc {
	struct vdev *dev;
	struct virq_line line;
	struct timer timer;
	u64 offset_ns; /* guest's clock minus the host's; outlives a reset, as a battery would keep it */
	u64 match_ns; /* of the guest's clock: when the counter will be MR */
	u32 match;    /* MR */
	u32 load;     /* LR */
	bool irq_enabled;
	bool irq_pending;
};

static u64 rtc_now(const struct rtc *rtc)
{
	return vdev_wall_clock_ns(rtc->dev) + rtc->offset_ns;
}

static void rtc_update_line(struct rtc *rtc)
{
	virq_set(&rtc->line, rtc->irq_pending && rtc->irq_enabled);
}

/* Sets RIS if the moment has come, and the host's timer for the next one. */
static void rtc_check_match(struct rtc *rtc, u64 now)
{
	u64 deadline;

	if (now >= rtc->match_ns) {
		rtc->irq_pending = true;
		rtc->match_ns += ROUND;
		rtc_update_line(rtc);
	}
	if (now >= rtc->match_ns ||
	    __builtin_add_overflow(time_now(), time_from_ns(rtc->match_ns - now), &deadline))
		deadline = TIME_NEVER;
	timer_set(&rtc->timer, deadline);
}

/* The clock or MR changed. */
static void rtc_set_match(struct rtc *rtc)
{
	u64 now = rtc_now(rtc), seconds = now / SECOND;
	u32 wait = rtc->match - (u32)seconds;

	rtc->match_ns = (seconds + wait) * SECOND;
	rtc_check_match(rtc, now);
}

static void rtc_timer_fired(struct timer *timer)
{
	struct rtc *rtc = container_of(timer, struct rtc, timer);
	irqflags_t flags = spin_lock(&rtc->dev->lock);

	rtc_check_match(rtc, rtc_now(rtc));
	spin_unlock(&rtc->dev->lock, flags);
}

static u64 rtc_read_locked(const struct rtc *rtc, u64 offset)
{
	switch (offset) {
	case RTC_DR:
		return rtc_now(rtc) / SECOND;
	case RTC_MR:
		return rtc->match;
	case RTC_LR:
		return rtc->load;
	case RTC_CR:
		return 1;
	case RTC_IMSC:
		return rtc->irq_enabled;
	case RTC_RIS:
		return rtc->irq_pending;
	case RTC_MIS:
		return rtc->irq_pending && rtc->irq_enabled;
	}
	return primecell_id(RTC_ID, offset);
}

static void rtc_write_locked(struct rtc *rtc, u64 offset, u32 value)
{
	switch (offset) {
	case RTC_MR:
		rtc->match = value;
		rtc_set_match(rtc);
		break;
	case RTC_LR:
		rtc->load = value;
		rtc->offset_ns = value * SECOND - vdev_wall_clock_ns(rtc->dev);
		rtc_set_match(rtc);
		break;
	case RTC_IMSC:
		rtc->irq_enabled = value & 1;
		break;
	case RTC_ICR:
		if (value & 1)
			rtc->irq_pending = false;
		break;
	}
	rtc_update_line(rtc);
}

static u64 rtc_read(struct vdev *dev, u64 offset, unsigned size)
{
	irqflags_t flags = spin_lock(&dev->lock);
	u64 value = rtc_read_locked(dev->state, offset);

	(void)size;
	spin_unlock(&dev->lock, flags);
	return value;
}

static void rtc_write(struct vdev *dev, u64 offset, unsigned size, u64 value)
{
	irqflags_t flags = spin_lock(&dev->lock);

	(void)size;
	rtc_write_locked(dev->state, offset, (u32)value);
	spin_unlock(&dev->lock, flags);
}

static const struct bus_ops rtc_ops = {
	.read = rtc_read,
	.write = rtc_write,
	.sizes = 1 | 2 | 4,
};

static int rtc_create(struct vdev *dev)
{
	struct rtc *rtc = dev->state;
	int err;

	rtc->dev = dev;
	timer_init(&rtc->timer, rtc_timer_fired);
	err = vdev_irq(dev, 0, &rtc->line);
	if (err && err != -ENOENT)
		return err;
	return vdev_map_reg(dev, 0, PRIMECELL_SIZE, &rtc_ops);
}

static void rtc_destroy(struct vdev *dev)
{
	struct rtc *rtc = dev->state;

	timer_cancel_sync(&rtc->timer);
}

static void rtc_reset(struct vdev *dev)
{
	struct rtc *rtc = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);

	rtc->match = 0;
	rtc->load = 0;
	rtc->irq_enabled = false;
	rtc_set_match(rtc);
	rtc->irq_pending = false;
	rtc_update_line(rtc);
	spin_unlock(&dev->lock, flags);
}

static void rtc_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			 void *ctx)
{
	struct rtc *rtc = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	unsigned long long now = rtc_now(rtc) / SECOND;
	u32 match = rtc->match;
	bool enabled = rtc->irq_enabled;

	spin_unlock(&dev->lock, flags);
	print(ctx, "time %llu s, match %u s, interrupt %s\n", now, match,
	      enabled ? "enabled" : "masked");
}

static const char *const rtc_compatible[] = { "arm,pl031", NULL };

DEFINE_EMULATOR(pl031) = {
	.name = "pl031",
	.class = EMULATOR_DEVICE,
	.compatible = rtc_compatible,
	.state_size = sizeof(struct rtc),
	.create = rtc_create,
	.destroy = rtc_destroy,
	.reset = rtc_reset,
	.describe = rtc_describe,
};
