/* SPDX-License-Identifier: MIT */
/* The order in which the hypervisor starts. */
#include <core/arch.h>
#include <core/bundle.h>
#include <core/console.h>
#include <core/cpu.h>
#include <core/driver.h>
#include <core/errno.h>
#include <core/hostmap.h>
#include <core/log.h>
#include <core/main.h>
#include <core/panic.h>
#include <core/shell.h>
#include <core/task.h>
#include <core/vm_config.h>
#include <version.h>

u64 main_entry_ticks;
u64 main_prompt_ticks;

static struct boot_info info;

/* What cannot start is said, then the machine goes off: nobody could do anything at a dead prompt. */
static void require(int err, const char *what)
{
	if (!err)
		return;
	log_error("cannot start: %s: %s", what, error_text(err));
	console_set_polled();
	arch_system_off(false);
}

static void start_memory(void)
{
	require(page_init(&info.memory), "physical memory");
	require(hostmap_init(info.early_console), "the hypervisor's page tables");
}

static void start_cpus(void)
{
	require(arch_host_init(), "virtualization");
	require(cpu_init(info.cpu_count), "per-CPU areas");
	arch_cpu_init(cpus[0]);
	driver_probe_all(info.fdt); /* the interrupt controller is what CPUs call each other by */
	smp_start();
}

static void open_bundle(void)
{
	int err = bundle_init(hpa_to_ptr(hpa(info.bundle.base)), info.bundle.size);

	if (err == -ENOENT)
		log_warn("no bundle was passed: there are no guests; pass one as initrd");
	else if (err)
		log_error(
			"the bundle is broken, so there are no guests; make it with `make bundle`");
}

/* Guests come up beside the shell: their images take longer to copy than the prompt to appear. */
static void start_guests(void *arg)
{
	(void)arg;
	vm_config_load_bundle();
	shell_boot_script();
}

static void start_tasks(void)
{
	require(task_init(), "the worker task");
	shell_start();
	require(task_create("boot", start_guests, NULL) ? 0 : -ENOMEM, "the boot task");
}

void core_main(void)
{
	arch_boot_info(&info);
	main_entry_ticks = info.entry_ticks;
	time_init(info.time_hz);
	log_info("Verdigris " VERDIGRIS_VERSION);
	start_memory();
	start_cpus();
	open_bundle();
	start_tasks();
	sched_loop();
}
