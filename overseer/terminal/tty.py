"""The terminal behind a stream: its size, writing that gives up, keys that are not echoed.

It is opened a second time for writing, so that nobody else's writing becomes such that it does not wait.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from overseer.ownterminal import keyboard

_AT_ONCE = 4096  # bytes; where the terminal could not be opened again, a longer piece might wait
_LOOKS_S = 0.1


class Tty:
    """A terminal that a live view writes to. It is closed by whoever opened it."""

    def __init__(self, descriptor: int) -> None:
        self._given = descriptor
        self._out = descriptor
        self._is_typed_at = _is_typed_at(descriptor)
        self._keys: list[Any] | None = None  # how keys were treated before
        self.took_at = time.monotonic()  # when it took something last
        with suppress(OSError):
            self._out = os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)

    def close(self) -> None:
        self.echo_keys()
        if self._out != self._given:
            os.close(self._out)
            self._out = self._given

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; those of an ordinary terminal where it does not say."""
        try:
            columns, rows = os.get_terminal_size(self._given)
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    @property
    def is_ours(self) -> bool:
        """Whether this process is in front: one in the background draws nothing."""
        try:
            return os.tcgetpgrp(self._given) == os.getpgrp()
        except OSError:  # it is not the one that the session is controlled from
            return True

    def write(self, text: bytes, keep_on: Callable[[], bool]) -> bool:
        """Write all of it, for as long as `keep_on` says where the terminal takes nothing; whether it was."""
        left = memoryview(text)
        poll = select.poll()
        poll.register(self._out, select.POLLOUT)
        while left:
            if not poll.poll(_LOOKS_S * 1000):
                if not keep_on():
                    return False
                continue
            try:
                left = left[os.write(self._out, left[:_AT_ONCE]) :]
                self.took_at = time.monotonic()
            except BlockingIOError:
                if not keep_on():
                    return False
                time.sleep(_LOOKS_S)
            except OSError:  # it has been hung up
                return False
        return True

    def hush_keys(self) -> None:
        """Keys that are pressed show nothing from here on; what they say is kept for whoever reads next."""
        import termios

        if self._keys is not None or not self.is_ours or not self._is_typed_at:
            return
        with suppress(termios.error, OSError):
            now = termios.tcgetattr(self._given)
            if now[3] & termios.ECHO:
                self._keys = list(now)
                now[3] &= ~termios.ECHO
                termios.tcsetattr(self._given, termios.TCSANOW, now)

    def echo_keys(self) -> None:
        """Keys show again what they did before."""
        import termios

        keys, self._keys = self._keys, None
        if keys is not None and self.is_ours:  # in the background this would stop the process
            with suppress(termios.error, OSError):
                termios.tcsetattr(self._given, termios.TCSANOW, keys)


def _is_typed_at(descriptor: int) -> bool:
    """Whether the keys are those of that terminal."""
    try:
        return os.path.samestat(os.fstat(keyboard().fileno()), os.fstat(descriptor))
    except (OSError, ValueError, AttributeError):
        return False
