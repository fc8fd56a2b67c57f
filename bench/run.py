#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what Verdigris costs, in executed instructions, and compares with KVM and Xvisor.

usage: run.py --board BOARD --build FOLDER [--verify] [--only NAME]...

`make bench` builds what this needs and calls it. Prints a line `name value unit` a figure with the others'
beside it, writes FOLDER/bench.json, and fails when a figure is missing or misses its target. --verify measures
twice and fails when a figure is not exactly the same. --only measures the figures of one probe (see PROBES).
docs/performance.md tells the method.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "bench"), str(TOP / "scripts")]
import emulator  # noqa: E402
import figures  # noqa: E402
import mkbundle  # noqa: E402
from emulator import BenchError, Shell, patiently  # noqa: E402

MIB = 1 << 20

# A letter more or less on the command line moves a kernel's boot by some percent: other moments of its timer
# ticks, other waits. What is waited comes on top, so both sides boot with each of these, and the shortest count.
LINUX_WORDS = [f"variant={'1' * length}" for length in range(1, 7)]


class Bench:
    """What the probes share: the board, its files, a folder for what they make."""

    def __init__(self, board, build, folder):
        self.board = emulator.BOARDS[board]
        self.build = build
        self.folder = folder
        self.guests = TOP / "bench/guests" / self.board["arch"]
        self.payload = build / "bench/payload.bin"

    def bundle(self, name, **files):
        """A bundle of name=source as scripts/mkbundle.py takes them; _ in a name stands for a dot."""
        path = self.folder / f"{name}.cpio"
        rows = [f"{file.replace('_', '.')}={source}" for file, source in files.items()]
        self.run(sys.executable, TOP / "scripts/mkbundle.py", path, *rows)
        return path

    def tree(self, name, text):
        path = self.folder / f"{name}.dtb"
        self.run("dtc", "-q", "-I", "dts", "-O", "dtb", "-i", TOP / "configs/guests", "-o", path, "-",
                 input=text.encode())
        return path

    def fetch(self, item):
        path = self.folder / item
        if not path.exists():
            self.run(TOP / "scripts/fetch.sh", item, path)
        return path

    def run(self, *line, **options):
        if subprocess.run([str(word) for word in line], check=False, **options).returncode:
            raise BenchError(f"`{' '.join(map(str, line))}` failed; the message above tells why")


# ---------------------------------------------------------------- probes: each returns some figures

def run_payload(bench, bundle, names, cpus):
    with Shell(bench.board, bench.build, bundle, cpus=cpus, limit=60) as shell:
        for _ in names:
            shell.wait_stopped()
        return [shell.cmd(f"vm log {name}") for name in names]


def payload_lines(bench, *names, cpus=1):
    """What the benchmark guests printed, one dictionary each: {name: instructions}."""
    trees = {f"{name}_dtb": bench.guests / f"{name}.dts" for name in names}
    bundle = bench.bundle(names[0], **trees, payload_bin=bench.payload)
    texts = patiently(lambda: run_payload(bench, bundle, names, cpus))
    for text in texts:
        if "BENCH END" not in text:
            raise BenchError(f"the benchmark guest did not get to its end:\n{text[-500:]}")
    # A nanosecond is an instruction.
    return [{key: float(value) for key, value in re.findall(r"^(\S+) ([0-9.]+) ns$", text, re.M)} for text in texts]


def probe_payload(bench):
    lines, = payload_lines(bench, "payload")
    return {name: lines[key] for name, key in figures.PAYLOAD[bench.board["arch"]].items() if key in lines}


def probe_payload_2cpus(bench):
    lines, = payload_lines(bench, "payload-2cpus")
    return {"ipi_roundtrip": lines["ipi_roundtrip_2cpu_wfi"]}


def probe_running(bench):
    """The same guest with a host CPU for each vCPU; an emulator of one thread adds up what both execute."""
    lines, = payload_lines(bench, "payload-2cpus", cpus=2)
    return {"ipi_vcpu_to_vcpu": lines["ipi_vcpu_to_vcpu"]}


