# SPDX-License-Identifier: MIT
"""Emulated machines that run Verdigris, driven through their serial line.

    bundle = Bundle(folder).guest("traps", image="traps.bin")
    with Machine(bundle, cpus=2) as machine:
        print(machine.cmd("vm list"))

Nothing here sleeps for a fixed time: everything waits for text, with a limit.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import pexpect

TOP = pathlib.Path(__file__).resolve().parents[2]
BOARD = os.environ.get("BOARD", "qemu-riscv64")
OUT = pathlib.Path(os.environ.get("O", f"build/{BOARD}"))
OUT = OUT if OUT.is_absolute() else TOP / OUT
CACHE = pathlib.Path(os.environ.get("CACHE", os.path.expanduser("~/.cache/verdigris")))
GUESTS = OUT / "guests"
MIB = 1 << 20

# Escape sequences and carriage returns of a terminal.
TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
PROMPT = r"(?:^|[\r\n])(?:\x1b\[K)?vg> (?:\x1b\[K)?"
LEAVE = "\x1d"  # Ctrl-]


def clean(text):
    return TERMINAL.sub("", text)


# ---------------------------------------------------------------- what boards need

# command: the emulator; {gic} and its like are options of Machine.
# model: -cpu, None where the machine has its own.    cpus, memory: where they cannot be chosen.
# serial: which of the emulator's serial lines the console is.    tree: the host's, from scripts/fetch.sh.
# smoke: only tests marked so run here.
# Guests: machine, ram, console (as Linux names it), uname (its -m), registers (one that a dump shows);
# uboot: addresses at which U-Boot as a guest has kernel and initrd.
RISCV64 = {
    "arch": "riscv64", "machine": "virt-riscv.dtsi", "ram": 0x80000000, "uart": 0x10000000, "alias": 0x40000000,
    "console": "ttyS0", "uname": "riscv64", "registers": "vsstatus", "uboot": (0x82000000, 0x85000000),
}
ARM64 = {
    "arch": "arm64", "machine": "virt-arm64.dtsi", "ram": 0x40000000, "uart": 0x9000000, "alias": 0x80000000,
    "console": "ttyAMA0", "uname": "aarch64", "registers": "SCTLR_EL1", "uboot": (0x41000000, 0x45000000),
}
BOARDS = {
    "qemu-riscv64": RISCV64 | {
        "command": "qemu-system-riscv64 -M virt",
        "model": "rv64",
        "firmware": "/usr/lib/riscv64-linux-gnu/opensbi/generic",
    },
    "qemu-arm64": ARM64 | {
        "command": "qemu-system-aarch64 -M virt,virtualization=on,gic-version={gic}",
        "model": "cortex-a57",
    },
    "rpi4": ARM64 | {
        "command": "qemu-system-aarch64 -M raspi4b",
        "model": None, "cpus": 4, "memory": "2G", "tree": "dtb-rpi4", "serial": 1, "smoke": True,
    },
    "zcu102": ARM64 | {
        "command": "qemu-system-aarch64 -M xlnx-zcu102,virtualization=on -audio none",
        "model": None, "cpus": 4, "tree": "dtb-zcu102", "smoke": True,
    },
}


def board():
    return BOARDS[BOARD]


def fetch(item):
    """The path of something that scripts/fetch.sh gets from a Debian package."""
    path = OUT / "check" / item
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([TOP / "scripts/fetch.sh", item, path], check=True, env={**os.environ, "CACHE": str(CACHE)})
    return path


def reg(base, size):
    return f"<{base >> 32:#x} {base & 0xffffffff:#x} {size >> 32:#x} {size & 0xffffffff:#x}>"


# ---------------------------------------------------------------- guests and bundles

def tree(name, *, image=None, initrd=None, cpus=1, memory=16 * MIB, bootargs="", autostart=False, cpu_lines="",
         chosen="", nodes="", more=""):
    """The source of a guest's tree on the board's default machine; nodes: in the root, more: after it."""
    boot = f'verdigris,kernel = "{image}";' if image else ""
    boot += f' verdigris,initrd = "{initrd}";' if initrd else ""
    base = board()["ram"]
    return f"""/dts-v1/;
