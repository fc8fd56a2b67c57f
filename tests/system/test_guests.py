# SPDX-License-Identifier: MIT
"""Every program of tests/guests as a guest, on machines with different features."""
import re

import pytest

from machine import MIB

# Programs, with the vCPUs they get.
TOPICS = ["traps", "sbi", "interrupts", "uart", "timer", "memory", "mmu", "smp", "harts", "fp", "faults"]

MACHINES = {
    "plain": dict(cpus=2),
    "one-cpu": dict(cpus=1),
    "no-sstc": dict(cpus=2, cpu="sstc=false"),
    "vector": dict(cpus=2, cpu="v=true"),
    "sv39": dict(cpus=2, cpu="sv48=false,sv57=false"),
    "no-vmids": dict(cpus=2, extra=("-append", "vmid-bits=0")),
    "bare-isa": dict(cpus=2, cpu="sstc=false,zicboz=false,zicbom=false,svinval=false,zba=false,zbb=false"),
}
# Where a topic is worth its time besides the plain machine.
EXTRA = {
    "one-cpu": ["smp", "harts", "fp", "interrupts"],
    "no-sstc": ["timer", "traps", "sbi", "interrupts"],
    "vector": ["fp", "traps"],
    "sv39": ["mmu", "memory"],
    "no-vmids": ["mmu", "smp"],
}


def cases():
    for machine in MACHINES:
        for topic in TOPICS:
            quick = machine == "plain" or topic in EXTRA.get(machine, [])
            yield pytest.param(machine, topic, marks=[] if quick else pytest.mark.slow, id=f"{machine}-{topic}")


def fill(bundle):
    for topic in TOPICS:
        if topic == "memory":
            bundle.guest("memory", memory=96 * MIB, nodes="""
	alias@40000000 { compatible = "test,alias"; reg = <0x0 0x40000000 0x0 0x400000>;
		verdigris,alias-of = <0x0 0x82000000>; test,alias-of = <0x0 0x82000000>; };""")
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
    machine = shared(config, fill, limit=900, memory="768M", **MACHINES[config])
    verdict(machine.run_guest(topic, timeout=180), topic)
    vm = machine.vm(topic)
    assert vm["state"] == "stopped" and "power" in vm["reason"]


def test_guest_again(shared):
    """A second start finds the machine as the first one did."""
    machine = shared("again", lambda b: b.guest("interrupts", cpus=2).guest("harts", cpus=2), limit=240)
    for name in ("interrupts", "harts"):
        first = verdict(machine.run_guest(name), name)
        assert verdict(machine.run_guest(name), name) == first


@pytest.mark.parametrize("vmid_bits", [64, 1, 0])
def test_float_registers_between_guests(bundle, start, vmid_bits):
    """Two guests that use float and vector registers share one CPU; with few VMIDs, each turn is a new generation."""
    for name in ("one", "two"):
        bundle.guest(name, image="fp.bin", cpus=2)
    machine = start(bundle, cpus=1, cpu="v=true", limit=240, extra=("-append", f"vmid-bits={vmid_bits}"))
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
