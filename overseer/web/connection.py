"""A connection that obeys the time and the cancellation of an errand, whatever the server does."""

from __future__ import annotations

import io
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from overseer.tool import ToolError
from overseer.web.destination import Place
from overseer.web.errand import Errand

if TYPE_CHECKING:
    from ssl import SSLContext

_PIECE = 65_536


class Connection:
    """An open connection; `reader` gives what the server sends. To be closed by whoever opened it."""

    def __init__(self, errand: Errand, limit_bytes: int) -> None:
        self._errand = errand
        self._socket: socket.socket | None = None
        self._lock = Lock()  # a socket must not be closed, and its number given away, while it is being woken
        self._left = limit_bytes
        self._limit_bytes = limit_bytes
        self.reader = io.BufferedReader(_Incoming(self), _PIECE)
        self._take_back = errand.cancellation.call_when_asked(self._interrupt)

    def open(self, places: Sequence[Place]) -> None:
        """Connect to the first place that answers; each gets its share of the time."""
        for number, place in enumerate(places):
            try:
                return self._open(place, self._errand.left_s() / (len(places) - number))
            except OSError as error:
                self._drop()
                if number + 1 == len(places):
                    raise self._errand.failed(error, f"connecting to {place[1][0]}") from error
        raise ToolError(f"{self._errand.name}: the host has no address", kind="transient")

    def _open(self, place: Place, timeout_s: float) -> None:
        family, address = place
        with self._lock:
            self._socket = made = socket.socket(family, socket.SOCK_STREAM)
        # Given up between this and the last look: there was nothing to wake then.
        self._errand.left_s()
        made.settimeout(timeout_s)
        made.connect(address)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def secure(self, context: SSLContext, name: str) -> None:
        """Speak TLS from here on, with a server that proves to have this name."""
        assert self._socket is not None
        with self._lock:
            self._socket = tls = context.wrap_socket(self._socket, server_hostname=name, do_handshake_on_connect=False)
        tls.settimeout(self._errand.left_s())
        tls.do_handshake()

    def send(self, data: bytes) -> None:
        assert self._socket is not None
        left = memoryview(data)
        while left:
            self._socket.settimeout(self._errand.left_s())
            left = left[self._socket.send(left[:_PIECE]) :]

    def receive_into(self, buffer: Any) -> int:
        assert self._socket is not None
        self._socket.settimeout(self._errand.left_s())
        count = self._socket.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise ToolError(f"{self._errand.name}: the server sent more than {self._limit_bytes} bytes")
        return count

    def makefile(self, mode: str) -> io.BufferedReader[_Incoming]:
        """What the parser of answers asks a socket for."""
        return self.reader

    def close(self) -> None:
        self._take_back()
        self._drop()
        self.reader.close()

    def _drop(self) -> None:
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _interrupt(self) -> None:
        """Wake whoever waits for the server. Closing alone would not."""
        with self._lock, suppress(OSError):
            if self._socket is not None:
                # The method of the base class: that of TLS would first take apart what another thread uses.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class _Incoming(io.RawIOBase):
    """The bytes of a connection as a stream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._connection.receive_into(buffer)
