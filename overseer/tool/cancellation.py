"""Giving up a call: whether that was asked for, and what is to be done at that moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


class Cancellation:
    """Whether a call was given up, and what to do at that moment (kill a process, close a socket)."""

    __slots__ = ("_asked", "_hooks", "_woken")

    # One for all: it is held for moments, and most calls are never cancelled.
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._asked = False
        self._hooks: tuple[Callable[[], None], ...] = ()
        self._woken: threading.Event | None = None  # made when somebody first waits

    @property
    def is_asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        with self._lock:
            if self._asked:
                return
            self._asked = True
            hooks, self._hooks = self._hooks, ()
        if self._woken is not None:
            self._woken.set()
        for hook in hooks:
            try:
                hook()
            except Exception:  # a tool's own trouble must not keep the others from being called
                _log.exception("what a tool wanted done when cancelled raised: %r", hook)

    def call_when_asked(self, hook: Callable[[], None]) -> Callable[[], None]:
        """Call `hook` once when cancelled, from the cancelling thread; at once if that has happened.

        The returned function takes the wish back.
        """
        with self._lock:
            if not self._asked:
                self._hooks = (*self._hooks, hook)
                return lambda: self._forget(hook)
        hook()
        return lambda: None

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once when cancelled; whether that happened."""
        with self._lock:
            if self._asked:
                return True
            woken = self._woken = self._woken or threading.Event()
        return woken.wait(seconds)

    def _forget(self, hook: Callable[[], None]) -> None:
        with self._lock:
            self._hooks = tuple(kept for kept in self._hooks if kept is not hook)

    def __reduce__(self) -> tuple[Any, ...]:
        # A call that was sent to another process cannot be reached from here any more.
        return (Cancellation, ())
