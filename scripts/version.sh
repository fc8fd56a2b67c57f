#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes version.h, only where the version changed. usage: version.sh FILE
set -eu

release=0.1.0
cd "$(dirname "$0")/.."
commit=
if [ -e .git ]; then
	commit=$(git describe --always --dirty --abbrev=12 --match 'v[0-9]*' 2>/dev/null || true)
fi
case $commit in
v*) version=${commit#v} ;;
'') version=$release ;;
*)  version=$release-g$commit ;;
esac

text="#define VERDIGRIS_VERSION \"$version\""
mkdir -p "$(dirname "$1")"
[ "$(cat "$1" 2>/dev/null || true)" = "$text" ] || echo "$text" >"$1"
