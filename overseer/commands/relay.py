"""What happens in a run before somebody looks at it: kept until then, and told to whoever watches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from overseer.kernel.events import Event
from overseer.running.engine import Run
from overseer.running.stream import Watcher

Pause = Callable[[], None]


class Watchable(Protocol):
    """A run, or what passes on what happens in one."""

    def watch(self, watcher: Watcher, *, pause: Pause | None = None) -> Callable[[], None]: ...

    def hear(self, listener: Callable[[str, str | None], None]) -> None: ...


class Relay:
    """Passes on the events of one run, those that were before to each watcher first.

    A run may go on for ever: once all are there who want to know how it began, `forget` what was.
    """

    def __init__(self, run: Run) -> None:
        """The run has not begun yet."""
        self._events: list[Event] | None = []  # None: nobody else is to come
        self._watchers: list[tuple[Watcher, Pause | None]] = []
        self._listener: Callable[[str, str | None], None] | None = None
        self._lock = threading.RLock()  # a watcher may be told on any thread, and one at a time
        run.watch(self._observe, pause=self._pause)
        run.hear(self._hear)

    def watch(self, watcher: Watcher, *, pause: Pause | None = None) -> Callable[[], None]:
        """Call `watcher` with every event, also those that are kept from before; the returned function ends that."""
        entry = (watcher, pause)
        with self._lock:
            for event in self._events or ():
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
            self._events = None

    def hear(self, listener: Callable[[str, str | None], None]) -> None:
        """Call `listener` with what models answer from here on."""
        self._listener = listener

    def _observe(self, event: Event) -> None:
        with self._lock:
            if self._events is not None:
                self._events.append(event)
            for watcher, _ in self._watchers:
                watcher(event)

    def _pause(self) -> None:
        with self._lock:
            for _, pause in self._watchers:
                if pause is not None:
                    pause()

    def _hear(self, key: str, piece: str | None) -> None:
        if (listener := self._listener) is not None:
            listener(key, piece)
