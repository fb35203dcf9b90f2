"""In which order tests run: at random, but what takes long is not left to the end.

A process that comes upon a test of half a minute when all others are done makes everybody wait. Tests that say they are
`long` are therefore spread over the first half of what each process is given.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest


def long_ones_soon(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """The same tests, for so many processes, each of which is first given an equal stretch of them."""
    long = [item for item in items if item.get_closest_marker("long")]
    if len(items) < 4 * (len(long) + processes):
        return items  # only a few were chosen
    places: dict[int, pytest.Item] = {}
    for number, (start, size) in enumerate(_stretches(len(items), processes)):
        own = long[number::processes]
        every = size // 2 // max(1, len(own))
        places |= {start + count * every: item for count, item in enumerate(own)}
    others = iter([item for item in items if not item.get_closest_marker("long")])
    return [places[at] if at in places else next(others) for at in range(len(items))]


def _stretches(count: int, processes: int) -> Iterator[tuple[int, int]]:
    start = 0
    for left in range(processes, 0, -1):
        size = (count - start) // left
        yield start, size
        start += size
