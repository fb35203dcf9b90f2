"""An order for a node, as a file: its limits, and its code. The engine writes it, the template and the node read it."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from dataclasses import asdict

from overseer.sandbox.inside.locks import Amounts

_HEAD = struct.Struct(">I")


class Order:
    """An order that has arrived. The limits are read at once; the code by the node alone."""

    def __init__(self, file: int, streams: Sequence[int]) -> None:
        (length,) = _HEAD.unpack(os.pread(file, _HEAD.size, 0))
        head = json.loads(os.pread(file, length, _HEAD.size))
        self.amounts = Amounts(**head["amounts"])
        self.scratch: int = head["scratch"]  # bytes of a folder of its own; 0: none
        self.streams = streams  # what become its input, output, notes, broker and report
        self._file = file
        self._begin = _HEAD.size + length

    def source(self) -> bytes:
        place, size = self._begin, os.fstat(self._file).st_size
        pieces = []
        while place < size and (piece := os.pread(self._file, size - place, place)):
            pieces.append(piece)
            place += len(piece)
        return b"".join(pieces)


def order_text(amounts: Amounts, scratch: int, source: bytes) -> bytes:
    """The file of an order."""
    head = json.dumps({"amounts": asdict(amounts), "scratch": scratch}).encode()
    return _HEAD.pack(len(head)) + head + source
