/* SPDX-License-Identifier: MIT */
/* arm64 test guests: registers, exceptions that are expected, PSCI calls, the machine's map. */
#ifndef ARM64_H
#define ARM64_H

/* Offsets in struct cpu, which start.S uses. */
#define CPU_X 0
#define CPU_SP 248
#define CPU_ELR 256
#define CPU_SPSR 264
#define CPU_ESR 272
#define CPU_FAR 280
#define CPU_STATE 288
#define CPU_VECTOR 296
#define CPU_STACK 304
#define CPU_IN 312
#define CPU_OUT 568
#define CPU_SAVE 824
#define CPU_START 928
#define CPU_SIZE 1280 /* cpus[] */
#define STACK_SIZE 16384
#define USER_RETURNED 0x99 /* SVC number by which EL0 code ends */

#define SCTLR_M (1 << 0)
#define SCTLR_A (1 << 1)
#define SCTLR_C (1 << 2)
#define SCTLR_SA (1 << 3)
#define SCTLR_I (1 << 12)
#define SCTLR_DZE (1 << 14)
#define SCTLR_UCT (1 << 15)
#define SCTLR_NTWI (1 << 16)
#define SCTLR_NTWE (1 << 18)
#define SCTLR_WXN (1 << 19)
#define SCTLR_SPAN (1 << 23)
#define SCTLR_UCI (1 << 26)
/* Bits that are 1 where a feature is absent, and what is on while a guest runs. */
#define SCTLR_OFF 0x30d00800
#define SCTLR_ON \
	(SCTLR_OFF | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_DZE | SCTLR_UCT | SCTLR_NTWI | SCTLR_NTWE)

/* MAIR_EL1: 0 device nGnRnE, 1 normal write-back, 2 normal non-cacheable, 3 device nGnRE */
#define MAIR_VALUE 0x0444ff00

#ifndef __ASSEMBLER__
#include <guest.h>

#define RAM_BASE 0x40000000ul
#define UART_BASE 0x09000000ul
#define RTC_BASE 0x09010000ul
/* No device in any machine of ours: below memory, and above it where the identity map still reaches. */
#define NOWHERE 0x0b800000ul
#define NOWHERE_HIGH 0x2000000000ul

/* Exception classes (Arm ARM D24.2.40). */
enum {
	EC_UNKNOWN = 0x00,
	EC_WFX = 0x01,
	EC_CP15_32 = 0x03,
	EC_CP15_64 = 0x04,
	EC_CP14 = 0x05,
	EC_FP = 0x07,
	EC_ILLEGAL_STATE = 0x0e,
	EC_SVC32 = 0x11,
	EC_SVC = 0x15,
	EC_HVC = 0x16,
	EC_SMC = 0x17,
	EC_SYSREG = 0x18,
	EC_SVE = 0x19,
	EC_SME = 0x1d,
	EC_IABORT_EL0 = 0x20,
	EC_IABORT = 0x21,
	EC_PC_ALIGN = 0x22,
	EC_DABORT_EL0 = 0x24,
	EC_DABORT = 0x25,
	EC_SP_ALIGN = 0x26,
	EC_SERROR = 0x2f,
	EC_BRK = 0x3c,
	EC_NONE = 0x99, /* ours: nothing was taken */
};

/* Fault status codes of aborts; those with a level have it in the low two bits. */
enum {
	FSC_ADDRESS_SIZE = 0x00,
	FSC_TRANSLATION = 0x04,
	FSC_ACCESS_FLAG = 0x08,
	FSC_PERMISSION = 0x0c,
	FSC_EXTERNAL = 0x10,
	FSC_EXTERNAL_WALK = 0x14,
	FSC_ALIGNMENT = 0x21,
};
#define ESR_EC(esr) ((esr) >> 26 & 0x3f)
#define ESR_FSC(esr) ((esr)&0x3f)
#define ESR_IL (1ul << 25)
#define ESR_ISS(esr) ((esr)&0x1ffffff)
#define ESR_CM (1ul << 8)
#define ESR_WNR (1ul << 6)

#define PSTATE_F (1ul << 6)
#define PSTATE_I (1ul << 7)
#define PSTATE_A (1ul << 8)
#define PSTATE_D (1ul << 9)
#define PSTATE_EL0T 0x0ul
#define PSTATE_EL1T 0x4ul
#define PSTATE_EL1H 0x5ul
#define PSTATE_A32 0x10ul
#define PSTATE_T32 0x30ul

