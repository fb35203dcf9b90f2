"""The few calls of Linux that the standard library has no function for."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from functools import cache
from typing import Any

from overseer.sandbox.inside.calls import MACHINES, numbers
from overseer.sandbox.inside.refusal import Refused

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

_LAST_CAPABILITY = 63
_CAPABILITY_HEADER = struct.pack("Ii", 0x2008_0522, 0)  # of this process
_NO_CAPABILITIES = bytes(24)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


@cache
def machine() -> str:
    """The kind of processor, as the lists of system calls name it."""
    name = platform.machine()
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(name.lower(), name)
    if name not in MACHINES:
        raise Refused(f"there is no list of system calls for {name or 'this'} processors")
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        raise Refused("this Python is a program of 32 bits")
    return name


def call(name: str, *arguments: Any) -> int:
    """A system call by its name; OSError if it fails."""
    number = numbers(machine())[name]
    result: int = _libc.syscall(ctypes.c_long(number), *map(_as_argument, arguments))
    return _checked(result, name)


def prctl(option: int, *arguments: Any) -> int:
    padded = [*arguments, 0, 0, 0, 0][:4]
    result: int = _libc.prctl(ctypes.c_int(option), *map(_as_argument, padded))
    return _checked(result, "prctl")


def function(name: str, *arguments: Any) -> int:
    """A function of the C library that gives -1 and an errno when it fails."""
    result: int = getattr(_libc, name)(*map(_as_argument, arguments))
    return _checked(result, name)


def limit_arenas(most: int) -> None:
    """Let the allocator of the C library share its areas between threads: each reserves 64 MiB of addresses."""
    if mallopt := getattr(_libc, "mallopt", None):
        mallopt(ctypes.c_int(-8), ctypes.c_int(most))


def renounce_capabilities() -> None:
    """Have none to gain: whatever this process and its children become, they have no more rights than now."""
    prctl(PR_CAP_AMBIENT, 4)
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # there are no more, or we never had the right to drop them
            break


def drop_capabilities() -> None:
    """Let go of every right that is root's, for good."""
    call("capset", _CAPABILITY_HEADER, _NO_CAPABILITIES)


def _as_argument(value: Any) -> Any:
    if isinstance(value, int):
        return ctypes.c_ulong(value & 0xFFFF_FFFF_FFFF_FFFF)
    if isinstance(value, bytes) or value is None:
        return ctypes.c_char_p(value)
    return value


def _checked(result: int, name: str) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
