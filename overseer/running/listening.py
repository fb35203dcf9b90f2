"""What a run listens to: a source for each open `on` scope, from which signals come as messages.

The thread that owns the run opens and closes sources; they deliver from threads of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import assert_never

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.kernel import flow
from overseer.kernel.events import Event, SourceOpened, StepFailed
from overseer.kernel.state import OpenScope, RunState
from overseer.plan.durations import duration_text
from overseer.plan.references import Unreadable
from overseer.plan.values import FileChange, Hook, On, Timer, Trigger
from overseer.running.messages import Signal
from overseer.sources import Busy, SourceError, Sources

# Beyond this a source is told that the scope is busy: nobody waits for the thousandth event in line.
MOST_SIGNALS_WAITING = 1000

# What takes secrets out of what comes from outside.
Clean = Callable[[Json], Json]


class Listening:
    """The sources that are open for a run."""

    def __init__(
        self,
        state: RunState,
        sources: Sources,
        *,
        folder: Path,
        tell: Callable[[Signal], None],
        clock: Callable[[], float],
        clean: Clean,
    ) -> None:
        self._state = state
        self._sources = sources
        self._folder = folder
        self._tell = tell
        self._clock = clock
        self._clean = clean
        self._open: set[str] = set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is listened to."""
        return not self._open

    def begin(self, key: str) -> Event | None:
        """Open the source of a scope's signals, if it is one that wants any; what there is to tell of that."""
        scope = self._state.scope_at(key)
        if scope is None or not isinstance(scope.scope.mode, On) or not scope.wants_signals():
            return None
        try:
            trigger = flow.resolved_trigger(scope.frame, scope.scope.mode.trigger)
            self._sources.open(key, trigger, partial(self._deliver, scope), base=self._folder)
        except (SourceError, Unreadable, flow.Meaningless) as error:
            return StepFailed(self._clock(), key, Failure("bad_request", str(error)))
        self._open.add(key)
        return SourceOpened(self._clock(), key, self._described(trigger))

    def end_if_full(self, key: str) -> None:
        """A scope that has all the signals it may have needs its source no longer."""
        scope = self._state.scope_at(key)
        if scope is None or not scope.wants_signals():
            self._end(key)

    def end(self, key: str) -> None:
        """A step has ended; a scope takes those inside it along."""
        for ended in [ended for ended in self._open if ended == key or ended.startswith(f"{key}[")]:
            self._end(ended)

    def end_all(self) -> None:
        """Nothing is listened to any more."""
        self._open.clear()
        self._sources.close_all()

    def _end(self, key: str) -> None:
        if key in self._open:
            self._open.discard(key)
            self._sources.close(key)

    def _deliver(self, scope: OpenScope, payload: Json) -> None:
        """Called by a source, from its own thread."""
        if len(scope.signals) >= MOST_SIGNALS_WAITING:
            raise Busy(f"{MOST_SIGNALS_WAITING} events already wait for '{scope.key}'")
        self._tell(Signal(scope.key, self._clean(payload)))

    def _described(self, trigger: Trigger) -> str:
        match trigger:
            case Timer(seconds=seconds):
                return f"every {duration_text(seconds)}"
            case FileChange(path=path):
                return f"changes of {path}"
            case Hook(path=path):
                return f"requests to {self._sources.url(path)}"
            case _:
                assert_never(trigger)
