"""One node from its order to its end: what it prints is taken in, its calls are served, its limits kept."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from overseer.jsonvalue import json_text
from overseer.nodes import Allowance, NodeConnection, NodeDoor
from overseer.sandbox.inside.locks import Amounts
from overseer.sandbox.inside.orders import order_text
from overseer.sandbox.template import NodeNotStarted, SandboxLost
from overseer.sandbox.values import Job, Limits
from overseer.tool import Cancellation

# A node is killed by the template when its time is up; who does not hear of it so long after, has lost that.
PATIENCE_S = 5.0

# So long the calls of a node that has ended may take to notice it.
CALLS_END_S = 2.0

# What one node may ask the broker for.
ALLOWANCE = Allowance(calls=200, in_flight=16)

LONGEST_WAIT_S = 3600.0  # the system counts in milliseconds, and not very far

_PIECE = 1 << 16
_SEALS = 0x1 | 0x2 | 0x4 | 0x8  # no more seals, no shrinking, no growing, no writing
_ADD_SEALS = 1033

Start = Callable[[Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """What is known of a node that has ended."""

    record: dict[str, Any]  # of the template: exit code, what it was killed for, what it used
    stopped_for: str  # why we had it killed, if we did
    broke_rule: str  # of the channel to its tools, if it did
    stdout: bytes
    stderr: bytes
    report: bytes
    latency_s: float


class NodeRun:
    """One node. `start` hands its descriptors to whoever makes its process; its calls are made by the executor."""

    def __init__(
        self, job: Job, start: Start, *, door: NodeDoor, executor: Executor, cancellation: Cancellation
    ) -> None:
        self._job = job
        self._start = start
        self._cancellation = cancellation
        self._open: list[int] = []
        self._leash, self._their_leash = socket.socketpair()
        ours, self._their_broker = socket.socketpair()
        self._broker = ours
        self._connection = NodeConnection(ours, door, executor, ALLOWANCE)
        self._stopped_for = ""

    def carry_out(self) -> Ended:
        """Until it has ended and all it said is here; SandboxLost if nobody can say what became of it."""
        began_at = time.monotonic()
        try:
            streams = self._begin()
            take_back = self._cancellation.call_when_asked(lambda: self._stop("cancelled"))
            try:
                record = self._watch(streams, began_at + self._job.limits.wall_s + PATIENCE_S)
            finally:
                take_back()
            latency_s = time.monotonic() - began_at
            for stream in streams.values():
                stream.drain()
        finally:
            self._let_go()
        if "failed" in record:
            raise NodeNotStarted(record["failed"])
        stdout, stderr, report = (bytes(stream.data) for stream in streams.values())
        return Ended(record, self._stopped_for, self._connection.fault or "", stdout, stderr, report, latency_s)

    def _begin(self) -> dict[int, _Stream]:
        limits = self._job.limits
        source = self._job.source.encode(errors="surrogatepass")  # the node says what is wrong with it
        order = self._file(order_text(_amounts(limits), limits.scratch, source))
        stdin = self._file(json_text(self._job.input).encode())
        pipes = [self._pipe() for _ in range(3)]
        theirs = [stdin, pipes[0][1], pipes[1][1], self._their_broker.fileno(), pipes[2][1]]
        self._connection.greet()
        self._start([order, *theirs, self._their_leash.fileno()])
        for descriptor in (order, stdin, *(write for _, write in pipes)):
            os.close(descriptor)
            self._open.remove(descriptor)
        self._their_broker.close()
        self._their_leash.close()
        most = (limits.result, limits.stderr, limits.result)
        streams = [_Stream(read, size) for (read, _), size in zip(pipes, most, strict=True)]
        return {stream.descriptor: stream for stream in streams}

    def _watch(self, streams: dict[int, _Stream], give_up_at: float) -> dict[str, Any]:
        """Take in what comes until the leash says how it ended."""
        poll = select.poll()
        for descriptor in (*streams, self._leash.fileno(), self._broker.fileno()):
            poll.register(descriptor, select.POLLIN)
        stdout, _, report = streams.values()
        while True:
            left_s = give_up_at - time.monotonic()
            patience_s = min(max(0.0, left_s), LONGEST_WAIT_S)
            ready = {descriptor for descriptor, _ in poll.poll(patience_s * 1000 + 1)}
            if not ready and left_s <= 0:
                raise SandboxLost("the sandbox's process does not answer")
            if self._broker.fileno() in ready:  # most nodes never call, and need no thread for it
                poll.unregister(self._broker)
                threading.Thread(target=self._connection.serve, name="overseer-node", daemon=True).start()
            for descriptor in ready & streams.keys():
                if not streams[descriptor].take():
                    poll.unregister(descriptor)
            if (stdout.is_too_long or report.is_too_long) and not self._stopped_for:
                self._stop("result")
            if self._leash.fileno() in ready:
                return self._told()

    def _told(self) -> dict[str, Any]:
        try:
            data = self._leash.recv(_PIECE)
        except OSError:
            data = b""
        if not data:
            raise SandboxLost("the sandbox's process has ended, and with it the node")
        record: dict[str, Any] = json.loads(data)
        return record

    def _stop(self, reason: str) -> None:
        self._stopped_for = self._stopped_for or reason
        with contextlib.suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)

    def _let_go(self) -> None:
        self._connection.close()
        self._connection.wait_until_idle(CALLS_END_S)
        for descriptor in self._open:
            os.close(descriptor)
        for end in (self._leash, self._their_leash, self._their_broker):
            end.close()

    def _pipe(self) -> tuple[int, int]:
        pipe = os.pipe()
        self._open += pipe
        return pipe

    def _file(self, data: bytes) -> int:
        descriptor = _sealed_file(data) if hasattr(os, "memfd_create") else _nameless_file(data)
        self._open.append(descriptor)
        return descriptor


class _Stream:
    """What a node writes, up to a size."""

    def __init__(self, descriptor: int, most: int) -> None:
        self.descriptor = descriptor
        self.data = bytearray()
        self.is_too_long = False
        self._most = most
        os.set_blocking(descriptor, False)

    def take(self) -> bool:
        """Take what is there; whether there may be more."""
        try:
            piece = os.read(self.descriptor, _PIECE)
        except BlockingIOError:
            return True
        room = self._most - len(self.data)
        self.is_too_long |= len(piece) > room
        self.data += piece[:room]
        return bool(piece)

    def drain(self) -> None:
        """What is left once the writer has ended; a pipe that somebody holds open has no end, and is not waited for."""
        for _ in range(1 + self._most // _PIECE):
            before = len(self.data)
            if not self.take() or len(self.data) == before:
                return


def _amounts(limits: Limits) -> Amounts:
    cpu_s = limits.wall_s if limits.cpu_s is None else limits.cpu_s
    return Amounts(limits.wall_s, int(cpu_s) + 1, limits.memory, max(limits.scratch, 1))


def _sealed_file(data: bytes) -> int:
    """A file in memory that nobody can change any more."""
    descriptor = os.memfd_create("overseer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    _write(descriptor, data)
    fcntl.fcntl(descriptor, _ADD_SEALS, _SEALS)
    return descriptor


def _nameless_file(data: bytes) -> int:
    """A file that has no name any more, opened for reading."""
    writer, path = tempfile.mkstemp()
    try:
        _write(writer, data)
        return os.open(path, os.O_RDONLY)
    finally:
        os.close(writer)
        os.unlink(path)


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
