# SPDX-License-Identifier: MIT
"""Ways to start, firmware and U-Boot, as what starts us and as what we start."""
import os
import pathlib
import subprocess

import pytest

from machine import CACHE, MIB, OUT, PROMPT, TOP, Linux, board


def uboot():
    """U-Boot for QEMU's S-mode, from its Debian package."""
    path = OUT / "check" / "u-boot.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([TOP / "scripts/fetch.sh", "uboot-riscv64", path], check=True,
                   env={**os.environ, "CACHE": str(CACHE)})
    return path


def small(bundle):
    return bundle.guest("timer", memory=8 * MIB)


@pytest.mark.parametrize("image", ["fw_dynamic.bin", "fw_jump.bin"])
def test_other_firmware(bundle, start, image):
    """Debian's own OpenSBI instead of QEMU's."""
    path = pathlib.Path(board()["firmware"]) / image
    if not path.exists():
        pytest.skip(f"{path} is not there: install the package opensbi")
    machine = start(small(bundle), bios=path)
    assert " 0 failed" in machine.run_guest("timer")


def test_no_virtualization(bundle, start):
    """A CPU without the extension: said clearly, then off."""
    machine = start(small(bundle), cpu="h=false", wait_prompt=False)
    text = machine.ends()
    assert "H" in text.split("Verdigris")[-1] or "hypervisor extension" in text
    assert "vg>" not in text and "panic" not in text.lower()


@pytest.mark.parametrize("memory", ["128M", "2G", pytest.param("8G", marks=pytest.mark.slow)])
def test_memory_sizes(bundle, start, memory):
    machine = start(small(bundle), memory=memory)
    assert " 0 failed" in machine.run_guest("timer")


@pytest.mark.parametrize("cpus", [1, 8, pytest.param(32, marks=pytest.mark.slow)])
def test_cpu_counts(bundle, start, cpus):
    machine = start(small(bundle), cpus=cpus)
    listed = machine.json("cpu")
    assert len(listed) == cpus and all(cpu["online"] for cpu in listed)


def test_through_uboot(bundle, start):
    """U-Boot's booti starts the same flat image, bundle and all."""
    path = small(bundle).path()
    at, initrd = 0x84000000, 0x88000000
    machine = start(None, kernel=uboot(), wait_prompt=False, extra=[
        "-device", f"loader,file={OUT / 'verdigris.bin'},addr={at:#x},force-raw=on",
        "-device", f"loader,file={path},addr={initrd:#x},force-raw=on"])
    machine.expect("stop autoboot", 60)
    machine.send("\r")
    machine.expect("=> ", 30)
    machine.send(f"booti {at:#x} {initrd:#x}:{path.stat().st_size:#x} ${{fdtcontroladdr}}\r")
    machine.child.expect(PROMPT, timeout=60)
    machine.cmd("log level warn")
    machine.poll(lambda: machine.vm("timer"), 20, "the guest is created")
    assert " 0 failed" in machine.run_guest("timer")


def test_uboot_as_guest(bundle, start):
    """U-Boot runs as a guest and loads Linux from its own console commands."""
    bundle.add("uboot.dtb", TOP / "configs/guests/uboot.dts").add("u-boot.bin", uboot())
    bundle.add("vmlinuz", "@linux-riscv64").add("initramfs.cpio", "@initramfs-riscv64")
    machine = start(bundle, cpus=2, memory="768M", limit=300)
    size = next(f["size"] for f in machine.json("bundle ls") if f["name"] == "initramfs.cpio")
    machine.cmd("vm start uboot")
    machine.attach("uboot")
    machine.expect("stop autoboot", 60)
    machine.send("\r")
    machine.expect("=> ", 30)
    machine.send("version\r")
    machine.expect("U-Boot", 20)
    machine.expect("=> ", 30)
    machine.send("setenv bootargs console=ttyS0\r")
    machine.expect("=> ", 30)
    machine.send(f"booti 0x82000000 0x85000000:{size:#x} ${{fdtcontroladdr}}\r")
    linux = Linux(machine)
    linux.wait_boot(200)
    assert linux.run("nproc") == "2"
    machine.detach()


def test_clean_boot_log(bundle, start):
    """No warning and no error on a plain machine."""
    machine = start(small(bundle))
    log = machine.cmd("log")
    assert " error " not in log and " warn " not in log


def test_memory_adds_up(bundle, start):
    """What `mem` says of the parts is not more than the whole."""
    machine = start(small(bundle))
    memory = machine.json("mem")
    assert memory["image"] >= (OUT / "verdigris.bin").stat().st_size
    assert memory["free"] + memory["guests"] + memory["guests_overhead"] + memory["system"] <= memory["managed"]
