/* SPDX-License-Identifier: MIT */
/* Goldfish real-time clock: nanoseconds since 1970, and an alarm with an interrupt. */
#include <core/emulator.h>
#include <core/errno.h>
#include <core/time.h>
#include <core/timer.h>

/*
 * 32-bit registers, after the Android emulator's description of the device. Offsets not named here
 * read as 0 and ignore writes, as write-only registers read as 0 and read-only ones ignore writes.
 * Accesses of other sizes and misaligned ones fault.
 */
enum {
	RTC_TIME_LOW = 0x00,        /* read: low half, and keeps the high one; write: sets it */
	RTC_TIME_HIGH = 0x04,       /* read: the half that TIME_LOW kept; write: sets it */
	RTC_ALARM_LOW = 0x08,       /* write: also arms the alarm */
	RTC_ALARM_HIGH = 0x0c,      /* to be written before ALARM_LOW */
	RTC_IRQ_ENABLED = 0x10,     /* bit 0 */
	RTC_CLEAR_ALARM = 0x14,     /* write: disarms */
	RTC_ALARM_STATUS = 0x18,    /* read: 1 while armed */
	RTC_CLEAR_INTERRUPT = 0x1c, /* write: takes the interrupt back */
};

#define RTC_SIZE 0x20

struct rtc {
	struct vdev *dev;
	struct virq_line line;
	struct timer timer;
	u64 offset_ns; /* guest's clock minus the host's; outlives a reset, as a battery would keep it */
	u64 alarm_ns;  /* of the guest's clock */
	u32 time_high; /* kept by reading TIME_LOW */
	bool armed;
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

/* Fires an alarm whose time has come, else sets the host's timer for it. */
static void rtc_check_alarm(struct rtc *rtc)
{
	u64 now = rtc_now(rtc);
	u64 wait, deadline;

	if (!rtc->armed) {
		timer_cancel(&rtc->timer);
	} else if (now >= rtc->alarm_ns) {
		rtc->armed = false;
		rtc->irq_pending = true;
		timer_cancel(&rtc->timer);
		rtc_update_line(rtc);
	} else {
		wait = time_from_ns(rtc->alarm_ns - now);
		if (__builtin_add_overflow(time_now(), wait, &deadline))
			deadline = TIME_NEVER;
		timer_set(&rtc->timer, deadline);
	}
}

static void rtc_timer_fired(struct timer *timer)
{
	struct rtc *rtc = container_of(timer, struct rtc, timer);
	irqflags_t flags = spin_lock(&rtc->dev->lock);

	rtc_check_alarm(rtc);
	spin_unlock(&rtc->dev->lock, flags);
}

static u64 with_low(u64 old, u64 low)
{
	return (old & ~0xffffffffull) | low;
}

static u64 with_high(u64 old, u64 high)
{
	return (old & 0xffffffffull) | high << 32;
}

static void rtc_set_time(struct rtc *rtc, u64 now, u64 wanted)
{
	rtc->offset_ns += wanted - now;
	rtc_check_alarm(rtc);
}

static u64 rtc_read_locked(struct rtc *rtc, u64 offset)
{
	u64 now;

	switch (offset) {
	case RTC_TIME_LOW:
		now = rtc_now(rtc);
		rtc->time_high = (u32)(now >> 32);
		return now;
	case RTC_TIME_HIGH:
		return rtc->time_high;
	case RTC_ALARM_LOW:
		return rtc->alarm_ns;
	case RTC_ALARM_HIGH:
		return rtc->alarm_ns >> 32;
	case RTC_IRQ_ENABLED:
		return rtc->irq_enabled;
	case RTC_ALARM_STATUS:
		return rtc->armed;
	}
	return 0;
}

static void rtc_write_locked(struct rtc *rtc, u64 offset, u64 value)
{
	u64 now = rtc_now(rtc);

	switch (offset) {
	case RTC_TIME_LOW:
		rtc_set_time(rtc, now, with_low(now, value));
		break;
	case RTC_TIME_HIGH:
		rtc_set_time(rtc, now, with_high(now, value));
		break;
	case RTC_ALARM_LOW:
		rtc->alarm_ns = with_low(rtc->alarm_ns, value);
		rtc->armed = true;
		rtc_check_alarm(rtc);
		break;
	case RTC_ALARM_HIGH:
		rtc->alarm_ns = with_high(rtc->alarm_ns, value);
		rtc_check_alarm(rtc);
		break;
	case RTC_IRQ_ENABLED:
		rtc->irq_enabled = value & 1;
		rtc_update_line(rtc);
		break;
	case RTC_CLEAR_ALARM:
		rtc->armed = false;
		rtc_check_alarm(rtc);
		break;
	case RTC_CLEAR_INTERRUPT:
		rtc->irq_pending = false;
		rtc_update_line(rtc);
		break;
	}
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
	rtc_write_locked(dev->state, offset, value);
	spin_unlock(&dev->lock, flags);
}

static const struct bus_ops rtc_ops = { .read = rtc_read, .write = rtc_write, .sizes = 4 };

static int rtc_create(struct vdev *dev)
{
	struct rtc *rtc = dev->state;
	int err;

	rtc->dev = dev;
	timer_init(&rtc->timer, rtc_timer_fired);
	err = vdev_irq(dev, 0, &rtc->line);
	if (err && err != -ENOENT)
		return err;
	return vdev_map_reg(dev, 0, RTC_SIZE, &rtc_ops);
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

	rtc->alarm_ns = 0;
	rtc->time_high = 0;
	rtc->armed = false;
	rtc->irq_enabled = false;
	rtc->irq_pending = false;
	rtc_check_alarm(rtc);
	rtc_update_line(rtc);
	spin_unlock(&dev->lock, flags);
}

static void rtc_describe(struct vdev *dev, void (*print)(void *ctx, const char *fmt, ...),
			 void *ctx)
{
	struct rtc *rtc = dev->state;
	irqflags_t flags = spin_lock(&dev->lock);
	unsigned long long now = rtc_now(rtc), alarm = rtc->alarm_ns;
	bool armed = rtc->armed;

	spin_unlock(&dev->lock, flags);
	print(ctx, "time %llu ns, alarm %s at %llu ns\n", now, armed ? "armed" : "off", alarm);
}

static const char *const rtc_compatible[] = { "google,goldfish-rtc", NULL };

DEFINE_EMULATOR(goldfish) = {
	.name = "goldfish",
	.class = EMULATOR_DEVICE,
	.compatible = rtc_compatible,
	.state_size = sizeof(struct rtc),
	.create = rtc_create,
	.destroy = rtc_destroy,
	.reset = rtc_reset,
	.describe = rtc_describe,
};
