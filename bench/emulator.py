# SPDX-License-Identifier: MIT
"""Emulated machines whose clock counts instructions: Verdigris' shell, and a bare kernel under QEMU's gdb stub.

Virtual time is the number of executed instructions (`-icount shift=0`), as long as nothing from outside arrives:
so nobody types before what is to be measured is over, and what is read afterwards are stamps that were taken
then. An idle machine without timers jumps far ahead in time (`sleep=off`); "now" means nothing after that.
"""
import json
import os
import re
import select
import socket
import subprocess
import time

EXACT = ["-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2024-01-01,clock=vm", "-net", "none",
         "-no-reboot", "-smp", "1", "-display", "none", "-monitor", "none"]

BOARDS = {
    "qemu-riscv64": {
        "command": ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64,h=true"],
        "arch": "riscv64",
        "tick": 100,             # instructions a tick of the clock: 10 MHz
        "memory": 512 << 20,
        "kernel": 0x80200000,    # where firmware enters a kernel
        "clock": 0x0200bff8,     # CLINT mtime
        "power": 0x00100000,     # a write here switches off
    },
}

TERMINAL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
PROMPT = re.compile(r"(?:^|[\r\n])(?:\x1b\[K)?vg> (?:\x1b\[K)?$")


class BenchError(Exception):
    """What could not be measured, and why."""


class Shell:
    """Verdigris on an emulated machine, and its shell once nothing is measured any more."""

    def __init__(self, board, build, bundle, memory, limit=60):
        command = [*board["command"], *EXACT, "-m", f"{memory >> 20}M", "-serial", "stdio",
                   "-kernel", str(build / "verdigris.bin"), "-initrd", str(bundle)]
        self.end = time.monotonic() + limit
        self.text, self.number = "", 0
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def _read(self):
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
            raise BenchError(f"it took too long; the last lines were:\n{self.text[-500:]}")
        data = os.read(self.child.stdout.fileno(), 65536)
        if not data:
            raise BenchError(f"the emulator ended; the last lines were:\n{self.text[-500:]}")
        self.text += data.decode("utf-8", "replace")

    def expect(self, pattern):
        """Reads until the pattern appears; returns what came before it."""
        while not (match := re.search(pattern, self.text)):
            self._read()
        before, self.text = self.text[:match.start()], self.text[match.end():]
        return before

    def wait_stopped(self, count):
        """Waits until so many guests have ended."""
        for _ in range(count):
            self.expect(r"VM \S+: stopped: .*\n")

    def cmd(self, line):
        """Runs a command and returns what it printed; a comment marks where its output begins."""
        self.number += 1
        mark = f"# {self.number:04}"
        self.child.stdin.write(f"{line} {mark}\r".encode())
        self.child.stdin.flush()
        self.expect(mark + r"(?:\x1b\[K)?\r*\n")
        while not PROMPT.search(self.text):
            self._read()
        text, self.text = self.text, ""
        return TERMINAL.sub("", PROMPT.sub("", text)).strip("\n")

    def json(self, line):
        return json.loads(self.cmd(line + " --json"))


class Stub:
    """As much of the gdb remote protocol as it takes to stop at two places and read a clock."""

    def __init__(self, path, process, limit):
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + 10
        while self.socket.connect_ex(str(path)):
            if process.poll() is not None or time.monotonic() > end:
                raise BenchError("QEMU does not offer its gdb stub")
            time.sleep(0.05)
        self.socket.settimeout(limit)
        self.buffer = b""

    def ask(self, text):
        self.socket.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 255))
        while True:
            self.buffer = self.buffer.lstrip(b"+")
            end = self.buffer.find(b"#")
            if end >= 0 and len(self.buffer) >= end + 3:
                answer, self.buffer = self.buffer[1:end].decode(), self.buffer[end + 3:]
                self.socket.sendall(b"+")
                return answer
            try:
                data = self.socket.recv(4096)
            except TimeoutError as error:
                raise BenchError("the bare machine did not get to where it was to stop") from error
            if not data:
                raise BenchError("the bare machine ended too early")
            self.buffer += data

    def demand(self, text):
        answer = self.ask(text)
        if answer != "OK":
            raise BenchError(f"QEMU's gdb stub answered '{answer}' to '{text}'")

    def run_to(self, kind, address, length):
        """kind: 1 before the instruction there, 2 at a store to it"""
        self.demand(f"Z{kind},{address:x},{length}")
        answer = self.ask("c")
        if not answer.startswith("T05"):
            raise BenchError(f"the bare machine stopped with '{answer}'")
        self.demand(f"z{kind},{address:x},{length}")

    def read_u64(self, address):
        return int.from_bytes(bytes.fromhex(self.ask(f"m{address:x},8")), "little")


def run_bare(board, folder, kernel, initrd, tree, memory, limit=60):
    """Boots a kernel without a hypervisor; the ticks from its first instruction until it switches the machine off."""
    path = folder / "gdb.socket"
    path.unlink(missing_ok=True)
    command = [*board["command"], *EXACT, "-m", f"{memory >> 20}M", "-kernel", str(kernel), "-initrd", str(initrd),
               "-dtb", str(tree), "-serial", "null", "-S", "-gdb", f"unix:{path},server=on,wait=off"]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        stub = Stub(path, child, limit)
        stub.ask("?")
        stub.demand("Qqemu.PhyMemMode:1")
        stub.run_to(1, board["kernel"], 4)
        start = stub.read_u64(board["clock"])
        stub.run_to(2, board["power"], 4)
        return stub.read_u64(board["clock"]) - start, start
    finally:
        child.kill()
        child.wait()
