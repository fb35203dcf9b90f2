"""Fan-out of a run's events to those who watch it.

The journal is not a watcher: it is written before anything is published. A watcher that raises is
detached and reported; it cannot hurt the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from overseer.kernel.events import Event, detached_event

Watcher = Callable[[Event], None]

_log = logging.getLogger(__name__)


class Stream:
    """Where the events of one or more runs can be watched, in order, from the thread that owns the run."""

    def __init__(self, watchers: Sequence[Watcher] = ()) -> None:
        self._watchers: tuple[Watcher, ...] = tuple(watchers)
        self._pauses: dict[Watcher, Callable[[], None]] = {}

    def watch(self, watcher: Watcher, *, pause: Callable[[], None] | None = None) -> Callable[[], None]:
        """Call `watcher` with every event from here on; the returned function ends that.

        `pause` is called when no further event is at hand for the moment.
        """
        self._watchers = (*self._watchers, watcher)
        if pause is not None:
            self._pauses[watcher] = pause
        return lambda: self._detach(watcher)

    def publish(self, events: Sequence[Event]) -> None:
        """Show the events. Watchers get copies of the data in them, which they share with each other alone."""
        if not self._watchers:
            return
        events = [detached_event(event) for event in events]
        for watcher in self._watchers:
            try:
                for event in events:
                    watcher(event)
                if pause := self._pauses.get(watcher):
                    pause()
            except BaseException:  # also SystemExit: it would end the run, not whoever raised it
                self._detach(watcher)
                _log.exception("a watcher of the run raised and was detached: %r", watcher)

    def _detach(self, watcher: Watcher) -> None:
        self._watchers = tuple(kept for kept in self._watchers if kept is not watcher)
        self._pauses.pop(watcher, None)
