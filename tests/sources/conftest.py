"""Every test here must leave no thread and no descriptor behind."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, Queue

import pytest

from overseer.jsonvalue import Json
from overseer.sources import Sources
from tests.leftovers import nothing_left_behind

PATIENCE_S = 10.0


class Inbox:
    """What a scope is told, in order."""

    def __init__(self) -> None:
        self._queue: Queue[Json] = Queue()

    def deliver(self, payload: Json) -> None:
        self._queue.put(payload)

    def next(self) -> Json:
        return self._queue.get(timeout=PATIENCE_S)

    def take(self, count: int) -> list[Json]:
        return [self.next() for _ in range(count)]

    def is_empty(self) -> bool:
        return self._queue.empty()

    def rest(self) -> list[Json]:
        """All that has been delivered but not looked at."""
        found: list[Json] = []
        while True:
            try:
                found.append(self._queue.get_nowait())
            except Empty:
                return found


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def sources() -> Iterator[Sources]:
    opened = Sources()
    yield opened
    opened.close_all()


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    # What the libraries under test load once is not theirs to give back.
    import overseer.sources.comparison
    import overseer.sources.hook_server
    import overseer.sources.inotify  # noqa: F401

    with nothing_left_behind():
        yield
