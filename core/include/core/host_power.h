/* SPDX-License-Identifier: MIT */
/* Ends or restarts the machine by a driver where firmware cannot. */
#ifndef CORE_HOST_POWER_H
#define CORE_HOST_POWER_H

#include <core/types.h>

/* @off is called with interrupts disabled, by arch_system_off() when firmware has no call for it; it may return. -EBUSY: there is one. */
int host_power_bind(const char *name, void (*off)(bool reboot)) __must_check;
/* For arch_system_off(): returns if no driver could do it. */
void host_power_off(bool reboot);

#endif
