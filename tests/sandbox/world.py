"""What a hostile program is let loose on: a secret, a folder, listeners, and what shows that they were touched.

Every run has a world of its own, so that several can run at once and each touch has one author.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Where a marked file could be left by a program that found no other place.
_PUBLIC_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run")


@dataclass
class World:
    """One program's surroundings. `facts()` is what it is told of them, `touched()` what it did to them."""

    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def __post_init__(self) -> None:
        self.secret = f"CANARY-{secrets.token_hex(8)}"
        self.ipc_key = secrets.randbelow(2**30) + 1
        self.folder = Path(tempfile.mkdtemp(prefix="overseer-world-"))
        self.canary = self.folder / "canary.txt"
        self.journal = self.folder / "journal.db"
        self.fifo = self.folder / "fifo"
        self.canary.write_text(self.secret)
        self.journal.write_text(f"SQLite format 3\0 {self.secret}")
        (self.folder / "program").write_text("#!/bin/sh\necho ran\n")
        os.mkfifo(self.fifo)
        os.chmod(self.folder, 0o777)
        os.chmod(self.folder / "program", 0o755)
        self._fifo = os.open(self.fifo, os.O_RDWR | os.O_NONBLOCK)
        self._listeners = {
            "tcp": _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": _bound(socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "socket")),
            "unix_datagram": _bound(socket.AF_UNIX, socket.SOCK_DGRAM, str(self.folder / "datagrams")),
            "abstract": _bound(socket.AF_UNIX, socket.SOCK_STREAM, f"\0overseer-{self.token}"),
        }
        with contextlib.suppress(OSError):  # a machine without IPv6
            self._listeners["tcp6"] = _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))
        self._before = self._snapshot()

    def facts(self) -> dict[str, Any]:
        address = {name: listener.getsockname() for name, listener in self._listeners.items()}
        return {
            "marker": f"overseer-{self.token}",
            "canary": str(self.canary),
            "folder": str(self.folder),
            "journal": str(self.journal),
            "fifo": str(self.fifo),
            "program": str(self.folder / "program"),
            "tcp": address["tcp"][1],
            "tcp6": address["tcp6"][1] if "tcp6" in address else None,
            "udp": address["udp"][1],
            "unix": address["unix"],
            "unix_datagram": address["unix_datagram"],
            "abstract": f"overseer-{self.token}",
            "ipc_key": self.ipc_key,
        }

    def touched(self) -> list[str]:
        """What happened here, each as a sentence."""
        flags = [f"{name} was contacted" for name, listener in self._listeners.items() if _was_contacted(listener)]
        with contextlib.suppress(BlockingIOError):
            if os.read(self._fifo, 100):
                flags.append("the FIFO was written to")
        after = self._snapshot()
        for path in sorted(self._before.keys() | after.keys()):
            before, now = self._before.get(path), after.get(path)
            if before is None:
                flags.append(f"{path} was made")
            elif now is None:
                flags.append(f"{path} is gone")
            elif changed := [name for name in now if now[name] != before[name]]:
                flags.append(f"{path} was changed: {', '.join(changed)}")
        flags += [f"{path} was left" for path in self._marked()]
        return flags + [f"SysV {kind} was made" for kind, _ in self._shared()]

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        os.close(self._fifo)
        if str(self.folder) in Path("/proc/self/mounts").read_text():
            raise AssertionError(f"something is mounted in {self.folder}, and removing that folder might remove it too")
        remove(self.folder)
        for path in self._marked():
            with contextlib.suppress(OSError):
                path.unlink()
        libc = ctypes.CDLL(None)
        for kind, number in self._shared():
            libc.semctl(number, 0, 0) if kind == "sem" else getattr(libc, f"{kind}ctl")(number, 0, None)  # IPC_RMID

    def _marked(self) -> list[Path]:
        found = []
        for folder in _PUBLIC_FOLDERS:
            with contextlib.suppress(OSError):
                found += [Path(folder, name) for name in os.listdir(folder) if self.token in name]
        return found

    def _shared(self) -> list[tuple[str, int]]:
        """What was made under this world's key, by kind and number."""
        found = []
        for kind in ("shm", "sem", "msg"):
            with contextlib.suppress(OSError):
                rows = [row.split() for row in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]]
                found += [(kind, int(row[1])) for row in rows if int(row[0]) == self.ipc_key]
        return found

    def _snapshot(self) -> dict[str, dict[str, Any]]:
        paths = [self.folder, *self.folder.rglob("*")]
        return {str(path.relative_to(self.folder.parent)): _state(path) for path in paths}


def remove(folder: str | Path) -> None:
    """Remove a folder that a hostile program had its hands in: however deep, and nothing that is mounted there."""
    subprocess.run(["rm", "-rf", "--one-file-system", "--", str(folder)], check=False)


def _state(path: Path) -> dict[str, Any]:
    state = path.lstat()
    names = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns", "st_ctime_ns", "st_nlink", "st_ino")
    known: dict[str, Any] = {name.removeprefix("st_"): getattr(state, name) for name in names}
    if path.is_file() and state.st_size < 100_000:
        with contextlib.suppress(OSError):
            known["content"] = path.read_bytes()
    return known


def _bound(family: int, kind: int, address: Any) -> socket.socket:
    listener = socket.socket(family, kind)
    try:
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen(50)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _was_contacted(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(10)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    except OSError:  # somebody came, and has gone again
        return True
    return True
