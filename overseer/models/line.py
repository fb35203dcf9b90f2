"""The connection that one question is asked over, which can be hung up from another thread.

Closing a socket does not wake a thread that reads from it, and before a server has begun to answer
there is no response to close. So the sockets are noted as they are opened, and shut down.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any

from overseer.models.model import ModelError, cancelled, is_loopback
from overseer.tool import Cancellation

_OPENED = (".connect_tcp.complete", ".connect_unix_socket.complete", ".start_tls.complete")

CONNECT_TIMEOUT_S = 10.0


class Line:
    """What one question keeps open. Within `with`, a cancellation hangs it up."""

    def __init__(self, cancellation: Cancellation) -> None:
        self.headers: Mapping[str, str] = {}  # of the server's last answer
        self._cancellation = cancellation
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_hung_up = False
        self._take_back: Callable[[], None] = lambda: None

    def __enter__(self) -> Line:
        if self._cancellation.is_asked:
            raise cancelled()
        self._take_back = self._cancellation.call_when_asked(self.hang_up)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._take_back()
        if self._is_hung_up and isinstance(error, Exception):
            has_streamed = isinstance(error, ModelError) and error.has_streamed
            raise cancelled(has_streamed=has_streamed) from error  # whatever it looked like from the inside

    def client_options(self, url: str, *, timeout: Any, context: Callable[[], ssl.SSLContext]) -> dict[str, Any]:
        """How to make an HTTP client whose connections this knows."""
        return {
            "timeout": timeout,
            "verify": context() if url.startswith("https:") else _trusting_nobody(),
            "trust_env": not is_loopback(url),  # a proxy could not reach this machine
            "follow_redirects": url.startswith("https:"),
            "event_hooks": {"request": [self._watch], "response": [self._note]},
        }

    def hang_up(self) -> None:
        with self._lock:
            self._is_hung_up = True
            sockets = tuple(self._sockets)
        for opened in sockets:
            _shut(opened)

    def _watch(self, request: Any) -> None:
        request.extensions["trace"] = self._trace
        timeouts = request.extensions.get("timeout")
        if timeouts and request.url.scheme == "https":
            request.extensions["trace"] = partial(self._trace_connecting, timeouts, timeouts.get("read"))

    def _trace_connecting(
        self, timeouts: dict[str, Any], read_s: float | None, event: str, info: Mapping[str, Any]
    ) -> None:
        """A proxy that is to lead on to the server gets no more time for it than the connection itself."""
        if event.endswith(".connect_tcp.complete"):
            timeouts["read"] = timeouts.get("connect")
        elif event.endswith(".start_tls.started"):
            timeouts["read"] = read_s
        self._trace(event, info)

    def _note(self, response: Any) -> None:
        self.headers = response.headers

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.endswith(_OPENED):
            return
        opened = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets.append(opened)
        if self._is_hung_up:
            _shut(opened)


def _shut(opened: socket.socket) -> None:
    # Beneath TLS: its own way of ending a connection must not be begun while another thread reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _trusting_nobody() -> ssl.SSLContext:
    # For plain HTTP, which never uses it: loading the trusted authorities takes longer than a short answer.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
