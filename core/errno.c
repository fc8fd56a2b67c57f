/* SPDX-License-Identifier: MIT */
/* Errors in words. */
#include <core/errno.h>
#include <core/types.h>

static const struct {
	int number;
	const char *text;
} errors[] = {
	{ 0, "no error" },
	{ EPERM, "not allowed" },
	{ ENOENT, "no such thing" },
	{ EIO, "the hardware or the image is broken" },
	{ E2BIG, "more than the limit" },
	{ EAGAIN, "not possible now; try again" },
	{ ENOMEM, "out of memory" },
	{ EFAULT, "the address cannot be accessed" },
	{ EBUSY, "in use by somebody else" },
	{ EEXIST, "exists already" },
	{ ENODEV, "no such device" },
	{ EINVAL, "the request makes no sense here" },
	{ ENOSPC, "no room is left" },
	{ ERANGE, "outside the supported range" },
	{ ENOSYS, "not supported" },
	{ ETIMEDOUT, "did not happen in time" },
};

const char *error_text(int e)
{
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++)
		if (e == errors[i].number || e == -errors[i].number)
			return errors[i].text;
	return "an error without a name";
}
