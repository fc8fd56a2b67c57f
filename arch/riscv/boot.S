/* SPDX-License-Identifier: MIT */
/* riscv64: the Linux Image header, and the first instructions of the boot hart and of all others. */
#include <arch/asm.h>
#include <arch/csr.h>

	.section .text.boot, "ax"
	.option norelax
	.globl image_start, _start
image_start:
_start:
	/* Linux's boot image header (Documentation/arch/riscv/boot-image-header.rst). */
	j	boot
	.balign 8
	.dword	0x200000		/* text_offset: from a 2 MiB boundary of RAM */
	.dword	image_end - image_start	/* with BSS */
	.dword	0			/* little endian */
	.word	2			/* header version 0.2 */
	.word	0
	.dword	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

	/* From firmware: a0 = hart id, a1 = device tree, MMU off, interrupts off. */
boot:
	csrw	sie, zero
	csrw	sscratch, zero
	csrr	s2, time
	mv	s3, a0
	mv	s4, a1
	li	tp, 0			/* no per-CPU area yet */
	lla	t0, trap_vector
	csrw	stvec, t0

	/* BSS */
	lla	t0, bss_start
	lla	t1, image_end
1:	sd	zero, 0(t0)
	sd	zero, 8(t0)
	sd	zero, 16(t0)
	sd	zero, 24(t0)
	addi	t0, t0, 32
	bltu	t0, t1, 1b

	/* R_RISCV_RELATIVE relocations: we run where firmware put us. */
	lla	t0, rela_start
	lla	t1, rela_end
	lla	t2, image_start
	li	t3, RISCV_LINK_BASE
	sub	t2, t2, t3		/* load address - link address */
2:	bgeu	t0, t1, 3f
	ld	t4, 0(t0)		/* r_offset */
	ld	t5, 16(t0)		/* r_addend */
	add	t4, t4, t2
	add	t5, t5, t2
	sd	t5, 0(t4)
	addi	t0, t0, 24
	j	2b
3:
	fence.i
	lla	sp, riscv_boot_stack + BOOT_STACK_SIZE
	li	fp, 0			/* the end of every backtrace */
	mv	a0, s3
	mv	a1, s4
	mv	a2, s2
	call	riscv_boot

	/* A hart that arch_cpu_start() started: a0 = hart id, a1 = struct cpu, MMU off. */
	.globl secondary_boot
secondary_boot:
	csrw	sie, zero
	csrw	sscratch, zero
	mv	tp, a1
	lla	t0, trap_vector
	csrw	stvec, t0
	ld	sp, CPU_HOST_SP(tp)
	li	fp, 0
	call	riscv_secondary
