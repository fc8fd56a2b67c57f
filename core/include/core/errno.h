/* SPDX-License-Identifier: MIT */
/* Error numbers. Functions return 0 or one of these, negated; people never see the number. */
#ifndef CORE_ERRNO_H
#define CORE_ERRNO_H

enum {
	EPERM = 1,       /* not allowed to do this */
	ENOENT = 2,      /* no such thing */
	EIO = 5,         /* the hardware or the image is broken */
	E2BIG = 7,       /* more than the limit */
	EAGAIN = 11,     /* not now; try again */
	ENOMEM = 12,     /* out of memory, or over the owner's limit */
	EFAULT = 14,     /* an address that cannot be accessed */
	EBUSY = 16,      /* somebody else is using it */
	EEXIST = 17,     /* there is one already */
	ENODEV = 19,     /* nobody claims this device or address */
	EINVAL = 22,     /* the request makes no sense */
	ENOSPC = 28,     /* a table is full */
	ERANGE = 34,     /* outside the range that is supported */
	ENOSYS = 38,     /* not supported */
	ETIMEDOUT = 110, /* did not happen in time */
};

/* A phrase for the error @e (negative or positive) that fits after a colon: "out of memory". */
const char *error_text(int e);

#endif
