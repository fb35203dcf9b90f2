"""One HTTP request to a hook: who may send it, what it carries, what is answered.

Only programs of this machine should open rounds of a person's workflow. A web page in the person's
browser can reach this machine too, so whatever looks like coming from a page is refused.
"""

from __future__ import annotations

import io
import json
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import parse_qs, unquote

from overseer.jsonvalue import Json, as_json
from overseer.sources.outlet import Outlet

if TYPE_CHECKING:
    from overseer.sources.hook_server import Acceptor

MOST_BYTES = 1024 * 1024
TIMEOUT_S = 10.0

# A client that is refused while it still sends would see a broken connection instead of the answer.
_MOST_DRAINED_BYTES = 16 * MOST_BYTES


class Refused(Exception):
    """The request is not what a hook takes."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class HookRequest(BaseHTTPRequestHandler):
    """Answers one request: 202 once the scope has it."""

    server: Acceptor
    protocol_version = "HTTP/1.1"
    server_version = "Overseer"
    sys_version = ""
    is_read = False

    def do_POST(self) -> None:
        try:
            self._check_sender()
            outlet, path, query = self._addressed()
            payload = {"method": self.command, "path": path, "query": query, "body": self._body()}
            self._pass_on(outlet, payload)
        except Refused as refused:
            self._answer(refused.status, {"error": str(refused)})

    do_GET = do_POST

    def _check_sender(self) -> None:
        if "Origin" in self.headers or self.headers.get("Sec-Fetch-Site", "none") != "none":
            raise Refused(HTTPStatus.FORBIDDEN, "web pages may not call hooks")
        # A page whose name was made to point to this machine sends that name here (DNS rebinding).
        names = self.headers.get_all("Host", [])
        if len(names) != 1 or names[0].strip().lower() not in self.server.own_names:
            raise Refused(HTTPStatus.FORBIDDEN, f"the Host header must name this server: {self.server.authority}")

    def _addressed(self) -> tuple[Outlet, str, dict[str, Json]]:
        """The hook that the request is for, and its path and query as text."""
        # The base class reads bytes as Latin-1; what clients do not escape is UTF-8.
        path, _, query = self.path.encode("latin-1").decode("utf-8", "replace").partition("?")
        path = unquote(path)
        outlet = self.server.hooks.get(path)
        if outlet is None:
            raise Refused(HTTPStatus.NOT_FOUND, f"no hook is open at {path}")
        fields = parse_qs(query, keep_blank_values=True)
        return outlet, path, {name: values[0] if len(values) == 1 else values for name, values in fields.items()}

    def _body(self) -> Json:
        body = self._read(self._announced_length())
        kind = self.headers.get_content_type()
        if kind != "application/json" and not kind.endswith("+json"):
            return body.decode("utf-8", "replace")
        return _parsed(body) if body else None

    def _announced_length(self) -> int:
        if "Transfer-Encoding" in self.headers:
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "send the body in one piece, with a Content-Length")
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        text = lengths.pop().strip()
        if lengths or not (text.isascii() and text.isdigit()):
            raise Refused(HTTPStatus.BAD_REQUEST, "the Content-Length is not one number")
        # Comparing the digits first: Python refuses to read thousands of them.
        if len(text.lstrip("0")) > len(str(MOST_BYTES)) or int(text) > MOST_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a hook takes at most {MOST_BYTES} bytes")
        return int(text)

    def _read(self, length: int) -> bytes:
        try:
            body = self.rfile.read(length)
        except TimeoutError as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {TIMEOUT_S:g} s") from error
        if len(body) < length:
            raise Refused(HTTPStatus.BAD_REQUEST, f"the body ended after {len(body)} of {length} bytes")
        self.is_read = True
        return body

    def _pass_on(self, outlet: Outlet, payload: Json) -> None:
        receipt = outlet.send(payload)
        match receipt:
            case "accepted":
                self._answer(HTTPStatus.ACCEPTED, {"accepted": True})
            case "busy":
                raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "too many requests wait for this hook already")
            case "closed":
                raise Refused(HTTPStatus.NOT_FOUND, "the hook has just been closed")
            case _:
                assert_never(receipt)

    # --- answering

    def _answer(self, status: int, content: Json) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, POST")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Retry-After", "1")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class itself refuses: a malformed request, or a method without a `do_…`."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "hooks take POST and GET"
        self._answer(code, {"error": message or HTTPStatus(code).phrase})

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: the terminal belongs to the conversation."""

    # --- the connection

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(PatientReader(self.connection, time.monotonic() + TIMEOUT_S))

    def finish(self) -> None:
        if not self.is_read:
            self._drain()
        super().finish()

    def _drain(self) -> None:
        """Let a client finish sending what nobody wants to read."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            left = _MOST_DRAINED_BYTES
            while left > 0 and (piece := self.rfile.read1(65536)):
                left -= len(piece)


class PatientReader(io.RawIOBase):
    """What a client sends, up to a deadline: trickling gains no more time than saying nothing."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._connection.settimeout(left_s)
        return self._connection.recv_into(buffer)


def _parsed(body: bytes) -> Json:
    try:
        value = as_json(json.loads(body), where="body")
        # Half a surrogate pair is good JSON, but not text that could be stored or shown.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, f"the body is not JSON: {error}") from error
    return value
