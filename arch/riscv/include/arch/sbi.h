/* SPDX-License-Identifier: MIT */
/* riscv64: the Supervisor Binary Interface 2.0: numbers for both sides, and calls to the firmware below us. */
#ifndef ARCH_SBI_H
#define ARCH_SBI_H

#include <core/types.h>

#define SBI_SPEC_VERSION_2_0 (2u << 24)

/* Standard errors (chapter 3, table 1). */
#define SBI_SUCCESS 0
#define SBI_ERR_FAILED (-1)
#define SBI_ERR_NOT_SUPPORTED (-2)
#define SBI_ERR_INVALID_PARAM (-3)
#define SBI_ERR_DENIED (-4)
#define SBI_ERR_INVALID_ADDRESS (-5)
#define SBI_ERR_ALREADY_AVAILABLE (-6)
#define SBI_ERR_ALREADY_STARTED (-7)
#define SBI_ERR_ALREADY_STOPPED (-8)
#define SBI_ERR_NO_SHMEM (-9)

/* Extension ids. */
#define SBI_EXT_LEGACY_SET_TIMER 0x0
#define SBI_EXT_LEGACY_PUTCHAR 0x1
#define SBI_EXT_LEGACY_GETCHAR 0x2
#define SBI_EXT_LEGACY_CLEAR_IPI 0x3
#define SBI_EXT_LEGACY_SEND_IPI 0x4
#define SBI_EXT_LEGACY_FENCE_I 0x5
#define SBI_EXT_LEGACY_SFENCE_VMA 0x6
#define SBI_EXT_LEGACY_SFENCE_VMA_ASID 0x7
#define SBI_EXT_LEGACY_SHUTDOWN 0x8
#define SBI_EXT_BASE 0x10
#define SBI_EXT_TIME 0x54494d45
#define SBI_EXT_IPI 0x735049
#define SBI_EXT_RFENCE 0x52464e43
#define SBI_EXT_HSM 0x48534d
#define SBI_EXT_SRST 0x53525354
#define SBI_EXT_DBCN 0x4442434e

/* BASE (chapter 4). */
#define SBI_BASE_SPEC_VERSION 0
#define SBI_BASE_IMPL_ID 1
#define SBI_BASE_IMPL_VERSION 2
#define SBI_BASE_PROBE 3
#define SBI_BASE_MVENDORID 4
#define SBI_BASE_MARCHID 5
#define SBI_BASE_MIMPID 6

/* TIME (chapter 6), IPI (7). */
#define SBI_TIME_SET 0
#define SBI_IPI_SEND 0

/* RFENCE (chapter 8). */
#define SBI_RFENCE_FENCE_I 0
#define SBI_RFENCE_SFENCE_VMA 1
#define SBI_RFENCE_SFENCE_VMA_ASID 2
#define SBI_RFENCE_HFENCE_GVMA_VMID 3
#define SBI_RFENCE_HFENCE_GVMA 4
#define SBI_RFENCE_HFENCE_VVMA_ASID 5
#define SBI_RFENCE_HFENCE_VVMA 6

/* HSM (chapter 9). */
#define SBI_HSM_START 0
#define SBI_HSM_STOP 1
#define SBI_HSM_STATUS 2
#define SBI_HSM_SUSPEND 3
#define SBI_HSM_STARTED 0
#define SBI_HSM_STOPPED 1
#define SBI_HSM_START_PENDING 2
#define SBI_HSM_STOP_PENDING 3
#define SBI_HSM_SUSPENDED 4
#define SBI_HSM_SUSPEND_RETENTIVE 0x0u
#define SBI_HSM_SUSPEND_NON_RETENTIVE 0x80000000u

/* SRST (chapter 10). */
#define SBI_SRST_RESET 0
#define SBI_SRST_SHUTDOWN 0
#define SBI_SRST_COLD_REBOOT 1
#define SBI_SRST_WARM_REBOOT 2
#define SBI_SRST_REASON_NONE 0
#define SBI_SRST_REASON_FAILURE 1

/* DBCN (chapter 12). */
#define SBI_DBCN_WRITE 0
#define SBI_DBCN_READ 1
#define SBI_DBCN_WRITE_BYTE 2

/* hart_mask_base that means all harts. */
#define SBI_ALL_HARTS (~0ul)

struct sbi_ret {
	long error;
	unsigned long value;
};

#ifdef __riscv
/* Firmware may use all memory that the arguments describe, and clobbers a0 and a1 only (chapter 3). */
static inline struct sbi_ret sbi_ecall(unsigned long ext, unsigned long fid, unsigned long arg0,
				       unsigned long arg1, unsigned long arg2, unsigned long arg3,
				       unsigned long arg4, unsigned long arg5)
{
	register unsigned long a0 __asm__("a0") = arg0;
	register unsigned long a1 __asm__("a1") = arg1;
	register unsigned long a2 __asm__("a2") = arg2;
	register unsigned long a3 __asm__("a3") = arg3;
	register unsigned long a4 __asm__("a4") = arg4;
	register unsigned long a5 __asm__("a5") = arg5;
	register unsigned long a6 __asm__("a6") = fid;
	register unsigned long a7 __asm__("a7") = ext;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbi_ret){ (long)a0, a1 };
}
#else
/* Host tests play the firmware. */
struct sbi_ret sbi_ecall(unsigned long ext, unsigned long fid, unsigned long arg0,
			 unsigned long arg1, unsigned long arg2, unsigned long arg3,
			 unsigned long arg4, unsigned long arg5);
#endif

#endif
