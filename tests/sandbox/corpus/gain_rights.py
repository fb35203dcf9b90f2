"""Gains rights, or undoes what took them: users, capabilities, no_new_privs, filters, other modes of the process."""

import ctypes
import os
import struct

from kit import Nothing, Tries, syscall

SET_DUMPABLE, KEEPCAPS, GET_SECCOMP, SET_SECCOMP, CAPBSET_READ, CAPBSET_DROP = 4, 8, 21, 22, 23, 24
SECUREBITS, SET_NO_NEW_PRIVS, GET_NO_NEW_PRIVS, AMBIENT, SET_MM = 28, 38, 39, 47, 35


def main(input):
    tries = Tries()
    tries.gets("capabilities", capabilities)
    all_of_them = struct.pack("III", 0xFFFFFFFF, 0xFFFFFFFF, 0) + struct.pack("III", 0xFFFFFFFF, 0xFFFFFFFF, 0)
    tries.gets(
        "capset", lambda: (syscall("capset", header(), ctypes.create_string_buffer(all_of_them)), capabilities())
    )
    tries.gets("no_new_privs is off", lambda: none(syscall("prctl", GET_NO_NEW_PRIVS)))
    tries.gets("turn it off", lambda: syscall("prctl", SET_NO_NEW_PRIVS, 0))
    tries.gets("no filter", lambda: none(syscall("prctl", GET_SECCOMP)))
    tries.gets("turn the filter off", lambda: syscall("prctl", SET_SECCOMP, 0, 0))
    tries.gets("ambient", lambda: syscall("prctl", AMBIENT, 2, 21))
    tries.gets("drop a bound", lambda: syscall("prctl", CAPBSET_DROP, 0))
    tries.gets("secure bits", lambda: syscall("prctl", SECUREBITS, 0x2F))
    tries.gets("memory layout", lambda: syscall("prctl", SET_MM, 8, 4096))
    tries.tries("keep capabilities", lambda: syscall("prctl", KEEPCAPS, 1))
    tries.tries("dumpable", lambda: syscall("prctl", SET_DUMPABLE, 1))
    tries.tries("no death with the parent", lambda: syscall("prctl", 1, 0))
    tries.tries("adopt orphans", lambda: syscall("prctl", 36, 1))
    for other in (0, 1, 1000, 65533):
        if other not in (os.getuid(), input["uid"]):
            tries.gets(f"setuid {other}", lambda other=other: changed(other, lambda: os.setuid(other)))
            tries.gets(f"setresuid {other}", lambda other=other: syscall("setresuid", other, other, other))
            tries.gets(f"setgid {other}", lambda other=other: os.setresgid(other, other, other))
            tries.tries(f"setfsuid {other}", lambda other=other: syscall("setfsuid", other))
    tries.gets("groups", lambda: os.setgroups([0]))
    tries.gets("more groups", lambda: syscall("setgroups", 0, 0))
    return tries.result()


def header():
    return ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))


def capabilities():
    sets = ctypes.create_string_buffer(24)
    syscall("capget", header(), sets)
    if not any(sets.raw):
        raise Nothing("none")
    return sets.raw.hex()


def none(mode):
    if mode:
        raise Nothing(f"mode {mode}")
    return mode


def changed(other, act):
    act()
    if os.getuid() != other:
        raise Nothing("as before")
    return other
