"""Frames between an engine and a program: four bytes of length, big end first, and a JSON object."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

from overseer.jsonvalue import Json, json_text

MOST_BYTES = 1024 * 1024
_LENGTH = struct.Struct(">I")


class ProtocolError(Exception):
    """The other side does not keep to the rules; the connection is closed."""


def read_frame(connection: socket.socket) -> dict[str, Json] | None:
    """The next frame; None at the end of the stream."""
    head = _received(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MOST_BYTES:
        raise ProtocolError(f"a frame of {length} bytes")
    body = _received(connection, length)
    if body is None:
        raise ProtocolError("the stream ended inside a frame")
    return _object(body)


def write_frame(connection: socket.socket, frame: dict[str, Json]) -> None:
    """Send a frame; ProtocolError if it is larger than one may be."""
    data = json_text(frame).encode()
    if len(data) > MOST_BYTES:
        raise ProtocolError(f"a frame of {len(data)} bytes")
    connection.sendall(_LENGTH.pack(len(data)) + data)


def _object(body: bytes) -> dict[str, Json]:
    try:
        frame = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a frame that is not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise ProtocolError("a frame that is not an object")
    return frame


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _received(connection: socket.socket, size: int) -> bytes | None:
    """Exactly so many bytes; None if the stream ended before the first."""
    data = bytearray()
    while len(data) < size:
        # Plain recv: file descriptors that somebody sends along are dropped by the kernel.
        piece = connection.recv(size - len(data))
        if not piece:
            if data:
                raise ProtocolError("the stream ended inside a frame")
            return None
        data += piece
    return bytes(data)