def probe_turns(bench):
    """Two guests that never sleep, on one CPU: what one misses and the other does not run are two changes of vCPU."""
    one, two = payload_lines(bench, "turns-one", "turns-two")
    both = one["turn_missed.med"] - two["turn_run.med"], two["turn_missed.med"] - one["turn_run.med"]
    return {"vcpu_switch": round(sum(both) / 4, 1)}


def probe_start(bench):
    empty = bench.bundle("empty", readme_txt=TOP / "LICENSE")
    with Shell(bench.board, bench.build, empty) as shell:
        shell.wait_prompt()
        version, memory = shell.json("version"), shell.json("mem")
    return {
        "entry_to_prompt": version["prompt_ticks"] * bench.board["tick"],
        "memory_at_prompt": bench.board["memory"] - memory["free"],
        "image_size": (bench.build / "verdigris.bin").stat().st_size,
    }


def probe_create(bench):
    """Creation between two looks at the clock, less what the looks cost."""
    script = bench.folder / "create.vgs"
    script.write_text("version --json\nversion --json\nvm create guest.tree\nversion --json\n")
    tree = bench.tree("create", (bench.guests / "create.dts").read_text())
    bundle = bench.bundle("create", boot_vgs=script, guest_tree=tree, payload_bin=bench.payload)
    with Shell(bench.board, bench.build, bundle) as shell:
        texts = [shell.expect("ticks_per_second") for _ in range(3)]
    # The prompt is drawn again and again between what a script prints.
    texts = [emulator.TERMINAL.sub("", text).replace("\n", "").replace("vg> ", "") for text in texts]
    stamps = [int(re.search(r'"up_us":(\d+)', text).group(1)) for text in texts]
    return {"vm_create_256mib": ((stamps[2] - stamps[1]) - (stamps[1] - stamps[0])) * 1000}


def make_initramfs(bench):
    cpio = mkbundle.Newc()
    cpio.add("dev", mode=0o40755)
    cpio.add("dev/kmsg", mode=0o20600, device=(1, 11))
    cpio.add("init", (bench.build / "bench/linux-init").read_bytes(), 0o100755)
    path = bench.folder / "initramfs.cpio"
    path.write_bytes(cpio.bytes())
    return path


def linux_tree(bench, word):
    """The machine's tree, with one more word for the kernel."""
    text = (bench.guests / "linux.dts").read_text()
    return re.sub(r'bootargs = "(.*)"', rf'bootargs = "\1 {word}"', text)


def boot_guest(bench, initrd, word):
    """Instructions of a boot under Verdigris, the same with creation and loading, and the CPU that the guest saw."""
    tree = bench.tree("linux", linux_tree(bench, word))
    bundle = bench.bundle("linux", linux_dtb=tree, vmlinuz=bench.fetch(bench.board["linux"]), initramfs_cpio=initrd)
    with Shell(bench.board, bench.build, bundle) as shell:
        shell.wait_stopped()
        vm = shell.json("vm info linux")
        isa = re.search(r"guests see: (\S+)", shell.cmd("cpu"))
    ticks = [vm["stopped_ticks"] - vm[since] for since in ("started_ticks", "created_ticks")]
    return *(count * bench.board["tick"] for count in ticks), isa and isa.group(1)


def bare_tree(bench, word, isa):
    """The same machine with the CPU features that the guest saw, and a way to see what the kernel prints."""
    text = re.sub(r'bootargs = "', f'bootargs = "{bench.board["earlycon"]} ', linux_tree(bench, word))
    return text + riscv_features(isa) if bench.board["arch"] == "riscv64" else text


def riscv_features(isa):
    first, *others = isa.split("_")
    extensions = ", ".join(f'"{name}"' for name in [*first.removeprefix("rv64"), *others])
    return f"""
/ {{ cpus {{ cpu@0 {{
	riscv,isa = "{isa}";
	riscv,isa-base = "rv64i";
	riscv,isa-extensions = {extensions};
	riscv,cboz-block-size = <64>;
}}; }}; }};
"""


