#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what the named groups need and this machine lacks: setup.sh GROUP...
# Debian only; other systems get the list. Says what it is about to do first. Quick and silent when
# nothing is missing.
set -eu

qemu_minimum=8.1
python=${PYTHON:-/usr/bin/python3}

# What is needed: group, how to see that it is there, Debian package.
needs() {
	cat <<-'END'
		build cmd:riscv64-linux-gnu-gcc   gcc-riscv64-linux-gnu
		build cmd:python3                 python3
		build py:kconfiglib               python3-kconfiglib
		build cmd:dtc                     device-tree-compiler
		build cmd:xz                      xz-utils
		run   qemu:qemu-system-riscv64    qemu-system-riscv
		run   file:/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin opensbi
		check cmd:gcc                     gcc
		check file:/usr/include/stdio.h   libc6-dev
		check file:/usr/include/cmocka.h  libcmocka-dev
		check py:pytest                   python3-pytest
		check py:pexpect                  python3-pexpect
		debug cmd:gdb-multiarch           gdb-multiarch
		image cmd:mkimage                 u-boot-tools
		llvm  cmd:clang                   clang
		llvm  cmd:ld.lld                  lld
		llvm  cmd:llvm-objcopy            llvm
		llvm  rt:fuzzer                   libclang-rt-dev
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

# missing GROUP...: the packages to install.
missing() {
	needs | while read -r group test package; do
		case " $* " in
		*" $group "*) there "$test" || echo "$package" ;;
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

# The release's own QEMU, backports not counted; nothing where it has none as a package of that name.
release_qemu() {
	apt-cache madison qemu-system-riscv | grep -v backports | sed -n '1s/^[^|]*| *\([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p'
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

# The words for apt that get a QEMU new enough. Only QEMU itself comes from backports: libraries that
# moved along would keep other packages of the release out.
qemu_packages() {
	if new_enough "$(release_qemu)"; then
		echo qemu-system-riscv opensbi
	else
		printf "%s/$VERSION_CODENAME-backports " qemu-system-riscv qemu-system-common qemu-system-data opensbi
		# An older qemu-system-misc holds the same files and has to move along.
		dpkg-query -W -f '${Package}/'"$VERSION_CODENAME-backports" qemu-system-misc 2>/dev/null || true
	fi
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
*" qemu-system-riscv "*)
	new_enough "$(release_qemu)" || backports "$VERSION_CODENAME"
	packages="$(echo "$packages" | sed 's/qemu-system-riscv //; s/opensbi //') $(qemu_packages)" ;;
esac
# shellcheck disable=SC2086 # a list of words
apt install -y --no-install-recommends $packages

packages=$(missing "$@" | sort -u | tr '\n' ' ')
[ -z "$packages" ] || die "still missing after the installation: $packages"
