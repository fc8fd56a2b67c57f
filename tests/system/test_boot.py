# SPDX-License-Identifier: MIT
"""Ways to start, firmware and U-Boot, as what starts us and as what we start."""
import pathlib
import struct

import pytest

from machine import MIB, OUT, PROMPT, TOP, Linux, board, fetch

ARCH = board()["arch"]


def small(bundle):
    return bundle.guest("timer", memory=8 * MIB)


@pytest.mark.only("riscv64")
@pytest.mark.parametrize("image", ["fw_dynamic.bin", "fw_jump.bin"])
def test_other_firmware(bundle, start, image):
    """Debian's own OpenSBI instead of QEMU's."""
    path = pathlib.Path(board()["firmware"]) / image
    if not path.exists():
        pytest.skip(f"{path} is not there: install the package opensbi")
    machine = start(small(bundle), bios=path)
    assert " 0 failed" in machine.run_guest("timer")


@pytest.mark.only("riscv64")
def test_no_virtualization(bundle, start):
    """A CPU without the extension: said clearly, then off."""
    machine = start(small(bundle), cpu="h=false", wait_prompt=False)
    text = machine.ends()
    assert "H" in text.split("Verdigris")[-1] or "hypervisor extension" in text
    assert "vg>" not in text and "panic" not in text.lower()


@pytest.mark.only("qemu-arm64")
@pytest.mark.parametrize("gic", [2, 3])
def test_started_at_el1(bundle, start, gic):
    """A machine that keeps EL2 to itself: said clearly, then off, by the conduit of its tree."""
    machine = start(small(bundle), gic=gic, wait_prompt=False, extra=("-M", "virtualization=off"))
    text = machine.ends()
    assert "EL2" in text.split("Verdigris")[-1]
    assert "vg>" not in text and "panic" not in text.lower()


@pytest.mark.only("qemu-arm64")
@pytest.mark.parametrize("gic", [2, 3])
def test_started_at_el3(start, tmp_path, gic):
    """Where nothing runs at EL3, we go down to EL2 ourselves. QEMU has the tree at the start of RAM then, and no bundle."""
    ram = board()["ram"]
    image, stub = ram + 2 * MIB, ram + 64 * MIB
    # ldr x0, =tree; ldr x1, =image; br x1
    code = struct.pack("<4I2Q", 0x58000080, 0x580000a1, 0xd61f0020, 0xd503201f, ram, image)
    (tmp_path / "stub").write_bytes(code)
    machine = start(None, kernel=False, gic=gic, cpus=1, extra=(
        "-M", "secure=on", "-device", f"loader,file={OUT / 'verdigris.bin'},addr={image:#x},force-raw=on",
        "-device", f"loader,file={tmp_path / 'stub'},addr={stub:#x},force-raw=on,cpu-num=0"))
    assert all(cpu["online"] for cpu in machine.json("cpu"))
    assert "EL3" in machine.log_path.read_text(errors="replace")


@pytest.mark.only("qemu-arm64")
@pytest.mark.parametrize("gic, model", [(2, "cortex-a57"), (3, "cortex-a76"), (3, "max"), (4, "max"),
                                        pytest.param(2, "max", marks=pytest.mark.slow),
                                        pytest.param(4, "cortex-a57", marks=pytest.mark.slow)])
def test_machine_variants(bundle, start, gic, model):
    machine = start(small(bundle), gic=gic, model=model)
    assert " 0 failed" in machine.run_guest("timer")


@pytest.mark.only("rpi4")
@pytest.mark.smoke
def test_other_uart(bundle, start):
    """The PL011 as console instead of the mini-UART that the tree names."""
    machine = start(small(bundle), stdout="serial0")
    assert " 0 failed" in machine.run_guest("timer")


@pytest.mark.parametrize("memory", ["128M", "2G", pytest.param("8G", marks=pytest.mark.slow)])
def test_memory_sizes(bundle, start, memory):
    machine = start(small(bundle), memory=memory)
    assert " 0 failed" in machine.run_guest("timer")


@pytest.mark.parametrize("cpus", [1, pytest.param(8, marks=pytest.mark.smoke),
                                  pytest.param(32, marks=pytest.mark.slow)])
def test_cpu_counts(bundle, start, cpus):
    machine = start(small(bundle), cpus=cpus)
    listed = machine.json("cpu")
    assert len(listed) == machine.cpus and all(cpu["online"] for cpu in listed)


def test_through_uboot(bundle, start):
    """U-Boot's booti starts the same flat image, bundle and all."""
    path = small(bundle).path()
    at, initrd = board()["ram"] + 64 * MIB, board()["ram"] + 128 * MIB
    uboot = fetch(f"uboot-{ARCH}")
    how = {"riscv64": dict(kernel=uboot), "arm64": dict(kernel=False, bios=uboot)}[ARCH]
    machine = start(None, **how, wait_prompt=False, extra=[
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
    bundle.add("uboot.dtb", TOP / f"configs/guests/uboot-{ARCH}.dts").add("u-boot.bin", f"@uboot-{ARCH}")
    bundle.add("vmlinuz", f"@linux-{ARCH}").add("initramfs.cpio", f"@initramfs-{ARCH}")
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
    machine.send(f"setenv bootargs console={board()['console']}\r")
    machine.expect("=> ", 30)
    kernel, initrd = board()["uboot"]
    machine.send(f"booti {kernel:#x} {initrd:#x}:{size:#x} ${{fdtcontroladdr}}\r")
    linux = Linux(machine)
    linux.wait_boot(200)
    assert linux.run("nproc") == "2"
    machine.detach()


@pytest.mark.only("qemu-arm64")
@pytest.mark.parametrize("gic", [2, 3])
def test_uefi_as_guest(bundle, start, gic):
    """EDK2 runs in a guest's flash, to its shell; a variable that it is told outlives power-off."""
    name = "colour -guid 11111111-2222-3333-4444-555555555555"
    bundle.add("uefi.dtb", TOP / "configs/guests/uefi-arm64.dts").add("uefi.fd", "@uefi-arm64")
    machine = start(bundle, cpus=2, gic=gic, limit=200)
    for value in ("not set", "42"):
        machine.cmd("vm start uefi")
        machine.attach("uefi")
        machine.expect("any other key to continue", 90)
        machine.send("\x1b")
        machine.expect("Shell> ", 30)
        machine.send(f"setvar {name}\r")
        machine.expect(r"\n42 |Unable to get" if value == "42" else "Unable to get", 20)
        assert "Unable" not in machine.child.after or value != "42"
        machine.expect("Shell> ", 20)
        machine.send(f"setvar {name} -nv -bs =0x42\r")
        machine.expect("Shell> ", 20)
        machine.send("reset -s\r")
        machine.expect("has stopped", 30)
        machine.child.expect(PROMPT, timeout=30)


@pytest.mark.smoke
def test_clean_boot_log(bundle, start):
    """No warning and no error on a plain machine."""
    machine = start(small(bundle))
    log = machine.cmd("log")
    assert " error " not in log and " warn " not in log


@pytest.mark.smoke
def test_memory_adds_up(bundle, start):
    """What `mem` says of the parts is not more than the whole."""
    machine = start(small(bundle))
    memory = machine.json("mem")
    assert memory["image"] >= (OUT / "verdigris.bin").stat().st_size
    assert memory["free"] + memory["guests"] + memory["guests_overhead"] + memory["system"] <= memory["managed"]
