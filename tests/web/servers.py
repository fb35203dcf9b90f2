"""Small real servers: each connection is answered by a function that has the bare socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from types import TracebackType

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived; the names of its headers are in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[socket.socket, Received], None]


def answering(body: bytes = b"", *headers: str, status: str = "200 OK") -> Behaviour:
    """Gives this answer to every request."""
    return lambda connection, _: connection.sendall(response(body, *headers, status=status))


def response(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def sending(raw: bytes) -> Behaviour:
    """Sends these very bytes and hangs up."""
    return lambda connection, _: connection.sendall(raw)


@dataclass
class Server:
    """Serves on a port of this machine inside a `with`; `received` has the requests so far."""

    behaviour: Behaviour
    tls: SSLContext | None = None
    received: list[Received] = field(default_factory=list)

    def __enter__(self) -> Server:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.authority = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if self.tls else 'http'}://{self.authority}"
        self.accepted = 0
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # A closed socket wakes nobody, one that was shut down does.
        for opened in (self._listener, *self._connections):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE_S)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                self._connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(PATIENCE_S)
            if self.tls is None:
                self._answer(connection)
            else:
                with self.tls.wrap_socket(connection, server_side=True) as secured:
                    self._answer(secured)
                    with suppress(OSError):
                        secured.unwrap()

    def _answer(self, connection: socket.socket) -> None:
        if request := read_request(connection):
            self.received.append(request)
            self.behaviour(connection, request)


def read_request(connection: socket.socket) -> Received | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split(" ")
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while line := stream.readline().decode("utf-8").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
    return Received(first[0], first[1], headers, body)
