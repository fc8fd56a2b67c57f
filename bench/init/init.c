/* SPDX-License-Identifier: MIT */
/* The whole user space of the Linux whose boot is counted: it says what time it is, and switches off. */

#define EMERGENCY "<0>" /* printed with `quiet`, too */
#define AT_FDCWD (-100)
#define O_WRONLY 1
#define LINUX_REBOOT_MAGIC1 0xfee1dead
#define LINUX_REBOOT_MAGIC2 672274793
#define LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc

/* Numbers of all architectures that have the generic table. */
enum { SYS_OPENAT = 56, SYS_WRITE = 64, SYS_REBOOT = 142 };

long system_call(long number, long a, long b, long c, long d);
unsigned long now(void);
void start(void);

static char text[] = EMERGENCY "bench: ticks 00000000000000000000\n";

void start(void)
{
	long kmsg = system_call(SYS_OPENAT, AT_FDCWD, (long)"/dev/kmsg", O_WRONLY, 0);
	unsigned long ticks = now();

	for (char *digit = text + sizeof(text) - 3; *digit != ' '; digit--, ticks /= 10)
		*digit = (char)('0' + ticks % 10);
	system_call(SYS_WRITE, kmsg, (long)text, sizeof(text) - 1, 0);
	system_call(SYS_REBOOT, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
}
