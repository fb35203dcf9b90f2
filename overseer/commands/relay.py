"""What happens in a run before somebody looks at it: kept until then, and told to whoever watches.

A run may go on for as long as somebody thinks about the rest of its plan. Its journal keeps what happens in it
meanwhile; of a run that has none, so much is kept in memory as a person can have waited for, and then it is stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol

from overseer.journal.journal import Journal
from overseer.kernel.events import Event
from overseer.running.engine import Run
from overseer.running.stream import Watcher

# Several hours of a timer that ticks each second; some ten MB where the values are small.
MOST_KEPT = 50_000

Pause = Callable[[], None]


class Watchable(Protocol):
    """A run, or what passes on what happens in one."""

    def watch(self, watcher: Watcher, *, pause: Pause | None = None) -> Callable[[], None]: ...

    def hear(self, listener: Callable[[str, str | None], None]) -> None: ...


class Relay:
    """Passes on the events of one run, those that were before to each watcher first.

    A run may go on for ever: once all are there who want to know how it began, `forget` what was.
    """

    def __init__(self, run: Run, journal: Journal | None = None, *, most: int = MOST_KEPT) -> None:
        """The run has not begun yet. `journal` is the one that it is recorded in, if it is."""
        self._run = run
        self._journal = journal if run.is_recorded else None
        self._most = most
        self._count = 0  # of the events so far
        self._events: list[Event] = []  # where no journal has them
        self._is_all_there = False  # nobody else is to come
        self._watchers: list[tuple[Watcher, Pause | None]] = []
        self._listener: Callable[[str, str | None], None] | None = None
        self._lock = threading.RLock()  # a watcher may be told on any thread, and one at a time
        run.watch(self._observe, pause=self._pause)
        run.hear(self._hear)

    def watch(self, watcher: Watcher, *, pause: Pause | None = None) -> Callable[[], None]:
        """Call `watcher` with every event, also those that are kept from before; the returned function ends that."""
        entry = (watcher, pause)
        with self._lock:
            for event in self._past():
                watcher(event)
            if pause is not None:
                pause()
            self._watchers.append(entry)

        def end() -> None:
            with self._lock:
                if entry in self._watchers:
                    self._watchers.remove(entry)

        return end

    def forget(self) -> None:
        """Keep nothing from here on: whoever wants to know what was is watching by now."""
        with self._lock:
            self._is_all_there = True
            self._events.clear()

    def hear(self, listener: Callable[[str, str | None], None]) -> None:
        """Call `listener` with what models answer from here on."""
        self._listener = listener

    def _observe(self, event: Event) -> None:
        with self._lock:
            self._count += 1
            if self._journal is None and not self._is_all_there:
                self._keep(event)
            for watcher, _ in tuple(self._watchers):  # one of them may have another come
                watcher(event)

    def _past(self) -> Iterable[Event]:
        if self._is_all_there:
            return ()
        if self._journal is None:
            return self._events
        # It may know of some that are yet to be told.
        return islice(self._journal.events(self._run.run_id), self._count)

    def _keep(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) == self._most:
            self._run.cancel(reason=f"nobody looked at it for {self._most:,} events, and it has no journal")

    def _pause(self) -> None:
        with self._lock:
            for _, pause in self._watchers:
                if pause is not None:
                    pause()

    def _hear(self, key: str, piece: str | None) -> None:
        if (listener := self._listener) is not None:
            listener(key, piece)
