"""Data on standard input that belongs to a request: read to its end, but not waited for without end."""

from __future__ import annotations

import os
import select
import sys
import time
from dataclasses import dataclass

from overseer.errors import UsageError
from overseer.plan import duration_text

MOST_BYTES = 20_000_000
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Given:
    """What came; `note` says what there is to know about it."""

    text: str | None = None
    note: str = ""


def read_input(patience_s: float) -> Given:
    """What standard input gives, as long as no pause in it is longer than `patience_s`.

    A terminal gives nothing. UsageError where it is too much, or no text.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return Given()
    try:
        data, has_ended = _read(sys.stdin.fileno(), patience_s)
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}; without it: --no-stdin") from error
    if not data:
        waited = f"nothing came on standard input within {duration_text(patience_s)}; going on without"
        return Given(note="" if has_ended else waited)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError("standard input is not UTF-8 text; give the name of a file in the request instead") from error
    paused = f"standard input paused for {duration_text(patience_s)} and has not ended; what came until then is used"
    return Given(text, "" if has_ended else paused)


def _read(descriptor: int, patience_s: float) -> tuple[bytes, bool]:
    pieces: list[bytes] = []
    size = 0
    until = time.monotonic() + patience_s
    while True:
        if not _is_ready(descriptor, until - time.monotonic()):
            return b"".join(pieces), False
        piece = os.read(descriptor, _PIECE)
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise UsageError(
                f"standard input gives more than {MOST_BYTES:,} bytes; name a file in the request instead, "
                "or leave it out with --no-stdin"
            )
        until = time.monotonic() + patience_s


def _is_ready(descriptor: int, wait_s: float) -> bool:
    if os.name != "posix":  # there only sockets can be waited for
        return True
    return bool(select.select([descriptor], [], [], max(0.0, wait_s))[0])
