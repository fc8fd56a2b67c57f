#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write compile_commands.json for editors and clang tools.

usage: compile-commands.py OUTPUT 'COMPILER FLAGS...' SOURCE...
"""
import json
import os
import sys

output, command, sources = sys.argv[1], sys.argv[2], sys.argv[3:]
rows = [{"directory": os.getcwd(), "file": f, "command": f"{command} -c {f}"} for f in sources]
with open(output, "w") as out:
    json.dump(rows, out, indent=1)
