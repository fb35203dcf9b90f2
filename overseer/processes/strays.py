"""Processes of a command whose supervisor was killed, found by the mark in their environment."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator

MARK = "OVERSEER_COMMAND"

_GIVE_UP_S = 1.0


def end_marked(token: str) -> None:
    """Kill whatever was started with this mark in its environment, until nothing is found any more."""
    if sys.platform != "linux" or not os.path.isdir("/proc/self"):
        return
    give_up_at = time.monotonic() + _GIVE_UP_S
    while time.monotonic() < give_up_at:
        if not [pid for pid in _marked(token) if _end(pid, token)]:
            return


def _marked(token: str) -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit() and _has_mark(int(name), token):
            yield int(name)


def _has_mark(pid: int, token: str) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{MARK}={token}".encode() in file.read().split(b"\0")
    except OSError:  # gone, or not ours to look at
        return False


def _end(pid: int, token: str) -> bool:
    """Kill one; whether it was still there."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # Asked again: by now another process may have that number.
        if not _has_mark(pid, token):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
