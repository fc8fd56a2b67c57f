/* SPDX-License-Identifier: MIT */
/* riscv64 test guests: registers, traps that are expected, SBI calls, the machine's map. */
#ifndef RISCV_H
#define RISCV_H

/* Offsets in struct hart, which start.S uses. */
#define HART_X 0
#define HART_EPC 256
#define HART_STATUS 264
#define HART_CAUSE 272
#define HART_TVAL 280
#define HART_STACK 288
#define HART_IN 296
#define HART_OUT 552
#define HART_SAVE 808
#define HART_VECTOR 928
#define HART_SIZE 1024 /* harts[] */
#define STACK_SIZE 16384

#ifndef __ASSEMBLER__
#include <guest.h>

#define UART_BASE 0x10000000ul
#define UART_IRQ 10
#define RTC_BASE 0x101000ul
#define RTC_IRQ 11
#define PLIC_BASE 0x0c000000ul
#define RAM_BASE 0x80000000ul

enum {
	EXC_FETCH_MISALIGNED,
	EXC_FETCH_ACCESS,
	EXC_ILLEGAL,
	EXC_BREAKPOINT,
	EXC_LOAD_MISALIGNED,
	EXC_LOAD_ACCESS,
	EXC_STORE_MISALIGNED,
	EXC_STORE_ACCESS,
	EXC_ECALL_U,
	EXC_ECALL_S,
	EXC_FETCH_PAGE = 12,
	EXC_LOAD_PAGE,
	EXC_STORE_PAGE = 15,
	EXC_NONE = 99, /* ours: nothing trapped */
};
enum { IRQ_SOFT = 1, IRQ_TIMER = 5, IRQ_EXTERNAL = 9 };

#define STATUS_SIE (1ul << 1)
#define STATUS_SPIE (1ul << 5)
#define STATUS_SPP (1ul << 8)
#define STATUS_VS (3ul << 9)
#define STATUS_FS (3ul << 13)
#define STATUS_SUM (1ul << 18)
#define STATUS_MXR (1ul << 19)

#define CSR_STIMECMP 0x14d

#define CSR_TEXT_(x) #x
#define CSR_TEXT(x) CSR_TEXT_(x)
#define csr_read(csr)                                                             \
	({                                                                        \
		u64 v_;                                                           \
		__asm__ volatile("csrr %0, " CSR_TEXT(csr) : "=r"(v_)::"memory"); \
		v_;                                                               \
	})
#define csr_write(csr, v) \
	({ __asm__ volatile("csrw " CSR_TEXT(csr) ", %0" ::"rK"((u64)(v)) : "memory"); })
#define csr_set(csr, v) \
	({ __asm__ volatile("csrs " CSR_TEXT(csr) ", %0" ::"rK"((u64)(v)) : "memory"); })
#define csr_clear(csr, v) \
	({ __asm__ volatile("csrc " CSR_TEXT(csr) ", %0" ::"rK"((u64)(v)) : "memory"); })

/* A CPU as the start code and the trap entry know it; tp points to it, sscratch too while no trap is served. */
struct hart {
	u64 x[32]; /* registers of what was trapped; written back on return */
	u64 epc;
	u64 status;
	u64 cause;
	u64 tval;
	u64 stack;
	u64 in[32];  /* run_instruction(): registers before */
	u64 out[32]; /* and after */
	u64 save[15];
	u64 vector; /* number of the vector that was entered */
	u64 id;
	u64 depth; /* traps being served */
	void (*fn)(unsigned cpu);
	volatile u64 state; /* 0 off, 1 runs fn */
	u64 trap_cause; /* the last exception that was taken, EXC_NONE if none since trap_clear() */
	u64 trap_tval;
	u64 trap_epc;
	u64 trap_status;
	u64 trap_count;
} __attribute__((aligned(HART_SIZE)));
extern struct hart harts[CPUS_MAX];

static inline struct hart *hart_this(void)
{
	struct hart *hart;

	__asm__ volatile("mv %0, tp" : "=r"(hart));
	return hart;
}

/*
 * Runs @code and gives the cause of the exception in it, EXC_NONE if there was none. The instruction that
 * trapped is skipped (a fetch that trapped goes back to ra), so one instruction at a time.
 */
#define TRAP(code)                                  \
	({                                          \
		hart_this()->trap_cause = EXC_NONE; \
		hart_this()->trap_count = 0;        \
		trap_expected = true;               \
		__asm__ volatile("" ::: "memory");  \
		code;                               \
		__asm__ volatile("" ::: "memory");  \
		trap_expected = false;              \
		hart_this()->trap_cause;            \
	})
extern volatile bool trap_expected;
#define trap_tval() (hart_this()->trap_tval)
#define trap_epc() (hart_this()->trap_epc)

/* Interrupt handlers by number; NULL: an interrupt that comes is a failure. */
extern void (*irq_handlers[16])(struct hart *hart);

/*
 * Executes @insn (2 or 4 bytes) with x1..x31 from hart->in and leaves them in hart->out. The exception's
 * cause or EXC_NONE. Interrupts must be off.
 */
u64 run_instruction(u32 insn);
/* Calls fn(arg) in user mode with sstatus bits @status set; value: the exception's cause that ended it. */
u64 run_user(void (*fn)(void), u64 status);

struct sbiret {
	long error;
	u64 value;
};
struct sbiret sbi(u64 eid, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
#define sbi0(e, f) sbi(e, f, 0, 0, 0, 0, 0)
#define sbi1(e, f, a) sbi(e, f, a, 0, 0, 0, 0)
#define sbi2(e, f, a, b) sbi(e, f, a, b, 0, 0, 0)
#define sbi3(e, f, a, b, c) sbi(e, f, a, b, c, 0, 0)

#define SBI_BASE 0x10
#define SBI_TIME 0x54494d45
#define SBI_IPI 0x735049
#define SBI_RFENCE 0x52464e43
#define SBI_HSM 0x48534d
#define SBI_SRST 0x53525354
#define SBI_PMU 0x504d55
#define SBI_DBCN 0x4442434e
enum {
	SBI_OK = 0,
	SBI_FAILED = -1,
	SBI_NOT_SUPPORTED = -2,
	SBI_INVALID_PARAM = -3,
	SBI_DENIED = -4,
	SBI_INVALID_ADDRESS = -5,
	SBI_ALREADY_AVAILABLE = -6,
	SBI_ALREADY_STARTED = -7,
	SBI_ALREADY_STOPPED = -8,
};
enum { HSM_STARTED, HSM_STOPPED, HSM_START_PENDING, HSM_STOP_PENDING, HSM_SUSPENDED };

/* Whether the tree lists the extension for the first CPU, in lower case. */
bool isa_has(const char *extension);
/* Hart ids are dense in our machines, but the first to run may be any. */
u64 hart_id(unsigned cpu);
/* The PLIC's context for supervisor interrupts of @cpu, from the tree; -1: none. */
int plic_context(unsigned cpu);
extern char secondary_start[];
extern char image_end[], _start[];

/* Clears the timer, by stimecmp when @sstc, else through the firmware. */
extern bool timer_by_sstc;

static inline u8 read8(u64 at)
{
	return *(volatile u8 *)at;
}
static inline u32 read32(u64 at)
{
	return *(volatile u32 *)at;
}
static inline void write8(u64 at, u8 v)
{
	*(volatile u8 *)at = v;
}
static inline void write32(u64 at, u32 v)
{
	*(volatile u32 *)at = v;
}

#endif
#endif
