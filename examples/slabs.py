# SPDX-License-Identifier: MIT
"""Slab caches from Python, by ctypes: each function has its link name.

    python3 slabs.py [PATH-OF-libashlar.so.0]
"""

import ctypes
import json
import sys

lib = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libashlar.so.0")
GFP_KERNEL = 0x40
create = lib.ashlar_kmem_cache_create
create.restype = ctypes.c_void_p
alloc = lib.ashlar_kmem_cache_alloc
alloc.restype = ctypes.c_void_p
alloc.argtypes = [ctypes.c_void_p, ctypes.c_uint]
free = lib.ashlar_kmem_cache_free
free.argtypes = [ctypes.c_void_p, ctypes.c_void_p]


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_double), ("y", ctypes.c_double)]


def stats():
    buf = ctypes.create_string_buffer(65536)
    lib.ashlar_memory_stats_json(buf, ctypes.c_size_t(len(buf)), 2)
    return json.loads(buf.value)


cache = create(b"point", ctypes.sizeof(Point), 0, 0, None)
points = [Point.from_address(alloc(cache, GFP_KERNEL)) for _ in range(1000)]
for i, p in enumerate(points):
    p.x, p.y = i, -i
mine = next(c for c in stats()["classes"] if c["name"] == "point")
print(f"{mine['blocks']} points of {mine['slot']} bytes,",
      f"the sum is {sum(p.x + p.y for p in points):.0f}")
for p in points:
    free(cache, ctypes.addressof(p))