def boot_bare(bench, initrd, word, isa):
    """
    Instructions of a boot without a hypervisor. The benchmark guest tells when firmware is done; init tells the
    time, and the kernel's own stamps tell how long it went on after that.
    """
    tree = bench.tree("bare", bare_tree(bench, word, isa))
    memory = 256 * MIB
    text = emulator.run_bare(bench.board, memory, bench.payload, initrd, tree)
    start = re.search(r"info_counter_at_entry (\d+) ns", text)
    text = emulator.run_bare(bench.board, memory, bench.fetch(bench.board["linux"]), initrd, tree)
    end = re.search(r"\[ *([0-9.]+)\] bench: ticks (\d+)", text)
    off = re.search(r"\[ *([0-9.]+)\] reboot: Power down", text)
    if not (start and end and off):
        raise BenchError(f"the bare kernel did not boot as it should; its last lines:\n{text[-500:]}")
    tail = round((float(off.group(1)) - float(end.group(1))) * 1e9)
    return int(end.group(2)) * bench.board["tick"] + tail - int(start.group(1))


def probe_linux(bench):
    initrd, guest, whole, bare = make_initramfs(bench), [], [], []
    for word in LINUX_WORDS:
        run, all_of_it, isa = boot_guest(bench, initrd, word)
        guest.append(run)
        whole.append(all_of_it)
        bare.append(boot_bare(bench, initrd, word, isa))
        print(f"# linux {word}: guest {run} bare {bare[-1]} ratio {run / bare[-1]:.4f}", file=sys.stderr, flush=True)
    return {
        "linux_boot_ratio": round(min(guest) / min(bare), 4),
        "linux_boot_guest": min(guest),
        "linux_boot_whole": min(whole),
        "linux_boot_bare": min(bare),
        "linux_boot_spread": round(max(bare) / min(bare), 4),
    }


PROBES = {
    "payload": probe_payload,
    "payload-2cpus": probe_payload_2cpus,
    "running": probe_running,
    "turns": probe_turns,
    "start": probe_start,
    "create": probe_create,
    "linux": probe_linux,
}


# ---------------------------------------------------------------- all of it

def measure(bench, names):
    """{figure: value}; what goes wrong is said, and its figures are missing."""
    values = {}
    for name in names:
        try:
            values.update(PROBES[name](bench))
        except (BenchError, OSError, KeyError, AttributeError) as error:
            print(f"bench: {name}: {error}", file=sys.stderr, flush=True)
    return values


def number(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) and value < 10 else f"{value:,.0f}".replace(",", "_") \
        if value >= 100_000 else f"{value:g}"


def report(values, wanted):
    """Prints the table; returns what is wrong."""
    wrong = []
    print(f"{'# name':20} {'value':>12} {'unit':12} {'KVM':>8} {'Xvisor':>11} {'at most':>9}  what")
    for figure in wanted:
        value = values.get(figure.name)
        print(f"{figure.name:20} {'missing' if value is None else format(value, 'g' if value < 1e5 else '.0f'):>12} "
              f"{figure.unit:12} {number(figure.kvm):>8} {number(figure.xvisor):>11} {number(figure.target):>9}  "
              f"{figure.note}")
        if value is None:
            wrong.append(f"{figure.name} was not measured")
        elif figure.target is not None and value > figure.target:
            wrong.append(f"{figure.name} is {value:g}: more than {figure.target:g}")
    return wrong


def differences(first, second):
    names = sorted({*first, *second})
    return [f"{name} is {first.get(name)} in one run and {second.get(name)} in the next" for name in names
            if first.get(name) != second.get(name)]


def write_json(path, board, values):
    rows = [{**figure._asdict(), "value": values.get(figure.name)} for figure in figures.FIGURES[board]]
    path.write_text(json.dumps({"board": board, "figures": rows}, indent=1) + "\n")


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--board", required=True, choices=emulator.BOARDS)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--only", action="append", choices=PROBES)
    return parser.parse_args()


def main():
    args = arguments()
    wanted = [figure for figure in figures.FIGURES[args.board] if not args.only or figure.probe in args.only]
    names = list(dict.fromkeys(figure.probe for figure in wanted))
    build = args.build.resolve()
    os.environ["O"] = str(build)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.board, build, pathlib.Path(folder))
        values = measure(bench, names)
        wrong = differences(values, measure(bench, names)) if args.verify else []
    wrong = report(values, wanted) + wrong
    write_json(build / "bench.json", args.board, values)
    for line in wrong:
        print(f"bench: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
