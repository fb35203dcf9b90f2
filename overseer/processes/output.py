"""What a command printed, as far as it is kept: the beginning and the end of it."""

from __future__ import annotations


class Output:
    """The first and the last bytes of a stream, each up to half of a limit, and how many lay between."""

    __slots__ = ("_half", "_head", "_tail", "_total")

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._total = 0

    def add(self, data: bytes) -> None:
        self._total += len(data)
        if (room := self._half - len(self._head)) > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        # Seldom, so that what is thrown away is moved once for as much again that is read.
        if len(self._tail) > 4 * self._half:
            self._shorten()

    @property
    def is_cut(self) -> bool:
        return self._total > 2 * self._half

    def text(self) -> str:
        """All of it, or its beginning and end with a note of what is missing."""
        self._shorten()
        if not self.is_cut:
            return (self._head + self._tail).decode(errors="replace")
        left_out = self._total - 2 * self._half
        return f"{_beginning(self._head)}\n[... {left_out} bytes left out ...]\n{_end(self._tail)}"

    def _shorten(self) -> None:
        if (excess := len(self._tail) - self._half) > 0:
            del self._tail[:excess]


def _beginning(data: bytearray) -> str:
    """Text whose last character may have been cut in two."""
    start = max(len(data) - 3, 0)
    for place in range(len(data) - 1, start - 1, -1):
        if data[place] >= 0xC0:  # the first byte of a longer character
            length = 2 + (data[place] >= 0xE0) + (data[place] >= 0xF0)
            return (data if place + length <= len(data) else data[:place]).decode(errors="replace")
        if data[place] < 0x80:
            break
    return data.decode(errors="replace")


def _end(data: bytearray) -> str:
    """Text whose first character may have been cut in two."""
    start = 0
    while start < min(3, len(data)) and 0x80 <= data[start] < 0xC0:
        start += 1
    return data[start:].decode(errors="replace")
