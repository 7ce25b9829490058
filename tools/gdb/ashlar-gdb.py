# SPDX-License-Identifier: MIT
"""For gdb: what a process's memory is, and the core's structures in words.

    ashlar whatis EXPRESSION    what lies at an address
    ashlar walk CACHE           the objects of a cache
    ashlar slabinfo             the caches

Each asks the command `ashlar`, which reads the same process, or the same core
file, as gdb does. Structures of the core (struct page, struct kmem_cache,
struct zone) and flags of caches are printed as sentences; print/r shows their
members. gdb loads this file by itself where it is installed; else: source it.
"""

import os
import re
import shutil
import subprocess

import gdb
import gdb.printing

SLAB_FLAGS = (
    (0x0001, "HWCACHE_ALIGN"), (0x0002, "PANIC"), (0x0004, "RECLAIM_ACCOUNT"),
    (0x0008, "CACHE_DMA"), (0x0010, "NO_SHEAVES"), (0x0020, "TYPESAFE_BY_RCU"),
    (0x0040, "NO_USER_FLAGS"), (0x0080, "NOLEAKTRACE"),
    (0x0100, "CONSISTENCY_CHECKS"), (0x0200, "RED_ZONE"), (0x0400, "POISON"),
    (0x0800, "STORE_USER"), (0x1000, "TRACE"), (0x2000, "FAILSLAB"),
    (0x4000, "ASKED"), (0x8000, "KMALLOC"), (0x10000, "PROFILED"),
    (0x20000, "OWN"))

PG_USED, PG_BUDDY, PG_PCP, PG_SLAB = 0x01, 0x02, 0x04, 0x08
PG_TAIL, PG_ZEROED, PG_VACANT = 0x10, 0x20, 0x80
ORDER_NONE = 0xff


# ---- the command ----

def libraries():
    """Files of Ashlar that the program has loaded."""
    return [o.filename for o in gdb.objfiles() if o.filename and
            os.path.basename(o.filename).startswith("libashlar")]


def find_command():
    """The command that was built or installed with the library."""
    for path in libraries():
        here = os.path.dirname(os.path.realpath(path))
        for up in ("", "..", "../..", "../../.."):
            for name in ("ashlar", "bin/ashlar"):
                command = os.path.normpath(os.path.join(here, up, name))
                if os.path.isfile(command) and os.access(command, os.X_OK):
                    return command
    command = shutil.which("ashlar")
    if not command:
        raise gdb.GdbError("the command 'ashlar' is neither beside the "
                           "library nor in PATH")
    return command


def core_file():
    """The core file that gdb looks at, or None."""
    text = gdb.execute("info target", to_string=True)
    found = re.search(r"^Local core dump file:\n\s*`(.*)', file type", text,
                      re.M)
    return found[1] if found else None


def target():
    """What to tell the command of the process, or the core file."""
    inferior = gdb.selected_inferior()
    connection = getattr(inferior, "connection", None)
    if connection and connection.type == "core" or not connection and \
            core_file():
        return ["--core", core_file()]
    if not inferior.pid:
        raise gdb.GdbError("the program is not running, and there is no core "
                           "file")
    if connection and connection.type != "native":
        raise gdb.GdbError("the program runs on another machine: run "
                           "'ashlar' there")
    return [str(inferior.pid)]


def ask(verb, *words):
    """Print what the command says, or raise its sentence."""
    which = target()
    r = subprocess.run([find_command(), verb, *which, *words],
                       capture_output=True, text=True, errors="replace",
                       stdin=subprocess.DEVNULL, check=False)
    gdb.write(r.stdout)
    if r.returncode:
        raise gdb.GdbError(r.stderr.strip() or f"status {r.returncode}")


class Ashlar(gdb.Command):
    """Look at the memory of a program on Ashlar."""

    def __init__(self):
        super().__init__("ashlar", gdb.COMMAND_DATA, prefix=True)


