/* SPDX-License-Identifier: MIT */
/* The driver that ends or restarts the machine, where there is one. */
#include <core/errno.h>
#include <core/host_power.h>
#include <core/log.h>

static void (*power_off)(bool reboot);

int host_power_bind(const char *name, void (*off)(bool reboot))
{
	if (power_off)
		return -EBUSY;
	power_off = off;
	log_debug("power: %s", name);
	return 0;
}

void host_power_off(bool reboot)
{
	if (power_off)
		power_off(reboot);
}
