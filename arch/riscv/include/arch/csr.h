/* SPDX-License-Identifier: MIT */
/* riscv64: control and status registers, their bits, and access to them (Privileged Architecture 1.13). */
#ifndef ARCH_CSR_H
#define ARCH_CSR_H

/* Registers that gcc 12's assembler knows by number only. */
#define CSR_STIMECMP 0x14d
#define CSR_SENVCFG 0x10a
#define CSR_VSTIMECMP 0x24d
#define CSR_VSSTATUS 0x200
#define CSR_VSIE 0x204
#define CSR_VSTVEC 0x205
#define CSR_VSSCRATCH 0x240
#define CSR_VSEPC 0x241
#define CSR_VSCAUSE 0x242
#define CSR_VSTVAL 0x243
#define CSR_VSIP 0x244
#define CSR_VSATP 0x280
#define CSR_HSTATUS 0x600
#define CSR_HEDELEG 0x602
#define CSR_HIDELEG 0x603
#define CSR_HIE 0x604
#define CSR_HTIMEDELTA 0x605
#define CSR_HCOUNTEREN 0x606
#define CSR_HENVCFG 0x60a
#define CSR_HTVAL 0x643
#define CSR_HIP 0x644
#define CSR_HVIP 0x645
#define CSR_HTINST 0x64a
#define CSR_HGATP 0x680
#define CSR_VSTART 0x008
#define CSR_VCSR 0x00f
#define CSR_VL 0xc20
#define CSR_VTYPE 0xc21
#define CSR_VLENB 0xc22

/* sstatus, vsstatus */
#define SSTATUS_SIE (1ul << 1)
#define SSTATUS_SPIE (1ul << 5)
#define SSTATUS_UBE (1ul << 6)
#define SSTATUS_SPP (1ul << 8)
#define SSTATUS_VS (3ul << 9)
#define SSTATUS_VS_INITIAL (1ul << 9)
#define SSTATUS_VS_CLEAN (2ul << 9)
#define SSTATUS_VS_DIRTY (3ul << 9)
#define SSTATUS_FS (3ul << 13)
#define SSTATUS_FS_INITIAL (1ul << 13)
#define SSTATUS_FS_CLEAN (2ul << 13)
#define SSTATUS_FS_DIRTY (3ul << 13)
#define SSTATUS_SUM (1ul << 18)
#define SSTATUS_MXR (1ul << 19)
#define SSTATUS_UXL_64 (2ul << 32)

/* hstatus */
#define HSTATUS_VSBE (1ul << 5)
#define HSTATUS_GVA (1ul << 6)
#define HSTATUS_SPV (1 << 7) /* used in assembly too, where a suffix is an error */
#define HSTATUS_SPVP (1ul << 8)
#define HSTATUS_HU (1ul << 9)
#define HSTATUS_VTVM (1ul << 20)
#define HSTATUS_VTW (1ul << 21)
#define HSTATUS_VTSR (1ul << 22)
#define HSTATUS_VSXL_64 (2ul << 32)

/* Interrupt numbers; bits of sie, hie, hvip, hideleg. */
#define IRQ_S_SOFT 1
#define IRQ_VS_SOFT 2
#define IRQ_S_TIMER 5
#define IRQ_VS_TIMER 6
#define IRQ_S_EXT 9
#define IRQ_VS_EXT 10
#define IRQ_SG_EXT 12

#define CAUSE_INTERRUPT (1ul << 63)

/* Exception codes of scause. */
#define EXC_INST_MISALIGNED 0
#define EXC_INST_ACCESS 1
#define EXC_INST_ILLEGAL 2
#define EXC_BREAKPOINT 3
#define EXC_LOAD_MISALIGNED 4
#define EXC_LOAD_ACCESS 5
#define EXC_STORE_MISALIGNED 6
#define EXC_STORE_ACCESS 7
#define EXC_ECALL_U 8
#define EXC_ECALL_S 9
#define EXC_ECALL_VS 10
#define EXC_INST_PAGE_FAULT 12
#define EXC_LOAD_PAGE_FAULT 13
#define EXC_STORE_PAGE_FAULT 15
#define EXC_INST_GUEST_FAULT 20
#define EXC_LOAD_GUEST_FAULT 21
#define EXC_VIRTUAL_INST 22
#define EXC_STORE_GUEST_FAULT 23

/* satp, vsatp, hgatp */
#define SATP_MODE_SHIFT 60
#define SATP_MODE_BARE 0ul
#define SATP_MODE_SV39 8ul
#define SATP_MODE_SV48 9ul
#define SATP_MODE_SV57 10ul
#define HGATP_VMID_SHIFT 44
#define HGATP_VMID_MASK (0x3ffful << HGATP_VMID_SHIFT)

/* henvcfg */
#define ENVCFG_FIOM (1ul << 0)
#define ENVCFG_CBIE (3ul << 4)
#define ENVCFG_CBCFE (1ul << 6)
#define ENVCFG_CBZE (1ul << 7)
#define ENVCFG_PBMTE (1ul << 62)
#define ENVCFG_STCE (1ul << 63)

/* hcounteren */
#define COUNTEREN_CY (1u << 0)
#define COUNTEREN_TM (1u << 1)
#define COUNTEREN_IR (1u << 2)

#ifndef __ASSEMBLER__

#define CSR_STR_(x) #x
#define CSR_STR(x) CSR_STR_(x)

#define csr_read(csr)                                                               \
	({                                                                          \
		unsigned long v_;                                                   \
		__asm__ volatile("csrr %0, " CSR_STR(csr) : "=r"(v_) : : "memory"); \
		v_;                                                                 \
	})
#define csr_write(csr, value)                                   \
	({                                                      \
		__asm__ volatile("csrw " CSR_STR(csr) ", %0"    \
				 :                              \
				 : "rK"((unsigned long)(value)) \
				 : "memory");                   \
	})
#define csr_set(csr, bits)                                     \
	({                                                     \
		__asm__ volatile("csrs " CSR_STR(csr) ", %0"   \
				 :                             \
				 : "rK"((unsigned long)(bits)) \
				 : "memory");                  \
	})
#define csr_clear(csr, bits)                                   \
	({                                                     \
		__asm__ volatile("csrc " CSR_STR(csr) ", %0"   \
				 :                             \
				 : "rK"((unsigned long)(bits)) \
				 : "memory");                  \
	})
#define csr_read_clear(csr, bits)                                 \
	({                                                        \
		unsigned long v_;                                 \
		__asm__ volatile("csrrc %0, " CSR_STR(csr) ", %1" \
				 : "=r"(v_)                       \
				 : "rK"((unsigned long)(bits))    \
				 : "memory");                     \
		v_;                                               \
	})
#define csr_swap(csr, value)                                      \
	({                                                        \
		unsigned long v_;                                 \
		__asm__ volatile("csrrw %0, " CSR_STR(csr) ", %1" \
				 : "=r"(v_)                       \
				 : "rK"((unsigned long)(value))   \
				 : "memory");                     \
		v_;                                               \
	})

#endif
#endif
