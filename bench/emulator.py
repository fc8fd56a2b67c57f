# SPDX-License-Identifier: MIT
"""Emulated machines whose clock counts instructions: one that runs Verdigris, and one that runs a kernel alone.

Virtual time is the number of executed instructions (`-icount shift=0`), as long as nothing from outside arrives:
so nobody types before what is to be measured is over, and what is read afterwards are stamps that were taken
then. An idle machine without timers jumps far ahead in time (`sleep=off`); "now" means nothing after that.
"""
import json
import os
import re
import select
import subprocess
import time

EXACT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm", "-net", "none",
         "-no-reboot", "-display", "none", "-monitor", "none", "-serial", "stdio"]

# bare: the machine on which a kernel runs alone.
BOARDS = {
    "qemu-riscv64": {
        "command": ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64,h=true"],
        "bare": ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64,h=true"],
        "arch": "riscv64",
        "linux": "linux-riscv64",  # as scripts/fetch.sh calls it
        "tick": 100,               # instructions a tick of the clock: 10 MHz
        "memory": 512 << 20,
        "earlycon": "earlycon=uart8250,mmio,0x10000000 keep_bootcon",
    },
    "qemu-arm64": {
        "command": ["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a76"],
        "bare": ["qemu-system-aarch64", "-M", "virt,gic-version=3", "-cpu", "cortex-a76"],
        "arch": "arm64",
        "linux": "linux-arm64",
        "tick": 16,                # 62.5 MHz
        "memory": 512 << 20,
        "earlycon": "earlycon=pl011,0x9000000 keep_bootcon",
    },
}

TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
PROMPT = re.compile(r"(?:^|[\r\n])(?:\x1b\[K)?vg> (?:\x1b\[K)?$")


class BenchError(Exception):
    """What could not be measured, and why."""


class TooLong(BenchError):
    """Nothing came for too long."""


def patiently(fn, times=3):
    """
    fn(), again when it took too long: QEMU's arm64 machine, once all is idle and its clock has jumped to the end of time,
    now and then turns in its own timers for ever (seen in 10.0.2; not with `sleep=on`, which does not jump).
    """
    for left in range(times - 1, -1, -1):
        try:
            return fn()
        except TooLong:
            if not left:
                raise


def command(machine, memory, cpus, *arguments):
    return [*machine, *EXACT, "-m", f"{memory >> 20}M", "-smp", str(cpus), *map(str, arguments)]


class Shell:
    """Verdigris on an emulated machine, and its shell once nothing is measured any more."""

    def __init__(self, board, build, bundle=None, cpus=1, limit=300):
        self.end = time.monotonic() + limit
        self.text, self.number = "", 0
        initrd = ["-initrd", bundle] if bundle else []
        line = command(board["command"], board["memory"], cpus, "-kernel", build / "verdigris.bin", *initrd)
        self.child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()

    def _read(self):
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
            raise TooLong(f"Verdigris took too long; its last lines:\n{self.text[-500:]}")
        data = os.read(self.child.stdout.fileno(), 65536)
        if not data:
            raise BenchError(f"the emulator of Verdigris ended; its last lines:\n{self.text[-500:]}")
        self.text += data.decode("utf-8", "replace")

    def expect(self, pattern):
        """Reads until the pattern appears; returns all text up to its end."""
        while not (match := re.search(pattern, self.text)):
            self._read()
        text, self.text = self.text[:match.end()], self.text[match.end():]
        return text

    def wait_prompt(self):
        while not PROMPT.search(self.text):
            self._read()

    def wait_stopped(self):
        """Waits until a guest has ended."""
        text = self.expect(r"VM \S+: stopped: .*\n")
        if "the guest powered off" not in text:
            raise BenchError(f"a guest did not end as it should:\n{text[-500:]}")

    def cmd(self, line):
        """Runs a command and returns what it printed; a comment marks where its output begins."""
        self.number += 1
        mark = f"# {self.number:04}"
        self.child.stdin.write(f"{line} {mark}\r".encode())
        self.child.stdin.flush()
        self.expect(mark + r"(?:\x1b\[K)?\r*\n")
        self.wait_prompt()
        text, self.text = self.text, ""
        return TERMINAL.sub("", PROMPT.sub("", text)).strip("\n")

    def json(self, line):
        text = self.cmd(line + " --json")
        try:
            return json.loads(text)
        except ValueError as error:
            raise BenchError(f"`{line} --json` answered: {text}") from error


def run_bare(board, memory, kernel, initrd, tree, limit=120):
    """What a kernel alone on the machine prints until it switches it off."""
    line = command(board["bare"], memory, 1, "-kernel", kernel, "-initrd", initrd, "-dtb", tree)
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=limit, check=False)
    except subprocess.TimeoutExpired as error:
        last = (error.stdout or b"").decode("utf-8", "replace")[-500:]
        raise BenchError(f"the bare machine did not switch itself off; its last lines:\n{last}") from error
    return done.stdout.decode("utf-8", "replace")
