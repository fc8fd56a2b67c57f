#!/bin/sh
# SPDX-License-Identifier: MIT
# Packs what a boot through U-Boot needs into $O/image; called by boards/<board>/image:
#   uboot-image.sh ARCHITECTURE [FILE...]
# ARCHITECTURE is as mkimage names it; the board's boot.txt becomes boot.scr, its image.txt the README.
set -eu

image=$O/image board=boards/$BOARD architecture=$1
shift
mkdir -p "$image"
cp "$O/verdigris.bin" "$O/bundle.cpio" "$board/boot.txt" "$@" "$image"
cp "$board/image.txt" "$image/README"
SOURCE_DATE_EPOCH=0 mkimage -A "$architecture" -O linux -T script -C none -n Verdigris \
	-d "$image/boot.txt" "$image/boot.scr" >/dev/null
echo "  IMG  $image: $(ls "$image" | tr '\n' ' ')"