/include/ "{board()['machine']}"
/ {{
	model = "{name}";
	{"verdigris,autostart;" if autostart else ""}
	cpus {{ verdigris,count = <{cpus}>; {cpu_lines} }};
	memory@{base:x} {{ device_type = "memory"; reg = {reg(base, memory)}; }};
	chosen {{ {boot} bootargs = "{bootargs}"; {chosen} }};
	{nodes}
}};
{more}
"""


class Bundle:
    """Collects guests' trees and images and packs them when a machine first wants them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.members = {}
        self.packed = None

    def add(self, name, source):
        """A file: a path, text or bytes to be written, or @linux-riscv64 and its like (scripts/mkbundle.py)."""
        assert name not in self.members or self.members[name] == source
        self.members[name] = source
        return self

    def guest(self, name, *, image=None, file=None, **machine):
        """A VM called name; its tree is file, by default name.dtb, which is created when the machine starts."""
        image = image or f"{name}.bin"
        self.add(file or f"{name}.dtb", tree(name, image=image, **machine).encode())
        if (GUESTS / image).exists():
            self.add(image, GUESTS / image)
        return self

    def linux(self, name="linux", *, file=None, memory=128 * MIB, bootargs=None, **machine):
        self.add("vmlinuz", f"@linux-{board()['arch']}").add("initramfs.cpio", f"@initramfs-{board()['arch']}")
        self.add(file or f"{name}.dtb", tree(name, image="vmlinuz", initrd="initramfs.cpio", memory=memory,
                                             bootargs=bootargs or f"console={board()['console']}",
                                             **machine).encode())
        return self

    def trees(self):
        """How many guests are created when the machine starts."""
        return sum(name.endswith(".dtb") for name in self.members)

    def _source(self, name, source):
        """A path for mkbundle.py; a tree's text gets the suffix that has it compiled."""
        if isinstance(source, pathlib.Path) or (isinstance(source, str) and source.startswith("@")):
            return str(source)
        data = source if isinstance(source, bytes) else source.encode()
        path = self.folder / (name.replace("/", "_") + (".dts" if data.startswith(b"/dts-v1/") else ""))
        path.write_bytes(data)
        return str(path)

    def path(self):
        if not self.packed:
            self.folder.mkdir(parents=True, exist_ok=True)
            rows = [f"{name}={self._source(name, source)}" for name, source in self.members.items()]
            path = self.folder / "bundle.cpio"
            subprocess.run([sys.executable, TOP / "scripts/mkbundle.py", path, *rows], check=True,
                           env={**os.environ, "CACHE": str(CACHE), "O": str(OUT)})
            self.packed = path
        return self.packed


# ---------------------------------------------------------------- machines

