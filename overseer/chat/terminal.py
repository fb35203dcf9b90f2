"""The person at a terminal: sees plans and runs, decides about them, and may interrupt."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from overseer.chat.reviewing import Reviewing
from overseer.commands.following import Following
from overseer.console import printable, say
from overseer.kernel.events import Event
from overseer.plan.values import WorkflowPlan
from overseer.report import Report
from overseer.review import Decision, Proposal
from overseer.run import Run, RunResult
from overseer.stopsignals import hearing_signals
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.tool import Cancellation

PastOf = Callable[[str], Iterable[Event]]
Heard = Callable[[signal.Signals], None]


class AtTerminal:
    """Somebody who reads and types."""

    def __init__(
        self,
        reviewing: Reviewing,
        screen: Screen,
        palette: Palette,
        past_of: PastOf,
        *,
        heard: Heard = lambda number: None,
    ) -> None:
        """`past_of` reads what happened in a run before, from the journal; `heard` is told of signals that end it."""
        self._heard = heard
        self._reviewing = reviewing
        self._screen = screen
        self._palette = palette
        self._past_of = past_of
        self._was_heard = ""

    def tell(self, line: str) -> None:
        say(line)

    def hear(self, piece: str) -> None:
        self._was_heard += piece
        sys.stdout.write(printable(piece))
        sys.stdout.flush()

    def end_answer(self, text: str) -> None:
        rest = text.removeprefix(self._was_heard)
        self._was_heard = ""
        sys.stdout.write(printable(rest) + "\n")
        sys.stdout.flush()

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        return self._reviewing.decide(proposal, must_ask=must_ask)

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan) -> RunResult:
        following = Following(run, report, self._screen, self._palette, heard=self._heard)
        result = following.carry_out(began_as, self._past_of(run.run_id) if run.is_recorded else ())
        can_go_on = run.is_recorded and result.status in ("failed", "cancelled")
        following.tell_end(f"to go on where it stopped: /resume {result.run_id}" if can_go_on else "")
        return result

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()

        def stop(number: signal.Signals) -> None:
            self._heard(number)
            cancellation.ask()

        with hearing_signals(stop):
            yield cancellation
