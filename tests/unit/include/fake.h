/* SPDX-License-Identifier: MIT */
/* What a test can set and see of the fake architecture; include it after cmocka's headers. */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <core/arch.h>
#include <core/cpu.h>
#include <setjmp.h>

/* Of this thread: what this_cpu() returns (NULL: before arch_cpu_init()) and whether interrupts are on. */
extern _Thread_local struct cpu *fake_cpu;
extern _Thread_local bool fake_irqs_on;
/* The counter: a tick a nanosecond (fake_reset()), and it moves only when a test moves it. */
extern u64 fake_time;
/* Last deadline given to arch_timer_arm(): by any CPU, and by each; and how often one other than TIME_NEVER was. */
#define FAKE_CPUS 8
extern u64 fake_timer_deadline;
extern u64 fake_timers[FAKE_CPUS];
extern u64 fake_timer_arms;
/* Bit n: an IPI was sent to CPU n. */
extern u64 fake_ipis;
/* Root that arch_host_map_activate() was given last. */
extern hpa_t fake_host_root;
/* Called by arch_cpu_idle() and arch_vcpu_enter() when set. */
extern void (*fake_idle_hook)(void);
extern void (*fake_enter_hook)(struct vcpu *vcpu);
/* Called by arch_cpu_relax() and arch_cpu_start() when set; without one no CPU can be started. */
extern void (*fake_relax_hook)(void);
extern int (*fake_start_hook)(struct cpu *cpu);
/* Called by arch_irq_save() when set, before it disables interrupts: a place where other CPUs may come first. */
extern void (*fake_step_hook)(void);

/*
 * Everything as after power-on: @cpu_total CPUs (at least 1) of which this is number 0, interrupts on,
 * time 1 at 1 GHz, no output.
 */
void fake_reset(unsigned cpu_total);
/* Takes what is pending on this CPU: IPIs, the timer. A task is preempted then if it has to be. True if there was any. */
bool fake_interrupts(void);
/* Runs sched_loop() of this CPU, where it stopped, until it goes idle with nothing pending; interrupts stay off. */
void fake_run_loop(void);
/* From a task or a guest: back to the caller of fake_run_loop(), whose next call on this CPU goes on here. */
void fake_pause(void);
/* False in code that the test runs by itself, outside sched_loop(). */
bool fake_in_loop(void);
/* RAM for page_init(): @size bytes at a 2 MiB boundary, the same ones in every call. */
struct hpa_range fake_ram(u64 size);
/* fake_reset() with one CPU and page_init() of so much RAM. */
void fake_boot(u64 ram_size);

/* What arch_early_putc() got since fake_output_clear(), without carriage returns. */
extern char fake_output[];
void fake_output_clear(void);

/* Used by assert_panics(). */
extern jmp_buf fake_panic_jump;
extern bool fake_panic_expected;

/* The statement has to end in panic() with a message that contains @text. Locks it held stay locked. */
#define assert_panics(statement, text)                                           \
	do {                                                                     \
		fake_output_clear();                                             \
		fake_panic_expected = true;                                      \
		if (setjmp(fake_panic_jump) == 0) {                              \
			statement;                                               \
			fake_panic_expected = false;                             \
			fail_msg("no panic in " #statement);                     \
		} else if (!strstr(fake_output, text)) {                         \
			fail_msg("panic without \"%s\": %s", text, fake_output); \
		}                                                                \
	} while (0)

#endif
