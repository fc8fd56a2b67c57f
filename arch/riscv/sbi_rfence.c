/* SPDX-License-Identifier: MIT */
/* SBI RFENCE: fences on other harts of the guest (SBI 2.0, chapter 8). */
#include <arch/hfence.h>
#include <arch/sbi_guest.h>
#include <core/vm.h>

/* A larger range is dropped as a whole. */
#define PAGES_ONE_BY_ONE 64

/*
 * A target vCPU is in one of three places, and none of them may keep a stale translation:
 *
 *   running or loaded on a CPU   the firmware's remote fence reaches that CPU's TLB now
 *   about to be loaded somewhere the request, set first, makes it fence before it enters
 *   nowhere                      the same
 *
 * The request is set before loaded_cpu is read, and vcpu.c writes loaded_cpu before it reads requests.
 * All loaded vCPUs of a VM run with one VMID, so the caller's hgatp names the right translations.
 */
struct fence {
	enum sbi_fence kind;
	u64 start;
	u64 size; /* ~0: everything */
	u64 asid;
};

/* Host harts that the firmware is asked to fence, gathered while their ids fit one mask. */
struct batch {
	const struct fence *fence;
	u64 base;
	u64 mask;
};

static void batch_flush(struct batch *batch)
{
	static const u8 fids[] = {
		[SBI_FENCE_I] = SBI_RFENCE_FENCE_I,
		[SBI_FENCE_VMA] = SBI_RFENCE_HFENCE_VVMA,
		[SBI_FENCE_VMA_ASID] = SBI_RFENCE_HFENCE_VVMA_ASID,
	};
	const struct fence *fence = batch->fence;

	/* It cannot fail: the harts run, and firmware without these calls does not start a hypervisor. */
	if (batch->mask)
		sbi_ecall(SBI_EXT_RFENCE, fids[fence->kind], batch->mask, batch->base, fence->start,
			  fence->size, fence->asid, 0);
	batch->mask = 0;
}

static void batch_add(struct batch *batch, u64 hart)
{
	u64 base = hart & ~63ull;

	if (base != batch->base)
		batch_flush(batch);
	batch->base = base;
	batch->mask |= BIT(hart - base);
}

static void fence_pages(const struct fence *fence)
{
	u64 page = align_down(fence->start, PAGE_SIZE);
	u64 last = fence->start + fence->size - 1;

	for (; page <= last && page >= align_down(fence->start, PAGE_SIZE); page += PAGE_SIZE)
		if (fence->kind == SBI_FENCE_VMA_ASID)
			hfence_vvma_page_asid(page, fence->asid);
		else
			hfence_vvma_page(page);
}

static void fence_here(const struct fence *fence)
{
	if (fence->kind == SBI_FENCE_I)
		fence_i();
	else if (fence->size <= PAGES_ONE_BY_ONE * PAGE_SIZE)
		fence_pages(fence);
	else if (fence->kind == SBI_FENCE_VMA_ASID)
		hfence_vvma_asid(fence->asid);
	else
		hfence_vvma_all();
}

void sbi_remote_fence(struct vcpu *vcpu, const struct sbi_harts *harts, enum sbi_fence kind,
		      u64 start, u64 size, u64 asid)
{
	bool all = (start == 0 && size == 0) || start + size < start;
	struct fence fence = { kind, all ? 0 : start, all ? ~0ull : size, asid };
	struct batch batch = { .fence = &fence };
	u32 request = kind == SBI_FENCE_I ? VCPU_REQ_FENCE_I : VCPU_REQ_FENCE_VVMA;

	if (fence.size == 0)
		return;
	for (u32 hart = harts->first; hart < harts->end; hart++) {
		struct vcpu *to = vcpu->vm->vcpus[hart];
		s32 cpu;

		if (!sbi_harts_has(harts, hart))
			continue;
		if (to == vcpu) {
			fence_here(&fence);
			continue;
		}
		__atomic_fetch_or(&to->requests, request, __ATOMIC_SEQ_CST);
		cpu = __atomic_load_n(&to->loaded_cpu, __ATOMIC_SEQ_CST);
		if (cpu >= 0)
			batch_add(&batch, cpus[cpu]->arch.hart_id);
	}
	batch_flush(&batch);
}

static long rfence_handle(struct vcpu *vcpu, u32 fid, u64 *value)
{
	static const enum sbi_fence kinds[] = {
		[SBI_RFENCE_FENCE_I] = SBI_FENCE_I,
		[SBI_RFENCE_SFENCE_VMA] = SBI_FENCE_VMA,
		[SBI_RFENCE_SFENCE_VMA_ASID] = SBI_FENCE_VMA_ASID,
	};
	const u64 *x = vcpu->arch.x;
	struct sbi_harts harts;
	long err;

	(void)value;
	if (fid >= ARRAY_SIZE(kinds)) /* the others are for hypervisors, and the guest has no H */
		return SBI_ERR_NOT_SUPPORTED;
	err = sbi_harts(vcpu, x[10], x[11], &harts);
	if (err)
		return err;
	if (kinds[fid] == SBI_FENCE_I)
		sbi_remote_fence(vcpu, &harts, SBI_FENCE_I, 0, 0, 0);
	else
		sbi_remote_fence(vcpu, &harts, kinds[fid], x[12], x[13], x[14]);
	return SBI_SUCCESS;
}

DEFINE_SBI_EXTENSION(sbi_rfence) = {
	.first = SBI_EXT_RFENCE,
	.last = SBI_EXT_RFENCE,
	.name = "RFENCE",
	.handle = rfence_handle,
};
