#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn Kconfig and a board's defconfig into the files that the build reads.

usage: kconfig.py defconfig OUT FILE      FILE -> OUT/.config
       kconfig.py sync OUT                OUT/.config -> OUT/config.mk, OUT/include/config.h
       kconfig.py menuconfig OUT FILE     change OUT/.config in a menu
       kconfig.py savedefconfig OUT FILE  OUT/.config -> FILE, without what is default anyway

config.h defines every option: switches are 1 or 0, so `if (CONFIG_X)` and `#if CONFIG_X` work alike.
config.mk holds the same for make, and the lists options_on and options_off of switches in lower case.
"""
import os
import pathlib
import sys

try:
    import kconfiglib
except ImportError:
    sys.exit("the Python module kconfiglib was not found: run `make setup`")

BOOLS = (kconfiglib.BOOL, kconfiglib.TRISTATE)


def load(config, strict=False):
    """Read Kconfig and a configuration. An old .config may name options that are gone, a defconfig not."""
    kconf = kconfiglib.Kconfig("Kconfig", suppress_traceback=True)
    kconf.warn_assign_undef = strict
    kconf.load_config(str(config))
    if strict and kconf.warnings:
        sys.exit("\n".join(kconf.warnings))
    return kconf


def values(kconf):
    """Yield (name, value, type) of every option that has a meaning now, sorted by name."""
    for sym in sorted(kconf.unique_defined_syms, key=lambda s: s.name):
        if sym.orig_type in BOOLS:
            yield sym.name, "1" if sym.str_value == "y" else "0", sym.orig_type
        elif sym.str_value:
            yield sym.name, sym.str_value, sym.orig_type


def header(kconf):
    lines = ["/* Generated from .config by scripts/kconfig.py. */"]
    for name, value, kind in values(kconf):
        text = f'"{kconfiglib.escape(value)}"' if kind == kconfiglib.STRING else value
        lines.append(f"#define CONFIG_{name} {text}")
    rows = [f'X("{name}", "{kconfiglib.escape(value)}")' for name, value, _ in values(kconf)]
    lines.append("/* X(name, value), both as text, of every option. */")
    lines.append("#define CONFIG_EACH(X) \\\n\t" + " \\\n\t".join(rows))
    return "\n".join(lines) + "\n"


def make(kconf):
    lines, on, off = ["# Generated from .config by scripts/kconfig.py."], [], []
    for name, value, kind in values(kconf):
        if kind in BOOLS:
            (on if value == "1" else off).append(name.lower())
        lines.append(f"CONFIG_{name} := {value}")
    lines += ["options_on := " + " ".join(on), "options_off := " + " ".join(off), "ARCH := $(CONFIG_ARCH)"]
    return "\n".join(lines) + "\n"


def write(path, text, always=False):
    """Write a file; keep the old one, and its time, where it says the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if always or not path.exists() or path.read_text() != text:
        path.write_text(text)


def menuconfig(config):
    import menuconfig as menu
    os.environ["KCONFIG_CONFIG"] = str(config)
    menu.menuconfig(kconfiglib.Kconfig("Kconfig"))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    goal, out = sys.argv[1], pathlib.Path(sys.argv[2])
    config = out / ".config"
    if goal == "defconfig":
        if not pathlib.Path(sys.argv[3]).exists():
            boards = sorted(p.name[:-len("_defconfig")] for p in pathlib.Path("configs").glob("*_defconfig"))
            sys.exit(f"{sys.argv[3]} does not exist: BOARD can be {', '.join(boards)}")
        out.mkdir(parents=True, exist_ok=True)
        load(sys.argv[3], strict=True).write_config(str(config))
    elif goal == "sync":
        kconf = load(config)
        write(out / "include/config.h", header(kconf))
        write(out / "config.mk", make(kconf), always=True)
    elif goal == "menuconfig":
        menuconfig(config)
    elif goal == "savedefconfig":
        load(config).write_min_config(sys.argv[3])
    else:
        sys.exit(__doc__)


main()
