# SPDX-License-Identifier: MIT
"""Much at once, for some time: CPUs that are short, guests that come and go, and nobody who is forgotten."""
import pytest

from machine import LEAVE, MIB, PROMPT, clean

# Guests that spin on two vCPUs each, and one that a cap keeps from it for most of the time.
HOGS = {"light": "verdigris,weight = <64>;", "heavy": "verdigris,weight = <256>;",
        "capped": "verdigris,cap-percent = <25>;"}


def usage(machine):
    """CPU time of each VM in microseconds."""
    return {vm["name"]: vm["cpu_time_us"] for vm in machine.json("vm list")}


def rows(machine):
    return {f"{row['vm']}/{row['index']}": row for row in machine.json("vcpu list")}


def stirred(machine, what):
    """What makes entities change CPUs, queues and states while all CPUs are busy."""
    machine.cmd(f"vm pause {what}")
    machine.cmd(f"vcpu pin {what} 0 0")
    machine.cmd(f"vm resume {what}")
    machine.cmd(f"vcpu pin {what} 0 all")


def test_typed_ahead(bundle, start):
    """What is typed right behind Ctrl-] is the shell's, also while the guest keeps the CPU busy."""
    bundle.guest("flood", image="bad.bin", cpus=2, memory=8 * MIB, bootargs="spin")
    machine = start(bundle, cpus=1)
    machine.cmd("vm start flood")
    for turn in range(10):
        machine.attach("flood")
        machine.send(f"to the guest{LEAVE}version # ahead{turn}\r")
        machine.expect(r"Back in the shell")
        machine.expect(rf"ahead{turn}")
        machine.child.expect(PROMPT)
        assert "Verdigris" in clean(machine.child.before)


@pytest.mark.parametrize("rounds", [pytest.param(8, id="short"),
                                    pytest.param(150, id="long", marks=pytest.mark.slow)])
@pytest.mark.parametrize("cpu", ["", pytest.param("sstc=false", marks=[pytest.mark.slow, pytest.mark.only("riscv64")])])
def test_nobody_starves(bundle, start, rounds, cpu):
    """Each of seven vCPUs on two CPUs moves on at all times, in shares that follow weights and caps."""
    for name, lines in HOGS.items():
        bundle.guest(name, image="bad.bin", cpus=2, memory=8 * MIB, bootargs="spin", cpu_lines=lines)
    bundle.guest("witness", memory=8 * MIB)
    machine = start(bundle, cpus=2, cpu=cpu, limit=120 + rounds * 15)
    for name in (*HOGS, "witness"):
        machine.cmd(f"vm start {name}")
    machine.poll(lambda: all(row["cpu_time_us"] > 100000 for key, row in rows(machine).items() if "witness" not in key),
                 60, "all hogs spin")
    for turn in range(rounds):
        stirred(machine, list(HOGS)[turn % len(HOGS)])
        before = rows(machine)

        def moved():
            now = rows(machine)
            return all(now[key]["cpu_time_us"] > row["cpu_time_us"] for key, row in before.items())
        machine.poll(moved, 20, "each vCPU runs")
    before = usage(machine)
    machine.poll(lambda: sum(usage(machine).values()) > sum(before.values()) + 6000000, 120, "6 s of CPU time pass")
    ran = {name: time - before[name] for name, time in usage(machine).items()}
    share = {name: time / sum(ran.values()) for name, time in ran.items()}
    # Of two CPUs the capped one gets half of one; the others share the rest by 1 to 4.
    assert 0.15 < share["capped"] < 0.30, share
    assert 2.5 < share["heavy"] / share["light"] < 6, share
