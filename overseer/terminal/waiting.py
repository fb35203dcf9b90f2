"""The line that says, while a model is asked and nothing of its reply is to be seen, that it is, and for how long.

A thread of its own draws it. It goes for good as soon as something of the reply is shown; what anybody else writes
meanwhile stands above it, and keys that are pressed show nothing until the reply is there.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from overseer import console
from overseer.terminal.colours import harmless
from overseer.terminal.region import Region
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.terminal.tty import Tty
from overseer.text.folding import folded

BEGIN_S = 0.5  # a reply that comes within this needs no line
_TICK_S = 1.0


class Waiting(AbstractContextManager["Waiting"]):
    """Draws from the time it is opened until something is shown, or it is closed."""

    def __init__(
        self, *, tty: Tty, screen: Screen, palette: Palette, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tty = tty
        self._screen = screen
        self._palette = palette
        self._clock = clock
        self._began_at = clock()
        self._region = Region(reflows=screen.reflows)
        self._lock = threading.Lock()  # around the region, and the end
        self._is_over = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_over, name="waiting", daemon=True)
        self._stack = ExitStack()

    def __enter__(self) -> Waiting:
        self._tty.hush_keys()
        self._stack.enter_context(console.diverted(self.say))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
        self._thread.join()
        self._tty.close()

    def end(self) -> None:
        """Something is shown from here on: the line goes."""
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
            self._over.set()
            self._draw([])
        self._stack.close()

    def say(self, line: str) -> None:
        """Show a line for good, above."""
        shown = harmless(line, self._screen)
        with self._lock:
            columns, _ = self._tty.size
            self._draw([piece for part in shown.split("\n") for piece in folded(part, columns)])

    def stop_process(self) -> None:
        """Leave the terminal as it was, stop, and go on once the process is continued."""
        if os.getsid(0) == os.getpgrp():  # begun by no shell: nobody would continue it
            return
        with self._lock:
            self._write(self._frame([], ""))
            self._tty.echo_keys()
            os.kill(os.getpid(), signal.SIGSTOP)

    # --- drawing

    def _draw_until_over(self) -> None:
        patience = BEGIN_S
        while not self._over.wait(patience):
            with self._lock:
                if not self._is_over:
                    self._draw([])
            patience = _TICK_S

    def _draw(self, above: list[str]) -> None:
        """Show lines for good, and below them how long it has been; all of that with the lock."""
        waited_s = self._clock() - self._began_at
        is_ours = self._tty.is_ours
        if not is_ours:
            self._region.forget()
        elif not self._is_over:
            self._tty.hush_keys()
        is_shown = is_ours and not self._is_over and waited_s >= BEGIN_S
        self._write(self._frame(above, f"waiting for the model, {waited_s:.0f} s; Ctrl-C stops it" if is_shown else ""))

    def _frame(self, above: list[str], line: str) -> str:
        columns, rows = self._tty.size
        lines = [self._palette.fitted((("quiet", line),), columns - 1)] if line else []
        return self._region.frame(above, lines, columns=columns, rows=rows)

    def _write(self, frame: str) -> None:
        if frame:
            self._tty.write(frame.encode(self._screen.encoding, "replace"), lambda: not self._is_over)
