"""Something that exists only while it is used, such as a thread that serves all scopes of a kind."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, Protocol, TypeVar

from overseer.sources.outlet import Close


class Stoppable(Protocol):
    """What is running from its construction until `stop` has returned."""

    def stop(self) -> None: ...


T = TypeVar("T", bound=Stoppable)


class OnDemand(Generic[T]):
    """Made for its first user, stopped after its last; made anew if another one comes."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._users = 0
        self.current: T | None = None

    def use(self, join: Callable[[T], Close]) -> Close:
        """Let `join` add a user, who leaves again by calling what comes back, once."""
        with self._lock:
            if self.current is None:
                self.current = self._make()
            try:
                leave = join(self.current)
                self._users += 1
            finally:
                self._stop_if_unused()
        return lambda: self._leave(leave)

    def _leave(self, leave: Close) -> None:
        with self._lock:
            leave()
            self._users -= 1
            self._stop_if_unused()

    def _stop_if_unused(self) -> None:
        unused = self.current
        if self._users == 0 and unused is not None:
            self.current = None
            unused.stop()
