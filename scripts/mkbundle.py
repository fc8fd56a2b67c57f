#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pack a bundle: the newc cpio archive with the guests' trees and images.

usage: mkbundle.py OUTPUT (LIST | NAME=SOURCE)...

A list holds one `NAME = SOURCE` a line; `#` starts a comment. SOURCE is one of
    folder/guest.dts   a guest's tree: compiled, so NAME ends in .dtb
    @linux-<arch> @busybox-<arch> @uboot-<arch> @uefi-arm64   what scripts/fetch.sh gets from Debian packages
    @initramfs-<arch>  a root file system for Linux made of that BusyBox
    any other path     that file as it is; $O in it is the build folder
The same sources give the same bytes. OUTPUT.d gets the rule that names them, for make.
"""
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
TREES = TOP / "configs/guests"

INITTAB = b"""\
::sysinit:/etc/rc
::respawn:/bin/cttyhack /bin/sh -l
::shutdown:/bin/umount -a -r
"""
RC = b"""\
#!/bin/busybox sh
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
tr -d '\\0' < /proc/device-tree/model > /proc/sys/kernel/hostname 2>/dev/null
echo
echo "$(hostname): Linux $(uname -r) with $(nproc) CPUs is up; \\`poweroff\\` switches this guest off"
"""


class Newc:
    """A newc cpio archive: members as they are added, numbered from 1, dated 1970, owned by root."""

    def __init__(self):
        self.parts, self.count = [], 0

    def add(self, name, data=b"", mode=stat.S_IFREG | 0o644, device=(0, 0)):
        self.count += name != "TRAILER!!!"
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def bytes(self):
        self.add("TRAILER!!!", mode=0)
        text = b"".join(self.parts)
        return text + bytes(-len(text) % 512)


def fetch(item):
    """The bytes of something that comes from a Debian package."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / item
        if subprocess.run([TOP / "scripts/fetch.sh", item, path]).returncode:
            sys.exit(f"mkbundle: could not get {item}; the message above tells why")
        return path.read_bytes()


def initramfs(arch):
    """BusyBox as init and shell of a small Linux system; no device node needs root this way."""
    cpio = Newc()
    for folder in "bin dev etc proc root sbin sys tmp usr usr/bin usr/sbin".split():
        cpio.add(folder, mode=stat.S_IFDIR | 0o755)
    cpio.add("dev/console", mode=stat.S_IFCHR | 0o600, device=(5, 1))
    cpio.add("dev/null", mode=stat.S_IFCHR | 0o666, device=(1, 3))
    cpio.add("bin/busybox", fetch(f"busybox-{arch}"), stat.S_IFREG | 0o755)
    cpio.add("init", b"bin/busybox", stat.S_IFLNK | 0o777)
    cpio.add("etc/inittab", INITTAB)
    cpio.add("etc/rc", RC, stat.S_IFREG | 0o755)
    return cpio.bytes()


def tree(path):
    """A guest's tree, compiled."""
    if not shutil.which("dtc"):
        sys.exit("mkbundle: dtc not found: run `make setup`")
    dtc = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", TREES, path], stdout=subprocess.PIPE)
    if dtc.returncode:
        sys.exit(f"mkbundle: {path} is not a device tree that dtc understands")
    return dtc.stdout


def content(source):
    if source.startswith("@initramfs-"):
        return initramfs(source.split("-")[1])
    if source.startswith("@"):
        return fetch(source[1:])
    if source.endswith(".dts"):
        return tree(source)
    try:
        return pathlib.Path(source).read_bytes()
    except OSError as error:
        sys.exit(f"mkbundle: {source}: {error.strerror}")


def rows(arguments):
    """Yield (name, source) of every argument, in order."""
    for argument in arguments:
        lines = [argument] if "=" in argument else pathlib.Path(argument).read_text().split("\n")
        for number, line in enumerate(lines, 1):
            line = line.split("#")[0].strip()
            name, equals, source = (part.strip() for part in line.partition("="))
            if equals and name and source:
                yield name, source.replace("$O", os.environ.get("O", "."))
            elif line:
                sys.exit(f"mkbundle: {argument}:{number}: `{line}` is not `NAME = SOURCE`")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    output, cpio = pathlib.Path(sys.argv[1]), Newc()
    members = list(rows(sys.argv[2:]))
    for name, source in members:
        cpio.add(name, content(source))
    output.write_bytes(cpio.bytes())
    files = [source for _, source in members if not source.startswith("@")]
    pathlib.Path(f"{output}.d").write_text(f"{output}: {' '.join(files)}\n" + "".join(f"{f}:\n" for f in files))


if __name__ == "__main__":
    main()
