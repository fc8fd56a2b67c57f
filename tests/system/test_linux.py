# SPDX-License-Identifier: MIT
"""An unmodified Debian kernel with BusyBox as a guest."""
import pytest

from machine import Linux, MIB, board

QUICK = {(1, 2), (2, 1), (4, 4)} # vCPUs, CPUs
GICS = (3, 2) if "{gic}" in board()["command"] else (3,)


def machines():
    """vCPUs, CPUs, and the GIC where there are several."""
    for gic in GICS:
        for vcpus in (1, 2, 4):
            for cpus in (1, 2, 4):
                marks = [] if (vcpus, cpus) in QUICK else [pytest.mark.slow]
                marks += [pytest.mark.smoke] * ((vcpus, cpus) == (2, 1)) # where cpus is what the board has
                yield pytest.param(vcpus, cpus, gic, marks=marks,
                                   id=f"{vcpus}vcpus-{cpus}cpus" + (f"-gicv{gic}" if len(GICS) > 1 else ""))


@pytest.mark.parametrize("vcpus, cpus, gic", machines())
def test_boot(bundle, start, vcpus, cpus, gic):
    """To the prompt, look around, power off; the reason is kept."""
    machine = start(bundle.linux(cpus=vcpus, autostart=True), cpus=cpus, gic=gic, limit=300)
    machine.attach("linux")
    linux = Linux(machine)
    linux.wait_boot(200)
    assert "Linux" in linux.run("uname -a") and board()["uname"] in linux.run("uname -m")
    info = linux.run("cat /proc/cpuinfo")
    assert info.count("processor") == vcpus
    assert linux.run("nproc") == str(vcpus)
    assert linux.run("cat /proc/interrupts")
    machine.send("poweroff\r")
    machine.expect(r"VM linux has stopped", 60)
    machine.expect(r"vg> ", 10)
    vm = machine.vm("linux")
    assert vm["state"] == "stopped" and "power" in vm["reason"]


@pytest.mark.smoke
def test_reboot_and_restart(bundle, start):
    """The guest's own reboot, reset from outside, start after power-off."""
    machine = start(bundle.linux(cpus=2, autostart=True), cpus=2, limit=300)
    machine.attach("linux")
    linux = Linux(machine)
    linux.wait_boot()
    machine.send("reboot -f\r")
    linux.wait_boot()
    machine.detach()
    assert machine.vm("linux")["starts"] == 2
    before = machine.vm("linux")
    machine.cmd("vm reset linux")
    machine.attach("linux", before)
    linux.wait_boot()
    machine.send("poweroff -f\r")
    machine.expect(r"VM linux has stopped", 60)
    machine.expect(r"vg> ", 10)
    before = machine.vm("linux")
    machine.cmd("vm start linux")
    machine.attach("linux", before)
    linux.wait_boot()
    assert "Linux" in linux.run("uname")
    machine.detach()
    assert machine.vm("linux")["starts"] == 4


def test_two_at_once(bundle, start):
    """Two guests, their consoles in turn; what one prints while the other is attached is kept."""
    bundle.linux("one", autostart=True).linux("two", autostart=True)
    machine = start(bundle, cpus=2, memory="768M", limit=300)
    shells = {}
    for name in ("one", "two"):
        machine.attach(name)
        shells[name] = Linux(machine)
        shells[name].wait_boot(200)
        shells[name].run(f"echo {name} > /tmp/name")
        machine.detach()
    for name in ("one", "two", "one"):
        machine.attach(name)
        assert shells[name].run("cat /tmp/name") == name
        assert shells[name].run("hostname") == name
        machine.detach()
    machine.attach("one")
    machine.send("(sleep 1; echo pri''nted meanwhile) &\r")
    machine.detach()
    machine.poll(lambda: "printed meanwhile" in machine.cmd("vm log one 5"), 30, "its output is kept")
    machine.cmd("vm stop one")
    machine.attach("two")
    assert shells["two"].run("cat /tmp/name") == "two"
    machine.detach()


def test_pause_and_resume(bundle, start):
    """Linux under load survives pauses; its clocks go on."""
    machine = start(bundle.linux(cpus=2, autostart=True), cpus=2, limit=300)
    machine.attach("linux")
    linux = Linux(machine)
    linux.wait_boot()
    linux.run("(while :; do :; done) &")
    linux.run("(while :; do cat /bin/busybox > /tmp/x; done) &")
    machine.detach()
    for _ in range(20):
        machine.cmd("vm pause linux")
        assert machine.vm("linux")["state"] == "paused"
        machine.cmd("vm resume linux")
    machine.attach("linux")
    assert linux.run("echo still $((40 + 2))") == "still 42"
    assert "stall" not in linux.run("dmesg | tail -n 50")
    machine.detach()


def test_shutdown_request(bundle, start):
    """`vm shutdown` reaches the guest through its UART."""
    bundle.linux(autostart=True, cpus=1, more='&uart0 { verdigris,shutdown = "sysrq"; };')
    machine = start(bundle, cpus=2, limit=240)
    machine.attach("linux")
    Linux(machine).wait_boot()
    machine.detach()
    machine.cmd("vm shutdown linux")
    machine.wait_state("linux", "stopped", timeout=60)


@pytest.mark.only("riscv64")
@pytest.mark.parametrize("cpu", ["sstc=false", "v=true",
                                 pytest.param("sv48=false,sv57=false", marks=pytest.mark.slow),
                                 pytest.param("zicboz=false,zicbom=false,svadu=false", marks=pytest.mark.slow)])
def test_cpu_features(bundle, start, cpu):
    machine = start(bundle.linux(cpus=2, autostart=True), cpus=2, cpu=cpu, limit=300)
    machine.attach("linux")
    linux = Linux(machine)
    linux.wait_boot(200)
    isa = linux.run("grep -m1 isa /proc/cpuinfo")
    assert ("sstc" in isa) == ("sstc=false" not in cpu)
    assert ("v" in isa.split("rv64")[1].split("_")[0]) == ("v=true" in cpu)
    assert linux.run("sleep 1; echo awake") == "awake"
    machine.detach()


def test_caps_and_weights(bundle, start):
    """A capped guest gets no more than its share of a CPU that it has for itself."""
    bundle.linux(cpus=1, autostart=True, cpu_lines="verdigris,cap-percent = <25>; verdigris,affinity = <1>;")
    machine = start(bundle, cpus=2, limit=400)
    machine.attach("linux")
    linux = Linux(machine)
    linux.wait_boot(300)
    linux.run("(while :; do :; done) &")
    machine.detach()

    def usage():
        return machine.vm("linux")["cpu_time_us"], sum(c["idle_us"] for c in machine.json("cpu") if c["cpu"] == 1)

    busy, idle = usage()
    machine.poll(lambda: usage()[0] + usage()[1] > busy + idle + 8000000, 60, "8 seconds pass")
    busy, idle = usage()[0] - busy, usage()[1] - idle
    assert 0.15 < busy / (busy + idle) < 0.32
