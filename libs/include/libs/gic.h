/* SPDX-License-Identifier: MIT */
/* Numbers of the Arm Generic Interrupt Controller, versions 2 (IHI 0048B) and 3/4 (IHI 0069H), for hosts' drivers and emulators. */
#ifndef LIBS_GIC_H
#define LIBS_GIC_H

/* Kinds of interrupts by number (IHI 0069, 2.2.1). */
#define GIC_SGI_COUNT 16
#define GIC_PRIVATE_COUNT 32 /* SGIs and PPIs */
#define GIC_SPI_END 1020
#define GIC_SPURIOUS 1023

/* Distributor, both versions (8.9). */
#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IIDR 0x008
#define GICD_TYPER2 0x00c
#define GICD_STATUSR 0x010
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR 0x200
#define GICD_ICPENDR 0x280
#define GICD_ISACTIVER 0x300
#define GICD_ICACTIVER 0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800 /* version 2 */
#define GICD_ICFGR 0xc00
#define GICD_IGRPMODR 0xd00
#define GICD_SGIR 0xf00 /* version 2 */
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD_IROUTER 0x6000 /* version 3, 8 bytes each, from SPI 32 on at 0x6100 */
#define GICD_IROUTER_ANY (1ull << 31)
#define GICD_PIDR2 0xffe8 /* version 3 */
#define GICD_V2_ICPIDR2 0xfe8

/* GICD_CTLR with one security state (8.9.4), and of version 2 (IHI 0048, 4.3.1). */
#define GICD_CTLR_GRP0 (1u << 0)
#define GICD_CTLR_GRP1 (1u << 1)
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_DS (1u << 6)
#define GICD_CTLR_RWP (1u << 31)

/* CPU interface of version 2 (IHI 0048, 4.4). */
#define GICC_CTLR 0x000
#define GICC_PMR 0x004
#define GICC_BPR 0x008
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010
#define GICC_RPR 0x014
#define GICC_HPPIR 0x018
#define GICC_ABPR 0x01c
#define GICC_AIAR 0x020
#define GICC_AEOIR 0x024
#define GICC_AHPPIR 0x028
#define GICC_APR 0x0d0
#define GICC_NSAPR 0x0e0
#define GICC_IIDR 0x0fc
#define GICC_DIR 0x1000
#define GICC_CTLR_ENABLE (1u << 0)
#define GICC_CTLR_EOIMODE (1u << 9)

/* Virtual interface control of version 2 (IHI 0048, 5.3). */
#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_MISR 0x010
#define GICH_EISR 0x020
#define GICH_ELRSR 0x030
#define GICH_APR 0x0f0
#define GICH_LR 0x100

/* Redistributor of version 3: two frames of 64 KiB, four with version 4 (8.10, 8.11). */
#define GICR_CTLR 0x0000
#define GICR_IIDR 0x0004
#define GICR_TYPER 0x0008
#define GICR_STATUSR 0x0010
#define GICR_WAKER 0x0014
#define GICR_SETLPIR 0x0040
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define GICR_PIDR2 0xffe8
#define GICR_SGI_FRAME \
	0x10000 /* GICD_IGROUPR and so on of interrupts 0 to 31 have the same offsets here */
#define GICR_FRAMES_SIZE 0x20000
#define GICR_TYPER_LAST (1ull << 4)
#define GICR_TYPER_VLPIS (1ull << 1)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)

/* List registers as ICH_LR<n>_EL2 has them (12.4.9). */
#define GIC_LR_PENDING (1ull << 62)
#define GIC_LR_ACTIVE (1ull << 63)
#define GIC_LR_STATE (3ull << 62)
#define GIC_LR_HW (1ull << 61)
#define GIC_LR_GROUP1 (1ull << 60)
#define GIC_LR_GROUP1_SHIFT 60
#define GIC_LR_PRIORITY_SHIFT 48
#define GIC_LR_HOST_INTID_SHIFT 32
#define GIC_LR_EOI (1ull << 41) /* without HW: tell by a maintenance interrupt when it ends */
#define GIC_LR_SOURCE_SHIFT 32  /* without HW, SGIs of GICv2: the sender */
#define GIC_LR_INTID_MASK 0xffffffffull

#endif
