# SPDX-License-Identifier: MIT
"""The allocators that are compared: which there are, and where."""

import os
import platform
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# name: (library, Debian package), in the order of the report's columns
PEERS = {
    "mimalloc": ("libmimalloc.so.2", "libmimalloc2.0"),
    "jemalloc": ("libjemalloc.so.2", "libjemalloc2"),
    "tcmalloc": ("libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
    "tbbmalloc": ("libtbbmalloc_proxy.so.2", "libtbbmalloc2"),
}


def fail(message):
    sys.exit(f"bench/{os.path.basename(sys.argv[0])}: {message}")


def add_arguments(parser):
    parser.add_argument("--allocators", metavar="A,B",
                        help="only these, beside glibc")
    parser.add_argument("--lib", action="append", default=[],
                        metavar="NAME=PATH", help="one more allocator")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"),
                        type=os.path.abspath, metavar="DIR",
                        help="the build folder (build)")


def find_peer(name):
    library, package = PEERS[name]
    for folder in (f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/lib",
                   "/usr/lib64"):
        path = os.path.join(folder, library)
        if os.path.exists(path):
            return path
    return fail(f"{name}: no {library}: install the package {package}")


def find_library(name, own, build_folder):
    if name in own:
        path = own[name]
    elif name == "ashlar":
        path = os.path.join(build_folder, "libashlar-malloc.so")
    elif name in PEERS:
        path = find_peer(name)
    else:
        known = ["glibc", "ashlar"] + list(PEERS) + list(own)
        fail(f"no allocator {name}; there are {', '.join(known)}")
    if not os.path.exists(path):
        fail(f"{name}: no {path}" +
             (": run make first" if name == "ashlar" else ""))
    return os.path.abspath(path)


def pick(args):
    """Name -> library, glibc (no library) always first."""
    for pair in args.lib:
        if "=" not in pair:
            fail(f"--lib {pair}: NAME=PATH is expected")
    own = dict(pair.split("=", 1) for pair in args.lib)
    wanted = (args.allocators.split(",") if args.allocators
              else ["ashlar"] + list(PEERS))
    wanted = list(dict.fromkeys(wanted + list(own)))
    return {"glibc": None, **{name: find_library(name, own, args.build)
                              for name in wanted if name != "glibc"}}