class Whatis(gdb.Command):
    """ashlar whatis EXPRESSION: what lies at an address.

In the heap its block, cache, slab and frame; elsewhere its mapping."""

    def __init__(self):
        super().__init__("ashlar whatis", gdb.COMMAND_DATA,
                         gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("of which address?")
        value = gdb.parse_and_eval(argument)
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
            value = value.address
        ask("whatis", hex(int(value) % (1 << 64)))


class Walk(gdb.Command):
    """ashlar walk CACHE: the objects of a slab cache, a line each."""

    def __init__(self):
        super().__init__("ashlar walk", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 1:
            raise gdb.GdbError("of which cache? 'ashlar slabinfo' lists them")
        ask("walk", words[0])


class Slabinfo(gdb.Command):
    """ashlar slabinfo: the slab caches, as /proc/slabinfo shows a kernel's."""

    def __init__(self):
        super().__init__("ashlar slabinfo", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError("ashlar slabinfo takes no argument")
        ask("slabinfo")


# ---- structures in words ----

def plural(number, word):
    return f"{number} {word}{'' if number == 1 else 's'}"


def flag_names(value):
    names = [name for bit, name in SLAB_FLAGS if value & bit]
    rest = value & ~sum(bit for bit, _ in SLAB_FLAGS)
    return " | ".join(names + [hex(rest)] * (rest != 0)) or "0"


def cache_name(pointer):
    """Of a struct kmem_cache *, which may be anything."""
    try:
        return pointer.dereference()["name"].string(errors="replace")
    except gdb.Error:
        return f"a cache at {int(pointer):#x}"


class SlabFlags:
    """slab_flags_t"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        return flag_names(int(self.value))


class Page:
    """struct page: what the frame is used for."""

    def __init__(self, value):
        self.value = value

    def block(self):
        order = int(self.value["order"])
        return f"order {order}" if order != ORDER_NONE else \
            plural(int(self.value["priv"]), "frame")

    def to_string(self):
        page, flags = self.value, int(self.value["flags"])
        if flags & PG_SLAB:
            vacant = ", vacant" if flags & PG_VACANT else ""
            name = cache_name(page["slab_cache"])
            if flags & PG_TAIL:
                return f"frame of a slab of {name}{vacant}"
            return (f"slab of {name}, {plural(int(page['nr']), 'frame')}, "
                    f"{plural(int(page['inuse']), 'object')} taken{vacant}")
        if flags & PG_USED:
            return f"allocated, {self.block()}"
        if flags & PG_BUDDY:
            given = ", not resident" if flags & PG_ZEROED else ""
            return f"free, order {int(page['order'])}{given}"
        if flags & PG_PCP:
            return f"free, order {int(page['order'])}, on a CPU's list"
        return "inside a block, or never used"


class KmemCache:
    """struct kmem_cache"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        s = self.value
        return (f"{s['name'].string(errors='replace')}: objects of "
                f"{int(s['object_size'])} bytes in slots of "
                f"{int(s['size'])}, {int(s['inuse'])} of "
                f"{int(s['total_objects'])} taken, "
                f"{plural(int(s['nr_slabs']), 'slab')}, "
                f"{plural(int(s['nr_pages']), 'frame')}, flags "
                f"{flag_names(int(s['flags']))}")


class Zone:
    """struct zone"""

    def __init__(self, value):
        self.value = value

    def to_string(self):
        z = self.value
        return (f"frames {int(z['start_pfn'])} to "
                f"{int(z['start_pfn']) + int(z['spanned_pages'])}, "
                f"{int(z['managed_pages'])} managed, {int(z['free_pages'])} "
                f"free, {int(z['resident_free'])} of them resident")


class Printers(gdb.printing.PrettyPrinter):
    """Of the core's structures, but not of other projects' of that name."""

    STRUCTS = (("page", "slab_cache", Page),
               ("kmem_cache", "sheaf_capacity", KmemCache),
               ("zone", "resident_free", Zone))

    def __init__(self):
        super().__init__("ashlar", [gdb.printing.SubPrettyPrinter(name)
                                    for name, _, _ in self.STRUCTS] +
                         [gdb.printing.SubPrettyPrinter("slab_flags_t")])

    def is_enabled(self, name):
        return any(s.name == name and s.enabled for s in self.subprinters)

    def __call__(self, value):
        if value.type.name == "slab_flags_t" and \
                self.is_enabled("slab_flags_t"):
            return SlabFlags(value)
        kind = value.type.strip_typedefs().unqualified()
        if kind.code != gdb.TYPE_CODE_STRUCT:
            return None
        for name, member, printer in self.STRUCTS:
            if kind.tag == name and self.is_enabled(name):
                try:
                    value[member]
                except gdb.error:
                    return None
                return printer(value)
        return None


for command in (Ashlar, Whatis, Walk, Slabinfo):
    command()
gdb.printing.register_pretty_printer(None, Printers(), replace=True)
