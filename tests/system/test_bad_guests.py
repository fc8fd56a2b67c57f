# SPDX-License-Identifier: MIT
"""Guests that misbehave: each gets the architecture's answer or ends, and the guest beside it runs on."""
import re

import pytest

from machine import MIB, TOP, board

# The states in which the VM may be afterwards; where nothing is said, either.
RUNS_ON = {"running"}
ENDS = {"stopped"}
EITHER = RUNS_ON | ENDS
AFTERWARDS = {
    "trap-loop-memory": RUNS_ON, "virtual-loop": RUNS_ON, "ipi-storm": RUNS_ON, "fence-storm": RUNS_ON,
    "timer-storm": RUNS_ON, "device-storm": RUNS_ON, "console-flood": RUNS_ON, "firmware-flood": RUNS_ON,
    "garbage-calls": RUNS_ON, "sleep-forever": RUNS_ON, "spin": RUNS_ON, "crash": ENDS, "reboot": RUNS_ON,
}


def ways():
    """Names of the table at the end of the program, with the states."""
    source = TOP / "tests/guests" / board()["arch"] / "bad.c"
    names = re.findall(r'^\t\{ "([a-z-]+)",', source.read_text(), re.MULTILINE) if source.exists() else []
    return {name: AFTERWARDS.get(name, EITHER) for name in names}


WAYS = ways()


def fill(bundle):
    bundle.guest("witness", memory=8 * MIB)
    for way in WAYS:
        bundle.guest(f"bad-{way}", file=f"{way}.tree", image="bad.bin", cpus=2, memory=8 * MIB, bootargs=way)


def beats(machine):
    """How often the witness has said that it runs."""
    found = re.findall(r"beat (\d+)", machine.cmd("vm log witness 3"))
    return int(found[-1]) if found else 0


def witness_runs(machine, count=10):
    start = beats(machine)
    machine.poll(lambda: beats(machine) >= start + count, 60, "the witness goes on")


@pytest.mark.parametrize("cpus", [pytest.param(1, id="1cpu", marks=pytest.mark.slow), pytest.param(2, id="2cpus")])
@pytest.mark.parametrize("way", WAYS)
def test_bad_guest(shared, cpus, way):
    machine = shared(f"{cpus}-cpus", fill, cpus=cpus, limit=900)
    if machine.vm("witness")["state"] != "running":
        machine.cmd("vm start witness")
    machine.cmd(f"vm create {way}.tree")
    machine.cmd(f"vm start bad-{way}")
    machine.poll(lambda: machine.vm(f"bad-{way}")["exits"] > 0, 30, "it has run")
    witness_runs(machine)
    vm = machine.vm(f"bad-{way}")
    if way == "reboot": # on its way it is stopped for moments
        vm = machine.wait_state(f"bad-{way}", "running")
    assert vm["state"] in WAYS[way], f"it is {vm['state']}: {vm['reason']}"
    if way == "crash":
        assert vm["reason"] not in ("", "the guest powered off")
    if way == "reboot":
        assert vm["starts"] > 1
    dump = machine.cmd(f"vm dump bad-{way}")
    assert board()["registers"] in dump and dump.count(" pc ") + dump.count("\npc ") >= 2
    machine.poll(lambda: (machine.cmd(f"vm stop bad-{way}"), machine.vm(f"bad-{way}")["state"])[1] == "stopped", 30,
                 "it is stopped")
    machine.cmd(f"vm destroy bad-{way}")
    assert machine.vm(f"bad-{way}") is None
    witness_runs(machine, 2)


def test_shell_under_load(bundle, start):
    """Storms on every CPU, and the shell still answers at once."""
    ways = ["trap-loop", "ipi-storm", "device-storm", "console-flood", "timer-storm", "spin"]
    for way in ways:
        bundle.guest(way, image="bad.bin", cpus=2, memory=8 * MIB, bootargs=way)
    machine = start(bundle, cpus=2, limit=180)
    for way in ways:
        machine.cmd(f"vm start {way}", 20)
    for _ in range(10):
        assert len(machine.json("vm list", 20)) == len(ways)
    for way in ways:
        machine.cmd(f"vm stop {way}", 20)
    assert {vm["state"] for vm in machine.json("vm list")} == {"stopped"}