class Machine:
    """One emulated machine. limit: seconds after which it is ended, whatever it does."""

    REPLAY = 2048 # bytes that `vm console` shows again
    log_folder = OUT / "check" / "logs"
    last_log = None  # of the machine that was started last, for reports of failures

    def __init__(self, bundle=None, *, cpus=2, memory="512M", cpu="", model=None, gic=3, stdout=None, bios=None,
                 limit=180, kernel=None, extra=(), wait_prompt=True, wait_guests=True, wait_text=None, name="machine"):
        """cpu: features of the model; stdout: an alias that replaces stdout-path in the host's tree."""
        self.cpus = board().get("cpus", cpus)
        model = ",".join(filter(None, [model or board()["model"], cpu]))
        self.command = [*board()["command"].format(gic=gic).split(), *(["-cpu", model] if model else []),
                        "-smp", str(self.cpus), "-m", board().get("memory", memory),
                        "-display", "none", "-monitor", "none", "-net", "none", "-no-reboot",
                        "-chardev", "stdio,id=line,signal=off"]
        line = board().get("serial", 0) if not stdout else int(stdout.removeprefix("serial"))
        self.command += ["-serial", "null"] * line + ["-serial", "chardev:line"]
        self.command += ["-bios", str(bios)] if bios else []
        self.command += ["-kernel", str(kernel or OUT / "verdigris.bin")] if kernel is not False else []
        self.command += [*self._tree(stdout), *extra]
        if bundle:
            self.command += ["-initrd", str(bundle.path() if isinstance(bundle, Bundle) else bundle)]
        self.limit = limit
        self.wait_prompt = wait_prompt
        self.wait_text = wait_text  # the last message of boot: until it has come, messages fall between what is typed
        self.expected = bundle.trees() if isinstance(bundle, Bundle) and wait_prompt and wait_guests else 0
        self.number = 0
        self.name = name

    @staticmethod
    def _tree(stdout):
        """The host's tree, where the machine has none of its own."""
        if "tree" not in board():
            return []
        path = fetch(board()["tree"])
        if stdout:
            subprocess.run(["fdtput", "-t", "s", path, "/chosen", "stdout-path", f"{stdout}:115200n8"], check=True)
        return ["-dtb", str(path)]

    def __enter__(self):
        self.log_folder.mkdir(parents=True, exist_ok=True)
        self.log_path = self.log_folder / f"{re.sub('[^A-Za-z0-9_.-]+', '-', self.name)}.log"
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace", newline="")
        Machine.last_log = self.log_path
        self.log.write(" ".join(self.command) + "\n")
        self.child = pexpect.spawn(self.command[0], self.command[1:], encoding="utf-8", codec_errors="replace",
                                   timeout=60, echo=False, dimensions=(24, 200))
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None
        self.alarm = threading.Timer(self.limit, self._too_late)
        self.alarm.daemon = True
        self.alarm.start()
        try:
            if self.wait_text:
                self.child.expect(self.wait_text)
            if self.wait_prompt:
                self.child.expect(PROMPT)
                self._silence_log()
            if self.expected: # guests are created beside the shell
                self.poll(lambda: len(self.json("vm list")) >= self.expected, 60, "all guests are created")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _silence_log(self):
        """Milestones would fall into what is typed and into the output of commands, this one's too: then again."""
        for _ in range(9):
            try:
                return self.cmd("log level warn", 6)
            except pexpect.TIMEOUT:
                pass
        return self.cmd("log level warn")

    def __exit__(self, *_):
        self.alarm.cancel()
        if self.child.isalive():
            self.child.terminate(force=True)
        self.child.close()
        self.log.close()

    def _too_late(self):
        self.log.write(f"\n*** ended after its limit of {self.limit} s ***\n")
        self.child.terminate(force=True)

    def expect(self, pattern, timeout=60):
        """Waits for text anywhere on the line and returns what came before it and the match."""
        self.child.expect(pattern, timeout=timeout)
        return self.child.before + self.child.after

    def send(self, text):
        self.child.send(text)

    def cmd(self, line, timeout=60):
        """Runs a shell command and returns what it printed. A comment marks where its output begins."""
        self.number += 1
        mark = f"# {self.number:04}"
        self.send(f"{line} {mark}\r")
        # A message of the log may have had the line drawn anew in the middle of it.
        self.child.expect(r"(?:\x1b\[K)?".join(mark) + r"(?:\x1b\[K)?\r*\n", timeout=timeout)
        self.child.expect(PROMPT, timeout=timeout)
        return clean(self.child.before).strip("\n")

    def json(self, line, timeout=60):
        text = self.cmd(line + " --json", timeout)
        text = re.sub(r"\n?\[ *\d+\.\d+\] [^\n]*(\n|$)", "", text)  # errors of the log
        assert re.match(r"[\[{]", text), f"{line}: {text}"
        return json.loads(text)

    def vm(self, name):
        """The row of vm list --json, or None."""
        return next((vm for vm in self.json("vm list") if vm["name"] == name), None)

    def poll(self, condition, timeout=60, what="condition"):
        """Asks until it is true; what was asked takes its time by itself."""
        end = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < end, f"not within {timeout} s: {what}"

    def wait_state(self, name, *states, timeout=60):
        return self.poll(lambda: (vm := self.vm(name)) and vm["state"] in states and vm, timeout,
                         f"VM {name} becomes {' or '.join(states)}")

    def run_guest(self, name, timeout=120):
        """Starts a test guest, waits for its end, and returns all that it printed."""
        self.cmd(f"vm start {name}")
        self.follow(name, timeout)
        return self.cmd(f"vm log {name}")

    def follow(self, name, timeout):
        """Watches a guest on its console until it has stopped."""
        self.cmd(f"vm console {name}", timeout)

    def attach(self, name, after=None):
        """
        The keyboard goes to a running guest; detach() brings it back. The end of what it printed is shown
        again; after: the row of vm list when nothing of that was wanted yet.
        """
        self.poll(lambda: (vm := self.vm(name)) and vm["state"] == "running" and
                  (not after or vm["console_bytes"] > after["console_bytes"] + self.REPLAY), 60, f"VM {name} runs")
        self.number += 1
        self.send(f"vm console {name} # {self.number:04}\r")
        self.expect(r"Ctrl-\] comes back to the shell\.")

    def detach(self):
        self.send(LEAVE)
        self.expect(r"Back in the shell")
        self.child.expect(PROMPT)

    def ends(self, timeout=30):
        """Waits until the emulator has ended by itself; what it printed meanwhile."""
        self.child.expect(pexpect.EOF, timeout=timeout)
        self.child.wait()
        return clean(self.child.before)


class Linux:
    """The BusyBox shell of a Linux guest on an attached console."""

    def __init__(self, machine):
        self.machine = machine
        self.number = 0

    def wait_boot(self, timeout=120):
        text = self.machine.expect(r"CPUs is up", timeout)
        self.machine.expect(r"# ", 30)
        assert "Kernel panic" not in text and "Oops" not in text
        self.run("dmesg -n 1")  # from now on the console shows what commands print, and nothing between
        return text

    def run(self, line, timeout=60):
        """Runs a command of one line; its end is marked by what the guest's shell computes, not by its echo."""
        self.number += 1
        mark = f"echo end$((4000 + {self.number}))"
        self.machine.send(f"{line}{'' if line.endswith('&') else ';'} {mark}\r")
        text = clean(self.machine.expect(rf"end{4000 + self.number}\r*\n", timeout))
        self.machine.expect(r"# ", 30)
        return text.split(mark)[-1].rsplit("end", 1)[0].strip()
