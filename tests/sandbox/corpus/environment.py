"""Reads the environment: its own, that of others, and what is left of it above the stack."""

import ctypes
import os

from kit import LIBC, Nothing, Tries, read_path


def main(input):
    tries = Tries()
    for name in input["keys"]:
        tries.gets(f"os.environ {name}", lambda name=name: os.environ.get(name) or nothing())
        tries.gets(f"getenv {name}", lambda name=name: c_text("getenv", name.encode()))
    tries.gets("environ", lambda: pointed())
    for pid in {os.getpid(), os.getppid(), input["parent"], 1}:
        tries.gets(f"environment of {pid}", lambda pid=pid: key_in(read_path(f"/proc/{pid}/environ", 1 << 20)))
        tries.sees(f"command line of {pid}", lambda pid=pid: other(pid, read_path(f"/proc/{pid}/cmdline")))
    LIBC.getauxval.restype = ctypes.c_ulong
    for kind in (15, 25, 31):  # AT_PLATFORM, AT_RANDOM, AT_EXECFN
        place = LIBC.getauxval(ctypes.c_ulong(kind))
        tries.gets(f"above the stack {kind}", lambda place=place: key_in(stack(place)))
    return tries.result()


def nothing():
    raise Nothing("not set")


def c_text(name, argument):
    function = getattr(LIBC, name)
    function.restype = ctypes.c_char_p
    return (function(argument) or nothing()).decode()


def pointed():
    variables, found = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ"), []
    while variables and variables[len(found)]:
        found.append(variables[len(found)].decode(errors="replace"))
    return [text for text in found if "sk-canary" in text] or nothing()


def other(pid, text):
    if pid == os.getpid() or not text:
        nothing()
    return text


def key_in(text):
    if "sk-canary" not in text:
        nothing()
    return text[text.index("sk-canary") :][:26]


def stack(place):
    """The page of this address and the few above it that are mapped."""
    read_end, write_end = os.pipe()
    text, page = "", place & ~0xFFF
    for number in range(-8, 8):
        if page and LIBC.write(write_end, ctypes.c_void_p(page + number * 4096), ctypes.c_size_t(4096)) == 4096:
            text += os.read(read_end, 4096).decode(errors="replace")
    return text
