# SPDX-License-Identifier: MIT
"""Every program of tests/guests as a guest, on machines with different features."""
import re

import pytest

from machine import BOARD, MIB, TOP, board, reg

ARCH = board()["arch"]


def topics():
    """All programs but those that never end."""
    folder = TOP / "tests/guests"
    return sorted(path.stem for path in (*folder.glob("*.c"), *folder.glob(f"{ARCH}/*.c"))
                  if path.stem not in ("bad", "witness"))


TOPICS = topics()
# Machines, and the topics that are worth their time there besides the plain one.
RISCV64 = {
    "plain": (dict(cpus=2), TOPICS),
    "one-cpu": (dict(cpus=1), ["smp", "harts", "fp", "interrupts"]),
    "no-sstc": (dict(cpus=2, cpu="sstc=false"), ["timer", "traps", "sbi", "interrupts"]),
    "vector": (dict(cpus=2, cpu="v=true"), ["fp", "traps"]),
    "sv39": (dict(cpus=2, cpu="sv48=false,sv57=false"), ["mmu", "memory"]),
    "no-vmids": (dict(cpus=2, extra=("-append", "vmid-bits=0")), ["mmu", "smp"]),
    "bare-isa": (dict(cpus=2, cpu="sstc=false,zicboz=false,zicbom=false,svinval=false,zba=false,zbb=false"), []),
}
ARM64 = {
    "plain": (dict(cpus=2), TOPICS),
    "gicv2": (dict(cpus=2, gic=2), TOPICS),
    "one-cpu": (dict(cpus=1), ["smp", "psci", "fp", "gic", "routing"]),
    "max-gicv4": (dict(cpus=2, model="max", gic=4), ["traps", "sysreg", "timers", "fp", "mmu", "gic"]),
    "a76": (dict(cpus=2, model="cortex-a76"), ["sysreg"]),
    "no-vmids": (dict(cpus=2, extra=("-append", "vmid-bits=0")), ["mmu", "smp"]),
}
MACHINES = {"qemu-riscv64": RISCV64, "qemu-arm64": ARM64}.get(BOARD, {"board": (dict(), TOPICS)})
# On boards that run the small set.
SMOKE = {"smp", "timer", "memory", "gic"}


def cases():
    for machine, (_, quick) in MACHINES.items():
        for topic in TOPICS:
            marks = [] if topic in quick else [pytest.mark.slow]
            yield pytest.param(machine, topic, marks=marks + [pytest.mark.smoke] * (topic in SMOKE),
                               id=f"{machine}-{topic}")


def fill(bundle):
    for topic in TOPICS:
        if topic == "memory":
            alias, of = board()["alias"], f"<0x0 {board()['ram'] + 32 * MIB:#x}>"
            bundle.guest("memory", memory=96 * MIB, nodes=f"""
	alias@{alias:x} {{ compatible = "test,alias"; reg = {reg(alias, 4 * MIB)};
		verdigris,alias-of = {of}; test,alias-of = {of}; }};""")
        elif topic == "smp":
            bundle.guest("smp", cpus=4)
        else:
            bundle.guest(topic, cpus=2)


def verdict(text, name):
    """All checks passed, and the guest says how many there were."""
    failed = re.findall(r"^FAIL.*$", text, re.MULTILINE)
    end = re.search(r"guest: (\d+) passed, (\d+) failed", text)
    assert not failed, f"{name}: {failed}"
    assert end, f"{name} did not come to its end: ...{text[-500:]}"
    assert int(end[1]) > 0 and int(end[2]) == 0
    return int(end[1])


@pytest.mark.parametrize("config, topic", cases())
def test_guest(shared, config, topic):
    machine = shared(config, fill, limit=900, memory="768M", **MACHINES[config][0])
    verdict(machine.run_guest(topic, timeout=180), topic)
    vm = machine.vm(topic)
    assert vm["state"] == "stopped" and "power" in vm["reason"]


AGAIN = {"riscv64": ("interrupts", "harts"), "arm64": ("smp", "timer")}


def test_guest_again(shared):
    """A second start finds the machine as the first one did."""
    names = AGAIN[ARCH]
    machine = shared("again", lambda b: [b.guest(name, cpus=2) for name in names], limit=240)
    for name in names:
        first = verdict(machine.run_guest(name), name)
        assert verdict(machine.run_guest(name), name) == first


@pytest.mark.parametrize("vmid_bits", [64, 1, 0])
def test_float_registers_between_guests(bundle, start, vmid_bits):
    """Two guests that use float and vector registers share one CPU; with few VMIDs, each turn is a new generation."""
    for name in ("one", "two"):
        bundle.guest(name, image="fp.bin", cpus=2)
    cpu = {"riscv64": dict(cpu="v=true"), "arm64": dict(model="max")}[ARCH]
    machine = start(bundle, cpus=1, **cpu, limit=240, extra=("-append", f"vmid-bits={vmid_bits}"))
    for name in ("one", "two"):
        machine.cmd(f"vm start {name}")
    for name in ("one", "two"):
        machine.wait_state(name, "stopped", timeout=120)
        verdict(machine.cmd(f"vm log {name}"), name)


@pytest.mark.parametrize("cpus, vcpus", [(2, 8), pytest.param(1, 16, marks=pytest.mark.slow),
                                         pytest.param(4, 4, marks=pytest.mark.slow)])
def test_more_vcpus_than_cpus(bundle, start, cpus, vcpus):
    bundle.guest("smp", cpus=vcpus)
    machine = start(bundle, cpus=cpus, limit=300)
    verdict(machine.run_guest("smp", timeout=240), "smp")
