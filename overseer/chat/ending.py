"""Being told to end from outside, by SIGTERM or because the terminal is gone: the chat ends as soon as it can.

While a run is carried out its own handlers take the place of these, and say so here.
"""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from overseer.ownterminal import keyboard

_WANTED = ("SIGTERM", "SIGHUP")


class ToldToEnd(BaseException):
    """The process was told to end. It is nobody's business but of the loop that ends."""


def _is_hung_up() -> bool:
    """Whether the keys are those of a terminal that was closed."""
    try:
        import termios
    except ImportError:  # where terminals are of another kind
        return False
    try:
        termios.tcgetattr(keyboard().fileno())
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)
    except (OSError, ValueError, AttributeError):
        return False
    return False


class Ending:
    """Whether the process was told to end, and by which signal."""

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        self.at_prompt: Callable[[BaseException], bool] = lambda error: False  # ends a prompt, if one is open

    @property
    def exit_code(self) -> int:
        """As a shell says it."""
        assert self.asked is not None
        return 128 + self.asked

    def heard(self, number: signal.Signals) -> None:
        """Take note of a signal that somebody else has acted upon."""
        if number != signal.SIGINT:
            self.asked = number

    def require_terminal(self) -> None:
        """ToldToEnd if the terminal is gone, whether or not its signal has come by now or is ignored."""
        if _is_hung_up():
            self.asked = self.asked or signal.SIGHUP
            raise ToldToEnd

    def require_none(self) -> None:
        """ToldToEnd if it was."""
        if self.asked is not None:
            raise ToldToEnd

    @contextmanager
    def listening(self) -> Iterator[None]:
        """End what is done on this thread as soon as a signal comes; Ctrl-C is a KeyboardInterrupt.

        What is ignored stays so. Whether the terminal is there is looked at besides, by whoever waits for something.
        """
        assert threading.current_thread() is threading.main_thread()
        handlers: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler}
        handlers.update({getattr(signal, name): self._end for name in _WANTED if hasattr(signal, name)})
        before = {
            number: signal.signal(number, handler)
            for number, handler in handlers.items()
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, _frame: Any) -> None:
        self.asked = signal.Signals(number)
        if not self.at_prompt(ToldToEnd()):
            raise ToldToEnd
