"""Requests to the web: only to addresses that may be asked, on every hop, within one time limit.

A request costs a connection of its own; none is kept. Proxies named in the environment are not used,
since behind one nobody could tell where a connection ends.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from overseer.tool import Cancellation, ToolError, WebAnswer
from overseer.web.connection import Connection
from overseer.web.destination import Destinations, Resolve
from overseer.web.errand import Errand
from overseer.web.request import REDIRECTS, Request

if TYPE_CHECKING:
    from ssl import SSLContext

MOST_REDIRECTS = 5

# Besides a body: its headers, and the framing of one that comes in chunks.
_OVERHEAD_BYTES = 8 * 1024 * 1024


class WebClient:
    """What tools fetch with. `allow` names hosts that need not be public: "localhost:8000", "intranet.example"."""

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        resolve: Resolve = socket.getaddrinfo,
        tls: SSLContext | None = None,
    ) -> None:
        self._destinations = Destinations(allow, resolve)
        self._given_tls = tls

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30.0,
        limit_bytes: int = 10_000_000,
        cancellation: Cancellation | None = None,
    ) -> WebAnswer:
        """What the server answers in the end; ToolError if there is no answer or it may not be asked."""
        request = Request.checked(method, url, headers or {}, body)
        errand = Errand.starting_now(f"{request.method} {request.url}", timeout_s, cancellation)
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._asked(request, limit_bytes, errand)
            if answer.status not in REDIRECTS or "location" not in answer.headers:
                return answer
            request = request.redirected(answer.status, answer.headers["location"])
        raise ToolError(f"{errand.name} leads on to other places more than {MOST_REDIRECTS} times")

    def _asked(self, request: Request, limit_bytes: int, errand: Errand) -> WebAnswer:
        places = self._destinations.places(request.url, errand)
        connection = Connection(errand, limit_bytes + _OVERHEAD_BYTES)
        try:
            connection.open(places)
            return self._exchanged(connection, request, limit_bytes, errand)
        finally:
            connection.close()

    def _exchanged(self, connection: Connection, request: Request, limit_bytes: int, errand: Errand) -> WebAnswer:
        # Its imports take longer than starting the program may.
        from overseer.web.answer import read_answer

        doing = "at the handshake"
        try:
            if request.url.scheme == "https":
                connection.secure(self._tls, request.url.host)
            doing = "before the answer came"
            self._send(connection, request)
            doing = "before the answer was complete"
            return read_answer(connection, request, limit_bytes, errand)
        except Exception as error:
            raise errand.failed(error, doing) from error

    def _send(self, connection: Connection, request: Request) -> None:
        connection.send(request.to_bytes())
        try:
            connection.send(request.body or b"")
        except ConnectionError:
            # A server that refuses a body may hang up while it is still being sent; its answer says why.
            return

    @cached_property
    def _tls(self) -> SSLContext:
        if self._given_tls is not None:
            return self._given_tls
        import ssl

        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context
