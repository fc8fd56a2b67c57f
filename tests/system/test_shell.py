# SPDX-License-Identifier: MIT
"""The shell: every command with odd arguments, lists as JSON, keys, scripts, power."""
import json
import re

import pytest

from machine import MIB, PROMPT, board, clean

RAM, UART = f"{board()['ram']:#x}", f"{board()['uart']:#x}"
ODD = ["", "x", "linux", "spin spin", "--json", "--nothing", "-1", "0", "18446744073709551615", "99999999999999999999",
       "0xffffffffffffffff", "0x", "'' ''", "'a b'", '"', "'", "\\", "../..", "/", "spin 0", "spin 1", "spin 99",
       "spin -1", "spin 0 all", "spin 0 0-99", "spin 0 ,", f"spin {RAM} 16", "spin 0xffffffffffffff00 4K",
       f"{RAM} 64", "0 8", f"{UART} 16", "0xfffffffffffffff8 16", "100000000000 1", "a" * 200, "%s%s%n", "*", "~",
       "error", "debug", "on", "off", "spin on", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"]
# What would end the session by rights.
ENDING = {"reboot", "poweroff"}


def commands(machine):
    """Noun and verb of every command, from `help`."""
    found = []
    for line in machine.cmd("help").split("\n"):
        words = line.split()
        if words and re.fullmatch(r"[a-z]+", words[0]):
            verb = words[1] if len(words) > 1 and re.fullmatch(r"[a-z]+", words[1]) else ""
            found.append((words[0], verb))
    return found


def test_every_command_with_odd_arguments(bundle, start):
    bundle.guest("spin", image="bad.bin", cpus=2, memory=8 * MIB, bootargs="spin")
    machine = start(bundle, limit=400)
    machine.cmd("vm start spin")
    verbs = {"vm": "list info create start pause resume shutdown stop reset destroy log dump", "vcpu": "list regs pin",
             "mem": "owners read guest", "bundle": "ls cat hex run", "trace": "start stop show stats", "log": "level",
             "dev": "info"}
    lines = [f"{noun} {verb}" for noun, words in verbs.items() for verb in words.split()]
    lines += ["cpu", "mem", "irq", "dev", "trace", "top", "bundle", "log", "config", "version", "help", "vm", "vcpu",
              "nothing"]
    for line in lines:
        for odd in ODD:
            if line == "top" and not odd:
                continue # runs until a key is pressed
            machine.cmd(f"{line} {odd}", 30)
        machine.cmd("log level warn")
    for verb in ENDING: # with an argument they refuse
        assert machine.cmd(f"{verb} now")
        assert machine.cmd(f"{verb} --json")
    machine.cmd("vm create spin")
    assert machine.vm("spin") is not None
    assert "panic" not in machine.log_path.read_text(errors="replace")


@pytest.mark.smoke
def test_help_covers_everything(bundle, start):
    bundle.guest("spin", image="bad.bin", bootargs="spin")
    machine = start(bundle)
    listed = commands(machine)
    assert {noun for noun, _ in listed} >= {"vm", "vcpu", "cpu", "mem", "irq", "dev", "trace", "top", "bundle", "log",
                                            "config", "version", "reboot", "poweroff", "help"}
    for noun, _ in listed:
        assert noun in machine.cmd(f"help {noun}")


@pytest.mark.parametrize("line", ["vm list", "vm info spin", "vcpu list spin", "cpu", "mem", "mem owners", "irq", "dev",
                                  "bundle ls", "log", "config"])
def test_json(shared, line):
    machine = shared("json", lambda b: b.guest("spin", image="bad.bin", cpus=2, bootargs="spin", autostart=True))
    value = json.loads(machine.cmd(f"{line} --json"))
    assert value
    assert machine.cmd(line)


@pytest.mark.smoke
def test_keys(bundle, start):
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="spin"))
    machine.send("vm lst\x1b[D\x1b[D\x1b[Di\x05\r") # left three times, insert, to the end: "vm list"... or an error
    machine.expect(PROMPT)
    machine.send("versionx\x7f\r")
    assert "Verdigris" in machine.expect(r"Verdigris [^\n]*\n")
    machine.child.expect(PROMPT)
    machine.send("\x1b[A\r") # up: the same again
    assert "Verdigris" in machine.expect(r"Verdigris [^\n]*\n")
    machine.child.expect(PROMPT)
    machine.send("vers\t\r")
    assert "Verdigris" in machine.expect(r"Verdigris [^\n]*\n")
    machine.child.expect(PROMPT)
    machine.send("garbage\x03")
    machine.send("\x15\x0b\x01\x17\x1b\x1b[\x1bO\x1b[99~\x00\x08\x7f")
    machine.send("\r")
    assert machine.cmd("vm list")


def test_top_ends_by_a_key(bundle, start):
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True))
    machine.send("top\r")
    machine.expect("spin", 20)
    machine.send("q")
    machine.child.expect(PROMPT, timeout=20)
    assert machine.cmd("version")


def test_boot_script(bundle, start):
    bundle.guest("spin", image="bad.bin", bootargs="spin")
    bundle.add("boot.vgs", "# a comment\nvm start spin\nno such command\nlog level warn\nversion\n")
    machine = start(bundle, wait_guests=False, wait_text="the prompt came after")
    machine.poll(lambda: "running" in machine.cmd("vm list"), 20, "the script has started the guest")
    machine.poll(lambda: "boot.vgs" in machine.log_path.read_text(errors="replace"), 20, "the error's place is said")


def test_trace(bundle, start):
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="device-storm", autostart=True))
    machine.cmd("trace start")
    machine.poll(lambda: len(machine.cmd("trace show 100").split("\n")) > 20, 20, "events are traced")
    assert machine.json("trace show") and machine.cmd("trace stats")
    machine.cmd("trace stop")
    assert machine.cmd("version")


@pytest.mark.smoke
def test_poweroff(bundle, start):
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True))
    machine.send("poweroff\r")
    machine.ends()


@pytest.mark.smoke
def test_reboot(bundle, start):
    """With -no-reboot QEMU ends where the machine would start anew."""
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="spin", autostart=True))
    machine.send("reboot\r")
    machine.ends()


def test_paste(bundle, start):
    """Many lines typed ahead are all run, in order."""
    machine = start(bundle.guest("spin", image="bad.bin", bootargs="spin"))
    for number in range(8):
        machine.send(f"nothing{number}\r")
    seen = ""
    for number in range(8):
        seen += clean(machine.expect(rf"there is no command nothing{number}"))
    assert machine.cmd("version")
