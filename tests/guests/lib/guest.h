/* SPDX-License-Identifier: MIT */
/* What every test guest uses: checks, output, the device tree, and the few things an architecture provides. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CPUS_MAX 32
#define PAGE_SIZE 4096ul

/* ---- a test program provides ---- */

/* Runs on the first CPU with interrupts off, addresses one to one; returns when all is checked. */
void guest_main(void);

/* ---- guest.c: reporting; first CPU only ---- */

/*
 * One line a check: `ok NAME` or `FAIL NAME: why`. After guest_main() comes the closing line
 * `guest: N passed, N failed` and the guest switches itself off.
 */
#define check(name, cond) check_(name, cond, #cond)
void check_(const char *name, bool good, const char *condition);
/* The same, and says both values when they differ. */
void check_equal(const char *name, u64 got, u64 want);
/* `skip NAME: why`, counted neither way. */
void skip(const char *name, const char *why);
/* Prints the closing line at once with one more failure and switches off. */
void die(const char *what, u64 a, u64 b, u64 c) __attribute__((noreturn));

/* %s %c %d %u %x (32 or, with l, 64 bits) %p; a width pads with zeros for %x. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void *memset(void *to, int byte, size_t len);
void *memcpy(void *to, const void *from, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
bool streq(const char *a, const char *b);
/* True if @word is one of the blank-separated words of the command line. */
bool option(const char *word);

/* ---- fdt.c: the tree that the guest was given ---- */

void fdt_set(const void *fdt);
/* Node by path; a component without unit address matches the first of that name. -1: none. */
int fdt_node(const char *path);
/* First child (@after < 0) or the next one; -1: no more. */
int fdt_child(int node, int after);
const char *fdt_name(int node);
/* NULL when absent; *len in bytes (len may be NULL). */
const void *fdt_property(int node, const char *name, u32 *len);
u32 fdt_cell(const void *property, unsigned index);
/* First cell of a property, or @fallback. */
u32 fdt_u32(int node, const char *name, u32 fallback);
/* `reg` entry @index as two address and two size cells; false when there is none. */
bool fdt_reg(int node, unsigned index, u64 *base, u64 *size);
/* True if @name is one of the strings of the node's `compatible`. */
bool fdt_compatible(int node, const char *name);
/* The first node anywhere that is compatible with @name; -1: none. */
int fdt_find_compatible(const char *name);
/* Size of the whole tree in bytes and where it lies. */
const void *fdt_blob(u32 *size);

/* ---- uart.c: the console that /chosen/stdout-path names; without one nothing is printed ---- */

void console_init(void);
void console_putc(char c);

/* ---- the architecture provides (lib/<arch>/) ---- */

extern u64 tick_hz;        /* rate of now() */
extern unsigned cpu_count; /* as the tree says, at most CPUS_MAX */
u64 now(void);
void arch_off(void) __attribute__((noreturn));
/* Reads tree and CPU, installs trap vectors. */
void arch_init(void);

/* Starts CPU @cpu at fn(cpu) on its own stack, interrupts off; it stops when fn returns. False: refused. */
bool cpu_start(unsigned cpu, void (*fn)(unsigned cpu));
/* True once it has stopped again. */
bool cpu_stopped(unsigned cpu);
unsigned cpu_this(void);
unsigned cpu_boot(void);
void cpu_relax(void);
/* An interrupt on @cpu, which counts it in ipi_count[cpu] while it lets interrupts in. */
void ipi_send(unsigned cpu);
extern volatile u64 ipi_count[CPUS_MAX];
void ipi_enable(bool on);
void irq_on(void);
void irq_off(void);
/* Sleeps until an interrupt that is enabled is pending, whether taken or not. */
void wait_for_interrupt(void);

/* An interrupt at the counter value @when; ~0: none. It is counted in timer_count, timed in timer_fired. */
void timer_set(u64 when);
void timer_enable(bool on);
extern volatile u64 timer_count[CPUS_MAX];
extern volatile u64 timer_fired[CPUS_MAX];

/* An access of 1, 2, 4 or 8 bytes. True when it went through, false when the architecture's access fault came. */
bool probe_read(u64 at, unsigned size, u64 *value);
bool probe_write(u64 at, unsigned size, u64 value);
/* A call of @at. True when it came back, false when the fetch faulted. */
bool probe_call(u64 at);

/* Waits for the condition at most @ms milliseconds; value: whether it came true. */
#define wait_until(cond, ms)                                             \
	({                                                               \
		u64 end_ = now() + tick_hz / 1000 * (ms);                \
		bool true_;                                              \
		while (!(true_ = (cond)) && (int64_t)(end_ - now()) > 0) \
			cpu_relax();                                     \
		true_;                                                   \
	})
void delay_us(u64 us);

#endif
