"""Reading what a server answers, never more of it than wanted, however it is packed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from http.client import HTTPMessage, HTTPResponse
from typing import TYPE_CHECKING, cast

from overseer.tool import ToolError, WebAnswer
from overseer.web.errand import Errand
from overseer.web.request import REDIRECTS, Request

if TYPE_CHECKING:
    import socket

    from overseer.web.connection import Connection

_PIECE = 65_536
_FOLD = re.compile(r"[\r\n]+[ \t]*")


def read_answer(connection: Connection, request: Request, limit_bytes: int, errand: Errand) -> WebAnswer:
    """The answer that comes over a connection. The body of one that leads elsewhere is left unread."""
    response = _begun(connection, request.method)
    headers = _headers(response.headers)
    body = b""
    if response.status not in REDIRECTS or "location" not in headers:
        body = _body(response, limit_bytes, errand)
    return WebAnswer(str(request.url), response.status, headers, body)


def _begun(connection: Connection, method: str) -> HTTPResponse:
    while True:
        # All it ever asks of a socket is `makefile`.
        response = HTTPResponse(cast("socket.socket", connection), method=method)
        response.begin()
        if response.status >= 200:
            return response
        # A word in advance, such as 103: the answer is still to come, over the same reader.
        response.fp = None  # type: ignore[assignment]


def _headers(message: HTTPMessage) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in message.items():
        key, text = name.lower(), _as_utf8(_FOLD.sub(" ", value)).strip()
        # Of two places to go to there is no sum.
        headers[key] = f"{headers[key]}, {text}" if key in headers and key != "location" else text
    return headers


def _as_utf8(value: str) -> str:
    """What the parser took for Latin-1 is UTF-8 nearly always when it is not ASCII."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _body(response: HTTPResponse, limit_bytes: int, errand: Errand) -> bytes:
    encoding = (response.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in _UNPACKERS:
        raise ToolError(f"{errand.name}: the answer is packed as '{encoding[:40]}', which was not asked for")
    if encoding == "identity" and (response.length or 0) > limit_bytes:
        raise _too_large(errand, limit_bytes)
    body = bytearray()
    unpacked = _UNPACKERS[encoding](_pieces(response, errand), limit_bytes + 1)
    for piece in unpacked:
        body += piece
        if len(body) > limit_bytes:
            raise _too_large(errand, limit_bytes)
    return bytes(body)


def _pieces(response: HTTPResponse, errand: Errand) -> Iterator[bytes]:
    while piece := response.read(_PIECE):
        yield piece
    if response.length:  # what is still missing of the announced length
        raise ToolError(f"{errand.name}: the answer ended {response.length} bytes early", kind="transient")


def _too_large(errand: Errand, limit_bytes: int) -> ToolError:
    return ToolError(f"{errand.name}: the answer is larger than {limit_bytes} bytes")


def _as_it_is(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    return pieces


def _unpacked(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """What is inside gzip or deflate, in pieces of at most `most` bytes: a few bytes can unfold into gigabytes."""
    unpacker = None
    for piece in pieces:
        rest = piece
        while rest:
            if unpacker is None:
                unpacker = zlib.decompressobj(_window_of(rest))
            elif unpacker.eof:
                if rest[:1] != _GZIP:
                    return  # what comes after the end means nothing
                unpacker = zlib.decompressobj(_window_of(rest))  # gzip may come in several members
            yield unpacker.decompress(rest, most)
            rest = unpacker.unconsumed_tail or unpacker.unused_data
    if unpacker is not None and not unpacker.eof:
        raise zlib.error("what was packed ends early")


def _window_of(start: bytes) -> int:
    """How zlib is told the wrapping: gzip, zlib, or the bare stream that some servers take for deflate."""
    is_zlib = start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
    return zlib.MAX_WBITS | 32 if is_zlib or start[:1] == _GZIP else -zlib.MAX_WBITS


_GZIP = b"\x1f"

_UNPACKERS = {
    "identity": _as_it_is,
    "gzip": _unpacked,
    "x-gzip": _unpacked,
    "deflate": _unpacked,
}
