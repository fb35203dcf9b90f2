"""Frames between an engine and a program: four bytes of length, big end first, and a JSON object."""

from __future__ import annotations

import json
import math
import select
import socket
import struct
import time
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


def frame_bytes(frame: dict[str, Json]) -> bytes:
    """A frame as it is sent; ProtocolError if it is larger than one may be."""
    body = json_text(frame).encode()
    if len(body) > MOST_BYTES:
        raise ProtocolError(f"a frame of {len(body)} bytes")
    return _LENGTH.pack(len(body)) + body


def send_frame(connection: socket.socket, frame: bytes, *, within_s: float) -> None:
    """Send all of a frame; TimeoutError if it is not taken in time."""
    give_up_at = time.monotonic() + within_s
    left = memoryview(frame)
    while left:
        try:
            # Not with the socket's own timeout, which would hold for whoever reads as well.
            left = left[connection.send(left, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            _wait_for_room(connection, give_up_at)


def _wait_for_room(connection: socket.socket, give_up_at: float) -> None:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLOUT)
    if not poll.poll(max(0.0, give_up_at - time.monotonic()) * 1000):
        raise TimeoutError("what was sent to it was not read in time")


def _object(body: bytes) -> dict[str, Json]:
    try:
        frame = json.loads(body.decode(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a frame that is not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise ProtocolError("a frame that is not an object")
    return frame


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits[:40])


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
