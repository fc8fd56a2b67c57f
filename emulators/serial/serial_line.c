/* SPDX-License-Identifier: MIT */
/* What is at the other end of an emulated UART: the VM's console, and who asks the guest to shut down. */
#include <core/errno.h>
#include <emulators/serial_line.h>
#include <string.h>

/* Linux takes a break followed by 'o' on its console for a request to power off (magic SysRq). Last one first. */
static const s16 request[] = { 'o', SERIAL_LINE_BREAK };

int serial_line_create(struct serial_line *line, struct vdev *dev, void (*input_ready)(void *dev))
{
	const char *how = vdev_string(dev, "verdigris,shutdown");

	line->dev = dev;
	line->sysrq = how && strcmp(how, "sysrq") == 0;
	if (how && !line->sysrq) {
		vdev_error(dev, "verdigris,shutdown is \"%s\"; the one way of a UART is \"sysrq\"",
			   how);
		return -EINVAL;
	}
	vdev_take_console(dev, input_ready);
	return 0;
}

void serial_line_reset(struct serial_line *line)
{
	line->request_count = 0;
}

int serial_line_next(struct serial_line *line)
{
	if (line->request_count)
		return request[--line->request_count];
	return line->dev->console ? vconsole_get(line->dev->console) : SERIAL_LINE_IDLE;
}

int serial_line_request_shutdown(struct serial_line *line)
{
	if (!line->sysrq)
		return -ENOSYS;
	line->request_count = ARRAY_SIZE(request);
	return 0;
}
