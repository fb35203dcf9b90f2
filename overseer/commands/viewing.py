"""How a command shows a run to a person: drawn live where the terminal can do that, else told in lines."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from overseer.commands.relay import Watchable
from overseer.console import say
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.reports.render import Progress
from overseer.stopsignals import NOTHING
from overseer.terminal.screen import Screen, screen_of
from overseer.terminal.style import Palette
from overseer.terminal.themes import theme_of

Signals = Mapping[str, Callable[[], None]]  # that a view has to hear of, and what they mean to it


def screen_for(options: Namespace) -> Screen:
    """What can be done with standard error, as the command line has it."""
    return screen_of(sys.stderr, is_plain=options.plain, colour=options.color)


def palette_for(screen: Screen, theme: str | Mapping[str, str] = "default") -> Palette:
    return Palette(theme_of(theme), has_colour=screen.has_colour, is_unicode=screen.is_unicode)


@dataclass(frozen=True, slots=True)
class View:
    """What shows a run while it is open, and the signals that it has to hear of before, meanwhile and after."""

    shown: AbstractContextManager[object]
    signals: Signals


def view_of(
    prepared: Watchable, plan: WorkflowPlan, screen: Screen, palette: Palette, recalled: Iterable[Event] = ()
) -> View:
    """The view of a run; `recalled` is what happened in its earlier lives."""
    if not screen.is_live:
        progress = Progress(plan, say)
        prepared.watch(progress.observe, pause=progress.flush)
        return View(nullcontext(), NOTHING)
    from overseer.terminal.live import Live
    from overseer.terminal.tty import Tty

    tty = Tty(sys.stderr.fileno())
    live = Live(plan, tty=tty, screen=screen, palette=palette, recalled=recalled)

    @contextmanager
    def drawn() -> Iterator[None]:
        try:
            with live:
                prepared.watch(live.observe, pause=live.pause)
                prepared.hear(live.hear)
                yield
        finally:
            tty.close()

    signals = {"SIGTSTP": live.stop_process, "SIGCONT": live.come_back, "SIGWINCH": live.look_again}
    return View(drawn(), signals)
