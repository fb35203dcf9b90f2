"""Keeping other processes of the same user from reading our memory (Linux; elsewhere nothing happens).

The block of variables that a process was started with stays in its memory, and readable in /proc, after
they were taken out of the environment. So the kernel is asked to let nobody look, and since that
does not bind root, the values are overwritten as well.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

_PR_SET_DUMPABLE = 4

# Places in /proc/self/stat, counted from behind the name, which may hold anything.
_ENV_START, _ENV_END = 47, 48


def protect_memory(received: Mapping[str, str] | None = None) -> bool:
    """Let no other process read our memory, and overwrite these variables in it; whether that was possible."""
    if sys.platform != "linux":
        return False
    _overwrite(received or {})
    # No core dumps either, and only root may attach a debugger.
    return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def _overwrite(received: Mapping[str, str]) -> None:
    """Blank the values in the block that we were started with."""
    try:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
        with open("/proc/self/environ", "rb") as file:
            block = file.read()
    except (OSError, IndexError, ValueError):
        return
    if not start or len(block) > end - start:
        return
    place = 0
    for entry in block.split(b"\0"):
        name, separator, value = entry.partition(b"=")
        if separator and received.get(os.fsdecode(name)) == os.fsdecode(value):
            if name in os.environb:  # set again, it lies elsewhere; what was unset is not referred to any more
                os.environb[name] = os.environb[name]
            ctypes.memset(start + place + len(name) + 1, ord("-"), len(value))
        place += len(entry) + 1
