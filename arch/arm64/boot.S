/* SPDX-License-Identifier: MIT */
/* arm64: the Linux Image header, and the first instructions of the boot CPU and of all others. */
#include <arch/asm.h>

	.equ	LINK_BASE, 0x40200000		/* as in verdigris.lds */
	.equ	BLOCK_SIZE, 0x200000
	.equ	FDT_MAGIC, 0xd00dfeed
	.equ	R_AARCH64_RELATIVE, 1027

	.equ	SCTLR_M, 1 << 0
	.equ	SCTLR_C, 1 << 2
	.equ	SCTLR_CACHED_MMU, 1 << 12 | 1 << 3 | 1 << 2 | 1 << 0	/* I, SA, C, M */
	.equ	SCTLR_EL2_RES1, 0x30c50830
	.equ	SCTLR_EL1_RES1, 0x30d00800
	.equ	HCR_HOST, 1 << 31 | 1 << 5 | 1 << 4 | 1 << 3	/* RW, AMO, IMO, FMO */
	.equ	HCR_E2H_BIT, 34

	/* 4 levels of 4 KiB tables for 48 bits, walked through inner-shareable write-back caches; mmu.c has the same. */
	.equ	TCR_48_BITS, 1 << 31 | 1 << 23 | 3 << 12 | 1 << 10 | 1 << 8 | 16
	.equ	MAIR, 0x04ff			/* 0: normal write-back; 1: Device-nGnRE */
	.equ	PTE_TABLE, 3
	.equ	PTE_BLOCK, 0x701		/* accessed, inner shareable, MAIR 0, may do everything */
	.equ	PTE_AP_EL2, 0x40		/* AP[1] is RES1 where there is one exception level */

	.macro	address reg, symbol
	adrp	\reg, \symbol
	add	\reg, \reg, :lo12:\symbol
	.endm

	.macro	load reg, value
	movz	\reg, #((\value) & 0xffff)
	movk	\reg, #((\value) >> 16 & 0xffff), lsl #16
	.endm

	.section .text.boot, "ax"
	.globl	image_start, _start
image_start:
_start:
	/* Linux's boot image header (Documentation/arch/arm64/booting.rst). */
	b	boot
	nop
	.quad	0			/* text_offset: from any 2 MiB boundary */
	.quad	image_end - image_start	/* with BSS */
	.quad	0xa			/* little endian, 4 KiB pages, anywhere in memory */
	.quad	0
	.quad	0
	.quad	0
	.ascii	"ARM\x64"
	.word	0

	/*
	 * From firmware: x0 = device tree, at EL2, EL3 or, by mistake, EL1. Nothing else is known for certain. The MMU
	 * goes off, tables that map the image and the device tree are made, and with them it goes on again
	 * before anything is written: locks and unaligned accesses need cached memory.
	 *
	 *   x19 device tree   x20 entered at (asm.h)   x21 CNTPCT   x23 attributes   x24 root table   x25 next free table
	 */
boot:
	msr	daifset, #15
	mov	x19, x0
	mov	x21, #0
	mrs	x20, CurrentEL
	lsr	x20, x20, #2
	cmp	x20, #1
	b.eq	1f
	bl	enter_el2
	mrs	x21, cntpct_el0
	mrs	x9, hcr_el2
	tbz	x9, #HCR_E2H_BIT, 1f
	mov	x20, #ENTRY_EL2_VHE_ONLY
1:	bl	make_tables
	bl	mmu_on

	address	x0, bss_start
	address	x1, image_end
2:	stp	xzr, xzr, [x0], #16
	cmp	x0, x1
	b.lo	2b

	/* R_AARCH64_RELATIVE relocations: we run where firmware put us. */
	address	x0, rela_start
	address	x1, rela_end
	address	x2, image_start
	load	x3, LINK_BASE
	sub	x2, x2, x3		/* load address - link address */
