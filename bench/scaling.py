# SPDX-License-Identifier: MIT
"""What would hold many cores up: locked operations, and shared locks.

Of steps.c's counts. A lock that each operation holds for a share of its
instructions is busy all the time once there are so many threads as the share
goes into one: more threads then do not make it faster. That number stands in
the table; it is a bound from above, for a lock that moves between caches is
held longer than its instructions say.
"""

import os
import re
import subprocess

ROWS = {
    "steps-64": "2,000 of 64 B in a row",
    "steps-64-random": "... freed in random order",
    "steps-64-remote": "... freed by another thread",
    "steps-1k": "1,000 of 1 KiB in a row",
    "steps-16k": "100 of 16 KiB in a row",
    "steps-64k": "30 of 64 KiB in a row",
    "steps-256k": "8 of 256 KiB in a row",
}


class Lock:
    """A shared lock, in one phase."""

    def __init__(self, words):
        self.taken, self.inside, self.longest, self.calls = \
            map(int, words[:4])
        self.file, self.offset = words[4:]


class Phase:
    """What all mallocs, or all frees, of a row took."""

    def __init__(self, words):
        self.operations, self.instructions, self.locked, self.calls = \
            map(int, words)
        self.locks = []

    def each(self, count):
        return count / self.operations

    def threads(self):
        """How many keep the busiest shared lock busy; None without one."""
        busiest = max((lock.inside for lock in self.locks), default=0)
        return self.instructions / busiest if busiest else None

    def cell(self):
        bound = self.threads()
        return (f"{self.each(self.instructions):.0f} / "
                f"{self.each(self.locked):.2f} / " +
                (f"{bound:.0f}" if bound else "-"))


def parse(text):
    """{"malloc": Phase, "free": Phase} of steps.c's output."""
    phases = {}
    for line in text.splitlines():
        first, *words = line.split()
        if first == "lock":
            phases[words[0]].locks.append(Lock(words[1:]))
        else:
            phases[first] = Phase(words)
    return phases


def place(lock):
    """The function and line that took a lock, by its debug information."""
    done = subprocess.run(
        ["addr2line", "-i", "-f", "-s", "-e", lock.file, lock.offset],
        capture_output=True, text=True, check=False)
    lines = done.stdout.split("\n")
    for name, where in zip(lines[::2], lines[1::2]):
        if not name.startswith("spin_") and name != "??":
            return f"{name}, {where.split(' ')[0]}"
    return f"{os.path.basename(lock.file)} + {lock.offset}"


def lock_rows(name, phases):
    """A table's rows about the locks that a row takes."""
    for phase, counts in phases.items():
        for lock in counts.locks:
            yield [f"{phase}, {ROWS[name]}", place(lock),
                   f"{counts.each(lock.taken):.3f}",
                   f"{lock.inside / lock.taken:.0f}", str(lock.longest),
                   f"{counts.each(lock.calls):.3f}"]


CELL = "a block: instructions / locked / threads"
EXPLAINED = ("Instructions and locked operations for each block, and how many "
             "threads that do nothing else keep the busiest shared lock busy "
             "(a dash: no lock is shared).")
LOCKS_HEAD = ["shared locks", "first taken in", "an operation",
              "instructions held", "longest", "system calls"]


def table_rows(results):
    """Cells of {row: {allocator: phases or None}}."""
    for name, row in results.items():
        for phase in ("malloc", "free"):
            yield [f"{phase}, {ROWS[name]}"] + [
                re.sub(r"\b0\.", ".", p[phase].cell()) if p else "failed"
                for p in row.values()]
