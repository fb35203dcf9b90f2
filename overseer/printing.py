"""What one thread prints, taken from the streams that all threads share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Letters; where somebody takes whole lines, a longer one is taken in parts.
LONGEST_LINE = 100_000


@contextmanager
def printed_to(take: Callable[[str], None]) -> Iterator[None]:
    """Give what this thread writes to standard output or standard error to `take` instead, by whole lines.

    Streams that can be redirected, and those that are diverted, see to that.
    """
    before, _taken.by = _taken.by, Taking(take)
    try:
        yield
    finally:
        _taken.by.finish()
        _taken.by = before


def taker() -> Taking | None:
    """Who takes what this thread writes."""
    return _taken.by


class Taking:
    """The lines that one thread writes."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if len(self._begun) > LONGEST_LINE:
            lines, self._begun = [*lines, self._begun], ""
        for line in lines:
            self._take(line)
        return len(text)

    def finish(self) -> None:
        if self._begun:
            self.write("\n")


class _Taken(threading.local):
    by: Taking | None = None


_taken = _Taken()
