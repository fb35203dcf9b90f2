"""The live view of a run at a terminal: a line for every step that is running, and above them what has ended.

The run's thread only notes what has happened. A thread of the view draws, ten times a second at most, only what has
changed, and waits for a terminal that takes nothing without anybody waiting for it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from overseer import console
from overseer.descriptors import diverted
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.terminal.board import Board
from overseer.terminal.colours import harmless
from overseer.terminal.region import Region
from overseer.terminal.screen import Screen
from overseer.terminal.style import Line, Palette
from overseer.terminal.tty import Tty
from overseer.text.folding import folded

FRAME_S = 0.1  # from one frame to the next at least
BEGIN_S = 0.05  # a run that ends within this shows no lines that would be gone at once
TICK_S = 1.0  # from one frame to the next where only time has passed
PATIENCE_S = 2.0  # with a terminal that takes nothing, once the run has ended
MOST_KEPT = 20_000  # lines for a terminal that takes nothing
LEAVE = b"\x1b[?2026l\x1b[?25h\r\n"

_log = logging.getLogger(__name__)


class Live(AbstractContextManager["Live"]):
    """Draws while it is open. What anybody else writes to the terminal meanwhile stands above what it draws."""

    def __init__(
        self,
        plan: WorkflowPlan,
        *,
        tty: Tty,
        screen: Screen,
        palette: Palette,
        recalled: Iterable[Event] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tty = tty
        self._screen = screen
        self._palette = palette
        self._clock = clock
        self._board = Board(
            plan, marks=palette.marks, shown=lambda text: screen.shown(console.hidden(text)), clock=clock
        )
        for event in recalled:
            self._board.recall(event)
        self._region = Region(reflows=screen.reflows)
        self._lock = threading.Lock()  # around the board, and what others say
        self._above: deque[str] = deque()
        self._lost = 0
        self._news = threading.Event()
        self._closing = threading.Event()
        self._closing_at = 0.0
        self._is_stale = False  # somebody else has moved the cursor
        self._is_away = False  # stopped, or in the background
        self._has_left = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_closed, name="live-view", daemon=True)
        self._stack = ExitStack()

    # --- what is told, from whatever thread

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            self._board.observe(event)
        if not self._news.is_set():  # setting it takes longer than looking
            self._news.set()

    def pause(self) -> None:
        """No further event is at hand for the moment."""
        with self._lock:
            self._board.announce()

    def hear(self, key: str, piece: str | None) -> None:
        """Take the next piece of what a model answers a step; None where the answer begins anew."""
        with self._lock:
            self._board.hear(key, piece)
        self._news.set()

    def say(self, line: str) -> None:
        """Show a line for good."""
        line = harmless(line, self._screen)
        with self._lock:
            self._gather()  # in the order in which it happened
            self._keep(line)
        self._news.set()

    def look_again(self) -> None:
        """The size of the terminal may be another."""
        self._news.set()

    def stop_process(self) -> None:
        """Leave the terminal as it was, stop, and draw again once the process is continued."""
        if os.getsid(0) == os.getpgrp():  # begun by no shell: nobody would continue it
            return
        self._has_left.clear()
        self._is_away = True
        self._news.set()
        if self._thread.is_alive():
            self._has_left.wait(PATIENCE_S)
        self._tty.echo_keys()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.come_back()

    def come_back(self) -> None:
        """The process was continued."""
        self._is_away, self._is_stale = False, True
        self._news.set()

    # --- from the beginning to the end

    def __enter__(self) -> Live:
        self._tty.hush_keys()
        self._thread.start()
        self._stack.enter_context(console.diverted(self.say))
        # Past all that: libraries, and what tools start by themselves.
        self._stack.enter_context(diverted(lambda line: self.say(console.hidden(line)), console.say))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
        self._closing_at = self._clock()
        self._closing.set()
        self._news.set()
        self._thread.join()
        self._tty.echo_keys()
        for line in self._above:  # where drawing has failed
            console.say(line)
        if self._lost:
            console.say(f"({self._lost:,} lines were not shown: the terminal took no output)")

    # --- drawing

    def _draw_until_closed(self) -> None:
        try:
            self._closing.wait(BEGIN_S)
            while not self._closing.is_set() and self._draw():
                self._closing.wait(FRAME_S)
                self._news.wait(self._patience())
            self._draw()
        except Exception:  # the run goes on without a view
            _log.exception("the live view has failed")
            self._tty.write(LEAVE, self._keep_on)
        finally:
            self._has_left.set()

    def _patience(self) -> float | None:
        """How long nothing needs to be drawn: while nothing runs, until there is news."""
        with self._lock:
            return TICK_S - FRAME_S if self._board.is_running or not self._region.is_empty else None

    def _draw(self) -> bool:
        """Show what is to be shown; whether the terminal has taken it."""
        self._news.clear()
        columns, rows = self._tty.size
        is_away = self._is_away
        is_ours = self._tty.is_ours
        if is_ours and not is_away and not self._closing.is_set():
            self._tty.hush_keys()
        if not is_ours or self._is_stale:
            self._is_stale = False
            self._region.forget()
        with self._lock:
            self._gather()
            above, self._above = [self._fitted(line, columns) for line in self._above], deque()
            is_hidden = self._closing.is_set() or is_away or not is_ours
            lines = [] if is_hidden else self._board.lines(columns=columns, rows=rows)
        fitted = [self._palette.fitted(line, columns - 1) for line in lines]
        frame = self._region.frame(above, fitted, columns=columns, rows=rows)
        is_taken = not frame or self._tty.write(frame.encode(self._screen.encoding, "replace"), self._keep_on)
        self._lost += 0 if is_taken else len(above)
        if is_away:
            self._has_left.set()
        return is_taken

    def _keep_on(self) -> bool:
        """Whether to wait on for a terminal that takes nothing."""
        return not self._closing.is_set() or self._clock() - max(self._closing_at, self._tty.took_at) < PATIENCE_S

    def _gather(self) -> None:
        for line in self._board.take_told():
            self._keep(self._painted(line))

    def _painted(self, line: Line) -> str:
        return self._palette.painted(line).replace("\n", "\n      ")

    @staticmethod
    def _fitted(line: str, columns: int) -> str:
        return "\r\n".join(piece for part in line.split("\n") for piece in folded(part, columns))

    def _keep(self, line: str) -> None:
        if len(self._above) < MOST_KEPT:
            self._above.append(line)
        else:
            self._lost += 1
