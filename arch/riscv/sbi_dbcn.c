/* SPDX-License-Identifier: MIT */
/* SBI DBCN: the debug console, on the VM's console (SBI 2.0, chapter 12). */
#include <arch/sbi_guest.h>
#include <core/vm.h>

/* One call moves this much at most, so that an exit stays short; callers repeat with the rest. */
#define BYTES_MAX 512

/* Writes until memory ends. The call may do less than asked, but no memory at all is an error. */
static long dbcn_write(struct vcpu *vcpu, u64 at, u64 len, u64 *done)
{
	u8 buf[128];

	len = MIN(len, (u64)BYTES_MAX);
	while (*done < len) {
		u64 piece = MIN(len - *done, (u64)sizeof(buf));

		if (gpa_read(vcpu->vm, gpa(at + *done), buf, piece))
			return *done ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM;
		for (u64 i = 0; i < piece; i++)
			vconsole_put(&vcpu->vm->console, buf[i]);
		*done += piece;
	}
	return SBI_SUCCESS;
}

/* Input is taken only after the place for it was found. */
static long dbcn_read(struct vcpu *vcpu, u64 at, u64 len, u64 *done)
{
	len = MIN(len, (u64)BYTES_MAX);
	while (*done < len) {
		u64 room = len - *done;
		u8 *to = gpa_to_ptr(vcpu->vm, gpa(at + *done), &room, GPA_WRITE);

		if (!to)
			return *done ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM;
		for (; room > 0; room--) {
			int byte = vconsole_get(&vcpu->vm->console);

			if (byte < 0)
				return SBI_SUCCESS;
			*to++ = (u8)byte;
			(*done)++;
		}
	}
	return SBI_SUCCESS;
}

static long dbcn_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	const u64 *x = vcpu->arch.x;

	switch (fid) {
	case SBI_DBCN_WRITE:
		return x[12] ? SBI_ERR_INVALID_PARAM : dbcn_write(vcpu, x[11], x[10], value);
	case SBI_DBCN_READ:
		return x[12] ? SBI_ERR_INVALID_PARAM : dbcn_read(vcpu, x[11], x[10], value);
	case SBI_DBCN_WRITE_BYTE:
		vconsole_put(&vcpu->vm->console, (u8)x[10]);
		return SBI_SUCCESS;
	}
	return SBI_ERR_NOT_SUPPORTED;
}

DEFINE_SBI_EXTENSION(sbi_dbcn) = {
	.first = SBI_EXT_DBCN,
	.last = SBI_EXT_DBCN,
	.name = "DBCN",
	.handle = dbcn_handle,
};