3:	cmp	x0, x1
	b.hs	4f
	ldp	x4, x5, [x0], #24	/* r_offset, r_info */
	ldr	x6, [x0, #-8]		/* r_addend */
	cmp	w5, #R_AARCH64_RELATIVE
	b.ne	3b
	add	x6, x6, x2
	str	x6, [x4, x2]
	b	3b
4:
	address	x9, arm64_boot_stack + BOOT_STACK_SIZE
	mov	sp, x9
	mov	x29, #0			/* the end of every backtrace */
	mov	x0, x19
	mov	x1, x20
	mov	x2, x21
	mov	x3, x25
	bl	arm64_boot

	/* A CPU that arch_cpu_start() started, at EL2 or EL3. What it needs before its MMU is on has been cleaned to memory. */
	.globl	secondary_boot
secondary_boot:
	msr	daifset, #15
	mrs	x20, CurrentEL
	lsr	x20, x20, #2
	bl	enter_el2
	address	x9, arm64_host_mmu
	ldp	x0, x1, [x9]
	ldp	x2, x3, [x9, #16]
	ic	iallu
	bl	arm64_mmu_switch
	mrs	x9, mpidr_el1
	load	x10, MPIDR_AFFINITY_LOW
	movk	x10, #MPIDR_AFFINITY_3, lsl #32
	and	x9, x9, x10
	address	x10, arm64_cpu_mpidr
	address	x11, cpu_count
	ldr	w11, [x11]
	mov	x12, #0
1:	cmp	x12, x11
	b.hs	park
	ldr	x13, [x10, x12, lsl #3]
	cmp	x13, x9
	b.eq	2f
	add	x12, x12, #1
	b	1b
2:	address	x10, cpus
	ldr	x10, [x10, x12, lsl #3]
	msr	tpidr_el2, x10
	ldr	x9, [x10, #CPU_HOST_SP]
	mov	sp, x9
	mov	x29, #0
	bl	arm64_secondary
park:
	wfe
	b	park

	/*
	 * void arm64_mmu_switch(u64 ttbr, u64 tcr, u64 mair, u64 sctlr): to other tables, with the MMU off in between,
	 * because the new ones may map the same address by a leaf of another size (D8.14.1). No memory is
	 * touched meanwhile. What others have to see, tables above all, is in memory or in coherent caches.
	 */
	.globl	arm64_mmu_switch
arm64_mmu_switch:
	mrs	x9, sctlr_el2
	bic	x9, x9, #SCTLR_M
	dsb	sy
	msr	sctlr_el2, x9
	isb
	msr	mair_el2, x2
	msr	tcr_el2, x1
	msr	ttbr0_el2, x0
	isb
	tlbi	alle2
	dsb	nsh
	isb
	msr	sctlr_el2, x3
	isb
	ret

	/* x20 = exception level, 2 or 3. To EL2h with E2H 0 as far as the CPU can, MMU off. */
enter_el2:
	cmp	x20, #3
	b.ne	1f
	mov	x28, x30
	bl	leave_el3
	mov	x30, x28
1:	msr	spsel, #1
	mrs	x9, sctlr_el2
	mov	x10, #(SCTLR_M | SCTLR_C)
	tst	x9, x10
	b.eq	2f
	mov	x28, x30		/* whoever left them on may have left us in the cache only */
	address	x0, image_start
	address	x1, boot_tables_start
	bl	clean_range
	mov	x30, x28
2:	load	x9, SCTLR_EL2_RES1
	msr	sctlr_el2, x9
	isb
	load	x9, HCR_HOST
	msr	hcr_el2, x9
	isb
	address	x9, arm64_vectors
	msr	vbar_el2, x9
	msr	tpidr_el2, xzr		/* no per-CPU area yet */
	ret

	/* Sets bit \bit of x9 if the field at \shift of the ID register is not 0. */
	.macro	allow_if idreg, shift, bit, width=4
	mrs	x10, \idreg
	ubfx	x10, x10, #\shift, #\width
	cbz	x10, 9f
	orr	x9, x9, #(1 << \bit)
9:
	.endm

	/* EL3 is left, but for the one service that el3.c uses: EL2 may use all that the CPU has. */
leave_el3:
	address	x9, el3_vectors
	msr	vbar_el3, x9
	load	x9, 0x531		/* SCR_EL3: RW, HCE, RES1, NS */
	allow_if S3_0_C0_C6_1, 4, 16	/* ID_AA64ISAR1.APA: API, APK */
	allow_if S3_0_C0_C6_1, 4, 17
	allow_if S3_0_C0_C6_1, 8, 16	/* .API */
	allow_if S3_0_C0_C6_1, 8, 17
	allow_if S3_0_C0_C6_2, 12, 16	/* ID_AA64ISAR2.APA3 */
	allow_if S3_0_C0_C6_2, 12, 17
	allow_if S3_0_C0_C4_1, 9, 26, 3	/* ID_AA64PFR1.MTE, 2 and up: ATA */
	allow_if S3_0_C0_C7_0, 56, 27	/* ID_AA64MMFR0.FGT: FGTEn */
	allow_if S3_0_C0_C7_0, 60, 28	/* .ECV: ECVEn */
	allow_if S3_0_C0_C7_1, 40, 38	/* ID_AA64MMFR1.HCX: HXEn */
	allow_if S3_0_C0_C7_3, 0, 43	/* ID_AA64MMFR3.TCRX: TCR2En */
	allow_if S3_0_C0_C7_3, 8, 45	/* .S1PIE: PIEn */
	msr	scr_el3, x9
	mov	x9, #0			/* CPTR_EL3: FP is not trapped */
	allow_if S3_0_C0_C4_0, 32, 8	/* ID_AA64PFR0.SVE: EZ */
	msr	cptr_el3, x9
	msr	mdcr_el3, xzr
	isb
	tbz	x9, #8, 1f
	mov	x10, #15
	msr	S3_6_C1_C2_0, x10	/* ZCR_EL3: vectors as long as they get */
1:	mrs	x10, S3_0_C0_C4_0
	ubfx	x10, x10, #24, #4	/* GIC */
	cbz	x10, 2f
	mov	x10, #15
	msr	S3_6_C12_C12_5, x10	/* ICC_SRE_EL3: system registers, also for the levels below */
2:	load	x9, SCTLR_EL2_RES1
	msr	sctlr_el2, x9
	load	x9, 0x3c9		/* EL2h, DAIF */
	msr	spsr_el3, x9
	msr	elr_el3, x30
	isb
	eret

	/* Vectors of EL3: an SMC stores w1 at physical x0 (el3.c). Nothing else comes here, and it would stay here. */
	.balign	2048
el3_vectors:
	.rept	8
	b	.
	.balign	128
	.endr
	str	w1, [x0]		/* synchronous, from AArch64 */
	dsb	sy
	eret
	.balign	128
	.rept	7
	b	.
	.balign	128
	.endr

	/* Cleans and invalidates [x0, x1) to memory, or only invalidates it. */
	.macro	by_line op
	mrs	x9, ctr_el0
	ubfx	x9, x9, #16, #4		/* DminLine, log2 of words */
	mov	x10, #4
	lsl	x10, x10, x9
	sub	x9, x10, #1
	bic	x0, x0, x9
1:	dc	\op, x0
	add	x0, x0, x10
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret
	.endm
clean_range:
	by_line	civac
invalidate_range:
	by_line	ivac

	.macro	zero_page reg
	add	x8, \reg, #4096
8:	stp	xzr, xzr, [x8, #-16]!
	cmp	x8, \reg
	b.hi	8b
	.endm

	/* x2 = the slot for address x0 in the table x1. */
	.macro	slot shift
	ubfx	x2, x0, #\shift, #9
	add	x2, x1, x2, lsl #3
	.endm

	/* x1 = the table below the one at x1, made if it is not there. */
	.macro	descend shift
	slot	\shift
	ldr	x1, [x2]
	cbnz	x1, 7f
	zero_page x25
	orr	x1, x25, #PTE_TABLE
	str	x1, [x2]
	add	x25, x25, #4096
7:	and	x1, x1, #~0xfff
	.endm

	/* Maps the 2 MiB around x0 and goes on until x3. */
map_blocks:
	and	x0, x0, #~(BLOCK_SIZE - 1)
1:	mov	x1, x24
	descend	39
	descend	30
	slot	21
	orr	x1, x0, x23
	str	x1, [x2]
	add	x0, x0, #BLOCK_SIZE
	cmp	x0, x3
	b.lo	1b
	ret

	/* Image and device tree. x19 becomes 0 when there is no device tree. Leaves the tables in memory, not in the cache. */
make_tables:
	mov	x28, x30
	address	x0, boot_tables_start
	address	x1, boot_tables_end
	bl	invalidate_range	/* nothing dirty may be written back over what is stored now */
	address	x24, boot_tables_start
	zero_page x24
	add	x25, x24, #4096
	load	x23, PTE_BLOCK
	cmp	x20, #2
	b.lo	1f
	cmp	x20, #ENTRY_EL2_VHE_ONLY
	b.eq	1f
	orr	x23, x23, #PTE_AP_EL2
1:	address	x0, image_start
	address	x3, image_end
	bl	map_blocks

	tst	x19, #7
	b.ne	2f
	cbz	x19, 3f
	dc	civac, x19		/* what is read here may not have left a cache yet */
	dsb	sy
	ldr	w9, [x19]
	rev	w9, w9
	load	w10, FDT_MAGIC
	cmp	w9, w10
	b.ne	2f
	ldr	w9, [x19, #4]		/* totalsize */
	rev	w9, w9
	mov	w10, #BLOCK_SIZE	/* more than that is refused later, unread */
	cmp	w9, w10
	csel	w9, w9, w10, lo
	mov	x0, x19
	add	x3, x19, x9
	bl	map_blocks
	b	3f
2:	mov	x19, #0
3:	dsb	sy
	address	x0, boot_tables_start
	address	x1, boot_tables_end
	mov	x30, x28
	b	invalidate_range

	/* With the tables of make_tables. */
mmu_on:
	mrs	x9, S3_0_C0_C7_0	/* ID_AA64MMFR0 */
	and	x9, x9, #15		/* PARange */
	mov	x10, #5			/* 48 bits are all that these tables can say */
	cmp	x9, x10
	csel	x9, x9, x10, lo
	load	x1, TCR_48_BITS
	mov	x2, #MAIR
	ic	iallu
	cmp	x20, #1
	b.eq	1f
	cmp	x20, #ENTRY_EL2_VHE_ONLY
	b.eq	1f
	orr	x1, x1, x9, lsl #16
	mov	x0, x24
	load	x3, SCTLR_EL2_RES1 | SCTLR_CACHED_MMU
	b	arm64_mmu_switch
	/* At EL1; and at EL2 with E2H stuck at 1, where these names mean EL2's registers, laid out like EL1's. */
1:	orr	x1, x1, x9, lsl #32
	load	x3, SCTLR_EL1_RES1 | SCTLR_CACHED_MMU
	msr	mair_el1, x2
	msr	tcr_el1, x1
	msr	ttbr0_el1, x24
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	sctlr_el1, x3
	isb
	ret

	.section .bss.boot_stack, "aw", @nobits
	.balign	BOOT_STACK_SIZE
	.globl	arm64_boot_stack
arm64_boot_stack:
	.space	BOOT_STACK_SIZE

	.section .bss.boot_tables, "aw", @nobits
	.balign	4096
	.space	4096 * BOOT_TABLES

	.section .note.GNU-stack, "", @progbits
