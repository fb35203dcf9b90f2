"""A socket file at which programs of the same user find a running engine."""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

from overseer.errors import UsageError
from overseer.nodes.connection import Allowance, NodeConnection, NodeDoor

_log = logging.getLogger(__name__)

# The name of a socket file has room for this much, on every platform that has them.
_LONGEST_NAME = 100


class NodeServer:
    """Listens until it is closed; each program gets a door of its own."""

    def __init__(
        self,
        path: Path,
        make_door: Callable[[], NodeDoor],
        executor: Executor,
        *,
        allowance: Allowance | None = None,
    ) -> None:
        self.path = path
        self._make_door = make_door
        self._executor = executor
        self._allowance = allowance
        self._lock = threading.Lock()
        self._connections: set[NodeConnection] = set()
        self._is_closed = False
        self._listener = _listening(path)
        self._thread = threading.Thread(target=self._accept, name="overseer-nodes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            connections = list(self._connections)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for connection in connections:
            connection.close()
        self._thread.join()

    def __enter__(self) -> NodeServer:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            if not _is_ours(accepted):
                _log.warning("turned away a program of another user")
                accepted.close()
                continue
            connection = NodeConnection(accepted, self._make_door(), self._executor, self._allowance)
            with self._lock:
                if self._is_closed:
                    accepted.close()
                    return
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="overseer-node", daemon=True).start()

    def _serve(self, connection: NodeConnection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.discard(connection)


def _listening(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _LONGEST_NAME:
        raise UsageError(f"the socket's path is too long for a socket: {path}; choose a shorter one with --socket")
    if not hasattr(socket, "AF_UNIX"):
        raise UsageError("this platform has no socket files, so programs cannot find the engine by one")
    _remove_dead(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Whoever can open the file can call tools: it must not be there for a moment with other rights.
        before = os.umask(0o177)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(before)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(f"cannot listen at {path}: {error.strerror}") from error
    return listener


def _remove_dead(path: Path) -> None:
    """Take away the socket of an engine that died; one that answers stays."""
    if not path.is_socket():
        return
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(os.fspath(path))
    except OSError:
        path.unlink(missing_ok=True)
    else:
        raise UsageError(f"an engine is listening at {path} already; use it, or choose another path with --socket")
    finally:
        probe.close()


def _is_ours(connection: socket.socket) -> bool:
    """Whether the program at the other end is the same user's, where the platform tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(uid == os.getuid())
