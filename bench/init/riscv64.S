/* SPDX-License-Identifier: MIT */
/* The whole user space of the Linux that is timed while it boots: it asks for power-off at once. */

#define SYS_REBOOT 142
#define LINUX_REBOOT_MAGIC1 0xfee1dead
#define LINUX_REBOOT_MAGIC2 672274793
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc

	.globl	_start
_start:
	li	a0, LINUX_REBOOT_MAGIC1
	li	a1, LINUX_REBOOT_MAGIC2
	li	a2, LINUX_REBOOT_CMD_POWER_OFF
	li	a7, SYS_REBOOT
	ecall
	j	_start
