# SPDX-License-Identifier: MIT
"""Wrong guest trees and broken bundles: messages that help, and everything else goes on."""
import pathlib
import subprocess

import pytest

from machine import MIB, TOP, clean, tree

CONFIGS = TOP / "tests/system/configs"


def compiled(path):
    """dtc refuses some of what we want to show: -f."""
    return subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-i", TOP / "configs/guests", path],
                          check=True, stdout=subprocess.PIPE).stdout


def test_ten_errors(bundle, start):
    """Ten deliberate errors, ten messages; the guest beside it runs."""
    bundle.add("ten-errors.dtb", compiled(CONFIGS / "ten-errors.dts"))
    bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True)
    machine = start(bundle, wait_guests=False, wait_text="VM spin: running")
    machine.wait_state("spin", "running")
    log = machine.cmd("log")
    wanted = [line.split("there are:")[0].strip() for line in (CONFIGS / "ten-errors.txt").read_text().split("\n") if line]
    assert len(wanted) == 10
    for line in wanted:
        assert line in log
    assert log.count("ten-errors.dtb: ") == 10
    assert [vm["name"] for vm in machine.json("vm list")] == ["spin"]
    again = machine.cmd("vm create ten-errors")
    for line in wanted:
        assert line in again


BROKEN = {
    "empty.dtb": b"",
    "short.dtb": b"\xd0\x0d\xfe\xed",
    "garbage.dtb": bytes(range(256)) * 16,
    "text.dtb": b"this is no tree\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_tree(bundle, start, name):
    bundle.add(name, BROKEN[name])
    bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True)
    machine = start(bundle, wait_guests=False, wait_text="VM spin: running")
    machine.wait_state("spin", "running")
    assert name in machine.cmd("log")


WRONG = {
    "no memory for it": dict(memory=4096 * MIB),
    "no kernel": dict(image="not-there"),
    "two names": dict(name="spin"),
    "bad weight": dict(cpu_lines="verdigris,weight = <0>;"),
    "bad affinity": dict(cpu_lines="verdigris,affinity = <99>;"),
    "image is no kernel": dict(image="boot.txt"),
    "memory too small for the image": dict(memory=2 * MIB),
}


def test_wrong_trees(bundle, start):
    """Each is refused, when it is created or when it is started, with a sentence that names it."""
    bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True)
    bundle.add("boot.txt", "this is no kernel\n" * 100)
    for number, options in enumerate(WRONG.values()):
        options = {"name": f"wrong{number}", "image": "bad.bin", **options}
        bundle.add(f"wrong{number}.tree", tree(**options))
    machine = start(bundle, limit=120)
    machine.wait_state("spin", "running")
    for number, what in enumerate(WRONG):
        answer = machine.cmd(f"vm create wrong{number}.tree")
        if machine.vm(f"wrong{number}"):
            answer = machine.cmd(f"vm start wrong{number}") + machine.cmd("log")[-600:]
            assert machine.vm(f"wrong{number}")["state"] != "running", what
        assert f"wrong{number}" in answer or "spin" in answer, f"{what}: {answer}"
    assert machine.vm("spin")["state"] == "running"


@pytest.mark.parametrize("kind", ["none", "garbage", "cut", "compressed"])
def test_broken_bundle(bundle, start, tmp_path, kind):
    """The prompt comes all the same and the reason is said."""
    good = bundle.guest("spin", image="bad.bin", bootargs="spin").path().read_bytes()
    broken = {"garbage": b"\x55" * 4096, "cut": good[:len(good) // 2], "compressed": b"\x1f\x8b\x08" + good[:4096]}
    path = tmp_path / "broken.cpio"
    if kind != "none":
        path.write_bytes(broken[kind])
    machine = start(pathlib.Path(path) if kind != "none" else None)
    assert "bundle" in machine.cmd("log")
    assert machine.json("vm list") == []
    assert machine.cmd("bundle ls") is not None
