# SPDX-License-Identifier: MIT
"""For the tests of the command: checks, targets, and calls of it."""

import atexit
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("ASHLAR_BUILD", f"{ROOT}/build")
HERE = f"{ROOT}/tests/tools"
TMP = tempfile.mkdtemp(prefix="ashlar-tools.", dir=os.environ.get("TMPDIR"))
os.chmod(TMP, 0o755)
VIEWS = ["buddyinfo", "meminfo", "pagetypeinfo", "slabinfo", "vmstat",
         "zoneinfo"]

failed = 0
targets = []


def check(name, right, reason="", detail=""):
    global failed
    if right:
        print(f"ok {name}", flush=True)
    else:
        failed += 1
        print(f"not ok {name} - {reason or 'it is not so'}")
        for line in str(detail).splitlines()[:40]:
            print("  |", line)
        sys.stdout.flush()


def below(pid):
    """The processes that @pid started, and those that they did."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = [int(child) for child in f.read().split()]
    except OSError:
        return []
    return children + [p for child in children for p in below(child)]


@atexit.register
def clean_up():
    for t in targets:
        if t.poll() is None:
            for pid in below(t.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            t.kill()
            t.wait()
        t.stdout.close()
    subprocess.run(["rm", "-rf", TMP], check=True)


def finish():
    sys.exit(failed > 0)


def course_image():
    """Make the machine's image for lessons, if it is not there."""
    subprocess.run(["flock", f"{BUILD}/ashlar", "make", "-s", "-C", ROOT,
                    f"B={BUILD}", f"{BUILD}/course.cpio"], check=True)


def ashlar(*args, user=None, timeout=300, command=f"{BUILD}/ashlar"):
    """Run the command; its status, stdout and stderr."""
    prefix = []
    if user is not None:
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}",
                  "--clear-groups"]
    r = subprocess.run([*prefix, command, *map(str, args)],
                       capture_output=True, text=True, errors="replace",
                       timeout=timeout,
                       check=False)
    return r


def sentence(r, status, pattern):
    """Did it fail with @status and one line that matches?"""
    return (r.returncode == status and r.stdout == "" and
            r.stderr.count("\n") == 1 and r.stderr.startswith("ashlar: ") and
            re.search(pattern, r.stderr))


def compile(name, *flags, out=None, include_core=True):
    out = f"{TMP}/{out or name}"
    core = ["-I", ROOT, "-I", f"{ROOT}/port/user"] if include_core else []
    subprocess.run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O1", *core,
                    "-I", f"{ROOT}/include", f"{HERE}/{name}.c", "-o", out,
                    "-pthread", *flags], check=True)
    return out


def command_for_all():
    """A copy of the command and its library that any user may read."""
    for name in ("libashlar-malloc.so.0", "ashlar"):
        copy = shutil.copy(f"{BUILD}/{name}", TMP)
        os.chmod(copy, 0o755)
    return copy


def start(*argv, ready=True, **kwargs):
    """A target; killed at the end. Its first line says that it is ready."""
    t = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True, bufsize=1,
                         **kwargs)
    targets.append(t)
    if ready:
        if not select.select([t.stdout], [], [], 300)[0]:
            raise SystemExit(f"not ok {argv} - did not become ready")
        assert t.stdout.readline() == "ready\n", argv
    return t


def run_on_ashlar(*argv, **kwargs):
    return start(f"{BUILD}/ashlar", "run", *argv, **kwargs)


def slab_rows(text):
    """Name -> the numbers of its line."""
    rows = {}
    for line in text.splitlines()[2:]:
        fields = line.replace(":", " ").split()
        rows[fields[0]] = [int(f) for f in fields[1:] if f.isdigit()]
    return rows


def named_numbers(text):
    """Of vmstat and meminfo."""
    return {m[0]: int(m[1]) for m in
            re.findall(r"^(\w+):?\s+(\d+)(?: kB)?$", text, re.M)}
