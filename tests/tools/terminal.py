# SPDX-License-Identifier: MIT
"""A program on a terminal, for the tests: keys go in, a screen comes out.

    program ─ pty ─► bytes ─► Screen: what a VT102 would show"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE = 60  # s, after which what was awaited will not come


class Screen:
    """Characters by place, of a VT102 or an xterm. Attributes are not kept."""

    SEQUENCE = re.compile(rb"\x1b(?:\[([?>]?)([\d;]*)([@-~])|[()][0-9A-B]|"
                          rb"([=>78DEM]))")

    def __init__(self, rows, columns):
        self.resize(rows, columns)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cell = [[" "] * columns for _ in range(rows)]
        self.y = self.x = 0
        self.top, self.bottom = 0, rows - 1
        self.rest, self.last = b"", " "

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.cell)

    def line_feed(self):
        if self.y == self.bottom:
            del self.cell[self.top]
            self.cell.insert(self.bottom, [" "] * self.columns)
        else:
            self.y = min(self.y + 1, self.rows - 1)

    def reverse_feed(self):
        if self.y == self.top:
            del self.cell[self.bottom]
            self.cell.insert(self.top, [" "] * self.columns)
        else:
            self.y = max(self.y - 1, 0)

    def put(self, character):
        if self.x >= self.columns:
            self.x = 0
            self.line_feed()
        self.cell[self.y][self.x] = self.last = character
        self.x += 1

    def control(self, final, numbers):
        n = max(numbers[0], 1)
        row = self.cell[self.y]
        if final == "H":
            self.y = min(n, self.rows) - 1
            column = numbers[1] if len(numbers) > 1 else 1
            self.x = min(max(column, 1), self.columns) - 1
        elif final == "A":
            self.y = max(self.y - n, 0)
        elif final == "B":
            self.y = min(self.y + n, self.rows - 1)
        elif final == "C":
            self.x = min(self.x + n, self.columns - 1)
        elif final == "D":
            self.x = max(self.x - n, 0)
        elif final == "G":
            self.x = min(n, self.columns) - 1
        elif final == "d":
            self.y = min(n, self.rows) - 1
        elif final == "X":
            n = min(n, self.columns - self.x)
            row[self.x:self.x + n] = [" "] * n
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "r":
            self.top = n - 1
            self.bottom = (numbers[1] if len(numbers) > 1 and numbers[1]
                           else self.rows) - 1
            self.y = self.x = 0
        elif final == "K":
            first, last = (self.x, self.columns) if numbers[0] == 0 else \
                (0, self.x + 1 if numbers[0] == 1 else self.columns)
            row[first:last] = [" "] * (min(last, self.columns) - first)
        elif final == "J":
            if numbers[0] == 0:
                row[self.x:] = [" "] * (self.columns - self.x)
            for y in range(0 if numbers[0] == 2 else self.y + 1, self.rows):
                self.cell[y] = [" "] * self.columns
        elif final == "@":
            row[self.x:self.x] = [" "] * n
            del row[self.columns:]
        elif final == "P":
            del row[self.x:self.x + n]
            row += [" "] * (self.columns - len(row))
        elif final == "L":
            for _ in range(n):
                del self.cell[self.bottom]
                self.cell.insert(self.y, [" "] * self.columns)
        elif final == "M":
            for _ in range(n):
                del self.cell[self.y]
                self.cell.insert(self.bottom, [" "] * self.columns)
        elif final not in "mhlnct":
            raise ValueError(f"CSI {numbers} {final}")

    def escape(self, m):
        if m[3] and not m[1]:
            self.control(m[3].decode(), [int(n or 0)
                                         for n in m[2].decode().split(";")])
        elif m[4] == b"M":
            self.reverse_feed()
        elif m[4] in (b"D", b"E"):
            self.line_feed()

    def feed(self, data):
        data, self.rest, i = self.rest + data, b"", 0
        while i < len(data):
            c = data[i:i + 1]
            if c == b"\x1b":
                m = self.SEQUENCE.match(data, i)
                if not m:
                    self.rest = data[i:]
                    return
                self.escape(m)
                i = m.end()
                continue
            if c == b"\r":
                self.x = 0
            elif c == b"\n":
                self.line_feed()
            elif c == b"\b":
                self.x = max(self.x - 1, 0)
            elif c == b"\t":
                self.x = min(self.x // 8 * 8 + 8, self.columns - 1)
            elif c >= b" ":
                self.put(c.decode("ascii", "replace"))
            i += 1


class Terminal:
    """A program that has a terminal of so many rows and columns."""

    def __init__(self, argv, rows=24, columns=80, term="vt102"):
        self.screen = Screen(rows, columns)
        self.raw = b""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TERM": term}
            for name in ("LINES", "COLUMNS"):
                environment.pop(name, None)
            fcntl.ioctl(1, termios.TIOCSWINSZ,
                        struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(argv[0], [str(a) for a in argv], environment)

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        """False: the program has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.raw += data
        self.screen.feed(data)
        return bool(data)

    def wait_for(self, pattern):
        """The screen when it shows that and nothing more comes; or None."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            shown = re.search(pattern, self.screen.text(), re.M)
            before = len(self.raw)
            if not self.read(0.2 if shown else 1):
                break
            if shown and len(self.raw) == before:
                return self.screen.text()
        return None

    def wait(self):
        """The program's status, as a shell has it."""
        end = time.monotonic() + PATIENCE
        while self.read(1):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status
