# SPDX-License-Identifier: MIT
"""Life cycles: every order of commands, pauses under load, and a thousand VMs that leave nothing behind."""
import itertools
import random
import re

import pytest

from machine import MIB

COMMANDS = ("start", "pause", "resume", "stop", "reset", "destroy")
# What each command does in each state; a pair that is missing is refused and changes nothing.
NEXT = {
    ("created", "start"): "running",
    ("running", "pause"): "paused",
    ("running", "stop"): "stopped",
    ("running", "reset"): "running",
    ("paused", "resume"): "running",
    ("paused", "stop"): "stopped",
    ("paused", "reset"): "running",
    ("stopped", "start"): "running",
    ("stopped", "reset"): "running",
}


def state_of(machine, name):
    vm = machine.vm(name)
    return vm["state"] if vm else None


def test_every_order(bundle, start):
    """All pairs of commands from each state, against the table above."""
    bundle.guest("spin", image="bad.bin", cpus=2, memory=8 * MIB, bootargs="spin")
    machine = start(bundle, limit=240)
    state = "created"
    walk = [command for pair in itertools.product(COMMANDS[:-1], repeat=2) for command in pair]
    for step, command in enumerate(["pause", "resume", "stop", "reset", "destroy"] + walk + ["destroy", "destroy"]):
        if state is None and command != "destroy":
            machine.cmd("vm create spin")
            state = "created"
        answer = machine.cmd(f"vm {command} spin")
        if command == "destroy":
            wanted = None
        else:
            wanted = NEXT.get((state, command))
            if not wanted:
                assert answer, f"step {step}: `vm {command}` of a {state} VM has to be refused with a sentence"
                wanted = state
        state = state_of(machine, "spin")
        assert state == wanted, f"step {step}: vm {command}: {answer}"


def counter(machine, name):
    found = re.findall(r"beat (\d+)", machine.cmd(f"vm log {name} 3"))
    return int(found[-1]) if found else 0


def test_pause_under_load(bundle, start):
    """A paused guest stands still and goes on where it was, while others load all CPUs."""
    bundle.guest("witness", memory=8 * MIB)
    bundle.guest("load", image="bad.bin", cpus=4, memory=8 * MIB, bootargs="device-storm")
    machine = start(bundle, cpus=2, limit=240)
    machine.cmd("vm start load")
    machine.cmd("vm start witness")
    for _ in range(20):
        machine.poll(lambda before=counter(machine, "witness"): counter(machine, "witness") > before, 30)
        machine.cmd("vm pause witness")
        machine.cmd("vm pause load")
        assert state_of(machine, "witness") == "paused"
        stood = counter(machine, "witness")
        exits = machine.vm("load")["exits"]
        machine.cmd("vcpu list load")
        assert counter(machine, "witness") == stood
        assert machine.vm("load")["exits"] == exits
        machine.cmd("vm resume load")
        machine.cmd("vm resume witness")
    machine.poll(lambda before=counter(machine, "witness"): counter(machine, "witness") > before + 5, 60)
    assert machine.vm("load")["state"] == "running"


def free_memory(machine):
    """Free pages, and what the hypervisor itself holds in pages and objects."""
    memory = machine.json("mem")
    return memory["free"], memory["system"], memory["system_objects"]


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_no_leak(bundle, start, rounds):
    """VMs are created, started, stopped and destroyed; memory is then what it was before."""
    bundle.guest("tiny", file="tiny.tree", image="bad.bin", cpus=2, memory=4 * MIB, bootargs="sleep-forever")
    machine = start(bundle, cpus=2, limit=120 + rounds)

    def once(index):
        machine.cmd("vm create tiny.tree")
        if index % 2:
            machine.cmd("vm start tiny")
        if index % 4 == 1:
            machine.cmd("vm stop tiny")
        machine.cmd("vm destroy tiny")

    for index in range(8): # what is allocated once and kept
        once(index)
    before = machine.poll(lambda: settled(machine), 30)
    for index in range(rounds):
        once(index)
    machine.poll(lambda: settled(machine) == before, 10, f"memory is {before} again; now it is {settled(machine)}")
    assert machine.json("vm list") == []


def settled(machine):
    """Memory when what ended has been freed: two looks in a row that agree."""
    first, second = free_memory(machine), free_memory(machine)
    return first if first == second else None


def test_out_of_memory(bundle, start):
    """VMs until nothing is left: a clear refusal, nothing lost, and room again afterwards."""
    for index in range(12):
        bundle.guest(f"big{index}", file=f"big{index}.tree", image="bad.bin", memory=48 * MIB, bootargs="spin")
    machine = start(bundle, memory="256M", limit=240)
    machine.cmd("vm create big0.tree")
    machine.cmd("vm destroy big0")
    before = machine.poll(lambda: settled(machine), 30)
    refused = [machine.cmd(f"vm create big{index}.tree") for index in range(12)]
    created = [vm["name"] for vm in machine.json("vm list")]
    assert 2 <= len(created) <= 5
    assert any("memory" in text for text in refused[len(created):])
    for name in created:
        machine.cmd(f"vm destroy {name}")
    machine.poll(lambda: settled(machine) == before, 10, "all memory is back")
    assert "created" in machine.cmd("vm create big11.tree")


def test_memory_is_scrubbed(bundle, start):
    """The next guest in the same memory finds zeros; memory.c checks its own."""
    bundle.guest("first", image="memory.bin", file="first.tree", memory=160 * MIB)
    bundle.guest("second", image="memory.bin", file="second.tree", memory=160 * MIB)
    machine = start(bundle, memory="256M", limit=180)
    for name in ("first", "second", "first"):
        machine.cmd(f"vm create {name}.tree")
        text = machine.run_guest(name)
        assert "ok memory comes zeroed" in text and " 0 failed" in text
        machine.cmd(f"vm destroy {name}")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_random_commands(bundle, start, seed):
    """Any order of commands on several VMs at once; the machine stays whole."""
    chosen = random.Random(seed)
    ways = ["spin", "ipi-storm", "trap-loop", "reboot", "crash", "sleep-forever"]
    for way in ways:
        bundle.guest(way, file=f"{way}.tree", image="bad.bin", cpus=2, memory=8 * MIB, bootargs=way)
    machine = start(bundle, cpus=2, limit=300)
    verbs = COMMANDS + ("create", "shutdown", "info", "log", "dump")
    for _ in range(250):
        verb, name = chosen.choice(verbs), chosen.choice(ways)
        machine.cmd(f"vm {verb} {name}{'.tree' if verb == 'create' else ''}")
    for way in ways:
        machine.cmd(f"vm destroy {way}")
    assert machine.json("vm list") == []
