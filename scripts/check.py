#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run what `make check` built, layer by layer, and end with one line for all of it.

usage: check.py [--all] [--fuzz-seconds N] [--board NAME=FOLDER]... [PYTEST ARGUMENT...]

The system tests run for each --board, built in its folder; without one, for BOARD of the environment. --all
adds those marked `slow` and the fuzz targets. Other arguments go to pytest, which then runs alone:
check.py -k console. The environment names the folder (O) of what was built for this machine.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as xml

OUT = pathlib.Path(os.environ["O"])
CACHE = pathlib.Path(os.environ["CACHE"])
RESULTS = OUT / "check"


class Tally:
    """Passed, failed and skipped tests of all layers."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add_junit(self, path):
        """Count a JUnit file; return its (passed, failed, skipped names)."""
        passed, failed, skipped = 0, [], []
        for case in xml.parse(path).getroot().iter("testcase"):
            if case.find("skipped") is not None:
                skipped.append(case.get("name"))
            elif case.find("failure") is not None or case.find("error") is not None:
                failed.append(case.get("name"))
            else:
                passed += 1
        self.passed += passed
        self.failed += len(failed)
        self.skipped += len(skipped)
        return passed, failed, skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, timeout, **environment):
    """Run one binary; return (exit status, its output). One that hangs counts as failed."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                              stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return -1, (late.stdout or b"").decode(errors="replace") + f"\nstill running after {timeout} s\n"
    except OSError as error:
        return -1, f"{command[0]}: {error.strerror}\n"


def report(kind, name, text, output=""):
    print(f"{kind:5} {name}: {text}", flush=True)
    if output:
        print("".join(f"      {line}\n" for line in output.strip().split("\n")), flush=True)


def programs(kind, prefix):
    """What tests/KIND/PREFIX_x.c and tests/KIND/<arch>/PREFIX_x.c were built to; leftovers do not count."""
    for source in sorted(pathlib.Path("tests", kind).rglob(f"{prefix}_*.c")):
        folders = source.parts[2:-1]
        yield OUT / kind / "_".join([prefix, *folders, source.stem.removeprefix(f"{prefix}_")])


def unit(tally):
    for test in programs("unit", "test"):
        status, output = run([str(test)], 300, CMOCKA_MESSAGE_OUTPUT="xml",
                             CMOCKA_XML_FILE=str(RESULTS / f"{test.name}-%g.xml"))
        passed, failed, skipped = 0, [], []
        for result in sorted(RESULTS.glob(f"{test.name}-*.xml")):
            good, bad, left_out = tally.add_junit(result)
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
            output += "".join(f"{f.text}\n" for f in xml.parse(result).getroot().iter("failure"))
        if not failed and (status or not passed + len(skipped)):
            tally.failed += 1
            failed.append(f"no report, or status {status} after it;")
        text = f"{passed} passed" + "".join(f", {name} FAILED" for name in failed)
        report("unit", test.name, text + "".join(f", {name} skipped" for name in skipped),
               output if failed else "")


def system(tally, board, folder, everything, arguments):
    check = pathlib.Path(folder).resolve() / "check"
    check.mkdir(parents=True, exist_ok=True)
    results = check / "system.xml"
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "tests/system", "-q", "-rs", f"--junitxml={results}",
               "-o", f"cache_dir={check}/pytest", "-o", f"junit_suite_name={board}"]
    if not everything:
        command += ["-m", "not slow"]
    print(f"system tests on {board}", flush=True)
    status = subprocess.run(command + arguments, stdin=subprocess.DEVNULL,
                            env={**os.environ, "BOARD": board, "O": folder, "PYTHONDONTWRITEBYTECODE": "1"}).returncode
    failed = tally.add_junit(results)[1] if results.exists() else []
    if status not in (0, 5) and not failed:
        tally.failed += 1
        print(f"pytest ended with status {status}", flush=True)


def fuzz_one(target, seconds):
    """Fuzz for some seconds. Finds are kept in the cache; the tree's own corpus is read besides."""
    corpus = CACHE / "fuzz" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = pathlib.Path("tests/fuzz/corpus") / target.name.removeprefix("fuzz_")
    command = [str(target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               f"-artifact_prefix={RESULTS}/{target.name}-", str(corpus)] + [str(seeds)] * seeds.is_dir()
    return target, *run(command, seconds * 2 + 120)


def fuzz(tally, seconds):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for target, status, output in pool.map(lambda t: fuzz_one(t, seconds), programs("fuzz", "fuzz")):
            tally.failed += status != 0
            tally.passed += status == 0
            last = output.strip().split("\n")[-1]
            report("fuzz", target.name, last if not status else "FAILED", output[-4000:] if status else "")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--fuzz-seconds", type=int, default=60)
    parser.add_argument("--board", action="append", default=[])
    options, arguments = parser.parse_known_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for old in RESULTS.glob("*.xml"):
        old.unlink()
    tally = Tally()
    if not arguments:
        unit(tally)
    for board in options.board or [f"{os.environ['BOARD']}={OUT}"]:
        system(tally, *board.split("="), options.all, arguments)
    if options.all and not arguments:
        fuzz(tally, options.fuzz_seconds)
    print(tally, flush=True)
    sys.exit(tally.failed > 0 or not tally.passed)


main()
