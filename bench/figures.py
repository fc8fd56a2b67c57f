# SPDX-License-Identifier: MIT
"""What `make bench` measures on each board, with others' values and the targets. bench/run.py does it."""
import collections

Figure = collections.namedtuple("Figure", "name unit kvm xvisor target probe note")
MIB = 1 << 20

# Figures of KVM (Linux 6.12) and Xvisor (v0.3.2) were measured on the same emulated machines, in the same unit:
# KVM ran the same benchmark guests. None: not measured. target: the most that is accepted.
RISCV64 = [Figure(*row) for row in (
    # name,             unit,            KVM,   Xvisor,      target,     probe,           what
    ("hypercall_null",    "instructions",  932,   None,        150,        "payload",       "SBI call and back"),
    ("mmio_uart_read",    "instructions",  3240,  1140,        300,        "payload",       "emulated UART, line status"),
    ("mmio_plic_read",    "instructions",  3242,  None,        None,       "payload",       "emulated PLIC, pending word"),
    ("ipi_self",          "instructions",  1552,  None,        None,       "payload",       "until the handler has run"),
    ("ipi_roundtrip",     "instructions",  15700, None,        None,       "payload-2cpus", "two sleeping vCPUs, one CPU"),
    ("timer_arm",         "instructions",  1000,  None,        None,       "payload",       "by SBI call"),
    ("timer_arm_direct",  "instructions",  8,     None,        None,       "payload",       "by Sstc"),
    ("timer_irq_latency", "instructions",  42,    None,        None,       "payload",       "after the deadline, vCPU spinning"),
    ("wfi_wake_latency",  "instructions",  6700,  None,        1000,       "payload",       "after the deadline, vCPU asleep"),
    ("s2fault_4k",        "instructions",  4099,  None,        None,       "payload",       "first touch of a page"),
    ("s2fault_4k_fresh",  "instructions",  9481,  None,        None,       "payload",       "the same, page new to the host too"),
    ("linux_boot_ratio",  "ratio",         1.126, None,        1.03,       "linux",         "guest / bare, kernel start to power-off"),
    ("linux_boot_guest",  "instructions",  None,  None,        None,       "linux",         "the shortest of the boots"),
    ("linux_boot_bare",   "instructions",  None,  None,        None,       "linux",         "likewise, firmware not counted"),
    ("linux_boot_whole",  "instructions",  None,  None,        None,       "linux",         "guest, with creation and loading of images"),
    ("linux_boot_spread", "ratio",         None,  None,        None,       "linux",         "longest / shortest of the bare boots"),
    ("entry_to_prompt",   "instructions",  None,  14_500_000,  5_000_000,  "start",         "first instruction to shell"),
    ("memory_at_prompt",  "bytes",         None,  18_350_080,  4 * MIB,    "start",         "all that guests cannot have of 512 MiB"),
    ("image_size",        "bytes",         None,  785_000,     400 * 1024, "start",         "verdigris.bin"),
    ("vm_create_256mib",  "instructions",  None,  78_600_000,  None,       "create",        "1 vCPU, memory scrubbed and mapped"),
)]

ARM64 = [Figure(*row) for row in (
    # name,             unit,            KVM,   Xvisor,      target,     probe,           what
    ("hypercall_null",    "instructions",  1325,  None,        130,        "payload",       "HVC, PSCI_VERSION"),
    ("sysreg_id_read",    "instructions",  1665,  None,        None,       "payload",       "trapped ID register"),
    ("mmio_gicd_read",    "instructions",  2088,  None,        300,        "payload",       "emulated GIC, GICD_TYPER"),
    ("mmio_uart_read",    "instructions",  6131,  None,        None,       "payload",       "emulated UART, flags"),
    ("ipi_self",          "instructions",  2752,  None,        None,       "payload",       "until the handler has run"),
    ("ipi_vcpu_to_vcpu",  "instructions",  None,  None,        900,        "running",       "two running vCPUs, two CPUs, acknowledged"),
    ("ipi_roundtrip",     "instructions",  20144, None,        None,       "payload-2cpus", "two sleeping vCPUs, one CPU"),
    ("timer_arm",         "instructions",  12,    None,        None,       "payload",       "virtual timer"),
    ("timer_irq_latency", "instructions",  2547,  None,        500,        "payload",       "after the deadline, vCPU spinning"),
    ("wfi_wake_latency",  "instructions",  8815,  None,        None,       "payload",       "after the deadline, vCPU asleep"),
    ("vcpu_switch",       "instructions",  None,  None,        None,       "turns",         "from one VM to another, with the timer's interrupt"),
    ("s2fault_4k",        "instructions",  4665,  None,        None,       "payload",       "first touch of a page"),
    ("s2fault_4k_fresh",  "instructions",  8379,  None,        None,       "payload",       "the same, page new to the host too"),
    ("linux_boot_ratio",  "ratio",         1.243, None,        1.03,       "linux",         "guest / bare, kernel start to power-off"),
    ("linux_boot_guest",  "instructions",  None,  None,        None,       "linux",         "the shortest of the boots"),
    ("linux_boot_bare",   "instructions",  None,  None,        None,       "linux",         "likewise"),
    ("linux_boot_whole",  "instructions",  None,  None,        None,       "linux",         "guest, with creation and loading of images"),
    ("linux_boot_spread", "ratio",         None,  None,        None,       "linux",         "longest / shortest of the bare boots"),
    ("entry_to_prompt",   "instructions",  None,  15_400_000,  8_000_000,  "start",         "first instruction to shell"),
    ("memory_at_prompt",  "bytes",         None,  31_771_853,  4 * MIB,    "start",         "all that guests cannot have of 512 MiB"),
    ("image_size",        "bytes",         None,  1_930_000,   400 * 1024, "start",         "verdigris.bin"),
    ("vm_create_256mib",  "instructions",  None,  None,        None,       "create",        "1 vCPU, memory scrubbed and mapped"),
)]

FIGURES = {"qemu-riscv64": RISCV64, "qemu-arm64": ARM64}

# Lines of the benchmark guest. Batches are exact in their median; single events are known to a tick of the
# clock, so their mean says more.
PAYLOAD = {
    "riscv64": {
        "hypercall_null": "hypercall_sbi_spec_version.med",
        "mmio_uart_read": "mmio_read_uart_lsr.med",
        "mmio_plic_read": "mmio_read_plic_pending.med",
        "ipi_self": "ipi_self",
        "timer_arm": "timer_arm_sbi",
        "timer_arm_direct": "timer_arm_sstc",
        "timer_irq_latency": "timer_irq_latency_sstc",
        "wfi_wake_latency": "wfi_wake_latency_sstc",
        "s2fault_4k": "s2fault_4k_hostpopulated",
        "s2fault_4k_fresh": "s2fault_4k_fresh",
    },
    "arm64": {
        "hypercall_null": "hypercall_psci_version.med",
        "sysreg_id_read": "sysreg_read_id_aa64isar0.med",
        "mmio_gicd_read": "mmio_read_gicd_typer.med",
        "mmio_uart_read": "mmio_read_pl011_fr.med",
        "ipi_self": "ipi_self",
        "timer_arm": "timer_arm",
        "timer_irq_latency": "timer_irq_latency",
        "wfi_wake_latency": "wfi_wake_latency",
        "s2fault_4k": "s2fault_4k_hostpopulated",
        "s2fault_4k_fresh": "s2fault_4k_fresh",
    },
}
