"""The way from a source to one scope, and what can be wrong with it.

Sources call from their own threads while the run loop may be closing the scope. The outlet settles
that race once, for all kinds of sources.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Literal, TypeAlias

from overseer.errors import OverseerError
from overseer.jsonvalue import Json

# Takes the payload over and returns at once: it may raise Busy, but neither wait nor open or close sources.
Deliver: TypeAlias = Callable[[Json], None]
Close: TypeAlias = Callable[[], None]
Receipt: TypeAlias = Literal["accepted", "busy", "closed"]


class Busy(OverseerError):
    """Raised by a `Deliver` that cannot take any more payloads for the time being."""


class SourceError(OverseerError):
    """A trigger that cannot be listened to: which scope, what it wanted, why not, and what would help."""

    def __init__(self, scope: str, wanted: str, *, why: str, remedy: str) -> None:
        super().__init__(f"scope '{scope}' cannot {wanted}: {why}; {remedy}")


class Outlet:
    """Hands payloads to one scope; once `close` has returned, never again."""

    def __init__(self, scope: str, deliver: Deliver) -> None:
        self.scope = scope
        self._deliver = deliver
        self._is_open = True
        self._lock = Lock()

    def send(self, payload: Json) -> Receipt:
        # The lock is held while delivering, so that `close` waits for a delivery under way.
        with self._lock:
            if not self._is_open:
                return "closed"
            try:
                self._deliver(payload)
            except Busy:
                return "busy"
            return "accepted"

    def close(self) -> None:
        with self._lock:
            self._is_open = False
