# SPDX-License-Identifier: MIT
"""What a run costs: time and memory as the kernel counts them, and
instructions as callgrind does."""

import hashlib
import os
import re
import signal
import subprocess
import tempfile

LIMIT_S = 120
COUNT_LIMIT_S = 600


class Run:
    """What one run of a program cost."""

    def __init__(self, line, output, errors):
        (status, user, system, peak, faults, switches,
         wall) = map(int, line.split())
        self.status = status
        self.cpu = (user + system) / 1e6
        self.peak = peak / 1024
        self.faults = faults
        self.switches = switches
        self.wall = wall / 1e6
        self.output = hashlib.sha256(output).hexdigest()
        self.text = output.decode(errors="replace")
        self.errors = errors.decode(errors="replace")


def clean_environment():
    """The environment, less what would tune one allocator or the output."""
    drop = ("LD_PRELOAD", "MALLOC_", "MIMALLOC_", "TCMALLOC_", "TBB_MALLOC_",
            "ASHLAR_", "GLIBC_TUNABLES", "PYTHON")
    keep = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
    return {**keep, "LC_ALL": "C"}


class Started:
    """A command that runs on a library, under measure.c."""

    def __init__(self, bench, library, command, environment=None,
                 folder=None):
        self.read, write = os.pipe()

        def place_descriptor():
            os.dup2(write, 3)

        self.child = subprocess.Popen(
            [os.path.join(bench, "measure"), library or ""] + command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, preexec_fn=place_descriptor,
            pass_fds=(3,), start_new_session=True, cwd=folder,
            env={**clean_environment(), **(environment or {})})
        os.close(write)

    def stop(self, number):
        """Send a signal to the command."""
        pid = self.child.pid
        with open(f"/proc/{pid}/task/{pid}/children",
                  encoding="ascii") as children:
            for child in children.read().split():
                os.kill(int(child), number)

    def end(self):
        """The Run, when it is over; None when it exceeds the time limit."""
        try:
            output, errors = self.child.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.communicate()
            os.close(self.read)
            return None
        with os.fdopen(self.read) as pipe:
            line = pipe.read()
        return Run(line, output, errors) if line else None


def measure(bench, library, command, environment=None, folder=None):
    """Run a command on a library; None when it exceeds the time limit."""
    return Started(bench, library, command, environment, folder).end()


def fault(run, expected=None):
    """What is wrong with a run, or None."""
    if run is None:
        return f"no end within {LIMIT_S} s"
    if run.status:
        last = run.errors.strip().splitlines()[-1:] or [""]
        return f"exit status {run.status}: {last[0][:120]}"
    if expected and run.output != expected:
        return "the output differs from glibc's"
    return None


def instructions(library, command, but_not_in=None, environment=None):
    """All instructions of a run, less those in one program file itself."""
    with tempfile.NamedTemporaryFile(prefix="callgrind.") as out:
        done = subprocess.run(
            ["valgrind", "--tool=callgrind",
             f"--callgrind-out-file={out.name}"] + command,
            env={**clean_environment(), **(environment or {}),
                 "LD_PRELOAD": library or ""},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=COUNT_LIMIT_S, check=False)
        with open(out.name, encoding="utf-8") as file:
            lines = file.read().splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"{' '.join(command)} under callgrind: "
                           f"{done.stdout.decode(errors='replace')[-300:]}")
    return sum_costs(lines, but_not_in)


def sum_costs(lines, but_not_in):
    """Add up a callgrind profile.

    "ob=(2) /lib/libc.so.6" begins the costs of an object file, later called
    "ob=(2)"; "+3 7" are 7 instructions on a line; the line after "calls="
    repeats what is counted at the callee.
    """
    names, current, total, skip = {}, "", 0, False
    for line in lines:
        opened = re.match(r"(c?ob)=\((\d+)\)(?: (.*))?", line)
        if opened:
            which, number, name = opened.groups()
            if name:
                names[number] = name
            if which == "ob":
                current = names[number]
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+*\-0-9]", line):
            if not skip and current != but_not_in:
                total += int(line.split()[1])
            skip = False
    return total


def per_operation(library, micro, name):
    """Instructions in the allocator for one operation of bench/micro.c."""
    few, many = 20000, 120000
    counts = [instructions(library, [micro, name, str(times)], micro)
              for times in (few, many)]
    return (counts[1] - counts[0]) / (many - few)
