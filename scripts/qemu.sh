#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts a board's emulator in the terminal; called by boards/<board>/run:
#   qemu.sh GOAL GDB-ARCHITECTURE COMMAND...
# GOAL is run, or debug, which waits for gdb at port $GDB_PORT. $QEMU_ARGS is added to the command.
set -eu

goal=$1 gdb_architecture=$2
shift 2

echo "Ctrl-] leaves a guest's console. To get out altogether: \`poweroff\` at the vg> prompt, or Ctrl-A X."
if [ "$goal" = debug ]; then
	port=${GDB_PORT:-1234}
	set -- "$@" -S -gdb "tcp:127.0.0.1:$port"
	cat >"$O/gdbinit" <<-END
		file $O/verdigris.elf
		set architecture $gdb_architecture
		source scripts/gdb.py
		target remote 127.0.0.1:$port
	END
	echo "QEMU waits. In another terminal, in this folder: gdb-multiarch -x $O/gdbinit"
fi
# shellcheck disable=SC2086 # QEMU_ARGS holds words
exec "$@" ${QEMU_ARGS:-}
