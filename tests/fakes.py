"""Small real things that stand in for larger ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from overseer.broker.records import Record
from overseer.broker.result import ToolResult
from overseer.errors import JournalError
from overseer.jsonvalue import Json
from overseer.kernel.events import Event
from tests.processes import PATIENCE_S


class MemoryLog:
    """Keeps the events of a run in a list, batch by batch; refuses from a certain batch on, if told so."""

    def __init__(self, *, refuse: Callable[[int], bool] = lambda _batch: False) -> None:
        self.batches: list[list[Event]] = []
        self.asked = 0
        self._refuse = refuse

    def append(self, events: Sequence[Event]) -> None:
        self.asked += 1
        if self._refuse(self.asked):
            raise JournalError("the disk is full")
        self.batches.append(list(events))

    def close(self) -> None:
        pass

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]


class InlineExecutor(Executor):
    """Does the work at once, on the thread that submits it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Gate:
    """Opens only when so many calls are inside at once: proof that they overlap."""

    def __init__(self, parties: int, *, patience_s: float = PATIENCE_S) -> None:
        self._barrier = threading.Barrier(parties)
        self._patience_s = patience_s

    def pass_through(self) -> None:
        """BrokenBarrierError if the others do not come in time."""
        self._barrier.wait(self._patience_s)


class Latch:
    """A door that a test opens, and a note of who stands before it."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._open = threading.Event()
        self._reached = threading.Semaphore(0)
        self._patience_s = patience_s

    def wait(self) -> None:
        """Called by the work: stand before the door until it is opened."""
        self._reached.release()
        assert self._open.wait(self._patience_s), "nobody opened the latch"

    def wait_until_reached(self, times: int = 1) -> None:
        """Called by the test: until so many stand before the door."""
        for _ in range(times):
            assert self._reached.acquire(timeout=self._patience_s), "nobody reached the latch"

    def open(self) -> None:
        self._open.set()

    def is_open_within(self, seconds: float) -> bool:
        """Whether it is opened in this time."""
        return self._open.wait(seconds)


class MemoryRecords:
    """What came of a program's calls, by name, as a run would keep it."""

    def __init__(self) -> None:
        self.results: dict[str, ToolResult] = {}
        self._changed = threading.Condition()

    def record(self, name: str, tool: str, args: Mapping[str, Json]) -> Record:
        return _MemoryRecord(self, name)

    def keep(self, name: str, result: ToolResult) -> None:
        with self._changed:
            self.results[name] = result
            self._changed.notify_all()

    def wait_for(self, count: int, *, patience_s: float = PATIENCE_S) -> None:
        """Until so many calls have ended."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.results) >= count, patience_s), "too few calls ended"


class _MemoryRecord:
    def __init__(self, records: MemoryRecords, name: str) -> None:
        self._records = records
        self._name = name

    def known(self) -> ToolResult | None:
        return self._records.results.get(self._name)

    def begin(self) -> None:
        pass

    def end(self, result: ToolResult) -> None:
        self._records.keep(self._name, result)
