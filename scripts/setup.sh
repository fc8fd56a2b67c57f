#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the named groups need and this machine lacks: setup.sh WORD...
# A word is a group (build, run, check, debug, image, llvm) or an architecture (arm64, riscv) for which the
# groups are meant. Debian only; other systems get the list. Says what it is about to do first. Quick and
# silent when nothing is missing.
set -eu

qemu_minimum=9.0 # the first with a Raspberry Pi 4
python=${PYTHON:-/usr/bin/python3}

# What is needed: group, architecture (- is any), how to see that it is there, Debian package.
needs() {
	cat <<-'END'
		build -     cmd:python3                 python3
		build -     py:kconfiglib               python3-kconfiglib
		build -     cmd:dtc                     device-tree-compiler
		build -     cmd:xz                      xz-utils
		build arm64 cmd:aarch64-linux-gnu-gcc   gcc-aarch64-linux-gnu
		build riscv cmd:riscv64-linux-gnu-gcc   gcc-riscv64-linux-gnu
		run   arm64 qemu:qemu-system-aarch64    qemu-system-arm
		run   riscv qemu:qemu-system-riscv64    qemu-system-riscv
		run   riscv file:/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin opensbi
		check -     cmd:gcc                     gcc
		check -     file:/usr/include/stdio.h   libc6-dev
		check -     file:/usr/include/cmocka.h  libcmocka-dev
		check -     py:pytest                   python3-pytest
		check -     py:pexpect                  python3-pexpect
		debug -     cmd:gdb-multiarch           gdb-multiarch
		image -     cmd:mkimage                 u-boot-tools
		llvm  -     cmd:clang                   clang
		llvm  -     cmd:ld.lld                  lld
		llvm  -     cmd:llvm-objcopy            llvm
		llvm  -     rt:fuzzer                   libclang-rt-dev
	END
}

die() { echo "setup: $*" >&2; exit 1; }

there() {
	case $1 in
	cmd:*)  command -v "${1#cmd:}" >/dev/null ;;
	file:*) [ -e "${1#file:}" ] ;;
	py:*)   [ -e "/usr/lib/python3/dist-packages/${1#py:}" ] ||
			[ -e "/usr/lib/python3/dist-packages/${1#py:}.py" ] ||
			"$python" -c "import ${1#py:}" 2>/dev/null ;;
	qemu:*) command -v "${1#qemu:}" >/dev/null &&
			new_enough "$("${1#qemu:}" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')" ;;
	rt:*)   command -v clang >/dev/null && ls "$(clang -print-resource-dir)"/lib/*/*"${1#rt:}"*.a >/dev/null 2>&1 ;;
	esac
}

# new_enough VERSION: whether that QEMU will do.
new_enough() {
	[ "$(printf '%s\n' "$qemu_minimum" "$1" | sort -V | head -n 1)" = "$qemu_minimum" ]
}

# missing WORD...: the packages to install.
missing() {
	needs | while read -r group arch test package; do
		case " $* - " in
		*" $group "*) ;;
		*)            continue ;;
		esac
		case " $* - " in
		*" $arch "*) there "$test" || echo "$package" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@" </dev/null
	else
		command -v sudo >/dev/null || die "not root and no sudo here. As root, run: $*"
		sudo "$@" </dev/null
	fi
}

apt() {
	echo "setup: apt-get $*"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"
}

# The release's own QEMU, backports not counted.
release_qemu() {
	apt-cache madison qemu-system-common | grep -v backports |
		sed -n '1s/^[^|]*| *\([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
}

# Where the release's QEMU is too old, make its backports known, from the mirror that apt uses already.
backports() {
	suite=$1-backports
	if ! apt-get indextargets --format '$(CODENAME)' | grep -qx "$suite"; then
		uri=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)' |
			sed -n 's/^Debian Debian main //p' | head -n 1)
		[ -n "$uri" ] || die "apt names no mirror of Debian's main archive: check /etc/apt/sources.list"
		list=/etc/apt/sources.list.d/$suite.list
		echo "setup: QEMU of $1 is older than $qemu_minimum: adding $suite from the same mirror in $list"
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" |
			as_root_write "$list"
		apt update
	fi
}

as_root_write() {
	if [ "$(id -u)" -eq 0 ]; then cat >"$1"; else sudo tee "$1" >/dev/null; fi
}

# from_backports PACKAGE...: the words for apt when QEMU is among the packages and the release's is too old. Only
# QEMU itself comes from backports: libraries that moved along would keep other packages of the release out.
from_backports() {
	suite=$VERSION_CODENAME-backports
	for package; do
		case $package in
		qemu-system-* | opensbi) echo "$package/$suite" ;;
		*)                       echo "$package" ;;
		esac
	done
	# All of QEMU has one version: what is here already moves along, and with -misc a part that it held before.
	dpkg-query -W -f "\${db:Status-Abbrev} \${Package}/$suite\n" 'qemu-system-*' 2>/dev/null |
		sed -n 's/^ii  *//p' | sed 's/^\(qemu-system-\)misc\(.*\)/&\n\1s390x\2/' || true
	echo "qemu-system-common/$suite qemu-system-data/$suite"
}

packages=$(missing "$@" | sort -u | tr '\n' ' ')
[ -n "$packages" ] || exit 0

ID=unknown VERSION_CODENAME=
[ ! -r /etc/os-release ] || . /etc/os-release
if [ "$ID" != debian ]; then
	echo "setup: this is not Debian. Please install what these Debian packages hold:" >&2
	printf '  %s\n' $packages >&2
	echo "(QEMU has to be $qemu_minimum or newer; \`make run\` goes on when everything is there)" >&2
	exit 1
fi

echo "setup: missing here: $packages"
echo "setup: they are installed now with apt-get$([ "$(id -u)" -eq 0 ] || echo ", through sudo")."
apt update
case " $packages" in
*" qemu-system-"* | *" opensbi "*)
	if ! new_enough "$(release_qemu)"; then
		backports "$VERSION_CODENAME"
		# shellcheck disable=SC2086 # a list of words
		packages=$(from_backports $packages | tr ' ' '\n' | sort -u | tr '\n' ' ')
	fi ;;
esac
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $packages

packages=$(missing "$@" | sort -u | tr '\n' ' ')
[ -z "$packages" ] || die "still missing after the installation: $packages"
