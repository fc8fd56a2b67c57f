/* SPDX-License-Identifier: MIT */
/* Test guest: hart state management: status, suspend of both kinds, remote fences that take effect. */
#include <riscv.h>

enum { V = 1, RWXAD = 0xcf };
#define PLAY 0x3fc0000000ul
#define PATIENCE 20000

static unsigned other;

static u64 status_of(unsigned cpu)
{
	return sbi1(SBI_HSM, 2, hart_id(cpu)).value;
}

/* ---- suspend ---- */

static volatile u64 phase;
static u64 resume_stack[2];
extern char resume_entry[];
void resumed(u64 id, u64 opaque, u64 satp, u64 status);

/* A hart that resumes has lost everything but its id and the opaque value. */
__asm__(".balign 4\n"
	"resume_entry:\n"
	"	csrr a2, satp\n"
	"	csrr a3, sstatus\n"
	"	csrw sie, zero\n"
	"	ld tp, 0(a1)\n"
	"	csrw sscratch, tp\n"
	"	la t0, trap_entry\n"
	"	csrw stvec, t0\n"
	"	ld sp, 8(a1)\n"
	"	call resumed\n"
	"1:	wfi\n"
	"	j 1b\n");

void resumed(u64 id, u64 opaque, u64 satp, u64 status)
{
	(void)opaque;
	phase = id == other && !satp && !(status & STATUS_SIE) ? 3 : 99;
	while (phase != 4)
		cpu_relax();
	sbi0(SBI_HSM, 1);
}

static void suspender(unsigned cpu)
{
	struct sbiret ret;

	ipi_enable(true);
	phase = 1;
	ret = sbi3(SBI_HSM, 3, 0, 0, 0); /* retentive */
	while (csr_read(sip) & 1ul << IRQ_SOFT) {
		irq_on();
		irq_off();
	}
	phase = ret.error ? 98 : 2;
	resume_stack[0] = (u64)(uintptr_t)hart_this();
	resume_stack[1] = hart_this()->stack - STACK_SIZE;
	sbi3(SBI_HSM, 3, 0x80000000, (u64)(uintptr_t)resume_entry, (u64)(uintptr_t)resume_stack);
	phase = 97;
	(void)cpu;
}

static void suspend(void)
{
	check("a hart to suspend starts", cpu_start(other, suspender));
	check("it shows as SUSPENDED",
	      wait_until(phase == 1 && status_of(other) == HSM_SUSPENDED, PATIENCE));
	check("a start of it is refused",
	      sbi3(SBI_HSM, 0, hart_id(other), (u64)(uintptr_t)secondary_start, 0).error != SBI_OK);
	ipi_send(other);
	check("an IPI ends retentive suspend", wait_until(phase >= 2, PATIENCE));
	check_equal("  without an error", phase, 2);
	check("non-retentive suspend shows too",
	      wait_until(status_of(other) == HSM_SUSPENDED, PATIENCE));
	ipi_send(other);
	check("an IPI resumes it", wait_until(phase >= 3, PATIENCE));
	check_equal("  in the state that the specification says", phase, 3);
	check_equal("  and STARTED", status_of(other), HSM_STARTED);
	phase = 4;
	check("it stops", wait_until(status_of(other) == HSM_STOPPED, PATIENCE));
}

/* ---- remote fences ---- */

typedef u64 table_t[512] __attribute__((aligned(PAGE_SIZE)));
static table_t root, middle, leaf;
static u64 pages[2][512] __attribute__((aligned(PAGE_SIZE)));
static u32 code[2] __attribute__((aligned(8)));
static volatile u64 request, answer;
enum { STOP = 1, READ, CALL };

static void servant(unsigned cpu)
{
	(void)cpu;
	csr_write(satp, 8ul << 60 | (u64)(uintptr_t)root >> 12);
	__asm__ volatile("sfence.vma" ::: "memory");
	while (request != STOP) {
		if (request == READ)
			answer = *(volatile u64 *)PLAY;
		else if (request == CALL)
			answer = ((u64(*)(void))(uintptr_t)code)();
		else
			continue;
		request = 0;
	}
	csr_write(satp, 0);
	__asm__ volatile("sfence.vma" ::: "memory");
}

static u64 ask(u64 what)
{
	answer = ~0ull;
	request = what;
	wait_until(request == 0, PATIENCE);
	return answer;
}

static void remote_translation(const char *name, bool by_asid, u64 start, u64 size)
{
	unsigned good = 0;

	for (unsigned i = 0; i < 100; i++) {
		leaf[0] = (u64)(uintptr_t)pages[i % 2] >> 12 << 10 | RWXAD;
		__sync_synchronize();
		sbi(SBI_RFENCE, by_asid ? 2 : 1, 1, hart_id(other), start, size, 0);
		good += ask(READ) == 100 + i % 2;
	}
	check_equal(name, good, 100);
}

static void remote_code(void)
{
	unsigned good = 0;

	for (u32 i = 0; i < 100; i++) {
		code[0] = 0x00000513 | i << 20; /* li a0, i */
		code[1] = 0x00008067;           /* ret */
		__sync_synchronize();
		sbi2(SBI_RFENCE, 0, 1, hart_id(other));
		good += ask(CALL) == i;
	}
	check_equal("remote_fence_i", good, 100);
}

static void remote_fences(void)
{
	root[0] = 0 | RWXAD;
	root[2] = 0x80000000ul >> 12 << 10 | RWXAD;
	root[PLAY >> 30] = (u64)(uintptr_t)middle >> 12 << 10 | V;
	middle[0] = (u64)(uintptr_t)leaf >> 12 << 10 | V;
	leaf[0] = (u64)(uintptr_t)pages[0] >> 12 << 10 | RWXAD;
	pages[0][0] = 100;
	pages[1][0] = 101;
	check("a hart with translation starts", cpu_start(other, servant));
	check_equal("it reads through it", ask(READ), 100);
	remote_translation("remote_sfence_vma of one page", false, PLAY, PAGE_SIZE);
	remote_translation("remote_sfence_vma of everything", false, 0, ~0ull);
	remote_translation("remote_sfence_vma of everything as 0, 0", false, 0, 0);
	remote_translation("remote_sfence_vma_asid of one page", true, PLAY, PAGE_SIZE);
	remote_translation("remote_sfence_vma of 2 MiB", false, PLAY, 0x200000);
	remote_code();
	request = STOP;
	check("it stops", wait_until(status_of(other) == HSM_STOPPED, PATIENCE));
}

void guest_main(void)
{
	if (cpu_count < 2) {
		skip("harts", "one hart only");
		return;
	}
	other = !cpu_boot();
	suspend();
	remote_fences();
}
