#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the tables of commands in docs/shell.md from the SHELL_CMD rows in the sources.

usage: gen-shell-docs.py [--check]

With --check nothing is written; status 1 says that the page is not current.
"""
import pathlib
import re
import sys

PAGE = pathlib.Path("docs/shell.md")
BEGIN, END = "<!-- commands: begin -->\n", "<!-- commands: end -->\n"
STRING = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(rf"^SHELL_CMD\(\s*{STRING},\s*{STRING},\s*{STRING},\s*{STRING},\s*\w+\s*\);", re.M)


def rows():
    found = []
    for folder in ("core", "arch", "drivers", "emulators"):
        for source in sorted(pathlib.Path(folder).rglob("*.c")):
            text = source.read_text()
            matches = ROW.findall(text)
            if len(matches) != len(re.findall(r"^SHELL_CMD\(", text, re.M)):
                sys.exit(f"{source}: a SHELL_CMD row has another form than noun, verb, usage, help, function")
            found += matches
    return sorted(found)


def table(commands):
    lines, last = [], None
    for noun, verb, usage, text in commands:
        if noun != last:
            lines += ["", f"### {noun}", "", "| command | what it does |", "| --- | --- |"]
        last = noun
        command = " ".join(word for word in (noun, verb, usage) if word).replace("|", "\\|")
        lines.append(f"| `{command}` | {text} |")
    return "\n".join(lines[1:]) + "\n"


def main():
    old = PAGE.read_text()
    if BEGIN not in old or END not in old:
        sys.exit(f"{PAGE}: the lines {BEGIN.strip()} and {END.strip()} are missing; the tables go between them")
    head, rest = old.split(BEGIN)
    new = head + BEGIN + table(rows()) + END + rest.split(END)[1]
    if sys.argv[1:] == ["--check"]:
        if new != old:
            sys.exit(f"{PAGE} is not current: run `make docs`")
    elif len(sys.argv) > 1:
        sys.exit(__doc__)
    elif new != old:
        PAGE.write_text(new)


main()
