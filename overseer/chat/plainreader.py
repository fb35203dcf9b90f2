"""Reading lines as the terminal itself edits them: nothing is drawn anew, which is what screen readers can follow.

There is no history and no completion here; a line that ends with a backslash goes on in the next one.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from overseer.descriptors import readable
from overseer.ownterminal import keyboard, line_typed

_MORE = "  "


class PlainReader:
    """Reads lines. EOFError where the input ends, KeyboardInterrupt where somebody gives a line up."""

    def __init__(self, given: TextIO | None = None, shown: TextIO | None = None) -> None:
        """The streams are those of the process, as they are whenever a line is read, unless others are given."""
        self._given = given
        self._shown = shown

    def request(self, prompt: str) -> str:
        """A request or command, of one line or several."""
        line = self._line(prompt)
        while line.endswith("\\"):
            line = f"{line[:-1]}\n{self._line(_MORE)}"
        return line

    def answer(self, prompt: str, *, default: str = "") -> str:
        """The answer to a question; nothing stands for the default."""
        return self._line(f"{prompt}[{default}] " if default else prompt) or default

    def give_up(self, error: BaseException) -> bool:
        """A line that is being read cannot be given up from elsewhere."""
        return False

    def complete_with(self, completer: object) -> None:
        """Nothing is completed where nothing is drawn anew."""

    def close(self) -> None:
        """The terminal is as it was all the time."""

    def discard_typed(self) -> bool:
        """Forget what was typed since the last prompt; whether there was a line."""
        given = self._given or keyboard()
        with suppress(ImportError, OSError, ValueError):
            import termios

            has_line = bool(readable(given.fileno(), wait_s=0))
            with suppress(termios.error):  # it is no terminal
                termios.tcflush(given.fileno(), termios.TCIFLUSH)
                return has_line
        return False

    def _line(self, prompt: str) -> str:
        shown = self._shown or sys.stdout
        try:
            shown.write(prompt)
            shown.flush()
            with _interruptible():
                line = line_typed(self._given)
        except KeyboardInterrupt:
            with suppress(OSError):
                shown.write("\n")  # what is said next begins a line of its own
            raise
        except OSError as error:  # the terminal is gone, and its signal is ignored
            raise EOFError from error
        if not line:
            with suppress(OSError):
                shown.write("\n")
            raise EOFError
        return line.removesuffix("\n")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C give up the line alone, whatever it means elsewhere."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        with suppress(TypeError):  # a handler that was not set from Python cannot be put back
            signal.signal(signal.SIGINT, before)
