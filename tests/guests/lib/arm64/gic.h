/* SPDX-License-Identifier: MIT */
/* arm64 test guests: the interrupt controller, version 2 or 3, in one set of functions. */
#ifndef GUEST_GIC_H
#define GUEST_GIC_H

#include <arm64.h>

extern unsigned gic_version; /* 2 or 3 */
extern u64 gicd, gicc,
	gicr[CPUS_MAX]; /* registers: distributor, v2: CPU interface, v3: redistributor of each CPU */
extern u32 gic_lines;   /* interrupts are numbered below this */

/* Offsets in the distributor; of private interrupts also in a redistributor's second frame. */
enum {
	GICD_CTLR = 0x000,
	GICD_TYPER = 0x004,
	GICD_IIDR = 0x008,
	GICD_IGROUPR = 0x080,
	GICD_ISENABLER = 0x100,
	GICD_ICENABLER = 0x180,
	GICD_ISPENDR = 0x200,
	GICD_ICPENDR = 0x280,
	GICD_ISACTIVER = 0x300,
	GICD_ICACTIVER = 0x380,
	GICD_IPRIORITYR = 0x400,
	GICD_ITARGETSR = 0x800,
	GICD_ICFGR = 0xc00,
	GICD_SGIR = 0xf00,
	GICD_CPENDSGIR = 0xf10,
	GICD_SPENDSGIR = 0xf20,
	GICD_IROUTER = 0x6000,
	GICR_CTLR = 0x0,
	GICR_TYPER = 0x8,
	GICR_WAKER = 0x14,
	GICR_SGI = 0x10000,
	GICC_CTLR = 0x0,
	GICC_PMR = 0x4,
	GICC_BPR = 0x8,
	GICC_IAR = 0xc,
	GICC_EOIR = 0x10,
	GICC_RPR = 0x14,
	GICC_HPPIR = 0x18,
	GICC_IIDR = 0xfc,
	GICC_DIR = 0x1000,
};
#define GICD_CTLR_RWP (1u << 31)
#define SPURIOUS 1023u

#define ICC_PMR S3_0_C4_C6_0
#define ICC_IAR0 S3_0_C12_C8_0
#define ICC_EOIR0 S3_0_C12_C8_1
#define ICC_HPPIR0 S3_0_C12_C8_2
#define ICC_BPR0 S3_0_C12_C8_3
#define ICC_DIR S3_0_C12_C11_1
#define ICC_RPR S3_0_C12_C11_3
#define ICC_SGI1R S3_0_C12_C11_5
#define ICC_ASGI1R S3_0_C12_C11_6
#define ICC_SGI0R S3_0_C12_C11_7
#define ICC_IAR1 S3_0_C12_C12_0
#define ICC_EOIR1 S3_0_C12_C12_1
#define ICC_HPPIR1 S3_0_C12_C12_2
#define ICC_BPR1 S3_0_C12_C12_3
#define ICC_CTLR S3_0_C12_C12_4
#define ICC_SRE S3_0_C12_C12_5
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define ICC_IGRPEN1 S3_0_C12_C12_7
#define icc_read(reg) sysreg_read(reg)
#define icc_write(reg, v)             \
	({                            \
		sysreg_write(reg, v); \
		isb();                \
	})

/* From the tree; every interrupt off, priority 0x80, edge or level as it was, SPIs to the first CPU. */
void gic_init(void);
/* The CPU that runs: interface on, all priorities let through, private interrupts off. */
void gic_cpu_init(void);
void gic_cpu_off(void);

/* IAR's value: what gic_end() and gic_deactivate() want. 1023: nothing. */
u32 gic_acknowledge(void);
u32 gic_intid(u32 iar);
void gic_end(u32 iar);
void gic_deactivate(u32 iar);
/* Ends drop the priority only; gic_deactivate() does the rest. */
void gic_split_end(bool on);
void gic_mask(u8 priority);
/* Binary point so that only the top bit of a priority decides on preemption, or as many as there are. */
void gic_coarse(bool on);
u32 gic_running(void);
u32 gic_highest_pending(void);

/* By number; private ones are those of the CPU that runs. */
void gic_enable(u32 intid, bool on);
bool gic_enabled(u32 intid);
void gic_pend(u32 intid, bool on);
bool gic_pending(u32 intid);
void gic_activate(u32 intid, bool on);
bool gic_active(u32 intid);
void gic_priority(u32 intid, u8 priority);
u8 gic_priority_of(u32 intid);
void gic_edge(u32 intid, bool edge);
bool gic_is_edge(u32 intid);
void gic_route(u32 intid, unsigned cpu);
/* Where a register that has @bits bits an interrupt keeps those of @intid: address of the word. */
u64 gic_word(u32 reg, u32 intid, unsigned bits);

/* Software-generated interrupts. */
void gic_send(unsigned cpu, u32 intid);
void gic_send_others(u32 intid);

/* True while an interrupt is signalled to this CPU, masked by PSTATE or not. */
static inline bool irq_signalled(void)
{
	return sysreg_read(isr_el1) & PSTATE_I;
}
static inline bool fiq_signalled(void)
{
	return sysreg_read(isr_el1) & PSTATE_F;
}

#endif
