"""Many small choices out of one draw, for strategies that put something large together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices:
    """What a row of bytes says, one byte for each choice; from its end on, always the first and simplest.

    Were each a draw of its own, hypothesis would take a hundred times as long for it. It finds the simplest of what
    fails all the same: that is what a row of noughts says.
    """

    def __init__(self, row: bytes) -> None:
        self._row = iter(row)

    def of(self, options: Sequence[T]) -> T:
        assert len(options) <= 256, "a byte does not reach all of them"
        return options[next(self._row, 0) % len(options)]

    def is_so(self) -> bool:
        return self.of((False, True))

    def number(self, least: int, most: int) -> int:
        return self.of(range(least, most + 1))

    def whole(self, size: int) -> int:
        """Any whole number of so many bytes."""
        return int.from_bytes(next(self._row, 0) for _ in range(size))

    def some(self, options: Sequence[T], *, most: int, least: int = 0) -> list[T]:
        """Some of them, in any order and none of them twice."""
        left = list(options)
        count = self.number(least, min(most, len(left)))
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]

    def several(self, make: Callable[[], T], *, most: int, least: int = 0) -> list[T]:
        return [make() for _ in range(self.number(least, most))]


def chosen(make: Callable[[Choices], T], *, most: int) -> st.SearchStrategy[T]:
    """What `make` puts together by so many choices at most."""
    return st.binary(min_size=most, max_size=most).map(lambda row: make(Choices(row)))
