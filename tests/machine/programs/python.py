# SPDX-License-Identifier: MIT
"""Debian's Python, at work: threads, processes, memory in common, files."""
import ctypes
import gc
import hashlib
import json
import mmap
import multiprocessing
import os
import random
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from multiprocessing import shared_memory

failed = 0


def check(name, good, why=""):
    global failed
    print(f"ok {name}" if good else f"not ok {name} - {why}", flush=True)
    failed |= not good


def threads():
    total, lock, queue = [0], threading.Lock(), []

    def work(n):
        for i in range(2000):
            with lock:
                total[0] += i * n
        queue.append(n)

    group = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join(60)
    check("threads", total[0] == 1999000 * 28 and len(queue) == 8, total)
    done = threading.Event()
    start = time.monotonic()
    threading.Timer(0.3, done.set).start()
    check("timer", done.wait(10) and 0.25 < time.monotonic() - start < 8)
    condition, items = threading.Condition(), []

    def producer():
        for i in range(500):
            with condition:
                items.append(i)
                condition.notify()

    thread = threading.Thread(target=producer)
    thread.start()
    got = 0
    while got < 500:
        with condition:
            condition.wait_for(lambda: items, 10)
            got += len(items)
            items.clear()
    thread.join()
    check("condition", got == 500)


def subprocesses():
    out = subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"],
                         capture_output=True, text=True)
    check("subprocess", (out.stdout, out.stderr, out.returncode) ==
          ("out\n", "err\n", 3), out)
    data = os.urandom(300000)
    out = subprocess.run(["cat"], input=data, capture_output=True)
    check("through cat", out.stdout == data)
    try:
        subprocess.run(["sleep", "60"], timeout=0.5)
        check("timeout", False)
    except subprocess.TimeoutExpired:
        check("timeout", True)
    child = subprocess.Popen(["sleep", "60"])
    child.send_signal(signal.SIGTERM)
    check("signal", child.wait(10) == -signal.SIGTERM)
    try:
        subprocess.run(["/nothing"])
        check("missing program", False)
    except FileNotFoundError:
        check("missing program", True)
    many = [subprocess.Popen(["sh", "-c", f"exit {n}"]) for n in range(20)]
    check("many", [c.wait(30) for c in many] == list(range(20)))


def square(n):
    return n * n


def in_common(name, lock, count):
    block = shared_memory.SharedMemory(name)
    for _ in range(200):
        with lock:
            n = int.from_bytes(block.buf[:4], "little") + 1
            block.buf[:4] = n.to_bytes(4, "little")
            count.value += 1
    block.close()


def processes():
    with multiprocessing.Pool(3) as pool:
        check("pool", pool.map(square, range(100)) ==
              [n * n for n in range(100)])
    block = shared_memory.SharedMemory(create=True, size=65536)
    block.buf[:4] = bytes(4)
    lock, count = multiprocessing.Lock(), multiprocessing.Value("i", 0)
    group = [multiprocessing.Process(target=in_common,
                                     args=(block.name, lock, count))
             for _ in range(4)]
    for process in group:
        process.start()
    for process in group:
        process.join(60)
    total = int.from_bytes(block.buf[:4], "little")
    check("shared memory", total == 800 and count.value == 800,
          (total, count.value))
    block.close()
    block.unlink()
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(
        target=lambda: [queue.put("x" * n) for n in range(0, 5000, 100)])
    process.start()
    check("queue", sum(len(queue.get(timeout=30)) for _ in range(50)) ==
          sum(range(0, 5000, 100)))
    process.join(30)


def maps():
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 20)
        with mmap.mmap(file.fileno(), 1 << 20) as shared:
            shared[4096:4101] = b"hello"
            shared.flush()
            file.seek(4096)
            check("shared file", file.read(5) == b"hello")
            file.seek(0)
            file.write(b"begin")
            file.flush()
            check("file to map", shared[:5] == b"begin")
            private = mmap.mmap(file.fileno(), 1 << 20, mmap.MAP_PRIVATE)
            private[:5] = b"other"
            check("private file", shared[:5] == b"begin")
            private.close()
    anonymous = mmap.mmap(-1, 1 << 22)
    if os.fork() == 0:
        anonymous[5:10] = b"child"
        os._exit(0)
    os.wait()
    check("anonymous shared", anonymous[5:10] == b"child")
    anonymous.resize(1 << 23)
    check("resize", len(anonymous) == 1 << 23 and
          anonymous[5:10] == b"child")
    anonymous.madvise(mmap.MADV_DONTNEED)
    anonymous.close()
    libc = ctypes.CDLL(None, use_errno=True)
    check("ctypes", libc.getpid() == os.getpid() and
          libc.open(b"/nothing", 0) == -1 and ctypes.get_errno() == 2)


def memory():
    before = sum(1 for _ in open("/proc/self/maps"))
    rng = random.Random(1)
    blocks = [bytearray(rng.randrange(1, 200000)) for _ in range(300)]
    digest = hashlib.sha256()
    for i, block in enumerate(blocks):
        block[-1] = i % 251
        digest.update(block)
    check("bytearrays", sum(b[-1] for b in blocks) ==
          sum(i % 251 for i in range(300)))
    del blocks
    gc.collect()
    text = json.dumps({str(i): list(range(i % 50)) for i in range(5000)})
    again = json.dumps(json.loads(text))
    check("json", text == again)
    packed = zlib.compress(text.encode())
    check("zlib", zlib.decompress(packed) == text.encode())
    words = re.findall(r"\d+", text)
    check("re", len(words) == 5000 + sum(i % 50 for i in range(5000)))
    check("maps are given back",
          sum(1 for _ in open("/proc/self/maps")) < before + 40)
    try:
        bytearray((1 << 31) - 4096)
        check("too much", False)
    except MemoryError:
        check("too much", True)


def files_and_signals():
    ends = os.pipe()
    poll = select.poll()
    poll.register(ends[0], select.POLLIN)
    check("poll", poll.poll(10) == [])
    os.write(ends[1], b"x")
    check("poll again", poll.poll(1000) == [(ends[0], select.POLLIN)])
    check("select", select.select([ends[0]], [ends[1]], [], 1)[:2] ==
          ([ends[0]], [ends[1]]))
    got = []
    signal.signal(signal.SIGALRM, lambda *a: got.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    end = time.monotonic() + 20
    while len(got) < 3 and time.monotonic() < end:
        time.sleep(0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    check("interval timer", len(got) >= 3)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(300):
            with open(f"{folder}/{i}", "w") as file:
                file.write(str(i) * i)
        check("files", sum(os.path.getsize(f"{folder}/{n}")
                           for n in os.listdir(folder)) ==
              sum(len(str(i)) * i for i in range(300)))
    check("folder is gone", not os.path.exists(folder))
    pid, fd = os.forkpty()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", "tty; read x; echo got $x"])
    os.write(fd, b"typed\n")
    text = b""
    try:
        while True:
            data = os.read(fd, 1000)
            if not data:
                break
            text += data
    except OSError:
        pass
    os.waitpid(pid, 0)
    check("pseudo-terminal", b"got typed" in text and b"/dev/pts/" in text,
          text)


for part in (threads, subprocesses, processes, maps, memory,
             files_and_signals):
    try:
        part()
    except Exception as error:
        check(part.__name__, False, f"{type(error).__name__}: {error}")
sys.exit(failed)
