# SPDX-License-Identifier: MIT
"""Small programs that are wrong, and what is to be said of them.

NAME.c does one thing wrong, in a line that ends with "/* wrong: KIND */", which
has to be the place of a report of that kind. A line with "/* again: KIND */" is
the place of one that follows from the first; "/* cause: WORDS */" is for readers."""

import json
import os
import re
import subprocess

from common import ROOT, TMP

PITFALLS = f"{ROOT}/examples/pitfalls"
MARK = re.compile(r" */\* (wrong|again|cause): ([^*]+) \*/")


def build(path, *flags, out=None):
    name = os.path.basename(path)
    out = out or f"{TMP}/{name}.out"
    compiler = ["g++", "-std=gnu++17"] if name.endswith(".cc") else ["gcc"]
    subprocess.run([*compiler, "-g", "-O0", "-w", "-pthread", "-o", out, path,
                    *flags], check=True)
    return out


def marks(path, word="wrong"):
    """(kind, line) of each report, in the order of the lines."""
    with open(path, encoding="utf-8") as f:
        return [(kind, number) for number, line in enumerate(f, 1)
                for mark in MARK.finditer(line) if mark[1] == word
                for kind in mark[2].split(", ")]


def reports(r):
    return [json.loads(line) for line in r.stderr.splitlines()
            if line.startswith("{")]


def places(r, name):
    """(kind, line in the file @name) of each report."""
    def line(frame):
        at = os.path.basename(frame.get("file", ""))
        return frame.get("line") if at == name else None

    found = []
    for o in reports(r):
        if o["kind"] == "memory-leak":
            found += [(o["kind"], next(filter(None, map(
                line, leak["allocated"])), None)) for leak in o["leaks"]]
        elif o["kind"] != "made to fail":
            found.append((o["kind"], line(o["place"])))
    return found
