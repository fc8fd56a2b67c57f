/* SPDX-License-Identifier: MIT */
/* The guest's calls to its firmware (SBI 2.0): finds the extension's row and writes back the answer. */
#include <arch/sbi_guest.h>
#include <core/table.h>
#include <core/vm.h>

TABLE_DECLARE(vg_sbi, struct sbi_extension);

/*
 * Rows by the low bits of their id, which differ for all extensions of SBI 2.0; filled on first use, a
 * slot once. Legacy calls, each with an id of its own, would take the slots of others and stay out.
 */
static const struct sbi_extension *by_low_bits[16];

static bool answers(const struct sbi_extension *row, u64 ext)
{
	return ext - row->first <= row->last - row->first;
}

static const struct sbi_extension *find_row(u64 ext)
{
	const struct sbi_extension *const *row;

	table_for_each(row, vg_sbi)
		if (answers(*row, ext))
			return *row;
	return NULL;
}

const struct sbi_extension *sbi_find(const struct vcpu *vcpu, u64 ext)
{
	const struct sbi_extension **slot = &by_low_bits[ext % ARRAY_SIZE(by_low_bits)];
	const struct sbi_extension *row = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (unlikely(!row || !answers(row, ext))) {
		const struct sbi_extension *found = find_row(ext);

		if (found && !found->legacy && !row)
			__atomic_store_n(slot, found, __ATOMIC_RELAXED);
		row = found;
	}
	return row && (!row->available || row->available(vcpu)) ? row : NULL;
}

long sbi_harts(const struct vcpu *vcpu, u64 mask, u64 base, struct sbi_harts *out)
{
	u32 count = vcpu->vm->vcpu_count;
	u32 room;

	if (base == SBI_ALL_HARTS) {
		*out = (struct sbi_harts){ .first = 0, .end = count, .mask = ~0ull };
		return SBI_SUCCESS;
	}
	if (base >= count)
		return SBI_ERR_INVALID_PARAM;
	room = MIN(count - (u32)base, 64u);
	if (room < 64 && mask >> room)
		return SBI_ERR_INVALID_PARAM;
	*out = (struct sbi_harts){ .first = (u32)base, .end = (u32)base + room, .mask = mask };
	return SBI_SUCCESS;
}

static void dispatch(struct vcpu *vcpu)
{
	u64 *x = vcpu->arch.x;
	const struct sbi_extension *row = sbi_find(vcpu, x[17]);
	u64 value = 0;

	if (likely(row && (row->legacy || x[16] <= UINT32_MAX)))
		x[10] = (u64)row->handle(vcpu, (u32)x[16], &value);
	else
		x[10] = (u64)SBI_ERR_NOT_SUPPORTED;
	if (!row || !row->legacy)
		x[11] = value;
}

void sbi_call(struct vcpu *vcpu)
{
	if (sbi_answer_constant(vcpu))
		return;
	riscv_advance(4);
	dispatch(vcpu);
}
