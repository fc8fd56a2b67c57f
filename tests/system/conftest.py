# SPDX-License-Identifier: MIT
"""Fixtures of the system tests, and the serial line's log in the report of a test that failed."""
import pathlib

import pytest

from machine import BOARD, OUT, Bundle, Machine, board, clean


def applies(item):
    """Whether the board runs this test at all."""
    only = item.get_closest_marker("only")
    return (not only or {BOARD, board()["arch"]} & set(only.args)) and \
        (not board().get("smoke") or item.get_closest_marker("smoke") is not None)


def pytest_collection_modifyitems(config, items):
    config.hook.pytest_deselected(items=[item for item in items if not applies(item)])
    items[:] = [item for item in items if applies(item)]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.failed and Machine.last_log and Machine.last_log.exists():
        text = Machine.last_log.read_bytes().decode(errors="replace")
        report.sections.append((f"serial line, {Machine.last_log}", clean(text)[-6000:]))


@pytest.fixture(scope="session", autouse=True)
def built():
    """The hypervisor has to be there; the Makefile builds it before the tests."""
    if not (OUT / "verdigris.bin").exists():
        pytest.exit(f"{OUT}/verdigris.bin is not there: run `make check`, or set O=", returncode=1)


@pytest.fixture
def bundle(tmp_path):
    return Bundle(tmp_path / "bundle")


@pytest.fixture
def start(request):
    """start(bundle, cpus=..., ...) gives a machine that ends with the test."""
    machines = []

    def make(*args, **options):
        name = request.node.name + (f"-{len(machines)}" if machines else "")
        machine = Machine(*args, name=name, **options).__enter__()
        machines.append(machine)
        return machine

    yield make
    for machine in machines:
        machine.__exit__()


@pytest.fixture(scope="module")
def shared(request, tmp_path_factory):
    """
    share(key, fill, **options): one machine for all tests of a module that name the same key in a row. After
    a failure the next test gets a fresh one.
    """
    current = {}
    session = request.session

    def share(key, fill, **options):
        if (current.get("key"), current.get("failed")) != (key, session.testsfailed) or \
                not current["machine"].child.isalive():
            close()
            contents = Bundle(tmp_path_factory.mktemp(str(key)))
            fill(contents)
            current["machine"] = Machine(contents, name=f"{pathlib.Path(request.node.name).stem}-{key}",
                                         **options).__enter__()
            current["key"], current["failed"] = key, session.testsfailed
        Machine.last_log = current["machine"].log_path
        return current["machine"]

    def close():
        if "machine" in current:
            current["machine"].__exit__()
            current.clear()

    yield share
    close()