#define sysreg_read(name)                                                \
	({                                                               \
		u64 v_;                                                  \
		__asm__ volatile("mrs %0, " #name : "=r"(v_)::"memory"); \
		v_;                                                      \
	})
#define sysreg_write(name, v) \
	({ __asm__ volatile("msr " #name ", %x0" ::"rZ"((u64)(v)) : "memory"); })
#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb() __asm__ volatile("dsb sy" ::: "memory")

/* Instruction words: mrs x<rt>, S<op0>_<op1>_C<crn>_C<crm>_<op2> and the msr to it. */
#define SYSREG(op0, op1, crn, crm, op2) \
	((u32)((op0) << 19 | (op1) << 16 | (crn) << 12 | (crm) << 8 | (op2) << 5))
#define MRS(reg, rt) (0xd5200000u | (reg) | (rt))
#define MSR(reg, rt) (0xd5000000u | (reg) | (rt))

/* A CPU as the start code and the exception entry know it; TPIDR_EL1 points to it. */
struct cpu {
	u64 x[31]; /* registers of what was interrupted; written back on return */
	u64 sp;    /* SP_EL0: what the program uses, at EL1 too */
	u64 elr;
	u64 spsr;
	u64 esr;
	u64 far;
	u64 state;  /* DAIF and SPSel in the handler, as the exception left them: bits 9:6 and 0 */
	u64 vector; /* number of the vector that was entered, 0 to 15 */
	u64 stack;  /* top: exceptions; STACK_SIZE below: the program */
	u64 in[32]; /* run_instruction(): registers before, [31] is SP */
	u64 out[32];
	u64 save[13];
	u64 start
		[6]; /* at the first instruction: x0, SCTLR_EL1, CurrentEL, DAIF, SPSel, MPIDR_EL1 */
	u64 index;
	u64 depth; /* exceptions being served */
	void (*fn)(unsigned cpu);
	volatile u64 starts;
	volatile bool expected; /* inside TRAP() */
	volatile bool in_user;  /* below run_user_at(), at EL0 if the return was legal */
	u64 trap_ec;            /* the last exception that was taken, EC_NONE if none */
	u64 trap_esr, trap_far, trap_elr, trap_spsr, trap_state, trap_vector, trap_count;
	u64 spurious; /* interrupts that turned out to be none */
} __attribute__((aligned(256)));
extern struct cpu cpus[CPUS_MAX];

enum { START_X0, START_SCTLR, START_EL, START_DAIF, START_SPSEL, START_MPIDR };

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	return cpu;
}

/*
 * Runs @code and gives the class of the exception in it, EC_NONE if there was none. The instruction that was
 * interrupted is skipped (a fetch goes back to x30), so one instruction at a time.
 */
#define TRAP(code)                                 \
	({                                         \
		this_cpu()->trap_ec = EC_NONE;     \
		this_cpu()->trap_esr = 0;          \
		this_cpu()->trap_count = 0;        \
		this_cpu()->expected = true;       \
		__asm__ volatile("" ::: "memory"); \
		code;                              \
		__asm__ volatile("" ::: "memory"); \
		this_cpu()->expected = false;      \
		this_cpu()->trap_ec;               \
	})
static inline u64 trap_esr(void)
{
	return this_cpu()->trap_esr;
}
static inline u64 trap_fsc(void)
{
	return ESR_FSC(trap_esr());
}
static inline u64 trap_far(void)
{
	return this_cpu()->trap_far;
}
static inline u64 trap_elr(void)
{
	return this_cpu()->trap_elr;
}

/* By interrupt number, called between acknowledge and end of interrupt; NULL: one that comes is a failure. */
extern void (*irq_handlers[1020])(u32 intid);
/* If set, takes interrupts (true: FIQ) instead, acknowledge and all. */
extern void (*irq_raw)(bool fiq);

/*
 * Executes @insn with x0..x30 and SP from this_cpu()->in and leaves them in ->out. The exception's class or
 * EC_NONE. Interrupts must be off. TPIDRRO_EL0 is lost.
 */
u64 run_instruction(u32 insn);
/* Where it stands while it runs: ELR_EL1 of its exceptions. */
u64 run_address(void);
/*
 * Calls fn() at EL0 through the view of memory that EL0 may use. Value: the exception's class that ended it; a
 * function that returns ends by an SVC of number USER_RETURNED.
 */
u64 run_user(void (*fn)(void));
/* The same for code at @at with the given SPSR_EL1: AArch32, say. x0..x30 come from ->in, go to ->out. */
u64 run_user_at(u64 at, u64 spsr);
#define USER_MAP 0x4000000000ul
/* Address of @p as EL0 may use it. */
#define user_address(p) ((u64)(uintptr_t)(p) + USER_MAP)

/* ---- translation: one table of 1 GiB blocks, shared by all CPUs ---- */

enum { ATTR_DEVICE, ATTR_NORMAL, ATTR_NC, ATTR_DEVICE_RE };
#define PTE_VALID 1ul
#define PTE_TABLE 3ul
#define PTE_PAGE 3ul
#define PTE_ATTR(n) ((u64)(n) << 2)
#define PTE_USER (1ul << 6)
#define PTE_RO (1ul << 7)
#define PTE_SH (3ul << 8)
#define PTE_AF (1ul << 10)
#define PTE_NG (1ul << 11)
#define PTE_CONTIGUOUS (1ul << 52)
#define PTE_PXN (1ul << 53)
#define PTE_UXN (1ul << 54)
#define PTE_NORMAL (PTE_ATTR(ATTR_NORMAL) | PTE_SH | PTE_AF)
#define PTE_DEVICE (PTE_ATTR(ATTR_DEVICE) | PTE_AF | PTE_PXN | PTE_UXN)
#define BLOCK_NORMAL (PTE_NORMAL | PTE_VALID | PTE_UXN)
#define BLOCK_DEVICE (PTE_DEVICE | PTE_VALID)
extern u64 identity[512];
extern u64 tcr_value;
/* Switches stage 1 of this CPU; the caller and its stack stay where they are. */
void mmu_on(void);
void mmu_off(void);
static inline void tlb_flush(void)
{
	__asm__ volatile("dsb sy\n\ttlbi vmalle1is\n\tdsb sy\n\tisb" ::: "memory");
}
/* Makes instructions that were written visible to fetches, here and on other CPUs. */
void code_sync(const volatile void *at, u64 size);

/* ---- firmware ---- */

/* x0..x17 in and out; by SMC, else by HVC. */
void smccc_call(u64 regs[18], bool smc);
/* By the method that the tree's /psci names. */
u64 psci(u32 fid, u64 a, u64 b, u64 c);
extern bool psci_by_smc;
enum {
	PSCI_VERSION = 0x84000000,
	PSCI_CPU_SUSPEND = 0x84000001,
	PSCI_CPU_OFF = 0x84000002,
	PSCI_CPU_ON = 0x84000003,
	PSCI_AFFINITY_INFO = 0x84000004,
	PSCI_MIGRATE = 0x84000005,
	PSCI_MIGRATE_INFO_TYPE = 0x84000006,
	PSCI_MIGRATE_INFO_UP_CPU = 0x84000007,
	PSCI_SYSTEM_OFF = 0x84000008,
	PSCI_SYSTEM_RESET = 0x84000009,
	PSCI_FEATURES = 0x8400000a,
	PSCI_SYSTEM_SUSPEND = 0x8400000e,
	PSCI_SYSTEM_RESET2 = 0x84000012,
	PSCI_64 = 0x40000000,
};
enum {
	PSCI_OK = 0,
	PSCI_NOT_SUPPORTED = -1,
	PSCI_INVALID_PARAMETERS = -2,
	PSCI_DENIED = -3,
	PSCI_ALREADY_ON = -4,
	PSCI_ON_PENDING = -5,
	PSCI_INVALID_ADDRESS = -9,
};
enum { AFFINITY_ON, AFFINITY_OFF, AFFINITY_ON_PENDING };

/* Affinity fields of a CPU as the tree has them. */
u64 cpu_mpidr(unsigned cpu);
/* CPU_ON to where the start code takes a CPU up, with what it needs. */
u64 cpu_on(unsigned cpu);
u64 cpu_affinity_info(unsigned cpu);
extern char secondary_start[];
extern char image_end[], _start[];

/* What an interrupt of a node is called: number by the `interrupts` cells at @index, 0: none. */
u32 fdt_interrupt(int node, unsigned index);

/* A field of an ID register: 4 bits. */
static inline unsigned id_field(u64 reg, unsigned shift)
{
	return reg >> shift & 15;
}

/*
 * One instruction without write-back each: the compiler may not count on an address that an access inside TRAP()
 * would have left behind.
 */
static inline u8 read8(u64 at)
{
	u32 v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return (u8)v;
}
static inline u16 read16(u64 at)
{
	u32 v;

	__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return (u16)v;
}
static inline u32 read32(u64 at)
{
	u32 v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}
static inline u64 read64(u64 at)
{
	u64 v;

	__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
	return v;
}
static inline void write8(u64 at, u8 v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(at) : "memory");
}
static inline void write16(u64 at, u16 v)
{
	__asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(at) : "memory");
}
static inline void write32(u64 at, u32 v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(at) : "memory");
}
static inline void write64(u64 at, u64 v)
{
	__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(at) : "memory");
}

#endif
#endif
