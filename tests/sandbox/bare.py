"""Programs run as plain processes, with all that this one has: what the harness is tried on.

Bounded only so far that nothing in the corpus can harm the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overseer.nodes.connection import NodeConnection, NodeDoor

_BOOT = """
import json, os, resource, sys
door, report, source = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
os.dup2(door, 3), os.dup2(report, 4), os.close(door), os.close(report)
for name, most in (("AS", 2 << 30), ("FSIZE", 64 << 20), ("CPU", 10), ("CORE", 0), ("NPROC", 600)):
    resource.setrlimit(getattr(resource, "RLIMIT_" + name), (most, most))
space = {"__name__": "__main__"}
exec(compile(open(source).read(), source, "exec"), space)
if "main" in space:
    value = json.dumps(space["main"](json.load(sys.stdin))).encode()
    while value:
        value = value[os.write(4, value):]
"""


@dataclass
class BareOutcome:
    verdict: str
    value: Any = None
    error: str = ""
    stderr: str = ""
    level: str = "none"
    metrics: dict[str, Any] = field(default_factory=dict)


class Bare:
    """Runs one program at a time or many, without any isolation."""

    level = "none"

    def run(self, source: str, given: Any, wall_s: float, door: NodeDoor | None) -> BareOutcome:
        ours, theirs = socket.socketpair()
        report, writing = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs.fileno(), writing)]
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(16) as executor:
            path = os.path.join(folder, "program.py")
            with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
                file.write(source)
            process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, *map(str, high), path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=high,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OVERSEER_NODE_FD": "3"},
                start_new_session=True,
            )
            theirs.close()
            for fd in (writing, *high):
                os.close(fd)
            connection = NodeConnection(ours, door, executor) if door else None
            served = threading.Thread(target=connection.serve) if connection else None
            if served:
                served.start()
            texts = [_Reader(fd) for fd in (os.dup(process.stdout.fileno()), os.dup(process.stderr.fileno()), report)]
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(given).encode())
                process.stdin.close()
            if is_late := not _ended(process.pid, wall_s):
                process.send_signal(signal.SIGKILL)
            process.wait()
            deadline = time.monotonic() + 0.3  # a process left behind may hold the other ends for long
            out, err, reported = [reader.ended(deadline) for reader in texts]
            if connection and served:
                connection.close()
                served.join()
            ours.close()
            process.stdout.close()
            process.stderr.close()
        return _judged(process.returncode, is_late, reported or out, err.decode(errors="replace"))


def _ended(pid: int, within_s: float) -> bool:
    """Whether a child ends in time, which is known the moment it does."""
    descriptor = os.pidfd_open(pid)
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)


class _Reader:
    """Takes in what comes, until its end or until nobody waits for it any more."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._data: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def ended(self, deadline: float) -> bytes:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return b"".join(self._data)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._fd, 1 << 20):
                self._data.append(data)
        os.close(self._fd)


def _judged(code: int, is_late: bool, data: bytes, stderr: str) -> BareOutcome:
    if is_late:
        return BareOutcome("killed", error="wall limit", stderr=stderr)
    if code != 0:
        return BareOutcome("crash", error=f"exit code {code}", stderr=stderr)
    if not data:
        return BareOutcome("silent", stderr=stderr)
    try:
        return BareOutcome("good", json.loads(data), stderr=stderr)
    except (ValueError, RecursionError) as error:
        return BareOutcome("non-JSON", error=str(error), stderr=stderr)
