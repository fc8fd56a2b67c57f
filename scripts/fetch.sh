#!/bin/sh
# SPDX-License-Identifier: MIT
# Gets what is not ours from Debian packages, once, into a cache that survives `make clean`:
#   fetch.sh libfdt FOLDER    libfdt's sources (LIBFDT_SRC=folder copies those instead)
#   fetch.sh linux-<arch> FILE     an unmodified kernel; <arch> is riscv64, arm64 or amd64
#   fetch.sh busybox-<arch> FILE   a static BusyBox
#   fetch.sh uboot-<arch> FILE     U-Boot for QEMU's riscv64 S-mode or for its arm64 `virt`
#   fetch.sh uefi-arm64 FILE       EDK2 for QEMU's arm64 `virt`
#   fetch.sh dtb-<board> FILE      a board's own device tree as the kernel package has it: dtb-rpi4, dtb-zcu102
# The packages come from the mirror that this machine's own apt uses, through a private apt
# configuration: the machine's own package lists and packages stay as they are.
set -eu

cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/verdigris}
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
libfdt_package=device-tree-compiler libfdt_version=1.7.2
libfdt_sha256=92d8ca769805ae1f176204230438fe52808f4e1c7944053c9eec0e649b237539

die() { echo "$0: $*" >&2; exit 1; }

# The archive that the machine's apt lists name for Debian's main suite. Lists that were never
# fetched name nothing: read the sources through a private state then.
mirror() {
	format='$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)'
	uri=$(apt-get indextargets --format "$format" 2>/dev/null | sed -n 's/^Debian Debian main //p' | head -n 1)
	if [ -z "$uri" ]; then
		new_state "$cache/apt/machine"
		APT_CONFIG=$cache/apt/machine/apt.conf apt-get update -qq >&2 || true
		uri=$(APT_CONFIG=$cache/apt/machine/apt.conf apt-get indextargets --format "$format" |
			sed -n 's/^Debian Debian main //p' | head -n 1)
	fi
	[ -n "$uri" ] || die "apt names no mirror of Debian's main archive: check /etc/apt/sources.list"
	echo "$uri"
}

# new_state FOLDER: an apt configuration whose lists and downloads are in FOLDER.
new_state() {
	mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
	: >"$1/status"
	cat >"$1/apt.conf" <<-END
		Dir::State "$1/state";
		Dir::State::status "$1/status";
		Dir::Cache "$1/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	END
}

# private_apt KIND ARCHITECTURE: from here on apt sees $suite alone, as KIND (deb or deb-src).
private_apt() {
	command -v apt-get >/dev/null || die "no apt-get here: put the file into $cache by hand, or use Debian"
	root=$cache/apt/$suite-$1-$2
	new_state "$root"
	echo "$1 [signed-by=$keyring] $(mirror) $suite main" >"$root/sources.list"
	cat >>"$root/apt.conf" <<-END
		Dir::Etc::sourcelist "$root/sources.list";
		Dir::Etc::sourceparts "-";
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
	END
	export APT_CONFIG="$root/apt.conf"
	apt-get update -qq || die "no package lists of Debian $suite from $(cut -d' ' -f3 "$root/sources.list")"
}

# What there is: its name, the package and its architecture, the one file of the package that it is.
items() {
	cat <<-'END'
		linux-riscv64   linux-image-riscv64 riscv64 boot/vmlinu[xz]-*
		linux-arm64     linux-image-arm64   arm64   boot/vmlinu[xz]-*
		linux-amd64     linux-image-amd64   amd64   boot/vmlinu[xz]-*
		dtb-rpi4        linux-image-arm64   arm64   usr/lib/linux-image-*/broadcom/bcm2711-rpi-4-b.dtb
		dtb-zcu102      linux-image-arm64   arm64   usr/lib/linux-image-*/xilinx/zynqmp-zcu102-rev1.0.dtb
		busybox-riscv64 busybox-static      riscv64 usr/bin/busybox
		busybox-arm64   busybox-static      arm64   usr/bin/busybox
		busybox-amd64   busybox-static      amd64   usr/bin/busybox
		uboot-riscv64   u-boot-qemu         riscv64 usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin
		uboot-arm64     u-boot-qemu         arm64   usr/lib/u-boot/qemu_arm64/u-boot.bin
		uefi-arm64      qemu-efi-aarch64    arm64   usr/share/qemu-efi-aarch64/QEMU_EFI.fd
	END
}

# from_package PACKAGE ARCHITECTURE: all items of that package go to the cache, which spares a second
# download. A package that only depends on the real kernel is followed once.
from_package() {
	private_apt deb "$2"
	real=$(apt-cache depends --important "$1" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
	package=${real:-$1}
	work=$(mktemp -d "$cache/unpack.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	(cd "$work" && apt-get download -qq "$package" && dpkg-deb -x ./*.deb tree)
	origin=$(cd "$work" && echo "$package $(dpkg-deb -f ./*.deb Version) sha256 $(sha256sum ./*.deb | cut -d' ' -f1)")
	items | while read -r name from arch pattern; do
		[ "$from $arch" = "$1 $2" ] || continue
		member=$(find "$work/tree" -type f -path "$work/tree/$pattern")
		[ -f "$member" ] || die "$package: there is no single file $pattern inside"
		echo "$origin" >"$cache/$name.origin"
		mv "$member" "$cache/$name"
	done
}

# cached NAME FILE: FILE := the item of that name.
cached() {
	row=$(items | sed -n "s/^$1  *//p")
	[ -n "$row" ] || die "nothing is known about '$1'; there are: libfdt $(items | cut -d' ' -f1 | tr '\n' ' ')"
	if [ ! -f "$cache/$1" ]; then
		# shellcheck disable=SC2086 # package, architecture, pattern
		set -f -- "$1" "$2" $row
		set +f
		echo "  GET  $1 (from the Debian package $3)"
		from_package "$3" "$4"
	fi
	[ "$cache/$1" = "$2" ] || cp "$cache/$1" "$2"
}

libfdt() {
	if [ -n "${LIBFDT_SRC:-}" ]; then
		[ -f "$LIBFDT_SRC/libfdt.h" ] || die "LIBFDT_SRC=$LIBFDT_SRC: no libfdt.h there"
		cp "$LIBFDT_SRC"/*.[ch] "$1"
		return
	fi
	tar=$cache/${libfdt_package}_$libfdt_version.orig.tar.xz
	if ! echo "$libfdt_sha256  $tar" | sha256sum -c --status 2>/dev/null; then
		echo "  GET  libfdt $libfdt_version (from the Debian source package $libfdt_package)"
		private_apt deb-src amd64
		rm -f "$tar"
		(cd "$cache" && apt-get source -qq --tar-only --download-only "$libfdt_package" >/dev/null)
		echo "$libfdt_sha256  $tar" | sha256sum -c --status || die \
			"$tar is not version $libfdt_version as pinned here; LIBFDT_SRC=folder uses your own copy"
	fi
	tar -xJf "$tar" -C "$1" --strip-components=2 --wildcards '*/libfdt/*.[ch]'
}

[ $# -eq 2 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9 # another build may be fetching the same

case $1 in
libfdt) libfdt "$2" ;;
*)      cached "$1" "$2" ;;
esac
